"""A mean and a standard deviation from a median with quartiles, with the range, or with both."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from equipoise.errors import EvidenceError
from equipoise.evidence.effects.estimate import (
    Assumption,
    EffectMeasure,
    Estimate,
    Step,
    require_finite,
)
from equipoise.evidence.effects.means import estimate_md_from_means
from equipoise.evidence.effects.overflow import refuse_overflow
from equipoise.stats.order_statistics import (
    best_linear_unbiased,
    fit_normal,
    normal_log_likelihood,
    rank_of,
)
from equipoise.stats.quantile_matching import (
    box_cox,
    inverse_box_cox_moments,
    match_quantiles,
    minimise,
    symmetrising_power,
)

Array = NDArray[np.float64]

_SMALLEST_N = 5
_PROBABILITIES = {"low": 0.0, "q1": 0.25, "median": 0.5, "q3": 0.75, "high": 1.0}
_LARGEST_POWER = 5.0

NORMAL_DATA = Assumption(
    id="normal-from-quantiles",
    text=(
        "The people's values are normal, so that their mean and standard deviation can be read "
        "from quantiles; the standard error takes them as if they had been printed."
    ),
)
SKEWED_DATA = Assumption(
    id="skewed-quantiles",
    text=(
        "The printed quantiles are too lopsided for normal values of so many people; a mean that "
        "takes them for normal is not to be trusted."
    ),
)
MATCHED_FAMILY = Assumption(
    id="matched-family",
    text=(
        "The people's values follow the family of distributions whose quantiles lie closest to "
        "the printed ones; the standard error takes mean and deviation as if they were printed."
    ),
)
POWER_NORMAL = Assumption(
    id="power-normal",
    text=(
        "The people's values are normal after a power transformation that the printed quantiles "
        "chose; the standard error takes mean and deviation as if they were printed."
    ),
)


class QuantileMethod(StrEnum):
    """Ways from quantiles to a mean and a standard deviation."""

    LUO_WAN_SHI = "luo-wan-shi"
    """Closed forms for normal values: Luo 2018, Wan 2014, Shi 2020."""
    BLUE = "blue"
    """Best linear unbiased for normal values: Yang 2022."""
    QE = "qe"
    """Closest of five families of distributions: McGrath 2020."""
    BOX_COX = "bc"
    """Symmetric after a power transformation, then closed forms: McGrath 2020."""
    MLN = "mln"
    """Most likely power transformation, then most likely normal: Cai 2021."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FiveNumbers:
    """A median of `n` people with the quartiles, with the extremes, or with both.

    Raises `EvidenceError` for fewer than five people, half a pair, neither pair, numbers that
    are not finite, out of order, or all the same.
    """

    median: float
    n: float
    q1: float | None = None
    q3: float | None = None
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.n) and self.n >= _SMALLEST_N):
            raise EvidenceError(
                f"n = {self.n:g}, but a mean from quantiles needs at least {_SMALLEST_N} people."
            )
        if (self.q1 is None) != (self.q3 is None) or (self.low is None) != (self.high is None):
            raise EvidenceError("Quartiles and extremes come in pairs; one of a pair is missing.")
        if self.q1 is None and self.low is None:
            raise EvidenceError("A median alone says nothing about the spread.")
        values = list(self.values.values())
        require_finite(**self.values)
        if any(a > b for a, b in itertools.pairwise(values)):
            raise EvidenceError(
                "The quantiles are out of order; they must rise from lowest to highest."
            )
        if not values[0] < values[-1]:
            raise EvidenceError("All quantiles are the same; there is no spread to read.")

    @property
    def values(self) -> dict[str, float]:
        """The printed numbers by name, lowest first."""
        found = {name: getattr(self, name) for name in _PROBABILITIES}
        return {name: float(value) for name, value in found.items() if value is not None}

    @property
    def has_quartiles(self) -> bool:
        """Whether the quartiles were printed."""
        return self.q1 is not None

    @property
    def has_extremes(self) -> bool:
        """Whether lowest and highest value were printed."""
        return self.low is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class SkewnessCheck:
    """How lopsided the quantiles are, and how lopsided those of normal values can be.

    `statistic` above `critical` happens to one normal sample in twenty. `normal_is_tenable` is
    the comparison in a word.
    """

    statistic: float
    critical: float
    steps: tuple[Step, ...]

    @property
    def normal_is_tenable(self) -> bool:
        """Whether the quantiles are no more lopsided than chance makes those of normal values."""
        return self.statistic <= self.critical


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanAndSD:
    """Mean and standard deviation of n people, worked back from quantiles."""

    mean: float
    sd: float
    n: float
    method: QuantileMethod
    skewness: SkewnessCheck
    steps: tuple[Step, ...]
    assumptions: tuple[Assumption, ...]


