"""The pages as a whole: they hold together, they escape, they say what is unverified."""

from __future__ import annotations

import ast
import json
import posixpath
import re
from pathlib import Path
from typing import get_args
from urllib.parse import unquote, urlsplit

import pytest
from dossier_pages import Page

import equipoise.dossier
from equipoise.dossier import render_site
from equipoise.findings.model import Findings, Number

EVERY_PAGE = {
    "index.html", "claims.html", "drug.html", "trials.html", "gaps.html", "reports.html",
    "safety.html", "access.html", "references.html", "methods.html", "trace/index.html",
    "findings.json", "style.css", "favicon.svg",
}  # fmt: skip


@pytest.fixture(scope="module")
def pages(site: dict[str, bytes]) -> dict[str, Page]:
    return {n: Page(body.decode()) for n, body in site.items() if n.endswith(".html")}


def test_same_findings_same_bytes(complete: Findings, site: dict[str, bytes]) -> None:
    again = Findings.model_validate_json(complete.model_dump_json(by_alias=True))
    assert render_site(again) == site


def test_every_page_is_there(complete: Findings, site: dict[str, bytes]) -> None:
    assert set(site) >= EVERY_PAGE
    assert sum(n.startswith("studies/") for n in site) == len(complete.studies)
    assert sum(n.startswith("conditions/") for n in site) == len(complete.conditions)
    assert len({n.casefold() for n in site}) == len(site)
    assert all(re.fullmatch(r"(?:[a-z]+/)?[a-z0-9_~.-]+", n) and ".." not in n for n in site)


def test_an_empty_case_still_has_every_page_and_says_what_is_missing(minimal: Findings) -> None:
    empty = render_site(minimal)
    assert set(empty) >= EVERY_PAGE
    assert "nothing about safety" in empty["safety.html"].decode()
    assert "records no search" in empty["index.html"].decode()
    _check_links({n: Page(b.decode()) for n, b in empty.items() if n.endswith(".html")}, empty)


def test_the_data_file_reads_back(complete: Findings, site: dict[str, bytes]) -> None:
    assert Findings.model_validate_json(site["findings.json"]) == complete
    assert next(iter(json.loads(site["findings.json"]))) == "schema"
    assert site["findings.json"].endswith(b"}\n")
    assert "نالتريكسون".encode() in site["findings.json"]


def _check_links(pages: dict[str, Page], site: dict[str, bytes]) -> None:
    for name, page in pages.items():
        for element in page.elements:
            for attribute in ("href", "src"):
                target = element.attributes.get(attribute)
                if target is None or urlsplit(target).scheme:
                    continue
                path, _, anchor = target.partition("#")
                where = posixpath.normpath(posixpath.join(posixpath.dirname(name), path))
                where = name if not path else where
                assert where in site, f"{name} links to {target}"
                if anchor:
                    assert unquote(anchor) in pages[where].ids, f"{name} links to {target}"


def test_every_link_and_anchor_leads_somewhere(
    pages: dict[str, Page], site: dict[str, bytes]
) -> None:
    _check_links(pages, site)


def test_every_number_has_its_derivation(complete: Findings, pages: dict[str, Page]) -> None:
    anchors = [i for n, p in pages.items() if n.startswith("trace/") for i in p.ids]
    assert all(anchors.count(number.id) == 1 for number in complete.numbers)


def test_every_kind_of_number_is_explained(complete: Findings) -> None:
    for kind in get_args(Number.model_fields["kind"].annotation):
        numbers = tuple(n.model_copy(update={"kind": kind}) for n in complete.numbers)
        render_site(complete.model_copy(update={"numbers": numbers}))


def test_pages_are_well_formed(pages: dict[str, Page]) -> None:
    for name, page in pages.items():
        assert page.all("html")[0].attributes["lang"] == "en"
        titles = [e for e in page.all("title") if "svg" not in e.inside]
        assert len(page.all("h1")) == len(page.all("main")) == len(titles) == 1
        assert len(page.ids) == len(set(page.ids)), f"{name} uses an id twice"
        assert all(re.fullmatch(r"\S+", i) for i in page.ids), name
        levels = [int(e.name[1]) for e in page.elements if re.fullmatch(r"h[1-6]", e.name)]
        steps = zip([0, *levels], levels, strict=False)
        assert all(b <= a + 1 for a, b in steps), f"{name} skips a heading: {levels}"
        assert all(h.text.strip() for h in page.elements if re.fullmatch(r"h[1-6]", h.name)), name
        for element in page.elements:
            for reference in element.attributes.get("aria-labelledby", "").split():
                assert reference in page.ids, f"{name} is labelled by {reference}"


