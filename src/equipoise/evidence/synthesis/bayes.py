"""The exact normal-normal posterior: μ integrated by algebra, τ by quadrature."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from equipoise.errors import EvidenceError
from equipoise.stats.mixture import NormalMixture, shortest_interval
from equipoise.stats.priors import Flat, LocationPrior, Normal, ScalePrior
from equipoise.stats.quadrature import Panels, tabulate_adaptively

FloatArray = NDArray[np.float64]

_PANEL_WIDTH = 0.5
_NEGLIGIBLE = 42.0
"""How far, in natural logarithms, the integrand must have fallen before it is cut off."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScalePosterior:
    """Posterior of the between-study standard deviation τ, in the units of the effect.

    `mean` and `sd` are `None` where they do not exist.
    """

    panels: Panels
    unit: float
    log_total: float
    model: _Model
    mean: float | None
    sd: float | None

    def density(self, tau: float) -> float:
        """Posterior density at `tau`."""
        if not 0 <= tau <= self.model.tau_prior.upper:
            return 0.0
        return math.exp(float(self.model.log_joint(np.array([tau]))[0]) - self.log_total)

    def quantile(self, p: float) -> float:
        """Find the τ with P(τ' < τ) = p, for p strictly between zero and one."""
        if not 0 < p < 1:
            raise ValueError("a quantile needs a probability strictly between zero and one")
        return self.unit * math.sinh(self.panels.inverse_cdf(p))

    def prob_above(self, tau: float) -> float:
        """P(τ' > tau)."""
        return 1 - self.panels.cdf(math.asinh(max(0.0, tau) / self.unit))

    @property
    def median(self) -> float:
        """The middle of the distribution."""
        return self.quantile(0.5)

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Central interval: equal probability on both sides."""
        return self.quantile((1 - level) / 2), self.quantile((1 + level) / 2)

    def shortest_interval(self, level: float = 0.95) -> tuple[float, float]:
        """Shortest interval of probability `level`; starts at zero where the density only falls."""
        upper = self.model.tau_prior.upper
        return shortest_interval(
            self.quantile,
            self.density,
            level,
            left_end=0.0,
            right_end=upper if math.isfinite(upper) else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BayesSynthesis:
    """Posterior of a normal-normal random-effects model.

    `mu` is the mean effect, `tau` the between-study standard deviation, `new_study` the true
    effect in a study not yet seen, `study_effects` the shrunken true effects in the order of `yi`;
    all in the units of the effect. `log_marginal_likelihood` is comparable between models of the
    same studies only if both have proper priors. `quadrature_error` is the largest relative change
    of the evidence, and of the moments of `mu` and `new_study` in posterior standard deviations,
    when every panel is halved.
    """

    k: int
    level: float
    mu_prior: LocationPrior
    tau_prior: ScalePrior
    mu: NormalMixture
    tau: ScalePosterior
    new_study: NormalMixture
    study_effects: tuple[NormalMixture, ...]
    log_marginal_likelihood: float
    quadrature_error: float
    yi: tuple[float, ...]
    vi: tuple[float, ...]
    cites: tuple[str, ...] = ("bayes-quadrature",)

    @property
    def ci(self) -> tuple[float, float]:
        """Central credible interval of `mu` at `level`."""
        return self.mu.interval(self.level)

    @property
    def prediction_interval(self) -> tuple[float, float]:
        """Central interval of `new_study` at `level`."""
        return self.new_study.interval(self.level)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Model:
    y: FloatArray
    v: FloatArray
    mu_prior: LocationPrior
    tau_prior: ScalePrior

    def given_tau(self, tau: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean and variance of μ at each τ."""
        w = 1 / (self.v + tau[:, None] ** 2)
        precision = w.sum(axis=1)
        weighted = w @ self.y
        if isinstance(self.mu_prior, Normal):
            prior_precision = self.mu_prior.sd**-2
            precision = precision + prior_precision
            weighted = weighted + prior_precision * self.mu_prior.mean
        return weighted / precision, 1 / precision

    def log_joint(self, tau: FloatArray) -> FloatArray:
        """Logarithm of p(y | τ) p(τ)."""
        total = self.v + tau[:, None] ** 2
        mean, variance = self.given_tau(tau)
        squares = ((self.y - mean[:, None]) ** 2 / total).sum(axis=1)
        logs = np.log(total).sum(axis=1) - np.log(variance)
        constants = float(len(self.y))
        if isinstance(self.mu_prior, Normal):
            squares = squares + ((mean - self.mu_prior.mean) / self.mu_prior.sd) ** 2
            logs = logs + 2 * math.log(self.mu_prior.sd)
        else:
            constants -= 1
        fit = -0.5 * (constants * math.log(2 * math.pi) + logs + squares)
        return np.asarray(fit + self.tau_prior.log_density(tau))

    @property
    def tail(self) -> float:
        """The a in posterior density ~ τ^(−a) far out."""
        return self.tau_prior.tail + len(self.y) - (1 if isinstance(self.mu_prior, Flat) else 0)

    @property
    def unit(self) -> float:
        """The τ around which the posterior can bend: the smaller of data's and prior's scale."""
        scale = self.tau_prior.natural_scale
        if len(self.y):
            scale = min(scale, float((1 / self.v).sum()) ** -0.5)
        return scale


