"""Check ``cross_judge``: do other judges say the same? From rows of several judges about the same items.

Judges share mistakes: five good ones agreed with one another (.70 to .85) far more than with people (.56 to .67) on the
flakyjudge set. So agreement proves nothing; disagreement shows where a criterion says too little, and which items
people should look at.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from adjudge.domain.base import Count, Frozen
from adjudge.validation.check import Check, Figure, Material, Outcome, Rule, figure, overall
from adjudge.validation.checks.verdicts import asked
from adjudge.validation.statistics.alpha import LEVELS, alpha
from adjudge.validation.statistics.bootstrap import Draws, Floats
from adjudge.validation.statistics.correlation import kendall, spearman
from adjudge.validation.statistics.kappa import cohen, confusion, gwet_ac1
from adjudge.validation.statistics.units import Codes, counts_of
from adjudge.validation.table import Numbers, VerdictTable

NAME: Final = "cross_judge"
TITLE: Final = "Other judges say the same"
NEEDS: Final = (
    "Rows of another judge about the same items, of another family if possible: `adjudge judge compare` asks several "
    "and writes verdicts.jsonl, which `adjudge judge validate --replay` reads."
)


class CrossJudgeSettings(Frozen):
    """What judges must have in common."""

    alpha: Rule = Rule(at_least=0.4)
    """For Krippendorff's alpha of every criterion over the judges; counts items. His own bands are .80 for dependable
    and .667 for tentative, for people's coding; .4 is where a criterion says too little."""

    examples: Count = 20
    """Items to show on which judges split."""


@dataclass(frozen=True)
class _Matrix:
    """One criterion: N items, J judges.

    Attributes:
        criterion: the question.
        judges: what people call them; with the fingerprint where two have one name.
        labels: answers, those with a score first, from the least to the greatest.
        values: mean score of each answer that has one; shape (labels with a score,).
        codes: place of each answer among the labels, -1 without an answer; shape (N, J).
        scores: shape (N, J).
        clusters: what each item was drawn with; shape (N,).
        rows: number of the row behind each answer, -1 without one; shape (N, J).
    """

    criterion: str
    judges: tuple[str, ...]
    labels: tuple[str, ...]
    values: Floats
    codes: Codes
    scores: Numbers
    clusters: Codes
    rows: Codes

    @property
    def about(self) -> dict[str, str]:
        return {"criterion": self.criterion}

    @property
    def placed(self) -> Codes:
        """The codes without the answers that have no score."""
        return np.where(self.codes < len(self.values), self.codes, -1)

    @staticmethod
    def of(table: VerdictTable, criterion: str, names: dict[str, str]) -> "_Matrix":
        """From the rows of `table`; a judge's first row about an item counts."""
        mine = np.flatnonzero(table.criterion.any_of(criterion))
        rows = table.where(mine)
        items, first, item = np.unique(rows.item.codes, return_index=True, return_inverse=True)
        judges = rows.judge.present()
        judge = np.searchsorted(np.unique(rows.judge.codes), rows.judge.codes)
        behind = np.full((len(items), len(judges)), -1)
        behind[item[::-1], judge[::-1]] = np.arange(len(rows))[::-1]
        labels, values = _scale(rows)
        order = {label: place for place, label in enumerate(labels)}
        codes = np.array([order.get(level, -1) for level in rows.answer.levels], dtype=np.int64)[rows.answer.codes]
        there = behind >= 0
        return _Matrix(
            criterion=criterion,
            judges=tuple(names[name] for name in judges),
            labels=labels,
            values=values,
            codes=np.where(there, codes[behind], -1),
            scores=Numbers(rows.score.values[behind], there & rows.score.known[behind]),
            clusters=rows.drawn_with()[first],
            rows=np.where(there, mine[behind], -1),
        )


