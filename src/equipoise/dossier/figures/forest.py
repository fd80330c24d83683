"""Forest plots: studies as squares, models as diamonds, and where no difference lies."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from markupsafe import Markup

from equipoise.dossier.figures import svg
from equipoise.dossier.shown import UNVERIFIED_WORDS, Shown
from equipoise.findings.model import ForestRow, ModelResult, Synthesis

_PLOT = 360
_ROW = 30
_TOP = 48
_NULL = "no difference"
_MID = "smallest difference that matters: "
_SMALLEST, _LARGEST = 5.0, 13.0
# An interval may widen the plot to this many times the width that estimates and models need.
_ROOM = 2.2


def draw_forest(
    shown: Shown, synthesis: Synthesis, treatment: str, *, narrow: bool = False
) -> Markup | None:
    """Draw the plot, or nothing where no row has a place on an axis."""
    return _Forest(shown, synthesis, treatment, narrow).draw()


@dataclass(frozen=True)
class _Forest:
    shown: Shown
    synthesis: Synthesis
    treatment: str
    narrow: bool

    @cached_property
    def layout(self) -> svg.Layout:
        """Where a row's parts stand."""
        s = self.synthesis
        names = [*(r.label for r in s.rows), *(m.name for m in s.models)]
        return svg.Layout(self.narrow, svg.names_width(names), self._numbers_width(), _PLOT, _ROW)

    def draw(self) -> Markup | None:
        scale = self._scale()
        if scale is None:
            return None
        s = self.synthesis
        layout = self.layout
        bottom = _TOP + layout.row * (len(s.rows) + len(s.models)) + (14 if s.models else 4)
        parts = [self._reference_lines(scale, bottom)]
        top = float(_TOP)
        for row in s.rows:
            parts.append(self._study(row, scale, layout.shapes(top)))
            top += layout.row
        if s.rows and s.models:
            parts.append(svg.line(0, top + 4, layout.width, top + 4, "divide"))
            top += 10
        for model in s.models:
            parts.append(self._model(model, scale, layout.shapes(top)))
            top += layout.row
        parts.append(svg.axis(scale, bottom))
        parts.append(self._below(scale, bottom))
        return svg.figure(
            *parts,
            width=layout.width,
            height=bottom + 62 + self._lower,
            title=s.title,
            description=self._description(),
            css="forest narrow" if self.narrow else "forest",
        )

    # -- layout --

    @property
    def _lower(self) -> int:
        """A phone has no room for both directions on one line, wherever the null line falls."""
        return 16 if self.narrow else 0

    def _value(self, number_id: str | None) -> float | None:
        number = self.shown.find(number_id)
        return number.value if number else None

    @property
    def _log(self) -> bool:
        return self.synthesis.ratio and self.synthesis.null > 0

    @property
    def _worth_having(self) -> float | None:
        """Where a benefit begins to matter: the smallest difference, on the side of benefit."""
        mid = self._value(self.synthesis.mid)
        if mid is None:
            return None
        side = -1 if self.synthesis.better == "lower" else 1
        return self.synthesis.null + side * abs(mid)

    def _scale(self) -> svg.Scale | None:
        s = self.synthesis
        core = [self._value(i) for r in s.rows for i in (r.estimate,)]
        core += [self._value(i) for m in s.models for i in (m.estimate, m.low, m.high)]
        if all(v is None for v in core):
            return None
        core += [s.null, self._worth_having]
        outer = [self._value(i) for r in s.rows for i in (r.low, r.high)]
        outer += [self._value(i) for m in s.models for i in (m.prediction_low, m.prediction_high)]
        forward = math.log if self._log else float
        if self._log:  # what is not above zero lies beyond the left end, wherever that is
            core = [v if v is not None and v > 0 else None for v in core]
            outer = [v if v is not None and v > 0 else None for v in outer]
        inner = [forward(v) for v in core if v is not None]
        low, high = min(inner), max(inner)
        reach = max(high - low, 1e-9) * (_ROOM - 1)
        wide = [min(max(forward(v), low - reach), high + reach) for v in outer if v is not None]
        low, high = min([low, *wide]), max([high, *wide])
        margin = (high - low) * 0.05 or 1.0
        low, high = low - margin, high + margin
        if self._log:
            low, high = math.exp(low), math.exp(high)
        return svg.Scale(low, high, self.layout.left, self.layout.right, self._log)

    def _numbers_width(self) -> float:
        rows = [(r.estimate, r.low, r.high) for r in self.synthesis.rows]
        rows += [(m.estimate, m.low, m.high) for m in self.synthesis.models]
        return max(sum(svg.width_of(self.shown, i) for i in row) + 8 * svg.LETTER for row in rows)

    # -- pieces --

    def _reference_lines(self, scale: svg.Scale, bottom: float) -> Markup:
        """Draw both lines first, so that neither runs through the other's name."""
        s, layout = self.synthesis, self.layout
        x = scale.place(s.null)
        lines = [svg.line(x, _TOP - 8, x, bottom, "null")]
        x = layout.inside(x, _NULL)
        names = [svg.words(x, _TOP - 14, _NULL, css="tick", anchor="middle")]
        if s.mid is not None and (mid := self._worth_having) is not None:
            x = scale.place(mid)
            lines.append(svg.line(x, _TOP - 24, x, bottom, "mid"))
            number = self.shown.find(s.mid)
            x = layout.inside(x, _MID + (number.display if number else ""))
            label = (_MID, svg.number_link(self.shown, s.mid))
            names.append(svg.words(x, _TOP - 30, *label, css="tick", anchor="middle"))
        return Markup().join([*lines, *names])

    def _study(self, row: ForestRow, scale: svg.Scale, y: float) -> Markup:
        hollow = "" if row.verified else " hollow"
        name = self.layout.name(row.label, y, unverified=not row.verified, css="label")
        parts = [name]
        low, high = self._value(row.low), self._value(row.high)
        if low is not None and high is not None:
            parts.append(svg.interval_bar(scale, low, high, y, "interval"))
        if (value := self._value(row.estimate)) is not None:
            side = self._side(row)
            x = scale.place(value)
            parts.append(
                svg.tag(
                    "rect",
                    x=x - side / 2,
                    y=y - side / 2,
                    width=side,
                    height=side,
                    class_="square" + hollow,
                )
            )
        parts.append(self._numbers(row, y))
        return svg.tag("g", *parts, class_="row" if row.verified else "row row-unverified")

    def _side(self, row: ForestRow) -> float:
        """Area in proportion to weight; all alike where there is none."""
        weights = [self._value(r.weight) for r in self.synthesis.rows]
        known = [w for w in weights if w is not None and w > 0]
        own = self._value(row.weight)
        if own is None or own <= 0 or not known:
            return 8.0
        return max(_SMALLEST, _LARGEST * math.sqrt(own / max(known)))

    def _model(self, model: ModelResult, scale: svg.Scale, y: float) -> Markup:
        css = "diamond primary" if model.primary else "diamond"
        unverified = not self._model_verified(model)
        weight = "label strong" if model.primary else "label"
        parts = [self.layout.name(model.name, y, unverified=unverified, css=weight)]
        low, high = self._value(model.prediction_low), self._value(model.prediction_high)
        if low is not None and high is not None:
            parts.append(svg.interval_bar(scale, low, high, y, "prediction"))
        ends = [self._value(i) for i in (model.low, model.estimate, model.high)]
        if None not in ends:
            left, middle, right = (scale.place(v) for v in ends if v is not None)
            shape = (
                f"M{svg.px(left)} {svg.px(y)}L{svg.px(middle)} {svg.px(y - 7)}"
                f"L{svg.px(right)} {svg.px(y)}L{svg.px(middle)} {svg.px(y + 7)}Z"
            )
            parts.append(svg.tag("path", d=shape, class_=css + (" hollow" if unverified else "")))
        parts.append(self._numbers(model, y))
        return svg.tag("g", *parts, class_="row model")

    def _model_verified(self, model: ModelResult) -> bool:
        numbers = [self.shown.find(i) for i in (model.estimate, model.low, model.high)]
        return all(n.verified for n in numbers if n is not None)

    def _numbers(self, row: ForestRow | ModelResult, y: float) -> Markup:
        estimate, low, high = (
            svg.number_link(self.shown, i) for i in (row.estimate, row.low, row.high)
        )
        return self.layout.figures(y, estimate, " (", low, " to ", high, ")")

    def _below(self, scale: svg.Scale, bottom: float) -> Markup:
        s = self.synthesis
        middle = (scale.left + scale.right) / 2
        parts = [svg.words(middle, bottom + 36, s.axis, css="axis-title", anchor="middle")]
        if s.better is not None:
            ours, theirs = f"favours {self.treatment}", "favours comparator"
            left, right = (ours, theirs) if s.better == "lower" else (theirs, ours)
            null = scale.place(s.null)
            y = bottom + 54
            # Either label keeps to its own side, unless its side is too narrow to hold it.
            for text, side, lower in ((f"← {left}", -1, 0), (f"{right} →", 1, self._lower)):
                x = null + side * (8 + svg.BOLD_LETTER * len(text) / 2)
                x = self.layout.inside(x, text)
                parts.append(svg.words(x, y + lower, text, css="favours", anchor="middle"))
        return Markup().join(parts)

    def _description(self) -> str:
        s = self.synthesis
        parts = [f"Forest plot, {s.axis}."]
        parts += [f"{row.label}: {self._said(row)}." for row in s.rows]
        parts += [f"{model.name}: {self._said(model)}." for model in s.models]
        parts.append("The table that follows holds the same numbers as links.")
        return " ".join(parts)

    def _said(self, row: ForestRow | ModelResult) -> str:
        estimate, low, high = (
            (n.display if (n := self.shown.find(i)) else i)
            for i in (row.estimate, row.low, row.high)
        )
        unverified = isinstance(row, ForestRow) and not row.verified
        return f"{estimate} ({low} to {high})" + (f", {UNVERIFIED_WORDS}" if unverified else "")
