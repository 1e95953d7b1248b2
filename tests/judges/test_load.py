"""Rubric files: what is written is what is meant, or an error says what to change."""

from importlib import resources
from pathlib import Path

import pytest

from adjudge.domain import BOOLEAN
from adjudge.errors import ConfigError, MissingError
from adjudge.judges.load import load_rubric

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
