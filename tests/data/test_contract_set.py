import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from adjudge.evaluation.contract_metrics import contract_metrics
from adjudge.wire.contract_windows import read_contract_windows

ROOT = Path(__file__).parents[2]
DATA = ROOT / "src/adjudge/templates/contract_review/data"
SPLITS = ("train", "validation", "test")


def rows(split: str) -> list[dict[str, Any]]:
    """The rows of one shipped file."""
    return [json.loads(line) for line in (DATA / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()]


def test_the_files_are_what_a_build_gives() -> None:
    """The build's own check passes: same bytes, every label true to its text, no contract in two splits."""
    done = subprocess.run(
        [sys.executable, "-m", "scripts.contract_set.build", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_set_is_as_large_and_mixed_as_it_says() -> None:
    """420 rows, 50 guidelines of which each has an issue in training, about 60 % of rows with an issue."""
    assert [len(rows(split)) for split in SPLITS] == [300, 40, 80]
    kinds = Counter(row["window_kind"] for split in SPLITS for row in rows(split))
    assert kinds == {"issue": 252, "compliant": 84, "clean": 84}
    issues = {found["guideline_id"] for row in rows("train") for found in row["expert_findings"] if found["is_issue"]}
    assert len(issues) == 50


def test_the_same_clause_is_an_issue_for_one_side_and_fine_for_the_other() -> None:
    """Twin rows share their text, not their reference, and their labels differ: the reference has to be read."""
    for split in SPLITS:
        by_id = {row["id"]: row for row in rows(split)}
        twins = [row for row in by_id.values() if "twin_of" in row["meta"]]
        assert twins
        for row in twins:
            other = by_id[row["meta"]["twin_of"]]
            assert row["target_document"] == other["target_document"]
            assert (other["window_kind"], row["window_kind"]) == ("issue", "compliant")


@pytest.mark.parametrize("split", SPLITS)
def test_the_expert_answer_gets_full_marks(split: str) -> None:
    """The answer made from the labels keeps the schema, is grounded and finds everything that is to be found."""
    for sample in read_contract_windows(DATA / f"{split}.jsonl", max_comments=3):
        assert isinstance(sample.reference_answer, str)
        metrics = contract_metrics(sample, sample.reference_answer)
        assert (metrics.schema_ok, metrics.finding_f1) == (1, 1)
        assert metrics.grounding_precision in (1, None)
        assert metrics.duplicates == 0


@pytest.mark.parametrize("split", SPLITS)
def test_issues_come_with_an_expert_s_sentence_and_instruction(split: str) -> None:
    """Every issue has a comment of at most 25 words and an action of at most 16; text that complies has neither."""
    for row in rows(split):
        for found in row["expert_findings"]:
            assert ("comment" in found) == ("recommended_action" in found) == found["is_issue"]
            if found["is_issue"]:
                assert 4 <= len(found["comment"].split()) <= 25
                assert 2 <= len(found["recommended_action"].split()) <= 16
