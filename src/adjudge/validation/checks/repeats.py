"""Check ``repeats``: does the judge repeat itself? From rows that ask the same question again.

The least that a judge must do, and no more than that: one that always says yes repeats itself perfectly.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from pydantic import Field

from adjudge.domain.base import Count, Frozen, Score
from adjudge.domain.interval import Interval
from adjudge.validation.check import Check, Figure, Material, Outcome, Rule, figure, overall
from adjudge.validation.checks.verdicts import LEVELS, asked, verdicts
from adjudge.validation.statistics.bootstrap import Draws, Floats
from adjudge.validation.statistics.reliability import any_of, calls_needed, disagreement, icc, majority_error, noise
from adjudge.validation.statistics.units import Codes, beside, counted
from adjudge.validation.table import BASE, Numbers, VerdictTable

NAME: Final = "repeats"
TITLE: Final = "The judge repeats itself"
NO_VALIDITY: Final = "that says nothing on whether it is right"
EQUAL: Final = 1e-9


class RepeatsSettings(Frozen):
    """What a judge must show when it is asked the same again."""

    answers: int = Field(default=3, ge=2)
    """Askings of a question among which its verdicts must be equal, at most as many as the rows have. The flip rate
    grows with them, so it is told for this number and no other; questions that were asked more often count by their
    subsets of this size. Published rates are mostly of five."""

    flips: Rule = Rule(at_most=0.05)
    """For the share of questions with two verdicts among so many; counts questions."""

    reliability: Rule = Rule(at_least=0.8)
    """For ICC(1,1) of one answer's score; counts questions."""

    target: float = Field(default=0.8, gt=0.0, lt=1.0)
    """Reliability that ``calls_needed`` is told for."""

    passes_from: Score = 0.5
    """Score from which an answer counts as yes: only a change of that is a flip."""

    examples: Count = 10
    """Questions to show that got two verdicts."""


@dataclass(frozen=True)
class _Asked:
    """Questions that were asked at least twice, with all their answers.

    Attributes:
        counts: of each verdict by question; shape (questions, 3).
        clusters: of each question.
        scores: by question, about the mean of the question's criterion; shape (questions scored, repeats).
        score_clusters: of each question that has scores.
    """

    counts: Floats
    clusters: Codes
    scores: Numbers
    score_clusters: Codes

    @staticmethod
    def of(table: VerdictTable, passes_from: float) -> "_Asked":
        question, drawn = table.question(), table.drawn_with()
        counts, first = counted(question, verdicts(table, passes_from), LEVELS)
        known = np.flatnonzero(table.score.known)
        # A criterion that is easier than another is no signal: only differences within criteria count.
        criteria, scores = table.criterion.codes[known], table.score.values[known]
        means = np.bincount(criteria, scores) / np.maximum(np.bincount(criteria), 1) if len(known) else np.empty(0)
        matrix, places = beside(question[known], scores - means[criteria])
        return _Asked(counts, drawn[first], matrix, drawn[known][places])


def repeats(material: Material, settings: RepeatsSettings) -> Check:
    """Flips among so many askings and ICC(1,1) (judged), over all criteria and by criterion; the rest is told.

    Told: ``disagreement`` (of two askings), ``noise`` (variance of one score within its question), ``calls_needed`` for
    the target reliability, ``majority_of_3`` (chance that three askings outvote the judge's usual verdict).

    Needs: rows with ``repeat`` 1 and more, variant ``base``. Questions decided without a call do not count.
    """
    table = material.table
    rows = table.where(table.variant.any_of(BASE) & table.item.known & asked(table))
    rows = _asked_again(rows)
    if not len(rows):
        return Check(
            name=NAME,
            title=TITLE,
            outcome=Outcome.NOT_ENOUGH_DATA,
            detail="no question was asked twice",
            needs=_needs(settings.answers),
        )
    draws = Draws(material.seed, material.resamples)
    of_all = _Asked.of(rows, settings.passes_from)
    figures = [*_figures(of_all, settings, draws, {})]
    criteria = rows.criterion.present()
    for criterion in criteria if len(criteria) > 1 else ():
        part = _Asked.of(rows.of(criterion=criterion), settings.passes_from)
        figures += _figures(part, settings, draws, {"criterion": criterion})
    outcome = overall(figures)
    return Check(
        name=NAME,
        title=TITLE,
        outcome=outcome,
        figures=tuple(figures),
        examples=_examples(rows, settings.passes_from, settings.examples),
        detail=_detail(of_all, outcome),
        fix="Ask at temperature 0, or take the mean of as many calls as calls_needed says; where one criterion is to "
        "blame, say in its question or anchors what decides the close cases.",
        needs=_needs(settings.answers),
    )


