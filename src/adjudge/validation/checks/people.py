"""Check: does the judge agree with people, criterion by criterion, where it matters for training?

Yes-or-no criteria are asked for TPR and TNR; where three people or more have labelled, the alternative-annotator test
together with Krippendorff's alpha may stand for them: people who disagree among themselves make rates look bad that no
judge could better. Grades are asked for a correlation that is good in itself and hardly below what one person has with
the others (the human ceiling). All criteria are asked for the order within a prompt, which is what training sees.
"""

from collections.abc import Sequence

import numpy as np
from pydantic import Field

from adjudge.domain.base import Count, Frozen, Number, Score
from adjudge.domain.interval import Interval
from adjudge.validation.check import Check, Figure, Material, Outcome, Rule, figure, overall
from adjudge.validation.checks.beside_people import NEEDS, Beside, Floats, beside_people, unmatched
from adjudge.validation.checks.disagreements import disagreements
from adjudge.validation.statistics.alpha import Metric, alpha
from adjudge.validation.statistics.annotator import (
    MIN_RATERS,
    AltTest,
    Ceiling,
    Correction,
    alt_test,
    leave_one_out,
)
from adjudge.validation.statistics.bootstrap import Draws, bootstrap_sums
from adjudge.validation.statistics.correlation import spearman
from adjudge.validation.statistics.labels_needed import labels_for_width, labels_to_decide
from adjudge.validation.statistics.prevalence import Rate, corrected_prevalence
from adjudge.validation.statistics.proportion import proportion, wilson_ends
from adjudge.validation.statistics.within import pairwise_accuracy
from adjudge.validation.table import Numbers

NAME = "people"
TITLE = "Agrees with people"


class PeopleSettings(Frozen):
    """What agreement with people is asked for."""

    rate: Score = 0.8
    """Least TPR and TNR of a yes-or-no criterion, each."""
    omega: Score = 0.5
    """Least winning rate in the alternative-annotator test; with `alpha` it may stand for the rates."""
    alpha: Number = 0.667
    """Least Krippendorff alpha of people and judge together, estimate (below it even tentative conclusions are out)."""
    epsilon: Number = 0.2
    """Bonus of the judge in that test: 0.2 against experts, 0.15 skilled people, 0.1 a crowd."""
    correction: Correction = "by"
    """For several tests: Benjamini-Yekutieli or Benjamini-Hochberg."""
    min_items: Count = 30
    """Items a person must have labelled to be in that test, and labels from which a correlation is judged."""
    correlation: Score = 0.5
    """Least rank correlation with people's mean grade."""
    below_ceiling: Score = 0.1
    """How far the judge may be below the correlation that a person has with the other people."""
    pairwise: Score = 0.6
    """Least share of pairs of responses to one prompt in people's order; half is chance."""
    within_prompts: bool = True
    """Whether that is judged. False only where every prompt has one response: training in groups needs the order."""
    examples: Count = 20
    """Disagreements shown, worst first."""
    good_from: Score = Field(default=0.5, gt=0.0)
    """From which score on the judge's answer to a yes-or-no criterion is a yes."""


def people(material: Material, settings: PeopleSettings) -> Check:
    """Agreement with people's labels, per criterion; labels that were oversampled are weighted back."""
    found = beside_people(material)
    lost = unmatched(material)
    astray = [f"{lost} of {len(material.gold)} labels are of nothing that the judge was asked about"] if lost else []
    if not found:
        detail = "".join(astray) or "no labels"
        return Check(name=NAME, title=TITLE, outcome=Outcome.NOT_ENOUGH_DATA, detail=detail, needs=NEEDS)
    figures: list[Figure] = []
    for beside in found:
        figures += _boolean(beside, material, settings) if beside.boolean else _graded(beside, material, settings)
        figures.append(_pairwise(beside, material, settings))
    unlabelled = [name for name in material.criteria() if name not in {beside.criterion for beside in found}]
    figures += [_unlabelled(name, settings) for name in unlabelled]
    return Check(
        name=NAME,
        title=TITLE,
        outcome=overall(figures),
        figures=tuple(figures),
        examples=disagreements(found, material, settings.examples),
        detail="; ".join([*_detail(figures, unlabelled), *astray]),
        fix="Read the disagreements: rewrite the criteria that people and judge read differently, split those that "
        "hold two questions, show the judge what people saw, or use a better judge.",
        needs=NEEDS,
    )


def _detail(figures: Sequence[Figure], unlabelled: Sequence[str]) -> list[str]:
    failed = dict.fromkeys(f.about["criterion"] for f in figures if f.outcome is Outcome.FAIL)
    told = [f"disagrees on {', '.join(failed)}"] if failed else []
    return [*told, f"no labels for {', '.join(unlabelled)}"] if unlabelled else told


