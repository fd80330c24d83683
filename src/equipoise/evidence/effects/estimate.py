"""An estimate and the road that led to it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from equipoise.errors import EvidenceError
from equipoise.evidence.effects.natural import LOG_RATIOS, to_natural_scale
from equipoise.stats.distributions import critical_value


class EffectMeasure(StrEnum):
    """Effect measures in metafor's codes (DOI 10.18637/jss.v036.i03).

    How each is computed stands in `equipoise.evidence.effects.measures`.
    """

    # Two arms, events
    RR = "RR"
    """Logarithm of the risk ratio."""
    OR = "OR"
    """Logarithm of the odds ratio."""
    RD = "RD"
    """Risk difference."""
    AS = "AS"
    """Difference of the arcsines of the roots of two risks."""
    PETO = "PETO"
    """Logarithm of the odds ratio by Peto's one step."""
    PHI = "PHI"
    """Phi coefficient: the correlation of arm and event."""
    ZPHI = "ZPHI"
    """Fisher's z of the phi coefficient."""
    YUQ = "YUQ"
    """Yule's Q."""
    YUY = "YUY"
    """Yule's Y."""
    RTET = "RTET"
    """Tetrachoric correlation."""
    ZTET = "ZTET"
    """Fisher's z of the tetrachoric correlation."""
    PBIT = "PBIT"
    """Difference of the probits of two risks, as an SMD."""
    OR2D = "OR2D"
    """Log odds ratio as an SMD, logistic (the same as OR2DL)."""
    OR2DN = "OR2DN"
    """Log odds ratio as an SMD, normal."""
    OR2DL = "OR2DL"
    """Log odds ratio as an SMD, logistic."""

    # The same people twice, or matched pairs, events
    MPRD = "MPRD"
    """Difference of the marginal risks of pairs."""
    MPRR = "MPRR"
    """Logarithm of the ratio of the marginal risks of pairs."""
    MPOR = "MPOR"
    """Logarithm of the marginal odds ratio of pairs."""
    MPORC = "MPORC"
    """Logarithm of the conditional odds ratio of pairs."""
    MPPETO = "MPPETO"
    """Logarithm of the conditional odds ratio of pairs by Peto's one step."""
    MPORM = "MPORM"
    """Logarithm of the marginal odds ratio from margins and a correlation."""

    # Two arms, events over time
    IRR = "IRR"
    """Logarithm of the ratio of two incidence rates."""
    IRD = "IRD"
    """Difference of two incidence rates."""
    IRSD = "IRSD"
    """Difference of the roots of two incidence rates."""
    HR = "HR"
    """Logarithm of the hazard ratio, as printed."""

    # Two arms, measurements
    MD = "MD"
    """Difference of two means, in the units of the outcome."""
    SMD = "SMD"
    """Difference of two means in between-person standard deviations (Hedges' g)."""
    SMDH = "SMDH"
    """Difference of two means in roots of the mean variance."""
    SMD1 = "SMD1"
    """Difference of two means in standard deviations of the second arm."""
    SMD1H = "SMD1H"
    """The same as SMD1, with variances that may differ."""
    ROM = "ROM"
    """Logarithm of the ratio of two means."""
    CVR = "CVR"
    """Logarithm of the ratio of two coefficients of variation."""
    VR = "VR"
    """Logarithm of the ratio of two standard deviations."""
    RPB = "RPB"
    """Point-biserial correlation."""
    ZPB = "ZPB"
    """Fisher's z of the point-biserial correlation."""
    RBIS = "RBIS"
    """Biserial correlation."""
    ZBIS = "ZBIS"
    """Fisher's z of the biserial correlation."""
    D2OR = "D2OR"
    """SMD as a log odds ratio, logistic (the same as D2ORL)."""
    D2ORN = "D2ORN"
    """SMD as a log odds ratio, normal."""
    D2ORL = "D2ORL"
    """SMD as a log odds ratio, logistic."""
    CLESN = "CLESN"
    """Probability that a person of the first arm has more than one of the second, normal."""
    AUCN = "AUCN"
    """The same as CLESN under its other name."""

    # One group before and after, or matched pairs, measurements
    MC = "MC"
    """Mean change of one group from before to after, in the units of the outcome."""
    SMCC = "SMCC"
    """Mean change in standard deviations of the change."""
    SMCR = "SMCR"
    """Mean change in standard deviations of the raw score at baseline."""
    SMCRH = "SMCRH"
    """The same as SMCR, with variances that may differ."""
    SMCRP = "SMCRP"
    """Mean change in roots of the mean variance of the two occasions."""
    SMCRPH = "SMCRPH"
    """The same as SMCRP, with variances that may differ."""
    ROMC = "ROMC"
    """Logarithm of the ratio of two dependent means."""
    CVRC = "CVRC"
    """Logarithm of the ratio of two dependent coefficients of variation."""
    VRC = "VRC"
    """Logarithm of the ratio of two dependent standard deviations."""
    CLESCN = "CLESCN"
    """Probability that a first score is more than another person's second, normal."""
    AUCCN = "AUCCN"
    """The same as CLESCN under its other name."""

    # Two variables, or a regression
    COR = "COR"
    """Correlation."""
    UCOR = "UCOR"
    """Correlation, corrected for bias."""
    ZCOR = "ZCOR"
    """Fisher's z of a correlation."""
    PCOR = "PCOR"
    """Partial correlation."""
    ZPCOR = "ZPCOR"
    """Fisher's z of a partial correlation."""
    SPCOR = "SPCOR"
    """Semi-partial correlation."""
    ZSPCOR = "ZSPCOR"
    """Fisher's z of a semi-partial correlation."""
    R2 = "R2"
    """Coefficient of determination."""
    ZR2 = "ZR2"
    """Fisher's z of the root of a coefficient of determination."""

    # One group
    PR = "PR"
    """Proportion."""
    PLN = "PLN"
    """Logarithm of a proportion."""
    PLO = "PLO"
    """Log odds of a proportion."""
    PRZ = "PRZ"
    """Probit of a proportion."""
    PAS = "PAS"
    """Arcsine of the root of a proportion."""
    PFT = "PFT"
    """Freeman and Tukey's double arcsine of a proportion."""
    IR = "IR"
    """Incidence rate."""
    IRLN = "IRLN"
    """Logarithm of an incidence rate."""
    IRS = "IRS"
    """Root of an incidence rate."""
    IRFT = "IRFT"
    """Freeman and Tukey's transform of an incidence rate."""
    MN = "MN"
    """Mean."""
    SMN = "SMN"
    """Mean in standard deviations."""
    MNLN = "MNLN"
    """Logarithm of a mean."""
    SDLN = "SDLN"
    """Logarithm of a standard deviation."""
    CVLN = "CVLN"
    """Logarithm of a coefficient of variation."""
    ARAW = "ARAW"
    """Cronbach's alpha."""
    AHW = "AHW"
    """Cronbach's alpha by Hakstian and Whalen's transform."""
    ABT = "ABT"
    """Cronbach's alpha by Bonett's transform."""
    REH = "REH"
    """Logarithm of the relative excess of heterozygotes."""

    @property
    def is_ratio(self) -> bool:
        """Whether `yi` is the logarithm of a ratio."""
        return self in LOG_RATIOS


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of a derivation: `quantity` = `formula` at `inputs` gave `value`, after `cite`."""

    quantity: str
    formula: str
    value: float
    inputs: Mapping[str, float] = field(default_factory=dict)
    cite: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """An assumed number that can be varied: the argument that carries it, and values to try."""

    name: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """Something that was taken to be so and that the data did not say.

    `sweep` says how to vary it, where it is a number that a function takes as an argument.
    """

    id: str
    text: str
    sweep: Sweep | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NaturalScale:
    """An estimate and its interval on the scale that people read (a ratio, not its logarithm)."""

    value: float
    low: float
    high: float
    level: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One effect from one source.

    `yi` is on the analysis scale of its measure (a natural logarithm for RR and OR, the outcome's
    units for MD); positive means that the first arm has more. `vi` is
    its sampling variance. `df` are the degrees of freedom of the standard error where intervals
    should use the t distribution, and `None` where the normal is meant. `steps` derive `yi` and
    `vi` from the inputs; `assumptions` are what had to be believed on the way.

    Raises `EvidenceError` unless `yi` is finite, `vi` positive and finite, `df` positive.
    """

    measure: EffectMeasure
    yi: float
    vi: float
    df: float | None = None
    steps: tuple[Step, ...] = ()
    assumptions: tuple[Assumption, ...] = ()

    def __post_init__(self) -> None:
        if not math.isfinite(self.yi):
            raise EvidenceError("The estimate is not a finite number.")
        if not (math.isfinite(self.vi) and self.vi > 0):
            raise EvidenceError("The sampling variance must be positive and finite.")
        if self.df is not None and not self.df > 0:
            raise EvidenceError("Degrees of freedom must be positive.")

    @property
    def sei(self) -> float:
        """Standard error on the analysis scale."""
        return math.sqrt(self.vi)

    def ci(self, level: float = 0.95) -> tuple[float, float]:
        """Confidence interval on the analysis scale: t with `df`, normal where `df` is `None`."""
        require_level(level)
        half = critical_value(level, self.df) * self.sei
        return self.yi - half, self.yi + half

    def on_natural_scale(self, level: float = 0.95, *, n: float | None = None) -> NaturalScale:
        """Estimate and interval on the scale that people read.

        A ratio for log ratios, a probability for PLN, PLO, PRZ, PAS and PFT, a rate for IRLN, IRS
        and IRFT, a correlation for Fisher's z; unchanged where the measure has no other scale.
        PFT and IRFT depend on the group's size or person-time `n` as well; see
        `equipoise.evidence.effects.natural.to_natural_scale`.
        """
        value, low, high = (
            to_natural_scale(self.measure, y, n) for y in (self.yi, *self.ci(level))
        )
        return NaturalScale(value=value, low=low, high=high, level=level)


