"""May the judge stand in for a person? The alternative-annotator test, and how well people agree with one another.

Calderon, Reichart and Dror 2025, arXiv:2501.10970: leave one rater out; per item, ask whether the judge or the person
left out is nearer to the others. The judge passes against a person where it is as near, allowing it a bonus epsilon
for being cheaper; it may replace people where it passes against at least half of them (omega >= 0.5).
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from adjudge.domain.base import Count, Frozen, Number, Score
from adjudge.domain.interval import Interval
from adjudge.validation.library import library
from adjudge.validation.statistics.bootstrap import Draws, bootstrap_sums
from adjudge.validation.statistics.jackknife import jackknife
from adjudge.validation.table import Numbers

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Nearness = Literal["equal", "near"]
Correction = Literal["by", "bh"]
Agreement = Callable[[Floats, Floats, Floats], float | None]
"""Of two columns, and the weights of their rows; None where it is not defined."""

EXPERTS: Final = 0.2
SKILLED: Final = 0.15
CROWD: Final = 0.1

MIN_RATERS: Final = 3
MIN_ITEMS: Final = 30


class RaterTest(Frozen):
    """The judge against one person."""

    rater: Count
    """The person's column."""
    items: Count
    judge_wins: Score
    """Share of items where the judge is at least as near to the others as the person."""
    person_wins: Score
    """Share of items where the person is at least as near to the others as the judge."""
    p_value: Score
    passed: bool
    """After the correction for several tests."""


class AltTest(Frozen):
    """Outcome of the alternative-annotator test."""

    epsilon: Number
    omega: Score
    """Winning rate: share of people against whom the judge passes."""
    advantage: Interval
    """Chance that the judge is at least as near to the others as a person: mean over people, over drawn clusters."""
    tests: tuple[RaterTest, ...]


def alt_test(
    judge: Floats,
    people: Numbers,
    clusters: Sequence[Hashable],
    *,
    nearness: Nearness = "equal",
    epsilon: float = EXPERTS,
    correction: Correction = "by",
    q: float = 0.05,
    min_items: int = MIN_ITEMS,
    seed: int = 0,
    resamples: int = 2000,
) -> AltTest | None:
    """The test of arXiv:2501.10970 for one judge.

    Args:
        judge: scores; shape (n,).
        people: scores by rater; shape (n, raters).
        clusters: what each item was drawn with, for the interval of the advantage; the tests take items as drawn
            one by one, as the paper does.
        nearness: ``equal`` the share of the others with the same answer, ``near`` minus the root mean square distance.
        epsilon: bonus of the judge: 0.2 against experts, 0.15 skilled, 0.1 crowd.
        correction: Benjamini-Yekutieli, which holds for dependent tests, or Benjamini-Hochberg.
        q: false discovery rate.
        min_items: people with fewer items, each labelled by another too, are not tested.
        seed: of the bootstrap.
        resamples: draws.

    Returns:
        None where fewer than three people have items enough.
    """
    tested: list[int] = []
    p_values: list[float] = []
    better: list[tuple[Mask, Floats, Floats]] = []
    for rater in range(people.known.shape[1]):
        mine, by_judge, by_person = _nearer(judge, people, rater, nearness)
        if mine.sum() >= max(2, min_items):
            tested.append(rater)
            better.append((mine, by_judge, by_person))
            p_values.append(_p_value(by_person[mine] - by_judge[mine], epsilon))
    if len(tested) < MIN_RATERS:
        return None
    passed = library("statsmodels.stats.multitest").multipletests(p_values, alpha=q, method=f"fdr_{correction}")[0]
    tests = tuple(
        RaterTest(
            rater=rater,
            items=int(mine.sum()),
            judge_wins=float(by_judge[mine].mean()),
            person_wins=float(by_person[mine].mean()),
            p_value=p_value,
            passed=bool(won),
        )
        for rater, (mine, by_judge, by_person), p_value, won in zip(tested, better, p_values, passed, strict=True)
    )
    advantage = _advantage(better, clusters, seed, resamples)
    omega = sum(test.passed for test in tests) / len(tests)
    return AltTest(epsilon=epsilon, omega=omega, advantage=advantage, tests=tests)


def _others(people: Numbers, rater: int) -> tuple[Mask, Numbers]:
    """Items that `rater` and at least one other labelled, and the scores of the others on all items."""
    others = Numbers(np.delete(people.values, rater, axis=1), np.delete(people.known, rater, axis=1))
    return np.asarray(people.known[:, rater] & others.known.any(axis=1)), others


