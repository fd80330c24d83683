"""The reference is what the program says: current, and nothing undocumented."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest
import typer
from markdown_pages import DOCS, read
from typer.testing import CliRunner

from equipoise.case.schema import FILES
from equipoise.cli import app


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_docs", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["generate_docs"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", ["cli.md", "case-format.md", "findings.md", "errors.md"])
def test_page_is_current(generate: ModuleType, page: str) -> None:
    made = generate.PAGES[page]()
    assert read(DOCS / "reference" / page) == made, "run: python docs/generate.py"


def test_every_page_of_the_reference_is_generated(generate: ModuleType) -> None:
    assert {p.name for p in (DOCS / "reference").glob("*.md")} == set(generate.PAGES)


def test_every_verb_and_option_is_documented(generate: ModuleType) -> None:
    text = read(DOCS / "reference" / "cli.md")
    group = typer.main.get_command(app)
    assert set(group.commands) == set(generate.VERBS)  # type: ignore[attr-defined]
    for verb, command in group.commands.items():  # type: ignore[attr-defined]
        part = text.split(f"## `equipoise {verb}`\n")[1].split("\n## ")[0]
        for parameter in command.params:
            if parameter.param_type_name == "option":
                assert all(f"`{o}`" in part or f"`{o}," in part for o in parameter.opts)
            else:
                assert f"`{parameter.metavar or parameter.name.upper()}`" in part
        assert "`--json`" in part


def test_every_file_of_a_case_is_described(generate: ModuleType) -> None:
    text = read(DOCS / "reference" / "case-format.md")
    for kind, model in FILES.items():
        assert f"## File `{generate._PLACES[kind][0]}`" in text
        assert f"### `{model.__name__}`" in text


def test_results_hold_the_documented_keys(generate: ModuleType, tmp_path: Path) -> None:
    calls = {
        "new": [str(tmp_path / "made")],
        "check": ["toy"],
        "appraise": ["toy", "--out", str(tmp_path / "dossier")],
        "explain": ["case/plan/level", "toy"],
    }
    assert set(calls) == set(generate.VERBS)
    for verb, arguments in calls.items():
        done = CliRunner().invoke(app, [verb, *arguments, "--json"])
        said = json.loads(done.stdout)
        assert done.exit_code == said["status"]
        assert done.exit_code in generate.VERBS[verb].status
        assert set(said) == {"ok", "verb", "status", "result"}
        assert set(said["result"]) == set(generate.VERBS[verb].result), verb


def test_a_refusal_has_the_documented_shape(generate: ModuleType) -> None:
    for verb, arguments in {"check": ["nowhere"], "explain": ["nothing", "toy"]}.items():
        done = CliRunner().invoke(app, [verb, *arguments, "--json"])
        said = json.loads(done.stdout)
        assert done.exit_code == said["status"] == 2
        assert 2 in generate.VERBS[verb].status
        assert set(said) == {"ok", "verb", "status", "kind", "errors"}
