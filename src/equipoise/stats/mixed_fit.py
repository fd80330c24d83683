"""The highest peak of a mixed model's likelihood: scanned over all scales, climbed to the top."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from equipoise.stats.mixed_model import MixedModel

FloatArray = NDArray[np.float64]
Mask = NDArray[np.bool_]

MOST_POINTS = 100
_SCAN_POINTS = 7
_LARGEST_SIGMA = 60.0
_NO_SIGMA = 1e-3
_SAME_HEIGHT = 1e-11
_ROUGH = ((1.0, 1 / 2),)
_FINE = ((1.0, 8 / 12), (2.0, -1 / 12))


class NoMaximumError(ArithmeticError):
    """The likelihood has no maximum at finite parameters, or it could not be reached."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MixedFit:
    """Maximum of the likelihood that `points` nodes on each axis give.

    `psi` holds β and σ (never negative), `alpha` the groups' own parameters if there are any.
    `information` is minus the second derivative in the parameters marked in `free`, with α
    maximised out; a standard deviation at zero is not free. `slope` is what is left of the
    gradient, per standard error.
    """

    psi: FloatArray
    alpha: FloatArray | None
    free: Mask
    log_likelihood: float
    information: FloatArray
    slope: float
    points: int

    @property
    def covariance(self) -> FloatArray:
        """Inverse of the information."""
        return np.asarray(np.linalg.inv(self.information), dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class _Point:
    """Where a search stands: parameters, likelihood, its gradient in ψ, and the modes of u."""

    psi: FloatArray
    alpha: FloatArray | None
    value: float
    gradient: FloatArray
    mode: FloatArray | None = None


def maximise(model: MixedModel, points: int, *, without_last: bool = False) -> MixedFit:
    """Fit by maximum likelihood; `without_last` holds the last standard deviation at zero.

    The last standard deviation is scanned over all scales of the problem, all else adapted; every
    peak of the scan, and zero, is climbed by Newton's method on the exact gradient, and the
    likelihood decides. Raises `NoMaximumError` if the likelihood rises without end.
    """
    psi = np.concatenate([model.start, np.full(model.d, 0.5)])
    psi[-1] = 0.0
    free = np.ones(model.p + model.d, dtype=bool)
    free[-1] = False
    best, best_free = _climb(model, psi, model.own_start, free, points), free
    if not without_last:
        everything = np.ones_like(free)
        for psi, alpha in _peaks(model, best):
            found = _climb(model, psi, alpha, everything, points)
            if found.psi[-1] != 0 and found.value > best.value + _SAME_HEIGHT:
                best, best_free = found, everything
    return _described(model, best, best_free, points)


def highest_at(
    model: MixedModel, psi: FloatArray, free: Mask, points: int, alpha: FloatArray | None = None
) -> float:
    """Log-likelihood at ψ with α and the parameters marked in `free` at their best."""
    own = model.own_start if alpha is None else alpha
    if not free.any():
        return _profile(model, psi, own, points).value
    return _climb(model, psi, own, free, points).value


def group_information(model: MixedModel, fit: MixedFit) -> tuple[FloatArray, FloatArray]:
    """Groups' own parameters α and their joint information (k, k), all of ψ maximised out.

    α_i meets α_j only through ψ, so the information is D − C G⁻¹ Cᵀ with D diagonal.
    """
    if fit.alpha is None:
        raise ValueError("the groups have no parameters of their own")
    size = model.p + model.d
    alpha = fit.alpha

    def gradient(psi: FloatArray, alpha: FloatArray) -> FloatArray:
        return model.marginal(psi, alpha, fit.points).gradient

    rough = model.marginal(fit.psi, alpha, _SCAN_POINTS).information
    width = 0.02 / np.sqrt(np.maximum(rough[:, size, size], 1e-4))
    d = np.zeros(len(alpha))
    for reach, weight in _FINE:
        rise = gradient(fit.psi, alpha + reach * width) - gradient(fit.psi, alpha - reach * width)
        d -= weight * rise[:, size] / width
    columns = np.flatnonzero(fit.free)
    c = np.zeros((len(alpha), len(columns)))
    g = np.zeros((len(columns), len(columns)))
    for column, j in enumerate(columns.tolist()):
        step = np.zeros(size)
        step[j] = 0.02 / np.sqrt(max(abs(float(rough[:, j, j].sum())), 1e-4))
        for reach, weight in _FINE:
            rise = gradient(fit.psi + reach * step, alpha) - gradient(fit.psi - reach * step, alpha)
            c[:, column] -= weight * rise[:, size] / step[j]
            g[:, column] -= weight * rise[:, columns].sum(axis=0) / step[j]
    return alpha, np.diag(d) - c @ np.linalg.solve((g + g.T) / 2, c.T)


def _described(model: MixedModel, at: _Point, free: Mask, points: int) -> MixedFit:
    free = free.copy()
    # A standard deviation that went to zero by itself: by symmetry nothing leans on it.
    free[model.p :] &= at.psi[model.p :] != 0
    psi = at.psi.copy()
    psi[model.p :] = np.abs(psi[model.p :])
    at = _profile(model, psi, at.alpha, points, at.mode)
    bend = _bend(model, at, free, points, fine=True)
    if not (np.linalg.eigvalsh(bend) > 0).all():
        raise NoMaximumError("the likelihood is flat at its highest point")
    slope = float(np.abs(at.gradient[free] / np.sqrt(np.diag(bend))).max())
    return MixedFit(
        psi=psi,
        alpha=at.alpha,
        free=free,
        log_likelihood=at.value,
        information=bend,
        slope=slope,
        points=points,
    )


def _peaks(model: MixedModel, zero: _Point) -> list[tuple[FloatArray, FloatArray | None]]:
    """Starts near every peak of the profile likelihood of the last standard deviation.

    The scan runs from a third of the smallest standard error of a group's effect upwards in steps
    of at most two, and on for as long as the likelihood rises.
    """
    free = np.ones(model.p + model.d, dtype=bool)
    free[-1] = False
    low = 0.3 * min(float(_precision(model, zero.psi, zero.alpha)[-1]), 1.0)
    grid = np.geomspace(low, 4.0, 2 + int(np.ceil(np.log2(4.0 / low)))).tolist()
    psi, alpha = zero.psi, zero.alpha
    at_zero = model.marginal(psi, alpha, _SCAN_POINTS)
    values = [float(at_zero.value.sum())]
    starts = [(psi, alpha)]
    for sigma in grid:
        psi = psi.copy()
        psi[-1] = sigma
        psi, alpha, value = _settle(model, psi, alpha, free)
        starts.append((psi, alpha))
        values.append(value)
        if sigma == grid[-1] and value > values[-2]:
            if sigma > _LARGEST_SIGMA:
                raise NoMaximumError("the likelihood rises with ever larger differences")
            grid.append(2 * sigma)
    heights = np.array([*values, -np.inf])
    inner = heights[1:-1]
    tops = np.flatnonzero((inner >= heights[:-2]) & (inner > heights[2:])) + 1
    if not tops.size:
        # Zero looks highest; a peak hides below the first step only if the likelihood rises there.
        rise = -at_zero.information[:, len(psi) - 1, len(psi) - 1]
        return [starts[1]] if rise.sum() > 1e-9 * np.abs(rise).sum() else []
    return [starts[t] for t in tops.tolist()]


def _precision(model: MixedModel, psi: FloatArray, alpha: FloatArray | None) -> FloatArray:
    """Standard error of each random effect in the group that tells most about it, (d,)."""
    bend = -model.likelihood.at(model.fixed(psi, alpha)).d2
    strength = np.einsum("km,kmd->kd", bend, model.z**2).max(axis=0)
    return np.asarray(1 / np.sqrt(np.maximum(strength, 1e-300)))


def _settle(
    model: MixedModel, psi: FloatArray, alpha: FloatArray | None, free: Mask
) -> tuple[FloatArray, FloatArray | None, float]:
    """Bring the free parameters and α close to their best, by Newton's method all at once."""
    size = model.p + model.d

    m = model.marginal(psi, alpha, _SCAN_POINTS)
    value = float(m.value.sum())
    for _ in range(50):
        gradient, bend = m.gradient, m.information
        g, h = gradient[:, :size], bend[:, :size, :size]
        if alpha is None:
            own_bend = np.ones(len(g))
            g, h = g.sum(axis=0), h.sum(axis=0)
        else:
            own_bend = np.maximum(bend[:, size, size], 1e-8)
            lean = bend[:, :size, size]
            g = (g - lean * (gradient[:, size] / own_bend)[:, None]).sum(axis=0)
            h = (h - lean[:, :, None] * (lean / own_bend[:, None])[:, None, :]).sum(axis=0)
        step = np.zeros(size)
        step[free] = _uphill(h[np.ix_(free, free)], g[free])
        own_step = None
        if alpha is not None:
            own_step = np.clip((gradient[:, size] - lean @ step) / own_bend, -3, 3)
        share = min(1.0, 3.0 / max(float(np.abs(step).max()), 1e-300))
        for _ in range(40):
            new_psi = psi + share * step
            new_alpha = None if alpha is None or own_step is None else alpha + share * own_step
            m = model.marginal(new_psi, new_alpha, _SCAN_POINTS, m.mode)
            new = float(m.value.sum())
            if new >= value - 1e-9 * (1 + abs(value)):
                break
            share /= 2
        gain = new - value
        psi, alpha, value = new_psi, new_alpha, new
        if abs(gain) <= 1e-7:
            break
    return psi, alpha, value


def _climb(
    model: MixedModel, psi: FloatArray, alpha: FloatArray | None, free: Mask, points: int
) -> _Point:
    """Newton's method on the exact gradient from a start nearby, until a step is rounding.

    A standard deviation that falls below a thousandth of the smallest standard error is zero: the
    likelihood cannot tell them apart (it differs by that ratio's fourth power).
    """
    psi, alpha, _ = _settle(model, psi, alpha, free)
    none = _NO_SIGMA * _precision(model, psi, alpha)
    at = _profile(model, psi, alpha, points)
    for _ in range(100):
        gone = free.copy()
        gone[: model.p] = False
        gone[model.p :] &= np.abs(at.psi[model.p :]) < none
        if gone.any():
            free = free & ~gone
            at = _profile(model, np.where(gone, 0.0, at.psi), at.alpha, points, at.mode)
        bend = _bend(model, at, free, points)
        step = np.zeros(len(psi))
        step[free] = _uphill(bend, at.gradient[free])
        share = min(1.0, 3.0 / max(float(np.abs(step).max()), 1e-300))
        for _ in range(60):
            new = _profile(model, at.psi + share * step, at.alpha, points, at.mode)
            if new.value >= at.value - 1e-12 * (1 + abs(at.value)):
                break
            share /= 2
        at = new
        scale = 1 / np.sqrt(np.maximum(np.abs(np.diag(bend)), 1e-300))
        if (np.abs(share * step[free]) <= 1e-7 * np.minimum(scale, 1 + np.abs(at.psi[free]))).all():
            return at
        if np.abs(at.psi).max() > 300:
            break
    raise NoMaximumError("the likelihood has no peak that could be reached")


def _uphill(bend: FloatArray, gradient: FloatArray) -> FloatArray:
    """Newton step, with the curvature turned to the right side where it has the wrong sign."""
    values, vectors = np.linalg.eigh((bend + bend.T) / 2)
    size = np.maximum(np.abs(values), 1e-10 * max(float(np.abs(values).max()), 1e-300))
    return np.asarray(vectors @ ((vectors.T @ gradient) / size))


def _profile(
    model: MixedModel,
    psi: FloatArray,
    alpha: FloatArray | None,
    points: int,
    near: FloatArray | None = None,
) -> _Point:
    """Likelihood and gradient at ψ with every α at its best, to the last digits.

    The likelihood of a group is concave in its α. Steps are Newton's at first and by the secant
    through the last two gradients afterwards, which no coarse rule can mislead.
    """
    size = model.p + model.d
    m = model.marginal(psi, alpha, points, near)
    if alpha is None:
        return _Point(psi, None, float(m.value.sum()), m.gradient.sum(axis=0)[:size], m.mode)
    slope = m.gradient[:, size]
    # Few points do not see the variance of u that the curvature needs.
    known = m if points >= _SCAN_POINTS else model.marginal(psi, alpha, _SCAN_POINTS, near)
    bend = np.maximum(known.information[:, size, size], 1e-10)
    last = np.full(len(alpha), np.inf)
    for _ in range(200):
        step = np.clip(slope / bend, -2, 2)
        size_of_step = np.abs(step)
        rounding = (size_of_step <= 1e-9 * (1 + np.abs(alpha))) & (size_of_step >= last / 2)
        if (rounding | (size_of_step <= 1e-14 * (1 + np.abs(alpha)))).all():
            break
        new = alpha + step
        m = model.marginal(psi, new, points, m.mode)
        new_slope = m.gradient[:, size]
        with np.errstate(divide="ignore", invalid="ignore"):
            secant = (slope - new_slope) / step
        fit = np.isfinite(secant) & (secant > 1e-2 * bend) & (secant < 1e2 * bend)
        # Differences of rounding tell nothing about curvature.
        bend = np.where(fit & (size_of_step > 1e-9 * (1 + np.abs(alpha))), secant, bend)
        alpha, slope, last = new, new_slope, size_of_step
    else:
        raise NoMaximumError("a group's own parameter has no best value")
    return _Point(psi, alpha, float(m.value.sum()), m.gradient[:, :size].sum(axis=0), m.mode)


def _bend(
    model: MixedModel, at: _Point, free: Mask, points: int, *, fine: bool = False
) -> FloatArray:
    """Minus the second derivative of the profile likelihood, by differences of its gradient."""
    columns = np.flatnonzero(free)
    rough = model.marginal(at.psi, at.alpha, _SCAN_POINTS, at.mode).information.sum(axis=0)
    bend = np.empty((len(columns), len(columns)))
    for column, j in enumerate(columns.tolist()):
        width = (0.02 if fine else 1e-3) / np.sqrt(max(abs(float(rough[j, j])), 1e-4))
        change = np.zeros(len(columns))
        for reach, weight in _FINE if fine else _ROUGH:
            ahead, behind = at.psi.copy(), at.psi.copy()
            ahead[j] += reach * width
            behind[j] -= reach * width
            up = _profile(model, ahead, at.alpha, points, at.mode).gradient
            down = _profile(model, behind, at.alpha, points, at.mode).gradient
            change += weight * (up - down)[columns] / width
        bend[:, column] = -change
    return (bend + bend.T) / 2
