"""Check ``length``: does saying the same at greater length change the score?

That longer responses have better scores proves nothing: people's scores rise with length too (HANNA: judges 0.19 to
0.45, people 0.43). So the correlation is told beside people's, and what is judged is the change when one response is
padded or condensed and its claims stay.
"""

from typing import Final

import numpy as np
from pydantic import Field

from adjudge.domain.base import Count, Frozen, Score
from adjudge.judges.fields import NO_CALL
from adjudge.validation.check import Check, Figure, Material, Outcome, Rule, figure, overall
from adjudge.validation.checks.beside import Beside, beside, first_askings
from adjudge.validation.statistics.correlation import spearman
from adjudge.validation.statistics.equivalence import Equivalence, tost
from adjudge.validation.statistics.multiplicity import holm
from adjudge.validation.table import VerdictTable

NAME: Final = "length"
TITLE: Final = "Length does not pay"

PADDED: Final = "padded"
VARIANTS: Final = (PADDED, "condensed")


class LengthSettings(Frozen):
    """What a judge must show when a response gets longer or shorter and says the same."""

    margin: Score = Field(default=0.05, gt=0.0, lt=1.0)
    """Greatest mean change of the score that does not matter, as a share of the scale's range (+-0.25 of a 1-5 scale
    is 0.06): the 90 % interval must lie within it (two one-sided tests at 5 %)."""

    min_answers: Count = 30
    """Fewer pairs of answers never decide a variant: of few, all may have moved alike by luck."""

    bins: int = Field(default=8, ge=2)
    """Points of the curve of score against length."""


def length(material: Material, settings: LengthSettings) -> Check:
    """Drift of padded and condensed responses (judged), rank correlation of length and score (told).

    Needs: the variant ``padded`` beside ``base`` rows of the same items; ``condensed`` is judged where it is there. The
    correlation needs the column ``length``.
    """
    table = material.table
    if table.pairwise:
        detail = "this judge compares pairs, and a pair has no length of its own"
        return Check(name=NAME, title=TITLE, outcome=Outcome.NOT_APPLICABLE, detail=detail)
    made = {name: beside(table, first_askings(table, table.variant.any_of(name))) for name in VARIANTS}
    # A response without a needless word cannot be condensed.
    pairs = {name: pair for name, pair in made.items() if len(pair) or name == PADDED}
    judged, details = _drifts(pairs, settings)
    figures = [*judged, *_by_criterion(pairs), *_correlations(material)]
    return Check(
        name=NAME,
        title=TITLE,
        outcome=overall(figures),
        figures=tuple(figures),
        curves=_curve(material, settings.bins),
        detail="; ".join(details) or "no response was padded or condensed",
        fix="Say in the rubric that length earns nothing, judge items one by one, or add a length term to the reward.",
        needs=_MORE if len(pairs[PADDED]) else "Rows with variant 'padded' for items that have base rows.",
    )


_MORE: Final = "More items: their intervals are still wider than the margin."


def _drifts(pairs: dict[str, Beside], settings: LengthSettings) -> tuple[list[Figure], list[str]]:
    """Signed and absolute drift of each variant, and a few words about each."""
    found: dict[str, Equivalence | None] = {
        name: tost(pair.differences(), settings.margin) for name, pair in pairs.items()
    }
    adjusted = holm([result.p_value if result else None for result in found.values()])
    figures, details = [], []
    for (name, result), p in zip(found.items(), adjusted, strict=True):
        about = {"variant": name}
        note = "" if p is None else f"equivalence p {p:.3g} (Holm)"
        if pairs[name].unpaired:
            note = f"{note}; {pairs[name].unpaired} rows without a verdict or a base".lstrip("; ")
        figures.append(figure("drift", result.difference if result else None, about=about, note=note))
        figures.append(
            figure(
                "drift_size",
                result.distance if result else None,
                Rule(at_most=settings.margin, min_n=settings.min_answers),
                about=about,
            )
        )
        if result is not None:
            details.append(f"{name} {result.difference.estimate:+.3f} over {result.difference.n} answers")
    return figures, details


def _by_criterion(pairs: dict[str, Beside]) -> list[Figure]:
    figures = []
    for name, pair in pairs.items():
        for criterion in pair.plain.criterion.present():
            mine = pair.where(pair.plain.criterion.any_of(criterion))
            about = {"variant": name, "criterion": criterion}
            figures.append(figure("drift", mine.differences().interval(0.9), about=about))
    return figures


def _correlations(material: Material) -> list[Figure]:
    """Spearman's correlation of length with the judge's score, and with people's on the same items."""
    figures = []
    for criterion in material.criteria():
        rows = _rows(material.table, criterion)
        people = material.gold.means(criterion, [item or "" for item in rows.item.texts()])
        about = {"criterion": criterion}
        judge = spearman(rows.length.values, rows.score.values, rows.clusters())
        figures.append(figure("length_correlation", judge, about=about))
        if people.known.any():
            labelled = rows.where(people.known)
            theirs = spearman(labelled.length.values, people.some, labelled.clusters())
            figures.append(figure("length_correlation_people", theirs, about=about))
    return figures


def _rows(table: VerdictTable, criterion: str) -> VerdictTable:
    """Plain answers of the judge, first asking, of known length; not what our own rules answered without it."""
    rows = table.of(criterion=criterion).plain.scored
    return rows.where((rows.repeat == 0) & rows.length.known & ~rows.rationale.starting(NO_CALL))


def _curve(material: Material, bins: int) -> dict[str, tuple[dict[str, float], ...]]:
    """Mean score by length, in bins of equal numbers; people's beside it where they labelled items of the bin."""
    curves = {}
    for criterion in material.criteria():
        rows = _rows(material.table, criterion)
        if not len(rows):
            continue
        people = material.gold.means(criterion, [item or "" for item in rows.item.texts()])
        points = []
        for part in np.array_split(np.argsort(rows.length.values, kind="stable"), min(bins, len(rows))):
            point = {
                "length": float(rows.length.values[part].mean()),
                "score": float(rows.score.values[part].mean()),
                "n": float(len(part)),
            }
            if people.known[part].any():
                point["people"] = float(people[part].some.mean())
            points.append(point)
        curves[criterion] = tuple(points)
    return curves
