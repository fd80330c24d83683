"""What may be pooled, and what must never meet: small written cases, read as a manual."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_cases import appraised, trial

from equipoise.findings import Findings


def pools(findings: Findings) -> dict[str, set[str]]:
    return {s.id: {r.effect.split("/")[1] for r in s.rows} for s in findings.syntheses}


def with_arm(**changes: Any) -> list[dict[str, Any]]:
    drug, placebo = trial("x")["arms"]
    return [drug | changes, placebo]


def test_like_trials_meet(tmp_path: Path) -> None:
    found = appraised(tmp_path, trial("one"), trial("two", "-0.1"))
    assert pools(found) == {"a/pain/md-nrs": {"one", "two"}}


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        (trial("odd", group="b"), None),
        (trial("odd", comparator="active"), None),
        (trial("odd", arms=with_arm(co_interventions=["lamp"])), None),
        (trial("odd", outcome={"unit": "percent"}), None),
        (trial("odd", verified=False), "not verified"),
        (trial("odd", outcome={"verified": False}), "not verified"),
    ],
    ids=["condition", "comparator", "co-intervention", "unit", "study", "outcome"],
)
def test_unlike_trials_never_meet(tmp_path: Path, odd: dict[str, Any], why: str | None) -> None:
    found = appraised(tmp_path, trial("one"), trial("two", "-0.1"), odd)
    for synthesis, members in pools(found).items():
        assert members in ({"one", "two"}, {"odd"}) or synthesis.endswith("/smd")
    effect = next(e for e in found.effects if e.study == "odd")
    if why is not None:
        assert effect.pooled_in == ()
        assert why in (effect.why_not_pooled or "")
    else:
        assert all(p not in pools(found) or "one" not in pools(found)[p] or p.endswith("/smd")
                   for p in effect.pooled_in)  # fmt: skip


def test_unverified_trials_enter_only_when_the_plan_says_so_and_stay_marked(
    tmp_path: Path,
) -> None:
    studies = (trial("one"), trial("odd", verified=False))
    left_out = appraised(tmp_path / "out", *studies)
    assert pools(left_out) == {"a/pain/md-nrs": {"one"}}
    included = appraised(tmp_path / "in", *studies, unverified="include")
    assert pools(included) == {"a/pain/md-nrs": {"one", "odd"}}
    assert not included.number["pooled/a/pain/md-nrs/fixed/estimate"].verified


def test_a_group_without_a_control_is_estimated_but_never_pooled(tmp_path: Path) -> None:
    alone = trial(
        "alone",
        randomised=False,
        comparator="baseline",
        structure="single-arm",
        arms=[{"id": "drug", "name": "marshmint", "role": "intervention", "n": 30}],
        outcome={
            "contrast": None,
            "arms": [
                {"arm": "drug", "time": "baseline", "mean": 6.0, "sd": 2.0},
                {"arm": "drug", "time": "end", "mean": 4.0, "sd": 2.0},
            ],
        },
    )
    found = appraised(tmp_path, trial("one"), alone)
    effect = next(e for e in found.effects if e.study == "alone")
    assert (effect.measure, effect.controlled, effect.pooled_in) == ("SMCR", False, ())
    assert "without a control" in (effect.why_not_pooled or "")
    assert pools(found) == {"a/pain/md-nrs": {"one"}}


def test_other_instruments_of_a_domain_meet_only_when_standardised(tmp_path: Path) -> None:
    other = trial("vasone", "-5", outcome={"instrument": "vas", "unit": "mm"})
    found = appraised(tmp_path, trial("one"), other)
    assert pools(found) == {
        "a/pain/md-nrs": {"one"},
        "a/pain/md-vas": {"vasone"},
        "a/pain/smd": {"one", "vasone"},
    }


def test_higher_is_better_is_turned_before_it_meets_lower_is_better(tmp_path: Path) -> None:
    other = trial("vasone", "5", outcome={"instrument": "vas", "unit": "mm", "better": "higher"})
    found = appraised(tmp_path, trial("one"), other)
    turned = found.number["effects/vasone/pain/smd/estimate"].value
    assert turned is not None
    assert turned < 0


def test_a_study_counts_once_with_its_primary_outcome(tmp_path: Path) -> None:
    second = trial("one")["outcomes"][0] | {"id": "later", "primary": False}
    twice = trial("one")
    twice["outcomes"] = [second, *twice["outcomes"]]
    found = appraised(tmp_path, twice, trial("two"))
    used = {r.effect for s in found.syntheses for r in s.rows}
    assert used == {"effects/one/pain/md", "effects/two/pain/md"}
    left = next(e for e in found.effects if e.outcome == "later")
    assert "counts once" in (left.why_not_pooled or "")


@pytest.mark.parametrize(
    ("k", "primary"), [(1, "fixed"), (2, "bayes"), (3, "bayes"), (4, "reml-knha")]
)
def test_the_primary_model_depends_on_how_many_trials_there_are(
    tmp_path: Path, k: int, primary: str
) -> None:
    found = appraised(tmp_path, *(trial(f"t{i}", f"{-0.2 * i:.1f}") for i in range(k)))
    (synthesis,) = found.syntheses
    assert [m.model for m in synthesis.models if m.primary] == [primary]
    assert {m.model for m in synthesis.models} >= {"bayes", "fixed"}


@settings(max_examples=15)
@given(order=st.permutations(["one", "two", "three", "four"]))
def test_the_names_and_so_the_order_of_trials_change_no_pooled_number(order: list[str]) -> None:
    values = {"one": "-0.5", "two": "-0.1", "three": "0.2", "four": "-0.9"}

    def pooled(names: list[str]) -> list[float | None]:
        with tempfile.TemporaryDirectory() as folder:
            renamed = zip(("one", "two", "three", "four"), names, strict=True)
            found = appraised(Path(folder), *(trial(new, values[old]) for old, new in renamed))
        at = "pooled/a/pain/md-nrs"
        return [found.number[f"{at}/{m}/estimate"].value for m in ("bayes", "reml-knha", "fixed")]

    assert pooled(order) == pytest.approx(pooled(["one", "two", "three", "four"]), rel=1e-9)


def test_impossible_percentages_need_attention_until_a_person_has_looked(tmp_path: Path) -> None:
    binary = {
        "kind": "binary",
        "better": "higher",
        "definition": "half",
        "contrast": None,
        "arms": [
            {"arm": "drug", "percent": 51, "total": 40},
            {"arm": "placebo", "percent": 50, "total": 40},
        ],
    }
    found = appraised(tmp_path / "before", trial("one", outcome=binary))
    (attention,) = found.attention
    assert (attention.check, attention.acknowledged) == ("percentage-fits-no-count", None)
    seen = binary | {"acknowledged": [{"check": "percentage-fits-no-count", "reason": "misprint"}]}
    (attention,) = appraised(tmp_path / "after", trial("one", outcome=seen)).attention
    assert attention.acknowledged == "misprint"
