"""Every link of every page leads somewhere, and no page knows the machine it was written on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from markdown_pages import DOCS, ROOT, anchors, links, name, pages, read

PAGES = pages()
IDS = [name(p) for p in PAGES]


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_relative_links_resolve(page: Path) -> None:
    broken = []
    for target in links(page):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        lost = not there.exists() or not there.is_relative_to(ROOT)
        if lost or (anchor and there.suffix == ".md" and anchor not in anchors(there)):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_no_page_mentions_a_path_of_some_machine(page: Path) -> None:
    pattern = r"(?:^|[\s`\"'(=])(?:/(?:home|root|tmp|usr|var|work|opt|Users|mnt)\b|[A-Z]:\\|~/)"
    assert re.findall(pattern, read(page)) == []


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_a_page_has_one_title(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", read(page), flags=re.M | re.S)
    assert len(re.findall(r"^# ", text, re.M)) == 1


@pytest.mark.parametrize("folder", ["methods", "decisions"])
def test_an_index_lists_every_page_of_its_folder(folder: str) -> None:
    index = DOCS / folder / "index.md"
    there = {p.name for p in (DOCS / folder).glob("*.md")} - {"index.md"}
    assert there <= set(links(index))


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md" or not page.exists():
            continue
        reached.add(page)
        waiting += [
            (page.parent / target.partition("#")[0]).resolve()
            for target in links(page)
            if not re.match(r"[a-z]+:|#", target)
        ]
    assert {name(p) for p in PAGES} - {name(p) for p in reached} == set()


@pytest.mark.parametrize("page", sorted((DOCS / "decisions").glob("0*.md")), ids=lambda p: p.stem)
def test_a_decision_says_why_and_what_was_rejected(page: Path) -> None:
    text = read(page)
    assert page.stem[:4] == text.removeprefix("# ")[:4]
    for part in ("**Decided.**", "**Why.**", "**Rejected.**", "**Price.**"):
        assert part in text
    assert len(text.splitlines()) < 60
