"""Certainty, domain by domain: small tables that read as the rules."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.errors import EvidenceError
from equipoise.judgement import Evidence, no_controlled_evidence, rate_certainty

REFS = {name: f"{{n:{name}}}" for name in ("i2", "people", "low", "high", "mid", "needed")}


def evidence(**changes: object) -> Evidence:
    """A large, consistent, precise, low-risk body of trials, changed in one respect."""
    given_ = {
        "k": 3,
        "people": 900.0,
        "low": -0.6,
        "high": -0.4,
        "null": 0.0,
        "mid": 0.3,
        "i2": 10.0,
        "risk_of_bias": ("low", "low", "low"),
        "refs": REFS,
    }
    return Evidence(**(given_ | changes))  # type: ignore[arg-type]


def lowered(e: Evidence) -> dict[str, int]:
    return {r.domain: r.levels for r in rate_certainty(e).ratings if r.levels}


def test_randomised_precise_consistent_low_risk_evidence_is_of_high_certainty() -> None:
    assert rate_certainty(evidence()).level == "high"
    assert lowered(evidence()) == {}


@pytest.mark.parametrize(
    ("risks", "levels"),
    [
        (("low", "low", "low"), 0),
        (("low", "some-concerns", "low"), -1),
        (("low", "not-assessed", "low"), -1),
        (("low", "high", "low"), -1),
        (("high", "high", "high"), -2),
    ],
)
def test_risk_of_bias(risks: tuple[str, ...], levels: int) -> None:
    assert lowered(evidence(risk_of_bias=risks)).get("risk of bias", 0) == levels


def test_an_outcome_that_was_secondary_everywhere_is_lowered_once_more() -> None:
    assert lowered(evidence(secondary_only=True))["risk of bias"] == -1
    worse = evidence(secondary_only=True, risk_of_bias=("high", "low", "low"))
    assert lowered(worse)["risk of bias"] == -2


@pytest.mark.parametrize(
    ("i2", "levels"), [(0, 0), (50, 0), (50.1, -1), (75, -1), (75.1, -2), (None, 0)]
)
def test_inconsistency(i2: float | None, levels: int) -> None:
    assert lowered(evidence(i2=i2)).get("inconsistency", 0) == levels


@pytest.mark.parametrize(
    ("low", "high", "mid", "people", "levels"),
    [
        (-0.6, -0.4, 0.3, 900, 0),  # beyond the difference that matters
        (-0.1, 0.1, 0.3, 900, 0),  # within it on both sides: precise, and nothing there
        (-0.5, 0.1, 0.3, 900, -1),  # no effect and a benefit that matters are both open
        (-0.5, 0.5, 0.3, 900, -2),  # benefit and harm that matter are both open
        (-0.6, -0.4, 0.3, 399, -1),  # fewer people than a precise answer needs
        (-0.5, 0.1, 0.3, 399, -2),
        (-0.5, 0.1, None, 900, -1),  # no established difference that matters
        (-0.5, -0.1, None, 900, 0),
    ],
)
def test_imprecision(
    low: float, high: float, mid: float | None, people: float, levels: int
) -> None:
    e = evidence(low=low, high=high, mid=mid, people=people)
    assert lowered(e).get("imprecision", 0) == levels


def test_certainty_never_falls_below_very_low() -> None:
    worst = evidence(
        low=-1.0, high=1.0, people=20.0, i2=90.0, risk_of_bias=("high", "high", "high")
    )
    assert rate_certainty(worst).level == "very low"


def test_without_a_controlled_comparison_there_is_no_certainty_at_all() -> None:
    assert no_controlled_evidence().level == "none"


def test_every_domain_gives_its_reason() -> None:
    ratings = rate_certainty(evidence()).ratings
    assert {r.domain for r in ratings} == {
        "design",
        "risk of bias",
        "inconsistency",
        "indirectness",
        "imprecision",
        "publication bias",
    }
    assert all(r.reason.endswith(".") for r in ratings)


def test_each_trial_needs_a_judgement() -> None:
    with pytest.raises(EvidenceError, match="each with a judgement"):
        evidence(risk_of_bias=("low",))


@given(
    low=st.floats(-3, 3),
    width=st.floats(0.01, 3),
    widening=st.floats(0, 3),
    people=st.floats(1, 5000),
)
def test_a_wider_interval_or_fewer_people_never_raise_certainty(
    low: float, width: float, widening: float, people: float
) -> None:
    ladder = ["very low", "low", "moderate", "high"]

    def level(e: Evidence) -> int:
        return ladder.index(rate_certainty(e).level)

    # An interval that grows around no effect can only become less certain.
    narrow = evidence(low=-width, high=width, people=people)
    wide = evidence(low=-width - widening, high=width + widening, people=people)
    assert level(wide) <= level(narrow)
    more = evidence(low=low, high=low + width, people=people + 500)
    fewer = evidence(low=low, high=low + width, people=people)
    assert level(fewer) <= level(more)


def test_levels_are_ordered_by_the_sum_of_what_is_lowered() -> None:
    seen = {}
    for i2, people, risk in itertools.product((0, 60, 90), (100, 900), ("low", "high")):
        e = evidence(i2=i2, people=people, risk_of_bias=(risk,) * 3)
        seen[sum(lowered(e).values())] = rate_certainty(e).level
    assert seen[0] == "high"
    assert seen[-1] == "moderate"
    assert seen[-2] == "low"
    assert seen[-3] == "very low"
