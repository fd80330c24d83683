"""Methods of the road itself; each room adds its own."""

from __future__ import annotations

from equipoise.stats.method import Method

METHODS: dict[str, Method] = {
    m.id: m
    for m in (
        Method(
            id="as-printed",
            name="as printed",
            formula="the text of the source, unchanged",
            citation="The work that the number is printed in.",
            doi=None,
        ),
        Method(
            id="confidence-limits",
            name="limits of a confidence interval",
            formula="estimate ± quantile × SE, on the scale of analysis",
            citation=(
                "Higgins JPT, Li T, Deeks JJ. Choosing effect measures and computing estimates of "
                "effect. Cochrane Handbook for Systematic Reviews of Interventions, chapter 6."
            ),
            doi="10.1002/9781119536604.ch6",
        ),
        Method(
            id="counted",
            name="counted from the case",
            formula="number of records that meet the description",
            citation="The records of the case.",
            doi=None,
        ),
        Method(
            id="summed",
            name="summed over studies",
            formula="sum of the printed numbers of people",
            citation="The records of the case.",
            doi=None,
        ),
        Method(
            id="share-of-people",
            name="share of people",
            formula="100 × people with the event / people",
            citation="Arithmetic on printed counts.",
            doi=None,
        ),
        Method(
            id="case-plan",
            name="chosen in the plan of the case",
            formula="decided in the plan of the case, with the reason given there",
            citation="The plan of the case.",
            doi=None,
        ),
        Method(
            id="prior-scale",
            name="scale of a prior",
            formula="planned scale × spread of the outcome, for mean differences",
            citation=(
                "Röver C et al. On weakly informative prior distributions for the heterogeneity "
                "parameter in Bayesian random-effects meta-analysis. Research Synthesis Methods "
                "2021;12(4):448-474."
            ),
            doi="10.1002/jrsm.1475",
        ),
        Method(
            id="random-effects-weight",
            name="weight of a study",
            formula="1 / (v + τ²), as a share of the sum",
            citation=(
                "DerSimonian R, Laird N. Meta-analysis in clinical trials. Controlled Clinical "
                "Trials 1986;7(3):177-188."
            ),
            doi="10.1016/0197-2456(86)90046-2",
        ),
        Method(
            id="cochran-q",
            name="Cochran's Q test of heterogeneity",
            formula="Q = Σ w (y − ȳ)², χ² with k − 1 degrees of freedom",
            citation=(
                "Cochran WG. The combination of estimates from different experiments. Biometrics "
                "1954;10(1):101-129."
            ),
            doi="10.2307/3001666",
        ),
        Method(
            id="optimal-information-size",
            name="optimal information size, rule of thumb",
            formula="people that a precise answer needs",
            citation=(
                "Guyatt GH et al. GRADE guidelines 6. Rating the quality of evidence: imprecision. "
                "Journal of Clinical Epidemiology 2011;64(12):1283-1293."
            ),
            doi="10.1016/j.jclinepi.2011.01.012",
        ),
        Method(
            id="published-reading",
            name="chosen among the ways to read a trial",
            formula="listed in the case as a way in which the trial may have been read",
            citation="The case's file of published syntheses.",
            doi=None,
        ),
        Method(
            id="trial-reading",
            name="a trial as it may have been read",
            formula="the trial's own numbers, put through the reading that is named beside them",
            citation=(
                "Gøtzsche PC, Hróbjartsson A, Marić K, Tendal B. Data extraction errors in "
                "meta-analyses that use standardized mean differences. JAMA 2007;298(4):430-437."
            ),
            doi="10.1001/jama.298.4.430",
        ),
        Method(
            id="reconstruction",
            name="combinations of readings held against a printed result",
            formula=(
                "largest of |estimate|, |lower| and |upper| deviation / published SE, and of the "
                "deviation of I² as a share of one, over all combinations"
            ),
            citation=(
                "Voracek M, Kossmeier M, Tran US. Which data to meta-analyze, and how? A "
                "specification-curve and multiverse-analysis approach to meta-analysis. "
                "Zeitschrift für Psychologie 2019;227(1):64-82."
            ),
            doi="10.1027/2151-2604/a000357",
        ),
        Method(
            id="implied-trial",
            name="what unseen trials would have to show",
            formula="y = (W μ − Σ w y) / (W − Σ w), weight W − Σ w, W = 1 / SE² as published",
            citation=(
                "DerSimonian R, Laird N. Meta-analysis in clinical trials. Controlled Clinical "
                "Trials 1986;7(3):177-188."
            ),
            doi="10.1016/0197-2456(86)90046-2",
        ),
        Method(
            id="selection-odds-ratio",
            name="selection odds ratio at no specific effect",
            formula="SOR = [p / (1 − p)] / [q / (1 − q)], report p, benchmark q",
            citation=(
                "de Barra M et al. How feedback biases give ineffective medical treatments a good "
                "reputation. Journal of Medical Internet Research 2014;16(8):e193."
            ),
            doi="10.2196/jmir.3214",
        ),
    )
}
