"""PandaLM's test set (Wang et al. 2024, arXiv 2306.05087): pairs of answers, three annotators, two recorded judges.

Reads ``testset-v1.json``, ``gpt-3.5-turbo-testset-v1.json`` and ``pandalm-7b-testset-v1.json``. Each pair was judged in
one order. GPT-3.5's verdicts that the authors called garbage are unparsable.
"""

from pathlib import Path
from typing import Any, Final

from adjudge.wire.recorded.base import SCORES, Recorded, Row, converted, json_of, paired_answer

CRITERION: Final = "better"
_ANSWERS: Final = {0: "tie", 1: "first", 2: "second", "Tie": "tie", "1": "first", "2": "second", "garbage": None}
_JUDGES: Final = {"gpt-3.5-turbo": "gpt", "pandalm-7b": "pandalm"}
"""Name of the judge, as in the file's name -> what its keys begin with."""


def read_pandalm(folder: Path) -> Recorded:
    """The verdicts of both judges, and the labels of all three annotators.

    Raises:
        MissingError: a file is not there.
        DataError: a record is not as published.
    """
    name = "testset-v1.json"
    pairs = json_of(folder, name)
    gold = [row for rows in converted(folder / name, pairs, _labels) for row in rows]
    compared = dict(converted(folder / name, pairs, lambda pair: (pair["idx"], pair["cmp_key"])))
    verdicts: list[Row] = []
    for judge, key in _JUDGES.items():
        name = f"{judge}-testset-v1.json"

        def verdict(record: Any, judge: str = judge, key: str = key) -> Row:  # noqa: ANN401  (a record of JSON)
            row = _verdict(record["idx"], compared[record["idx"]], judge, _ANSWERS[record[f"{key}_result"]])
            return row | {"rationale": record[f"{key}_reason"]}

        verdicts += converted(folder / name, json_of(folder, name), verdict)
    return Recorded(
        verdicts,
        gold,
        ("The authors left out pairs with large disagreement, so people agree better here than they would.",),
    )


def _labels(pair: Any) -> list[Row]:  # noqa: ANN401  (a record of JSON)
    rows = []
    for number in (1, 2, 3):
        answer = _ANSWERS[pair[f"annotator{number}"]]
        assert answer is not None  # people always answered
        label = {"criterion": CRITERION, "rater": f"annotator {number}", "answer": answer, "score": SCORES[answer]}
        rows.append({"item": str(pair["idx"]), **label})
    return rows


def _verdict(idx: int, models: str, judge: str, answer: str | None) -> Row:
    return {
        "item": str(idx),
        "group": str(idx),
        "candidate": str(idx),
        "judge": f"recorded/{judge}",
        "judge_name": judge,
        "criterion": CRITERION,
        "variant": "base",
        "order": "base",
        "repeat": 0,
        "policy": models,
        **paired_answer(answer),
    }
