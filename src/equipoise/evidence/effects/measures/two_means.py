"""Measurements in two independent arms: differences, ratios, spreads, and what follows from d."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit

from equipoise.evidence.effects.estimate import EffectMeasure as M
from equipoise.evidence.effects.means import EQUAL_SD
from equipoise.evidence.effects.measures.binary import LOGISTIC, NORMAL, Pair
from equipoise.evidence.effects.measures.formula import (
    Array,
    MeasureFormula,
    Options,
    Rows,
    Scale,
    Swap,
    fisher_z,
)
from equipoise.evidence.effects.uncertainty import T_TEST
from equipoise.stats.small_samples import small_sample_factor


@dataclass(frozen=True, slots=True)
class TwoMeans:
    """Means, standard deviations and sizes of two arms."""

    m1: Array
    sd1: Array
    n1: Array
    m2: Array
    sd2: Array
    n2: Array

    @property
    def pooled_sd(self) -> Array:
        """Root of the pooled variance; by hypot, so that no square overflows."""
        first, second = np.sqrt(self.n1 - 1) * self.sd1, np.sqrt(self.n2 - 1) * self.sd2
        pooled: Array = np.hypot(first, second) / np.sqrt(self.n1 + self.n2 - 2)
        return pooled

    @property
    def mean_variance_sd(self) -> Array:
        """Root of the mean of the two variances."""
        sd: Array = np.hypot(self.sd1, self.sd2) / np.sqrt(2)
        return sd

    @property
    def cv1(self) -> Array:
        """Coefficient of variation of the first arm."""
        return self.sd1 / self.m1

    @property
    def cv2(self) -> Array:
        """Coefficient of variation of the second arm."""
        return self.sd2 / self.m2


def _arms(rows: Rows) -> TwoMeans:
    return TwoMeans(
        m1=rows.column("m1i"),
        sd1=rows.spread("sd1i"),
        n1=rows.group_size("n1i"),
        m2=rows.column("m2i"),
        sd2=rows.spread("sd2i"),
        n2=rows.group_size("n2i"),
    )


def signed_t(rows: Rows, df: Array) -> Array:
    """The t statistic as printed, or from a two-sided p that carries the sign of the effect."""
    t, p = rows.optional("ti"), rows.optional("pi")
    from_p = np.isnan(t) & ~np.isnan(p)
    rows.refuse(from_p & ((p == 0) | (np.abs(p) > 1)), "pi is not a p-value with a sign")
    rows.assume(from_p, T_TEST)
    return np.where(np.isnan(t), -np.sign(p) * stdtrit(df, np.abs(p) / 2), t)


def _cohen(rows: Rows) -> tuple[Array, Array, Array]:
    """Cohen's d with the sizes of the arms: from means, or printed, or from t or p."""
    n1, n2 = rows.group_size("n1i"), rows.group_size("n2i")
    m1, m2 = rows.optional("m1i"), rows.optional("m2i")
    sd1, sd2 = rows.optional("sd1i"), rows.optional("sd2i")
    rows.refuse((sd1 < 0) | (sd2 < 0), "a standard deviation is negative")
    arms = TwoMeans(m1, sd1, n1, m2, sd2, n2)
    t = signed_t(rows, n1 + n2 - 2)
    d = (m1 - m2) / arms.pooled_sd
    d = np.where(np.isnan(d), rows.optional("di"), d)
    d = np.where(np.isnan(d), t * np.sqrt(1 / n1 + 1 / n2), d)
    rows.refuse(
        np.isnan(d),
        "neither means with standard deviations, nor d, nor t, nor p gives a difference",
    )
    rows.assume(np.ones(rows.size, dtype=bool), EQUAL_SD)
    return d, n1, n2


def _factor(df: Array, options: Options) -> Array:
    return small_sample_factor(df) if options.correct else np.ones_like(df)


def _md(rows: Rows, options: Options) -> Pair:
    x = _arms(rows)
    if options.vtype == "HO":
        rows.assume(np.ones(rows.size, dtype=bool), EQUAL_SD)
        return x.m1 - x.m2, x.pooled_sd**2 * (1 / x.n1 + 1 / x.n2)
    return x.m1 - x.m2, x.sd1**2 / x.n1 + x.sd2**2 / x.n2


