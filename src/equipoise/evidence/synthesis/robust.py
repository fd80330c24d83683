"""Cluster-robust variance: standard errors that survive a wrong model of dependence."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.errors import EvidenceError
from equipoise.stats.distributions import critical_value, two_sided_p

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
RobustKind = Literal["CR0", "CR1", "CR1p", "CR1S", "CR2", "CR3"]
DegreesOfFreedom = Literal["satterthwaite", "clusters"]

_KIND_CITES: dict[RobustKind, str] = {
    "CR0": "cluster-robust",
    "CR1": "cluster-robust",
    "CR1p": "cluster-robust",
    "CR1S": "cluster-robust",
    "CR2": "cluster-robust-cr2",
    "CR3": "cluster-robust-cr3",
}
_NO_RESIDUAL_LEFT = 1e-12
"""Below this share of its working variance, a direction of a cluster's residuals is fitted away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RobustVariance:
    """Coefficients of a weighted regression with the sandwich estimate of their variance.

    `beta`, `se`, `stat`, `p`, `ci` and `df` follow the columns of the design; `vcov` is p by p.
    `df_rule` is "satterthwaite" (one number for each coefficient) or "clusters" (clusters less
    coefficients). `df`, `stat`, `p` and `ci` are `None` where no variation is left to judge a
    coefficient by: all clusters are fitted exactly, or those that decide it are. `cites` are method
    ids.
    """

    kind: RobustKind
    df_rule: DegreesOfFreedom
    level: float
    clusters: int
    beta: tuple[float, ...]
    vcov: tuple[tuple[float, ...], ...]
    se: tuple[float, ...]
    df: tuple[float | None, ...]
    stat: tuple[float | None, ...]
    p: tuple[float | None, ...]
    ci: tuple[tuple[float, float] | None, ...]
    cites: tuple[str, ...]


def robust_variance(
    yi: ArrayLike,
    working: ArrayLike,
    cluster: Sequence[Hashable],
    *,
    X: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    kind: RobustKind = "CR2",
    df: DegreesOfFreedom = "satterthwaite",
    level: float = 0.95,
) -> RobustVariance:
    """Weighted least squares with a variance that needs only the clusters to be independent.

    `working` is what the variance of the estimates is thought to be: k variances (vᵢ + τ², say) or
    a k by k matrix, which must be zero between clusters. It sets the weights (its inverse, unless
    `weights` says otherwise) and the small-sample adjustments, not the validity. `X` is the design,
    k by p, an intercept alone if left out.

    The kinds multiply each cluster's residuals: CR0 by nothing (DOI 10.1002/jrsm.5), CR1 by
    √(m / (m − 1)), CR1p by √(m / (m − p)), CR1S by √(m (k − 1) / ((m − 1)(k − p))), for m clusters;
    CR2 by the matrix that makes the variance unbiased if the working model is right, CR3 by
    (I − Hⱼ)⁻¹, nearly a jackknife (DOI 10.1080/07350015.2016.1247004). t-tests on Satterthwaite's
    degrees of freedom, or on m − p.

    Raises `EvidenceError` for fewer than two clusters, a design without full rank, dependence
    between clusters in the working model, and adjustments that do not exist for these clusters.
    """
    y, Phi, W, design = _require_regression(yi, working, weights, X)
    if kind not in _KIND_CITES or df not in ("satterthwaite", "clusters"):
        raise EvidenceError(f"No such robust variance: {kind} with {df} degrees of freedom.")
    if not 0 < level < 1:
        raise EvidenceError(f"A confidence level of {level:g} cannot be; write 95% as 0.95.")
    members = cluster_members(cluster, len(y))
    size = float(np.abs(y).max()) or 1.0
    unit = float(np.median(Phi if Phi.ndim == 1 else np.diag(Phi)))
    y, Phi = y / size, Phi / unit
    k, p = design.shape
    m = len(members)
    if m < 2:
        raise EvidenceError("All estimates are in one cluster; a robust variance needs several.")
    if m <= p and (df == "clusters" or kind == "CR1p"):
        raise EvidenceError(f"{m} clusters leave no degrees of freedom for {p} coefficients.")
    Phi_blocks = [_block(Phi, rows) for rows in members]
    W_blocks = (
        [np.linalg.inv(block) for block in Phi_blocks]
        if W is None
        else [_block(W, rows) for rows in members]
    )
    for matrix in (Phi, W):
        _require_independent_clusters(matrix, members)

    # In an orthonormal basis of the design, columns of unlike size cost no digits; nor does a
    # common offset of the estimates once what is left of it is rounding error.
    Q, R = np.linalg.qr(design)
    offset = Q.T @ y
    left = y - Q @ offset
    if (np.abs(left) < 16 * np.finfo(float).eps).all():
        left = np.zeros(k)
    Qs = [Q[rows] for rows in members]
    WQs = [w @ q for w, q in zip(W_blocks, Qs, strict=True)]
    M = np.linalg.inv(sum(q.T @ wq for q, wq in zip(Qs, WQs, strict=True)))
    gamma = M @ sum(wq.T @ left[rows] for wq, rows in zip(WQs, members, strict=True))
    middle = sum(wq.T @ phi @ wq for wq, phi in zip(WQs, Phi_blocks, strict=True))
    spread = M @ middle @ M
    to_beta = np.linalg.solve(R, np.eye(p))
    C = to_beta @ M

    scores = np.empty((m, p))  # Q_j'W_j A_j e_j
    inner = np.empty((p, m, p))  # Q_j' a_j, for each coefficient
    cross = np.empty((p, m, p))  # Q_j'W_j Φ_j a_j
    own = np.empty((p, m))  # a_j' Φ_j a_j
    for j, rows in enumerate(members):
        q, wq, phi = Qs[j], WQs[j], Phi_blocks[j]
        A = _adjustment(kind, q, wq, phi, M, spread, factor=_factor(kind, m, k, p))
        residual = left[rows] - q @ gamma
        scores[j] = wq.T @ A @ residual
        a = A.T @ wq @ C.T  # one column for each coefficient
        inner[:, j] = a.T @ q
        cross[:, j] = a.T @ phi @ wq
        own[:, j] = np.einsum("ic,ij,jc->c", a, phi, a)
    along = scores @ C.T
    with np.errstate(over="ignore"):
        vcov = (along * size).T @ (along * size)
    beta = to_beta @ (gamma + offset) * size
    se = np.linalg.norm(along, axis=0) * size
    if not (np.isfinite(beta).all() and np.isfinite(vcov).all()):
        raise EvidenceError("The estimates and their variances are too far from one another.")
    if df == "clusters":
        dfs: list[float | None] = [float(m - p)] * p
    else:
        dfs = [
            _satterthwaite(own[c], inner[c], cross[c], M, spread, at=float(C[c] @ middle @ C[c]))
            for c in range(p)
        ]
    return _with_tests(beta, vcov, se, dfs, kind=kind, df_rule=df, level=level, clusters=m)


