"""The model card: Markdown for people, with a YAML head for model hubs."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import Field

from adjudge.domain.base import Count, Frozen
from adjudge.domain.interval import Interval


class DataUse(Frozen):
    """Rows that went into the model or its evaluation."""

    split: str
    rows: Count
    source: str
    licence: str
    """``unknown`` where it is not known: say so rather than leave it out."""


class ResultRow(Frozen):
    """One metric for every model of the comparison; None where a model has no figure."""

    metric: str
    figures: dict[str, Interval | None]


class CardData(Frozen):
    """Everything the card says."""

    name: str = Field(min_length=1)
    base_model: str
    licence: str
    """Of the released weights, as an SPDX id."""
    task: str
    summary: str
    """One or two sentences: what the model is for."""
    data: tuple[DataUse, ...] = Field(min_length=1)
    training: dict[str, str | int | float]
    judge: str
    judge_fingerprint: str
    passport: tuple[str, ...] = Field(min_length=1)
    """The passport as lines."""
    weak_criteria: tuple[str, ...] = ()
    results: tuple[ResultRow, ...] = Field(min_length=1)
    gate: tuple[str, ...] = ()
    """The gate as lines."""
    limits: tuple[str, ...] = ()
    adjudge_version: str


LIMITS = (
    "Rewards came from a language model as judge; the model may have learnt the errors that its passport shows.",
    "Intervals cover the drawing of test rows, not other kinds of text.",
    "Not evaluated for uses other than the task named here.",
)
"""What is true of every model made this way."""


def model_card(card: CardData) -> str:
    """The card as Markdown."""
    parts = [
        _head(card),
        f"# {_text(card.name)}",
        _text(card.summary),
        f"Made with adjudge {_text(card.adjudge_version)}: reinforcement fine-tuning, a language model as the judge.",
        "## Results",
        _results(card.results),
        "Means over test rows with confidence intervals (cluster bootstrap).",
        "## Judge",
        f"`{_code(card.judge)}`, fingerprint `{_code(card.judge_fingerprint)}`.",
        _fence(card.passport),
    ]
    if card.weak_criteria:
        names = ", ".join(_text(name) for name in card.weak_criteria)
        parts.append(f"Weak criteria (not to be relied on): {names}.")
    parts += [
        "## Data",
        _table(["split", "rows", "source", "licence"], [[d.split, d.rows, d.source, d.licence] for d in card.data]),
    ]
    parts += ["## Training", _table(["setting", "value"], [[key, value] for key, value in card.training.items()])]
    if card.gate:
        parts += ["## Release gate", _fence(card.gate)]
    parts += ["## Limits", "\n".join(f"- {_text(limit)}" for limit in (*LIMITS, *card.limits))]
    parts += ["## Licence", f"{_text(card.licence)}. Base model: {_text(card.base_model)}; its licence applies too."]
    return "\n\n".join(parts) + "\n"


def _head(card: CardData) -> str:
    head: Mapping[str, Any] = {
        "license": card.licence.lower(),
        "base_model": card.base_model,
        "library_name": "peft",
        "tags": ["adjudge", "reinforcement-fine-tuning", "lora"],
    }
    # JSON is YAML; written this way no text of a user can break out of its place.
    return "\n".join(["---", *(f"{key}: {json.dumps(value)}" for key, value in head.items()), "---"])


def _results(rows: Sequence[ResultRow]) -> str:
    models = list(dict.fromkeys(name for row in rows for name in row.figures))
    cells = [
        [row.metric, *(figure.text(3) if (figure := row.figures.get(name)) else "no data" for name in models)]
        for row in rows
    ]
    return _table(["metric", *models], cells)


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = ["| " + " | ".join(_text(str(cell)) for cell in line) + " |" for line in (head, *rows)]
    return "\n".join([lines[0], "|" + " --- |" * len(head), *lines[1:]])


def _text(value: str) -> str:
    """One line that cannot be a heading or list, start a tag, end a table cell or make a link or image."""
    line = " ".join(value.split())
    escaped = re.sub(r"([<>|\[\]`\\*_&])", r"\\\1", line)
    return re.sub(r"^(?:(?=[-+=~#])|(\d+)(?=[.)](?:\s|$)))", r"\1\\", escaped)


def _code(value: str) -> str:
    return " ".join(value.replace("`", "'").split())


def _fence(lines: Sequence[str]) -> str:
    """A block as it stands, in a fence longer than any in it."""
    text = "\n".join(lines)
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"
