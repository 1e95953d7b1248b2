"""How many of the responses are really good, from the verdicts of a judge whose errors were measured (Rogan-Gladen)."""

import math

from adjudge.domain.base import Count, Frozen
from adjudge.domain.interval import Interval
from adjudge.validation.library import library


class Rate(Frozen):
    """Right verdicts among the labelled cases of one class."""

    right: Count
    of: Count

    def share(self, extra: int = 0) -> float:
        """Share of right ones, with `extra` right and `extra` wrong cases added."""
        return (self.right + extra) / (self.of + 2 * extra)


def corrected_prevalence(met: int, judged: int, tpr: Rate, tnr: Rate, *, level: float = 0.95) -> Interval | None:
    """Share of good responses, corrected for the judge's misses and false alarms; clipped to [0, 1].

    ``theta = (p + TNR - 1) / (TPR + TNR - 1)``, with the variance of Rogan and Gladen (1978) as in arXiv:2511.21140:
    that of the verdicts and of both measured rates. For the interval one right and one wrong case are added to each
    rate and two to the verdicts, as Agresti and Coull do: a rate of 1 measured on ten cases is not certain.

    Args:
        met: verdicts that say yes.
        judged: verdicts.
        tpr: right ones among labelled good cases.
        tnr: right ones among labelled bad cases.
        level: of confidence.

    Returns:
        None without verdicts or without labelled cases of both classes, and where the judge is not better than
        chance (TPR + TNR <= 1): then its verdicts say nothing about the share. ``n`` is the number of verdicts.

    Raises:
        ValueError: more right cases than cases.
    """
    if not 0 <= met <= judged or tpr.right > tpr.of or tnr.right > tnr.of:
        msg = "there are more right cases than cases"
        raise ValueError(msg)
    if not judged or not tpr.of or not tnr.of:
        return None
    youden = tpr.share() + tnr.share() - 1
    if youden <= 0.0:
        return None
    estimate = min(1.0, max(0.0, (met / judged + tnr.share() - 1) / youden))
    z = float(library("scipy.stats").norm.ppf(0.5 + level / 2))
    hit, spared, seen = tpr.share(1), tnr.share(1), judged + z * z
    share = (met + z * z / 2) / seen
    youden = hit + spared - 1
    if youden <= 0.0:
        return Interval(estimate=estimate, low=0.0, high=1.0, n=judged, clusters=judged)
    theta = min(1.0, max(0.0, (share + spared - 1) / youden))
    half = z * math.sqrt(prevalence_variance(theta, share, seen, (hit, tpr.of + 2), (spared, tnr.of + 2)))
    low, high = max(0.0, theta - half), min(1.0, theta + half)
    return Interval(estimate=estimate, low=min(low, estimate), high=max(high, estimate), n=judged, clusters=judged)


def prevalence_variance(
    theta: float, share: float, judged: float, tpr: tuple[float, float], tnr: tuple[float, float]
) -> float:
    """Variance of a corrected prevalence `theta`.

    Args:
        theta: corrected share, in [0, 1].
        share: of verdicts that say yes.
        judged: number of verdicts.
        tpr: the rate, and the number of good cases behind it.
        tnr: the rate, and the number of bad cases behind it.
    """
    (hit, good), (spared, bad) = tpr, tnr
    verdicts = share * (1 - share) / judged
    misses = theta**2 * hit * (1 - hit) / good
    alarms = (1 - theta) ** 2 * spared * (1 - spared) / bad
    return (verdicts + misses + alarms) / (hit + spared - 1) ** 2
