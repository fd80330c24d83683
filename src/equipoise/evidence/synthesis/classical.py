"""Frequentist pooling of one set of studies: a batch of one, as a record."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from equipoise.errors import EvidenceError
from equipoise.evidence.synthesis.batch import (
    METHOD_CITES,
    PREDICTIONS,
    Method,
    Prediction,
    Test,
    pool_many,
)
from equipoise.evidence.synthesis.heterogeneity import Tau2Method
from equipoise.evidence.synthesis.pooled_batch import PooledBatch, Status
from equipoise.stats.distributions import critical_value
from equipoise.stats.ragged import FloatArray

__all__ = [
    "FitStatistics",
    "Synthesis",
    "Tau2Method",
    "Test",
    "leave_one_out",
    "pool_fixed",
    "pool_random",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class FitStatistics:
    """How well a model fitted by likelihood describes the estimates; the restricted one for REML.

    `deviance` is twice the distance to the saturated model, or −2 log-likelihood for REML. The
    criteria count τ² and μ as parameters, only μ for FE; REML's BIC and AICc count k − 1 estimates.
    Comparable between models of the same studies.
    """

    log_likelihood: float
    deviance: float
    aic: float
    bic: float
    aicc: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Synthesis:
    """Estimates pooled into one, on the scale of `yi`.

    `method` is FE or one of `Tau2Method`; `test` is "z", "t", "knha" (Hartung-Knapp) or "adhoc".
    `se`, `ci` (at `level`), `statistic`, `df` (`None`: normal) and the two-sided `p` against zero
    belong to `mu`; `se_model` is 1/√Σw, as in tests "z" and "t". `i2` is in percent. `tau2`,
    `se_tau2`, `tau2_ci`, `i2`, `h2`, `q_p`, `prediction_interval` and `fit` are `None` where the
    model or a single study leaves nothing to say. `hksj_narrower` says that the Hartung-Knapp
    interval is narrower than the normal one; `ci_adhoc` is the interval that never is (variance
    factor at least one). `weights` are percent, in the order of `yi`. `cites` are method ids, to be
    looked up in `METHODS`.
    """

    method: str
    test: str
    level: float
    k: int
    mu: float
    se: float
    ci: tuple[float, float]
    statistic: float
    df: int | None
    p: float
    se_model: float
    tau2: float | None
    se_tau2: float | None
    tau2_ci: tuple[float, float] | None
    i2: float | None
    h2: float | None
    q: float
    q_df: int
    q_p: float | None
    prediction_interval: tuple[float, float] | None
    fit: FitStatistics | None
    hksj_narrower: bool | None
    ci_adhoc: tuple[float, float] | None
    weights: tuple[float, ...]
    yi: tuple[float, ...]
    vi: tuple[float, ...]
    cites: tuple[str, ...]

    def predict(self, prediction: Prediction = "default") -> tuple[float, float] | None:
        """Interval for the true effect in a new study, at `level`.

        "default" takes the quantile of the test, "t" always t with k − 1 degrees of freedom,
        "riley" t with k − 2, at least one (DOI 10.1136/bmj.d549).
        """
        if prediction not in PREDICTIONS:
            raise EvidenceError(f"No such prediction interval: {prediction}.")
        if self.tau2 is None:
            return None
        if prediction == "default":
            return self.prediction_interval
        df = max(1, self.k - (1 if prediction == "t" else 2))
        half = critical_value(self.level, df) * math.hypot(math.sqrt(self.tau2), self.se)
        return self.mu - half, self.mu + half


def pool_fixed(
    yi: Sequence[float], vi: Sequence[float], level: float = 0.95, *, test: Test = "z"
) -> Synthesis:
    """Inverse-variance average: the weighted mean of the studies at hand (DOI 10.1111/rssa.12275).

    It assumes nothing about other studies, so there is no τ² and no prediction interval. I² and H²
    are (Q − df) / Q and Q / df, as metafor gives them for this model.
    """
    return _pool(yi, vi, "FE", test, level)


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
    Paule-Mandel (10.6028/jres.087.022), maximum likelihood or another of `Tau2Method`; its interval
    by the Q-profile (10.1002/sim.2514). Intervals for the mean by Hartung-Knapp on k − 1 degrees of
    freedom (10.1002/sim.1482), without or with ("adhoc") the correction that keeps them from being
    narrower than "t"; or normal ("z"). The prediction interval uses the same distribution as the
    interval (10.1111/j.1467-985X.2008.00552.x); `Synthesis.predict` gives others.

    One study is returned as it is, with a normal interval and nothing about heterogeneity. No
    study is refused.
    """
    if method in ("FE", "EE"):
        raise EvidenceError(f"{method} is no random-effects method; use pool_fixed.")
    return _pool(yi, vi, method, test, level)


