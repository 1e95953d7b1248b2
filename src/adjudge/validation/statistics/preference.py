"""Does a judge favour its own family? What is left when people's answers are held equal."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adjudge.domain.interval import Interval
from adjudge.validation.library import library
from adjudge.validation.statistics.bootstrap import Floats, bootstrap
from adjudge.validation.statistics.logit import clustered_logit

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Favours:
    """N responses with two answers each: did the judge find it good, did people, and who wrote it.

    Attributes:
        judge: the judge's yes; shape (N,).
        people: people's yes; shape (N,).
        own: the writer is of the judge's own family; shape (N,).
        clusters: what was drawn together; N of them.
    """

    judge: Mask
    people: Mask
    own: Mask
    clusters: Sequence[Hashable]

    def gap(self, *, seed: int, resamples: int = 2000, level: float = 0.95) -> Interval | None:
        """Self-preference of Wataoka et al. (arXiv:2410.21819): P(judge's yes | own, people's yes) less the others'.

        In [-1, 1]; None where people found no own or no other response good.
        """
        good = self.people
        if not (good & self.own).any() or not (good & ~self.own).any():
            return None
        own, other = (good & self.own).astype(float), (good & ~self.own).astype(float)
        yes = self.judge.astype(float)

        def statistic(weights: Floats) -> tuple[Floats, Floats]:
            wholes = weights @ own, weights @ other
            known = (wholes[0] > 0) & (wholes[1] > 0)
            rates = [
                (weights @ (side * yes)) / np.where(known, whole, 1.0)
                for side, whole in zip((own, other), wholes, strict=True)
            ]
            return rates[0] - rates[1], known.astype(np.float64)

        found = bootstrap(statistic, self.clusters, (-1.0, 1.0), seed=seed, resamples=resamples, level=level)
        return found and found.model_copy(update={"n": int(good.sum())})

    def odds_ratio(self, level: float = 0.95) -> Interval | None:
        """Odds of the judge's yes for own against others' at equal answers of people (arXiv:2604.06996).

        From a logistic model with cluster-robust errors; 1 is no preference. None where the rows cannot tell.
        """
        columns = {"people": self.people.astype(float), "own": self.own.astype(float)}
        fitted = clustered_logit(self.judge.astype(float), columns, self.clusters)
        if fitted is None:
            return None
        half = fitted["own"].error * float(library("scipy.stats").norm.ppf(0.5 + level / 2))
        ends = [math.exp(fitted["own"].estimate + end) for end in (0.0, -half, half)]
        return Interval(
            estimate=ends[0], low=ends[1], high=ends[2], n=len(self.judge), clusters=len(set(self.clusters))
        )
