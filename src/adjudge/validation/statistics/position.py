"""Does it matter to a judge which response stands first? Pairs that were put in both orders.

Two kinds of figures: what became of the pairs (consistency; primacy and recency of Shi et al., arXiv:2406.07791), and a
logistic model in which the slot stands beside what may explain a choice, the better response and the longer one.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adjudge.domain.interval import Interval, wilson
from adjudge.validation.statistics.exact import mcnemar_p
from adjudge.validation.statistics.logit import Coefficient, clustered_logit
from adjudge.validation.statistics.paired import Differences

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class BothOrders:
    """N pairs, each judged in both orders. All answers are about the pair in its base order.

    Attributes:
        base: 1 the pair's first response won, 0 its second, 0.5 a tie; when the first stood first. Shape (N,).
        swapped: the same when the second stood first.
        clusters: what was drawn together; N of them.

    Raises:
        ValueError: unequal lengths, or another value.
    """

    base: Floats
    swapped: Floats
    clusters: Sequence[Hashable]

    def __post_init__(self) -> None:
        if not len(self.base) == len(self.swapped) == len(self.clusters):
            msg = "both orders and clusters must have the same length"
            raise ValueError(msg)
        if not np.isin(np.concatenate([self.base, self.swapped]), [0.0, 0.5, 1.0]).all():
            msg = "an answer about a pair is 1, 0 or 0.5"
            raise ValueError(msg)

    def __len__(self) -> int:
        return len(self.base)

    @property
    def same(self) -> NDArray[np.bool_]:
        """Pairs with the same answer in both orders; shape (N,)."""
        return np.asarray(self.base == self.swapped)

    @property
    def primacy(self) -> NDArray[np.bool_]:
        """Pairs of which the response that stood first won both times; shape (N,)."""
        return np.asarray((self.base == 1.0) & (self.swapped == 0.0))

    @property
    def recency(self) -> NDArray[np.bool_]:
        """Pairs of which the response that stood second won both times; shape (N,)."""
        return np.asarray((self.base == 0.0) & (self.swapped == 1.0))

    def bias(self, level: float = 0.95) -> Interval | None:
        """Primacy less recency, in [-1, 1]: above 0 the judge favours what stands first; None without pairs."""
        return Differences(self.primacy.astype(float) - self.recency, self.clusters).interval(level)

    def bias_p(self) -> float | None:
        """Exact p-value of primacy and recency being equally likely; None where no pair shows either."""
        return mcnemar_p(int(self.primacy.sum()), int(self.recency.sum()))


def first_slot_rate(wins: Floats, slots: Floats) -> Interval | None:
    """Share of calls in which the response that stands first wins, ties left out, with Wilson's interval.

    Args:
        wins: 1 where the pair's first response won, 0 its second, 0.5 a tie; shape (calls,).
        slots: 1 where the pair's first response stood first, -1 where it stood second.

    Returns:
        None where every call is a tie, or there is none.
    """
    won = wins != 0.5
    picked = (wins[won] == 1.0) == (slots[won] > 0)
    return wilson(int(picked.sum()), int(won.sum()))


def slot_model(
    wins: Floats,
    slots: Floats,
    clusters: Sequence[Hashable],
    *,
    gold: Floats | None = None,
    length_gaps: Floats | None = None,
) -> dict[str, Coefficient] | None:
    """What the choice depends on: logit P(the pair's first response wins) = gold + tanh(gap / sd) + slot + constant.

    Args:
        wins: 1, 0 or 0.5 a call; shape (calls,).
        slots: 1 where the pair's first response stood first, else -1.
        clusters: the pairs.
        gold: 1 where the first response is the better one, -1 where the second is, 0 a tie; None: not known.
        length_gaps: characters of the first response less those of the second; None: not known.

    Returns:
        Coefficients by name: ``slot`` and, where given, ``gold`` and ``length``; None where the calls cannot tell.
    """
    columns = {} if gold is None else {"gold": gold}
    if length_gaps is not None and (spread := float(np.std(length_gaps))) > 0:
        columns["length"] = np.tanh(length_gaps / spread)
    return clustered_logit(wins, {**columns, "slot": slots}, clusters)
