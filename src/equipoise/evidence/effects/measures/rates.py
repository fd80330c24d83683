"""Events over person-time, in two arms or one group."""

from __future__ import annotations

import numpy as np

from equipoise.evidence.effects.estimate import EffectMeasure as M
from equipoise.evidence.effects.measures.binary import Pair
from equipoise.evidence.effects.measures.formula import (
    Array,
    MeasureFormula,
    Options,
    Rows,
    Scale,
    Swap,
)
from equipoise.evidence.effects.measures.zero_cells import filled


def _two_rates(rows: Rows, options: Options) -> tuple[Array, Array, Array, Array]:
    raw = {"x1i": rows.column("x1i"), "x2i": rows.column("x2i")}
    t1, t2 = rows.positive("t1i"), rows.positive("t2i")
    x1, x2 = filled(rows, raw, options)
    if options.drop00:
        rows.refuse((raw["x1i"] == 0) & (raw["x2i"] == 0), "no event in both arms")
    rows.used |= {"x1i": x1, "x2i": x2}
    return x1, t1, x2, t2


def _irr(rows: Rows, options: Options) -> Pair:
    x1, t1, x2, t2 = _two_rates(rows, options)
    return np.log(x1) - np.log(t1) - np.log(x2) + np.log(t2), 1 / x1 + 1 / x2


def _ird(rows: Rows, options: Options) -> Pair:
    x1, t1, x2, t2 = _two_rates(rows, options)
    return x1 / t1 - x2 / t2, x1 / t1 / t1 + x2 / t2 / t2


def _irsd(rows: Rows, options: Options) -> Pair:
    x1, t1, x2, t2 = _two_rates(rows, options)
    return np.sqrt(x1 / t1) - np.sqrt(x2 / t2), 1 / (4 * t1) + 1 / (4 * t2)


def _rate(rows: Rows, options: Options) -> tuple[Array, Array]:
    events, time = rows.column("xi"), rows.positive("ti")
    (x,) = filled(rows, {"xi": events}, options)
    rows.used |= {"xi": x}
    return x, time


def _ir(rows: Rows, options: Options) -> Pair:
    x, t = _rate(rows, options)
    return x / t, x / t / t


def _irln(rows: Rows, options: Options) -> Pair:
    x, t = _rate(rows, options)
    return np.log(x) - np.log(t), 1 / x


def _irs(rows: Rows, options: Options) -> Pair:
    x, t = _rate(rows, options)
    return np.sqrt(x / t), 1 / (4 * t)


def _irft(rows: Rows, options: Options) -> Pair:
    x, t = _rate(rows, options)
    return (np.sqrt(x / t) + np.sqrt((x + 1) / t)) / 2, 1 / (4 * t)


_TWO = ("x1i", "t1i", "x2i", "t2i")
_ONE = ("xi", "ti")

RATES = (
    MeasureFormula(
        measure=M.IRR,
        name="Incidence rate ratio",
        columns=_TWO,
        yi="log((x₁ / t₁) / (x₂ / t₂))",
        vi="1/x₁ + 1/x₂",
        scale=Scale.LOG_RATIO,
        swap=Swap.FLIPS,
        cite="irr",
        add=0.5,
        compute=_irr,
    ),
    MeasureFormula(
        measure=M.IRD,
        name="Incidence rate difference",
        columns=_TWO,
        yi="x₁ / t₁ − x₂ / t₂",
        vi="x₁ / t₁² + x₂ / t₂²",
        scale=Scale.RATE,
        swap=Swap.FLIPS,
        cite="ird",
        add=0.5,
        compute=_ird,
    ),
    MeasureFormula(
        measure=M.IRSD,
        name="Difference of the roots of incidence rates",
        columns=_TWO,
        yi="√(x₁ / t₁) − √(x₂ / t₂)",
        vi="1 / (4 t₁) + 1 / (4 t₂)",
        scale=Scale.TRANSFORMED_RATE,
        swap=Swap.FLIPS,
        cite="irsd",
        compute=_irsd,
    ),
    MeasureFormula(
        measure=M.IR,
        name="Incidence rate",
        columns=_ONE,
        yi="x / t",
        vi="x / t²",
        scale=Scale.RATE,
        swap=Swap.ONE_GROUP,
        cite="ir",
        add=0.5,
        compute=_ir,
    ),
    MeasureFormula(
        measure=M.IRLN,
        name="Logarithm of an incidence rate",
        columns=_ONE,
        yi="log(x / t)",
        vi="1 / x",
        scale=Scale.TRANSFORMED_RATE,
        swap=Swap.ONE_GROUP,
        cite="irln",
        add=0.5,
        compute=_irln,
    ),
    MeasureFormula(
        measure=M.IRS,
        name="Root of an incidence rate",
        columns=_ONE,
        yi="√(x / t)",
        vi="1 / (4 t)",
        scale=Scale.TRANSFORMED_RATE,
        swap=Swap.ONE_GROUP,
        cite="irs",
        compute=_irs,
    ),
    MeasureFormula(
        measure=M.IRFT,
        name="Freeman and Tukey's transform of an incidence rate",
        columns=_ONE,
        yi="(√(x / t) + √((x + 1) / t)) / 2",
        vi="1 / (4 t)",
        scale=Scale.TRANSFORMED_RATE,
        swap=Swap.ONE_GROUP,
        cite="irft",
        compute=_irft,
    ),
)
