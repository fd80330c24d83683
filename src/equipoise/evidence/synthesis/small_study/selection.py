"""Selection models: what the mean would be if publication had depended on the p-value like this.

The studies are N(μ, v + τ²) before selection; a study with p-value p is seen in proportion to a
weight w(p). μ, τ² and the parameters δ of the weight are estimated together by maximum likelihood.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from equipoise.errors import EvidenceError
from equipoise.evidence.synthesis.classical import pool_fixed, pool_random
from equipoise.evidence.synthesis.small_study.selection_weights import (
    SelectionFunction,
    StepWeights,
)
from equipoise.evidence.synthesis.small_study.studies import FloatArray, require_studies
from equipoise.stats.box_newton import Peak, climb
from equipoise.stats.distributions import chi_square_upper_tail, critical_value, two_sided_p
from equipoise.stats.selected_normal import Alternative, SelectedNormal, p_values

SELECTION_CAVEAT = (
    "A selection model answers a what-if: the estimate holds if publication depended on the "
    "p-value in this way and on nothing else, and if true effects are normal. With few studies δ "
    "is hardly known and the model can fail in either direction; use it to see how sensitive the "
    "result is, not as the corrected result."
)
_FEW_FOR_SELECTION = 15
_MOST_CLIMBS = 8
_RUNAWAY = 1e3


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectionFit:
    """A selection model fitted by maximum likelihood, on the scale of `yi`.

    `mu` with `se`, `ci` (normal, at `level`) and `p`, and `tau2` describe the studies before
    selection. `delta` are the parameters of the weight `function`; `se_delta` are `None` for given
    values and for those at the lower end of their range. Standard errors come from the observed
    information with parameters at zero left out; they are `None` where the data do not identify the
    parameter. `lrt` is twice the gain in log-likelihood over no selection (zero where there is
    none), `lrt_df` the number of weights estimated, and `lrt_p` its chi-square p-value (`None` if
    all weights were given). `unselected_mu` and `unselected_tau2` are the maximum likelihood
    estimates without selection. `interval_counts` are the studies in each interval of a step
    function. `gradient` is the largest score left, in units of log-likelihood per standard error.
    `notes` say what was met on the way (values at an end of their range, plateaus, higher ground
    without a peak); `caveat` what the model cannot show.
    """

    function: str
    alternative: Alternative
    k: int
    level: float
    mu: float
    se: float | None
    ci: tuple[float, float] | None
    p: float | None
    tau2: float
    se_tau2: float | None
    delta: tuple[float, ...]
    se_delta: tuple[float | None, ...]
    log_likelihood: float
    lrt: float
    lrt_df: int
    lrt_p: float | None
    unselected_mu: float
    unselected_tau2: float
    interval_counts: tuple[int, ...] | None
    gradient: float
    notes: tuple[str, ...]
    caveat: str
    cites: tuple[str, ...]


def fit_selection_model(
    yi: Sequence[float],
    vi: Sequence[float],
    function: SelectionFunction,
    *,
    alternative: Alternative = "greater",
    random: bool = True,
    largest_delta: float = 100.0,
    level: float = 0.95,
) -> SelectionFit:
    """Fit the weight `function` together with μ and τ² (DOI 10.1214/ss/1177011364).

    `alternative` says which results are favoured: "greater" those above zero, "less" those below,
    "two.sided" those far from zero on either side. `random=False` keeps τ² at zero. δ is searched
    up to `largest_delta`: beyond that a ratio says no more than that one kind of result is all but
    missing; `math.inf` lifts the limit.

    The likelihood can have several peaks, and can rise for ever as μ runs away. So the climb
    starts from every local maximum of a coarse grid over all scales of the problem, each start is
    polished by Newton's method with exact derivatives, and the highest peak is taken. Higher
    ground without a peak is told in `notes`; without any peak the fit is refused.
    """
    y, v = require_studies(yi, vi, at_least=3, what="A selection model")
    if alternative not in ("greater", "less", "two.sided"):
        raise EvidenceError(f"No such alternative: {alternative}.")
    if not largest_delta >= 1:
        raise EvidenceError("The largest δ cannot be below 1, where there is no selection.")
    k = len(y)
    # In units of the typical standard error, so that no scale of the outcome is special.
    unit = math.sqrt(float(v.min()) / float(np.mean(v.min() / v)))
    function, notes, counts = _without_empty_intervals(function, y, v, alternative, largest_delta)
    model = _model(y / unit, v / unit**2, function, alternative, unit)
    pool = partial(pool_random, method="ML", test="z") if random else pool_fixed
    plain = pool(model.y.tolist(), model.v.tolist(), level=level)
    start = np.array([plain.mu, plain.tau2 or 0.0])
    lower, upper = _box(function, random, largest_delta)
    peak, more = _highest_peak(model, function, start, lower, upper)
    notes = (*notes, *more, *_boundary_notes(peak, function, random))
    if k < _FEW_FOR_SELECTION:
        notes = (*notes, f"With {k} studies the weights are hardly known.")
    errors, left = _standard_errors(peak, function)
    free = np.minimum(_delta_of(function, peak.x[2:]), largest_delta)
    lrt_df = _estimated(function)
    se = None if math.isnan(errors[0]) else float(errors[0]) * unit
    mu = float(peak.x[0]) * unit
    half = math.nan if se is None else critical_value(level) * se
    null = _unselected_log_likelihood(model.y, model.v, float(start[0]), float(start[1]))
    lrt = max(0.0, 2 * (peak.value - null))
    # No gain from a weight that differs from none: the studies cannot see it.
    if lrt_df and lrt < 1e-6 and (function.logarithmic or (free != 0).all()):
        notes = (
            *notes,
            "The studies say nothing about the weights (a flat likelihood).",
        )
    return SelectionFit(
        function=function.name,
        alternative=alternative,
        k=k,
        level=level,
        mu=mu,
        se=se,
        ci=None if se is None else (mu - half, mu + half),
        p=None if se is None else two_sided_p(mu / se),
        tau2=float(peak.x[1]) * unit**2,
        se_tau2=None if math.isnan(errors[1]) else float(errors[1]) * unit**2,
        delta=function.delta(free),
        se_delta=function.of_free(errors[2:]),
        log_likelihood=peak.value - k * math.log(unit),
        lrt=lrt,
        lrt_df=lrt_df,
        lrt_p=chi_square_upper_tail(lrt, lrt_df) if lrt_df else None,
        unselected_mu=plain.mu * unit,
        unselected_tau2=(plain.tau2 or 0.0) * unit**2,
        interval_counts=counts,
        gradient=left,
        notes=notes,
        caveat=SELECTION_CAVEAT,
        cites=(function.cite, "ml"),
    )


def selection_log_likelihood(
    yi: Sequence[float],
    vi: Sequence[float],
    function: SelectionFunction,
    *,
    mu: float,
    tau2: float,
    delta: Sequence[float],
    alternative: Alternative = "greater",
) -> float:
    """Log-likelihood of a selection model at given values of its free parameters `delta`."""
    y, v = np.asarray(yi, dtype=np.float64), np.asarray(vi, dtype=np.float64)
    model = _model(y, v, function, alternative, 1.0)
    free = np.asarray(delta, dtype=np.float64)
    u = np.log(free) if function.logarithmic else free
    return model.log_likelihood(np.concatenate([[mu, tau2], u]))


def _model(
    y: FloatArray,
    v: FloatArray,
    function: SelectionFunction,
    alternative: Alternative,
    unit: float,
) -> SelectedNormal:
    sigma = np.sqrt(v)
    p = function.selection_p(y * unit, p_values(y / sigma, alternative), alternative)
    return SelectedNormal(
        y=y, v=v, p=p, weight=function, columns=function.columns(sigma, alternative, unit)
    )


def _without_empty_intervals(
    function: SelectionFunction,
    y: FloatArray,
    v: FloatArray,
    alternative: Alternative,
    largest_delta: float,
) -> tuple[SelectionFunction, tuple[str, ...], tuple[int, ...] | None]:
    """Weights of intervals without a study are zero: say so, and do not search for them."""
    if not isinstance(function, StepWeights):
        return function, (), None
    p = p_values(y / np.sqrt(v), alternative)
    counts = np.bincount(function.interval(p), minlength=len(function.steps) + 1)
    told = tuple(counts.tolist())
    if function.weights is not None:
        return function, (), told
    if counts[0] == 0 and not math.isfinite(largest_delta):
        raise EvidenceError(
            f"No study has p ≤ {function.steps[0]:g}, the interval that all others are measured "
            "against; use a larger first step, or a largest δ."
        )
    ends = (0.0, *function.steps, 1.0)
    notes = [
        f"No study has a p-value between {ends[j]:g} and {ends[j + 1]:g}: "
        + ("the other weights run to the largest δ." if j == 0 else "its weight is zero.")
        for j in range(len(counts))
        if counts[j] == 0
    ]
    return replace(function, empty=tuple((counts == 0).tolist())), tuple(notes), told


def _estimated(function: SelectionFunction) -> int:
    """How many weights are estimated; those of empty intervals are, as zero."""
    if isinstance(function, StepWeights):
        return 0 if function.weights is not None else len(function.steps)
    return len(function.smallest)


def _box(
    function: SelectionFunction, random: bool, largest_delta: float
) -> tuple[FloatArray, FloatArray]:
    small = np.array(function.smallest)
    large = np.full(len(small), largest_delta)
    if function.logarithmic:
        small, large = np.log(small), np.log(large)
    lower = np.concatenate([[-np.inf, 0.0], small])
    upper = np.concatenate([[np.inf, np.inf if random else 0.0], large])
    return lower, upper


def _delta_of(function: SelectionFunction, u: FloatArray) -> FloatArray:
    return np.exp(u) if function.logarithmic else u


def _highest_peak(
    model: SelectedNormal,
    function: SelectionFunction,
    plain: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
) -> tuple[Peak, tuple[str, ...]]:
    reach = math.sqrt(float(plain[1]) + float(np.median(model.v)))
    spread = float(plain[1]) + 0.3 * float(np.median(model.v))
    axes: list[FloatArray] = [
        plain[0] + reach * np.array([-4.0, -2.0, -1.0, -0.5, -0.2, 0.0, 0.2, 0.5, 1.0, 2.0, 4.0]),
        np.array([0.0]) if upper[1] == 0 else spread * np.array([0.0, 0.2, 0.6, 1.2, 3.0]),
    ]
    for values in function.starts:
        axes.append(np.log(np.array(values)) if function.logarithmic else np.array(values))
    shape = tuple(len(a) for a in axes)
    heights = np.array(
        [model.log_likelihood(np.array(point)) for point in itertools.product(*axes)]
    ).reshape(shape)
    peaks = []
    for index in _starts(heights):
        start = np.array([a[i] for a, i in zip(axes, index, strict=True)])
        peak = climb(model.derivatives, start, lower, upper)
        if peak is not None:
            peaks.append(peak)
    limit = _RUNAWAY * (1 + float(np.abs(model.y).max()))
    proper = [p for p in peaks if p.converged and abs(float(p.x[0])) < limit]
    if not proper:
        raise EvidenceError(
            "The likelihood of this selection model has no maximum on these studies: it keeps "
            "rising as the mean runs away from them. Too few studies differ in significance to "
            "tell selection from effect."
        )
    best = max(proper, key=lambda p: p.value)
    higher = [p for p in peaks if p not in proper and p.value > best.value + 1e-9]
    if not higher:
        return best, ()
    where = "below" if float(higher[0].x[0]) < float(best.x[0]) else "above"
    note = (
        f"The likelihood is higher still, without a maximum, for means far {where} the studies; "
        "this is its highest peak."
    )
    return best, (note,)


def _starts(heights: FloatArray) -> list[tuple[int, ...]]:
    """The highest local maxima of the grid, and the best point for each τ² of the grid."""
    at_each_tau2 = []
    for t in range(heights.shape[1]):
        level = heights[:, t]
        i = np.unravel_index(int(np.argmax(level)), level.shape)
        if np.isfinite(level[i]):
            at_each_tau2.append((int(i[0]), t, *(int(j) for j in i[1:])))
    return list(dict.fromkeys([*_local_maxima(heights)[:_MOST_CLIMBS], *at_each_tau2]))


def _local_maxima(heights: FloatArray) -> list[tuple[int, ...]]:
    """Grid points not lower than their neighbours along each axis, highest first."""
    padded = np.pad(heights, 1, constant_values=-np.inf)
    inside = tuple(slice(1, -1) for _ in heights.shape)
    is_peak = np.isfinite(heights)
    for axis in range(heights.ndim):
        for shift in (-1, 1):
            is_peak &= heights >= np.roll(padded, shift, axis=axis)[inside]
    found = np.argwhere(is_peak)
    order = np.argsort(-heights[is_peak], kind="stable")
    return [tuple(int(i) for i in found[j]) for j in order.tolist()]


def _boundary_notes(peak: Peak, function: SelectionFunction, random: bool) -> tuple[str, ...]:
    notes = []
    if random and peak.x[1] == 0:
        notes.append("τ² is zero.")
    if peak.at_upper[2:].any():
        notes.append("A weight stands at the largest δ that was allowed.")
    if peak.at_lower[2:].any() or (not function.logarithmic and (peak.x[2:] == 0).any()):
        notes.append("A parameter of the weight stands at the smallest value it can have.")
    return tuple(notes)


def _standard_errors(peak: Peak, function: SelectionFunction) -> tuple[FloatArray, float]:
    """Standard errors of μ, τ² and the free δ (NaN where there is none), and the score left.

    The observed information is taken in δ, not log δ. Parameters at the lower end of their range
    are left out, as are those that the likelihood does not depend on.
    """
    hessian, gradient = peak.hessian.copy(), peak.gradient.copy()
    if function.logarithmic:
        u = peak.x[2:]
        hessian[2:, 2:] -= np.diag(gradient[2:])
        jacobian = np.concatenate([[1.0, 1.0], np.exp(-u)])
        hessian *= np.outer(jacobian, jacobian)
    information = -hessian
    errors = np.full(len(peak.x), np.nan)
    used = ~peak.at_lower
    used[1] &= peak.x[1] > 0
    diagonal = np.diag(information)
    used &= diagonal > 1e-12 * np.maximum(1.0, np.abs(peak.gradient))
    if used.any():
        scale = np.sqrt(diagonal[used])
        correlation = information[np.ix_(used, used)] / np.outer(scale, scale)
        values, vectors = np.linalg.eigh(correlation)
        if values[0] > 1e-13:
            errors[used] = np.sqrt((vectors**2 / values).sum(axis=1)) / scale
    free = ~(peak.at_lower | peak.at_upper)
    units = np.sqrt(np.maximum(np.abs(np.diag(peak.hessian)), 1e-300))
    score = np.abs(peak.gradient) / np.maximum(units, 1.0)
    return errors, float(score[free].max()) if free.any() else 0.0


def _unselected_log_likelihood(y: FloatArray, v: FloatArray, mu: float, tau2: float) -> float:
    s = v + tau2
    return float(-0.5 * (math.log(2 * math.pi) + np.log(s) + (y - mu) ** 2 / s).sum())
