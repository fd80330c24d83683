"""The likelihood of a linear model with structured covariance, block by block, with derivatives."""

from __future__ import annotations

import itertools
import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from equipoise.errors import EvidenceError
from equipoise.evidence.synthesis.structures import Parametrisation

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]

_LOG_2PI = math.log(2 * math.pi)
_SMALLEST_SHARE = 1e-200
"""Least variance, as a share of the squared spread, that the arithmetic can tell from zero."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Component:
    """One source of random effects: a covariance between kinds (`inner`) within groups (`outer`).

    A random intercept has one kind only. `inner` and `outer` are codes from zero, one for each
    estimate.
    """

    name: str
    form: Parametrisation
    inner: IntArray
    outer: IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Batch:
    """Blocks of equal size: rows (b, n), sampling covariance, masks of shared groups (b, n, n)."""

    rows: IntArray
    V: FloatArray
    same: tuple[NDArray[np.bool_], ...]
    y: FloatArray
    Q: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evaluation:
    """The model at one set of free numbers.

    `ll` with its slopes, `information` the expected one of the free numbers; `gamma` and `C` the
    coefficients of the orthonormal design and their covariance; `weighted_residuals` the
    residuals times the inverse covariance of the estimates.
    """

    ll: float
    gradient: FloatArray
    hessian: FloatArray
    information: FloatArray
    gamma: FloatArray
    C: FloatArray
    weighted_residuals: FloatArray


class GaussianModel:
    """y ~ N(Xβ, V + Σ Z_c G_c Z_c'), with G_c a smooth function of free numbers.

    Estimates are centred and scaled within, so that free numbers are of the order of one whatever
    the unit; `unit` is the scale. Blocks of estimates that share nothing are handled apart, and
    blocks of one size together.
    """

    def __init__(
        self,
        y: FloatArray,
        V: FloatArray,
        X: FloatArray,
        components: Sequence[Component],
        *,
        restricted: bool,
    ) -> None:
        self.components = tuple(components)
        self.restricted = restricted
        self.y, self.V, self.X = y, V, X
        self.k, self.p = X.shape
        self.Q, self.R = np.linalg.qr(X)
        self.unit, self._at_unit, residuals, scaled = _standardise(y, V, self.Q)
        self._batches = _batches(residuals, scaled, self.Q, self.components)
        edges = np.cumsum([0, *(c.form.free for c in components)])
        self.parts = [slice(a, b) for a, b in itertools.pairwise(edges.tolist())]
        self.free = int(edges[-1])
        spread = float(residuals @ residuals) / max(1, self.k - self.p)
        sampling = scaled if scaled.ndim == 1 else np.diag(scaled)
        typical, self.least_variance = float(np.median(sampling)), float(np.min(sampling))
        self.start_variance = max(spread - typical, 0.1 * typical)

    def beta(self, at: Evaluation) -> tuple[FloatArray, FloatArray]:
        """Coefficients of X and their covariance."""
        back = np.linalg.solve(self.R, np.eye(self.p))
        beta = back @ (at.gamma + self._at_unit) * self.unit
        half = back @ np.linalg.cholesky(at.C) * self.unit
        return beta, half @ half.T

    def covariance(self, free: FloatArray) -> FloatArray:
        """Covariance of the estimates, k by k."""
        S = np.zeros((self.k, self.k))
        Gs = [c.form.covariance(free[part])[0] for c, part in self._parts()]
        for batch in self._batches:
            for rows, block in zip(batch.rows, self._covariances(batch, Gs), strict=True):
                S[np.ix_(rows, rows)] = block
        return S * self.unit**2

    def value(self, free: FloatArray) -> float:
        """Log-likelihood."""
        return self._evaluate(free, derivatives=False).ll

    def derivatives(self, free: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        """Log-likelihood with its gradient and Hessian in the free numbers."""
        e = self._evaluate(free, derivatives=True)
        return e.ll, e.gradient, e.hessian

    def at(self, free: FloatArray) -> Evaluation:
        """Everything at once."""
        return self._evaluate(free, derivatives=True)

    def _parts(self) -> zip[tuple[Component, slice]]:
        return zip(self.components, self.parts, strict=True)

    def _covariances(self, batch: _Batch, Gs: Sequence[FloatArray]) -> FloatArray:
        S = batch.V.copy()
        for component, same, G in zip(self.components, batch.same, Gs, strict=True):
            S += _expand(G, component, batch, same)
        return S

    def _evaluate(self, free: FloatArray, *, derivatives: bool) -> Evaluation:
        forms = [c.form.covariance(free[part]) for c, part in self._parts()]
        Gs = [form[0] for form in forms]
        p = self.p
        log_det, QSQ, QSy, ySy = 0.0, np.zeros((p, p)), np.zeros(p), 0.0
        inverses: list[tuple[FloatArray, FloatArray, FloatArray]] = []
        for batch in self._batches:
            S = self._covariances(batch, Gs)
            try:
                half = np.linalg.inv(np.linalg.cholesky(S))
            except np.linalg.LinAlgError:
                return self._nowhere()
            log_det -= 2 * float(np.log(np.diagonal(half, axis1=1, axis2=2)).sum())
            hQ = half @ batch.Q
            hy = np.einsum("bij,bj->bi", half, batch.y)
            QSQ += np.einsum("bip,biq->pq", hQ, hQ)
            QSy += np.einsum("bip,bi->p", hQ, hy)
            ySy += float((hy**2).sum())
            inverses.append((np.swapaxes(half, 1, 2) @ half, hQ, half))
        C: FloatArray = np.asarray(np.linalg.inv(QSQ))
        gamma = C @ QSy
        # X'X has determinant |R|², which the orthonormal design takes out of the two others.
        n = self.k - p if self.restricted else self.k
        ll = -0.5 * (n * (_LOG_2PI + 2 * math.log(self.unit)) + log_det)
        rss = 0.0
        weighted: list[FloatArray] = []
        for batch, (_, _, half) in zip(self._batches, inverses, strict=True):
            hr = np.einsum("bij,bj->bi", half, batch.y - batch.Q @ gamma)
            rss += float((hr**2).sum())
            weighted.append(np.einsum("bji,bj->bi", half, hr))
        ll -= 0.5 * rss
        if self.restricted:
            ll -= 0.5 * float(np.linalg.slogdet(QSQ)[1])
        if not math.isfinite(ll):
            return self._nowhere()
        g, H = np.zeros(self.free), np.zeros((self.free, self.free))
        information = H
        if derivatives and self.free:
            g, H, information = self._slopes(forms, inverses, weighted, C)
        flat = np.zeros(self.k)
        for batch, w in zip(self._batches, weighted, strict=True):
            flat[batch.rows] = w
        return Evaluation(
            ll=ll,
            gradient=g,
            hessian=H,
            information=information,
            gamma=gamma,
            C=C,
            weighted_residuals=flat / self.unit,
        )

    def _nowhere(self) -> Evaluation:
        q, p = self.free, self.p
        return Evaluation(
            ll=-math.inf,
            gradient=np.zeros(q),
            hessian=np.zeros((q, q)),
            information=np.zeros((q, q)),
            gamma=np.zeros(p),
            C=np.eye(p),
            weighted_residuals=np.zeros(self.k),
        )

    def _slopes(
        self,
        forms: Sequence[tuple[FloatArray, FloatArray, FloatArray]],
        inverses: Sequence[tuple[FloatArray, FloatArray, FloatArray]],
        weighted: Sequence[FloatArray],
        C: FloatArray,
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Gradient, Hessian and expected information.

        D_i is the derivative of the covariance S of the estimates by free number i. With
        P = S⁻¹ − S⁻¹QCQ'S⁻¹ and r the weighted residuals, the gradient is ½(r'D_i r − tr PD_i),
        the information ½tr PD_iPD_j, and the Hessian the information − r'D_iPD_jr plus what the
        gradient gives for the second derivative of S. In the unrestricted likelihood, S⁻¹ stands
        for P in the traces.
        """
        q, p = self.free, self.p
        traces, quadratic = np.zeros((q, q)), np.zeros((q, q))
        F, K, h = np.zeros((q, p, p)), np.zeros((q, q, p, p)), np.zeros((q, p))
        pulls = [np.zeros((c.form.m, c.form.m)) for c in self.components]
        for batch, (inverse, hQ, half), r in zip(self._batches, inverses, weighted, strict=True):
            SQ = np.swapaxes(half, 1, 2) @ hQ
            D = np.concatenate(
                [
                    _expand(dG, component, batch, same)
                    for component, same, (_, dG, _) in zip(
                        self.components, batch.same, forms, strict=True
                    )
                ]
            )
            hD = half[None] @ D
            hDh = hD @ np.swapaxes(half, 1, 2)[None]
            flat = hDh.reshape(q, -1)
            traces += flat @ flat.T
            hDr = np.einsum("qbij,bj->qbi", hD, r)
            quadratic += hDr.reshape(q, -1) @ hDr.reshape(q, -1).T
            hDSQ = hDh @ hQ
            F += np.einsum("bip,qbir->qpr", hQ, hDSQ)
            h += np.einsum("bip,qbi->qp", hQ, hDr)
            if self.restricted:
                K += np.einsum("ubip,vbir->uvpr", hDSQ, hDSQ)
            A = r[:, :, None] * r[:, None, :] - inverse
            if self.restricted:
                A += SQ @ C @ np.swapaxes(SQ, 1, 2)
            for i, (component, same) in enumerate(zip(self.components, batch.same, strict=True)):
                codes, m = component.inner[batch.rows], component.form.m
                at = codes[:, :, None] * m + codes[:, None, :]
                sums = np.bincount(at[same], weights=A[same], minlength=m**2)
                pulls[i] += sums.reshape(m, m)
        information = 0.5 * traces
        if self.restricted:
            CF = C @ F
            information += 0.5 * np.einsum("upr,vrp->uv", CF, CF)
            information -= np.einsum("pr,uvrp->uv", C, K)
        H = information - (quadratic - h @ C @ h.T)
        g = np.zeros(q)
        for part, pull, (_, dG, d2G) in zip(self.parts, pulls, forms, strict=True):
            g[part] = 0.5 * np.einsum("qij,ij->q", dG, pull)
            H[part, part] += 0.5 * np.einsum("uvij,ij->uv", d2G, pull)
        return g, (H + H.T) / 2, (information + information.T) / 2


def _expand(
    G: FloatArray, component: Component, batch: _Batch, same: NDArray[np.bool_]
) -> FloatArray:
    """Covariance between estimates from that between kinds: (…, m, m) into (…, b, n, n)."""
    codes = component.inner[batch.rows]
    return np.asarray(G[..., codes[:, :, None], codes[:, None, :]] * same)


def _standardise(
    y: FloatArray, V: FloatArray, Q: FloatArray
) -> tuple[float, FloatArray, FloatArray, FloatArray]:
    """Unit, fitted coefficients of Q, residuals and sampling covariance in that unit."""
    variances = V if V.ndim == 1 else np.diag(V)
    typical = math.sqrt(float(np.median(variances)))
    size = max(typical, float(np.abs(y).max()))
    fitted = Q.T @ (y / size)
    residuals = y / size - Q @ fitted
    spread = float(np.linalg.norm(residuals)) / math.sqrt(len(y))
    unit = max(typical, spread * size)
    if not 0 < unit < math.inf or float(variances.min()) / unit < _SMALLEST_SHARE * unit:
        raise EvidenceError(
            "The estimates lie too far apart for their standard errors; are the units the same?"
        )
    scaled = V / unit / unit
    if not np.isfinite(scaled).all():
        raise EvidenceError("The standard errors differ too much to be pooled.")
    return unit, fitted * (size / unit), residuals * (size / unit), scaled


def _batches(
    y: FloatArray, V: FloatArray, Q: FloatArray, components: Sequence[Component]
) -> list[_Batch]:
    dense = V if V.ndim == 2 else None
    by_size: dict[int, list[list[int]]] = {}
    for block in _blocks(len(y), dense, components):
        by_size.setdefault(len(block), []).append(block)
    made = []
    for blocks in by_size.values():
        rows = np.array(blocks, dtype=np.intp)
        left, right = rows[:, :, None], rows[:, None, :]
        part = V[rows][:, :, None] * np.eye(rows.shape[1]) if dense is None else dense[left, right]
        made.append(
            _Batch(
                rows=rows,
                V=part,
                same=tuple(c.outer[left] == c.outer[right] for c in components),
                y=y[rows],
                Q=Q[rows],
            )
        )
    return made


def _blocks(k: int, V: FloatArray | None, components: Sequence[Component]) -> list[list[int]]:
    """Estimates that depend on one another, directly or by way of others, as lists of rows."""
    parent = list(range(k))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for component in components:
        first: dict[int, int] = {}
        for i, group in enumerate(component.outer.tolist()):
            parent[root(i)] = root(first.setdefault(group, i))
    if V is not None:
        for i, j in np.argwhere(np.triu(V, 1) != 0).tolist():
            parent[root(i)] = root(j)
    blocks: dict[int, list[int]] = {}
    for i in range(k):
        blocks.setdefault(root(i), []).append(i)
    return list(blocks.values())


def codes_of(labels: Sequence[Hashable], k: int, *, what: str) -> IntArray:
    """Labels as codes from zero in order of first appearance; refuses missing ones."""
    if len(labels) != k:
        raise EvidenceError(f"{what}: {k} estimates need {k} labels; there are {len(labels)}.")
    code: dict[Hashable, int] = {}
    for i, label in enumerate(labels):
        if label is None or label != label:  # noqa: PLR0124 - NaN alone differs from itself
            raise EvidenceError(f"{what}: estimate {i + 1} has no label.")
        code.setdefault(label, len(code))
    return np.array([code[label] for label in labels], dtype=np.intp)
