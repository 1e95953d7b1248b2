"""What tests come to: pairs, ladders, invariances, attacks, and majorities over repeats."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau

from adjudge.domain import FailureKind, JudgeFailure, Judgement, Rollout, Rubric, Sample
from adjudge.judges.load import load_rubric
from adjudge.judges.suite.attack import USUAL
from adjudge.judges.suite.ladder import fall_tau, inversions
from adjudge.judges.suite.result import SuiteResult, flip_rate
from adjudge.judges.suite.run import run_suite
from adjudge.judges.suite.suite import Suite, load_suite
from adjudge.testing.planted import PlantedJudge, Seen, always_yes

RECORDED = Path(__file__).parents[3] / "shared/data/judging/judgekeeper-fields/coding.verdicts.jsonl"
RUBRIC_TEXT = """
name: words
fields: {target_document: Text}
criteria:
  - {id: grade, question: 'How good?', scale: [none, low, mid, high, best]}
  - {id: polite, question: 'Is it polite?', weight: 0}
"""
SUITE_TEXT = """
cases:
  - {name: top, metadata: {target_document: d}, response: five colours, answers: {grade: best}}
  - {name: low, metadata: {target_document: d}, response: one, answers: {grade: low}}
"""
GRADES = ("none", "low", "mid", "high", "best")


@pytest.fixture
def rubric(tmp_path: Path) -> Rubric:
    path = tmp_path / "rubric.yaml"
    path.write_text(RUBRIC_TEXT)
    return load_rubric(path)


@pytest.fixture
def made(tmp_path: Path, rubric: Rubric) -> Callable[[str], Suite]:
    def suite(more: str) -> Suite:
        path = tmp_path / "judge_tests.yaml"
        path.write_text(SUITE_TEXT + more)
        return load_suite(path, rubric)

    return suite


def grading(rubric: Rubric, grades: Mapping[str, str], label: str = "grading") -> PlantedJudge:
    """Grades responses by a word that is in them; without any they are the best."""

    def decide(seen: Seen) -> str:
        if seen.criterion.id == "polite":
            return "yes"
        return next((grade for word, grade in grades.items() if word in seen.rollout.response), "best")

    return PlantedJudge(rubric, label, decide)


LADDER = """
ladders:
  - name: down
    of: top
    steps:
      - {name: four, replace: {five: four}}
      - {name: three, replace: {four: three}}
      - {name: two, replace: {three: two}}
"""


async def test_a_falling_ladder_passes_and_is_measured(made, rubric: Rubric):
    """One step down a rung: tau 1, no inversion."""
    judge = grading(rubric, {"one": "low", "four": "high", "three": "mid", "two": "low"})
    result = await run_suite(judge, made(LADDER))
    assert result.passed
    assert result.tests[-1].figures == {"tau": 1.0, "inversions": 0.0}


@pytest.mark.parametrize(
    ("grades", "says"),
    [
        ({"four": "mid", "three": "high", "two": "low"}, "down/three scores 0.75, above down/four with 0.50"),
        ({}, "fall by less than 0.10: 1.00 1.00 1.00 1.00"),
    ],
)
async def test_a_ladder_that_rises_or_stays_fails(made, rubric: Rubric, grades: dict[str, str], says: str):
    """Inversions are named, and a judge that sees no difference fails too."""
    result = await run_suite(grading(rubric, {"one": "low", **grades}), made(LADDER))
    (problem,) = result.failed[0].problems
    assert says in problem


scores = st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), min_size=2, max_size=8)


@given(scores)
def test_tau_is_kendalls(given_scores: list[float]):
    """As scipy's tau-b of scores against falling places; 0 where scipy has none."""
    if len(set(given_scores)) == 1:
        assert fall_tau(given_scores) == 0.0
    else:
        oracle = kendalltau([-place for place in range(len(given_scores))], given_scores).statistic
        assert fall_tau(given_scores) == pytest.approx(oracle, abs=1e-12)


@given(scores)
def test_inversions_are_rises(given_scores: list[float]):
    """None in a falling order, one a pair in a strictly rising one."""
    assert inversions(sorted(given_scores, reverse=True)) == []
    rising = sorted(set(given_scores))
    assert len(inversions(rising)) == len(list(combinations(rising, 2)))


