"""Several judges on the same labelled cases: the table that a team chooses by. Pure functions of answers and calls."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field

from adjudge.domain.base import Count, Frozen, Score, Seconds
from adjudge.domain.interval import Interval
from adjudge.domain.usage import Money, Usage
from adjudge.validation.agreement import Labelled, difference, share
from adjudge.validation.consistency import Consistency, consistency
from adjudge.validation.labelled import Figures, LabelledCase, figures_of

OK = "ok"


@dataclass(frozen=True)
class Asked:
    """One judgement of a case: what was answered, or why not."""

    case: LabelledCase
    repeat: int
    status: str
    """``ok`` or the failure's kind."""
    answer: str | None = None
    """Label of the scale; None for a failure."""
    probability: float | None = None
    """Of yes, in [0, 1]; None for a failure."""


@dataclass(frozen=True)
class Asking:
    """All that one judge was asked, in order.

    Attributes:
        model: the judge as it was asked for.
        judge: what it calls itself.
        fingerprint: of rubric, prompt, model and sampling.
        asked: one a judgement.
        replies: usage of each distinct reply, and whether it is usable.
        gave_up: why not all cases were asked; empty where they were.
    """

    model: str
    judge: str
    fingerprint: str
    asked: Sequence[Asked]
    replies: Sequence[tuple[Usage, bool]]
    gave_up: str = ""

    @property
    def answers(self) -> dict[str, float | None]:
        """Case id -> probability of yes at the first asking; None where it failed."""
        return {one.case.id: one.probability for one in self.asked if one.repeat == 0}


class Problem(Frozen):
    """Why a judge could not be opened, as its error says it."""

    model: str
    what: str
    why: str
    fix: str
    exit_code: Count


class JudgeLine(Frozen):
    """One judge of a comparison. What it took includes what was paid for earlier and lies in the journal."""

    model: str
    judge: str
    fingerprint: str
    figures: Figures | None
    """Agreement of the first asking with the labels; None for a judge that was not asked all cases."""
    flips: Interval | None
    """Share of pairs of answers to the same question that differ, clustered as the cases; None without repeats."""
    consistency: Consistency | None
    judgements: Count
    """One a case and repeat; a case asks one criterion of one item."""
    failures: dict[str, Count]
    """Kind -> judgements without a verdict, over all repeats."""
    failed: Score | None
    """Share of judgements without a verdict; None where nothing was asked."""
    gave_up: str
    usage: Usage
    """Of all replies together; ``calls`` counts retries too."""
    cost_per_1000_usd: Money | None
    """US dollars per 1,000 judgements; None when a price is not known, which is not the same as free."""
    p50_seconds: Seconds | None
    """Median over the usable replies of the seconds until one was there, as its endpoint says; None without any."""
    p95_seconds: Seconds | None
    timed: Count
    """Usable replies whose seconds are known: what the two quantiles stand on."""

    @property
    def worked(self) -> bool:
        """At least one judgement is a verdict."""
        return sum(self.failures.values()) < self.judgements


class Against(Frozen):
    """A judge's figures less those of the reference, on the cases that both gave a verdict on."""

    model: str
    cases: Count
    auc: Interval | None
    kappa: Interval | None
    accuracy: Interval | None


class JudgeComparison(Frozen):
    """The comparison as it is stored and printed."""

    format: Literal[1] = 1
    cases: Count
    clusters: Count
    repeats: int = Field(ge=1)
    labels: str = ""
    """Where the known answers come from."""
    lines: tuple[JudgeLine, ...]
    """Judges that could be opened, in the order asked for."""
    problems: tuple[Problem, ...] = ()
    """Judges that could not."""
    reference: str | None = None
    """The first judge with figures: what the differences are to."""
    differences: tuple[Against, ...] = ()

    @property
    def worked(self) -> bool:
        """At least one judge gave a verdict."""
        return any(line.worked for line in self.lines)


