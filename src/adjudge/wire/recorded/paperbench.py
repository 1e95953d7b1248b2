"""PaperBench JudgeEval (Starace et al. 2025, arXiv 2504.01848): weighted rubric trees with people's verdicts.

Reads every ``*.json.gz`` as a tree, and ``published_metrics_table_*.csv`` and ``published_perf_table.csv``: of the
judges only the authors' tables are there, not the verdicts.
"""

from functools import partial
from pathlib import Path
from typing import Any, Final

from adjudge.errors import MissingError
from adjudge.wire.recorded.base import Node, PublishedScores, Recorded, Row, converted, json_of, table_of

CRITERION: Final = "met"
_TABLE: Final = "published_metrics_table_"
_SUMMARY: Final = "published_perf_table.csv"
RANDOM: Final = "Random Baseline"


def read_paperbench(folder: Path) -> Recorded:
    """The trees, their leaves as labels, and the published tables.

    Raises:
        MissingError: no tree, or a table is not there.
        DataError: a file is not as published.
    """
    files = sorted(path.name for path in folder.glob("*.json.gz"))
    if not files:
        raise MissingError(
            f"{folder} holds no rubric trees (*.json.gz).", "Each paper of the set is one.", "Give the set's folder."
        )
    trees = {}
    for name in files:
        trees[name.removesuffix(".json.gz")] = converted(folder / name, [json_of(folder, name)], _node)[0]
    gold: list[Row] = []
    for paper, root in trees.items():
        gold += converted(folder / f"{paper}.json.gz", leaves(root), partial(_label, paper))
    return Recorded(
        [],
        gold,
        ("The judges' verdicts are not in the set, only the authors' tables about them.",),
        trees,
        tuple(_published(folder)),
    )


def leaves(node: Node) -> list[Node]:
    """The leaves under a node, from left to right."""
    return [leaf for child in node.children for leaf in leaves(child)] if node.children else [node]


def _node(data: Any) -> Node:  # noqa: ANN401  (JSON)
    children = tuple(_node(child) for child in data["sub_tasks"])
    return Node(data["id"], float(data["weight"]), float(data["score"]), data["task_category"], children)


def _label(paper: str, leaf: Node) -> Row:
    answer = {0.0: "no", 1.0: "yes"}[leaf.score]
    item = f"{paper}/{leaf.id}"
    return {
        "item": item,
        "criterion": CRITERION,
        "rater": "expert",
        "answer": answer,
        "score": leaf.score,
        "group": paper,
    }


def _published(folder: Path) -> list[PublishedScores]:
    found = []
    for path in sorted(folder.glob(f"{_TABLE}*.csv")):
        judge = path.stem.removeprefix(_TABLE)

        def scores(row: dict[str, str], judge: str = judge) -> PublishedScores:
            numbers = (float(row["accuracy"]), float(row["recall"]), float(row["f1"]))
            return PublishedScores(judge, row[""], *numbers)

        found += converted(path, table_of(folder, path.name), scores)
    for row in converted(folder / _SUMMARY, table_of(folder, _SUMMARY), _random):
        found += row
    return found


def _random(row: dict[str, str]) -> list[PublishedScores]:
    """The random baseline's line of the summary; of the others there are tables with more."""
    if row["Model"] != RANDOM:
        return []
    return [
        PublishedScores(RANDOM, category, None, None, float(f1)) for category, f1 in row.items() if category != "Model"
    ]