def pool_bayes(
    yi: Sequence[float],
    vi: Sequence[float],
    *,
    mu_prior: LocationPrior,
    tau_prior: ScalePrior,
    level: float = 0.95,
) -> BayesSynthesis:
    """Exact posterior of y_i ~ N(θ_i, v_i), θ_i ~ N(μ, τ²) (DOI 10.18637/jss.v093.i06).

    No random numbers: the same inputs give the same digits. One study works with any proper prior
    for τ; no study at all gives the prior predictive, for which μ needs a normal prior. Priors
    that leave the posterior improper are refused with the number of studies that would do.
    """
    y, v = np.asarray(yi, dtype=np.float64), np.asarray(vi, dtype=np.float64)
    if y.ndim != 1 or y.shape != v.shape:
        raise EvidenceError("Each estimate needs exactly one variance.")
    if not (np.isfinite(y).all() and np.isfinite(v).all() and (v > 0).all()):
        raise EvidenceError("Estimates must be finite and variances positive and finite.")
    if not 0 < level < 1:
        raise EvidenceError(f"A confidence level of {level:g} cannot be; write 95% as 0.95.")
    model = _Model(y=y, v=v, mu_prior=mu_prior, tau_prior=tau_prior)
    _require_proper(model)

    unit = model.unit
    reach, shift = _range_of_u(model, unit)

    def integrand(u: FloatArray) -> FloatArray:
        log_at = model.log_joint(unit * np.sinh(u)) + np.log(unit * np.cosh(u))
        return np.asarray(np.exp(log_at - shift))

    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused just below
        panels = tabulate_adaptively(integrand, 0.0, reach, width=_PANEL_WIDTH)
    if not np.isfinite(panels.values).all():
        raise EvidenceError(
            "The estimates lie so far from the prior and from each other that no posterior can be "
            "computed. Look for a misprint."
        )
    coarse = _Summary.of(model, panels, unit)
    fine = _Summary.of(model, panels.halved(integrand), unit)
    return BayesSynthesis(
        k=len(y),
        level=level,
        mu_prior=mu_prior,
        tau_prior=tau_prior,
        mu=coarse.mu,
        tau=ScalePosterior(
            panels=panels,
            unit=unit,
            log_total=shift + math.log(coarse.total),
            model=model,
            mean=coarse.tau_mean,
            sd=coarse.tau_sd,
        ),
        new_study=coarse.new_study,
        study_effects=coarse.study_effects(),
        log_marginal_likelihood=shift + math.log(coarse.total),
        quadrature_error=coarse.distance(fine),
        yi=tuple(y.tolist()),
        vi=tuple(v.tolist()),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Summary:
    """What one tabulation says."""

    model: _Model
    total: float
    weights: FloatArray
    taus: FloatArray
    means: FloatArray
    variances: FloatArray
    mu: NormalMixture
    new_study: NormalMixture
    tau_mean: float | None
    tau_sd: float | None

    @classmethod
    def of(cls, model: _Model, panels: Panels, unit: float) -> _Summary:
        mass = (panels.values * panels.weights).ravel()
        total = float(mass.sum())
        kept = mass > 0
        weights = mass[kept] / total
        taus = unit * np.sinh(panels.nodes.ravel()[kept])
        means, variances = model.given_tau(taus)
        # A flat μ inherits τ's tail; with a normal prior its variance cannot exceed the prior's.
        mu_tail = model.tail if isinstance(model.mu_prior, Flat) else math.inf
        tau_mean = float(weights @ taus) if model.tail > 2 else None
        tau_sd = None
        if tau_mean is not None and model.tail > 3:
            tau_sd = math.sqrt(float(weights @ (taus - tau_mean) ** 2))
        return cls(
            model=model,
            total=total,
            weights=weights,
            taus=taus,
            means=means,
            variances=variances,
            mu=_mixture(weights, means, variances, mu_tail),
            new_study=_mixture(weights, means, variances + taus**2, model.tail),
            tau_mean=tau_mean,
            tau_sd=tau_sd,
        )

    def study_effects(self) -> tuple[NormalMixture, ...]:
        """Each study's true effect: pulled from its estimate towards the mean."""
        effects = []
        squares = self.taus**2
        for y, v in zip(self.model.y.tolist(), self.model.v.tolist(), strict=True):
            pull = v / (v + squares)
            means = y + pull * (self.means - y)
            variances = pull * squares + pull**2 * self.variances
            effects.append(_mixture(self.weights, means, variances, math.inf))
        return tuple(effects)

    def distance(self, other: _Summary) -> float:
        """Largest change of evidence and moments against another resolution."""
        changes = [abs(self.total / other.total - 1)]
        for one, two in ((self.mu, other.mu), (self.new_study, other.new_study)):
            if one.mean is not None and two.mean is not None and one.sd is not None and two.sd:
                changes += [abs(one.mean - two.mean) / two.sd, abs(one.sd / two.sd - 1)]
        return max(changes)


def _mixture(
    weights: FloatArray, means: FloatArray, variances: FloatArray, tail: float
) -> NormalMixture:
    mean = float(weights @ means) if tail > 2 else None
    sd = None
    if mean is not None and tail > 3:
        sd = math.sqrt(float(weights @ (variances + (means - mean) ** 2)))
    return NormalMixture(weights=weights, means=means, sds=np.sqrt(variances), mean=mean, sd=sd)


def _require_proper(model: _Model) -> None:
    k = len(model.y)
    if k == 0 and isinstance(model.mu_prior, Flat):
        raise EvidenceError(
            "Without any study, a flat prior leaves the mean effect undetermined; give it a normal "
            "prior."
        )
    if model.tail <= 1:
        more = 2 - math.ceil(model.tail)
        raise EvidenceError(
            f"A flat prior for τ needs {more} more studies than the {k} at hand; use a half-normal "
            "prior instead."
        )


def _range_of_u(model: _Model, unit: float) -> tuple[float, float]:
    """Where τ = unit × sinh(u) has gone far enough, and the integrand's largest logarithm.

    Far enough means that the integrand, and the integrand times the highest power of τ whose
    moment exists, have both fallen by more than `_NEGLIGIBLE`.
    """
    upper = model.tau_prior.upper
    end = math.asinh(upper / unit) if math.isfinite(upper) else 160.0
    u = np.linspace(0.0, end, 1 + max(64, math.ceil(4 * end)))
    tau = unit * np.sinh(u)
    log_f = model.log_joint(tau) + np.log(unit * np.cosh(u))
    shift = float(log_f.max())
    power = 2.0 if model.tail > 3 else (1.0 if model.tail > 2 else 0.0)
    log_g = log_f[1:] + power * np.log(tau[1:])
    alive = (log_f[1:] > shift - _NEGLIGIBLE) | (log_g > log_g.max() - _NEGLIGIBLE)
    last = int(np.flatnonzero(alive)[-1]) + 2
    return float(u[min(last, len(u) - 1)]), shift
