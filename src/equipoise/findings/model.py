"""Findings: all that the engine concluded, frozen, with every number traceable.

Numbers live in one flat table and everything else refers to them by id. Prose carries references,
never typed numbers (`equipoise.case.prose`). The published schema is `schema.json`, generated from
these classes.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from equipoise.case.facts import Verdict
from equipoise.case.prose import Prose, Reference, is_prose, split_prose


class Frozen(BaseModel):
    """The base of everything in Findings."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


# --- numbers --------------------------------------------------------------------------------------


class SourceRef(Frozen):
    """Where a printed number stands: in which work, at which place, and in which case file."""

    work: str | None
    """Id of the work in `Findings.works`; `None` for the case's own words."""
    locator: str
    file: str
    line: int


class Step(Frozen):
    """One step of a derivation, readable: what was worked out, how, from what."""

    quantity: str
    formula: str
    display: str


class Number(Frozen):
    """A number and where it comes from.

    `kind` is `printed` (as a source has it), `derived` (from printed numbers of one study),
    `computed` (by a model), `count` (counted from the case), or `chosen` (a decision of the plan or
    of the rules). `display` is the only text that a
    page shows for it, unit included.
    """

    id: str
    kind: Literal["printed", "derived", "computed", "count", "chosen"]
    label: str
    value: float | None
    low: float | None = None
    high: float | None = None
    display: str
    unit: str | None = None
    method: str
    inputs: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    assumptions: tuple[str, ...] = ()
    verified: bool
    source: SourceRef | None = None
    note: str | None = None


class Assumption(Frozen):
    """Something taken for granted; named, so that it can be questioned."""

    id: str
    text: Prose


class Method(Frozen):
    """A method that was used, with its own citation."""

    id: str
    name: str
    formula: str
    citation: str
    doi: str | None = None


class Work(Frozen):
    """A study, register entry or other source, as far as it is known."""

    id: str
    short: str
    """What a page calls it in running text, such as `Younger 2013`."""
    citation: str
    doi: str | None = None
    pmid: str | None = None
    registry: str | None = None
    url: str | None = None
    is_study: bool
    read_level: str | None = None
    unverified_fields: tuple[str, ...] = ()
    verified: bool
    note: str | None = None


# --- trials and effects ---------------------------------------------------------------------------


class Cell(Frozen):
    """A printed result: what it is, and the number."""

    label: str
    number: str


class OutcomeRow(Frozen):
    """One outcome of one study, as printed."""

    id: str
    name: str
    domain: str
    measured_by: str | None
    primary: bool
    cells: tuple[Cell, ...]
    direction: str | None
    verified: bool
    note: str | None


class StudyRow(Frozen):
    """One study as the pages show it."""

    id: str
    kind: str
    conditions: tuple[str, ...]
    condition_text: str
    title: str
    design: str
    randomised: bool | None
    blinding: str
    comparator: str
    population: tuple[Cell, ...]
    """Numbers of people by role: planned, randomised, analysed."""
    doses: tuple[Cell, ...]
    duration: str | None
    registry_state: str | None
    registry_status: str | None
    risk_of_bias: str | None
    risk_of_bias_reason: str | None
    outcomes: tuple[OutcomeRow, ...]
    harms: tuple[OutcomeRow, ...]
    verified: bool
    note: str | None


class EffectRow(Frozen):
    """An estimate from one study: the treatment against its comparator."""

    id: str
    study: str
    outcome: str
    outcome_name: str
    condition: str
    domain: str
    measure: str
    comparator: str
    controlled: bool
    co_interventions: tuple[str, ...]
    estimate: str
    low: str
    high: str
    better: Literal["lower", "higher"] | None
    verified: bool
    pooled_in: tuple[str, ...] = ()
    why_not_pooled: Prose | None = None


class NotEstimated(Frozen):
    """An outcome that gave no estimate, and why."""

    study: str
    outcome: str
    outcome_name: str
    condition: str
    domain: str
    controlled: bool
    reason: Prose


class ForestRow(Frozen):
    """One line of a forest plot."""

    effect: str
    label: str
    note: str | None
    estimate: str
    low: str
    high: str
    weight: str | None
    verified: bool


class ModelResult(Frozen):
    """One model's answer to one synthesis."""

    model: str
    name: str
    primary: bool
    estimate: str
    low: str
    high: str
    prediction_low: str | None = None
    prediction_high: str | None = None
    note: Prose | None = None


class Synthesis(Frozen):
    """Comparable estimates put together, by several models side by side."""

    id: str
    condition: str
    domain: str
    title: str
    measure: str
    ratio: bool
    axis: str
    better: Literal["lower", "higher"] | None
    null: float
    mid: str | None
    rows: tuple[ForestRow, ...]
    models: tuple[ModelResult, ...]
    heterogeneity: tuple[Cell, ...]
    probabilities: tuple[Cell, ...]
    prior: Prose | None
    notes: tuple[Prose, ...]
    verified: bool