def require_level(level: float) -> None:
    """Raise `EvidenceError` unless a confidence level lies strictly between zero and one."""
    if not 0 < level < 1:
        raise EvidenceError(
            f"A confidence level of {level:g} cannot be; write 95% as 0.95, not as 95."
        )


def require_finite(**values: float) -> None:
    """Raise `EvidenceError` naming the first value that is not a finite number."""
    for name, value in values.items():
        if not math.isfinite(value):
            raise EvidenceError(f"{name} = {value} is not a finite number.")


def require_positive(**values: float) -> None:
    """Raise `EvidenceError` naming the first value that is not positive and finite."""
    for name, value in values.items():
        if not (math.isfinite(value) and value > 0):
            raise EvidenceError(f"{name} = {value} must be positive.")


def require_group_size(smallest: int = 2, **sizes: float) -> None:
    """Raise `EvidenceError` naming the first group that is too small to have a deviation."""
    for name, n in sizes.items():
        if not (math.isfinite(n) and n >= smallest):
            raise EvidenceError(f"{name} = {n:g}, but at least {smallest} people are needed.")


def require_correlation(r: float) -> None:
    """Raise `EvidenceError` unless a within-person correlation lies strictly between −1 and 1."""
    if not -1 < r < 1:
        raise EvidenceError(f"A correlation of {r:g} is not strictly between -1 and 1.")
