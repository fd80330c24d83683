"""Hedges' small-sample factor, to the last digits at every number of degrees of freedom."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

_SERIES_FROM = 60.0
# Γ(z + 1/2) / Γ(z) = √z (1 + Σ cₖ z⁻ᵏ); DLMF 5.11.13.
_SERIES = (
    -1 / 8,
    1 / 128,
    5 / 1024,
    -21 / 32768,
    -399 / 262144,
    869 / 4194304,
    39325 / 33554432,
)


def small_sample_factor(df: ArrayLike) -> NDArray[np.float64]:
    """J = Γ(df/2) / (√(df/2) Γ((df − 1)/2)), which makes a standardised difference unbiased.

    Hedges 1981, DOI 10.3102/10769986006002107; an array of the shape of `df`, NaN at df ≤ 1. From
    sixty degrees of freedom on by a series, because the difference of two logarithms of Γ loses a
    digit for every tenfold df.
    """
    m = np.asarray(df, dtype=np.float64)
    with np.errstate(all="ignore"):
        z = (m - 1) / 2
        series = np.ones_like(z)
        for power, coefficient in enumerate(_SERIES, start=1):
            series = series + coefficient / z**power
        factor = np.where(
            m >= _SERIES_FROM,
            np.sqrt((m - 1) / m) * series,
            np.exp(gammaln(m / 2) - 0.5 * np.log(m / 2) - gammaln((m - 1) / 2)),
        )
    result: NDArray[np.float64] = np.where(m > 1, factor, np.nan)
    return result