def cluster_members(cluster: Sequence[Hashable], k: int) -> list[IntArray]:
    """Positions of each cluster's estimates, clusters in order of first appearance.

    Raises `EvidenceError` if there is not one label for each of the k estimates, or one is missing.
    """
    labels = list(cluster)
    if len(labels) != k:
        raise EvidenceError(f"{k} estimates need {k} cluster labels; there are {len(labels)}.")
    found: dict[Hashable, list[int]] = {}
    for i, label in enumerate(labels):
        if label is None or label != label:  # noqa: PLR0124 - NaN alone differs from itself
            raise EvidenceError(f"Estimate {i + 1} has no cluster label.")
        found.setdefault(label, []).append(i)
    return [np.array(rows, dtype=np.intp) for rows in found.values()]


def _factor(kind: RobustKind, m: int, k: int, p: int) -> float:
    if kind == "CR1":
        return math.sqrt(m / (m - 1))
    if kind == "CR1p":
        return math.sqrt(m / (m - p))
    if kind == "CR1S":
        if k <= p:
            raise EvidenceError(f"{k} estimates leave no residual for {p} coefficients.")
        return math.sqrt(m * (k - 1) / ((m - 1) * (k - p)))
    return 1.0


def _adjustment(
    kind: RobustKind,
    q: FloatArray,
    wq: FloatArray,
    phi: FloatArray,
    M: FloatArray,
    spread: FloatArray,
    *,
    factor: float,
) -> FloatArray:
    """Matrix A_j that multiplies the residuals of one cluster."""
    identity = np.eye(len(q))
    if kind == "CR2":
        hat_phi = q @ M @ (wq.T @ phi)
        residual_variance = phi - hat_phi - hat_phi.T + q @ spread @ q.T
        # A does not depend on the size of the cluster's variances, squares of which may overflow.
        size = float(np.diag(phi).max())
        D = np.linalg.cholesky(phi / size).T
        B = D @ (residual_variance / size) @ D.T
        values, vectors = np.linalg.eigh((B + B.T) / 2)
        kept = values > _NO_RESIDUAL_LEFT * float(np.linalg.norm(phi / size, 2)) ** 2
        root = np.where(kept, 1 / np.sqrt(np.where(kept, values, 1.0)), 0.0)
        return np.asarray(D.T @ ((vectors * root) @ vectors.T) @ D)
    if kind == "CR3":
        left = identity - q @ M @ wq.T
        if float(np.abs(np.linalg.eigvals(left)).min()) < _NO_RESIDUAL_LEFT:
            raise EvidenceError(
                "One cluster alone decides a coefficient, so leaving it out (CR3) is not possible."
            )
        return np.asarray(np.linalg.inv(left))
    return factor * identity


