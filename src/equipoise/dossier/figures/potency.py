"""The potency gap: how far the dish lies above the person, on a scale of tenfolds."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from equipoise.dossier.figures import svg
from equipoise.dossier.shown import UNVERIFIED_WORDS, Shown
from equipoise.findings.model import PotencyRow

_PLOT = 320
_ROW = 34
_TOP = 40
_REACHED = "the person reaches the dish"


def draw_potency(
    shown: Shown, rows: Sequence[PotencyRow], *, narrow: bool = False
) -> Markup | None:
    """Each gap as a bar from its lower to its higher reading; a line where there is no gap.

    Gaps are ratios, so concentrations in different units can share one axis.
    """
    placed = [(row, ends) for row in rows if (ends := _ends(shown, row)) is not None]
    if not placed:
        return None
    layout = svg.Layout(
        narrow,
        svg.names_width([row.target for row, _ in placed]),
        max(_numbers_width(shown, row) for row, _ in placed),
        _PLOT,
        _ROW,
    )
    values = [v for _, ends in placed for v in ends]
    scale = svg.Scale(
        min(0.5, *values) / 1.6, max(2.0, *values) * 1.6, layout.left, layout.right, log=True
    )
    bottom = _TOP + layout.row * len(placed) + 4
    null = scale.place(1.0)
    parts = [
        svg.axis(scale, bottom, grid_top=_TOP),
        svg.line(null, _TOP - 8, null, bottom, "null"),
        svg.words(layout.inside(null, _REACHED), _TOP - 14, _REACHED, css="tick", anchor="middle"),
    ]
    for i, (row, ends) in enumerate(placed):
        y = layout.shapes(_TOP + layout.row * i)
        parts.append(_row(shown, row, ends, scale, layout=layout, y=y))
    parts.append(
        svg.words(
            (scale.left + scale.right) / 2,
            bottom + 38,
            "times more concentrated in the dish than in a person",
            css="axis-title",
            anchor="middle",
        )
    )
    return svg.figure(
        *parts,
        width=layout.width,
        height=bottom + 48,
        title="How far the laboratory concentration lies above the concentration in a person",
        description=_description(shown, [row for row, _ in placed]),
        css="potency narrow" if narrow else "potency",
    )


def _ends(shown: Shown, row: PotencyRow) -> tuple[float, float] | None:
    if row.gap is None:
        return None
    low, high = (n.value if (n := shown.find(i)) else None for i in row.gap)
    if low is None or high is None or min(low, high) <= 0:
        return None
    return min(low, high), max(low, high)


def _numbers_width(shown: Shown, row: PotencyRow) -> float:
    return sum(svg.width_of(shown, i) for i in row.gap or ()) + 5 * svg.LETTER


def _row(
    shown: Shown,
    row: PotencyRow,
    ends: tuple[float, float],
    scale: svg.Scale,
    *,
    layout: svg.Layout,
    y: float,
) -> Markup:
    low, high = row.gap or ("", "")
    between: tuple[Markup | str, ...] = (svg.number_link(shown, low),)
    if low != high:
        between = (*between, " to ", svg.number_link(shown, high))
    x1, x2 = (scale.place(v) for v in ends)
    # A single reading still needs a width that can be seen.
    x1, x2 = min(x1, (x1 + x2) / 2 - 4), max(x2, (x1 + x2) / 2 + 4)
    return svg.tag(
        "g",
        layout.name(row.target, y, unverified=not row.verified, css="label"),
        svg.tag(
            "rect",
            x=x1,
            y=y - 6,
            width=x2 - x1,
            height=12,
            rx=6,
            class_="gap" + ("" if row.verified else " hollow"),
        ),
        layout.figures(y, *between),
        class_="row" if row.verified else "row row-unverified",
    )


def _description(shown: Shown, rows: Sequence[PotencyRow]) -> str:
    parts = []
    for row in rows:
        ends = " to ".join(dict.fromkeys(n.display for i in row.gap or () if (n := shown.find(i))))
        mark = "" if row.verified else f", {UNVERIFIED_WORDS}"
        parts.append(f"{row.target}: {ends}{mark}.")
    return " ".join([*parts, "The table that follows holds the same numbers as links."])
