"""Rates that count the same thing: reports as filled bars, benchmarks as outlined ones."""

from __future__ import annotations

from markupsafe import Markup

from equipoise.dossier.figures import svg
from equipoise.dossier.shown import UNVERIFIED_WORDS, Shown
from equipoise.findings.model import RateRow, RateTable

_PLOT = 300
_ROW = 48
_TOP = 12
_WHOLE = 100.0


def draw_rates(shown: Shown, table: RateTable, *, narrow: bool = False) -> Markup | None:
    """Bars on a scale of per cent, or nothing where no rate has a value."""
    rows = [r for r in table.rows if _value(shown, r.percent) is not None]
    if not rows:
        return None
    names = [*(r.label for r in rows), *(_below(shown, r) for r in rows)]
    numbers = max(_numbers_width(shown, r) for r in rows)
    layout = svg.Layout(narrow, svg.names_width(names), numbers, _PLOT, _ROW)
    scale = svg.Scale(0, _WHOLE, layout.left, layout.right)
    bottom = _TOP + layout.row * len(rows) + 4
    parts = [svg.axis(scale, bottom, text=lambda v: f"{svg.tick_text(v)}%", grid_top=_TOP)]
    for i, row in enumerate(rows):
        parts.append(_row(shown, row, scale, layout, layout.shapes(_TOP + layout.row * i)))
    return svg.figure(
        *parts,
        width=layout.width,
        height=bottom + 26,
        title=table.title,
        description=_description(shown, rows),
        css="rates narrow" if narrow else "rates",
    )


def _value(shown: Shown, number_id: str | None) -> float | None:
    number = shown.find(number_id)
    return number.value if number else None


def _numbers_width(shown: Shown, row: RateRow) -> float:
    total = svg.width_of(shown, row.total) + 4 * svg.LETTER if row.total else 0
    return svg.width_of(shown, row.percent) + total + svg.LETTER


def _row(shown: Shown, row: RateRow, scale: svg.Scale, layout: svg.Layout, y: float) -> Markup:
    value = _value(shown, row.percent) or 0.0
    css = f"bar {row.role}" + ("" if row.verified else " hollow")
    parts = [
        layout.name(
            row.label, y, unverified=not row.verified, css="label", below=_below(shown, row)
        ),
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
    if layout.narrow:  # there is no room under the name
        numbers.append(f" · {_below(shown, row)}")
    parts.append(layout.figures(y, *numbers))
    return svg.tag("g", *parts, class_="row" if row.verified else "row row-unverified")


def _below(shown: Shown, row: RateRow) -> str:
    return f"{_role(row)} · {shown.short(row.work)}"


def _role(row: RateRow) -> str:
    if row.regime == "trial-arm":
        return "arm of a trial"
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
