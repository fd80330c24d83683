"""Heterogeneity that depends on the study: moderators of the mean and of τ²."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.errors import EvidenceError
from equipoise.evidence.synthesis.robust import require_design, require_variance
from equipoise.stats.distributions import critical_value, two_sided_p
from equipoise.stats.newton import Peak, climb

FloatArray = NDArray[np.float64]
Likelihood = Literal["REML", "ML"]
WaldTest = Literal["z", "t"]

_LOG_2PI = math.log(2 * math.pi)
_NO_SPREAD = 1e-9
"""τ² below this share of a study's own variance is a τ² of zero, which a logarithm never is."""
_FAR = 1e60


@dataclass(frozen=True, slots=True, kw_only=True)
class Coefficients:
    """Estimates with Wald tests and intervals, in the order of a design's columns."""

    estimate: tuple[float, ...]
    vcov: tuple[tuple[float, ...], ...]
    se: tuple[float, ...]
    stat: tuple[float, ...]
    p: tuple[float, ...]
    ci: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationScaleFit:
    """A fitted location-scale model.

    `location` are the coefficients of the mean, `scale` those of log τ²; `tau2` is τ² of each
    estimate. `df` are the degrees of freedom of the tests of location and scale, `None` for z.
    """

    method: Likelihood
    test: WaldTest
    level: float
    k: int
    location: Coefficients
    scale: Coefficients
    df: tuple[int, int] | None
    tau2: tuple[float, ...]
    ll: float
    cites: tuple[str, ...] = ("location-scale",)


def fit_location_scale(
    yi: ArrayLike,
    vi: ArrayLike,
    *,
    X: ArrayLike | None = None,
    Z: ArrayLike | None = None,
    method: Likelihood = "REML",
    test: WaldTest = "z",
    level: float = 0.95,
) -> LocationScaleFit:
    """Random effects whose variance has moderators: y ~ N(Xβ, v + exp(Zα)).

    `X` (k by p) are moderators of the mean and `Z` (k by q) of log τ²; each is an intercept alone
    if left out (DOI 10.1002/jrsm.1562). Standard errors of α come from the observed information.
    t-tests have k − p degrees of freedom for the mean and k − q for the scale.

    Raises `EvidenceError` for designs without full rank, too few estimates, and where the
    likelihood grows without end because some estimates show no heterogeneity at all.
    """
    y = np.asarray(yi, dtype=np.float64)
    if y.ndim != 1 or len(y) == 0:
        raise EvidenceError("There is no estimate to pool.")
    v = require_variance(vi, len(y), what="Sampling variances")
    if v.ndim != 1:
        raise EvidenceError(
            "A location-scale model needs independent estimates, one variance each."
        )
    design, scale = require_design(y, X), require_design(y, Z)
    if method not in ("REML", "ML") or test not in ("z", "t"):
        raise EvidenceError(f"No such method or test: {method}, {test}.")
    if not 0 < level < 1:
        raise EvidenceError(f"A confidence level of {level:g} cannot be; write 95% as 0.95.")
    k, p, q = len(y), design.shape[1], scale.shape[1]
    if k < p + q:
        raise EvidenceError(f"Too few estimates ({k}) for {p} + {q} coefficients.")
    if max(np.abs(y).max(), v.max(), 1 / v.min()) > _FAR:
        raise EvidenceError("Put the outcome in other units: its numbers are too far from one.")
    model = _LocationScale(y, v, design, scale, restricted=method == "REML")
    peak = model.highest()
    tau2 = model.tau2(peak.at)
    # At a maximum in the distance, τ² of some estimates has left all scales of the problem.
    if (tau2 < _NO_SPREAD * v).any() or not np.isfinite(tau2).all():
        raise EvidenceError(
            "Some estimates show no heterogeneity at all, so its logarithm has no estimate; "
            "use fewer moderators of τ²."
        )
    values = np.linalg.eigvalsh(-peak.hessian)
    if not values[0] > 1e-9 * values[-1]:
        raise EvidenceError("The estimates do not tell the moderators of τ² apart.")
    back = model.to_alpha
    information = back @ np.linalg.inv(-peak.hessian) @ back.T
    beta, vcov = model.location(peak.at)
    df = (k - p, k - q) if test == "t" else None
    if df is not None and min(df) < 1:
        raise EvidenceError("Too few estimates for a t-test.")
    return LocationScaleFit(
        method=method,
        test=test,
        level=level,
        k=k,
        location=_wald(beta, vcov, df[0] if df else None, level),
        scale=_wald(back @ peak.at, information, df[1] if df else None, level),
        df=df,
        tau2=tuple(tau2.tolist()),
        ll=peak.value,
    )


