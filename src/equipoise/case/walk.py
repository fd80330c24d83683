"""Every printed number of a case, with its id, its place and its source.

An id is the path through the case, with records called by their ids::

    studies/younger2013_fm/outcomes/pain-reduction-from-baseline/contrast/estimate
    pharmacology/observations/OBS009/value
    access/facts/ACC08/numbers/price

What a number does not say itself (locator, source, whether it was verified) it takes from the
record around it; a number is verified only if nothing around it says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel

from equipoise.case.facts import NamedNumber
from equipoise.case.printed import Reported
from equipoise.case.reader import Case
from equipoise.case.study import Study


@dataclass(frozen=True, slots=True)
class PrintedNumber:
    """A printed number where it stands."""

    id: str
    label: str
    number: Reported
    unit: str | None
    verified: bool
    locator: str
    source: str | None
    """Id of the study or source; `None` when the case itself is the source, in a claim's words."""
    file: str
    line: int
    column: int
    note: str | None


@dataclass(frozen=True, slots=True)
class _Around:
    """What the surroundings of a number say about it."""

    verified: bool = True
    locator: str | None = None
    source: str | None = None
    unit: str | None = None
    label: tuple[str, ...] = ()
    note: str | None = None


def printed_numbers(case: Case) -> Iterator[PrintedNumber]:
    """Walk the whole case in a fixed order."""
    yield from _walk(case, "case.yaml", ("case",), (), case.header, _Around())
    for study in case.studies:
        around = _Around(locator=_read(study), source=study.id, verified=study.verified)
        at = ("studies", study.id)
        yield from _walk(case, f"studies/{study.id}.yaml", at, (), study, around)
    for sample in case.experience:
        at = ("experience", sample.id)
        around = _Around(source=sample.source, label=(sample.title,))
        yield from _walk(case, f"experience/{sample.id}.yaml", at, (), sample, around)
    for name, file, record in (
        ("pharmacology", "pharmacology.yaml", case.compound),
        ("safety", "safety.yaml", case.safety),
        ("access", "access.yaml", case.access),
    ):
        if record is not None:
            yield from _walk(case, file, (name,), (), record, _Around())
    for group in case.claims:
        at = ("claims", group.id)
        yield from _walk(case, f"claims/{group.id}.yaml", at, (), group, _Around())


def _read(study: Study) -> str:
    return f"{study.read_level}" + (f", {study.url}" if study.url else "")


def _walk(
    case: Case,
    file: str,
    at: tuple[str, ...],
    path: tuple[str | int, ...],
    node: Any,
    around: _Around,
) -> Iterator[PrintedNumber]:
    if isinstance(node, Reported):
        mark = case.mark(file, path)
        verified = around.verified and node.verified is not False
        yield PrintedNumber(
            id="/".join(at),
            label=" · ".join(around.label) or at[-1],
            number=node,
            unit=node.unit or around.unit,
            verified=verified,
            locator=node.locator or around.locator or "no place in the work recorded",
            source=around.source,
            file=file,
            line=mark.line,
            column=mark.column,
            note=node.note or around.note,
        )
    elif isinstance(node, NamedNumber):
        label = node.label or node.id.replace("-", " ")
        inner = replace(around, label=(*around.label, label))
        yield from _walk(case, file, at, (*path, "value"), node.value, inner)
    elif isinstance(node, BaseModel):
        inner = _enter(node, around)
        for name in type(node).model_fields:
            value = getattr(node, name)
            labelled = inner
            if isinstance(value, Reported):
                labelled = replace(inner, label=(*inner.label, name.replace("_", " ")))
            yield from _walk(case, file, (*at, name), (*path, name), value, labelled)
    elif isinstance(node, tuple):
        for index, value in enumerate(node):
            yield from _walk(case, file, (*at, _name(value, index)), (*path, index), value, around)


def _name(value: Any, index: int) -> str:
    """What a record of a list is called: its id, or the arm (and time) that a row is about."""
    if record_id := getattr(value, "id", None):
        return str(record_id)
    if arm := getattr(value, "arm", None):
        time = getattr(value, "time", None)
        return f"{arm}.{time}" if time else str(arm)
    return str(index)


def _enter(node: BaseModel, around: _Around) -> _Around:
    """Take up what this record says about everything inside it."""
    said: dict[str, Any] = {}
    if getattr(node, "verified", None) is False:
        said["verified"] = False
    if locator := getattr(node, "locator", None):
        said["locator"] = locator
    source = getattr(node, "source", None)
    sources = getattr(node, "sources", None)
    if isinstance(source, str):
        said["source"] = source
    elif sources and isinstance(sources[0], str):
        said["source"] = sources[0]
    if unit := getattr(node, "unit", None):
        said["unit"] = unit
    if note := getattr(node, "note", None):
        said["note"] = note
    named = None
    for key in ("name", "event", "scheme", "measure", "substance", "item", "title", "topic", "arm"):
        if isinstance(value := getattr(node, key, None), str) and value:
            named = value
            break
    if named:
        said["label"] = (*around.label, named)
    return replace(around, **said)