# --- published syntheses, held against the trials -------------------------------------------------


class ReadingRow(Frozen):
    """How a reconstruction reads one trial, or that it leaves it out."""

    study: str
    says: Prose
    standing: Literal["sound", "assumed", "mistake", "left out"]
    estimate: str | None = None
    low: str | None = None
    high: str | None = None


class PoolStep(Frozen):
    """A pooled result after one choice was changed; `label` is short enough for a figure."""

    label: Prose
    says: Prose
    estimate: str
    low: str
    high: str


class ReconstructionRow(Frozen):
    """A combination of choices and what it pools to.

    `misses` is the largest deviation from what was printed, as a share of the published standard
    error. The `path` leads from the case's own reading to this one, a choice at a time.
    """

    id: str
    role: Literal["nearest", "simplest", "sound"]
    title: str
    estimate: str
    low: str
    high: str
    i2: str
    misses: str
    matches: bool
    model: str
    crossovers: Prose | None
    readings: tuple[ReadingRow, ...]
    path: tuple[PoolStep, ...]
    driver: Prose | None
    """Which step of the path moves the estimate most."""


class ImpliedRow(Frozen):
    """What trials whose numbers were not read would have to have shown.

    Without numbers where nothing could give the published result.
    """

    studies: tuple[str, ...]
    says: Prose
    estimate: str | None = None
    low: str | None = None
    high: str | None = None


class PublishedRow(Frozen):
    """A published synthesis, as printed, and the choices that would give it."""

    id: str
    work: str
    measure: str
    axis: str
    estimate: str
    low: str
    high: str
    i2: str | None
    other_scale: tuple[Cell, ...]
    """The same result on the other scale: a mean difference in standard deviations, or back."""
    because: Prose
    statements: tuple[Prose, ...]
    reconstructions: tuple[ReconstructionRow, ...]
    implied: tuple[ImpliedRow, ...]
    verified: bool


class DisagreementRow(Frozen):
    """Published syntheses of one question that do not agree, and why."""

    id: str
    title: str
    condition: str
    statements: tuple[Prose, ...]
    published: tuple[PublishedRow, ...]


# --- judgement ------------------------------------------------------------------------------------

CertaintyLevel = Literal["high", "moderate", "low", "very low", "none"]


class DomainRating(Frozen):
    """One GRADE domain: how far it lowers certainty, and why."""

    domain: Literal[
        "risk of bias", "inconsistency", "indirectness", "imprecision", "publication bias", "design"
    ]
    levels: Literal[0, -1, -2, -3]
    reason: Prose


class OutcomeJudgement(Frozen):
    """What can be said about one condition × outcome, and how sure one can be."""

    id: str
    condition: str
    domain: str
    name: str
    critical: bool
    certainty: CertaintyLevel
    finding: Literal["benefit", "small benefit", "harm", "little difference", "unclear"]
    ratings: tuple[DomainRating, ...]
    bottom_line: Prose
    synthesis: str | None
    probabilities: tuple[Cell, ...]


class ConditionFinding(Frozen):
    """The bottom line for one condition."""

    id: str
    name: str
    focus: bool
    headline: Prose
    statements: tuple[Prose, ...]
    counts: tuple[Cell, ...]
    judgements: tuple[OutcomeJudgement, ...]
    randomised: tuple[str, ...]
    registered: tuple[str, ...]
    uncontrolled: tuple[str, ...]
    other: tuple[str, ...]


class Gap(Frozen):
    """Something that nobody has done, computed from the case."""

    id: str
    kind: str
    condition: str | None
    title: str
    statement: Prose


class ClaimTestRow(Frozen):
    """What would have to hold if the claim were true, and whether it does."""

    left: str
    relation: str
    right: str | None
    right_text: str | None
    holds: bool


class ClaimRow(Frozen):
    """A claim that is commonly made, and what became of it."""

    id: str
    group: str
    group_title: str
    says: Prose
    kind: str
    conditions: tuple[str, ...]
    verdict: Verdict
    because: Prose
    rests_on: tuple[str, ...]
    """Ids of works or numbers."""
    tests: tuple[ClaimTestRow, ...]
    verified: bool
    note: str | None


# --- patient reports, drug, safety, access --------------------------------------------------------


class RateRow(Frozen):
    """A rate among people, and what it counts."""

    id: str
    sample: str
    label: str
    work: str
    role: Literal["report", "benchmark"]
    regime: str
    conditions: tuple[str, ...]
    definition: str
    percent: str
    low: str | None
    high: str | None
    total: str | None
    verified: bool
    note: str | None


