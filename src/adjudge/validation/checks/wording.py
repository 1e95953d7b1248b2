"""Check ``wording``: does the judge read the question? From rows that ask it in other words, or ask something else.

Re-wordings flip several times as many verdicts as identical repeats do, so equal repeats prove little. And a judge that
no re-wording moves may not read at all: controls, which change the meaning, must move it.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from adjudge.domain.base import Count, Frozen, Score
from adjudge.domain.interval import Interval
from adjudge.judges.variants import CONTROLS, MEANING_KEPT, NEGATED, REWORDED
from adjudge.validation.check import Check, Figure, Material, Outcome, Rule, figure, overall
from adjudge.validation.checks.beside import Beside, beside, first_askings
from adjudge.validation.checks.verdicts import LEVELS, asked, verdicts
from adjudge.validation.statistics.bootstrap import Draws, Floats, bootstrap_sums
from adjudge.validation.statistics.proportion import proportion
from adjudge.validation.statistics.units import Codes, counted
from adjudge.validation.table import BASE, Mask, VerdictTable

NAME: Final = "wording"
TITLE: Final = "The judge reads the question"
UNREAD: Final = "it answers a negated question as it answers the question, so it does not read it"
NEEDS: Final = (
    "Rows with the variants reworded/1 ... and negated: put the same items to the judge with each variant of the "
    "rubric that adjudge.judges.variants makes."
)
MORE: Final = "More items under the same variants: the figures say about how many answers would decide."


class WordingSettings(Frozen):
    """What a judge must show when the question is asked otherwise."""

    flips: Rule = Rule(at_most=0.1)
    """For the share of verdicts that a change which leaves the meaning flips, by kind of change; counts answers.
    Six judges flipped 0.02 to 0.08 of their answers under one wording, and 0.13 to 0.25 under one or other of six
    (flakyjudge)."""

    reworded_per_control: Rule = Rule(at_most=1 / 3)
    """For flips under re-wordings per flip under controls: one third says that controls flip three times as many.
    Good judges are at 1/3.6 to 1/6.4, one that does not read at 1 (flakyjudge)."""

    negated: Rule = Rule(at_least=0.1)
    """For the share of verdicts that a negated question flips. On flakyjudge's scale of five, where a middling answer
    stays what it is, five judges flipped 0.13 to 0.54 and the one that does not read 0.01; a Boolean question turned
    round leaves no middle, and 0.5 can be asked for."""

    passes_from: Score = 0.5
    """Score from which an answer counts as yes: only a change of that is a flip."""

    examples: Count = 10
    """Answers to show that changed with the words, or stayed when the meaning changed."""


@dataclass(frozen=True)
class _Changes:
    """Shares of changed verdicts, 0 to 1, of N answers or questions, and what each was drawn with; shapes (N,)."""

    changed: Floats
    clusters: Codes

    def __len__(self) -> int:
        return len(self.changed)

    def share(self, draws: Draws) -> Interval | None:
        """Their mean."""
        return proportion(self.changed, self.clusters, level=draws.level)


@dataclass(frozen=True)
class _Answers:
    """Answers to a kind of variant beside those to the rubric, and whether the verdict changed; N rows."""

    pair: Beside
    flips: _Changes

    def share(self, draws: Draws, rows: Mask | None = None) -> Interval | None:
        """Share of flipped verdicts, of these rows or of all."""
        flips = self.flips
        return (flips if rows is None else _Changes(flips.changed[rows], flips.clusters[rows])).share(draws)


def wording(material: Material, settings: WordingSettings) -> Check:
    """Flips by kind of variant, negated questions that changed nothing, re-wordings against controls (judged).

    Told: flips of every single variant and, by criterion, of re-wordings and the negated question; ``floor`` (chance
    that two equal askings differ) and ``reworded_per_repeat``, flips under re-wordings for each flip of that kind.

    Needs: rows with the variants of `adjudge.judges.variants`, usual order, first asking, of items with a ``base`` row.
    """
    table = material.table
    draws = Draws(material.seed, material.resamples)
    kinds = {kind: _answers(table, kind, settings.passes_from) for kind in (*MEANING_KEPT, *CONTROLS)}
    kinds = {kind: found for kind, found in kinds.items() if len(found.flips)}
    figures = [
        *_by_kind(kinds, settings, draws),
        _against_controls(kinds, settings, draws),
        *_told(kinds, table, settings, draws),
    ]
    outcome = overall(figures) if kinds else Outcome.NOT_ENOUGH_DATA
    return Check(
        name=NAME,
        title=TITLE,
        outcome=outcome,
        figures=tuple(figures) if kinds else (),
        examples=_examples(kinds, settings.examples),
        detail=_detail(kinds, figures),
        fix="Say in the question or in its anchors what decides, put the threshold where few items lie, or take the "
        "mean over several wordings; a judge that does not read the question needs another model or a shorter prompt.",
        needs=MORE if REWORDED in kinds and NEGATED in kinds else NEEDS,
    )


def _answers(table: VerdictTable, kind: str, passes_from: float) -> _Answers:
    pair = beside(table, first_askings(table, table.variant.when(lambda name: name.partition("/")[0] == kind)))
    if kind in CONTROLS:
        # What did not apply does not apply to the opposite either.
        pair = pair.where(pair.plain.score.known)
    flipped = verdicts(pair.plain, passes_from) != verdicts(pair.changed, passes_from)
    return _Answers(pair, _Changes(flipped.astype(np.float64), pair.changed.drawn_with()))


def _by_kind(kinds: dict[str, _Answers], settings: WordingSettings, draws: Draws) -> list[Figure]:
    """What is judged by itself: every kind that leaves the meaning, and the negated question."""
    figures = []
    for kind in (REWORDED, *(kind for kind in MEANING_KEPT if kind in kinds and kind != REWORDED)):
        value = kinds[kind].share(draws) if kind in kinds else None
        figures.append(figure("flips", value, settings.flips, about={"kind": kind}))
    for kind in CONTROLS:
        value = kinds[kind].share(draws) if kind in kinds else None
        if kind == NEGATED:
            figures.append(figure("flips", value, settings.negated, about={"kind": kind}))
        elif value is not None:
            figures.append(figure("flips", value, about={"kind": kind}))
    return figures


def _against_controls(kinds: dict[str, _Answers], settings: WordingSettings, draws: Draws) -> Figure:
    controls = [kinds[kind].flips for kind in CONTROLS if kind in kinds]
    value = _quotient(kinds[REWORDED].flips, controls, draws) if REWORDED in kinds and controls else None
    note = ""
    if value is not None and value.estimate > 0:
        note = f"controls flip {1 / value.estimate:.1f} times as many"
    elif controls and not any(flips.changed.any() for flips in controls):
        note = "no control flipped a verdict"
    return figure("reworded_per_control", value, settings.reworded_per_control, note=note)


def _told(kinds: dict[str, _Answers], table: VerdictTable, settings: WordingSettings, draws: Draws) -> list[Figure]:
    figures = []
    for kind, found in kinds.items():
        changed = found.pair.changed
        names = changed.variant.present()
        figures += [
            figure("flips", found.share(draws, changed.variant.any_of(name)), about={"variant": name})
            for name in (names if names != (kind,) else ())
        ]
        criteria = changed.criterion.present()
        figures += [
            figure("flips", found.share(draws, changed.criterion.any_of(name)), about={"kind": kind, "criterion": name})
            for name in (criteria if kind in {REWORDED, NEGATED} and len(criteria) > 1 else ())
        ]
    floor = _floor(table, settings.passes_from)
    figures.append(figure("floor", floor.share(draws), note="" if len(floor) else "no question was asked twice"))
    if REWORDED in kinds:
        value = _quotient(kinds[REWORDED].flips, [floor], draws)
        note = "equal askings never differed" if value is None and len(floor) else ""
        figures.append(figure("reworded_per_repeat", value, note=note))
    return figures


def _floor(table: VerdictTable, passes_from: float) -> _Changes:
    """Chance that two equal askings differ, by question."""
    rows = table.where(table.variant.any_of(BASE) & table.order.any_of(BASE) & table.item.known & asked(table))
    counts, first = counted(rows.question(), verdicts(rows, passes_from), LEVELS)
    total = counts.sum(axis=1)
    several = total >= 2
    equal = (counts * (counts - 1)).sum(axis=1) / np.maximum(total * (total - 1), 1)
    return _Changes(1 - equal[several], rows.drawn_with()[first][several])


def _quotient(above: _Changes, below: list[_Changes], draws: Draws) -> Interval | None:
    """Share of changes in `above` for each in `below`; both sides of a draw have the same clusters."""
    sums = [
        np.column_stack([above.changed, np.ones(len(above)), np.zeros((len(above), 2))]),
        *(np.column_stack([np.zeros((len(part), 2)), part.changed, np.ones(len(part))]) for part in below),
    ]
    clusters = np.concatenate([above.clusters, *(part.clusters for part in below)])
    return bootstrap_sums(_double_ratio, np.concatenate(sums), clusters, (0.0, 1.0), draws, n=len(above))


def _double_ratio(sums: Floats) -> tuple[Floats, Floats]:
    """A draw without one of the sides tells nothing."""
    both = (sums[:, 1] > 0) & (sums[:, 3] > 0)
    above, below = sums[:, 0] / np.maximum(sums[:, 1], 1), sums[:, 2] / np.maximum(sums[:, 3], 1)
    return above * both, below * both


def _detail(kinds: dict[str, _Answers], figures: list[Figure]) -> str:
    if not kinds:
        return "no question was asked in other words"
    told = [f"{kind} {found.flips.changed.mean():.0%} of {len(found.flips)}" for kind, found in kinds.items()]
    seen = f"verdicts that changed: {', '.join(told)}"
    unread = any(found.outcome is Outcome.FAIL and found.about.get("kind") == NEGATED for found in figures)
    return f"{seen}; {UNREAD}" if unread else seen


def _examples(kinds: dict[str, _Answers], most: int) -> tuple[dict[str, Any], ...]:
    """Half of them answers that a re-wording changed, half answers that a negated question left."""
    found: list[dict[str, Any]] = []
    for kind, wanted in ((NEGATED, False), (REWORDED, True)):
        if kind in kinds:
            answers = kinds[kind]
            rows = np.flatnonzero(answers.flips.changed == wanted)[: most // 2]
            plain, changed = answers.pair.plain.where(rows), answers.pair.changed.where(rows)
            columns = (
                *(changed.item, changed.criterion, changed.variant, plain.answer, changed.answer),
                *(plain.rationale, changed.rationale),
            )
            names = ("item", "criterion", "variant", "before", "after", "rationale_before", "rationale")
            found += [dict(zip(names, row, strict=True)) for row in zip(*(c.texts() for c in columns), strict=True)]
    return tuple(found)