def compare(
    askings: Sequence[Asking],
    cases: Sequence[LabelledCase],
    *,
    repeats: int,
    problems: Sequence[Problem] = (),
    labels: str = "",
    seed: int = 0,
    resamples: int = 2000,
) -> JudgeComparison:
    """A line a judge, and the paired differences to the first one that was asked everything.

    Args:
        askings: one a judge, in the order asked for; their models are distinct.
        cases: that each of them was asked.
        repeats: how often each case was asked.
        problems: judges that could not be opened.
        labels: where the known answers come from, in a few words.
        seed: of the bootstrap.
        resamples: bootstrap draws behind an interval.
    """
    lines = [_line(asking, cases, seed=seed, resamples=resamples) for asking in askings]
    whole = [asking for asking, line in zip(askings, lines, strict=True) if line.figures is not None and line.worked]
    return JudgeComparison(
        cases=len(cases),
        clusters=len({case.cluster for case in cases}),
        repeats=repeats,
        labels=labels,
        lines=tuple(lines),
        problems=tuple(problems),
        reference=whole[0].model if whole else None,
        differences=tuple(_against(whole[0], other, cases, seed=seed, resamples=resamples) for other in whole[1:]),
    )


def _line(asking: Asking, cases: Sequence[LabelledCase], *, seed: int, resamples: int) -> JudgeLine:
    asked, usage = asking.asked, sum((usage for usage, _ in asking.replies), Usage())
    failures = Counter(one.status for one in asked if one.status != OK)
    seconds = [usage.seconds for usage, usable in asking.replies if usable and usage.calls]
    p50, p95 = (float(x) for x in np.quantile(seconds, [0.5, 0.95])) if seconds else (None, None)
    found = consistency(_rows(asking))
    cost = usage.cost_usd
    return JudgeLine(
        model=asking.model,
        judge=asking.judge,
        fingerprint=asking.fingerprint,
        figures=None if asking.gave_up else figures_of(cases, asking.answers, seed=seed, resamples=resamples),
        flips=_flips(asked, seed=seed, resamples=resamples),
        consistency=found[0] if found and found[0].questions else None,
        judgements=len(asked),
        failures=dict(sorted(failures.items())),
        failed=failures.total() / len(asked) if asked else None,
        gave_up=asking.gave_up,
        usage=usage,
        cost_per_1000_usd=cost / len(asked) * 1000 if asked and cost is not None else None,
        p50_seconds=p50,
        p95_seconds=p95,
        timed=len(seconds),
    )


def _rows(asking: Asking) -> list[dict[str, str | None]]:
    """The columns of the verdict table that `consistency` reads."""
    same = {"judge": asking.fingerprint, "variant": "base", "order": "base"}
    return [
        {**same, "item": one.case.id, "criterion": one.case.criterion, "status": one.status, "answer": one.answer}
        for one in asking.asked
    ]


def _flips(asked: Sequence[Asked], *, seed: int, resamples: int) -> Interval | None:
    groups: dict[LabelledCase, list[str | None]] = defaultdict(list)
    for one in asked:
        if one.status == OK:
            groups[one.case].append(one.answer)
    pairs = {case: _pairs(len(group)) for case, group in groups.items() if len(group) > 1}
    equal = {case: sum(_pairs(number) for number in Counter(groups[case]).values()) for case in pairs}
    return share(
        [pairs[case] - equal[case] for case in pairs],
        [*pairs.values()],
        [case.cluster for case in pairs],
        seed=seed,
        resamples=resamples,
    )


def _pairs(number: int) -> int:
    return number * (number - 1) // 2


def _against(reference: Asking, other: Asking, cases: Sequence[LabelledCase], *, seed: int, resamples: int) -> Against:
    ours, theirs = other.answers, reference.answers
    both = [(case, p, q) for case in cases if (p := theirs[case.id]) is not None and (q := ours[case.id]) is not None]
    labels, clusters = [case.label for case, _, _ in both], [case.cluster for case, _, _ in both]
    first = Labelled(labels, [p for _, p, _ in both], clusters)
    second = Labelled(labels, [q for _, _, q in both], clusters)
    return Against(
        model=other.model,
        cases=len(both),
        auc=difference("auc", first, second, seed=seed, resamples=resamples),
        kappa=difference("kappa", first, second, seed=seed, resamples=resamples),
        accuracy=difference("accuracy", first, second, seed=seed, resamples=resamples),
    )
