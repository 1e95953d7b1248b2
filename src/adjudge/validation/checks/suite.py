"""Check: the judge passes its regression suite, and the suite finds out judges that are broken on purpose."""

from collections.abc import Sequence
from typing import Final

from adjudge.domain.base import Frozen, Score
from adjudge.domain.interval import wilson
from adjudge.judges.suite.result import SuiteResult
from adjudge.validation.check import Check, Figure, Rule, figure, overall

_EXAMPLES: Final = 10


class SuiteSettings(Frozen):
    """What a judge must show on its tests."""

    share: Score | None = None
    """Least share of all tests that pass, by the lower end of Wilson's interval; None tells it without judging."""

    must_pass: Score = 1.0
    """Least share of the tests that must pass."""

    killed: Score = 1.0
    """Least share of the judges broken on purpose that the suite fails."""


def suite(result: SuiteResult, settings: SuiteSettings, planted: Sequence[SuiteResult] = ()) -> Check:
    """Whether the judge passes the tests that it must, and how many it passes of all.

    Args:
        result: of the judge.
        settings: what is required.
        planted: results of judges that are broken on purpose, on the same suite: each must fail it.
    """
    passed, count = result.count
    must = [test for test in result.tests if test.must_pass]
    share = None if settings.share is None else Rule(at_least=settings.share)
    figures = [
        _counted("must pass", len(must) - len(result.failed), len(must), settings.must_pass),
        figure("passed", wilson(passed, count), share),
    ]
    if planted:
        survived = [one.judge for one in planted if one.passed]
        note = f"Not found out: {', '.join(survived)}" if survived else ""
        found_out = len(planted) - len(survived)
        figures.append(_counted("broken judges found out", found_out, len(planted), settings.killed, note))
    failed = ", ".join(test.name for test in result.failed[:3])
    return Check(
        name="suite",
        title="Judge tests",
        outcome=overall(figures),
        figures=tuple(figures),
        examples=tuple(
            {"test": test.name, "kind": test.kind, "problem": problem}
            for test in result.failed
            for problem in test.problems
        )[:_EXAMPLES],
        detail=f"passes {passed} of {count}" + (f"; fails {failed}." if failed else "."),
        fix="Mend the rubric, use a better judge, or correct the test if the judge is right (adjudge judge test TASK).",
        needs="Write tests that must pass into judge_tests.yaml.",
    )


def _counted(name: str, good: int, count: int, least: float, note: str = "") -> Figure:
    """A share whose estimate is judged: the tests are the whole population, not a sample of one."""
    return figure(name, wilson(good, count), Rule(at_least=least, bound="estimate"), note=note)
