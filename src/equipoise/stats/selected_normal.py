"""Normal observations that are seen with a probability that depends on what they are.

An observation y ~ N(μ, v + τ²) is kept in proportion to a weight w(p) of its p-value, so that what
is kept has the density φ(y; μ, v + τ²) w(p) / A, with A the integral over all y. The log-likelihood
comes with its exact gradient and Hessian in μ, τ² and the parameters of the weight.

A is a sum over columns. On an interval of z = y/√v on which the weight is constant, the column is
a difference of normal distribution functions, and exact. Where the weight varies, the columns are
the nodes of a composite Gauss-Legendre rule in z; its panels are half a unit wide and both the
density (standard deviation at least one in z) and the weight are smooth on that scale, so that the
rule is good to about 1e-13 of A.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

FloatArray = NDArray[np.float64]
Alternative = Literal["greater", "less", "two.sided"]

_PANEL_NODES = 16
_PANEL_WIDTH = 0.5
_LOG_2PI = math.log(2 * math.pi)


@dataclass(frozen=True, slots=True, eq=False)
class LogWeights:
    """Logarithms of the weights at some p-values with their derivatives in the parameters u.

    `value` has two axes that broadcast to (observations, p-values); `gradient` and `hessian` have
    one and two leading axes more, for the parameters.
    """

    value: FloatArray
    gradient: FloatArray
    hessian: FloatArray


class Weight(Protocol):
    """A weight w(p; u) of a p-value, u a vector of parameters."""

    def log_weights(self, u: FloatArray, p: FloatArray) -> LogWeights:
        """Logarithms and derivatives at `p`: (k, 1), one for each observation, or (1, n)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Columns:
    """How the range of each observation is split up; a row for each of the k observations.

    `cuts` (k, J + 1) are the ends, in units of y and ascending, of intervals on which the weight
    is constant, or nothing where `is_constant` (J,) is false; `p_constant` (J,) is a p-value
    inside each. `nodes` (k, n), in units of y, `node_weights` (k, n) and `p_nodes` (n,) cover the
    rest.
    """

    cuts: FloatArray
    is_constant: NDArray[np.bool_]
    p_constant: FloatArray
    nodes: FloatArray
    node_weights: FloatArray
    p_nodes: FloatArray


def p_values(z: FloatArray, alternative: Alternative) -> FloatArray:
    """p-values of the statistics `z` against zero."""
    if alternative == "two.sided":
        return np.asarray(2 * ndtr(-np.abs(z)))
    return np.asarray(ndtr(-z if alternative == "greater" else z))


def columns_between(
    sigma: FloatArray,
    p_cuts: FloatArray,
    is_constant: list[bool],
    alternative: Alternative,
) -> Columns:
    """Columns for a weight that is constant between some p-values and smooth between others.

    `sigma` (k,) are the standard errors, `p_cuts` the ascending p-values from 0 to 1 that part the
    range, and `is_constant` says for each part whether the weight is constant on it.
    """
    if alternative == "two.sided":
        upper = -ndtri(p_cuts / 2)
        z = np.concatenate([-upper, upper[-2::-1]])
        constant = [*is_constant, *is_constant[::-1]]
        parts = [*range(len(is_constant)), *reversed(range(len(is_constant)))]
    elif alternative == "less":
        z, constant, parts = ndtri(p_cuts), list(is_constant), list(range(len(is_constant)))
    else:
        z, constant = -ndtri(p_cuts[::-1]), list(is_constant[::-1])
        parts = list(reversed(range(len(is_constant))))
    middle = (p_cuts[:-1] + p_cuts[1:]) / 2
    smooth = [(z[j], z[j + 1]) for j, flat in enumerate(constant) if not flat]
    nodes, weights = _composite_rule(smooth, graded=alternative == "two.sided")
    return Columns(
        cuts=sigma[:, None] * z,
        is_constant=np.array(constant),
        p_constant=middle[parts],
        nodes=sigma[:, None] * nodes,
        node_weights=sigma[:, None] * weights,
        p_nodes=p_values(nodes, alternative),
    )


