"""**Anchors**: responses whose scores are on record, put to the judge again while it trains a policy.

A provider changes a model behind its name, a server is started with other settings: then the reward means something
else from one step to the next, and no figure of training says so. Anchors do: the same responses, asked afresh.

Two series are watched, the mean change of the anchors' scores and the share of answers that differ from the recorded
ones; each by an EWMA (is this the judge of the passport?) and a CUSUM of innovations (does it change during the run?).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean, variance
from typing import Any

import numpy as np
from pydantic import Field

from adjudge.domain.base import Count, Frozen, Number, Score
from adjudge.judges.votes import pooled_variance
from adjudge.validation.scores import Scoring, response_scores
from adjudge.validation.statistics.bootstrap import Floats
from adjudge.validation.statistics.drift import Cusum, Ewma, cusum_limit, ewma_limit, innovations, sign_test
from adjudge.validation.table import NOT_APPLICABLE, OK, table_of

VARIANT = "anchor"
"""Of their rows in the verdict table."""
CHARTS = 4
"""Two series, two charts each: they share the chance of a false alarm."""
SHARE_ANSWERED = 0.5
"""Of the anchors: with fewer answers an asking says nothing about drift."""


class Asked(Frozen):
    """What the judge said about one response at one asking."""

    score: Score
    """The weighted mean of its criteria, folded over items."""
    answers: dict[str, str]
    """``item/criterion`` -> label."""


class Anchor(Frozen):
    """A response, and what the judge said about it before training."""

    id: str = Field(min_length=1)
    """The rollout's."""
    content: str
    """Fingerprint of sample and response."""
    base: tuple[Asked, ...] = Field(min_length=2)
    """One an asking."""

    @property
    def score(self) -> float:
        """Mean score of the askings."""
        return fmean(asked.score for asked in self.base)


class Anchors(Frozen):
    """The record in the passport."""

    judge: str
    """Fingerprint."""
    cases: tuple[Anchor, ...] = Field(min_length=2)

    @property
    def askings(self) -> float:
        """Askings behind a recorded score: the harmonic mean over the anchors."""
        return 1.0 / fmean(1.0 / len(anchor.base) for anchor in self.cases)

    @property
    def noise(self) -> float:
        """Variance of a response's score between equal askings."""
        found = pooled_variance([[asked.score for asked in anchor.base] for anchor in self.cases])
        assert found is not None  # every anchor was asked twice
        return found

    def usual_flips(self) -> tuple[float, float]:
        """Share of answers that differ between two recorded askings, and its variance over anchors."""
        askings = min(len(anchor.base) for anchor in self.cases)
        shares = [
            [_differing(anchor.base[at], anchor.base[:at] + anchor.base[at + 1 :]) for anchor in self.cases]
            for at in range(askings)
        ]
        return fmean(fmean(row) for row in shares), fmean(variance(row) for row in shares)


class Point(Frozen):
    """One asking of the anchors against their record."""

    answered: Count
    """Anchors with a verdict."""
    change: Number
    """Mean of new score less recorded mean."""
    flips: Score
    """Share of answers that differ from recorded ones, over the anchors and the recorded askings."""
    up: Count
    """Anchors whose score rose."""
    down: Count
    """Anchors whose score fell."""


class Drift(Frozen):
    """Where the judge stands after all askings so far."""

    points: tuple[Point | None, ...]
    """One an asking; None where too few anchors were answered."""
    alarms: tuple[str, ...] = ()
    """Charts that are beyond their limit at the last asking."""
    detail: str = ""


def asked_of(rows: Iterable[Mapping[str, Any]], scoring: Scoring) -> dict[int, dict[str, Asked]]:
    """What the judge said, by number of the asking (column ``repeat``) and response.

    Args:
        rows: of the verdict table, of one judge and one variant; failures are left out.
        scoring: how criteria become a score.
    """
    listed = [row for row in rows if row.get("status") in {OK, NOT_APPLICABLE}]
    labels: dict[tuple[str, int], dict[str, str]] = defaultdict(dict)
    for row in listed:
        item = row["item"].removeprefix(f"{row['candidate']}/")
        labels[row["candidate"], row["repeat"]][f"{item}/{row['criterion']}"] = row["answer"]
    scores = response_scores(table_of(listed), scoring)
    found: dict[int, dict[str, Asked]] = defaultdict(dict)
    for value, place in zip(scores.values.tolist(), scores.rows.tolist(), strict=True):
        name, number = listed[place]["candidate"], listed[place]["repeat"]
        # Rounding may carry a mean of ones beyond one.
        found[number][name] = Asked(score=min(1.0, max(0.0, value)), answers=labels[name, number])
    return dict(found)


