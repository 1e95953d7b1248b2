"""How often the intervals about people hold the truth: simulations of each with a known answer.

Run: ``python bench/coverage_people.py [--times 400]``. A line each: share of intervals that hold the truth, and its
binomial error. 95 % intervals should be near 0.95; over is safe, under is not.
"""

import argparse
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from adjudge.domain.interval import Interval
from adjudge.validation.statistics.annotator import alt_test, leave_one_out
from adjudge.validation.statistics.calibration import Scored, brier_skill
from adjudge.validation.statistics.conformal import conformal_half
from adjudge.validation.statistics.correlation import spearman
from adjudge.validation.statistics.ppi import ppi_mean
from adjudge.validation.statistics.prevalence import Rate, corrected_prevalence
from adjudge.validation.statistics.proportion import proportion
from adjudge.validation.statistics.selection import best_of, incremental_r2
from adjudge.validation.statistics.within import pairwise_accuracy
from adjudge.validation.table import Numbers

Dice = np.random.Generator
Floats = NDArray[np.float64]
Trial = Callable[[Dice], bool]
FEW: Final = 400


def holds(found: Interval | None, truth: float) -> bool:
    """Whether an interval holds the truth; one that is not there does not."""
    return found is not None and found.low is not None and found.high is not None and found.low <= truth <= found.high


def clustered_share(dice: Dice) -> bool:
    """TPR of 40 prompts with 4 responses each, whose chances differ by prompt."""
    hits = dice.binomial(1, np.repeat(dice.beta(8, 2, 40), 4))
    return holds(proportion(hits, np.repeat(np.arange(40), 4).tolist()), 0.8)


def few_clusters_share(dice: Dice) -> bool:
    """The same with 12 prompts."""
    hits = dice.binomial(1, np.repeat(dice.beta(8, 2, 12), 8))
    return holds(proportion(hits, np.repeat(np.arange(12), 8).tolist()), 0.8)


def weighted_share(dice: Dice) -> bool:
    """A tenth of the items is good four times in five and drawn five times as often; the truth is 0.26."""
    rare = dice.uniform(size=150) < 5 * 0.1 / (5 * 0.1 + 0.9)
    hits = dice.uniform(size=150) < np.where(rare, 0.8, 0.2)
    return holds(proportion(hits, range(150), np.where(rare, 0.2, 1.0)), 0.26)


def prevalence(dice: Dice) -> bool:
    """Share 0.3, TPR 0.9 and TNR 0.85 measured on 60 labels each, 500 verdicts."""
    met = dice.binomial(500, 0.3 * 0.9 + 0.7 * 0.15)
    rates = Rate(right=int(dice.binomial(60, 0.9)), of=60), Rate(right=int(dice.binomial(60, 0.85)), of=60)
    return holds(corrected_prevalence(int(met), 500, *rates), 0.3)


def rare_prevalence(dice: Dice) -> bool:
    """Share 0.05, good rates measured on 20 labels each."""
    met = dice.binomial(1000, 0.05 * 0.95 + 0.95 * 0.05)
    rates = Rate(right=int(dice.binomial(20, 0.95)), of=20), Rate(right=int(dice.binomial(20, 0.95)), of=20)
    return holds(corrected_prevalence(int(met), 1000, *rates), 0.05)


def people_mean(dice: Dice) -> bool:
    """PPI++ with 100 labels and 900 verdicts of a judge that is half a standard deviation too kind."""
    people = dice.beta(4, 2, 1000)
    judge = np.clip(people + 0.1 + dice.normal(0, 0.1, 1000), 0, 1)
    found = ppi_mean(people[:100], judge[:100], judge[100:], range(1000))
    return found is not None and holds(found.mean, 4 / 6)


def clustered_people_mean(dice: Dice) -> bool:
    """The same, four responses a prompt that are alike; the labels are whole prompts."""
    people = np.clip(np.repeat(dice.normal(0, 0.15, 250), 4) + dice.normal(0.5, 0.05, 1000), 0, 1)
    judge = np.clip(people + 0.1 + dice.normal(0, 0.1, 1000), 0, 1)
    found = ppi_mean(people[:100], judge[:100], judge[100:], np.repeat(np.arange(250), 4).tolist())
    return found is not None and holds(found.mean, 0.5)


