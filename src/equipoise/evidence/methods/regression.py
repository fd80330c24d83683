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
    Method(
        id="profile-likelihood",
        name="Profile likelihood interval for τ²",
        formula="all τ² with log L(τ²) ≥ log L at its peak − χ²₁ quantile / 2",
        citation=(
            "Hardy RJ, Thompson SG. A likelihood approach to meta-analysis with random "
            "effects. Stat Med 1996;15(6):619-629"
        ),
        doi="10.1002/(SICI)1097-0258(19960330)15:6<619::AID-SIM188>3.0.CO;2-A",
    ),
    Method(
        id="permutation-test",
        name="Permutation test",
        formula="p = share of rearrangements with |b / SE| as large as at hand, τ² anew each time",
        citation=(
            "Higgins JPT, Thompson SG. Controlling the risk of spurious findings from meta-"
            "regression. Stat Med 2004;23(11):1663-1682"
        ),
        doi="10.1002/sim.1752",
    ),
    Method(
        id="monte-carlo-p",
        name="Permutation p-value from random rearrangements",
        formula="p = (1 + as extreme) / (1 + drawn), SE = √(p(1 − p) / drawn)",
        citation=(
            "Phipson B, Smyth GK. Permutation p-values should never be zero: calculating "
            "exact p-values when permutations are randomly drawn. Stat Appl Genet Mol Biol "
            "2010;9(1):39"
        ),
        doi="10.2202/1544-6115.1585",
    ),
    Method(
        id="influence",
        name="Outlier and influence diagnostics",
        formula="changes of fit, coefficients, their covariance, τ² and Q when a study is left out",
        citation=(
            "Viechtbauer W, Cheung MWL. Outlier and influence diagnostics for meta-"
            "analysis. Res Synth Methods 2010;1(2):112-125"
        ),
        doi="10.1002/jrsm.11",
    ),
    Method(
        id="baujat",
        name="Contribution to heterogeneity and influence",
        formula="x = (yᵢ − ŷᵢ)² / (vᵢ + τ²), y = (ŷᵢ − ŷᵢ without i)² / Var(ŷᵢ without i)",
        citation=(
            "Baujat B, Mahé C, Pignon JP, Hill C. A graphical method for exploring "
            "heterogeneity in meta-analyses: application to a meta-analysis of 65 trials. "
            "Stat Med 2002;21(18):2641-2652"
        ),
        doi="10.1002/sim.1221",
    ),
    Method(
        id="blup",
        name="True effects of the studies at hand, predicted",
        formula="ŷᵢ + (τ² / (vᵢ + τ²)) (yᵢ − ŷᵢ)",
        citation=(
            "Raudenbush SW, Bryk AS. Empirical Bayes meta-analysis. J Educ Stat 1985;10(2):75-98"
        ),
        doi="10.3102/10769986010002075",
    ),
)
