"""Findings: all that the engine concluded. Doors: `appraise`, `Findings`, `explain`."""

from equipoise.findings.appraise import appraise
from equipoise.findings.explain import explain
from equipoise.findings.model import Findings, Number
from equipoise.findings.store import read_findings, write_json
from equipoise.findings.schema import findings_schema

__all__ = ["Findings", "Number", "appraise", "explain", "findings_schema", "read_findings", "write_json"]
