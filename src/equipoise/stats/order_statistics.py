"""Order statistics of a normal sample: their moments, and a mean and SD worked back from a few.

Ranks need not be whole: the r-th of n uniform values has the Beta(r, n + 1 − r) distribution, and
a quartile that stands between two people's values is read as such a rank. With type-7 quantiles
(the default of R) the quantile of probability p has rank 1 + (n − 1) p.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaln, log_ndtr, ndtri_exp

Array = NDArray[np.float64]

_STEPS_PER_SD = 6.0
_TAIL = 40.0
_LOG_HALF = math.log(0.5)


@dataclass(frozen=True, slots=True)
class NormalFit:
    """Location and scale of a normal sample and the standard error of the location.

    `location_se` is the standard error under the model, with the estimated scale in it.
    """

    location: float
    scale: float
    location_se: float


def rank_of(probability: float, n: float) -> float:
    """Rank of a sample quantile among n values, counted from one (type 7)."""
    return 1 + (n - 1) * probability


def normal_order_moments(ranks: ArrayLike, n: float) -> tuple[Array, Array]:
    """Means and covariance matrix of standard normal order statistics at `ranks` of n.

    Trapezoid rule in the logit of the uniform order statistic, where every integrand is analytic
    and decays at both ends, so that it converges geometrically; about twelve digits. `ranks`
    ascend strictly within 1…n.
    """
    r = np.asarray(ranks, dtype=np.float64)
    means = np.empty(r.size)
    second = np.empty((r.size, r.size))
    for i in range(r.size):
        log_u, log_v, weight = _beta_nodes(r[i], n + 1 - r[i])
        x = _normal_quantile(log_u, log_v)
        means[i] = weight @ x
        second[i, i] = weight @ x**2
        for j in range(i):
            # The lower one is the higher one times an independent Beta(r_j, r_i − r_j) variable.
            log_w, log_rest, inner = _beta_nodes(r[j], r[i] - r[j])
            lower = _normal_quantile(
                log_u[:, None] + log_w[None, :],
                np.logaddexp(log_v[:, None], log_u[:, None] + log_rest[None, :]),
            )
            second[i, j] = second[j, i] = (weight * x) @ (lower @ inner)
    return means, second - np.outer(means, means)


def best_linear_unbiased(values: ArrayLike, ranks: ArrayLike, n: float) -> NormalFit:
    """Location and scale by generalised least squares on order statistics of a normal sample.

    Lloyd's estimator (DOI 10.1093/biomet/39.1-2.88), as used for summaries of trials by Yang 2022
    (DOI 10.1080/02664763.2021.1967890), with exact moments.
    """
    y = np.asarray(values, dtype=np.float64)
    means, covariance = normal_order_moments(ranks, n)
    design = np.column_stack([np.ones_like(means), means])
    weighted = np.linalg.solve(covariance, design)
    spread = np.linalg.inv(design.T @ weighted)
    location, scale = spread @ (weighted.T @ y)
    return NormalFit(float(location), float(scale), float(scale * math.sqrt(spread[0, 0])))


def normal_log_likelihood(
    values: Array, ranks: Array, n: float, location: float, scale: float
) -> float:
    """Log-likelihood of order statistics of a normal sample, without the constant.

    The values between two known ones count by the probability between them. `−inf` where two
    values coincide though other people's values stand between them.
    """
    z = (values - location) / scale
    with np.errstate(divide="ignore"):
        gaps = _log_gaps(z)
    counts = _between(ranks, n)
    known = counts > 0
    return float(-values.size * math.log(scale) - 0.5 * (z @ z) + counts[known] @ gaps[known])


def fit_normal(values: ArrayLike, ranks: ArrayLike, n: float) -> NormalFit:
    """Maximum-likelihood location and scale from order statistics of a normal sample.

    In 1/scale and location/scale the log-likelihood is concave (Burridge 1981), so damped Newton
    steps from the least-squares line reach the one maximum. Raises `ValueError` where all
    values coincide or two coincide that have others between them.
    """
    y, r = np.asarray(values, dtype=np.float64), np.asarray(ranks, dtype=np.float64)
    centre, unit = float(np.mean(y)), float(np.ptp(y))
    if not unit > 0 or np.any((np.diff(y) <= 0) & (np.diff(r) > 1)):
        raise ValueError("coinciding values have no normal density between them")
    x, counts = (y - centre) / unit, _between(r, n)
    p = (r - 0.375) / (n + 0.25)
    z0 = np.asarray(ndtri_exp(np.log(p)))
    a = float(np.ptp(z0))
    theta = np.array([a, a * float(np.mean(x)) - float(np.mean(z0))])
    value, gradient, hessian = _concave(theta, x, counts)
    for _ in range(200):
        step = np.linalg.solve(hessian, -gradient)
        decrement = float(gradient @ step)
        if decrement <= 1e-26 * max(1.0, abs(value)):
            break
        size = 1.0
        while size > 1e-12:
            trial = theta + size * step
            if trial[0] > 0:
                new = _concave(trial, x, counts)
                if new[0] >= value + 1e-4 * size * decrement or decrement < 1e-13:
                    break
            size /= 2
        else:
            break
        theta, (value, gradient, hessian) = trial, new
    if decrement > 1e-10 * max(1.0, abs(value)):
        raise ArithmeticError("the likelihood of the order statistics could not be maximised")
    scale = unit / float(theta[0])
    location = centre + float(theta[1]) * scale
    # Curvature in (location, scale) at the maximum, through d(a, b)/d(location, scale).
    jacobian = np.array([[0.0, -(unit / scale**2)], [1 / scale, -(location - centre) / scale**2]])
    information = jacobian.T @ -hessian @ jacobian
    return NormalFit(location, scale, math.sqrt(float(np.linalg.inv(information)[0, 0])))


def _between(ranks: Array, n: float) -> Array:
    """How many people's values lie below, between and above the known ones."""
    inner = np.diff(ranks) - 1
    return np.asarray(np.maximum(np.concatenate([[ranks[0] - 1], inner, [n - ranks[-1]]]), 0.0))


