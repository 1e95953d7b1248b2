"""judgekeeper's field suites (judgekeeper 0.1.3, MIT): known-good and known-bad replies, a judge asked three times.

Reads ``FIELD.items.jsonl`` and ``FIELD.verdicts.jsonl``. Labels come from how the replies were set up, not from people,
so the rater is called ``set-up``. Two rubrics make two judges.
"""

from pathlib import Path
from typing import Any, Final

from adjudge.errors import MissingError
from adjudge.wire.recorded.base import Recorded, Row, converted, lines_of, ok

CRITERION: Final = "pass"
MODEL: Final = "claude-haiku-4-5-20251001"
_SCORES: Final = {"pass": 1.0, "fail": 0.0}
_ITEMS: Final = ".items.jsonl"


def read_judgekeeper(folder: Path) -> Recorded:
    """The verdicts of all fields, rubrics and runs.

    Raises:
        MissingError: no field, or a field without verdicts.
        DataError: a line is not as published.
    """
    names = sorted(path.name for path in folder.glob(f"*{_ITEMS}"))
    if not names:
        raise MissingError(f"{folder} holds no *{_ITEMS}.", "Each field of the set has one.", "Give the set's folder.")
    verdicts: list[Row] = []
    gold: list[Row] = []
    for name in names:
        field = name.removesuffix(_ITEMS)
        items = lines_of(folder, name)
        gold += converted(folder / name, [(field, item) for item in items], _label)
        lengths = dict(converted(folder / name, items, lambda item: (item["id"], len(item["output"]))))
        told = f"{field}.verdicts.jsonl"

        def verdict(line: Any, field: str = field, lengths: dict[str, int] = lengths) -> Row:  # noqa: ANN401  (JSON)
            return _verdict(field, line, lengths[line["id"]])

        verdicts += converted(folder / told, lines_of(folder, told), verdict)
    return Recorded(verdicts, gold, ("Labels come from how the replies were set up, not from people.",))


def _verdict(field: str, line: Any, length: int) -> Row:  # noqa: ANN401  (a line of JSON)
    item, judge = f"{field}/{line['id']}", f"{MODEL}/{line['rubric']}"
    return {
        "item": item,
        "group": item,
        "candidate": item,
        "judge": f"recorded/{judge}",
        "judge_name": judge,
        "criterion": CRITERION,
        "variant": "base",
        "order": "base",
        "repeat": int(line["run"]) - 1,
        "slice": field,
        "length": length,
        "rationale": line["reason"],
        **ok(line["verdict"], _SCORES[line["verdict"]]),
    }


def _label(labelled: tuple[str, Any]) -> Row:
    field, item = labelled
    answer = item["human_label"]
    return {
        "item": f"{field}/{item['id']}",
        "criterion": CRITERION,
        "rater": "set-up",
        "answer": answer,
        "score": _SCORES[answer],
        "note": item["notes"],
    }
