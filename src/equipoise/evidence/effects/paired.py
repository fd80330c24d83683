"""Effects measured within people: crossover trials, and change from before to after.

A crossover contrast compares two treatments and estimates the same thing as a parallel trial, so
it carries the measure MD or SMD. A change from before to after has no comparator; it carries MC,
SMCC or SMCR, and must not be pooled with the others.
"""

from __future__ import annotations

import math

from scipy.special import ndtri

from equipoise.evidence.effects.estimate import (
    Assumption,
    EffectMeasure,
    Estimate,
    Step,
    Sweep,
    require_correlation,
    require_finite,
    require_group_size,
    require_positive,
)
from equipoise.evidence.effects.means import correct_small_sample
from equipoise.evidence.effects.uncertainty import T_TEST, se_from_p

NO_PERIOD_EFFECT = Assumption(
    id="no-period-or-carry-over",
    text="The crossover has no period effect and no carry-over; each person's difference counts.",
)
GIVEN_CORRELATION = Assumption(
    id="within-person-correlation",
    text="The correlation of a person's two scores was assumed, not observed in this study.",
    sweep=Sweep(name="r", values=(0.3, 0.5, 0.7, 0.9)),
)
NORMAL_DIFFERENCES = Assumption(
    id="normal-from-quartiles",
    text=(
        "The differences are normal, so their median stands for the mean and the interquartile "
        "range for the standard deviation."
    ),
)
ONE_GROUP = Assumption(
    id="no-comparator",
    text="A change from before to after has no comparator; everything that happened is in it.",
)


def estimate_md_paired(mean_diff: float, sd_diff: float, n: float) -> Estimate:
    """Crossover mean difference from the mean and SD of the people's own differences.

    SE = SD / √n on n − 1 degrees of freedom (DOI 10.1093/ije/31.1.140).
    """
    require_finite(mean_diff=mean_diff)
    require_positive(sd_diff=sd_diff)
    require_group_size(n=n)
    se = _se_of_mean(sd_diff, n)
    return Estimate(
        measure=EffectMeasure.MD,
        yi=mean_diff,
        vi=se.value**2,
        df=n - 1,
        steps=(se,),
        assumptions=(NO_PERIOD_EFFECT,),
    )


def estimate_md_paired_from_p(estimate: float, p: float, n: float) -> Estimate:
    """Crossover mean difference from the two-sided p-value of a paired t test on n people."""
    require_group_size(n=n)
    steps = se_from_p(estimate, p, n - 1)
    return Estimate(
        measure=EffectMeasure.MD,
        yi=estimate,
        vi=steps[-1].value ** 2,
        df=n - 1,
        steps=steps,
        assumptions=(T_TEST, NO_PERIOD_EFFECT),
    )


def estimate_md_crossover_from_arms(
    m1: float, sd1: float, m2: float, sd2: float, n: float, r: float
) -> Estimate:
    """Crossover mean difference from each condition's mean and SD and an assumed correlation r.

    SD of differences = √(sd1² + sd2² − 2 r sd1 sd2) (DOI 10.1093/ije/31.1.140; metafor `MC`).
    """
    require_finite(m1=m1, m2=m2)
    sd_diff = _sd_of_differences(sd1, sd2, r)
    paired = estimate_md_paired(m1 - m2, sd_diff.value, n)
    return Estimate(
        measure=EffectMeasure.MD,
        yi=paired.yi,
        vi=paired.vi,
        df=paired.df,
        steps=(sd_diff, *paired.steps),
        assumptions=(GIVEN_CORRELATION, *paired.assumptions),
    )


def estimate_smd_crossover_from_t(t: float, n: float, r: float) -> Estimate:
    """Crossover difference in between-person SDs from a paired t and an assumed correlation r.

    d = t √(2 (1 − r) / n), corrected with J on n − 1 degrees of freedom; comparable with the SMD
    of a parallel trial. Variance 2 (1 − r) / n + g² / (2 n): the variance of the t behind it
    (DOI 10.1111/j.2044-8317.1988.tb00901.x). The Cochrane Handbook (chapter 23, after
    DOI 10.1093/ije/31.1.140) multiplies the second term by 2 (1 − r) too, which is too small
    whenever r exceeds one half (DOI 10.1002/sim.8669).
    """
    require_finite(t=t)
    require_group_size(smallest=3, n=n)
    require_correlation(r)
    d = Step(
        quantity="d",
        formula="d = t × √(2 × (1 − r) / n)",
        value=t * math.sqrt(2 * (1 - r) / n),
        inputs={"t": t, "n": n, "r": r},
        cite="crossover-smd",
    )
    j, g = _corrected(d, n - 1, cite="crossover-smd")
    variance = _within_person_variance(g, n, r, cite="crossover-smd")
    return Estimate(
        measure=EffectMeasure.SMD,
        yi=g.value,
        vi=variance.value,
        steps=(d, j, g, variance),
        assumptions=(GIVEN_CORRELATION, NO_PERIOD_EFFECT),
    )


