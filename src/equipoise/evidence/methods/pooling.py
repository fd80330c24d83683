"""Estimates into one: estimators, tests, intervals, the exact posterior."""

from __future__ import annotations

from equipoise.stats.method import Method

POOLING: tuple[Method, ...] = (
    Method(
        id="fixed-effect",
        name="Inverse-variance average",
        formula="μ = Σ wᵢ yᵢ / Σ wᵢ, wᵢ = 1 / vᵢ, SE = 1 / √Σ wᵢ",
        citation=(
            "Rice K, Higgins JPT, Lumley T. A re-evaluation of fixed effect(s) meta-analysis. "
            "J R Stat Soc A 2018;181(1):205-227"
        ),
        doi="10.1111/rssa.12275",
    ),
    Method(
        id="reml",
        name="Random effects, τ² by restricted maximum likelihood",
        formula="τ² maximises Σ log wᵢ − log Σ wᵢ − Σ wᵢ (yᵢ − μ)², wᵢ = 1 / (vᵢ + τ²)",
        citation=(
            "Viechtbauer W. Bias and efficiency of meta-analytic variance estimators in the "
            "random-effects model. J Educ Behav Stat 2005;30(3):261-293"
        ),
        doi="10.3102/10769986030003261",
    ),
    Method(
        id="ml",
        name="Random effects, τ² by maximum likelihood",
        formula="τ² maximises Σ log wᵢ − Σ wᵢ (yᵢ − μ)², wᵢ = 1 / (vᵢ + τ²)",
        citation=(
            "Hardy RJ, Thompson SG. A likelihood approach to meta-analysis with random effects. "
            "Stat Med 1996;15(6):619-629"
        ),
        doi="10.1002/(SICI)1097-0258(19960330)15:6<619::AID-SIM188>3.0.CO;2-A",
    ),
    Method(
        id="dersimonian-laird",
        name="Random effects, τ² by DerSimonian and Laird",
        formula="τ² = max(0, (Q − (k − 1)) / (Σ wᵢ − Σ wᵢ² / Σ wᵢ)), wᵢ = 1 / vᵢ",
        citation=(
            "DerSimonian R, Laird N. Meta-analysis in clinical trials. "
            "Control Clin Trials 1986;7(3):177-188"
        ),
        doi="10.1016/0197-2456(86)90046-2",
    ),
    Method(
        id="paule-mandel",
        name="Random effects, τ² by Paule and Mandel",
        formula="τ² solves Σ (yᵢ − μ)² / (vᵢ + τ²) = k − 1",
        citation=(
            "Paule RC, Mandel J. Consensus values and weighting factors. "
            "J Res Natl Bur Stand 1982;87(5):377-385"
        ),
        doi="10.6028/jres.087.022",
    ),
    Method(
        id="hedges",
        name="Random effects, τ² by Hedges (equal weights)",
        formula="τ² = max(0, Σ (yᵢ − ȳ)² / (k − 1) − Σ vᵢ / k)",
        citation=(
            "Hedges LV. A random effects model for effect sizes. Psychol Bull 1983;93(2):388-395"
        ),
        doi="10.1037/0033-2909.93.2.388",
    ),
    Method(
        id="hunter-schmidt",
        name="Random effects, τ² by Hunter and Schmidt",
        formula="τ² = max(0, (Q − k) / Σ wᵢ), wᵢ = 1 / vᵢ",
        citation=(
            "Schmidt FL, Hunter JE. Methods of meta-analysis: correcting error and bias in "
            "research findings. 3rd ed. Sage; 2015"
        ),
        doi="10.4135/9781483398105",
    ),
    Method(
        id="hunter-schmidt-small-sample",
        name="Random effects, τ² by Hunter and Schmidt for few studies",
        formula="τ² = max(0, (Q k / (k − 1) − k) / Σ wᵢ), wᵢ = 1 / vᵢ",
        citation=(
            "Brannick MT, Potter SM, Benitez B, Morris SB. Bias and precision of alternate "
            "estimators in meta-analysis: benefits of blending Schmidt-Hunter and Hedges "
            "approaches. Organ Res Methods 2019;22(2):490-514"
        ),
        doi="10.1177/1094428117741966",
    ),
    Method(
        id="sidik-jonkman",
        name="Random effects, τ² by Sidik and Jonkman",
        formula="τ² = τ₀² Σ wᵢ (yᵢ − μ)² / (k − 1), wᵢ = 1 / (vᵢ + τ₀²), τ₀² = Σ (yᵢ − ȳ)² / k",
        citation=(
            "Sidik K, Jonkman JN. Simple heterogeneity variance estimation for meta-analysis. "
            "J R Stat Soc C 2005;54(2):367-384"
        ),
        doi="10.1111/j.1467-9876.2005.00489.x",
    ),
    Method(
        id="empirical-bayes",
        name="Random effects, τ² by empirical Bayes",
        formula="τ² solves Σ wᵢ ((yᵢ − μ)² k / (k − 1) − vᵢ − τ²) = 0, wᵢ = 1 / (vᵢ + τ²)",
        citation=(
            "Morris CN. Parametric empirical Bayes inference: theory and applications. "
            "J Am Stat Assoc 1983;78(381):47-55"
        ),
        doi="10.1080/01621459.1983.10477920",
    ),
    Method(
        id="median-q",
        name="Random effects, τ² at the median of the generalised Q",
        formula="τ² solves Σ (yᵢ − μ)² / (vᵢ + τ²) = median of chi-square on k − 1",
        citation=(
            "Viechtbauer W. Median-unbiased estimators for the amount of heterogeneity in "
            "meta-analysis. European Congress of Methodology, Valencia; 2021"
        ),
        doi=None,
    ),
    Method(
        id="t-interval",
        name="Interval for the mean from the t distribution",
        formula="SE = 1 / √Σ wᵢ, t with k − 1 degrees of freedom",
        citation=(
            "Follmann DA, Proschan MA. Valid inference in random effects meta-analysis. "
            "Biometrics 1999;55(3):732-737"
        ),
        doi="10.1111/j.0006-341X.1999.00732.x",
    ),
    Method(
        id="knapp-hartung",
        name="Hartung-Knapp interval",
        formula="SE² = Σ wᵢ (yᵢ − μ)² / ((k − 1) Σ wᵢ), t with k − 1 degrees of freedom",
        citation=(
            "Knapp G, Hartung J. Improved tests for a random effects meta-regression with a single "
            "covariate. Stat Med 2003;22(17):2693-2710"
        ),
        doi="10.1002/sim.1482",
    ),
    Method(
        id="ad-hoc-correction",
        name="Hartung-Knapp interval that is never narrower than the one from t",
        formula="SE² = max(1, Σ wᵢ (yᵢ − μ)² / (k − 1)) / Σ wᵢ, t with k − 1 degrees of freedom",
        citation=(
            "Röver C, Knapp G, Friede T. Hartung-Knapp-Sidik-Jonkman approach and its modification "
            "for random-effects meta-analysis with few studies. BMC Med Res Methodol 2015;15:99"
        ),
        doi="10.1186/s12874-015-0091-1",
    ),
    Method(
        id="q-profile",
        name="Q-profile interval for τ²",
        formula="all τ² with Σ (yᵢ − μ)² / (vᵢ + τ²) between the chi-square quantiles on k − 1",
        citation=(
            "Viechtbauer W. Confidence intervals for the amount of heterogeneity in meta-analysis. "
            "Stat Med 2007;26(1):37-52"
        ),
        doi="10.1002/sim.2514",
    ),
    Method(
        id="i-squared",
        name="I² and H²",
        formula="I² = τ² / (τ² + s²), H² = 1 + τ² / s², s² = (k − 1) Σ wᵢ / ((Σ wᵢ)² − Σ wᵢ²)",
        citation=(
            "Higgins JPT, Thompson SG. Quantifying heterogeneity in a meta-analysis. "
            "Stat Med 2002;21(11):1539-1558"
        ),
        doi="10.1002/sim.1186",
    ),
    Method(
        id="prediction-interval",
        name="Prediction interval for the true effect in a new study",
        formula="μ ± quantile × √(τ² + SE²)",
        citation=(
            "Higgins JPT, Thompson SG, Spiegelhalter DJ. A re-evaluation of random-effects "
            "meta-analysis. J R Stat Soc A 2009;172(1):137-159"
        ),
        doi="10.1111/j.1467-985X.2008.00552.x",
    ),
    Method(
        id="bayes-quadrature",
        name="Exact Bayesian random-effects synthesis",
        formula="p(μ | y) = ∫ p(μ | τ, y) p(τ | y) dτ, inner part normal, outer by quadrature",
        citation=(
            "Röver C. Bayesian random-effects meta-analysis using the bayesmeta R package. "
            "J Stat Softw 2020;93(6):1-51"
        ),
        doi="10.18637/jss.v093.i06",
    ),
)