def _scale(rows: VerdictTable) -> tuple[tuple[str, ...], Floats]:
    """The answers given: those with a score by their mean score, then the others; and the mean scores."""
    scored = rows.score.known & rows.answer.known
    codes, scores = rows.answer.codes[scored], rows.score.values[scored]
    size = len(rows.answer.levels)
    count = np.bincount(codes, minlength=size)
    means = np.bincount(codes, scores, minlength=size) / np.maximum(count, 1)
    order = sorted(np.flatnonzero(count).tolist(), key=lambda code: (means[code], rows.answer.levels[code]))
    labels = [rows.answer.levels[code] for code in order]
    others = [label for label in rows.answer.present() if label not in labels]
    return (*labels, *others), means[order]


def cross_judge(material: Material, settings: CrossJudgeSettings) -> Check:
    """Krippendorff's ordinal alpha of each criterion (judged); AC1 and figures of this judge and each other (told).

    Of a pair: ``kappa`` (Cohen's, over all answers, with the confusion table in its note), ``weighted_kappa``
    (quadratic weights, on scales of more than two answers), ``spearman`` and ``kendall`` of the scores. Kappas are not
    told where the two gave more than 64 answers: then hardly two are the same.

    Needs: plain rows of two judges or more, first asking, about the same items.
    """
    rows = material.everyone.plain
    rows = rows.where((rows.repeat == 0) & rows.item.known & rows.answer.known & ~rows.failed & asked(rows))
    names = _names(rows)
    found = [_Matrix.of(rows, criterion, names) for criterion in rows.criterion.present()]
    shared = [matrix for matrix in found if ((matrix.codes >= 0).sum(axis=1) >= 2).any()]
    if not shared:
        detail = "only one judge was asked" if len(names) < 2 else "no two judges were asked about the same item"
        return Check(name=NAME, title=TITLE, outcome=Outcome.NOT_ENOUGH_DATA, detail=detail, needs=NEEDS)
    draws = Draws(material.seed, material.resamples)
    mine = {names[judge] for judge in material.table.judge.present() if judge in names}
    alphas = [_alpha(matrix, settings, draws) for matrix in shared]
    return Check(
        name=NAME,
        title=TITLE,
        outcome=overall(alphas),
        figures=(*alphas, *(told for matrix in shared for told in _told(matrix, mine, draws))),
        examples=_splits(rows, shared, material, settings.examples),
        detail=_detail(shared, alphas),
        fix="Read the items on which judges split: say in the criterion or its anchors what decides them, or leave the "
        "criterion out.",
        needs="More items judged by all of them: the figures say about how many would decide.",
    )


def _names(rows: VerdictTable) -> dict[str, str]:
    """Fingerprint -> name, and the fingerprint with it where two judges have the same."""
    told = dict(zip(rows.judge.texts(), rows.judge_name.texts(), strict=True))
    names = [name for name in told.values() if name]
    return {
        judge: f"{name} {judge[:8]}" if name and names.count(name) > 1 else name or judge
        for judge, name in told.items()
        if judge
    }


def _alpha(matrix: _Matrix, settings: CrossJudgeSettings, draws: Draws) -> Figure:
    placed = matrix.placed
    value = alpha(Numbers(placed.astype(np.float64), placed >= 0), "ordinal", matrix.clusters, draws)
    note = "" if value else "all judges gave one and the same answer, so agreement cannot be told from chance"
    return figure("alpha", value, settings.alpha, about=matrix.about, note=note)


def _told(matrix: _Matrix, mine: set[str], draws: Draws) -> list[Figure]:
    ac1 = gwet_ac1(counts_of(matrix.codes, len(matrix.labels)), matrix.clusters, draws)
    figures = [figure("ac1", ac1, about=matrix.about)]
    for first, second in itertools.combinations(range(len(matrix.judges)), 2):
        if mine & {matrix.judges[first], matrix.judges[second]}:
            figures += _pair(matrix, first, second, draws)
    return figures