class _LocationScale:
    """The likelihood over a, where log τ² = Qa and Q has orthogonal columns of length √k."""

    def __init__(
        self, y: FloatArray, v: FloatArray, X: FloatArray, Z: FloatArray, *, restricted: bool
    ) -> None:
        self.restricted = restricted
        self.k, self.p = X.shape
        self.X, self.R = np.linalg.qr(X)
        Q, R = np.linalg.qr(Z)
        root = math.sqrt(self.k)
        self.Q = Q * root
        self.to_alpha: FloatArray = np.asarray(np.linalg.inv(R)) * root
        self.at_start = self.X.T @ y
        self.y = y - self.X @ self.at_start
        self.v = v

    def tau2(self, a: FloatArray) -> FloatArray:
        """τ² of each estimate."""
        with np.errstate(over="ignore"):
            return np.asarray(np.exp(self.Q @ a))

    def location(self, a: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Coefficients of the mean and their covariance."""
        w = 1 / (self.v + self.tau2(a))
        C = np.linalg.inv((self.X.T * w) @ self.X)
        back = np.linalg.inv(self.R)
        gamma = C @ (self.X.T @ (w * self.y)) + self.at_start
        return back @ gamma, back @ C @ back.T

    def highest(self) -> Peak:
        """Best peak uphill of constant τ² of several sizes, with and without a slope."""
        spread = float(self.y @ self.y) / max(1, self.k - self.p)
        typical = float(np.median(self.v))
        sizes = [max(spread - typical, 0.1 * typical), 0.1 * typical, typical, 10 * typical]
        slopes = [np.zeros(self.Q.shape[1])]
        for j, sign in itertools.product(range(self.Q.shape[1]), (-1.0, 1.0)):
            slopes.append(sign * np.eye(self.Q.shape[1])[j])
        best: Peak | None = None
        for size, slope in itertools.product(sizes, slopes):
            level = self.Q.T @ np.full(self.k, math.log(size)) / self.k
            peak = climb(self.derivatives, level + slope)
            if peak.settled and math.isfinite(peak.value):
                best = peak if best is None or peak.value > best.value else best
        if best is None:
            raise EvidenceError("The likelihood of this model has no top that could be reached.")
        return best

    def derivatives(self, a: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        """Log-likelihood, gradient and Hessian."""
        tau2 = self.tau2(a)
        if not np.isfinite(tau2).all():
            q = len(a)
            return -math.inf, np.zeros(q), np.zeros((q, q))
        w = 1 / (self.v + tau2)
        X, Q = self.X, self.Q
        information = (X.T * w) @ X
        C = np.linalg.inv(information)
        r = w * (self.y - X @ (C @ (X.T @ (w * self.y))))
        n = self.k - self.p if self.restricted else self.k
        ll = -0.5 * (n * _LOG_2PI - float(np.log(w).sum()) + float((r**2 / w).sum()))
        trace = w
        hat = np.einsum("ip,pq,iq->i", X, C, X)
        if self.restricted:
            ll -= 0.5 * float(np.linalg.slogdet(information)[1])
            trace = w - w**2 * hat
        pull = 0.5 * (r**2 - trace) * tau2
        # P = W − WXCX'W, whose squared elements weigh pairs of estimates.
        P = -(w[:, None] * (X @ C @ X.T)) * w
        P[np.diag_indices(self.k)] += w
        squares = P**2 if self.restricted else np.diag(w**2)
        pairs = 0.5 * squares - r[:, None] * P * r
        D = Q * tau2[:, None]
        H = D.T @ pairs @ D + (Q.T * pull) @ Q
        return ll, Q.T @ pull, (H + H.T) / 2


def _wald(estimate: FloatArray, vcov: FloatArray, df: int | None, level: float) -> Coefficients:
    se = np.sqrt(np.diag(vcov))
    stat = estimate / se
    half = critical_value(level, df) * se
    return Coefficients(
        estimate=tuple(estimate.tolist()),
        vcov=tuple(tuple(row) for row in vcov.tolist()),
        se=tuple(se.tolist()),
        stat=tuple(stat.tolist()),
        p=tuple(two_sided_p(s, df) for s in stat.tolist()),
        ci=_pairs(estimate - half, estimate + half),
    )


def _pairs(low: FloatArray, high: FloatArray) -> tuple[tuple[float, float], ...]:
    ends: Sequence[tuple[float, float]] = list(zip(low.tolist(), high.tolist(), strict=True))
    return tuple(ends)
