"""An edit changes what it says and nothing else."""

from __future__ import annotations

import difflib
import os
import random
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from equipoise.case import yaml12
from equipoise.case.edit import CaseFile
from equipoise.case.yaml12 import MAX_DEPTH, NodePath
from equipoise.errors import CaseError

TEXT = """\
# A study, by hand
id: younger2013   # ours
title: A title that
  goes on
note: |  # keep
  text

  more

arms:
  # the first arm
  - id: ldn   # 4.5 mg
    n: 31
    mean: {value: -1.30, sd:   2.0}
  - id: placebo
    n:     30

empty:
list: []
tags: [x, 'y', "z",]
nested:
  deep:
    - - 1
      - 2
    - 3
# the end
last: 'it''s'
"""

Edit = Callable[[CaseFile], object]


def opened(tmp_path: Path, text: str = TEXT) -> CaseFile:
    path = tmp_path / "x.yaml"
    path.write_bytes(text.encode())
    return CaseFile(path, file="ldn/x.yaml")


def changed(before: str, after: str) -> list[str]:
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return [f"{line[0]}{line[2:]}" for line in lines if line[0] in "+-"]


EDITS: list[tuple[str, Edit, list[str]]] = [
    (
        "a word, its comment stays",
        lambda c: c.set(("id",), "younger2014"),
        ["-id: younger2013   # ours", "+id: younger2014   # ours"],
    ),
    ("a number", lambda c: c.set(("arms", 0, "n"), 32), ["-    n: 31", "+    n: 32"]),
    ("spaces stay", lambda c: c.set(("arms", 1, "n"), 29), ["-    n:     30", "+    n:     29"]),
    (
        "inside braces",
        lambda c: c.set(("arms", 0, "mean", "sd"), 2.5),
        ["-    mean: {value: -1.30, sd:   2.0}", "+    mean: {value: -1.30, sd:   2.5}"],
    ),
    (
        "a key inside braces",
        lambda c: c.set(("arms", 0, "mean", "n"), 31),
        ["-    mean: {value: -1.30, sd:   2.0}", "+    mean: {value: -1.30, sd:   2.0, n: 31}"],
    ),
    ("an empty value", lambda c: c.set(("empty",), "x"), ["-empty:", "+empty: x"]),
    (
        "a collection in an empty value",
        lambda c: c.set(("empty",), {"a": 1, "b": [1, {"c": None}]}),
        ["+  a: 1", "+  b:", "+    - 1", "+    - c: null"],
    ),
    (
        "the quotes of its predecessor",
        lambda c: c.set(("last",), "isn't"),
        ["-last: 'it''s'", "+last: 'isn''t'"],
    ),
    (
        "text that would be read as something else",
        lambda c: c.set(("id",), "007"),
        ["-id: younger2013   # ours", '+id: "007"   # ours'],
    ),
    (
        "several lines",
        lambda c: c.set(("title",), "one\ntwo"),
        ["-title: A title that", "-  goes on", "+title: |-", "+  one", "+  two"],
    ),
    (
        "a block with a comment at its head",
        lambda c: c.set(("note",), "short"),
        ["-note: |  # keep", "-  text", "-", "-  more", "+note: short  # keep"],
    ),
    (
        "a new key at the end of a mapping",
        lambda c: c.set(("arms", 1, "weeks"), 8),
        ["+    weeks: 8"],
    ),
    ("a new key at the end", lambda c: c.set(("year",), 2013), ["+year: 2013"]),
    (
        "an arm more",
        lambda c: c.append(("arms",), {"id": "open", "n": 10}),
        ["+  - id: open", "+    n: 10"],
    ),
    (
        "an item in an empty list",
        lambda c: c.append(("list",), "a"),
        ["-list: []", "+list:", "+  - a"],
    ),
    (
        "an item between brackets",
        lambda c: c.append(("tags",), "q"),
        ["-tags: [x, 'y', \"z\",]", "+tags: [x, 'y', \"z\", q]"],
    ),
    ("a nested item", lambda c: c.append(("nested", "deep", 0), 5), ["+      - 5"]),
    (
        "an item out",
        lambda c: c.delete(("arms", 1)),
        ["-  - id: placebo", "-    n:     30"],
    ),
    (
        "the first key of an item out",
        lambda c: c.delete(("arms", 1, "id")),
        ["-  - id: placebo", "-    n:     30", "+  - n:     30"],
    ),
    (
        "the first of the nested out",
        lambda c: c.delete(("nested", "deep", 0, 0)),
        ["-    - - 1", "-      - 2", "+    - - 2"],
    ),
    (
        "a tag out",
        lambda c: c.delete(("tags", 1)),
        ["-tags: [x, 'y', \"z\",]", '+tags: [x, "z",]'],
    ),
    (
        "the only entry out",
        lambda c: c.delete(("nested", "deep")),
        ["-nested:", "-  deep:", "-    - - 1", "-      - 2", "-    - 3", "+nested: {}"],
    ),
    (
        "a list over a list changes only what differs",
        lambda c: c.set(("arms",), [{"id": "ldn", "n": 31, "mean": {"value": -1.3, "sd": 9}}]),
        [
            "-    mean: {value: -1.30, sd:   2.0}",
            "-  - id: placebo",
            "-    n:     30",
            "+    mean: {value: -1.30, sd:   9}",
        ],
    ),
    (
        "a block becomes a word",
        lambda c: c.set(("nested", "deep"), "flat"),
        ["-  deep:", "-    - - 1", "-      - 2", "-    - 3", "+  deep: flat"],
    ),
    (
        "a word becomes a list",
        lambda c: c.set(("id",), ["a", "b"]),
        ["-id: younger2013   # ours", "+id:   # ours", "+  - a", "+  - b"],
    ),
    ("the same again", lambda c: c.set(("arms", 0, "mean", "value"), -1.3), []),
]


