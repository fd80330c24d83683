"""Two independent arms and an event: four cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from equipoise.evidence.effects.estimate import EffectMeasure as M
from equipoise.evidence.effects.measures.formula import (
    Array,
    MeasureFormula,
    Options,
    Rows,
    Scale,
    Swap,
    fisher_z,
)
from equipoise.evidence.effects.measures.zero_cells import filled
from equipoise.stats.bivariate_normal import tetrachoric_correlation

LOGISTIC = np.pi / np.sqrt(3)
"""Standard deviation of the logistic distribution: a log odds ratio in standard deviations."""
NORMAL = 1.65
"""Cox and Snell's factor between a log odds ratio and a difference of normals."""

Pair = tuple[Array, Array]


@dataclass(frozen=True, slots=True)
class Table:
    """Cells of 2×2 tables after anything was added to them."""

    a: Array
    b: Array
    c: Array
    d: Array

    @property
    def n1(self) -> Array:
        """First arm."""
        return self.a + self.b

    @property
    def n2(self) -> Array:
        """Second arm."""
        return self.c + self.d

    @property
    def p1(self) -> Array:
        """Risk in the first arm."""
        return self.a / self.n1

    @property
    def p2(self) -> Array:
        """Risk in the second arm."""
        return self.c / self.n2

    @property
    def log_odds_ratio(self) -> Array:
        """Logarithm of a d / (b c)."""
        return np.log(self.a) + np.log(self.d) - np.log(self.b) - np.log(self.c)

    @property
    def log_odds_ratio_variance(self) -> Array:
        """Sum of the reciprocals of the cells."""
        return 1 / self.a + 1 / self.b + 1 / self.c + 1 / self.d

    def average_risks(self, rows: Rows) -> tuple[float, float]:
        """Risk in each arm over all rows, weighted by size."""
        return rows.mean(self.p1, self.n1), rows.mean(self.p2, self.n2)


def table_of(rows: Rows, options: Options) -> Table:
    """Cells from ai, ci and either the other two or the sizes of the arms."""
    a, c = rows.column("ai"), rows.column("ci")
    b = _without(rows, "bi", "n1i", a)
    d = _without(rows, "di", "n2i", c)
    cells = filled(rows, {"ai": a, "bi": b, "ci": c, "di": d}, options)
    if options.drop00:
        rows.refuse(
            ((a == 0) & (c == 0)) | ((b == 0) & (d == 0)),
            "no event, or nothing but events, in both arms",
        )
    rows.used = dict(zip(("a", "b", "c", "d"), cells, strict=True))
    return Table(*cells)


def _without(rows: Rows, cell: str, size: str, events: Array) -> Array:
    given, n = rows.optional(cell), rows.optional(size)
    rows.refuse(np.isnan(given) & np.isnan(n), f"neither {cell} nor {size} is there")
    rows.refuse(n < events, f"more events than people in {size}")
    return np.where(np.isnan(given), n - events, given)


def _rr(rows: Rows, options: Options) -> Pair:
    t = table_of(rows, options)
    value = np.log(t.p1) - np.log(t.p2)
    if options.vtype == "AV":
        p1, p2 = t.average_risks(rows)
        return value, (1 - p1) / p1 / t.n1 + (1 - p2) / p2 / t.n2
    return value, t.b / (t.a * t.n1) + t.d / (t.c * t.n2)


def _or(rows: Rows, options: Options) -> Pair:
    t = table_of(rows, options)
    if options.vtype == "AV":
        p1, p2 = t.average_risks(rows)
        return t.log_odds_ratio, 1 / (p1 * (1 - p1) * t.n1) + 1 / (p2 * (1 - p2) * t.n2)
    return t.log_odds_ratio, t.log_odds_ratio_variance


