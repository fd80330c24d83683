"""Harms that few people had: several models side by side, and what is kept apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tiny_cases import appraised, trial

from equipoise.case import read_case
from equipoise.findings import Findings, appraise
from equipoise.findings.model import HarmSynthesis


def harm(
    drug: tuple[Any, Any], placebo: tuple[Any, Any], harm_id: str = "hiccups", **changes: Any
) -> dict[str, Any]:
    return {
        "id": harm_id,
        "event": "hiccups",
        "arms": [
            {"arm": arm, "events": e} | ({} if n is None else {"total": n})
            for arm, (e, n) in (("drug", drug), ("placebo", placebo))
        ],
    } | changes


def harms(findings: Findings) -> dict[str, HarmSynthesis]:
    assert findings.safety is not None
    return {s.id: s for s in findings.safety.syntheses}


def pooled(folder: Path, *events: dict[str, Any] | None, **changes: Any) -> HarmSynthesis:
    studies = [
        trial(f"t{i}", adverse_events=[e] if e else [], **changes) for i, e in enumerate(events)
    ]
    (found,) = harms(appraised(folder, *studies)).values()
    return found


def test_every_model_stands_beside_the_others(tmp_path: Path) -> None:
    found = pooled(tmp_path, harm((3, 40), (1, 40)), harm((4, 40), (2, 40)))
    assert {(m.model.split(",")[0], m.measure) for m in found.models} >= {
        ("Mantel-Haenszel", "odds ratio"),
        ("Mantel-Haenszel", "risk ratio"),
        ("Mantel-Haenszel", "difference of risks"),
        ("Peto", "odds ratio"),
        ("inverse variance", "odds ratio"),
        ("mixed model", "odds ratio"),
    }
    assert all(m.estimate and m.low and m.high for m in found.models)
    assert all(m.silent == () for m in found.models)


def test_zero_cells_are_shown_and_a_trial_without_events_is_named_where_it_is_silent(
    tmp_path: Path,
) -> None:
    found = pooled(tmp_path, harm((3, 40), (0, 40)), harm((0, 40), (0, 40)), harm((2, 40), (1, 40)))
    assert [t.zero for t in found.tables] == ["one arm", "both arms", "none"]
    silent = {(m.model, m.measure): m.silent for m in found.models}
    assert silent["Mantel-Haenszel", "odds ratio"] == ("t1",)
    assert silent["Mantel-Haenszel", "difference of risks"] == ()
    assert any("{cite:t1}" in note for note in found.notes)


def test_no_event_anywhere_is_no_difference_that_was_shown(tmp_path: Path) -> None:
    found = pooled(tmp_path, harm((0, 40), (0, 40)), harm((0, 30), (0, 30)))
    assert found.models == ()
    assert "not the same as there being no difference" in found.notes[0]
    assert [t.zero for t in found.tables] == ["both arms", "both arms"]


def test_a_crossover_is_kept_apart_with_the_reason(tmp_path: Path) -> None:
    event = harm((3, 40), (0, 40))
    parallel, crossover = (
        trial("ash", adverse_events=[event]),
        trial("birch", adverse_events=[event], structure="crossover", outcomes=[]),
    )
    (found,) = harms(appraised(tmp_path, parallel, crossover)).values()
    assert [t.study for t in found.tables] == ["ash"]
    (apart,) = found.apart
    assert apart.study == "birch"
    assert "not two groups" in apart.reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"verified": False}, "unverified"),
        ({"arms": [{"arm": "drug", "events": 3, "total": 40}]}, "for both arms"),
        (
            {
                "arms": [
                    {"arm": "drug", "percent": "12", "total": 22},
                    {"arm": "placebo", "percent": "5", "total": 20},
                ]
            },
            "fit one count only",
        ),
    ],
)
def test_what_cannot_be_counted_is_kept_apart(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    found = pooled(tmp_path, harm((3, 40), (1, 40), **changes))
    assert found.tables == ()
    assert found.models == ()
    assert reason in found.apart[0].reason


def test_only_like_harms_in_one_condition_meet(tmp_path: Path) -> None:
    event, other = harm((3, 40), (1, 40)), harm((4, 40), (2, 40), "many-hiccups")
    found = harms(
        appraised(
            tmp_path,
            trial("ash", adverse_events=[event]),
            trial("birch", adverse_events=[other]),
            trial("cedar", adverse_events=[event], group="b"),
            trial("elm", adverse_events=[event], comparator="active"),
            trial("fir", adverse_events=[other | {"definition": "hiccups"}]),
        )
    )
    assert {i: [t.study for t in s.tables] for i, s in found.items()} == {
        "harms/pooled/a/hiccups": ["ash", "fir"],
        "harms/pooled/a/many-hiccups": ["birch"],
        "harms/pooled/b/hiccups": ["cedar"],
        "harms/pooled/a/hiccups/vs-active": ["elm"],
    }


def test_a_missing_denominator_is_the_arm_and_an_assumption(tmp_path: Path) -> None:
    findings = appraised(tmp_path, trial("ash", adverse_events=[harm((3, None), (1, None))]))
    (found,) = harms(findings).values()
    assert found.tables[0].treated == (
        "studies/ash/adverse_events/hiccups/arms/drug/events",
        "studies/ash/arms/drug/n",
    )
    number = findings.number[found.models[0].estimate or ""]
    assert number.assumptions == ("harm-counted-in-all",)


def test_fibromyalgia_any_adverse_event_is_pooled_over_both_parallel_trials() -> None:
    findings = appraise(read_case("ldn"))
    found = harms(findings)
    any_event = found["harms/pooled/fibromyalgia/any-adverse-event"]
    assert [t.study for t in any_event.tables] == ["duebruun2024_fm_final", "innova2026_fm"]
    ratio = next(m for m in any_event.models if m.measure == "risk ratio")
    assert findings.number[ratio.estimate or ""].value == pytest.approx(0.965, abs=0.005)
    serious = found["harms/pooled/fibromyalgia/serious-adverse-event"]
    assert [t.zero for t in serious.tables] == ["one arm"]
    assert [a.study for a in serious.apart] == ["younger2013_fm"]  # the crossover
    for harm_id in ("vivid-dreams", "headache"):
        apart = found[f"harms/pooled/fibromyalgia/{harm_id}"]
        assert not apart.tables
        assert [a.study for a in apart.apart] == ["younger2013_fm"]
    assert found["harms/pooled/fibromyalgia/death"].models == ()
