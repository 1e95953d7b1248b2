"""One score a response and asking, out of rows that are one a criterion and item: what the reward would have been.

An item's score is the weighted mean over its criteria that apply, with the weight's size; where the weight is below 0
the criterion is a vice and counts 1 - score. The response's score is the fold of its items': the same arithmetic as of
`adjudge.domain.rubric.Rubric`. An asking that lacks answers which another asking of the same response has is left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from adjudge.domain.base import Count, Frozen, Number
from adjudge.domain.rubric import Fold
from adjudge.validation.statistics.bootstrap import Floats
from adjudge.validation.statistics.nested import components
from adjudge.validation.table import NOT_APPLICABLE, OK, VerdictTable, numbered


class Scoring(Frozen):
    """How criteria and items become one score."""

    weights: dict[str, Number] = Field(default_factory=dict)
    """By criterion; a vice has a weight below 0. Empty: all weigh 1. Where given, others than these weigh nothing."""

    fold: Fold = "mean"
    """How the items' scores become one."""


@dataclass(frozen=True)
class Scores:
    """Scores of responses; N askings.

    Attributes:
        values: in [0, 1]; shape (N,).
        prompts: number of the group of each; shape (N,).
        responses: number of the response of each; shape (N,).
        askings: number of the asking within its response, from 0 without gaps; shape (N,).
        rows: place in the table of the first row of each; shape (N,).
    """

    values: Floats
    prompts: NDArray[np.int64]
    responses: NDArray[np.int64]
    askings: NDArray[np.int64]
    rows: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.values)

    def where(self, rows: NDArray[Any]) -> "Scores":
        """These askings (a mask, or their numbers)."""
        return Scores(self.values[rows], self.prompts[rows], self.responses[rows], self.askings[rows], self.rows[rows])

    def mean_of(self, calls: int) -> "Scores":
        """Each response once, with the mean of its first `calls` askings; those with fewer are left out."""
        first = self.where(self.askings < calls)
        _, places, cells = np.unique(first.responses, return_index=True, return_inverse=True)
        counts = np.bincount(cells, minlength=len(places))
        means = Scores(
            np.bincount(cells, first.values, minlength=len(places)) / np.maximum(counts, 1),
            first.prompts[places],
            first.responses[places],
            np.zeros(len(places), dtype=np.int64),
            first.rows[places],
        )
        return means.where(counts == calls)


def response_scores(table: VerdictTable, scoring: Scoring) -> Scores:
    """The scores of the responses in these rows; each variant, order and repeat of one response is an asking of it.

    Args:
        table: rows of one judge.
        scoring: weights and fold.
    """
    weights = _weights(table, scoring.weights)
    answered = table.status.any_of(OK, NOT_APPLICABLE) & table.item.known & table.criterion.known
    rows = np.flatnonzero(answered & (weights != 0.0))
    counts, weights = table.where(rows), weights[rows]
    response = _responses(counts)
    asking = numbered(response, counts.variant.codes, counts.order.codes, counts.repeat)
    some = _complete(response, asking) & counts.score.known
    counts, weights, rows = counts.where(some), weights[some], rows[some]
    response, asking = response[some], asking[some]
    item = numbered(asking, counts.item.codes)
    size = np.abs(weights)
    points = np.where(weights > 0, counts.score.values, 1.0 - counts.score.values)
    item_scores = np.bincount(item, size * points) / np.bincount(item, size) if len(item) else np.empty(0)
    asking_of = np.empty(len(item_scores), dtype=np.int64)
    asking_of[item] = asking
    present, first = np.unique(asking, return_index=True)
    return Scores(
        values=_folded(item_scores, asking_of, scoring.fold)[present],
        prompts=counts.clusters()[first],
        responses=response[first],
        askings=_numbers(response[first]),
        rows=rows[first],
    )


def _weights(table: VerdictTable, weights: Mapping[str, float]) -> Floats:
    """The weight of each row's criterion."""
    of = [weights.get(name, 0.0) if weights else 1.0 for name in table.criterion.levels]
    return np.asarray([*of, 0.0], dtype=np.float64)[table.criterion.codes]


def _responses(table: VerdictTable) -> NDArray[np.int64]:
    """A number for each row's response: its candidate, or where it has none its item, within its group."""
    named = np.where(table.candidate.known, table.candidate.codes, -2 - table.item.codes)
    return numbered(table.clusters(), named)


def _complete(response: NDArray[np.int64], asking: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Rows of askings that have as many answers as the fullest asking of the same response."""
    if not len(asking):
        return np.empty(0, dtype=np.bool_)
    answers = np.bincount(asking)[asking]
    fullest = np.zeros(response.max() + 1, dtype=np.int64)
    np.maximum.at(fullest, response, answers)
    return np.asarray(answers == fullest[response])


def _folded(items: Floats, asking: NDArray[np.int64], fold: Fold) -> Floats:
    """One score an asking."""
    if fold == "mean":
        return np.asarray(np.bincount(asking, items) / np.maximum(np.bincount(asking), 1))
    scores = np.full(asking.max() + 1 if len(asking) else 0, 1.0 if fold == "worst" else 0.0)
    (np.minimum if fold == "worst" else np.maximum).at(scores, asking, items)
    return scores


def _numbers(responses: NDArray[np.int64]) -> NDArray[np.int64]:
    """The number of each asking within its response: those of one response stand together."""
    starts = np.flatnonzero(np.r_[True, np.diff(responses) != 0]) if len(responses) else np.empty(0, dtype=np.int64)
    lengths = np.diff(np.r_[starts, len(responses)])
    return np.asarray(np.arange(len(responses)) - np.repeat(starts, lengths), dtype=np.int64)


class JudgeNoise(Frozen):
    """How much one judge's score of one response varies between equal askings."""

    sigma_e2: Number
    """Variance, in squared units of the score."""
    df: Count
    """Degrees of freedom behind it: askings less responses."""


def noise(table: VerdictTable, scoring: Scoring) -> JudgeNoise | None:
    """The noise of a judge's scores of the responses as they are; None where nothing was asked twice."""
    scores = response_scores(table.plain, scoring)
    found = components(scores.values, scores.prompts, scores.responses)
    return None if found.noise is None else JudgeNoise(sigma_e2=found.noise, df=found.noise_df)
