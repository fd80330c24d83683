"""Rare events: Mantel-Haenszel, Peto, generalised linear mixed models."""

from __future__ import annotations

from equipoise.stats.method import Method

COUNTS: tuple[Method, ...] = (
    Method(
        id="mantel-haenszel",
        name="Mantel-Haenszel pooled effect",
        formula="OR = Σ a d / N ÷ Σ b c / N, RR = Σ a n₂ / N ÷ Σ c n₁ / N",
        citation=(
            "Mantel N, Haenszel W. Statistical aspects of the analysis of data from retrospective "
            "studies of disease. J Natl Cancer Inst 1959;22(4):719-748"
        ),
        doi="10.1093/jnci/22.4.719",
    ),
    Method(
        id="robins-breslow-greenland",
        name="Variance of the Mantel-Haenszel log odds ratio",
        formula="Σ P R / (2 R₊²) + Σ (P S + Q R) / (2 R₊ S₊) + Σ Q S / (2 S₊²)",
        citation=(
            "Robins J, Breslow N, Greenland S. Estimators of the Mantel-Haenszel variance "
            "consistent in both sparse data and large-strata limiting models. "
            "Biometrics 1986;42(2):311-323"
        ),
        doi="10.2307/2531052",
    ),
    Method(
        id="greenland-robins",
        name="Variance of Mantel-Haenszel risk and rate ratios, and rate differences",
        formula="RR: Σ (n₁ n₂ (a + c) − a c N) / N² ÷ (R₊ S₊)",
        citation=(
            "Greenland S, Robins JM. Estimation of a common effect parameter from sparse "
            "follow-up data. Biometrics 1985;41(1):55-68"
        ),
        doi="10.2307/2530643",
    ),
    Method(
        id="sato",
        name="Variance of the Mantel-Haenszel risk difference",
        formula="(RD Σ P + Σ Q) / (Σ n₁ n₂ / N)², Q = (a d + b c) / (2 N)",
        citation=(
            "Sato T, Greenland S, Robins JM. On the variance estimator for the Mantel-Haenszel "
            "risk difference. Biometrics 1989;45(4):1323-1324"
        ),
        doi="10.2307/2531784",
    ),
    Method(
        id="cochran-mantel-haenszel",
        name="Cochran-Mantel-Haenszel test of association",
        formula="χ² = (|Σ (a − E)| − c)² / Σ V with hypergeometric E and V, c = 0 or ½",
        citation=(
            "Cochran WG. Some methods for strengthening the common χ² tests. "
            "Biometrics 1954;10(4):417-451"
        ),
        doi="10.2307/3001616",
    ),
    Method(
        id="breslow-day-tarone",
        name="Breslow-Day and Tarone tests of equal odds ratios",
        formula="χ² = Σ (a − â)² / V̂, less (Σ (a − â))² / Σ V̂ after Tarone",
        citation=(
            "Tarone RE. On heterogeneity tests based on efficient scores. "
            "Biometrika 1985;72(1):91-95"
        ),
        doi="10.1093/biomet/72.1.91",
    ),
    Method(
        id="peto",
        name="Peto odds ratio",
        formula="log OR = Σ (a − E) / Σ V, variance 1 / Σ V",
        citation=(
            "Yusuf S, Peto R, Lewis J, Collins R, Sleight P. Beta blockade during and after "
            "myocardial infarction: an overview of the randomized trials. "
            "Prog Cardiovasc Dis 1985;27(5):335-371"
        ),
        doi="10.1016/s0033-0620(85)80003-7",
    ),
    Method(
        id="glmm",
        name="Generalised linear mixed model of counts",
        formula="counts given θᵢ binomial, Poisson or hypergeometric; θᵢ ~ N(μ, τ²); ML",
        citation=(
            "Stijnen T, Hamza TH, Özdemir P. Random effects meta-analysis of event outcome in the "
            "framework of the generalized linear mixed model with applications in sparse data. "
            "Stat Med 2010;29(29):3046-3067"
        ),
        doi="10.1002/sim.4040",
    ),
    Method(
        id="adaptive-quadrature",
        name="Adaptive Gauss-Hermite quadrature",
        formula="∫ exp g(u) du ≈ s Σ w_q exp(g(û + s x_q) + x_q² / 2), s² = −1 / g″(û)",
        citation=(
            "Liu Q, Pierce DA. A note on Gauss-Hermite quadrature. Biometrika 1994;81(3):624-629"
        ),
        doi="10.1093/biomet/81.3.624",
    ),
    Method(
        id="beta-binomial",
        name="Beta-binomial regression of arms",
        formula="events of an arm ~ beta-binomial(n, p, ρ), logit p = μ ± β / 2; ML",
        citation=(
            "Kuss O. Statistical methods for meta-analyses including information from studies "
            "without any events - add nothing to nothing and succeed nevertheless. "
            "Stat Med 2015;34(7):1097-1116"
        ),
        doi="10.1002/sim.6383",
    ),
)
