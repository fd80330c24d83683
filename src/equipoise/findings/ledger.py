"""The ledger: where numbers are entered while an appraisal is being made.

It is the only mutable thing on the road, lives for one call of `appraise`, and hands out ids. A
number that is entered twice, or that rests on a number that was never entered, is a bug of ours
and stops the appraisal.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from equipoise.case import PrintedNumber
from equipoise.case.prose import Reference, split_prose
from equipoise.evidence.effects import Estimate
from equipoise.evidence.effects import Step as EvidenceStep
from equipoise.findings.model import Assumption, Cell, Method, Number, SourceRef, Step
from equipoise.findings.wording import as_printed, significant, with_unit
from equipoise.stats.method import Method as StatsMethod

# What a field of the case counts in, where the record around it does not say.
_FIELD_UNITS = {
    "percent": "%",
    "i2": "%",
    "dose_mg": "mg",
    "target_mg": "mg",
    "mg": "mg",
    "time_h": "h",
    "window_h": "h",
    "weeks": "weeks",
    "duration_weeks": "weeks",
    "timepoint_weeks": "weeks",
    "days": "days",
    "washout_days": "days",
}
# Fields that have no unit of their own even where the record around them has one.
_UNITLESS = {"n", "events", "total", "p", "p_within", "k_studies", "estimate", "mean", "sd", "se"}
_OWN_UNIT = ("pharmacology/", "access/", "experience/", "claims/", "safety/", "case/")


@dataclass(slots=True)
class Ledger:
    """Numbers, methods and assumptions of one appraisal."""

    numbers: dict[str, Number] = field(default_factory=dict)
    methods: dict[str, Method] = field(default_factory=dict)
    assumptions: dict[str, Assumption] = field(default_factory=dict)
    _known_methods: dict[str, StatsMethod] = field(default_factory=dict)

    def learn(self, methods: Iterable[StatsMethod]) -> None:
        """Make methods known; they are listed in the findings only once a number uses them."""
        for method in methods:
            self._known_methods[method.id] = method

    def use(self, method_id: str) -> str:
        """List a method as used."""
        if method_id not in self.methods:
            m = self._known_methods[method_id]
            self.methods[method_id] = Method(
                id=m.id, name=m.name, formula=m.formula, citation=m.citation, doi=m.doi
            )
        return method_id

    def assume(self, assumption_id: str, text: str) -> str:
        """Name an assumption."""
        self.assumptions.setdefault(assumption_id, Assumption(id=assumption_id, text=text))
        return assumption_id

    def print(self, printed: PrintedNumber) -> str:
        """Enter a number as a source printed it."""
        leaf = printed.id.rsplit("/", 1)[-1]
        unit = printed.number.unit or _FIELD_UNITS.get(leaf)
        if (
            unit is None
            and printed.id.startswith(_OWN_UNIT)
            and leaf not in {"n", "events", "total"}
        ):
            unit = printed.unit
        shown = unit
        if leaf in _UNITLESS and not printed.id.startswith(_OWN_UNIT):
            shown, unit = None, None if leaf in {"n", "events", "total", "p"} else printed.unit
        return self._enter(
            Number(
                id=printed.id,
                kind="printed",
                label=printed.label,
                value=printed.number.value,
                low=printed.number.low,
                high=printed.number.high,
                display=with_unit(as_printed(printed.number.printed), shown),
                unit=unit,
                method=self.use("as-printed"),
                verified=printed.verified,
                source=SourceRef(
                    work=printed.source,
                    locator=printed.locator,
                    file=printed.file,
                    line=printed.line,
                ),
                note=printed.note,
            )
        )

    def add(
        self,
        number_id: str,
        *,
        kind: str,
        label: str,
        value: float,
        display: str,
        method: str,
        inputs: Iterable[str] = (),
        steps: Iterable[Step] = (),
        assumptions: Iterable[str] = (),
        unit: str | None = None,
        note: str | None = None,
    ) -> str:
        """Enter a number that was worked out; it is verified only if all its inputs are."""
        inputs = tuple(dict.fromkeys(inputs))
        return self._enter(
            Number(
                id=number_id,
                kind=kind,  # type: ignore[arg-type]
                label=label,
                value=value,
                display=display,
                unit=unit,
                method=self.use(method),
                inputs=inputs,
                steps=tuple(steps),
                assumptions=tuple(assumptions),
                verified=all(self.numbers[i].verified for i in inputs),
                note=note,
            )
        )

    def _enter(self, number: Number) -> str:
        if number.id in self.numbers:
            raise AssertionError(f"{number.id} was entered twice")
        self.numbers[number.id] = number
        return number.id

    def value(self, number_id: str) -> float:
        """The value of an entered number; it must have one."""
        value = self.numbers[number_id].value
        if value is None:
            raise AssertionError(f"{number_id} has no single value")
        return value

    def take_steps(self, estimate: Estimate) -> tuple[tuple[Step, ...], tuple[str, ...]]:
        """Readable steps and named assumptions of an estimate."""
        for assumption in estimate.assumptions:
            self.assume(assumption.id, assumption.text)
        return self.steps(estimate.steps), tuple(a.id for a in estimate.assumptions)

    def steps(self, steps: Iterable[EvidenceStep]) -> tuple[Step, ...]:
        """Steps of a derivation as pages show them; their methods count as used."""
        return tuple(
            Step(quantity=s.quantity, formula=s.formula, display=significant(s.value, 4))
            for s in steps
            if self.use(s.cite)
        )

    def cell(self, label: str, number_id: str) -> Cell:
        """A labelled number that has been entered."""
        if number_id not in self.numbers:
            raise AssertionError(f"{number_id} was never entered")
        return Cell(label=label, number=number_id)

    def has(self, number_id: str) -> bool:
        """Whether a number of that id was entered."""
        return number_id in self.numbers


def resolve_local(text: str, record_id: str) -> str:
    """Turn `{hours}` in a record's prose into a reference to that record's own number."""
    out: list[str] = []
    for part in split_prose(text):
        if not isinstance(part, Reference):
            out.append(part.text)
        elif part.kind == "local":
            out.append(f"{{n:{record_id}/numbers/{part.id}}}")
        else:
            out.append(f"{{{part.kind}:{part.id}}}")
    return "".join(out)
