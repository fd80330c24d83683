"""Addresses that lead out: only what is what it claims to be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.dossier.links import doi_url, outside_links, pmid_url, registry_url, web_url
from equipoise.findings.model import Work


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)", "data:text/html,x", "//evil.example/x", "https://", "ftp://a/b",
        "https://a\n.example", " https://a.example", "https://u:p@evil.example", "http://[::1",
        "https://a.example\\@b.example", "HTTPS//x", "", None,
    ],
)  # fmt: skip
def test_other_addresses_are_no_links(text: str | None) -> None:
    assert web_url(text) is None


def test_plain_addresses_are_kept() -> None:
    assert web_url("https://a.example/b?c=d&e=%20#f") == "https://a.example/b?c=d&e=%20#f"
    assert web_url('https://a.example/"><script>') == "https://a.example/%22%3E%3Cscript%3E"


def test_identifiers() -> None:
    assert doi_url("10.1002/art.37734") == "https://doi.org/10.1002/art.37734"
    assert doi_url("10.1016/S0140(96)<1>") == "https://doi.org/10.1016/S0140(96)%3C1%3E"
    assert pmid_url("23359310") == "https://pubmed.ncbi.nlm.nih.gov/23359310/"
    assert registry_url("NCT00568555") == "https://clinicaltrials.gov/study/NCT00568555"
    assert doi_url("art.37734") is None
    assert pmid_url("23359310; DROP") is None
    assert registry_url("ACTRN12623001042639") is None


@given(st.text())
def test_whatever_comes_out_is_an_address(text: str) -> None:
    for made in (web_url(text), doi_url(text), pmid_url(text), registry_url(text)):
        assert made is None or (made.startswith(("https://", "http://")) and made.isascii())


def test_a_work_lists_each_address_once() -> None:
    work = Work(
        id="a",
        short="A",
        citation="A.",
        doi="10.1002/art.37734",
        url="https://doi.org/10.1002/art.37734",
        is_study=True,
        verified=True,
    )
    assert outside_links(work) == (("doi:10.1002/art.37734", "https://doi.org/10.1002/art.37734"),)
