"""Two variables, or a predictor in a regression: correlations and shares of variance."""

from __future__ import annotations

import numpy as np
from scipy.special import betainccinv

from equipoise.evidence.effects.estimate import EffectMeasure as M
from equipoise.evidence.effects.measures.binary import Pair
from equipoise.evidence.effects.measures.formula import (
    Array,
    MeasureFormula,
    Options,
    Rows,
    Scale,
    Swap,
    fisher_z,
)
from equipoise.evidence.effects.measures.two_means import signed_t
from equipoise.stats.hypergeometric import hypergeometric_2f1


def _correlation(rows: Rows) -> tuple[Array, Array]:
    """Correlation and n; from t or a signed p of its test where it is not there itself."""
    n = rows.group_size("ni")
    r, t = rows.optional("ri"), signed_t(rows, n - 2)
    rows.refuse(np.abs(r) > 1, "ri is not a correlation from -1 to 1")
    r = np.where(np.isnan(r), t / np.sqrt(t**2 + n - 2), r)
    rows.refuse(np.isnan(r), "neither ri, nor t, nor p gives a correlation")
    return r, n


def _average(rows: Rows, values: Array, weights: Array, options: Options) -> Array:
    if options.vtype.startswith("AV"):
        return np.full_like(values, rows.mean(values, weights))
    return values


def _large_sample_variance(r: Array, n: Array) -> Array:
    """(1 − r²)² / (n − 1), from four people on, as for Fisher's z."""
    return np.where(n > 3, ((1 - r) * (1 + r)) ** 2 / (n - 1), np.nan)


def _cor(rows: Rows, options: Options) -> Pair:
    r, n = _correlation(rows)
    at = _average(rows, r, n, options)
    return r, _large_sample_variance(at, n)


def _ucor(rows: Rows, options: Options) -> Pair:
    r, n = _correlation(rows)
    rest = (1 - r) * (1 + r)
    rows.refuse(n <= 2, "ni is less than 3")
    unbiased = np.where(r == 0, 0.0, r * hypergeometric_2f1(0.5, (n - 2) / 2, rest))
    if options.vtype == "UB":
        square = 1 - (n - 3) / (n - 2) * rest * hypergeometric_2f1(1.0, n / 2, rest)
        return unbiased, unbiased**2 - square
    at = _average(rows, unbiased, n, options)
    return unbiased, _large_sample_variance(at, n)


def _zcor(rows: Rows, options: Options) -> Pair:
    r, n = _correlation(rows)
    return np.arctanh(np.where(np.abs(r) < 1, r, np.nan)), 1 / (n - 3)


def _regression(rows: Rows) -> tuple[Array, Array, Array]:
    """n, number of predictors and residual degrees of freedom."""
    n, m = rows.column("ni"), rows.column("mi")
    rows.refuse(m < 1, "mi counts no predictor")
    df = n - m - 1
    rows.refuse(df < 1, "there are no degrees of freedom left for the residuals")
    return n, m, df


def _partial(rows: Rows) -> tuple[Array, Array]:
    n, m, df = _regression(rows)
    r, t = rows.optional("ri"), signed_t(rows, df)
    rows.refuse(np.abs(r) > 1, "ri is not a correlation from -1 to 1")
    r = np.where(np.isnan(r), t / np.sqrt(t**2 + df), r)
    rows.refuse(np.isnan(r), "neither ri, nor t, nor p gives a partial correlation")
    return r, n - m


def _pcor(rows: Rows, options: Options) -> Pair:
    r, size = _partial(rows)
    return r, ((1 - r) * (1 + r)) ** 2 / size


def _zpcor(rows: Rows, options: Options) -> Pair:
    r, size = _partial(rows)
    return np.arctanh(np.where(np.abs(r) < 1, r, np.nan)), 1 / (size - 2)


def _share(rows: Rows) -> Array:
    r2 = rows.column("r2i")
    rows.refuse((r2 < 0) | (r2 > 1), "r2i is not a share from 0 to 1")
    return r2


def _spcor(rows: Rows, options: Options) -> Pair:
    n, _, df = _regression(rows)
    r2 = _share(rows)
    r, t = rows.optional("ri"), signed_t(rows, df)
    r = np.where(np.isnan(r), t * np.sqrt((1 - r2) / df), r)
    rows.refuse(np.isnan(r), "neither ri, nor t, nor p gives a semi-partial correlation")
    without = r2 - r**2
    rows.refuse(without < -1e-9, "the predictor explains more than the whole regression")
    return r, (r2**2 - 2 * r2 + without + 1 - without**2) / n


def _zspcor(rows: Rows, options: Options) -> Pair:
    return fisher_z(*_spcor(rows, options))


def _determination(rows: Rows) -> tuple[Array, Array, Array]:
    """R² with n and m; from F or its p-value where it is not there itself."""
    n, m, df = _regression(rows)
    r2, f, p = rows.optional("r2i"), rows.optional("fi"), rows.optional("pi")
    rows.refuse((r2 < 0) | (r2 > 1), "r2i is not a share from 0 to 1")
    rows.refuse(f < 0, "fi is negative")
    rows.refuse((p <= 0) | (p > 1), "pi is not a p-value")
    r2 = np.where(np.isnan(r2), m * f / (m * f + df), r2)
    # Without an effect R² follows a beta distribution, of which p is the upper tail.
    r2 = np.where(np.isnan(r2), betainccinv(m / 2, df / 2, p), r2)
    rows.refuse(np.isnan(r2), "neither r2i, nor F, nor p gives a share of variance")
    return r2, n, m


