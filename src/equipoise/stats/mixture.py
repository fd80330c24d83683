"""Finite normal mixtures: what is left of a hierarchical posterior once τ is integrated out."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from equipoise.stats.roots import bracketed_root

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NormalMixture:
    """A mixture of normal distributions, in the units of the effect.

    `weights` sum to one. `mean` and `sd` are `None` where the distribution that the mixture stands
    for has no such moment (a heavy-tailed prior with few studies); quantiles always exist.
    """

    weights: FloatArray
    means: FloatArray
    sds: FloatArray
    mean: float | None
    sd: float | None

    def density(self, x: float) -> float:
        """Density at `x`."""
        z = (x - self.means) / self.sds
        return float(self.weights @ (np.exp(-0.5 * z * z) / self.sds)) / math.sqrt(2 * math.pi)

    def prob_above(self, x: float) -> float:
        """P(X > x)."""
        return min(1.0, float(self.weights @ ndtr((self.means - x) / self.sds)))

    def prob_below(self, x: float) -> float:
        """P(X < x)."""
        return min(1.0, float(self.weights @ ndtr((x - self.means) / self.sds)))

    def quantile(self, p: float) -> float:
        """Find the x with P(X < x) = p, for p strictly between zero and one."""
        if not 0 < p < 1:
            raise ValueError("a quantile needs a probability strictly between zero and one")

        def gap(x: float) -> float:
            # The small tail is the one that keeps its digits.
            return (1 - p) - self.prob_above(x) if p > 0.5 else self.prob_below(x) - p

        # The quantile of a mixture lies between the smallest and the largest of its components':
        # beyond those the search for a bracket need not go, whatever rounding says.
        ends = self.means + self.sds * ndtri(p)
        floor, ceiling = float(ends.min()), float(ends.max())
        centre = float(self.weights @ self.means)
        reach = float(self.weights @ self.sds)
        low, high = centre - 4 * reach, centre + 4 * reach
        while gap(low) > 0 and low > floor:
            low = centre - 4 * (centre - low)
        while gap(high) < 0 and high < ceiling:
            high = centre + 4 * (high - centre)
        x = centre
        for _ in range(60):
            error = gap(x)
            low, high = (low, x) if error > 0 else (x, high)
            slope = self.density(x)
            step = x - error / slope if slope > 0 else (low + high) / 2
            new = step if low < step < high else (low + high) / 2
            if abs(new - x) <= 1e-15 * (abs(new) + reach):
                return new
            x = new
        return x

    @property
    def median(self) -> float:
        """The middle of the distribution."""
        return self.quantile(0.5)

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Central interval: equal probability on both sides."""
        return self.quantile((1 - level) / 2), self.quantile((1 + level) / 2)

    def shortest_interval(self, level: float = 0.95) -> tuple[float, float]:
        """Shortest interval of probability `level`, for a distribution with one peak."""
        return shortest_interval(self.quantile, self.density, level)


def shortest_interval(
    quantile: Callable[[float], float],
    density: Callable[[float], float],
    level: float,
    *,
    left_end: float | None = None,
    right_end: float | None = None,
) -> tuple[float, float]:
    """Shortest interval of probability `level` of a distribution with one peak.

    Its ends have equal density, unless the density only falls from `left_end` on, or only rises up
    to `right_end`: then the interval starts or ends there.
    """

    def imbalance(a: float) -> float:
        return density(quantile(a)) - density(quantile(a + level))

    spare = 1 - level
    if left_end is not None and density(left_end) >= density(quantile(level)):
        return left_end, quantile(level)
    if right_end is not None and density(right_end) >= density(quantile(spare)):
        return quantile(spare), right_end
    a = bracketed_root(imbalance, 1e-9 * spare, (1 - 1e-9) * spare, rtol=1e-10)
    return quantile(a), quantile(a + level)
