"""The bottom line in controlled wording.

The phrases follow the GRADE guidance on informative statements (Santesso et al. 2020,
doi:10.1016/j.jclinepi.2019.10.014): certainty chooses the verb, the interval chooses the claim.
Names and numbers come in as references; nothing is typed here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from equipoise.judgement.certainty import Level

Finding = Literal["benefit", "small benefit", "harm", "little difference", "unclear"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What the primary interval says, in the direction of benefit.

    `low` and `high` are turned so that larger is better and zero is no effect; `mid` is the
    smallest difference that matters, positive, or `None`.
    """

    low: float
    high: float
    mid: float | None


def read_effect(effect: Effect) -> Finding:
    """Say what an interval shows, before certainty is considered."""
    if effect.low > 0:
        return "small benefit" if effect.mid is not None and effect.high < effect.mid else "benefit"
    if effect.high < 0:
        return "harm"
    if effect.mid is not None and -effect.mid < effect.low and effect.high < effect.mid:
        return "little difference"
    return "unclear"


_VERBS: dict[Level, dict[Finding, str]] = {
    "high": {
        "benefit": "improves",
        "small benefit": "improves slightly, by less than matters to most people,",
        "harm": "worsens",
        "little difference": "makes little or no difference to",
        "unclear": "has not been shown to improve",
    },
    "moderate": {
        "benefit": "probably improves",
        "small benefit": "probably improves slightly, by less than matters to most people,",
        "harm": "probably worsens",
        "little difference": "probably makes little or no difference to",
        "unclear": "has not been shown to improve",
    },
    "low": {
        "benefit": "may improve",
        "small benefit": "may improve slightly, by less than matters to most people,",
        "harm": "may worsen",
        "little difference": "may make little or no difference to",
        "unclear": "has not been shown to improve",
    },
}


_HEADLINES: dict[Finding, dict[str, str]] = {
    "benefit": {"high": "It improves", "moderate": "It probably improves", "low": "It may improve"},
    "small benefit": {
        "high": "It improves, by less than matters to most people,",
        "moderate": "It probably improves, by less than matters to most people,",
        "low": "It may improve, by less than matters to most people,",
    },
    "harm": {"high": "It worsens", "moderate": "It probably worsens", "low": "It may worsen"},
    "little difference": {
        "high": "It makes little or no difference to",
        "moderate": "It probably makes little or no difference to",
        "low": "It may make little or no difference to",
    },
    "unclear": dict.fromkeys(("high", "moderate", "low"), "It has not been shown to improve"),
}


def state_headline(*, level: Level, finding: Finding, outcome: str) -> str:
    """The shortest true sentence about one outcome; never surer than the bottom line."""
    if level == "none":
        return f"Whether it improves {outcome} is not known."
    if level == "very low":
        return f"Whether it improves {outcome} is very uncertain."
    return f"{_HEADLINES[finding][level]} {outcome} ({level} certainty)."


def state_bottom_line(
    *, level: Level, finding: Finding, treatment: str, outcome: str, condition: str
) -> str:
    """One sentence; the arguments are references to names (`{name:…}`)."""
    if level == "none":
        return (
            f"Whether {treatment} improves {outcome} in {condition} is not known: no randomised "
            "comparison gives a verified estimate in what was read for this case."
        )
    if level == "very low":
        tail = {
            "unclear": "the trials do not settle whether there is one",
            "little difference": "what there is points to little or no difference",
            "benefit": "what there is points to a benefit",
            "small benefit": "what there is points to a benefit smaller than matters",
            "harm": "what there is points to a worsening",
        }[finding]
        return (
            f"The evidence is very uncertain about the effect of {treatment} on {outcome} in "
            f"{condition}; {tail}."
        )
    verb = _VERBS[level][finding]
    sure = {"high": "High", "moderate": "Moderate", "low": "Low"}[level]
    return f"In {condition}, {treatment} {verb} {outcome}. {sure}-certainty evidence."
