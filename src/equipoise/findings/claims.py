"""The claims ledger: what is commonly said, what it rests on, and the engine's own comparison."""

from __future__ import annotations

import operator
from collections.abc import Callable

from equipoise.case import Case, prose_references
from equipoise.case.facts import Claim, ClaimGroup, ClaimTest
from equipoise.case.printed import parse_printed
from equipoise.case.prose import Reference, split_prose
from equipoise.errors import CaseError, CaseErrors
from equipoise.findings.ledger import Ledger, resolve_local
from equipoise.findings.model import ClaimRow, ClaimTestRow

_RELATIONS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "!=": operator.ne,
}


def check_prose(case: Case, ledger: Ledger) -> None:
    """Raise `CaseErrors` for each number that the case's prose refers to and that is not there.

    The reader has held works, names and a record's own numbers against the case; what the engine
    works out is known only now.
    """
    errors = []
    for file, path, _, reference in prose_references(case):
        if reference.kind == "n" and not ledger.has(reference.id):
            mark = case.mark(file, path)
            errors.append(_nowhere(reference.id, file, mark.line, mark.column))
    if errors:
        raise CaseErrors(tuple(errors))


def _nowhere(reference: str, file: str, line: int, column: int) -> CaseError:
    return CaseError(
        f"this refers to {reference!r}, which is neither a number, a study nor a source of this "
        "case",
        file=file,
        line=line,
        column=column,
        expected="an id that exists",
        advice="The ids of a case stand in the findings.json of its dossier.",
    )


def check_claims(case: Case, ledger: Ledger, works: set[str]) -> tuple[ClaimRow, ...]:
    """One row per claim. Raises `CaseErrors` for references that lead nowhere."""
    errors: list[CaseError] = []
    rows = []
    for group in case.claims:
        for index, claim in enumerate(group.claims):
            checker = _Checker(case, group, claim, index, ledger, works)
            row = checker.row()
            errors.extend(checker.errors)
            if row is not None:
                rows.append(row)
    if errors:
        raise CaseErrors(tuple(errors))
    return tuple(rows)


class _Checker:
    def __init__(
        self,
        case: Case,
        group: ClaimGroup,
        claim: Claim,
        index: int,
        ledger: Ledger,
        works: set[str],
    ) -> None:
        self.case, self.group, self.claim, self.index = case, group, claim, index
        self.ledger, self.works = ledger, works
        self.at = f"claims/{group.id}/claims/{claim.id}"
        self.errors: list[CaseError] = []

    def row(self) -> ClaimRow | None:
        claim = self.claim
        says, because = (resolve_local(t, self.at) for t in (claim.says, claim.because))
        for i, reference in enumerate(claim.rests_on):
            if reference not in self.works and not self.ledger.has(reference):
                self._refuse("rests_on", reference, i)
        tests = tuple(
            row for i, t in enumerate(claim.tests) if (row := self._test(t, i)) is not None
        )
        if self.errors:
            return None
        numbers = {r for r in claim.rests_on if self.ledger.has(r)}
        numbers |= {
            p.id for p in split_prose(because) if isinstance(p, Reference) and p.kind == "n"
        }
        numbers |= {i for t in tests for i in (t.left, t.right) if i is not None}
        return ClaimRow(
            id=f"{self.group.id}/{claim.id}",
            group=self.group.id,
            group_title=self.group.title,
            says=says,
            kind=claim.kind,
            conditions=claim.conditions,
            verdict=claim.verdict,
            because=because,
            rests_on=claim.rests_on,
            tests=tests,
            verified=all(self.ledger.numbers[n].verified for n in numbers),
            note=claim.note,
        )

    def _refuse(self, field: str, reference: str, index: int | None = None) -> None:
        file = f"claims/{self.group.id}.yaml"
        path: tuple[str | int, ...] = ("claims", self.index, field)
        mark = self.case.mark(file, path if index is None else (*path, index))
        self.errors.append(_nowhere(reference, file, mark.line, mark.column))

    def _test(self, test: ClaimTest, index: int) -> ClaimTestRow | None:
        if not self.ledger.has(test.left):
            self._refuse("tests", test.left, index)
            return None
        left = self.ledger.numbers[test.left].value
        right_id = test.right if self.ledger.has(test.right) else None
        try:
            right = (
                self.ledger.numbers[right_id].value if right_id else parse_printed(test.right)[1]
            )
        except ValueError:
            right = None
        if left is None or right is None:
            self._refuse("tests", test.left if left is None else test.right, index)
            return None
        return ClaimTestRow(
            left=test.left,
            relation=test.relation,
            right=right_id,
            right_text=None if right_id else test.right,
            holds=_RELATIONS[test.relation](left, right),
        )
