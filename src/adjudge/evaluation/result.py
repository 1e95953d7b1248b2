"""What an evaluation found, as it stands in ``evaluation.json``: figures per model, differences between models."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

from pydantic import Field

from adjudge.domain.base import Count, Frozen, Score
from adjudge.domain.interval import Interval
from adjudge.evaluation.statistics import Change
from adjudge.store.atomic import read_model

ALL_ROWS: Final = "all"
"""The slice that holds every row."""

Outcome = Literal["better", "worse", "unclear"]

LOWER_IS_BETTER: Final = frozenset(
    {"quotes_reference", "compliant_flagged", "unsupported", "duplicates", "judge_failed", "gated", "truncated"}
)
NEITHER_IS_BETTER: Final = frozenset({"comments", "response_chars", "response_tokens"})


def higher_is_better(metric: str) -> bool | None:
    """Which way a metric is good; None where more is neither good nor bad."""
    if metric in NEITHER_IS_BETTER:
        return None
    return metric not in LOWER_IS_BETTER


def support(metric: str) -> tuple[float, float] | None:
    """The smallest and largest possible value: all metrics are shares but the counts."""
    return None if metric in NEITHER_IS_BETTER else (0.0, 1.0)


class Difference(Change):
    """Model less baseline in one metric on one slice of the rows."""

    metric: str
    model: str
    baseline: str
    rows: str = ALL_ROWS
    higher_is_better: bool | None
    q: Score | None
    """The p value adjusted for all differences of the evaluation (Benjamini-Hochberg)."""
    outcome: Outcome
    """``better`` or ``worse`` when the interval leaves out 0 and q is at most 1 - level; else ``unclear``."""


class ModelFigures(Frozen):
    """One model's figures: slice -> metric -> interval. A metric without any value is absent."""

    samples: Count
    responses: Count
    per_sample: Count = Field(ge=1)
    """Responses to each sample (k)."""
    figures: dict[str, dict[str, Interval]]
    best_of_k: dict[str, Interval] = Field(default_factory=dict)
    """The best response of each sample: an upper bound that grows with k. Empty when k is 1."""
    picked: dict[str, Interval] = Field(default_factory=dict)
    """The response that the reward would pick: rises with k only where the reward ranks well. Empty when k is 1."""


class Evaluation(Frozen):
    """Figures of every model on the same rows, and the paired differences between them."""

    format: Literal[1] = 1
    models: dict[str, ModelFigures]
    """In the order of training: base, sft, rft."""
    differences: tuple[Difference, ...]
    slices: tuple[str, ...]
    level: Score
    seed: int
    resamples: Count
    judges: tuple[str, ...] = ()
    """Fingerprints of the judges behind the scores."""
    method: str = (
        "A row counts once (mean over its responses). Intervals: cluster bootstrap over contracts, expanded "
        "percentiles. Differences: paired by row. Flags: adjusted over all differences after Benjamini-Hochberg."
    )
    warnings: tuple[str, ...] = ()

    def figure(self, model: str, metric: str, rows: str = ALL_ROWS) -> Interval | None:
        """The figure, or None when there is none (unknown model, slice or metric, or no value at all)."""
        found = self.models.get(model)
        return None if found is None else found.figures.get(rows, {}).get(metric)

    def difference(self, model: str, baseline: str, metric: str, rows: str = ALL_ROWS) -> Difference | None:
        """The paired difference `model` less `baseline`, or None when it was not computed."""
        wanted = (model, baseline, metric, rows)
        found = (d for d in self.differences if (d.model, d.baseline, d.metric, d.rows) == wanted)
        return next(found, None)

    def metrics(self) -> tuple[str, ...]:
        """Every metric of any model, in the order they were computed."""
        return tuple(dict.fromkeys(m for model in self.models.values() for m in model.figures.get(ALL_ROWS, {})))

    def lines(self, metrics: Sequence[str] | None = None, rows: str = ALL_ROWS) -> list[str]:
        """A table for the terminal: a line a metric, a column a model; all metrics, or those asked for that exist."""
        shown = [name for name in (metrics or self.metrics()) if name in self.metrics()]
        cells = [["", *self.models]]
        cells += [[name, *(_cell(self.figure(model, name, rows)) for model in self.models)] for name in shown]
        widths = [max(len(line[place]) for line in cells) for place in range(len(cells[0]))]
        return [
            "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells
        ]

    @staticmethod
    def read(path: Path) -> "Evaluation":
        """The evaluation in a file.

        Raises:
            RunError: the file is not an evaluation of this format.
        """
        return read_model(Evaluation, path, "evaluation", "Run the evaluate stage again.")


def _cell(figure: Interval | None) -> str:
    return "-" if figure is None else figure.text()