def estimate_from_iqr(median_diff: float, iqr_width: float, n: float) -> Estimate:
    """Mean of within-person differences from their median and interquartile range.

    SD ≈ width / 1.349 if the differences are normal (DOI 10.1186/1471-2288-14-135); the
    assumption is recorded.
    """
    require_finite(median_diff=median_diff)
    require_positive(iqr_width=iqr_width)
    require_group_size(n=n)
    width_in_sds = 2 * float(ndtri(0.75))
    sd = Step(
        quantity="SD",
        formula="SD = (upper quartile − lower quartile) / 1.349",
        value=iqr_width / width_in_sds,
        inputs={"width": iqr_width, "width of a standard normal": width_in_sds},
        cite="sd-from-iqr",
    )
    paired = estimate_md_paired(median_diff, sd.value, n)
    return Estimate(
        measure=EffectMeasure.MD,
        yi=paired.yi,
        vi=paired.vi,
        df=paired.df,
        steps=(sd, *paired.steps),
        assumptions=(NORMAL_DIFFERENCES, *paired.assumptions),
    )


def estimate_mc(
    m_pre: float, sd_pre: float, m_post: float, sd_post: float, n: float, r: float
) -> Estimate:
    """Mean change, after minus before, in the units of the outcome (metafor `MC`)."""
    require_finite(m_pre=m_pre, m_post=m_post)
    require_group_size(n=n)
    sd_diff = _sd_of_differences(sd_post, sd_pre, r)
    se = _se_of_mean(sd_diff.value, n)
    return Estimate(
        measure=EffectMeasure.MC,
        yi=m_post - m_pre,
        vi=se.value**2,
        df=n - 1,
        steps=(sd_diff, se),
        assumptions=(ONE_GROUP, GIVEN_CORRELATION),
    )


def estimate_smcc(mean_diff: float, sd_diff: float, n: float) -> Estimate:
    """Mean change in SDs of the change (metafor `SMCC`, DOI 10.3102/10769986018003271).

    Variance 1/n + g² / (2 n). This scale differs from the SMD's by the factor √(2 (1 − r)).
    """
    require_finite(mean_diff=mean_diff)
    require_positive(sd_diff=sd_diff)
    require_group_size(smallest=3, n=n)
    d = Step(
        quantity="d",
        formula="d = mean change / SD of changes",
        value=mean_diff / sd_diff,
        inputs={"mean change": mean_diff, "SD of changes": sd_diff},
        cite="smcc",
    )
    j, g = _corrected(d, n - 1, cite="smcc")
    variance = Step(
        quantity="variance",
        formula="variance = 1 / n + g² / (2 × n)",
        value=1 / n + g.value**2 / (2 * n),
        inputs={"g": g.value, "n": n},
        cite="smcc",
    )
    return Estimate(
        measure=EffectMeasure.SMCC,
        yi=g.value,
        vi=variance.value,
        steps=(d, j, g, variance),
        assumptions=(ONE_GROUP,),
    )


def estimate_prepost_smcr(
    m_pre: float, sd_pre: float, m_post: float, n: float, r: float
) -> Estimate:
    """Change from before to after in SDs of the raw score at baseline (metafor `SMCR`).

    g = J × (m_post − m_pre) / sd_pre with J on n − 1 degrees of freedom; variance
    2 (1 − r) / n + g² / (2 n) (DOI 10.1111/j.2044-8317.1988.tb00901.x).
    """
    require_finite(m_pre=m_pre, m_post=m_post)
    require_positive(sd_pre=sd_pre)
    require_group_size(smallest=3, n=n)
    require_correlation(r)
    d = Step(
        quantity="d",
        formula="d = (mean after − mean before) / SD before",
        value=(m_post - m_pre) / sd_pre,
        inputs={"mean after": m_post, "mean before": m_pre, "SD before": sd_pre},
        cite="smcr",
    )
    j, g = _corrected(d, n - 1, cite="smcr")
    variance = _within_person_variance(g, n, r, cite="smcr")
    return Estimate(
        measure=EffectMeasure.SMCR,
        yi=g.value,
        vi=variance.value,
        steps=(d, j, g, variance),
        assumptions=(ONE_GROUP, GIVEN_CORRELATION),
    )


def _se_of_mean(sd_diff: float, n: float) -> Step:
    return Step(
        quantity="SE",
        formula="SE = SD of differences / √n",
        value=sd_diff / math.sqrt(n),
        inputs={"SD of differences": sd_diff, "n": n},
        cite="crossover-paired",
    )


def _sd_of_differences(sd1: float, sd2: float, r: float) -> Step:
    require_positive(sd1=sd1, sd2=sd2)
    require_correlation(r)
    return Step(
        quantity="SD of differences",
        formula="SD of differences = √(SD₁² + SD₂² − 2 × r × SD₁ × SD₂)",
        value=math.sqrt(sd1**2 + sd2**2 - 2 * r * sd1 * sd2),
        inputs={"SD₁": sd1, "SD₂": sd2, "r": r},
        cite="crossover-paired",
    )


def _corrected(d: Step, df: float, *, cite: str) -> tuple[Step, Step]:
    return correct_small_sample(d, df, df_is="n − 1", cite=cite)


def _within_person_variance(g: Step, n: float, r: float, *, cite: str) -> Step:
    return Step(
        quantity="variance",
        formula="variance = 2 × (1 − r) / n + g² / (2 × n)",
        value=2 * (1 - r) / n + g.value**2 / (2 * n),
        inputs={"g": g.value, "n": n, "r": r},
        cite=cite,
    )
