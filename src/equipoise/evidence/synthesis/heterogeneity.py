"""Estimators of τ², for many analyses at once, each to the last digits.

Everything here is in the units of `Studies` and takes and gives one number per analysis.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from equipoise.evidence.synthesis.studies import Moments, Studies, log_variances, moments_at
from equipoise.stats.distributions import chi_square_quantiles
from equipoise.stats.ragged import FloatArray, IntArray, Ragged

Tau2Method = Literal["REML", "ML", "DL", "HE", "HS", "HSk", "SJ", "EB", "PM", "PMM"]

STEP = 0.4
"""Grid step in u = asinh(τ / the smallest standard error).

In u the likelihood bends on a scale of one: the nearest singularity, τ² = −vᵢ, is π/2 away.
"""
PIECES = 16
"""Into how many a grid cell is cut in which two more peaks might hide."""
CONVERGED = 2e-9
"""A Newton step this small, relative to τ² + v₀, leaves an error of its square."""
MOST_STEPS = 200
AT_ONCE = 2**15
"""Studies worked on at once: arrays that stay in the processor's cache."""


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
        trace2 = _trace_of_square(w0, rest, squares, cubes)
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


def _trace_of_square(
    w0: FloatArray, rest: FloatArray, squares: FloatArray, cubes: FloatArray
) -> FloatArray:
    """Compute tr PP from w₀ and the sums of w, w², w³ over the other studies."""
    total = w0 + rest
    return np.asarray(
        (w0 * rest / total) ** 2
        + (squares - 2 * cubes / total)
        + (2 * w0 * w0 * squares + squares * squares) / total**2
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


def q_crossing(s: Studies, target: FloatArray) -> FloatArray:
    """Find the τ² at which the generalised Q equals `target`; zero if it is below from the start.

    Q(τ²) = y'Py falls, and 1/Q is concave because (y'PPy)² ≤ y'Py y'PPPy. So Newton steps on 1/Q
    from the left never pass the root and need no bracket, nor a ceiling. NaN where that did not
    converge.
    """
    found = np.full(len(s), np.nan)
    todo = np.arange(len(s))
    x = np.zeros(len(s))
    for _ in range(MOST_STEPS):
        w, w0 = 1 / (s.v + s.others.spread(x)), 1 / (s.v0 + x)
        mean = s.others.sum(w * s.d) / (w0 + s.others.sum(w))
        r = s.d - s.others.spread(mean)
        e, e0 = w * r, w0 * mean
        q = e0 * mean + s.others.sum(e * r)
        falling = e0 * e0 + s.others.sum(e * e)
        over = q > target
        with np.errstate(divide="ignore", invalid="ignore"):
            step = np.where(over, q * (q / target - 1) / falling, 0.0)
        x = x + step
        done = step <= CONVERGED * (x + s.v0)
        if done.any():
            found[todo[done]] = x[done]
            left = np.flatnonzero(~done)
            if not len(left):
                break
            s, todo, x, target = s.take(left), todo[left], x[left], target[left]
    return found


@dataclass(frozen=True, slots=True, eq=False)
class QuadraticForm:
    """The moments of y'Ay, A = diag(a) − aa'/Σa, for the closed-form estimators.

    E y'Ay = tr AV + τ² tr A; its variance is 2 tr AVAV + 4τ² tr AVA + 2τ⁴ tr AA.
    """

    value: FloatArray
    total: FloatArray
    a: FloatArray
    av: FloatArray
    aa: FloatArray
    ava: FloatArray
    avav: FloatArray

    @classmethod
    def of(cls, s: Studies, a: FloatArray, a0: FloatArray) -> QuadraticForm:
        """`a` are the weights of the other studies, `a0` those of the most precise."""
        g = s.others
        rest, squares = g.sum(a), g.sum(a * a)
        total = a0 + rest
        p, p0 = a / g.spread(total), a0 / total
        mean = g.sum(p * s.d)
        r = s.d - g.spread(mean)
        b, b0 = a * s.v, a0 * s.v0
        pb = g.sum(p * b)
        return cls(
            value=a0 * mean * mean + g.sum(a * r * r),
            total=total,
            a=(2 * a0 * rest + (rest * rest - squares)) / total,
            av=b0 * rest / total + g.sum(b * (1 - p)),
            aa=_trace_of_square(a0, rest, squares, g.sum(a * a * a)),
            ava=s.v0 * p0 * p0 * (rest * rest + squares)
            + g.sum(a * b * (1 - 2 * p))
            + (a0 * a0 + squares) * pb / total,
            avav=(b0 * rest / total) ** 2 + g.sum(b * b * (1 - 2 * p)) + 2 * p0 * b0 * pb + pb * pb,
        )

    def sd(self, tau2: FloatArray) -> FloatArray:
        """Standard deviation of y'Ay at τ²."""
        return np.asarray(np.sqrt(2 * self.avav + 4 * tau2 * self.ava + 2 * tau2**2 * self.aa))


Estimated = tuple[FloatArray, FloatArray]
"""τ² and its standard error."""


def _weighted(s: Studies) -> QuadraticForm:
    return QuadraticForm.of(s, 1 / s.v, 1 / s.v0)


def dersimonian_laird(s: Studies) -> Estimated:
    """Moments with weights 1/v."""
    form = _weighted(s)
    tau2 = np.maximum(0.0, (form.value - (s.k - 1)) / form.a)
    return tau2, form.sd(tau2) / form.a


def hedges(s: Studies) -> Estimated:
    """Moments with equal weights."""
    form = QuadraticForm.of(s, np.ones_like(s.v), np.ones_like(s.v0))
    tau2 = np.maximum(0.0, (form.value - form.av) / form.a)
    return tau2, form.sd(tau2) / form.a


def hunter_schmidt(s: Studies) -> Estimated:
    """(Q − k)/Σw, not below zero."""
    form = _weighted(s)
    tau2 = np.maximum(0.0, (form.value - s.k) / form.total)
    return tau2, form.sd(tau2) / form.total


def hunter_schmidt_small_sample(s: Studies) -> Estimated:
    """(Q k/(k − 1) − k)/Σw, not below zero."""
    form = _weighted(s)
    factor = s.k / (s.k - 1)
    tau2 = np.maximum(0.0, (factor * form.value - s.k) / form.total)
    return tau2, factor * form.sd(tau2) / form.total


def sidik_jonkman(s: Studies) -> Estimated:
    """Residual variance under weights from the crude τ₀² = Σ(y − ȳ)²/k; positive unless τ₀² is."""
    mean = s.others.sum(s.d) / s.k
    r = s.d - s.others.spread(mean)
    crude = (mean * mean + s.others.sum(r * r)) / s.k
    form = QuadraticForm.of(s, 1 / (s.v + s.others.spread(crude)), 1 / (s.v0 + crude))
    factor = crude / (s.k - 1)
    tau2 = factor * form.value
    return tau2, factor * form.sd(tau2)


def _standard_error_of_peak(s: Studies, tau2: FloatArray, *, restricted: bool) -> FloatArray:
    """From the expected information: √(2/tr PP), or √(2/Σw²) without restriction."""
    w, w0 = 1 / (s.v + s.others.spread(tau2)), 1 / (s.v0 + tau2)
    rest, squares = s.others.sum(w), s.others.sum(w * w)
    if restricted:
        information = _trace_of_square(w0, rest, squares, s.others.sum(w * w * w))
    else:
        information = w0 * w0 + squares
    return np.asarray(np.sqrt(2 / information))


def _standard_error_of_crossing(s: Studies, tau2: FloatArray) -> FloatArray:
    """From the variance of the generalised Q: k √(2/(k − 1)) / Σw."""
    total = 1 / (s.v0 + tau2) + s.others.sum(1 / (s.v + s.others.spread(tau2)))
    return np.asarray(s.k * np.sqrt(2 / (s.k - 1)) / total)


class Engine(Protocol):
    """The two searches, which an accelerator may do in our stead."""

    def likelihood_peak(self, s: Studies, *, restricted: bool) -> FloatArray:
        """Find the highest peak of the (restricted) likelihood over τ² ≥ 0."""
        ...

    def q_crossing(self, s: Studies, target: FloatArray) -> FloatArray:
        """Find the τ² at which the generalised Q equals `target`."""
        ...


_CLOSED_FORMS: dict[str, Callable[[Studies], Estimated]] = {
    "DL": dersimonian_laird,
    "HE": hedges,
    "HS": hunter_schmidt,
    "HSk": hunter_schmidt_small_sample,
    "SJ": sidik_jonkman,
}


def estimate_tau2(s: Studies, method: str, engine: Engine) -> Estimated:
    """τ² and its standard error by one of the estimators of `Tau2Method`."""
    if method in _CLOSED_FORMS:
        return _CLOSED_FORMS[method](s)
    if method in ("REML", "ML"):
        restricted = method == "REML"
        tau2 = engine.likelihood_peak(s, restricted=restricted)
        return tau2, _standard_error_of_peak(s, tau2, restricted=restricted)
    target = chi_square_quantiles(0.5, s.k - 1) if method == "PMM" else s.k - 1
    tau2 = engine.q_crossing(s, target)
    return tau2, _standard_error_of_crossing(s, tau2)


def q_profile(s: Studies, level: float, engine: Engine) -> tuple[FloatArray, FloatArray]:
    """Ends of the Q-profile interval for τ²; both zero where Q is below even the lower quantile."""
    n, df = len(s), s.k - 1
    targets = [chi_square_quantiles(p, df) for p in ((1 + level) / 2, (1 - level) / 2)]
    ends = engine.q_crossing(s.take(np.tile(np.arange(n), 2)), np.concatenate(targets))
    return ends[:n], ends[n:]
