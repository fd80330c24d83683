"""The methods of this room and the papers they come from."""

from __future__ import annotations

from typing import Final

from equipoise.stats.method import Method

_ALL: Final = (
    Method(
        id="bateman",
        name="One-compartment oral kinetics",
        formula="C(t) = F·D·ka / (V·(ka − k)) · (exp(−k·t) − exp(−ka·t))",
        citation=(
            "Bateman H. Solution of a system of differential equations occurring in the theory of "
            "radioactive transformations. Proc Camb Philos Soc 1910;15:423-427."
        ),
        doi=None,
    ),
    Method(
        id="occupancy-parent-plasma",
        name="Occupancy in equilibrium with the parent drug in plasma",
        formula="R = C / (C + IC50)",
        citation=(
            "Langmuir I. The adsorption of gases on plane surfaces of glass, mica and platinum. "
            "J Am Chem Soc 1918;40:1361-1403."
        ),
        doi="10.1021/ja02242a004",
    ),
    Method(
        id="occupancy-metabolite",
        name="Occupancy by parent drug and metabolite competing in plasma",
        formula="R = S / (S + IC50), S = Cm + r·Cp",
        citation=(
            "Gaddum JH. The quantitative effects of antagonistic drugs. "
            "J Physiol 1937;89(Suppl):7P-9P."
        ),
        doi=None,
    ),
    Method(
        id="occupancy-retained",
        name="Occupancy by drug retained near the receptor",
        formula="R = E / (E + ED50), dE/dt = kin·(drug to come) − kout·E",
        citation=(
            "Sheiner LB, Stanski DR, Vozeh S, Miller RD, Ham J. Simultaneous modeling of "
            "pharmacokinetics and pharmacodynamics: application to d-tubocurarine. "
            "Clin Pharmacol Ther 1979;25(3):358-371."
        ),
        doi="10.1002/cpt1979253358",
    ),
    Method(
        id="occupancy-slow-dissociation",
        name="Occupancy with slow dissociation from the receptor",
        formula="dR/dt = kon·C·(1 − R) − koff·R",
        citation=(
            "Copeland RA, Pompliano DL, Meek TD. Drug-target residence time and its implications "
            "for lead optimization. Nat Rev Drug Discov 2006;5(9):730-739."
        ),
        doi="10.1038/nrd2082",
    ),
    Method(
        id="aic",
        name="Akaike's information criterion",
        formula="AIC = chi2 + 2·p",
        citation=(
            "Akaike H. A new look at the statistical model identification. "
            "IEEE Trans Automat Contr 1974;19(6):716-723."
        ),
        doi="10.1109/TAC.1974.1100705",
    ),
    Method(
        id="akaike-weights",
        name="Akaike weights and the average over models",
        formula="w = exp(−(AIC − min AIC)/2) / sum of the same; R = sum of w·R(model)",
        citation=(
            "Burnham KP, Anderson DR. Multimodel inference: understanding AIC and BIC in model "
            "selection. Sociol Methods Res 2004;33(2):261-304."
        ),
        doi="10.1177/0049124104268644",
    ),
    Method(
        id="linear-dose-scaling",
        name="Peak concentration in proportion to dose",
        formula="C(to) = C(from) · dose(to) / dose(from)",
        citation=(
            "Smith BP, Vandenhende FR, DeSante KA, et al. Confidence interval criteria for "
            "assessment of dose proportionality. Pharm Res 2000;17(10):1278-1283."
        ),
        doi="10.1023/A:1026451721686",
    ),
    Method(
        id="potency-gap",
        name="Concentration in vitro over the peak in a person",
        formula="gap = C(in vitro) / Cmax, total drug in plasma; the unbound share widens the gap",
        citation=(
            "Smith DA, Di L, Kerns EH. The effect of plasma protein binding on in vivo efficacy: "
            "misconceptions in drug discovery. Nat Rev Drug Discov 2010;9(12):929-939."
        ),
        doi="10.1038/nrd3287",
    ),
)

METHODS: Final[dict[str, Method]] = {method.id: method for method in _ALL}
