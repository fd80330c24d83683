"""Printed numbers into estimates, and the guards on them."""

from __future__ import annotations

from equipoise.stats.method import Method

_HANDBOOK_6 = (
    "Higgins JPT, Li T, Deeks JJ. Choosing effect measures and computing estimates of effect. "
    "Cochrane Handbook for Systematic Reviews of Interventions, 2nd ed., chapter 6. Wiley 2019"
)
_METAFOR = (
    "Viechtbauer W. Conducting meta-analyses in R with the metafor package. "
    "J Stat Softw 2010;36(3):1-48"
)
_METAFOR_DOI = "10.18637/jss.v036.i03"
_HEDGES = (
    "Hedges LV. Distribution theory for Glass's estimator of effect size and related estimators. "
    "J Educ Stat 1981;6(2):107-128"
)
_BECKER = (
    "Becker BJ. Synthesizing standardized mean-change measures. "
    "Br J Math Stat Psychol 1988;41(2):257-278"
)
_GRIM = (
    "Brown NJL, Heathers JAJ. The GRIM test: a simple technique detects numerous anomalies in the "
    "reporting of results in psychology. Soc Psychol Personal Sci 2017;8(4):363-369"
)
_GRIM_DOI = "10.1177/1948550616673876"

PRINTED: tuple[Method, ...] = (
    Method(
        id="md",
        name="Mean difference",
        formula="MD = mean₁ − mean₂, variance = SD₁² / n₁ + SD₂² / n₂",
        citation=_METAFOR,
        doi=_METAFOR_DOI,
    ),
    Method(
        id="se-from-ci",
        name="Standard error from a confidence interval",
        formula="SE = (upper − lower) / (2 × quantile)",
        citation=_HANDBOOK_6,
        doi="10.1002/9781119536604.ch6",
    ),
    Method(
        id="se-from-p",
        name="Standard error from an exact p-value",
        formula="SE = |estimate| / quantile at 1 − p / 2",
        citation=(
            "Altman DG, Bland JM. How to obtain the confidence interval from a P value. "
            "BMJ 2011;343:d2090"
        ),
        doi="10.1136/bmj.d2090",
    ),
    Method(
        id="sd-from-se",
        name="Standard deviation from a standard error",
        formula="SD = SE × √n; from a difference, SD = SE / √(1 / n₁ + 1 / n₂)",
        citation=_HANDBOOK_6,
        doi="10.1002/9781119536604.ch6",
    ),
    Method(
        id="sd-from-iqr",
        name="Standard deviation from an interquartile range",
        formula="SD ≈ (upper quartile − lower quartile) / 1.349, if normal",
        citation=(
            "Wan X, Wang W, Liu J, Tong T. Estimating the sample mean and standard deviation from "
            "the sample size, median, range and/or interquartile range. "
            "BMC Med Res Methodol 2014;14:135"
        ),
        doi="10.1186/1471-2288-14-135",
    ),
    Method(
        id="smd-hedges",
        name="Standardised mean difference (Hedges' g)",
        formula="g = J × MD / SD, variance = 1 / n₁ + 1 / n₂ + g² / (2 × (n₁ + n₂))",
        citation=_HEDGES,
        doi="10.3102/10769986006002107",
    ),
    Method(
        id="smd-from-t",
        name="Standardised mean difference from a two-sample t",
        formula="d = t × √(1 / n₁ + 1 / n₂)",
        citation=_HANDBOOK_6,
        doi="10.1002/9781119536604.ch6",
    ),
    Method(
        id="crossover-paired",
        name="Paired analysis of a crossover",
        formula="SE = SD of differences / √n",
        citation=(
            "Elbourne DR, Altman DG, Higgins JPT, Curtin F, Worthington HV, Vail A. Meta-analyses "
            "involving cross-over trials: methodological issues. Int J Epidemiol 2002;31(1):140-149"
        ),
        doi="10.1093/ije/31.1.140",
    ),
    Method(
        id="crossover-smd",
        name="Standardised mean difference of a crossover on the between-person scale",
        formula="g = J × t × √(2 × (1 − r) / n), variance = 2 × (1 − r) / n + g² / (2 × n)",
        citation=(
            "Kitchenham B, Madeyski L. Inconsistencies with formulas for the standard error of the "
            "standardized mean difference of repeated measures experiments. "
            "Stat Med 2020;39(27):4101-4104"
        ),
        doi="10.1002/sim.8669",
    ),
    Method(
        id="smcc",
        name="Mean change in standard deviations of the change",
        formula="g = J × mean change / SD of changes, variance = 1 / n + g² / (2 × n)",
        citation=(
            "Gibbons RD, Hedeker DR, Davis JM. Estimation of effect size from a series of "
            "experiments involving paired comparisons. J Educ Stat 1993;18(3):271-279"
        ),
        doi="10.3102/10769986018003271",
    ),
    Method(
        id="smcr",
        name="Mean change in standard deviations at baseline",
        formula="g = J × (after − before) / SD before, variance = 2 × (1 − r) / n + g² / (2 × n)",
        citation=_BECKER,
        doi="10.1111/j.2044-8317.1988.tb00901.x",
    ),
    Method(
        id="rr",
        name="Risk ratio",
        formula="log RR = log((e₁ / n₁) / (e₂ / n₂)), variance = 1/e₁ − 1/n₁ + 1/e₂ − 1/n₂",
        citation=_METAFOR,
        doi=_METAFOR_DOI,
    ),
    Method(
        id="or",
        name="Odds ratio",
        formula="log OR = log(a × d / (b × c)), variance = 1/a + 1/b + 1/c + 1/d",
        citation=_METAFOR,
        doi=_METAFOR_DOI,
    ),
    Method(
        id="rd",
        name="Risk difference",
        formula="RD = p₁ − p₂, variance = p₁ (1 − p₁) / n₁ + p₂ (1 − p₂) / n₂",
        citation=_METAFOR,
        doi=_METAFOR_DOI,
    ),
    Method(
        id="pr",
        name="Proportion",
        formula="p = e / n, variance = p (1 − p) / n",
        citation=_METAFOR,
        doi=_METAFOR_DOI,
    ),
    Method(
        id="plo",
        name="Log odds of a proportion",
        formula="log odds = log(e / (n − e)), variance = 1 / e + 1 / (n − e)",
        citation=_METAFOR,
        doi=_METAFOR_DOI,
    ),
    Method(
        id="wilson",
        name="Wilson's interval for a proportion",
        formula="(e + z²/2 ± z √(e (n − e) / n + z²/4)) / (n + z²)",
        citation=(
            "Wilson EB. Probable inference, the law of succession, and statistical inference. "
            "J Am Stat Assoc 1927;22(158):209-212"
        ),
        doi="10.1080/01621459.1927.10502953",
    ),
    Method(
        id="rule-of-three",
        name="Upper bound after no event",
        formula="bound = 1 − (1 − level)^(1/n), about 3 / n at 95%",
        citation=(
            "Hanley JA, Lippman-Hand A. If nothing goes wrong, is everything all right? "
            "Interpreting zero numerators. JAMA 1983;249(13):1743-1745"
        ),
        doi="10.1001/jama.1983.03330370053031",
    ),
    Method(
        id="percent-to-count",
        name="Counts that fit a printed percentage",
        formula="all e in 0…n with 100 × e / n printing as the percentage",
        citation=_GRIM,
        doi=_GRIM_DOI,
    ),
    Method(
        id="grim",
        name="GRIM: means that whole numbers cannot have",
        formula="some total / (n × items) prints as the mean",
        citation=_GRIM,
        doi=_GRIM_DOI,
    ),
    Method(
        id="p-from-ci",
        name="p-value implied by a confidence interval",
        formula="p = 2 × P(Z ≥ |estimate| × 2 × quantile / (upper − lower))",
        citation=(
            "Altman DG, Bland JM. How to obtain the P value from a confidence interval. "
            "BMJ 2011;343:d2304"
        ),
        doi="10.1136/bmj.d2304",
    ),
)
