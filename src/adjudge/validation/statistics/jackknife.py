"""An interval for any figure of rows, where nothing closer fits: leave one block of clusters out at a time."""

import math
from collections.abc import Callable, Hashable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from adjudge.domain.interval import Interval
from adjudge.validation.library import library
from adjudge.validation.statistics.bootstrap import coded

Mask = NDArray[np.bool_]

BLOCKS: Final = 100
"""Most blocks: with more clusters, several are left out together."""


def jackknife(
    figure: Callable[[Mask], float | None],
    clusters: Sequence[Hashable],
    *,
    n: int,
    seed: int = 0,
    level: float = 0.95,
) -> Interval | None:
    """The delete-a-group jackknife (Kott 2001): estimate +- t(B - 1) standard errors.

    Args:
        figure: of the rows that are kept; None where these cannot give it.
        clusters: what each row was drawn with.
        n: number of values behind the figure.
        seed: of the split into blocks.
        level: of confidence.

    Returns:
        None where all rows together cannot give the figure. No ends with fewer than two clusters, or where the figure
        hangs on one block.
    """
    codes, drawn = coded(clusters)
    estimate = figure(np.ones(len(codes), dtype=np.bool_))
    if estimate is None:
        return None
    blocks = min(BLOCKS, drawn)
    none = Interval(estimate=estimate, low=None, high=None, n=n, clusters=drawn)
    if blocks < 2:
        return none
    block = (np.random.default_rng(seed).permutation(drawn) % blocks)[codes]
    without = [figure(block != left_out) for left_out in range(blocks)]
    values = [value for value in without if value is not None]
    if len(values) < blocks:
        return none
    error = math.sqrt((blocks - 1) * float(np.var(values)))
    half = float(library("scipy.stats").t.ppf(0.5 + level / 2, blocks - 1)) * error
    return Interval(estimate=estimate, low=estimate - half, high=estimate + half, n=n, clusters=drawn)
