"""What a judge's noise does to group-relative advantages: closed forms.

A judged score is x = s + e: the response's own score s, and noise e of the asking. rho is the share of s in the
variance of x within a prompt (`adjudge.validation.statistics.nested`). Scores and noise are taken as normal where a
law is needed; Boolean judges have forms of their own.
"""

import math
from collections.abc import Sequence

from adjudge.validation.library import library


def reliability(rho: float, calls: float) -> float:
    """Rho of the mean of `calls` askings (Spearman-Brown).

    Args:
        rho: of one asking, in [0, 1].
        calls: above 0.
    """
    return calls * rho / (1.0 + (calls - 1.0) * rho)


def calls_for(rho: float, target: float) -> float | None:
    """Askings whose mean has the reliability `target` (in [0, 1)); None where no number of them has it (rho 0)."""
    return target * (1.0 - rho) / (rho * (1.0 - target)) if rho > 0.0 else None


def expected_correlation(rho: float, group: int | None = None) -> float:
    """Expected correlation of the advantages with those that a judge without noise would give.

    sqrt(rho), and in a group of `group` responses a little less: the expectation of a sample correlation of normal
    values (Hotelling, New light on the correlation coefficient, 1953).

    Raises:
        MissingError: `group` is given, and the extra for statistics is not installed.
    """
    root = math.sqrt(rho)
    if group is None or rho in {0.0, 1.0}:
        return root
    half = math.exp(2.0 * (math.lgamma(group / 2) - math.lgamma((group - 1) / 2)))
    series = float(library("scipy.special").hyp2f1(0.5, 0.5, (group + 1) / 2, rho))
    return 2.0 / (group - 1) * half * root * series


def wrong_order(rho: float) -> float:
    """Chance that two responses to one prompt get scores in the wrong order, in [0, 0.5]: arccos(sqrt(rho)) / pi."""
    return math.acos(min(1.0, math.sqrt(rho))) / math.pi


def boolean_correlation(tpr: float, tnr: float, base_rate: float) -> float | None:
    """Correlation of a Boolean judge's answers with the right ones: J sqrt(p (1 - p) / (q (1 - q))).

    J = TPR + TNR - 1 and q = 1 - TNR + J p is the share that it calls good. None where it calls all alike.

    Args:
        tpr: share of the good that it calls good.
        tnr: share of the bad that it calls bad.
        base_rate: share p of good ones.
    """
    informed = tpr + tnr - 1.0
    called = 1.0 - tnr + informed * base_rate
    spread = called * (1.0 - called)
    return informed * math.sqrt(base_rate * (1.0 - base_rate) / spread) if spread > 0.0 else None


def dead_groups(rates: Sequence[float], group: int, weights: Sequence[float] | None = None) -> float:
    """Chance that all responses of a group get the same weighted sum of Boolean criteria: no advantage at all.

    Responses and criteria are taken as independent.

    Args:
        rates: chance of a yes, one a criterion.
        group: responses.
        weights: one a criterion; None weighs all alike. Only different weights keep different answers apart.
    """
    sums = {0.0: 1.0}
    for rate, weight in zip(rates, weights or [1.0] * len(rates), strict=True):
        grown: dict[float, float] = {}
        for value, chance in sums.items():
            for total, share in ((value + weight, rate), (value, 1.0 - rate)):
                # Rounded: sums that differ by rounding are one sum.
                key = round(total, 9)
                grown[key] = grown.get(key, 0.0) + chance * share
        sums = grown
    return sum(chance**group for chance in sums.values())


def spurious_groups(error: float, group: int) -> float:
    """Chance that a group in which all have the same answer gets unequal ones: 1 - (1 - e)^G - e^G.

    Args:
        error: chance of a wrong Boolean answer.
        group: responses.
    """
    return 1.0 - (1.0 - error) ** group - error**group


def paying_calls(rho: float, generate_cost: float, judge_cost: float) -> float | None:
    """Judge calls a rollout that give the most for a budget: m* = (sigma_noise / sigma_signal) sqrt(c_g / c_j).

    Two-stage sampling (Cochran, Sampling Techniques, 1977, 10.6): with more calls another rollout would teach more,
    with fewer another call. Below 1 one call is right. None where no call costs anything, or none tells anything.

    Args:
        rho: of one call: (sigma_noise / sigma_signal)^2 = (1 - rho) / rho.
        generate_cost: of making a rollout and learning from it, in any unit.
        judge_cost: of one call, in the same unit.
    """
    if rho <= 0.0 or judge_cost <= 0.0:
        return None
    return math.sqrt((1.0 - rho) / rho * generate_cost / judge_cost)
