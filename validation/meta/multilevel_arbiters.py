"""Which of two answers to a multilevel model is the better one, found without the engine."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import cache
from itertools import combinations
from typing import Any

import mpmath as mp
import numpy as np
from numpy.typing import NDArray

from equipoise.evidence.synthesis.gaussian import codes_of
from equipoise.evidence.synthesis.multilevel import MultilevelFit
from equipoise.evidence.synthesis.robust import RobustKind, RobustVariance
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
        if len(plan.structures) > 1:
            return None
        ours = _exact(plan, fit.sigma2, _between_kinds(plan, fit.tau2, fit.rho))
        sigma2 = numbers(entry["sigma2"]) if plan.levels else ()
        G = _between_kinds(plan, numbers(entry["tau2"]), numbers(entry["rho"]))
        theirs = _exact(plan, sigma2, G)
        if not ours[0] > theirs[0]:
            return None
        beta, se = numbers(entry["beta"]), numbers(entry["se"])
        if not (
            np.allclose(theirs[1], beta, rtol=_SAME, atol=_SAME * se.max())
            and np.allclose(theirs[2], se, rtol=_SAME, atol=0)
        ):
            return None
        return "the search stopped short: the log-likelihood at our variances is higher"

    return arbiter


def better_covariance(plan: Plan, psi: FloatArray | None, entry: Json) -> Arbiter:
    """The same for a between-study covariance, the inner labels being codes of its rows."""

    @cache
    def arbiter() -> str | None:
        theirs = numbers(entry["Psi"])
        if psi is None or theirs.size != psi.size:
            return None
        reference = theirs.reshape(psi.shape)
        if not _exact(plan, (), psi)[0] > _exact(plan, (), reference)[0]:
            return None
        return "the search stopped short: the log-likelihood at our covariance is higher"

    return arbiter


def exact_sandwich(
    y: FloatArray,
    v: FloatArray,
    X: FloatArray,
    cluster: Sequence[Hashable],
    kind: RobustKind,
    fit: RobustVariance,
) -> Arbiter:
    """The textbook formulas in 40-digit arithmetic, for independent estimates."""

    @cache
    def arbiter() -> str | None:
        with mp.workdps(40):
            beta, se, df = _sandwich(y, v, X, codes_of(cluster, len(y), what="Clusters"), kind)
        if fit.df_rule == "clusters":
            df = [float(d or 0) for d in fit.df]
        if kind == "CR1p":
            m, p = fit.clusters, X.shape[1]
            se = [s * (m / (m - p)) ** 0.5 for s in se]
        ours = [*fit.beta, *fit.se, *(d or 0.0 for d in fit.df)]
        if np.allclose(ours, [*beta, *se, *df], rtol=1e-11, atol=0):
            return "40-digit arithmetic sides with us: moderators far from zero cost them digits"
        return None

    return arbiter


def _sandwich(
    y: FloatArray, v: FloatArray, X: FloatArray, code: NDArray[np.intp], kind: RobustKind
) -> tuple[list[float], list[float], list[float]]:
    """Coefficients, standard errors (CR1p as CR0) and Satterthwaite's degrees of freedom."""
    k, p = X.shape
    design, estimates = mp.matrix(X.tolist()), mp.matrix(y.tolist())
    W = mp.diag([1 / mp.mpf(x) for x in v.tolist()])
    M = mp.inverse(design.T * W * design)
    beta = M * design.T * W * estimates
    I_H = mp.eye(k) - design * M * design.T * W
    residuals = I_H * estimates
    m = int(code.max()) + 1
    factor = {"CR1": mp.mpf(m) / (m - 1), "CR1S": mp.mpf(m * (k - 1)) / ((m - 1) * (k - p))}
    G = [mp.zeros(k, m) for _ in range(p)]
    shares = mp.zeros(m, p)
    for j in range(m):
        rows = np.flatnonzero(code == j).tolist()
        part = mp.matrix([[I_H[a, b] for b in range(k)] for a in rows])
        A = mp.eye(len(rows)) * mp.sqrt(factor.get(kind, 1))
        own = mp.matrix([[I_H[a, b] for b in rows] for a in rows])
        if kind == "CR3":
            A = mp.inverse(own)
        elif kind == "CR2":
            Phi = mp.diag([mp.mpf(v[a]) for a in rows])
            D = mp.diag([mp.sqrt(mp.mpf(v[a])) for a in rows])
            B = D * own * Phi * D
            values, vectors = mp.eigsy((B + B.T) / 2)
            largest = max(values)
            root = mp.diag([1 / mp.sqrt(x) if x > largest * 1e-20 else 0 for x in values])
            A = D * vectors * root * vectors.T * D
        bread = mp.matrix([[design[a, c] / mp.mpf(v[a]) for c in range(p)] for a in rows]) * M
        e = mp.matrix([residuals[a] for a in rows])
        g = part.T * A.T * bread
        s = bread.T * A * e
        for c in range(p):
            shares[j, c] = s[c]
            for i in range(k):
                G[c][i, j] = g[i, c]
    ses, dfs = [], []
    Phi = mp.diag([mp.mpf(x) for x in v.tolist()])
    for c in range(p):
        P = G[c].T * Phi * G[c]
        trace = sum((P[j, j] for j in range(m)), mp.mpf(0))
        squares = sum((P[i, j] ** 2 for i in range(m) for j in range(m)), mp.mpf(0))
        dfs.append(float(trace**2 / squares))
        ses.append(float(mp.sqrt(sum((shares[j, c] ** 2 for j in range(m)), mp.mpf(0)))))
    return [float(b) for b in beta], ses, dfs


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
    plan: Plan, sigma2: Sequence[float] | FloatArray, G: Any
) -> tuple[mp.mpf, FloatArray, FloatArray]:
    """Log-likelihood, coefficients and standard errors, cluster by cluster."""
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


