"""Newton's method for a maximum inside a box, damped where the curvature is wrong."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Derivatives = Callable[[FloatArray], tuple[float, FloatArray, FloatArray] | None]

_ROUNDS = 300
_NO_MORE_GAIN = 1e-20
_SMALL_GAIN = 1e-11
_MOST_DAMPING = 1e12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Peak:
    """Where the climb ended.

    `x`, `value`, `gradient` and `hessian` belong together. `at_lower` and `at_upper` say which
    coordinates stand at an end of the box that the function pushes against. `converged` is true
    where Newton's method predicts no further gain and the curvature is that of a maximum (or of a
    plateau) in all other coordinates.
    """

    x: FloatArray
    value: float
    gradient: FloatArray
    hessian: FloatArray
    at_lower: NDArray[np.bool_]
    at_upper: NDArray[np.bool_]
    converged: bool


def climb(f: Derivatives, start: FloatArray, lower: FloatArray, upper: FloatArray) -> Peak | None:
    """Climb from `start` to a local maximum between `lower` and `upper` (which may be infinite).

    `f` gives value, gradient and Hessian, or `None` where the function is −∞; `None` comes back if
    it is at the start. Coordinates at an end of the box are held there as long as the gradient
    points outwards (DOI 10.1137/0320018); the step in the others is damped until it gains.
    """
    x = np.clip(start, lower, upper)
    now = f(x)
    if now is None:
        return None
    damping = 1e-3
    for _ in range(_ROUNDS):
        value, gradient, hessian = now
        at_lower, at_upper = (x <= lower) & (gradient < 0), (x >= upper) & (gradient > 0)
        free = ~(at_lower | at_upper)
        expected = _expected_gain(gradient[free], hessian[np.ix_(free, free)])
        if expected is not None and expected <= _NO_MORE_GAIN:
            return _peak(x, now, at_lower, at_upper, True)
        moved = None
        while damping < _MOST_DAMPING:
            step = _damped_step(gradient[free], hessian[np.ix_(free, free)], damping)
            if step is not None:
                trial = x.copy()
                trial[free] += step
                trial = np.clip(trial, lower, upper)
                there = f(trial)
                # Near the peak the gain drowns in rounding; the step is still the better guess.
                slack = 4e-16 * abs(value) if (expected or 1.0) < _SMALL_GAIN else 0.0
                if there is not None and there[0] >= value - slack and not (trial == x).all():
                    moved = (trial, there)
                    break
            damping = max(4 * damping, 1e-8)
        if moved is None:
            done = expected is not None and expected < _SMALL_GAIN
            return _peak(x, now, at_lower, at_upper, done)
        x, now = moved
        damping = damping / 10 if damping > 1e-12 else 0.0
    value, gradient, hessian = now
    at_lower, at_upper = (x <= lower) & (gradient < 0), (x >= upper) & (gradient > 0)
    free = ~(at_lower | at_upper)
    expected = _expected_gain(gradient[free], hessian[np.ix_(free, free)])
    done = expected is not None and expected < _SMALL_GAIN
    return _peak(x, now, at_lower, at_upper, done)


def _peak(
    x: FloatArray,
    now: tuple[float, FloatArray, FloatArray],
    at_lower: NDArray[np.bool_],
    at_upper: NDArray[np.bool_],
    converged: bool,
) -> Peak:
    value, gradient, hessian = now
    return Peak(
        x=x,
        value=value,
        gradient=gradient,
        hessian=hessian,
        at_lower=at_lower,
        at_upper=at_upper,
        converged=converged,
    )


def _expected_gain(gradient: FloatArray, hessian: FloatArray) -> float | None:
    """Twice the gain of a full Newton step; `None` where the curvature is not a maximum's."""
    if len(gradient) == 0:
        return 0.0
    scale = np.sqrt(np.maximum(np.abs(np.diag(hessian)), 1e-300))
    flat = (np.abs(gradient) < 1e-10) & (scale < 1e-7)
    if flat.all():
        return 0.0
    keep = ~flat
    scaled = -hessian[np.ix_(keep, keep)] / np.outer(scale[keep], scale[keep])
    values, vectors = np.linalg.eigh(scaled)
    if values[0] <= 1e-13:
        return None
    along = vectors.T @ (gradient[keep] / scale[keep])
    return float((along**2 / values).sum())


def _damped_step(gradient: FloatArray, hessian: FloatArray, damping: float) -> FloatArray | None:
    scale = np.sqrt(np.maximum(np.abs(np.diag(hessian)), 1e-12))
    matrix = -hessian / np.outer(scale, scale)
    matrix[np.diag_indices_from(matrix)] += damping
    try:
        factor = np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return None
    half = np.linalg.solve(factor, gradient / scale)
    step = np.asarray(np.linalg.solve(factor.T, half) / scale)
    return step if math.isfinite(float(np.abs(step).sum())) else None