def _nearer(judge: Floats, people: Numbers, rater: int, nearness: Nearness) -> tuple[Mask, Floats, Floats]:
    """Which items count, and 0/1 for each item: the judge is at least as near to the others; the person is."""
    mine, others = _others(people, rater)
    counts = np.maximum(others.known.sum(axis=1), 1)

    def nears(given: Floats) -> Floats:
        gaps = others.values - given[:, None]
        if nearness == "equal":
            return np.asarray((others.known & (np.abs(gaps) < 1e-9)).sum(axis=1) / counts)
        return np.asarray(-np.sqrt(np.where(others.known, gaps**2, 0.0).sum(axis=1) / counts))

    by_judge, by_person = nears(judge), nears(people.values[:, rater])
    # Equal up to rounding is a tie, and a tie counts for both.
    tie = np.abs(by_judge - by_person) < 1e-9
    return mine, ((by_judge > by_person) | tie).astype(float), ((by_person > by_judge) | tie).astype(float)


def _p_value(gaps: Floats, epsilon: float) -> float:
    """One-sided t test that the mean gap is below epsilon; gaps that are all alike leave nothing to test."""
    if np.ptp(gaps) == 0.0:
        return 0.0 if gaps[0] < epsilon else 1.0
    return float(library("scipy.stats").ttest_1samp(gaps, epsilon, alternative="less").pvalue)


def _advantage(
    better: Sequence[tuple[Mask, Floats, Floats]], clusters: Sequence[Hashable], seed: int, resamples: int
) -> Interval:
    masks = np.stack([mine for mine, _, _ in better], axis=1).astype(np.float64)
    wins = masks * np.stack([by_judge for _, by_judge, _ in better], axis=1)
    people = len(better)

    def figure(sums: Floats) -> tuple[Floats, Floats]:
        seen, won = sums[:, :people], sums[:, people:]
        there = seen > 0.0
        rates = np.where(there, won / np.where(there, seen, 1.0), 0.0)
        return rates.sum(axis=1), there.sum(axis=1).astype(np.float64)

    found = bootstrap_sums(figure, np.hstack([masks, wins]), clusters, (0.0, 1.0), Draws(seed, resamples))
    assert found is not None  # every person here has items
    return found


class Ceiling(Frozen):
    """Agreement with the other people, each person left out in turn: what people reach, and what the judge does.

    Both are measured against the same consensus of the others on the same items, so that they can be compared; the
    judge's figure against the consensus of everybody is higher, and so would be a person's.
    """

    people: Number
    judge: Number
    gap: Interval
    """The judge's less the people's, with a jackknife interval over clusters; ``n`` counts the items that two or more
    people labelled."""
    raters: Count
    """People whose figure is defined."""


def leave_one_out(
    judge: Floats,
    people: Numbers,
    clusters: Sequence[Hashable],
    agreement: Agreement,
    *,
    weights: Floats | None = None,
    majority: bool = False,
    seed: int = 0,
) -> Ceiling | None:
    """The human ceiling of an agreement.

    Args:
        judge: scores; shape (n,).
        people: scores by rater; shape (n, raters).
        clusters: what each item was drawn with.
        agreement: of scores with the others' consensus.
        weights: inverse chance of each item of having been drawn; default equal.
        majority: the others' consensus is their majority (items where they are split are left out), not their mean.
        seed: of the interval's blocks.

    Returns:
        Means over the people; None where nobody has a figure: fewer than two raters with common items.
    """
    weight = np.ones(len(judge)) if weights is None else weights
    rounds: list[tuple[int, Mask, Floats]] = []
    for rater in range(people.known.shape[1]):
        mine, others = _others(people, rater)
        mean = np.where(others.known, others.values, 0.0).sum(axis=1) / np.maximum(others.known.sum(axis=1), 1)
        if majority:
            mine &= np.abs(mean - 0.5) > 1e-9
            mean = (mean > 0.5).astype(np.float64)
        rounds.append((rater, mine, mean))

    def found(kept: Mask) -> list[tuple[float, float]]:
        pairs = []
        for rater, mine, mean in rounds:
            rows = mine & kept
            of_person = agreement(people.values[rows, rater], mean[rows], weight[rows])
            of_judge = agreement(judge[rows], mean[rows], weight[rows])
            if of_person is not None and of_judge is not None:
                pairs.append((of_person, of_judge))
        return pairs

    def gap(kept: Mask) -> float | None:
        pairs = found(kept)
        return float(np.mean([ours - theirs for theirs, ours in pairs])) if pairs else None

    everything = found(np.ones(len(judge), dtype=np.bool_))
    both = np.asarray(people.known.sum(axis=1) > 1)
    interval = jackknife(gap, clusters, n=int(both.sum()), seed=seed)
    if not everything or interval is None:
        return None
    person, ours = np.mean(everything, axis=0)
    return Ceiling(people=float(person), judge=float(ours), gap=interval, raters=len(everything))
