"""One group: proportions, means, the spread of an outcome, reliability, genotypes."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

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
from equipoise.stats.small_samples import small_sample_factor


def _counts(rows: Rows, options: Options) -> tuple[Array, Array]:
    """People with the event and without it, after anything was added."""
    x, rest, n = rows.column("xi"), rows.optional("mi"), rows.optional("ni")
    rows.refuse(np.isnan(rest) & np.isnan(n), "neither mi nor ni is there")
    rows.refuse(n < x, "more events than people")
    rest = np.where(np.isnan(rest), n - x, rest)
    with_event, without = filled(rows, {"xi": x, "mi": rest}, options)
    rows.used = {"x": with_event, "n": with_event + without}
    return with_event, without


def _variance_at(rows: Rows, p: Array, n: Array, options: Options) -> Array:
    """Proportion that the variance is taken at: the row's own, or that of all rows together."""
    return np.full_like(p, rows.mean(p, n)) if options.vtype == "AV" else p


def _pr(rows: Rows, options: Options) -> Pair:
    x, rest = _counts(rows, options)
    n = x + rest
    at = _variance_at(rows, x / n, n, options)
    return x / n, at * (1 - at) / (n - 1 if options.vtype == "UB" else n)


def _pln(rows: Rows, options: Options) -> Pair:
    x, rest = _counts(rows, options)
    n = x + rest
    at = _variance_at(rows, x / n, n, options)
    return np.log(x) - np.log(n), (1 - at) / at / n


def _plo(rows: Rows, options: Options) -> Pair:
    x, rest = _counts(rows, options)
    n = x + rest
    at = _variance_at(rows, x / n, n, options)
    return np.log(x) - np.log(rest), 1 / (at * (1 - at) * n)


def _prz(rows: Rows, options: Options) -> Pair:
    x, rest = _counts(rows, options)
    n = x + rest
    p = x / n
    z = ndtri(p)
    return z, 2 * np.pi * p * (1 - p) * np.exp(z**2) / n


def _pas(rows: Rows, options: Options) -> Pair:
    x, rest = _counts(rows, options)
    return np.arcsin(np.sqrt(x / (x + rest))), 1 / (4 * (x + rest))


def _pft(rows: Rows, options: Options) -> Pair:
    x, rest = _counts(rows, options)
    n = x + rest
    value = np.arcsin(np.sqrt(x / (n + 1))) + np.arcsin(np.sqrt((x + 1) / (n + 1)))
    return value / 2, 1 / (4 * n + 2)


def _mn(rows: Rows, options: Options) -> Pair:
    return rows.column("mi"), rows.spread("sdi") ** 2 / rows.group_size("ni")


def _smn(rows: Rows, options: Options) -> Pair:
    mean, sd, n = rows.column("mi"), rows.spread("sdi"), rows.group_size("ni")
    g = mean / sd * (small_sample_factor(n - 1) if options.correct else 1.0)
    return g, 1 / n + g**2 / (2 * n)


def _mnln(rows: Rows, options: Options) -> Pair:
    mean, sd, n = rows.positive("mi"), rows.spread("sdi"), rows.group_size("ni")
    return np.log(mean), (sd / mean) ** 2 / n


def _sdln(rows: Rows, options: Options) -> Pair:
    sd, n = rows.spread("sdi"), rows.group_size("ni")
    half = 1 / (2 * (n - 1))
    return np.log(sd) + half * options.correct, half


def _cvln(rows: Rows, options: Options) -> Pair:
    mean, sd, n = rows.positive("mi"), rows.spread("sdi"), rows.group_size("ni")
    half = 1 / (2 * (n - 1))
    return np.log(sd) - np.log(mean) + half * options.correct, half + (sd / mean) ** 2 / n


def _alpha(rows: Rows) -> tuple[Array, Array, Array]:
    alpha, items, n = rows.column("ai"), rows.group_size("mi"), rows.group_size("ni", 3)
    rows.refuse(alpha > 1, "ai is an alpha above one")
    return alpha, items, n


def _araw(rows: Rows, options: Options) -> Pair:
    alpha, m, n = _alpha(rows)
    return alpha, 2 * m * (1 - alpha) ** 2 / ((m - 1) * (n - 2))


def _ahw(rows: Rows, options: Options) -> Pair:
    alpha, m, n = _alpha(rows)
    root = np.cbrt(1 - alpha)
    return 1 - root, 18 * m * (n - 1) * root**2 / ((m - 1) * (9 * n - 11) ** 2)


def _abt(rows: Rows, options: Options) -> Pair:
    alpha, m, n = _alpha(rows)
    return -np.log1p(-alpha), 2 * m / ((m - 1) * (n - 2))


def _reh(rows: Rows, options: Options) -> Pair:
    dominant, mixed, recessive = (rows.column(c) for c in ("ai", "bi", "ci"))
    rows.refuse((dominant < 0) | (mixed < 0) | (recessive < 0), "a count is negative")
    value = np.log(mixed) - np.log(2) - (np.log(dominant) + np.log(recessive)) / 2
    return value, 1 / mixed + 1 / (4 * dominant) + 1 / (4 * recessive)


_COUNTS = ("xi", "ni")
_INSTEAD = "mi, people without the event, for ni"
_MEAN = ("mi", "sdi", "ni")
_ALPHA = ("ai", "mi", "ni")
_AVERAGE = "the same at the proportion of all studies together"