def _variance_of_g(
    rows: Rows, d: Array, j: Array, n1: Array, n2: Array, behind: Array, df: Array, vtype: str
) -> Array:
    """Variance of g = J d, whose standard deviation was estimated from `behind` people."""
    sizes, g = 1 / n1 + 1 / n2, j * d
    if vtype == "H0":
        return sizes
    if vtype == "LS2":
        return j**2 * (sizes + d**2 / (2 * behind))
    if vtype == "UB":
        return sizes + (1 - (df - 2) / (df * small_sample_factor(df) ** 2)) * g**2
    if vtype == "AV":
        g = np.full_like(g, rows.mean(g, n1 + n2))
    return sizes + g**2 / (2 * behind)


def _smd(rows: Rows, options: Options) -> Pair:
    d, n1, n2 = _cohen(rows)
    df = n1 + n2 - 2
    j = _factor(df, options)
    return j * d, _variance_of_g(rows, d, j, n1, n2, n1 + n2, df, options.vtype)


def _smd1(rows: Rows, options: Options) -> Pair:
    m1, m2, sd2 = rows.column("m1i"), rows.column("m2i"), rows.spread("sd2i")
    n1, n2 = rows.group_size("n1i"), rows.group_size("n2i")
    d, df = (m1 - m2) / sd2, n2 - 1
    j = _factor(df, options)
    rows.assume(np.ones(rows.size, dtype=bool), EQUAL_SD)
    return j * d, _variance_of_g(rows, d, j, n1, n2, n2, df, options.vtype)


def _smdh(rows: Rows, options: Options) -> Pair:
    x = _arms(rows)
    sd = x.mean_variance_sd
    g = _factor(x.n1 + x.n2 - 2, options) * (x.m1 - x.m2) / sd
    r1, r2, df1, df2 = x.sd1 / sd, x.sd2 / sd, x.n1 - 1, x.n2 - 1
    return g, r1**2 / df1 + r2**2 / df2 + g**2 * (r1**4 / df1 + r2**4 / df2) / 8


def _smd1h(rows: Rows, options: Options) -> Pair:
    x = _arms(rows)
    g = _factor(x.n2 - 1, options) * (x.m1 - x.m2) / x.sd2
    df1, df2 = x.n1 - 1, x.n2 - 1
    return g, (x.sd1 / x.sd2) ** 2 / df1 + 1 / df2 + g**2 / (2 * df2)


def _rom(rows: Rows, options: Options) -> Pair:
    x = _arms(rows)
    rows.refuse(x.m1 / x.m2 <= 0, "the means are not of one sign, or one is zero")
    value = np.log(x.m1 / x.m2)
    if options.correct:
        value = value + (x.cv1**2 / x.n1 - x.cv2**2 / x.n2) / 2
    cv1, cv2 = np.abs(x.cv1), np.abs(x.cv2)
    if options.vtype == "HO":
        cv1, cv2 = x.pooled_sd / x.m1, x.pooled_sd / x.m2
    elif options.vtype == "AV":
        cv1 = np.full_like(cv1, rows.mean(cv1, x.n1))
        cv2 = np.full_like(cv2, rows.mean(cv2, x.n2))
    elif options.vtype == "AVHO":
        both = rows.mean((x.n1 * cv1 + x.n2 * cv2) / (x.n1 + x.n2), x.n1 + x.n2)
        cv1, cv2 = np.full_like(cv1, both), np.full_like(cv2, both)
    return value, cv1**2 / x.n1 + cv2**2 / x.n2


def _log_sd_ratio(sd1: Array, n1: Array, sd2: Array, n2: Array, options: Options) -> Pair:
    value = np.log(sd1) - np.log(sd2)
    if options.correct:
        value = value + 1 / (2 * (n1 - 1)) - 1 / (2 * (n2 - 1))
    return value, 1 / (2 * (n1 - 1)) + 1 / (2 * (n2 - 1))


def _vr(rows: Rows, options: Options) -> Pair:
    sd1, sd2 = rows.spread("sd1i"), rows.spread("sd2i")
    return _log_sd_ratio(sd1, rows.group_size("n1i"), sd2, rows.group_size("n2i"), options)


