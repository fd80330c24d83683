"""Two standard normal variables with a correlation: their density and their joint tail."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, owens_t

Array = NDArray[np.float64]


def bivariate_normal_density(h: Array, k: Array, r: Array) -> Array:
    """Density at (h, k) of two standard normals with correlation r, |r| < 1."""
    s2 = (1 - r) * (1 + r)
    density: Array = np.exp(-((h - k) ** 2 + 2 * (1 - r) * h * k) / (2 * s2)) / (
        2 * np.pi * np.sqrt(s2)
    )
    return density


def bivariate_normal_cdf(h: Array, k: Array, r: Array) -> Array:
    """P(X ≤ h, Y ≤ k) of two standard normals with correlation r, |r| < 1.

    By Owen's T function (DOI 10.1214/aoms/1177728074), with an absolute error near 1e-16.
    """
    s = np.sqrt((1 - r) * (1 + r))
    with np.errstate(all="ignore"):
        at_h = _owen(h, (k - r * h) / (h * s), k)
        at_k = _owen(k, (h - r * k) / (k * s), h)
        opposite = np.where((h * k < 0) | ((h * k == 0) & (h + k < 0)), 0.5, 0.0)
        general = (ndtr(h) + ndtr(k)) / 2 - at_h - at_k - opposite
        origin = 0.25 + np.arcsin(r) / (2 * np.pi)
    cdf: Array = np.where((h == 0) & (k == 0), origin, general)
    return cdf


def _owen(x: Array, slope: Array, other: Array) -> Array:
    """Owen's T; at x = 0, where the slope is infinite, its limit with the sign of `other`."""
    at_zero = np.sign(other) / 4
    value: Array = np.where(x == 0, at_zero, owens_t(x, np.where(x == 0, 0.0, slope)))
    return value


def tetrachoric_correlation(a: Array, b: Array, c: Array, d: Array) -> tuple[Array, Array]:
    """Correlation behind 2×2 tables cut from two normals, and its sampling variance.

    The maximum of the likelihood of (a, b, c, d), all positive: the correlation at which the two
    normals, cut where the margins say, fall into the first cell as often as was seen. The
    variance is that of a multinomial table, cuts estimated too (Pearson 1900,
    DOI 10.1098/rsta.1900.0022). With an empty cell the likelihood rises all the way to ±1: the
    correlation is that end and no variance exists (NaN). NaN also where a margin is empty.
    Arrays of one shape; solved by bracketed Newton steps to machine precision.
    """
    with np.errstate(all="ignore"):
        n = a + b + c + d
        h, k, wanted = ndtri((a + b) / n), ndtri((a + c) / n), a / n
        r = _solve(h, k, wanted)
        density = bivariate_normal_density(h, k, r)
        s = np.sqrt((1 - r) * (1 + r))
        by_row, by_column = ndtr((k - r * h) / s), ndtr((h - r * k) / s)
        weights = (1 - by_row - by_column, -by_row, -by_column)
        shares = (a / n, b / n, c / n)
        mean = sum(w * p for w, p in zip(weights, shares, strict=True))
        square = sum(w * w * p for w, p in zip(weights, shares, strict=True))
        variance = (square - mean**2) / (n * density**2)
    empty = (np.minimum(a, d) == 0).astype(np.intp), (np.minimum(b, c) == 0).astype(np.intp)
    at_end = np.where(empty[0] & empty[1], np.sign(a * d - b * c), empty[1] - empty[0])
    no_margin = ((a + b) * (c + d) * (a + c) * (b + d)) == 0
    boundary = (empty[0] + empty[1]) > 0
    r = np.where(no_margin, np.nan, np.where(boundary, at_end, r))
    return r, np.where(boundary | no_margin, np.nan, variance)


def _solve(h: Array, k: Array, wanted: Array) -> Array:
    """The r with P(X ≤ h, Y ≤ k) = wanted, by Newton in the angle, bisecting where it leaves."""
    low = np.full_like(h, -np.pi / 2)
    high = np.full_like(h, np.pi / 2)
    angle = np.zeros_like(h)
    for _ in range(100):
        r = np.sin(angle)
        miss = bivariate_normal_cdf(h, k, r) - wanted
        low, high = np.where(miss < 0, angle, low), np.where(miss > 0, angle, high)
        slope = bivariate_normal_density(h, k, r) * np.cos(angle)
        step = angle - miss / slope
        inside = (step > low) & (step < high)
        following = np.where(inside, step, (low + high) / 2)
        following = np.where(miss == 0, angle, following)
        settled = np.abs(following - angle) <= 4 * np.finfo(np.float64).eps
        angle = following
        if np.all(settled | ~np.isfinite(miss)):
            break
    return np.asarray(np.sin(angle))
