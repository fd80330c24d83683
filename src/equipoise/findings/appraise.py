"""`appraise`: Case → Findings. The one road; every stage is a function of what came before."""

from __future__ import annotations

from collections.abc import Callable

from equipoise import __version__
from equipoise.case import Case, printed_numbers
from equipoise.evidence.methods import METHODS as EVIDENCE_METHODS
from equipoise.findings.checks import find_attention
from equipoise.findings.claims import check_claims, check_prose
from equipoise.findings.conditions import judge_conditions
from equipoise.findings.counting import count_evidence
from equipoise.findings.discordance import explain_disagreements
from equipoise.findings.drug import describe_drug
from equipoise.findings.effects import Effect, NoEffect, estimate_effects
from equipoise.findings.harms import describe_safety
from equipoise.findings.ledger import Ledger
from equipoise.findings.methods import METHODS
from equipoise.findings.model import (
    AccessFindings,
    CaseSummary,
    EffectRow,
    Findings,
    Jurisdiction,
    Named,
    NotEstimated,
    Question,
    Search,
)
from equipoise.findings.pooling import Pooled, pool_effects, show_unverified
from equipoise.findings.reports import fact_row, hold_reports
from equipoise.findings.studies import list_studies
from equipoise.findings.works import list_works
from equipoise.pharmacology import METHODS as PHARMACOLOGY_METHODS

Progress = Callable[[str], None]


def _silent(stage: str) -> None:
    """Tell nobody."""


def appraise(case: Case, progress: Progress = _silent) -> Findings:
    """Draw every conclusion that the case allows, each number with its road back to print.

    `progress` is called with the name of each stage. The same case gives the same findings, to
    the byte. Raises `CaseErrors` when a claim refers to something that is not there.
    """
    ledger = Ledger()
    for methods in (METHODS, EVIDENCE_METHODS, PHARMACOLOGY_METHODS):
        ledger.learn(methods.values())
    progress("reading printed numbers")
    for printed in printed_numbers(case):
        ledger.print(printed)
    _enter_plan(case, ledger)
    works = list_works(case)
    names = _names(case)
    studies = list_studies(case, ledger)
    progress("estimating effects")
    effects, missing = estimate_effects(case, ledger)
    progress("pooling")
    pooled, reasons = pool_effects(case, effects, ledger, {w.id: w.short for w in works})
    unverified = show_unverified(case, effects, ledger, {w.id: w.short for w in works})
    progress("reconstructing published syntheses")
    disagreements = explain_disagreements(case, effects, ledger)
    progress("judging")
    count_evidence(case, ledger)
    conditions, gaps = judge_conditions(case, effects, missing, pooled, ledger)
    progress("holding reports against benchmarks")
    experience = hold_reports(case, ledger)
    progress("working out receptor occupancy")
    drug = describe_drug(case, ledger)
    safety = describe_safety(case, ledger)
    progress("checking claims")
    check_prose(case, ledger)
    claims = check_claims(case, ledger, {w.id for w in works})
    attention = find_attention(case, effects, claims)
    progress("closing the ledger")
    return Findings(
        program=f"equipoise {__version__}",
        case=_summary(case),
        conditions=conditions,
        names=names,
        studies=studies,
        effects=_effect_rows(effects, pooled, reasons),
        not_estimated=_not_estimated(missing),
        syntheses=tuple(p.synthesis for p in pooled),
        unverified=unverified,
        disagreements=disagreements,
        gaps=gaps,
        claims=claims,
        experience=experience,
        drug=drug,
        safety=safety,
        access=_access(case),
        attention=attention,
        assumptions=tuple(a for _, a in sorted(ledger.assumptions.items())),
        methods=tuple(m for _, m in sorted(ledger.methods.items())),
        works=works,
        numbers=tuple(ledger.numbers.values()),
    )


def _enter_plan(case: Case, ledger: Ledger) -> None:
    plan = case.plan
    for number_id, label, value, display in (
        (
            "case/plan/crossover-correlation",
            "within-person correlation assumed for crossovers",
            plan.crossover_correlation.value,
            f"r = {plan.crossover_correlation.value:g}",
        ),
        (
            "case/plan/prepost-correlation",
            "correlation assumed between before and after",
            plan.prepost_correlation.value,
            f"r = {plan.prepost_correlation.value:g}",
        ),
        (
            "case/plan/level",
            "coverage of intervals",
            plan.level,
            f"{100 * plan.level:g}%",
        ),
    ):
        ledger.add(
            number_id, kind="chosen", label=label, value=value, display=display, method="case-plan"
        )


def _names(case: Case) -> tuple[Named, ...]:
    header = case.header
    return (
        Named(id="intervention", name=header.intervention.name),
        *(Named(id=f"condition/{c.id}", name=c.name) for c in header.conditions),
        *(Named(id=f"outcome/{o.id}", name=o.name) for o in header.outcomes),
        *(Named(id=f"instrument/{i.id}", name=i.name) for i in header.instruments),
    )


def _summary(case: Case) -> CaseSummary:
    header = case.header
    conditions = {c.id: c.name for c in header.conditions}
    outcomes = {o.id: o.name for o in header.outcomes}
    return CaseSummary(
        id=header.id,
        title=header.title,
        intervention=header.intervention.name,
        short=header.intervention.short or header.intervention.name,
        description=header.intervention.description,
        as_of=header.as_of,
        licence=header.licence,
        origin=header.origin,
        digest=case.digest,
        questions=tuple(
            Question(
                id=q.id,
                population=conditions[q.population],
                intervention=q.intervention,
                comparator=q.comparator,
                outcomes=tuple(outcomes[o] for o in q.outcomes),
            )
            for q in header.questions
        ),
        searched=tuple(Search(where=s.where, date=s.date, how=s.how) for s in header.searched),
    )


def _effect_rows(
    effects: tuple[Effect, ...], pooled: tuple[Pooled, ...], reasons: dict[str, str]
) -> tuple[EffectRow, ...]:
    used: dict[str, list[str]] = {}
    for p in pooled:
        for line in p.synthesis.rows:
            used.setdefault(line.effect, []).append(p.synthesis.id)
    rows = []
    for effect in effects:
        row = effect.row
        places = tuple(used.get(row.id, ()))
        why = None if places else reasons.get(row.id)
        if not places and why is None:
            why = "Another outcome of the same study and domain stands for it; a study counts once."
        rows.append(row.model_copy(update={"pooled_in": places, "why_not_pooled": why}))
    return tuple(rows)


def _not_estimated(missing: tuple[NoEffect, ...]) -> tuple[NotEstimated, ...]:
    return tuple(
        NotEstimated(
            study=m.study,
            outcome=m.outcome,
            outcome_name=m.outcome_name,
            condition=m.condition,
            domain=m.domain,
            controlled=m.controlled,
            reason=f"{m.reason[0].upper()}{m.reason[1:]}.",
        )
        for m in missing
    )


def _access(case: Case) -> AccessFindings | None:
    if case.access is None:
        return None
    places: dict[str, list[int]] = {}
    for index, fact in enumerate(case.access.facts):
        places.setdefault(fact.jurisdiction, []).append(index)
    facts = case.access.facts
    return AccessFindings(
        jurisdictions=tuple(
            Jurisdiction(
                name=name,
                facts=tuple(fact_row(facts[i], f"access/facts/{facts[i].id}") for i in indices),
            )
            for name, indices in places.items()
        ),
        gaps=case.access.gaps,
    )
