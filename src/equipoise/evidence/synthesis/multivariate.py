"""Several outcomes of each study pooled together: likelihood, moments, variance components."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.errors import EvidenceError
from equipoise.evidence.synthesis.gaussian import GaussianModel, codes_of
from equipoise.evidence.synthesis.multilevel import fit_multilevel
from equipoise.evidence.synthesis.robust import require_design, require_variance
from equipoise.evidence.synthesis.structures import RandomStructure
from equipoise.stats.distributions import chi_square_upper_tail, critical_value, two_sided_p

FloatArray = NDArray[np.float64]
MultivariateMethod = Literal["REML", "ML", "MM", "VC", "FE"]

_CITES: dict[MultivariateMethod, tuple[str, ...]] = {
    "REML": ("multivariate",),
    "ML": ("multivariate",),
    "MM": ("multivariate-moments",),
    "VC": ("multivariate-variance-components",),
    "FE": ("fixed-effect",),
}
_ROUNDS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class MultivariateSynthesis:
    """Mean effects of several outcomes with their covariance between studies.

    `outcomes` gives the order of `psi` (between-study covariance; `None` for "FE") and of
    `q_by_outcome`; `beta`, `se`, `p` and `ci` follow the columns of the design, one for each
    outcome if none was given. `ll` is the (restricted) log-likelihood, `None` for methods that
    have none. `q` is Cochran's Q of everything at the sampling covariance alone;
    `q_by_outcome` the share of each outcome in terms of its own variances. Each comes with degrees
    of freedom and p (`None` without any degree of freedom). `cites` are method ids.
    """

    method: MultivariateMethod
    level: float
    studies: int
    outcomes: tuple[Any, ...]
    beta: tuple[float, ...]
    vcov: tuple[tuple[float, ...], ...]
    se: tuple[float, ...]
    p: tuple[float, ...]
    ci: tuple[tuple[float, float], ...]
    psi: tuple[tuple[float, ...], ...] | None
    ll: float | None
    q: float
    q_df: int
    q_p: float | None
    q_by_outcome: tuple[float, ...]
    q_df_by_outcome: tuple[int, ...]
    q_p_by_outcome: tuple[float | None, ...]
    cites: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Studies:
    """The same data by study, m by q outcomes; what a study does not report is zero."""

    rows: NDArray[np.intp]
    seen: NDArray[np.bool_]
    y: FloatArray
    S: FloatArray
    X: FloatArray


def pool_multivariate(
    yi: ArrayLike,
    V: ArrayLike,
    study: Sequence[Hashable],
    outcome: Sequence[Any],
    *,
    X: ArrayLike | None = None,
    method: MultivariateMethod = "REML",
    level: float = 0.95,
) -> MultivariateSynthesis:
    """Pool estimates of several outcomes, of which each study reports some or all.

    `V` is the sampling covariance of the k estimates (variances, or a k by k matrix that is zero
    between studies). The between-study covariance Ψ is unstructured: by likelihood ("REML", "ML";
    DOI 10.1002/sim.4172), by the moments of the matrix of weighted squares ("MM", DOI
    10.1002/bimj.201200152), by variance components from residuals freed of their leverage ("VC"),
    or absent ("FE"). "MM" and "VC" set negative eigenvalues of Ψ to zero. Normal tests.

    Raises `EvidenceError` for an outcome reported twice by a study, for outcomes never reported
    together, for fewer than two studies (unless "FE"), and where "VC" does not settle.
    """
    y = np.asarray(yi, dtype=np.float64)
    if y.ndim != 1 or len(y) == 0:
        raise EvidenceError("There is no estimate to pool.")
    if method not in _CITES:
        raise EvidenceError(f"No such method: {method}.")
    if not 0 < level < 1:
        raise EvidenceError(f"A confidence level of {level:g} cannot be; write 95% as 0.95.")
    k = len(y)
    variance = require_variance(V, k, what="Sampling variances")
    codes_of(outcome, k, what="Outcomes")
    outcomes = list(dict.fromkeys(outcome))
    kind = np.array([outcomes.index(o) for o in outcome], dtype=np.intp)
    indicators = (kind[:, None] == np.arange(len(outcomes))).astype(np.float64)
    design = require_design(y, indicators if X is None else X)
    dense = np.diag(variance) if variance.ndim == 1 else variance
    data = _by_study(y, dense, design, codes_of(study, k, what="Studies"), kind, len(outcomes))
    psi, ll = None, None
    if method in ("REML", "ML"):
        # The labels are codes, so that their sorted order is the order of appearance.
        structure = RandomStructure(inner=kind.tolist(), outer=list(study), kind="UN")
        likely: Literal["REML", "ML"] = "REML" if method == "REML" else "ML"
        fit = fit_multilevel(y, variance, structures=(structure,), X=design, method=likely)
        psi, ll = np.array(fit.structures[0].covariance), fit.ll
    elif method in ("MM", "VC"):
        _require_pairs(data)
        psi = _by_moments(data) if method == "MM" else _by_components(data)
    alone = GaussianModel(y, dense, design, (), restricted=False)
    at_alone = alone.at(np.empty(0))
    if psi is None:
        model, at, ll = alone, at_alone, at_alone.ll
    else:
        model = GaussianModel(y, dense + _spread_out(psi, data), design, (), restricted=False)
        at = model.at(np.empty(0))
    beta, vcov = model.beta(at)
    se = np.sqrt(np.diag(vcov))
    half = critical_value(level) * se
    residuals = y - design @ alone.beta(at_alone)[0]
    shares = residuals**2 / np.diag(dense)
    q = float(residuals @ at_alone.weighted_residuals)
    dfs = [
        int((kind == j).sum()) - int(np.linalg.matrix_rank(design[kind == j]))
        for j in range(len(outcomes))
    ]
    qs = [float(shares[kind == j].sum()) for j in range(len(outcomes))]
    return MultivariateSynthesis(
        method=method,
        level=level,
        studies=len(data.y),
        outcomes=tuple(outcomes),
        beta=tuple(beta.tolist()),
        vcov=tuple(tuple(row) for row in vcov.tolist()),
        se=tuple(se.tolist()),
        p=tuple(two_sided_p(b / s) for b, s in zip(beta.tolist(), se.tolist(), strict=True)),
        ci=tuple(zip((beta - half).tolist(), (beta + half).tolist(), strict=True)),
        psi=None if psi is None else tuple(tuple(row) for row in psi.tolist()),
        ll=ll,
        q=q,
        q_df=k - design.shape[1],
        q_p=_tail(q, k - design.shape[1]),
        q_by_outcome=tuple(qs),
        q_df_by_outcome=tuple(dfs),
        q_p_by_outcome=tuple(_tail(a, b) for a, b in zip(qs, dfs, strict=True)),
        cites=_CITES[method],
    )


def _tail(q: float, df: int) -> float | None:
    return chi_square_upper_tail(q, df) if df > 0 else None


def _by_study(
    y: FloatArray,
    V: FloatArray,
    X: FloatArray,
    study: NDArray[np.intp],
    kind: NDArray[np.intp],
    q: int,
) -> _Studies:
    m = int(study.max()) + 1
    rows = np.full((m, q), -1, dtype=np.intp)
    for i, (s, o) in enumerate(zip(study.tolist(), kind.tolist(), strict=True)):
        if rows[s, o] >= 0:
            raise EvidenceError(
                f"Estimates {int(rows[s, o]) + 1} and {i + 1} are of one study and one outcome."
            )
        rows[s, o] = i
    if (V[study[:, None] != study] != 0).any():
        raise EvidenceError("Sampling errors of different studies must be independent.")
    seen = rows >= 0
    both = seen[:, :, None] & seen[:, None, :]
    return _Studies(
        rows=rows,
        seen=seen,
        y=np.where(seen, y[rows], 0.0),
        S=np.where(both, V[rows[:, :, None], rows[:, None, :]], 0.0),
        X=np.where(seen[:, :, None], X[rows], 0.0),
    )


def _require_pairs(data: _Studies) -> None:
    pairs = np.einsum("mi,mj->ij", data.seen.astype(int), data.seen.astype(int))
    if len(data.y) < 2:
        raise EvidenceError("The spread between studies needs at least two.")
    if (pairs == 0).any():
        raise EvidenceError("Some outcomes are never reported together; pool them apart.")


def _weights(data: _Studies, psi: FloatArray) -> FloatArray:
    """Inverse covariance of each study's estimates, zero for what it does not report."""
    both = data.seen[:, :, None] & data.seen[:, None, :]
    absent = np.eye(len(psi)) * ~data.seen[:, :, None]
    inverse = np.linalg.inv(data.S + np.where(both, psi, 0.0) + absent)
    return np.where(both, inverse, 0.0)


