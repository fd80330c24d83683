"""Harms with denominators, what it must not meet, and how it was started."""

from __future__ import annotations

from equipoise.case import Case
from equipoise.case.facts import FreeInterval, Safety, SafetyArm, SafetyRecord, Titration
from equipoise.case.study import AdverseEvent, Study, StudyKind
from equipoise.errors import EvidenceError
from equipoise.evidence.effects import estimate_rr, rule_of_three
from equipoise.findings.effects import enter_estimate
from equipoise.findings.ledger import Ledger, resolve_local
from equipoise.findings.model import Cell, HarmRow, InteractionRow, ItemRow, SafetyFindings
from equipoise.findings.rare_harms import pool_harms
from equipoise.findings.wording import decimal


def describe_safety(case: Case, ledger: Ledger) -> SafetyFindings | None:
    """Everything on harms and interactions; `None` when neither file nor studies hold any."""
    safety = case.safety
    trial_rows = tuple(_trial_harms(case, ledger))
    if safety is None and not trial_rows:
        return None
    safety = safety or Safety(
        disclaimer="This case holds no safety file: nothing was screened, and nothing is cleared."
    )
    return SafetyFindings(
        disclaimer=safety.disclaimer,
        warning=safety.warning,
        statements=_statements(safety, trial_rows),
        syntheses=pool_harms(case, ledger),
        harms=(*trial_rows, *(_record_row(case, r, ledger) for r in safety.adverse_events)),
        interactions=tuple(
            InteractionRow(
                id=f"safety/interactions/{i.id}",
                substance=i.substance,
                names=i.names,
                names_verified=i.names_verified,
                drug_class=i.drug_class,
                severity=i.severity,
                washout=f"safety/interactions/{i.id}/washout_days" if i.washout_days else None,
                washout_basis=i.washout_basis,
                rationale=i.rationale,
                works=i.sources,
                verified=i.verified,
            )
            for i in safety.interactions
        ),
        contraindications=tuple(
            ItemRow(
                id=f"safety/contraindications/{c.id}",
                title=c.item,
                kind=c.kind,
                detail=" · ".join(x for x in (c.jurisdiction, c.detail) if x) or None,
                statement=None,
                cells=(),
                work=c.source,
                verified=c.verified,
                note=c.note,
            )
            for c in safety.contraindications
        ),
        titration=tuple(_titration(t) for t in safety.titration),
        free_intervals=tuple(_interval(i) for i in safety.free_intervals),
    )


def _statements(safety: Safety, rows: tuple[HarmRow, ...]) -> tuple[str, ...]:
    lines = []
    if any(i.severity == "contraindicated" for i in safety.interactions):
        lines.append(
            "The list of what must not be combined is not complete, and a name that is missing "
            "from it is not thereby safe."
        )
    if rows:
        lines.append(
            "Rates in trials are of the people who were let in; those most likely to be harmed are "
            "often kept out. No event among a few people leaves room for a rate that "
            "matters, which the upper bound shows."
        )
    return tuple(lines)


# --- from trials ----------------------------------------------------------------------------------


def _trial_harms(case: Case, ledger: Ledger) -> list[HarmRow]:
    rows = []
    for study in case.studies:
        for event in study.adverse_events:
            if any(a.events or a.percent for a in event.arms):
                rows.append(_trial_harm(case, study, event, ledger))
    return rows


def _trial_harm(case: Case, study: Study, event: AdverseEvent, ledger: Ledger) -> HarmRow:
    at = f"studies/{study.id}/adverse_events/{event.id}"
    cells: dict[str, list[Cell]] = {"intervention": [], "comparator": []}
    counts: dict[str, list[tuple[float, float]]] = {"intervention": [], "comparator": []}
    for arm_events in event.arms:
        arm = next(a for a in study.arms if a.id == arm_events.arm)
        place = f"{at}/arms/{arm.id}"
        counted = "people" if arm_events.total is not None else "count, denominator not printed"
        for field, label in (("events", counted), ("total", "of"), ("percent", "per cent")):
            if getattr(arm_events, field) is not None:
                named = f"{arm.name}: {label}" if arm.role == "comparator" else label
                cells[arm.role].append(Cell(label=named, number=f"{place}/{field}"))
        if arm_events.events is not None and arm_events.total is not None:
            pair = (ledger.value(f"{place}/events"), ledger.value(f"{place}/total"))
            counts[arm.role].append(pair)
            if pair[0] == 0 and pair[1] > 0 and study.kind is StudyKind.TRIAL:
                cells[arm.role].append(_upper(case, place, pair[1], ledger))
    estimate: tuple[Cell, ...] = ()
    comparable = study.is_randomised_trial and study.structure.value == "parallel"
    if comparable and len(counts["intervention"]) == 1 and len(counts["comparator"]) == 1:
        (e1, n1), (e2, n2) = counts["intervention"][0], counts["comparator"][0]
        inputs = tuple(f"{at}/arms/{a.arm}/{f}" for a in event.arms for f in ("events", "total"))
        try:
            rr = estimate_rr(int(e1), int(n1), int(e2), int(n2))
            ids = enter_estimate(
                ledger, f"harms/{study.id}/{event.id}/rr", f"{event.event}, risk ratio", rr,
                inputs, unit=None, level=case.plan.level,
            )  # fmt: skip
            labels = ("risk ratio", "lower limit", "upper limit")
            estimate = tuple(
                Cell(label=label, number=i) for label, i in zip(labels, ids, strict=True)
            )
        except EvidenceError:
            estimate = ()  # no event in either arm: a ratio would carry no information
    return HarmRow(
        id=at,
        label=f"{study.condition}: {event.event}",
        measure=event.kind,
        treated=tuple(cells["intervention"]),
        control=tuple(cells["comparator"]),
        estimate=estimate,
        work=study.id,
        verified=event.verified and study.verified,
        note=event.note,
    )


