"""How often 95 % intervals hold the truth: simulated judges, few clusters and many.

    python bench/interval_coverage.py [NAME ...] [--runs 500] [--resamples 1000] [--clusters 10 20 50 200]

Each world draws clusters of four units (four responses to a prompt) with an effect of the cluster in all of them, so
units are not independent. The truth of a figure is its value on 20,000 clusters of the same world, good to about
0.002. Printed are the share of intervals that hold the truth (should be 0.95; at 500 runs good to 0.02), the shares
that lie above and below it, the mean width, and the share of runs without an interval.

Where a figure hangs on few units (a rare answer, few clusters) the drawn intervals of kappas, alphas and intraclass
correlations hold less often, and nearly all that miss lie below the truth: they call a judge worse than it is. Drawn
intervals of a small share miss below it too, where that calls a judge better than it is; `proportion` is for those.

To add a figure: a function from a drawn world to an interval, and one line in `FIGURES`.
"""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from adjudge.domain.interval import Interval
from adjudge.validation.agreement import share
from adjudge.validation.statistics.alpha import alpha
from adjudge.validation.statistics.bootstrap import Draws, Floats
from adjudge.validation.statistics.correlation import kendall, pearson, spearman
from adjudge.validation.statistics.kappa import cohen, fleiss, gwet_ac1
from adjudge.validation.statistics.proportion import proportion
from adjudge.validation.statistics.reliability import any_of, disagreement, icc, noise
from adjudge.validation.statistics.units import Codes, counts_of
from adjudge.validation.table import Mask, Numbers

SIZE: Final = 4
"""Units of a cluster."""
RATERS: Final = 5
TRUTH: Final = 20_000
"""Clusters on which a figure's true value is taken."""


@dataclass(frozen=True)
class World:
    """Drawn units, U of them, with five answers each.

    Attributes:
        scores: continuous answers; shape (U, 5).
        grades: the same as grades 0 to 4; shape (U, 5).
        rare: the same as no and yes, one in ten of them yes; shape (U, 5).
        clusters: shape (U,).
        draws: how to draw an interval.
    """

    scores: Floats
    grades: Codes
    rare: Codes
    clusters: Codes
    draws: Draws

    @staticmethod
    def of(clusters: int, draws: Draws, dice: np.random.Generator) -> "World":
        """Quality has variance 1, half of it the cluster's; an answer adds noise of variance 0.5."""
        drawn = np.repeat(np.arange(clusters), SIZE)
        quality = dice.normal(0, 0.5**0.5, clusters)[drawn] + dice.normal(0, 0.5**0.5, clusters * SIZE)
        scores = quality[:, None] + dice.normal(0, 0.5**0.5, (len(drawn), RATERS))
        grades = np.clip(np.round(2 + scores), 0, 4).astype(np.int64)
        return World(scores, grades, (scores > 1.57).astype(np.int64), drawn, draws)

    def numbers(self, values: Floats | Codes) -> Numbers:
        """All known."""
        return Numbers(values.astype(np.float64), np.ones(values.shape, dtype=np.bool_))

    def rank(self, figure: Callable[..., Interval | None], values: Floats | Codes) -> Interval | None:
        """A correlation of the first two raters."""
        return figure(values[:, 0].astype(np.float64), values[:, 1].astype(np.float64), self.clusters)

    def drawn(self, happened: Codes | Mask) -> Interval | None:
        """A share with a drawn interval."""
        ones, seed, resamples = [1.0] * len(happened), self.draws.seed, self.draws.resamples
        return share(happened.astype(np.float64).tolist(), ones, self.clusters.tolist(), seed=seed, resamples=resamples)


Of = Callable[[World], Interval | None]

