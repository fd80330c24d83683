"""How numbers are written: one place, so that a page, a terminal and a file agree to the letter."""

from __future__ import annotations

import math

MINUS = "−"  # U+2212: the typographic minus
NO_BREAK = "\u00a0"

# Units that cling to the number; all others are set off by a space that does not break.
_CLINGING = {"%"}


def with_unit(text: str, unit: str | None) -> str:
    """The number's text and its unit, as a reader expects them."""
    if not unit or unit == "qualitative":
        return text
    return f"{text}{unit}" if unit in _CLINGING else f"{text}{NO_BREAK}{unit}"


def as_printed(text: str) -> str:
    """The printed text with a typographic minus; nothing else is touched."""
    plain = text.strip()
    return MINUS + plain[1:] if plain[:1] == "-" else plain


def decimal(value: float, places: int) -> str:
    """A number rounded half to even to so many places, never written as minus zero."""
    text = f"{value:.{places}f}"
    if float(text) == 0:
        text = text.removeprefix("-")
    return text.replace("-", MINUS)


def significant(value: float, digits: int) -> str:
    """A number with so many significant digits and no exponent."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else str(value)
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return decimal(value, min(places, 8))


def whole(value: float) -> str:
    """A count, with thin grouping for thousands."""
    return f"{round(value):,}".replace("-", MINUS)


def probability(value: float) -> str:
    """A probability in per cent; never 0 or 100, which nobody can know."""
    if value < 0.01:
        return "under 1%"
    if value > 0.99:
        return "over 99%"
    return f"{100 * value:.0f}%"


def p_value(value: float) -> str:
    """A p value the way journals print it."""
    if value < 0.001:
        return "<0.001"
    return decimal(value, 3 if value < 0.1 else 2)
