"""Which counts, which parameters: the mixed models of two arms and of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from equipoise.errors import EvidenceError
from equipoise.evidence.synthesis.count_data import TwoArms
from equipoise.evidence.synthesis.mantel_haenszel import study_effects
from equipoise.stats.count_likelihoods import (
    LARGEST_SUPPORT,
    Binomial,
    CountLikelihood,
    NoncentralHypergeometric,
    Poisson,
)
from equipoise.stats.mixed_model import MixedModel

FloatArray = NDArray[np.float64]
MixedModelName = Literal["UM.FS", "UM.RS", "CM.EL", "CM.AL"]

_CERTAIN = 690.0
"""A natural parameter that makes a count certain without overflow."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OneEach:
    """The model with one effect for each study, as its α; infinite where not `finite`."""

    model: MixedModel
    finite: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Design:
    """A mixed model and the same with one effect for each study, which heterogeneity is tested by.

    `effects` and `variances` are the studies' own estimates (infinite ones left out) and `highest`
    the log-likelihood at them; where the studies share other parameters, there is `one_each` to
    fit instead.
    """

    model: MixedModel
    effects: FloatArray
    variances: FloatArray
    highest: float
    one_each: OneEach | None = None


def two_arm_design(arms: TwoArms, model: MixedModelName) -> Design:
    """Mixed model of the studies in `arms`, none of which may be empty; β₀ is the log ratio.

    Raises `EvidenceError` where every study points to an infinite effect of one sign.
    """
    _require_finite_effect(arms, model)
    if model == "UM.FS":
        return _own_levels(arms)
    if model == "UM.RS":
        return _random_levels(arms)
    if model == "CM.EL" and arms.people:
        return _all_margins(arms)
    return _share_of_events(arms)


def one_arm_design(x: FloatArray, n: FloatArray, *, people: bool) -> Design:
    """Mixed model of single groups, log odds (`people`) or log rates; β₀ is the mean."""
    if not x.any():
        raise EvidenceError(
            "No group has an event, so no finite mean is likeliest. Show the bound for zero events."
        )
    if people and (x == n).all():
        raise EvidenceError("Every person in every group has the event: the log odds are infinite.")
    likelihood: CountLikelihood
    if people:
        inner = (x > 0) & (x < n)
        effects, offset = logit(x[inner] / n[inner]), np.zeros(len(x))
        variances = 1 / x[inner] + 1 / (n - x)[inner]
        likelihood, start = Binomial(x[:, None], n[:, None]), logit(x.sum() / n.sum())
    else:
        inner = x > 0
        effects, offset = np.log(x[inner] / n[inner]), np.log(n)
        variances = 1 / x[inner]
        likelihood, start = Poisson(x[:, None]), np.log(x.sum() / n.sum())
    return _one_count(likelihood, offset, effects, variances, float(start))


def _own_levels(arms: TwoArms) -> Design:
    """UM.FS: a level for each study, a random effect split between the arms."""
    likelihood, offset = _both_arms(arms)
    contrast = np.tile([0.5, -0.5], (arms.k, 1))[..., None]
    inner = _both_finite(arms)
    effects, variances = study_effects(arms.taking(inner), "OR" if arms.people else "IRR")
    return Design(
        model=MixedModel(
            likelihood=likelihood,
            offset=offset,
            x=contrast,
            z=contrast,
            start=np.zeros(1),
            own=np.ones((arms.k, 2)),
            own_start=_levels(arms),
        ),
        effects=effects,
        variances=variances,
        highest=likelihood.highest(),
    )


def _random_levels(arms: TwoArms) -> Design:
    """UM.RS: levels from a normal distribution, an independent random effect split between arms.

    The model with one effect for each study adds it to arm 1 only. Where arm 1 has no events or
    nothing but events, that effect is infinite and the arm is certain.
    """
    likelihood, offset = _both_arms(arms)
    ones = np.ones((arms.k, 2, 1))
    contrast = np.tile([0.5, -0.5], (arms.k, 1))[..., None]
    first = np.tile([1.0, 0.0], (arms.k, 1))
    none = arms.x1 == 0
    every = (arms.x1 == arms.n1) & arms.people
    certain = np.where(none, -_CERTAIN, np.where(every, _CERTAIN, 0.0))
    finite = ~(none | every)
    level = float(_levels(arms).mean())
    return Design(
        model=MixedModel(
            likelihood=likelihood,
            offset=offset,
            x=np.concatenate([contrast, ones], axis=2),
            z=np.concatenate([ones, contrast], axis=2),
            start=np.array([0.0, level]),
        ),
        effects=np.empty(0),
        variances=np.empty(0),
        highest=np.nan,
        one_each=OneEach(
            finite=finite,
            model=MixedModel(
                likelihood=likelihood,
                offset=offset + first * certain[:, None],
                x=ones,
                z=ones,
                start=np.array([level]),
                own=first * finite[:, None],
                own_start=np.zeros(arms.k),
            ),
        ),
    )


