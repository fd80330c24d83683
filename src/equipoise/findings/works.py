"""Works: every study and source that the findings may refer to, with a short name for prose."""

from __future__ import annotations

import re
from collections import Counter

from equipoise.case import Case
from equipoise.case.facts import Source
from equipoise.case.study import Citation, Study
from equipoise.findings.model import Work


def list_works(case: Case) -> tuple[Work, ...]:
    """Studies first, then other sources, each in the order of the case."""
    shorts = _distinct({s.id: _short(s.citation, s.id) for s in case.studies})
    for s in case.studies:
        if s.acronym:
            shorts[s.id] = f"{shorts[s.id]} ({s.acronym})"
    studies = [_study_work(s, shorts[s.id]) for s in case.studies]
    return (*studies, *(_source_work(s, shorts) for s in case.sources.sources))


def _study_work(study: Study, short: str) -> Work:
    c = study.citation
    return Work(
        id=study.id,
        short=short,
        citation=". ".join(
            part.rstrip(".")
            for part in (c.authors, str(c.year) if c.year else "", c.title, c.journal or "")
            if part
        )
        + ".",
        doi=c.doi,
        pmid=c.pmid,
        registry=c.registry or (c.other_ids[0] if c.other_ids else None),
        url=study.url,
        is_study=True,
        read_level=study.read_level,
        unverified_fields=c.unverified_fields,
        verified=study.verified,
        note=study.note,
    )


def _source_work(source: Source, shorts: dict[str, str]) -> Work:
    return Work(
        id=source.id,
        short=shorts[source.study] if source.study else _first_words(source.cite),
        citation=source.cite,
        doi=source.doi,
        pmid=source.pmid,
        url=source.url,
        registry=source.other,
        is_study=False,
        verified=source.verified,
        note=source.note,
    )


def _short(citation: Citation, study_id: str) -> str:
    """First author and year; a register entry without authors goes by its number."""
    if citation.authors.lower().startswith(("registry record", "unknown")):
        return citation.registry or (citation.other_ids or (study_id,))[0]
    first = citation.authors.split(",")[0].split("(")[0]
    first = re.sub(r"\s+et al\.?.*$", "", first).strip()
    first = re.sub(r"(\s+[A-ZÀ-Þ]{1,4})+$", "", first).strip() or citation.authors
    return f"{first} {citation.year}" if citation.year else first


def _distinct(shorts: dict[str, str]) -> dict[str, str]:
    """`Younger 2009` twice becomes `Younger 2009a` and `Younger 2009b`, in order of ids."""
    counts = Counter(shorts.values())
    seen: Counter[str] = Counter()
    distinct = {}
    for study_id, short in sorted(shorts.items()):
        letter = ""
        if counts[short] > 1:
            letter = chr(ord("a") + seen[short]) if seen[short] < 26 else f"-{seen[short] + 1}"
            seen[short] += 1
        distinct[study_id] = f"{short}{letter}"
    return distinct


_AUTHOR_AND_YEAR = re.compile(
    r"^(?P<author>[^,.(:;0-9]{2,40}?)\s*(?:et al\.?|[,.(:;]|(?=\d)).*?\b(?P<year>(?:19|20)\d{2})\b"
)


def _first_words(cite: str, limit: int = 48) -> str:
    """Enough of a citation to recognise it by: author and year, else its first words."""
    match = _AUTHOR_AND_YEAR.match(cite)
    if match and len(match["author"].split()) <= 3:  # more words are a title, not a name
        author = re.sub(r"(\s+[A-Z]{1,3})+$", "", match["author"]).strip()
        return f"{author} {match['year']}"
    return cite if len(cite) <= limit else cite[: limit - 1].rsplit(" ", 1)[0] + "…"
