"""Intervals for the heterogeneity τ² that a model leaves, with those of I² and H²."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from equipoise.errors import EvidenceError
from equipoise.evidence.synthesis.design import read_design
from equipoise.evidence.synthesis.mixed_model import (
    computable,
    raw_variance,
    require_regression,
    unit_of,
)
from equipoise.evidence.synthesis.residual_heterogeneity import (
    RegressionMethod,
    estimate_tau2,
    tau2_where_q_has_rank,
)
from equipoise.stats.distributions import chi_square_quantile
from equipoise.stats.error_contrasts import ErrorContrasts, error_contrasts, solve_q
from equipoise.stats.quadratic_form import quadratic_form_tails
from equipoise.stats.roots import bracketed_root

IntervalKind = Literal["QP", "PL", "GENQ"]

_CITES: dict[IntervalKind, str] = {
    "QP": "q-profile",
    "PL": "profile-likelihood",
    "GENQ": "generalised-q",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tau2Interval:
    """An estimate of τ² by `method` and its interval `ci` at `level`, in squared effect units.

    The ends are finite. `empty` says that not even τ² = 0 lies in the confidence set, the studies
    agreeing better than chance allows; `ci` is then the point zero, which is nearest. The estimate
    need not lie in the interval when the two rest on different principles. `typical_variance` is
    the sampling variance that I² and H² relate τ² to.
    """

    kind: IntervalKind
    method: RegressionMethod
    level: float
    tau2: float
    ci: tuple[float, float]
    empty: bool
    typical_variance: float
    cites: tuple[str, ...]

    @property
    def tau(self) -> float:
        """Estimate of the between-study standard deviation."""
        return math.sqrt(self.tau2)

    @property
    def tau_ci(self) -> tuple[float, float]:
        """Its interval."""
        return math.sqrt(self.ci[0]), math.sqrt(self.ci[1])

    @property
    def i2(self) -> float:
        """Estimate of I², in percent."""
        return self._i2(self.tau2)

    @property
    def i2_ci(self) -> tuple[float, float]:
        """Its interval."""
        return self._i2(self.ci[0]), self._i2(self.ci[1])

    @property
    def h2(self) -> float:
        """Estimate of H²."""
        return 1 + self.tau2 / self.typical_variance

    @property
    def h2_ci(self) -> tuple[float, float]:
        """Its interval."""
        return 1 + self.ci[0] / self.typical_variance, 1 + self.ci[1] / self.typical_variance

    def _i2(self, tau2: float) -> float:
        return 100 * tau2 / (self.typical_variance + tau2)


def tau2_interval(
    yi: ArrayLike,
    vi: ArrayLike,
    X: ArrayLike | None = None,
    *,
    kind: IntervalKind = "QP",
    method: RegressionMethod | None = None,
    level: float = 0.95,
) -> Tau2Interval:
    """Interval for τ² in the model with columns `X`, or with a common mean.

    "QP": the Q-profile (Viechtbauer 2007, DOI 10.1002/sim.2514), exact. "PL": profile likelihood
    (Hardy and Thompson 1996), the full or restricted one by `method`; where the likelihood has
    several peaks, from the smallest to the largest τ² that is likely enough. "GENQ": from the exact
    distribution of Cochran's Q (Jackson 2013, DOI 10.1002/jrsm.1081). No search has a ceiling.

    `method` names the estimate; left out, it is REML, and the moment estimator DL for "GENQ".
    Raises `EvidenceError` where no residual degree of freedom is left.
    """
    if kind not in get_args(IntervalKind):
        raise EvidenceError(f"No such interval for τ²: {kind}.")
    chosen: RegressionMethod = method or ("DL" if kind == "GENQ" else "REML")
    if kind == "PL" and chosen not in ("ML", "REML"):
        raise EvidenceError("A profile likelihood interval needs ML or REML.")
    if chosen == "EE":
        raise EvidenceError("A model with equal effects has no τ² to give an interval for.")
    y, v = require_regression(yi, vi, chosen, "z", level)
    design = read_design(np.ones(len(y)) if X is None else X, len(y))
    with computable():
        unit = unit_of(v)
        one = (y / unit)[None, :]
        contrasts = error_contrasts(one, (v / unit**2)[None, :], design.scaled[None])
        zero = np.zeros(1)
        estimate = float(estimate_tau2(contrasts, chosen, raw_variance(one))[0])
        if kind == "QP":
            ends, empty = _q_profile(contrasts, level)
        elif kind == "GENQ":
            ends, empty = _generalised_q(contrasts, level)
        else:
            ends, empty = _profile_likelihood(contrasts, estimate, chosen == "REML", level), False
        return Tau2Interval(
            kind=kind,
            method=chosen,
            level=level,
            tau2=unit**2 * estimate,
            ci=(unit**2 * ends[0], unit**2 * ends[1]),
            empty=empty,
            typical_variance=unit**2 * contrasts.df / float(contrasts.trace(zero)[0]),
            cites=(_CITES[kind], "i-squared"),
        )


def _q_profile(contrasts: ErrorContrasts, level: float) -> tuple[tuple[float, float], bool]:
    low, high = (chi_square_quantile((1 + s * level) / 2, contrasts.df) for s in (-1, 1))
    ends = float(solve_q(contrasts, high)[0]), float(solve_q(contrasts, low)[0])
    return ends, float(contrasts.q(np.zeros(1))[0]) < low


def _generalised_q(contrasts: ErrorContrasts, level: float) -> tuple[tuple[float, float], bool]:
    low, high = (tau2_where_q_has_rank(contrasts, (1 + s * level) / 2) for s in (-1, 1))
    observed = float(contrasts.q(np.zeros(1))[0])
    at_zero = quadratic_form_tails(observed, np.ones(contrasts.df))[1]
    return (low, high), at_zero > (1 + level) / 2


def _profile_likelihood(
    contrasts: ErrorContrasts, estimate: float, restricted: bool, level: float
) -> tuple[float, float]:
    """Smallest and largest τ² whose log-likelihood is near enough to that of the estimate."""

    def excess(tau2: float) -> float:
        at = contrasts.log_likelihood(np.array([tau2]), restricted=restricted)
        return float(at[0]) - enough

    enough = 0.0
    enough = excess(estimate) - chi_square_quantile(level, 1) / 2
    # Beyond the last c² − d the likelihood only falls, and it falls without end.
    high = 2 * max(estimate, float((contrasts.squares - contrasts.variances).max()), 0.0)
    high += float(contrasts.variances.min())
    while excess(high) >= 0:
        high *= 4
    lower = 0.0 if excess(0.0) >= 0 else _crossing(excess, contrasts, 0.0, estimate, first=True)
    return lower, _crossing(excess, contrasts, estimate, high, first=False)


def _crossing(
    excess: Callable[[float], float],
    contrasts: ErrorContrasts,
    low: float,
    high: float,
    *,
    first: bool,
) -> float:
    """Sign change of `excess` nearest the outer end: the first of many, or the last."""
    floor = min(float(contrasts.variances.min()), float(contrasts.given.min()))
    span = math.log((high + floor) / (low + floor))
    grid = (low + floor) * np.exp(np.linspace(0, span, 2 + math.ceil(span / 0.1))) - floor
    grid[0], grid[-1] = low, high
    inside = np.flatnonzero([excess(t) >= 0 for t in grid.tolist()])
    i = int(inside[0]) - 1 if first else int(inside[-1])
    return bracketed_root(excess, float(grid[i]), float(grid[i + 1]))
