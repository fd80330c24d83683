"""Between-study variance τ² left by a model: every estimator, from the error contrasts alone.

All of them are functions of the independent contrasts cᵢ ~ N(0, dᵢ + τ²) (see
`equipoise.stats.error_contrasts`); without moderators dᵢ and cᵢ are those of the common mean.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from equipoise.stats.distributions import chi_square_quantile
from equipoise.stats.error_contrasts import ErrorContrasts, maximise_likelihood, solve_q
from equipoise.stats.quadratic_form import quadratic_form_tails
from equipoise.stats.roots import bracketed_root

FloatArray = NDArray[np.float64]

RegressionMethod = Literal[
    "EE", "DL", "HE", "HS", "HSk", "SJ", "ML", "REML", "EB", "PM", "PMM", "GENQM"
]
METHOD_NAMES: tuple[str, ...] = get_args(RegressionMethod)


def estimate_tau2(
    contrasts: ErrorContrasts, method: RegressionMethod, raw_variance: FloatArray
) -> FloatArray:
    """τ² ≥ 0 of each model; zero for "EE", and where no degree of freedom is left.

    `raw_variance` is the mean squared deviation of the outcomes from their mean, where
    Sidik-Jonkman starts. "EB" solves the same equation as "PM"; "PMM" and "GENQM" put Q at the
    median of its distribution instead of its mean, and so err as often up as down.
    """
    squares, d, w = contrasts.squares, contrasts.variances, 1 / contrasts.given
    n, k = contrasts.df, contrasts.given.shape[-1]
    zero = np.zeros(contrasts.models)
    moments: FloatArray
    if n == 0:
        return zero
    match method:
        case "EE":
            return zero
        case "REML" | "ML":
            return maximise_likelihood(contrasts, restricted=method == "REML")
        case "PM" | "EB":
            return solve_q(contrasts, n)
        case "PMM":
            return solve_q(contrasts, chi_square_quantile(0.5, n))
        case "GENQM":
            rows = (contrasts.select(np.array([i])) for i in range(contrasts.models))
            return np.array([tau2_where_q_has_rank(row, 0.5) for row in rows])
        case "HE":
            moments = (squares - d).sum(axis=-1) / n
        case "DL":
            moments = (contrasts.q(zero) - n) / contrasts.trace(zero)
        case "HS":
            moments = (contrasts.q(zero) - k) / w.sum(axis=-1)
        case "HSk":
            moments = (contrasts.q(zero) * k / n - k) / w.sum(axis=-1)
        case "SJ":
            # Positive by construction, except where nothing varies at all.
            moments = raw_variance * contrasts.q(raw_variance) / n
    return np.asarray(np.maximum(0.0, np.broadcast_to(moments, zero.shape)))


def tau2_standard_error(
    contrasts: ErrorContrasts, method: RegressionMethod, tau2: FloatArray, raw_variance: FloatArray
) -> FloatArray:
    """Large-sample standard error of each model's τ² (Viechtbauer 2005, Viechtbauer et al. 2015).

    For the moment estimators that of a quadratic form in the contrasts, for the likelihoods from
    the expected information, for "EB", "PM" and "PMM" as for a fixed-point estimator.
    """
    d, v = contrasts.variances, contrasts.given
    n, k = contrasts.df, contrasts.given.shape[-1]
    zero, at = np.zeros(len(tau2)), tau2[:, None]

    def of_form(weights: FloatArray) -> FloatArray:
        """√Var(Σ weightsᵢ cᵢ²)."""
        return np.asarray(np.sqrt(2 * ((weights * (d + at)) ** 2).sum(axis=-1)))

    match method:
        case "REML":
            return np.asarray(np.sqrt(2 / contrasts.trace(tau2, 2)))
        case "ML":
            return np.asarray(np.sqrt(2 / ((v + at) ** -2).sum(axis=-1)))
        case "HE":
            return of_form(np.ones_like(d)) / n
        case "DL" | "GENQM":
            return of_form(1 / d) / contrasts.trace(zero)
        case "HS":
            return np.asarray(of_form(1 / d) / (1 / v).sum(axis=-1))
        case "HSk":
            return np.asarray(of_form(1 / d) * k / n / (1 / v).sum(axis=-1))
        case "SJ":
            return raw_variance * of_form(1 / (d + raw_variance[:, None])) / n
        case _:
            return np.asarray(k * np.sqrt(2 / n) / (1 / (v + at)).sum(axis=-1))


def tau2_where_q_has_rank(contrasts: ErrorContrasts, upper_tail: float) -> float:
    """Find the τ² ≥ 0 under which the Q at hand or a larger one has this probability.

    Q = Σ cᵢ²/dᵢ is distributed as Σ (1 + τ²/dᵢ) χ²₁, exactly. Larger τ² make a large Q more
    likely, so there is one such τ², or zero where even zero makes Q too likely. `contrasts` holds
    one model.
    """
    (d,) = contrasts.variances
    observed = float(contrasts.q(np.zeros(1))[0])

    def excess(tau2: float) -> float:
        return quadratic_form_tails(observed, 1 + tau2 / d)[1] - upper_tail

    if observed == 0 or excess(0.0) >= 0:
        return 0.0
    high = float(d.min()) + float(contrasts.squares.max())
    while excess(high) < 0:
        high *= 4
    return bracketed_root(excess, 0.0, high)
