"""Prose types no number: neither the templates, nor the statements that findings make."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from equipoise.case.prose import naked_digits
from equipoise.findings.model import Findings, prose_of

TEMPLATES = {
    p.name: p.read_text("utf-8")
    for p in files("equipoise.dossier").joinpath("templates").iterdir()
    if p.name.endswith(".j2")
}
_READ_ALOUD = re.compile(r'\b(?:alt|title|aria-label|placeholder)="([^"]*)"')
_STRINGS = re.compile(r'"([^"]*)"')


def _words(template: str) -> list[str]:
    """What a reader can read of a template: text, labels, and the strings handed to macros."""
    expressions = re.findall(r"\{\{.*?\}\}|\{%.*?%\}", template, flags=re.S)
    bare = re.sub(r"\{#.*?#\}|\{\{.*?\}\}|\{%.*?%\}", " ", template, flags=re.S)
    said = _READ_ALOUD.findall(bare)
    text = re.sub(r"<[^>]*>", "\n", re.sub(r"<svg.*?</svg>", " ", bare, flags=re.S))
    strings = [s for e in expressions for s in _STRINGS.findall(e) if " " in s]
    return [*said, *text.splitlines(), *strings]


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_template_types_no_number(name: str) -> None:
    assert [n for text in _words(TEMPLATES[name]) for n in naked_digits(text)] == []


def test_the_templates_were_found() -> None:
    assert "index.html.j2" in TEMPLATES
    assert any("prescribe" in text for text in _words(TEMPLATES["_base.html.j2"]))


def test_a_typed_number_would_be_caught() -> None:
    caught = [n for t in _words('<p class="h1">In 12 weeks {{ x }}</p>') for n in naked_digits(t)]
    assert caught == [" 12".strip()]
    in_a_macro = _words('{{ parts.masthead("x", "All 3 trials") }}')
    assert [n for t in in_a_macro for n in naked_digits(t)] == ["3"]


def test_statements_type_no_number(complete: Findings) -> None:
    statements = list(prose_of(complete))
    assert len(statements) > 20
    assert [n for text in statements for n in naked_digits(text)] == []
