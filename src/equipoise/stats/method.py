"""A method knows its own citation, so that a bibliography can write itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A named way of getting one number from others.

    `id` is the slug that derivation steps cite, `formula` the method in one line of plain text,
    `citation` the source as a reader would write it, and `doi` the source's DOI without a
    resolver in front (`None` where the source has none).
    """

    id: str
    name: str
    formula: str
    citation: str
    doi: str | None