def _all_margins(arms: TwoArms) -> Design:
    """CM.EL for 2×2 tables: events of arm 1 given all margins."""
    width = np.minimum(np.minimum(arms.n1, arms.n2), arms.x1 + arms.x2)
    if float(width.sum()) > LARGEST_SUPPORT:
        raise EvidenceError(
            "The studies are too large for the exact conditional likelihood, which sums over all "
            "tables with the same margins. With counts like these UM.FS says the same."
        )
    likelihood = NoncentralHypergeometric(arms.x1, arms.n1, arms.x2, arms.n2)
    effects, variances = likelihood.best()
    inner = np.isfinite(variances)
    return _one_count(likelihood, np.zeros(arms.k), effects[inner], variances[inner], 0.0)


def _share_of_events(arms: TwoArms) -> Design:
    """Arm 1's share of all events: binomial. Exact for rates, an approximation for risks."""
    inner = (arms.x1 > 0) & (arms.x2 > 0)
    offset = np.log(arms.n1) - np.log(arms.n2)
    effects = np.log(arms.x1[inner]) - np.log(arms.x2[inner]) - offset[inner]
    variances = 1 / arms.x1[inner] + 1 / arms.x2[inner]
    likelihood = Binomial(arms.x1[:, None], (arms.x1 + arms.x2)[:, None])
    return _one_count(likelihood, offset, effects, variances, 0.0)


def _one_count(
    likelihood: CountLikelihood,
    offset: FloatArray,
    effects: FloatArray,
    variances: FloatArray,
    start: float,
) -> Design:
    one = np.ones((len(offset), 1, 1))
    return Design(
        model=MixedModel(
            likelihood=likelihood, offset=offset[:, None], x=one, z=one, start=np.array([start])
        ),
        effects=effects,
        variances=variances,
        highest=likelihood.highest(),
    )


def _both_arms(arms: TwoArms) -> tuple[CountLikelihood, FloatArray]:
    x = np.stack([arms.x1, arms.x2], axis=1)
    n = np.stack([arms.n1, arms.n2], axis=1)
    if arms.people:
        return Binomial(x, n), np.zeros_like(x)
    return Poisson(x), np.log(n)


def _levels(arms: TwoArms) -> FloatArray:
    """Rough log odds or log rate of each study."""
    events, total = arms.x1 + arms.x2, arms.n1 + arms.n2
    if arms.people:
        return np.asarray(np.log(events + 0.5) - np.log(total - events + 0.5))
    return np.asarray(np.log(events + 0.5) - np.log(total))


def _both_finite(arms: TwoArms) -> NDArray[np.bool_]:
    inner = (arms.x1 > 0) & (arms.x2 > 0)
    return inner & (arms.x1 < arms.n1) & (arms.x2 < arms.n2) if arms.people else inner


def _require_finite_effect(arms: TwoArms, model: MixedModelName) -> None:
    if arms.k == 0:
        raise EvidenceError(
            "No study has events without having nothing but events: there is no ratio to pool. "
            "Show each arm's proportion with its own interval, or the bound for zero events."
        )
    lowest, highest = arms.x1 == 0, arms.x2 == 0
    if arms.people and model == "UM.RS":
        one_sided = (
            lowest.all()
            or highest.all()
            or (arms.x1 == arms.n1).all()
            or (arms.x2 == arms.n2).all()
        )
    else:
        if arms.people and model != "CM.AL":
            lowest = lowest | (arms.x2 == arms.n2)
            highest = highest | (arms.x1 == arms.n1)
        one_sided = lowest.all() or highest.all()
    if one_sided:
        raise EvidenceError(
            "In every study that says something one and the same arm has no events (or nothing but "
            "events): the likeliest ratio is zero or infinite. Use Peto's method, the risk "
            "difference, or show each arm's proportion with its own interval."
        )
