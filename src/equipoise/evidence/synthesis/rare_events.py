"""Rare events from several sides: the same tables through every model, zero cells shown."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from equipoise.errors import EvidenceError
from equipoise.evidence.effects.estimate import require_level
from equipoise.evidence.synthesis.beta_binomial import fit_beta_binomial
from equipoise.evidence.synthesis.classical import pool_fixed
from equipoise.evidence.synthesis.count_data import TwoArms, two_arms
from equipoise.evidence.synthesis.glmm import fit_glmm
from equipoise.evidence.synthesis.glmm_designs import MixedModelName
from equipoise.evidence.synthesis.mantel_haenszel import (
    CountMeasure,
    pool_mantel_haenszel,
    study_effects,
)
from equipoise.evidence.synthesis.peto import pool_peto

_RARE = 0.05
_BALANCED = 1.5
_MODERATE = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RareEventResult:
    """What one model makes of the tables, on the scale that people read.

    `estimate` with `low` and `high` is a ratio (OR, RR) or a difference of risks (RD), arm 1
    against arm 2; all of them and `p` are `None` where the model cannot give them, and `note` then
    says why. `tau2` is the variance between studies on the log scale, `None` for models of one
    common effect. `without_information` are the positions (from zero) of the studies that do not
    move this result. `note` is the caveat in words; `cites` are method ids.
    """

    model: str
    measure: str
    estimate: float | None
    low: float | None
    high: float | None
    p: float | None
    tau2: float | None
    k_used: int
    k_without_information: int
    without_information: tuple[int, ...]
    note: str
    cites: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ZeroCells:
    """Positions (from zero) of studies without events: in one arm only, or in both.

    `all_events` are those where everybody in both arms had the event.
    """

    arm1: tuple[int, ...]
    arm2: tuple[int, ...]
    both: tuple[int, ...]
    all_events: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Pooled:
    """A result on the analysis scale, before it is told."""

    mu: float
    ci: tuple[float, float]
    p: float
    tau2: float | None
    without: tuple[int, ...]
    note: str
    cites: tuple[str, ...]


def find_zero_cells(
    e1: Sequence[float], n1: Sequence[float], e2: Sequence[float], n2: Sequence[float]
) -> ZeroCells:
    """Which studies have arms without events, or nothing but events."""
    arms = two_arms(e1, n1, e2, n2)
    zero1, zero2 = arms.x1 == 0, arms.x2 == 0
    return ZeroCells(
        arm1=_positions(zero1 & ~zero2),
        arm2=_positions(zero2 & ~zero1),
        both=_positions(zero1 & zero2),
        all_events=_positions((arms.x1 == arms.n1) & (arms.x2 == arms.n2)),
    )


def rare_event_models(
    e1: Sequence[float],
    n1: Sequence[float],
    e2: Sequence[float],
    n2: Sequence[float],
    *,
    level: float = 0.95,
) -> tuple[RareEventResult, ...]:
    """Mantel-Haenszel (OR, RR, RD), Peto, inverse variance, mixed models and beta-binomial.

    Events `e` among `n` people, one entry a study, arm 1 against arm 2. Results that disagree say
    that the answer depends on the model more than on the data. A model that has no answer is in
    the list with the reason. Raises `EvidenceError` only for counts that cannot be.
    """
    require_level(level)
    arms = two_arms(e1, n1, e2, n2)

    def common(measure: CountMeasure) -> _Pooled:
        r = pool_mantel_haenszel(e1, n1, e2, n2, measure=measure, level=level)
        note = _MANTEL_HAENSZEL[measure]
        return _Pooled(r.mu, r.ci, r.p, None, r.uninformative, note, r.cites)

    def peto() -> _Pooled:
        r = pool_peto(e1, n1, e2, n2, level=level)
        note = _peto_note(arms, r.mu)
        return _Pooled(r.mu, r.ci, r.p, None, r.uninformative, note, r.cites)

    def inverse_variance() -> _Pooled:
        yi, vi = study_effects(arms, "OR")
        if yi.size == 0:
            raise EvidenceError("No study has both people with and people without an event.")
        s = pool_fixed(yi.tolist(), vi.tolist(), level)
        return _Pooled(
            s.mu, s.ci, s.p, None, _positions(arms.empty), _half_added_note(arms), s.cites
        )

    def mixed(model: MixedModelName) -> _Pooled:
        r = fit_glmm(e1, n1, e2, n2, model=model, quadrature_points=21, level=level)
        note = _MIXED[model] + (" No heterogeneity was found (τ² = 0)." if r.tau2 == 0 else "")
        return _Pooled(r.mu, r.ci, r.p, r.tau2, r.dropped, note, r.cites)

    def beta_binomial() -> _Pooled:
        r = fit_beta_binomial(e1, n1, e2, n2, level=level)
        return _Pooled(r.mu, r.ci, r.p, None, (), _BETA_BINOMIAL, r.cites)

    return (
        _told("Mantel-Haenszel", "OR", arms, lambda: common("OR")),
        _told("Mantel-Haenszel", "RR", arms, lambda: common("RR")),
        _told("Mantel-Haenszel", "RD", arms, lambda: common("RD")),
        _told("Peto", "OR", arms, peto),
        _told("inverse variance, one half added to zero cells", "OR", arms, inverse_variance),
        _told("mixed model, conditional on the events (CM.EL)", "OR", arms, lambda: mixed("CM.EL")),
        _told("mixed model, own level per study (UM.FS)", "OR", arms, lambda: mixed("UM.FS")),
        _told("beta-binomial", "OR", arms, beta_binomial),
    )


_MANTEL_HAENSZEL: dict[str, str] = {
    "OR": "No cell is corrected; studies without events (or with nothing else) say nothing.",
    "RR": "No cell is corrected; studies without events say nothing.",
    "RD": (
        "All studies count, those without events too: they pull the difference towards zero. "
        "For rare events the interval is wide, and the difference belongs to the risks at hand."
    ),
}

_MIXED: dict[str, str] = {
    "CM.EL": "Exact given each study's events; no cell is corrected.",
    "UM.FS": (
        "One parameter for each study: with many small studies the odds ratio can be a little too "
        "far from one."
    ),
}

_BETA_BINOMIAL = (
    "Uses every study, those without events too, but compares arms across studies: it gives up "
    "the pairing within a trial."
)


def _told(model: str, measure: str, arms: TwoArms, pool: Callable[[], _Pooled]) -> RareEventResult:
    """Run one model and put it on the natural scale; a refusal becomes the note."""
    try:
        r = pool()
    except EvidenceError as refusal:
        without = _positions(arms.empty)
        return RareEventResult(
            model=model,
            measure=measure,
            estimate=None,
            low=None,
            high=None,
            p=None,
            tau2=None,
            k_used=0,
            k_without_information=len(without),
            without_information=without,
            note=str(refusal),
            cites=(),
        )
    natural = (lambda x: x) if measure == "RD" else _ratio
    return RareEventResult(
        model=model,
        measure=measure,
        estimate=natural(r.mu),
        low=natural(r.ci[0]),
        high=natural(r.ci[1]),
        p=r.p,
        tau2=r.tau2,
        k_used=arms.k - len(r.without),
        k_without_information=len(r.without),
        without_information=r.without,
        note=r.note,
        cites=r.cites,
    )


def _ratio(log_ratio: float) -> float:
    return math.exp(min(log_ratio, 700.0))


def _peto_note(arms: TwoArms, mu: float) -> str:
    """Say which of the conditions for Peto's odds ratio do not hold (DOI 10.1002/sim.2528)."""
    doubts = []
    used = arms.taking(~arms.empty)
    uneven = float(np.maximum(used.n1 / used.n2, used.n2 / used.n1).max())
    if uneven > _BALANCED:
        doubts.append(f"arms differ in size by up to {uneven:.1f} to 1")
    risk = float((arms.x1 + arms.x2).sum() / (arms.n1 + arms.n2).sum())
    if risk > _RARE:
        doubts.append(f"events are not rare ({100 * risk:.0f}% of people)")
    if abs(mu) > math.log(_MODERATE):
        doubts.append("the effect is large")
    if not doubts:
        return "Events are rare, the arms balanced and the effect moderate, as this method needs."
    return f"Peto's method can mislead here: {', '.join(doubts)}."


def _half_added_note(arms: TwoArms) -> str:
    used = arms.taking(~arms.empty)
    zero = (used.x1 == 0) | (used.x2 == 0) | (used.x1 == used.n1) | (used.x2 == used.n2)
    corrected = int(zero.sum())
    if not corrected:
        return "No study has a zero cell, so nothing was added."
    return (
        f"One half was added to every cell of {corrected} of {used.k} studies with a zero: that "
        "choice pulls the result, and it misleads where arms differ in size."
    )


def _positions(which: np.ndarray) -> tuple[int, ...]:
    return tuple(np.flatnonzero(which).tolist())
