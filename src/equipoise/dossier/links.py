"""Links out of the dossier: only to the open web, only where the text is what it claims to be."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from equipoise.findings.model import Work

_DOI = re.compile(r"10\.[0-9]{4,9}/[^\s\x00-\x1f\x7f]+")
_PMID = re.compile(r"[0-9]{1,9}")
_NCT = re.compile(r"NCT[0-9]{8}")
_UNSAFE = re.compile(r"[\s\x00-\x1f\x7f\\]")


def web_url(text: str | None) -> str | None:
    """Give the address if it is plain http or https, with a host and no credentials."""
    if not text or _UNSAFE.search(text):
        return None
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not host or "@" in parts.netloc:
        return None
    return quote(text, safe="%/:?#[]@!$&'()*+,;=~._-")


def doi_url(doi: str | None) -> str | None:
    """Where a DOI leads; none for text that is no DOI."""
    if not doi or not _DOI.fullmatch(doi):
        return None
    return "https://doi.org/" + quote(doi, safe="/:;()._-")


def pmid_url(pmid: str | None) -> str | None:
    """Where a PubMed number leads."""
    if not pmid or not _PMID.fullmatch(pmid):
        return None
    return f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/"


def registry_url(number: str | None) -> str | None:
    """Where a ClinicalTrials.gov number leads; other registers have no stable address."""
    if not number or not _NCT.fullmatch(number):
        return None
    return f"https://clinicaltrials.gov/study/{number}"


def outside_links(work: Work) -> tuple[tuple[str, str], ...]:
    """Pairs of words and address for a work, the most lasting first, none twice."""
    pairs = (
        (f"doi:{work.doi}", doi_url(work.doi)),
        (f"PubMed {work.pmid}", pmid_url(work.pmid)),
        (str(work.registry), registry_url(work.registry)),
        ("source", web_url(work.url)),
    )
    seen: dict[str, str] = {}
    for words, url in pairs:
        if url is not None:
            seen.setdefault(url, words)
    return tuple((words, url) for url, words in seen.items())
