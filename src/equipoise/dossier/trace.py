"""Where each number's derivation stands: file names and anchors that no id can break.

Ids come from case files, so they may hold `..`, capitals that a case-insensitive disk would fold
together, or names that an operating system keeps for itself. A slug is lower case, without a dot,
and carries a short digest wherever it does not spell its id letter by letter.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

PAGE_LIMIT = 400
_FIRST_SEGMENTS = 2
_LONGEST_SLUG = 80
_PLAIN = re.compile(r"[a-z0-9_](?:-?[a-z0-9_])*(?:/[a-z0-9_](?:-?[a-z0-9_])*)*")
_ANCHOR = re.compile(r"[A-Za-z0-9_./:-]+")
# Windows opens a device for these, whatever the extension; `index` is a page of ours.
_RESERVED = re.compile(r"con|prn|aux|nul|index|com[0-9]|lpt[0-9]")


def slug(key: str) -> str:
    """Give a file name for an id: distinct for distinct ids, in any letter case."""
    readable = re.sub(r"-{3,}", "--", re.sub(r"[^a-z0-9_-]", "-", key.lower().replace("/", "--")))
    if _PLAIN.fullmatch(key) and len(readable) <= _LONGEST_SLUG and not _RESERVED.fullmatch(key):
        return readable
    digest = hashlib.sha256(key.encode(errors="replace")).hexdigest()[:12]
    return f"{readable[:_LONGEST_SLUG].strip('-')}~{digest}"


def anchor(text: str) -> str:
    """Give an element's id that is valid in a page, an address and a list of ids alike."""
    if _ANCHOR.fullmatch(text):
        return text
    digest = hashlib.sha256(text.encode(errors="replace")).hexdigest()[:12]
    return f"{re.sub(r'[^A-Za-z0-9_-]+', '-', text)[:_LONGEST_SLUG].strip('-')}~{digest}"


@dataclass(frozen=True)
class TraceIndex:
    """Which trace page holds which number; a pure function of the ids."""

    ids: tuple[str, ...]

    @cached_property
    def pages(self) -> Mapping[str, tuple[str, ...]]:
        """Key of each page → ids on it, both in the order in which the numbers came."""
        return dict(_grouped(self.ids, _FIRST_SEGMENTS))

    @cached_property
    def _page_of(self) -> Mapping[str, str]:
        return {i: page_path(key) for key, ids in self.pages.items() for i in ids}

    def url(self, number_id: str) -> str:
        """Path from the site's root to the derivation of a number."""
        return f"{self._page_of[number_id]}#{anchor(number_id)}"


def page_path(key: str) -> str:
    """Give the file that holds a group of derivations."""
    return f"trace/{slug(key)}.html"


def _grouped(ids: Iterable[str], segments: int) -> Iterable[tuple[str, tuple[str, ...]]]:
    """Ids by their first segments; a group too long for one page goes one segment deeper."""
    groups: dict[str, list[str]] = {}
    for number_id in ids:
        groups.setdefault("/".join(number_id.split("/")[:segments]), []).append(number_id)
    for key, members in groups.items():
        deeper = [i for i in members if i.count("/") >= segments]
        if len(members) <= PAGE_LIMIT or not deeper:
            yield key, tuple(members)
            continue
        if here := [i for i in members if i.count("/") < segments]:
            yield key, tuple(here)
        yield from _grouped(deeper, segments + 1)
