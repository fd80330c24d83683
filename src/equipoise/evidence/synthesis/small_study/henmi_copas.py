"""Henmi and Copas: a random-effects interval around the mean that publication bias moves least."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.polynomial import legendre
from scipy.special import gammainc

from equipoise.errors import EvidenceError
from equipoise.evidence.synthesis.classical import pool_random
from equipoise.evidence.synthesis.small_study.studies import (
    FloatArray,
    few_studies,
    require_studies,
)
from equipoise.stats.roots import bracketed_root

HENMI_COPAS_CAVEAT = (
    "Fixed-effect weights keep small studies from pulling the mean where heterogeneity is large; "
    "this makes bias smaller, it does not remove it."
)
_PANELS, _NODES, _REACH = 160, 16, 10.0
_LEAST_SHARE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class HenmiCopas:
    """Fixed-effect mean `mu` with an interval that allows for the DerSimonian-Laird `tau2`."""

    k: int
    level: float
    mu: float
    se: float
    ci: tuple[float, float]
    tau2: float
    caveat: str
    cites: tuple[str, ...]


def henmi_copas(yi: Sequence[float], vi: Sequence[float], *, level: float = 0.95) -> HenmiCopas:
    """Mean with inverse-variance weights and a random-effects interval (DOI 10.1002/sim.4029).

    With w = 1/v and W₂ = Σw² / Σw, R = √Σw (mean − μ) has variance 1 + τ²W₂. The interval turns
    around the ratio of R to its estimated standard deviation; given R, Cochran's Q (which fixes the
    estimated τ²) is close to a gamma variable with the same mean and variance. The tail
    probability is integrated to about 1e-14 and the quantile solved to the last digits.

    Fewer than two studies, and a study with all but a billionth of the weight, are refused.
    """
    y, v = require_studies(yi, vi, at_least=2, what="Henmi and Copas's interval")
    if not 0 < level < 1:
        raise EvidenceError(f"A confidence level of {level:g} cannot be; write 95% as 0.95.")
    # In units of the most precise study, so that no scale of the outcome over- or underflows.
    unit = math.sqrt(float(v.min()))
    effects, variances = y / unit, v / unit**2
    tau2 = pool_random(effects.tolist(), variances.tolist(), method="DL", test="z").tau2 or 0.0
    w = 1 / variances
    total = float(w.sum())
    # What Q says about τ² is then lost in the last digits of the one weight.
    if 1 - float(w @ w) / total**2 < _LEAST_SHARE:
        raise EvidenceError(
            "One study has practically all the weight: Henmi and Copas's interval has nothing to "
            "learn about the others from."
        )
    # Around the first study, so that equal estimates give exactly their value.
    mu = float(effects[0] + (w @ (effects - effects[0])) / total)
    se = math.sqrt((1 + tau2 * float(w @ w) / total) / total)
    half = _quantile(variances, tau2, level) * se
    return HenmiCopas(
        k=len(y),
        level=level,
        mu=mu * unit,
        se=se * unit,
        ci=((mu - half) * unit, (mu + half) * unit),
        tau2=tau2 * unit**2,
        caveat=HENMI_COPAS_CAVEAT + few_studies(len(y)),
        cites=("henmi-copas", "dersimonian-laird"),
    )


def _quantile(v: FloatArray, tau2: float, level: float) -> float:
    """Find the x that |R| / its estimated standard deviation exceeds with probability 1 − level."""
    high = 2.0
    while tail_probability(v, tau2, high) > (1 - level) / 2:
        high *= 2
    low = high / 2
    while tail_probability(v, tau2, low) < (1 - level) / 2:
        low /= 2
    return bracketed_root(lambda x: tail_probability(v, tau2, x) - (1 - level) / 2, low, high)


def tail_probability(v: FloatArray, tau2: float, x: float) -> float:
    """P(R > x × its estimated standard deviation), τ² being the true variance between studies."""
    w = 1 / v
    k, total = len(v), float(w.sum())
    w2, w3 = float((w**2).sum()) / total, float((w**3).sum()) / total
    var_r = 1 + tau2 * w2
    sd_r = math.sqrt(var_r)
    ends = np.linspace(x / sd_r, x / sd_r + _REACH, _PANELS + 1)
    nodes, weights = legendre.leggauss(_NODES)
    half = np.diff(ends) / 2
    u = (ends[:-1, None] + half[:, None] * (nodes + 1)).ravel()
    r = sd_r * u
    # Mean and variance of Q = Σ w (y − mean)² given R = r: a quadratic form in normal variables.
    spread = 1 + tau2 * w
    trace = (
        float((spread**2).sum())
        - 2 * float((w * spread**2).sum()) / total
        + (float((w * spread).sum()) / total) ** 2
    )
    h = tau2**2 * (w3 - w2**2)
    g = tau2**2 / total * float(((w**2 - w * w2) ** 2 * (v + tau2)).sum())
    mean = (k - 1) + tau2 * (total - w2) - h / var_r + h * r**2 / var_r**2
    variance = 2 * (trace - 2 * g / var_r + h**2 / var_r**2) + 4 * r**2 / var_r**2 * (
        g - h**2 / var_r
    )
    # The estimated variance of R is below (r / x)² where Q is below this.
    limit = (total / w2 - 1) * ((r / x) ** 2 - 1) + (k - 1)
    chance = gammainc(mean**2 / variance, np.maximum(limit, 0.0) * mean / variance)
    density = np.exp(-0.5 * u**2) / math.sqrt(2 * math.pi)
    return float(((half[:, None] * weights).ravel() * chance * density).sum())
