"""Answers by unit: rows of one question beside one another, and how often each answer was given.

A **unit** is what was asked about several times or by several judges: a question with its repeats, an item with its
judges. Numbers that are not known are left out, never replaced.
"""

import numpy as np
from numpy.typing import NDArray

from adjudge.validation.statistics.bootstrap import Floats
from adjudge.validation.table import Numbers

Codes = NDArray[np.int64]
"""Number of each answer's place among its levels; -1 where there is no answer."""


def beside(units: Codes, values: Floats) -> tuple[Numbers, Codes]:
    """The values of each unit in a row, in the order in which they came.

    Args:
        units: number of each value's unit; shape (rows,).
        values: shape (rows,).

    Returns:
        Numbers of shape (units, most values of a unit), units in order of their number; and of each unit the place of
        its first row, shape (units,).
    """
    order = np.argsort(units, kind="stable")
    _, starts, counts = np.unique(units[order], return_index=True, return_counts=True)
    matrix = np.zeros((len(starts), int(counts.max(initial=0))))
    known = np.arange(matrix.shape[1]) < counts[:, None]
    matrix[known] = values[order]
    return Numbers(matrix, known), order[starts]


def counts_of(codes: Codes, levels: int) -> Floats:
    """How often each level was given to each unit.

    Args:
        codes: shape (units, raters).
        levels: how many there are.

    Returns:
        Shape (units, levels).
    """
    return np.stack([(codes == level).sum(axis=1) for level in range(levels)], axis=1).astype(np.float64)


def counted(units: Codes, codes: Codes, levels: int) -> tuple[Floats, Codes]:
    """As `counts_of`, from one row an answer; rows without an answer are left out.

    Args:
        units: number of each row's unit; shape (rows,).
        codes: shape (rows,).
        levels: how many there are.

    Returns:
        Counts of shape (units, levels), and of each unit the place of its first row with an answer, shape (units,).
    """
    answered = np.flatnonzero(codes >= 0)
    _, first, place = np.unique(units[answered], return_index=True, return_inverse=True)
    flat = np.bincount(place.reshape(-1) * levels + codes[answered], minlength=len(first) * levels)
    return flat.reshape(len(first), levels).astype(np.float64), answered[first]