@pytest.fixture(params=["libyaml", "python"])
def _backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "python":
        monkeypatch.setattr(yaml12, "_parse", yaml12._python_events)
    elif yaml12.CParser is None:
        pytest.skip("ruamel.yaml.clib is not here")


@pytest.mark.usefixtures("_backend")
@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize(("edit", "lines"), [e[1:] for e in EDITS], ids=[e[0] for e in EDITS])
def test_only_those_lines_change(
    edit: Edit, lines: list[str], line_end: str, tmp_path: Path
) -> None:
    file = opened(tmp_path, TEXT.replace("\n", line_end))
    edit(file)
    assert sorted(changed(TEXT, file.text().replace("\r\n", "\n"))) == sorted(lines)
    assert file.text().count("\n") == file.text().count(line_end)


def test_the_style_of_the_dashes_is_kept(tmp_path: Path) -> None:
    file = opened(tmp_path, "a:\n- x\n- y\nb:\n")
    file.append(("a",), "z")
    file.set(("b",), {"c": [1]})
    assert file.text() == "a:\n- x\n- y\n- z\nb:\n  c:\n  - 1\n"
    file.delete(("a", 2))
    file.delete(("a", 1))
    file.delete(("a", 0))
    assert file.text() == "a: []\nb:\n  c:\n  - 1\n"


@pytest.mark.parametrize("text", [TEXT, TEXT.replace("\n", "\r\n"), TEXT[:-1], "\ufeff" + TEXT])
def test_an_unchanged_file_is_not_touched(text: str, tmp_path: Path) -> None:
    file = opened(tmp_path, text)
    os.utime(file.path, ns=(1, 1))
    file.set(("id",), "other")
    file.set(("id",), "younger2013")
    assert file.write() is False
    assert file.path.stat().st_mtime_ns == 1
    assert file.path.read_bytes() == text.encode()


@pytest.mark.parametrize("text", [TEXT, TEXT.replace("\n", "\r\n"), TEXT[:-1], "\ufeff" + TEXT])
def test_writing_keeps_bytes_mode_and_links(text: str, tmp_path: Path) -> None:
    file = opened(tmp_path, text)
    file.path.chmod(0o640)
    link = tmp_path / "link.yaml"
    link.symlink_to(file.path)
    linked = CaseFile(link)
    linked.set(("arms", 0, "n"), 32)
    assert linked.write() is True
    assert linked.write() is False
    assert file.path.read_bytes() == text.replace("n: 31", "n: 32").encode()
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o640
    assert link.is_symlink()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link.yaml", "x.yaml"]


def test_a_file_changed_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    file = opened(tmp_path)
    file.set(("id",), "mine")
    file.path.write_text("id: theirs\n")
    with pytest.raises(CaseError, match="changed by someone else"):
        file.write()
    assert file.path.read_text() == "id: theirs\n"


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = opened(tmp_path)
    file.set(("id",), "mine")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CaseError, match="No space left"):
        file.write()
    assert file.path.read_bytes() == TEXT.encode()
    assert [p.name for p in tmp_path.iterdir()] == ["x.yaml"]


