"""Every method that a number can name stands on a page, with its formula's source."""

from __future__ import annotations

import re

import pytest
from markdown_pages import DOCS, blocks, read

from equipoise.evidence.methods import METHODS as EVIDENCE
from equipoise.findings.methods import METHODS as FINDINGS
from equipoise.judgement import gaps
from equipoise.pharmacology import METHODS as PHARMACOLOGY
from equipoise.stats.method import Method

METHODS = {**EVIDENCE, **PHARMACOLOGY, **FINDINGS}
PAGES = {p.name: read(p) for p in sorted((DOCS / "methods").glob("*.md"))}


def test_no_two_rooms_use_one_id() -> None:
    assert len(METHODS) == len(EVIDENCE) + len(PHARMACOLOGY) + len(FINDINGS)


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS.keys())
def test_method_stands_on_a_page(method: Method) -> None:
    assert [name for name, text in PAGES.items() if f"`{method.id}`" in text]


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS.keys())
def test_page_names_the_source_of_the_method(method: Method) -> None:
    text = "\n".join(PAGES.values()).lower()
    if method.doi:
        assert method.doi.lower() in text


def test_every_kind_of_gap_is_described() -> None:
    source = (gaps.__file__ or "").replace(".pyc", ".py")
    with open(source, encoding="utf-8") as file:  # noqa: PTH123
        kinds = set(re.findall(r'kind="([a-z-]+)"', file.read()))
    assert kinds
    assert {k for k in kinds if f"`{k}`" not in PAGES["gaps.md"]} == set()


def test_pages_of_methods_have_no_code_to_run() -> None:
    assert not [b for p in (DOCS / "methods").glob("*.md") for b in blocks(p) if b.language]
