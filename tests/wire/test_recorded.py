"""Readers of recorded judges, on small sets written as their authors publish them."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adjudge.errors import ConfigError, DataError, MissingError
from adjudge.validation.gold import GoldRow
from adjudge.validation.table import table_of
from adjudge.wire.recorded.base import Recorded
from adjudge.wire.recorded.formats import FORMATS, read_recorded

Files = dict[str, str]


def lines(*rows: object) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def csv(*rows: str) -> str:
    return "\n".join(rows) + "\n"


LLMBAR = {
    "verdicts.jsonl.gz": lines(
        {"s": "CaseStudy/Normal", "i": 0, "judge": "GPT-4", "prompt": "CoT", "label": 2, "w": ["2", "2"]},
        {"s": "LLMBar/Adversarial/Manual", "i": 3, "judge": "GPT-4", "prompt": "CoT", "label": 1, "w": ["1", "2"]},
        {"s": "LLMBar/Natural", "i": 3, "judge": "PaLM2", "prompt": "CoT", "label": 1, "w": [None, "1"]},
        {"s": "Processed/FairEval", "i": 0, "judge": "PaLM2", "prompt": "CoT", "label": 2, "w": ["2", "1"]},
    )
}
PANDALM = {
    "testset-v1.json": json.dumps(
        [
            {"idx": 7, "cmp_key": "a_b", "annotator1": 1, "annotator2": 2, "annotator3": 0},
            {"idx": 8, "cmp_key": "a_c", "annotator1": 2, "annotator2": 2, "annotator3": 2},
        ]
    ),
    "gpt-3.5-turbo-testset-v1.json": json.dumps(
        [
            {"idx": 7, "gpt_result": "garbage", "gpt_reason": ""},
            {"idx": 8, "gpt_result": "Tie", "gpt_reason": "equal"},
        ]
    ),
    "pandalm-7b-testset-v1.json": json.dumps(
        [
            {"idx": 7, "pandalm_result": 0, "pandalm_reason": "equal"},
            {"idx": 8, "pandalm_result": 2, "pandalm_reason": "shorter"},
        ]
    ),
}
FLAKYJUDGE = {
    "judge_models.json": json.dumps({"gpt-4o": "gpt-4o-2024-11-20", "haiku": "claude-haiku-4-5"}),
    "items.jsonl": lines(
        {"item_id": "flask-1", "dataset": "flask", "human_score": [5, 4, 1], "response_chars": 20},
        {"item_id": "biggen-1", "dataset": "biggen", "human_score": -1, "response_chars": 30},
    ),
    "e1_scores.csv.gz": csv(
        "item_id,dataset,judge,prompt_mode,score_direct,score_logprob,raw_text",
        "flask-1,flask,gpt-4o,bare,4.0,3.5,4",
        "flask-1,flask,haiku,parity,,,I would say",
        "biggen-1,biggen,gpt-4o,bare,5.0,5.0,5",
    ),
    "e2_scores.csv.gz": csv(
        "item_id,judge,condition,repeat_idx,score_direct,score_logprob",
        "flask-1,gpt-4o,repeat_t0,0,4.0,3.5",
        "flask-1,gpt-4o,repeat_t0,1,5.0,3.6",
        "flask-1,gpt-4o,repeat_t1,0,3.0,3.5",
        "flask-1,haiku,order_standard,0,1.0,",
        "flask-1,haiku,order_reversed,0,2.0,",
    ),
    "e3_scores.csv.gz": csv(
        "item_id,judge,variant_type,score_direct,score_logprob",
        "flask-1,haiku,original,1.0,",
        "flask-1,haiku,lexical,2.0,",
        "flask-1,haiku,control_negated,5.0,",
        "flask-1,haiku,control_swapped,3.0,",
    ),
    "e4_scores.csv.gz": csv(
        "item_id,judge,kind,score_direct,score_logprob",
        "flask-1,haiku,original,1.0,",
        "flask-1,haiku,padded,2.0,",
    ),
}
HANNA = {
    "hanna.csv": csv(
        "story_id,system,Human 1 RE,Human 2 RE,Human 1 CX,ChatGPT RE 1,ChatGPT RE 2,Text length,Repetition-1",
        "97,GPT,4,5,1,4.3333,0.6667,248,0.1",
    ),
    "user_study.csv": csv(
        "Input.story_id,Input.explanation,Answer.a-1-guidelines.1,Answer.a-2-syntax.1",
        '8,"one, two",1,0',
        '8,"one, two",0,0',
        '8,"one, two",1,0',
        "8,another,1,1",
    ),
}
SUMMEVAL = {
    "summeval_expert.jsonl": lines({"doc_id": "d", "system": "M1", "summary": "s", "experts": {"fluency": [5, 3, 1]}})
}


def node(name: str, weight: float, score: float, *children: dict[str, Any]) -> dict[str, Any]:
    category = None if children else "Code Execution"
    return {"id": name, "weight": weight, "score": score, "task_category": category, "sub_tasks": list(children)}


PAPERBENCH = {
    "paper.json.gz": json.dumps(node("root", 1, 0.25, node("yes", 1, 1.0), node("no", 3, 0.0))),
    "published_metrics_table_gpt.csv": csv(",accuracy,precision,recall,f1", "Overall,0.5,0.25,0.5,0.3333"),
    "published_perf_table.csv": csv("Model,Overall,Code Execution", "gpt,0.3333,0.3333", "Random Baseline,0.5,0.4"),
}
JUDGEKEEPER = {
    "coding.items.jsonl": lines({"id": "c1", "output": "done", "human_label": "pass", "notes": "all tests pass"}),
    "coding.verdicts.jsonl": lines(
        {"id": "c1", "rubric": "full", "run": 1, "verdict": "pass", "reason": "it is"},
        {"id": "c1", "rubric": "quick", "run": 3, "verdict": "fail", "reason": "is it?"},
    ),
}
SETS = {
    "flakyjudge": FLAKYJUDGE,
    "hanna": HANNA,
    "judgekeeper": JUDGEKEEPER,
    "llmbar": LLMBAR,
    "pandalm": PANDALM,
    "paperbench": PAPERBENCH,
    "summeval": SUMMEVAL,
}

Read = Callable[..., Recorded]


def write(folder: Path, files: Files) -> None:
    for name, text in files.items():
        data = text.encode()
        (folder / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Writes a set's files, some of them changed, and reads them."""

    def written(name: str, **changed: str) -> Recorded:
        write(tmp_path, SETS[name] | changed)
        return read_recorded(name, tmp_path)

    return written


