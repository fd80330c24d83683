"""Gaps are computed: each disappears by itself when the study that fills it appears."""

from __future__ import annotations

from dataclasses import replace

from equipoise.judgement import ConditionEvidence, find_gaps

EMPTY = ConditionEvidence(
    condition="x",
    name="{name:condition/x}",
    treatment="{name:intervention}",
    randomised=0,
    registered=0,
    registered_overdue=(),
    uncontrolled=0,
    randomised_dose_comparisons=0,
    longest_controlled_weeks=None,
    largest_randomised=None,
    critical_without_estimate=("{name:outcome/pain}",),
    instruments_per_domain={},
    needed_people=400,
    refs={
        name: f"{{n:{name}}}"
        for name in ("registered", "uncontrolled", "needed", "longest", "largest")
    }
    | {"instruments {name:outcome/pain}": "{n:instruments}"},
)
FILLED = replace(
    EMPTY,
    randomised=2,
    randomised_dose_comparisons=1,
    longest_controlled_weeks=52.0,
    largest_randomised=500.0,
    critical_without_estimate=(),
    instruments_per_domain={"{name:outcome/pain}": 1},
)


def kinds(evidence: ConditionEvidence) -> set[str]:
    return {gap.kind for gap in find_gaps(evidence)}


def test_nothing_done_is_every_basic_gap() -> None:
    assert kinds(EMPTY) == {
        "no-randomised-trial",
        "no-dose-finding",
        "no-long-term",
        "outcome-not-estimated",
    }


def test_everything_done_leaves_no_gap() -> None:
    assert kinds(FILLED) == set()


def test_each_gap_opens_and_closes_on_its_own() -> None:
    for change, kind in (
        ({"randomised_dose_comparisons": 0}, "no-dose-finding"),
        ({"longest_controlled_weeks": 12.0}, "no-long-term"),
        ({"largest_randomised": 99.0}, "small-trials"),
        ({"critical_without_estimate": ("{name:outcome/pain}",)}, "outcome-not-estimated"),
        ({"instruments_per_domain": {"{name:outcome/pain}": 3}}, "no-harmonised-outcome"),
        ({"registered_overdue": ("{cite:t}",)}, "overdue-results"),
    ):
        assert kinds(replace(FILLED, **change)) == {kind}


def test_uncontrolled_studies_alone_are_a_gap_of_their_own() -> None:
    assert "uncontrolled-only" in kinds(replace(EMPTY, uncontrolled=3))
    assert "uncontrolled-only" not in kinds(replace(FILLED, uncontrolled=3))
