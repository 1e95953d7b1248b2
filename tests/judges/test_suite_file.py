"""``judge_tests.yaml``: old files stay valid, and what cannot fail or cannot be made is refused."""

from importlib import resources
from pathlib import Path

import pytest

from adjudge.domain import FailureKind, JudgeFailure
from adjudge.errors import ConfigError, MissingError
from adjudge.judges.fields import item_fields, response_items, unreadable
from adjudge.judges.load import load_rubric
from adjudge.judges.rubric import RubricJudge
from adjudge.judges.suite.case import JudgeCase
from adjudge.judges.suite.run import run_suite
from adjudge.judges.suite.suite import Suite, load_suite
from adjudge.testing.judges import agreeing

TEMPLATE = Path(str(resources.files("adjudge"))) / "templates" / "contract_review"
RUBRIC = load_rubric(TEMPLATE / "rubric.yaml")
CASE = """
  - name: good
    metadata: {target_document: Pay within ninety days of receipt., reference: "[P] Within 30 days."}
    response:
      comments:
        - {guideline_id: P, text_excerpt: Pay within ninety days, comment: Too long., recommended_action: Shorten it.}
    answers: {grounded: 'yes'}
"""


def written(tmp_path: Path, text: str) -> Suite:
    path = tmp_path / "judge_tests.yaml"
    path.write_text(text)
    return load_suite(path, RUBRIC)


def shipped_cases() -> list[JudgeCase]:
    suite = load_suite(TEMPLATE / "judge_tests.yaml", RUBRIC)
    return [test for test in suite.tests if isinstance(test, JudgeCase)]


def test_the_shipped_cases_fit_the_shipped_rubric():
    """The template's cases name texts that are there exactly where they should be."""
    assert len(shipped_cases()) >= 8
    for case in shipped_cases():
        (ask,) = case.asks
        items = response_items(RUBRIC, ask.rollout().response)
        assert items, case.name
        for item in items:
            fields = item_fields(RUBRIC, ask.sample(), ask.rollout().response, item)
            for criterion in RUBRIC.criteria:
                lowest = unreadable(criterion, fields)
                # Where string search decides, the case must expect just that.
                assert lowest is None or case.answers.get(criterion.id, lowest.answer) == lowest.answer, case.name


async def test_a_model_that_agrees_with_everything_fails_the_shipped_suite():
    """String search does not save a yes-man, and not all tests are lost on it either."""
    suite = load_suite(TEMPLATE / "judge_tests.yaml", RUBRIC)
    quote = shipped_cases()[0].metadata["target_document"][:60]
    result = await run_suite(RubricJudge(RUBRIC, agreeing(RUBRIC, quote=quote)), suite)
    passed, count = result.count
    assert 0 < passed < count
    assert not result.passed


def test_a_failed_judge_passes_no_case():
    """No verdict, no pass: not even where the worst answer is expected."""
    for case in shipped_cases():
        failure = JudgeFailure(judge="f", rollout_id=case.name, kind=FailureKind.TIMEOUT)
        assert "no verdict: timeout" in case.problems({case.name: failure})[0]


def test_a_file_of_cases_alone_is_a_suite(tmp_path: Path):
    """The oldest form: cases, asked once, all of which must pass."""
    suite = written(tmp_path, f"cases:{CASE}")
    assert [(test.name, test.kind, test.must_pass) for test in suite.tests] == [("good", "case", True)]
    assert suite.repeats == 1


def test_a_response_is_asked_about_once(tmp_path: Path):
    """Tests that start from a case share its response."""
    more = f"cases:{CASE}ladders: [{{name: down, of: good, steps: [quote_altered]}}]"
    more += "\ninvariances: [{of: [good], changes: [rollout_id, whitespace]}]"
    suite = written(tmp_path, more)
    assert list(suite.asks) == ["good", "down/quote_altered", "good/rollout_id", "good/whitespace"]


def test_the_fingerprint_covers_what_the_tests_say(tmp_path: Path):
    """Comments do not change it, expectations do."""
    plain = written(tmp_path, f"cases:{CASE}").fingerprint
    assert written(tmp_path, f"# A comment.\ncases:{CASE}").fingerprint == plain
    assert written(tmp_path, f"cases:{CASE}".replace("grounded", "supported")).fingerprint != plain


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("cases: []", "cases"),
        ("cases: [{name: a, metadata: {}, response: x}]", "expects nothing"),
        ("cases: [{name: a, metadata: {}, response: x, answers: {grounded: perhaps}}]", "does not have"),
        ("cases: [{name: a, metadata: {}, response: x, answers: {style: 'yes'}}]", "does not have"),
        ("cases: [{name: a, metadata: {}, response: x, at_most: 2}]", "at_most"),
        ("cases:" + "\n- {name: a, metadata: {}, response: x, at_most: 0.0}" * 2, "called 'a'"),
        (f"cases:{CASE}ladder: []", "ladder: Extra"),
        (f"cases:{CASE}repeats: 0", "repeats"),
        (f"cases:{CASE}pairs: [{{name: p, good: good, bad: nobody}}]", "case 'nobody', which is not there"),
        (f"cases:{CASE}pairs: [{{name: p, good: {{set: {{a: 1}}}}, bad: {{set: {{a: 1}}}}}}]", "must name a case"),
        (f"cases:{CASE}pairs: [{{name: p, good: good, bad: {{replace: {{Sixty: x}}}}}}]", "'Sixty' does not stand in"),
        (f"cases:{CASE}pairs: [{{name: p, good: good, bad: {{}}}}]", "changes nothing"),
        (f"cases:{CASE}pairs: [{{name: p, good: good, bad: {{set: {{comments.3.comment: x}}}}}}]", "no comments.3"),
        (f"cases:{CASE}pairs: [{{name: p, good: good, bad: {{metadata: {{law: x}}}}}}]", "no metadata.law"),
        (f"cases:{CASE}pairs: [{{name: p, good: good, bad: good, bad_answers: {{style: a}}}}]", "does not have"),
        (f"cases:{CASE}ladders: [{{name: l, of: good, steps: [made_worse]}}]", "no built-in step 'made_worse'"),
        (f"cases:{CASE}ladders: [{{name: l, of: good, steps: [parties_swapped]}}]", "name two with parties"),
        (f"cases:{CASE}ladders: [{{name: l, of: good, steps: [evidence_deleted, quote_altered]}}]", "no text_excerpt"),
        (f"cases:{CASE}ladders: [{{name: l, of: good, steps: []}}]", "steps"),
        (f"cases:{CASE}invariances: [{{of: [good], changes: [spelling]}}]", "spelling changes nothing"),
        (f"cases:{CASE}invariances: [{{of: [good], changes: [colour]}}]", "no built-in change 'colour'"),
        (f"cases:{CASE}attacks: {{families: [telepathy]}}", "no family 'telepathy'"),
    ],
)
def test_tests_that_cannot_work_are_refused(tmp_path: Path, text: str, says: str):
    """Without or with impossible expectations, or with a change that changes nothing: an error, not an eternal pass."""
    with pytest.raises(ConfigError, match=says):
        written(tmp_path, text)


def test_a_missing_file_is_told(tmp_path: Path):
    """No suite of nothing."""
    with pytest.raises(MissingError):
        load_suite(tmp_path / "none.yaml", RUBRIC)
