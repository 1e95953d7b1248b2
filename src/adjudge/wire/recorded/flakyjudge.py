"""flakyjudge (Yarradla 2026): six judges, repeats, re-worded criteria, padded responses, and people on the same items.

Reads ``items.jsonl`` and the experiments ``e1`` to ``e4`` (``eN_scores.csv.gz``). The scale is 1 to 5. Judges differ in
the model, in the prompt (``bare``, or ``parity``: with rubric and reference) and, where the API told probabilities, in
the reading of the reply: ``logprob`` is the mean of the digits weighted by them. At temperature 1 a judge has another
fingerprint too: sampling is part of it.

The first repeat, the standard order and the originals of ``e2`` to ``e4`` are the calls of ``e1`` (their scores are
equal throughout), so each stands in the table once.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from adjudge.wire.recorded.base import UNPARSABLE, Recorded, Row, converted, json_of, lines_of, ok, on_scale, table_of

CRITERION: Final = "unit_test"
"""Each item has its own question; one name for all, so that figures pool them."""

_CONTROLS: Final = {"control_negated": "negated", "control_swapped": "swapped_criterion"}
"""Changed criteria that must change the verdict: the opposite, and another one."""

_NOBODY: Final = -1
"""What stands in place of a label that nobody gave."""

Place = tuple[str, str, int]
"""Ending of the judge's name, variant, repeat."""

PlaceOf = Callable[[Mapping[str, str]], Place | None]
"""Where a row of an experiment belongs; None where it is a call that stands in the table already."""


def read_flakyjudge(folder: Path) -> Recorded:
    """The scores of all experiments; a reply without a digit is unparsable.

    Raises:
        MissingError: a file is not there.
        DataError: a row is not as published.
    """
    models = json_of(folder, "judge_models.json")
    items = {item["item_id"]: item for item in lines_of(folder, "items.jsonl")}
    gold = [row for rows in converted(folder / "items.jsonl", items.values(), _labels) for row in rows]
    experiments = {f"{name}_scores.csv.gz": place for name, place in _EXPERIMENTS.items()}
    scores = {file: table_of(folder, file) for file in experiments}
    weighted = {row["judge"] for rows in scores.values() for row in rows if row.get("score_logprob")}

    def verdicts(place_of: PlaceOf, row: dict[str, str]) -> list[Row]:
        place, item, judge = place_of(row), items[row["item_id"]], row["judge"]
        return [] if place is None else list(_readings(row, place, item, models[judge], weighted=judge in weighted))

    found = [
        row
        for file, place in experiments.items()
        for rows in converted(folder / file, scores[file], partial(verdicts, place))
        for row in rows
    ]
    return Recorded(found, gold, ("Every item has a criterion of its own; they are pooled as 'unit_test'.",))


def _e1(row: Mapping[str, str]) -> Place:
    return row["prompt_mode"], "base", 0


def _e2(row: Mapping[str, str]) -> Place | None:
    condition, repeat = row["condition"], int(row["repeat_idx"])
    if condition == "order_reversed":
        return "bare", "field_order", 0
    if condition == "repeat_t1":
        return "bare/t1", "base", repeat
    return ("bare", "base", repeat) if repeat else None


def _e3(row: Mapping[str, str]) -> Place | None:
    kind = row["variant_type"]
    return None if kind == "original" else ("bare", _CONTROLS.get(kind, f"reworded/{kind}"), 0)


def _e4(row: Mapping[str, str]) -> Place | None:
    return None if row["kind"] == "original" else ("bare", row["kind"], 0)


_EXPERIMENTS: Final[Mapping[str, PlaceOf]] = {
    "e1": _e1, "e2": _e2, "e3": _e3, "e4": _e4,
}  # fmt: skip


def _readings(
    row: Mapping[str, str], place: Place, item: Mapping[str, Any], model: str, *, weighted: bool
) -> Iterator[Row]:
    """The reply read as its digit and, where the API told probabilities, as their mean: two judges."""
    ending, variant, repeat = place
    common = {
        "item": row["item_id"],
        "candidate": row["item_id"],
        "criterion": CRITERION,
        "variant": variant,
        "order": "base",
        "repeat": repeat,
        "slice": item["dataset"],
    }
    if variant not in {"padded", "condensed"}:  # their own lengths are not told
        common["length"] = item["response_chars"]
    readings = {"": row["score_direct"]} | ({"/logprob": row["score_logprob"]} if weighted else {})
    for reading, value in readings.items():
        yield {
            **common,
            "judge": f"recorded/{model}/{ending}{reading}",
            "judge_name": f"{row['judge']}/{ending}{reading}",
            **(ok(value, on_scale(float(value))) if value else {"status": UNPARSABLE}),
        }


def _labels(item: Any) -> list[Row]:  # noqa: ANN401  (a line of JSON)
    given = item["human_score"]
    scores = [score for score in (given if isinstance(given, list) else [given]) if score != _NOBODY]
    return [
        {
            "item": item["item_id"],
            "criterion": CRITERION,
            "rater": f"rater {number}",
            "answer": str(score),
            "score": on_scale(score),
        }
        for number, score in enumerate(scores, 1)
    ]
