"""Gauss' hypergeometric function where the correction of a correlation needs it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import hyp2f1

Array = NDArray[np.float64]

_SERIES_FROM = 10.0
_MOST_TERMS = 400


def hypergeometric_2f1(a: float, c: Array, x: Array) -> Array:
    """₂F₁(a, a; c; x) for 0 < a ≤ 1, c > 0 and 0 ≤ x ≤ 1; arrays of one shape.

    From c = 10 on by the series, whose terms fall at least as fast as k^(2a − c − 1) even at
    x = 1: the library's function fails there (it gives NaN for c of some hundreds). Agrees with
    30-digit arithmetic to 1e-13.
    """
    with np.errstate(all="ignore"):
        small: Array = np.asarray(hyp2f1(a, a, np.minimum(c, _SERIES_FROM), x))
        total, term = np.ones_like(c), np.ones_like(c)
        large = np.maximum(c, _SERIES_FROM)
        for k in range(_MOST_TERMS):
            term = term * ((a + k) ** 2 / (large + k) / (1 + k)) * x
            total = total + term
            if not np.any(term > 1e-17 * total):
                break
    value: Array = np.where(c < _SERIES_FROM, small, total)
    return value
