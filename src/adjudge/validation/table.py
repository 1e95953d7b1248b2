"""The verdict table in columns: everything that validation says about a judge is a pure function of it.

Rows are those of ``verdicts.jsonl``, written by a run, by ``adjudge judge validate`` or by another tool. A row is one
answer to one criterion, or one failure; a failure has no score, so there is nothing to average by accident.

**Variants** say what was changed before the judge was asked: ``base`` nothing; ``reworded/1`` the criterion's words;
``negated`` its meaning; ``padded``, ``attack/FAMILY/NAME`` and others the response. **Orders** say what stood where:
``base``, ``swapped`` for pairs. The answer about a pair is ``first``, ``second`` or ``tie``, always about the pair in
its base order, whatever was shown first; its score is 1, 0 or 0.5.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import orjson
from numpy.typing import NDArray

from adjudge.errors import DataError, MissingError

BASE: Final = "base"
SWAPPED: Final = "swapped"
OK: Final = "ok"
NOT_APPLICABLE: Final = "not_applicable"
PAIRWISE: Final = ("first", "second", "tie")

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Texts:
    """A column of texts, stored once each.

    Attributes:
        codes: place of each row's text in `levels`, -1 where the row has none; shape (rows,).
        levels: the distinct texts, in order of appearance.
    """

    codes: NDArray[np.int32]
    levels: tuple[str, ...]

    @staticmethod
    def of(values: Iterable[str | None]) -> "Texts":
        """A column of these values."""
        places: dict[str, int] = {}
        codes = [-1 if value is None else places.setdefault(value, len(places)) for value in values]
        return Texts(np.asarray(codes, dtype=np.int32), tuple(places))

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, rows: NDArray[Any]) -> "Texts":
        return Texts(self.codes[rows], self.levels)

    @property
    def known(self) -> Mask:
        """Rows that have a text."""
        return self.codes >= 0

    def any_of(self, *texts: str) -> Mask:
        """Rows with one of these texts."""
        return self.when(frozenset(texts).__contains__)

    def starting(self, *prefixes: str) -> Mask:
        """Rows whose text begins with one of these."""
        return self.when(lambda text: text.startswith(prefixes))

    def when(self, holds: Callable[[str], bool]) -> Mask:
        """Rows for whose text `holds`; it is asked once a distinct text."""
        kept = np.asarray([holds(level) for level in self.levels] + [False])
        return np.asarray(kept[self.codes], dtype=np.bool_)

    def texts(self) -> list[str | None]:
        """The rows' texts."""
        return [None if code < 0 else self.levels[code] for code in self.codes]

    def present(self) -> tuple[str, ...]:
        """The texts that these rows have, in order of appearance in the whole column."""
        return tuple(self.levels[code] for code in np.unique(self.codes) if code >= 0)


@dataclass(frozen=True)
class Numbers:
    """A column of numbers, some of them not known.

    Attributes:
        values: 0 where not known; never to be read there. Shape (rows,).
        known: which are.
    """

    values: NDArray[np.float64]
    known: Mask

    @staticmethod
    def of(values: Iterable[float | None]) -> "Numbers":
        """A column of these values."""
        listed = list(values)
        known = np.asarray([value is not None for value in listed], dtype=np.bool_)
        return Numbers(np.asarray([value or 0.0 for value in listed], dtype=np.float64), known)

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, rows: NDArray[Any]) -> "Numbers":
        return Numbers(self.values[rows], self.known[rows])

    @property
    def some(self) -> NDArray[np.float64]:
        """The known values, in order of the rows."""
        return self.values[self.known]


_TEXTS: Final = (
    *("item", "group", "candidate", "judge", "judge_name", "criterion", "variant", "order", "answer", "status"),
    *("slice", "policy", "rationale"),
)
_NUMBERS: Final = ("score", "length", "calls", "cost_usd", "latency_seconds", "policy_version")


