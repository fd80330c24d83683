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
