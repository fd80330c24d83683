"""Likelihoods of counts as functions of their natural parameter, with three derivatives.

Each is an exponential family: log p(y | η) = y η − b(η) + constant, so the derivatives in η are
y − mean, −variance and −third cumulant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, expit, gammaln, xlogy

FloatArray = NDArray[np.float64]

LARGEST_SUPPORT = 10**7


class LogMass(NamedTuple):
    """Log-probability of the counts and its first three derivatives in η, shaped like η."""

    value: FloatArray
    d1: FloatArray
    d2: FloatArray
    d3: FloatArray


class CountLikelihood(Protocol):
    """Counts in k groups of m; `at` takes η of shape (k, m) or (k, m, nodes)."""

    def at(self, eta: FloatArray) -> LogMass:
        """Log-probability and derivatives at the natural parameters `eta`."""
        ...

    def highest(self) -> float:
        """Log-likelihood of all counts with each natural parameter at its own best value."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Binomial:
    """`y` of `n`, both (k, m); η is the log odds. Entries with n = 0 say nothing."""

    y: FloatArray
    n: FloatArray

    def at(self, eta: FloatArray) -> LogMass:
        """Log-probability, exact in both tails."""
        y, n = _spread(self.y, eta), _spread(self.n, eta)
        p, q = expit(eta), expit(-eta)
        d2 = -n * p * q
        value = _log_binomial(n, y) - y * np.logaddexp(0, -eta) - (n - y) * np.logaddexp(0, eta)
        return LogMass(value, y * q - (n - y) * p, d2, d2 * (q - p))

    def highest(self) -> float:
        """Binomial probabilities at the observed proportions."""
        y, rest, n = self.y, self.n - self.y, np.maximum(self.n, 1)
        terms = _log_binomial(self.n, y) + xlogy(y, y / n) + xlogy(rest, rest / n)
        return float(terms.sum())


@dataclass(frozen=True, slots=True, eq=False)
class Poisson:
    """Counts `y` (k, m); η is the logarithm of the expected count."""

    y: FloatArray

    def at(self, eta: FloatArray) -> LogMass:
        """Log-probability; expected counts beyond 1e300 are taken as 1e300."""
        y = _spread(self.y, eta)
        mean = np.exp(np.minimum(eta, 690.0))
        return LogMass(y * eta - mean - gammaln(y + 1), y - mean, -mean, -mean)

    def highest(self) -> float:
        """Poisson probabilities with the counts themselves expected."""
        return float((xlogy(self.y, self.y) - self.y - gammaln(self.y + 1)).sum())


