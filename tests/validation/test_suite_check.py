"""The check that the judge's tests are: what must pass decides, the share is told, broken judges must be found out."""

from adjudge.judges.suite.result import JudgeTestResult, SuiteResult
from adjudge.validation.check import Outcome
from adjudge.validation.checks.suite import SuiteSettings, suite


def result(*tests: JudgeTestResult, judge: str = "m") -> SuiteResult:
    return SuiteResult(judge=judge, fingerprint="f", rubric="r", suite="s", repeats=1, tests=tests, responses=())


GOOD = JudgeTestResult(name="good", kind="case")
BAD = JudgeTestResult(name="bad", kind="pair", problems=("the bad twin scores more",))
SOFT = JudgeTestResult(name="soft", kind="case", must_pass=False, problems=("not yet",))


def test_a_judge_that_passes_what_it_must_passes():
    """A test that need not pass counts in the share of all, which is told with its interval."""
    found = suite(result(GOOD, SOFT), SuiteSettings())
    assert found.outcome is Outcome.PASS
    share = next(figure.value for figure in found.figures if figure.name == "passed")
    assert share is not None
    assert (share.estimate, share.n) == (0.5, 2)
    assert share.low is not None
    assert share.low < 0.2


def test_one_failed_test_that_must_pass_is_enough():
    """It is named, with what was wrong."""
    found = suite(result(*[GOOD] * 99, BAD), SuiteSettings())
    assert found.outcome is Outcome.FAIL
    assert "fails bad" in found.detail
    assert found.examples == ({"test": "bad", "kind": "pair", "problem": "the bad twin scores more"},)


def test_without_tests_nothing_is_known():
    """Not enough data, not a pass."""
    assert suite(result(), SuiteSettings()).outcome is Outcome.NOT_ENOUGH_DATA
    assert suite(result(SOFT), SuiteSettings()).outcome is Outcome.NOT_ENOUGH_DATA


def test_a_share_can_be_required():
    """Of the interval's lower end: a few tests are not enough to show a large share."""
    few, many = result(*[GOOD] * 5), result(*[GOOD] * 100)
    assert suite(few, SuiteSettings(share=0.9)).outcome is Outcome.NOT_ENOUGH_DATA
    assert suite(many, SuiteSettings(share=0.9)).outcome is Outcome.PASS


def test_a_suite_that_passes_a_broken_judge_is_no_suite():
    """The survivor is named."""
    killed, survivor = result(BAD, judge="planted:always-no"), result(GOOD, judge="planted:always-yes")
    assert suite(result(GOOD), SuiteSettings(), [killed]).outcome is Outcome.PASS
    found = suite(result(GOOD), SuiteSettings(), [killed, survivor])
    assert found.outcome is Outcome.FAIL
    assert found.figures[-1].note == "Not found out: planted:always-yes"
