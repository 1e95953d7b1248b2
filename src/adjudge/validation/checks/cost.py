"""Section ``cost`` of the passport: what this validation took, and what the judge will take in training. No verdict."""

from typing import Final

from pydantic import Field

from adjudge.domain.base import Count, Frozen
from adjudge.domain.interval import Interval
from adjudge.domain.usage import Usage
from adjudge.validation.check import Check, Figure, Material, Outcome, figure
from adjudge.validation.statistics.bootstrap import Floats
from adjudge.validation.table import Mask, Numbers

NAME: Final = "cost"
TITLE: Final = "What the judge takes"


class CostSettings(Frozen):
    """What is known beside the rows."""

    spent: Usage | None = None
    """What the endpoints counted, with tokens and with calls whose replies are in no row; None: the rows are summed."""
    rollouts: Count = 0
    """Judgings of the training to come, at most: max_steps x global_batch_size and what is judged beside; 0: none."""
    concurrency: int = Field(default=1, ge=1)
    """Judge calls at once, for the forecast of time."""


def cost(material: Material, settings: CostSettings) -> Check:
    """Calls, tokens, money and seconds of this validation, of one judging, and of so many rollouts.

    A price that is not known is not 0: then there is no figure. Seconds are those of calls, added up; they were not
    spent one after the other.
    """
    table = material.table
    judged = table.calls.known & (table.calls.values > 0)
    spent = settings.spent or Usage(
        calls=round(float(table.calls.some.sum())),
        seconds=float(table.latency_seconds.some.sum()),
        cost_usd=_sum(table.cost_usd, judged),
    )
    count = int(judged.sum())
    money = table.cost_usd.values[judged] if table.cost_usd.known[judged].all() else None
    each: list[tuple[str, Floats | None]] = [
        ("calls", table.calls.values[judged]),
        ("cost_usd", money),
        ("seconds", table.latency_seconds.values[judged] if table.latency_seconds.known[judged].all() else None),
    ]
    figures = [_total(name, value, count) for name, value in _totals(spent)]
    means = {name: None if values is None or not count else float(values.mean()) for name, values in each}
    figures += [_total(f"{name}_a_judging", value, count) for name, value in means.items()]
    figures += _forecast(means, settings, count)
    return Check(
        name=NAME, title=TITLE, outcome=Outcome.NOT_APPLICABLE, figures=tuple(figures), detail=_detail(spent, figures)
    )


def _sum(column: Numbers, rows: Mask) -> float | None:
    """The sum over the rows; None where one of them is not known."""
    return float(column.some.sum()) if column.known[rows].all() and column.known.any() else None


def _totals(spent: Usage) -> list[tuple[str, float | None]]:
    tokens = spent.prompt_tokens + spent.completion_tokens
    return [
        ("calls", float(spent.calls)),
        ("prompt_tokens", float(spent.prompt_tokens) if tokens else None),
        ("completion_tokens", float(spent.completion_tokens) if tokens else None),
        ("cost_usd", spent.cost_usd),
        ("seconds", spent.seconds),
    ]


def _forecast(means: dict[str, float | None], settings: CostSettings, count: int) -> list[Figure]:
    """What so many rollouts take, were each to take what one took here."""
    if not settings.rollouts:
        return []
    calls, money, seconds = (means[name] for name in ("calls", "cost_usd", "seconds"))
    found = [
        ("forecast_calls", None if calls is None else calls * settings.rollouts),
        ("forecast_usd", None if money is None else money * settings.rollouts),
        ("forecast_hours", None if seconds is None else seconds * settings.rollouts / settings.concurrency / 3600),
    ]
    return [_total(name, value, count) for name, value in found]


def _total(name: str, value: float | None, count: int) -> Figure:
    if value is None:
        return figure(name, None, note="Not known")
    return figure(name, Interval(estimate=value, low=None, high=None, n=count, clusters=count))


def _detail(spent: Usage, figures: list[Figure]) -> str:
    price = "no price known" if spent.cost_usd is None else f"{spent.cost_usd:.2f} USD"
    told = f"{spent.calls} calls, {price}."
    known = {one.name: one.value.estimate for one in figures if one.value is not None}
    if "forecast_calls" in known:
        money = f", {known['forecast_usd']:.2f} USD" if "forecast_usd" in known else ""
        told += f" Training: about {known['forecast_calls']:.0f} calls{money}."
    return told
