"""Who is right about a tetrachoric correlation: the likelihood in high precision decides.

The reference searches with a loose threshold and differentiates numerically. Everything here is
computed with mpmath from the definition, without the engine: the joint tail of two normals by
quadrature of Plackett's identity.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from mpmath import mp, mpf
from numpy.typing import NDArray

from validation.agreement import Arbiter

_DIGITS = 25

_ROUGHER = (
    "The correlation printed by the reference misses the first cell's frequency by more than ours "
    "does: its search stopped early."
)
_VARIANCE = (
    "The inverse of the likelihood's curvature in all three parameters, in high precision, is our "
    "variance to eight digits; the reference took it where its search had stopped."
)
_NO_VARIANCE = (
    "A cell is empty: the likelihood rises all the way to a correlation of one, so there is no "
    "curvature at the maximum; the reference prints that of the place where its search stopped."
)


def arbiter_for_correlation(
    cells: NDArray[np.float64], ours: float, theirs: float, *, fisher: bool
) -> Arbiter:
    """The reference is the looser one if our value reproduces the first cell better."""

    def decide() -> str | None:
        if cells.min() == 0:
            return None
        with mp.workdps(_DIGITS):
            mine, other = (
                _miss(cells, mp.tanh(mpf(r)) if fisher else mpf(r)) for r in (ours, theirs)
            )
            return _ROUGHER if mine < 1e-14 < other else None

    return decide


def arbiter_for_variance(cells: NDArray[np.float64], ours: float, *, fisher: bool) -> Arbiter:
    """The reference is the looser one if the exact curvature gives our variance, or none."""

    def decide() -> str | None:
        with mp.workdps(_DIGITS):
            if cells.min() == 0:
                return _NO_VARIANCE if math.isnan(ours) and _rises_to_the_end(cells) else None
            r = _root(cells)
            exact = _inverse_curvature(cells, r)
            if fisher:
                exact /= (1 - r * r) ** 2
            return _VARIANCE if abs(ours / exact - 1) < 1e-8 else None

    return decide


def _quantile(p: Any) -> Any:
    return mp.sqrt(2) * mp.erfinv(2 * p - 1)


def _joint(h: Any, k: Any, r: Any) -> Any:
    """P(X ≤ h, Y ≤ k): the product of the margins plus the integral of the density over r."""

    def density(angle: Any) -> Any:
        exponent = (h * h + k * k - 2 * h * k * mp.sin(angle)) / (2 * mp.cos(angle) ** 2)
        return mp.exp(-exponent)

    return mp.ncdf(h) * mp.ncdf(k) + mp.quad(density, [0, mp.asin(r)]) / (2 * mp.pi)


def _cuts(cells: NDArray[np.float64]) -> tuple[Any, Any, Any]:
    a, b, c, d = (mpf(float(x)) for x in cells)
    n = a + b + c + d
    return _quantile((a + b) / n), _quantile((a + c) / n), a / n


def _miss(cells: NDArray[np.float64], r: Any) -> Any:
    h, k, wanted = _cuts(cells)
    return abs(_joint(h, k, r) - wanted)


def _root(cells: NDArray[np.float64]) -> Any:
    """By bisection in the angle, to more digits than are compared."""
    h, k, wanted = _cuts(cells)
    low, high = -mp.pi / 2 + mpf("1e-8"), mp.pi / 2 - mpf("1e-8")
    for _ in range(50):
        middle = (low + high) / 2
        if _joint(h, k, mp.sin(middle)) < wanted:
            low = middle
        else:
            high = middle
    return mp.sin((low + high) / 2)


def _log_likelihood(cells: NDArray[np.float64], h: Any, k: Any, r: Any) -> Any:
    first = _joint(h, k, r)
    row, col = mp.ncdf(h), mp.ncdf(k)
    chances = (first, row - first, col - first, 1 - row - col + first)
    return sum(mpf(float(x)) * mp.log(p) for x, p in zip(cells, chances, strict=True) if x)


def _inverse_curvature(cells: NDArray[np.float64], r: Any) -> Any:
    """Element of the correlation in the inverse of the observed information on (h, k, r)."""
    h, k, _ = _cuts(cells)
    at = [h, k, r]
    step = mpf("1e-6")

    def value(*moves: tuple[int, int]) -> Any:
        moved = list(at)
        for index, sign in moves:
            moved[index] += sign * step
        return _log_likelihood(cells, *moved)

    centre = value()
    information = mp.matrix(3, 3)
    for i in range(3):
        for j in range(i, 3):
            if i == j:
                second = value((i, 1)) - 2 * centre + value((i, -1))
            else:
                second = (
                    value((i, 1), (j, 1))
                    - value((i, 1), (j, -1))
                    - value((i, -1), (j, 1))
                    + value((i, -1), (j, -1))
                ) / 4
            information[i, j] = information[j, i] = -second / step**2
    return mp.inverse(information)[2, 2]


def _rises_to_the_end(cells: NDArray[np.float64]) -> bool:
    """Whether the slope of the likelihood has one sign over all correlations.

    The slope is the density at the cuts times the sum of cell over chance, with the signs of the
    diagonals; only the sum is looked at, since the density vanishes at the ends.
    """
    h, k, _ = _cuts(cells)
    row, col = mp.ncdf(h), mp.ncdf(k)
    slopes = []
    for r in ("-0.999", "-0.9", "-0.5", "0", "0.5", "0.9", "0.999"):
        first = _joint(h, k, mpf(r))
        chances = (first, row - first, col - first, 1 - row - col + first)
        chances = tuple(max(p, mpf(10) ** -_DIGITS) for p in chances)
        signs = (1, -1, -1, 1)
        slopes.append(
            sum(s * mpf(float(x)) / p for s, x, p in zip(signs, cells, chances, strict=True) if x)
        )
    return all(s > 0 for s in slopes) or all(s < 0 for s in slopes)
