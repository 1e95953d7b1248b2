"""The pinned baseline: another judge is told, chance is not taken for change, and small moves are let pass."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from adjudge.errors import ConfigError
from adjudge.judges.suite.pinned import Drift, compare, lock_path, mcnemar, pin, read_pinned, write_pinned
from adjudge.judges.suite.result import Answered, JudgeTestResult, SuiteResult


def result(outcomes: str, scores: list[tuple[float, ...]], *, answer: str = "yes", **changed: str | int) -> SuiteResult:
    """Tests that pass (+) and fail (-), and scores by response and repeat."""
    tests = tuple(
        JudgeTestResult(name=f"t{place}", kind="case", problems=() if sign == "+" else ("wrong",))
        for place, sign in enumerate(outcomes)
    )
    responses = tuple(
        Answered(id=f"r{place}", scores=given, answers={"0/grounded": (answer,) * len(given)})
        for place, given in enumerate(scores)
    )
    about = {"judge": "m", "fingerprint": "f", "rubric": "r", "suite": "s", "repeats": len(scores[0]), **changed}
    return SuiteResult.model_validate({**about, "tests": tests, "responses": responses})


def drift(before: SuiteResult, after: SuiteResult, **settings: float) -> Drift:
    return compare(after, pin(before), **settings)


@given(st.integers(0, 40), st.integers(0, 40))
def test_mcnemar_is_the_exact_binomial_test(one: int, other: int):
    """As scipy's two-sided test at 1/2."""
    oracle = binomtest(one, one + other).pvalue if one + other else 1.0
    assert mcnemar(one, other) == pytest.approx(oracle, abs=1e-12)


def test_an_equal_result_has_not_drifted():
    """Nothing changed, nothing to say."""
    found = drift(result("++-", [(1.0,), (0.5,)]), result("++-", [(1.0,), (0.5,)]))
    assert found == Drift(same_judge=True)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"judge": "n", "fingerprint": "g"}, "judge m -> n"),
        ({"rubric": "q", "fingerprint": "g"}, "rubric r -> q"),
        ({"fingerprint": "g"}, "prompt, model version or sampling"),
    ],
)
def test_another_judge_needs_a_review(changed: dict[str, str], says: str):
    """Whatever the fingerprint covers, and although all answers are equal."""
    found = drift(result("++", [(1.0,)]), result("++", [(1.0,)], **changed))
    assert found.problems == ("The judge is not the pinned one.",)
    assert found.what_changed == (says, "fingerprint f -> g")


def test_other_answers_are_the_diff():
    """A line each, with what was pinned."""
    found = drift(result("+", [(1.0,)]), result("+", [(1.0,)], answer="no"))
    assert found.answers == ("r0: 0/grounded 'yes' -> 'no'",)
    assert "changed: r0: 0/grounded 'yes' -> 'no'" in found.lines()


@pytest.mark.parametrize(
    ("after", "p_value", "fails"),
    [("-----+++++", 2 / 2**5, False), ("------++++", 2 / 2**6, True), ("++++++++++", 1.0, False)],
)
def test_broken_tests_count_beyond_chance(after: str, p_value: float, fails: bool):
    """Five broken of ten may be chance (p 0.06), six are not (p 0.03)."""
    found = drift(result("+" * 10, [(1.0,)]), result(after, [(1.0,)]))
    assert found.p_value == pytest.approx(p_value)
    assert bool(found.problems) is fails


def test_mended_tests_are_no_problem():
    """However many: a better judge is told and passes."""
    found = drift(result("-" * 10, [(1.0,)]), result("+" * 10, [(1.0,)]))
    assert len(found.mended) == 10
    assert found.problems == ()


def test_the_mean_may_move_within_noise_or_margin():
    """1.96 sqrt(2) sigma / sqrt(n m), sigma pooled over both: only beyond it and beyond the margin it is a drift."""
    # Variance of (0.4, 0.6) is 0.02 in every response: sigma sqrt(0.02), n = 2, m = 2.
    before = result("+", [(0.4, 0.6), (0.4, 0.6)])
    bound = 1.96 * (2 * 0.02 / 4) ** 0.5
    within = drift(before, result("+", [(0.55, 0.75), (0.55, 0.75)]))
    assert (within.moved, within.noise_bound) == (pytest.approx(0.15), pytest.approx(bound))
    assert within.problems == ()
    beyond = result("+", [(0.65, 0.85), (0.65, 0.85)])
    assert "moved by +0.250" in drift(before, beyond).problems[0]
    assert drift(before, beyond, margin=0.3).problems == ()


def test_without_repeats_the_margin_decides():
    """One asking tells nothing of noise; a judge that always answers the same has none."""
    before = result("+", [(0.5,), (0.5,)])
    assert drift(before, result("+", [(0.55,), (0.54,)])).problems == ()
    assert drift(before, result("+", [(0.6,), (0.6,)])).problems != ()


def test_new_and_lost_tests_are_told_and_compared_with_nothing():
    """The tests that both have are compared."""
    before, after = result("+-", [(1.0,)]), result("+-+-", [(1.0,), (0.0,)], suite="t")
    assert drift(before, after).what_changed == ("tests not pinned: t2, t3",)
    assert drift(before, after).problems == ()
    assert drift(after, before).what_changed == ("pinned tests that are gone: t2, t3",)
    assert drift(before, result("+-", [(1.0,)], suite="t")).what_changed == ("what the tests say",)


def test_a_baseline_comes_back_as_written(tmp_path: Path):
    """Beside the tests; where there is none, there is nothing to compare with."""
    path = lock_path(tmp_path / "judge_tests.yaml")
    assert path.name == "judge_tests.lock.json"
    assert read_pinned(path) is None
    made = result("+-", [(1.0, 0.5), (0.25, 0.25)])
    write_pinned(path, made)
    assert read_pinned(path) == pin(made)
    path.write_text("{}")
    with pytest.raises(ConfigError, match="no baseline"):
        read_pinned(path)
