"""Estimators of τ², for many analyses at once, each to the last digits.

Everything here is in the units of `Studies` and takes and gives one number per analysis.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from equipoise.evidence.synthesis.likelihood_peak import likelihood_peak
from equipoise.evidence.synthesis.studies import (
    CONVERGED,
    MOST_STEPS,
    Studies,
    trace_of_square,
)
from equipoise.stats.distributions import chi_square_quantiles
from equipoise.stats.ragged import FloatArray

__all__ = [
    "Engine",
    "Estimated",
    "QuadraticForm",
    "Tau2Method",
    "dersimonian_laird",
    "estimate_tau2",
    "hedges",
    "hunter_schmidt",
    "hunter_schmidt_small_sample",
    "likelihood_peak",
    "q_crossing",
    "q_profile",
    "sidik_jonkman",
]

Tau2Method = Literal["REML", "ML", "DL", "HE", "HS", "HSk", "SJ", "EB", "PM", "PMM"]


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
            aa=trace_of_square(a0, rest, squares, g.sum(a * a * a)),
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
        information = trace_of_square(w0, rest, squares, s.others.sum(w * w * w))
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
