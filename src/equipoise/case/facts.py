"""Facts that are not studies: sources, patient reports, the compound, safety, access, claims."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from equipoise.case.printed import (
    Atc,
    Count,
    Doi,
    Frozen,
    NotNegative,
    Percent,
    Pmid,
    Printed,
    Reported,
    Slug,
    Text,
    Url,
)
from equipoise.case.prose import Prose, Reference, split_prose


class Source(Frozen):
    """A work that facts rest on and that is not itself a study of the case."""

    id: Slug
    cite: Text
    doi: Doi | None = None
    pmid: Pmid | None = None
    url: Url | None = None
    other: Text | None = None
    study: Slug | None = None
    verified: bool = True
    note: Text | None = None


class SourceList(Frozen):
    """File: `sources.yaml`."""

    sources: tuple[Source, ...]


class NamedNumber(Frozen):
    """A number that a statement refers to as `{id}`."""

    id: Slug
    value: Reported
    label: Text | None = None


class _Stated(Frozen):
    """Anything with a statement whose numbers are named."""

    numbers: tuple[NamedNumber, ...] = ()

    def _prose(self) -> tuple[str, ...]:
        return ()

    @model_validator(mode="after")
    def _names_exist(self) -> _Stated:
        known = {number.id for number in self.numbers}
        if len(known) < len(self.numbers):
            raise ValueError("two numbers have the same id")
        for text in self._prose():
            for part in split_prose(text):
                if isinstance(part, Reference) and part.kind == "local" and part.id not in known:
                    raise ValueError(
                        f"the statement refers to {{{part.id}}}, but no number of that name is "
                        "given under numbers:"
                    )
        return self


class Fact(_Stated):
    """One thing that a source says."""

    id: Slug
    topic: Text | None = None
    statement: Prose
    source: Slug
    locator: Text | None = None
    verification: Text | None = None
    verified: bool
    note: Text | None = None

    def _prose(self) -> tuple[str, ...]:
        return (self.statement,)


# --- patient reports ------------------------------------------------------------------------------

Counts = Literal[
    "any-better",
    "much-better",
    "strict-responder",
    "symptom-better",
    "remission",
    "recovered",
    "still-taking",
    "no-response",
    "stopped-for-harm",
]


class ReportedRate(Frozen):
    """A rate, and what it counts. Rates that count different things are never set side by side."""

    id: Slug
    counts: Counts
    definition: Text
    group: Text | None = None
    events: Count | None = None
    total: Count | None = None
    percent: Percent | None = None
    low: Percent | None = None
    high: Percent | None = None
    locator: Text | None = None
    verification: Text | None = None
    verified: bool
    note: Text | None = None

    @model_validator(mode="after")
    def _has_a_rate(self) -> ReportedRate:
        if self.percent is None and (self.events is None or self.total is None):
            raise ValueError("a rate needs a percentage, or events and total")
        if self.events is not None and self.total is not None:
            if (self.events.value or 0) > (self.total.value or 0):
                raise ValueError(f"{self.events.printed} people out of {self.total.printed}")
        return self


class ExperienceSample(Frozen):
    """People whose experience was collected, or a benchmark to hold it against.

    File: `experience/ID.yaml`. `regime` says how the people came to be counted.
    """

    id: Slug
    title: Text
    source: Slug
    conditions: tuple[Slug, ...] = ()
    role: Literal["report", "benchmark"]
    regime: Literal[
        "clinic-series",
        "uncontrolled-trial",
        "survey",
        "register",
        "trial-arm",
        "placebo-arm",
        "usual-care",
        "natural-course",
        "open-label-benchmark",
        "method-study",
    ]
    how_found: Text | None = None
    who_could_answer: Text | None = None
    denominator: Text | None = None
    stopping: Text | None = None
    timing: Text | None = None
    co_treatment: Text | None = None
    n: Count | None = None
    rates: tuple[ReportedRate, ...] = ()
    facts: tuple[Fact, ...] = ()
    note: Text | None = None


class PriorParameter(Frozen):
    """One argument of a prior's distribution."""

    name: Slug
    value: float


class BiasPrior(Frozen):
    """A prior of the report-bias model, with where it comes from; `judgement` when nowhere."""

    id: Slug
    name: Text
    symbol: Text
    distribution: Text
    parameters: tuple[PriorParameter, ...]
    scale: Text
    basis: Text
    sources: tuple[Slug, ...] = ()
    judgement: bool


