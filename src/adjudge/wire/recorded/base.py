"""What readers of recorded judges share: their outcome, the rows they write, and how they read files strictly.

A reader turns a folder of somebody's published data into rows of the verdict table and of people's labels. It invents
nothing: a reply that the authors could not parse stays a row without a score, and is counted.
"""

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from adjudge.errors import DataError, MissingError

Row = dict[str, Any]
T = TypeVar("T")
U = TypeVar("U")

UNPARSABLE: Final = "unparsable"
SCORES: Final[Mapping[str, float]] = {"first": 1.0, "second": 0.0, "tie": 0.5}
"""Score of an answer about a pair."""


@dataclass(frozen=True)
class Node:
    """A node of a weighted rubric tree.

    Attributes:
        id: its name in the set.
        weight: its share among its siblings, relative to theirs.
        score: in [0, 1] as recorded; of a leaf people's verdict.
        category: what a leaf asks about.
        children: of a leaf none.
    """

    id: str
    weight: float
    score: float
    category: str | None
    children: tuple["Node", ...]


@dataclass(frozen=True)
class PublishedScores:
    """What a set's authors published about a judge whose verdicts are not in the set; every number in [0, 1].

    Attributes:
        judge: its name.
        category: of the leaves; ``Overall`` for all.
        accuracy: share of leaves with people's verdict.
        recall: mean over both classes; None where only F1 is published.
        f1: mean over both classes.
    """

    judge: str
    category: str
    accuracy: float | None
    recall: float | None
    f1: float


@dataclass(frozen=True)
class Recorded:
    """A set as rows.

    Attributes:
        verdicts: rows of ``verdicts.jsonl``.
        gold: rows of ``gold.jsonl``.
        notes: a sentence for each thing that a reader of the figures should know.
        trees: weighted rubric trees with people's verdicts at the leaves, by name.
        published: what is known of judges only from the authors' tables.
    """

    verdicts: list[Row]
    gold: list[Row]
    notes: tuple[str, ...] = ()
    trees: Mapping[str, Node] | None = None
    published: tuple[PublishedScores, ...] = ()


Reader = Callable[[Path], Recorded]


def ok(answer: str, score: float) -> Row:
    """The columns of a verdict; the score in [0, 1]."""
    return {"answer": answer, "score": score, "status": "ok"}


def paired_answer(answer: str | None) -> Row:
    """The columns of a verdict about a pair (``first``, ``second``, ``tie``, about its base order); None: no verdict.

    Raises:
        KeyError: another answer.
    """
    return {"status": UNPARSABLE} if answer is None else ok(answer, SCORES[answer])


def on_scale(value: float, *, low: float = 1.0, high: float = 5.0) -> float:
    """A point of a scale as a score in [0, 1].

    Raises:
        ValueError: the value is not on the scale.
    """
    if not low <= value <= high:
        msg = f"{value} is not on the scale from {low:g} to {high:g}"
        raise ValueError(msg)
    return (value - low) / (high - low)


def content(folder: Path, name: str) -> str:
    """The text of a file of the set; a name that ends in ``.gz`` is unpacked.

    Raises:
        MissingError: the file is not there.
        DataError: it cannot be unpacked, or is not UTF-8.
    """
    path = folder / name
    try:
        data = path.read_bytes()
    except OSError as error:
        raise MissingError(
            f"{path} cannot be read.",
            f"A folder of this set has the file {name} ({error.strerror or error}).",
            "Give the set's folder, and the --from that it was published as.",
        ) from error
    try:
        return (gzip.decompress(data) if name.endswith(".gz") else data).decode("utf-8")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise _unreadable(path, str(error)) from error


def json_of(folder: Path, name: str) -> Any:  # noqa: ANN401  (whatever stands in the file)
    """The content of a JSON file, packed or not.

    Raises:
        MissingError: the file is not there.
        DataError: it is not JSON.
    """
    try:
        return json.loads(content(folder, name))
    except ValueError as error:
        raise _unreadable(folder / name, str(error)) from error


def lines_of(folder: Path, name: str) -> list[Any]:
    """The objects of a JSONL file, packed or not.

    Raises:
        MissingError: the file is not there.
        DataError: a line is not JSON.
    """
    return converted(folder / name, filter(str.strip, content(folder, name).splitlines()), json.loads)


def table_of(folder: Path, name: str) -> list[dict[str, str]]:
    """The rows of a CSV file with a head, packed or not.

    Raises:
        MissingError: the file is not there.
        DataError: it is not CSV.
    """
    try:
        return list(csv.DictReader(io.StringIO(content(folder, name), newline="")))
    except csv.Error as error:
        raise _unreadable(folder / name, str(error)) from error


def converted(path: Path, records: Iterable[T], convert: Callable[[T], U]) -> list[U]:
    """`convert` of each record.

    Raises:
        DataError: `convert` found a record that is not of this set; names it.
    """
    made = []
    for number, record in enumerate(records, 1):
        try:
            made.append(convert(record))
        except KeyError as error:
            raise _unreadable(path, f"record {number} has no or a foreign {error}") from error
        except (ValueError, TypeError, IndexError, AttributeError) as error:
            raise _unreadable(path, f"record {number}: {error}") from error
    return made


def _unreadable(path: Path, why: str) -> DataError:
    return DataError(
        f"{path}: not as this set was published.",
        f"{why[:1].upper()}{why[1:]}.",
        "Give the set unchanged, or write verdicts.jsonl yourself: docs/judge-validation.md lists the columns.",
    )