def _rd(rows: Rows, options: Options) -> Pair:
    t = table_of(rows, options)
    p1, p2 = t.average_risks(rows) if options.vtype == "AV" else (t.p1, t.p2)
    lost = 1 if options.vtype == "UB" else 0
    return t.p1 - t.p2, p1 * (1 - p1) / (t.n1 - lost) + p2 * (1 - p2) / (t.n2 - lost)


def _as(rows: Rows, options: Options) -> Pair:
    t = table_of(rows, options)
    value = np.arcsin(np.sqrt(t.p1)) - np.arcsin(np.sqrt(t.p2))
    return value, 1 / (4 * t.n1) + 1 / (4 * t.n2)


def _peto(rows: Rows, options: Options) -> Pair:
    t = table_of(rows, options)
    n, events = t.n1 + t.n2, t.a + t.c
    v = (t.n1 / n) * (t.n2 / n) * events * (t.b + t.d) / (n - 1)
    return (t.a - t.n1 * events / n) / v, 1 / v


def _phi(rows: Rows, options: Options) -> Pair:
    t = table_of(rows, options)
    n, events = t.n1 + t.n2, t.a + t.c
    share1, event = t.n1 / n, events / n
    rest1, rest = 1 - share1, 1 - event
    spread = np.sqrt(share1 * rest1 * event * rest)
    phi = (t.a / n * (t.d / n) - t.b / n * (t.c / n)) / spread
    # All on one diagonal is ±1 exactly, and without variance.
    diagonal = (t.a + t.d == 0) | (t.b + t.c == 0)
    phi = np.where(diagonal, np.sign(phi), phi)
    if options.vtype == "ST":
        return phi, _phi_variance_of_fixed_arms(t, event)
    # Bishop, Fienberg and Holland: both margins are random.
    skew = (share1 - rest1) * (event - rest) / spread
    imbalance = (share1 - rest1) ** 2 / (share1 * rest1) + (event - rest) ** 2 / (event * rest)
    variance = (1 - phi**2 + phi * (1 + phi**2 / 2) * skew - 0.75 * phi**2 * imbalance) / n
    return phi, np.where(diagonal, 0.0, variance)


def _phi_variance_of_fixed_arms(t: Table, event: Array) -> Array:
    """Delta method over two binomials."""
    n = t.n1 + t.n2
    scale = np.sqrt(t.n1 / n * (t.n2 / n)) / np.sqrt(event * (1 - event))
    pull = (t.p1 - t.p2) * (1 - 2 * event) / (2 * event * (1 - event))
    by_first, by_second = 1 - pull * t.n1 / n, -1 - pull * t.n2 / n
    binomials = by_first**2 * t.p1 * (1 - t.p1) / t.n1 + by_second**2 * t.p2 * (1 - t.p2) / t.n2
    return scale**2 * binomials


def _yuq(rows: Rows, options: Options) -> Pair:
    t = table_of(rows, options)
    q = np.tanh(t.log_odds_ratio / 2)
    return q, (1 - q**2) ** 2 * t.log_odds_ratio_variance / 4


def _yuy(rows: Rows, options: Options) -> Pair:
    t = table_of(rows, options)
    y = np.tanh(t.log_odds_ratio / 4)
    return y, (1 - y**2) ** 2 * t.log_odds_ratio_variance / 16


def _rtet(rows: Rows, options: Options) -> Pair:
    t = table_of(rows, options)
    return tetrachoric_correlation(t.a, t.b, t.c, t.d)


def _pbit(rows: Rows, options: Options) -> Pair:
    t = table_of(rows, options)
    z1, z2 = ndtri(t.p1), ndtri(t.p2)
    variance = (
        2
        * np.pi
        * (t.p1 * (1 - t.p1) * np.exp(z1**2) / t.n1 + t.p2 * (1 - t.p2) * np.exp(z2**2) / t.n2)
    )
    return z1 - z2, variance