def test_one_page_of_the_navigation_is_current(pages: dict[str, Page]) -> None:
    for name, page in pages.items():
        current = [a for a in page.all("a") if "aria-current" in a.attributes]
        assert len(current) == (0 if "/" in name else 1), name
        assert page.all("a")[0].attributes["href"] == "#main"


def test_tables_are_described_and_scroll_by_themselves(pages: dict[str, Page]) -> None:
    for name, page in pages.items():
        assert len(page.all("caption")) == len(page.all("table"))
        assert all("scope" in th.attributes for th in page.all("th")), name
        regions = [e for e in page.all("div") if e.attributes.get("class", "").startswith("scroll")]
        assert len(regions) >= len(page.all("table"))
        for region in regions:
            assert region.attributes["tabindex"] == "0"
            assert {"aria-labelledby", "aria-label"} & set(region.attributes)


def test_every_drawing_has_words(pages: dict[str, Page]) -> None:
    for page in pages.values():
        for svg in page.all("svg"):
            if svg.attributes.get("aria-hidden") != "true":
                assert svg.attributes["role"] == "img"
        assert not page.all("img")


def test_nothing_can_run_or_be_loaded(pages: dict[str, Page]) -> None:
    for name, page in pages.items():
        policies = [m for m in page.all("meta") if "http-equiv" in m.attributes]
        assert "default-src 'none'" in policies[0].attributes["content"]
        forbidden = {"script", "iframe", "object", "form", "base", "style", "embed"}
        assert not forbidden & {e.name for e in page.elements}, name
        for element in page.elements:
            assert not any(a.startswith("on") or a == "style" for a in element.attributes), name
            target = element.attributes.get("href", "")
            scheme = urlsplit(target).scheme
            assert scheme in {"", "http", "https"}, target
            if scheme:
                assert element.name == "a", target
                assert element.attributes["rel"] == "noopener noreferrer"


def test_hostile_text_is_shown_and_not_obeyed(site: dict[str, bytes]) -> None:
    text = site["references.html"].decode()
    assert "&lt;script&gt;" in text
    assert "{{ 7*7 }}" in text
    assert 'href="javascript:' not in text
    assert "evil.example" not in text


def test_numbers_are_links_and_unverified_ones_are_marked(pages: dict[str, Page]) -> None:
    seen = 0
    for name, page in pages.items():
        for i, element in enumerate(page.elements):
            css = element.attributes.get("class", "").split()
            if element.name == "a" and "n" in css:
                assert re.match(r"(?:\.\./)?trace/[^#]+#.", element.attributes["href"])
                if "n-unverified" in css and "svg" in element.inside:
                    assert element.text.endswith("†"), name
                elif "n-unverified" in css:
                    following = [e.text for e in page.elements[i + 1 : i + 4]]
                    assert any("unverified" in t for t in following), name
                    seen += 1
    assert seen > 10


def test_unverified_is_said_in_figures_too(site: dict[str, bytes]) -> None:
    page = site["conditions/fibromyalgia.html"].decode()
    assert 'class="square hollow"' in page
    assert re.search(r"<desc[^>]*>[^<]*, unverified\.", page)


def test_what_has_no_control_group_says_so(site: dict[str, bytes]) -> None:
    assert "Nothing here was compared at random." in site["conditions/fibromyalgia.html"].decode()
    assert "not allocated at random" in site["studies/birch.html"].decode()


def test_safety_comes_with_its_caveats(site: dict[str, bytes]) -> None:
    page = site["safety.html"].decode()
    assert "Comparison, not advice." in page
    assert page.index("Must not be combined") < page.index("Harms, with their denominators")
    assert "codeine" in site["index.html"].decode()
    assert "thioridazine" not in site["index.html"].decode()


def test_attention_that_nobody_has_answered_is_on_the_front_page(site: dict[str, bytes]) -> None:
    front = site["index.html"].decode()
    assert front.index("A mean cannot be.") < front.index("SE or SD?")


def test_the_room_stays_light() -> None:
    allowed = (
        "equipoise.dossier",
        "equipoise.findings",
        "equipoise.case.prose",
        "equipoise.errors",
    )
    folder = Path(next(iter(equipoise.dossier.__path__)))
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom):
                modules = [node.module or ""]
            elif isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            else:
                continue
            for module in modules:
                assert module.split(".")[0] not in {"numpy", "scipy"}
                assert not module.startswith("equipoise") or module.startswith(allowed), module
