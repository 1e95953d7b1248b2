"""LLMBar (Zeng et al. 2024, arXiv 2310.07641): pairs with an objectively better output, and six judges' verdicts.

Reads ``verdicts.jsonl.gz``, where each line holds the winners in the given and in the swapped order. A judge is a model
with a prompt. ``Vanilla_NoRules`` is what the paper calls Vanilla.
"""

from pathlib import Path
from typing import Any, Final

from adjudge.wire.recorded.base import SCORES, Recorded, Row, converted, lines_of, paired_answer

CRITERION: Final = "better"
ORDERS: Final = ("base", "swapped")
_ANSWERS: Final = {1: "first", 2: "second", "1": "first", "2": "second"}
_PAPER: Final = ("Natural", "Neighbor", "GPTInst", "GPTOut", "Manual")
"""The paper's five subsets, in its order; they come first."""

_AUTHORS: Final = "authors"
_PEOPLE: Final = "majority"
"""The processed subsets keep the majority of several people's votes."""


def read_llmbar(folder: Path) -> Recorded:
    """The verdicts of all judges and prompts, subset by subset.

    Raises:
        MissingError: ``verdicts.jsonl.gz`` is not there.
        DataError: a line is not a pair of verdicts.
    """
    name = "verdicts.jsonl.gz"
    lines = sorted(lines_of(folder, name), key=_rank)
    verdicts = [row for rows in converted(folder / name, lines, _verdicts) for row in rows]
    gold = {row["item"]: row for row in converted(folder / name, lines, _gold)}
    return Recorded(verdicts, list(gold.values()), ("A judge is a model with a prompt; every pair was shown twice.",))


def _rank(line: Any) -> int:  # noqa: ANN401  (a line of JSON)
    part = _slice(line["s"])
    return _PAPER.index(part) if part in _PAPER else len(_PAPER)


def _slice(subset: str) -> str:
    """``LLMBar/Adversarial/Neighbor`` is ``Neighbor`` in the paper's tables."""
    return subset.removeprefix("LLMBar/").removeprefix("Adversarial/").removeprefix("Processed/")


def _item(line: Any) -> str:  # noqa: ANN401  (a line of JSON)
    return f"{_slice(line['s'])}/{line['i']}"


def _verdicts(line: Any) -> list[Row]:  # noqa: ANN401  (a line of JSON)
    item, judge = _item(line), f"{line['judge']}/{line['prompt']}"
    return [
        {
            "item": item,
            "group": item,
            "candidate": item,
            "judge": f"recorded/{judge}",
            "judge_name": judge,
            "criterion": CRITERION,
            "variant": "base",
            "order": order,
            "repeat": 0,
            "slice": _slice(line["s"]),
            **paired_answer(None if winner is None else _ANSWERS[winner]),
        }
        for order, winner in zip(ORDERS, line["w"], strict=True)
    ]


def _gold(line: Any) -> Row:  # noqa: ANN401  (a line of JSON)
    answer = _ANSWERS[line["label"]]
    rater = _PEOPLE if line["s"].startswith("Processed/") else _AUTHORS
    return {"item": _item(line), "criterion": CRITERION, "rater": rater, "answer": answer, "score": SCORES[answer]}
