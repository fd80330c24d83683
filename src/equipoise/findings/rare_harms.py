"""One harm over the trials that counted it alike: rare-event models side by side.

Harms meet under the rules that outcomes meet under: the same condition, the same definition of the
harm, the same comparator and co-interventions, randomised parallel groups, verified counts. Which
model is used matters most where events are few, so none is chosen: all are shown, with the trials
that each of them hears. What is kept out is listed with the reason.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from equipoise.case import Case
from equipoise.case.study import AdverseEvent, ArmEvents, Structure, Study
from equipoise.evidence.effects import events_from_percent
from equipoise.evidence.synthesis import RareEventResult, rare_event_models
from equipoise.findings.effects import is_controlled
from equipoise.findings.ledger import Ledger
from equipoise.findings.model import HarmApart, HarmModelRow, HarmSynthesis, HarmTable
from equipoise.findings.studies import arm_of
from equipoise.findings.wording import decimal, p_value, significant

_CROSSOVER = (
    "A crossover: the same people had both, so that its two columns are not two groups. Counts of "
    "people with the harm on one, on the other and on both were not printed."
)
_SEVERAL_ARMS = "More than one pair of arms could be compared."
_NO_COUNT = "Neither counts nor percentages that fit one count only were printed for both arms."
_NO_TOTAL = "Out of how many people the harm was counted was not printed."
_ZERO_CELLS: tuple[Literal["none", "one arm", "both arms"], ...] = ("none", "one arm", "both arms")
_UNVERIFIED = "Its counts are unverified; the plan leaves such numbers out of pools."


@dataclass(frozen=True, slots=True)
class _Counted:
    """Counts of one trial and where they stand."""

    study: Study
    counts: tuple[int, int, int, int]
    table: HarmTable
    inputs: tuple[str, ...]
    assumed: tuple[str, ...]


class _ApartError(Exception):
    """Why a trial's counts are kept out; stays inside this module."""


def pool_harms(case: Case, ledger: Ledger) -> tuple[HarmSynthesis, ...]:
    """Every harm that a randomised trial counted, the trials side by side and put together.

    Those that models could compare come first, then those with counts, then what is kept apart.
    """
    titles: dict[tuple[str, ...], str] = {}
    counted: dict[tuple[str, ...], list[_Counted]] = defaultdict(list)
    apart: dict[tuple[str, ...], list[HarmApart]] = defaultdict(list)
    for study in case.studies:
        if not is_controlled(study):
            continue
        for event in study.adverse_events:
            if not any(a.events or a.percent for a in event.arms):
                continue
            key = _key(study, event)
            titles.setdefault(key, event.event)
            try:
                counted[key].append(_count(case, study, event, ledger))
            except _ApartError as reason:
                apart[key].append(HarmApart(study=study.id, reason=str(reason)))
    found = [
        _synthesis(case, key, title, counted[key], apart[key], ledger)
        for key, title in titles.items()
    ]
    return tuple(sorted(found, key=lambda s: (not s.models, not s.tables)))


def _key(study: Study, event: AdverseEvent) -> tuple[str, ...]:
    """What must be alike for harms to meet: condition, definition, comparator, co-interventions."""
    co = sorted({c for arm in study.arms for c in arm.co_interventions})
    against = () if study.comparator.value == "placebo" else (f"vs-{study.comparator.value}",)
    return (study.group, event.definition or event.id, *against, *co)


def _count(case: Case, study: Study, event: AdverseEvent, ledger: Ledger) -> _Counted:
    if study.structure is Structure.CROSSOVER:
        raise _ApartError(_CROSSOVER)
    by_role: dict[str, list[ArmEvents]] = {"intervention": [], "comparator": []}
    for arm in event.arms:
        by_role[arm_of(study, arm.arm).role].append(arm)
    if any(len(arms) > 1 for arms in by_role.values()):
        raise _ApartError(_SEVERAL_ARMS)
    if not all(by_role.values()):
        raise _ApartError(_NO_COUNT)
    assumed: list[str] = []
    sides = [_side(study, event, by_role[role][0], ledger, assumed) for role in by_role]
    (e1, n1, treated), (e2, n2, control) = sides
    inputs = (*treated, *control)
    unverified = not all(ledger.numbers[i].verified for i in inputs)
    if (unverified or not event.verified) and case.plan.unverified == "leave-out":
        raise _ApartError(_UNVERIFIED)
    empty = (e1 == 0) + (e2 == 0)
    table = HarmTable(
        study=study.id,
        treated=treated,
        control=control,
        zero=_ZERO_CELLS[empty],
        note=ledger.assumptions[assumed[0]].text if assumed else None,
    )
    return _Counted(study, (e1, n1, e2, n2), table, inputs, tuple(dict.fromkeys(assumed)))