class RateTable(Frozen):
    """Rates that count the same thing, and so may be set side by side."""

    counts: str
    title: str
    rows: tuple[RateRow, ...]


class SelectionRow(Frozen):
    """How strong selection would have to be for a report to arise with no specific effect."""

    report: str
    benchmark: str
    odds_ratio: str


class SampleRow(Frozen):
    """Where a set of reports comes from, and what else it says."""

    id: str
    title: str
    work: str
    role: Literal["report", "benchmark"]
    regime: str
    conditions: tuple[str, ...]
    origin: tuple[tuple[str, str], ...]
    """Pairs such as (`how found`, text)."""
    facts: tuple[FactRow, ...]
    note: str | None


class FactRow(Frozen):
    """One sourced statement."""

    id: str
    topic: str | None
    statement: Prose
    work: str
    verified: bool
    date: str | None = None
    source_quality: str | None = None
    note: str | None = None


class Experience(Frozen):
    """Patient reports held against like benchmarks."""

    statements: tuple[Prose, ...]
    tables: tuple[RateTable, ...]
    refused: tuple[Prose, ...]
    selection: tuple[SelectionRow, ...]
    samples: tuple[SampleRow, ...]


class CurvePoint(Frozen):
    """Occupancy at an hour."""

    hour: str
    occupancy: str


class OccupancyCurve(Frozen):
    """One model, one dose, one day."""

    model: str
    dose: str
    points: tuple[CurvePoint, ...]
    trough: str


class OccupancyModelRow(Frozen):
    """A hypothesis about what governs receptor occupancy, and how it fares."""

    model: str
    name: str
    says: Prose
    fit: tuple[Cell, ...]
    weight: str


class PotencyRow(Frozen):
    """The gap between the concentration in the laboratory and in a person."""

    id: str
    target: str
    finding: Prose
    system: str | None
    concentration: str | None
    in_person: tuple[str, str] | None
    gap: tuple[str, str] | None
    works: tuple[str, ...]
    verified: bool
    note: str | None


class Drug(Frozen):
    """What the drug does at which dose."""

    statements: tuple[Prose, ...]
    models: tuple[OccupancyModelRow, ...]
    curves: tuple[OccupancyCurve, ...]
    observed: tuple[FactRow, ...]
    constants: tuple[Cell, ...]
    potency: tuple[PotencyRow, ...]


class HarmRow(Frozen):
    """One harm, with denominators."""

    id: str
    label: str
    measure: str
    treated: tuple[Cell, ...]
    control: tuple[Cell, ...]
    estimate: tuple[Cell, ...]
    work: str
    verified: bool
    note: str | None


class HarmTable(Frozen):
    """One trial's counts of a harm; `zero` says in how many of its two arms nobody had it."""

    study: str
    treated: tuple[str, str]
    """People with the harm, and of how many."""
    control: tuple[str, str]
    zero: Literal["none", "one arm", "both arms"]
    note: Prose | None


class HarmModelRow(Frozen):
    """One model's answer to a rare harm; no numbers where it has none, and `remark` says why.

    `silent` are the trials that carry no information in this model.
    """

    model: str
    measure: str
    estimate: str | None
    low: str | None
    high: str | None
    p: str | None
    silent: tuple[str, ...]
    remark: str


class HarmApart(Frozen):
    """A trial that counted the harm and is kept out of the synthesis."""

    study: str
    reason: Prose


class HarmSynthesis(Frozen):
    """One harm over the trials that counted it alike, by several models side by side."""

    id: str
    condition: str
    title: str
    tables: tuple[HarmTable, ...]
    models: tuple[HarmModelRow, ...]
    apart: tuple[HarmApart, ...]
    notes: tuple[Prose, ...]
    verified: bool


class InteractionRow(Frozen):
    """A substance that must not meet the treatment."""

    id: str
    substance: str
    names: tuple[str, ...]
    names_verified: bool
    drug_class: str
    severity: Literal["contraindicated", "review"]
    washout: str | None
    washout_basis: str
    rationale: str
    works: tuple[str, ...]
    verified: bool


class ItemRow(Frozen):
    """A contraindication, scheme or interval."""

    id: str
    title: str
    kind: str
    detail: str | None
    statement: Prose | None
    cells: tuple[Cell, ...]
    work: str
    verified: bool
    note: str | None


class SafetyFindings(Frozen):
    """Harms, what it must not meet, and how it was started."""

    disclaimer: Prose
    warning: Prose | None
    statements: tuple[Prose, ...]
    harms: tuple[HarmRow, ...]
    syntheses: tuple[HarmSynthesis, ...] = ()
    interactions: tuple[InteractionRow, ...]
    contraindications: tuple[ItemRow, ...]
    titration: tuple[ItemRow, ...]
    free_intervals: tuple[ItemRow, ...]


