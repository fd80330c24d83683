"""Study records → rows that pages show: what was done, and what was printed."""

from __future__ import annotations

from equipoise.case import Case
from equipoise.case.study import AdverseEvent, Arm, ArmResult, Contrast, Outcome, Study
from equipoise.findings.ledger import Ledger
from equipoise.findings.model import Cell, OutcomeRow, StudyRow

_PEOPLE = (
    ("n_planned", "planned"),
    ("n_screened", "screened"),
    ("n_randomised", "randomised"),
    ("n_started", "started"),
    ("n_completed", "completed"),
    ("n_analysed", "analysed"),
    ("k_studies", "studies included"),
)
_ROW_FIELDS = (
    ("n", "people"),
    ("mean", "mean"),
    ("sd", "SD"),
    ("se", "SE"),
    ("plus_minus", "±"),
    ("events", "with event"),
    ("total", "out of"),
    ("percent", "per cent"),
    ("p_within", "p within the group"),
)


def list_studies(case: Case, ledger: Ledger) -> tuple[StudyRow, ...]:
    """One row per study, in the order of the case."""
    judged = {r.study: r for r in case.plan.risk_of_bias}
    rows = []
    for study in case.studies:
        at = f"studies/{study.id}"
        rob = judged.get(study.id)
        rows.append(
            StudyRow(
                id=study.id,
                kind=study.kind.value,
                conditions=study.groups,
                condition_text=study.condition,
                title=study.citation.title,
                design=study.design,
                randomised=study.randomised,
                blinding=study.blinding_note or study.blinding.value,
                comparator=_compared_with(study),
                population=tuple(
                    ledger.cell(label, f"{at}/{name}")
                    for name, label in _PEOPLE
                    if getattr(study, name) is not None
                ),
                doses=tuple(
                    ledger.cell(arm.name, f"{at}/arms/{arm.id}/dose_mg")
                    for arm in study.arms
                    if arm.dose_mg is not None and arm.role == "intervention"
                ),
                duration=f"{at}/duration_weeks" if study.duration_weeks is not None else None,
                registry_state=study.registry.state if study.registry else None,
                registry_status=study.registry.status if study.registry else None,
                risk_of_bias=rob.judgement if rob else None,
                risk_of_bias_reason=rob.reason if rob else None,
                outcomes=tuple(_outcome(study, o, ledger) for o in study.outcomes),
                harms=tuple(_harm(study, e, ledger) for e in study.adverse_events),
                verified=study.verified,
                note=study.note,
            )
        )
    return tuple(rows)


def _compared_with(study: Study) -> str:
    """The kind of comparator, and what the case adds to it."""
    kind, note = study.comparator.value.replace("-", " "), study.comparator_note
    if note is None or kind in note.lower():
        return note or kind
    return f"{kind}, {note}" if study.comparator.value != "unknown" else note


def arm_of(study: Study, arm_id: str) -> Arm:
    """The arm of that id; the reader has made sure that it is there."""
    return next(arm for arm in study.arms if arm.id == arm_id)


def row_key(row: ArmResult) -> str:
    """What a row of results is called in a number's id."""
    return f"{row.arm}.{row.time}" if row.time else row.arm


def _outcome(study: Study, outcome: Outcome, ledger: Ledger) -> OutcomeRow:
    at = f"studies/{study.id}/outcomes/{outcome.id}"
    cells: list[Cell] = []
    for row in outcome.arms:
        who = arm_of(study, row.arm).name + (f", {row.time}" if row.time else "")
        place = f"{at}/arms/{row_key(row)}"
        for name, label in _ROW_FIELDS:
            if getattr(row, name) is not None:
                shown = f"± ({row.plus_minus_means})" if name == "plus_minus" else label
                cells.append(ledger.cell(f"{who}: {shown}", f"{place}/{name}"))
        if row.ci is not None:
            cells.append(ledger.cell(f"{who}: lower limit", f"{place}/ci/low"))
            cells.append(ledger.cell(f"{who}: upper limit", f"{place}/ci/high"))
    if outcome.contrast is not None:
        cells.extend(_contrast_cells(outcome.contrast, f"{at}/contrast", ledger))
    return OutcomeRow(
        id=outcome.id,
        name=outcome.name,
        domain=outcome.domain,
        measured_by=outcome.measured_by,
        primary=outcome.primary,
        cells=tuple(cells),
        direction=outcome.contrast.direction if outcome.contrast else None,
        verified=outcome.verified and study.verified,
        note=" ".join(
            n for n in (outcome.note, outcome.contrast.note if outcome.contrast else None) if n
        )
        or None,
    )


def _contrast_cells(contrast: Contrast, at: str, ledger: Ledger) -> list[Cell]:
    what = contrast.type.value.replace("-", " ")
    cells = []
    if contrast.estimate is not None:
        cells.append(ledger.cell(what, f"{at}/estimate"))
    if contrast.ci is not None:
        cells.append(ledger.cell("lower limit", f"{at}/ci/low"))
        cells.append(ledger.cell("upper limit", f"{at}/ci/high"))
    for name, label in (
        ("p", "p"),
        ("iqr_width", "width of the interquartile range"),
        ("percent", "in per cent"),
        ("i2", "I²"),
    ):
        if getattr(contrast, name) is not None:
            cells.append(ledger.cell(label, f"{at}/{name}"))
    if contrast.effect_size is not None:
        kind = contrast.effect_size.kind
        cells.append(ledger.cell(f"effect size ({kind})", f"{at}/effect_size/value"))
    return cells


def _harm(study: Study, event: AdverseEvent, ledger: Ledger) -> OutcomeRow:
    at = f"studies/{study.id}/adverse_events/{event.id}"
    cells = []
    for row in event.arms:
        name = arm_of(study, row.arm).name
        for field, label in (
            ("events", "people"),
            ("total", "out of"),
            ("percent", "per cent"),
            ("mean", "mean"),
        ):
            if getattr(row, field) is not None:
                cells.append(ledger.cell(f"{name}: {label}", f"{at}/arms/{row.arm}/{field}"))
    if event.p is not None:
        cells.append(ledger.cell("p", f"{at}/p"))
    return OutcomeRow(
        id=event.id,
        name=event.event,
        domain="harm",
        measured_by=None,
        primary=False,
        cells=tuple(cells),
        direction=None,
        verified=event.verified and study.verified,
        note=event.note,
    )
