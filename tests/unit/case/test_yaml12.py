"""What a case file says when it is read: scalars, places, written numbers."""

from __future__ import annotations

import copy
import hashlib
import pickle
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from ruamel.yaml import YAML

from equipoise.case import yaml12
from equipoise.case.yaml12 import Mark, WrittenFloat, WrittenInt, read_yaml, read_yaml_file

BACKENDS = [
    pytest.param(
        yaml12._libyaml_events,
        id="libyaml",
        marks=pytest.mark.skipif(yaml12.CParser is None, reason="ruamel.yaml.clib is not here"),
    ),
    pytest.param(yaml12._python_events, id="python"),
]


@pytest.fixture(params=BACKENDS)
def _backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml12, "_parse", request.param)


SCALARS: list[tuple[str, Any]] = [
    ("", None),
    ("~", None),
    ("null", None),
    ("Null", None),
    ("NULL", None),
    ("nuLL", "nuLL"),
    ("true", True),
    ("True", True),
    ("TRUE", True),
    ("false", False),
    ("tRUE", "tRUE"),
    ("yes", "yes"),
    ("no", "no"),
    ("on", "on"),
    ("off", "off"),
    ("y", "y"),
    ("0", 0),
    ("31", 31),
    ("+5", 5),
    ("-12", -12),
    ("-0", 0),
    ("007", "007"),
    ("-007", "-007"),
    ("00", "00"),
    ("0o14", "0o14"),
    ("0x1F", "0x1F"),
    ("1_000", "1_000"),
    ("1,000", "1,000"),
    ("1:30", "1:30"),
    ("2026-11-23", "2026-11-23"),
    ("-1.30", -1.3),
    ("0.50", 0.5),
    (".5", 0.5),
    ("5.", 5.0),
    ("1e3", 1000.0),
    ("1.5E-3", 0.0015),
    ("+.5e+1", 5.0),
    (".", "."),
    ("+", "+"),
    ("-.", "-."),
    ("1e", "1e"),
    ("1.2.3", "1.2.3"),
    ("10.1002/art.37734", "10.1002/art.37734"),
    ("nan", "nan"),
    ("inf", "inf"),
    ("٣", "٣"),
    ("p < 0.05", "p < 0.05"),
    ("4.5 mg", "4.5 mg"),
    ("−1.30", "−1.30"),
    ('"31"', "31"),
    ("'true'", "true"),
    ('"null"', "null"),
    ('""', ""),
    ("''", ""),
    ("'it''s'", "it's"),
    (r'"a\tb\u00e9"', "a\tbé"),
    ("http://example.org/a", "http://example.org/a"),
    ("a#b", "a#b"),
    ("a # b", "a"),
    ("two\n  lines", "two lines"),
    ("|\n  a\n  b\n", "a\nb\n"),
    ("|-\n  a\n", "a"),
    (">\n  a\n  b\n", "a b\n"),
    ("[1, x, 'y']", [1, "x", "y"]),
    ("{k: v, n: 2}", {"k": "v", "n": 2}),
    ("[]", []),
    ("{}", {}),
]


@pytest.mark.usefixtures("_backend")
@pytest.mark.parametrize(("written", "expected"), SCALARS, ids=repr)
def test_scalars_follow_the_core_schema(written: str, expected: Any) -> None:
    found = read_yaml(f"a: {written}\n", file="x.yaml").data["a"]
    assert found == expected
    kinds = {int: WrittenInt, float: WrittenFloat}
    assert type(found) is kinds.get(type(expected), type(expected))


@pytest.mark.parametrize("written", ["-1.30", "+5", "0.050", "1E3", "12", "5."])
def test_numbers_keep_their_spelling(written: str) -> None:
    number = read_yaml(f"a: {written}", file="x").data["a"]
    assert number.text == written
    copies = [copy.copy(number), copy.deepcopy(number)]
    copies += [pickle.loads(pickle.dumps(number, p)) for p in range(6)]  # noqa: S301
    for twin in copies:
        assert twin == number
        assert type(twin) is type(number)
        assert twin.text == written
    assert hash(number) == hash(float(written))


def test_written_numbers_are_numbers_for_a_model() -> None:
    class Arm(BaseModel):
        n: int
        mean: float
        weeks: float

    data = read_yaml("n: 31\nmean: -1.30\nweeks: 8\n", file="x").data
    assert Arm.model_validate(data).model_dump() == {"n": 31, "mean": -1.3, "weeks": 8.0}


