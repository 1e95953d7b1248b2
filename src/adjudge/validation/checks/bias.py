"""Check ``bias``: what must not matter, does not. A response gets another dress and the same content.

Changes and measures follow CALM (arXiv:2410.02736): the share of answers that stay, and the mean signed change. A judge
that wavers anyway is not biased: answers that change when nothing was changed are the floor that each share is set
against. Many probes find something by chance; the false discovery rate over probes is held.
"""

from typing import Any, Final

import numpy as np
from pydantic import Field

from adjudge.domain.base import Count, Frozen, Score
from adjudge.domain.interval import Interval
from adjudge.validation.check import Check, Figure, Material, Outcome, Rule, figure, overall
from adjudge.validation.checks.beside import Beside, beside, first_askings, later_askings
from adjudge.validation.statistics.bootstrap import Floats, bootstrap
from adjudge.validation.statistics.equivalence import absolute
from adjudge.validation.statistics.multiplicity import benjamini_hochberg
from adjudge.validation.statistics.preference import Favours
from adjudge.validation.statistics.proportion import proportion

NAME: Final = "bias"
TITLE: Final = "Dress does not pay"
PREFIX: Final = "bias/"


class BiasSettings(Frozen):
    """What a judge must show when a response is dressed up and says the same."""

    margin: Score = Field(default=0.05, gt=0.0, lt=1.0)
    """Greatest mean change of the score by a probe that does not matter, as a share of the scale's range; its 90 %
    interval must lie within it."""

    min_answers: Count = 30
    """Fewer pairs of answers never decide a probe: of few, all may have moved alike by luck."""

    excess_flips: Score = 0.1
    """Greatest share of answers that may change beyond those that change without any probe."""

    discovery_rate: Score = Field(default=0.05, gt=0.0, lt=1.0)
    """Share of false alarms among the probes called biased (Benjamini and Hochberg). A probe beyond the margin whose
    change could be chance is not called biased; it needs more data."""

    own_family: tuple[str, ...] = ()
    """Policies of the judge's own model family, by name: then self-preference is measured against the others."""

    self_preference: Score = 0.1
    """Greatest gap between own and other responses in the chance of a yes where people said yes (arXiv:2410.21819)."""

    examples: Count = 10
    """Answers to show that changed most."""


def bias(material: Material, settings: BiasSettings) -> Check:
    """Each probe's drift and flips beyond the floor (judged), share of answers that stay, mean change (told).

    Needs: variants ``bias/NAME`` beside ``base`` rows of the same items; repeats of base rows for the floor; for
    self-preference people's labels on responses of several policies.
    """
    table = material.table
    names = [name for name in table.variant.present() if name.startswith(PREFIX)]
    floor = beside(table, later_askings(table))
    pairs = {name: beside(table, first_askings(table, table.variant.any_of(name))) for name in names}
    figures = [figure("repeat_agreement", _stays(floor), note="answers that stay when nothing is changed")]
    biased: list[str] = []
    q_values = benjamini_hochberg([pair.differences().p_value() for pair in pairs.values()])
    for (name, pair), q in zip(pairs.items(), q_values, strict=True):
        made = _probe(name.removeprefix(PREFIX), pair, floor, q, (material, settings))
        figures += made
        if any(found.outcome is Outcome.FAIL for found in made):
            biased.append(name.removeprefix(PREFIX))
    preferred = _self_preference(material, settings)
    figures += preferred
    selfish = any(found.outcome is Outcome.FAIL for found in preferred)
    return Check(
        name=NAME,
        title=TITLE,
        outcome=overall(figures),
        figures=tuple(figures),
        examples=_examples(pairs, settings.examples),
        detail=_detail(len(pairs), biased, selfish=selfish),
        fix=_fix(biased, selfish=selfish),
        needs=_needs(bool(pairs), bool(len(floor))),
    )


def _probe(
    name: str, pair: Beside, floor: Beside, q: float | None, given: tuple[Material, BiasSettings]
) -> list[Figure]:
    material, settings = given
    about = {"probe": name}
    differences = pair.differences()
    narrow = differences.interval(0.9)
    drift = figure(
        "drift_size",
        narrow and absolute(narrow),
        Rule(at_most=settings.margin, min_n=settings.min_answers),
        about=about,
    )
    if drift.outcome is Outcome.FAIL and (q is None or q > settings.discovery_rate):
        drift = drift.model_copy(
            update={"outcome": Outcome.NOT_ENOUGH_DATA, "note": "may be chance among so many probes"}
        )
    p = differences.p_value()
    note = "" if p is None or q is None else f"p {p:.3g}, {q:.3g} over all probes"
    if pair.unpaired:
        note = f"{note}; {pair.unpaired} rows without a verdict or a base".lstrip("; ")
    return [
        drift,
        figure(
            "excess_flips",
            _excess(pair, floor, material),
            Rule(at_most=settings.excess_flips, min_n=settings.min_answers),
            about=about,
        ),
        figure("change", differences.interval(), about=about, note=note),
        figure("robustness", _stays(pair), about=about),
    ]


