"""Small-study effects and selective publication."""

from __future__ import annotations

from equipoise.stats.method import Method

SMALL_STUDY: tuple[Method, ...] = (
    Method(
        id="egger",
        name="Egger's regression test",
        formula="yᵢ = β₀ + β₁ SEᵢ, weights 1 / vᵢ; β₁ / SE(β₁) on k − 2 degrees of freedom",
        citation=(
            "Egger M, Davey Smith G, Schneider M, Minder C. Bias in meta-analysis detected by a "
            "simple, graphical test. BMJ 1997;315(7109):629-634"
        ),
        doi="10.1136/bmj.315.7109.629",
    ),
    Method(
        id="egger-mixed",
        name="Egger's test as a meta-regression",
        formula="yᵢ ~ N(β₀ + β₁ xᵢ, vᵢ + τ²), xᵢ the SE, variance or a function of sample size",
        citation=(
            "Moreno SG, Sutton AJ, Ades AE, et al. Assessment of regression-based methods to "
            "adjust for publication bias through a comprehensive simulation study. "
            "BMC Med Res Methodol 2009;9:2"
        ),
        doi="10.1186/1471-2288-9-2",
    ),
    Method(
        id="harbord",
        name="Harbord's score test",
        formula="Z / V on 1 / √V, weights V; Z = a − (events) n₁ / n, V its variance",
        citation=(
            "Harbord RM, Egger M, Sterne JAC. A modified test for small-study effects in "
            "meta-analyses of controlled trials with binary endpoints. "
            "Stat Med 2006;25(20):3443-3457"
        ),
        doi="10.1002/sim.2380",
    ),
    Method(
        id="peters",
        name="Peters' test",
        formula="log OR on 1 / n, weights events × non-events / n",
        citation=(
            "Peters JL, Sutton AJ, Jones DR, Abrams KR, Rushton L. Comparison of two methods to "
            "detect publication bias in meta-analysis. JAMA 2006;295(6):676-680"
        ),
        doi="10.1001/jama.295.6.676",
    ),
    Method(
        id="macaskill",
        name="Macaskill's test",
        formula="log OR on n, weights events × non-events / n",
        citation=(
            "Macaskill P, Walter SD, Irwig L. A comparison of methods to detect publication bias "
            "in meta-analysis. Stat Med 2001;20(4):641-654"
        ),
        doi="10.1002/sim.698",
    ),
    Method(
        id="rank-test",
        name="Begg and Mazumdar's rank test",
        formula="Kendall's τ of (yᵢ − μ) / √(vᵢ − 1 / Σw) and vᵢ",
        citation=(
            "Begg CB, Mazumdar M. Operating characteristics of a rank correlation test for "
            "publication bias. Biometrics 1994;50(4):1088-1101"
        ),
        doi="10.2307/2533446",
    ),
    Method(
        id="trim-and-fill",
        name="Trim and fill",
        formula="L0 = (4 S − k (k + 1)) / (2 k − 1), R0 = γ − 1; mirror images filled in",
        citation=(
            "Duval S, Tweedie R. Trim and fill: a simple funnel-plot-based method of testing and "
            "adjusting for publication bias in meta-analysis. Biometrics 2000;56(2):455-463"
        ),
        doi="10.1111/j.0006-341X.2000.00455.x",
    ),
    Method(
        id="pet-peese",
        name="PET-PEESE",
        formula="β₀ of yᵢ = β₀ + β₁ SEᵢ (PET); with vᵢ for SEᵢ (PEESE) where PET's is not 0",
        citation=(
            "Stanley TD, Doucouliagos H. Meta-regression approximations to reduce publication "
            "selection bias. Res Synth Methods 2014;5(1):60-78"
        ),
        doi="10.1002/jrsm.1095",
    ),
    Method(
        id="limit-meta-analysis",
        name="Limit meta-analysis",
        formula="yᵢ = β + √(vᵢ + τ²) (α + εᵢ); limit β + τ α",
        citation=(
            "Rücker G, Schwarzer G, Carpenter JR, Binder H, Schumacher M. Treatment-effect "
            "estimates adjusted for small-study effects via a limit meta-analysis. "
            "Biostatistics 2011;12(1):122-142"
        ),
        doi="10.1093/biostatistics/kxq046",
    ),
    Method(
        id="fail-safe-rosenthal",
        name="Rosenthal's fail-safe N",
        formula="N = (Σ zᵢ / z(α))² − k",
        citation=(
            'Rosenthal R. The "file drawer problem" and tolerance for null results. '
            "Psychol Bull 1979;86(3):638-641"
        ),
        doi="10.1037/0033-2909.86.3.638",
    ),
    Method(
        id="fail-safe-orwin",
        name="Orwin's fail-safe N",
        formula="N = k (μ − target) / target",
        citation=(
            "Orwin RG. A fail-safe N for effect size in meta-analysis. "
            "J Educ Stat 1983;8(2):157-159"
        ),
        doi="10.3102/10769986008002157",
    ),
    Method(
        id="fail-safe-rosenberg",
        name="Rosenberg's fail-safe N",
        formula="N = (k / Σw) ((Σ wy / z(α / 2))² − Σw)",
        citation=(
            "Rosenberg MS. The file-drawer problem revisited: a general weighted method for "
            "calculating fail-safe numbers in meta-analysis. Evolution 2005;59(2):464-468"
        ),
        doi="10.1111/j.0014-3820.2005.tb01004.x",
    ),
    Method(
        id="fail-safe-general",
        name="Fail-safe N of the random-effects mean",
        formula="N null studies, harmonic mean v, τ² + μ² k N / (k + N)², at which p = α",
        citation=(
            "Rosenberg MS. The file-drawer problem revisited: a general weighted method for "
            "calculating fail-safe numbers in meta-analysis. Evolution 2005;59(2):464-468"
        ),
        doi="10.1111/j.0014-3820.2005.tb01004.x",
    ),
    Method(
        id="excess-significance",
        name="Test of excess significance",
        formula="P(at least O significant), expected Σ power at the mean effect",
        citation=(
            "Ioannidis JPA, Trikalinos TA. An exploratory test for an excess of significant "
            "findings. Clin Trials 2007;4(3):245-253"
        ),
        doi="10.1177/1740774507079441",
    ),
    Method(
        id="henmi-copas",
        name="Henmi and Copas's interval",
        formula="Σwy / Σw ± x √(1 + τ² Σw² / Σw) / √Σw, w = 1 / v, τ² DerSimonian-Laird",
        citation=(
            "Henmi M, Copas JB. Confidence intervals for random effects meta-analysis and "
            "robustness to publication bias. Stat Med 2010;29(29):2969-2983"
        ),
        doi="10.1002/sim.4029",
    ),
    Method(
        id="step-selection",
        name="Step function selection model",
        formula="density φ(y; μ, v + τ²) w(p) / A, w constant between cut points and estimated",
        citation=(
            "Vevea JL, Hedges LV. A general linear model for estimating effect size in the "
            "presence of publication bias. Psychometrika 1995;60(3):419-435"
        ),
        doi="10.1007/BF02294384",
    ),
    Method(
        id="fixed-step-selection",
        name="Step function selection model with given weights",
        formula="density φ(y; μ, v + τ²) w(p) / A, w constant between cut points and given",
        citation=(
            "Vevea JL, Woods CM. Publication bias in research synthesis: sensitivity analysis "
            "using a priori weight functions. Psychol Methods 2005;10(4):428-443"
        ),
        doi="10.1037/1082-989X.10.4.428",
    ),
    Method(
        id="beta-selection",
        name="Beta selection model",
        formula="w(p) = p^(δ₁ − 1) (1 − p)^(δ₂ − 1), p kept within 0.00001 of its ends",
        citation=(
            "Citkowicz M, Vevea JL. A parsimonious weight function for modeling publication bias. "
            "Psychol Methods 2017;22(1):28-41"
        ),
        doi="10.1037/met0000119",
    ),
    Method(
        id="declining-selection",
        name="Selection models with falling weights",
        formula="w(p) = exp(−δ p²), exp(−δ p), 2 exp(−δ p) / (1 + exp(−δ p)), (1 − p)^δ",
        citation=(
            "Preston C, Ashby D, Smyth R. Adjusting for publication bias: modelling the selection "
            "process. J Eval Clin Pract 2004;10(2):313-322"
        ),
        doi="10.1111/j.1365-2753.2003.00457.x",
    ),
    Method(
        id="truncation-selection",
        name="Truncated distribution selection model",
        formula="w(y) = 1 on one side of a cut point in y, δ on the other",
        citation=(
            "Rust RT, Lehmann DR, Farley JU. Estimating publication bias in meta-analysis. "
            "J Mark Res 1990;27(2):220-226"
        ),
        doi="10.1177/002224379002700209",
    ),
)
