"""The bottom line: certainty chooses the verb, the interval chooses the claim."""

from __future__ import annotations

import pytest

from equipoise.case.prose import naked_digits
from equipoise.judgement import Effect, read_effect, state_bottom_line, state_headline

LEVELS = ("high", "moderate", "low", "very low", "none")
FINDINGS = ("benefit", "small benefit", "harm", "little difference", "unclear")


@pytest.mark.parametrize(
    ("low", "high", "mid", "finding"),
    [
        (0.2, 0.8, 0.5, "benefit"),  # may exceed what matters
        (0.1, 0.4, 0.5, "small benefit"),  # surely there, surely smaller than matters
        (0.1, 0.4, None, "benefit"),
        (-0.8, -0.1, 0.5, "harm"),
        (-0.2, 0.2, 0.5, "little difference"),
        (-0.2, 0.2, None, "unclear"),  # nobody has said what would matter
        (-0.2, 0.6, 0.5, "unclear"),
        (-0.6, 0.2, 0.5, "unclear"),
    ],
)
def test_what_an_interval_shows(low: float, high: float, mid: float | None, finding: str) -> None:
    assert read_effect(Effect(low=low, high=high, mid=mid)) == finding


def line(level: str, finding: str) -> str:
    return state_bottom_line(
        level=level,  # type: ignore[arg-type]
        finding=finding,  # type: ignore[arg-type]
        treatment="{name:intervention}",
        outcome="{name:outcome/pain}",
        condition="{name:condition/x}",
    )


@pytest.mark.parametrize(
    ("level", "finding", "words"),
    [
        ("high", "benefit", "improves"),
        ("moderate", "benefit", "probably improves"),
        ("low", "benefit", "may improve"),
        ("low", "little difference", "may make little or no difference to"),
        ("moderate", "harm", "probably worsens"),
        ("high", "unclear", "has not been shown to improve"),
        ("very low", "benefit", "very uncertain"),
        ("none", "unclear", "is not known"),
    ],
)
def test_certainty_chooses_the_verb(level: str, finding: str, words: str) -> None:
    assert words in line(level, finding)


@pytest.mark.parametrize("finding", FINDINGS)
def test_only_high_certainty_speaks_without_a_qualifier(finding: str) -> None:
    for level in ("moderate", "low", "very low", "none"):
        sentence = line(level, finding)
        assert " improves {name" not in sentence or "probably" in sentence or level == "none"
        assert " worsens {name" not in sentence or "probably" in sentence


@pytest.mark.parametrize("finding", FINDINGS)
def test_a_headline_is_never_surer_than_its_bottom_line(finding: str) -> None:
    for level, qualifier in (
        ("none", "is not known"),
        ("very low", "is very uncertain"),
        ("low", "may "),
        ("moderate", "probably "),
    ):
        headline = state_headline(
            level=level,  # type: ignore[arg-type]
            finding=finding,  # type: ignore[arg-type]
            outcome="{name:outcome/pain}",
        )
        assert qualifier in headline or "has not been shown" in headline


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("finding", FINDINGS)
def test_no_sentence_types_a_number_and_each_names_what_it_is_about(
    level: str, finding: str
) -> None:
    sentence = line(level, finding)
    assert naked_digits(sentence) == ()
    for name in ("{name:intervention}", "{name:outcome/pain}", "{name:condition/x}"):
        assert name in sentence
