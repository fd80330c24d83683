"""Counting what a case holds for each condition: the numbers that statements and claims use."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from equipoise.case import Case
from equipoise.case.study import Study, StudyKind
from equipoise.findings.ledger import Ledger
from equipoise.findings.model import Step
from equipoise.findings.wording import whole
from equipoise.judgement import OPTIMAL_INFORMATION_SIZE

NEEDED = "rules/optimal-information-size"

_UNCONTROLLED = {StudyKind.TRIAL, StudyKind.OBSERVATIONAL}
_LABORATORY = {StudyKind.LABORATORY, StudyKind.MECHANISM}


@dataclass(frozen=True, slots=True)
class Kinds:
    """The studies of one condition, by what they can say."""

    randomised: tuple[Study, ...]
    registered: tuple[Study, ...]
    uncontrolled: tuple[Study, ...]
    syntheses: tuple[Study, ...]
    laboratory: tuple[Study, ...]
    other: tuple[Study, ...]


def sort_studies(case: Case, condition: str) -> Kinds:
    """Put each study of a condition under the one heading that it belongs to."""

    def those(accept: Callable[[Study], bool]) -> tuple[Study, ...]:
        return tuple(s for s in case.studies if condition in s.groups and accept(s))

    def uncontrolled(s: Study) -> bool:
        return s.kind in _UNCONTROLLED and not s.is_randomised_trial

    sorted_kinds = (
        those(lambda s: s.is_randomised_trial),
        those(lambda s: s.is_registered),
        those(uncontrolled),
        those(lambda s: s.kind is StudyKind.META_ANALYSIS),
        those(lambda s: s.kind in _LABORATORY),
    )
    placed = {s.id for kind in sorted_kinds for s in kind}
    return Kinds(*sorted_kinds, other=those(lambda s: s.id not in placed))


def count_evidence(case: Case, ledger: Ledger) -> None:
    """Enter the counts that statements and claims refer to, for every condition."""
    ledger.add(
        NEEDED,
        kind="chosen",
        label="people that a precise answer needs, by rule of thumb",
        value=float(OPTIMAL_INFORMATION_SIZE),
        display=whole(OPTIMAL_INFORMATION_SIZE),
        method="optimal-information-size",
    )
    _count(ledger, "count/case/studies", "records in the case", case.studies)
    for condition in case.header.conditions:
        kinds = sort_studies(case, condition.id)
        at = f"count/{condition.id}"
        _count(ledger, f"{at}/randomised-trials", "completed randomised trials", kinds.randomised)
        _count(ledger, f"{at}/registered-trials", "registered trials", kinds.registered)
        _count(ledger, f"{at}/uncontrolled-studies", "uncontrolled studies", kinds.uncontrolled)
        _count(ledger, f"{at}/published-syntheses", "published syntheses", kinds.syntheses)
        _count(ledger, f"{at}/laboratory-studies", "laboratory studies", kinds.laboratory)
        for name, label, studies, fields in (
            ("randomised-people", "people randomised", kinds.randomised, ("n_randomised",)),
            ("registered-people", "people planned for", kinds.registered, ("n_planned",)),
            (
                "uncontrolled-people",
                "people in uncontrolled studies",
                kinds.uncontrolled,
                ("n_analysed", "n_started", "n_randomised"),
            ),
        ):
            sum_people(ledger, f"{at}/{name}", label, studies, fields)


def _count(ledger: Ledger, number_id: str, label: str, studies: Iterable[Study]) -> None:
    listed = sorted(s.id for s in studies)
    ledger.add(
        number_id,
        kind="count",
        label=label,
        value=float(len(listed)),
        display=whole(len(listed)),
        method="counted",
        steps=(
            Step(
                quantity="counted",
                formula=", ".join(listed) if listed else "none of the records of the case",
                display=whole(len(listed)),
            ),
        ),
    )


def sum_people(
    ledger: Ledger, number_id: str, label: str, studies: Iterable[Study], fields: tuple[str, ...]
) -> None:
    """Enter the people of several studies together, each by the first field that it prints."""
    inputs = []
    for study in studies:
        for name in fields:
            number = getattr(study, name)
            if number is not None and number.value is not None:
                inputs.append(f"studies/{study.id}/{name}")
                break
    total = sum(ledger.value(i) for i in inputs)
    ledger.add(
        number_id,
        kind="count",
        label=label,
        value=total,
        display=whole(total),
        method="summed",
        inputs=inputs,
    )