def leave_one_out(
    yi: Sequence[float],
    vi: Sequence[float],
    pool: Callable[[Sequence[float], Sequence[float]], Synthesis] = pool_random,
) -> tuple[Synthesis, ...]:
    """Pool without each study in turn, in the order of the studies.

    `pool` makes each synthesis; give another function, or a `functools.partial` with other
    settings. Fewer than two studies leave nothing to pool and are refused.
    """
    if len(yi) < 2:
        raise EvidenceError("Leaving one out needs at least two studies.")
    return tuple(pool([*yi[:i], *yi[i + 1 :]], [*vi[:i], *vi[i + 1 :]]) for i in range(len(yi)))


def _pool(
    yi: Sequence[float], vi: Sequence[float], method: Method, test: Test, level: float
) -> Synthesis:
    y, v = np.asarray(yi, dtype=np.float64), np.asarray(vi, dtype=np.float64)
    batch = pool_many(
        y, v, [y.size], method=method, test=test, level=level, tau2_interval=True, engine="numpy"
    )
    batch.require_results()
    return _record(batch, y, v)


def _record(batch: PooledBatch, y: FloatArray, v: FloatArray) -> Synthesis:
    """The one analysis of `batch` as a record, with what only a single one needs."""
    at = {name: x[0].item() for name, x in batch.columns().items()}
    k, level, single = len(y), batch.level, batch.status[0] == Status.SINGLE_STUDY
    heterogeneous = batch.tau2 is not None and not single
    mu, se_model, factor = at["mu"], at["se_model"], at["variance_factor"]
    ci_adhoc = narrower = None
    if heterogeneous:
        z, t = critical_value(level), critical_value(level, k - 1)
        half = t * se_model * math.sqrt(max(1.0, factor))
        ci_adhoc, narrower = (mu - half, mu + half), t * math.sqrt(factor) < z
    w = _relative_weights(v, at["tau2"] if heterogeneous else 0.0)
    return Synthesis(
        method="FE" if batch.tau2 is None else batch.method,
        test="z" if single else batch.test,
        level=level,
        k=k,
        mu=mu,
        se=at["se"],
        ci=(at["ci_low"], at["ci_high"]),
        statistic=at["statistic"],
        df=int(at["df"]) if math.isfinite(at["df"]) else None,
        p=at["p"],
        se_model=se_model,
        tau2=at["tau2"] if heterogeneous else None,
        se_tau2=at["se_tau2"] if heterogeneous else None,
        tau2_ci=(at["tau2_low"], at["tau2_high"]) if heterogeneous else None,
        i2=None if single else at["i2"],
        h2=None if single else at["h2"],
        q=at["q"],
        q_df=k - 1,
        q_p=None if single else at["q_p"],
        prediction_interval=(at["pi_low"], at["pi_high"]) if heterogeneous else None,
        fit=_fit(batch, v, at) if batch.log_likelihood is not None and not single else None,
        hksj_narrower=narrower,
        ci_adhoc=ci_adhoc,
        weights=tuple((100 * w / w.sum()).tolist()),
        yi=tuple(y.tolist()),
        vi=tuple(v.tolist()),
        cites=_cites(batch, single=bool(single)),
    )


def _relative_weights(v: FloatArray, tau2: float) -> FloatArray:
    """1/(v + τ²) in units of the largest possible, so that nothing leaves the range of numbers."""
    smallest = float(v.min())
    return np.asarray(1 / (v / smallest + tau2 / smallest))


def _fit(batch: PooledBatch, v: FloatArray, at: dict[str, float]) -> FitStatistics:
    log_likelihood, k = at["log_likelihood"], len(v)
    restricted = batch.method == "REML"
    parameters = 1 if batch.tau2 is None else 2
    counted = k - 1 if restricted else k
    # Relative to the saturated model, whose every residual is zero and τ² too.
    deviance = -2 * log_likelihood
    if not restricted:
        q = at["variance_factor"] * (k - 1)
        deviance = q + float(np.log1p(at.get("tau2", 0.0) / v).sum())
    room = max(counted, parameters + 2)
    return FitStatistics(
        log_likelihood=log_likelihood,
        deviance=deviance,
        aic=-2 * log_likelihood + 2 * parameters,
        bic=-2 * log_likelihood + parameters * math.log(counted),
        aicc=-2 * log_likelihood + 2 * parameters * room / (room - parameters - 1),
    )


_TEST_CITES: dict[str, tuple[str, ...]] = {
    "knha": ("knapp-hartung",),
    "adhoc": ("knapp-hartung", "ad-hoc-correction"),
    "t": ("t-interval",),
}


def _cites(batch: PooledBatch, *, single: bool) -> tuple[str, ...]:
    if single:
        return ("fixed-effect",)
    own = (METHOD_CITES[batch.method], *_TEST_CITES.get(batch.test, ()))
    if batch.tau2 is None:
        return own
    return (*own, "q-profile", "i-squared", "prediction-interval")