def _unlabelled(name: str, settings: PeopleSettings) -> Figure:
    needed = labels_for_width(settings.rate, 0.1)
    made = figure("labels", None, Rule(at_least=1.0), about={"criterion": name}, note="nobody has labelled this")
    return made.model_copy(update={"needed": needed})


def _boolean(beside: Beside, material: Material, settings: PeopleSettings) -> list[Figure]:
    """Rates, or the test with alpha where that is the better case; accuracy, kappa, ceiling and prevalence are told."""
    sure = beside.decided()
    rates = _rates(sure, settings)
    stand_in = _stand_in(beside, material, settings)
    order = (Outcome.PASS, Outcome.NOT_ENOUGH_DATA, Outcome.FAIL)
    by_rates, by_test = overall(rates), overall(stand_in)
    if stand_in and order.index(by_test) < order.index(by_rates):
        judged, told = stand_in, _told(rates, "told: the alternative-annotator test and alpha stand for it")
    else:
        judged, told = rates, _told(stand_in, "told: TPR and TNR are judged")
    return [*judged, *told, *_more_boolean(beside, sure, material, settings)]


def _told(figures: Sequence[Figure], note: str) -> list[Figure]:
    """The figures without their rules."""
    return [f.model_copy(update={"rule": None, "outcome": None, "needed": None, "note": note}) for f in figures]


def _rates(sure: Beside, settings: PeopleSettings) -> list[Figure]:
    right, labels, pair = _right(sure, settings), sure.labels(), sure.pair
    figures = []
    for name, label in (("tpr", 1.0), ("tnr", 0.0)):
        mine = labels == label
        found = proportion(right[mine], pair.clusters[mine].tolist(), pair.weights[mine])
        made = figure(name, found, Rule(at_least=settings.rate), about={"criterion": sure.criterion})
        if made.outcome is Outcome.NOT_ENOUGH_DATA and found is not None:
            made = made.model_copy(update={"needed": _needed(found, settings.rate)})
        figures.append(made)
    return figures


def _needed(found: Interval, limit: float) -> int | None:
    """Labels of the class that would decide, were rate and clusters to stay what they are."""
    effect = 1.0
    if found.low is not None and found.high is not None and 0.0 < found.estimate < 1.0:
        # The width says what the clusters cost: as wide as that of so many independent labels.
        low, high = wilson_ends(found.estimate, found.n)
        effect = max(1.0, ((found.high - found.low) / (high - low)) ** 2)
    elif found.clusters:
        effect = max(1.0, found.n / found.clusters)
    return labels_to_decide(found.estimate, limit, effect=effect)


def _answers(beside: Beside, settings: PeopleSettings) -> Floats:
    return (beside.pair.judge >= settings.good_from).astype(np.float64)


def _right(sure: Beside, settings: PeopleSettings) -> Floats:
    return np.asarray(_answers(sure, settings) == sure.labels(), dtype=np.float64)


def _more_boolean(beside: Beside, sure: Beside, material: Material, settings: PeopleSettings) -> list[Figure]:
    """Accuracy and kappa beside what a person reaches, and the share of good responses, corrected for the errors."""
    about, pair = {"criterion": beside.criterion}, sure.pair
    accuracy = proportion(_right(sure, settings), pair.clusters.tolist(), pair.weights)
    ceiling = leave_one_out(
        _answers(beside, settings),
        beside.pair.people,
        beside.pair.clusters.tolist(),
        lambda ours, others, weights: float(np.average(ours == others, weights=weights)) if len(ours) else None,
        weights=beside.pair.weights,
        majority=True,
        seed=material.seed,
    )
    return [
        figure("accuracy", accuracy, about=about),
        figure("kappa", _kappa(sure, material, settings), about=about),
        *_ceiling("accuracy", ceiling, about),
        figure("prevalence", _prevalence(sure, material, settings), about=about, note="share of yes, corrected"),
    ]


def _kappa(sure: Beside, material: Material, settings: PeopleSettings) -> Interval | None:
    pair = sure.pair
    if not pair.items:
        return None
    answers, labels, weights = _answers(sure, settings), sure.labels(), pair.weights
    sums = weights[:, None] * np.column_stack([np.ones(len(labels)), labels, answers, answers == labels])

    def figure(sums: Floats) -> tuple[Floats, Floats]:
        label, answer, agree = (sums[:, 1:] / sums[:, :1]).T
        chance = label * answer + (1 - label) * (1 - answer)
        return agree - chance, 1 - chance

    return bootstrap_sums(figure, sums, pair.clusters, (-1.0, 1.0), Draws(material.seed, material.resamples))


