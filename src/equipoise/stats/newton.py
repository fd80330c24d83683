"""The top of a smooth function of a few variables, to the last digits."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

Smooth = Callable[[FloatArray], tuple[float, FloatArray, FloatArray]]
"""Value, gradient and Hessian at a point; a value of minus infinity where the function has none."""

_EPS = 2.0**-52
_LARGEST_STEP = 4.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Peak:
    """Where climbing ended; `settled` says that no further step could change it."""

    at: FloatArray
    value: float
    gradient: FloatArray
    hessian: FloatArray
    settled: bool


def climb(f: Smooth, start: FloatArray, *, radius: float = 0.5, rounds: int = 200) -> Peak:
    """Local maximum of `f` uphill of `start`: Newton's method in a trust region.

    Each step is the exact maximum of the quadratic model within a ball (Moré and Sorensen,
    DOI 10.1137/0904038), so saddles repel and a Hessian of any signature is welcome. Close to the
    top, where rounding hides the rise of the value, a step counts if it shrinks the gradient.
    Variables should be of the order of one. Ends when no step helps; then `settled` is true.
    """
    x = np.array(start, dtype=np.float64)
    value, g, H = f(x)
    for _ in range(rounds):
        step, rise = _model_step(g, H, radius)
        noise = 64 * _EPS * (1 + abs(value))
        if rise <= 0 or not math.isfinite(rise):
            return Peak(at=x, value=value, gradient=g, hessian=H, settled=rise == 0)
        trial = x + step
        new_value, new_g, new_H = f(trial)
        gain = new_value - value
        if rise > noise:
            better = gain > 0.05 * rise
        else:
            better = gain > -noise and float(new_g @ new_g) < 0.5 * float(g @ g)
            if not better:
                return Peak(at=x, value=value, gradient=g, hessian=H, settled=True)
        length = float(np.linalg.norm(step))
        if better:
            if gain > 0.75 * rise and length > 0.9 * radius:
                radius = min(2 * radius, _LARGEST_STEP)
            x, value, g, H = trial, new_value, new_g, new_H
        else:
            radius = 0.25 * length
            if radius < _EPS * (1 + float(np.linalg.norm(x))):
                return Peak(at=x, value=value, gradient=g, hessian=H, settled=True)
    return Peak(at=x, value=value, gradient=g, hessian=H, settled=False)


def _model_step(g: FloatArray, H: FloatArray, radius: float) -> tuple[FloatArray, float]:
    """Maximise g's + s'Hs/2 over |s| ≤ radius; the step and the rise that it promises."""
    if len(g) == 0:
        return g, 0.0
    values, vectors = np.linalg.eigh(-H)
    along = vectors.T @ g

    def steps(shift: float) -> FloatArray:
        return along / (values + shift)

    floor = max(0.0, -float(values[0]))
    tiny = _EPS * max(1.0, float(np.abs(values).max()))
    if values[0] > tiny and float(np.linalg.norm(steps(0.0))) <= radius:
        s = steps(0.0)
    else:
        low = floor + tiny
        if float(np.linalg.norm(steps(low))) <= radius:
            # The hard case: the gradient has no part along the steepest curvature.
            s = steps(low)
            s[0] = math.copysign(
                math.sqrt(max(0.0, radius**2 - float(s[1:] @ s[1:]))), float(along[0])
            )
        else:
            high = floor + tiny + float(np.linalg.norm(along)) / radius
            for _ in range(100):
                middle = 0.5 * (low + high)
                if float(np.linalg.norm(steps(middle))) > radius:
                    low = middle
                else:
                    high = middle
                if high - low <= 1e-3 * (high - floor):
                    break
            s = steps(high)
    return vectors @ s, float(along @ s - 0.5 * (values * s) @ s)