def skill(dice: Dice) -> bool:
    """Brier skill of a judge that knows its chances: 1 - E[p(1-p)] / 0.25, 200 items."""
    chance = dice.uniform(0, 1, 200)
    cases = Scored(chance, (dice.uniform(size=200) < chance).astype(np.float64), range(200), np.ones(200))
    return holds(brier_skill(cases, seed=0, resamples=FEW), 1 - (1 / 6) / 0.25)


def conformal(dice: Dice) -> bool:
    """A new item within a 90 % range made of 49 others: should be 0.90, exactly."""
    residuals = dice.standard_t(3, 50)
    half = conformal_half(residuals[:49], 0.1)
    return half is not None and abs(residuals[49]) <= half


def people_and_judge(dice: Dice, items: int) -> tuple[Floats, Numbers]:
    """Three people and a judge, all with the same noise."""
    truth = dice.normal(0, 1, items)
    people = truth[:, None] + dice.normal(0, 1, (items, 3))
    return truth + dice.normal(0, 1, items), Numbers(people, np.ones_like(people, dtype=np.bool_))


def ceiling_gap(dice: Dice) -> bool:
    """The judge is like a person: the gap to the ceiling is 0; 100 items."""
    judge, people = people_and_judge(dice, 100)

    def correlated(ours: Floats, others: Floats, weights: Floats) -> float | None:
        found = spearman(ours, others, range(len(ours)), weights=weights)
        return None if found is None else found.estimate

    found = leave_one_out(judge, people, range(100), correlated)
    return found is not None and holds(found.gap, 0.0)


def advantage(dice: Dice) -> bool:
    """The judge is like a person and answers have no ties: its chance of being nearer is a half; 100 items."""
    judge, people = people_and_judge(dice, 100)
    found = alt_test(judge, people, range(100), nearness="near", resamples=FEW)
    return found is not None and holds(found.advantage, 0.5)


def pairwise(dice: Dice) -> bool:
    """Right order of two responses, as much noise as signal: 1 - arccos(sqrt(1/2)) / pi = 0.75; 40 prompts of 4."""
    truth = dice.normal(0, 1, 160)
    groups = np.repeat(np.arange(40), 4).tolist()
    return holds(pairwise_accuracy(truth + dice.normal(0, 1, 160), truth, groups, resamples=FEW), 0.75)


def best_of_two(dice: Dice) -> bool:
    """Gain of a perfect judge that picks one of two: 1 / sqrt(pi); 40 prompts of 4."""
    truth = dice.normal(0, 1, 160)
    points = best_of(truth, truth, np.repeat(np.arange(40), 4).tolist(), counts=(2,), resamples=FEW)
    return bool(points) and holds(points[0].gain, 1 / np.pi**0.5)


def increment(dice: Dice) -> bool:
    """R^2 over length: metric = length + score + noise, all of variance 1: a third; 150 items."""
    length, score = dice.normal(0, 1, 150), dice.normal(0, 1, 150)
    metric = length + score + dice.normal(0, 1, 150)
    return holds(incremental_r2(metric, score, length[:, None], range(150), resamples=FEW), 1 / 3)


TRIALS: Final[Mapping[str, Trial]] = MappingProxyType(
    {
        trial.__name__: trial
        for trial in (
            *(clustered_share, few_clusters_share, weighted_share, prevalence, rare_prevalence),
            *(people_mean, clustered_people_mean, skill, conformal, ceiling_gap, advantage),
            *(pairwise, best_of_two, increment),
        )
    }
)


def coverage(trial: Trial, times: int, seed: int = 0) -> float:
    """Share of simulations in which the interval holds the truth."""
    return sum(trial(np.random.default_rng([seed, turn])) for turn in range(times)) / times


def main() -> None:
    """Print a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=400)
    parser.add_argument("--only", choices=sorted(TRIALS), nargs="*")
    given = parser.parse_args()
    for name in given.only or TRIALS:
        found = coverage(TRIALS[name], given.times)
        print(f"{name:24} {found:.3f} +- {(found * (1 - found) / given.times) ** 0.5:.3f}", flush=True)


if __name__ == "__main__":
    main()
