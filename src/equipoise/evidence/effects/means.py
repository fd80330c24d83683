"""Differences of means between two independent groups, raw and standardised.

The first arm minus the second, always. Whether more is better is the outcome's business.
"""

from __future__ import annotations

import math

from equipoise.errors import EvidenceError
from equipoise.evidence.effects.estimate import (
    Assumption,
    EffectMeasure,
    Estimate,
    Step,
    require_finite,
    require_group_size,
    require_positive,
)
from equipoise.evidence.effects.uncertainty import (
    NORMAL_INTERVAL,
    NORMAL_TEST,
    T_INTERVAL,
    T_TEST,
    se_from_ci,
    se_from_p,
    statistic_from_p,
)
from equipoise.stats.small_samples import small_sample_factor

EQUAL_SD = Assumption(
    id="equal-sd",
    text="Both groups have the same standard deviation in the population.",
)
SD_FROM_SE = Assumption(
    id="sd-from-se",
    text=(
        "The standard deviation was worked back from the standard error as if the analysis had "
        "compared two plain means; an adjusted analysis makes it too small and the standardised "
        "difference too large."
    ),
)


def hedges_j(df: float) -> float:
    """Hedges' exact small-sample correction Γ(df/2) / (√(df/2) Γ((df−1)/2)).

    DOI 10.3102/10769986006002107, equation 6; the usual 1 − 3/(4 df − 1) is its approximation.
    Raises `EvidenceError` for fewer than two degrees of freedom, where it does not exist.
    """
    if df <= 1:
        raise EvidenceError("A standardised difference needs more than one degree of freedom.")
    return float(small_sample_factor(df))


def estimate_md_from_means(
    m1: float, sd1: float, n1: float, m2: float, sd2: float, n2: float
) -> Estimate:
    """Mean difference of two independent groups; variance sd1²/n1 + sd2²/n2.

    Means and deviations in the units of the outcome, n in people. Normal intervals, as metafor.
    """
    require_finite(m1=m1, m2=m2)
    require_positive(sd1=sd1, sd2=sd2)
    require_group_size(n1=n1, n2=n2)
    md = _difference(m1, m2)
    se = Step(
        quantity="SE",
        formula="SE = √(SD₁² / n₁ + SD₂² / n₂)",
        value=math.sqrt(sd1**2 / n1 + sd2**2 / n2),
        inputs={"SD₁": sd1, "n₁": n1, "SD₂": sd2, "n₂": n2},
        cite="md",
    )
    return Estimate(measure=EffectMeasure.MD, yi=md.value, vi=se.value**2, steps=(md, se))


def estimate_md_from_ci(
    estimate: float, low: float, high: float, level: float = 0.95, df: float | None = None
) -> Estimate:
    """Mean difference from its printed interval; `df` where the interval used t.

    The printed estimate is kept as it stands even if it is not the middle of the interval; the
    guard `check_ci_symmetry` speaks about that.
    """
    require_finite(estimate=estimate)
    se = se_from_ci(low, high, level, df)
    return Estimate(
        measure=EffectMeasure.MD,
        yi=estimate,
        vi=se.value**2,
        df=df,
        steps=(se,),
        assumptions=(NORMAL_INTERVAL if df is None else T_INTERVAL,),
    )


def estimate_md_from_p(estimate: float, p: float, df: float | None = None) -> Estimate:
    """Mean difference from its exact two-sided p-value; `df` where the test used t.

    Refuses p ≤ 0, p > 1, p = 1 beside an estimate that is not zero, and an estimate of zero.
    """
    steps = se_from_p(estimate, p, df)
    return Estimate(
        measure=EffectMeasure.MD,
        yi=estimate,
        vi=steps[-1].value ** 2,
        df=df,
        steps=steps,
        assumptions=(NORMAL_TEST if df is None else T_TEST,),
    )


def estimate_md_from_se(estimate: float, se: float, df: float | None = None) -> Estimate:
    """Mean difference whose standard error was printed."""
    require_finite(estimate=estimate)
    require_positive(se=se)
    variance = Step(
        quantity="variance",
        formula="variance = SE²",
        value=se**2,
        inputs={"SE": se},
        cite="md",
    )
    return Estimate(
        measure=EffectMeasure.MD, yi=estimate, vi=variance.value, df=df, steps=(variance,)
    )


def estimate_md_from_arm_cis(
    m1: float,
    lo1: float,
    hi1: float,
    n1: float,
    m2: float,
    lo2: float,
    hi2: float,
    n2: float,
    level: float = 0.95,
    *,
    use_t: bool = True,
) -> Estimate:
    """Mean difference from each arm's mean with its own interval.

    Each arm's SE comes from its interval, with t on n − 1 degrees of freedom unless `use_t` is
    false, and SD = SE × √n (Cochrane Handbook chapter 6, DOI 10.1002/9781119536604.ch6). The SDs
    stand in the steps, under the quantities "SD₁" and "SD₂".
    """
    require_finite(m1=m1, m2=m2)
    require_group_size(n1=n1, n2=n2)
    steps: list[Step] = []
    sds: list[float] = []
    for arm, low, high, n in (("₁", lo1, hi1, n1), ("₂", lo2, hi2, n2)):
        se = se_from_ci(low, high, level, n - 1 if use_t else None, of=f"SE{arm}")
        sd = Step(
            quantity=f"SD{arm}",
            formula=f"SD{arm} = SE{arm} × √n{arm}",
            value=se.value * math.sqrt(n),
            inputs={se.quantity: se.value, f"n{arm}": n},
            cite="sd-from-se",
        )
        steps += [se, sd]
        sds.append(sd.value)
    pooled = estimate_md_from_means(m1, sds[0], n1, m2, sds[1], n2)
    return Estimate(
        measure=EffectMeasure.MD,
        yi=pooled.yi,
        vi=pooled.vi,
        steps=(*steps, *pooled.steps),
        assumptions=(T_INTERVAL if use_t else NORMAL_INTERVAL,),
    )


