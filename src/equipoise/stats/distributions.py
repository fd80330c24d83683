"""Tails and quantiles of the normal, t, chi-square and F distributions.

Thin names over `scipy.special`; importing `scipy.stats` would cost more than a whole appraisal.
Two-sided statements go through the lower tail, so tiny p-values keep their digits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, chdtri, fdtrc, ndtr, ndtri, stdtr, stdtrit


def two_sided_quantile(alpha: float, df: float | None = None) -> float:
    """Find the x > 0 with P(|X| ≥ x) = alpha; X is normal, or t with `df` degrees of freedom."""
    if df is None:
        return -float(ndtri(alpha / 2))
    return -float(stdtrit(df, alpha / 2))


def critical_value(level: float, df: float | None = None) -> float:
    """Half-width of a two-sided interval of coverage `level`, in standard errors."""
    return two_sided_quantile(1 - level, df)


def two_sided_p(statistic: float, df: float | None = None) -> float:
    """P(|X| ≥ |statistic|); X is normal, or t with `df` degrees of freedom."""
    if df is None:
        return 2 * float(ndtr(-abs(statistic)))
    return 2 * float(stdtr(df, -abs(statistic)))


def chi_square_upper_tail(x: float, df: float) -> float:
    """P(X ≥ x) for a chi-square X with `df` degrees of freedom."""
    return float(chdtrc(df, x))


def chi_square_quantile(p: float, df: float) -> float:
    """Find the x with P(X ≤ x) = p for a chi-square X with `df` degrees of freedom."""
    return float(chdtri(df, 1 - p))


def f_upper_tail(x: float, df1: float, df2: float) -> float:
    """P(X ≥ x) for an F variable X with `df1` and `df2` degrees of freedom."""
    return float(fdtrc(df1, df2, x))


def two_sided_quantiles(alpha: float, df: ArrayLike) -> NDArray[np.float64]:
    """`two_sided_quantile` for many degrees of freedom, infinite for the normal distribution."""
    # Few values recur often, and the quantile of t is costly.
    values, which = np.unique(np.asarray(df, dtype=np.float64), return_inverse=True)
    finite = np.isfinite(values)
    quantiles = np.full(values.shape, two_sided_quantile(alpha))
    quantiles[finite] = -stdtrit(values[finite], alpha / 2)
    return np.asarray(quantiles[which.ravel()])


def two_sided_ps(statistics: NDArray[np.float64], df: NDArray[np.float64]) -> NDArray[np.float64]:
    """`two_sided_p` for many statistics; `df` infinite for the normal distribution."""
    tails = -np.abs(statistics)
    normal = np.isinf(df)
    if normal.all():
        return np.asarray(2 * ndtr(tails))
    finite = np.where(normal, 1.0, df)
    return np.asarray(2 * np.where(normal, ndtr(tails), stdtr(finite, tails)))


def chi_square_upper_tails(x: NDArray[np.float64], df: NDArray[np.float64]) -> NDArray[np.float64]:
    """`chi_square_upper_tail` for many values."""
    return np.asarray(chdtrc(df, x))


def chi_square_quantiles(p: float, df: NDArray[np.float64]) -> NDArray[np.float64]:
    """`chi_square_quantile` for many degrees of freedom."""
    values, which = np.unique(df, return_inverse=True)
    return np.asarray(chdtri(values, 1 - p)[which.ravel()])
