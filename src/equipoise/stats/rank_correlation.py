"""Kendall's rank correlation with its exact distribution."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from equipoise.stats.distributions import two_sided_p

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class RankCorrelation:
    """Kendall's tau-b with a two-sided p-value; `exact` says whether it is the exact one."""

    tau: float
    p: float
    exact: bool


def kendall(x: FloatArray, y: FloatArray, *, exact: bool) -> RankCorrelation:
    """Correlate the ranks of `x` and `y`, two arrays of at least two numbers, neither constant.

    Exact p-values (DOI 10.2307/2332226) exist without ties; with ties the normal approximation
    uses the variance corrected for them (Kendall 1970, chapter 4). tau is zero and p one where an
    array is constant.
    """
    n = len(x)
    sx, sy = np.sign(x[:, None] - x), np.sign(y[:, None] - y)
    score = float((sx * sy).sum()) / 2
    ties_x, ties_y = _tie_counts(x), _tie_counts(y)
    pairs = n * (n - 1) / 2
    untied_x = pairs - float((ties_x * (ties_x - 1)).sum()) / 2
    untied_y = pairs - float((ties_y * (ties_y - 1)).sum()) / 2
    if untied_x == 0 or untied_y == 0:
        return RankCorrelation(tau=0.0, p=1.0, exact=False)
    tau = score / math.sqrt(untied_x * untied_y)
    if exact and untied_x == pairs and untied_y == pairs:
        return RankCorrelation(tau=tau, p=_exact_p(round((score + pairs) / 2), n), exact=True)
    variance = (
        n * (n - 1) * (2 * n + 5)
        - float((ties_x * (ties_x - 1) * (2 * ties_x + 5)).sum())
        - float((ties_y * (ties_y - 1) * (2 * ties_y + 5)).sum())
    ) / 18
    variance += 2 * (pairs - untied_x) * (pairs - untied_y) / (n * (n - 1))
    if n > 2:
        thrice_x = float((ties_x * (ties_x - 1) * (ties_x - 2)).sum())
        thrice_y = float((ties_y * (ties_y - 1) * (ties_y - 2)).sum())
        variance += thrice_x * thrice_y / (9 * n * (n - 1) * (n - 2))
    return RankCorrelation(tau=tau, p=two_sided_p(score / math.sqrt(variance)), exact=False)


def _tie_counts(x: FloatArray) -> FloatArray:
    return np.unique(x, return_counts=True)[1].astype(np.float64)


def _exact_p(concordant: int, n: int) -> float:
    """Two-sided p of a number of concordant pairs among permutations of n without ties."""
    chances = np.ones(1)
    for m in range(2, n + 1):
        # The m-th item makes 0 … m − 1 concordant pairs, all equally likely.
        chances = np.convolve(chances, np.full(m, 1 / m))
    # Symmetric, and summed on the side of the small tail.
    tail = min(concordant, len(chances) - 1 - concordant)
    return min(1.0, 2 * math.fsum(chances[: tail + 1].tolist()))
