"""Check ``group``: what group-relative training sees of the judge, differences between responses to one prompt.

Rows needed: P prompts x G responses of the current policy x k askings, for example 50 x 8 x 3. A judge can agree with
people over all prompts and still have nothing but noise to say within one; training gets only the latter.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from adjudge.domain.base import Frozen, Number
from adjudge.domain.interval import Interval, wilson
from adjudge.validation.agreement import share
from adjudge.validation.check import Check, Figure, Material, Outcome, Rule, figure, overall
from adjudge.validation.library import library
from adjudge.validation.scores import Scores, Scoring, response_scores
from adjudge.validation.statistics.advantage import expected_correlation, paying_calls, reliability, wrong_order
from adjudge.validation.statistics.bootstrap import NOTHING, Floats
from adjudge.validation.statistics.nested import Components, components, group_reliability
from adjudge.validation.table import BASE, VerdictTable

NAME: Final = "group"
TITLE: Final = "Differences within a group are real"
EQUAL: Final = 1e-9
"""Scores closer than this are equal, as in training."""
MOST_CALLS: Final = 10
"""End of the curve of reliability against calls."""
NEEDS: Final = "Several responses to each prompt, each asked at least twice, for example 50 prompts x 8 responses x 3."


class GroupSettings(Frozen):
    """What is asked of the judge within a group."""

    scoring: Scoring = Scoring()
    """How criteria and items become the score of a response: as in training."""
    calls: int = Field(default=1, ge=1)
    """Judge calls a rollout in training, whose mean is the score."""
    reliability: Rule = Rule(at_least=0.7, min_n=10)
    """For rho_g of the mean of so many calls; counts prompts."""
    dead: Rule = Rule(at_most=0.3, min_n=10)
    """For the share of groups without any difference; counts prompts."""
    deterministic: bool = False
    """Equal askings give equal answers by construction, so one asking tells the noise: 0."""
    generate_cost: Number | None = Field(default=None, ge=0.0)
    """Of making one rollout and learning from it, in the unit of `judge_cost`; None: not known."""
    judge_cost: Number | None = Field(default=None, ge=0.0)
    """Of one judge call."""


def group(material: Material, settings: GroupSettings) -> Check:
    """Reliability within the group, what is left of the advantage, dead groups, and the calls that pay.

    Figures: ``rho_g`` (signal's share of the variance within a prompt, at the calls used), ``correlation`` of the
    advantage with that of a judge without noise (for groups of the size in the rows), ``wrong_order`` (pairs of
    responses), ``dead_groups``, ``noise_alive`` (of groups that are dead at one asking, how many live at another: noise
    that would be trained on), ``within_noise`` (groups whose spread noise alone could make, at 95 %), ``paying_calls``,
    ``rho_g_reworded`` (noise of wording included). Then ``rho_g`` by criterion.

    Raises:
        MissingError: the extra for statistics is not installed.
    """
    if material.table.pairwise:
        detail = "The verdicts are about pairs; they have no score of their own to compare in a group."
        return Check(name=NAME, title=TITLE, outcome=Outcome.NOT_APPLICABLE, detail=detail)
    seen = _Seen.of(material, settings)
    figures = [*_of_noise(seen), *_of_groups(seen), _paying(seen), _reworded(seen), *_by_criterion(seen)]
    outcome = overall(figures)
    return Check(
        name=NAME,
        title=TITLE,
        outcome=outcome,
        figures=tuple(figures),
        curves=_curves(seen),
        detail=_detail(seen),
        fix="Ask more calls a rollout, use a graded scale or option probabilities, or another judge; "
        "for dead groups more criteria, harder prompts or a higher temperature of the policy.",
        needs=NEEDS,
    )


@dataclass(frozen=True)
class _Seen:
    """The rows as scores, and the variances in them."""

    material: Material
    settings: GroupSettings
    scores: Scores
    used: Scores
    """Each response once, as training would see it."""
    found: Components
    rho: Interval | None
    note: str

    @staticmethod
    def of(material: Material, settings: GroupSettings) -> "_Seen":
        scores = response_scores(material.table.plain, settings.scoring)
        found = components(scores.values, scores.prompts, scores.responses)
        used = scores.mean_of(settings.calls)
        note = ""
        rho = _rho(material, settings, scores)
        if found.noise is None and settings.deterministic:
            rho = _certain(used)
            note = "Noise is 0 by construction; noise of wording is not in it"
        elif found.noise is not None and found.noise <= NOTHING:
            note = "Equal askings got equal answers: noise is 0; noise of wording is not in it"
        return _Seen(material, settings, scores, used, found, rho, note)

    @property
    def size(self) -> int:
        """Responses in a middling group of those with two or more; 0 without any."""
        counts = np.bincount(self.used.prompts) if len(self.used) else np.empty(0, dtype=np.int64)
        several = counts[counts > 1]
        return round(float(np.median(several))) if len(several) else 0


def _rho(material: Material, settings: GroupSettings, scores: Scores) -> Interval | None:
    return group_reliability(
        scores.values,
        scores.prompts,
        scores.responses,
        calls=settings.calls,
        seed=material.seed,
        resamples=material.resamples,
    )


def _certain(scores: Scores) -> Interval | None:
    """rho_g without noise: 1 where anything differs within a prompt."""
    spread, _ = _spreads(scores)
    prompts = spread.shape[0]
    known = Interval(estimate=1.0, low=1.0, high=1.0, n=prompts, clusters=prompts)
    return known if (spread > EQUAL).any() else None


def _of_noise(seen: _Seen) -> list[Figure]:
    size = max(2, seen.size)
    return [
        figure("rho_g", seen.rho, seen.settings.reliability, note=seen.note),
        figure("correlation", mapped(seen.rho, lambda rho: expected_correlation(rho, size))),
        figure("wrong_order", mapped(seen.rho, wrong_order)),
    ]


def _of_groups(seen: _Seen) -> list[Figure]:
    spread, counts = _spreads(seen.used)
    several = counts[:, :1] > 1
    groups, dead = int(several.sum()), int((several & (spread[:, :1] <= EQUAL)).sum())
    return [
        figure("dead_groups", wilson(dead, groups), seen.settings.dead),
        figure("noise_alive", _alive(seen)),
        figure("within_noise", _within_noise(seen)),
    ]


def _alive(seen: _Seen) -> Interval | None:
    """Of groups that are dead at one asking, the share that lives at another: over all ordered pairs of askings."""
    spread, counts = _spreads(seen.scores)
    known = counts > 1
    dead, alive = (known & (spread <= EQUAL)).sum(axis=1), (known & (spread > EQUAL)).sum(axis=1)
    others = dead * (known.sum(axis=1) - 1)
    some = others > 0
    parts, wholes = (dead * alive)[some].astype(float), others[some].astype(float)
    names = np.flatnonzero(some).tolist()
    material = seen.material
    return share(parts.tolist(), wholes.tolist(), names, seed=material.seed, resamples=material.resamples)


def _within_noise(seen: _Seen) -> Interval | None:
    """Groups whose variance is below the 95 % point of what noise alone gives: F(G - 1, degrees of the noise)."""
    if seen.found.noise is None or not len(seen.used):
        return None
    counts = np.bincount(seen.used.prompts)
    means = np.bincount(seen.used.prompts, seen.used.values) / np.maximum(counts, 1)
    squares = np.bincount(seen.used.prompts, (seen.used.values - means[seen.used.prompts]) ** 2)
    several = counts > 1
    variance = squares[several] / (counts[several] - 1)
    points = library("scipy.stats").f.ppf(0.95, counts[several] - 1, seen.found.noise_df)
    below = variance <= np.maximum(points * seen.found.noise / seen.settings.calls, EQUAL**2)
    return wilson(int(below.sum()), len(below))


def _paying(seen: _Seen) -> Figure:
    settings = seen.settings
    if settings.generate_cost is None or settings.judge_cost is None:
        return figure("paying_calls", None, note="What a rollout and a call cost is not known")
    costs = settings.generate_cost, settings.judge_cost
    one = _rho(seen.material, settings.model_copy(update={"calls": 1}), seen.scores)
    return figure("paying_calls", mapped(one, lambda rho: paying_calls(rho, *costs)))


def _reworded(seen: _Seen) -> Figure:
    found = _wordings(seen.material.table)
    scores = response_scores(found, seen.settings.scoring)
    value = _rho(seen.material, seen.settings, scores) if len(found.variant.present()) > 1 else None
    return figure("rho_g_reworded", value, note="" if value else "No rows of reworded criteria")


def _by_criterion(seen: _Seen) -> list[Figure]:
    figures = []
    scoring = seen.settings.scoring
    for name in seen.material.criteria():
        alone = Scoring(weights={name: -1.0 if scoring.weights.get(name, 1.0) < 0 else 1.0}, fold=scoring.fold)
        for label, rows in (("rho_g", seen.material.table.plain), ("rho_g_reworded", _wordings(seen.material.table))):
            value = _rho(seen.material, seen.settings, response_scores(rows, alone))
            if value is not None:
                figures.append(figure(label, value, about={"criterion": name}))
    return figures


def _wordings(table: VerdictTable) -> VerdictTable:
    """The first asking of each wording, the rubric's own too: their differences are noise of wording and of asking."""
    words = table.variant.any_of(BASE) | table.variant.starting("reworded/")
    return table.where(words & table.order.any_of(BASE) & (table.repeat == 0))


def _spreads(scores: Scores) -> tuple[Floats, NDArray[np.int64]]:
    """Largest less smallest score, and the number of responses, by prompt and asking; shape (prompts, askings)."""
    shape = (scores.prompts.max() + 1, scores.askings.max() + 1) if len(scores) else (0, 1)
    low, high = np.full(shape, np.inf), np.full(shape, -np.inf)
    counts = np.zeros(shape, dtype=np.int64)
    places = scores.prompts, scores.askings
    np.minimum.at(low, places, scores.values)
    np.maximum.at(high, places, scores.values)
    np.add.at(counts, places, 1)
    return np.where(counts > 0, high - low, 0.0), counts


def mapped(value: Interval | None, by: Callable[[float], float | None]) -> Interval | None:
    """The interval of a monotone function of a figure; None where the function has no value at the estimate."""
    if value is None or (estimate := by(value.estimate)) is None:
        return None
    ends = [None if end is None else by(end) for end in (value.low, value.high)]
    known = sorted(end for end in ends if end is not None)
    low, high = known if len(known) == 2 else (None, None)
    return Interval(estimate=estimate, low=low, high=high, n=value.n, clusters=value.clusters)


def _curves(seen: _Seen) -> dict[str, tuple[dict[str, float], ...]]:
    """Reliability, and what the advantage keeps, against calls a rollout."""
    one = seen.found.reliability()
    if one is None:
        return {}
    size = max(2, seen.size)
    points = [(calls, reliability(one, calls)) for calls in range(1, MOST_CALLS + 1)]
    return {
        "calls": tuple(
            {"calls": float(calls), "rho_g": rho, "correlation": expected_correlation(rho, size)}
            for calls, rho in points
        )
    }


def _detail(seen: _Seen) -> str:
    if not seen.size:
        return "No prompt has two scored responses."
    found = seen.found
    rows = f"{found.responses} responses to {len(np.unique(seen.scores.prompts))} prompts, groups of {seen.size}"
    if seen.rho is None:
        why = "nothing was asked twice" if found.noise is None else "all scores are equal"
        return f"{rows}: {why}, so signal and noise cannot be told apart."
    kept = expected_correlation(seen.rho.estimate, seen.size)
    return (
        f"{rows}: {seen.rho.estimate:.0%} of the differences within a group are the responses' own at "
        f"{seen.settings.calls} calls a rollout; the advantage keeps a correlation of {kept:.2f}."
        f"{f' {seen.note}.' if seen.note else ''}"
    )