REFUSED: list[tuple[Edit, str, int]] = [
    (lambda c: c.get(("arms", 7)), "There is no '7' here", 12),
    (lambda c: c.set(("arms", 2), "x"), "There is no '2' here", 12),
    (lambda c: c.set(("nothing", "here"), 1), "There is no 'nothing' here", 2),
    (lambda c: c.append(("id",), 1), "not a list", 2),
    (lambda c: c.delete(("arms", 0, "sd")), "There is no 'sd' here", 12),
    (lambda c: c.delete(()), "whole file", 2),
    (lambda c: c.set((), "word"), "whole file", 2),
    (lambda c: c.set(("arms",), 5), "would lose a comment", 12),
    (lambda c: c.set(("id",), "a\x00b"), "would not read back", 2),
    (lambda c: c.set(("id",), 10**30), "would not read back", 2),
]


@pytest.mark.parametrize(("edit", "message", "line"), REFUSED)
def test_what_cannot_be_done_is_refused_whole(
    edit: Edit, message: str, line: int, tmp_path: Path
) -> None:
    file = opened(tmp_path)
    with pytest.raises(CaseError, match=message) as caught:
        edit(file)
    assert caught.value.line == line
    assert caught.value.advice
    assert file.text() == TEXT


def test_half_a_change_is_undone(tmp_path: Path) -> None:
    file = opened(tmp_path)
    deep: Any = 1
    for _ in range(MAX_DEPTH):
        deep = [deep]
    with pytest.raises(CaseError, match="would not read back"):
        file.set((), {**file.get(), "id": "changed", "more": deep})
    assert file.text() == TEXT
    assert file.get(("id",)) == "younger2013"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_none(value: float, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not a finite number"):
        opened(tmp_path).set(("id",), value)


@pytest.mark.parametrize("value", [object(), {1: 2}, {"a"}, b"bytes"])
def test_types_that_no_file_holds(value: object, tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        opened(tmp_path).set(("id",), value)


def test_hostile_files_are_refused_on_opening(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match="an anchor"):
        opened(tmp_path, "a: &x 1\n")


def test_get_gives_a_copy(tmp_path: Path) -> None:
    file = opened(tmp_path)
    file.get(("arms",)).clear()
    assert len(file.get(("arms",))) == 2
    assert file.get(("arms", 0, "mean", "value")).text == "-1.30"
    assert file.document.mark(("arms", 0, "n")) == (13, 8)


# Random edits, one upon the other

OTHER = """\
a: {b: [1, {c: d}], 'e': , f}
b:
- 1
-
- c: d
  e:
  - x
# end
c: |+
  keep


d:
  f: >
    fold
"""
WORDS = [None, True, 1, -2.5, "x", "yes", "", "a: b", "two\nlines\n", "# no", "1", "tab\there"]
WORDS += ["é\u2028", "-", " lead", "null", "007", "it's", "n", "[", "a, b", "2026-11-23"]


def value_from(rng: random.Random, depth: int = 0) -> Any:
    kind = rng.random()
    if depth < 2 and kind < 0.2:
        return {
            f"{rng.choice('abcdé ')}{rng.randint(0, 3)}": value_from(rng, depth + 1)
            for _ in range(rng.randint(0, 3))
        }
    if depth < 2 and kind < 0.4:
        return [value_from(rng, depth + 1) for _ in range(rng.randint(0, 3))]
    return rng.choice(WORDS)


def paths(data: Any, so_far: NodePath = ()) -> Iterator[NodePath]:
    yield so_far
    if isinstance(data, dict | list):
        for step, inner in data.items() if isinstance(data, dict) else enumerate(data):
            yield from paths(inner, (*so_far, step))


@pytest.mark.usefixtures("_backend")
@pytest.mark.parametrize("text", [TEXT, TEXT.replace("\n", "\r\n"), TEXT[:-1], OTHER])
def test_random_edits_keep_data_and_comments(text: str, tmp_path: Path) -> None:
    messages: list[str] = []
    rng = random.Random(20131)  # noqa: S311
    for _ in range(25):
        file = opened(tmp_path, text)
        for _ in range(4):
            path = rng.choice(list(paths(file.get())))
            value = value_from(rng)
            before = file.text()
            try:
                if rng.random() < 0.25 and path:
                    file.delete(path)
                elif rng.random() < 0.5:
                    file.append(path, value)
                    assert file.get(path)[-1] == value
                else:
                    target = path if rng.random() < 0.5 else (*path, "new key")
                    file.set(target, value)
                    assert file.get(target) == value
                    if not isinstance(value, dict | list) and path == target:
                        assert before.count("#") <= file.text().count("#") + 1
            except CaseError as refused:
                assert file.text() == before
                messages.append(refused.message)
        file.write()
        assert CaseFile(file.path).get() == file.get()
    # No layout here is beyond it; only comments may stand in the way.
    assert not [m for m in messages if "layout" in m or "read back" in m]