@refuse_overflow
def check_skewness(five: FiveNumbers) -> SkewnessCheck:
    """Test of normality that needs the quantiles and n only (DOI 10.1177/09622802231172043).

    Lopsidedness is |low + high − 2 median| / (high − low), with quartiles instead where only they
    are printed, the larger of both (extremes weighted down) where both are. The test holds its
    5% with type-7 quartiles from about 60 people on and is cautious below.
    """
    n, m = five.n, five.median
    inputs = {**five.values, "n": n}
    outer = _lopsided(five.low, m, five.high)
    inner = _lopsided(five.q1, m, five.q3)
    if outer is not None and inner is not None:
        weight = 2.65 * math.log(0.6 * n) / math.sqrt(n)
        statistic = max(weight * outer, inner)
        critical = 2.97 / math.sqrt(n) - 39.1 / n**3
        formula = (
            "T = max(2.65 × log(0.6 n) / √n × |low + high − 2 median| / (high − low), "
            "|q₁ + q₃ − 2 median| / (q₃ − q₁)), critical 2.97 / √n − 39.1 / n³"
        )
    elif outer is not None:
        statistic = outer
        critical = 1.01 / math.log(n + 9) + 2.43 / (n + 1)
        formula = (
            "T = |low + high − 2 median| / (high − low), "
            "critical 1.01 / log(n + 9) + 2.43 / (n + 1)"
        )
    else:
        statistic = inner if inner is not None else 0.0
        critical = 2.65 / math.sqrt(n) - 6 / n**2
        formula = "T = |q₁ + q₃ − 2 median| / (q₃ − q₁), critical 2.65 / √n − 6 / n²"
    step = Step(
        quantity="T", formula=formula, value=statistic, inputs=inputs, cite="skewness-quantiles"
    )
    bound = Step(
        quantity="critical T",
        formula="5% of normal samples exceed this",
        value=critical,
        inputs={"n": n},
        cite="skewness-quantiles",
    )
    return SkewnessCheck(statistic=statistic, critical=critical, steps=(step, bound))


