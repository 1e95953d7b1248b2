"""Rubric files and judge tests: what is written is what is meant, or an error says what to change."""

from importlib import resources
from pathlib import Path

import pytest

from adjudge.domain import BOOLEAN, FailureKind, JudgeFailure
from adjudge.errors import ConfigError, MissingError
from adjudge.judges.cases import load_judge_cases
from adjudge.judges.fields import item_fields, response_items, unreadable
from adjudge.judges.load import load_rubric
from adjudge.judges.rubric import RubricJudge
from adjudge.testing.judges import agreeing

GOOD = """
name: test
version: 2
fields: {target_document: Document}
criteria:
  - id: grounded
    question: Is it so?
    scale: boolean
    weight: 3
  - id: quality
    question: How good?
    scale: [{label: 1, anchor: Bad.}, {label: no, anchor: Unclear.}, good]
"""
TEMPLATE = Path(str(resources.files("adjudge"))) / "templates" / "contract_review"


def write(path: Path, text: str) -> Path:
    """A rubric file with this text."""
    file = path / "rubric.yaml"
    file.write_text(text)
    return file


def test_short_scales_are_written_out(tmp_path: Path):
    """``boolean``, labels that YAML would take for numbers or booleans, and bare labels are labels."""
    rubric = load_rubric(write(tmp_path, GOOD))
    assert rubric.criteria[0].scale == BOOLEAN
    assert rubric.criteria[1].scale.labels == ("1", "no", "good")
    assert rubric.version == "2"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("weight: 3", "wieght: 3", "Did you mean 'weight'"),
        ("weight: 3", "wieght: 3", "criteria[grounded].wieght"),
        ("fields:", "feilds:", "Did you mean 'fields'"),
        ("anchor: Bad.", "ancor: Bad.", "Did you mean 'anchor'"),
        ("weight: 3", "weight: 3\n    weight: 4", "'weight' stands twice"),
        ("weight: 3", "weight: 3\n    weight: 4", "line 10"),
        ("weight: 3", "weight: .nan", "criteria[grounded].weight"),
        ("weight: 3", "weight: true", "criteria[grounded].weight"),
        ("name: test", "name: &a test\ntask: *a", "aliases"),
        ("id: quality", "id: grounded", "same id"),
        ("    question: Is it so?\n", "", "criteria[grounded].question: is needed"),
        ("weight: 3", "weight: [", "line"),
        ("name: test", "name: !!python/object/apply:os.getcwd []", "python/object"),
    ],
)
def test_a_wrong_rubric_is_told_with_the_place_and_the_cure(tmp_path: Path, old: str, new: str, says: str):
    """Each mistake is refused, and the message leads to it."""
    text = GOOD.replace(old, new, 1)
    assert text != GOOD
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_rubric(path)
    assert says in str(caught.value)
    assert str(path) in caught.value.what


def test_an_empty_or_missing_file_is_told(tmp_path: Path):
    """No rubric, no run."""
    with pytest.raises(MissingError):
        load_rubric(tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match="empty"):
        load_rubric(write(tmp_path, ""))


@pytest.mark.parametrize("name", ["rubric.yaml", "rubric-1to5.yaml"])
def test_the_shipped_rubrics_load(name: str):
    """Both rubrics of the template ask the same four questions, each with a wording for judges that only choose."""
    rubric = load_rubric(TEMPLATE / name)
    assert [criterion.id for criterion in rubric.criteria] == ["grounded", "consistent", "supported", "actionable"]
    assert all(criterion.choice_prompt and criterion.reads for criterion in rubric.criteria)


def test_the_shipped_judge_tests_fit_the_shipped_rubric():
    """The template's cases name texts that are there exactly where they should be."""
    rubric = load_rubric(TEMPLATE / "rubric.yaml")
    cases = load_judge_cases(TEMPLATE / "judge_tests.yaml", rubric)
    assert len(cases) >= 8
    for case in cases:
        items = response_items(rubric, case.rollout().response)
        assert items, case.name
        for item in items:
            fields = item_fields(rubric, case.sample(), case.rollout().response, item)
            for criterion in rubric.criteria:
                lowest = unreadable(criterion, fields)
                # Where string search decides, the case must expect just that.
                assert lowest is None or case.answers.get(criterion.id, lowest.answer) == lowest.answer, case.name


async def test_a_judge_that_agrees_with_everything_fails_the_judge_tests():
    """The suite can fail: a yes-man and a broken judge are both found out."""
    rubric = load_rubric(TEMPLATE / "rubric.yaml")
    cases = load_judge_cases(TEMPLATE / "judge_tests.yaml", rubric)
    problems = []
    for case in cases:
        quote = case.metadata["target_document"][:60]
        judgement = await RubricJudge(rubric, agreeing(rubric, quote=quote)).judge(case.sample(), case.rollout())
        problems.append(case.problems(judgement))
        failure = JudgeFailure(judge="f", rollout_id=case.name, kind=FailureKind.TIMEOUT)
        assert case.problems(failure)
    assert any(problems)
    assert not all(problems)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("cases: []", "cases"),
        ("cases: [{name: a, metadata: {}, response: x}]", "expects nothing"),
        ("cases: [{name: a, metadata: {}, response: x, answers: {grounded: perhaps}}]", "does not have"),
        ("cases: [{name: a, metadata: {}, response: x, answers: {style: 'yes'}}]", "does not have"),
        ("cases: [{name: a, metadata: {}, response: x, at_most: 2}]", "at_most"),
        (
            "cases:" + "\n- {name: a, metadata: {}, response: x, at_most: 0.0}" * 2,
            "called 'a'",
        ),
    ],
)
def test_judge_tests_that_cannot_work_are_refused(tmp_path: Path, text: str, says: str):
    """A case without or with impossible expectations is an error, not a test that always passes."""
    path = tmp_path / "judge_tests.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=says):
        load_judge_cases(path, load_rubric(write(tmp_path, GOOD)))
