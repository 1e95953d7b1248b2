"""How often rho_g's 95 % interval holds the truth: simulated judges of known reliability, several designs.

    python bench/coverage_group.py [--runs 1000] [--resamples 1000]

Prints, for each design and reliability, the share of intervals that hold the truth, the shares that lie above and below
it, and the mean width. At 1,000 runs the shares are good to about 0.014.
"""

import argparse
import itertools

import numpy as np

from adjudge.validation.statistics.bootstrap import Floats
from adjudge.validation.statistics.nested import Whole, group_reliability

DESIGNS = ((10, 8, 2), (20, 8, 3), (50, 8, 3), (50, 4, 2))
"""Prompts, responses, askings."""
RELIABILITIES = (0.3, 0.5, 0.7, 0.9)
KINDS = ("normal", "boolean")


def askings(
    kind: str, design: tuple[int, int, int], rho: float, dice: np.random.Generator
) -> tuple[Floats, Whole, Whole]:
    """Scores of a simulated judge, and the prompt and response of each.

    ``normal``: x = prompt + response + noise. ``boolean``: five criteria; each response meets each with a chance of its
    own, drawn so that the mean of the five has the reliability `rho`.
    """
    prompts, size, _ = design
    prompt, response, _ = np.indices(design)
    if kind == "normal":
        values = (
            dice.normal(0, 1, (prompts, 1, 1))
            + dice.normal(0, rho**0.5, (prompts, size, 1))
            + dice.normal(0, (1 - rho) ** 0.5, design)
        )
    else:
        # Chances from Beta(a, a): of the variance 1/4 of an answer the share 1 / (2a + 1) is the response's own, and
        # five answers about one chance have the reliability 5 s / (1 + 4 s) (Spearman-Brown).
        own = rho / (5 - 4 * rho)
        shape = (1 / own - 1) / 2
        chance = dice.beta(shape, shape, (prompts, size, 1))
        values = dice.binomial(5, np.broadcast_to(chance, design)) / 5
    return values.ravel(), prompt.ravel(), (prompt * size + response).ravel()


def main() -> None:
    """Simulate, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--resamples", type=int, default=1000)
    given = parser.parse_args()
    print(f"{'scores':8} {'P x G x k':>12} {'rho':>4} {'held':>6} {'above':>6} {'below':>6} {'width':>6}")
    for kind, design, rho in itertools.product(KINDS, DESIGNS, RELIABILITIES):
        held, above, below, widths = 0, 0, 0, []
        for run in range(given.runs):
            dice = np.random.default_rng([run, *design])
            found = group_reliability(*askings(kind, design, rho, dice), seed=run, resamples=given.resamples)
            if found is None or found.low is None or found.high is None:
                continue
            held += found.low <= rho <= found.high
            above += found.low > rho
            below += found.high < rho
            widths.append(found.high - found.low)
        shares = (f"{count / len(widths):>6.3f}" for count in (held, above, below))
        print(f"{kind:8} {' x '.join(map(str, design)):>12} {rho:>4} {' '.join(shares)} {np.mean(widths):>6.2f}")


if __name__ == "__main__":
    main()
