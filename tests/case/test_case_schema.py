"""The published schemas: shipped cases obey them, and they refuse what the reader refuses."""

from __future__ import annotations

import copy
import functools
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from equipoise.case import read_case, shipped_cases
from equipoise.case.schema import FILES, case_schemas
from equipoise.case.yaml12 import read_yaml_file
from equipoise.findings import appraise
from equipoise.findings.store import to_json
from equipoise.schemas.__main__ import schema_files

SCHEMAS = case_schemas()
read_once = functools.cache(read_case)
HERE = Path(str(files("equipoise"))) / "schemas"


def kind_of(file: str) -> str:
    folder, _, name = file.partition("/")
    if file == "experience/_priors.yaml":
        return "priors"
    return {"studies": "study"}.get(folder, folder) if name else folder.removesuffix(".yaml")


def problems(kind: str, data: Any) -> list[str]:
    return [
        f"{'/'.join(map(str, e.absolute_path))}: {e.message[:200]}"
        for e in Draft202012Validator(SCHEMAS[kind]).iter_errors(data)
    ]


CASE_FILES = [(case, file) for case in shipped_cases() for file in read_once(case).documents]


@pytest.mark.parametrize(("case", "file"), CASE_FILES, ids=[f"{c}/{f}" for c, f in CASE_FILES])
def test_shipped_file_obeys_its_schema(case: str, file: str) -> None:
    assert problems(kind_of(file), read_once(case).documents[file].data) == []


@pytest.mark.parametrize("kind", FILES)
def test_schema_is_a_schema(kind: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[kind])
    assert SCHEMAS[kind]["$id"] == f"urn:equipoise:case:1:{kind}"


TOY_FILES = list(read_once("toy").documents)


def records(node: Any) -> list[dict[str, Any]]:
    """Every mapping of a tree."""
    if isinstance(node, dict):
        return [node, *(r for v in node.values() for r in records(v))]
    return [r for v in node for r in records(v)] if isinstance(node, list) else []


@pytest.mark.parametrize("file", TOY_FILES)
def test_unknown_keys_are_refused_at_every_depth(file: str) -> None:
    data = read_once("toy").documents[file].data
    for index in range(len(records(data))):
        broken = copy.deepcopy(data)
        records(broken)[index]["colour"] = "green"
        assert problems(kind_of(file), broken), f"record {index} takes an unknown key"


def test_every_kind_of_file_is_in_the_toy_case() -> None:
    assert {kind_of(f) for f in TOY_FILES} == set(FILES)


@pytest.mark.parametrize(
    ("file", "key", "value"),
    [
        ("case.yaml", "format", "equipoise.case/9"),
        ("studies/frost2019.yaml", "kind", "trail"),
        ("studies/frost2019.yaml", "group", "../../etc/passwd"),
        ("studies/frost2019.yaml", "n_analysed", [1]),
        ("studies/frost2019.yaml", "arms", {"id": "tea"}),
        ("plan.yaml", "level", 95),
    ],
)
def test_what_the_reader_refuses_the_schema_refuses(file: str, key: str, value: Any) -> None:
    data = read_once("toy").documents[file].data
    assert problems(kind_of(file), data | {key: value})


def test_printed_numbers_may_be_short_or_long() -> None:
    data = read_once("toy").documents["studies/frost2019.yaml"].data
    for value in (118, "118", "1,180", {"printed": 118, "verified": False}, {"printed": "118"}):
        assert problems("study", data | {"n_analysed": value}) == []
    assert problems("study", data | {"n_analysed": {"printed": 118, "verfied": False}})


def test_schema_files_are_current() -> None:
    """If this fails: python -m equipoise.schemas"""
    made = schema_files()
    found = {p.relative_to(HERE).as_posix() for p in HERE.rglob("*.schema.json")}
    assert found == set(made)
    stale = [name for name, content in made.items() if (HERE / name).read_bytes() != content]
    assert stale == []


@pytest.mark.parametrize("case", shipped_cases())
def test_findings_obey_their_schema(case: str) -> None:
    schema = json.loads((HERE / "findings.schema.json").read_bytes())
    Draft202012Validator.check_schema(schema)
    data = json.loads(to_json(appraise(read_once(case))))
    errors = [e.message[:200] for e in Draft202012Validator(schema).iter_errors(data)]
    assert errors == []


def test_study_schema_reads_one_file_alone() -> None:
    """An editor checks a file by its schema without the rest of the case."""
    path = Path(str(files("equipoise"))) / "cases" / "toy" / "studies" / "hoar2021.yaml"
    assert problems("study", read_yaml_file(path).data) == []
