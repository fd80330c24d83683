"""`explain`: the path from any number back to the printed figure and its source."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from equipoise.errors import FindingsError
from equipoise.findings.model import Findings, Number


@dataclass(frozen=True, slots=True)
class Node:
    """A number on the path, how deep it stands, and whether it was already explained above."""

    number: Number
    depth: int
    repeated: bool


def explain(findings: Findings, number_id: str) -> tuple[Node, ...]:
    """Walk from a number through its inputs to what was printed, depth first.

    A number that occurs again is named but not opened twice. Raises `FindingsError` with the
    nearest ids when there is none of that name.
    """
    if number_id not in findings.number:
        raise FindingsError(_unknown(findings, number_id))
    nodes: list[Node] = []
    seen: set[str] = set()
    stack: list[tuple[str, int]] = [(number_id, 0)]
    while stack:
        current, depth = stack.pop()
        number = findings.number[current]
        repeated = current in seen
        nodes.append(Node(number, depth, repeated))
        if not repeated:
            seen.add(current)
            stack.extend((i, depth + 1) for i in reversed(number.inputs))
    return tuple(nodes)


def _unknown(findings: Findings, number_id: str) -> str:
    ids = list(findings.number)
    inside = [i for i in ids if number_id and number_id in i][:5]
    near = inside or difflib.get_close_matches(number_id, ids, n=5, cutoff=0.4)
    hint = f" Near it: {', '.join(near)}." if near else ""
    return f"no number with the id {number_id!r} in these findings.{hint}"
