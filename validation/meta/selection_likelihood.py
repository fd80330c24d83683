"""Likelihood of selection models that shares nothing with the engine's: adaptive integration."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.special import log_ndtr, ndtr, ndtri

from equipoise.evidence.synthesis.small_study import (
    BetaWeights,
    DecliningWeights,
    SelectionFit,
    SelectionFunction,
    StepWeights,
    TruncationWeights,
)

FloatArray = NDArray[np.float64]
LogWeight = Callable[[float, float], float]


def selection_log_likelihood(
    y: FloatArray,
    v: FloatArray,
    function: SelectionFunction,
    alternative: str,
    mu: float,
    tau2: float,
    delta: tuple[float, ...],
) -> float:
    """Σ log φ(y; μ, v + τ²) + log w − log ∫ φ w, each integral in pieces to about 1e-12."""
    total = []
    for i in range(len(y)):
        s, sigma = math.sqrt(float(v[i]) + tau2), math.sqrt(float(v[i]))
        log_w = _log_weight(function, delta, alternative, i)
        z = (float(y[i]) - mu) / s
        normal = -0.5 * z * z - math.log(s) - 0.5 * math.log(2 * math.pi)
        kept = _kept(function, alternative, log_w, mu, s, sigma)
        total.append(normal + log_w(float(y[i]) / sigma, float(y[i])) - math.log(kept))
    return math.fsum(total)


def _log_weight(
    function: SelectionFunction, delta: tuple[float, ...], alternative: str, i: int
) -> LogWeight:
    """Logarithm of the weight of study `i` at a statistic z, or at an effect y."""
    if isinstance(function, TruncationWeights):
        return partial(_truncated, function.cut_point, delta[0], alternative)
    if isinstance(function, StepWeights):
        weigh = partial(_step, function.steps, delta)
    elif isinstance(function, BetaWeights):
        weigh = partial(_beta, function.censored, delta)
    elif isinstance(function, DecliningWeights):
        share = 1.0
        if function.imprecision is not None:
            share = function.imprecision[i] / max(function.imprecision)
        weigh = partial(_declining, function.shape, function.threshold, share, delta)
    else:
        raise TypeError(f"no likelihood for {function}")

    def at_statistic(z: float, y: float) -> float:
        del y
        return weigh(*_log_p(z, alternative))

    return at_statistic


def _log_p(z: float, alternative: str) -> tuple[float, float]:
    """Logarithms of p and of 1 − p."""
    if alternative == "two.sided":
        log_p = math.log(2) + float(log_ndtr(-abs(z)))
        return log_p, math.log(max(-math.expm1(log_p), 1e-320))
    side = z if alternative == "greater" else -z
    return float(log_ndtr(-side)), float(log_ndtr(side))


def _step(steps: tuple[float, ...], delta: tuple[float, ...], log_p: float, log_q: float) -> float:
    del log_q
    weight = delta[sum(math.exp(log_p) > step for step in steps)]
    return math.log(weight) if weight > 0 else -math.inf


def _beta(censored: float, delta: tuple[float, ...], log_p: float, log_q: float) -> float:
    low, high = math.log(censored), math.log1p(-censored)
    inside = [min(max(x, low), high) for x in (log_p, log_q)]
    return (delta[0] - 1) * inside[0] + (delta[1] - 1) * inside[1]


def _declining(
    shape: str, threshold: float, share: float, delta: tuple[float, ...], log_p: float, log_q: float
) -> float:
    p, d = math.exp(log_p), delta[0] * share
    if p <= threshold:
        return 0.0
    if shape == "power":
        return d * max(log_q, math.log(1e-5))
    if shape == "logistic":
        return math.log(2) - d * p - math.log1p(math.exp(-d * p))
    power = {"halfnorm": 2.0, "negexp": 1.0}.get(shape) or 1 / delta[1]
    return -d * math.pow(p, power)


def _truncated(cut: float, weight: float, alternative: str, z: float, y: float) -> float:
    del z
    if y > cut if alternative == "greater" else y < cut:
        return 0.0
    return math.log(weight) if weight > 0 else -math.inf


def _kept(
    function: SelectionFunction,
    alternative: str,
    log_w: LogWeight,
    mu: float,
    s: float,
    sigma: float,
) -> float:
    """∫ φ(y; μ, s²) w dy; in closed form between the points where the weight jumps for steps."""
    if isinstance(function, TruncationWeights):
        cuts = [-math.inf, function.cut_point, math.inf]
        flat = True
    else:
        p = np.array(function.steps) if isinstance(function, StepWeights) else _bends(function)
        z = -ndtri(p / 2) if alternative == "two.sided" else ndtri(p)
        ends = np.concatenate([z, -z]) * sigma
        cuts = sorted({-math.inf, *ends.tolist(), math.inf})
        flat = isinstance(function, StepWeights)
        if alternative == "two.sided":
            cuts = sorted({*cuts, 0.0})
    parts = []
    for low, high in itertools.pairwise(cuts):
        a, b = (low - mu) / s, (high - mu) / s
        if flat:
            mass = float(ndtr(-a) - ndtr(-b)) if a > 0 else float(ndtr(b) - ndtr(a))
            middle = _inside(low, high, sigma)
            weight = log_w(middle / sigma, middle)
            parts.append(mass * math.exp(weight) if weight > -math.inf else 0.0)
        else:
            parts.append(_integral(log_w, mu, s, sigma, low, high))
    return math.fsum(parts)


def _bends(function: SelectionFunction) -> FloatArray:
    """p-values at which a continuous weight stops being smooth."""
    if isinstance(function, BetaWeights):
        return np.array([function.censored])
    threshold = function.threshold if isinstance(function, DecliningWeights) else 0.0
    return np.array([threshold, 1e-5] if threshold else [1e-5])


def _inside(low: float, high: float, sigma: float) -> float:
    if math.isinf(low) and math.isinf(high):
        return 0.0
    if math.isinf(low):
        return high - sigma
    return low + sigma if math.isinf(high) else (low + high) / 2


def _integral(
    log_w: LogWeight, mu: float, s: float, sigma: float, low: float, high: float
) -> float:
    low, high = max(low, mu - 40 * s), min(high, mu + 40 * s)
    if low >= high:
        return 0.0

    def integrand(y: float) -> float:
        z = (y - mu) / s
        exponent = -0.5 * z * z + log_w(y / sigma, y)
        return math.exp(exponent) / (s * math.sqrt(2 * math.pi)) if exponent > -745 else 0.0

    pieces = np.unique(
        np.concatenate(
            [[low, high], mu + s * np.arange(-9, 10, 3), sigma * np.array([-5, -2, 0, 2, 5])]
        )
    )
    ends = [x for x in pieces.tolist() if low <= x <= high]
    return math.fsum(
        quad(integrand, a, b, epsabs=1e-14, epsrel=1e-12, limit=200)[0]
        for a, b in itertools.pairwise(ends)
    )


def observed_standard_errors(
    y: FloatArray, v: FloatArray, function: SelectionFunction, fit: SelectionFit
) -> list[float | None]:
    """Standard errors of μ and of each δ from differences of the likelihood at the maximum.

    As the engine says it does: parameters at the lower end of their range stay out. Differences are
    taken in log τ² and log δ, in which the likelihood is closer to a parabola, and carried over;
    Richardson extrapolation over three steps makes them good to about 1e-8.
    """
    point = np.array([fit.mu, fit.tau2, *fit.delta])
    moving = [0] + ([1] if fit.tau2 > 0 else [])
    moving += [2 + j for j, se in enumerate(fit.se_delta) if se is not None]
    positive = np.array([j != 0 for j in moving])
    centre = point[moving]

    def value(shift: FloatArray) -> float:
        x = point.copy()
        x[moving] = np.where(positive, centre * np.exp(shift), centre + shift)
        return selection_log_likelihood(
            y, v, function, fit.alternative, float(x[0]), float(x[1]), tuple(x[2:].tolist())
        )

    widths = np.array([0.2 if j else 0.2 * (fit.se or 1.0) for j in moving])
    # On a narrow ridge a step that is small beside the standard error falls far: go less far.
    at_peak = value(np.zeros(len(moving)))
    for step in np.eye(len(moving)):
        while at_peak - value(step * widths) > 0.02:
            widths = np.where(step > 0, widths / 2, widths)
    gradient, hessian = _extrapolated(value, widths)
    stretch = np.where(positive, 1 / centre, 1.0)
    hessian -= np.diag(np.where(positive, gradient, 0.0))
    information = -hessian * np.outer(stretch, stretch)
    scale = np.sqrt(np.diag(information))
    inverse = np.linalg.inv(information / np.outer(scale, scale))
    found = dict(zip(moving, (np.sqrt(np.diag(inverse)) / scale).tolist(), strict=True))
    return [found.get(j) for j in (0, *range(2, len(point)))]


def _extrapolated(
    f: Callable[[FloatArray], float], widths: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Gradient and Hessian at zero, from central differences at three steps."""

    def at(factor: float) -> FloatArray:
        """Gradient in the last column, Hessian before."""
        n, h = len(widths), widths * factor
        out = np.empty((n, n + 1))
        unit = np.diag(h)
        for a in range(n):
            out[a, n] = (f(unit[a]) - f(-unit[a])) / (2 * h[a])
            for b in range(a + 1):
                one, other = unit[a] + unit[b], unit[a] - unit[b]
                difference = f(one) + f(-one) - f(other) - f(-other)
                out[a, b] = out[b, a] = difference / (4 * h[a] * h[b])
        return out

    coarse, middle, fine = at(1.0), at(0.5), at(0.25)
    first, second = (4 * middle - coarse) / 3, (4 * fine - middle) / 3
    both = (16 * second - first) / 15
    return both[:, -1], both[:, :-1]
