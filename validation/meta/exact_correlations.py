"""Olkin and Pratt's correlation from its definition, in 30 digits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from mpmath import mp, mpf
from numpy.typing import NDArray

from equipoise.evidence.effects.measures import EffectArrays
from validation.agreement import Arbiter

_EXACT = (
    "In 30-digit arithmetic Olkin and Pratt's correlation and its variance are ours to twelve "
    "digits in every row; the reference's hypergeometric function is off in a few."
)


def arbiters_for_unbiased(
    inputs: Mapping[str, NDArray[np.float64]], ours: EffectArrays
) -> tuple[Arbiter, Arbiter]:
    """Arbiters for the correlations and for their large-sample variances."""

    def agree(values: NDArray[np.float64], *, variance: bool) -> str | None:
        with mp.workdps(30):
            for r, n, value in zip(inputs["ri"], inputs["ni"], values, strict=True):
                if not np.isfinite(value):
                    continue
                u = _unbiased(mpf(float(r)), mpf(float(n)))
                exact = (1 - u * u) ** 2 / (n - 1) if variance else u
                if abs(value - exact) > 1e-12 * abs(exact):
                    return None
        return _EXACT

    return lambda: agree(ours.yi, variance=False), lambda: agree(ours.vi, variance=True)


def _unbiased(r: Any, n: Any) -> Any:
    half = mpf(1) / 2
    return r * mp.hyp2f1(half, half, (n - 2) / 2, 1 - r * r)
