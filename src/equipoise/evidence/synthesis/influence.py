"""What each study does to a synthesis: left out, added in turn, measured, and believed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.errors import EvidenceError
from equipoise.evidence.synthesis.classical import Synthesis, pool_random
from equipoise.evidence.synthesis.design import Design, read_design
from equipoise.evidence.synthesis.mixed_model import (
    RegressionTest,
    computable,
    fit_batch,
    require_regression,
    unit_of,
)
from equipoise.evidence.synthesis.regression import fit_regression
from equipoise.evidence.synthesis.residual_heterogeneity import RegressionMethod
from equipoise.stats.distributions import chi_square_quantile, critical_value
from equipoise.stats.error_contrasts import contrast_basis
from equipoise.stats.least_squares import weighted_least_squares

FloatArray = NDArray[np.float64]
Pool = Callable[[Sequence[float], Sequence[float]], Synthesis]

_CELLS = 2**22
_REDUNDANT = 1e-9


def leave_one_out(
    yi: Sequence[float], vi: Sequence[float], pool: Pool = pool_random
) -> tuple[Synthesis, ...]:
    """Pool without each study in turn, in the order of the studies.

    `pool` makes each synthesis; give another function, or a `functools.partial` with other
    settings. Fewer than two studies leave nothing to pool and are refused.
    """
    if len(yi) < 2:
        raise EvidenceError("Leaving one out needs at least two studies.")
    return tuple(pool([*yi[:i], *yi[i + 1 :]], [*vi[:i], *vi[i + 1 :]]) for i in range(len(yi)))


def pool_cumulatively(
    yi: Sequence[float], vi: Sequence[float], pool: Pool = pool_random
) -> tuple[Synthesis, ...]:
    """Pool the first study, the first two, and so on (Lau et al. 1992).

    Bring the studies into the order that the question asks for, such as the year, first.
    """
    if not len(yi):
        raise EvidenceError("There is no study to pool.")
    return tuple(pool(yi[: i + 1], vi[: i + 1]) for i in range(len(yi)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Influence:
    """How each study fits the others and moves the result; one entry for each study, in order.

    `residual` with its standard error and `standardised` (internally) belong to the fit of all
    studies; `studentised` is the residual from the fit without the study, with its own standard
    error. `dffits` and `dfbetas` (k, p) are the changes of the fitted value and of each coefficient
    in standard errors, `cook_distance` the squared Mahalanobis distance of the coefficients,
    `covariance_ratio` the generalised variance of the coefficients without the study to that with
    it. `tau2_without` is `None` for "EE"; `q_without` is Q of the others. `hat` is the leverage,
    `weight` in percent. `q_contribution` and `fit_shift` are the axes of Baujat's plot: squared
    Pearson residual, and squared change of the fitted value over its variance without the study.
    `flagged` marks studies to look at, not studies to leave out: |dffits| > 3√(p/(k − p)), Cook's
    distance beyond the median of a chi-square on p, hat > 3p/k, or a |dfbeta| > 1.
    """

    method: RegressionMethod
    names: tuple[str, ...]
    residual: FloatArray
    residual_se: FloatArray
    standardised: FloatArray
    studentised: FloatArray
    dffits: FloatArray
    dfbetas: FloatArray
    cook_distance: FloatArray
    covariance_ratio: FloatArray
    tau2_without: FloatArray | None
    q_without: FloatArray
    hat: FloatArray
    weight: FloatArray
    q_contribution: FloatArray
    fit_shift: FloatArray
    flagged: NDArray[np.bool_]
    cites: tuple[str, ...] = ("influence", "baujat")


def measure_influence(
    yi: ArrayLike,
    vi: ArrayLike,
    X: ArrayLike | None = None,
    *,
    method: RegressionMethod = "REML",
    test: RegressionTest = "z",
    names: Sequence[str] | None = None,
) -> Influence:
    """Refit without each study (Viechtbauer and Cheung 2010, DOI 10.1002/jrsm.11).

    `X` as for `fit_regression`, or a common mean. With "knha" or "adhoc" the variances carry the
    factor of the fit that they come from. Raises `EvidenceError` where k − 1 studies cannot tell
    the coefficients apart, and names the study without which they cannot; and for "knha" where
    studies agree exactly.
    """
    y, v = require_regression(yi, vi, method, test, 0.95)
    k = len(y)
    design = read_design(np.ones(k) if X is None else X, k, names)
    with computable():
        unit = unit_of(v)
        y, v, Z = y / unit, v / unit**2, design.scaled
        _require_each_dispensable(design)
        full = fit_batch(y[None], v[None], Z[None], method, test)
        without = _Without.each(y, v, Z, method, test)
        if not (full.factor > 0).all() or not (without.factor > 0).all():
            raise EvidenceError(
                "Studies that agree exactly leave Hartung and Knapp's interval no width to measure "
                'influence by; use the test "z" or "adhoc".'
            )
        gamma, covariance = full.least_squares.coefficients[0], full.covariance[0]
        tau2 = float(full.tau2[0])
        total = v + tau2
        residual, residual_se = _residuals(y - Z @ gamma, v, Z, tau2)
        hat = full.least_squares.hat[0]
        change = gamma - without.gamma
        shift = np.einsum("kp,kp->k", Z, change)
        deleted = without.factor * (v + without.tau2)
        leverage = np.einsum("kp,kpq,kq->k", Z, without.covariance, Z)
        dffits = shift / np.sqrt(hat * deleted)
        dfbetas = (change @ design.back.T) / without.standard_errors(v, design)
        cook = np.einsum("kp,kp->k", change, np.linalg.solve(covariance, change.T).T)
        p = design.p
        return Influence(
            method=method,
            names=design.names,
            residual=unit * residual,
            residual_se=unit * residual_se,
            standardised=residual / residual_se,
            studentised=(y - np.einsum("kp,kp->k", Z, without.gamma)) / np.sqrt(deleted + leverage),
            dffits=dffits,
            dfbetas=dfbetas,
            cook_distance=cook,
            covariance_ratio=np.linalg.det(without.covariance) / np.linalg.det(covariance),
            tau2_without=None if method == "EE" else unit**2 * without.tau2,
            q_without=without.q,
            hat=hat,
            weight=100 * (1 / total) / (1 / total).sum(),
            q_contribution=residual**2 / total,
            fit_shift=shift**2 / leverage,
            flagged=(np.abs(dffits) > 3 * math.sqrt(p / (k - p)))
            | (cook > chi_square_quantile(0.5, p))
            | (hat > 3 * p / k)
            | (np.abs(dfbetas) > 1).any(axis=1),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StudyEffects:
    """Best linear unbiased predictions of the true effects in the studies at hand, in their order.

    `effect` with `se` and `interval` (k, 2) is the study's own estimate pulled towards what the
    others say of it; `deviation` with `deviation_se` is its distance from the mean effect at its
    moderator values.
    """

    method: RegressionMethod
    level: float
    effect: FloatArray
    se: FloatArray
    interval: FloatArray
    deviation: FloatArray
    deviation_se: FloatArray
    cites: tuple[str, ...] = ("blup",)


def estimate_study_effects(
    yi: ArrayLike,
    vi: ArrayLike,
    X: ArrayLike | None = None,
    *,
    method: RegressionMethod = "REML",
    test: RegressionTest = "z",
    level: float = 0.95,
) -> StudyEffects:
    """Shrink each estimate towards its fitted value by v / (v + τ²).

    Empirical Bayes estimates of Raudenbush and Bryk 1985 (DOI 10.3102/10769986010002075) with the
    uncertainty of the coefficients, but not of τ², in their standard errors. `test` chooses the
    covariance of the coefficients and the normal or t distribution of the intervals.
    """
    if method == "EE":
        raise EvidenceError("A model with equal effects has no study effects to predict.")
    y, v = require_regression(yi, vi, method, test, level)
    fit = fit_regression(
        y, v, np.ones(len(y)) if X is None else X, method=method, test=test, level=level
    )
    with computable():
        mean = fit.predict(fit.design.given)
        tau2 = fit.tau2 or 0.0
        pull = v / (v + tau2)
        deviation = (1 - pull) * (y - mean.estimate)
        effect = mean.estimate + deviation
        se = np.sqrt(pull * tau2 + (pull * mean.se) ** 2)
        half = critical_value(level, fit.df) * se
        return StudyEffects(
            method=method,
            level=level,
            effect=effect,
            se=se,
            interval=np.column_stack([effect - half, effect + half]),
            deviation=deviation,
            deviation_se=np.sqrt(pull * tau2 + ((1 - pull) * mean.se) ** 2),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Without:
    """The fits without each study in turn; first axis the study left out."""

    gamma: FloatArray
    covariance: FloatArray
    tau2: FloatArray
    factor: FloatArray
    q: FloatArray

    @classmethod
    def each(
        cls,
        y: FloatArray,
        v: FloatArray,
        Z: FloatArray,
        method: RegressionMethod,
        test: RegressionTest,
    ) -> _Without:
        k = len(y)
        others = np.array([[j for j in range(k) if j != i] for i in range(k)])
        step = max(1, _CELLS // (k * k))
        parts = [
            fit_batch(y[rows], v[rows], Z[rows], method, test)
            for rows in (others[i : i + step] for i in range(0, k, step))
        ]
        return cls(
            gamma=np.concatenate([f.least_squares.coefficients for f in parts]),
            covariance=np.concatenate([f.covariance for f in parts]),
            tau2=np.concatenate([f.tau2 for f in parts]),
            factor=np.concatenate([f.factor for f in parts]),
            q=np.concatenate([f.contrasts.q(np.zeros(len(f.tau2))) for f in parts]),
        )

    def standard_errors(self, v: FloatArray, design: Design) -> FloatArray:
        """Of each coefficient with all studies in, but the τ² and the factor without the study."""
        w = 1 / (v + self.tau2[:, None])
        root = weighted_least_squares(np.zeros_like(w), w, design.scaled[None]).root
        spread = design.back @ root
        return np.asarray(np.sqrt(self.factor[:, None] * (spread**2).sum(axis=-1)))


def _residuals(
    rest: FloatArray, v: FloatArray, Z: FloatArray, tau2: float
) -> tuple[FloatArray, FloatArray]:
    """Residuals MPy and their standard errors, √ diag(MPM), M = diag(v + τ²).

    Through the contrasts, which leave no difference to take: a study of nearly all the weight has
    a small residual and a small standard error, not the rounding of 1 − h. `rest` differs from the
    outcomes by something that the columns express.
    """
    (d,), (basis,) = contrast_basis(v[None], Z[None])
    precise = basis / (d + tau2)
    residual = (v + tau2) * (precise @ (basis.T @ rest))
    return residual, (v + tau2) * np.sqrt((precise * basis).sum(axis=1))


def _require_each_dispensable(design: Design) -> None:
    """Refuse a design in which one study alone tells some coefficient."""
    q = np.linalg.qr(design.scaled)[0]
    alone = np.flatnonzero(1 - (q**2).sum(axis=1) <= _REDUNDANT)
    if len(alone):
        raise EvidenceError(
            f"Without study {int(alone[0]) + 1} the coefficients cannot be told apart: its "
            "influence has no measure."
        )
