"""Agreement within prompts: all that training on group-relative advantages sees of a judge."""

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adjudge.domain.interval import Interval
from adjudge.validation.library import library
from adjudge.validation.statistics.bootstrap import bootstrap, coded
from adjudge.validation.statistics.correlation import pearson

Floats = NDArray[np.float64]


def pairwise_accuracy(
    scores: ArrayLike,
    truth: ArrayLike,
    groups: Sequence[Hashable],
    *,
    weights: ArrayLike | None = None,
    seed: int = 0,
    resamples: int = 2000,
) -> Interval | None:
    """Share of pairs of responses to one prompt that are in the right order; a tie of the judge counts half.

    Pairs that are equal in truth are dropped. Interval over drawn groups; ``n`` counts the pairs.

    Args:
        scores: of the judge; shape (N,).
        truth: of people, or a metric; shape (N,).
        groups: the prompt that each answers.
        weights: inverse chance of each response of having been drawn; a pair has the product. Default equal.
        seed: of the bootstrap.
        resamples: draws.

    Returns:
        None where no prompt has two responses that differ.
    """
    judge, right = np.asarray(scores, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    weight = np.ones(len(judge)) if weights is None else np.asarray(weights, dtype=np.float64)
    codes, _ = coded(groups)
    order = np.argsort(codes, kind="stable")
    sums = []
    for rows in np.split(order, np.cumsum(np.bincount(codes))[:-1]) if len(codes) else ():
        first, second = (rows[side] for side in np.triu_indices(len(rows), 1))
        gap = np.sign(right[first] - right[second])
        known = gap != 0
        held = (weight[first] * weight[second])[known]
        agree = (1 + gap[known] * np.sign(judge[first] - judge[second])[known]) / 2
        if known.any():
            sums.append((float(held @ agree), float(held.sum()), int(known.sum())))
    if not sums:
        return None
    parts, wholes, pairs = np.asarray(sums).T
    found = bootstrap(
        lambda draws: (draws @ parts, draws @ wholes),
        list(range(len(sums))),
        (0.0, 1.0),
        seed=seed,
        resamples=resamples,
        level=0.95,
    )
    return found and found.model_copy(update={"n": int(pairs.sum())})


def within_correlation(scores: ArrayLike, truth: ArrayLike, groups: Sequence[Hashable]) -> Interval | None:
    """Correlation of ranks within prompts: Pearson's of the ranks, each less the mean rank of its group.

    Groups of one response, and those where all are equal on both sides, say nothing and are left out.

    Returns:
        None where no group says anything, or one side is equal within every group.
    """
    rank = library("scipy.stats").rankdata
    codes, _ = coded(groups)
    judge, right = np.asarray(scores, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    ranks = np.zeros((2, len(codes)))
    for code in np.unique(codes):
        mine = codes == code
        ranks[:, mine] = [rank(column[mine]) - (mine.sum() + 1) / 2 for column in (judge, right)]
    telling = np.bincount(codes, np.abs(ranks).sum(axis=0))[codes] > 0 if len(codes) else np.zeros(0, dtype=np.bool_)
    return pearson(ranks[0][telling], ranks[1][telling], codes[telling].tolist())