class Jurisdiction(Frozen):
    """What is known about access in one place."""

    name: str
    facts: tuple[FactRow, ...]


class AccessFindings(Frozen):
    """Access by country, with dates and what was not found."""

    jurisdictions: tuple[Jurisdiction, ...]
    gaps: tuple[Prose, ...]


class Attention(Frozen):
    """Something that a check found. Acknowledged ones carry a person's reason."""

    id: str
    check: str
    where: str
    statement: Prose
    acknowledged: str | None


class CaseSummary(Frozen):
    """Which case, and what was looked through."""

    id: str
    title: str
    intervention: str
    short: str
    description: Prose | None
    as_of: str
    licence: str
    origin: str | None
    digest: str
    questions: tuple[Question, ...]
    searched: tuple[Search, ...]


class Question(Frozen):
    """PICO, in names."""

    id: str
    population: str
    intervention: str
    comparator: str
    outcomes: tuple[str, ...]


class Search(Frozen):
    """What was looked through, and when."""

    where: str
    date: str
    how: str


class Named(Frozen):
    """What the case calls something; prose refers to it as `{name:ID}`, so a name may hold digits.

    Ids are `intervention`, `condition/ID`, `outcome/ID`, `instrument/ID`.
    """

    id: str
    name: str


class Findings(Frozen):
    """Everything. One `findings.json`."""

    schema_: Literal["equipoise.findings/1"] = Field(default="equipoise.findings/1", alias="schema")
    program: str
    case: CaseSummary
    conditions: tuple[ConditionFinding, ...]
    names: tuple[Named, ...]
    studies: tuple[StudyRow, ...]
    effects: tuple[EffectRow, ...]
    not_estimated: tuple[NotEstimated, ...] = ()
    syntheses: tuple[Synthesis, ...]
    unverified: tuple[Synthesis, ...] = ()
    """Estimates on unverified numbers, like beside like: shown, never pooled, never judged."""
    disagreements: tuple[DisagreementRow, ...] = ()
    gaps: tuple[Gap, ...]
    claims: tuple[ClaimRow, ...]
    experience: Experience
    drug: Drug | None
    safety: SafetyFindings | None
    access: AccessFindings | None
    attention: tuple[Attention, ...]
    assumptions: tuple[Assumption, ...]
    methods: tuple[Method, ...]
    works: tuple[Work, ...]
    numbers: tuple[Number, ...]

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, populate_by_name=True,
        ignored_types=(cached_property,),
    )  # fmt: skip

    @cached_property
    def number(self) -> dict[str, Number]:
        """Numbers by id."""
        return {n.id: n for n in self.numbers}

    @cached_property
    def work(self) -> dict[str, Work]:
        """Works by id."""
        return {w.id: w for w in self.works}

    @model_validator(mode="after")
    def _refers_only_to_what_is_there(self) -> Findings:
        numbers = {n.id for n in self.numbers}
        works = {w.id for w in self.works}
        names = {n.id for n in self.names}
        methods = {m.id for m in self.methods}
        assumptions = {a.id for a in self.assumptions}
        if len(numbers) < len(self.numbers):
            raise ValueError("two numbers share an id")
        for n in self.numbers:
            if missing := set(n.inputs) - numbers:
                raise ValueError(f"{n.id} has an input that is not there: {sorted(missing)[0]}")
            if n.method not in methods:
                raise ValueError(f"{n.id} was made by a method that is not described: {n.method}")
            if missing := set(n.assumptions) - assumptions:
                raise ValueError(f"{n.id} assumes something unnamed: {sorted(missing)[0]}")
            if n.source and n.source.work is not None and n.source.work not in works:
                raise ValueError(f"{n.id} comes from a work that is not listed: {n.source.work}")
        for text in prose_of(self):
            for part in split_prose(text):
                if isinstance(part, Reference):
                    known = {"cite": works, "n": numbers, "name": names}.get(part.kind, set())
                    if part.id not in known:
                        raise ValueError(f"a statement refers to {part.id}, which is not there")
        return self


def prose_of(node: Any) -> Iterator[str]:
    """Every piece of prose in Findings, in order: what the naked-digit test reads.

    Labels and notes of numbers, quotations and titles are data, not statements.
    """
    if isinstance(node, BaseModel):
        for name, field in type(node).model_fields.items():
            value = getattr(node, name)
            if is_prose(field):
                yield from (value,) if isinstance(value, str) else (value or ())
            elif not isinstance(value, str):
                yield from prose_of(value)
    elif isinstance(node, tuple):
        for value in node:
            yield from prose_of(value)