def _covariance(plan: Plan, sigma2: Any, G: Any, i: int, j: int) -> mp.mpf:
    if plan.V.ndim == 2:
        value = mp.mpf(float(plan.V[i, j]))
    else:
        value = mp.mpf(float(plan.V[i])) if i == j else mp.mpf(0)
    for variance, labels in zip(sigma2, plan.levels, strict=True):
        if labels[i] == labels[j]:
            value += mp.mpf(float(variance))
    for structure in plan.structures:
        if structure.outer[i] == structure.outer[j]:
            kinds = sorted_labels(structure.inner)
            a, b = kinds.index(structure.inner[i]), kinds.index(structure.inner[j])
            value += mp.mpf(G[a, b])
    return value


def _between_kinds(plan: Plan, tau2: Any, rho: Any) -> Any:
    """Covariance between kinds of effect from printed variances and correlations, exactly."""
    if not plan.structures:
        return np.zeros((0, 0))
    structure = plan.structures[0]
    labels = sorted_labels(structure.inner)
    m = len(labels)
    variances = [mp.mpf(float(t)) for t in tau2] * (m if len(tau2) == 1 else 1)
    correlations = [0.0 if r is None else float(r) for r in rho] or [0.0]
    pairs = {p: i for i, p in enumerate(combinations(range(m), 2))}
    with mp.workdps(40):
        G = np.empty((m, m), dtype=object)
        for a in range(m):
            for b in range(m):
                r = mp.mpf(1)
                if a != b:
                    pair = pairs[min(a, b), max(a, b)] if len(correlations) > 1 else 0
                    r = mp.mpf(correlations[pair])
                if structure.kind in ("AR", "HAR"):
                    r = r ** abs(a - b)
                elif structure.kind == "CAR":
                    r = r ** abs(mp.mpf(float(labels[a])) - mp.mpf(float(labels[b])))
                G[a, b] = r * mp.sqrt(variances[a]) * mp.sqrt(variances[b])
    return G