TEXT = """\
# A study
id: younger2013
arms:
  - name: ldn   # 4.5 mg
    n: 31
    mean: {value: -1.30, "sd": 2}
  - placebo
é😀: [a, b]
empty:
"""

PLACES: list[tuple[tuple[str | int, ...], Mark, Mark]] = [
    ((), Mark(2, 1), Mark(2, 1)),
    (("id",), Mark(2, 5), Mark(2, 1)),
    (("arms",), Mark(4, 3), Mark(3, 1)),
    (("arms", 0), Mark(4, 5), Mark(4, 5)),
    (("arms", 0, "name"), Mark(4, 11), Mark(4, 5)),
    (("arms", 0, "n"), Mark(5, 8), Mark(5, 5)),
    (("arms", 0, "mean"), Mark(6, 11), Mark(6, 5)),
    (("arms", 0, "mean", "value"), Mark(6, 19), Mark(6, 12)),
    (("arms", 0, "mean", "sd"), Mark(6, 32), Mark(6, 26)),
    (("arms", 1), Mark(7, 5), Mark(7, 5)),
    (("é😀", 1), Mark(8, 9), Mark(8, 9)),
    # A missing path: the nearest ancestor that is there.
    (("arms", 0, "sd"), Mark(4, 5), Mark(4, 5)),
    (("arms", 0, "mean", "p", "q"), Mark(6, 11), Mark(6, 5)),
    (("arms", 9, "name"), Mark(4, 3), Mark(3, 1)),
    (("arms", -1), Mark(4, 3), Mark(3, 1)),
    (("arms", "name"), Mark(4, 3), Mark(3, 1)),
    (("id", "deeper"), Mark(2, 5), Mark(2, 1)),
    ((0,), Mark(2, 1), Mark(2, 1)),
]


@pytest.mark.usefixtures("_backend")
@pytest.mark.parametrize(("path", "value", "key"), PLACES, ids=repr)
def test_every_value_and_key_has_its_place(
    path: tuple[str | int, ...], value: Mark, key: Mark
) -> None:
    document = read_yaml(TEXT, file="x")
    assert document.mark(path) == value
    assert document.key_mark(path) == key


def test_a_document_is_named_summed_and_picklable(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    content = b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode()
    path.write_bytes(content)
    document = read_yaml_file(path, file="ldn/studies/study.yaml")
    assert document.file == "ldn/studies/study.yaml"
    assert read_yaml_file(path).file == str(path)
    assert document.text_sha256 == hashlib.sha256(content).hexdigest()
    assert document.data == read_yaml(TEXT, file="x").data
    assert document.mark(("arms", 0, "n")) == Mark(5, 8)
    assert pickle.loads(pickle.dumps(document)) == document  # noqa: S301


@pytest.mark.usefixtures("_backend")
@pytest.mark.parametrize(
    "text",
    [
        "%YAML 1.2\n---\na: 1\n",
        "# first\n%YAML 1.2 # the version\n---\na: 1\n",
        "---\na: 1\n...\n",
        "a: 1",
        "\ufeffa: 1\n",
        "a: 1\r\n",
        "{a: 1}",
        '{"a":1}',
        "'a': 1",
    ],
)
def test_harmless_frames_around_the_same_data(text: str) -> None:
    assert read_yaml(text, file="x").data == {"a": 1}


_texts = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufeff"))
# ruamel writes a long key as a complex one.
_keys = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufeff"), max_size=10
)
_numbers = st.one_of(
    st.integers(-(10**20), 10**20), st.floats(allow_nan=False, allow_infinity=False)
)
_trees = st.recursive(
    st.one_of(st.none(), st.booleans(), _numbers, _texts),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_keys, inner, max_size=4)),
    max_leaves=20,
)


@pytest.mark.usefixtures("_backend")
@given(data=st.dictionaries(_keys, _trees, max_size=5))
@settings(max_examples=150, deadline=None)
def test_what_ruamel_writes_reads_back_equal(data: dict[str, Any]) -> None:
    writer = YAML(typ="safe", pure=True)
    # Between brackets ruamel leaves a: and ?a bare, which is refused here on purpose.
    writer.default_flow_style = False
    writer.width = 10**6
    stream = StringIO()
    writer.dump(data, stream)
    assert read_yaml(stream.getvalue(), file="x").data == data
