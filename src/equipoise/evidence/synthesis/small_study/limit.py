"""Limit meta-analysis: the mean of studies as large as can be, small-study effect taken away."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from equipoise.errors import EvidenceError
from equipoise.evidence.synthesis.classical import pool_random
from equipoise.evidence.synthesis.regression import fit_regression
from equipoise.evidence.synthesis.small_study.studies import few_studies, require_studies
from equipoise.stats.distributions import chi_square_upper_tail, critical_value, two_sided_p

LIMIT_CAVEAT = (
    "The limit is an extrapolation to studies without sampling error: it holds if effects change "
    "with the standard error in a straight line, for whatever reason."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitMetaAnalysis:
    """`mu` is the mean effect of infinitely precise studies under a small-study effect.

    The model is yᵢ = β + √(vᵢ + τ²) (α + εᵢ); `intercept` is β, `bias` α, and `mu` = β + τα with
    `se` (τ² taken as known), `ci` and `p` (normal). `limit_effects` are the studies' effects with
    their sampling error shrunk away. `q_small` (one degree of freedom) is the part of Cochran's
    `q` that the small-study effect accounts for, `q_rest` (k − 2) what it leaves.
    """

    k: int
    level: float
    mu: float
    se: float
    ci: tuple[float, float]
    p: float
    intercept: float
    bias: float
    tau2: float
    limit_effects: tuple[float, ...]
    q: float
    q_small: float
    q_small_p: float
    q_rest: float
    q_rest_p: float
    caveat: str
    cites: tuple[str, ...]


def limit_meta_analysis(
    yi: Sequence[float],
    vi: Sequence[float],
    *,
    method: Literal["DL", "REML", "ML", "PM"] = "REML",
    level: float = 0.95,
) -> LimitMetaAnalysis:
    """Rücker's limit meta-analysis (DOI 10.1093/biostatistics/kxq046), τ² by `method`.

    Fewer than three studies, and studies of one size, are refused.
    """
    y, v = require_studies(yi, vi, at_least=3, what="A limit meta-analysis")
    pooled = pool_random(y.tolist(), v.tolist(), method=method, test="z")
    tau2 = pooled.tau2 or 0.0
    s = np.sqrt(v + tau2)
    # A study of infinite variance has no say in a regression that is weighted by 1/s².
    if float(np.ptp(s)) <= 1e-12 * float(s.max()):
        raise EvidenceError("All studies are of one size: there is no limit to extrapolate to.")
    radial = fit_regression(y, s**2, np.column_stack([np.ones(len(y)), s]), method="EE", test="z")
    beta, alpha = (c.estimate for c in radial.coefficients)
    tau = math.sqrt(tau2)
    direction = np.array([1.0, tau])
    mu = beta + tau * alpha
    se = math.sqrt(float(direction @ radial.vcov @ direction))
    half = critical_value(level) * se
    egger = fit_regression(
        y, v, np.column_stack([np.ones(len(y)), np.sqrt(v)]), method="EE", test="z"
    )
    q_small = max(0.0, pooled.q - egger.q)
    return LimitMetaAnalysis(
        k=len(y),
        level=level,
        mu=mu,
        se=se,
        ci=(mu - half, mu + half),
        p=two_sided_p(mu / se),
        intercept=beta,
        bias=alpha,
        tau2=tau2,
        limit_effects=tuple((beta + tau / s * (y - beta)).tolist()),
        q=pooled.q,
        q_small=q_small,
        q_small_p=chi_square_upper_tail(q_small, 1),
        q_rest=egger.q,
        q_rest_p=chi_square_upper_tail(egger.q, len(y) - 2) if len(y) > 2 else 1.0,
        caveat=LIMIT_CAVEAT + few_studies(len(y)),
        cites=("limit-meta-analysis",),
    )
