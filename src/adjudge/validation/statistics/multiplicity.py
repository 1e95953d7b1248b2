"""Many tests at once: p-values adjusted so that looking often does not find what is not there.

A p-value that is not known (None) stays so, and does not count as a test.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from adjudge.validation.library import library

PValues = Sequence[float | None]


def holm(p_values: PValues) -> list[float | None]:
    """Adjusted for the chance of even one false alarm (Holm 1979); reject where at most alpha."""
    return _adjusted(p_values, _holm)


def benjamini_hochberg(p_values: PValues) -> list[float | None]:
    """Adjusted for the share of false alarms among all alarms (Benjamini and Hochberg 1995); reject where at most q."""
    return _adjusted(p_values, lambda known: library("scipy.stats").false_discovery_control(known, method="bh"))


def _holm(known: NDArray[np.float64]) -> NDArray[np.float64]:
    order = np.argsort(known)
    stepped = np.maximum.accumulate(known[order] * np.arange(len(known), 0, -1))
    adjusted = np.empty_like(known)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def _adjusted(p_values: PValues, adjust: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> list[float | None]:
    known = [value for value in p_values if value is not None]
    if not all(0.0 <= value <= 1.0 for value in known):
        msg = "p-values are within [0, 1]"
        raise ValueError(msg)
    found = iter(adjust(np.asarray(known, dtype=np.float64)).tolist() if known else ())
    return [None if value is None else float(next(found)) for value in p_values]
