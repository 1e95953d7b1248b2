"""SummEval (Fabbri et al. 2021, arXiv 2007.12626): three experts on four criteria of summaries; no judge.

Reads ``summeval_expert.jsonl``: the scale is 1 to 5.
"""

from pathlib import Path
from typing import Any

from adjudge.wire.recorded.base import Recorded, Row, converted, lines_of, on_scale


def read_summeval(folder: Path) -> Recorded:
    """The experts' labels.

    Raises:
        MissingError: the file is not there.
        DataError: a line is not as published.
    """
    name = "summeval_expert.jsonl"
    rows = converted(folder / name, lines_of(folder, name), _labels)
    return Recorded([], [row for labels in rows for row in labels], ("The set has people's labels and no judge.",))


def _labels(line: Any) -> list[Row]:  # noqa: ANN401  (a line of JSON)
    return [
        {
            "item": f"{line['doc_id']}/{line['system']}",
            "criterion": criterion,
            "rater": f"expert {number}",
            "answer": str(score),
            "score": on_scale(score),
            "group": line["doc_id"],
        }
        for criterion, scores in line["experts"].items()
        for number, score in enumerate(scores, 1)
    ]
