"""Which figures of a run are drawn, under which names."""

from collections.abc import Mapping, Sequence
from typing import Final

from adjudge.evaluation.result import ALL_ROWS, Difference, Evaluation
from adjudge.pictures import charts

_LABELS: Final = {
    "schema_ok": "valid schema",
    "grounding_precision": "quotes found in text",
    "quotes_reference": "quotes from playbook",
    "finding_precision": "finding precision",
    "finding_recall": "finding recall",
    "finding_f1": "finding F1",
    "compliant_flagged": "false alarms",
    "unsupported": "unsupported comments",
    "duplicates": "repeated comments",
    "comments": "comments a response",
    "silent": "silence on clean rows",
    "judge_score": "judge score",
    "judge_failed": "judge failed",
    "gated": "stopped by a gate",
    "truncated": "cut at the limit",
    "response_chars": "response length (characters)",
}

_TIMES: Final = {
    "sample_seconds": "sampling",
    "judge_seconds": "waiting for judge",
    "update_seconds": "update",
    "publish_seconds": "publishing weights",
}
"""Series of a step that are parts of its wall time."""


def label(metric: str) -> str:
    """The metric in words."""
    return _LABELS.get(metric, metric.replace("/", " ").replace("_", " "))


def evaluation_charts(evaluation: Evaluation, main: Sequence[str]) -> dict[str, str]:
    """``results``: bars of the main metrics; ``difference A less B``: one dot plot a pair of models."""
    shown = [metric for metric in main if metric in evaluation.metrics()]
    models = list(evaluation.models)
    groups = [
        charts.BarGroup(label=label(metric), bars=tuple(evaluation.figure(model, metric) for model in models))
        for metric in shown
    ]
    made = {"results": charts.bars("results", "Main figures of each model with their intervals", models, groups)}
    pairs = dict.fromkeys((d.model, d.baseline) for d in evaluation.differences)
    for model, baseline in pairs:
        found = [d for d in evaluation.differences if (d.model, d.baseline, d.rows) == (model, baseline, ALL_ROWS)]
        # Counts have another unit than shares and would flatten the rest; what never differs says nothing here.
        rows = [_dot(d) for d in found if d.higher_is_better is not None and d.wins + d.losses]
        if rows:
            pair = f"{model} less {baseline}"
            made[f"difference {pair}"] = charts.dot_intervals(pair, f"{pair}: paired differences", rows)
    return made


def training_charts(rows: Sequence[Mapping[str, float]]) -> dict[str, str]:
    """``learning``: reward, its components and the validation reward over steps; ``step_time``: where time went."""
    made: dict[str, str] = {}
    names = ["reward", *sorted({name for row in rows for name in row if name.startswith("component/")})]
    lines = [_line(rows, name) for name in names]
    validation = _line(rows, "validation_reward", smooth=False)
    shown = [line for line in (*lines, validation) if line.points]
    if shown:
        made["learning"] = charts.curve("learning", "Reward and its components over training", shown)
    parts = [(words, sum(row.get(name, 0.0) for row in rows)) for name, words in _TIMES.items()]
    rest = sum(row.get("step_seconds", 0.0) for row in rows) - sum(seconds for _, seconds in parts)
    parts = [part for part in (*parts, ("validation and rest", rest)) if part[1] > 0]
    if parts:
        made["step_time"] = time_chart("step-time", "Time in training by phase", parts)
    return made


def time_chart(name: str, title: str, parts: Sequence[tuple[str, float]]) -> str:
    """Seconds by phase."""
    return charts.phases(name, title, [charts.Phase(label=words, seconds=seconds) for words, seconds in parts])


def _dot(difference: Difference) -> charts.DotRow:
    words = label(difference.metric) + ("" if difference.higher_is_better else " \u2193")
    return charts.DotRow(label=words, change=difference, tone=difference.outcome)


def _line(rows: Sequence[Mapping[str, float]], name: str, *, smooth: bool = True) -> charts.Line:
    points = tuple((row["step"], row[name]) for row in rows if name in row and "step" in row)
    words = label(name.removeprefix("component/"))
    return charts.Line(label=words, points=points, smooth=smooth)