def _least_squares(data: _Studies, W: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Inverse information and residuals of generalised least squares."""
    WX = W @ data.X
    C: FloatArray = np.asarray(np.linalg.inv(np.einsum("mip,miq->pq", data.X, WX)))
    beta = C @ np.einsum("mip,mi->p", WX, data.y)
    return C, data.y - data.X @ beta


def _by_moments(data: _Studies) -> FloatArray:
    """Equate Σ Wᵢ rᵢ rᵢ' with its expectation, which is linear in Ψ.

    Residuals are r = (I − H) y with covariance (I − H)(S + Ψ)(I − H)'; the part of S is known.
    """
    m, q = data.seen.shape
    W = _weights(data, np.zeros((q, q)))
    C, r = _least_squares(data, W)
    A = -np.einsum("iap,pr,jbr,jbc->ijac", data.X, C, data.X, W)
    A[np.arange(m), np.arange(m)] += np.eye(q) * data.seen[:, :, None]
    WA = np.einsum("iab,ijbc->ijac", W, A)
    of_psi = np.einsum("ijcd,ijab->cadb", WA, A).reshape(q * q, q * q)
    of_sampling = np.diag(data.seen.sum(axis=0)) - np.einsum(
        "iab,ibp,pr,icr->ac", W, data.X, C, data.X
    )
    squares = np.einsum("iab,ib,ic->ac", W, r, r)
    try:
        psi = np.linalg.solve(of_psi, (squares - of_sampling).ravel()).reshape(q, q)
    except np.linalg.LinAlgError:
        raise EvidenceError("The moments do not settle the spread between studies.") from None
    return _nearest_covariance(psi)


def _by_components(data: _Studies) -> FloatArray:
    """Mean square of residuals less mean sampling covariance, pair by pair, until it stays.

    Residuals are multiplied by (I − Hᵢ)^(−1/2), which gives back the variance that the fit took.
    """
    q = data.seen.shape[1]
    pairs = np.einsum("mi,mj->ij", data.seen.astype(float), data.seen.astype(float))
    sampling = data.S.sum(axis=0) / pairs
    scale = float(np.diag(sampling).max())
    psi = np.zeros((q, q))
    for _ in range(_ROUNDS):
        W = _weights(data, psi)
        C, r = _least_squares(data, W)
        freed = np.zeros_like(r)
        for i, seen in enumerate(data.seen):
            L = np.linalg.cholesky(W[i][np.ix_(seen, seen)])
            LX = L.T @ data.X[i][seen]
            left, vectors = np.linalg.eigh(np.eye(len(L)) - LX @ C @ LX.T)
            if left[0] <= 1e-12:
                raise EvidenceError("One study alone decides a coefficient, so VC does not exist.")
            root = (vectors / np.sqrt(left)) @ vectors.T
            freed[i, seen] = np.linalg.solve(L.T, root @ L.T @ r[i, seen])
        new = _nearest_covariance(freed.T @ freed / pairs - sampling)
        change = float(np.abs(new - psi).max())
        psi = new
        if change <= 1e-13 * (scale + float(np.abs(psi).max())):
            return psi
    raise EvidenceError("The variance components do not settle; use REML.")


def _nearest_covariance(psi: FloatArray) -> FloatArray:
    values, vectors = np.linalg.eigh((psi + psi.T) / 2)
    return np.asarray((vectors * np.maximum(values, 0.0)) @ vectors.T)


def _spread_out(psi: FloatArray, data: _Studies) -> FloatArray:
    """Between-study covariance of the k estimates."""
    k = int(data.seen.sum())
    full = np.zeros((k, k))
    for rows, seen in zip(data.rows, data.seen, strict=True):
        full[np.ix_(rows[seen], rows[seen])] = psi[np.ix_(seen, seen)]
    return full