def record(judge: str, contents: Mapping[str, str], askings: Sequence[Mapping[str, Asked]]) -> Anchors | None:
    """The anchors out of the askings before training; a response that was answered less than twice is none.

    Args:
        judge: fingerprint.
        contents: response -> fingerprint of it and its sample.
        askings: by response, one an asking.

    Returns:
        None where fewer than two responses are left.
    """
    found = []
    for name, content in contents.items():
        base = tuple(asking[name] for asking in askings if name in asking)
        if len(base) > 1:
            found.append(Anchor(id=name, content=content, base=base))
    return Anchors(judge=judge, cases=tuple(found)) if len(found) > 1 else None


def compare(
    anchors: Anchors, askings: Sequence[Mapping[str, Asked]], *, planned: int, false_alarms: float, least: float
) -> Drift:
    """Whether the last of the askings shows another judge than the record does.

    Args:
        anchors: the record.
        askings: all since then, in order; by response.
        planned: askings of the whole run: they share the chance of a false alarm.
        false_alarms: that chance, for a judge that has not changed.
        least: standard deviation that a mean over the anchors has at least.
    """
    points = tuple(_point(anchors, asking) for asking in askings)
    known = [point for point in points if point is not None]
    if not points or points[-1] is None:
        return Drift(points=points, detail="Too few anchors were answered to tell.")
    counts = np.asarray([point.answered for point in known], dtype=np.float64)
    usual, spread = anchors.usual_flips()
    changes = np.asarray([point.change for point in known]) / _deviation(anchors.noise, counts, least)
    flips = (np.asarray([point.flips for point in known]) - usual) / _deviation(spread, counts, least)
    chance, values = false_alarms / CHARTS, max(planned, len(known))
    alarms = [f"score {name}" for name in _beyond(changes, anchors.askings, values, chance, sides=2)]
    alarms += [f"answers {name}" for name in _beyond(flips, anchors.askings, values, chance, sides=1)]
    return Drift(points=points, alarms=tuple(alarms), detail=_told(known[-1], usual))


def _point(anchors: Anchors, asking: Mapping[str, Asked]) -> Point | None:
    pairs = [(anchor, asking[anchor.id]) for anchor in anchors.cases if anchor.id in asking]
    if len(pairs) < max(2, SHARE_ANSWERED * len(anchors.cases)):
        return None
    changes = [asked.score - anchor.score for anchor, asked in pairs]
    return Point(
        answered=len(pairs),
        change=fmean(changes),
        flips=min(1.0, fmean(_differing(asked, anchor.base) for anchor, asked in pairs)),
        up=sum(change > 1e-9 for change in changes),
        down=sum(change < -1e-9 for change in changes),
    )


def _differing(asked: Asked, others: Sequence[Asked]) -> float:
    """Share of the answers that differ, in the mean over the others; one that only one of the two has differs."""
    names = [asked.answers.keys() | other.answers.keys() for other in others]
    return fmean(
        sum(asked.answers.get(name) != other.answers.get(name) for name in both) / len(both) if both else 0.0
        for other, both in zip(others, names, strict=True)
    )


def _deviation(spread: float, counts: Floats, least: float) -> Floats:
    """Standard deviation of a mean over so many anchors."""
    return np.maximum(np.sqrt(spread / counts), least)


def _beyond(values: Floats, base: float, planned: int, chance: float, *, sides: int) -> list[str]:
    """The charts that the last value carries beyond their limits; on one side, only upward."""
    ewma = Ewma(limit=ewma_limit(planned, chance), base=base)
    average = float(ewma.path(values)[-1])
    cusum = Cusum(limit=cusum_limit(planned, chance))
    up, down = (float(side[-1]) for side in cusum.paths(innovations(values, base)))
    found = []
    if (abs(average) if sides == 2 else average) > ewma.limits(len(values))[-1]:
        found.append("EWMA")
    if (max(up, down) if sides == 2 else up) > cusum.limit:
        found.append("CUSUM")
    return found


def _told(point: Point, usual: float) -> str:
    return (
        f"The mean score of {point.answered} anchors has changed by {point.change:+.3f} since the passport ({point.up} "
        f"rose, {point.down} fell, McNemar p = {sign_test(point.up, point.down):.2g}); {point.flips:.1%} of their "
        f"answers differ, {usual:.1%} did before."
    )
