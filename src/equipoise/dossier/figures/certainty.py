"""Certainty and verdicts as shapes, so that no reader depends on colour."""

from __future__ import annotations

from markupsafe import Markup

from equipoise.dossier.figures.svg import tag
from equipoise.findings.model import CertaintyLevel

_FILLED: dict[CertaintyLevel, int] = {"high": 4, "moderate": 3, "low": 2, "very low": 1, "none": 0}
_VERDICTS = {
    "supported": "Supported",
    "partly": "Partly supported",
    "contradicted": "Contradicted",
    "not-found": "Source not found",
    "could-not-check": "Could not check",
}
# A tick, a half, a cross, an empty diamond and a broken ring: told apart without colour.
_ICONS = {
    "supported": (
        tag("circle", cx=8, cy=8, r=7, class_="fill")
        + tag("path", d="M4.5 8.2l2.4 2.4 4.6-5", class_="cut")
    ),
    "partly": (
        tag("circle", cx=8, cy=8, r=6.4, class_="ring")
        + tag("path", d="M8 1.6a6.4 6.4 0 0 1 0 12.8z", class_="fill")
    ),
    "contradicted": (
        tag("path", d="M2 2h12v12H2z", class_="fill")
        + tag("path", d="M5 5l6 6M11 5l-6 6", class_="cut")
    ),
    "not-found": (
        tag("path", d="M8 1.4 14.6 8 8 14.6 1.4 8z", class_="ring")
        + tag("path", d="M5.5 8h5", class_="ring")
    ),
    "could-not-check": tag("circle", cx=8, cy=8, r=6.4, class_="ring dashed"),
}


def draw_certainty(level: CertaintyLevel) -> Markup:
    """Four rings, one filled for each step of certainty, and the word."""
    filled = _FILLED[level]
    rings = Markup().join(
        tag("circle", cx=8 + 15 * i, cy=8, r=5.4, class_="fill" if i < filled else "ring")
        for i in range(4)
    )
    # The word stands beside the rings, so a screen reader need not hear the rings as well.
    svg = tag("svg", rings, viewBox="0 0 61 16", width=61, height=16, aria_hidden="true")
    css = f"certainty certainty-{level.replace(' ', '-')}"
    words = "no evidence to rate" if level == "none" else f"{level} certainty"
    return Markup('<span class="{}">{}<span>{}</span></span>').format(css, svg, words)


def draw_verdict(verdict: str) -> Markup:
    """Draw a verdict's shape and its words."""
    svg = tag("svg", _ICONS[verdict], viewBox="0 0 16 16", width=16, height=16, aria_hidden="true")
    return Markup('<span class="verdict verdict-{}">{}<span>{}</span></span>').format(
        verdict, svg, _VERDICTS[verdict]
    )
