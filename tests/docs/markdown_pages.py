"""What the tests of the documentation need to read: pages, headings, links, fenced blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

_FENCE = re.compile(r"^(?P<pad> *)```(?P<language>\w*)\n(?P<body>.*?)^(?P=pad)```$", re.M | re.S)
_LINK = re.compile(r"!?\[[^\]]*\]\(\s*(?P<target>[^)\s]+)[^)]*\)")


@dataclass(frozen=True)
class Block:
    """A fenced block."""

    language: str
    body: str


def pages() -> list[Path]:
    """Every page of the documentation, and those beside it at the root."""
    return sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks(page: Path) -> list[Block]:
    return [Block(m["language"], m["body"]) for m in _FENCE.finditer(read(page))]


def links(page: Path) -> Iterator[str]:
    """Targets of links and images outside code."""
    text = re.sub(r"`[^`\n]*`", "", _FENCE.sub("", read(page)))
    for match in _LINK.finditer(text):
        yield match["target"]


def anchors(page: Path) -> set[str]:
    """Anchors that a forge gives to the headings of a page."""
    text = _FENCE.sub("", read(page))
    found: set[str] = set()
    for heading in re.findall(r"^#+ (.+)$", text, re.M):
        plain = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        found.add(plain)
    return found


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()
