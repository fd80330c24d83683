"""How the things that Findings name appear on a page: numbers, prose, works, studies.

Whatever is shown goes through here, so that each number is a link to its derivation, each
unverified one carries its mark, and no imported text reaches a page unescaped.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from markupsafe import Markup, escape

from equipoise.case.prose import Reference, split_prose
from equipoise.dossier.links import outside_links
from equipoise.dossier.trace import TraceIndex, anchor, slug
from equipoise.findings.model import (
    Cell,
    ConditionFinding,
    EffectRow,
    Findings,
    NotEstimated,
    Number,
    RateRow,
    SampleRow,
    StudyRow,
    Synthesis,
    Work,
)

UNVERIFIED_SIGN = "†"
UNVERIFIED_WORDS = "unverified"
UNVERIFIED = Markup(
    '<span class="unverified" title="not yet checked against the source">'
    '<span aria-hidden="true">†</span><span class="aside">(unverified)</span></span>'
)


@dataclass(frozen=True)
class Facts:
    """Findings with the look-ups that pages need; nothing here is worked out anew."""

    findings: Findings

    @cached_property
    def trace(self) -> TraceIndex:
        """Where each derivation stands."""
        return TraceIndex(tuple(n.id for n in self.findings.numbers))

    @cached_property
    def names(self) -> dict[str, str]:
        """What the case calls things, by id."""
        return {n.id: n.name for n in self.findings.names}

    @cached_property
    def studies(self) -> dict[str, StudyRow]:
        """Studies by id."""
        return {s.id: s for s in self.findings.studies}

    @cached_property
    def conditions(self) -> dict[str, ConditionFinding]:
        """Conditions by id, focus ones first."""
        ordered = sorted(self.findings.conditions, key=lambda c: not c.focus)
        return {c.id: c for c in ordered}

    @cached_property
    def syntheses(self) -> dict[str, Synthesis]:
        """Syntheses by id."""
        return {s.id: s for s in self.findings.syntheses}

    @cached_property
    def effects(self) -> dict[str, EffectRow]:
        """Effects by id."""
        return {e.id: e for e in self.findings.effects}

    @cached_property
    def rates(self) -> dict[str, RateRow]:
        """Rates by id."""
        return {r.id: r for table in self.findings.experience.tables for r in table.rows}

    @cached_property
    def samples(self) -> dict[str, SampleRow]:
        """Samples by id."""
        return {s.id: s for s in self.findings.experience.samples}

    @cached_property
    def methods(self) -> dict[str, str]:
        """Names of methods by id."""
        return {m.id: m.name for m in self.findings.methods}

    @cached_property
    def feeds(self) -> dict[str, tuple[str, ...]]:
        """For each number, the numbers that were made from it."""
        feeds: dict[str, list[str]] = {}
        for number in self.findings.numbers:
            for used in number.inputs:
                feeds.setdefault(used, []).append(number.id)
        return {used: tuple(made) for used, made in feeds.items()}


@dataclass(frozen=True)
class Shown:
    """Facts seen from a page: `root` leads back to the folder that holds the front page."""

    facts: Facts
    root: str

    def href(self, path: str) -> str:
        """Give a relative address of a page of the dossier."""
        return self.root + path

    # -- numbers --

    def find(self, number_id: str | None) -> Number | None:
        """Give the number of that id, if it is one."""
        return None if number_id is None else self.facts.findings.number.get(number_id)

    def number_href(self, number_id: str) -> str:
        """Give the address of a number's derivation."""
        return self.href(self.facts.trace.url(number_id))

    def n(self, number_id: str | None) -> Markup:
        """Give a number as a link to its derivation; other text stays plain text."""
        if number_id is None:
            return Markup('<span class="absent">not given</span>')
        number = self.find(number_id)
        if number is None:
            return Markup("<bdi>{}</bdi>").format(number_id)
        css = "n" if number.verified else "n n-unverified"
        return Markup('<a class="{}" href="{}" title="{}"><bdi>{}</bdi></a>{}').format(
            css,
            self.number_href(number_id),
            number.label,
            number.display,
            Markup() if number.verified else UNVERIFIED,
        )

    def mark(self, verified: bool) -> Markup:
        """Give the sign for what has not been checked against its source; nothing for what has."""
        return Markup() if verified else UNVERIFIED

    def interval(self, low: str | None, high: str | None) -> Markup:
        """Two ends; one number where both ends are the same one."""
        if low == high:
            return self.n(low)
        return Markup("{} to {}").format(self.n(low), self.n(high))

    def cells(self, cells: Iterable[Cell]) -> Markup:
        """Labelled numbers in running text."""
        return Markup("; ").join(
            Markup("<span class=cell><bdi>{}</bdi> {}</span>").format(c.label, self.n(c.number))
            for c in cells
        )

    # -- words --

    def prose(self, text: str) -> Markup:
        """Give a statement, with its references resolved to links."""
        parts: list[Markup] = []
        for part in split_prose(text):
            if not isinstance(part, Reference):
                parts.append(escape(part.text))
            elif part.kind == "cite":
                parts.append(self.work(part.id))
            elif part.kind == "name":
                parts.append(Markup("<bdi>{}</bdi>").format(self.facts.names[part.id]))
            else:
                parts.append(self.n(part.id))
        return Markup().join(parts)

    def name(self, kind: str, item_id: str) -> str:
        """Give the case's name for a condition, outcome or instrument; its id without one."""
        if kind == "condition" and (found := self.facts.conditions.get(item_id)):
            return found.name
        return self.facts.names.get(f"{kind}/{item_id}", item_id)

    def condition(self, condition_id: str) -> Markup:
        """Give a condition, linked where it has a page."""
        name = self.name("condition", condition_id)
        if condition_id not in self.facts.conditions:
            return Markup("<bdi>{}</bdi>").format(name)
        return Markup('<a href="{}"><bdi>{}</bdi></a>').format(
            self.href(condition_path(condition_id)), name
        )

    def listed_conditions(self, ids: Iterable[str]) -> Markup:
        """Conditions in a row."""
        return Markup(", ").join(self.condition(i) for i in ids)

    # -- works --

    def work(self, work_id: str) -> Markup:
        """Give a work by its short name, linked to the study's page or to the references."""
        work = self.facts.findings.work.get(work_id)
        study = self.facts.studies.get(work_id)
        if work is None and study is None:
            return Markup("<bdi>{}</bdi>").format(work_id)
        words = work.short if work else study.title if study else work_id
        path = study_path(work_id) if study else f"references.html#work-{anchor(work_id)}"
        verified = work.verified if work else bool(study and study.verified)
        return Markup('<a class="cite" href="{}"{}><bdi>{}</bdi></a>{}').format(
            self.href(path),
            Markup(' title="{}"').format(work.citation) if work else Markup(),
            words,
            Markup() if verified else UNVERIFIED,
        )

    def works(self, ids: Iterable[str]) -> Markup:
        """Works in a row."""
        return Markup(", ").join(self.work(i) for i in ids)

    def rests_on(self, reference: str) -> Markup:
        """Give what a claim rests on: a number or a work."""
        number = self.find(reference)
        if number is None:
            return self.work(reference)
        return Markup("<bdi>{}</bdi>: {}").format(number.label, self.n(reference))

    def short(self, work_id: str) -> str:
        """Give a work's short name as plain text."""
        work = self.facts.findings.work.get(work_id)
        return work.short if work else work_id

    def outside(self, work: Work) -> tuple[tuple[str, str], ...]:
        """Links to the open web."""
        return outside_links(work)

    def rate(self, reference: str) -> Markup:
        """Give a rate or a sample by its label; a number's id becomes that number."""
        row = self.facts.rates.get(reference)
        if row is not None:
            return Markup("<bdi>{}</bdi> ({})").format(row.label, self.work(row.work))
        sample = self.facts.samples.get(reference)
        if sample is not None:
            return Markup("<bdi>{}</bdi>").format(sample.title)
        if self.find(reference) is not None:
            return self.n(reference)
        return self.work(reference)

    def effects_of(self, condition_id: str) -> tuple[EffectRow, ...]:
        """Effects in a condition."""
        return tuple(e for e in self.facts.findings.effects if e.condition == condition_id)

    def silent_in(self, condition_id: str) -> tuple[NotEstimated, ...]:
        """Outcomes in a condition that gave no estimate."""
        found = self.facts.findings.not_estimated
        return tuple(o for o in found if o.condition == condition_id)

    def syntheses_of(self, condition_id: str) -> tuple[Synthesis, ...]:
        """Syntheses in a condition."""
        return tuple(s for s in self.facts.findings.syntheses if s.condition == condition_id)


def condition_path(condition_id: str) -> str:
    """Give a condition's page."""
    return f"conditions/{slug(condition_id)}.html"


def study_path(study_id: str) -> str:
    """Give a study's page."""
    return f"studies/{slug(study_id)}.html"
