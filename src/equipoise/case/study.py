"""Studies: what was done to whom, and what was printed about it."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field, model_validator

from equipoise.case.printed import (
    Count,
    Doi,
    Frozen,
    Interval,
    NotNegative,
    Percent,
    Pmid,
    Printed,
    Probability,
    Slug,
    Text,
    Url,
    Woven,
)


class StudyKind(StrEnum):
    """What sort of record this is; only a `trial` can be a completed randomised trial."""

    TRIAL = "trial"
    OBSERVATIONAL = "observational"
    REGISTERED_TRIAL = "registered-trial"
    META_ANALYSIS = "meta-analysis"
    SECONDARY_ANALYSIS = "secondary-analysis"
    LABORATORY = "laboratory"
    MECHANISM = "mechanism"
    SURVEY = "survey"
    CASE_REPORT = "case-report"
    REVIEW = "review"
    LABEL = "label"


class Structure(StrEnum):
    """How people were set against each other, or were not."""

    PARALLEL = "parallel"
    CROSSOVER = "crossover"
    FACTORIAL = "factorial"
    SINGLE_ARM = "single-arm"
    DOSE_FINDING = "dose-finding"
    COHORT = "cohort"
    CASE_CONTROL = "case-control"
    CASE_SERIES = "case-series"
    CROSS_SECTIONAL = "cross-sectional"
    LABORATORY = "laboratory"
    SYNTHESIS = "synthesis"
    NARRATIVE = "narrative"
    DOCUMENT = "document"


class Blinding(StrEnum):
    """Who did not know the allocation."""

    DOUBLE = "double"
    SINGLE = "single"
    DOSE = "dose"
    NONE = "none"
    UNKNOWN = "unknown"


class Comparator(StrEnum):
    """What the intervention was set against. A baseline is not a control."""

    PLACEBO = "placebo"
    ACTIVE = "active"
    DOSE_LEVELS = "dose-levels"
    USUAL_CARE = "usual-care"
    OTHER_TREATMENT = "other-treatment"
    BASELINE = "baseline"
    LOWER_EXPOSURE = "lower-exposure"
    HEALTHY_CONTROLS = "healthy-controls"
    NONE = "none"
    UNKNOWN = "unknown"


class ContrastType(StrEnum):
    """What a printed contrast says. The first group compares randomised arms, arm minus arm."""

    MEAN_DIFFERENCE = "mean-difference"
    ADJUSTED_MEAN_DIFFERENCE = "adjusted-mean-difference"
    DIFFERENCE_IN_CHANGE = "difference-in-change"
    PAIRED_MEAN_DIFFERENCE = "paired-mean-difference"
    PAIRED_MEDIAN_DIFFERENCE = "paired-median-difference"
    PAIRED_PROPORTIONS = "paired-proportions"
    SMD = "smd"
    RISK_RATIO = "risk-ratio"
    RISK_DIFFERENCE = "risk-difference"
    ODDS_RATIO = "odds-ratio"
    # within one group, before and after: never an effect of treatment
    PREPOST = "prepost"
    SMD_PREPOST = "smd-prepost"
    MEAN_CHANGE = "mean-change"
    PERCENT_CHANGE = "percent-change"
    DIFFERENCE_IN_DIFFERENCES = "difference-in-differences"
    # descriptive
    RATIO = "ratio"
    PERCENT_DIFFERENCE = "percent-difference"
    R_SQUARED = "r-squared"
    EFFECTIVE_DOSE = "effective-dose"
    MEDIAN = "median"
    PERCENT = "percent"
    RANGE = "range"
    HALF_LIFE = "half-life"
    DURATION = "duration"
    P_ONLY = "p-only"
    DIRECTION_ONLY = "direction-only"
    NO_DIFFERENCE = "no-difference"
    IMPRECISE = "imprecise"
    NOT_REPORTED = "not-reported"


class Citation(Frozen):
    """Where a work can be found; `unverified_fields` names what was recalled and not seen."""

    authors: Text
    year: int | None = Field(default=None, ge=1600, le=2200)
    title: Text
    journal: Text | None = None
    doi: Doi | None = None
    pmid: Pmid | None = None
    registry: Text | None = None
    other_ids: tuple[Text, ...] = ()
    unverified_fields: tuple[Text, ...] = ()


class Arm(Frozen):
    """One treatment that people were given; `with` lists what else they all got."""

    id: Slug
    name: Text
    role: Literal["intervention", "comparator"]
    dose_mg: NotNegative | None = None
    n: Count | None = None
    co_interventions: tuple[Text, ...] = ()
    note: Text | None = None


class ArmResult(Frozen):
    """What one arm scored, exactly as printed; `time` tells rows of one arm apart."""

    arm: Slug
    time: Literal["baseline", "end", "change"] | None = None
    n: Count | None = None
    mean: Printed | None = None
    sd: NotNegative | None = None
    se: NotNegative | None = None
    plus_minus: NotNegative | None = None
    plus_minus_means: Text | None = None
    ci: Interval | None = None
    events: Count | None = None
    total: Count | None = None
    percent: Percent | None = None
    p_within: Probability | None = None
    locator: Text | None = None
    verified: bool | None = None
    note: Text | None = None

    @model_validator(mode="after")
    def _possible(self) -> ArmResult:
        if self.plus_minus is not None and self.plus_minus_means is None:
            raise ValueError("plus_minus needs plus_minus_means: SD, SE, or not stated")
        if self.events is not None and self.total is not None:
            if (self.events.value or 0) > (self.total.value or 0):
                raise ValueError(
                    f"{self.events.printed} events cannot happen to {self.total.printed} people"
                )
        return self


class EffectSize(Frozen):
    """A standardised size as the source gives it."""

    value: Printed
    kind: Text


class Contrast(Frozen):
    """What the source prints as the comparison; intervention minus comparator unless it says."""

    type: ContrastType
    estimate: Printed | None = None
    se: NotNegative | None = None
    ci: Interval | None = None
    p: Probability | None = None
    direction: Text | None = None
    effect_size: EffectSize | None = None
    iqr_width: NotNegative | None = None
    percent: Printed | None = None
    i2: Percent | None = None
    model: Text | None = None
    analysis_set: Text | None = None
    qualifier: Text | None = None
    sign_inferred: bool = False
    """The source prints the size of the difference; its sign follows from the arms' means."""
    arms: tuple[Slug, Slug] | None = None
    locator: Text | None = None
    verified: bool | None = None
    note: Text | None = None

    @model_validator(mode="after")
    def _compares_two(self) -> Contrast:
        if self.arms is not None and self.arms[0] == self.arms[1]:
            raise ValueError(f"the arm {self.arms[0]!r} is compared with itself")
        return self


