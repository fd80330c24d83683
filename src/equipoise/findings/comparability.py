"""Which estimates may meet: the rules of comparability.

Estimates meet in one synthesis only if they share condition, outcome domain, kind of comparator
and co-interventions, come from randomised comparisons, and are verified (or the plan says to
include unverified ones). Mean differences need the same instrument and unit; risk ratios the same
definition of the event; unlike instruments of one domain meet as standardised differences.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from equipoise.case import Case
from equipoise.case.header import Instrument
from equipoise.case.study import ContrastType, Structure
from equipoise.evidence.effects import EffectMeasure, Estimate
from equipoise.findings.effects import Effect, enter_estimate, turned
from equipoise.findings.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Group:
    """Estimates that may be pooled, on one scale."""

    id: str
    condition: str
    domain: str
    title: str
    measure: EffectMeasure
    axis: str
    better: str
    members: tuple[Member, ...]
    instrument: Instrument | None
    notes: tuple[str, ...]
    sweep: tuple[tuple[float, tuple[Estimate, ...]], ...] = ()
    """The members again, at other correlations that the plan wants to see."""


@dataclass(frozen=True, slots=True)
class Member:
    """One estimate of a group, with the ids of its numbers."""

    effect: Effect
    estimate: Estimate
    ids: tuple[str, str, str]
    note: str | None


def comparable_groups(
    case: Case, effects: tuple[Effect, ...], ledger: Ledger
) -> tuple[tuple[Group, ...], dict[str, str]]:
    """Every group that the rules allow, and for each effect left out the reason why."""
    reasons = {e.row.id: r for e in effects if (r := _why_not(case, e)) is not None}
    families = _families(e for e in effects if e.row.id not in reasons)
    groups = [g for family in families for g in _groups(case, family, ledger)]
    return tuple(_named_apart(groups)), reasons


def unverified_groups(case: Case, effects: tuple[Effect, ...], ledger: Ledger) -> tuple[Group, ...]:
    """What would meet, had it been verified: shown side by side, marked, and never pooled.

    None where the plan lets unverified numbers into pools, for then they stand there.
    """
    if case.plan.unverified == "include":
        return ()
    left = [e for e in effects if e.row.controlled and not e.row.verified]
    return tuple(_named_apart([g for f in _families(left) for g in _groups(case, f, ledger)]))


def _families(effects: Iterable[Effect]) -> Iterable[list[Effect]]:
    """Effects that share condition, domain, comparator and co-interventions."""
    families: dict[tuple[str, ...], list[Effect]] = defaultdict(list)
    for effect in effects:
        row = effect.row
        key = (row.condition, row.domain, row.comparator, "+".join(row.co_interventions))
        families[key].append(effect)
    return families.values()


def _named_apart(groups: list[Group]) -> Iterable[Group]:
    """Groups that differ only in what a name cannot carry (a unit, a sign) get a number."""
    seen: Counter[str] = Counter()
    for group in groups:
        seen[group.id] += 1
        count = seen[group.id]
        yield group if count == 1 else replace(group, id=f"{group.id}-{count}")


def _why_not(case: Case, effect: Effect) -> str | None:
    if not effect.row.controlled:
        return (
            "One group without a control: the change holds the effect together with natural "
            "course, regression to the mean and expectation, so it is never pooled."
        )
    if not effect.row.verified and case.plan.unverified == "leave-out":
        return "A number it rests on was not verified; the plan leaves such numbers out of pools."
    return None


def _groups(case: Case, family: list[Effect], ledger: Ledger) -> Iterable[Group]:
    continuous = [e for e in family if e.row.measure == EffectMeasure.MD]
    scales: dict[tuple[str, str], list[Effect]] = defaultdict(list)
    for effect in continuous:
        outcome = effect.outcome
        scales[(outcome.instrument or outcome.id, outcome.unit or "")].append(effect)
    for (scale, _), members in scales.items():
        yield _difference_group(case, scale, _one_per_study(members))
    standard = _one_per_study([e for e in family if e.standardised is not None])
    printed_so = [e for e in standard if e.row.measure == EffectMeasure.SMD]
    if printed_so or (len(standard) > 1 and len(scales) > 1):
        yield _standard_group(case, standard, ledger)
    definitions: dict[tuple[str, str], list[Effect]] = defaultdict(list)
    for effect in family:
        if EffectMeasure(effect.row.measure).is_ratio:
            definition = effect.outcome.definition or effect.outcome.id
            definitions[(effect.row.measure, definition)].append(effect)
    for (measure, definition), members in definitions.items():
        yield _ratio_group(EffectMeasure(measure), definition, _one_per_study(members))


def _one_per_study(effects: list[Effect]) -> list[Effect]:
    """A study counts once: its primary outcome, else the first that is listed."""
    chosen: dict[str, Effect] = {}
    for effect in effects:
        kept = chosen.get(effect.row.study)
        if kept is None or (effect.primary and not kept.primary):
            chosen[effect.row.study] = effect
    return list(chosen.values())


def _difference_group(case: Case, scale: str, effects: list[Effect]) -> Group:
    first = effects[0]
    instrument = next((i for i in case.header.instruments if i.id == scale), None)
    name = instrument.name if instrument else first.outcome.measured_by or first.outcome.name
    return Group(
        id=f"{first.row.condition}/{first.row.domain}/md-{scale}{_against(first)}",
        condition=first.row.condition,
        domain=first.row.domain,
        title=name,
        measure=EffectMeasure.MD,
        axis=f"mean difference{f', {first.outcome.unit}' if first.outcome.unit else ''}",
        better=first.outcome.better or "lower",
        members=_members(effects),
        instrument=instrument,
        notes=(),
    )


def _standard_group(case: Case, effects: list[Effect], ledger: Ledger) -> Group:
    first = effects[0]
    members = []
    for effect in effects:
        if effect.standardised is None:
            continue
        standardised = _oriented(effect, effect.standardised)
        if effect.row.measure == EffectMeasure.SMD and standardised is effect.standardised:
            row = effect.row  # printed in standard deviations, and in the right direction
            ids = (row.estimate, row.low, row.high)
            members.append(Member(effect, standardised, ids, _design(effect)))
            continue
        name = "smd" if effect.row.measure != EffectMeasure.SMD else "smd-turned"
        ids = enter_estimate(
            ledger,
            f"effects/{effect.row.study}/{effect.row.outcome}/{name}",
            f"{effect.outcome.name}, standardised mean difference",
            standardised,
            effect.inputs,
            unit=None,
            level=case.plan.level,
            assumed=effect.assumed,
        )
        members.append(Member(effect, standardised, ids, _design(effect)))
    notes = ["Different instruments of one domain, turned so that lower is better for all."]
    if any(e.study.structure is Structure.CROSSOVER for e in effects):
        notes.append(
            "Crossover trials need the correlation within a person, which none of the sources "
            "printed; {n:case/plan/crossover-correlation} was assumed."
        )
    return Group(
        id=f"{first.row.condition}/{first.row.domain}/smd{_against(first)}",
        condition=first.row.condition,
        domain=first.row.domain,
        title="all instruments, standardised",
        measure=EffectMeasure.SMD,
        axis="standardised mean difference",
        better="lower",
        members=tuple(members),
        instrument=None,
        notes=tuple(notes),
        sweep=_sweep(case, [m.effect for m in members]),
    )


def _sweep(case: Case, effects: list[Effect]) -> tuple[tuple[float, tuple[Estimate, ...]], ...]:
    plan = case.plan.crossover_correlation
    if all(e.crossover_people is None for e in effects):
        return ()
    return tuple(
        (r, tuple(_oriented(e, s) for e in effects if (s := e.standardised_at(r)) is not None))
        for r in plan.sweep
        if r != plan.value
    )


def _oriented(effect: Effect, standardised: Estimate) -> Estimate:
    """Turned, where higher is better, so that lower is better for all."""
    return turned(standardised) if effect.outcome.better == "higher" else standardised


def _ratio_group(measure: EffectMeasure, definition: str, effects: list[Effect]) -> Group:
    first = effects[0]
    return Group(
        id=f"{first.row.condition}/{first.row.domain}/{measure.lower()}-{definition}{_against(first)}",
        condition=first.row.condition,
        domain=first.row.domain,
        title=first.outcome.name,
        measure=measure,
        axis="risk ratio" if measure is EffectMeasure.RR else "odds ratio",
        better=first.outcome.better or "higher",
        members=_members(effects),
        instrument=None,
        notes=(),
    )


def _members(effects: list[Effect]) -> tuple[Member, ...]:
    return tuple(
        Member(e, e.estimate, (e.row.estimate, e.row.low, e.row.high), _design(e))
        for e in effects
        if e.estimate is not None
    )


def _against(effect: Effect) -> str:
    """Anything but plain placebo is part of the name, so that it cannot be overlooked."""
    row = effect.row
    against = "" if row.comparator == "placebo" else f"-vs-{row.comparator}"
    return against + "".join(f"-with-{_slug(c)}" for c in row.co_interventions)


def is_plain(effect: Effect) -> bool:
    """Placebo against the treatment and nothing else: what can show whether it works."""
    return effect.row.comparator == "placebo" and not effect.row.co_interventions


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "other"


def _design(effect: Effect) -> str | None:
    """What a reader of a forest plot should know about a row."""
    contrast = effect.outcome.contrast
    remarks = ["crossover"] if effect.study.structure is Structure.CROSSOVER else []
    if contrast is not None and contrast.type is ContrastType.PAIRED_MEDIAN_DIFFERENCE:
        remarks.append("difference of medians, taken for means")
    return "; ".join(remarks) or None