FIGURES: Final[Mapping[str, Of]] = MappingProxyType(
    {
        "ICC(1,1)": lambda w: icc("1,1", w.numbers(w.scores), w.clusters, w.draws),
        "ICC(1,1) rare yes": lambda w: icc("1,1", w.numbers(w.rare), w.clusters, w.draws),
        "ICC(1,k)": lambda w: icc("1,k", w.numbers(w.scores), w.clusters, w.draws),
        "ICC(A,1)": lambda w: icc("A,1", w.numbers(w.scores), w.clusters, w.draws),
        "ICC(C,1)": lambda w: icc("C,1", w.numbers(w.scores), w.clusters, w.draws),
        "noise": lambda w: noise(w.numbers(w.scores), w.clusters, w.draws),
        "any of 5, rare yes": lambda w: any_of(5, counts_of(w.rare, 2), w.clusters),
        "disagreement, rare yes": lambda w: disagreement(counts_of(w.rare, 2), w.clusters),
        "share of 10 %": lambda w: proportion(w.rare[:, 0].astype(np.float64), w.clusters),
        "share of 10 %, drawn": lambda w: w.drawn(w.rare[:, 0]),
        "share of 2 %": lambda w: proportion((w.scores[:, 0] > 2.5).astype(np.float64), w.clusters),
        "share of 2 %, drawn": lambda w: w.drawn(w.scores[:, 0] > 2.5),
        "kappa": lambda w: cohen(w.grades[:, 0], w.grades[:, 1], np.arange(5.0), w.clusters, w.draws),
        "kappa rare yes": lambda w: cohen(w.rare[:, 0], w.rare[:, 1], np.arange(2.0), w.clusters, w.draws),
        "weighted kappa": lambda w: cohen(
            w.grades[:, 0], w.grades[:, 1], np.arange(5.0), w.clusters, w.draws, weights="quadratic"
        ),
        "Fleiss": lambda w: fleiss(counts_of(w.grades, 5), w.clusters, w.draws),
        "AC1 rare yes": lambda w: gwet_ac1(counts_of(w.rare, 2), w.clusters, w.draws),
        "alpha nominal": lambda w: alpha(w.numbers(w.grades), "nominal", w.clusters, w.draws),
        "alpha ordinal": lambda w: alpha(w.numbers(w.grades), "ordinal", w.clusters, w.draws),
        "alpha ordinal, continuous": lambda w: alpha(w.numbers(w.scores), "ordinal", w.clusters, w.draws),
        "alpha interval": lambda w: alpha(w.numbers(w.scores), "interval", w.clusters, w.draws),
        "Pearson": lambda w: w.rank(pearson, w.scores),
        "Spearman": lambda w: w.rank(spearman, w.scores),
        "Spearman, grades": lambda w: w.rank(spearman, w.grades),
        "Kendall": lambda w: w.rank(kendall, w.scores),
        "Kendall, grades": lambda w: w.rank(kendall, w.grades),
    }
)


def truth(figure: Of) -> float:
    """The figure's value on many clusters."""
    found = figure(World.of(TRUTH, Draws(0, 1), np.random.default_rng(1)))
    if found is None:
        msg = "the figure has no value in this world"
        raise ValueError(msg)
    return found.estimate


def line(name: str, figure: Of, clusters: int, runs: int, resamples: int) -> str:
    """One row of the table."""
    true, held, above, below, widths = truth(figure), 0, 0, 0, []
    for run in range(runs):
        found = figure(World.of(clusters, Draws(run, resamples), np.random.default_rng([run, clusters])))
        if found is None or found.low is None or found.high is None:
            continue
        held += found.low <= true <= found.high
        above += found.low > true
        below += found.high < true
        widths.append(found.high - found.low)
    counted = max(len(widths), 1)
    shares = " ".join(f"{count / counted:>6.3f}" for count in (held, above, below))
    width = f"{sum(widths) / counted:>6.3f}"
    return f"{name:26} {clusters:>8} {true:>7.3f} {shares} {width} {1 - len(widths) / runs:>6.2f}"


def main() -> None:
    """Simulate, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(FIGURES))
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--clusters", type=int, nargs="+", default=[10, 20, 50, 200])
    given = parser.parse_args()
    print(f"{'figure':26} {'clusters':>8} {'truth':>7} {'held':>6} {'above':>6} {'below':>6} {'width':>6} {'none':>6}")
    for name in given.names or FIGURES:
        for clusters in given.clusters:
            print(line(name, FIGURES[name], clusters, given.runs, given.resamples), flush=True)


if __name__ == "__main__":
    main()