class RecordedDerivation(Frozen):
    """A number that the compiler of the case worked out; the engine checks it, never uses it."""

    quantity: Slug
    value: float
    method: Text


class Acknowledgement(Frozen):
    """A person has looked at what a check found, and says why it stands."""

    check: Slug
    reason: Text


class Outcome(Frozen):
    """One outcome, one instrument, one time."""

    id: Slug
    name: Text
    domain: Slug
    instrument: Slug | None = None
    measured_by: Text | None = None
    definition: Slug | None = None
    timepoint_weeks: NotNegative | None = None
    kind: Literal["continuous", "change", "binary", "crossover", "generic"]
    better: Literal["lower", "higher"] | None = None
    unit: Woven | None = None
    primary: bool = False
    arms: tuple[ArmResult, ...] = ()
    contrast: Contrast | None = None
    derived: tuple[RecordedDerivation, ...] = ()
    acknowledged: tuple[Acknowledgement, ...] = ()
    locator: Text | None = None
    verified: bool = True
    note: Text | None = None


class ArmEvents(Frozen):
    """How many people of one arm had the event; `total` is the denominator."""

    arm: Slug
    events: Count | None = None
    total: Count | None = None
    percent: Percent | None = None
    mean: Printed | None = None

    @model_validator(mode="after")
    def _possible(self) -> ArmEvents:
        if self.events is not None and self.total is not None:
            if (self.events.value or 0) > (self.total.value or 0):
                raise ValueError(
                    f"{self.events.printed} people with the event out of {self.total.printed}"
                )
        return self


class AdverseEvent(Frozen):
    """A harm, with its denominators where the source gives them."""

    id: Slug
    event: Text
    definition: Slug | None = None
    """Harms that count the same share this word; without one, those of the same id do."""
    kind: Literal["any", "serious", "discontinuation", "death", "specific", "other"] = "specific"
    arms: tuple[ArmEvents, ...] = ()
    p: Probability | None = None
    acknowledged: tuple[Acknowledgement, ...] = ()
    locator: Text | None = None
    verified: bool = True
    note: Text | None = None


class Registry(Frozen):
    """What a trial register said when it was read."""

    state: Literal[
        "completed",
        "recruiting",
        "not-yet-recruiting",
        "suspended",
        "withdrawn",
        "terminated",
        "unknown",
        "not-applicable",
    ]
    status: Text
    results: Literal["published", "posted", "none-found", "not-applicable"] = "not-applicable"
    planned_completion: Text | None = None


class Study(Frozen):
    """One study, however many publications. File: `studies/ID.yaml`."""

    id: Slug
    acronym: Text | None = None
    kind: StudyKind
    secondary_of: Slug | None = None
    citation: Citation
    condition: Text
    group: Slug
    also_groups: tuple[Slug, ...] = ()
    design: Text
    structure: Structure
    randomised: bool | None = None
    blinding: Blinding = Blinding.UNKNOWN
    blinding_note: Text | None = None
    comparator: Comparator = Comparator.UNKNOWN
    comparator_note: Text | None = None
    country: Text | None = None
    sponsor: Text | None = None
    population: Text | None = None
    n_planned: Count | None = None
    n_screened: Count | None = None
    n_randomised: Count | None = None
    n_started: Count | None = None
    n_completed: Count | None = None
    n_analysed: Count | None = None
    k_studies: Count | None = None
    searched_to: Text | None = None
    arms: tuple[Arm, ...] = ()
    duration_weeks: NotNegative | None = None
    outcomes: tuple[Outcome, ...] = ()
    adverse_events: tuple[AdverseEvent, ...] = ()
    registry: Registry | None = None
    url: Url | None = None
    read_level: Text
    verified: bool
    note: Text | None = None

    @property
    def is_randomised_trial(self) -> bool:
        """A completed randomised trial: results exist and allocation was random."""
        return self.kind is StudyKind.TRIAL and self.randomised is True

    @property
    def is_registered(self) -> bool:
        """Registered without results: it may answer the question one day."""
        return self.kind is StudyKind.REGISTERED_TRIAL

    @property
    def groups(self) -> tuple[str, ...]:
        """Every condition that the study speaks of."""
        return (self.group, *self.also_groups)


__all__ = [
    "Acknowledgement",
    "AdverseEvent",
    "Arm",
    "ArmEvents",
    "ArmResult",
    "Blinding",
    "Citation",
    "Comparator",
    "Contrast",
    "ContrastType",
    "EffectSize",
    "Outcome",
    "RecordedDerivation",
    "Registry",
    "Structure",
    "Study",
    "StudyKind",
]