def _or2d_logistic(rows: Rows, options: Options) -> Pair:
    t = table_of(rows, options)
    return t.log_odds_ratio / LOGISTIC, t.log_odds_ratio_variance / LOGISTIC**2


def _or2d_normal(rows: Rows, options: Options) -> Pair:
    t = table_of(rows, options)
    return t.log_odds_ratio / NORMAL, t.log_odds_ratio_variance / NORMAL**2


def _zphi(rows: Rows, options: Options) -> Pair:
    return fisher_z(*_phi(rows, options))


def _ztet(rows: Rows, options: Options) -> Pair:
    return fisher_z(*_rtet(rows, options))


_CELLS = ("ai", "bi", "ci", "di")
_INSTEAD = "n1i and n2i for bi and di"
_AVERAGE = "the same with the risks of all studies together, weighted by size"
_STRATIFIED = "delta method over two binomials: the sizes of the arms are fixed"

BINARY = (
    MeasureFormula(
        measure=M.RR,
        name="Risk ratio",
        columns=_CELLS,
        instead=_INSTEAD,
        yi="log((a / n₁) / (c / n₂))",
        vi="1/a − 1/n₁ + 1/c − 1/n₂",
        variances={"AV": _AVERAGE},
        scale=Scale.LOG_RATIO,
        swap=Swap.FLIPS,
        cite="rr",
        add=0.5,
        compute=_rr,
    ),
    MeasureFormula(
        measure=M.OR,
        name="Odds ratio",
        columns=_CELLS,
        instead=_INSTEAD,
        yi="log(a d / (b c))",
        vi="1/a + 1/b + 1/c + 1/d",
        variances={"AV": _AVERAGE},
        scale=Scale.LOG_RATIO,
        swap=Swap.FLIPS,
        cite="or",
        add=0.5,
        compute=_or,
    ),
    MeasureFormula(
        measure=M.RD,
        name="Risk difference",
        columns=_CELLS,
        instead=_INSTEAD,
        yi="p₁ − p₂",
        vi="p₁ (1 − p₁) / n₁ + p₂ (1 − p₂) / n₂",
        variances={"UB": "p₁ (1 − p₁) / (n₁ − 1) + p₂ (1 − p₂) / (n₂ − 1)", "AV": _AVERAGE},
        scale=Scale.PROBABILITY,
        swap=Swap.FLIPS,
        cite="rd",
        add=0.5,
        compute=_rd,
    ),
    MeasureFormula(
        measure=M.AS,
        name="Arcsine difference",
        columns=_CELLS,
        instead=_INSTEAD,
        yi="arcsin √p₁ − arcsin √p₂",
        vi="1 / (4 n₁) + 1 / (4 n₂)",
        scale=Scale.TRANSFORMED_PROBABILITY,
        swap=Swap.FLIPS,
        cite="as",
        compute=_as,
    ),
    MeasureFormula(
        measure=M.PETO,
        name="Peto's odds ratio",
        columns=_CELLS,
        instead=_INSTEAD,
        yi="(a − n₁ (a + c) / N) / V",
        vi="1 / V, V = n₁ n₂ (a + c) (b + d) / (N² (N − 1))",
        scale=Scale.LOG_RATIO,
        swap=Swap.FLIPS,
        cite="peto",
        add=0.5,
        compute=_peto,
    ),
    MeasureFormula(
        measure=M.PHI,
        name="Phi coefficient",
        columns=_CELLS,
        instead=_INSTEAD,
        yi="(a d − b c) / √(n₁ n₂ (a + c) (b + d))",
        vi=(
            "(1 − φ² + φ (1 + φ²/2) (n₁ − n₂)(m₁ − m₂) / √(n₁ n₂ m₁ m₂) "
            "− ¾ φ² ((n₁ − n₂)² / (n₁ n₂) + (m₁ − m₂)² / (m₁ m₂))) / N, m₁ = a + c, m₂ = b + d"
        ),
        variances={"CS": "the same: both margins are random", "ST": _STRATIFIED},
        scale=Scale.CORRELATION,
        swap=Swap.FLIPS,
        cite="phi",
        compute=_phi,
    ),
    MeasureFormula(
        measure=M.ZPHI,
        name="Fisher's z of the phi coefficient",
        columns=_CELLS,
        instead=_INSTEAD,
        yi="artanh φ",
        vi="variance of φ / (1 − φ²)²",
        variances={"CS": "the same: both margins are random", "ST": _STRATIFIED},
        scale=Scale.FISHER_Z,
        swap=Swap.FLIPS,
        cite="zphi",
        compute=_zphi,
    ),
    MeasureFormula(
        measure=M.YUQ,
        name="Yule's Q",
        columns=_CELLS,
        instead=_INSTEAD,
        yi="(a d − b c) / (a d + b c)",
        vi="(1 − Q²)² (1/a + 1/b + 1/c + 1/d) / 4",
        scale=Scale.CORRELATION,
        swap=Swap.FLIPS,
        cite="yuq",
        add=0.5,
        compute=_yuq,
    ),
    MeasureFormula(
        measure=M.YUY,
        name="Yule's Y",
        columns=_CELLS,
        instead=_INSTEAD,
        yi="(√(a d) − √(b c)) / (√(a d) + √(b c))",
        vi="(1 − Y²)² (1/a + 1/b + 1/c + 1/d) / 16",
        scale=Scale.CORRELATION,
        swap=Swap.FLIPS,
        cite="yuy",
        add=0.5,
        compute=_yuy,
    ),
    MeasureFormula(
        measure=M.RTET,
        name="Tetrachoric correlation",
        columns=_CELLS,
        instead=_INSTEAD,
        yi="r with Φ₂(Φ⁻¹(n₁ / N), Φ⁻¹((a + c) / N); r) = a / N",
        vi="inverse information on r with both cuts estimated",
        scale=Scale.CORRELATION,
        swap=Swap.FLIPS,
        cite="rtet",
        compute=_rtet,
    ),
    MeasureFormula(
        measure=M.ZTET,
        name="Fisher's z of the tetrachoric correlation",
        columns=_CELLS,
        instead=_INSTEAD,
        yi="artanh r",
        vi="variance of r / (1 − r²)²",
        scale=Scale.FISHER_Z,
        swap=Swap.FLIPS,
        cite="ztet",
        compute=_ztet,
    ),
    MeasureFormula(
        measure=M.PBIT,
        name="Difference of probits",
        columns=_CELLS,
        instead=_INSTEAD,
        yi="Φ⁻¹(p₁) − Φ⁻¹(p₂)",
        vi="Σ 2π p (1 − p) exp(Φ⁻¹(p)²) / n",
        scale=Scale.SD,
        swap=Swap.FLIPS,
        cite="pbit",
        add=0.5,
        compute=_pbit,
    ),
    *(
        MeasureFormula(
            measure=measure,
            name="Odds ratio as a standardised difference, logistic",
            columns=_CELLS,
            instead=_INSTEAD,
            yi="log(a d / (b c)) × √3 / π",
            vi="(1/a + 1/b + 1/c + 1/d) × 3 / π²",
            scale=Scale.SD,
            swap=Swap.FLIPS,
            cite="or2dl",
            add=0.5,
            compute=_or2d_logistic,
        )
        for measure in (M.OR2DL, M.OR2D)
    ),
    MeasureFormula(
        measure=M.OR2DN,
        name="Odds ratio as a standardised difference, normal",
        columns=_CELLS,
        instead=_INSTEAD,
        yi="log(a d / (b c)) / 1.65",
        vi="(1/a + 1/b + 1/c + 1/d) / 1.65²",
        scale=Scale.SD,
        swap=Swap.FLIPS,
        cite="or2dn",
        add=0.5,
        compute=_or2d_normal,
    ),
)