class NoncentralHypergeometric:
    """Events in arm 1 of 2×2 tables given all margins; η is the log odds ratio.

    Such a count is a sum of independent yes-or-no draws (its generating function has only real
    roots), which bounds what the sums over tables with the same margins may leave out. By
    Bernstein's inequality less than 1e-17 lies further than 13.4 + √(178 + 80 v) from the mean, v
    being the variance. And |φ(t)| ≤ exp(−v (1 − cos t)) for the characteristic function, so that
    every h-th table stands for all of them to 1e-30 as long as h is below half a standard
    deviation. Large tables therefore cost no more than small ones.
    """

    def __init__(self, x1: FloatArray, n1: FloatArray, x2: FloatArray, n2: FloatArray) -> None:
        """Tables as events and people of both arms, each of shape (k,)."""
        self.tables = (x1, n1, x2, n2)
        events = x1 + x2
        self._low = np.maximum(0.0, events - n2)
        self._width = np.minimum(n1, events) - self._low
        if float(self._width.sum()) > LARGEST_SUPPORT:
            raise ValueError("too many tables have the same margins to sum over all of them")
        sizes = self._width.astype(np.intp) + 1
        self._start = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        self._position = x1 - self._low
        where = np.repeat(np.arange(len(sizes)), sizes)
        x = np.arange(int(sizes.sum())) - self._start[where] + self._low[where]
        weights = _log_binomial(n1[where], x) + _log_binomial(n2[where], events[where] - x)
        # Only differences matter; near zero they keep their digits.
        self._log_weights = weights - np.maximum.reduceat(weights, self._start)[where]

    def at(self, eta: FloatArray) -> LogMass:
        """Log-probability and cumulants, by sums around the mode of each table and node."""
        flat = eta.reshape(len(self._width), -1)
        position, stride = self._summed(flat)
        width, own = self._width[:, None, None], self._position[:, None, None]
        outside = (position < 0) | (position > width)
        index = self._start[:, None, None] + np.clip(position, 0, width).astype(np.intp)
        gap = position - own
        terms = gap * flat[..., None]
        terms += self._log_weights[index]
        terms[outside] = -np.inf
        top = terms.max(axis=-1)
        terms -= top[..., None]
        np.exp(terms, out=terms)
        total = terms.sum(axis=-1)
        own_weight = self._log_weights[self._start + self._position.astype(np.intp)][:, None]
        value = own_weight - top - np.log(total * stride)
        mean = np.einsum("knt,knt->kn", terms, gap) / total
        deviation = gap - mean[..., None]
        terms *= deviation
        variance = np.einsum("knt,knt->kn", terms, deviation) / total
        terms *= deviation
        third = np.einsum("knt,knt->kn", terms, deviation) / total
        parts = (value, -mean, -variance, -third)
        return LogMass(*(part.reshape(eta.shape) for part in parts))

    def _summed(self, eta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Positions in the support to sum over, (k, nodes, terms), and how many each stands for."""
        x1, n1, x2, n2 = (column[:, None] for column in self.tables)
        width = self._width[:, None]
        # The table with these margins and this odds ratio: within one of mode and mean.
        fitted = table_with_odds_ratio(n1, n2, x1 + x2, eta)
        cells = np.stack([fitted, n1 - fitted, x1 + x2 - fitted, n2 - x1 - x2 + fitted])
        with np.errstate(divide="ignore"):
            sd = np.sqrt(1 / (1 / np.maximum(cells, 0.0)).sum(axis=0))
        stride = np.maximum(1.0, np.floor(sd / 2.5))
        reach = 15 + np.sqrt(225 + 90 * sd**2)
        terms = int(np.minimum(np.ceil(2 * reach / stride), width).max()) + 1
        centre = np.round(fitted) - self._low[:, None]
        first = centre - stride * (terms // 2)
        # A short support is covered from its end, not from before it.
        first = np.where(stride == 1, np.clip(first, 0, np.maximum(width - terms + 1, 0)), first)
        return first[..., None] + stride[..., None] * np.arange(terms), stride

    def best(self) -> tuple[FloatArray, FloatArray]:
        """Log odds ratio that makes each table likeliest, and its variance.

        Infinite, with infinite variance, where a table is at the end of its margins: ±∞, or 0 with
        infinite variance where the margins leave only one table.
        """
        inner = (self._position > 0) & (self._position < self._width)
        eta = np.zeros(len(self._width))
        low, high = np.full(len(eta), -200.0), np.full(len(eta), 200.0)
        mass = self.at(eta[:, None])
        for _ in range(200):
            slope, bend = mass.d1[:, 0], -mass.d2[:, 0]
            low, high = np.where(slope > 0, eta, low), np.where(slope > 0, high, eta)
            with np.errstate(divide="ignore", invalid="ignore"):
                new = eta + slope / bend
            new = np.where((new > low) & (new < high), new, (low + high) / 2)
            new = np.where(inner & (slope != 0), new, eta)
            done = bool((np.abs(new - eta) <= 1e-14 * (1 + np.abs(eta))).all())
            eta = new
            mass = self.at(eta[:, None])
            if done:
                break
        ends = np.where(self._width == 0, 0.0, np.where(self._position == 0, -np.inf, np.inf))
        with np.errstate(divide="ignore"):
            variance = np.where(inner, -1 / mass.d2[:, 0], np.inf)
        return np.where(inner, eta, ends), variance

    def highest(self) -> float:
        """Probabilities at each table's own odds ratio; one at the ends of the margins."""
        eta, variance = self.best()
        inner = np.isfinite(variance)
        mass = self.at(np.where(inner, eta, 0.0)[:, None])
        return float(mass.value[inner, 0].sum())


def table_with_odds_ratio(
    n1: FloatArray, n2: FloatArray, events: FloatArray, log_odds_ratio: FloatArray
) -> FloatArray:
    """Events of arm 1 (a fraction) that give exactly this odds ratio under a table's margins.

    The root of (ψ − 1) x² − b x + ψ n₁ m = 0 inside the table, m events in all, written without
    cancellation. Log odds ratios beyond ±200 are taken as ±200.
    """
    psi = np.exp(np.clip(log_odds_ratio, -200.0, 200.0))
    b = psi * (n1 + events) + (n2 - events)
    constant = psi * n1 * events
    root = np.sqrt(np.maximum(b**2 - 4 * (psi - 1) * constant, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        usual = 2 * constant / (b + root)
        other = (b - root) / (2 * (psi - 1))
    x = np.where((b > 0) & (constant > 0), usual, np.where(constant > 0, other, 0.0))
    return np.asarray(np.clip(x, np.maximum(0.0, events - n2), np.minimum(n1, events)))


def _log_binomial(n: FloatArray, y: FloatArray) -> FloatArray:
    return np.asarray(-np.log1p(n) - betaln(n - y + 1, y + 1))


def _spread(counts: FloatArray, eta: FloatArray) -> FloatArray:
    return counts if eta.ndim == counts.ndim else counts[..., None]