def _side(
    study: Study, event: AdverseEvent, arm: ArmEvents, ledger: Ledger, assumed: list[str]
) -> tuple[int, int, tuple[str, str]]:
    """People with the harm and people in the arm, with the ids of both numbers."""
    at = f"studies/{study.id}/adverse_events/{event.id}/arms/{arm.arm}"
    size = arm.total or arm_of(study, arm.arm).n
    if size is None or not size.is_exact or not size.value:
        raise _ApartError(_NO_TOTAL)
    n = int(size.value)
    total = f"{at}/total" if arm.total else f"studies/{study.id}/arms/{arm.arm}/n"
    if arm.total is None:
        assumed.append(
            ledger.assume(
                "harm-counted-in-all",
                "Out of how many people the harm was counted was not printed; everybody in the arm "
                "is taken to have been watched for it.",
            )
        )
    if arm.events is not None and arm.events.is_exact:
        events, place = int(arm.events.value or 0), f"{at}/events"
    else:
        if arm.percent is None or not arm.percent.is_exact:
            raise _ApartError(_NO_COUNT)
        possible = events_from_percent(arm.percent.printed, n)
        if len(possible) != 1:
            raise _ApartError(_NO_COUNT)
        events, place = possible[0], f"{at}/percent"
        assumed.append(
            ledger.assume(
                "count-from-percent",
                "The number of people with the event is the only whole number that rounds to the "
                "printed percentage.",
            )
        )
    if events > n:
        raise _ApartError(_NO_TOTAL)
    return events, n, (place, total)


def _synthesis(
    case: Case,
    key: tuple[str, ...],
    title: str,
    trials: list[_Counted],
    apart: list[HarmApart],
    ledger: Ledger,
) -> HarmSynthesis:
    at = "harms/pooled/" + "/".join(_slug(part) for part in key)
    notes = []
    models: tuple[HarmModelRow, ...] = ()
    if trials:
        e1, n1, e2, n2 = (list(c) for c in zip(*(t.counts for t in trials), strict=True))
        results = rare_event_models(e1, n1, e2, n2, level=case.plan.level)
        if sum(e1) + sum(e2) == 0:
            notes.append(
                "Nobody in any trial had it, so no model can compare the arms. That is not the "
                "same as there being no difference."
            )
        else:
            models = tuple(_model(at, title, r, trials, ledger) for r in results)
        empty = [t.table.zero for t in trials]
        if "both arms" in empty:
            cites = ", ".join(
                f"{{cite:{t.study.id}}}" for t in trials if t.table.zero == "both arms"
            )
            notes.append(
                f"Without an event in either arm: {cites}. Such a trial tells nothing about a "
                "ratio; a difference of risks hears it."
            )
        if len(trials) == 1 and models:
            notes.append("One trial: the models show that trial.")
    return HarmSynthesis(
        id=at,
        condition=key[0],
        title=title,
        tables=tuple(t.table for t in trials),
        models=models,
        apart=tuple(apart),
        notes=tuple(notes),
        verified=all(ledger.numbers[i].verified for t in trials for i in t.inputs),
    )


def _model(
    at: str, title: str, result: RareEventResult, trials: list[_Counted], ledger: Ledger
) -> HarmModelRow:
    name = f"{at}/{_slug(result.model)}-{result.measure.lower()}"
    inputs = [i for t in trials for i in t.inputs]
    assumptions = dict.fromkeys(a for t in trials for a in t.assumed)

    def add(part: str, value: float | None, show: Callable[[float], str]) -> str | None:
        if value is None:
            return None
        return ledger.add(
            f"{name}/{part}",
            kind="computed",
            label=f"{title}, {result.model}, {result.measure}: {part}",
            value=value,
            display=show(value),
            method=result.cites[0],
            inputs=inputs,
            assumptions=assumptions,
        )

    return HarmModelRow(
        model=result.model,
        measure=_MEASURES[result.measure],
        estimate=add("estimate", result.estimate, _shown),
        low=add("low", result.low, _shown),
        high=add("high", result.high, _shown),
        p=add("p", result.p, p_value),
        silent=tuple(trials[i].study.id for i in result.without_information),
        remark=result.note,
    )


_MEASURES = {"OR": "odds ratio", "RR": "risk ratio", "RD": "difference of risks"}


def _shown(value: float) -> str:
    """To two places; what would be nothing but zeros, or is very large, to two digits."""
    if 0.005 <= abs(value) < 100:
        return decimal(value, 2)
    return significant(value, 2)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