class BiasPriors(Frozen):
    """File: `experience/_priors.yaml`."""

    priors: tuple[BiasPrior, ...]


# --- the compound ---------------------------------------------------------------------------------


class Parameter(Frozen):
    """A constant of the compound; `role` is the place it takes in the kinetic models."""

    id: Slug
    name: Text
    symbol: Text | None = None
    value: Reported | None = None
    values: tuple[NamedNumber, ...] = ()
    unit: Text | None = None
    spread: Reported | None = None
    low: Reported | None = None
    high: Reported | None = None
    population: Text | None = None
    role: (
        Literal[
            "half-life-parent",
            "half-life-metabolite",
            "absorption-rate",
            "apparent-clearance",
            "molar-mass-parent",
            "molar-mass-metabolite",
            "unbound-fraction",
            "bound-fraction",
            "peak-metabolite",
        ]
        | None
    ) = None
    source: Slug
    locator: Text | None = None
    verified: bool
    note: Text | None = None


class Observation(Frozen):
    """One measurement in people or animals; `use` says whether the occupancy fit takes it."""

    id: Slug
    dose: Reported | None = None
    time_h: Reported | None = None
    window_h: Printed | None = None
    measure: Text
    value: Reported
    values: tuple[NamedNumber, ...] = ()
    sd: NotNegative | None = None
    n: Count | None = None
    unit: Text | None = None
    route: Text | None = None
    species: Text
    regimen: Text | None = None
    formulation: Text | None = None
    population: Text | None = None
    use: Literal["occupancy", "half-time", "peak-parent", "peak-metabolite", "exposure"] | None = (
        None
    )
    source: Slug
    locator: Text | None = None
    verified: bool
    note: Text | None = None


class Mechanism(Frozen):
    """A target that is said to carry the effect, and the concentration at which that was seen."""

    id: Slug
    target: Text
    finding: Prose
    numbers: tuple[NamedNumber, ...] = ()
    concentration: Reported | None = None
    unit: Literal["nM", "uM", "ng/mL"] | None = None
    system: Text | None = None
    exposure_h: Reported | None = None
    sources: tuple[Slug, ...]
    locator: Text | None = None
    verified: bool
    note: Text | None = None


class OccupancyPlan(Frozen):
    """What the occupancy models are told beyond the observations, and why."""

    assumed_hour: float = Field(gt=0, le=48)
    occupancy_sd_points: float = Field(gt=0, le=50)
    doses_mg: tuple[Annotated[float, Field(ge=0.001, le=100_000)], ...] = Field(
        min_length=1, max_length=12
    )
    hours: tuple[Annotated[float, Field(ge=0, le=1000)], ...] = Field(min_length=2, max_length=50)
    reason: Text

    @model_validator(mode="after")
    def _each_once(self) -> OccupancyPlan:
        for what, values in (("dose", self.doses_mg), ("hour", self.hours)):
            written = [f"{v:g}" for v in values]
            if twice := [v for v in written if written.count(v) > 1]:
                raise ValueError(f"the {what} {twice[0]} is listed twice")
        return self


class Compound(Frozen):
    """File: `pharmacology.yaml`."""

    name: Text
    metabolite: Text | None = None
    parameters: tuple[Parameter, ...] = ()
    observations: tuple[Observation, ...] = ()
    mechanisms: tuple[Mechanism, ...] = ()
    occupancy: OccupancyPlan | None = None


# --- safety ---------------------------------------------------------------------------------------


class AtcCode(Frozen):
    """A code of the WHO Anatomical Therapeutic Chemical classification."""

    code: Atc
    name: Text


class Interaction(Frozen):
    """A substance that must not meet the treatment, or that raises a question."""

    id: Slug
    substance: Text
    names: tuple[Text, ...] = ()
    names_verified: bool = False
    atc: tuple[AtcCode, ...] = ()
    drug_class: Text
    severity: Literal["contraindicated", "review"]
    washout_days: Printed | None = None
    washout_basis: Text
    rationale: Text
    sources: tuple[Slug, ...]
    verified: bool


class LookAlike(Frozen):
    """A harmless name that resembles a dangerous one."""

    id: Slug
    name: Text
    atc: Text | None = None
    not_to_be_confused_with: Text


class Contraindication(Frozen):
    """A state in which the treatment must not be given, or only with care."""

    id: Slug
    item: Text
    kind: Literal["contraindication", "warning", "limited-data", "excipient"]
    jurisdiction: Text | None = None
    detail: Text | None = None
    source: Slug
    verified: bool
    note: Text | None = None


