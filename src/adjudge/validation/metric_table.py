"""Production metrics: what the business counts, measured on responses that the judge has judged too.

A row: ``{"item": "r1/0", "metric": "accepted", "value": 1}``, with ``candidate`` in the place of ``item`` for a whole
response, ``checkpoint`` alone for what was measured of a policy version as a whole, and ``group`` (the sample) and
``checkpoint`` beside the others where the verdict table does not say them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import AliasChoices, Field, ValidationError, model_validator

from adjudge.domain.base import Count, Frozen, Number
from adjudge.errors import DataError
from adjudge.validation.table import read_rows


class MetricRow(Frozen):
    """One value of one metric."""

    metric: str = Field(min_length=1)
    value: Number
    item: str | None = Field(default=None, min_length=1)
    candidate: str | None = Field(default=None, min_length=1)
    group: str | None = Field(default=None, min_length=1)
    checkpoint: Count | None = Field(default=None, validation_alias=AliasChoices("checkpoint", "policy_version"))
    """Policy version."""

    @model_validator(mode="after")
    def _of_something(self) -> "MetricRow":
        if self.item is not None and self.candidate is not None:
            msg = "a value is of an item or of a candidate, not of both"
            raise ValueError(msg)
        if self.item is None and self.candidate is None and self.checkpoint is None:
            msg = "a value is of an item, a candidate or a checkpoint"
            raise ValueError(msg)
        return self


@dataclass(frozen=True)
class MetricTable:
    """Values of production metrics.

    Attributes:
        rows: in order of the file.
    """

    rows: tuple[MetricRow, ...] = ()

    def of(self, metric: str) -> tuple[MetricRow, ...]:
        """The rows of one metric."""
        return tuple(row for row in self.rows if row.metric == metric)

    def metrics(self) -> tuple[str, ...]:
        """The metrics that have values, in order of appearance."""
        return tuple(dict.fromkeys(row.metric for row in self.rows))


def metric_table(rows: Iterable[Mapping[str, Any]], source: str = "metrics") -> MetricTable:
    """The table of these rows; checksums (``_crc``) are left unread.

    Raises:
        DataError: a row is not a value, or two are of the same thing; names the line.
    """
    found: list[MetricRow] = []
    seen: dict[tuple[str, str | None, str | None, int | None], int] = {}
    for number, row in enumerate(rows, 1):
        try:
            found.append(MetricRow.model_validate({key: value for key, value in row.items() if key != "_crc"}))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "row"
            raise _bad(source, number, f"{where}: {first['msg']}") from error
        key = found[-1].metric, found[-1].item, found[-1].candidate, found[-1].checkpoint
        if key in seen:
            raise _bad(source, number, f"value {seen[key]} is of the same thing")
        seen[key] = number
    return MetricTable(tuple(found))


def read_metrics(path: Path) -> MetricTable:
    """The table in a JSONL file.

    Raises:
        MissingError: the file is not there.
        DataError: as `metric_table`.
    """
    return metric_table(read_rows(path, "Write the values of your production metrics, or correct the path."), str(path))


def _bad(source: str, number: int, problem: str) -> DataError:
    return DataError(
        f"{source}, value {number}: {problem}.",
        "A value says item or candidate (or checkpoint alone), metric and a finite value.",
        "Mend the line.",
    )
