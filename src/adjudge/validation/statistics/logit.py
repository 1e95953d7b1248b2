"""Logistic regression with cluster-robust errors: what an answer depends on, where calls about one pair go together."""

import warnings
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from adjudge.validation.library import library
from adjudge.validation.statistics.bootstrap import coded

CONSTANT: Final = "constant"

GREATEST: Final = 15.0
"""A coefficient beyond this is a fit that runs away: the column tells the answers apart without exception."""


@dataclass(frozen=True)
class Coefficient:
    """Of one column, in logits a unit of it; `z` and `p_value` from the cluster-robust error."""

    estimate: float
    error: float
    z: float
    p_value: float


def clustered_logit(
    outcomes: NDArray[np.float64], columns: Mapping[str, NDArray[np.float64]], clusters: Sequence[Hashable]
) -> dict[str, Coefficient] | None:
    """Coefficients of the columns and of a constant.

    Args:
        outcomes: shares in [0, 1]; 0.5 is a tie. Shape (N,).
        columns: by name, each of shape (N,).
        clusters: what goes together; N of them.

    Returns:
        None where no such model can be told: all outcomes alike, fewer clusters than coefficients, columns that follow
        from one another, or outcomes that a column separates without exception.
    """
    design = np.column_stack([np.ones(len(outcomes)), *columns.values()])
    codes, _ = coded(clusters)
    width = design.shape[1]
    if codes.max(initial=-1) < width or np.ptp(outcomes) == 0 or np.linalg.matrix_rank(design) < width:
        return None
    models, families = library("statsmodels.api"), library("statsmodels.genmod.families")
    with warnings.catch_warnings():
        # What it warns of (separation, overflow on the way) is looked at below.
        warnings.simplefilter("ignore")
        try:
            fit = models.GLM(outcomes, design, family=families.Binomial()).fit(
                cov_type="cluster", cov_kwds={"groups": codes}
            )
        except (np.linalg.LinAlgError, ValueError):
            return None
    estimates, errors = np.asarray(fit.params), np.asarray(fit.bse)
    if not fit.converged or not np.isfinite(errors).all() or np.abs(estimates).max() > GREATEST or errors.min() <= 0:
        return None
    return {
        name: Coefficient(float(estimate), float(error), float(estimate / error), float(p))
        for name, estimate, error, p in zip((CONSTANT, *columns), estimates, errors, fit.pvalues, strict=True)
    }
