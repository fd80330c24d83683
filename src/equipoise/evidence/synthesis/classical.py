"""Frequentist pooling: inverse variance, random effects, Hartung-Knapp, Q-profile."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from equipoise.errors import EvidenceError
from equipoise.stats.distributions import (
    chi_square_quantile,
    chi_square_upper_tail,
    critical_value,
    two_sided_p,
)
from equipoise.stats.roots import bracketed_root

FloatArray = NDArray[np.float64]
Tau2Method = Literal["REML", "DL", "PM", "ML"]
Test = Literal["knha", "z"]

_TAU2_CITES: dict[Tau2Method, str] = {
    "REML": "reml",
    "DL": "dersimonian-laird",
    "PM": "paule-mandel",
    "ML": "ml",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Synthesis:
    """Estimates pooled into one, on the scale of `yi`.

    `method` is FE, REML, DL, PM or ML; `test` is "z" or "knha" (Hartung-Knapp). `ci` belongs to
    `mu` at `level`, `p` is two-sided against zero. `i2` is in percent. `tau2`, `tau2_ci`, `i2`,
    `h2`, `q_p` and `prediction_interval` are `None` where the model or a single study leaves
    nothing to say. `hksj_narrower` says that the Hartung-Knapp interval is narrower than the
    normal one; `ci_adhoc` is the interval that never is (variance factor at least one). `weights`
    are percent, in the order of `yi`. `cites` are method ids, to be looked up in `METHODS`.
    """

    method: str
    test: str
    level: float
    k: int
    mu: float
    se: float
    ci: tuple[float, float]
    p: float
    tau2: float | None
    tau2_ci: tuple[float, float] | None
    i2: float | None
    h2: float | None
    q: float
    q_df: int
    q_p: float | None
    prediction_interval: tuple[float, float] | None
    hksj_narrower: bool | None
    ci_adhoc: tuple[float, float] | None
    weights: tuple[float, ...]
    yi: tuple[float, ...]
    vi: tuple[float, ...]
    cites: tuple[str, ...]


def pool_fixed(yi: Sequence[float], vi: Sequence[float], level: float = 0.95) -> Synthesis:
    """Inverse-variance average: the weighted mean of the studies at hand (DOI 10.1111/rssa.12275).

    It assumes nothing about other studies, so there is no τ² and no prediction interval. I² and H²
    are (Q − df) / Q and Q / df, as metafor gives them for this model.
    """
    y, v = _require_estimates(yi, vi, level)
    k = len(y)
    w = 1 / v
    mu, se = _weighted_mean(y, w), 1 / math.sqrt(float(w.sum()))
    q = float(w @ (y - mu) ** 2)
    half = critical_value(level) * se
    several = k > 1
    return Synthesis(
        method="FE",
        test="z",
        level=level,
        k=k,
        mu=mu,
        se=se,
        ci=(mu - half, mu + half),
        p=two_sided_p(mu / se),
        tau2=None,
        tau2_ci=None,
        i2=100 * max(0.0, (q - (k - 1)) / q) if several and q > 0 else (0.0 if several else None),
        h2=q / (k - 1) if several else None,
        q=q,
        q_df=k - 1,
        q_p=chi_square_upper_tail(q, k - 1) if several else None,
        prediction_interval=None,
        hksj_narrower=None,
        ci_adhoc=None,
        weights=_percent(w),
        yi=tuple(y.tolist()),
        vi=tuple(v.tolist()),
        cites=("fixed-effect",),
    )


def pool_random(
    yi: Sequence[float],
    vi: Sequence[float],
    *,
    method: Tau2Method = "REML",
    test: Test = "knha",
    level: float = 0.95,
) -> Synthesis:
    """Random-effects average: the mean of the distribution that the studies come from.

    τ² by REML (DOI 10.3102/10769986030003261), DerSimonian-Laird (10.1016/0197-2456(86)90046-2),
    Paule-Mandel (10.6028/jres.087.022) or maximum likelihood; its interval by the Q-profile
    (10.1002/sim.2514). Intervals for the mean by Hartung-Knapp on k − 1 degrees of freedom
    (10.1002/sim.1482), without the ad hoc correction, or normal. The prediction interval uses the
    same distribution as the interval (10.1111/j.1467-985X.2008.00552.x).

    One study is returned as it is, with a normal interval and nothing about heterogeneity. No
    study is refused.
    """
    y, v = _require_estimates(yi, vi, level)
    if method not in _TAU2_CITES or test not in ("knha", "z"):
        raise EvidenceError(f"No such method or test: {method}, {test}.")
    k = len(y)
    if k == 1:
        return _single_study(y, v, method, level)
    tau2 = _ESTIMATORS[method](y, v)
    w = 1 / (v + tau2)
    mu = _weighted_mean(y, w)
    se_z = 1 / math.sqrt(float(w.sum()))
    factor = float(w @ (y - mu) ** 2) / (k - 1)
    se_hk = math.sqrt(factor) * se_z
    z, t = critical_value(level), critical_value(level, k - 1)
    half_adhoc = t * se_z * math.sqrt(max(1.0, factor))
    se, quantile, df = (se_hk, t, k - 1) if test == "knha" else (se_z, z, None)
    spread = quantile * math.sqrt(tau2 + se**2)
    fixed_w = 1 / v
    q = _cochran_q(y, v)
    typical = _typical_variance(fixed_w)
    return Synthesis(
        method=method,
        test=test,
        level=level,
        k=k,
        mu=mu,
        se=se,
        ci=(mu - quantile * se, mu + quantile * se),
        p=_p_value(mu, se, df),
        tau2=tau2,
        tau2_ci=_q_profile(y, v, level),
        i2=100 * tau2 / (typical + tau2) if math.isfinite(typical) else 0.0,
        h2=tau2 / typical + 1,
        q=q,
        q_df=k - 1,
        q_p=chi_square_upper_tail(q, k - 1),
        prediction_interval=(mu - spread, mu + spread),
        hksj_narrower=t * se_hk < z * se_z,
        ci_adhoc=(mu - half_adhoc, mu + half_adhoc),
        weights=_percent(w),
        yi=tuple(y.tolist()),
        vi=tuple(v.tolist()),
        cites=(
            _TAU2_CITES[method],
            *(("knapp-hartung",) if test == "knha" else ()),
            "q-profile",
            "i-squared",
            "prediction-interval",
        ),
    )


def _typical_variance(w: FloatArray) -> float:
    """Higgins and Thompson's typical within-study variance; without end when one study is all.

    The weights are scaled first, so that a study of no weight beside one of all weight leaves no
    rounding error to divide by.
    """
    largest = float(w.max())
    u = w / largest
    total = float(u.sum())
    rest = total**2 - float((u**2).sum())
    return (len(w) - 1) * total / rest / largest if rest > 0 else math.inf


def _single_study(y: FloatArray, v: FloatArray, method: str, level: float) -> Synthesis:
    mu, se = float(y[0]), math.sqrt(float(v[0]))
    half = critical_value(level) * se
    return Synthesis(
        method=method,
        test="z",
        level=level,
        k=1,
        mu=mu,
        se=se,
        ci=(mu - half, mu + half),
        p=two_sided_p(mu / se),
        tau2=None,
        tau2_ci=None,
        i2=None,
        h2=None,
        q=0.0,
        q_df=0,
        q_p=None,
        prediction_interval=None,
        hksj_narrower=None,
        ci_adhoc=None,
        weights=(100.0,),
        yi=(mu,),
        vi=(float(v[0]),),
        cites=("fixed-effect",),
    )


def _require_estimates(
    yi: Sequence[float], vi: Sequence[float], level: float
) -> tuple[FloatArray, FloatArray]:
    y, v = np.asarray(yi, dtype=np.float64), np.asarray(vi, dtype=np.float64)
    if y.ndim != 1 or y.shape != v.shape:
        raise EvidenceError("Each estimate needs exactly one variance.")
    if len(y) == 0:
        raise EvidenceError("There is no study to pool.")
    if not (np.isfinite(y).all() and np.isfinite(v).all() and (v > 0).all()):
        raise EvidenceError("Estimates must be finite and variances positive and finite.")
    if not 0 < level < 1:
        raise EvidenceError(f"A confidence level of {level:g} cannot be; write 95% as 0.95.")
    return y, v


def _weighted_mean(y: FloatArray, w: FloatArray) -> float:
    # Around the first study, so that equal estimates give exactly zero spread.
    return float(y[0] + (w @ (y - y[0])) / w.sum())


def _percent(w: FloatArray) -> tuple[float, ...]:
    return tuple((100 * (w / w.sum())).tolist())


def _p_value(mu: float, se: float, df: float | None) -> float:
    if se == 0:
        return 1.0 if mu == 0 else 0.0
    return two_sided_p(mu / se, df)


def _cochran_q(y: FloatArray, v: FloatArray, tau2: float = 0.0) -> float:
    w = 1 / (v + tau2)
    return float(w @ (y - _weighted_mean(y, w)) ** 2)


def _tau2_dl(y: FloatArray, v: FloatArray) -> float:
    w = 1 / v
    c = float(w.sum() - (w**2).sum() / w.sum())
    return max(0.0, (_cochran_q(y, v) - (len(y) - 1)) / c)


def _tau2_where_q_is(y: FloatArray, v: FloatArray, target: float) -> float:
    """Find the τ² at which the generalised Q is `target`; zero if Q is below it from the start."""
    if _cochran_q(y, v) <= target:
        return 0.0
    high = float(v.max()) + float(np.ptp(y)) ** 2
    while _cochran_q(y, v, high) > target:
        high *= 4
    return bracketed_root(lambda t: _cochran_q(y, v, t) - target, 0.0, high)


def _tau2_pm(y: FloatArray, v: FloatArray) -> float:
    return _tau2_where_q_is(y, v, len(y) - 1)


def _q_profile(y: FloatArray, v: FloatArray, level: float) -> tuple[float, float]:
    df = len(y) - 1
    lower = _tau2_where_q_is(y, v, chi_square_quantile((1 + level) / 2, df))
    upper = _tau2_where_q_is(y, v, chi_square_quantile((1 - level) / 2, df))
    return lower, upper


def _tau2_reml(y: FloatArray, v: FloatArray) -> float:
    return _tau2_likelihood(y, v, restricted=True)


def _tau2_ml(y: FloatArray, v: FloatArray) -> float:
    return _tau2_likelihood(y, v, restricted=False)


def _tau2_likelihood(y: FloatArray, v: FloatArray, *, restricted: bool) -> float:
    """Find the highest peak of the (restricted) likelihood over τ² ≥ 0.

    Scoring from one start can end on the lower of two peaks, which exist when one study is far
    more precise than the rest. So the score's sign changes are looked for on a grid that spans all
    scales of the problem, each is refined to the last digits, and the likelihood decides.
    """

    def score(tau2: FloatArray) -> FloatArray:
        w = 1 / (v + tau2[:, None])
        sw = w.sum(axis=1)
        mu = (w @ (y - y[0])) / sw
        residual = w * ((y - y[0]) - mu[:, None])
        trace = sw - (w**2).sum(axis=1) / sw if restricted else sw
        return np.asarray((residual**2).sum(axis=1) - trace)

    def log_likelihood(tau2: float) -> float:
        w = 1 / (v + tau2)
        twice = float(np.log(w).sum()) - _cochran_q(y, v, tau2)
        return twice - math.log(float(w.sum())) if restricted else twice

    def score_at(tau2: float) -> float:
        return float(score(np.array([tau2]))[0])

    high = max(float(np.ptp(y)) ** 2, float(v.min()) * 1e-6)
    while score_at(high) > 0:
        high *= 4
    low = min(float(v.min()) * 1e-6, high * 1e-3)
    grid = np.concatenate([[0.0], np.geomspace(low, high, 192)])
    rising = score(grid) > 0
    peaks = np.flatnonzero(rising[:-1] & ~rising[1:])
    candidates = [
        bracketed_root(score_at, float(grid[i]), float(grid[i + 1])) for i in peaks.tolist()
    ]
    if not rising[0]:
        candidates.append(0.0)
    return max(candidates, key=log_likelihood)


_ESTIMATORS: dict[Tau2Method, Callable[[FloatArray, FloatArray], float]] = {
    "REML": _tau2_reml,
    "DL": _tau2_dl,
    "PM": _tau2_pm,
    "ML": _tau2_ml,
}