def _satterthwaite(
    own: FloatArray,
    inner: FloatArray,
    cross: FloatArray,
    M: FloatArray,
    spread: FloatArray,
    *,
    at: float,
) -> float | None:
    """Degrees of freedom (tr P)² / tr P², P the working covariance of the clusters' shares."""
    mixed = cross @ M @ inner.T
    P = np.diag(own) - mixed - mixed.T + inner @ spread @ inner.T
    trace = float(np.trace(P))
    if not trace > _NO_RESIDUAL_LEFT * at:
        return None
    return trace**2 / float((P * P).sum())


def _with_tests(
    beta: FloatArray,
    vcov: FloatArray,
    se: FloatArray,
    dfs: list[float | None],
    *,
    kind: RobustKind,
    df_rule: DegreesOfFreedom,
    level: float,
    clusters: int,
) -> RobustVariance:
    stats: list[float | None] = []
    ps: list[float | None] = []
    intervals: list[tuple[float, float] | None] = []
    for b, s, nu in zip(beta.tolist(), se.tolist(), dfs, strict=True):
        if nu is None or not s > 0:
            stats.append(None)
            ps.append(None)
            intervals.append(None)
            continue
        half = critical_value(level, nu) * s
        stats.append(b / s)
        ps.append(two_sided_p(b / s, nu))
        intervals.append((b - half, b + half))
    return RobustVariance(
        kind=kind,
        df_rule=df_rule,
        level=level,
        clusters=clusters,
        beta=tuple(beta.tolist()),
        vcov=tuple(tuple(row) for row in vcov.tolist()),
        se=tuple(se.tolist()),
        df=tuple(dfs),
        stat=tuple(stats),
        p=tuple(ps),
        ci=tuple(intervals),
        cites=(_KIND_CITES[kind], *(("satterthwaite",) if df_rule == "satterthwaite" else ())),
    )


def _require_regression(
    yi: ArrayLike, working: ArrayLike, weights: ArrayLike | None, X: ArrayLike | None
) -> tuple[FloatArray, FloatArray, FloatArray | None, FloatArray]:
    y = np.asarray(yi, dtype=np.float64)
    if y.ndim != 1 or len(y) == 0:
        raise EvidenceError("There is no estimate to weigh.")
    Phi = require_variance(working, len(y))
    W = None if weights is None else require_variance(weights, len(y), what="Weights")
    return y, Phi, W, require_design(y, X)


def require_variance(variance: ArrayLike, k: int, *, what: str = "Variances") -> FloatArray:
    """Check k variances, or a k by k covariance matrix: finite, symmetric, positive (definite)."""
    v = np.asarray(variance, dtype=np.float64)
    if v.shape not in ((k,), (k, k)):
        raise EvidenceError(f"{what} must be {k} numbers or a {k} by {k} matrix.")
    if not np.isfinite(v).all():
        raise EvidenceError(f"{what} must be finite.")
    if v.ndim == 1:
        if not (v > 0).all():
            raise EvidenceError(f"{what} must be positive.")
        return v
    largest = np.sqrt(np.abs(np.diag(v)))
    if not (np.abs(v - v.T) <= 1e-8 * largest * largest[:, None]).all():
        raise EvidenceError(f"{what}: the matrix is not symmetric.")
    v = (v + v.T) / 2
    try:
        np.linalg.cholesky(v)
    except np.linalg.LinAlgError:
        raise EvidenceError(
            f"{what}: the matrix is not positive definite; do the correlations fit together?"
        ) from None
    return v


def require_design(y: FloatArray, X: ArrayLike | None) -> FloatArray:
    """Check the design (k by p, an intercept if `None`): finite, and of full rank."""
    k = len(y)
    design = np.ones((k, 1)) if X is None else np.asarray(X, dtype=np.float64)
    if design.ndim != 2 or len(design) != k or design.shape[1] == 0:
        raise EvidenceError(f"The design needs one row for each of the {k} estimates.")
    if not (np.isfinite(y).all() and np.isfinite(design).all()):
        raise EvidenceError("Estimates and moderators must be finite.")
    largest = np.abs(design).max(axis=0)
    if not (largest > 0).all() or np.linalg.matrix_rank(design / largest) < design.shape[1]:
        raise EvidenceError(
            "The moderators do not tell their coefficients apart: one is a sum of others."
        )
    return design


def _block(matrix: FloatArray, rows: IntArray) -> FloatArray:
    if matrix.ndim == 1:
        return np.diag(matrix[rows])
    return matrix[np.ix_(rows, rows)]


def _require_independent_clusters(matrix: FloatArray | None, members: list[IntArray]) -> None:
    if matrix is None or matrix.ndim == 1:
        return
    number = np.empty(len(matrix), dtype=np.intp)
    for j, rows in enumerate(members):
        number[rows] = j
    if (matrix[number[:, None] != number] != 0).any():
        raise EvidenceError(
            "The working model makes estimates of different clusters depend on one another; "
            "clusters must be independent, so use wider ones."
        )