def estimate_mean_and_sd(
    five: FiveNumbers, method: QuantileMethod = QuantileMethod.LUO_WAN_SHI
) -> MeanAndSD:
    """Mean and SD from quantiles; a lopsided summary under a normal method adds an assumption.

    `LUO_WAN_SHI` is metafor's default. `QE`, `BOX_COX` and `MLN` bend to skewness; the two
    transformations need positive numbers, and raise `EvidenceError` where the transformation that
    fits has no finite mean.
    """
    work = _METHODS[QuantileMethod(method)]
    skewness = check_skewness(five)
    try:
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            steps, assumption = work(five)
    except (ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
        raise EvidenceError(
            f"These quantiles give no mean and standard deviation by the method '{method}'. Use "
            "another method, or report the median as it stands."
        ) from error
    mean, sd = steps[-2].value, steps[-1].value
    if not (math.isfinite(mean) and math.isfinite(sd) and sd > 0):
        raise EvidenceError(
            f"The method '{method}' gives no positive, finite standard deviation here."
        )
    doubts: tuple[Assumption, ...] = ()
    if assumption is NORMAL_DATA and not skewness.normal_is_tenable:
        doubts = (SKEWED_DATA,)
    return MeanAndSD(
        mean=mean,
        sd=sd,
        n=five.n,
        method=QuantileMethod(method),
        skewness=skewness,
        steps=(*skewness.steps, *steps),
        assumptions=(assumption, *doubts),
    )


@refuse_overflow
def estimate_md_from_quantiles(
    five1: FiveNumbers,
    five2: FiveNumbers,
    method: QuantileMethod = QuantileMethod.LUO_WAN_SHI,
) -> Estimate:
    """Mean difference of two arms of which quantiles were printed.

    The variance is that of printed means and deviations, which is too small by the digits that
    quantiles leave out (DOI 10.1177/09622802221139233); the assumption says so.
    """
    arms = [estimate_mean_and_sd(five, method) for five in (five1, five2)]
    one, two = arms
    md = estimate_md_from_means(one.mean, one.sd, one.n, two.mean, two.sd, two.n)
    steps = [
        Step(
            quantity=f"{s.quantity}{mark}",
            formula=s.formula,
            value=s.value,
            inputs=s.inputs,
            cite=s.cite,
        )
        for arm, mark in zip(arms, ("₁", "₂"), strict=True)
        for s in arm.steps
    ]
    assumptions = dict.fromkeys((*one.assumptions, *two.assumptions))
    return Estimate(
        measure=EffectMeasure.MD,
        yi=md.yi,
        vi=md.vi,
        steps=(*steps, *md.steps),
        assumptions=tuple(assumptions),
    )


_Work = tuple[tuple[Step, ...], Assumption]


def _lopsided(low: float | None, middle: float, high: float | None) -> float | None:
    if low is None or high is None:
        return None
    width = high - low
    return abs((low - middle) + (high - middle)) / width if width > 0 else 0.0


def _luo_wan_shi(five: FiveNumbers) -> _Work:
    return _closed_form(five.values, five.n), NORMAL_DATA


def _closed_form(values: Mapping[str, float], n: float) -> tuple[Step, Step]:
    """Mean (Luo 2018) and SD (Wan 2014, both pairs Shi 2020), with the constants as printed."""
    m = values["median"]
    z_range = float(ndtri((n - 0.375) / (n + 0.25)))
    z_quartile = float(ndtri((0.75 * n - 0.125) / (n + 0.25)))
    inputs = {**values, "n": n}
    if "low" in values and "q1" in values:
        width, inner = values["high"] - values["low"], values["q3"] - values["q1"]
        w1, w2 = 2.2 / (2.2 + n**0.75), 0.7 - 0.72 / n**0.55
        mid, half = values["low"] / 2 + values["high"] / 2, values["q1"] / 2 + values["q3"] / 2
        mean = w1 * mid + w2 * half + (1 - w1 - w2) * m
        shape = (
            "mean = w₁ (low + high) / 2 + w₂ (q₁ + q₃) / 2 + (1 − w₁ − w₂) median, "
            "w₁ = 2.2 / (2.2 + n^0.75), w₂ = 0.7 − 0.72 / n^0.55"
        )
        by_range = (2 + 0.14 * n**0.6) * z_range
        by_quartiles = (2 + 2 / (0.07 * n**0.6)) * z_quartile
        sd = width / by_range + inner / by_quartiles
        spread = (
            "SD = (high − low) / ((2 + 0.14 n^0.6) z((n − 0.375) / (n + 0.25))) + "
            "(q₃ − q₁) / ((2 + 2 / (0.07 n^0.6)) z((0.75 n − 0.125) / (n + 0.25)))"
        )
        cite = "sd-shi"
    elif "low" in values:
        w = 4 / (4 + n**0.75)
        mean = w * (values["low"] / 2 + values["high"] / 2) + (1 - w) * m
        shape = "mean = w (low + high) / 2 + (1 − w) median, w = 4 / (4 + n^0.75)"
        sd = (values["high"] - values["low"]) / (2 * z_range)
        spread = "SD = (high − low) / (2 z((n − 0.375) / (n + 0.25)))"
        cite = "sd-wan"
    else:
        w = 0.7 + 0.39 / n
        mean = w * (values["q1"] / 2 + values["q3"] / 2) + (1 - w) * m
        shape = "mean = w (q₁ + q₃) / 2 + (1 − w) median, w = 0.7 + 0.39 / n"
        sd = (values["q3"] - values["q1"]) / (2 * z_quartile)
        spread = "SD = (q₃ − q₁) / (2 z((0.75 n − 0.125) / (n + 0.25)))"
        cite = "sd-wan"
    return (
        Step(quantity="mean", formula=shape, value=mean, inputs=inputs, cite="mean-luo"),
        Step(quantity="SD", formula=spread, value=sd, inputs=inputs, cite=cite),
    )


def _blue(five: FiveNumbers) -> _Work:
    values, ranks = _values_and_ranks(five)
    fit = best_linear_unbiased(values, ranks, five.n)
    inputs = {**five.values, "n": five.n}
    formula = "(mean, SD) = generalised least squares of the quantiles on (1, E z₍ᵣ₎)"
    return (
        Step(quantity="mean", formula=formula, value=fit.location, inputs=inputs, cite="blue"),
        Step(quantity="SD", formula=formula, value=fit.scale, inputs=inputs, cite="blue"),
    ), NORMAL_DATA


def _quantile_estimation(five: FiveNumbers) -> _Work:
    p = np.array([_PROBABILITIES[name] for name in five.values])
    # The extremes of n values are taken as the quantiles 1/n and 1 − 1/n.
    p = np.clip(p, 1 / five.n, 1 - 1 / five.n)
    best = match_quantiles(p, np.array(list(five.values.values())))[0]
    inputs = {**five.values, "n": five.n, "distance": best.distance}
    of = f"of the {best.family} distribution with the closest quantiles"
    return (
        Step(quantity="mean", formula=f"mean {of}", value=best.mean, inputs=inputs, cite="qe"),
        Step(quantity="SD", formula=f"SD {of}", value=best.sd, inputs=inputs, cite="qe"),
    ), MATCHED_FAMILY


def _box_cox_method(five: FiveNumbers) -> _Work:
    scaled, unit = _positive(five)
    powers = []
    if five.has_extremes:
        powers.append(symmetrising_power(scaled["low"], scaled["median"], scaled["high"]))
    if five.has_quartiles:
        powers.append(symmetrising_power(scaled["q1"], scaled["median"], scaled["q3"]))
    power = powers[0]
    if len(powers) > 1 and min(powers) < max(powers):

        def imbalance(at: float) -> float:
            y = dict(zip(scaled, box_cox(np.array(list(scaled.values())), at), strict=True))
            outer = y["low"] + y["high"] - 2 * y["median"]
            inner = y["q1"] + y["q3"] - 2 * y["median"]
            return float(outer**2 + inner**2)

        # Either imbalance grows with the distance from its own root: the best lies between.
        power = minimise(imbalance, min(powers), max(powers))
    y = dict(zip(scaled, box_cox(np.array(list(scaled.values())), power).tolist(), strict=True))
    mean, sd = _closed_form(y, five.n)
    return _back(five, unit, power, mean.value, sd.value, cite="box-cox-quantiles"), POWER_NORMAL


def _mln(five: FiveNumbers) -> _Work:
    scaled, unit = _positive(five)
    values, ranks = _values_and_ranks(five)
    x = values / unit
    log_x = np.log(x)

    def misfit(power: float) -> float:
        y = box_cox(x, power)
        mean, sd = _closed_form(dict(zip(scaled, y.tolist(), strict=True)), five.n)
        likelihood = normal_log_likelihood(y, ranks, five.n, mean.value, sd.value)
        return -likelihood - (power - 1) * float(log_x.sum())

    power = minimise(misfit, -_LARGEST_POWER, _LARGEST_POWER)
    if abs(power) > _LARGEST_POWER - 1e-6:
        raise ArithmeticError("the likelihood still rises where the search for a power ends")
    fit = fit_normal(box_cox(x, power), ranks, five.n)
    return _back(five, unit, power, fit.location, fit.scale, cite="mln"), POWER_NORMAL


def _back(
    five: FiveNumbers, unit: float, power: float, location: float, scale: float, *, cite: str
) -> tuple[Step, ...]:
    mean, sd = inverse_box_cox_moments(location, scale, power)
    found = {"λ": power, "μ": location, "σ": scale}
    return (
        Step(
            quantity="λ",
            formula="power that makes quantile / median most normal",
            value=power,
            inputs={**five.values, "n": five.n},
            cite=cite,
        ),
        Step(
            quantity="mean",
            formula="mean = median × E (1 + λ y)^(1/λ), y normal (μ, σ)",
            value=unit * mean,
            inputs=found,
            cite=cite,
        ),
        Step(
            quantity="SD",
            formula="SD = median × SD of (1 + λ y)^(1/λ), y normal (μ, σ)",
            value=unit * sd,
            inputs=found,
            cite=cite,
        ),
    )


def _positive(five: FiveNumbers) -> tuple[dict[str, float], float]:
    """Quantiles in units of the median, which takes the outcome's units out of the powers."""
    values = list(five.values.values())
    if values[0] <= 0:
        raise EvidenceError("A power transformation needs positive numbers.")
    if any(a >= b for a, b in itertools.pairwise(values)):
        raise EvidenceError("A power transformation needs quantiles that differ from each other.")
    return {name: v / five.median for name, v in five.values.items()}, five.median


def _values_and_ranks(five: FiveNumbers) -> tuple[Array, Array]:
    ranks = [rank_of(_PROBABILITIES[name], five.n) for name in five.values]
    return np.array(list(five.values.values())), np.array(ranks)


_METHODS: dict[QuantileMethod, Callable[[FiveNumbers], _Work]] = {
    QuantileMethod.LUO_WAN_SHI: _luo_wan_shi,
    QuantileMethod.BLUE: _blue,
    QuantileMethod.QE: _quantile_estimation,
    QuantileMethod.BOX_COX: _box_cox_method,
    QuantileMethod.MLN: _mln,
}
