"""Events in the same people twice, or in matched pairs: the paired 2×2 table.

Cells: the event under both (a), under the first only (b), under the second only (c), never (d).
"""

from __future__ import annotations

import numpy as np

from equipoise.evidence.effects.estimate import EffectMeasure as M
from equipoise.evidence.effects.measures.binary import Pair, table_of
from equipoise.evidence.effects.measures.formula import (
    Array,
    MeasureFormula,
    Options,
    Rows,
    Scale,
    Swap,
)
from equipoise.evidence.effects.measures.zero_cells import filled


def _pairs_of(rows: Rows, options: Options) -> tuple[Array, ...]:
    raw = {name: rows.column(name) for name in ("ai", "bi", "ci", "di")}
    cells = filled(rows, raw, options)
    if options.drop00:
        a, b, c, d = raw.values()
        rows.refuse(
            ((a + b == 0) & (a + c == 0)) | ((c + d == 0) & (b + d == 0)),
            "no event, or nothing but events, under both",
        )
    rows.used = dict(zip(("a", "b", "c", "d"), cells, strict=True))
    return cells


def _mprd(rows: Rows, options: Options) -> Pair:
    a, b, c, d = _pairs_of(rows, options)
    n = a + b + c + d
    p, q = b / n, c / n
    return p - q, (p * (1 - p) + 2 * p * q + q * (1 - q)) / n


def _mprr(rows: Rows, options: Options) -> Pair:
    a, b, c, _ = _pairs_of(rows, options)
    return np.log(a + b) - np.log(a + c), (b + c) / ((a + b) * (a + c))


def _mpor(rows: Rows, options: Options) -> Pair:
    a, b, c, d = _pairs_of(rows, options)
    n = a + b + c + d
    value = np.log(a + b) - np.log(c + d) - np.log(a + c) + np.log(b + d)
    first, second = (a + b) * (c + d) / n, (a + c) * (b + d) / n
    together = (a * d - b * c) / n
    return value, 1 / first + 1 / second - 2 * together / (first * second)


def _mporc(rows: Rows, options: Options) -> Pair:
    _, b, c, _ = _pairs_of(rows, options)
    return np.log(b) - np.log(c), 1 / b + 1 / c


def _mppeto(rows: Rows, options: Options) -> Pair:
    _, b, c, _ = _pairs_of(rows, options)
    return 2 * (b - c) / (b + c), 4 / (b + c)


def _mporm(rows: Rows, options: Options) -> Pair:
    r, both = rows.optional("ri"), rows.optional("pi")
    t = table_of(rows, options)
    spread = np.sqrt(t.p1 * (1 - t.p1) * t.p2 * (1 - t.p2))
    r = np.where(np.isnan(r), (both - t.p1 * t.p2) / spread, r)
    rows.refuse(np.isnan(r), "neither ri, the correlation, nor pi, the share with both, is there")
    rows.refuse(np.abs(r) > 1, "ri is not a correlation from -1 to 1")
    rows.used |= {"r": r}
    # People in both margins; where the margins differ, the mean of the two, as metafor has it.
    n = np.round((t.n1 + t.n2) / 2)
    covariance = r * n / np.sqrt(t.a * t.b * t.c * t.d)
    variance = t.log_odds_ratio_variance - 2 * covariance
    return t.log_odds_ratio, np.where(variance > 0, variance, np.nan)


_CELLS = ("ai", "bi", "ci", "di")

PAIRS = (
    MeasureFormula(
        measure=M.MPRD,
        name="Marginal risk difference of pairs",
        columns=_CELLS,
        yi="(b − c) / n",
        vi="(b/n (1 − b/n) + 2 bc/n² + c/n (1 − c/n)) / n",
        scale=Scale.PROBABILITY,
        swap=Swap.FLIPS,
        cite="mprd",
        add=0.5,
        compute=_mprd,
    ),
    MeasureFormula(
        measure=M.MPRR,
        name="Marginal risk ratio of pairs",
        columns=_CELLS,
        yi="log((a + b) / (a + c))",
        vi="(b + c) / ((a + b) (a + c))",
        scale=Scale.LOG_RATIO,
        swap=Swap.FLIPS,
        cite="mprr",
        add=0.5,
        compute=_mprr,
    ),
    MeasureFormula(
        measure=M.MPOR,
        name="Marginal odds ratio of pairs",
        columns=_CELLS,
        yi="log((a + b) (b + d) / ((c + d) (a + c)))",
        vi="1/V₁ + 1/V₂ − 2 (a d − b c) / (n V₁ V₂), V₁ = (a+b)(c+d)/n, V₂ = (a+c)(b+d)/n",
        scale=Scale.LOG_RATIO,
        swap=Swap.FLIPS,
        cite="mpor",
        add=0.5,
        compute=_mpor,
    ),
    MeasureFormula(
        measure=M.MPORC,
        name="Conditional odds ratio of pairs",
        columns=_CELLS,
        yi="log(b / c)",
        vi="1/b + 1/c",
        scale=Scale.LOG_RATIO,
        swap=Swap.FLIPS,
        cite="mporc",
        add=0.5,
        compute=_mporc,
    ),
    MeasureFormula(
        measure=M.MPPETO,
        name="Conditional odds ratio of pairs by Peto's method",
        columns=_CELLS,
        yi="2 (b − c) / (b + c)",
        vi="4 / (b + c)",
        scale=Scale.LOG_RATIO,
        swap=Swap.FLIPS,
        cite="mppeto",
        add=0.5,
        compute=_mppeto,
    ),
    MeasureFormula(
        measure=M.MPORM,
        name="Marginal odds ratio of pairs from the margins",
        columns=(*_CELLS, "ri"),
        instead="pi, the share with the event twice, for ri; n1i and n2i for bi and di",
        yi="log(a d / (b c)), the cells those of the margins: a and b first, c and d second",
        vi="1/a + 1/b + 1/c + 1/d − 2 r n / √(a b c d)",
        scale=Scale.LOG_RATIO,
        swap=Swap.FLIPS,
        cite="mporm",
        add=0.5,
        compute=_mporm,
    ),
)
