"""What every method here asks of its studies, and what every one of them says about few."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from equipoise.errors import EvidenceError

FloatArray = NDArray[np.float64]

FEW = 10
"""Below this many studies a test of asymmetry has too little power to tell (Cochrane Handbook,
chapter 13, DOI 10.1002/9781119536604.ch13)."""

_WIDEST = 1e100
"""Ratios beyond this are typing errors, and their squares leave the range of numbers."""

ASYMMETRY_CAVEAT = (
    "An asymmetric funnel can come from selective publication, but also from true differences "
    "between small and large studies, from poor small studies, from the outcome measure itself or "
    "from chance; a symmetric one does not show that nothing is missing."
)


def require_studies(
    yi: Sequence[float] | FloatArray,
    vi: Sequence[float] | FloatArray,
    *,
    at_least: int,
    what: str,
) -> tuple[FloatArray, FloatArray]:
    """Estimates and variances as arrays, or the reason why `what` cannot be had from them."""
    y, v = np.asarray(yi, dtype=np.float64), np.asarray(vi, dtype=np.float64)
    if y.ndim != 1 or y.shape != v.shape:
        raise EvidenceError("Each estimate needs exactly one variance.")
    if not (np.isfinite(y).all() and np.isfinite(v).all() and (v > 0).all()):
        raise EvidenceError("Estimates must be finite and variances positive and finite.")
    if len(v) and not (v.max() / _WIDEST < v.min() and np.abs(y).max() / _WIDEST < v.min() ** 0.5):
        raise EvidenceError(
            "The estimates or their variances lie too many orders of magnitude apart for any "
            "number to be computed. Look for a misprint."
        )
    if len(y) < at_least:
        words = {1: "one study", 2: "two studies", 3: "three studies"}
        raise EvidenceError(
            f"{what} needs at least {words.get(at_least, f'{at_least} studies')}, not {len(y)}."
        )
    return y, v


def few_studies(k: int) -> str:
    """A sentence to add to a caveat where there are few studies; empty otherwise."""
    if k >= FEW:
        return ""
    return f" With {k} studies (fewer than {FEW}) there is too little power to tell."