class SafetyArm(Frozen):
    """People with the event, out of how many."""

    events: Count | None = None
    total: Count | None = None
    percent: Percent | None = None


class SafetyRecord(Frozen):
    """One safety figure: an estimate, or people with the event per arm."""

    id: Slug
    study: Slug | None = None
    trial: Text
    scope: Text | None = None
    measure: Text
    kind: Literal["any", "serious", "discontinuation", "death", "specific", "exposure", "other"]
    dose_mg: Printed | None = None
    estimate: Reported | None = None
    ci_low: Printed | None = None
    ci_high: Printed | None = None
    breakdown: tuple[NamedNumber, ...] = ()
    treated: SafetyArm | None = None
    control: SafetyArm | None = None
    n: Count | None = None
    source: Slug
    locator: Text | None = None
    verified: bool
    note: Text | None = None


class TitrationStep(Frozen):
    """A dose and how long it was kept."""

    mg: NotNegative
    weeks: NotNegative | None = None


class Titration(_Stated):
    """A scheme as published: a comparison, not advice."""

    id: Slug
    scheme: Text
    steps: tuple[TitrationStep, ...] = ()
    statement: Prose | None = None
    target_mg: NotNegative | None = None
    duration_weeks: NotNegative | None = None
    source: Slug
    quality: Text | None = None
    verified: bool
    note: Text | None = None

    def _prose(self) -> tuple[str, ...]:
        return (self.statement,) if self.statement else ()


class FreeInterval(Frozen):
    """How long a trial or a label wanted the person to be free of something before starting."""

    id: Slug
    free_of: Text
    used_by: Text
    days: Printed
    source: Slug
    verified: bool
    note: Text | None = None


class Safety(Frozen):
    """File: `safety.yaml`."""

    disclaimer: Prose
    warning: Prose | None = None
    """What must not be combined with the treatment, in one sentence that nobody can miss."""
    interactions: tuple[Interaction, ...] = ()
    lookalikes: tuple[LookAlike, ...] = ()
    contraindications: tuple[Contraindication, ...] = ()
    adverse_events: tuple[SafetyRecord, ...] = ()
    titration: tuple[Titration, ...] = ()
    free_intervals: tuple[FreeInterval, ...] = ()


# --- access ---------------------------------------------------------------------------------------


class AccessFact(Fact):
    """A rule, a price or a use in one jurisdiction, with its date as the source gives it."""

    jurisdiction: Text
    date: Text | None = None
    source_quality: Text | None = None


class Access(Frozen):
    """File: `access.yaml`."""

    facts: tuple[AccessFact, ...] = ()
    gaps: tuple[Prose, ...] = ()


# --- claims ---------------------------------------------------------------------------------------

ClaimKind = Literal[
    "mechanism",
    "dose",
    "existence",
    "design",
    "result",
    "sample-size",
    "patient-experience",
    "safety",
    "interaction",
    "access",
    "cost",
    "licence",
    "prevalence",
    "comparison",
]
Verdict = Literal["supported", "partly", "contradicted", "not-found", "could-not-check"]


class ClaimTest(Frozen):
    """A comparison that would have to hold if the claim were true; the engine makes it itself."""

    left: Text
    relation: Literal["<", "<=", ">", ">=", "=", "!="]
    right: Text


class Claim(_Stated):
    """Something that is commonly said, in our words, and what it rests on."""

    id: Slug
    says: Prose
    kind: ClaimKind
    conditions: tuple[Slug, ...] = ()
    verdict: Verdict
    because: Prose
    rests_on: tuple[Text, ...] = ()
    tests: tuple[ClaimTest, ...] = ()
    note: Text | None = None

    def _prose(self) -> tuple[str, ...]:
        return (self.says, self.because)

    @model_validator(mode="after")
    def _rests_on_something(self) -> Claim:
        if self.verdict in {"supported", "partly", "contradicted"} and not self.rests_on:
            raise ValueError(f"the verdict {self.verdict!r} needs rests_on: what it rests on")
        return self


class ClaimGroup(Frozen):
    """File: `claims/ID.yaml`."""

    id: Slug
    title: Text
    order: int = Field(default=0, ge=0, le=10_000)
    """Where the group stands among the others; equal ones go by their ids."""
    claims: tuple[Claim, ...]
