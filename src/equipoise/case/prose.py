"""Prose that types no number.

Wherever the program or a case makes a statement, numbers are referred to, not typed, so that each
can be followed to its source::

    {n:pharmacology/observations/OBS009/value}   a number, by its id
    {hours}                                       a number of the same record, by its name
    {cite:younger2013_fm}                         a study or a source
    {name:condition/me-cfs}                       a name that the case gave (it may carry digits)

Names may carry digits (`TLR4`, `SF-36`, `6β-naltrexol`, `FINAL`); a digit that begins a word is a
typed number and is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator
from pydantic.fields import FieldInfo

from equipoise.case.printed import Text

_REFERENCE = re.compile(r"\{(?:(?P<kind>n|cite|name):)?(?P<id>[A-Za-z0-9][A-Za-z0-9_./:-]*)\}")
# A digit that no letter leads: "12 weeks" is a typed number, "TLR4", "SF-36" and "6β" are names.
_NAKED = re.compile(
    r"(?<![A-Za-zα-ωΑ-Ω0-9.,-])[-−+]?\d[\d.,]*(?![0-9]*[βα]-|beta-)|(?<![A-Za-zα-ω])-\d"
)


@dataclass(frozen=True, slots=True)
class Words:
    """Plain text between references."""

    text: str


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference inside prose: to a number, a number of the same record, a source, or a name."""

    kind: Literal["n", "local", "cite", "name"]
    id: str


def split_prose(text: str) -> tuple[Words | Reference, ...]:
    """Split prose into words and references, in order. Raises `ValueError` on a stray brace."""
    parts: list[Words | Reference] = []
    at = 0
    for match in _REFERENCE.finditer(text):
        if match.start() > at:
            parts.append(Words(text[at : match.start()]))
        parts.append(Reference(match["kind"] or "local", match["id"]))  # type: ignore[arg-type]
        at = match.end()
    if at < len(text):
        parts.append(Words(text[at:]))
    for part in parts:
        if isinstance(part, Words) and ("{" in part.text or "}" in part.text):
            raise ValueError(
                "a brace that is no reference; write {n:ID}, {cite:ID}, or the {id} of a number of "
                "this record"
            )
    return tuple(parts)


def naked_digits(text: str) -> tuple[str, ...]:
    """Numbers that are typed in prose instead of being referred to; names do not count."""
    bare = _REFERENCE.sub("§", text)
    return tuple(match.group() for match in _NAKED.finditer(bare))


def _no_naked_digit(text: str) -> str:
    split_prose(text)
    if found := naked_digits(text):
        raise ValueError(
            f"the number {found[0]!r} is typed in prose; give it under numbers: with a name and "
            "write {name}, or refer to a printed number with {n:ID}"
        )
    return text


class ProseMark:
    """Marks a field as prose, so that tests and renderers can find every statement."""


Prose = Annotated[Text, AfterValidator(_no_naked_digit), ProseMark()]


def is_prose(field: FieldInfo) -> bool:
    """Whether a model's field holds prose, alone or in a tuple."""

    def marked(annotation: object) -> bool:
        metadata = getattr(annotation, "__metadata__", ())
        return any(isinstance(m, ProseMark) for m in metadata) or any(
            marked(argument) for argument in get_args(annotation)
        )

    return any(isinstance(m, ProseMark) for m in field.metadata) or marked(field.annotation)