def _log_gaps(z: Array) -> Array:
    """Log-probabilities of the intervals that `z` cut the normal line into."""
    low = np.concatenate([[-np.inf], z])
    high = np.concatenate([z, [np.inf]])
    # In the tail nearer to the interval the difference keeps its digits.
    flip = low > 0
    near, far = np.where(flip, -high, low), np.where(flip, -low, high)
    log_far, log_near = log_ndtr(far), log_ndtr(near)
    return np.asarray(log_far + np.log1p(-np.exp(np.minimum(log_near - log_far, 0.0))))


def _concave(theta: Array, x: Array, counts: Array) -> tuple[float, Array, Array]:
    """Log-likelihood in a = 1/scale, b = location/scale with gradient and Hessian."""
    a, b = float(theta[0]), float(theta[1])
    z = a * x - b
    gaps = _log_gaps(z)
    known = counts > 0
    value = x.size * math.log(a) - 0.5 * float(z @ z) + float(counts[known] @ gaps[known])
    density = np.exp(-0.5 * z**2) / math.sqrt(2 * math.pi)
    rows = np.column_stack([x, -np.ones_like(x)])  # derivative of z by (a, b)
    gradient = np.array([x.size / a, 0.0]) - rows.T @ z
    hessian = -rows.T @ rows
    hessian[0, 0] -= x.size / a**2
    for k, count in enumerate(counts):
        if count <= 0:
            continue
        mass = math.exp(float(gaps[k]))
        first, second = np.zeros(2), np.zeros((2, 2))
        for sign, at in ((1.0, k), (-1.0, k - 1)):
            if 0 <= at < x.size:
                pull = sign * density[at] / mass
                first += pull * rows[at]
                second -= pull * z[at] * np.outer(rows[at], rows[at])
        gradient = gradient + count * first
        hessian = hessian + count * (second - np.outer(first, first))
    return value, gradient, hessian


def _beta_nodes(a: float, b: float) -> tuple[Array, Array, Array]:
    """Log u, log(1 − u) and weights of a trapezoid rule for the Beta(a, b) distribution."""
    mode = math.log(a / b)
    sd = math.sqrt(1 / a + 1 / b)
    step = min(sd, 1.5) / _STEPS_PER_SD
    below, above = 9 * sd + _TAIL / a, 9 * sd + _TAIL / b
    logit = mode + step * np.arange(-math.ceil(below / step), math.ceil(above / step) + 1)
    log_u, log_v = -np.logaddexp(0.0, -logit), -np.logaddexp(0.0, logit)
    weight = np.exp(a * log_u + b * log_v - float(betaln(a, b)))
    keep = weight > 1e-30
    weight = weight[keep]
    return log_u[keep], log_v[keep], weight / weight.sum()


def _normal_quantile(log_u: Array, log_v: Array) -> Array:
    """Normal quantile of u from its logarithm or that of 1 − u, whichever is small."""
    lower = np.asarray(ndtri_exp(np.minimum(log_u, _LOG_HALF)))
    upper = -np.asarray(ndtri_exp(np.minimum(log_v, _LOG_HALF)))
    return np.asarray(np.where(log_u < _LOG_HALF, lower, upper))
