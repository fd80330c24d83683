"""A case from a stranger: whatever its files hold, it reads, or it is refused in words.

Each example takes the toy case, spoils one or two places of it, and reads it. Nothing but
`CaseErrors` or `CaseNotFoundError` may come out of `read_case`; what reads must give Findings or an
`EquipoiseError`.
"""

from __future__ import annotations

import copy
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from equipoise.case import Case, find_case, read_case
from equipoise.case.yaml12 import read_yaml_file
from equipoise.errors import CaseErrors, CaseNotFoundError, EquipoiseError
from equipoise.findings import Findings, appraise

TOY = find_case("toy")
FILES = sorted(p.relative_to(TOY).as_posix() for p in TOY.rglob("*.yaml"))
TREES = {file: read_yaml_file(TOY / file).data for file in FILES}
MANY = int(os.environ.get("EQUIPOISE_EXAMPLES", "400"))

HOSTILE: list[Any] = [
    "", " ", "0", "-1", "1e309", "1e308", "-1e15", "1e15", "1e-300", "0.0", ".nan", ".inf", "nan",
    "Infinity", "100", "120", "1000000", "7-10", "<0.001", "0-0", "~3", "−5",
    "<script>alert(1)</script>", "../../etc/passwd", "/etc/passwd", "con", "x" * 300, "x" * 25_000,
    "\u202eabc", "مرحبا", "é\u0301", "\ud83d", "\u200b", "a\u2028b", "\x1b[31m", "\x00", "a\nb",
    "{n:count/case/studies}", "{n:nobody}", "{cite:nobody}", "{cite:frost2019}", "{x}", "{",
    "{{7*7}}",
    "${HOME}", "%s%n", "'; DROP TABLE", "tea", "placebo", "wts", "frost2019", "winter-tiredness",
    "lower", "higher", "end", "baseline", "crossover", "parallel", "binary", "continuous", "trial",
    0, 1, -1, 2, 10**15, 10**16, 10**29, 0.5, 1e-9, 1e15, -0.0, True, False, None,
    [], {}, [[]], [{}], [None], {"printed": "3"}, {"printed": None}, {"printed": {}}, {"id": "x"},
    {"printed": "5", "verified": False}, {"low": 1, "high": 2}, {"low": 5, "high": "5"},
]  # fmt: skip


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something can be spoilt: every key and every item."""
    pairs = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in pairs:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))


PLACES = [(file, path) for file in FILES for path in places(TREES[file])]


def holder(tree: Any, path: tuple[Any, ...]) -> Any:
    for step in path[:-1]:
        tree = tree[step]
    return tree


def as_yaml(tree: Any) -> bytes:
    """Flow YAML of a tree that JSON can write: the reader takes it as it takes any other."""
    return json.dumps(tree, ensure_ascii=True, allow_nan=True).encode()


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shutil.copytree(TOY, tmp_path_factory.mktemp("hostile") / "toy")


def judge(root: Path) -> None:
    refusal: EquipoiseError | None = None
    try:
        case = read_case(root)
    except (CaseErrors, CaseNotFoundError) as found:
        refusal = found
    else:
        assert isinstance(case, Case)
        try:
            assert isinstance(appraise(case), Findings)
        except EquipoiseError as found:
            refusal = found
    if refusal is not None:
        assert str(refusal)
        assert all(0 < len(e.message) < 1000 for e in getattr(refusal, "errors", ()))


class spoilt:  # noqa: N801 - reads as a word in a with statement
    """Files replaced while the block runs."""

    def __init__(self, root: Path, content: dict[str, bytes]) -> None:
        self.root, self.content = root, content

    def __enter__(self) -> Path:
        for file, data in self.content.items():
            (self.root / file).write_bytes(data)
        return self.root

    def __exit__(self, *_: object) -> None:
        for file in self.content:
            (self.root / file).write_bytes((TOY / file).read_bytes())


MANY_EXAMPLES = settings(
    max_examples=MANY,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@MANY_EXAMPLES
@given(st.data())
def test_values_replaced(scratch: Path, data: st.DataObject) -> None:
    trees: dict[str, Any] = {}
    for _ in range(data.draw(st.integers(1, 2), label="how many")):
        file, path = data.draw(st.sampled_from(PLACES), label="where")
        tree = trees.setdefault(file, copy.deepcopy(TREES[file]))
        value = data.draw(st.sampled_from(HOSTILE), label="what")
        try:
            holder(tree, path)[path[-1]] = copy.deepcopy(value)
        except (KeyError, IndexError, TypeError):
            continue  # the first mutation took the place away
    content = {file: as_yaml(tree) for file, tree in trees.items()}
    with spoilt(scratch, content) as root:
        judge(root)


@MANY_EXAMPLES
@given(st.data())
def test_keys_removed_moved_doubled(scratch: Path, data: st.DataObject) -> None:
    file, path = data.draw(st.sampled_from(PLACES), label="where")
    other_file, other = data.draw(st.sampled_from(PLACES), label="what")
    tree = copy.deepcopy(TREES[file])
    where = holder(tree, path)
    moved = copy.deepcopy(holder(TREES[other_file], other)[other[-1]])
    match data.draw(st.sampled_from(["remove", "swap", "double", "rename"]), label="how"):
        case "remove":
            del where[path[-1]]
        case "swap":
            where[path[-1]] = moved
        case "double" if isinstance(where, list):
            where.append(copy.deepcopy(where[path[-1]]))
        case _ if isinstance(where, dict):
            where[str(other[-1])] = where.pop(path[-1])
        case _:
            where.insert(0, moved)
    with spoilt(scratch, {file: as_yaml(tree)}) as root:
        judge(root)


@MANY_EXAMPLES
@given(st.data())
def test_text_damaged(scratch: Path, data: st.DataObject) -> None:
    """Bytes cut, repeated and put in, without regard to YAML."""
    file = data.draw(st.sampled_from(FILES), label="file")
    raw = (TOY / file).read_bytes()
    start = data.draw(st.integers(0, len(raw)), label="start")
    stop = min(len(raw), start + data.draw(st.integers(0, 40), label="length"))
    junk = data.draw(
        st.one_of(
            st.binary(max_size=8),
            st.sampled_from(
                [b"*a ", b"&a ", b"!!python/object ", b"<<: ", b"\t", b": ", b"- ", b"{", b"[" * 50,
                 b"\xff\xfe", b"\xef\xbb\xbf", b"\x00", b"\r", b"---\n", b"...\n", b"%YAML 1.1\n",
                 b"'", b'"', b"|\n", b">\n", b"# ", b"\xc2\x85", b"\xed\xa0\x80", b"? ", b"\x1b[2J",
                 raw[start:stop] * 3]
            ),
        ),
        label="junk",
    )  # fmt: skip
    with spoilt(scratch, {file: raw[:start] + junk + raw[stop:]}) as root:
        judge(root)


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize(
    "content",
    [
        b"", b"\n", b"# nothing\n", b"[]\n", b"x: {}\n", b"null\n", b"1\n", b"id: &a x\nb: *a\n",
        b"a: 1\na: 2\n", b"\xff\xfei\x00d\x00", b"id: caf\xe9\n", b"\x89PNG\r\n\x1a\n",
        b"\x00" * 100,
        b"a: " + b"[" * 5000, b"a:\n" + b"".join(b" " * i + b"a:\n" for i in range(1, 200)),
        b"a: " + b"x" * 10_000_000, b"- x\n" * 300_000, b"k: {" + b"a: 1, " * 100_000 + b"}\n",
        b"a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\n",
    ],
    ids=range(19),
)  # fmt: skip
def test_a_whole_file_of_something_else(file: str, content: bytes, scratch: Path) -> None:
    with spoilt(scratch, {file: content}) as root, pytest.raises(CaseErrors) as caught:
        read_case(root)
    assert any(e.file == file for e in caught.value.errors)


@pytest.mark.parametrize(
    "name", ["\x1b[31mred.yaml", "\u202eyaml.exe", "a\nb.yaml", "<script>.yaml", "\udcff.yaml"]
)
def test_hostile_file_names(name: str, tmp_path: Path) -> None:
    root = shutil.copytree(TOY, tmp_path / "toy")
    (root / "studies" / name).write_bytes((TOY / "studies" / "frost2019.yaml").read_bytes())
    with pytest.raises(CaseErrors):
        read_case(root)


def test_a_pipe_in_the_case_does_not_hang(tmp_path: Path) -> None:
    root = shutil.copytree(TOY, tmp_path / "toy")
    os.mkfifo(root / "studies" / "pipe.yaml")
    (root / "access.yaml").unlink()
    os.mkfifo(root / "access.yaml")
    with pytest.raises(CaseErrors) as caught:
        read_case(root)
    assert {e.file for e in caught.value.errors} == {"studies/pipe.yaml", "access.yaml"}
