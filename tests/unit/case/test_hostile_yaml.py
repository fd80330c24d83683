"""What a case file may not hold, and that nothing but a `CaseError` ever says so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from equipoise.case import yaml12
from equipoise.case.yaml12 import (
    MAX_DEPTH,
    MAX_FILE_BYTES,
    MAX_NODES,
    MAX_SCALAR_CHARS,
    Document,
    read_yaml,
    read_yaml_file,
)
from equipoise.errors import CaseError

needs_libyaml = pytest.mark.skipif(yaml12.CParser is None, reason="ruamel.yaml.clib is not here")
BACKENDS = [
    pytest.param(yaml12._libyaml_events, id="libyaml", marks=needs_libyaml),
    pytest.param(yaml12._python_events, id="python"),
]


@pytest.fixture(params=BACKENDS)
def _backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml12, "_parse", request.param)


def refusal(text: str | bytes) -> CaseError:
    with pytest.raises(CaseError) as caught:
        read_yaml(text, file="ldn/studies/x.yaml")
    return caught.value


# What is written; line and column; words of the message; words of the advice.
REFUSED: list[tuple[str | bytes, int, int, str, str]] = [
    # Bytes and characters
    (b"a: 1\nb: caf\xe9\n", 2, 7, "byte 0xE9 is not UTF-8", "save it as UTF-8"),
    (b"\xef\xbb\xbfa: caf\xe9\n", 1, 7, "byte 0xE9", "save it as UTF-8"),
    ("a: 1\n".encode("utf-16"), 1, 1, "UTF-16", "Save it again as UTF-8"),
    ("a: 1\n".encode("utf-16-le"), 1, 1, "UTF-16", "Save it again as UTF-8"),
    ("a: 1\n".encode("utf-16-be"), 1, 1, "UTF-16", "Save it again as UTF-8"),
    ("a: 1\n".encode("utf-32"), 1, 1, "UTF-32", "Save it again as UTF-8"),
    ("a: 1\n".encode("utf-32-be"), 1, 1, "UTF-32", "Save it again as UTF-8"),
    ("a: 1\nb: x\x00y\n", 2, 5, "NUL", "Delete it"),
    ("a: x\x07\n", 1, 5, "U+0007", "Delete it"),
    ("a: x\x7f\n", 1, 5, "U+007F", "Delete it"),
    ("a: x\x85y\n", 1, 5, "U+0085", "Delete it"),
    ("a: x\u2028y\n", 1, 5, "U+2028", "Delete it"),
    ("a: x\ufeffy\n", 1, 5, "U+FEFF", "Delete it"),
    ("a: x\rb: y\n", 1, 5, "carriage return", "Delete it"),
    ("a: x\ud800\n", 1, 5, "U+D800", "Delete it"),
    ('a: "\\0"\n', 1, 4, "NUL", "Delete the escape"),
    ('a: "\\x1b[2J"\n', 1, 4, "U+001B", "Delete the escape"),
    # References, tags, directives
    ("a: &x 1\n", 1, 4, "an anchor (&x)", "Write the value out"),
    ("a: &x\n  b: 1\n", 1, 4, "an anchor (&x)", "Write the value out"),
    ("a: 1\nb: *x\n", 2, 4, "an alias (*x)", "Write the value out"),
    ("a: **bold**\n", 1, 5, "alias", "quotes"),
    ("a: !foo 1\n", 1, 4, "a tag ('!foo')", "Delete the tag"),
    ("a: !!str 1\n", 1, 4, "a tag", "Delete the tag"),
    ("a: !!python/object:os.system x\n", 1, 4, "a tag", "Delete the tag"),
    ("a: !!python/object/apply:os.system [x]\n", 1, 4, "a tag", "Delete the tag"),
    ("!!str a: 1\n", 1, 1, "a tag", "Delete the tag"),
    ("a: ! 1\n", 1, 4, "a tag", "Delete the tag"),
    ("%YAML 1.1\n---\na: 1\n", 1, 1, "directive", "Delete the line"),
    ("%TAG ! x:\n---\na: 1\n", 1, 1, "directive", "Delete the line"),
    ("%YAML 1.2\n%YAML 1.2\n---\na: 1\n", 2, 1, "directive", "Delete the line"),
    ("%YAML 1.2\na: 1\n", 2, 1, "not followed by ---", "Add it"),
    # Keys
    ("a:\n  b: 1\n  <<: {c: 2}\n", 3, 3, "merge key", "Write the merged keys"),
    ("a: 1\nb: 2\na: 3\n", 3, 1, "second time; the first is on line 1, column 1", "rename"),
    ("a:\n  b: 1\n  'b': 2\n", 3, 3, "the first is on line 2, column 3", "rename"),
    ("a: {b: 1, b: 2}\n", 1, 11, "the first is on line 1, column 5", "rename"),
    ("1: a\n", 1, 1, "key '1' is not text", 'between quotes: "1"'),
    ("a:\n  1.5: a\n", 2, 3, "key '1.5' is not text", 'between quotes: "1.5"'),
    ("true: a\n", 1, 1, "key 'true' is not text", 'between quotes: "true"'),
    ("~: a\n", 1, 1, "key '~' is not text", 'between quotes: "~"'),
    (": a\n", 1, 1, "", ""),
    ("a: 1\n? b\n: 2\n", 2, 1, "complex key", "key: value"),
    ("a:\n  ? b\n", 2, 3, "complex key", "key: value"),
    ("a: {? b : 2}\n", 1, 5, "complex key", "key: value"),
    ("[a, b]: 1\n", 1, 1, "list", "key"),
    ("{a: b}: 1\n", 1, 1, "mapping", "key"),
    # Documents
    ("", 1, 1, "nothing in this file", "Fill it in"),
    ("# only a comment\n", 1, 1, "nothing in this file", "Fill it in"),
    ("---\n", 1, 1, "nothing in this file", "Fill it in"),
    ("a: 1\n---\nb: 2\n", 2, 1, "second document", "file of its own"),
    ("a: 1\n---\n", 2, 1, "second document", "file of its own"),
    ("- a\n- b\n", 1, 1, "holds a list", "Put a key"),
    ("\njust words\n", 2, 1, "single value 'just words'", "Put a key"),
    ("null\n", 1, 1, "single value 'null'", "Put a key"),
    # Numbers
    ("a: .nan\n", 1, 4, ".nan is not a finite number", "double quotes"),
    ("a: .NaN\n", 1, 4, "not a finite number", "double quotes"),
    ("a: .inf\n", 1, 4, "not a finite number", "double quotes"),
    ("a: -.Inf\n", 1, 4, "not a finite number", "double quotes"),
    ("a: [1, +.INF]\n", 1, 8, "not a finite number", "double quotes"),
    ("a: 1e999\n", 1, 4, "1e999 is beyond", "double quotes"),
    ("a: -1e400\n", 1, 4, "-1e400 is beyond", "double quotes"),
    ("a: 1e-999\n", 1, 4, "too close to zero", "double quotes"),
    ("a: " + "9" * 31 + "\n", 1, 4, "whole number of 31 digits", "double quotes"),
    ("a: 0." + "1" * 99 + "\n", 1, 4, "number of 101 characters", "double quotes"),
    # Tabs and punctuation
    ("a:\n\tb: 1\n", 2, 1, "tab", "two spaces"),
    ("a:\n  \tb: 1\n", 2, 3, "tab", "two spaces"),
    ("a:\n-\tb\n", 2, 2, "tab", "two spaces"),
    ("a:\tb\n", 1, 3, "tab", "two spaces"),
    ("a: b \t# c\n", 1, 6, "tab", "two spaces"),
    ("a: 'x'#b\n", 1, 7, "# follows the text", "Add the space"),
    ("a: [b:c]\n", 1, 6, "colon or a question mark", "double quotes"),
    ("a: {b:1}\n", 1, 6, "colon or a question mark", "double quotes"),
    ("a: ['b':]\n", 1, 9, "brackets", ""),
    ("a: |x\n  b\n", 1, 5, "", ""),
    # Slips
    ("a: b: c\n", 1, 5, "colon or question mark", "double quotes"),
    ("a: ?\n", 1, 4, "question mark", "double quotes"),
    ("a: 'open\nb: 1\n", 1, 4, "not closed", "Add it"),
    ("a: @b\n", 1, 4, "cannot start with '@'", "double quotes"),
    ("a: `b`\n", 1, 4, "cannot start with '`'", "double quotes"),
    ('a: "c:\\dir"\n', 1, 8, "backslash", "Double the backslash"),
]
# The parsers stop at different places of the same slip; that both stop is what counts.
PLACE_DIFFERS = {"a: [b:c]\n", "a: {b:1}\n", "a: ['b':]\n", "a: |x\n  b\n", "a: **bold**\n"} | {
    'a: "c:\\dir"\n',
    ": a\n",
    "a: @b\n",
}


@pytest.mark.usefixtures("_backend")
@pytest.mark.parametrize(
    ("text", "line", "column", "message", "advice"), REFUSED, ids=lambda value: repr(value)[:40]
)
def test_refusals_say_where_what_and_how(
    text: str | bytes, line: int, column: int, message: str, advice: str
) -> None:
    error = refusal(text)
    assert error.line == line
    if text not in PLACE_DIFFERS:
        assert error.column == column
    assert message in error.message
    assert advice in (error.advice or "")
    assert error.expected
    assert str(error).startswith(f"ldn/studies/x.yaml:{line}:{error.column}: ")
    assert "\x1b" not in str(error)


@pytest.mark.usefixtures("_backend")
def test_depth_is_bounded() -> None:
    def nested(depth: int) -> str:
        return "a: " + "[" * (depth - 1) + "]" * (depth - 1)

    read_yaml(nested(MAX_DEPTH), file="x")
    assert "nested deeper than 32" in refusal(nested(MAX_DEPTH + 1)).message
    assert "nested deeper" in refusal("a: " + "[" * 500_000).message
    assert "nested deeper" in refusal("a:\n " + "- " * 500_000).message
    assert "nested deeper" in refusal("".join(" " * i + "a:\n" for i in range(2000))).message


def test_nodes_are_bounded() -> None:
    # The root, its key and the list are three of them.
    read_yaml("a:\n" + "- 1\n" * (MAX_NODES - 3), file="x")
    error = refusal("a:\n" + "- 1\n" * (MAX_NODES - 2))
    assert "more than 200,000 values" in error.message
    assert error.line == MAX_NODES - 1


@pytest.mark.usefixtures("_backend")
def test_scalars_are_bounded() -> None:
    read_yaml("a: '" + "x" * MAX_SCALAR_CHARS + "'", file="x")
    error = refusal("a: '" + "x" * (MAX_SCALAR_CHARS + 1) + "'")
    assert "longer than 256 KiB" in error.message
    assert (error.line, error.column) == (1, 4)


def test_files_are_bounded(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"#" * (MAX_FILE_BYTES + 1))
    with pytest.raises(CaseError, match="larger than 4 MiB"):
        read_yaml_file(path)
    for text in ("#" * (MAX_FILE_BYTES + 1), "é" * (MAX_FILE_BYTES // 2 + 1)):
        assert "larger than 4 MiB" in refusal(text).message


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match="could not be read"):
        read_yaml_file(tmp_path / "absent.yaml")
    with pytest.raises(CaseError, match="could not be read"):
        read_yaml_file(Path("a\x00b"))
    with pytest.raises(CaseError, match="not an ordinary file"):
        read_yaml_file(tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(CaseError, match="not an ordinary file"):
            read_yaml_file(tmp_path / "pipe")


@pytest.mark.parametrize("failure", [RecursionError(), AttributeError("x"), ValueError("chr()")])
def test_a_parser_that_trips_is_not_the_readers_fault(
    failure: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trip(_: str) -> list[object]:
        raise failure

    monkeypatch.setattr(yaml12, "_parse", trip)
    assert "could not be read as YAML" in refusal("a: 1").message


# Pieces that meet in the dark corners of YAML.
_PIECES = [
    *("a", "b: ", "c:", ": ", ":", "- ", "-", "{", "}", "[", "]", ", ", ","),
    *("'", '"', "#", " # c", "? ", "?", "&a", "*a", "!", "%", "@", "`", "---"),
    *(
        "...",
        "~",
        "null",
        "1",
        "-1.30",
        "1e999",
        "\\",
        "\\x41",
        "\n",
        "\n  ",
        "\n    ",
        ">\n",
        "\t",
    ),
    *("é", "😀", " ", "<<: ", "x: y", "\r\n", "\n---\n", "''", '""', "|\n  ", "|-\n", "|2\n", "|"),
]
PIECES = st.sampled_from(_PIECES)
SOUP = st.lists(PIECES, max_size=14).map("".join)


def outcome(text: str | bytes) -> Document | None:
    try:
        return read_yaml(text, file="x")
    except CaseError:
        return None


@pytest.mark.usefixtures("_backend")
@given(st.one_of(st.binary(max_size=60), st.text(max_size=60), SOUP, SOUP.map("a: ".__add__)))
@settings(max_examples=1500, deadline=None)
def test_any_input_is_a_document_or_a_case_error(text: str | bytes) -> None:
    outcome(text)


@needs_libyaml
@given(st.one_of(SOUP, SOUP.map("a: ".__add__), SOUP.map("a:\n  - b: 1\n".__add__)))
@example("a: |\n \n  text\n")
@example("a: |#c\n  b\n")
@example("a: [http://x.org/y]\n")
@example("a: [what?]\n")
@example("a: {?b: 1}\n")
@example("a: x\ty\n")
@settings(max_examples=1500, deadline=None)
def test_both_parsers_read_alike(text: str) -> None:
    chosen = yaml12._parse
    found = []
    try:
        for backend in (yaml12._libyaml_events, yaml12._python_events):
            yaml12._parse = backend
            found.append(outcome(text))
    finally:
        yaml12._parse = chosen
    ours, theirs = found
    assert (ours is None) == (theirs is None)
    if ours is not None and theirs is not None:
        assert repr(ours.data) == repr(theirs.data)