def _composite_rule(
    ranges: list[tuple[float, float]], *, graded: bool
) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights on the ranges; `graded` towards zero, where a weight may be singular."""
    x, w = legendre.leggauss(_PANEL_NODES)
    nodes, weights = [np.empty(0)], [np.empty(0)]
    for low, high in ranges:
        edges = np.linspace(low, high, 1 + max(1, math.ceil((high - low) / _PANEL_WIDTH)))
        near = min(abs(low), abs(high))
        if graded and near < _PANEL_WIDTH:
            steps = np.geomspace(max(near, 1e-12), 1.0, 41)[1:-1] * math.copysign(1, low + high)
            edges = np.unique(np.concatenate([edges, steps[(steps > low) & (steps < high)]]))
        half = np.diff(edges) / 2
        nodes.append((edges[:-1, None] + half[:, None] * (x + 1)).ravel())
        weights.append((half[:, None] * w).ravel())
    return np.concatenate(nodes), np.concatenate(weights)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SelectedNormal:
    """Observations `y` with variances `v` and p-values `p`, kept in proportion to `weight`."""

    y: FloatArray
    v: FloatArray
    p: FloatArray
    weight: Weight
    columns: Columns

    def log_likelihood(self, x: FloatArray) -> float:
        """Log-likelihood at x = (μ, τ², u); −∞ where what was seen could not have been seen."""
        mu, tau2, u = float(x[0]), float(x[1]), x[2:]
        variance = self.v + tau2
        masses = _masses(self.columns, mu, variance)
        seen = self.weight.log_weights(u, self.p[:, None]).value[:, 0]
        kept = (masses * np.exp(self._column_weights(u).value)).sum(axis=1)
        if not (kept > 0).all() or not np.isfinite(kept).all():
            return -math.inf
        normal = -0.5 * (_LOG_2PI + np.log(variance) + (self.y - mu) ** 2 / variance)
        return float((normal + seen - np.log(kept)).sum())

    def derivatives(self, x: FloatArray) -> tuple[float, FloatArray, FloatArray] | None:
        """Log-likelihood, gradient and Hessian at x = (μ, τ², u); `None` where it is −∞."""
        mu, tau2, u = float(x[0]), float(x[1]), x[2:]
        size = len(x)
        variance = self.v + tau2
        residual = self.y - mu
        seen = self.weight.log_weights(u, self.p[:, None])
        log_w = self._column_weights(u)
        w = np.exp(log_w.value)
        f, f_mu, f_t, f_mumu, f_mut, f_tt = _masses_with_derivatives(self.columns, mu, variance)
        kept = (f * w).sum(axis=1)
        if not (kept > 0).all() or not np.isfinite(kept).all():
            return None
        first = np.empty((size, len(self.y)))
        second = np.empty((size, size, len(self.y)))
        first[0], first[1] = (f_mu * w).sum(axis=1), (f_t * w).sum(axis=1)
        second[0, 0] = (f_mumu * w).sum(axis=1)
        second[0, 1] = second[1, 0] = (f_mut * w).sum(axis=1)
        second[1, 1] = (f_tt * w).sum(axis=1)
        for a in range(size - 2):
            w_a = w * log_w.gradient[a]
            first[2 + a] = (f * w_a).sum(axis=1)
            second[0, 2 + a] = second[2 + a, 0] = (f_mu * w_a).sum(axis=1)
            second[1, 2 + a] = second[2 + a, 1] = (f_t * w_a).sum(axis=1)
            for b in range(a + 1):
                w_ab = w * (log_w.hessian[a, b] + log_w.gradient[a] * log_w.gradient[b])
                second[2 + a, 2 + b] = second[2 + b, 2 + a] = (f * w_ab).sum(axis=1)
        first /= kept
        second /= kept
        gradient = -first.sum(axis=1)
        hessian = -second.sum(axis=2) + first @ first.T
        gradient[0] += float((residual / variance).sum())
        gradient[1] += 0.5 * float((residual**2 / variance**2 - 1 / variance).sum())
        hessian[0, 0] -= float((1 / variance).sum())
        across = float((residual / variance**2).sum())
        hessian[0, 1] -= across
        hessian[1, 0] -= across
        hessian[1, 1] += float((0.5 / variance**2 - residual**2 / variance**3).sum())
        if size > 2:
            gradient[2:] += seen.gradient.sum(axis=(-2, -1))
            hessian[2:, 2:] += seen.hessian.sum(axis=(-2, -1))
        normal = -0.5 * (_LOG_2PI + np.log(variance) + residual**2 / variance)
        value = float((normal + seen.value[:, 0] - np.log(kept)).sum())
        if not (math.isfinite(value) and np.isfinite(gradient).all()):
            return None
        return value, gradient, hessian

    def _column_weights(self, u: FloatArray) -> LogWeights:
        c = self.columns
        p = np.concatenate([c.p_constant[c.is_constant], c.p_nodes])
        return self.weight.log_weights(u, p[None, :])


def _masses(c: Columns, mu: float, variance: FloatArray) -> FloatArray:
    """Probability of each constant column and quadrature mass of each node, (k, columns)."""
    s = np.sqrt(variance)[:, None]
    x = (c.cuts - mu) / s
    # The tail that is small keeps its digits.
    low, high = x[:, :-1], x[:, 1:]
    constant = np.where(low > 0, ndtr(-low) - ndtr(-high), ndtr(high) - ndtr(low))
    node = (c.nodes - mu) / s
    nodes = c.node_weights * np.exp(-0.5 * node**2) / (s * math.sqrt(2 * math.pi))
    return np.concatenate([constant[:, c.is_constant], nodes], axis=1)


def _masses_with_derivatives(
    c: Columns, mu: float, variance: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Masses and their derivatives in μ, τ², μμ, μτ², τ²τ²."""
    f = _masses(c, mu, variance)
    s = np.sqrt(variance)[:, None]
    x = (c.cuts - mu) / s
    finite = np.isfinite(x)
    x = np.where(finite, x, 0.0)
    phi = np.where(finite, np.exp(-0.5 * x**2) / math.sqrt(2 * math.pi), 0.0)
    at_cuts = (
        -phi / s,
        -phi * x / (2 * s**2),
        -phi * x / s**2,
        phi * (1 - x**2) / (2 * s**3),
        phi * x * (3 - x**2) / (4 * s**4),
    )
    z = (c.nodes - mu) / s
    mass = f[:, int(c.is_constant.sum()) :]
    at_nodes = (
        mass * z / s,
        mass * (z**2 - 1) / (2 * s**2),
        mass * (z**2 - 1) / s**2,
        mass * (z**3 - 3 * z) / (2 * s**3),
        mass * (z**4 - 6 * z**2 + 3) / (4 * s**4),
    )
    derivatives = (
        np.concatenate([np.diff(a, axis=1)[:, c.is_constant], b], axis=1)
        for a, b in zip(at_cuts, at_nodes, strict=True)
    )
    f_mu, f_t, f_mumu, f_mut, f_tt = derivatives
    return f, f_mu, f_t, f_mumu, f_mut, f_tt