def _needs(answers: int) -> str:
    return f"Rows with repeat 1 to {answers - 1}: put the same questions to the judge {answers} times."


def _asked_again(table: VerdictTable) -> VerdictTable:
    """The rows of questions that have an answer at two repeats or more."""
    question = table.question()
    answered = ~table.failed & table.answer.known
    pairs = np.unique(np.stack([question[answered], table.repeat[answered]], axis=1), axis=0)
    times = np.bincount(pairs[:, 0], minlength=int(question.max(initial=-1)) + 1)
    return table.where(answered & (times[question] >= 2))


def _figures(found: _Asked, settings: RepeatsSettings, draws: Draws, about: dict[str, str]) -> list[Figure]:
    counts, clusters = found.counts, found.clusters
    reliability = icc("1,1", found.scores, found.score_clusters, draws)
    same = reliability is None and len(found.scores) >= 2
    times = {**about, "answers": str(settings.answers)}
    return [
        figure("flips", any_of(settings.answers, counts, clusters, level=draws.level), settings.flips, about=times),
        figure(
            "reliability",
            reliability,
            settings.reliability,
            about=about,
            note="all answers are the same, so there is nothing to be reliable about" if same else "",
        ),
        figure("disagreement", disagreement(counts, clusters, level=draws.level), about=about),
        figure("noise", noise(found.scores, found.score_clusters, draws), about=about),
        figure("calls_needed", _calls(reliability, settings.target), about={**about, "for": f"{settings.target:.2f}"}),
        figure("majority_of_3", majority_error(3, counts, clusters, level=draws.level), about=about),
    ]


def _calls(reliability: Interval | None, target: float) -> Interval | None:
    """Calls for the target, from the reliability and from the ends of its interval; None where no number helps."""
    if reliability is None:
        return None
    calls = calls_needed(reliability.estimate, target)
    if calls is None:
        return None
    ends = (reliability.high, reliability.low)
    low, high = (None if end is None else calls_needed(end, target) for end in ends)
    known = low is not None and high is not None
    return Interval(
        estimate=calls,
        low=low if known else None,
        high=high if known else None,
        n=reliability.n,
        clusters=reliability.clusters,
    )


def _detail(found: _Asked, outcome: Outcome) -> str:
    total = found.counts.sum(axis=1)
    several = int(((found.counts > 0).sum(axis=1) > 1).sum())
    least, most = int(total.min()), int(total.max())
    times = f"{least} times" if least == most else f"{least} to {most} times"
    told = f"{len(total)} questions asked {times}, {several} with two verdicts"
    scores = found.scores
    spread = np.where(scores.known, np.abs(scores.values - scores.values[:, :1]), 0.0)
    if not several and spread.max(initial=0.0) <= EQUAL:
        return f"{told}; it repeats itself exactly, as a model does at temperature 0: {NO_VALIDITY}"
    return f"{told}; it repeats itself: {NO_VALIDITY}" if outcome is Outcome.PASS else told


def _examples(table: VerdictTable, passes_from: float, most: int) -> tuple[dict[str, Any], ...]:
    """Questions with two verdicts, those that came out most evenly first: what was answered how often, and why."""
    question = table.question()
    counts, first = counted(question, verdicts(table, passes_from), LEVELS)
    share = counts.max(axis=1) / counts.sum(axis=1)
    found = []
    for place in np.argsort(share, kind="stable")[:most]:
        if share[place] < 1.0:
            rows = table.where(question == question[first[place]])
            given = [answer or "" for answer in rows.answer.texts()]
            found.append(
                {
                    "item": rows.item.texts()[0],
                    "criterion": rows.criterion.texts()[0],
                    "answers": {answer: given.count(answer) for answer in dict.fromkeys(given)},
                    "rationales": [text for text in rows.rationale.texts() if text],
                }
            )
    return tuple(found)
