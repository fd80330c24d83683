"""Effect measures in metafor's codes.

The formulas stand with the code that computes them (`equipoise.evidence.effects.measures`); here
is whom each is after.
"""

from __future__ import annotations

from collections.abc import Iterator

from equipoise.evidence.effects.measures import MEASURES as FORMULAS
from equipoise.stats.method import Method

_Source = tuple[str, str | None]

_METAFOR: _Source = (
    "Viechtbauer W. Conducting meta-analyses in R with the metafor package. J Stat Softw "
    "2010;36(3):1-48",
    "10.18637/jss.v036.i03",
)
_RUECKER: _Source = (
    "Rücker G, Schwarzer G, Carpenter J, Olkin I. Why add anything to nothing? The arcsine "
    "difference as a measure of treatment effect in meta-analysis with zero cells. Stat Med "
    "2009;28(5):721-738",
    "10.1002/sim.3511",
)
_YUSUF: _Source = (
    "Yusuf S, Peto R, Lewis J, Collins R, Sleight P. Beta blockade during and after "
    "myocardial infarction: an overview of the randomized trials. Prog Cardiovasc Dis "
    "1985;27(5):335-371",
    "10.1016/s0033-0620(85)80003-7",
)
_YULE: _Source = (
    "Yule GU. On the methods of measuring association between two attributes. J R Stat Soc "
    "1912;75(6):579-652",
    "10.2307/2340126",
)
_PEARSON: _Source = (
    "Pearson K. Mathematical contributions to the theory of evolution. VII. On the "
    "correlation of characters not quantitatively measurable. Philos Trans R Soc Lond A "
    "1900;195:1-47",
    "10.1098/rsta.1900.0022",
)
_SANCHEZ_MECA: _Source = (
    "Sánchez-Meca J, Marín-Martínez F, Chacón-Moscoso S. Effect-size indices for dichotomized "
    "outcomes in meta-analysis. Psychol Methods 2003;8(4):448-467",
    "10.1037/1082-989X.8.4.448",
)
_HASSELBLAD: _Source = (
    "Hasselblad V, Hedges LV. Meta-analysis of screening and diagnostic tests. Psychol Bull "
    "1995;117(1):167-178",
    "10.1037/0033-2909.117.1.167",
)
_MAY: _Source = (
    "May WL, Johnson WD. Confidence intervals for differences in correlated binary "
    "proportions. Stat Med 1997;16(18):2127-2136",
    "10.1002/(SICI)1097-0258(19970930)16:18<2127::AID-SIM633>3.0.CO;2-W",
)
_BECKER_BALAGTAS: _Source = (
    "Becker MP, Balagtas CC. Marginal modeling of binary cross-over data. Biometrics "
    "1993;49(4):997-1009",
    "10.2307/2532242",
)
_ZOU: _Source = (
    "Zou GY. One relative risk versus two odds ratios: implications for meta-analyses "
    "involving paired and unpaired binary data. Clin Trials 2007;4(1):25-31",
    "10.1177/1740774506075667",
)
_CURTIN: _Source = (
    "Curtin F, Elbourne D, Altman DG. Meta-analysis combining parallel and cross-over "
    "clinical trials. II: Binary outcomes. Stat Med 2002;21(15):2145-2159",
    "10.1002/sim.1206",
)
_ELBOURNE: _Source = (
    "Elbourne DR, Altman DG, Higgins JPT, Curtin F, Worthington HV, Vail A. Meta-analyses "
    "involving cross-over trials: methodological issues. Int J Epidemiol 2002;31(1):140-149",
    "10.1093/ije/31.1.140",
)
_BAGOS: _Source = (
    "Bagos PG, Nikolopoulos GK. Mixed-effects Poisson regression models for meta-analysis of "
    "follow-up studies with constant or varying durations. Int J Biostat 2009;5(1)",
    "10.2202/1557-4679.1168",
)
_PARMAR: _Source = (
    "Parmar MKB, Torri V, Stewart L. Extracting summary statistics to perform meta-analyses "
    "of the published literature for survival endpoints. Stat Med 1998;17(24):2815-2834",
    "10.1002/(SICI)1097-0258(19981230)17:24<2815::AID-SIM110>3.0.CO;2-8",
)
_FREEMAN: _Source = (
    "Freeman MF, Tukey JW. Transformations related to the angular and the square root. Ann "
    "Math Stat 1950;21(4):607-611",
    "10.1214/aoms/1177729756",
)
_BONETT_2009: _Source = (
    "Bonett DG. Meta-analytic interval estimation for standardized and unstandardized mean "
    "differences. Psychol Methods 2009;14(3):225-238",
    "10.1037/a0016619",
)
_BONETT_2008: _Source = (
    "Bonett DG. Confidence intervals for standardized linear contrasts of means. Psychol "
    "Methods 2008;13(2):99-109",
    "10.1037/1082-989X.13.2.99",
)
_HEDGES: _Source = (
    "Hedges LV. Distribution theory for Glass's estimator of effect size and related "
    "estimators. J Educ Stat 1981;6(2):107-128",
    "10.3102/10769986006002107",
)
_HEDGES_1999: _Source = (
    "Hedges LV, Gurevitch J, Curtis PS. The meta-analysis of response ratios in experimental "
    "ecology. Ecology 1999;80(4):1150-1156",
    "10.1890/0012-9658(1999)080[1150:TMAORR]2.0.CO;2",
)
_LAJEUNESSE: _Source = (
    "Lajeunesse MJ. On the meta-analysis of response ratios for studies with correlated and "
    "multi-group designs. Ecology 2011;92(11):2049-2055",
    "10.1890/11-0423.1",
)
_NAKAGAWA: _Source = (
    "Nakagawa S, Poulin R, Mengersen K, et al. Meta-analysis of variation: ecological and "
    "evolutionary applications and beyond. Methods Ecol Evol 2015;6(2):143-152",
    "10.1111/2041-210x.12309",
)
_RAUDENBUSH: _Source = (
    "Raudenbush SW, Bryk AS. Examining correlates of diversity. J Educ Stat 1987;12(3):241-269",
    "10.3102/10769986012003241",
)
_TATE: _Source = (
    "Tate RF. Correlation between a discrete and a continuous variable: point-biserial "
    "correlation. Ann Math Stat 1954;25(3):603-607",
    "10.1214/aoms/1177728730",
)
_JACOBS: _Source = (
    "Jacobs P, Viechtbauer W. Estimation of the biserial correlation and its sampling "
    "variance for use in meta-analysis. Res Synth Methods 2017;8(2):161-180",
    "10.1002/jrsm.1218",
)
_MCGRAW: _Source = (
    "McGraw KO, Wong SP. A common language effect size statistic. Psychol Bull 1992;111(2):361-365",
    "10.1037/0033-2909.111.2.361",
)
_COUSINEAU: _Source = (
    "Cousineau D. Approximating the distribution of Cohen's d_p in within-subject designs. "
    "Quant Methods Psychol 2020;16(4):418-421",
    "10.20982/tqmp.16.4.p418",
)
_OLKIN_PRATT: _Source = (
    "Olkin I, Pratt JW. Unbiased estimation of certain correlation coefficients. Ann Math "
    "Stat 1958;29(1):201-211",
    "10.1214/aoms/1177706717",
)
_FISHER: _Source = (
    "Fisher RA. On the 'probable error' of a coefficient of correlation deduced from a small "
    "sample. Metron 1921;1:1-32",
    None,
)
_ALOE_THOMPSON: _Source = (
    "Aloe AM, Thompson CG. The synthesis of partial effect sizes. J Soc Social Work Res "
    "2013;4(4):390-405",
    "10.5243/jsswr.2013.24",
)
_ALOE_BECKER: _Source = (
    "Aloe AM, Becker BJ. An effect size for regression predictors in meta-analysis. J Educ "
    "Behav Stat 2012;37(2):278-297",
    "10.3102/1076998610396901",
)
_OLKIN_FINN: _Source = (
    "Olkin I, Finn JD. Correlations redux. Psychol Bull 1995;118(1):155-164",
    "10.1037/0033-2909.118.1.155",
)
_BONETT_2010: _Source = (
    "Bonett DG. Varying coefficient meta-analytic methods for alpha reliability. Psychol "
    "Methods 2010;15(4):368-385",
    "10.1037/a0020142",
)
_BONETT_2002: _Source = (
    "Bonett DG. Sample size requirements for testing and estimating coefficient alpha. J Educ "
    "Behav Stat 2002;27(4):335-340",
    "10.3102/10769986027004335",
)
_HAKSTIAN: _Source = (
    "Hakstian AR, Whalen TE. A k-sample significance test for independent alpha coefficients. "
    "Psychometrika 1976;41(2):219-231",
    "10.1007/BF02291840",
)
_ZIEGLER: _Source = (
    "Ziegler A, Van Steen K, Wellek S. Investigating Hardy-Weinberg equilibrium in case- "
    "control or cohort studies or meta-analysis. Breast Cancer Res Treat 2011;128(1):197-201",
    "10.1007/s10549-010-1295-z",
)