ONE_GROUP = (
    MeasureFormula(
        measure=M.PR,
        name="Proportion",
        columns=_COUNTS,
        instead=_INSTEAD,
        yi="p = x / n",
        vi="p (1 − p) / n",
        variances={"UB": "p (1 − p) / (n − 1)", "AV": _AVERAGE},
        scale=Scale.PROBABILITY,
        swap=Swap.ONE_GROUP,
        cite="pr",
        add=0.5,
        compute=_pr,
    ),
    MeasureFormula(
        measure=M.PLN,
        name="Logarithm of a proportion",
        columns=_COUNTS,
        instead=_INSTEAD,
        yi="log(x / n)",
        vi="1/x − 1/n",
        variances={"AV": _AVERAGE},
        scale=Scale.TRANSFORMED_PROBABILITY,
        swap=Swap.ONE_GROUP,
        cite="pln",
        add=0.5,
        compute=_pln,
    ),
    MeasureFormula(
        measure=M.PLO,
        name="Log odds of a proportion",
        columns=_COUNTS,
        instead=_INSTEAD,
        yi="log(x / (n − x))",
        vi="1/x + 1/(n − x)",
        variances={"AV": _AVERAGE},
        scale=Scale.TRANSFORMED_PROBABILITY,
        swap=Swap.ONE_GROUP,
        cite="plo",
        add=0.5,
        compute=_plo,
    ),
    MeasureFormula(
        measure=M.PRZ,
        name="Probit of a proportion",
        columns=_COUNTS,
        instead=_INSTEAD,
        yi="z = Φ⁻¹(x / n)",
        vi="2π p (1 − p) exp(z²) / n",
        scale=Scale.TRANSFORMED_PROBABILITY,
        swap=Swap.ONE_GROUP,
        cite="prz",
        add=0.5,
        compute=_prz,
    ),
    MeasureFormula(
        measure=M.PAS,
        name="Arcsine of the root of a proportion",
        columns=_COUNTS,
        instead=_INSTEAD,
        yi="arcsin √(x / n)",
        vi="1 / (4 n)",
        scale=Scale.TRANSFORMED_PROBABILITY,
        swap=Swap.ONE_GROUP,
        cite="pas",
        compute=_pas,
    ),
    MeasureFormula(
        measure=M.PFT,
        name="Double arcsine of a proportion",
        columns=_COUNTS,
        instead=_INSTEAD,
        yi="(arcsin √(x / (n + 1)) + arcsin √((x + 1) / (n + 1))) / 2",
        vi="1 / (4 n + 2)",
        scale=Scale.TRANSFORMED_PROBABILITY,
        swap=Swap.ONE_GROUP,
        cite="pft",
        compute=_pft,
    ),
    MeasureFormula(
        measure=M.MN,
        name="Mean",
        columns=_MEAN,
        yi="mean",
        vi="SD² / n",
        scale=Scale.OUTCOME,
        swap=Swap.ONE_GROUP,
        cite="mn",
        compute=_mn,
    ),
    MeasureFormula(
        measure=M.SMN,
        name="Standardised mean",
        columns=_MEAN,
        yi="g = J mean / SD, J on n − 1",
        vi="1/n + g² / (2 n)",
        scale=Scale.SD,
        swap=Swap.ONE_GROUP,
        cite="smn",
        correct=True,
        compute=_smn,
    ),
    MeasureFormula(
        measure=M.MNLN,
        name="Logarithm of a mean",
        columns=_MEAN,
        yi="log(mean)",
        vi="SD² / (n mean²)",
        scale=Scale.LOGARITHM,
        swap=Swap.ONE_GROUP,
        cite="mnln",
        compute=_mnln,
    ),
    MeasureFormula(
        measure=M.SDLN,
        name="Logarithm of a standard deviation",
        columns=("sdi", "ni"),
        yi="log(SD) + 1 / (2 (n − 1))",
        vi="1 / (2 (n − 1))",
        scale=Scale.LOGARITHM,
        swap=Swap.ONE_GROUP,
        cite="sdln",
        correct=True,
        compute=_sdln,
    ),
    MeasureFormula(
        measure=M.CVLN,
        name="Logarithm of a coefficient of variation",
        columns=_MEAN,
        yi="log(SD / mean) + 1 / (2 (n − 1))",
        vi="1 / (2 (n − 1)) + SD² / (n mean²)",
        scale=Scale.LOGARITHM,
        swap=Swap.ONE_GROUP,
        cite="cvln",
        correct=True,
        compute=_cvln,
    ),
    MeasureFormula(
        measure=M.ARAW,
        name="Cronbach's alpha",
        columns=_ALPHA,
        yi="α",
        vi="2 m (1 − α)² / ((m − 1) (n − 2)), m items",
        scale=Scale.RELIABILITY,
        swap=Swap.ONE_GROUP,
        cite="araw",
        compute=_araw,
    ),
    MeasureFormula(
        measure=M.AHW,
        name="Cronbach's alpha, Hakstian and Whalen",
        columns=_ALPHA,
        yi="1 − (1 − α)^(1/3)",
        vi="18 m (n − 1) (1 − α)^(2/3) / ((m − 1) (9 n − 11)²)",
        scale=Scale.RELIABILITY,
        swap=Swap.ONE_GROUP,
        cite="ahw",
        compute=_ahw,
    ),
    MeasureFormula(
        measure=M.ABT,
        name="Cronbach's alpha, Bonett",
        columns=_ALPHA,
        yi="−log(1 − α)",
        vi="2 m / ((m − 1) (n − 2))",
        scale=Scale.RELIABILITY,
        swap=Swap.ONE_GROUP,
        cite="abt",
        compute=_abt,
    ),
    MeasureFormula(
        measure=M.REH,
        name="Relative excess heterozygosity",
        columns=("ai", "bi", "ci"),
        yi="log(b / (2 √(a c))), b heterozygotes, a and c homozygotes",
        vi="1/b + 1 / (4 a) + 1 / (4 c)",
        scale=Scale.LOG_RATIO,
        swap=Swap.ONE_GROUP,
        cite="reh",
        compute=_reh,
    ),
)
