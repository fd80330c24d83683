"""The few shapes, scales and words that all figures are made of."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from equipoise.dossier.shown import UNVERIFIED_SIGN, UNVERIFIED_WORDS, Shown
from equipoise.findings.model import Number

# A sans-serif letter is about half as wide as it is tall. An estimate of its width only has to be
# safe, since the words themselves are never cut: columns grow with their longest entry.
LETTER = 6.7
BOLD_LETTER = 7.5
NAME_LETTERS = 36
_NARROW = 328
_NARROW_LETTERS = 46
_GAP = 18


def px(value: float) -> str:
    """Write a coordinate, short and the same on every machine."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def tag(name: str, *children: Markup | str, **attributes: str | float | None) -> Markup:
    """Write an element; attribute names end in `_` where Python keeps the word for itself."""
    shown = Markup().join(
        Markup(' {}="{}"').format(
            key.rstrip("_").replace("_", "-"), px(v) if isinstance(v, (int, float)) else v
        )
        for key, v in attributes.items()
        if v is not None
    )
    inside = Markup().join(escape(c) for c in children)
    return Markup("<{0}{1}>{2}</{0}>").format(name, shown, inside)


def figure(
    *children: Markup, width: float, height: float, title: str, description: str, css: str
) -> Markup:
    """Draw a whole drawing with its title and description."""
    key = hashlib.sha256("\0".join((css, title, description, *children)).encode()).hexdigest()[:10]
    return tag(
        "svg",
        tag("title", title, id=f"t{key}"),
        tag("desc", description, id=f"d{key}"),
        *children,
        xmlns="http://www.w3.org/2000/svg",
        class_=f"figure {css}",
        viewBox=f"0 0 {px(width)} {px(height)}",
        width=width,
        height=height,
        role="img",
        aria_labelledby=f"t{key} d{key}",
    )


def words(
    x: float, y: float, *children: Markup | str, css: str = "", anchor: str | None = None
) -> Markup:
    """Set a line of text."""
    return tag("text", *children, x=x, y=y, class_=css or None, text_anchor=anchor)


def line(x1: float, y1: float, x2: float, y2: float, css: str) -> Markup:
    """Draw a straight line."""
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=css)


def wrapped(text: str, letters: int, most: int = 2) -> tuple[str, ...]:
    """Text in at most so many lines; what does not fit ends in an ellipsis."""
    lines: list[str] = []
    rest = " ".join(text.split())
    while rest and len(lines) < most:
        if len(rest) <= letters:
            lines.append(rest)
            rest = ""
            break
        cut = rest.rfind(" ", 1, letters + 1)
        cut = cut if cut > letters // 3 else letters
        lines.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    if rest:
        lines[-1] = lines[-1][: letters - 1].rstrip() + "…"
    return tuple(lines)


def number_link(shown: Shown, number_id: str) -> Markup:
    """Draw a number inside a drawing.

    The keyboard reaches it through the table beside the drawing, so it is no stop here.
    """
    number = shown.find(number_id)
    if number is None:
        return escape(number_id)
    mark = "" if number.verified else UNVERIFIED_SIGN
    return tag(
        "a",
        tag("title", spoken(number)),
        tag("tspan", number.display + mark),
        href=shown.number_href(number_id),
        tabindex="-1",
        class_="n" if number.verified else "n n-unverified",
    )


def spoken(number: Number) -> str:
    """Write a number in a description, for those who hear it."""
    return f"{number.label}: {number.display}" + (
        "" if number.verified else f" ({UNVERIFIED_WORDS})"
    )


def width_of(shown: Shown, number_id: str) -> float:
    """About how wide a number will be."""
    number = shown.find(number_id)
    text = number.display if number else number_id
    return LETTER * (len(text) + (1 if number and not number.verified else 0))