def _prevalence(sure: Beside, material: Material, settings: PeopleSettings) -> Interval | None:
    """None for labels of unequal chance: the rates of the formula are counts."""
    if not sure.pair.items or np.ptp(sure.pair.weights) > 1e-9:
        return None
    rows = material.table.of(criterion=sure.criterion).plain.scored
    scores = rows.where(rows.repeat == 0).score.values
    right, labels = _right(sure, settings), sure.labels()
    hit, spared = (Rate(right=int(right[labels == y].sum()), of=int((labels == y).sum())) for y in (1.0, 0.0))
    return corrected_prevalence(int((scores >= settings.good_from).sum()), len(scores), hit, spared)


def _stand_in(beside: Beside, material: Material, settings: PeopleSettings) -> list[Figure]:
    """The alternative-annotator test and alpha of people and judge; nothing with fewer than three raters.

    Both count every labelled item once, whatever its weight.
    """
    pair, about = beside.pair, {"criterion": beside.criterion}
    if pair.people.known.shape[1] < MIN_RATERS:
        return []
    judge = _answers(beside, settings) if beside.boolean else pair.judge
    test = alt_test(
        judge,
        pair.people,
        pair.clusters.tolist(),
        nearness="equal" if beside.boolean else "near",
        epsilon=settings.epsilon,
        correction=settings.correction,
        min_items=settings.min_items,
        seed=material.seed,
        resamples=material.resamples,
    )
    together = _alpha(beside, judge, material)
    rule = Rule(at_least=settings.omega, bound="estimate")
    # Its interval would be of the raters; what the convention's limit is put to is the estimate.
    limit = Rule(at_least=settings.alpha, bound="estimate")
    return [
        figure("alt_test_omega", _omega(test), rule, about=about),
        figure("alpha", together, limit, about=about, note="people and judge"),
        figure("alt_test_advantage", None if test is None else test.advantage, about=about),
    ]


def _omega(test: AltTest | None) -> Interval | None:
    if test is None:
        return None
    return Interval(estimate=test.omega, low=None, high=None, n=len(test.tests), clusters=test.advantage.clusters)


def _alpha(beside: Beside, judge: Floats, material: Material) -> Interval | None:
    people = beside.pair.people
    everyone = Numbers(
        np.column_stack([people.values, judge]), np.column_stack([people.known, np.ones(len(judge), dtype=np.bool_)])
    )
    metric: Metric = "nominal" if beside.boolean else "interval"
    return alpha(everyone, metric, beside.pair.clusters.tolist(), Draws(material.seed, material.resamples))


def _graded(beside: Beside, material: Material, settings: PeopleSettings) -> list[Figure]:
    """Rank correlation with people's mean and how far it is below the ceiling; test and alpha are told."""
    pair, about = beside.pair, {"criterion": beside.criterion}
    clusters = pair.clusters.tolist()

    def correlated(ours: Floats, others: Floats, weights: Floats) -> float | None:
        found = spearman(ours, others, range(len(ours)), weights=weights)
        return None if found is None else found.estimate

    ceiling = leave_one_out(pair.judge, pair.people, clusters, correlated, weights=pair.weights, seed=material.seed)
    found = spearman(pair.judge, pair.consensus, clusters, weights=pair.weights)
    rule = Rule(at_least=settings.correlation, min_n=settings.min_items)
    gap = Rule(at_least=-settings.below_ceiling, min_n=settings.min_items)
    stand_in = _stand_in(beside, material, settings)
    return [
        figure("spearman", found, rule, about=about, note="with people's mean"),
        *_ceiling("spearman", ceiling, about, gap),
        *_told(stand_in, "told: the correlation is judged"),
    ]


def _ceiling(name: str, ceiling: Ceiling | None, about: dict[str, str], rule: Rule | None = None) -> list[Figure]:
    """What a person reaches against the others, and the judge less that; nothing where one person labelled."""
    if ceiling is None:
        return []
    gap = ceiling.gap
    reached = Interval(estimate=ceiling.people, low=None, high=None, n=gap.n, clusters=gap.clusters)
    note = f"mean over {ceiling.raters} people, each against the others"
    return [
        figure(f"{name}_ceiling", reached, about=about, note=note),
        figure(f"{name}_above_ceiling", gap, rule, about=about, note="judge less person, both against the others"),
    ]


def _pairwise(beside: Beside, material: Material, settings: PeopleSettings) -> Figure:
    pair = beside.pair
    found = pairwise_accuracy(
        pair.judge,
        pair.consensus,
        pair.clusters.tolist(),
        weights=pair.weights,
        seed=material.seed,
        resamples=material.resamples,
    )
    rule = Rule(at_least=settings.pairwise) if settings.within_prompts else None
    note = "no prompt has two labelled responses that differ" if found is None else ""
    made = figure("pairwise_accuracy", found, rule, about={"criterion": beside.criterion}, note=note)
    # How many prompts would have two that differ, nobody knows.
    return made if found else made.model_copy(update={"needed": None})
