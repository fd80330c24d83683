"""One-dimensional densities on adaptive Gauss-Legendre panels.

A density that is known up to a constant is put on panels; panels are halved until the Legendre
coefficients of the integrand have died out on each. The distribution function inside a panel is
the antiderivative of the interpolant, so quantiles are as exact as moments.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

NODES = 16
_DEAD = 1e-14
_MAX_ROUNDS = 12


@cache
def _rule() -> tuple[FloatArray, FloatArray, FloatArray]:
    """Nodes and weights on [−1, 1], and the matrix from values at nodes to coefficients."""
    x, w = legendre.leggauss(NODES)
    degree = np.arange(NODES)
    to_coefficients = (legendre.legvander(x, NODES - 1) * w[:, None]).T * (degree + 0.5)[:, None]
    return x, w, to_coefficients


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Panels:
    """An integrand tabulated on panels.

    `edges` has one row (left, right) for each panel in ascending order; `nodes` and `values` have
    one row of abscissae and integrand values for each panel, `weights` the quadrature weights.
    """

    edges: FloatArray
    nodes: FloatArray
    weights: FloatArray
    values: FloatArray

    @property
    def masses(self) -> FloatArray:
        """Integral over each panel."""
        return np.asarray((self.values * self.weights).sum(axis=1))

    def halved(self, f: Callable[[FloatArray], FloatArray]) -> Panels:
        """Tabulate the same integrand at twice the resolution; the change is the error."""
        return _tabulate(f, _halve(self.edges))

    def inverse_cdf(self, p: float) -> float:
        """Find the abscissa below which the share `p` of the total integral lies."""
        masses = self.masses
        cumulated = np.cumsum(masses)
        target = p * float(cumulated[-1])
        j = min(int(np.searchsorted(cumulated, target)), len(masses) - 1)
        rest = target - (float(cumulated[j - 1]) if j else 0.0)
        left, right = (float(e) for e in self.edges[j])
        half = (right - left) / 2
        _, _, to_coefficients = _rule()
        density = to_coefficients @ self.values[j]
        integral = legendre.legint(density, lbnd=-1)
        low, high = -1.0, 1.0
        x = min(1.0, max(-1.0, 2 * rest / float(masses[j]) - 1)) if masses[j] > 0 else 0.0
        for _ in range(80):
            gap = float(legendre.legval(x, integral)) * half - rest
            low, high = (low, x) if gap > 0 else (x, high)
            slope = float(legendre.legval(x, density)) * half
            step = x - gap / slope if slope > 0 else (low + high) / 2
            new = step if low < step < high else (low + high) / 2
            if abs(new - x) <= 1e-15 or gap == 0:
                break
            x = new
        return left + (x + 1) * half

    def cdf(self, x: float) -> float:
        """Share of the total integral that lies below `x`."""
        masses = self.masses
        total = float(masses.sum())
        if x <= self.edges[0, 0]:
            return 0.0
        if x >= self.edges[-1, 1]:
            return 1.0
        j = int(np.searchsorted(self.edges[:, 1], x))
        left, right = (float(e) for e in self.edges[j])
        half = (right - left) / 2
        _, _, to_coefficients = _rule()
        integral = legendre.legint(to_coefficients @ self.values[j], lbnd=-1)
        inside = float(legendre.legval((x - left) / half - 1, integral)) * half
        return (float(masses[:j].sum()) + inside) / total


def tabulate_adaptively(
    f: Callable[[FloatArray], FloatArray], low: float, high: float, *, width: float
) -> Panels:
    """Put the non-negative `f` on panels from `low` to `high`, none wider than `width` at first."""
    count = max(1, int(np.ceil((high - low) / width)))
    ends = np.linspace(low, high, count + 1)
    panels = _tabulate(f, np.column_stack([ends[:-1], ends[1:]]))
    _, _, to_coefficients = _rule()
    for _ in range(_MAX_ROUNDS):
        widths = panels.edges[:, 1] - panels.edges[:, 0]
        total = float(panels.masses.sum())
        last = np.abs(panels.values @ to_coefficients[-3:].T).max(axis=1)
        rough = last * widths > _DEAD * total
        if not rough.any():
            break
        finer = _tabulate(f, _halve(panels.edges[rough]))
        panels = _merge(panels, ~rough, finer)
    return panels


def _tabulate(f: Callable[[FloatArray], FloatArray], edges: FloatArray) -> Panels:
    x, w, _ = _rule()
    half = (edges[:, 1] - edges[:, 0])[:, None] / 2
    nodes = edges[:, :1] + (x + 1) * half
    values = f(nodes.ravel()).reshape(nodes.shape)
    return Panels(edges=edges, nodes=nodes, weights=w * half, values=values)


def _halve(edges: FloatArray) -> FloatArray:
    middle = edges.mean(axis=1)
    left, right = edges[:, 0], edges[:, 1]
    return np.stack([left, middle, middle, right], axis=1).reshape(-1, 2)


def _merge(panels: Panels, kept: NDArray[np.bool_], finer: Panels) -> Panels:
    order = np.argsort(np.concatenate([panels.edges[kept, 0], finer.edges[:, 0]]))
    return Panels(
        edges=np.concatenate([panels.edges[kept], finer.edges])[order],
        nodes=np.concatenate([panels.nodes[kept], finer.nodes])[order],
        weights=np.concatenate([panels.weights[kept], finer.weights])[order],
        values=np.concatenate([panels.values[kept], finer.values])[order],
    )
