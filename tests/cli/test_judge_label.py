"""``adjudge judge label`` with keys from standard input."""

import io
import json
from pathlib import Path

import pytest

from adjudge.store.jsonl import read_jsonl
from adjudge.validation.gold import read_gold

RUBRIC = """
name: words
criteria:
  - {id: good, question: 'Is the word good?'}
  - id: long
    question: How long is it?
    scale: [short, middle, long]
"""


@pytest.fixture
def labelled(task: Path) -> Path:
    """The rehearsal task with two questions."""
    (task / "rubric.yaml").write_text(RUBRIC, encoding="utf-8")
    return task


@pytest.fixture
def press(adjudge, monkeypatch: pytest.MonkeyPatch):
    """Runs the command with these keys."""

    def run(keys: str, *arguments: object):
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{key}\n" for key in keys)))
        return adjudge("judge", "label", *arguments)

    return run


def test_answers_become_labels(press, labelled: Path):
    """One sealed row an answer, with the score of the scale, the row's group and a weight; readable as gold."""
    ended = press("y3nq", labelled, "--rater", "ada")
    assert ended.code == 0
    rows = read_jsonl(labelled / "gold.jsonl")
    assert [(row["criterion"], row["answer"], row["score"]) for row in rows] == [
        ("good", "yes", 1.0),
        ("long", "long", 1.0),
        ("good", "no", 0.0),
    ]
    assert rows[0]["item"] == rows[1]["item"] == f"reference/{rows[0]['group']}/0"
    assert {row["weight"] for row in rows} == {1.0}
    assert len(read_gold(labelled / "gold.jsonl")) == 3
    assert "ada: 3 of" in ended.out


def test_a_person_goes_on_where_they_stopped(press, labelled: Path):
    """The second sitting asks what the first left, end of input included; nothing is asked twice."""
    press("y1", labelled, "--rater", "ada", "--most", 2)
    told = json.loads(press("n2ny1", labelled, "--rater", "ada", "--most", 2, "--json").out)
    rows = read_jsonl(labelled / "gold.jsonl")
    assert len({(row["item"], row["criterion"]) for row in rows}) == len(rows) == 4
    assert (told["answered"], told["left"], told["by_rater"]) == (2, 0, {"ada": 4})


def test_undo_takes_the_label_back(press, labelled: Path):
    """After u the label is gone, and the question is open again; others' labels stay."""
    press("n1q", labelled, "--rater", "ben")
    press("yuq", labelled, "--rater", "ada")
    assert [row["rater"] for row in read_jsonl(labelled / "gold.jsonl")] == ["ben", "ben"]
    press("yunq", labelled, "--rater", "ada")
    assert [row["answer"] for row in read_jsonl(labelled / "gold.jsonl") if row["rater"] == "ada"] == ["no"]
    ended = press("uq", labelled, "--rater", "ada")
    assert "Nothing to undo" in ended.err


def test_skipped_questions_come_again(press, labelled: Path):
    """S writes nothing; the next sitting begins with that question."""
    told = json.loads(press("sq", labelled, "--rater", "ada", "--json").out)
    assert (told["skipped"], told["answered"]) == (1, 0)
    assert not (labelled / "gold.jsonl").exists()
    press("yq", labelled, "--rater", "ada")
    assert read_jsonl(labelled / "gold.jsonl")[0]["criterion"] == "good"


def test_several_people_and_their_agreement(press, labelled: Path):
    """Both are asked the same items; the outcome tells how often they agree."""
    for rater, keys in (("ada", "y1y2"), ("ben", "y1n2")):
        ended = press(keys, labelled, "--rater", rater, "--most", 2, "--json")
    told = json.loads(ended.out)
    assert told["by_rater"] == {"ada": 4, "ben": 4}
    assert told["agreement"] == {"good": 0.5, "long": 1.0}
    assert told["shared"] == {"good": 2, "long": 2}


