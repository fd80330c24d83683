"""The published JSON Schema of the case format, one schema for each kind of file."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from equipoise.case.facts import (
    Access,
    BiasPriors,
    ClaimGroup,
    Compound,
    ExperienceSample,
    Safety,
    SourceList,
)
from equipoise.case.header import CaseHeader, Plan
from equipoise.case.printed import Reported
from equipoise.case.published import PublishedSyntheses
from equipoise.case.study import Study

FILES: dict[str, type[BaseModel]] = {
    "case": CaseHeader,
    "plan": Plan,
    "study": Study,
    "claims": ClaimGroup,
    "experience": ExperienceSample,
    "priors": BiasPriors,
    "sources": SourceList,
    "pharmacology": Compound,
    "safety": Safety,
    "access": Access,
    "published": PublishedSyntheses,
}


def case_schemas() -> dict[str, dict[str, Any]]:
    """JSON Schema (draft 2020-12) by kind of file. A printed number may be given as a scalar."""
    return {name: _schema(name, model) for name, model in FILES.items()}


def _schema(name: str, model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema(by_alias=True)
    for definition, body in schema.get("$defs", {}).items():
        if _is_printed(definition):
            long_form = {k: v for k, v in body.items() if k not in {"title", "description"}}
            schema["$defs"][definition] = {
                "title": body.get("title", definition),
                "description": body.get("description", ""),
                "anyOf": [{"type": ["string", "number"]}, long_form],
            }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:equipoise:case:1:{name}",
        **schema,
    }


def _is_printed(definition: str) -> bool:
    names = {Reported.__name__, *(c.__name__ for c in Reported.__subclasses__())}
    return definition in names