def estimate_smd_from_means(
    m1: float, sd1: float, n1: float, m2: float, sd2: float, n2: float
) -> Estimate:
    """Hedges' g with the pooled SD, the exact correction, and metafor's default variance.

    g = J × (m1 − m2) / SD, variance 1/n1 + 1/n2 + g² / (2 (n1 + n2)) (metafor `vtype="LS"`).
    """
    require_finite(m1=m1, m2=m2)
    require_positive(sd1=sd1, sd2=sd2)
    require_group_size(n1=n1, n2=n2)
    md = _difference(m1, m2)
    sd = Step(
        quantity="SD",
        formula="SD = √(((n₁ − 1) SD₁² + (n₂ − 1) SD₂²) / (n₁ + n₂ − 2))",
        value=math.sqrt(((n1 - 1) * sd1**2 + (n2 - 1) * sd2**2) / (n1 + n2 - 2)),
        inputs={"SD₁": sd1, "n₁": n1, "SD₂": sd2, "n₂": n2},
        cite="smd-hedges",
    )
    return _hedges(_cohen(md.value, sd.value), n1, n2, before=(md, sd))


def estimate_smd_from_md(
    md: float, se: float, n1: float, n2: float, sd: float | None = None
) -> Estimate:
    """Hedges' g from a mean difference and its standard error.

    Without `sd`, the pooled deviation is worked back as SE / √(1/n1 + 1/n2) and the assumption is
    recorded; with `sd` (say, from baseline) that one is used.
    """
    require_finite(md=md)
    require_positive(se=se)
    require_group_size(n1=n1, n2=n2)
    if sd is not None:
        require_positive(sd=sd)
        return _hedges(_cohen(md, sd), n1, n2)
    back = Step(
        quantity="SD",
        formula="SD = SE / √(1 / n₁ + 1 / n₂)",
        value=se / math.sqrt(1 / n1 + 1 / n2),
        inputs={"SE": se, "n₁": n1, "n₂": n2},
        cite="sd-from-se",
    )
    return _hedges(_cohen(md, back.value), n1, n2, before=(back,), assumptions=(SD_FROM_SE,))


def estimate_smd_from_p(sign: int, p: float, n1: float, n2: float) -> Estimate:
    """Hedges' g from the two-sided p-value of a two-sample t test.

    `sign` is +1 where the first arm has more and −1 where it has less; p = 1 gives g = 0.
    """
    if sign not in (-1, 1):
        raise EvidenceError("The sign of the difference must be +1 or -1.")
    require_group_size(n1=n1, n2=n2)
    t = statistic_from_p(p, n1 + n2 - 2)
    d = Step(
        quantity="d",
        formula="d = sign × |t| × √(1 / n₁ + 1 / n₂)",
        value=sign * t.value * math.sqrt(1 / n1 + 1 / n2),
        inputs={"sign": sign, "|t|": t.value, "n₁": n1, "n₂": n2},
        cite="smd-from-t",
    )
    return _hedges(d, n1, n2, before=(t,), assumptions=(T_TEST,))


def _difference(m1: float, m2: float) -> Step:
    return Step(
        quantity="MD",
        formula="MD = mean₁ − mean₂",
        value=m1 - m2,
        inputs={"mean₁": m1, "mean₂": m2},
        cite="md",
    )


def _cohen(md: float, sd: float) -> Step:
    return Step(
        quantity="d",
        formula="d = MD / SD",
        value=md / sd,
        inputs={"MD": md, "SD": sd},
        cite="smd-hedges",
    )


def correct_small_sample(d: Step, df: float, *, df_is: str, cite: str) -> tuple[Step, Step]:
    """Hedges' exact correction of a standardised difference: the factor J, and g = J × d.

    `df_is` says in symbols what the degrees of freedom are; `cite` is the method that g belongs to
    (DOI 10.3102/10769986006002107).
    """
    j = Step(
        quantity="J",
        formula=f"J = Γ(df / 2) / (√(df / 2) × Γ((df − 1) / 2)), df = {df_is}",
        value=hedges_j(df),
        inputs={"df": df},
        cite="smd-hedges",
    )
    g = Step(
        quantity="g",
        formula="g = J × d",
        value=j.value * d.value,
        inputs={"J": j.value, "d": d.value},
        cite=cite,
    )
    return j, g


def _hedges(
    d: Step,
    n1: float,
    n2: float,
    *,
    before: tuple[Step, ...] = (),
    assumptions: tuple[Assumption, ...] = (),
) -> Estimate:
    j, g = correct_small_sample(d, n1 + n2 - 2, df_is="n₁ + n₂ − 2", cite="smd-hedges")
    variance = Step(
        quantity="variance",
        formula="variance = 1 / n₁ + 1 / n₂ + g² / (2 × (n₁ + n₂))",
        value=1 / n1 + 1 / n2 + g.value**2 / (2 * (n1 + n2)),
        inputs={"g": g.value, "n₁": n1, "n₂": n2},
        cite="smd-hedges",
    )
    return Estimate(
        measure=EffectMeasure.SMD,
        yi=g.value,
        vi=variance.value,
        steps=(*before, d, j, g, variance),
        assumptions=(EQUAL_SD, *assumptions),
    )
