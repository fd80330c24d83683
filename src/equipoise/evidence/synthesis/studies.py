"""The studies of many analyses, put so that no weight, however large, swallows the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from equipoise.stats.ragged import FloatArray, IntArray, Ragged

CONVERGED = 2e-9
"""A Newton step this small, relative to τ² + v₀, leaves an error of its square."""
MOST_STEPS = 200
AT_ONCE = 2**15
"""Studies worked on at once: arrays that stay in the processor's cache."""


@dataclass(frozen=True, slots=True, eq=False)
class Studies:
    """Analyses of at least two studies each, seen from the most precise study of each.

    `v0` holds the variance of that study, `d` and `v` the differences from its estimate and the
    variances of the *others*, flat, grouped by `others`. All in units of about its standard error
    (a power of two, so that changing units rounds nothing): `v0` lies between 1/4 and 4.

    Sums such as Σw² − (Σw)² lose every digit when one study has all the weight. Written around that
    study they are sums of terms of one sign, so heterogeneity among the others stays visible.
    """

    d: FloatArray
    v: FloatArray
    v0: FloatArray
    others: Ragged

    def __len__(self) -> int:
        return len(self.v0)

    @property
    def k(self) -> FloatArray:
        """Number of studies of each analysis."""
        return np.asarray(self.others.sizes + 1.0)

    def take(self, analyses: IntArray) -> Studies:
        """Some of the analyses, which may recur, in the order given."""
        rows = self.others.entries(analyses)
        return Studies(
            self.d[rows], self.v[rows], self.v0[analyses], Ragged(self.others.sizes[analyses])
        )

    @property
    def reach(self) -> FloatArray:
        """Range of the estimates; no peak of a likelihood lies at a τ beyond it.

        With pᵢ = wᵢ/Σw, |rᵢ| ≤ (1 − pᵢ) × range, so each term of Σwᵢ²rᵢ² is below its partner in
        Σwᵢ(1 − pᵢ) as soon as τ² exceeds range².
        """
        highest = np.maximum(self.others.highest(self.d), 0.0)
        return np.asarray(highest - np.minimum(self.others.lowest(self.d), 0.0))


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """What the weights wᵢ = 1/(vᵢ + τ²) make of each analysis, in the units of `Studies`.

    `mean` is the weighted mean as a difference from the most precise study, `total` Σw, `q`
    Σw(y − μ)², `trace` Σw − Σw²/Σw, `squares` Σw².
    """

    mean: FloatArray
    total: FloatArray
    trace: FloatArray
    q: FloatArray
    squares: FloatArray


def moments_at(s: Studies, tau2: FloatArray) -> Moments:
    """Mean and quadratic form of each analysis at its τ²."""
    w = 1 / (s.v + s.others.spread(tau2))
    w0 = 1 / (s.v0 + tau2)
    rest, squares = s.others.sum(w), s.others.sum(w * w)
    total = w0 + rest
    mean = s.others.sum(w * s.d) / total
    r = s.d - s.others.spread(mean)
    return Moments(
        mean=mean,
        total=total,
        trace=(2 * w0 * rest + (rest * rest - squares)) / total,
        q=w0 * mean * mean + s.others.sum(w * r * r),
        squares=w0 * w0 + squares,
    )


def trace_of_square(
    w0: FloatArray, rest: FloatArray, squares: FloatArray, cubes: FloatArray
) -> FloatArray:
    """Compute tr PP from w₀ and the sums of w, w², w³ over the other studies."""
    total = w0 + rest
    return np.asarray(
        (w0 * rest / total) ** 2
        + (squares - 2 * cubes / total)
        + (2 * w0 * w0 * squares + squares * squares) / total**2
    )


def log_variances(s: Studies, tau2: FloatArray) -> FloatArray:
    """Σ log(vᵢ + τ²) of each analysis."""
    return np.asarray(np.log(s.v0 + tau2) + s.others.sum(np.log(s.v + s.others.spread(tau2))))


FURTHEST = 1e50
"""Standard errors of the most precise study; beyond that two estimates cannot be computed with."""


def arrange(
    y: FloatArray, v: FloatArray, groups: Ragged
) -> tuple[Studies, FloatArray, FloatArray, NDArray[np.bool_]]:
    """Studies as seen from the most precise one; its estimate, the unit, and who is in range.

    All values finite, variances positive, at least two studies in each group. Analyses out of range
    hold placeholders and must not be used.
    """
    pivot = groups.first(v == groups.spread(groups.lowest(v)))
    is_other = np.ones(len(y), dtype=bool)
    is_other[pivot] = False
    others = Ragged(groups.sizes - 1)
    centre = y[pivot]
    _, exponent = np.frexp(v[pivot])
    half = (exponent // 2).astype(np.int32)
    # Scaled in two steps, each within range; what over- or underflows is found out just below.
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        d = np.ldexp(y[is_other] - others.spread(centre), np.repeat(-half, others.sizes))
        twice = np.repeat(-half, others.sizes)
        scaled = np.ldexp(np.ldexp(v[is_other], twice), twice)
        v0 = np.ldexp(np.ldexp(v[pivot], -half), -half)
    far = ~(np.abs(d) <= FURTHEST) | ~np.isfinite(scaled)
    in_range = ~np.logical_or.reduceat(far, others.starts)
    d[far], scaled[far] = 0.0, 1.0
    return Studies(d, scaled, v0, others), centre, np.ldexp(1.0, half), in_range
