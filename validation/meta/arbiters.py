"""Who is right where we and the reference differ: thirty digits, by other formulas than ours."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.evidence.synthesis import MetaRegression, Tau2Interval
from validation.agreement import Arbiter
from validation.meta.reference import Analysis, Json

FloatArray = NDArray[np.float64]

_DIGITS = 30


def exact_fit(
    yi: FloatArray, vi: FloatArray, X: FloatArray, fit: MetaRegression, theirs: Json
) -> Arbiter:
    """A fit without search by the normal equations, or the likelihood of one with a search."""

    def judge() -> str | None:
        import mpmath as mp

        with mp.workdps(_DIGITS):
            if fit.method in ("ML", "REML"):
                heights = [
                    _likelihood(yi, vi, X, t or 0.0, restricted=fit.method == "REML")
                    for t in (fit.tau2, theirs.get("tau2"))
                ]
                higher = heights[0] - heights[1] > 1e-12
                return "the likelihood in 30 digits is higher at our τ²." if higher else None
            q = _q(yi, vi, X, 0.0)
            if fit.method == "DL":
                tau2 = max(mp.mpf(0), (q - fit.q_df) / _trace(vi, X))
            elif fit.method == "EE":
                tau2 = mp.mpf(0)
            else:
                return None
            _, beta, inverse = _normal_equations(yi, vi, X, tau2)
            gaps = [abs(fit.q / q - 1)]
            for j in range(fit.p):
                se = mp.sqrt(inverse[j, j])
                gaps += [abs(fit.beta[j] - beta[j]) / se, abs(fit.vcov[j, j] / se**2 - 1)]
            if fit.tau2 is not None and tau2 > 0:
                gaps.append(abs(fit.tau2 / tau2 - 1))
            if max(gaps) < 1e-11:
                return (
                    "Q, τ², coefficients and variances are those of 30-digit arithmetic, to 1e-11."
                )
        return None

    return judge


def interval_end(
    yi: FloatArray,
    vi: FloatArray,
    X: FloatArray,
    ours: Tau2Interval,
    reference: Json,
) -> Arbiter:
    """The equation that the ends of an exact interval solve, at ours and at theirs."""
    theirs = reference.get("tau2") or ()

    def judge() -> str | None:
        if len(theirs) != 3:
            return None
        rank = (1 - ours.level) / 2
        for mine, other, lower in zip(ours.ci, theirs[1:], (True, False), strict=True):
            if other is None or mine == other:
                continue
            wanted = 1 - rank if lower else rank
            at_mine, at_theirs = (_rank_of_q(yi, vi, X, float(t)) for t in (mine, other))
            if mine > 0 and abs(at_mine - wanted) > 1e-10:
                return None
            if abs(at_mine - wanted) > abs(at_theirs - wanted):
                return None
        return (
            "the exact distribution of Q, inverted in 30 digits from its Laplace transform, has "
            "the rank that defines the end at ours and misses it at theirs."
        )

    return judge


def nothing_to_account_for(analysis: Analysis, method: str) -> Arbiter:
    """R² is a share of the heterogeneity without moderators; the reference's own is looked at."""

    def judge() -> str | None:
        alone = analysis.reference.get("rma", {}).get(method, {}).get("tau2")
        if alone is not None and alone <= 1e-8 * analysis.vi.min():
            return "without moderators τ² is zero in the reference too: R² is 0/0, not zero."
        return None

    return judge


def no_heterogeneity(
    analysis: Analysis, X: FloatArray, ours: float, theirs: float | None
) -> Arbiter:
    """Numbers of the size of √τ² where τ² is zero for us and next to zero in the reference."""

    def judge() -> str | None:
        if ours > 0 or theirs is None or theirs > 1e-8 * analysis.vi.min():
            return None
        at_ours, at_theirs = (
            _likelihood(analysis.yi, analysis.vi, X, t, restricted=True) for t in (ours, theirs)
        )
        if at_ours > at_theirs:
            return "the restricted likelihood in 30 digits is higher at τ² = 0 than at theirs."
        return None

    return judge


def _likelihood(
    yi: FloatArray, vi: FloatArray, X: FloatArray, tau2: float, *, restricted: bool
) -> Any:
    """Twice the logarithm of the (restricted) likelihood, without constants."""
    import mpmath as mp

    with mp.workdps(_DIGITS):
        w, _, inverse = _normal_equations(yi, vi, X, tau2)
        height = mp.fsum(mp.log(one) for one in w) - _q(yi, vi, X, tau2)
        return height + mp.log(mp.det(inverse)) if restricted else height


def _normal_equations(yi: FloatArray, vi: FloatArray, X: FloatArray, tau2: Any) -> Any:
    """Weights, coefficients and (X'WX)⁻¹."""
    import mpmath as mp

    w = [1 / (mp.mpf(v) + mp.mpf(tau2)) for v in vi.tolist()]
    x = mp.matrix(X.tolist())
    weighted = mp.diag(w) * x
    inverse = mp.inverse(weighted.T * x)
    return w, inverse * (weighted.T * mp.matrix(yi.tolist())), inverse


def _q(yi: FloatArray, vi: FloatArray, X: FloatArray, tau2: Any) -> Any:
    import mpmath as mp

    with mp.workdps(_DIGITS):
        w, beta, _ = _normal_equations(yi, vi, X, tau2)
        fitted = mp.matrix(X.tolist()) * beta
        residuals = zip(w, yi.tolist(), fitted, strict=True)
        return mp.fsum(a * (mp.mpf(b) - c) ** 2 for a, b, c in residuals)


def _trace(vi: FloatArray, X: FloatArray) -> Any:
    """Trace of P at τ² = 0."""
    import mpmath as mp

    w, _, inverse = _normal_equations(vi, vi, X, 0.0)
    x = mp.matrix(X.tolist())
    squared = x.T * (mp.diag([one**2 for one in w]) * x)
    return mp.fsum(w) - mp.fsum((inverse * squared)[j, j] for j in range(X.shape[1]))


def _rank_of_q(yi: FloatArray, vi: FloatArray, X: FloatArray, tau2: float) -> float:
    """P(Q ≤ the one at hand) under τ²."""
    import mpmath as mp

    root = 1 / np.sqrt(vi)
    q, _ = np.linalg.qr(root[:, None] * X)
    precision = root[:, None] * (np.eye(len(vi)) - q @ q.T) * root
    weights = 1 + tau2 * np.linalg.eigvalsh(precision)[X.shape[1] :]
    with mp.workdps(_DIGITS):
        lam = [mp.mpf(w) for w in weights.tolist()]

        def transform(s: Any) -> Any:
            product = 1 / s
            for one in lam:
                product /= mp.sqrt(1 + 2 * one * s)
            return product

        return float(mp.invertlaplace(transform, _q(yi, vi, X, 0.0), method="talbot"))