def _r2(rows: Rows, options: Options) -> Pair:
    r2, n, m = _determination(rows)
    at = _average(rows, r2, n, options)
    if options.vtype in ("LS2", "AV2"):
        return r2, 4 * at * (1 - at) ** 2 * (n - m - 1) ** 2 / ((n**2 - 1) * (n + 3))
    return r2, 4 * at * (1 - at) ** 2 / n


def _zr2(rows: Rows, options: Options) -> Pair:
    r2, n, _ = _determination(rows)
    return np.arctanh(np.sqrt(np.where(r2 < 1, r2, np.nan))), 1 / n


_PARTIAL = ("ti", "mi", "ni")
_T_OR_P = "ri, or pi (a two-sided p with the sign), for ti"
_AVERAGE = "the same at the mean over all studies, weighted by size"

ASSOCIATION = (
    MeasureFormula(
        measure=M.COR,
        name="Correlation",
        columns=("ri", "ni"),
        instead="ti or pi, of the test of no correlation, for ri",
        yi="r",
        vi="(1 − r²)² / (n − 1), n > 3",
        variances={"AV": _AVERAGE},
        scale=Scale.CORRELATION,
        swap=Swap.ONE_GROUP,
        cite="cor",
        compute=_cor,
    ),
    MeasureFormula(
        measure=M.UCOR,
        name="Correlation corrected for bias",
        columns=("ri", "ni"),
        instead="ti or pi, of the test of no correlation, for ri",
        yi="u = r ₂F₁(½, ½; (n − 2)/2; 1 − r²)",
        vi="(1 − u²)² / (n − 1), n > 3",
        variances={
            "UB": "u² − 1 + (n − 3)/(n − 2) (1 − r²) ₂F₁(1, 1; n/2; 1 − r²)",
            "AV": _AVERAGE,
        },
        scale=Scale.CORRELATION,
        swap=Swap.ONE_GROUP,
        cite="ucor",
        compute=_ucor,
    ),
    MeasureFormula(
        measure=M.ZCOR,
        name="Fisher's z of a correlation",
        columns=("ri", "ni"),
        instead="ti or pi, of the test of no correlation, for ri",
        yi="artanh r",
        vi="1 / (n − 3)",
        scale=Scale.FISHER_Z,
        swap=Swap.ONE_GROUP,
        cite="zcor",
        compute=_zcor,
    ),
    MeasureFormula(
        measure=M.PCOR,
        name="Partial correlation",
        columns=_PARTIAL,
        instead=_T_OR_P,
        yi="r = t / √(t² + n − m − 1), m predictors with the one in question",
        vi="(1 − r²)² / (n − m)",
        scale=Scale.CORRELATION,
        swap=Swap.ONE_GROUP,
        cite="pcor",
        compute=_pcor,
    ),
    MeasureFormula(
        measure=M.ZPCOR,
        name="Fisher's z of a partial correlation",
        columns=_PARTIAL,
        instead=_T_OR_P,
        yi="artanh r",
        vi="1 / (n − m − 2)",
        scale=Scale.FISHER_Z,
        swap=Swap.ONE_GROUP,
        cite="zpcor",
        compute=_zpcor,
    ),
    MeasureFormula(
        measure=M.SPCOR,
        name="Semi-partial correlation",
        columns=(*_PARTIAL, "r2i"),
        instead=_T_OR_P,
        yi="r = t √((1 − R²) / (n − m − 1))",
        vi="(R⁴ − 2 R² + Q + 1 − Q²) / n, Q = R² − r²",
        scale=Scale.CORRELATION,
        swap=Swap.ONE_GROUP,
        cite="spcor",
        compute=_spcor,
    ),
    MeasureFormula(
        measure=M.ZSPCOR,
        name="Fisher's z of a semi-partial correlation",
        columns=(*_PARTIAL, "r2i"),
        instead=_T_OR_P,
        yi="artanh r",
        vi="variance of r / (1 − r²)²",
        scale=Scale.FISHER_Z,
        swap=Swap.ONE_GROUP,
        cite="zspcor",
        compute=_zspcor,
    ),
    MeasureFormula(
        measure=M.R2,
        name="Coefficient of determination",
        columns=("r2i", "mi", "ni"),
        instead="fi or pi, of the test of all predictors, for r2i",
        yi="R²",
        vi="4 R² (1 − R²)² / n",
        variances={
            "LS2": "4 R² (1 − R²)² (n − m − 1)² / ((n² − 1) (n + 3))",
            "AV": _AVERAGE,
            "AV2": "LS2 at the mean over all studies, weighted by size",
        },
        scale=Scale.SHARE,
        swap=Swap.ONE_GROUP,
        cite="r2",
        compute=_r2,
    ),
    MeasureFormula(
        measure=M.ZR2,
        name="Fisher's z of the root of a coefficient of determination",
        columns=("r2i", "mi", "ni"),
        instead="fi or pi, of the test of all predictors, for r2i",
        yi="artanh √R²",
        vi="1 / n",
        scale=Scale.FISHER_Z,
        swap=Swap.ONE_GROUP,
        cite="zr2",
        compute=_zr2,
    ),
)
