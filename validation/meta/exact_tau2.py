"""The equation that a τ² solves, in forty digits: which of two values is the looser one."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
from numpy.typing import NDArray

_DIGITS = 40


def shows_looser(
    yi: NDArray[np.float64], vi: NDArray[np.float64], method: str, *, ours: float, theirs: float
) -> str | None:
    """Say so if `theirs` misses the defining equation of `method` by more than `ours`."""
    with mpmath.workdps(_DIGITS):
        y, v = [mpmath.mpf(float(x)) for x in yi], [mpmath.mpf(float(x)) for x in vi]
        misses = [_miss(y, v, method, mpmath.mpf(t)) for t in (ours, theirs)]
        if misses[0] < misses[1]:
            return (
                f"metafor stops before τ² ({method}) solves its equation; in {_DIGITS} digits ours "
                "misses it by less."
            )
    return None


def typical_variance(vi: NDArray[np.float64]) -> float:
    """Higgins and Thompson's, the size that a τ² is measured against."""
    with mpmath.workdps(_DIGITS):
        w = [1 / mpmath.mpf(float(x)) for x in vi]
        total = mpmath.fsum(w)
        rest = total**2 - mpmath.fsum(a * a for a in w)
        return float((len(w) - 1) * total / rest)


def _miss(y: list[Any], v: list[Any], method: str, tau2: Any) -> Any:
    """Distance from the root in first order; none at zero if the equation has its root below."""
    w = [1 / (x + tau2) for x in v]
    total = mpmath.fsum(w)
    mean = mpmath.fdot(w, y) / total
    q = mpmath.fsum(a * (b - mean) ** 2 for a, b in zip(w, y, strict=True))
    e2 = mpmath.fsum((a * (b - mean)) ** 2 for a, b in zip(w, y, strict=True))
    squares = mpmath.fsum(a * a for a in w)
    if method in ("REML", "ML"):
        value = e2 - (total - squares / total if method == "REML" else total)
    else:
        target = len(y) - 1
        if method == "PMM":
            target = 2 * mpmath.findroot(
                lambda x: (
                    mpmath.gammainc((len(y) - 1) / mpmath.mpf(2), 0, x, regularized=True)
                    - mpmath.mpf(1) / 2
                ),
                (len(y) - 1) / 2.0,
            )
        value = q - target
    return mpmath.mpf(0) if tau2 == 0 and value <= 0 else abs(value)
