"""Tiny written cases: a question, a plan, and the studies that a test needs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from equipoise.case import read_case
from equipoise.findings import Findings, appraise

HEADER = {
    "format": "equipoise.case/1",
    "id": "tiny",
    "title": "A tiny invented case",
    "intervention": {"name": "marshmint"},
    "as_of": "2020-01-31",
    "licence": "CC0-1.0",
    "conditions": [
        {"id": "a", "name": "winter tiredness", "focus": True},
        {"id": "b", "name": "lantern headache"},
    ],
    "outcomes": [{"id": "pain", "name": "pain", "critical": True}],
    "instruments": [
        {"id": "nrs", "name": "NRS", "domain": "pain", "sd": 2, "mid": 1, "verified": True},
        {"id": "vas", "name": "VAS", "domain": "pain", "sd": 20, "mid": 10, "verified": True},
    ],
    "questions": [
        {
            "id": "q",
            "population": "a",
            "intervention": "marshmint",
            "comparator": "placebo",
            "outcomes": ["pain"],
        }
    ],
    "searched": [{"where": "nowhere", "date": "2020-01-31", "how": "invented"}],
}
CORRELATION = {"value": 0.5, "reason": "invented"}
PLAN = {
    "crossover_correlation": CORRELATION,
    "prepost_correlation": CORRELATION,
    "priors": {
        "standardised": {"mean_sd": 2.0, "tau_scale": 0.5, "source": "invented"},
        "log_ratio": {"mean_sd": 2.82, "tau_scale": 0.5, "source": "invented"},
    },
}


def trial(study_id: str, estimate: str = "-0.5", **changes: Any) -> dict[str, Any]:
    """A randomised placebo-controlled trial with one mean difference on the NRS."""
    outcome: dict[str, Any] = {
        "id": "pain",
        "name": "pain",
        "domain": "pain",
        "instrument": "nrs",
        "kind": "change",
        "better": "lower",
        "unit": "points",
        "primary": True,
        "contrast": {
            "type": "mean-difference",
            "estimate": estimate,
            "ci": {"low": f"{float(estimate) - 0.6:.2f}", "high": f"{float(estimate) + 0.6:.2f}"},
            "arms": ["drug", "placebo"],
        },
    }
    outcome |= changes.pop("outcome", {})
    record = {
        "id": study_id,
        "kind": "trial",
        "citation": {"authors": f"{study_id.title()} A", "year": 2019, "title": "Invented"},
        "condition": "winter tiredness",
        "group": "a",
        "design": "invented",
        "structure": "parallel",
        "randomised": True,
        "blinding": "double",
        "comparator": "placebo",
        "n_randomised": 80,
        "arms": [
            {"id": "drug", "name": "marshmint", "role": "intervention", "dose_mg": 1, "n": 40},
            {"id": "placebo", "name": "placebo", "role": "comparator", "dose_mg": 0, "n": 40},
        ],
        "outcomes": [outcome],
        "read_level": "abstract",
        "verified": True,
    }
    return record | changes


def appraised(
    folder: Path,
    *studies: dict[str, Any],
    published: dict[str, Any] | None = None,
    **plan: Any,
) -> Findings:
    (folder / "studies").mkdir(parents=True)
    if published is not None:
        (folder / "published.yaml").write_text(json.dumps(published, indent=1))
    for name, record in (
        ("case.yaml", HEADER),
        ("plan.yaml", PLAN | plan),
        *((f"studies/{s['id']}.yaml", s) for s in studies),
    ):
        (folder / name).write_text(json.dumps(record, indent=1))  # JSON is YAML too
    return appraise(read_case(folder))