def _cvr(rows: Rows, options: Options) -> Pair:
    x = _arms(rows)
    rows.refuse((x.m1 <= 0) | (x.m2 <= 0), "a mean is not positive")
    spread, spread_variance = _log_sd_ratio(x.sd1, x.n1, x.sd2, x.n2, options)
    mean1, mean2 = x.cv1**2 / x.n1, x.cv2**2 / x.n2
    value = spread - np.log(x.m1) + np.log(x.m2)
    if options.correct:
        value = value - (mean1 - mean2) / 2
    return value, spread_variance + mean1 + mean2


def _rpb(rows: Rows, options: Options) -> Pair:
    d, n1, n2 = _cohen(rows)
    n = n1 + n2
    h = (n - 2) / n1 + (n - 2) / n2
    r = d / np.sqrt(d**2 + h)
    if options.vtype == "CS":
        share = n1 / n
        return r, (1 - r**2) ** 2 / n * (1 - 1.5 * r**2 + r**2 / (4 * share * (1 - share)))
    return r, h**2 / (h + d**2) ** 3 * (1 / n1 + 1 / n2 + d**2 / (2 * n))


def _rbis(rows: Rows, options: Options) -> Pair:
    d, n1, n2 = _cohen(rows)
    n = n1 + n2
    p, q = n1 / n, n2 / n
    cut = ndtri(p)
    density = np.exp(-(cut**2) / 2) / np.sqrt(2 * np.pi)
    h = (n - 2) / n1 + (n - 2) / n2
    r = np.sqrt(p * q) / density * d / np.sqrt(d**2 + h)
    # A sample's value can lie beyond one, where the variance is that at one.
    rho = np.clip(r, -1, 1)
    bend = p * q * cut**2 / density**2 - (2 * p - 1) * cut / density - 2.5
    return r, (rho**4 + rho**2 * bend + p * q / density**2) / (n - 1)


def _zpb(rows: Rows, options: Options) -> Pair:
    return fisher_z(*_rpb(rows, options))


def _zbis(rows: Rows, options: Options) -> Pair:
    return fisher_z(*_rbis(rows, options))


def _d2or(rows: Rows, factor: float) -> Pair:
    d, n1, n2 = _cohen(rows)
    return factor * d, factor**2 * (1 / n1 + 1 / n2 + d**2 / (2 * (n1 + n2)))


def _d2or_logistic(rows: Rows, options: Options) -> Pair:
    return _d2or(rows, LOGISTIC)


def _d2or_normal(rows: Rows, options: Options) -> Pair:
    return _d2or(rows, NORMAL)


def _clesn(rows: Rows, options: Options) -> Pair:
    x = _arms(rows)
    df1, df2 = x.n1 - 1, x.n2 - 1
    sd = np.hypot(x.sd1, x.sd2)
    share1, share2 = (x.sd1 / sd) ** 2, (x.sd2 / sd) ** 2
    delta = (x.m1 - x.m2) / sd
    variance = share1 / df1 + share2 / df2 + delta**2 / 2 * (share1**2 / df1 + share2**2 / df2)
    density = np.exp(-(delta**2) / 2) / np.sqrt(2 * np.pi)
    return ndtr(delta), density**2 * variance


_MEANS = ("m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i")
_INSTEAD = "di (Cohen's d), ti, or pi (a two-sided p with the sign) with n1i and n2i"
_OTHER_G = {
    "LS2": "J² (1/n₁ + 1/n₂ + d² / (2 n))",
    "UB": "1/n₁ + 1/n₂ + (1 − (m − 2) / (m J²)) g²",
    "AV": "1/n₁ + 1/n₂ + ḡ² / (2 n), ḡ the mean over all studies, weighted by size",
    "H0": "1/n₁ + 1/n₂",
}

