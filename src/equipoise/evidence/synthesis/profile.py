"""Profile likelihood intervals of variances and correlations."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

from equipoise.errors import EvidenceError
from equipoise.evidence.synthesis.multilevel import MultilevelFit
from equipoise.evidence.synthesis.peaks import highest_peak, middle_point
from equipoise.stats.distributions import chi_square_quantile
from equipoise.stats.roots import bracketed_root

ComponentKind = Literal["sigma2", "tau2", "rho"]

_FAR = 1e150


def profile_interval(
    fit: MultilevelFit,
    parameter: ComponentKind,
    index: int = 0,
    *,
    structure: int = 0,
    level: float | None = None,
) -> tuple[float, float]:
    """Profile likelihood interval of a variance or a correlation.

    All values that lower the (restricted) log-likelihood, maximised over everything else, by no
    more than half the chi-square quantile on one degree of freedom (DOI 10.1002/(SICI)1097-0258(
    19960330)15:6<619::AID-SIM188>3.0.CO;2-A). `parameter` is "sigma2", "tau2" or "rho", `index` its
    position in that tuple of the fit, `structure` which structure it belongs to. Variances are
    searched from zero upwards without a ceiling, correlations over all that the kind allows; a
    bound that the data do not exclude is the limit.

    Raises `EvidenceError` for a parameter that the fit does not have, and for correlations of an
    unstructured covariance of more than two kinds.
    """
    model = fit._model
    level = fit.level if level is None else level
    if not 0 < level < 1:
        raise EvidenceError(f"A confidence level of {level:g} cannot be; write 95% as 0.95.")
    position, to_free, here, low, high = _handle(fit, parameter, index, structure)
    drop = 0.5 * chi_square_quantile(level, 1)
    warm = {here: fit._free}

    def excess(x: float) -> float:
        nearest = min(warm, key=lambda seen: abs(seen - x))
        starts = [warm[nearest], fit._free, middle_point(model)]
        peak = highest_peak(model, starts, fixed=(position, to_free(x)))
        warm[x] = peak.at
        return fit.ll - drop - peak.value

    lower, upper = _limit(excess, here, low), _limit(excess, here, high)
    if parameter == "rho":
        return lower, upper
    return (lower * model.unit) ** 2, (upper * model.unit) ** 2


def _limit(excess: Callable[[float], float], here: float, bound: float) -> float:
    """Where `excess` leaves the negative on the way from `here` to `bound`, or the bound."""
    if math.isfinite(bound):
        if bound == here or excess(bound) <= 0:
            return bound
        return bracketed_root(excess, here, bound, rtol=1e-10)
    inside, outside = here, max(2 * here, 1.0)
    while excess(outside) <= 0:
        inside, outside = outside, 2 * outside
        if outside > _FAR:
            raise EvidenceError("The data set no upper limit to this variance.")
    return bracketed_root(excess, inside, outside, rtol=1e-10)


def _handle(
    fit: MultilevelFit, parameter: ComponentKind, index: int, structure: int
) -> tuple[int, Callable[[float], float], float, float, float]:
    """Position of the free number behind a parameter, the way to it, value, lower and upper bound.

    Variances are handled as standard deviations in the model's unit.
    """
    model = fit._model
    levels = len(fit.sigma2)
    number = index if parameter == "sigma2" else levels + structure
    first = 0 if parameter != "tau2" else index
    if parameter not in ("sigma2", "tau2", "rho") or not (
        0 <= number < (levels if parameter == "sigma2" else levels + len(fit.structures))
    ):
        raise EvidenceError(f"The model has no {parameter} number {index + 1}.")
    form = model.components[number].form
    part = model.parts[number]
    free = fit._free[part]
    if form.kind == "UN" and form.m > 2:
        raise EvidenceError(
            "Profile intervals of an unstructured covariance are made for two kinds of effect only."
        )
    if parameter == "rho":
        if not form.correlated or index != 0:
            raise EvidenceError(f"The model has no rho number {index + 1}.")
        rho = form.correlation(free)
        return part.stop - 1, form.free_correlation, rho, form.lowest_correlation, 1.0
    if first >= form.variances:
        raise EvidenceError(f"The model has no {parameter} number {index + 1}.")
    variance = form.covariance(free)[0][first, first]
    return (
        part.start + first,
        form.free_deviation,
        math.sqrt(variance),
        0.0,
        math.inf,
    )
