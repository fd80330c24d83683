"""The published schema of `findings.json`."""

from __future__ import annotations

from functools import cache
from typing import Any

from equipoise.findings.model import Findings


@cache
def findings_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of `findings.json`."""
    schema = Findings.model_json_schema(by_alias=True, mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:equipoise:findings:1",
        "title": "Equipoise findings",
        **{k: v for k, v in schema.items() if k != "title"},
    }
