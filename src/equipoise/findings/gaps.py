"""The gaps of one condition: counts of the case handed to the rules of judgement."""

from __future__ import annotations

import re
from collections.abc import Iterable

from equipoise.case import Case
from equipoise.case.header import Condition
from equipoise.case.printed import Printed
from equipoise.case.study import Structure, Study
from equipoise.findings.counting import NEEDED, Kinds
from equipoise.findings.effects import Effect
from equipoise.findings.ledger import Ledger
from equipoise.findings.model import Gap, OutcomeJudgement, Step
from equipoise.findings.wording import whole
from equipoise.judgement import OPTIMAL_INFORMATION_SIZE, ConditionEvidence, find_gaps

TREATMENT = "{name:intervention}"


def condition_gaps(
    case: Case,
    condition: Condition,
    kinds: Kinds,
    judgements: tuple[OutcomeJudgement, ...],
    effects: tuple[Effect, ...],
    ledger: Ledger,
) -> list[Gap]:
    """Every gap of a condition in focus, the widest first."""
    at = f"count/{condition.id}"
    controlled = [e for e in effects if e.row.controlled and e.row.condition == condition.id]
    longest = _largest(
        (e.outcome.timepoint_weeks, f"studies/{e.study.id}/outcomes/{e.outcome.id}/timepoint_weeks")
        for e in controlled
    )
    largest = _largest((s.n_randomised, f"studies/{s.id}/n_randomised") for s in kinds.randomised)
    refs = {
        "registered": f"{{n:{at}/registered-trials}}",
        "uncontrolled": f"{{n:{at}/uncontrolled-studies}}",
        "needed": f"{{n:{NEEDED}}}",
    }
    if longest:
        refs["longest"] = f"{{n:{longest[1]}}}"
    if largest:
        refs["largest"] = f"{{n:{largest[1]}}}"
    instruments: dict[str, set[str]] = {}
    for effect in controlled:
        measured = effect.outcome.instrument or effect.outcome.measured_by or effect.outcome.id
        instruments.setdefault(effect.row.domain, set()).add(measured)
    critical = {o.id for o in case.header.outcomes if o.critical}
    per_domain = {}
    for domain, names in instruments.items():
        if domain in critical:
            name = f"{{name:outcome/{domain}}}"
            per_domain[name] = len(names)
            number = ledger.add(
                f"count/{condition.id}/instruments/{domain}",
                kind="count",
                label="ways of measuring among randomised comparisons",
                value=float(len(names)),
                display=whole(len(names)),
                method="counted",
                steps=(
                    Step(
                        quantity="counted",
                        formula="; ".join(sorted(names)),
                        display=whole(len(names)),
                    ),
                ),
            )
            refs[f"instruments {name}"] = f"{{n:{number}}}"
    evidence = ConditionEvidence(
        condition=condition.id,
        name=f"{{name:condition/{condition.id}}}",
        treatment=TREATMENT,
        randomised=len(kinds.randomised),
        registered=len(kinds.registered),
        registered_overdue=tuple(
            f"{{cite:{s.id}}}" for s in kinds.registered if _overdue(s, case.header.as_of)
        ),
        uncontrolled=len(kinds.uncontrolled),
        randomised_dose_comparisons=sum(
            s.structure is Structure.DOSE_FINDING and s.randomised is True for s in kinds.randomised
        ),
        longest_controlled_weeks=longest[0] if longest else None,
        largest_randomised=largest[0] if largest else None,
        critical_without_estimate=tuple(
            f"{{name:outcome/{j.domain}}}" for j in judgements if j.critical and j.synthesis is None
        ),
        instruments_per_domain=per_domain,
        needed_people=OPTIMAL_INFORMATION_SIZE,
        refs=refs,
    )
    return [
        Gap(
            id=f"gap/{condition.id}/{index}-{found.kind}",
            kind=found.kind,
            condition=condition.id,
            title=found.title,
            statement=found.statement,
        )
        for index, found in enumerate(find_gaps(evidence))
    ]


def _largest(numbers: Iterable[tuple[Printed | None, str]]) -> tuple[float, str] | None:
    values = [(n.value, place) for n, place in numbers if n is not None and n.value is not None]
    return max(values) if values else None


def _overdue(study: Study, as_of: str) -> bool:
    """Whether the register's planned end lies before the case's date, with no results found."""
    registry = study.registry
    if registry is None or registry.planned_completion is None:
        return False
    if registry.results in {"published", "posted"}:
        return False
    match = re.search(r"(\d{4})-(\d{2})", registry.planned_completion)
    return match is not None and match.group() < as_of[:7]