PAIR = "pairs: [{name: p, good: top, bad: {replace: {five: six}}, bad_answers: {grade: none}, margin: 0.25}]"


@pytest.mark.parametrize(
    ("six", "says"),
    [
        ("none", None),
        ("low", "p/bad: item 0: grade is 'low', expected 'none'"),
        ("high", "the good twin scores 1.00, the bad one 0.75"),
    ],
)
async def test_a_bad_twin_must_be_worse_by_the_margin(made, rubric: Rubric, six: str, says: str | None):
    """By more than it, and answered as expected."""
    result = await run_suite(grading(rubric, {"one": "low", "six": six}), made(PAIR))
    problems = [problem for test in result.failed for problem in test.problems]
    assert problems == [] if says is None else any(says in problem for problem in problems)


async def test_a_good_twin_can_be_made_of_a_bad_case(made, rubric: Rubric):
    """The change then is the mending."""
    more = "pairs: [{name: p, good: {replace: {one: three}}, bad: low, good_answers: {grade: mid}}]"
    suite = made(more)
    assert (await run_suite(grading(rubric, {"one": "low", "three": "mid"}), suite)).passed
    assert not (await run_suite(grading(rubric, {"one": "low", "three": "low"}), suite)).passed


ALIKE = "invariances: [{of: [top, low], changes: [whitespace, markdown, spelling, rollout_id]}]"


async def test_answers_must_not_change_with_the_dress(made, rubric: Rubric):
    """Each harmless change that makes another answer fails, by name; others pass."""
    steady = await run_suite(grading(rubric, {"one": "low"}), made(ALIKE))
    assert steady.passed
    # 'one' is too short to be emphasised, and has no American spelling: those are left out for it.
    assert [test.name for test in steady.tests if test.kind == "invariance"] == [
        *("top/whitespace", "low/whitespace", "top/markdown", "top/spelling", "top/rollout_id", "low/rollout_id"),
    ]
    for mark, change in (("  ", "whitespace"), ("**", "markdown"), ("colors", "spelling")):
        result = await run_suite(grading(rubric, {mark: "high", "one": "low"}), made(ALIKE))
        assert [test.name for test in result.failed] == [f"top/{change}"]
        assert "grade was 'best' and is 'high'" in result.failed[0].problems[0]
        assert "the score moves by -0.25" in result.failed[0].problems[1]


async def test_a_judge_that_goes_by_the_id_is_found_out(made, rubric: Rubric):
    """The same text under another name must get the same answers."""

    def by_name(seen: Seen) -> str:
        return "yes" if seen.criterion.id == "polite" else GRADES[len(seen.rollout.id) % 5]

    result = await run_suite(PlantedJudge(rubric, "by-name", by_name), made(ALIKE))
    assert "top/rollout_id" in [test.name for test in result.failed]


async def test_attacks_may_never_pass(made, rubric: Rubric):
    """A best answer to a text without content or with a verdict of its own fails its family; a failure does not."""
    suite = made("attacks: {must_pass: true}")
    result = await run_suite(always_yes(rubric), suite)
    families = [test for test in result.failed if test.kind == "attacks"]
    assert [test.name.partition("/")[2] for test in families] == list(USUAL)
    assert families[0].figures == {"texts": 5.0, "passed": 5.0}
    assert "5 of 5 texts get a best answer: ' '; '.'; ','" in families[0].problems[0]
    strict = await run_suite(grading(rubric, {"five": "best", "one": "low", "": "none"}), suite)
    assert strict.failed == ()


async def test_attacks_can_be_few(made):
    """By family, and the first texts of each."""
    suite = made("attacks: {families: [authority], most: 2}")
    assert [(test.name, len(test.asks)) for test in suite.tests if test.kind == "attacks"] == [("attacks/authority", 2)]


@dataclass(frozen=True)
class Moody:
    """Right, but on the repeats in `wrong`; fails on those in `failing`."""

    rubric: Rubric
    wrong: tuple[int, ...] = ()
    failing: tuple[int, ...] = ()
    repeat: int = 0
    name = "moody"
    fingerprint = "moody"

    def with_repeat(self, repeat: int) -> "Moody":
        return replace(self, repeat=repeat)

    async def judge(self, sample: Sample, rollout: Rollout) -> Judgement:
        if self.repeat in self.failing:
            return JudgeFailure(judge="moody", rollout_id=rollout.id, kind=FailureKind.TIMEOUT, detail="slow")
        grades = {"one": "low", "five": "mid" if self.repeat in self.wrong else "best"}
        return await grading(self.rubric, grades).judge(sample, rollout)


