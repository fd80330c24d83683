"""Findings → every file of the dossier, as bytes; the same findings give the same bytes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib.resources import files as package_files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from equipoise.dossier import figures
from equipoise.dossier.links import doi_url
from equipoise.dossier.publishing import replace_folder
from equipoise.dossier.shown import Facts, Shown, condition_path, study_path
from equipoise.dossier.trace import anchor, page_path
from equipoise.findings.model import ConditionFinding, Findings
from equipoise.findings.schema import findings_schema
from equipoise.findings.store import to_json

# No script, no frame, no form, nothing from elsewhere: imported text cannot reach out of a page.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self' data:",
        "form-action 'none'",
        "base-uri 'none'",
    )
)
NAVIGATION = (
    ("index.html", "Overview"),
    ("claims.html", "Claims"),
    ("trials.html", "Trials"),
    ("drug.html", "Drug"),
    ("reports.html", "Reports"),
    ("safety.html", "Safety"),
    ("access.html", "Access"),
    ("gaps.html", "Gaps"),
    ("methods.html", "Methods"),
    ("references.html", "References"),
)
_STATIC = ("style.css", "favicon.svg")


@dataclass(frozen=True)
class Page:
    """A page to be: where it stands, what it is made from, and what only it is told."""

    path: str
    template: str
    context: dict[str, Any] = field(default_factory=dict)


def publish(findings: Findings, out: Path) -> Path:
    """Write the dossier to a folder in one step and return the folder.

    Raises `PublishError` where the folder holds anything else than an earlier dossier.
    """
    return replace_folder(render_site(findings), out)


def render_site(findings: Findings) -> dict[str, bytes]:
    """Every file of the dossier by its path."""
    facts = Facts(findings)
    templates = _environment()
    site = {page.path: _render(templates, facts, page) for page in _pages(facts)}
    for name in _STATIC:
        site[name] = package_files("equipoise.dossier").joinpath("static", name).read_bytes()
    site["findings.json"] = to_json(findings)
    schema = json.dumps(findings_schema(), ensure_ascii=False, indent=1)
    site["findings.schema.json"] = schema.encode() + b"\n"
    return dict(sorted(site.items()))


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("equipoise.dossier"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals.update(
        csp=CONTENT_SECURITY_POLICY,
        navigation=NAVIGATION,
        draw_certainty=figures.draw_certainty,
        draw_forest=figures.draw_forest,
        draw_path=figures.draw_path,
        draw_potency=figures.draw_potency,
        draw_rates=figures.draw_rates,
        draw_verdict=figures.draw_verdict,
        occupancy_panels=figures.occupancy_panels,
        condition_path=condition_path,
        study_path=study_path,
        page_path=page_path,
        doi_url=doi_url,
        in_groups=_in_groups,
    )
    environment.filters["anchor"] = anchor
    return environment


def _render(templates: Environment, facts: Facts, page: Page) -> bytes:
    root = "../" * page.path.count("/")
    text = templates.get_template(page.template).render(
        f=facts.findings,
        facts=facts,
        show=Shown(facts, root),
        root=root,
        here=page.path,
        **page.context,
    )
    # A lone surrogate cannot stand in a file; it can only come from text that was broken before.
    return text.encode("utf-8", errors="replace")


def _pages(facts: Facts) -> Iterator[Page]:
    for path, _ in NAVIGATION:
        yield Page(path, f"{path}.j2")
    for condition in facts.conditions.values():
        yield Page(
            condition_path(condition.id),
            "condition.html.j2",
            {"condition": condition, "drawn_by": _drawn_by(facts, condition)},
        )
    for study in facts.findings.studies:
        yield Page(study_path(study.id), "study.html.j2", {"study": study})
    yield Page("trace/index.html", "trace_index.html.j2", {"pages": facts.trace.pages})
    for key, ids in facts.trace.pages.items():
        numbers = [facts.findings.number[i] for i in ids]
        yield Page(page_path(key), "trace.html.j2", {"key": key, "numbers": numbers})


def _drawn_by(facts: Facts, condition: ConditionFinding) -> dict[str, str]:
    """Judgement → the synthesis that it draws; one that several rest on is drawn by the first."""
    drawn: dict[str, str] = {}
    for judgement in condition.judgements:
        synthesis = judgement.synthesis
        if synthesis in facts.syntheses and synthesis not in drawn.values():
            drawn[judgement.id] = synthesis
    return drawn


@dataclass(frozen=True)
class _Group:
    key: str
    items: tuple[Any, ...]


def _in_groups(items: Iterable[Any], attribute: str) -> tuple[_Group, ...]:
    """Items that share an attribute, in the order of the case."""
    groups: dict[str, list[Any]] = {}
    for item in items:
        groups.setdefault(getattr(item, attribute), []).append(item)
    return tuple(_Group(key, tuple(members)) for key, members in groups.items())
