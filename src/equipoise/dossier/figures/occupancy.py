"""Occupancy over the day: one small panel per dose, one line per hypothesis, named at its end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from equipoise.dossier.figures import svg
from equipoise.dossier.shown import UNVERIFIED_SIGN, UNVERIFIED_WORDS, Shown
from equipoise.findings.model import Drug, OccupancyCurve

_LEFT, _PLOT_WIDTH, _NAMES = 40, 200, 124
_TOP, _PLOT_HEIGHT = 12, 150
_NAME_LETTERS = 19
_NAME_GAP = 27
_STYLES = 5


@dataclass(frozen=True)
class OccupancyPanel:
    """One dose: its curves, for the drawing and for the table beside it."""

    dose: str
    curves: tuple[OccupancyCurve, ...]
    drawing: Markup | None


def occupancy_panels(shown: Shown, drug: Drug) -> tuple[OccupancyPanel, ...]:
    """Panels in the order in which the doses come; all share their axes."""
    doses = tuple(dict.fromkeys(c.dose for c in drug.curves))
    models = [m.model for m in drug.models]
    models += [c.model for c in drug.curves if c.model not in models]
    order = {model: i for i, model in enumerate(dict.fromkeys(models))}
    names = {m.model: m.name for m in drug.models}
    hours = [_value(shown, p.hour) for c in drug.curves for p in c.points]
    last = max((h for h in hours if h is not None), default=24.0)
    panels = []
    for dose in doses:
        curves = tuple(c for c in drug.curves if c.dose == dose)
        drawing = _draw(shown, dose, curves, names=names, order=order, last=last)
        panels.append(OccupancyPanel(dose, curves, drawing))
    return tuple(panels)


def _value(shown: Shown, reference: str) -> float | None:
    """Find a number's value; an hour may also be given as plain text."""
    number = shown.find(reference)
    if number is not None:
        return number.value
    try:
        return float(reference)
    except ValueError:
        return None


def _draw(
    shown: Shown,
    dose: str,
    curves: Sequence[OccupancyCurve],
    *,
    names: dict[str, str],
    order: dict[str, int],
    last: float,
) -> Markup | None:
    lines = {c.model: _points(shown, c) for c in curves}
    lines = {model: points for model, points in lines.items() if points}
    if not lines:
        return None
    x = svg.Scale(0, last or 24.0, _LEFT, _LEFT + _PLOT_WIDTH)
    # The vertical scale runs downwards on a page, from full occupancy to none.
    y = svg.Scale(-_full(shown, curves), 0, _TOP, _TOP + _PLOT_HEIGHT)
    bottom = _TOP + _PLOT_HEIGHT
    parts = [_frame(x, y, bottom)]
    ends: list[tuple[float, str]] = []
    for model, points in lines.items():
        placed = [(x.place(h), y.place(-o)) for h, o in points]
        path = "M" + "L".join(f"{svg.px(px_)} {svg.px(py)}" for px_, py in placed)
        parts.append(svg.tag("path", d=path, class_=f"curve style-{_style(order, model)}"))
        ends.append((placed[-1][1], model))
    unverified = {c.model for c in curves if not _verified(shown, c)}
    for at, wanted, model in _spread(ends, _TOP, bottom):
        name = names.get(model, model) + (UNVERIFIED_SIGN if model in unverified else "")
        style = _style(order, model)
        parts.append(svg.line(x.right + 2, wanted, x.right + 10, at, f"leader style-{style}"))
        rows = svg.wrapped(name, _NAME_LETTERS)
        for i, text in enumerate(rows):
            top = at + 4 - (len(rows) - 1) * 6
            parts.append(
                svg.words(x.right + 13, top + 12 * i, text, css=f"curve-name style-{style}")
            )
    number = shown.find(dose)
    title = number.display if number else dose
    return svg.figure(
        *parts,
        width=_LEFT + _PLOT_WIDTH + _NAMES + 13,
        height=bottom + 40,
        title=f"Receptor occupancy over the day after {title}",
        description=_description(shown, curves, names),
        css="occupancy",
    )


def _points(shown: Shown, curve: OccupancyCurve) -> list[tuple[float, float]]:
    pairs = [(_value(shown, p.hour), _value(shown, p.occupancy)) for p in curve.points]
    return [(h, o) for h, o in pairs if h is not None and o is not None]


def _full(shown: Shown, curves: Iterable[OccupancyCurve]) -> float:
    """Say how full occupancy is written: a share, or per cent where the unit says so."""
    units = {n.unit for c in curves for p in c.points if (n := shown.find(p.occupancy))}
    return 100.0 if "%" in units else 1.0


def _verified(shown: Shown, curve: OccupancyCurve) -> bool:
    return all(n.verified for p in curve.points if (n := shown.find(p.occupancy)))


def _style(order: dict[str, int], model: str) -> int:
    return order[model] % _STYLES + 1


def _frame(x: svg.Scale, y: svg.Scale, bottom: float) -> Markup:
    parts = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        at = y.place(share * y.low)
        parts.append(svg.line(x.left, at, x.right, at, "grid"))
        parts.append(svg.words(x.left - 6, at + 4, f"{share:.0%}", css="tick", anchor="end"))
    parts.append(svg.line(x.left, bottom, x.right, bottom, "axis"))
    step = 6.0 if x.high <= 30 else 24.0
    for i in range(int(x.high // step) + 1):
        at = x.place(i * step)
        parts.append(svg.line(at, bottom, at, bottom + 4, "axis"))
        parts.append(
            svg.words(at, bottom + 17, svg.tick_text(i * step), css="tick", anchor="middle")
        )
    middle = (x.left + x.right) / 2
    parts.append(svg.words(middle, bottom + 34, "hours", css="axis-title", anchor="middle"))
    return Markup().join(parts)


def _spread(
    ends: list[tuple[float, str]], top: float, bottom: float
) -> list[tuple[float, float, str]]:
    """Heights for the names at the lines' ends: near where they belong, never on one another."""
    placed: list[tuple[float, float, str]] = []
    at = top - _NAME_GAP
    for wanted, model in sorted(ends):
        at = max(wanted, at + _NAME_GAP)
        placed.append((at, wanted, model))
    # Push back up from the bottom where the last name fell off the plot.
    limit = bottom
    for i in range(len(placed) - 1, -1, -1):
        at, wanted, model = placed[i]
        at = min(at, limit)
        placed[i] = (at, wanted, model)
        limit = at - _NAME_GAP
    return placed


def _description(shown: Shown, curves: Iterable[OccupancyCurve], names: dict[str, str]) -> str:
    said = []
    for curve in curves:
        trough = shown.find(curve.trough)
        mark = "" if _verified(shown, curve) else f", {UNVERIFIED_WORDS}"
        lowest = trough.display if trough else curve.trough
        said.append(f"{names.get(curve.model, curve.model)}: lowest of the day {lowest}{mark}.")
    return " ".join([*said, "The table that follows holds the same numbers as links."])
