"""The question of a case, its vocabulary, and the plan that was made before the results."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from equipoise.case.printed import Frozen, Printed, Reported, Slug, Text
from equipoise.case.prose import Prose


def _day(text: str) -> str:
    try:
        found = date.fromisoformat(text).isoformat()
    except ValueError:
        found = ""
    if found != text:
        raise ValueError(f"{text!r} is not a date; write the day as in 2026-01-31")
    return text


Date = Annotated[Text, AfterValidator(_day), Field(max_length=10)]


class Intervention(Frozen):
    """What is given."""

    name: Text
    short: Text | None = None
    also_called: tuple[Text, ...] = ()
    dose_mg: Printed | None = None
    description: Prose | None = None


class Condition(Frozen):
    """A condition; `focus` marks those that the case asks about, the others are indirect."""

    id: Slug
    name: Text
    focus: bool = False
    note: Text | None = None


class OutcomeDomain(Frozen):
    """What matters to a person with the condition; `critical` outcomes carry the bottom line."""

    id: Slug
    name: Text
    critical: bool = False
    harm: bool = False


class Instrument(Frozen):
    """A scale: its range, its direction, its spread, and the smallest change that matters."""

    id: Slug
    name: Text
    domain: Slug
    low: float | None = None
    high: float | None = None
    range_text: Text | None = None
    better: Literal["lower", "higher"] | None = None
    sd: Reported | None = None
    mid: Reported | None = None
    mid_basis: Text | None = None
    more: tuple[Reported, ...] = ()
    reliability: Text | None = None
    sources: tuple[Slug, ...] = ()
    verification: Text | None = None
    verified: bool
    note: Text | None = None


class Question(Frozen):
    """PICO: population, intervention, comparator, outcomes."""

    id: Slug
    population: Slug
    intervention: Text
    comparator: Text
    outcomes: tuple[Slug, ...] = Field(min_length=1)


class SearchRecord(Frozen):
    """What was looked through, and when: without it nothing can be called absent."""

    where: Text
    date: Date
    how: Text


class CaseHeader(Frozen):
    """File: `case.yaml`."""

    format: Literal["equipoise.case/1"]
    id: Slug
    title: Text
    intervention: Intervention
    as_of: Date
    licence: Text
    origin: Text | None = None
    conditions: tuple[Condition, ...] = Field(min_length=1)
    outcomes: tuple[OutcomeDomain, ...] = Field(min_length=1)
    instruments: tuple[Instrument, ...] = ()
    questions: tuple[Question, ...] = Field(min_length=1)
    searched: tuple[SearchRecord, ...] = Field(min_length=1)


class Correlation(Frozen):
    """Within-person correlation of a crossover or a before-after change, where none is printed."""

    value: float = Field(gt=-1, lt=1)
    sweep: tuple[float, ...] = ()
    reason: Text


class PriorScale(Frozen):
    """Priors of the Bayesian synthesis in units of the effect; MD takes them times the scale's SD.

    The mean effect has a normal prior around zero, the heterogeneity a half-normal one.
    """

    mean_sd: float = Field(ge=1e-3, le=100)
    tau_scale: float = Field(ge=1e-3, le=100)
    source: Text


class Priors(Frozen):
    """One set for standardised differences, one for logarithms of ratios."""

    standardised: PriorScale
    log_ratio: PriorScale


class Plan(Frozen):
    """What was decided before the results. File: `plan.yaml`."""

    level: float = Field(default=0.95, gt=0.5, lt=1)
    estimator: Literal["REML", "DL", "PM", "ML"] = "REML"
    test: Literal["knha", "z"] = "knha"
    crossover_correlation: Correlation
    prepost_correlation: Correlation
    priors: Priors
    unverified: Literal["leave-out", "include"] = "leave-out"
    risk_of_bias: tuple[RiskOfBiasJudgement, ...] = ()


class RiskOfBiasJudgement(Frozen):
    """What a person judged about a study's risk of bias, and from what they had read."""

    study: Slug
    judgement: Literal["low", "some-concerns", "high", "not-assessed"]
    reason: Text
    judged_by: Text


Plan.model_rebuild()