def told(found: Recorded, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row.get(column) for column in columns) for row in found.verdicts]


def labels(found: Recorded, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row.get(column) for column in columns) for row in found.gold]


def test_every_format_has_a_small_set_here():
    """A new reader comes with a set to read."""
    assert set(SETS) == set(FORMATS)


@pytest.mark.parametrize("name", FORMATS)
def test_a_set_is_rows_of_our_own_files(name: str, read: Read):
    """Verdicts pass as rows of the table and labels as gold; an unreadable reply has item and criterion, no score."""
    found = read(name)
    table = table_of(found.verdicts)
    assert len(table) == len(found.verdicts)
    assert [GoldRow.model_validate(row) for row in found.gold]
    assert (table.item.known & table.criterion.known & table.judge_name.known).all()
    assert not table.score.known[table.failed].any()
    assert all(row["judge"] == f"recorded/{row['judge'].removeprefix('recorded/')}" for row in found.verdicts)


def test_llmbar_verdicts_are_about_the_base_order(read: Read):
    """Winners are mapped back already, so the order says only what was shown; the paper's subsets come first."""
    found = read("llmbar")
    assert told(found, "judge_name", "item", "order", "answer", "score", "status") == [
        ("PaLM2/CoT", "Natural/3", "base", None, None, "unparsable"),
        ("PaLM2/CoT", "Natural/3", "swapped", "first", 1.0, "ok"),
        ("GPT-4/CoT", "Manual/3", "base", "first", 1.0, "ok"),
        ("GPT-4/CoT", "Manual/3", "swapped", "second", 0.0, "ok"),
        ("GPT-4/CoT", "CaseStudy/Normal/0", "base", "second", 0.0, "ok"),
        ("GPT-4/CoT", "CaseStudy/Normal/0", "swapped", "second", 0.0, "ok"),
        ("PaLM2/CoT", "FairEval/0", "base", "second", 0.0, "ok"),
        ("PaLM2/CoT", "FairEval/0", "swapped", "first", 1.0, "ok"),
    ]
    assert labels(found, "item", "rater", "score")[0] == ("Natural/3", "authors", 1.0)
    assert ("FairEval/0", "majority", 0.0) in labels(found, "item", "rater", "score")