TWO_MEANS = (
    MeasureFormula(
        measure=M.MD,
        name="Mean difference",
        columns=_MEANS,
        yi="mean₁ − mean₂",
        vi="SD₁² / n₁ + SD₂² / n₂",
        variances={"HO": "pooled SD² (1/n₁ + 1/n₂)"},
        scale=Scale.OUTCOME,
        swap=Swap.FLIPS,
        cite="md",
        compute=_md,
    ),
    MeasureFormula(
        measure=M.SMD,
        name="Standardised mean difference",
        columns=_MEANS,
        instead=_INSTEAD,
        yi="g = J d, d = (mean₁ − mean₂) / pooled SD, J on m = n₁ + n₂ − 2",
        vi="1/n₁ + 1/n₂ + g² / (2 (n₁ + n₂))",
        variances=_OTHER_G,
        scale=Scale.SD,
        swap=Swap.FLIPS,
        cite="smd-hedges",
        correct=True,
        compute=_smd,
    ),
    MeasureFormula(
        measure=M.SMDH,
        name="Standardised mean difference, variances may differ",
        columns=_MEANS,
        yi="g = J (mean₁ − mean₂) / s, s² = (SD₁² + SD₂²) / 2, J on n₁ + n₂ − 2",
        vi=("(SD₁²/(n₁ − 1) + SD₂²/(n₂ − 1)) / s² + g² (SD₁⁴/(n₁ − 1) + SD₂⁴/(n₂ − 1)) / (8 s⁴)"),
        scale=Scale.SD,
        swap=Swap.FLIPS,
        cite="smdh",
        correct=True,
        compute=_smdh,
    ),
    MeasureFormula(
        measure=M.SMD1,
        name="Standardised mean difference in the second arm's SD",
        columns=("m1i", "n1i", "m2i", "sd2i", "n2i"),
        yi="g = J (mean₁ − mean₂) / SD₂, J on m = n₂ − 1",
        vi="1/n₁ + 1/n₂ + g² / (2 n₂)",
        variances=_OTHER_G,
        scale=Scale.SD,
        swap=Swap.CHANGES,
        cite="smd1",
        correct=True,
        compute=_smd1,
    ),
    MeasureFormula(
        measure=M.SMD1H,
        name="Standardised mean difference in the second arm's SD, variances may differ",
        columns=_MEANS,
        yi="g = J (mean₁ − mean₂) / SD₂, J on n₂ − 1",
        vi="SD₁² / (SD₂² (n₁ − 1)) + 1/(n₂ − 1) + g² / (2 (n₂ − 1))",
        scale=Scale.SD,
        swap=Swap.CHANGES,
        cite="smd1h",
        correct=True,
        compute=_smd1h,
    ),
    MeasureFormula(
        measure=M.ROM,
        name="Ratio of means",
        columns=_MEANS,
        yi="log(mean₁ / mean₂) + (CV₁²/n₁ − CV₂²/n₂) / 2, CV = SD / mean",
        vi="CV₁²/n₁ + CV₂²/n₂",
        variances={
            "HO": "pooled SD² (1 / (n₁ mean₁²) + 1 / (n₂ mean₂²))",
            "AV": "the same with each arm's mean CV over all studies, weighted by size",
            "AVHO": "the same with the mean CV over both arms of all studies, weighted by size",
        },
        scale=Scale.LOG_RATIO,
        swap=Swap.FLIPS,
        cite="rom",
        correct=True,
        compute=_rom,
    ),
    MeasureFormula(
        measure=M.VR,
        name="Ratio of standard deviations",
        columns=("sd1i", "n1i", "sd2i", "n2i"),
        yi="log(SD₁ / SD₂) + 1 / (2 (n₁ − 1)) − 1 / (2 (n₂ − 1))",
        vi="1 / (2 (n₁ − 1)) + 1 / (2 (n₂ − 1))",
        scale=Scale.LOG_RATIO,
        swap=Swap.FLIPS,
        cite="vr",
        correct=True,
        compute=_vr,
    ),
    MeasureFormula(
        measure=M.CVR,
        name="Ratio of coefficients of variation",
        columns=_MEANS,
        yi="VR − log(mean₁ / mean₂) − (CV₁²/n₁ − CV₂²/n₂) / 2",
        vi="1 / (2 (n₁ − 1)) + 1 / (2 (n₂ − 1)) + CV₁²/n₁ + CV₂²/n₂",
        scale=Scale.LOG_RATIO,
        swap=Swap.FLIPS,
        cite="cvr",
        correct=True,
        compute=_cvr,
    ),
    MeasureFormula(
        measure=M.RPB,
        name="Point-biserial correlation",
        columns=_MEANS,
        instead=_INSTEAD,
        yi="d / √(d² + h), h = m/n₁ + m/n₂, m = n₁ + n₂ − 2",
        vi="h² / (h + d²)³ × (1/n₁ + 1/n₂ + d² / (2 N))",
        variances={
            "ST": "the same: the sizes of the arms are fixed",
            "CS": "(1 − r²)² (1 − 3/2 r² + r² / (4 p q)) / N, p = n₁ / N, q = n₂ / N",
        },
        scale=Scale.CORRELATION,
        swap=Swap.FLIPS,
        cite="rpb",
        compute=_rpb,
    ),
    MeasureFormula(
        measure=M.ZPB,
        name="Fisher's z of the point-biserial correlation",
        columns=_MEANS,
        instead=_INSTEAD,
        yi="artanh r",
        vi="variance of r / (1 − r²)²",
        variances={"ST": "the same", "CS": "the same from the variance CS of r"},
        scale=Scale.FISHER_Z,
        swap=Swap.FLIPS,
        cite="zpb",
        compute=_zpb,
    ),
    MeasureFormula(
        measure=M.RBIS,
        name="Biserial correlation",
        columns=_MEANS,
        instead=_INSTEAD,
        yi="r √(p q) / f, r point-biserial, f = φ(z), z = Φ⁻¹(p), p = n₁ / N, q = n₂ / N",
        vi=(
            "(ρ⁴ + ρ² (p q z² / f² − (2 p − 1) z / f − 5/2) + p q / f²) / (N − 1), "
            "ρ the estimate, at most one"
        ),
        scale=Scale.CORRELATION,
        swap=Swap.FLIPS,
        cite="rbis",
        compute=_rbis,
    ),
    MeasureFormula(
        measure=M.ZBIS,
        name="Fisher's z of the biserial correlation",
        columns=_MEANS,
        instead=_INSTEAD,
        yi="artanh r",
        vi="variance of r / (1 − r²)²",
        scale=Scale.FISHER_Z,
        swap=Swap.FLIPS,
        cite="zbis",
        compute=_zbis,
    ),
    *(
        MeasureFormula(
            measure=measure,
            name="Standardised difference as an odds ratio, logistic",
            columns=_MEANS,
            instead=_INSTEAD,
            yi="d π / √3, d without small-sample correction",
            vi="π² / 3 × (1/n₁ + 1/n₂ + d² / (2 (n₁ + n₂)))",
            scale=Scale.LOG_RATIO,
            swap=Swap.FLIPS,
            cite="d2orl",
            compute=_d2or_logistic,
        )
        for measure in (M.D2ORL, M.D2OR)
    ),
    MeasureFormula(
        measure=M.D2ORN,
        name="Standardised difference as an odds ratio, normal",
        columns=_MEANS,
        instead=_INSTEAD,
        yi="1.65 d, d without small-sample correction",
        vi="1.65² (1/n₁ + 1/n₂ + d² / (2 (n₁ + n₂)))",
        scale=Scale.LOG_RATIO,
        swap=Swap.FLIPS,
        cite="d2orn",
        compute=_d2or_normal,
    ),
    *(
        MeasureFormula(
            measure=measure,
            name="Probability of having more, normal",
            columns=_MEANS,
            yi="Φ(δ), δ = (mean₁ − mean₂) / √(SD₁² + SD₂²)",
            vi=(
                "φ(δ)² (SD₁²/((n₁ − 1) S) + SD₂²/((n₂ − 1) S) "
                "+ δ²/2 (SD₁⁴/(n₁ − 1) + SD₂⁴/(n₂ − 1)) / S²), S = SD₁² + SD₂²"
            ),
            scale=Scale.PROBABILITY,
            swap=Swap.COMPLEMENT,
            cite="clesn",
            compute=_clesn,
        )
        for measure in (M.CLESN, M.AUCN)
    ),
)
