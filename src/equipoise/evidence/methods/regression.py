"""Meta-regression, intervals for τ², permutation, influence."""

from __future__ import annotations

from equipoise.stats.method import Method

REGRESSION: tuple[Method, ...] = (
    Method(
        id="meta-regression",
        name="Mixed-effects meta-regression",
        formula="yᵢ ~ N(xᵢβ, vᵢ + τ²), β = (X'WX)⁻¹X'Wy, wᵢ = 1 / (vᵢ + τ²), cov β = (X'WX)⁻¹",
        citation=(
            "Berkey CS, Hoaglin DC, Mosteller F, Colditz GA. A random-effects regression model for "
            "meta-analysis. Stat Med 1995;14(4):395-411"
        ),
        doi="10.1002/sim.4780140406",
    ),
    Method(
        id="residual-heterogeneity",
        name="τ² left by moderators, by moments or fixed points",
        formula="an equation in Q(τ²) = y'Py, P = W − WX(X'WX)⁻¹X'W, and traces of powers of P",
        citation=(
            "Viechtbauer W, López-López JA, Sánchez-Meca J, Marín-Martínez F. A comparison of "
            "procedures to test for moderators in mixed-effects meta-regression models. "
            "Psychol Methods 2015;20(3):360-374"
        ),
        doi="10.1037/met0000023",
    ),
    Method(
        id="omnibus-test",
        name="Test of several coefficients together",
        formula="b' (cov b)⁻¹ b: chi-square on m, or divided by m an F on m and k − p",
        citation=(
            "Viechtbauer W. Conducting meta-analyses in R with the metafor package. "
            "J Stat Softw 2010;36(3):1-48"
        ),
        doi="10.18637/jss.v036.i03",
    ),
    Method(
        id="r-squared",
        name="Heterogeneity accounted for",
        formula="R² = max(0, 1 − τ² with moderators / τ² without)",
        citation=(
            "López-López JA, Marín-Martínez F, Sánchez-Meca J, Van den Noortgate W, Viechtbauer W. "
            "Estimation of the predictive power of the model in mixed-effects meta-regression: a "
            "simulation study. Br J Math Stat Psychol 2014;67(1):30-48"
        ),
        doi="10.1111/bmsp.12002",
    ),
    Method(
        id="generalised-q",
        name="Interval and median-unbiased τ² from the exact distribution of Q",
        formula="P(Σ (1 + τ²/dᵢ) χ²₁ ≥ Q) = α/2, 1 − α/2 (interval), 1/2 (estimate)",
        citation=(
            "Jackson D. Confidence intervals for the between-study variance in random effects "
            "meta-analysis using generalised Cochran heterogeneity statistics. "
            "Res Synth Methods 2013;4(3):220-229"
        ),
        doi="10.1002/jrsm.1081",
    ),
)
