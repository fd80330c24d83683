"""Measurements in one group twice, or in matched pairs: first minus (or over) second.

For a change from before to after, give the later occasion first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

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
from equipoise.evidence.effects.measures.two_means import signed_t
from equipoise.stats.small_samples import small_sample_factor


@dataclass(frozen=True, slots=True)
class TwoOccasions:
    """Means, standard deviations, their correlation, and the number of people or pairs."""

    m1: Array
    sd1: Array
    m2: Array
    sd2: Array
    n: Array
    r: Array

    @property
    def sd_of_change(self) -> Array:
        """Standard deviation of the differences."""
        u = np.fmax(self.sd1, self.sd2)
        first, second = self.sd1 / u, self.sd2 / u
        sd: Array = u * np.sqrt((first - second) ** 2 + 2 * (1 - self.r) * first * second)
        return sd

    @property
    def mean_variance_sd(self) -> Array:
        """Root of the mean of the two variances."""
        sd: Array = np.hypot(self.sd1, self.sd2) / np.sqrt(2)
        return sd


def _occasions(rows: Rows) -> TwoOccasions:
    return TwoOccasions(
        m1=rows.column("m1i"),
        sd1=rows.spread("sd1i"),
        m2=rows.column("m2i"),
        sd2=rows.spread("sd2i"),
        n=rows.group_size("ni"),
        r=rows.correlation(),
    )


def _factor(df: Array, options: Options) -> Array:
    return small_sample_factor(df) if options.correct else np.ones_like(df)


def _change(rows: Rows) -> tuple[Array, Array, Array]:
    """Mean change, its SD and n; with sd2i = 0 and ri = 0, sd1i is the SD of the changes."""
    m1, m2, n = rows.column("m1i"), rows.column("m2i"), rows.group_size("ni")
    sd1, sd2, r = rows.spread("sd1i"), rows.spread("sd2i"), rows.correlation()
    return m1 - m2, TwoOccasions(m1, sd1, m2, sd2, n, r).sd_of_change, n


def _mc(rows: Rows, options: Options) -> Pair:
    change, sd, n = _change(rows)
    return change, sd**2 / n


def _smcc(rows: Rows, options: Options) -> Pair:
    n = rows.group_size("ni")
    d = np.full(rows.size, np.nan)
    if "m1i" in rows.columns:
        values = [rows.optional(c) for c in ("m1i", "sd1i", "m2i", "sd2i", "ri")]
        m1, sd1, m2, sd2, r = values
        rows.refuse((sd1 < 0) | (sd2 < 0), "a standard deviation is negative")
        rows.refuse(np.abs(r) > 1, "ri is not a correlation from -1 to 1")
        d = (m1 - m2) / TwoOccasions(m1, sd1, m2, sd2, n, r).sd_of_change
    d = np.where(np.isnan(d), rows.optional("di"), d)
    d = np.where(np.isnan(d), signed_t(rows, n - 1) / np.sqrt(n), d)
    rows.refuse(np.isnan(d), "neither means with deviations, nor d, nor t, nor p gives a change")
    j = _factor(n - 1, options)
    if options.vtype == "LS2":
        return j * d, j**2 * (1 / n + d**2 / (2 * n))
    return j * d, 1 / n + (j * d) ** 2 / (2 * n)


def _smcr(rows: Rows, options: Options) -> Pair:
    m1, sd1, m2 = rows.column("m1i"), rows.spread("sd1i"), rows.column("m2i")
    n, r = rows.group_size("ni"), rows.correlation()
    d, j = (m1 - m2) / sd1, _factor(n - 1, options)
    if options.vtype == "LS2":
        return j * d, j**2 * (2 * (1 - r) / n + d**2 / (2 * n))
    return j * d, 2 * (1 - r) / n + (j * d) ** 2 / (2 * n)


def _smcrh(rows: Rows, options: Options) -> Pair:
    x = _occasions(rows)
    g = _factor(x.n - 1, options) * (x.m1 - x.m2) / x.sd1
    return g, (x.sd_of_change / x.sd1) ** 2 / (x.n - 1) + g**2 / (2 * (x.n - 1))


def _smcrp(rows: Rows, options: Options) -> Pair:
    x = _occasions(rows)
    df = 2 * (x.n - 1) / (1 + x.r**2)
    g = _factor(df, options) * (x.m1 - x.m2) / x.mean_variance_sd
    return g, 2 * (1 - x.r) / x.n + g**2 * (1 + x.r**2) / (4 * x.n)


def _smcrph(rows: Rows, options: Options) -> Pair:
    x = _occasions(rows)
    sd = x.mean_variance_sd
    g = _factor(2 * (x.n - 1) / (1 + x.r**2), options) * (x.m1 - x.m2) / sd
    r1, r2 = x.sd1 / sd, x.sd2 / sd
    fourth = r1**4 + r2**4 + 2 * x.r**2 * r1**2 * r2**2
    return g, ((x.sd_of_change / sd) ** 2 + g**2 * fourth / 8) / (x.n - 1)


def _mean_terms(x: TwoOccasions) -> Pair:
    """Bias and variance of the log ratio of two dependent means."""
    cv1, cv2 = x.sd1 / x.m1, x.sd2 / x.m2
    return (cv1**2 - cv2**2) / (2 * x.n), (cv1**2 + cv2**2 - 2 * x.r * cv1 * cv2) / x.n


def _romc(rows: Rows, options: Options) -> Pair:
    x = _occasions(rows)
    rows.refuse(x.m1 / x.m2 <= 0, "the means are not of one sign, or one is zero")
    bias, variance = _mean_terms(x)
    return np.log(x.m1 / x.m2) + bias * options.correct, variance


def _vrc(rows: Rows, options: Options) -> Pair:
    sd1, sd2 = rows.spread("sd1i"), rows.spread("sd2i")
    n, r = rows.group_size("ni"), rows.correlation()
    return np.log(sd1) - np.log(sd2), (1 - r) * (1 + r) / (n - 1)


def _cvrc(rows: Rows, options: Options) -> Pair:
    x = _occasions(rows)
    rows.refuse((x.m1 <= 0) | (x.m2 <= 0), "a mean is not positive")
    bias, variance = _mean_terms(x)
    value = np.log(x.sd1) - np.log(x.sd2) - np.log(x.m1) + np.log(x.m2)
    return value - bias * options.correct, (1 - x.r) * (1 + x.r) / (x.n - 1) + variance


def _clescn(rows: Rows, options: Options) -> Pair:
    x = _occasions(rows)
    sd = np.hypot(x.sd1, x.sd2)
    delta = (x.m1 - x.m2) / sd
    share1, share2 = (x.sd1 / sd) ** 2, (x.sd2 / sd) ** 2
    fourth = share1**2 + share2**2 + 2 * x.r**2 * share1 * share2
    variance = ((x.sd_of_change / sd) ** 2 + delta**2 * fourth / 2) / (x.n - 1)
    density = np.exp(-(delta**2) / 2) / np.sqrt(2 * np.pi)
    return ndtr(delta), density**2 * variance


_COLUMNS = ("m1i", "sd1i", "m2i", "sd2i", "ni", "ri")
_KNOWN_SD = "with the SD of the changes known: as sd1i, with sd2i = 0 and ri = 0"

CHANGE = (
    MeasureFormula(
        measure=M.MC,
        name="Mean change",
        columns=_COLUMNS,
        instead=_KNOWN_SD,
        yi="mean₁ − mean₂",
        vi="SD² of changes / n, SD² of changes = SD₁² + SD₂² − 2 r SD₁ SD₂",
        scale=Scale.OUTCOME,
        swap=Swap.FLIPS,
        cite="mc",
        compute=_mc,
    ),
    MeasureFormula(
        measure=M.SMCC,
        name="Mean change in SDs of the change",
        columns=_COLUMNS,
        instead=f"{_KNOWN_SD}; or di, ti, or pi with ni",
        yi="g = J d, d = (mean₁ − mean₂) / SD of changes, J on n − 1",
        vi="1/n + g² / (2 n)",
        variances={"LS2": "J² (1/n + d² / (2 n))"},
        scale=Scale.SD,
        swap=Swap.FLIPS,
        cite="smcc",
        correct=True,
        compute=_smcc,
    ),
    MeasureFormula(
        measure=M.SMCR,
        name="Mean change in SDs of the first occasion",
        columns=("m1i", "sd1i", "m2i", "ni", "ri"),
        yi="g = J d, d = (mean₁ − mean₂) / SD₁, J on n − 1",
        vi="2 (1 − r) / n + g² / (2 n)",
        variances={"LS2": "J² (2 (1 − r) / n + d² / (2 n))"},
        scale=Scale.SD,
        swap=Swap.CHANGES,
        cite="smcr",
        correct=True,
        compute=_smcr,
    ),
    MeasureFormula(
        measure=M.SMCRH,
        name="Mean change in SDs of the first occasion, variances may differ",
        columns=_COLUMNS,
        yi="g = J (mean₁ − mean₂) / SD₁, J on n − 1",
        vi="(SD² of changes / SD₁² + g² / 2) / (n − 1)",
        scale=Scale.SD,
        swap=Swap.CHANGES,
        cite="smcrh",
        correct=True,
        compute=_smcrh,
    ),
    MeasureFormula(
        measure=M.SMCRP,
        name="Mean change in roots of the mean variance",
        columns=_COLUMNS,
        yi="g = J (mean₁ − mean₂) / s, s² = (SD₁² + SD₂²) / 2, J on 2 (n − 1) / (1 + r²)",
        vi="2 (1 − r) / n + g² (1 + r²) / (4 n)",
        scale=Scale.SD,
        swap=Swap.FLIPS,
        cite="smcrp",
        correct=True,
        compute=_smcrp,
    ),
    MeasureFormula(
        measure=M.SMCRPH,
        name="Mean change in roots of the mean variance, variances may differ",
        columns=_COLUMNS,
        yi="g = J (mean₁ − mean₂) / s, s² = (SD₁² + SD₂²) / 2, J on 2 (n − 1) / (1 + r²)",
        vi=("(SD² of changes / s² + g² (SD₁⁴ + SD₂⁴ + 2 r² SD₁² SD₂²) / (8 s⁴)) / (n − 1)"),
        scale=Scale.SD,
        swap=Swap.FLIPS,
        cite="smcrph",
        correct=True,
        compute=_smcrph,
    ),
    MeasureFormula(
        measure=M.ROMC,
        name="Ratio of dependent means",
        columns=_COLUMNS,
        yi="log(mean₁ / mean₂) + (CV₁² − CV₂²) / (2 n), CV = SD / mean",
        vi="(CV₁² + CV₂² − 2 r CV₁ CV₂) / n",
        scale=Scale.LOG_RATIO,
        swap=Swap.FLIPS,
        cite="romc",
        correct=True,
        compute=_romc,
    ),
    MeasureFormula(
        measure=M.VRC,
        name="Ratio of dependent standard deviations",
        columns=("sd1i", "sd2i", "ni", "ri"),
        yi="log(SD₁ / SD₂)",
        vi="(1 − r²) / (n − 1)",
        scale=Scale.LOG_RATIO,
        swap=Swap.FLIPS,
        cite="vrc",
        compute=_vrc,
    ),
    MeasureFormula(
        measure=M.CVRC,
        name="Ratio of dependent coefficients of variation",
        columns=_COLUMNS,
        yi="log(CV₁ / CV₂) − (CV₁² − CV₂²) / (2 n)",
        vi="(1 − r²) / (n − 1) + (CV₁² + CV₂² − 2 r CV₁ CV₂) / n",
        scale=Scale.LOG_RATIO,
        swap=Swap.FLIPS,
        cite="cvrc",
        correct=True,
        compute=_cvrc,
    ),
    *(
        MeasureFormula(
            measure=measure,
            name="Probability of having more, dependent, normal",
            columns=_COLUMNS,
            yi="Φ(δ), δ = (mean₁ − mean₂) / √(SD₁² + SD₂²)",
            vi=(
                "φ(δ)² (SD² of changes / S + δ²/2 (SD₁⁴ + SD₂⁴ + 2 r² SD₁² SD₂²) / S²) / (n − 1), "
                "S = SD₁² + SD₂²"
            ),
            scale=Scale.PROBABILITY,
            swap=Swap.COMPLEMENT,
            cite="clescn",
            compute=_clescn,
        )
        for measure in (M.CLESCN, M.AUCCN)
    ),
)
