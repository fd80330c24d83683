"""Certainty of the evidence for one outcome, proposed from data, each step with its reason.

The domains and the starting points follow GRADE (Guyatt et al. 2008,
doi:10.1136/bmj.39489.470347.AD; imprecision: Guyatt et al. 2011,
doi:10.1016/j.jclinepi.2011.01.012). The rules here are a first proposal for a person to overrule,
not a substitute for judgement.

Reasons are prose: numbers come in as references, so a reason never types one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from equipoise.errors import EvidenceError

Level = Literal["high", "moderate", "low", "very low", "none"]
RobJudgement = Literal["low", "some-concerns", "high", "not-assessed"]
Domain = Literal[
    "risk of bias", "inconsistency", "indirectness", "imprecision", "publication bias", "design"
]
Lowered = Literal[0, -1, -2, -3]

OPTIMAL_INFORMATION_SIZE = 400
"""People below which GRADE's rule of thumb calls a continuous outcome imprecise."""

FUNNEL_TRIALS = 10
"""Trials below which tests for small-study effects say nothing."""

_LADDER: tuple[Level, ...] = ("very low", "low", "moderate", "high")
_I2_SERIOUS, _I2_VERY_SERIOUS = 50.0, 75.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """How far one domain lowers certainty, and why."""

    domain: Domain
    levels: Lowered
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Certainty:
    """A level, and the ratings that led to it."""

    level: Level
    ratings: tuple[Rating, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What certainty is judged from; one comparison of randomised arms, pooled or single.

    `low` and `high` are the limits of the primary interval, `null` the value of no effect, all on
    one scale; `mid` the smallest difference that matters on that scale, `None` where none is
    established. `refs` holds references to the numbers: `i2`, `people`, `low`, `high`, `mid`,
    `needed`.
    """

    k: int
    people: float
    low: float
    high: float
    null: float
    mid: float | None
    i2: float | None
    risk_of_bias: tuple[RobJudgement, ...]
    secondary_only: bool = False
    """No trial had this outcome as a primary one: chance findings among many are likelier."""
    refs: dict[str, str]

    def __post_init__(self) -> None:
        if self.k < 1 or len(self.risk_of_bias) != self.k:
            raise EvidenceError(
                "Certainty is judged for at least one trial, each with a judgement."
            )


def rate_certainty(evidence: Evidence) -> Certainty:
    """Propose a certainty level for randomised evidence, with the reason for every domain."""
    ratings = (
        Rating(domain="design", levels=0, reason="Randomised comparisons start at high certainty."),
        _risk_of_bias(evidence),
        _inconsistency(evidence),
        Rating(
            domain="indirectness",
            levels=0,
            reason=(
                "The trials put this treatment to people with this condition; other indirectness "
                "is not judged."
            ),
        ),
        _imprecision(evidence),
        _publication_bias(evidence),
    )
    return Certainty(level=_level(ratings), ratings=ratings)


def no_controlled_evidence() -> Certainty:
    """The certainty where nothing compares the treatment with anything: none at all."""
    return Certainty(
        level="none",
        ratings=(
            Rating(
                domain="design",
                levels=-3,
                reason=(
                    "No randomised comparison gave a verified estimate. Changes in people "
                    "who all had the treatment cannot tell its effect from natural course, "
                    "regression to the mean, expectation and selection."
                ),
            ),
        ),
    )


def _level(ratings: tuple[Rating, ...]) -> Level:
    start = len(_LADDER) - 1
    return _LADDER[max(0, start + sum(r.levels for r in ratings))]


def _risk_of_bias(e: Evidence) -> Rating:
    rating = _bias_of_trials(e)
    if not e.secondary_only:
        return rating
    return Rating(
        domain="risk of bias",
        levels=-1 if rating.levels == 0 else -2,
        reason=(
            f"{rating.reason} It was a secondary outcome, one of several, in every trial: a chance "
            "finding is likelier."
        ),
    )


def _bias_of_trials(e: Evidence) -> Rating:
    judged = e.risk_of_bias
    if all(j == "low" for j in judged):
        return Rating(domain="risk of bias", levels=0, reason="All trials were judged at low risk.")
    if all(j == "high" for j in judged):
        return Rating(
            domain="risk of bias", levels=-2, reason="All trials were judged at high risk."
        )
    if any(j == "high" for j in judged):
        reason = "At least one trial was judged at high risk of bias."
    elif any(j == "not-assessed" for j in judged):
        reason = (
            "At least one trial could not be assessed, because only its abstract or register "
            "entry was read; it counts as of some concern."
        )
    else:
        reason = "At least one trial raises some concerns."
    return Rating(domain="risk of bias", levels=-1, reason=reason)


def _inconsistency(e: Evidence) -> Rating:
    if e.k == 1 or e.i2 is None:
        return Rating(
            domain="inconsistency", levels=0, reason="One trial: consistency cannot be judged."
        )
    share = f"I² is {e.refs['i2']}"
    if e.i2 > _I2_VERY_SERIOUS:
        return Rating(
            domain="inconsistency", levels=-2, reason=f"The trials disagree widely: {share}."
        )
    if e.i2 > _I2_SERIOUS:
        return Rating(domain="inconsistency", levels=-1, reason=f"The trials disagree: {share}.")
    return Rating(
        domain="inconsistency", levels=0, reason=f"No more disagreement than chance gives: {share}."
    )


def _imprecision(e: Evidence) -> Rating:
    levels = 0
    reasons = []
    interval = f"the interval from {e.refs['low']} to {e.refs['high']}"
    if e.mid is None:
        if e.low < e.null < e.high:
            levels += 1
            reasons.append(
                f"{interval} includes no effect, and no smallest difference that matters is "
                "known and verified for the scale"
            )
    else:
        below, above = e.low < e.null - e.mid, e.high > e.null + e.mid
        includes_null = e.low < e.null < e.high
        if below and above:
            levels += 2
            reasons.append(f"{interval} reaches from a benefit that matters to a harm that matters")
        elif includes_null and (below or above):
            levels += 1
            reasons.append(f"{interval} includes no effect and a difference that matters")
    if e.people < OPTIMAL_INFORMATION_SIZE:
        levels += 1
        reasons.append(
            f"{e.refs['people']} people took part, fewer than the {e.refs['needed']} that a "
            "precise answer needs as a rule of thumb"
        )
    if not reasons:
        return Rating(domain="imprecision", levels=0, reason="The interval is narrow enough.")
    text = "; ".join(reasons)
    lowered: Lowered = -2 if levels > 1 else -1
    return Rating(domain="imprecision", levels=lowered, reason=text[0].upper() + text[1:] + ".")


def _publication_bias(e: Evidence) -> Rating:
    if e.k < FUNNEL_TRIALS:
        return Rating(
            domain="publication bias",
            levels=0,
            reason="Too few trials to look for small-study effects; it cannot be ruled out.",
        )
    return Rating(
        domain="publication bias",
        levels=0,
        reason="No test for small-study effects was made; it cannot be ruled out.",
    )