def test_the_judge_is_not_told(press, labelled: Path, tmp_path: Path):
    """Scores decide which items are drawn; nothing of them is shown, and weights give the odds back."""
    rollouts = [{"id": f"r{n}", "sample_id": "word-16", "response": f"word {n}"} for n in range(40)]
    verdicts = [
        {
            "item": f"r{n}/0",
            "criterion": "good",
            "judge": "secret-judge",
            "answer": "yes" if n < 4 else "no",
            "score": float(n < 4),
            "status": "ok",
            "rationale": "hush",
        }
        for n in range(40)
    ]
    files = {}
    for name, rows in (("rollouts", rollouts), ("verdicts", verdicts)):
        files[name] = tmp_path / f"{name}.jsonl"
        files[name].write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    options = ("--rollouts", files["rollouts"], "--verdicts", files["verdicts"], "--most", 6)
    ended = press("y1" * 6, labelled, "--rater", "ada", *options)
    assert ended.code == 0
    assert "secret-judge" not in ended.err + ended.out
    assert "hush" not in ended.err + ended.out
    weights = {row["item"]: row["weight"] for row in read_jsonl(labelled / "gold.jsonl")}
    assert len(weights) == 6
    top = {f"r{n}/0" for n in range(4)} & set(weights)
    assert top
    assert max(weights[item] for item in top) < min(weights[item] for item in weights.keys() - top)


def test_a_hostile_response_cannot_move_the_cursor(press, labelled: Path, tmp_path: Path):
    """Escape sequences and direction overrides of a response are shown as replacement characters."""
    rollouts = tmp_path / "r.jsonl"
    response = "fine\x1b[2J\u202eevil\ud83d"
    rollouts.write_text(json.dumps({"sample_id": "word-16", "response": response}), encoding="utf-8")
    ended = press("q", labelled, "--rater", "ada", "--rollouts", rollouts)
    assert ended.code == 0
    assert "\x1b" not in ended.err
    assert "\u202e" not in ended.err
    assert "fine\ufffd[2J\ufffdevil" in ended.err


def test_other_keys_are_told_and_asked_again(press, labelled: Path):
    """A key that means nothing here changes nothing."""
    ended = press("9yq", labelled, "--rater", "ada")
    assert "press one of: n y u s q" in ended.err
    assert [row["answer"] for row in read_jsonl(labelled / "gold.jsonl")] == ["yes"]


def test_a_torn_last_line_is_mended(press, labelled: Path):
    """A label cut by a crash is asked again; the whole ones stay."""
    press("y1q", labelled, "--rater", "ada", "--most", 1)
    gold = labelled / "gold.jsonl"
    gold.write_bytes(gold.read_bytes()[:-20])
    press("2", labelled, "--rater", "ada", "--most", 1)
    assert [row["answer"] for row in read_jsonl(gold)] == ["yes", "middle"]


def test_a_file_of_others_is_not_added_to(press, labelled: Path):
    """Rows without checksums are left as they are: exit code 2, and another file is proposed."""
    gold = labelled / "gold.jsonl"
    gold.write_text('{"item": "a", "criterion": "good", "rater": "x", "score": 1.0}\n', encoding="utf-8")
    before = gold.read_bytes()
    ended = press("y", labelled, "--rater", "ada")
    assert ended.code == 2
    assert "--out" in ended.err
    assert gold.read_bytes() == before


@pytest.mark.parametrize(("rollout", "code"), [({"sample_id": "nobody", "response": "x"}, 2), (None, 3)])
def test_responses_must_be_there_and_belong_to_the_task(press, labelled: Path, tmp_path: Path, rollout, code: int):
    """A missing file is 3; a response to a row that nobody knows is 2."""
    rollouts = tmp_path / "r.jsonl"
    if rollout:
        rollouts.write_text(json.dumps(rollout), encoding="utf-8")
    assert press("y", labelled, "--rater", "ada", "--rollouts", rollouts).code == code


def test_a_rater_has_a_name(press, labelled: Path):
    """Labels without a person would be counted as one."""
    assert press("y", labelled, "--rater", " ").code == 2
