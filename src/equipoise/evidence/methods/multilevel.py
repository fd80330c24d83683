"""Dependent estimates: multilevel and multivariate models, robust variance."""

from __future__ import annotations

from equipoise.stats.method import Method

_PUSTEJOVSKY_TIPTON = (
    "Pustejovsky JE, Tipton E. Small-sample methods for cluster-robust variance estimation and "
    "hypothesis testing in fixed effects models. J Bus Econ Stat 2018;36(4):672-683"
)
_PUSTEJOVSKY_TIPTON_DOI = "10.1080/07350015.2016.1247004"

MULTILEVEL: tuple[Method, ...] = (
    Method(
        id="multilevel",
        name="Multilevel random effects",
        formula="y ~ N(Xβ, V + Σ σₛ² ZₛZₛ'), variances by (restricted) maximum likelihood",
        citation=(
            "Konstantopoulos S. Fixed effects and variance components estimation in three-level "
            "meta-analysis. Res Synth Methods 2011;2(1):61-76"
        ),
        doi="10.1002/jrsm.35",
    ),
    Method(
        id="multivariate",
        name="Multivariate random effects",
        formula="y ~ N(Xβ, V + ZGZ'), G by (restricted) maximum likelihood",
        citation=(
            "Jackson D, Riley R, White IR. Multivariate meta-analysis: potential and promise. "
            "Stat Med 2011;30(20):2481-2498"
        ),
        doi="10.1002/sim.4172",
    ),
    Method(
        id="multivariate-moments",
        name="Multivariate random effects by moments",
        formula="Ψ solves Σ Wᵢ rᵢrᵢ' = E Σ Wᵢ rᵢrᵢ', W and r at Ψ = 0; no negative eigenvalues",
        citation=(
            "Jackson D, White IR, Riley RD. A matrix-based method of moments for fitting the "
            "multivariate random effects model for meta-analysis and meta-regression. "
            "Biom J 2013;55(2):231-245"
        ),
        doi="10.1002/bimj.201200152",
    ),
    Method(
        id="multivariate-variance-components",
        name="Multivariate random effects by variance components",
        formula="Ψ = mean of (I − Hᵢ)^(−1/2) rᵢrᵢ' (I − Hᵢ)^(−1/2)' less mean of Sᵢ, iterated",
        citation=(
            "Ritz J, Demidenko E, Spiegelman D. Multivariate meta-analysis for data consortia, "
            "individual patient meta-analysis, and pooling projects. "
            "J Stat Plan Inference 2008;138(7):1919-1933"
        ),
        doi=None,
    ),
    Method(
        id="location-scale",
        name="Location-scale model",
        formula="y ~ N(Xβ, v + exp(Zα)), α by (restricted) maximum likelihood",
        citation=(
            "Viechtbauer W, López-López JA. Location-scale models for meta-analysis. "
            "Res Synth Methods 2022;13(6):697-715"
        ),
        doi="10.1002/jrsm.1562",
    ),
    Method(
        id="containment-df",
        name="Degrees of freedom by containment",
        formula="least number of groups within which the moderator is constant, less coefficients",
        citation=(
            "Schluchter MD, Elashoff JT. Small-sample adjustments to tests with unbalanced "
            "repeated measures assuming several covariance structures. "
            "J Stat Comput Simul 1990;37(1-2):69-87"
        ),
        doi="10.1080/00949659008811295",
    ),
    Method(
        id="cluster-robust",
        name="Cluster-robust variance",
        formula="V = M (Σ Xⱼ'Wⱼ eⱼ eⱼ'Wⱼ Xⱼ) M, M = (X'WX)⁻¹, times a factor for few clusters",
        citation=(
            "Hedges LV, Tipton E, Johnson MC. Robust variance estimation in meta-regression with "
            "dependent effect size estimates. Res Synth Methods 2010;1(1):39-65"
        ),
        doi="10.1002/jrsm.5",
    ),
    Method(
        id="cluster-robust-cr2",
        name="Bias-reduced cluster-robust variance (CR2)",
        formula="residuals times Aⱼ with Aⱼ (I − H)ⱼ Φ (I − H)ⱼ' Aⱼ' = Φⱼ, Φ the working variance",
        citation=_PUSTEJOVSKY_TIPTON,
        doi=_PUSTEJOVSKY_TIPTON_DOI,
    ),
    Method(
        id="cluster-robust-cr3",
        name="Nearly jackknifed cluster-robust variance (CR3)",
        formula="residuals times (I − Hⱼⱼ)⁻¹, Hⱼⱼ = Xⱼ M Xⱼ'Wⱼ",
        citation=(
            "Bell RM, McCaffrey DF. Bias reduction in standard errors for linear regression with "
            "multi-stage samples. Surv Methodol 2002;28(2):169-181"
        ),
        doi=None,
    ),
    Method(
        id="satterthwaite",
        name="Satterthwaite's degrees of freedom of a robust t-test",
        formula="ν = (tr P)² / tr P², P = G'ΦG, column j of G what cluster j adds to the variance",
        citation=_PUSTEJOVSKY_TIPTON,
        doi=_PUSTEJOVSKY_TIPTON_DOI,
    ),
)
