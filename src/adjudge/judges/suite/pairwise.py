"""Pairs of a suite for judges that compare: the good twin must win, whichever stands first."""

from collections.abc import Sequence
from typing import Protocol

from adjudge.domain.sample import Sample
from adjudge.errors import ConfigError
from adjudge.judges.comparison import Compared
from adjudge.judges.suite.pair import PairTest
from adjudge.judges.suite.result import JudgeTestResult
from adjudge.judges.suite.suite import Suite
from adjudge.judges.together import together
from adjudge.judges.votes import points


class Compares(Protocol):
    """What compares two responses: `adjudge.judges.comparison.Comparer`."""

    async def compare(self, sample: Sample, left: str, right: str, deadline_seconds: float) -> Compared:
        """How `left` stands against `right`."""
        ...


async def run_pairs(comparer: Compares, suite: Suite, *, deadline_seconds: float = 60.0) -> tuple[JudgeTestResult, ...]:
    """What each pair of the suite comes to whose twins answer the same sample.

    Args:
        comparer: asked in both orders, by itself or by us.
        suite: its pairs are used; twins with different documents cannot be compared.
        deadline_seconds: of one comparison.

    Raises:
        ConfigError: the suite has no such pair.
        AdjudgeError: the user must change something first.
    """
    pairs = [t for t in suite.tests if isinstance(t, PairTest) and t.good.given.metadata == t.bad.given.metadata]
    if not pairs:
        raise ConfigError(
            "The judge tests have no pair for a judge that compares.",
            "It sees two responses to one sample, and these twins differ in the sample, or there are none.",
            "Add a pair whose change is in the response.",
        )
    return tuple(await together([_tested(comparer, pair, deadline_seconds) for pair in pairs]))


async def _tested(comparer: Compares, pair: PairTest, deadline_seconds: float) -> JudgeTestResult:
    sample, good, bad = pair.good.sample(), pair.good.rollout().response, pair.bad.rollout().response
    both = [await comparer.compare(sample, good, bad, deadline_seconds)]
    views = both[0].views
    if len(views) == 1:
        both.append(await comparer.compare(sample, bad, good, deadline_seconds))
        views += both[1].mirrored
    problems = _failures(pair.name, both)
    problems += [
        f"{pair.name}: shown {place}, the good twin gets {points(view):.2f} against the bad one"
        for place, view in zip(("first", "second"), views, strict=False)
        if points(view) <= 0.5
    ]
    return JudgeTestResult(name=pair.name, kind="pair", must_pass=pair.must_pass, problems=tuple(problems))


def _failures(name: str, compared: Sequence[Compared]) -> list[str]:
    failures = [one.failure for one in compared if one.failure is not None]
    return [f"{name}: no verdict: {kind.value}: {detail}" for kind, detail in failures]
