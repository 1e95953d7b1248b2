"""The report: one HTML file that works offline and tells what was done, by which judge, and what came out.

All text of models is hostile: the template escapes everything, the page may load and run nothing (content security
policy), and characters that reorder or hide text are shown as a replacement character.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import ConfigDict

from adjudge.domain import ComponentScore, Frozen, Reward, Rollout, Verdict
from adjudge.domain.base import Count, Number, Score, Seconds
from adjudge.domain.interval import Interval
from adjudge.evaluation import figures
from adjudge.evaluation.excerpts import pieces, quotations
from adjudge.evaluation.result import Evaluation
from adjudge.pictures.charts import duration
from adjudge.pictures.page import rendered

MAIN_METRICS = ("schema_ok", "grounding_precision", "finding_f1", "judge_score", "reward")


class StageLine(Frozen):
    """One stage of the run."""

    name: str
    outcome: Literal["done", "failed", "skipped"]
    detail: str = ""
    seconds: Seconds | None = None


class _View(Frozen):
    """Part of a passport as it is shown; what is not shown is ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class JudgeRow(_View):
    """A judge's agreement with known answers on one criterion."""

    criterion: str | None
    cases: Count
    failures: Count
    auc: Interval | None
    kappa: Interval | None
    accuracy: Interval | None
    tpr: Interval | None
    tnr: Interval | None
    brier: Score | None


class JudgeCard(_View):
    """What the report says about the judge: made from the JSON of a passport (``JudgeCard.model_validate(data)``)."""

    judge: str
    fingerprint: str
    status: str
    weak_criteria: tuple[str, ...]
    overall: JudgeRow | None = None
    """All criteria pooled; None where the passport has no such figure."""
    criteria: tuple[JudgeRow, ...] = ()
    labels: str = ""


class Side(Frozen):
    """One model's answer in an example."""

    model: str
    rollout: Rollout
    reward: Reward


class Example(Frozen):
    """One sample with the answers of several models, before and after."""

    title: str
    document: str
    """The text that the answers quote; empty where there is none."""
    sides: tuple[Side, ...]


class ReportData(Frozen):
    """Everything in the report; parts that the run has not come to are None or empty and are said to be missing."""

    task: str
    judge_name: str
    verdict: str = ""
    """The sentence at the top; empty: made from the evaluation."""
    stages: tuple[StageLine, ...] = ()
    evaluation: Evaluation | None = None
    passport: JudgeCard | None = None
    passport_html: str = ""
    """What shows that the judge is fit, as HTML of our own that escapes its own texts; it is put in as it is."""
    training: tuple[dict[str, Number], ...] = ()
    """Rows of metrics.jsonl, each with ``step``."""
    gate: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()
    warnings: tuple[str, ...] = ()


def render_report(data: ReportData) -> str:
    """The page as HTML text (write it as UTF-8). Equal data gives equal text."""
    from markupsafe import Markup  # noqa: PLC0415  (comes with jinja2; keeps `--help` fast)

    # The charts and the passport's part escape their own texts; nothing else on the page is let through unescaped.
    charts = {name: Markup(svg) for name, svg in _charts(data).items()}  # noqa: S704  (escaped where drawn)
    return rendered(
        "adjudge.evaluation",
        "report.html.j2",
        {
            "data": data,
            "verdict": data.verdict or headline(data.evaluation),
            "warnings": _warnings(data),
            "charts": charts,
            "passport_html": Markup(data.passport_html),  # noqa: S704  (made by our own templates)
            "examples": [
                _example(example, [*data.evaluation.models] if data.evaluation else []) for example in data.examples
            ],
            "pairs": [name.removeprefix("difference ") for name in charts if name.startswith("difference ")],
        },
        filters={"label": figures.label, "duration": duration},
    )


def headline(evaluation: Evaluation | None) -> str:
    """The outcome in a sentence or two: the last model against the one before, on the metrics that can be called."""
    if evaluation is None or len(evaluation.models) < 2:
        return "Nothing has been compared yet."
    *_, baseline, model = evaluation.models
    found = [d for d in evaluation.differences if (d.model, d.baseline, d.rows) == (model, baseline, "all")]
    main = [d for d in found if d.metric in MAIN_METRICS]
    better = [f"{figures.label(d.metric)} ({d.estimate:+.2f})" for d in main if d.outcome == "better"]
    worse = [f"{figures.label(d.metric)} ({d.estimate:+.2f})" for d in found if d.outcome == "worse"]
    first = f"better than {baseline} in {_and(better)}" if better else f"not shown to be better than {baseline}"
    second = f"It is worse in {_and(worse)}." if worse else "No metric is shown to be worse."
    return f"{model} is {first}. {second}"


def _and(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _warnings(data: ReportData) -> list[str]:
    """What a reader must know before believing a figure."""
    out = list(data.warnings)
    if data.passport is None:
        out.append(f"There is no passport: nothing is known about how far the judge {data.judge_name} can be trusted.")
    elif data.passport.status != "usable":
        out.append(f"The judge {data.passport.judge} is {data.passport.status}: read scores with that in mind.")
    if data.passport is not None and data.passport.weak_criteria:
        out.append(f"Weak criteria, not fit to train on: {', '.join(data.passport.weak_criteria)}.")
    out += list(data.evaluation.warnings) if data.evaluation else []
    out += [f"Stage {stage.name} failed: {stage.detail}" for stage in data.stages if stage.outcome == "failed"]
    return list(dict.fromkeys(out))


def _charts(data: ReportData) -> dict[str, str]:
    made: dict[str, str] = {}
    if data.evaluation is not None:
        made |= figures.evaluation_charts(data.evaluation, MAIN_METRICS)
    if data.training:
        made |= figures.training_charts(data.training)
    timed = [(stage.name, stage.seconds) for stage in data.stages if stage.seconds is not None]
    if timed:
        made["stages"] = figures.time_chart("stages", "Time by stage", timed)
    return made


def _example(example: Example, models: Sequence[str]) -> Mapping[str, Any]:
    """An example as the template shows it; a model has the colour that it has in the charts."""
    order = list(dict.fromkeys([*models, *(side.model for side in example.sides)]))
    quotes: list[tuple[str, ...]] = [() for _ in order]
    for side in example.sides:
        quotes[order.index(side.model)] += quotations(side.rollout.response, example.document)
    return {
        "title": example.title,
        "document": pieces(example.document, quotes),
        "sides": [_side(side, order.index(side.model), quotes[order.index(side.model)]) for side in example.sides],
    }


def _side(side: Side, place: int, quotes: Sequence[str]) -> Mapping[str, Any]:
    terms = [part for part in side.reward.components if part.role == "term"]
    scored = [part for part in terms if part.value is not None]
    total = sum(part.weight for part in scored) or 1.0
    return {
        "model": side.model,
        "place": place,
        "response": pieces(side.rollout.response, [quotes]),
        "truncated": side.rollout.truncated,
        "reward": side.reward,
        "explain": side.reward.explain(),
        "terms": [(part, _share(part, total)) for part in terms],
        "gates": [part for part in side.reward.components if part.role == "gate"],
        "verdicts": [(part, part.judgement) for part in side.reward.components if isinstance(part.judgement, Verdict)],
    }


def _share(part: ComponentScore, total: float) -> float | None:
    """What the component adds to the reward; None where it has no value."""
    return None if part.value is None else part.weight / total * part.value
