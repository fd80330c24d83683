"""Distributions whose quantiles lie closest to a few given ones; Box-Cox transformations.

Every family but the beta has a scale parameter, in which the best fit is linear; what is left is
one shape, searched on a grid over its whole useful range and then refined.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, expit, gammaincinv, gammaln, logit, ndtri

from equipoise.stats.roots import bracketed_root

Array = NDArray[np.float64]

_GRID = 400
_REACH = 9.0


@dataclass(frozen=True, slots=True)
class MatchedFamily:
    """A family fitted to quantiles: its mean, SD and the sum of squared distances of quantiles.

    `distance` is relative to the square of the largest quantile.
    """

    family: str
    mean: float
    sd: float
    distance: float


def match_quantiles(probabilities: Array, quantiles: Array) -> tuple[MatchedFamily, ...]:
    """Best fit of each family that can hold the quantiles, closest first.

    Normal always; log-normal, gamma and Weibull where none is negative and the highest is
    positive; beta where all lie strictly between 0 and 1. The fit minimises the sum of squared
    differences of quantiles (McGrath 2020, DOI 10.1177/0962280219889080).
    """
    unit = float(np.abs(quantiles).max())
    relative = quantiles / unit
    fits = [_match_normal(probabilities, relative)]
    if quantiles[0] >= 0 and quantiles[-1] > 0:
        fits += [_match_scaled(name, probabilities, relative) for name in _SCALED]
    fits = [MatchedFamily(f.family, unit * f.mean, unit * f.sd, f.distance) for f in fits]
    if quantiles[0] > 0 and quantiles[-1] < 1:
        fits.append(_match_beta(probabilities, quantiles, unit))
    return tuple(sorted(fits, key=lambda f: f.distance))


def _match_normal(p: Array, q: Array) -> MatchedFamily:
    z = np.asarray(ndtri(p))
    spread = z - z.mean()
    sd = float(spread @ q / (spread @ spread))
    mean = float(q.mean() - sd * z.mean())
    rest = q - mean - sd * z
    return MatchedFamily("normal", mean, sd, float(rest @ rest))


def _log_normal(shape: float, p: Array) -> Array:
    return np.asarray(np.exp(shape * ndtri(p)))


def _gamma(shape: float, p: Array) -> Array:
    return np.asarray(gammaincinv(shape, p) / shape, dtype=np.float64)


def _weibull(shape: float, p: Array) -> Array:
    return np.asarray((-np.log1p(-p)) ** (1 / shape))


def _log_normal_moments(shape: float) -> tuple[float, float]:
    mean = math.exp(shape**2 / 2)
    return mean, mean * math.sqrt(math.expm1(shape**2))


def _gamma_moments(shape: float) -> tuple[float, float]:
    return 1.0, 1 / math.sqrt(shape)


def _weibull_moments(shape: float) -> tuple[float, float]:
    first, second = float(gammaln(1 + 1 / shape)), float(gammaln(1 + 2 / shape))
    mean = math.exp(first)
    return mean, mean * math.sqrt(math.expm1(second - 2 * first))


_Quantile = Callable[[float, Array], Array]
_Moments = Callable[[float], tuple[float, float]]
_SCALED: dict[str, tuple[_Quantile, _Moments, float, float]] = {
    "log-normal": (_log_normal, _log_normal_moments, 1e-4, 8.0),
    "gamma": (_gamma, _gamma_moments, 1e-2, 1e8),
    "weibull": (_weibull, _weibull_moments, 0.15, 1e4),
}
"""Quantile function and moments at scale one, and the range of the shape."""


def _match_scaled(name: str, p: Array, q: Array) -> MatchedFamily:
    quantile, moments, low, high = _SCALED[name]

    def distance(log_shape: float) -> float:
        t = quantile(math.exp(log_shape), p)
        rest = q - (q @ t) / (t @ t) * t
        return float(rest @ rest)

    shape = math.exp(minimise(distance, math.log(low), math.log(high)))
    t = quantile(shape, p)
    scale = float(q @ t / (t @ t))
    mean, sd = moments(shape)
    return MatchedFamily(name, scale * mean, scale * sd, distance(math.log(shape)))


def _match_beta(p: Array, q: Array, unit: float) -> MatchedFamily:
    """Beta by mean and precision: for each mean the best precision, then the best mean."""

    def best_precision(mean: float) -> tuple[float, float]:
        def distance(log_precision: float) -> float:
            size = math.exp(log_precision)
            rest = (q - np.asarray(betaincinv(mean * size, (1 - mean) * size, p))) / unit
            return float(rest @ rest)

        at = minimise(distance, math.log(0.05), math.log(1e7), grid=40)
        return at, distance(at)

    # The mean may lie beyond the quantiles, on the side of the longer tail.
    first, last = float(logit(q[0])) - 6, float(logit(q[-1])) + 6
    at = minimise(lambda x: best_precision(float(expit(x)))[1], first, last, grid=40)
    mean = float(expit(at))
    log_precision, distance = best_precision(mean)
    sd = math.sqrt(mean * (1 - mean) / (1 + math.exp(log_precision)))
    return MatchedFamily("beta", mean, sd, distance)


def minimise(f: Callable[[float], float], low: float, high: float, *, grid: int = _GRID) -> float:
    """Where `f` is smallest between `low` and `high`: the best cell of a grid, then Brent.

    About eight digits, as many as a minimum has. Values that are not finite are passed over.
    """
    from scipy.optimize import minimize_scalar  # noqa: PLC0415 - slow to import

    xs = np.linspace(low, high, grid)
    fs = np.array([f(float(x)) for x in xs])
    fs[~np.isfinite(fs)] = np.inf
    best = int(np.argmin(fs))
    if not math.isfinite(fs[best]):
        raise ArithmeticError("the function is nowhere finite")
    left, right = float(xs[max(best - 1, 0)]), float(xs[min(best + 1, grid - 1)])
    found = minimize_scalar(
        f, bounds=(left, right), method="bounded", options={"xatol": 1e-11, "maxiter": 200}
    )
    return float(found.x) if found.fun < fs[best] else float(xs[best])


def box_cox(x: Array, power: float) -> Array:
    """(x^λ − 1) / λ, or log x at λ = 0, of positive x (DOI 10.1111/j.2517-6161.1964.tb00553.x)."""
    log_x = np.log(x)
    return log_x if power == 0 else np.asarray(np.expm1(power * log_x) / power)


def symmetrising_power(low: float, middle: float, high: float) -> float:
    """The one power λ that puts `middle` halfway between `low` and `high` after Box-Cox.

    0 < low < middle < high. The imbalance rises strictly with λ, so that one root exists.
    """
    below, above = math.log(low / middle), math.log(high / middle)

    def imbalance(power: float) -> float:
        if power == 0:
            return above + below
        # Divided by the larger of the two exponentials, so that no power overflows.
        top = max(power * above, power * below)
        return (
            (math.exp(power * above - top) - math.exp(-top))
            + (math.exp(power * below - top) - math.exp(-top))
        ) / power

    reach = 1.0
    while not imbalance(-reach) < 0 < imbalance(reach):
        reach *= 2
        if reach > 2.0**40:
            raise ArithmeticError("no power makes these quantiles symmetric")
    return bracketed_root(imbalance, -reach, reach)


def inverse_box_cox_moments(location: float, scale: float, power: float) -> tuple[float, float]:
    """Mean and SD of x whose Box-Cox transform is normal with `location` and `scale`.

    Where the transform has a bound (−1/λ) the normal is cut there and as far on the other side, as
    McGrath 2020 does. Raises `ValueError` where that bound is an infinite x (λ < 0) within nine
    standard deviations: the moments then do not exist or hang on the bound.
    """
    reach = _REACH
    if power != 0:
        to_bound = (1 / power + location) / scale * math.copysign(1.0, power)
        if to_bound <= 0 or (power < 0 and to_bound <= _REACH):
            raise ValueError("the transformed normal has no moments")
        reach = min(reach, to_bound)
    nodes, weights = np.polynomial.legendre.leggauss(200)
    z = reach * nodes
    weights = weights * np.exp(-0.5 * z**2)
    weights /= weights.sum()
    y = location + scale * z
    log_x = y if power == 0 else np.log1p(power * y) / power
    top = float(log_x.max())
    x = np.exp(log_x - top)  # relative to the largest, so that no power overflows
    mean = float(weights @ x)
    sd = math.sqrt(float(weights @ (x - mean) ** 2))
    if top > 700:
        raise ValueError("the moments are too large to write down")
    return mean * math.exp(top), sd * math.exp(top)
