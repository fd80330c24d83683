"""Different instruments of one domain on one scale."""

from __future__ import annotations

from equipoise.stats.method import Method

_HANDBOOK_15 = (
    "Schünemann HJ, Vist GE, Higgins JPT, Santesso N, Deeks JJ, Glasziou P, Akl EA, Guyatt GH. "
    "Interpreting results and drawing conclusions. Cochrane Handbook for Systematic Reviews of "
    "Interventions, 2nd ed., chapter 15. Wiley 2019"
)
_HANDBOOK_15_DOI = "10.1002/9781119536604.ch15"
_MURAD = (
    "Murad MH, Wang Z, Chu H, Lin L. When continuous outcomes are measured using different scales: "
    "guide for meta-analysis and interpretation. BMJ 2019;364:k4817"
)
_MURAD_DOI = "10.1136/bmj.k4817"

HARMONISATION: tuple[Method, ...] = (
    Method(
        id="direction",
        name="Common direction",
        formula="better by = effect where higher is better, −effect where lower is better",
        citation=_MURAD,
        doi=_MURAD_DOI,
    ),
    Method(
        id="reference-sd",
        name="Standardised by a reference deviation",
        formula="SMD = MD / reference SD, SE likewise",
        citation=_MURAD,
        doi=_MURAD_DOI,
    ),
    Method(
        id="smd-to-md",
        name="Standardised difference on a familiar instrument",
        formula="MD = SMD × SD of the instrument, SE likewise",
        citation=_HANDBOOK_15,
        doi=_HANDBOOK_15_DOI,
    ),
    Method(
        id="mid-units",
        name="Difference in minimal important differences",
        formula="MD / MID, SE likewise",
        citation=(
            "Johnston BC, Thorlund K, Schünemann HJ, Xie F, Murad MH, Montori VM, Guyatt GH. "
            "Improving the interpretation of quality of life evidence in meta-analyses: the "
            "application of minimal important difference units. "
            "Health Qual Life Outcomes 2010;8:116"
        ),
        doi="10.1186/1477-7525-8-116",
    ),
    Method(
        id="smd-to-or",
        name="Standardised difference and log odds ratio",
        formula="log OR = SMD × π / √3, and back",
        citation=(
            "Hasselblad V, Hedges LV. Meta-analysis of screening and diagnostic tests. "
            "Psychol Bull 1995;117(1):167-178"
        ),
        doi="10.1037/0033-2909.117.1.167",
    ),
    Method(
        id="rd-from-ratio",
        name="Risk difference at a control risk",
        formula="RD = control risk × (RR − 1), or through the odds with OR",
        citation=_HANDBOOK_15,
        doi=_HANDBOOK_15_DOI,
    ),
    Method(
        id="nnt-from-smd",
        name="Risk difference of a standardised difference",
        formula="RD = Φ(SMD + Φ⁻¹(control risk)) − control risk",
        citation=(
            "Furukawa TA, Leucht S. How to obtain NNT from Cohen's d: comparison of two methods. "
            "PLoS ONE 2011;6(4):e19070"
        ),
        doi="10.1371/journal.pone.0019070",
    ),
    Method(
        id="responder-difference",
        name="Difference in responders at a threshold",
        formula="RD = Φ((mean + MD − threshold) / SD) − Φ((mean − threshold) / SD)",
        citation=(
            "Anzures-Cabrera J, Sarpatwari A, Higgins JPT. Expressing findings from meta-analyses "
            "of continuous outcomes in terms of risks. Stat Med 2011;30(25):2967-2985"
        ),
        doi="10.1002/sim.4298",
    ),
    Method(
        id="nnt",
        name="Number needed to treat with its interval",
        formula="1 / RD, the interval through infinity where that of RD includes nothing",
        citation=(
            "Altman DG. Confidence intervals for the number needed to treat. "
            "BMJ 1998;317(7168):1309-1312"
        ),
        doi="10.1136/bmj.317.7168.1309",
    ),
)