def _pair(matrix: _Matrix, first: int, second: int, draws: Draws) -> list[Figure]:
    about = {**matrix.about, "judges": f"{matrix.judges[first]} / {matrix.judges[second]}"}
    scores, clusters = matrix.scores, matrix.clusters
    figures = _kappas(matrix, first, second, about, draws)
    both = scores.known[:, first] & scores.known[:, second]
    x, y, drawn = scores.values[both, first], scores.values[both, second], clusters[both]
    figures.append(figure("spearman", spearman(x, y, drawn, level=draws.level), about=about))
    figures.append(figure("kendall", kendall(x, y, drawn, level=draws.level), about=about))
    return figures


def _kappas(matrix: _Matrix, first: int, second: int, about: dict[str, str], draws: Draws) -> list[Figure]:
    """Of the answers that one of the two gave at all: what others answer does not change theirs."""
    codes, clusters = matrix.codes[:, [first, second]], matrix.clusters
    used = np.unique(codes[codes >= 0])
    if len(used) > LEVELS:
        return []
    one, other = np.where(codes >= 0, np.searchsorted(used, codes), -1).T
    labels, values = [matrix.labels[code] for code in used], matrix.values[used[used < len(matrix.values)]]
    kappa = cohen(one, other, np.arange(len(labels), dtype=np.float64), clusters, draws)
    figures = [figure("kappa", kappa, about=about, note=_confusion(labels, one, other))]
    if len(matrix.values) > 2:
        placed = np.where(np.stack([one, other]) < len(values), np.stack([one, other]), -1)
        weighted = cohen(placed[0], placed[1], values, clusters, draws, weights="quadratic")
        figures.append(figure("weighted_kappa", weighted, about=about))
    return figures


def _confusion(labels: Sequence[str], one: Codes, other: Codes) -> str:
    """``no/no 40, no/yes 3``: what the first said, what the second said, how often; the empty cells left out."""
    table = confusion(one, other, len(labels))
    return ", ".join(f"{labels[row]}/{labels[column]} {table[row, column]}" for row, column in np.argwhere(table > 0))


def _splits(rows: VerdictTable, shared: list[_Matrix], material: Material, most: int) -> tuple[dict[str, Any], ...]:
    """Items on which judges split, by the entropy of their answers, with what each said and why, and people's score."""
    ranked: list[tuple[float, _Matrix, int]] = []
    for matrix in shared:
        counts = counts_of(matrix.codes, len(matrix.labels))
        share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        bits = -(share * np.log2(np.where(share > 0, share, 1.0))).sum(axis=1)
        ranked += [(float(bits[place]), matrix, int(place)) for place in np.flatnonzero(bits > 0)]
    ranked.sort(key=lambda found: -found[0])
    return tuple(_split(rows, *found, material) for found in ranked[:most])


def _split(rows: VerdictTable, bits: float, matrix: _Matrix, place: int, material: Material) -> dict[str, Any]:
    behind = matrix.rows[place]
    mine = rows.where(behind[behind >= 0])
    judges = [name for name, row in zip(matrix.judges, behind, strict=True) if row >= 0]
    item = mine.item.texts()[0] or ""
    people = material.gold.means(matrix.criterion, [item])
    return {
        "item": item,
        "criterion": matrix.criterion,
        "entropy": round(bits, 3),
        "answers": dict(zip(judges, mine.answer.texts(), strict=True)),
        "rationales": {
            judge: text for judge, text in zip(judges, mine.rationale.texts(), strict=True) if text is not None
        },
        **({"people": float(people.values[0])} if people.known[0] else {}),
    }


def _detail(shared: list[_Matrix], alphas: list[Figure]) -> str:
    judges = {name for matrix in shared for name in matrix.judges}
    items = max(int(((matrix.codes >= 0).sum(axis=1) >= 2).sum()) for matrix in shared)
    known = [(found.value.estimate, found.about["criterion"]) for found in alphas if found.value is not None]
    told = f"{len(judges)} judges on up to {items} items"
    if not known:
        return f"{told}; none of their answers differ"
    least, criterion = min(known)
    return f"{told}; least alpha {least:.2f} ({criterion}). Judges share mistakes: agreement is no proof"
