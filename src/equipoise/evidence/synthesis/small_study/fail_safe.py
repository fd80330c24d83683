"""Fail-safe N: how many studies averaging nothing it would take to overturn the result."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from equipoise.errors import EvidenceError
from equipoise.evidence.synthesis.classical import pool_fixed, pool_random
from equipoise.evidence.synthesis.small_study.studies import FloatArray, require_studies
from equipoise.stats.distributions import normal_upper_tail, two_sided_p, two_sided_quantile
from equipoise.stats.roots import bracketed_root

FailSafeKind = Literal["Rosenthal", "Orwin", "Rosenberg", "General"]

FAIL_SAFE_CAVEAT = (
    "A fail-safe N supposes that missing studies average exactly no effect, and a large number is "
    "not evidence that nothing is missing; it is reported because readers ask for it."
)
_CITES: dict[FailSafeKind, str] = {
    "Rosenthal": "fail-safe-rosenthal",
    "Orwin": "fail-safe-orwin",
    "Rosenberg": "fail-safe-rosenberg",
    "General": "fail-safe-general",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FailSafeN:
    """`n` studies averaging nothing would raise p above `alpha`, or shrink the mean to `target`.

    `p` belongs to the observed studies (one-sided for Rosenthal, two-sided for Rosenberg and
    General) and is `None` for Orwin; `mu` is their mean, `None` for Rosenthal; `target` is `None`
    where p decides.
    """

    kind: FailSafeKind
    k: int
    n: int
    alpha: float | None
    p: float | None
    mu: float | None
    target: float | None
    caveat: str
    cites: tuple[str, ...]


def fail_safe_n(
    yi: Sequence[float],
    vi: Sequence[float],
    *,
    kind: FailSafeKind = "Rosenberg",
    alpha: float = 0.05,
    target: float | None = None,
) -> FailSafeN:
    """Smallest whole number of null studies that overturns the result; zero if none is needed.

    "Rosenthal" adds z-values up (one-sided `alpha`, DOI 10.1037/0033-2909.86.3.638); "Orwin"
    shrinks the weighted mean to `target`, half of it if not given (10.3102/10769986008002157);
    "Rosenberg" lifts the p-value of the fixed-effect mean above `alpha`
    (10.1111/j.0014-3820.2005.tb01004.x). "General" does so for the REML mean: null studies have
    the harmonic mean variance and the τ² of the observed studies, and the difference between the
    two groups adds to the τ² of all.
    """
    y, v = require_studies(yi, vi, at_least=1, what="A fail-safe N")
    if kind not in _CITES:
        raise EvidenceError(f"No such kind of fail-safe N: {kind}.")
    if not 0 < alpha < 1:
        raise EvidenceError(f"A significance level of {alpha:g} cannot be; write 5% as 0.05.")
    if kind == "Orwin":
        return _orwin(y, v, target)
    if target is not None:
        raise EvidenceError("Only Orwin's fail-safe N has a target; the others have an alpha.")
    k = len(y)
    mu: float | None = None
    w = 1 / v
    if kind == "Rosenthal":
        total = abs(float((y / np.sqrt(v)).sum()))
        p = normal_upper_tail(total / math.sqrt(k))
        n = (total / two_sided_quantile(2 * alpha)) ** 2 - k
    elif kind == "Rosenberg":
        fixed = pool_fixed(y.tolist(), v.tolist())
        mu, p = fixed.mu, fixed.p
        sum_w = float(w.sum())
        n = ((float(w @ y) / two_sided_quantile(alpha)) ** 2 - sum_w) * k / sum_w
    else:
        pooled = pool_random(y.tolist(), v.tolist(), method="REML", test="z")
        mu, p = pooled.mu, pooled.p
        n = _general(y, v, pooled.mu, pooled.tau2 or 0.0, alpha) if p <= alpha else 0.0
    if not math.isfinite(n):
        raise EvidenceError("The result is so far from the null that no number overturns it.")
    return FailSafeN(
        kind=kind,
        k=k,
        n=max(0, math.ceil(n)),
        alpha=alpha,
        p=p,
        mu=mu,
        target=None,
        caveat=FAIL_SAFE_CAVEAT,
        cites=(_CITES[kind],),
    )


def _orwin(y: FloatArray, v: FloatArray, target: float | None) -> FailSafeN:
    k, mu = len(y), pool_fixed(y.tolist(), v.tolist()).mu
    if target is None:
        goal, n = mu / 2, float(k)
    else:
        if target == 0 or not math.isfinite(target):
            raise EvidenceError("A target of zero is never reached by adding null studies.")
        goal = math.copysign(target, mu)
        n = k * (mu - goal) / goal
    return FailSafeN(
        kind="Orwin",
        k=k,
        n=max(0, math.ceil(n)) if mu != 0 else 0,
        alpha=None,
        p=None,
        mu=mu,
        target=goal,
        caveat=FAIL_SAFE_CAVEAT,
        cites=(_CITES["Orwin"],),
    )


def _general(y: FloatArray, v: FloatArray, mu: float, tau2: float, alpha: float) -> float:
    """Number of null studies, a fraction, at which p of the combined mean is `alpha`."""
    k, null_variance = len(y), 1 / float(np.mean(1 / v))

    def excess(n: float) -> float:
        between = mu**2 * k * n / (k + n) ** 2
        w = 1 / (v + tau2 + between)
        total = float(w.sum()) + n / (null_variance + tau2 + between)
        # In logarithms, so that a p-value of 1e-300 is still on a slope.
        p = two_sided_p(float(w @ y) / math.sqrt(total))
        return math.log(max(p, 5e-324)) - math.log(alpha)

    high = float(k)
    while excess(high) < 0:
        high *= 2
    return bracketed_root(excess, 0.0, high)