def test_pandalm_has_three_annotators_and_two_judges(read: Read):
    """0 is a tie; what the authors called garbage has no score."""
    found = read("pandalm")
    assert told(found, "judge_name", "item", "answer", "score", "status", "rationale") == [
        ("gpt-3.5-turbo", "7", None, None, "unparsable", ""),
        ("gpt-3.5-turbo", "8", "tie", 0.5, "ok", "equal"),
        ("pandalm-7b", "7", "tie", 0.5, "ok", "equal"),
        ("pandalm-7b", "8", "second", 0.0, "ok", "shorter"),
    ]
    assert labels(found, "item", "score")[:3] == [("7", 1.0), ("7", 0.0), ("7", 0.5)]


def test_flakyjudge_prompts_readings_and_temperatures_are_judges_of_their_own(read: Read):
    """One reply is read as a digit and by its probabilities; calls that several experiments share stand once."""
    found = read("flakyjudge")
    assert told(found, "judge", "item", "variant", "order", "repeat", "score") == [
        ("recorded/gpt-4o-2024-11-20/bare", "flask-1", "base", "base", 0, 0.75),
        ("recorded/gpt-4o-2024-11-20/bare/logprob", "flask-1", "base", "base", 0, 0.625),
        ("recorded/claude-haiku-4-5/parity", "flask-1", "base", "base", 0, None),
        ("recorded/gpt-4o-2024-11-20/bare", "biggen-1", "base", "base", 0, 1.0),
        ("recorded/gpt-4o-2024-11-20/bare/logprob", "biggen-1", "base", "base", 0, 1.0),
        ("recorded/gpt-4o-2024-11-20/bare", "flask-1", "base", "base", 1, 1.0),
        ("recorded/gpt-4o-2024-11-20/bare/logprob", "flask-1", "base", "base", 1, 0.65),
        ("recorded/gpt-4o-2024-11-20/bare/t1", "flask-1", "base", "base", 0, 0.5),
        ("recorded/gpt-4o-2024-11-20/bare/t1/logprob", "flask-1", "base", "base", 0, 0.625),
        ("recorded/claude-haiku-4-5/bare", "flask-1", "field_order", "base", 0, 0.25),
        ("recorded/claude-haiku-4-5/bare", "flask-1", "reworded/lexical", "base", 0, 0.25),
        ("recorded/claude-haiku-4-5/bare", "flask-1", "negated", "base", 0, 1.0),
        ("recorded/claude-haiku-4-5/bare", "flask-1", "swapped_criterion", "base", 0, 0.5),
        ("recorded/claude-haiku-4-5/bare", "flask-1", "padded", "base", 0, 0.25),
    ]


def test_flakyjudge_leaves_out_labels_that_nobody_gave(read: Read):
    """-1 stands where BiGGen has no label; a score of a padded response does not get the original's length."""
    found = read("flakyjudge")
    assert labels(found, "item", "rater", "score") == [
        ("flask-1", "rater 1", 1.0),
        ("flask-1", "rater 2", 0.75),
        ("flask-1", "rater 3", 0.0),
    ]
    assert {row["variant"] for row in found.verdicts if "length" not in row} == {"padded"}


def test_hanna_scores_below_the_scale_are_unreadable(read: Read):
    """A mean of tries that counts unreadable ones as -1 is no score; the prompt is the number within a system."""
    found = read("hanna")
    assert told(found, "judge_name", "criterion", "group", "score", "status", "policy", "length") == [
        ("ChatGPT/prompt-1", "relevance", "prompt 1", pytest.approx(3.3333 / 4), "ok", "GPT", 248),
        ("ChatGPT/prompt-2", "relevance", "prompt 1", None, "unparsable", "GPT", 248),
    ]
    assert labels(found, "item", "criterion", "rater", "score")[:3] == [
        ("97", "relevance", "rater 1", 0.75),
        ("97", "relevance", "rater 2", 1.0),
        ("97", "complexity", "rater 1", 0.0),
    ]


def test_hannas_user_study_has_three_raters_an_explanation(read: Read):
    """Three rows in a row are one explanation."""
    rows = [row for row in labels(read("hanna"), "item", "criterion", "rater", "answer") if "explanation" in row[0]]
    assert rows[:4] == [
        ("explanation 0", "explanation/guidelines", "rater 1", "yes"),
        ("explanation 0", "explanation/syntax", "rater 1", "no"),
        ("explanation 0", "explanation/guidelines", "rater 2", "no"),
        ("explanation 0", "explanation/syntax", "rater 2", "no"),
    ]
    assert rows[-1] == ("explanation 1", "explanation/syntax", "rater 1", "yes")


