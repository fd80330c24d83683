"""Contrast, in both schemes and on paper, worked out from the stylesheet's own colours."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

CSS = files("equipoise.dossier").joinpath("static", "style.css").read_text("utf-8")
_TEXT = 4.5
_SHAPE = 3.0
_COLOURED = ("ink", "soft", "accent", "warn", "ochre", "good", "violet")
PAIRS = [
    *((front, back, _TEXT) for front in _COLOURED for back in ("paper", "sheet", "tint")),
    *((front, "warn-tint", _TEXT) for front in ("ink", "soft", "accent", "warn")),
    ("edge", "paper", _SHAPE),
    ("edge", "sheet", _SHAPE),
]


def _colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+):\s*(#[0-9a-f]{6})", block))


def _block(start: str) -> str:
    return CSS[CSS.index(start) :].split("}", 1)[0]


LIGHT = _colours(_block(":root {"))
DARK = LIGHT | _colours(_block("@media (prefers-color-scheme: dark)"))
PRINT = LIGHT | _colours(_block("@media print"))


def _luminance(colour: str) -> float:
    shares = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_measure_itself() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", [LIGHT, DARK, PRINT], ids=["light", "dark", "print"])
@pytest.mark.parametrize(("front", "back", "least"), PAIRS)
def test_contrast(scheme: dict[str, str], front: str, back: str, least: float) -> None:
    assert contrast(scheme[front], scheme[back]) >= least


def test_every_scheme_has_every_colour() -> None:
    names = set(LIGHT)
    assert set(_colours(_block("@media (prefers-color-scheme: dark)"))) == names
    assert set(_colours(_block("@media print"))) == names


def test_colours_are_named_once() -> None:
    rules = CSS[CSS.index("*, *::before") : CSS.index("@media print")]
    assert not re.findall(r"#[0-9a-f]{3,8}\b", rules)


def test_nothing_is_loaded() -> None:
    assert "url(" not in CSS
    assert "@import" not in CSS
    assert "http" not in CSS
