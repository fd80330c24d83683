"""Editing one value of a real case file changes that line and nothing else."""

from __future__ import annotations

import difflib
import functools
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from equipoise.case import find_case
from equipoise.case.edit import CaseFile
from equipoise.case.yaml12 import read_yaml_file

STUDIES = sorted((find_case("ldn") / "studies").glob("*.yaml"))


@functools.cache
def scalars(file: Path) -> list[tuple[Any, ...]]:
    """Paths of values that stand on one line."""

    def walk(node: Any, path: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        if isinstance(node, dict):
            return [p for k, v in node.items() for p in walk(v, (*path, k))]
        if isinstance(node, list):
            return [p for i, v in enumerate(node) for p in walk(v, (*path, i))]
        return [path] if not isinstance(node, str) or len(node) < 60 else []

    document = read_yaml_file(file)
    lines = file.read_text(encoding="utf-8").splitlines()

    def on_one_line(path: tuple[Any, ...]) -> bool:
        mark = document.mark(path)
        rest = lines[mark.line - 1][mark.column - 1 :]
        return not rest.startswith((">", "|")) and document.key_mark(path).line == mark.line

    return [p for p in walk(document.data, ()) if on_one_line(p)]


NEW = [-1.3, 0, 42, "x", "a: b", "# no comment", "'quoted'", True, None, "12", "−0.34", "é", "yes"]


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_one_value_one_line(tmp_path: Path, data: st.DataObject) -> None:
    source = data.draw(st.sampled_from(STUDIES), label="study")
    path = data.draw(st.sampled_from(scalars(source)), label="value")
    value = data.draw(st.sampled_from(NEW), label="new")
    target = Path(shutil.copy(source, tmp_path / "study.yaml"))
    before = read_yaml_file(target)
    file = CaseFile(target)
    file.set(path, value)
    file.write()
    old, new = source.read_bytes().splitlines(True), target.read_bytes().splitlines(True)
    line = before.mark(path).line
    changed = [
        tag[1:] for tag in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
        if tag[0] != "equal"
    ]  # fmt: skip
    assert changed in ([], [(line - 1, line, line - 1, line)])
    here: Any = read_yaml_file(target).data
    for step in path:
        here = here[step]
    assert here == value


@pytest.mark.parametrize("study", STUDIES, ids=[s.stem for s in STUDIES])
def test_setting_a_value_to_itself_changes_no_byte(study: Path, tmp_path: Path) -> None:
    target = Path(shutil.copy(study, tmp_path / "study.yaml"))
    file = CaseFile(target)
    for path in scalars(study)[:25]:
        file.set(path, file.get(path))
    assert file.write() is False
    assert target.read_bytes() == study.read_bytes()
