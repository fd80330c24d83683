"""Judgement: certainty, gaps, and the bottom line, each with its reasons."""

from equipoise.judgement.bottom_line import (
    Effect,
    Finding,
    read_effect,
    state_bottom_line,
    state_headline,
)
from equipoise.judgement.certainty import (
    OPTIMAL_INFORMATION_SIZE,
    Certainty,
    Evidence,
    Rating,
    no_controlled_evidence,
    rate_certainty,
)
from equipoise.judgement.gaps import ConditionEvidence, GapFound, find_gaps

__all__ = [
    "OPTIMAL_INFORMATION_SIZE",
    "Certainty",
    "ConditionEvidence",
    "Effect",
    "Evidence",
    "Finding",
    "GapFound",
    "Rating",
    "find_gaps",
    "no_controlled_evidence",
    "rate_certainty",
    "read_effect",
    "state_bottom_line",
    "state_headline",
]