@dataclass(frozen=True)
class Layout:
    """Where a row's name, its shapes and its numbers stand.

    On a wide page they stand side by side; on a phone the name and the numbers stand above the
    shapes, so that all of a row is seen at once.
    """

    narrow: bool
    names: float
    numbers: float
    wide_plot: float
    wide_row: float

    @property
    def left(self) -> float:
        """Where the plot begins."""
        return 12 if self.narrow else self.names + _GAP

    @property
    def right(self) -> float:
        """Where the plot ends."""
        return _NARROW - 18 if self.narrow else self.left + self.wide_plot

    @property
    def width(self) -> float:
        """How wide the whole drawing is."""
        return _NARROW if self.narrow else self.right + _GAP + self.numbers

    @property
    def row(self) -> float:
        """How tall a row is."""
        return 60 if self.narrow else self.wide_row

    def shapes(self, top: float) -> float:
        """Find the height of a row's shapes, given the row's top."""
        return top + (46 if self.narrow else self.wide_row / 2)

    def name(self, text: str, y: float, *, unverified: bool, css: str, below: str = "") -> Markup:
        """Set a row's name beside or above its shapes at `y`, with a quiet word under it."""
        mark = UNVERIFIED_SIGN if unverified else ""
        if self.narrow:
            first = wrapped(text, _NARROW_LETTERS, most=1)
            lines = [((first or ("",))[0] + mark, css)]
            top = y - 32
        else:
            lines = [(t, css) for t in wrapped(text, NAME_LETTERS)] or [("", css)]
            lines[-1] = (lines[-1][0] + mark, css)
            if below:
                lines.append((wrapped(below, NAME_LETTERS, most=1)[0], "tick"))
            top = y + 4 - (len(lines) - 1) * 7
        set_lines = (words(0, top + 14 * i, t, css=c) for i, (t, c) in enumerate(lines))
        return tag("g", tag("title", text), *set_lines)

    def inside(self, x: float, text: str) -> float:
        """Find the middle for a text at `x` that keeps all of it on the drawing."""
        half = LETTER * len(text) / 2
        return min(max(x, half), self.width - half)

    def figures(self, y: float, *parts: Markup | str) -> Markup:
        """Set a row's numbers beside or above its shapes."""
        if self.narrow:
            return words(0, y - 16, *parts, css="numbers")
        return words(self.right + _GAP, y + 4, *parts, css="numbers")


def names_width(names: Sequence[str]) -> float:
    """Find the width that the longest name needs, set in at most two lines."""
    longest = max((len(t) for name in names for t in wrapped(name, NAME_LETTERS)), default=0)
    return LETTER * max(longest + 2, 16)


@dataclass(frozen=True)
class Scale:
    """From values to pixels; `place` clips to the ends and `beyond` says which end was passed."""

    low: float
    high: float
    left: float
    right: float
    log: bool = False

    def _position(self, value: float) -> float:
        if self.log:
            if value <= 0:
                return -math.inf
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.left + share * (self.right - self.left)

    def place(self, value: float) -> float:
        """Find the pixel of a value, kept inside the plot."""
        return min(max(self._position(value), self.left), self.right)

    def beyond(self, value: float) -> int:
        """-1 or 1 where a value lies outside the plot, 0 inside."""
        position = self._position(value)
        slack = 0.5
        return -1 if position < self.left - slack else 1 if position > self.right + slack else 0

    def ticks(self) -> tuple[float, ...]:
        """Round values along the axis."""
        return _log_ticks(self.low, self.high) if self.log else _ticks(self.low, self.high)


def _ticks(low: float, high: float, about: int = 5) -> tuple[float, ...]:
    raw = (high - low) / about
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return tuple(round(i * step, 12) for i in range(first, last + 1))


def _log_ticks(low: float, high: float) -> tuple[float, ...]:
    decades = math.log10(high / low)
    marks: Sequence[float] = (1, 2, 5) if decades < 3 else (1,)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [
        m * 10.0**p for p in powers for m in marks if low * 0.999 <= m * 10.0**p <= high * 1.001
    ]
    every = max(1, math.ceil(len(ticks) / 7))
    return tuple(ticks[::every])


def tick_text(value: float) -> str:
    """Write a tick's own text; ticks belong to the axis, not to the evidence."""
    if abs(value) >= 1:
        text = f"{value:,.10g}" if abs(value) < 1e6 else f"{value:.0e}"
    else:
        text = f"{value:.6g}"
    return text.replace("-", "−")


def axis(
    scale: Scale,
    y: float,
    *,
    text: Callable[[float], str] = tick_text,
    grid_top: float | None = None,
) -> Markup:
    """Draw a horizontal axis with its ticks, and faint lines upwards where `grid_top` is given."""
    parts = [line(scale.left, y, scale.right, y, "axis")]
    for value in scale.ticks():
        x = scale.place(value)
        if grid_top is not None:
            parts.append(line(x, grid_top, x, y, "grid"))
        parts.append(line(x, y, x, y + 4, "axis"))
        parts.append(words(x, y + 17, text(value), css="tick", anchor="middle"))
    return Markup().join(parts)


def interval_bar(scale: Scale, low: float, high: float, y: float, css: str) -> Markup:
    """Draw an interval; an arrowhead where it runs out of the plot."""
    x1, x2 = scale.place(low), scale.place(high)
    parts = [line(x1, y, x2, y, css)]
    for end, value, x in ((-1, low, x1), (1, high, x2)):
        if scale.beyond(value) == end:
            tip = f"M{px(x - end * 6)} {px(y - 4)}L{px(x)} {px(y)}L{px(x - end * 6)} {px(y + 4)}"
            parts.append(tag("path", d=tip, class_=f"{css} arrow"))
    return Markup().join(parts)
