"""File names and anchors that no id can break."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from equipoise.dossier import TraceIndex
from equipoise.dossier.trace import PAGE_LIMIT, anchor, page_path, slug

ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_./:-]{0,40}", fullmatch=True)


@given(st.one_of(ids, st.text(min_size=1, max_size=200)))
def test_slugs_stay_in_their_folder(key: str) -> None:
    assert re.fullmatch(r"[a-z0-9_~-]{1,96}", slug(key))


@given(st.lists(ids, min_size=2, max_size=20, unique=True))
def test_slugs_never_collide_in_any_letter_case(keys: list[str]) -> None:
    assert len({slug(k).casefold() for k in keys}) == len(keys)


def test_awkward_names() -> None:
    assert slug("studies/younger2013_fm") == "studies--younger2013_fm"
    assert len({slug(k) for k in ("a/b", "a--b", "A/b", "a/B", "a.b", "a:b", "a-b")}) == 7
    for reserved in ("con", "NUL", "com1", "index"):
        assert "~" in slug(reserved)


@given(st.text(min_size=1, max_size=60))
def test_anchors_hold_no_space_and_need_no_quoting(text: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_./:~-]+", anchor(text))


def test_anchors_keep_the_ids_of_numbers() -> None:
    assert anchor("studies/a.b:c-d/e_f") == "studies/a.b:c-d/e_f"


def test_numbers_are_grouped_by_their_first_two_segments() -> None:
    index = TraceIndex(("studies/a/x", "studies/b/x", "studies/a/y", "lonely"))
    assert dict(index.pages) == {
        "studies/a": ("studies/a/x", "studies/a/y"),
        "studies/b": ("studies/b/x",),
        "lonely": ("lonely",),
    }
    assert index.url("studies/a/y") == "trace/studies--a.html#studies/a/y"


def test_a_long_group_goes_one_segment_deeper() -> None:
    here = ("p/curves",)
    deep = tuple(f"p/curves/{m}/{i}" for m in "ab" for i in range(PAGE_LIMIT // 2 + 1))
    flat = tuple(f"q/r/{i}" for i in range(PAGE_LIMIT + 1))
    index = TraceIndex(here + deep + flat)
    assert set(index.pages) >= {"p/curves", "p/curves/a", "p/curves/b", "q/r/0"}
    assert index.pages["p/curves"] == here
    assert all(len(ids) <= PAGE_LIMIT for ids in index.pages.values())


@given(st.lists(ids, max_size=30, unique=True))
def test_every_number_has_one_page(keys: list[str]) -> None:
    index = TraceIndex(tuple(keys))
    assert sorted(i for page in index.pages.values() for i in page) == sorted(keys)
    assert len({page_path(k) for k in index.pages}) == len(index.pages)
    assert len({index.url(k) for k in keys}) == len(keys)
