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
_HANDBOOK_23 = (
    "Higgins JPT, Eldridge S, Li T. Including variants on randomized trials. "
    "Cochrane Handbook for Systematic Reviews of Interventions, 2nd ed., chapter 23. Wiley 2019"
)
_WAN = (
    "Wan X, Wang W, Liu J, Tong T. Estimating the sample mean and standard deviation from the "
    "sample size, median, range and/or interquartile range. BMC Med Res Methodol 2014;14:135"
)
_WAN_DOI = "10.1186/1471-2288-14-135"
_MCGRATH = (
    "McGrath S, Zhao X, Steele R, Thombs BD, Benedetti A, DEPRESSD Collaboration. Estimating the "
    "sample mean and standard deviation from commonly reported quantiles in meta-analysis. "
    "Stat Methods Med Res 2020;29(9):2520-2537"
)
_MCGRATH_DOI = "10.1177/0962280219889080"
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
        citation=_WAN,
        doi=_WAN_DOI,
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
    Method(
        id="estimate-printed",
        name="Estimate and standard error as printed",
        formula="difference as printed, ratio as its logarithm; SE of log = SE of ratio / ratio",
        citation=_HANDBOOK_6,
        doi="10.1002/9781119536604.ch6",
    ),
    Method(
        id="se-from-statistic",
        name="Standard error from a test statistic",
        formula="SE = |estimate| / |z or t|; t = √F and z = √χ² with one degree of freedom",
        citation=_HANDBOOK_6,
        doi="10.1002/9781119536604.ch6",
    ),
    Method(
        id="phi-from-chi2",
        name="Fourfold table and φ from a χ²",
        formula="φ = ± √(χ² / n); the whole-number table with these margins and this χ²",
        citation=(
            "Rosenthal R. Parametric measures of effect size. In: Cooper H, Hedges LV, eds. "
            "The handbook of research synthesis. Russell Sage Foundation 1994, p. 231-244"
        ),
        doi=None,
    ),
    Method(
        id="merged-arms",
        name="Arms merged into one",
        formula="SD² = (Σ (nᵢ − 1) SDᵢ² + Σ nᵢ (meanᵢ − mean)²) / (Σ nᵢ − 1)",
        citation=_HANDBOOK_6,
        doi="10.1002/9781119536604.ch6",
    ),
    Method(
        id="shared-control",
        name="Control arm shared among comparisons",
        formula="n (and events) of the control / number of comparisons",
        citation=_HANDBOOK_23,
        doi="10.1002/9781119536604.ch23",
    ),
    Method(
        id="design-effect",
        name="Design effect of clusters",
        formula="1 + ((1 + CV²) × mean cluster size − 1) × ICC",
        citation=(
            "Eldridge SM, Ashby D, Kerry S. Sample size for cluster randomized trials: effect of "
            "coefficient of variation of cluster size and analysis method. "
            "Int J Epidemiol 2006;35(5):1292-1300"
        ),
        doi="10.1093/ije/dyl129",
    ),
    Method(
        id="change-correlation",
        name="Standard deviation of change and within-person correlation",
        formula="SD change² = SD before² + SD after² − 2 r SD before SD after, solved for either",
        citation=(
            "Follmann D, Elliott P, Suh I, Cutler J. Variance imputation for overviews of clinical "
            "trials with continuous response. J Clin Epidemiol 1992;45(7):769-773"
        ),
        doi="10.1016/0895-4356(92)90054-q",
    ),
    Method(
        id="ancova",
        name="Difference adjusted for the baseline, from summaries",
        formula="MD = difference after − r SD after / SD before × difference before",
        citation=(
            "McKenzie JE, Herbison GP, Deeks JJ. Impact of analysing continuous outcomes using "
            "final values, change scores and analysis of covariance on the performance of "
            "meta-analytic methods: a simulation study. Res Synth Methods 2016;7(4):371-386"
        ),
        doi="10.1002/jrsm.1196",
    ),
    Method(
        id="mean-luo",
        name="Mean from a median with quartiles, range or both",
        formula="weighted mean of median, mid-range and mid-quartiles, weights depending on n",
        citation=(
            "Luo D, Wan X, Liu J, Tong T. Optimally estimating the sample mean from the sample "
            "size, median, mid-range, and/or mid-quartile range. "
            "Stat Methods Med Res 2018;27(6):1785-1805"
        ),
        doi="10.1177/0962280216669183",
    ),
    Method(
        id="sd-wan",
        name="Standard deviation from quartiles or from the range, and n",
        formula="range / (2 z((n − 0.375)/(n + 0.25))), IQR / (2 z((0.75 n − 0.125)/(n + 0.25)))",
        citation=_WAN,
        doi=_WAN_DOI,
    ),
    Method(
        id="sd-shi",
        name="Standard deviation from quartiles and range together",
        formula="weighted sum of the two estimates of Wan 2014, weights depending on n",
        citation=(
            "Shi J, Luo D, Weng H, Zeng XT, Lin L, Chu H, Tong T. Optimally estimating the sample "
            "standard deviation from the five-number summary. Res Synth Methods 2020;11(5):641-654"
        ),
        doi="10.1002/jrsm.1429",
    ),
    Method(
        id="skewness-quantiles",
        name="Test of skewness from quantiles and n",
        formula="lopsidedness of the quantiles against what normal values of n people give",
        citation=(
            "Shi J, Luo D, Wan X, Liu Y, Liu J, Bian Z, Tong T. Detecting the skewness of data "
            "from the five-number summary and its application in meta-analysis. "
            "Stat Methods Med Res 2023;32(7):1338-1360"
        ),
        doi="10.1177/09622802231172043",
    ),
    Method(
        id="blue",
        name="Best linear unbiased mean and standard deviation from quantiles",
        formula="generalised least squares on the moments of normal order statistics",
        citation=(
            "Yang X, Hutson AD, Wang D. A generalized BLUE approach for combining location and "
            "scale information in a meta-analysis. J Appl Stat 2022;49(15):3846-3867"
        ),
        doi="10.1080/02664763.2021.1967890",
    ),
    Method(
        id="qe",
        name="Quantile estimation",
        formula="moments of the family whose quantiles lie closest, least squares",
        citation=_MCGRATH,
        doi=_MCGRATH_DOI,
    ),
    Method(
        id="box-cox-quantiles",
        name="Box-Cox method for quantiles",
        formula="power that makes the quantiles symmetric, closed forms there, moments back",
        citation=_MCGRATH,
        doi=_MCGRATH_DOI,
    ),
    Method(
        id="mln",
        name="Most likely power-normal distribution",
        formula="power, then mean and SD, that make the order statistics most likely; moments back",
        citation=(
            "Cai S, Zhou J, Pan J. Estimating the sample mean and standard deviation from order "
            "statistics and sample size in meta-analysis. "
            "Stat Methods Med Res 2021;30(12):2701-2719"
        ),
        doi="10.1177/09622802211047348",
    ),
    Method(
        id="grimmer",
        name="GRIMMER: standard deviations that whole numbers cannot have",
        formula="some sum of squares of n whole numbers with a fitting total prints as the SD",
        citation=(
            "Anaya J. The GRIMMER test: a method for testing the validity of reported measures of "
            "variability. PeerJ Preprints 2016;4:e2400v1"
        ),
        doi="10.7287/peerj.preprints.2400v1",
    ),
    Method(
        id="sprite",
        name="SPRITE: is there a sample on this scale?",
        formula="search for n whole numbers from low to high with mean and SD as printed",
        citation=(
            "Heathers JA, Anaya J, van der Zee T, Brown NJL. Recovering data from summary "
            "statistics: Sample Parameter Reconstruction via Iterative TEchniques (SPRITE). "
            "PeerJ Preprints 2018;6:e26968v1"
        ),
        doi="10.7287/peerj.preprints.26968v1",
    ),
    Method(
        id="statcheck",
        name="p-value of a printed test statistic",
        formula="p = tail of z, t, F or χ² at every statistic that prints like this",
        citation=(
            "Nuijten MB, Hartgerink CHJ, van Assen MALM, Epskamp S, Wicherts JM. The prevalence of "
            "statistical reporting errors in psychology (1985-2013). "
            "Behav Res Methods 2016;48(4):1205-1226"
        ),
        doi="10.3758/s13428-015-0664-2",
    ),
    Method(
        id="bhatia-davis",
        name="Largest standard deviation on a scale",
        formula="SD² ≤ (mean − low) (high − mean) n / (n − 1)",
        citation=(
            "Bhatia R, Davis C. A better bound on the variance. Am Math Mon 2000;107(4):353-357"
        ),
        doi="10.1080/00029890.2000.12005203",
    ),
    Method(
        id="skewness-bound",
        name="Skewness seen from a bound",
        formula="|mean − bound| < 2 SD",
        citation=(
            "Altman DG, Bland JM. Detecting skewness from summary information. "
            "BMJ 1996;313(7066):1200"
        ),
        doi="10.1136/bmj.313.7066.1200",
    ),
)
