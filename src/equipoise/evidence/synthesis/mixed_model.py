"""The mixed-effects model in batches: what comes in is checked, what comes out is finite."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.errors import EvidenceError
from equipoise.evidence.synthesis.residual_heterogeneity import (
    METHOD_NAMES,
    RegressionMethod,
    estimate_tau2,
)
from equipoise.stats.error_contrasts import ErrorContrasts, error_contrasts
from equipoise.stats.least_squares import WeightedFit, weighted_least_squares

FloatArray = NDArray[np.float64]

RegressionTest = Literal["z", "t", "knha", "adhoc"]
TEST_NAMES: tuple[str, ...] = get_args(RegressionTest)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fits:
    """Regressions of a batch on scaled columns; one row for each model.

    `factor` is what the test multiplies the covariances by.
    """

    contrasts: ErrorContrasts
    tau2: FloatArray
    least_squares: WeightedFit
    factor: FloatArray

    @property
    def covariance(self) -> FloatArray:
        """Covariance of the scaled coefficients as the test has it, (models, p, p)."""
        return self.factor[:, None, None] * self.least_squares.covariance


def fit_batch(
    y: FloatArray,
    v: FloatArray,
    scaled: FloatArray,
    method: RegressionMethod,
    test: RegressionTest,
) -> Fits:
    """Fit outcomes `y` (models, k) with variances `v` (models, k) on `scaled` (models, k, p).

    First axes of one are shared by all models. All share one unit near the typical standard error,
    so that squares neither overflow nor vanish.
    """
    contrasts = error_contrasts(y, v, scaled)
    tau2 = estimate_tau2(contrasts, method, raw_variance(y))
    fit = weighted_least_squares(y, 1 / (v + tau2[:, None]), scaled)
    factor = np.ones(len(tau2))
    if test in ("knha", "adhoc") and contrasts.df:
        factor = contrasts.q(tau2) / contrasts.df
    if test == "adhoc":
        factor = np.maximum(1.0, factor)
    return Fits(contrasts=contrasts, tau2=tau2, least_squares=fit, factor=factor)


def require_regression(
    yi: ArrayLike, vi: ArrayLike, method: str, test: str, level: float
) -> tuple[FloatArray, FloatArray]:
    """Estimates and variances as arrays, or an `EvidenceError` that says what is wrong."""
    y, v = np.asarray(yi, dtype=np.float64), np.asarray(vi, dtype=np.float64)
    if y.ndim != 1 or y.shape != v.shape:
        raise EvidenceError("Each estimate needs exactly one variance.")
    if len(y) == 0:
        raise EvidenceError("There is no study to regress.")
    if not (np.isfinite(y).all() and np.isfinite(v).all() and (v > 0).all()):
        raise EvidenceError("Estimates must be finite and variances positive and finite.")
    if method not in METHOD_NAMES or test not in TEST_NAMES:
        raise EvidenceError(f"No such method or test: {method}, {test}.")
    if not 0 < level < 1:
        raise EvidenceError(f"A confidence level of {level:g} cannot be; write 95% as 0.95.")
    return y, v


@contextmanager
def computable() -> Iterator[None]:
    """Turn an overflow or an iteration without end into an `EvidenceError`; never a silent NaN."""
    try:
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            yield
    except (ArithmeticError, np.linalg.LinAlgError) as error:
        raise EvidenceError(
            "The estimates and variances lie so far apart that nothing can be computed from them. "
            "Look for a misprint."
        ) from error


def unit_of(v: FloatArray) -> float:
    """A power of two near the typical standard error; dividing by it changes no digit."""
    return 2.0 ** round(float(np.log2(v).mean()) / 2)


def raw_variance(y: FloatArray) -> FloatArray:
    """Mean squared deviation of each model's outcomes from their mean."""
    return np.asarray(((y - y.mean(axis=-1, keepdims=True)) ** 2).mean(axis=-1))
