"""The highest peak of the likelihood over τ², for many analyses at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from equipoise.evidence.synthesis.studies import (
    AT_ONCE,
    CONVERGED,
    MOST_STEPS,
    Moments,
    Studies,
    log_variances,
    moments_at,
    trace_of_square,
)
from equipoise.stats.ragged import FloatArray, IntArray, Ragged

STEP = 0.4
"""Grid step in u = asinh(τ / the smallest standard error).

In u the likelihood bends on a scale of one: the nearest singularity, τ² = −vᵢ, is π/2 away.
"""
PIECES = 16
"""Into how many a grid cell is cut in which two more peaks might hide."""


class Score(NamedTuple):
    """Derivative of twice the log-likelihood in τ², its slope, Σw² and Σw³."""

    value: FloatArray
    slope: FloatArray
    squares: FloatArray
    cubes: FloatArray


def score_at(s: Studies, tau2: FloatArray, *, restricted: bool) -> Score:
    """Σwᵢ²rᵢ² − tr P (restricted, P = W − ww'/Σw) or − Σwᵢ (not), and its exact derivative."""
    g = s.others
    w, w0 = 1 / (s.v + g.spread(tau2)), 1 / (s.v0 + tau2)
    ww = w * w
    rest, squares, cubes = g.sum(w), g.sum(ww), g.sum(ww * w)
    total = w0 + rest
    mean = g.sum(w * s.d) / total
    e, e0 = w * (s.d - g.spread(mean)), -w0 * mean
    if restricted:
        trace = (2 * w0 * rest + (rest * rest - squares)) / total
        trace2 = trace_of_square(w0, rest, squares, cubes)
    else:
        trace, trace2 = total, w0 * w0 + squares
    # y'PPPy = e'Pe with e = Py; P takes no notice of a constant, so e₀ may be taken off.
    f = e - g.spread(e0)
    wf = w * f
    first = g.sum(wf)
    third = g.sum(wf * f) - first * first / total
    return Score(
        value=e0 * e0 + g.sum(e * e) - trace,
        slope=trace2 - 2 * third,
        squares=w0 * w0 + squares,
        cubes=w0 * w0 * w0 + cubes,
    )


def likelihood_peak(s: Studies, *, restricted: bool) -> FloatArray:
    """Find the highest peak of the (restricted) likelihood over τ² ≥ 0.

    Scoring from one start can cycle, or end on the lower of two peaks, which exist when one study
    is far more precise than the rest. So the score's sign changes are looked for on a grid over all
    scales of the problem, up to where it is proved negative; each is refined by Newton steps kept
    inside its bracket; and the likelihood decides. NaN where that did not converge.
    """
    points = np.ceil(np.arcsinh(s.reach / np.sqrt(s.v0)) / STEP).astype(np.intp)
    rises, brackets = _scan(s, points, restricted=restricted)
    if not len(brackets.analysis):
        return np.zeros(len(s))
    roots = _refine(s.take(brackets.analysis), brackets, restricted=restricted)
    return _highest(s, brackets.analysis, roots, ~rises, restricted=restricted)


@dataclass(frozen=True, slots=True, eq=False)
class _Brackets:
    """Cells in which the score falls through zero, of which analysis, and a guess inside."""

    analysis: IntArray
    low: FloatArray
    high: FloatArray
    guess: FloatArray

    @classmethod
    def joined(cls, parts: list[_Brackets]) -> _Brackets:
        return cls(
            np.concatenate([p.analysis for p in parts]),
            np.concatenate([p.low for p in parts]),
            np.concatenate([p.high for p in parts]),
            np.concatenate([p.guess for p in parts]),
        )


def _scan(s: Studies, points: IntArray, *, restricted: bool) -> tuple[NDArray[np.bool_], _Brackets]:
    """Whether the score rises from zero, and every bracket."""
    grid = Ragged(points + 1)
    owner = np.repeat(np.arange(len(s)), grid.sizes)
    step = np.arange(len(owner)) - np.repeat(grid.starts, grid.sizes)
    tau2 = s.v0[owner] * np.sinh(step * STEP) ** 2
    at = _scores(s, owner, tau2, restricted=restricted)
    found = [_falling(owner, tau2, at)]
    hidden = np.flatnonzero(_may_hide(at) & (owner[:-1] == owner[1:]))
    if len(hidden):
        parts = np.linspace(0, 1, PIECES + 1)
        finer = (tau2[hidden, None] + (tau2[hidden + 1] - tau2[hidden])[:, None] * parts).ravel()
        whose = np.repeat(owner[hidden], PIECES + 1)
        found.append(_falling(whose, finer, _scores(s, whose, finer, restricted=restricted)))
    return at.value[grid.starts] > 0, _Brackets.joined(found)


def _scores(s: Studies, owner: IntArray, tau2: FloatArray, *, restricted: bool) -> Score:
    """Scores of the analyses `owner` at `tau2`, so many at once as a processor's cache holds."""
    part = np.cumsum(s.others.sizes[owner]) // AT_ONCE
    cuts = np.flatnonzero(np.diff(part)) + 1
    pieces = [
        score_at(s.take(who), where, restricted=restricted)
        for who, where in zip(np.split(owner, cuts), np.split(tau2, cuts), strict=True)
    ]
    return Score(*(np.concatenate(x) for x in zip(*pieces, strict=True)))


def _falling(owner: IntArray, tau2: FloatArray, at: Score) -> _Brackets:
    """Neighbours between which the score of an analysis falls through zero."""
    i = np.flatnonzero((at.value[:-1] > 0) & (at.value[1:] <= 0) & (owner[:-1] == owner[1:]))
    # Divided by Σw², the score of equal variances is a straight line in τ².
    left, right = (at.value / at.squares)[i], (at.value / at.squares)[i + 1]
    low, high = tau2[i], tau2[i + 1]
    return _Brackets(owner[i], low, high, low + (high - low) * (left / (left - right)))


def _may_hide(at: Score) -> NDArray[np.bool_]:
    """Between neighbours the sign is the same, but the slopes say that the score turns to zero."""
    above, falls = at.value > 0, at.slope < 0
    dips = above[:-1] & above[1:] & falls[:-1] & ~falls[1:]
    humps = ~above[:-1] & ~above[1:] & ~falls[:-1] & falls[1:]
    return np.asarray(dips | humps)


def _refine(s: Studies, brackets: _Brackets, *, restricted: bool) -> FloatArray:
    """Newton steps on score / Σw², halving the bracket where a step leaves it."""
    roots = np.full(len(s), np.nan)
    todo = np.arange(len(s))
    x, low, high = brackets.guess, brackets.low, brackets.high
    for _ in range(MOST_STEPS):
        at = score_at(s, x, restricted=restricted)
        above = at.value > 0
        low, high = np.where(above, x, low), np.where(above, high, x)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            step = -at.value * at.squares / (at.slope * at.squares + 2 * at.value * at.cubes)
        small = np.abs(step) <= CONVERGED * (x + s.v0)
        following = x + step
        inside = (following > low) & (following < high)
        middle = low + (high - low) / 2
        narrow = (middle <= low) | (middle >= high)
        x = np.where(small, np.clip(following, low, high), np.where(inside, following, middle))
        done = small | narrow
        if done.any():
            roots[todo[done]] = x[done]
            left = np.flatnonzero(~done)
            if not len(left):
                break
            s, todo = s.take(left), todo[left]
            x, low, high = x[left], low[left], high[left]
    return roots


def _highest(
    s: Studies, analysis: IntArray, roots: FloatArray, zero: NDArray[np.bool_], *, restricted: bool
) -> FloatArray:
    """Choose among the peaks of each analysis: `roots`, and zero where the score falls there."""
    best = np.zeros(len(s))
    best[analysis] = roots
    several = np.bincount(analysis, minlength=len(s)) + zero > 1
    if several.any():
        rivals = np.flatnonzero(several[analysis])
        owner = np.concatenate([analysis[rivals], np.flatnonzero(several & zero)])
        tau2 = np.concatenate([roots[rivals], np.zeros(len(owner) - len(rivals))])
        rival = s.take(owner)
        height = twice_log_likelihood(rival, tau2, moments_at(rival, tau2), restricted=restricted)
        # The last one written stays: the highest.
        rank = np.argsort(height, kind="stable")
        best[owner[rank]] = tau2[rank]
        unknown = analysis[np.isnan(roots)]
        best[unknown] = np.nan
    return best


def twice_log_likelihood(
    s: Studies, tau2: FloatArray, at: Moments, *, restricted: bool
) -> FloatArray:
    """Twice the (restricted) log-likelihood at τ², with its moments, and the best μ.

    The restricted one carries metafor's constant log k, so that it does not depend on how the mean
    is parametrised.
    """
    k = s.k
    value = -log_variances(s, tau2) - at.q
    if restricted:
        value = value - np.log(at.total) + np.log(k)
        k = k - 1
    return np.asarray(value - k * np.log(2 * np.pi))