_SOURCES: dict[str, _Source] = {
    "as": _RUECKER,
    "peto": _YUSUF,
    "phi": _YULE,
    "yuq": _YULE,
    "yuy": _YULE,
    "rtet": _PEARSON,
    "zphi": _METAFOR,
    "ztet": _METAFOR,
    "pbit": _SANCHEZ_MECA,
    "or2dn": _SANCHEZ_MECA,
    "or2dl": _HASSELBLAD,
    "d2orn": _SANCHEZ_MECA,
    "d2orl": _HASSELBLAD,
    "mprd": _MAY,
    "mprr": _ZOU,
    "mpor": _BECKER_BALAGTAS,
    "mporc": _ZOU,
    "mppeto": _CURTIN,
    "mporm": _ELBOURNE,
    "irr": _BAGOS,
    "ird": _BAGOS,
    "irsd": _BAGOS,
    "ir": _METAFOR,
    "irln": _METAFOR,
    "irs": _METAFOR,
    "irft": _FREEMAN,
    "pft": _FREEMAN,
    "pas": _METAFOR,
    "pln": _METAFOR,
    "prz": _METAFOR,
    "smdh": _BONETT_2009,
    "smd1": _HEDGES,
    "smd1h": _BONETT_2008,
    "rom": _HEDGES_1999,
    "romc": _LAJEUNESSE,
    "vr": _NAKAGAWA,
    "cvr": _NAKAGAWA,
    "vrc": _NAKAGAWA,
    "cvrc": _NAKAGAWA,
    "cvln": _NAKAGAWA,
    "mnln": _NAKAGAWA,
    "sdln": _RAUDENBUSH,
    "rpb": _TATE,
    "zpb": _METAFOR,
    "rbis": _JACOBS,
    "zbis": _JACOBS,
    "clesn": _MCGRAW,
    "clescn": _MCGRAW,
    "mc": _METAFOR,
    "smcrh": _BONETT_2008,
    "smcrp": _COUSINEAU,
    "smcrph": _BONETT_2008,
    "cor": _METAFOR,
    "ucor": _OLKIN_PRATT,
    "zcor": _FISHER,
    "pcor": _ALOE_THOMPSON,
    "zpcor": _ALOE_THOMPSON,
    "spcor": _ALOE_BECKER,
    "zspcor": _ALOE_BECKER,
    "r2": _OLKIN_FINN,
    "zr2": _OLKIN_FINN,
    "mn": _METAFOR,
    "smn": _METAFOR,
    "araw": _BONETT_2010,
    "abt": _BONETT_2002,
    "ahw": _HAKSTIAN,
    "reh": _ZIEGLER,
}


def _methods() -> Iterator[Method]:
    """One method for each source above, with the formula of the first measure that cites it."""
    for formula in FORMULAS.values():
        if formula.cite in _SOURCES and formula.measure.lower() == formula.cite:
            citation, doi = _SOURCES[formula.cite]
            yield Method(
                id=formula.cite,
                name=formula.name,
                formula=f"{formula.yi}; variance {formula.vi}",
                citation=citation,
                doi=doi,
            )


_HAZARD_RATIO = Method(
    id="hr",
    name="Hazard ratio as printed",
    formula="log HR, variance from its interval",
    citation=_PARMAR[0],
    doi=_PARMAR[1],
)

MEASURES: tuple[Method, ...] = (*_methods(), _HAZARD_RATIO)