async def three(made, judge: Moody) -> SuiteResult:
    return await run_suite(judge, made("repeats: 3\nflips: 0.4"))


async def test_a_majority_of_repeats_decides(made, rubric: Rubric):
    """One wrong repeat of three is let pass, two are not; failures count as wrong."""
    assert (await three(made, Moody(rubric, wrong=(1,)))).passed
    twice = await three(made, Moody(rubric, wrong=(0, 2)))
    assert [test.name for test in twice.failed] == ["top"]
    assert twice.tests[0].agree == 2
    failed = await three(made, Moody(rubric, wrong=(0,), failing=(2,)))
    assert "top: no verdict: timeout: slow" in failed.failed[0].problems
    assert failed.responses[0].scores == (0.5, 1.0, None)


async def test_answers_that_flip_too_often_fail(made, rubric: Rubric):
    """Even where the majority is right every time."""
    suite = made("repeats: 3")
    result = await run_suite(Moody(rubric, wrong=(1,)), suite)
    assert [test.name for test in result.failed] == ["repeats"]
    # 4 questions, 3 pairs of repeats each; 2 of the 12 pairs differ.
    assert result.tests[-1].figures == {"flips": pytest.approx(2 / 12)}
    assert (await run_suite(Moody(rubric), suite)).passed


async def test_the_noise_of_one_judging_is_pooled(made, rubric: Rubric):
    """Scores 1, 0.5, 1 and three equal ones: a variance of (1/12 + 0) / 2; none without repeats."""
    noisy = await three(made, Moody(rubric, wrong=(1,)))
    assert noisy.noise == pytest.approx((1 / 24) ** 0.5)
    assert (await run_suite(Moody(rubric), made(""))).noise is None


async def test_a_judge_that_cannot_be_asked_again_is_asked_once(made, rubric: Rubric):
    """The result says so."""

    class Once:
        name = fingerprint = "once"

        async def judge(self, sample: Sample, rollout: Rollout) -> Judgement:
            return await grading(rubric, {"one": "low"}).judge(sample, rollout)

    result = await run_suite(Once(), made("repeats: 3"))
    assert (result.repeats, result.passed) == (1, True)


async def test_a_test_that_need_not_pass_is_told_and_lets_the_suite_pass(made, rubric: Rubric):
    """It counts in the share of all tests alone."""
    more = "  - {name: soft, must_pass: false, metadata: {}, response: ten, answers: {grade: none}}"
    result = await run_suite(grading(rubric, {"one": "low"}), made(more))
    assert (result.passed, result.count) == (True, (2, 3))
    assert "fail  soft" in result.lines()


@given(st.lists(st.lists(st.sampled_from("ab"), max_size=5), max_size=5))
def test_the_flip_rate_counts_pairs_that_differ(answers: list[list[str]]):
    """As counted one by one; None where nothing was asked twice."""
    pairs = [one != other for given_answers in answers for one, other in combinations(given_answers, 2)]
    assert flip_rate(answers) == (pytest.approx(sum(pairs) / len(pairs)) if pairs else None)


@pytest.mark.skipif(not RECORDED.is_file(), reason="the recorded judge is not here")
@pytest.mark.parametrize(("wording", "flipped"), [("full", 0), ("quick", 2)])
def test_the_flips_of_a_recorded_judge(wording: str, flipped: int):
    """The coding suite of judgekeeper, three runs at temperature 0: no item of 60 flips, or two with the quick rubric.

    A flip is one run against two, so two of the three pairs of an item differ.
    """
    runs: dict[str, list[str]] = {}
    for row in map(json.loads, RECORDED.read_text(encoding="utf-8").splitlines()):
        if row["rubric"] == wording:
            runs.setdefault(row["id"], []).append(row["verdict"])
    assert len(runs) == 60
    assert flip_rate(list(runs.values())) == pytest.approx(flipped * 2 / (60 * 3))
