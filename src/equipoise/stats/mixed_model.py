"""Mixed models of counts in small groups: the marginal likelihood and its derivatives.

Group i holds m counts with natural parameters

    η_ij = offset_ij + x_ij · β + Σ_r σ_r z_ijr u_ir + α_i c_ij,    u_ir ~ N(0, 1) independent,

so σ enters linearly and the likelihood is even in each σ_r: zero is an ordinary stationary point
and needs no boundary. α_i, where there is one, belongs to its group alone. The integral over u is
taken by Gauss-Hermite quadrature centred at the mode of the integrand and scaled by the curvature
there (DOI 10.1093/biomet/81.3.624); one point is the Laplace approximation. Gradients are those of
the approximation itself, the movement of its nodes included, so that its maximum can be found to
the last digits however few the points.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from equipoise.stats.count_likelihoods import CountLikelihood, LogMass

FloatArray = NDArray[np.float64]


class Rule(NamedTuple):
    """Nodes (d, q) and logarithms of weight over density, up to one constant, for N(0, I)."""

    nodes: FloatArray
    log_weights: FloatArray


@cache
def product_rule(points: int, dimension: int) -> Rule:
    """Gauss-Hermite rule with `points` nodes on each axis."""
    x, w = np.polynomial.hermite_e.hermegauss(points)
    log_w = np.log(w / w.sum()) + x**2 / 2
    nodes = np.stack([g.ravel() for g in np.meshgrid(*[x] * dimension, indexing="ij")])
    weights = np.meshgrid(*[log_w] * dimension, indexing="ij")
    return Rule(nodes, np.sum([g.ravel() for g in weights], axis=0))


class Marginal(NamedTuple):
    """Log-likelihood (k,), gradient (k, P), information (k, P, P) and mode of u (k, d) by group.

    Parameters stand in the order β, σ, α. Value and gradient are exact for the rule; the
    information is that of the integral itself, as far as the rule resolves it.
    """

    value: FloatArray
    gradient: FloatArray
    information: FloatArray
    mode: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MixedModel:
    """Design of k groups of m counts, and where a search may start.

    `offset` is (k, m), `x` (k, m, p) for the shared coefficients β, `z` (k, m, d) for the random
    effects, `own` (k, m) the design of α or `None`. `start` (p,) and `own_start` (k,) are rough
    values of β and α.
    """

    likelihood: CountLikelihood
    offset: FloatArray
    x: FloatArray
    z: FloatArray
    start: FloatArray
    own: FloatArray | None = None
    own_start: FloatArray | None = None

    @property
    def p(self) -> int:
        """How many coefficients the groups share."""
        return int(self.x.shape[2])

    @property
    def d(self) -> int:
        """How many standard deviations there are."""
        return int(self.z.shape[2])

    def marginal(
        self,
        psi: FloatArray,
        alpha: FloatArray | None,
        points: int,
        near: FloatArray | None = None,
    ) -> Marginal:
        """Integrate out u in each group at ψ = (β, σ) and α, with `points` nodes on each axis.

        The search for the modes of u starts at `near`, or at zero.
        """
        fixed = self.fixed(psi, alpha)
        loading = self.z * psi[self.p :]
        mode = self._mode(fixed, loading, near)
        at_mode = self.likelihood.at(fixed + _shift(loading, mode))
        curvature = _curvature(at_mode, loading)
        lower = np.linalg.cholesky(curvature)
        inverse = np.linalg.inv(lower)
        rule = product_rule(points, self.d)

        u = mode[..., None] + np.einsum("ked,eq->kdq", inverse, rule.nodes)
        mass = self.likelihood.at(fixed[..., None] + np.einsum("kmd,kdq->kmq", loading, u))
        log_terms = mass.value.sum(axis=1) - (u**2).sum(axis=1) / 2 + rule.log_weights
        top = log_terms.max(axis=1, keepdims=True)
        terms = np.exp(log_terms - top)
        total = terms.sum(axis=1, keepdims=True)
        share = terms / total
        log_det = np.log(np.einsum("kdd->kd", lower)).sum(axis=1)
        value = top[:, 0] + np.log(total[:, 0]) - log_det

        slopes = self._slopes(u)
        d_mode, d_curvature = self._implicit(at_mode, mode, loading, curvature)
        # A Cholesky factor changes by dL = L Φ, Φ the lower half of L⁻¹ dH L⁻ᵀ with its diagonal
        # halved; so log |L| changes by tr Φ and a node L⁻ᵀ x by −L⁻ᵀ Φᵀ x.
        halves = np.tril(np.ones((self.d, self.d))) - 0.5 * np.eye(self.d)
        phi = np.einsum("kab,kbcp,kdc->kadp", inverse, d_curvature, inverse, optimize=True)
        phi *= halves[:, :, None]
        swing = np.einsum("kadp,aq->kdqp", phi, rule.nodes)
        moved = d_mode[:, :, None, :] - np.einsum("kea,keqp->kaqp", inverse, swing)
        score = np.einsum("kmq,kmqp->kqp", mass.d1, slopes)
        pull = np.einsum("kmq,kmd->kdq", mass.d1, loading) - u
        along = np.einsum("kdq,kdqp->kqp", pull, moved)
        gradient = np.einsum("kq,kqp->kp", share, score + along) - np.einsum("kddp->kp", phi)

        # Louis (DOI 10.1111/j.2517-6161.1982.tb01203.x): the mean of the curvature given u, less
        # the variance of the score.
        mean = np.einsum("kq,kqp->kp", share, score)
        spread = score - mean[:, None, :]
        weighted = (share[:, None, :] * mass.d2)[..., None] * slopes
        information = -np.einsum("kmqp,kmqr->kpr", weighted, slopes) - np.einsum(
            "kqp,kqr->kpr", share[..., None] * spread, spread
        )
        return Marginal(value, gradient, information, mode)

    def fixed(self, psi: FloatArray, alpha: FloatArray | None) -> FloatArray:
        """Natural parameters (k, m) where every random effect is zero."""
        fixed = self.offset + self.x @ psi[: self.p]
        if self.own is not None and alpha is not None:
            fixed = fixed + self.own * alpha[:, None]
        return np.asarray(fixed)

    def conditional(self, psi: FloatArray, alpha: FloatArray | None) -> float:
        """Log-likelihood of all counts with each u at its mode: not what is maximised."""
        fixed, loading = self.fixed(psi, alpha), self.z * psi[self.p :]
        at_mode = self.likelihood.at(fixed + _shift(loading, self._mode(fixed, loading)))
        return float(at_mode.value.sum())

    def _mode(
        self, fixed: FloatArray, loading: FloatArray, near: FloatArray | None = None
    ) -> FloatArray:
        """Mode of u in each group: a strictly concave maximum, by Newton's method.

        Steps that would not climb are halved; the climb ends where rounding hides it.
        """
        u = np.zeros((len(fixed), self.d)) if near is None else near
        mass = self.likelihood.at(fixed + _shift(loading, u))
        value = mass.value.sum(axis=1) - (u**2).sum(axis=1) / 2
        for _ in range(500):
            slope = np.einsum("km,kmd->kd", mass.d1, loading) - u
            step = np.linalg.solve(_curvature(mass, loading), slope[..., None])[..., 0]
            for _ in range(60):
                tried = u + step
                mass = self.likelihood.at(fixed + _shift(loading, tried))
                new = mass.value.sum(axis=1) - (tried**2).sum(axis=1) / 2
                worse = new < value - 1e-13 * (1 + np.abs(value))
                if not worse.any():
                    break
                step[worse] /= 2
            u, value = tried, new
            if (np.abs(step) <= 1e-11 * (1 + np.abs(u))).all():
                break
        return u

    def _slopes(self, u: FloatArray) -> FloatArray:
        """dη/d(β, σ, α) at random effects `u` (k, d, q): (k, m, q, P)."""
        k, m, _ = self.x.shape
        q = u.shape[2]
        parts = [
            np.broadcast_to(self.x[:, :, None, :], (k, m, q, self.p)),
            self.z[:, :, None, :] * u.swapaxes(1, 2)[:, None, :, :],
        ]
        if self.own is not None:
            parts.append(np.broadcast_to(self.own[:, :, None, None], (k, m, q, 1)))
        return np.concatenate(parts, axis=3)

    def _implicit(
        self, mass: LogMass, mode: FloatArray, loading: FloatArray, curvature: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """How the mode (k, d, P) and the curvature (k, d, d, P) move with the parameters."""
        slopes = self._slopes(mode[..., None])[:, :, 0, :]
        cross = np.einsum("km,kmd,kmp->kdp", mass.d2, loading, slopes)
        scales = range(self.p, self.p + self.d)
        diagonal = np.einsum("km,kmd->kd", mass.d1, self.z)
        for r, column in enumerate(scales):
            cross[:, r, column] += diagonal[:, r]
        d_mode = np.linalg.solve(curvature, cross)
        d_eta = slopes + np.einsum("kmd,kdp->kmp", loading, d_mode)
        d_curvature = -np.einsum("kmp,kmd,kme->kdep", mass.d3[..., None] * d_eta, loading, loading)
        turned = np.einsum("km,kmd,kme->kde", mass.d2, self.z, loading)
        for r, column in enumerate(scales):
            d_curvature[:, r, :, column] -= turned[:, r, :]
            d_curvature[:, :, r, column] -= turned[:, r, :]
        return d_mode, d_curvature


def _shift(loading: FloatArray, u: FloatArray) -> FloatArray:
    return np.asarray(np.einsum("kmd,kd->km", loading, u))


def _curvature(mass: LogMass, loading: FloatArray) -> FloatArray:
    """Minus the second derivative in u of log-likelihood plus log-density."""
    return np.asarray(
        np.eye(loading.shape[2]) - np.einsum("km,kmd,kme->kde", mass.d2, loading, loading)
    )