@dataclass(frozen=True)
class VerdictTable:
    """Verdicts of one or several judges; N rows.

    Attributes:
        item: what was judged (a response, or one of its items); for pairs the pair.
        group: the sample it belongs to: what was drawn independently.
        candidate: the response.
        judge: fingerprint.
        judge_name: what people call it.
        criterion: the question.
        variant: what was changed before the judge was asked.
        order: what stood where.
        answer: label of the scale.
        status: ``ok``, ``not_applicable``, or the failure's kind.
        slice: part of the data for which figures are given apart (a subset, a source, a prompt).
        policy: who wrote the candidate.
        rationale: why, in the judge's words.
        score: in [0, 1]; known where the status is ``ok``.
        length: characters of the response.
        calls: answers of a server behind the row's judgement; on its first row only, as the next two.
        cost_usd: US dollars.
        latency_seconds: seconds.
        policy_version: version of the policy, its checkpoint.
        repeat: number of the asking among equal ones, from 0; shape (N,).
        probabilities: by label, where the judge told them.
        human: people's scores in [0, 1] in order of raters, where the row brings them.
    """

    item: Texts
    group: Texts
    candidate: Texts
    judge: Texts
    judge_name: Texts
    criterion: Texts
    variant: Texts
    order: Texts
    answer: Texts
    status: Texts
    slice: Texts
    policy: Texts
    rationale: Texts
    score: Numbers
    length: Numbers
    calls: Numbers
    cost_usd: Numbers
    latency_seconds: Numbers
    policy_version: Numbers
    repeat: NDArray[np.int32]
    probabilities: NDArray[np.object_]
    human: NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.repeat)

    def where(self, rows: NDArray[Any]) -> Self:
        """These rows (a mask, or their numbers) as a table."""
        return type(self)(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    def of(
        self,
        *,
        judge: str | None = None,
        criterion: str | None = None,
        variant: str | None = None,
        order: str | None = None,
        slice: str | None = None,  # noqa: A002  (the column's name)
    ) -> Self:
        """The rows with these texts; None takes all."""
        wanted = {"judge": judge, "criterion": criterion, "variant": variant, "order": order, "slice": slice}
        mask = np.ones(len(self), dtype=np.bool_)
        for name, text in wanted.items():
            if text is not None:
                mask &= getattr(self, name).any_of(text)
        return self.where(mask)

    @property
    def scored(self) -> Self:
        """The rows with a score."""
        return self.where(self.score.known)

    @property
    def plain(self) -> Self:
        """The rows about the response as it is, asked in the usual way."""
        return self.where(self.variant.any_of(BASE) & self.order.any_of(BASE))

    @cached_property
    def pairwise(self) -> bool:
        """Whether these verdicts are about pairs."""
        given = self.answer.present()
        return bool(given) and set(given) <= set(PAIRWISE)

    @cached_property
    def failed(self) -> Mask:
        """Rows without a verdict."""
        return ~self.status.any_of(OK, NOT_APPLICABLE)

    def question(self) -> NDArray[np.int64]:
        """A number for each row's question (item, criterion, variant, order): equal for repeats of one question."""
        return numbered(self.item.codes, self.criterion.codes, self.variant.codes, self.order.codes)

    def clusters(self) -> NDArray[np.int64]:
        """A number from 0 for what each row was drawn with: its group, or where it has none its item."""
        return numbered(self.drawn_with())

    def drawn_with(self) -> NDArray[np.int64]:
        """As `clusters`, with the same numbers in all parts of one table, and gaps between them."""
        return np.where(self.group.known, self.group.codes, -2 - self.item.codes).astype(np.int64)


def numbered(*columns: NDArray[Any]) -> NDArray[np.int64]:
    """Numbers from 0 for the distinct combinations of these columns; shape (rows,)."""
    found = np.zeros(len(columns[0]), dtype=np.int64)
    # Column by column: sorting numbers is many times as fast as sorting rows.
    for column in columns:
        places = np.unique(column, return_inverse=True)[1].astype(np.int64)
        found = np.unique(found * (places.max(initial=0) + 1) + places, return_inverse=True)[1].astype(np.int64)
    return found


def table_of(rows: Iterable[Mapping[str, Any]], source: str = "verdicts") -> VerdictTable:
    """The table of these rows.

    Args:
        rows: as in ``verdicts.jsonl``. Needed: ``judge``, ``status``; for answers also ``item``, ``criterion``,
            ``answer``, ``score``. ``variant`` and ``order`` are ``base`` where they are left out, ``repeat`` 0.
        source: file's name, for errors.

    Raises:
        DataError: a row lacks a column, or a value is of the wrong kind; names the line.
    """
    listed = list(rows)
    for number, row in enumerate(listed, 1):
        problem = _problem(row)
        if problem:
            raise DataError(
                f"{source}, line {number}: {problem}.",
                "Every figure is a function of these rows, so a row that says something else is not guessed at.",
                "Mend the line; docs/judge-validation.md lists the columns.",
            )
    defaults = {"variant": BASE, "order": BASE}
    columns: dict[str, Any] = {
        **{name: Texts.of(row.get(name, defaults.get(name)) for row in listed) for name in _TEXTS},
        **{name: Numbers.of(row.get(name) for row in listed) for name in _NUMBERS},
        "repeat": np.asarray([row.get("repeat", 0) for row in listed], dtype=np.int32),
        "probabilities": _objects(listed, "probabilities"),
        "human": _human(listed),
    }
    return VerdictTable(**columns)


def read_table(path: Path) -> VerdictTable:
    """The table in a JSONL file; checksums of our own run folders (``_crc``) are left unread.

    Raises:
        MissingError: the file is not there.
        DataError: a line is not JSON or not a row; names it.
    """
    return table_of(read_rows(path, "Write one with `adjudge judge validate`, or correct the path."), str(path))


def read_rows(path: Path, fix: str) -> list[dict[str, Any]]:
    """The objects of a JSONL file.

    Raises:
        MissingError: the file is not there; `fix` says what to do then.
        DataError: a line is not a JSON object; names it.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise MissingError(f"{path} cannot be read.", f"{error.strerror or error}.", fix) from error
    rows = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise _unreadable(path, number, str(error)) from error
        if not isinstance(row, dict):
            raise _unreadable(path, number, f"{type(row).__name__}, not an object")
        rows.append(row)
    return rows


def _unreadable(path: Path, number: int, why: str) -> DataError:
    return DataError(f"{path}, line {number}: not a JSON object.", f"{why}.", "Write one JSON object a line, in UTF-8.")


def _problem(row: Mapping[str, Any]) -> str:
    """What is wrong with a row; empty when nothing is."""
    needed = ("judge", "status", *(("item", "criterion", "answer", "score") if row.get("status") == OK else ()))
    score, repeat, human = row.get("score"), row.get("repeat", 0), row.get("human")
    missing = [name for name in needed if row.get(name) is None]
    no_text = [name for name in _TEXTS if not isinstance(row.get(name), str | None)]
    no_number = [name for name in _NUMBERS if not _is_number(row.get(name))]
    problem = ""
    if missing:
        problem = f"'{missing[0]}' is missing"
    elif no_text:
        problem = f"'{no_text[0]}' is no text"
    elif no_number:
        problem = f"'{no_number[0]}' is no finite number"
    elif score is not None and (row["status"] != OK or not _is_score(score)):
        problem = "a score is within [0, 1], and a row that is not 'ok' has none"
    elif isinstance(repeat, bool) or not isinstance(repeat, int) or repeat < 0:
        problem = "'repeat' is a whole number from 0"
    elif human is not None and not (isinstance(human, list) and all(map(_is_score, human))):
        problem = "'human' is a list of scores within [0, 1], null for a person who gave none"
    return problem


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value))


def _is_score(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and _is_number(value) and 0.0 <= value <= 1.0)


def _objects(rows: Sequence[Mapping[str, Any]], name: str) -> NDArray[np.object_]:
    found = np.empty(len(rows), dtype=np.object_)
    for place, row in enumerate(rows):
        found[place] = row.get(name)
    return found


def _human(rows: Sequence[Mapping[str, Any]]) -> NDArray[np.object_]:
    found = _objects(rows, "human")
    for place, values in enumerate(found):
        found[place] = None if values is None else tuple(values)
    return found
