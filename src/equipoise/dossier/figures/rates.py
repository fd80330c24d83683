"""Rates that count the same thing: reports as filled bars, benchmarks as outlined ones."""

from __future__ import annotations

from markupsafe import Markup

from equipoise.dossier.figures import svg
from equipoise.dossier.shown import UNVERIFIED_SIGN, UNVERIFIED_WORDS, Shown
from equipoise.findings.model import RateRow, RateTable

_LETTERS = 38
_PLOT = 300
_GAP = 18
_ROW = 40
_TOP = 12
_WHOLE = 100.0


def draw_rates(shown: Shown, table: RateTable) -> Markup | None:
    """Bars on a scale of per cent, or nothing where no rate has a value."""
    rows = [r for r in table.rows if _value(shown, r.percent) is not None]
    if not rows:
        return None
    left = svg.LETTER * (_LETTERS + 1) + _GAP
    scale = svg.Scale(0, _WHOLE, left, left + _PLOT)
    bottom = _TOP + _ROW * len(rows)
    parts = [svg.axis(scale, bottom, text=lambda v: f"{svg.tick_text(v)}%", grid_top=_TOP)]
    for i, row in enumerate(rows):
        parts.append(_row(shown, row, scale, _TOP + _ROW * (i + 0.5)))
    return svg.figure(
        *parts,
        width=scale.right + _GAP + max(_numbers_width(shown, r) for r in rows),
        height=bottom + 26,
        title=table.title,
        description=_description(shown, rows),
        css="rates",
    )


def _value(shown: Shown, number_id: str | None) -> float | None:
    number = shown.find(number_id)
    return number.value if number else None


def _numbers_width(shown: Shown, row: RateRow) -> float:
    total = svg.width_of(shown, row.total) + 4 * svg.LETTER if row.total else 0
    return svg.width_of(shown, row.percent) + total + svg.LETTER


def _row(shown: Shown, row: RateRow, scale: svg.Scale, y: float) -> Markup:
    value = _value(shown, row.percent) or 0.0
    lines = list(svg.wrapped(row.label, _LETTERS))
    if not row.verified:
        lines[-1] += UNVERIFIED_SIGN
    below = svg.wrapped(f"{_role(row)} · {shown.short(row.work)}", _LETTERS, most=1)
    top = y + 4 - len(lines) * 7
    css = f"bar {row.role}" + ("" if row.verified else " hollow")
    parts = [
        svg.tag("title", row.label),
        *(svg.words(0, top + 14 * i, t, css="label") for i, t in enumerate(lines)),
        *(svg.words(0, top + 14 * len(lines), t, css="tick") for t in below),
        svg.tag(
            "rect",
            x=scale.left,
            y=y - 8,
            width=scale.place(value) - scale.left,
            height=16,
            class_=css,
        ),
    ]
    low, high = _value(shown, row.low), _value(shown, row.high)
    if low is not None and high is not None:
        # A pale edge keeps the line visible where it crosses a filled bar.
        parts.append(svg.line(scale.place(low), y, scale.place(high), y, "whisker-halo"))
        parts.append(svg.interval_bar(scale, low, high, y, "whisker"))
    numbers: list[Markup | str] = [svg.number_link(shown, row.percent)]
    if row.total is not None:
        numbers += [" of ", svg.number_link(shown, row.total)]
    parts.append(svg.words(scale.right + _GAP, y + 4, *numbers, css="numbers"))
    return svg.tag("g", *parts, class_="row" if row.verified else "row row-unverified")


def _role(row: RateRow) -> str:
    return "patient reports" if row.role == "report" else "benchmark"


def _description(shown: Shown, rows: list[RateRow]) -> str:
    said = []
    for row in rows:
        number = shown.find(row.percent)
        mark = "" if row.verified else f", {UNVERIFIED_WORDS}"
        said.append(
            f"{row.label} ({_role(row)}): {number.display if number else row.percent}{mark}."
        )
    return " ".join([*said, "The table that follows holds the same numbers as links."])