def test_summeval_has_experts_only(read: Read):
    """No verdict is made up."""
    found = read("summeval")
    assert found.verdicts == []
    assert labels(found, "item", "criterion", "rater", "score") == [
        ("d/M1", "fluency", "expert 1", 1.0),
        ("d/M1", "fluency", "expert 2", 0.5),
        ("d/M1", "fluency", "expert 3", 0.0),
    ]


def test_paperbench_has_trees_leaves_and_tables(read: Read):
    """Leaves are labels, trees keep their weights, and the random baseline has F1 alone."""
    found = read("paperbench")
    assert found.trees is not None
    assert [(child.id, child.weight, child.score) for child in found.trees["paper"].children] == [
        ("yes", 1.0, 1.0),
        ("no", 3.0, 0.0),
    ]
    assert labels(found, "item", "score", "group") == [("paper/yes", 1.0, "paper"), ("paper/no", 0.0, "paper")]
    assert [(line.judge, line.category, line.accuracy, line.f1) for line in found.published] == [
        ("gpt", "Overall", 0.5, 0.3333),
        ("Random Baseline", "Overall", None, 0.5),
        ("Random Baseline", "Code Execution", None, 0.4),
    ]


def test_judgekeeper_labels_are_not_called_peoples(read: Read):
    """They come from how the replies were set up; runs are repeats, rubrics are judges."""
    found = read("judgekeeper")
    assert labels(found, "item", "rater", "score") == [("coding/c1", "set-up", 1.0)]
    assert told(found, "judge_name", "item", "repeat", "answer", "score", "slice") == [
        ("claude-haiku-4-5-20251001/full", "coding/c1", 0, "pass", 1.0, "coding"),
        ("claude-haiku-4-5-20251001/quick", "coding/c1", 2, "fail", 0.0, "coding"),
    ]


@pytest.mark.parametrize("name", FORMATS)
def test_an_empty_folder_is_missing_files(name: str, tmp_path: Path):
    """The error is about the folder, not about a line of code."""
    with pytest.raises(MissingError, match=r"Give the set's folder"):
        read_recorded(name, tmp_path)


@pytest.mark.parametrize(
    ("name", "file", "text", "problem"),
    [
        ("llmbar", "verdicts.jsonl.gz", "{", "Record 1"),
        ("llmbar", "verdicts.jsonl.gz", LLMBAR["verdicts.jsonl.gz"].replace('"1", "2"', '"1", "3"'), "foreign '3'"),
        ("pandalm", "testset-v1.json", "[", "not as this set"),
        ("pandalm", "pandalm-7b-testset-v1.json", '[{"idx": 9, "pandalm_result": 1}]', "foreign 9"),
        ("hanna", "hanna.csv", HANNA["hanna.csv"].replace("4.3333", "6.0"), "6.0 is not on the scale"),
        ("hanna", "user_study.csv", HANNA["user_study.csv"].replace('two",1', 'two",maybe'), "foreign 'maybe'"),
        ("summeval", "summeval_expert.jsonl", lines({"doc_id": "d"}), "no or a foreign"),
        ("paperbench", "paper.json.gz", json.dumps(node("root", 1, 0.5)), r"foreign 0\.5"),
        ("judgekeeper", "coding.verdicts.jsonl", lines({"id": "c9"}), "foreign 'c9'"),
        ("flakyjudge", "e4_scores.csv.gz", csv("item_id,judge,kind,score_direct", "x,haiku,padded,1"), "foreign 'x'"),
    ],
)
def test_what_is_not_as_published_is_refused(name: str, file: str, text: str, problem: str, read: Read):
    """A foreign value, a label out of range or a broken line is named, never guessed at."""
    with pytest.raises(DataError, match=problem):
        read(name, **{file: text})


def test_a_packed_file_that_is_not_packed_is_refused(tmp_path: Path):
    """So is text in another encoding."""
    (tmp_path / "verdicts.jsonl.gz").write_text("{}")
    with pytest.raises(DataError, match="not as this set was published"):
        read_recorded("llmbar", tmp_path)


def test_an_unknown_format_gets_a_suggestion(tmp_path: Path):
    """The nearest name is told."""
    with pytest.raises(ConfigError, match="llmbar"):
        read_recorded("llm-bar", tmp_path)
