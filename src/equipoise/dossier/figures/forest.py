"""Forest plots: studies as squares, models as diamonds, and where no difference lies."""

from __future__ import annotations

import math
from dataclasses import dataclass

from markupsafe import Markup

from equipoise.dossier.figures import svg
from equipoise.dossier.shown import UNVERIFIED_SIGN, UNVERIFIED_WORDS, Shown
from equipoise.findings.model import ForestRow, ModelResult, Synthesis

_LABEL_LETTERS = 34
_PLOT = 360
_GAP = 18
_ROW = 30
_TOP = 48
_SMALLEST, _LARGEST = 5.0, 13.0
# An interval may widen the plot to this many times the width that estimates and models need.
_ROOM = 2.2


def draw_forest(shown: Shown, synthesis: Synthesis, treatment: str) -> Markup | None:
    """Draw the plot, or nothing where no row has a place on an axis."""
    return _Forest(shown, synthesis, treatment).draw()


@dataclass(frozen=True)
class _Forest:
    shown: Shown
    synthesis: Synthesis
    treatment: str

    def draw(self) -> Markup | None:
        scale = self._scale()
        if scale is None:
            return None
        s = self.synthesis
        numbers = self._numbers_width()
        width = scale.right + _GAP + numbers
        bottom = _TOP + _ROW * (len(s.rows) + len(s.models)) + (10 if s.models else 0)
        parts = [self._reference_lines(scale, bottom)]
        y = _TOP + _ROW / 2
        for row in s.rows:
            parts.append(self._study(row, scale, y))
            y += _ROW
        if s.rows and s.models:
            parts.append(svg.line(0, y - _ROW / 2 + 4, width, y - _ROW / 2 + 4, "divide"))
            y += 10
        for model in s.models:
            parts.append(self._model(model, scale, y))
            y += _ROW
        parts.append(svg.axis(scale, bottom))
        parts.append(self._below(scale, bottom))
        return svg.figure(
            *parts,
            width=width,
            height=bottom + 62,
            title=s.title,
            description=self._description(),
            css="forest",
        )

    # -- layout --

    def _value(self, number_id: str | None) -> float | None:
        number = self.shown.find(number_id)
        return number.value if number else None

    @property
    def _log(self) -> bool:
        return self.synthesis.ratio and self.synthesis.null > 0

    def _scale(self) -> svg.Scale | None:
        s = self.synthesis
        core = [self._value(i) for r in s.rows for i in (r.estimate,)]
        core += [self._value(i) for m in s.models for i in (m.estimate, m.low, m.high)]
        if all(v is None for v in core):
            return None
        core += [s.null, self._value(s.mid)]
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
        left = self._labels_width() + _GAP
        return svg.Scale(low, high, left, left + _PLOT, self._log)

    def _labels(self) -> list[str]:
        return [r.label for r in self.synthesis.rows] + [m.name for m in self.synthesis.models]

    def _labels_width(self) -> float:
        longest = max((len(t) for label in self._labels() for t in _lines(label)), default=0)
        return svg.LETTER * max(longest + 2, 16)

    def _numbers_width(self) -> float:
        rows = [(r.estimate, r.low, r.high) for r in self.synthesis.rows]
        rows += [(m.estimate, m.low, m.high) for m in self.synthesis.models]
        return max(sum(svg.width_of(self.shown, i) for i in row) + 8 * svg.LETTER for row in rows)

    # -- pieces --

    def _reference_lines(self, scale: svg.Scale, bottom: float) -> Markup:
        s = self.synthesis
        x = scale.place(s.null)
        parts = [svg.line(x, _TOP - 8, x, bottom, "null")]
        parts.append(svg.words(x, _TOP - 14, "no difference", css="tick", anchor="middle"))
        if s.mid is not None and (mid := self._value(s.mid)) is not None:
            x = scale.place(mid)
            parts.append(svg.line(x, _TOP - 24, x, bottom, "mid"))
            label = ("smallest difference that matters: ", svg.number_link(self.shown, s.mid))
            parts.append(svg.words(x, _TOP - 30, *label, css="tick", anchor="middle"))
        return Markup().join(parts)

    def _study(self, row: ForestRow, scale: svg.Scale, y: float) -> Markup:
        hollow = "" if row.verified else " hollow"
        parts = [_label(row.label, y, unverified=not row.verified)]
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
        parts.append(self._numbers(row, scale, y))
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
        parts = [_label(model.name, y, unverified=unverified, strong=model.primary)]
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
        parts.append(self._numbers(model, scale, y))
        return svg.tag("g", *parts, class_="row model")

    def _model_verified(self, model: ModelResult) -> bool:
        numbers = [self.shown.find(i) for i in (model.estimate, model.low, model.high)]
        return all(n.verified for n in numbers if n is not None)

    def _numbers(self, row: ForestRow | ModelResult, scale: svg.Scale, y: float) -> Markup:
        link = svg.number_link
        return svg.words(
            scale.right + _GAP,
            y + 4,
            link(self.shown, row.estimate),
            " (",
            link(self.shown, row.low),
            " to ",
            link(self.shown, row.high),
            ")",
            css="numbers",
        )

    def _below(self, scale: svg.Scale, bottom: float) -> Markup:
        s = self.synthesis
        middle = (scale.left + scale.right) / 2
        parts = [svg.words(middle, bottom + 36, s.axis, css="axis-title", anchor="middle")]
        if s.better is not None:
            ours, theirs = f"favours {self.treatment}", "favours comparator"
            left, right = (ours, theirs) if s.better == "lower" else (theirs, ours)
            null = scale.place(s.null)
            y = bottom + 54
            # Either label keeps to its own side, and moves outwards where its side is narrow.
            parts.append(
                svg.words(min(null, scale.right) - 8, y, f"← {left}", css="favours", anchor="end")
            )
            parts.append(svg.words(max(null, scale.left) + 8, y, f"{right} →", css="favours"))
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


def _lines(label: str) -> tuple[str, ...]:
    return svg.wrapped(label, _LABEL_LETTERS)


def _label(label: str, y: float, *, unverified: bool, strong: bool = False) -> Markup:
    """Draw a row's name, in one line or two."""
    lines = list(_lines(label)) or [""]
    if unverified:
        lines[-1] += UNVERIFIED_SIGN
    top = y + 4 - (len(lines) - 1) * 7
    css = "label strong" if strong else "label"
    return svg.tag(
        "g",
        svg.tag("title", label),
        *(svg.words(0, top + 14 * i, text, css=css) for i, text in enumerate(lines)),
    )