def _stays(pair: Beside) -> Interval | None:
    """Share of answers that stay the same."""
    return proportion(pair.same, pair.plain.clusters().tolist())


def _excess(pair: Beside, floor: Beside, material: Material) -> Interval | None:
    """Share of answers that a probe changes, less the share that change without one; None where either is not known.

    Of the floor only criteria count that the probe was put to, so that both are about the same questions.
    """
    floor = floor.where(floor.plain.criterion.any_of(*pair.plain.criterion.present()))
    if not len(pair) or not len(floor):
        return None
    flips = np.concatenate([~pair.same, ~floor.same]).astype(float)
    probed = np.concatenate([np.ones(len(pair)), np.zeros(len(floor))])
    # Both tables number groups and items alike: they are cut out of one.
    clusters = [
        (int(group), int(item) if group < 0 else -1)
        for side in (pair.plain, floor.plain)
        for group, item in zip(side.group.codes, side.item.codes, strict=True)
    ]

    def statistic(weights: Floats) -> tuple[Floats, Floats]:
        wholes = weights @ probed, weights @ (1 - probed)
        known = (wholes[0] > 0) & (wholes[1] > 0)
        rates = [
            weights @ (side * flips) / np.where(known, whole, 1.0)
            for side, whole in zip((probed, 1 - probed), wholes, strict=True)
        ]
        return rates[0] - rates[1], known.astype(np.float64)

    found = bootstrap(statistic, clusters, (-1.0, 1.0), seed=material.seed, resamples=material.resamples, level=0.95)
    return found and found.model_copy(update={"n": len(pair)})


def _self_preference(material: Material, settings: BiasSettings) -> list[Figure]:
    if not settings.own_family:
        return []
    figures = []
    for criterion in material.criteria():
        rows = material.table.of(criterion=criterion).plain.scored
        rows = rows.where((rows.repeat == 0) & rows.policy.known)
        people = material.gold.means(criterion, [item or "" for item in rows.item.texts()])
        rows, values = rows.where(people.known), people.some
        found = Favours(
            judge=rows.score.values >= 0.5,
            people=values >= 0.5,
            own=rows.policy.any_of(*settings.own_family),
            clusters=rows.clusters().tolist(),
        )
        gap = found.gap(seed=material.seed, resamples=material.resamples)
        about = {"criterion": criterion}
        figures.append(figure("self_preference", gap, Rule(at_most=settings.self_preference), about=about))
        figures.append(figure("own_odds_ratio", found.odds_ratio(), about=about))
    return figures


def _examples(pairs: dict[str, Beside], most: int) -> tuple[dict[str, Any], ...]:
    """The answers that moved most, over all probes."""
    listed: list[dict[str, Any]] = []
    for pair in pairs.values():
        both = pair.scored
        moves = both.changed.score.values - both.plain.score.values
        moved = np.argsort(-np.abs(moves), kind="stable")[:most]
        moved = moved[np.abs(moves[moved]) > 0]
        listed += both.where(moved).moves()
    return tuple(sorted(listed, key=lambda row: -abs(row["after"] - row["before"]))[:most])


def _detail(probes: int, biased: list[str], *, selfish: bool) -> str:
    told = f"{len(biased)} of {probes} probes move it" if probes else "no response was dressed up"
    told += f": {', '.join(biased)}" if biased else ""
    return f"{told}; it favours its own family" if selfish else told


def _fix(biased: list[str], *, selfish: bool) -> str:
    dress = f"Tell the judge what earns nothing, or strip it before judging: {', '.join(biased)}." if biased else ""
    family = "Use a judge of another family than the policy's, or a panel with one." if selfish else ""
    return f"{dress} {family}".strip()


def _needs(probed: bool, repeated: bool) -> str:
    if not probed:
        return "Rows with variants bias/NAME for items that have base rows."
    return (
        "More items a probe." if repeated else "Repeats of the base rows: what changes without any probe is the floor."
    )
