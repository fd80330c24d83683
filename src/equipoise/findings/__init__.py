"""Findings: all that the engine concluded. Doors: `appraise`, `Findings`, `explain`."""

from equipoise.findings.appraise import appraise
from equipoise.findings.explain import explain
from equipoise.findings.model import Findings, Number
from equipoise.findings.schema import findings_schema
from equipoise.findings.store import read_findings, write_json

__all__ = [
    "Findings",
    "Number",
    "appraise",
    "explain",
    "findings_schema",
    "read_findings",
    "write_json",
]
