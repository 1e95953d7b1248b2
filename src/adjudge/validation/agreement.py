"""How well a judge's probabilities and answers agree with known labels. Pure functions; a seed makes them repeatable.

AUC asks whether the judge ranks good above bad (what training on the probability needs), kappa and accuracy whether
its yes and no are right, the Brier score whether its probabilities mean what they say.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

import numpy as np

from adjudge.domain.interval import Interval, wilson
from adjudge.validation.statistics.bootstrap import Floats, Statistic, bootstrap

Figure = Literal["auc", "kappa", "accuracy"]


@dataclass(frozen=True)
class Labelled:
    """N cases with known answers: labels, the judge's probabilities of yes in [0, 1], and what was drawn together.

    Raises:
        ValueError: unequal lengths, or a probability outside [0, 1].
    """

    labels: Sequence[bool]
    probabilities: Sequence[float]
    clusters: Sequence[Hashable]

    def __post_init__(self) -> None:
        if not len(self.labels) == len(self.probabilities) == len(self.clusters):
            msg = "labels, probabilities and clusters must have the same length"
            raise ValueError(msg)
        if not all(0.0 <= p <= 1.0 for p in self.probabilities):
            msg = "probabilities are finite and within [0, 1]"
            raise ValueError(msg)

    @property
    def positives(self) -> int:
        """Cases whose right answer is yes."""
        return sum(self.labels)

    @property
    def answers(self) -> list[bool]:
        """The judge's answers: yes from 0.5 on."""
        return [p >= 0.5 for p in self.probabilities]


def auc(cases: Labelled, *, seed: int, resamples: int = 2000, level: float = 0.95) -> Interval | None:
    """Probability that a good case gets the higher probability (ties count half), with a cluster bootstrap interval.

    None when there are not both good and bad cases.
    """
    if cases.positives in {0, len(cases.labels)}:
        return None
    return bootstrap(_ranked(cases), cases.clusters, (0.0, 1.0), seed=seed, resamples=resamples, level=level)


def kappa(cases: Labelled, *, seed: int, resamples: int = 2000, level: float = 0.95) -> Interval | None:
    """Cohen's kappa of the judge's answers with the labels: agreement beyond chance, at most 1.

    None when chance alone agrees always (all labels and all answers are the same): kappa is not defined then.
    """
    if not len(cases.labels):
        return None
    support = (-1.0, 1.0)
    return bootstrap(_chance_corrected(cases), cases.clusters, support, seed=seed, resamples=resamples, level=level)


def accuracy(cases: Labelled, *, level: float = 0.95) -> Interval | None:
    """Share of right answers with Wilson's interval (every case counts as independent); None without cases."""
    right = sum(label == answer for label, answer in zip(cases.labels, cases.answers, strict=True))
    return wilson(right, len(cases.labels), level)


def true_rate(cases: Labelled, *, of: bool, level: float = 0.95) -> Interval | None:
    """Share of right answers among the cases labelled `of` (True: TPR, False: TNR), with Wilson's interval."""
    answers = [answer for label, answer in zip(cases.labels, cases.answers, strict=True) if label is of]
    return wilson(sum(answer is of for answer in answers), len(answers), level)


def brier(cases: Labelled) -> float | None:
    """Mean squared distance of probability and label, in [0, 1]; 0.25 is a judge that always says 0.5."""
    if not len(cases.labels):
        return None
    gaps = np.asarray(cases.probabilities, dtype=np.float64) - np.asarray(cases.labels, dtype=np.float64)
    return float((gaps**2).mean())


def share(
    parts: Sequence[float],
    wholes: Sequence[float],
    clusters: Sequence[Hashable],
    *,
    seed: int,
    resamples: int = 2000,
    level: float = 0.95,
) -> Interval | None:
    """Sum of `parts` over sum of `wholes` (each 0 <= part <= whole), with a cluster bootstrap interval.

    None when the wholes add up to nothing.
    """
    if not len(parts):
        return None
    return bootstrap(_ratio(parts, wholes), clusters, (0.0, 1.0), seed=seed, resamples=resamples, level=level)


def difference(
    figure: Figure, first: Labelled, second: Labelled, *, seed: int, resamples: int = 2000, level: float = 0.95
) -> Interval | None:
    """The figure of `second` less that of `first` on the same cases: both sides of a draw have the same clusters.

    None where one of the two has no such figure.

    Raises:
        ValueError: the two are not about the same cases in the same order.
    """
    if list(first.labels) != list(second.labels) or list(first.clusters) != list(second.clusters):
        msg = "a paired difference needs the same cases on both sides, in the same order"
        raise ValueError(msg)
    if not len(first.labels) or (figure == "auc" and first.positives in {0, len(first.labels)}):
        return None
    of_first, of_second = _STATISTICS[figure](first), _STATISTICS[figure](second)

    def statistic(weights: Floats) -> tuple[Floats, Floats]:
        part, whole = of_first(weights)
        other_part, other_whole = of_second(weights)
        return other_part * whole - part * other_whole, whole * other_whole

    span = 2.0 if figure == "kappa" else 1.0
    return bootstrap(statistic, first.clusters, (-span, span), seed=seed, resamples=resamples, level=level)


def _ranked(cases: Labelled) -> Statistic:
    """AUC: pairs of a good and a bad case in the right order, of all such pairs."""
    order = np.argsort(np.asarray(cases.probabilities), kind="stable")
    good = np.asarray(cases.labels, dtype=np.float64)[order]
    ranked = np.asarray(cases.probabilities, dtype=np.float64)[order]
    starts = np.flatnonzero(np.r_[True, np.diff(ranked) > 0])

    def statistic(weights: Floats) -> tuple[Floats, Floats]:
        drawn = weights[:, order]
        better = np.add.reduceat(drawn * good, starts, axis=1)
        worse = np.add.reduceat(drawn * (1 - good), starts, axis=1)
        below = np.cumsum(worse, axis=1) - worse / 2
        return (better * below).sum(axis=1), better.sum(axis=1) * worse.sum(axis=1)

    return statistic


def _chance_corrected(cases: Labelled) -> Statistic:
    """Kappa: agreement above chance, of all that is above chance."""
    labels = np.asarray(cases.labels, dtype=np.float64)
    answers = np.asarray(cases.answers, dtype=np.float64)

    def statistic(weights: Floats) -> tuple[Floats, Floats]:
        total = weights.sum(axis=1)
        label, answer = weights @ labels / total, weights @ answers / total
        agree = weights @ (labels == answers).astype(np.float64) / total
        chance = label * answer + (1 - label) * (1 - answer)
        return agree - chance, 1 - chance

    return statistic


def _right(cases: Labelled) -> Statistic:
    """Accuracy: right answers, of all cases."""
    right = [float(label == answer) for label, answer in zip(cases.labels, cases.answers, strict=True)]
    return _ratio(right, np.ones(len(right)).tolist())


def _ratio(parts: Sequence[float], wholes: Sequence[float]) -> Statistic:
    part, whole = np.asarray(parts, dtype=np.float64), np.asarray(wholes, dtype=np.float64)
    return lambda weights: (weights @ part, weights @ whole)


_STATISTICS: Final[Mapping[Figure, Callable[[Labelled], Statistic]]] = MappingProxyType(
    {"auc": _ranked, "kappa": _chance_corrected, "accuracy": _right}
)