def _upper(case: Case, place: str, n: float, ledger: Ledger) -> Cell:
    """No event seen: the largest rate that is compatible with none, at the plan's level.

    Only of trials, where people were asked; silence in a chart or a register is no zero.
    """
    bound = rule_of_three(int(n), case.plan.level).exact
    number = ledger.add(
        f"harms/{place}/upper",
        kind="derived",
        label="upper bound of the rate when no event was seen",
        value=100 * bound,
        display=f"under {decimal(100 * bound, 1)}%",
        method="rule-of-three",
        inputs=(f"{place}/events", f"{place}/total"),
    )
    return Cell(label="so the rate is", number=number)


# --- from the safety file -------------------------------------------------------------------------


def _record_row(case: Case, r: SafetyRecord, ledger: Ledger) -> HarmRow:
    at = f"safety/adverse_events/{r.id}"
    estimate = []
    if r.estimate is not None:
        estimate.append(Cell(label=r.measure, number=f"{at}/estimate"))
    if r.ci_low is not None and r.ci_high is not None:
        estimate.append(Cell(label="lower limit", number=f"{at}/ci_low"))
        estimate.append(Cell(label="upper limit", number=f"{at}/ci_high"))
    estimate += [
        Cell(label=n.label or n.id.replace("-", " "), number=f"{at}/breakdown/{n.id}")
        for n in r.breakdown
    ]
    if r.n is not None:
        estimate.append(Cell(label="people", number=f"{at}/n"))
    return HarmRow(
        id=at,
        label=f"{r.trial}: {r.measure}",
        measure=r.kind,
        treated=_arm_cells(case, r, r.treated, f"{at}/treated", ledger),
        control=_arm_cells(case, r, r.control, f"{at}/control", ledger),
        estimate=tuple(estimate),
        work=r.source,
        verified=r.verified,
        note=" ".join(x for x in (r.scope, r.note) if x) or None,
    )


def _arm_cells(
    case: Case, record: SafetyRecord, arm: SafetyArm | None, at: str, ledger: Ledger
) -> tuple[Cell, ...]:
    if arm is None:
        return ()
    cells = [
        Cell(label=label, number=f"{at}/{field}")
        for field, label in (("events", "people"), ("total", "of"), ("percent", "per cent"))
        if getattr(arm, field) is not None
    ]
    if arm.events is not None and arm.total is not None and arm.events.value == 0:
        total = arm.total.value or 0
        study = case.study(record.study) if record.study else None
        if total > 0 and study is not None and study.kind is StudyKind.TRIAL:
            cells.append(_upper(case, at, total, ledger))
    return tuple(cells)


def _titration(t: Titration) -> ItemRow:
    at = f"safety/titration/{t.id}"
    cells = []
    for index, step in enumerate(t.steps):
        cells.append(Cell(label="dose", number=f"{at}/steps/{index}/mg"))
        if step.weeks is not None:
            cells.append(Cell(label="kept for", number=f"{at}/steps/{index}/weeks"))
    if t.target_mg is not None:
        cells.append(Cell(label="target", number=f"{at}/target_mg"))
    if t.duration_weeks is not None:
        cells.append(Cell(label="over", number=f"{at}/duration_weeks"))
    return ItemRow(
        id=at,
        title=t.scheme,
        kind="titration",
        detail=f"source quality: {t.quality}" if t.quality else None,
        statement=resolve_local(t.statement, at) if t.statement else None,
        cells=tuple(cells),
        work=t.source,
        verified=t.verified,
        note=t.note,
    )


def _interval(i: FreeInterval) -> ItemRow:
    at = f"safety/free_intervals/{i.id}"
    return ItemRow(
        id=at,
        title=i.used_by,
        kind=f"free of {i.free_of}",
        detail=None,
        statement=None,
        cells=(Cell(label=f"free of {i.free_of} for", number=f"{at}/days"),),
        work=i.source,
        verified=i.verified,
        note=i.note,
    )
