"""Recorded verdicts on the command line: no task, no endpoint, no key."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]

SHARED = Path(__file__).parents[3] / "shared/data/judging"
needs_sets = pytest.mark.skipif(not SHARED.is_dir(), reason="the recorded sets are not beside the repository")


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """A set of two judges and three pairs, as LLMBar publishes it; one reply has no verdict."""
    lines = [
        {"s": f"LLMBar/{part}", "i": 0, "judge": judge, "prompt": "CoT", "label": 1, "w": winners}
        for judge, part, winners in [
            ("GPT-4", "Natural", ["1", "1"]),
            ("GPT-4", "Adversarial/Manual", ["1", "2"]),
            ("Falcon", "Natural", ["2", None]),
            ("Falcon", "Adversarial/Manual", ["2", "2"]),
        ]
    ]
    folder = tmp_path / "llmbar"
    folder.mkdir()
    (folder / "verdicts.jsonl.gz").write_bytes(gzip.compress("".join(json.dumps(x) + "\n" for x in lines).encode()))
    return folder


def test_judges_stand_side_by_side(adjudge: Command, recorded: Path):
    """A row a judge, a column a slice; how many replies had no verdict, and both readings of them."""
    ended = adjudge("judge", "validate", "--replay", recorded, "--from", "llmbar")
    assert ended.code == 0, ended.err
    rows = [line.split() for line in ended.out.splitlines()]
    assert ["judge", "no", "verdict", "all", "Natural", "Manual"] in rows
    assert ["GPT-4/CoT", "0", "of", "4", "75.0/50.0", "100.0/100.0", "50.0/0.0"] in rows
    assert ["Falcon/CoT", "1", "of", "4", "0.0/50.0", "0.0/0.0", "0.0/100.0"] in rows
    assert ["Falcon/CoT", "4", "1", "0.0000", "0.0000", "0.5000", "0.5000"] in rows


def test_the_document_holds_what_the_table_shows(adjudge: Command, recorded: Path, tmp_path: Path):
    """`--json` prints one document, `--out` writes the same one."""
    ended = adjudge("judge", "validate", "--replay", recorded, "--from", "llmbar", "--out", "here", "--json")
    assert ended.code == 0, ended.err
    data = json.loads(ended.out)
    assert json.loads((tmp_path / "here/replay.json").read_text()) == data
    whole = next(row for row in data["agreement"] if row["name"] == "GPT-4/CoT" and row["slice"] is None)
    assert whole["accuracy"] == {"as_tie": 0.75, "as_wrong": 0.75}


def test_each_judge_has_its_passports_checks(adjudge: Command, recorded: Path):
    """Below the tables, judge by judge: what can be decided is, and what rows are missing is told."""
    ended = adjudge("judge", "validate", "--replay", recorded, "--from", "llmbar", "--judge", "Falcon/*", "--json")
    (judge,) = json.loads(ended.out)["judges"]
    outcomes = {check["name"]: check["outcome"] for check in judge["checks"]}
    assert outcomes["failures"] == "FAIL"
    assert outcomes["repeats"] == "NOT ENOUGH DATA"
    told = adjudge("judge", "validate", "--replay", recorded, "--from", "llmbar").out
    of_each = [part.split("\n\n")[0] for part in told.split("/CoT is ")[1:]]
    assert ["  FAIL  " in part for part in of_each] == [False, True]


def test_what_is_imported_replays_alike(adjudge: Command, recorded: Path):
    """`import` writes verdicts and labels as anybody's; they give the same figures."""
    made = adjudge("judge", "import", recorded, "--from", "llmbar", "--out", "set")
    assert made.code == 0, made.err
    again = adjudge("judge", "validate", "--replay", "set/verdicts.jsonl", "--gold", "set/gold.jsonl", "--json")
    first = adjudge("judge", "validate", "--replay", recorded, "--from", "llmbar", "--json")
    for key in ("judges", "agreement", "people"):
        assert json.loads(again.out)[key] == json.loads(first.out)[key]


@pytest.mark.parametrize("name", ["GPT-4/CoT", "recorded/GPT-4/CoT", "GPT*"])
def test_a_judge_can_be_picked(name: str, adjudge: Command, recorded: Path):
    """By name, by fingerprint or by pattern."""
    ended = adjudge("judge", "validate", "--replay", recorded, "--from", "llmbar", "--judge", name, "--json")
    assert [judge["name"] for judge in json.loads(ended.out)["judges"]] == ["GPT-4/CoT"]


