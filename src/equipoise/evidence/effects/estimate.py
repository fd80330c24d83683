"""An estimate and the road that led to it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from equipoise.errors import EvidenceError
from equipoise.stats.distributions import critical_value


class EffectMeasure(StrEnum):
    """Effect measures in metafor's codes (DOI 10.18637/jss.v036.i03)."""

    MD = "MD"
    """Difference of two means, in the units of the outcome."""
    SMD = "SMD"
    """Difference of two means in between-person standard deviations (Hedges' g)."""
    MC = "MC"
    """Mean change of one group from before to after, in the units of the outcome."""
    SMCC = "SMCC"
    """Mean change in standard deviations of the change."""
    SMCR = "SMCR"
    """Mean change in standard deviations of the raw score at baseline."""
    RR = "RR"
    """Logarithm of the risk ratio."""
    OR = "OR"
    """Logarithm of the odds ratio."""
    RD = "RD"
    """Risk difference."""
    PR = "PR"
    """Proportion."""
    PLO = "PLO"
    """Log odds of a proportion."""

    @property
    def is_ratio(self) -> bool:
        """Whether `yi` is the logarithm of a ratio."""
        return self in (EffectMeasure.RR, EffectMeasure.OR)


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

    `yi` is on the analysis scale (natural logarithm for RR and OR, log odds for PLO, the outcome's
    units or standard deviations otherwise); positive means that the first arm has more. `vi` is
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

    def on_natural_scale(self, level: float = 0.95) -> NaturalScale:
        """Ratio for RR and OR, probability for PLO, unchanged for all else."""
        low, high = self.ci(level)
        if self.measure.is_ratio:
            value, low, high = math.exp(self.yi), math.exp(low), math.exp(high)
        elif self.measure is EffectMeasure.PLO:
            value, low, high = _expit(self.yi), _expit(low), _expit(high)
        else:
            value = self.yi
        return NaturalScale(value=value, low=low, high=high, level=level)


def _expit(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


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
