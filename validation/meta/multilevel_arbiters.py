"""Which of two answers to a multilevel model is the better one, found without the engine."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import mpmath as mp
import numpy as np
from numpy.typing import NDArray

from equipoise.evidence.synthesis.gaussian import codes_of
from equipoise.evidence.synthesis.multilevel import MultilevelFit
from equipoise.evidence.synthesis.structures import sorted_labels
from validation.agreement import Arbiter, numbers
from validation.meta.multilevel_cases import Plan
from validation.meta.reference import Json

FloatArray = NDArray[np.float64]

_SAME = 1e-7


def better_optimum(plan: Plan, fit: MultilevelFit, entry: Json) -> Arbiter:
    """Compares likelihoods at both sets of variances, in 40-digit arithmetic.

    The reference is the looser side if ours is the higher likelihood *and* its own coefficients
    follow from its own variances, so that nothing but the search can be what differs.
    """

    @cache
    def arbiter() -> str | None:
        ours = _exact(plan, fit.sigma2, fit.tau2, fit.rho)
        sigma2 = numbers(entry["sigma2"]) if plan.levels else ()
        theirs = _exact(plan, sigma2, numbers(entry["tau2"]), numbers(entry["rho"]))
        if ours is None or theirs is None or not ours[0] > theirs[0]:
            return None
        beta, se = numbers(entry["beta"]), numbers(entry["se"])
        if not (
            np.allclose(theirs[1], beta, rtol=_SAME, atol=_SAME * se.max())
            and np.allclose(theirs[2], se, rtol=_SAME, atol=0)
        ):
            return None
        return "the search stopped short: the log-likelihood at our variances is higher"

    return arbiter


def closer_limit(
    plan: Plan, fit: MultilevelFit, parameter: str, index: int, ours: float, theirs: float
) -> Arbiter:
    """Profiles the likelihood at both limits with a general optimiser on the dense formula."""

    @cache
    def arbiter() -> str | None:
        if parameter != "sigma2" or plan.structures:
            return None
        cut = -0.5 * 3.841458820694124
        miss = [abs(_profile(plan, fit, index, limit) - fit.ll - cut) for limit in (ours, theirs)]
        if miss[0] < 1e-7 and miss[1] > 10 * miss[0]:
            return "root found to a coarse tolerance: the drop of the profile is off at their limit"
        return None

    return arbiter


def _profile(plan: Plan, fit: MultilevelFit, index: int, value: float) -> float:
    from scipy import optimize

    others = [i for i in range(len(fit.sigma2)) if i != index]

    def log_likelihood(logs: FloatArray) -> float:
        sigma2 = np.empty(len(fit.sigma2))
        sigma2[index] = value
        sigma2[others] = np.exp(logs)
        return _dense(plan, sigma2)

    start = np.log(np.array([max(fit.sigma2[i], 1e-8) for i in others]))
    if not others:
        return log_likelihood(start)
    options: Any = {"xatol": 1e-9, "fatol": 1e-13, "maxiter": 2000}
    minimise: Any = optimize.minimize
    found = minimise(lambda x: -log_likelihood(x), start, method="Nelder-Mead", options=options)
    return -float(found.fun)


def _dense(plan: Plan, sigma2: FloatArray) -> float:
    S = np.diag(plan.V) if plan.V.ndim == 1 else plan.V.copy()
    for variance, labels in zip(sigma2.tolist(), plan.levels, strict=True):
        code = codes_of(labels, len(S), what="Level")
        S = S + variance * (code[:, None] == code)
    k, p = plan.X.shape
    inverse = np.linalg.inv(S)
    information = plan.X.T @ inverse @ plan.X
    beta = np.linalg.solve(information, plan.X.T @ inverse @ plan.yi)
    r = plan.yi - plan.X @ beta
    restricted = plan.method == "REML"
    ll = -0.5 * (np.linalg.slogdet(S)[1] + r @ inverse @ r)
    if restricted:
        ll += 0.5 * (np.linalg.slogdet(plan.X.T @ plan.X)[1] - np.linalg.slogdet(information)[1])
    return float(ll - 0.5 * (k - p if restricted else k) * np.log(2 * np.pi))


def _exact(
    plan: Plan, sigma2: Sequence[float] | FloatArray, tau2: Any, rho: Any
) -> tuple[mp.mpf, FloatArray, FloatArray] | None:
    """Log-likelihood, coefficients and standard errors, cluster by cluster."""
    correlation = [0.0 if r is None else float(r) for r in rho] or [0.0]
    G = _between_kinds(plan, tau2, correlation)
    if G is None:
        return None
    cluster = codes_of(plan.cluster, len(plan.yi), what="Clusters")
    with mp.workdps(40):
        p = plan.X.shape[1]
        information, score = mp.zeros(p), mp.zeros(p, 1)
        log_det, square = mp.mpf(0), mp.mpf(0)
        for c in range(int(cluster.max()) + 1):
            rows = np.flatnonzero(cluster == c).tolist()
            S = mp.matrix(len(rows))
            for a, i in enumerate(rows):
                for b, j in enumerate(rows):
                    S[a, b] = _covariance(plan, sigma2, G, i, j)
            X, y = mp.matrix(plan.X[rows].tolist()), mp.matrix(plan.yi[rows].tolist())
            L = mp.cholesky(S)
            inverse = mp.inverse(S)
            log_det += 2 * sum((mp.log(L[a, a]) for a in range(len(rows))), mp.mpf(0))
            information += X.T * inverse * X
            score += X.T * inverse * y
            square += (y.T * inverse * y)[0]
        beta = mp.lu_solve(information, score)
        twice = log_det + square - (score.T * beta)[0]
        k = len(plan.yi)
        if plan.method == "REML":
            XX = mp.matrix((plan.X.T @ plan.X).tolist())
            twice += mp.log(mp.det(information)) - mp.log(mp.det(XX))
            k -= p
        ll = -(twice + k * mp.log(2 * mp.pi)) / 2
        vcov = mp.inverse(information)
        return (
            ll,
            np.array([float(b) for b in beta]),
            np.array([float(mp.sqrt(vcov[i, i])) for i in range(p)]),
        )


def _covariance(plan: Plan, sigma2: Any, G: FloatArray | None, i: int, j: int) -> mp.mpf:
    if plan.V.ndim == 2:
        value = mp.mpf(float(plan.V[i, j]))
    else:
        value = mp.mpf(float(plan.V[i])) if i == j else mp.mpf(0)
    for variance, labels in zip(sigma2, plan.levels, strict=True):
        if labels[i] == labels[j]:
            value += mp.mpf(float(variance))
    for structure in plan.structures:
        if structure.outer[i] == structure.outer[j] and G is not None:
            kinds = sorted_labels(structure.inner)
            a, b = kinds.index(structure.inner[i]), kinds.index(structure.inner[j])
            value += G[a, b]
    return value


def _between_kinds(plan: Plan, tau2: Any, rho: Sequence[float]) -> Any:
    """Covariance between kinds of effect from printed variances and correlations, exactly."""
    if not plan.structures:
        return np.zeros((0, 0))
    structure = plan.structures[0]
    m = len(sorted_labels(structure.inner))
    variances = [mp.mpf(float(t)) for t in tau2]
    if len(variances) == 1:
        variances = variances * m
    if len(variances) != m or structure.kind in ("AR", "HAR", "CAR") or len(rho) > 1:
        return None
    with mp.workdps(40):
        G = np.empty((m, m), dtype=object)
        for a in range(m):
            for b in range(m):
                r = mp.mpf(1) if a == b else mp.mpf(rho[0])
                G[a, b] = r * mp.sqrt(variances[a]) * mp.sqrt(variances[b])
    return G