def test_a_judge_that_is_not_there_is_an_error(adjudge: Command, recorded: Path):
    """The names that are there are told."""
    ended = adjudge("judge", "validate", "--replay", recorded, "--from", "llmbar", "--judge", "GPT-5/CoT")
    assert ended.code == 2
    assert "GPT-4/CoT" in ended.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "Neither a TASK nor --replay"),
        (["task", "--replay", "llmbar"], "Both a TASK and --replay"),
        (["task", "--judge", "GPT-4"], "--judge is for --replay"),
        (["task", "--from", "llmbar"], "--from is for --replay"),
        (["--replay", "llmbar"], "is a folder"),
        (["--replay", "llmbar", "--from", "lmbar"], "Did you mean --from llmbar?"),
        (["--replay", "llmbar", "--from", "summeval", "--gold", "gold.jsonl"], "summeval_expert.jsonl"),
        (["--replay", "verdicts.jsonl"], "verdicts.jsonl cannot be read"),
    ],
)
def test_a_request_that_is_no_replay_says_why(arguments: list[str], told: str, adjudge: Command, recorded: Path):
    """Three lines, and nothing on stdout."""
    ended = adjudge("judge", "validate", *arguments)
    assert ended.code in {2, 3}
    assert told in ended.err
    assert ended.out == ""


def test_import_tells_the_formats_that_there_are(adjudge: Command, recorded: Path):
    """Rubrics, graders and recorded sets are read by one command."""
    ended = adjudge("judge", "import", recorded, "--from", "llmbarr", "--out", "set")
    assert ended.code == 2
    assert "prometheus" in ended.err
    assert "Did you mean --from llmbar?" in ended.err


@needs_sets
@pytest.mark.parametrize(
    ("name", "folder", "shown"),
    [
        ("llmbar", "llmbar", "GPT-4/Vanilla_NoRules 11 of 1770 77.0/87.8 93.5/97.0 64.2/89.6 76.6/90.2"),
        ("pandalm", "pandalm", "gpt-3.5-turbo 999 25 0.7107 0.6977"),
        ("flakyjudge", "flakyjudge", "llama-8b/bare/logprob 5 of 996 0.350 0.423"),
        ("hanna", "hanna", "explanation/guidelines 100 3 0.234 0.902"),
        ("summeval", "summeval", "coherence 1600 3 0.554"),
        ("paperbench", "paperbench-judgeeval", "o1-2024-12-17_high Overall 2693 0.842 0.842 971/218/202/1302"),
        ("judgekeeper", "judgekeeper-fields", "claude-haiku-4-5-20251001/quick 0 of 513 94.9 85.6 100.0 100.0"),
    ],
)
def test_one_command_prints_a_published_set(name: str, folder: str, shown: str, adjudge: Command):
    """The line that the authors' numbers stand in."""
    ended = adjudge("judge", "validate", "--replay", SHARED / folder, "--from", name)
    assert ended.code == 0, ended.err
    assert shown in "\n".join(" ".join(line.split()) for line in ended.out.splitlines())


def test_verdicts_without_labels_say_so(adjudge: Command, recorded: Path):
    """No agreement is made up, and the way to have some is told."""
    adjudge("judge", "import", recorded, "--from", "llmbar", "--out", "set")
    ended = adjudge("judge", "validate", "--replay", "set/verdicts.jsonl")
    assert ended.code == 0, ended.err
    assert "--gold names a file of labels" in ended.out
    assert "Share of answers" not in ended.out


@needs_sets
@pytest.mark.parametrize(
    ("judge", "failed"),
    [("llama-8b/bare", {"people", "wording"}), ("gemini-flash/bare", set())],
)
def test_a_reliable_judge_that_is_wrong_fails_its_passport(judge: str, failed: set[str], adjudge: Command):
    """Llama repeats itself and follows neither people nor the question; a strong judge lacks data and fails nothing."""
    ended = adjudge(
        "judge", "validate", "--replay", SHARED / "flakyjudge", "--from", "flakyjudge", "--judge", judge, "--json"
    )
    (found,) = json.loads(ended.out)["judges"]
    outcomes = {check["name"]: check["outcome"] for check in found["checks"]}
    assert {name for name, outcome in outcomes.items() if outcome == "FAIL"} == failed
    assert outcomes["failures"] == outcomes["cross_judge"] == "PASS"
    assert {outcomes[name] for name in ("attacks", "group", "suite")} == {"NOT ENOUGH DATA"}
    if not failed:
        assert outcomes["repeats"] == outcomes["calibration"] == "PASS"
