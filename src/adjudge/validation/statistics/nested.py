"""Variance of judged scores, taken apart: prompts, responses within a prompt, repeats of one response.

Nested analysis of variance (Henderson's method 1; Searle, Casella and McCulloch, Variance Components, 1992, ch. 5): it
needs neither equal group sizes nor normal scores to be unbiased, and equals REML where the design is balanced and no
component is negative.

What a group-relative trainer sees of a judge is its reliability within the prompt, signal / (signal + noise): what lies
between prompts is taken out by the group's mean.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adjudge.domain.interval import Interval
from adjudge.validation.statistics.bootstrap import NOTHING, Floats, bootstrap
from adjudge.validation.table import numbered

Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Components:
    """Variances in squared units of the scores.

    Attributes:
        noise: between repeats of one response; None where nothing was repeated.
        signal: between responses to one prompt. As estimated: below 0 where noise explains more than all of it.
        prompts: between prompts; as estimated too. None with one prompt.
        noise_df: degrees of freedom behind `noise`: askings less responses.
        responses: how many.
        groups: prompts with at least two responses.
    """

    noise: float | None
    signal: float | None
    prompts: float | None
    noise_df: int
    responses: int
    groups: int

    def reliability(self, calls: float = 1.0) -> float | None:
        """rho_g of the mean of `calls` askings, in [0, 1]; None where it is not known, or nothing varies at all."""
        if self.noise is None or self.signal is None:
            return None
        signal, noise = max(0.0, self.signal), self.noise / calls
        return signal / (signal + noise) if signal + noise > NOTHING else None


@dataclass(frozen=True)
class _Sums:
    """What each prompt adds to the analysis; each of shape (prompts,)."""

    within_repeats: Floats
    """Squares of askings about their response's mean."""
    noise_df: Floats
    within_prompts: Floats
    """Squares of responses' means about their prompt's mean, each as often as it was asked."""
    signal_df: Floats
    shares: Floats
    """Sum over the prompt's responses of askings squared, over the prompt's askings."""
    askings: Floats
    squares: Floats
    """Sum of askings squared."""
    means: Floats


def components(values: Floats, prompts: Whole, responses: Whole) -> Components:
    """The three variances.

    Args:
        values: one an asking; shape (N,).
        prompts: number of the prompt of each; shape (N,).
        responses: number of the response of each, distinct between prompts or not; shape (N,).
    """
    sums, counts = _sums(values, prompts, responses)
    noise, signal = _mean_squares(sums, np.ones((1, len(sums.askings))))
    total = float(sums.askings.sum()) if len(sums.askings) else 0.0
    between: float | None = None
    spread = total - float((sums.askings**2).sum()) / total if total else 0.0
    known_noise = float(noise[0]) if sums.noise_df.sum() > 0 else None
    known_signal = float(signal[0]) if known_noise is not None and sums.signal_df.sum() > 0 else None
    if spread > NOTHING and known_noise is not None and known_signal is not None:
        grand = float((sums.askings * sums.means).sum()) / total
        found = float((sums.askings * (sums.means - grand) ** 2).sum()) - (len(sums.askings) - 1) * known_noise
        of_signal = float(sums.shares.sum()) - float(sums.squares.sum()) / total
        between = (found - of_signal * known_signal) / spread
    return Components(
        noise=known_noise,
        signal=known_signal,
        prompts=between,
        noise_df=round(float(sums.noise_df.sum())),
        responses=int(counts.sum()),
        groups=int((counts > 1).sum()),
    )


def group_reliability(
    values: Floats,
    prompts: Whole,
    responses: Whole,
    *,
    calls: float = 1.0,
    seed: int,
    resamples: int = 2000,
    level: float = 0.95,
) -> Interval | None:
    """rho_g of the mean of `calls` askings, with an interval by drawing prompts; `n` counts prompts.

    None where nothing was repeated, no prompt has two responses, or all scores are equal.
    """
    sums, counts = _sums(values, prompts, responses)
    if not sums.noise_df.sum() or not sums.signal_df.sum():
        return None
    useful = (counts > 1) | (sums.noise_df > 0)

    def statistic(weights: Floats) -> tuple[Floats, Floats]:
        # A prompt of one response, asked once, says nothing and is in no draw.
        noise, signal = _mean_squares(sums, weights * useful)
        positive = np.maximum(signal, 0.0)
        return positive, positive + noise / calls

    names = np.arange(len(counts))
    return bootstrap(statistic, names.tolist(), (0.0, 1.0), seed=seed, resamples=resamples, level=level)


def _sums(values: Floats, prompts: Whole, responses: Whole) -> tuple[_Sums, NDArray[np.int64]]:
    """The sums of each prompt, and how many responses it has."""
    prompt = numbered(prompts)
    cell = numbered(prompt, responses)
    asked = np.bincount(cell).astype(np.float64)
    means = _sum(cell, values) / asked
    prompt_of = np.empty(len(asked), dtype=np.int64)
    prompt_of[cell] = prompt
    askings = np.bincount(prompt).astype(np.float64)
    prompt_means = _sum(prompt, values) / askings
    counts = np.bincount(prompt_of)
    squares = _sum(prompt_of, asked**2)
    sums = _Sums(
        within_repeats=_sum(prompt, (values - means[cell]) ** 2),
        noise_df=askings - counts,
        within_prompts=_sum(prompt_of, asked * (means - prompt_means[prompt_of]) ** 2),
        signal_df=np.asarray(counts - 1, dtype=np.float64),
        shares=squares / askings,
        askings=askings,
        squares=squares,
        means=prompt_means,
    )
    return sums, counts


def _sum(places: Whole, values: Floats) -> Floats:
    """The values added up by place; places are numbered without gaps."""
    return np.asarray(np.bincount(places, values), dtype=np.float64)


def _mean_squares(sums: _Sums, weights: Floats) -> tuple[Floats, Floats]:
    """Noise and signal of each draw of prompts; 0 where a draw cannot give them. `weights`: shape (draws, prompts)."""
    noise_df, signal_df = weights @ sums.noise_df, weights @ sums.signal_df
    noise = _over(weights @ sums.within_repeats, noise_df)
    # Askings that stand behind one response, on average over the degrees of freedom.
    behind = weights @ (sums.askings - sums.shares)
    signal = _over(weights @ sums.within_prompts - signal_df * noise, behind)
    return noise, signal


def _over(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > NOTHING)
