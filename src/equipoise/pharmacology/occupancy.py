"""Four rival accounts of how a dose becomes receptor occupancy.

They agree on what a scan soon after a dose shows and disagree on what is left the next day, which
is why each is its own small class and none is "the" model. A model holds its fixed constants; what
is fitted travels beside it as plain numbers.

    OccupancyModel
    ├── ParentPlasma            occupancy follows the parent in plasma at once
    ├── ParentAndMetabolite     as above, with an active metabolite added
    ├── BrainRetained           drug enters the brain fast and leaves it slowly
    └── SlowDissociation        drug leaves the receptor slowly
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Final, final

import numpy as np

from equipoise.errors import PharmacologyError
from equipoise.pharmacology.kinetics import Array, Exponentials, Kinetics, bateman, plasma_curve

HORIZON_H: Final = 1440.0
"""Sixty days: a half-time beyond this is reported as infinite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The size of the observations, from which a model chooses where its search begins."""

    dose_mg: float
    time_h: float
    half_time_h: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A fitted number; one that may be zero is searched as it is, the others by logarithm."""

    name: str
    unit: str
    may_be_zero: bool = False


class OccupancyModel(ABC):
    """A rule from dose and time to the occupied fraction of receptors."""

    __slots__ = ()

    id: ClassVar[str]
    name: ClassVar[str]
    method_id: ClassVar[str]
    parameters: ClassVar[tuple[Parameter, ...]]

    @abstractmethod
    def occupancy(
        self,
        values: tuple[float, ...],
        doses_mg: Array,
        times_h: Array,
        *,
        interval_h: float | None = None,
    ) -> Array:
        """Give the occupied fraction, one row a dose and one column a time.

        Without `interval_h` there was one dose at time zero; with it, equal doses at that interval
        for ever, the last at time zero, and times no later than the next.
        """

    @abstractmethod
    def starts(self, scale: Scale) -> tuple[tuple[float, ...], ...]:
        """Choose where the search begins; fixed, so that the same data give the same fit."""

    @abstractmethod
    def remark(self, values: tuple[float, ...]) -> str:
        """Say what a reader must know about these fitted values; empty if nothing."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ParentPlasma(OccupancyModel):
    """R = C/(C + IC50), C the parent in plasma at that moment."""

    kinetics: Kinetics

    id: ClassVar[str] = "parent-plasma"
    name: ClassVar[str] = "Parent drug in plasma"
    method_id: ClassVar[str] = "occupancy-parent-plasma"
    parameters: ClassVar[tuple[Parameter, ...]] = (Parameter(name="ic50", unit="ng/mL"),)

    def occupancy(
        self,
        values: tuple[float, ...],
        doses_mg: Array,
        times_h: Array,
        *,
        interval_h: float | None = None,
    ) -> Array:
        """Give the occupied fraction, one row a dose and one column a time."""
        (ic50,) = values
        curve = plasma_curve(self.kinetics).scaled(1.0 / ic50)
        return _bound(doses_mg, curve, times_h, interval_h)

    def starts(self, scale: Scale) -> tuple[tuple[float, ...], ...]:
        """Take the concentration at a middling dose and time, where half should be occupied."""
        return ((_level(plasma_curve(self.kinetics), scale),),)

    def remark(self, values: tuple[float, ...]) -> str:
        """Add nothing."""
        return ""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ParentAndMetabolite(OccupancyModel):
    """R = S/(S + IC50), S = metabolite + potency ratio · parent, both in plasma.

    Concentrations are weighed by potency, as for two ligands that compete for one site. The ratio
    may become zero: the metabolite alone then carries the occupancy.
    """

    kinetics: Kinetics

    id: ClassVar[str] = "metabolite"
    name: ClassVar[str] = "Parent drug and metabolite in plasma"
    method_id: ClassVar[str] = "occupancy-metabolite"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter(name="metabolite_ic50", unit="ng/mL"),
        Parameter(name="parent_potency_ratio", unit="1", may_be_zero=True),
    )

    def __post_init__(self) -> None:
        if self.kinetics.metabolite is None:
            raise PharmacologyError(
                "The metabolite hypothesis needs a compound whose metabolite is described."
            )

    def occupancy(
        self,
        values: tuple[float, ...],
        doses_mg: Array,
        times_h: Array,
        *,
        interval_h: float | None = None,
    ) -> Array:
        """Give the occupied fraction, one row a dose and one column a time."""
        ic50, ratio = values
        parent = plasma_curve(self.kinetics)
        metabolite = plasma_curve(self.kinetics, "metabolite")
        both = Exponentials(
            amplitudes=(*metabolite.amplitudes, *(ratio * a for a in parent.amplitudes)),
            rates_per_h=(*metabolite.rates_per_h, *parent.rates_per_h),
        )
        return _bound(doses_mg, both.scaled(1.0 / ic50), times_h, interval_h)

    def starts(self, scale: Scale) -> tuple[tuple[float, ...], ...]:
        """Begin at both ends, mostly metabolite and mostly parent; the answer lies between."""
        metabolite = _level(plasma_curve(self.kinetics, "metabolite"), scale)
        parent = _level(plasma_curve(self.kinetics), scale)
        return ((metabolite, 0.1), (metabolite + 50.0 * parent, 50.0))

    def remark(self, values: tuple[float, ...]) -> str:
        """Say so when the parent has dropped out."""
        if values[1] < 1e-6:
            return "The fit gives the parent no part: it collapses to the metabolite alone."
        return ""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class BrainRetained(OccupancyModel):
    """R = E/(E + ED50), E the milligrams' worth of drug still held near the receptors.

    E enters at `uptake_half_time_h`, a fixed assumption, and leaves with a fitted half-life. Plasma
    does not appear: the model says only that what got in leaves slowly, not why.
    """

    uptake_half_time_h: float = 0.5

    id: ClassVar[str] = "brain-retained"
    name: ClassVar[str] = "Drug retained in the brain"
    method_id: ClassVar[str] = "occupancy-retained"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter(name="ed50", unit="mg"),
        Parameter(name="retention_half_life", unit="h"),
    )

    def __post_init__(self) -> None:
        if not (math.isfinite(self.uptake_half_time_h) and self.uptake_half_time_h > 0):
            raise PharmacologyError(
                f"uptake_half_time_h must be a number above zero, not {self.uptake_half_time_h}."
            )

    def occupancy(
        self,
        values: tuple[float, ...],
        doses_mg: Array,
        times_h: Array,
        *,
        interval_h: float | None = None,
    ) -> Array:
        """Give the occupied fraction, one row a dose and one column a time."""
        ed50, half_life = values
        curve = bateman(math.log(2.0) / self.uptake_half_time_h, math.log(2.0) / half_life)
        return _bound(doses_mg, curve.scaled(1.0 / ed50), times_h, interval_h)

    def starts(self, scale: Scale) -> tuple[tuple[float, ...], ...]:
        """Take a middling dose, and a third of the half-time since high occupancy lingers."""
        return ((scale.dose_mg, scale.half_time_h / 3.0),)

    def remark(self, values: tuple[float, ...]) -> str:
        """Add nothing."""
        return ""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SlowDissociation(OccupancyModel):
    """dR/dt = kon·C·(1 − R) − koff·R, C the parent in plasma.

    The equation is linear in R, so each step on a grid is exact for the mean concentration of that
    step: the result cannot leave [0, 1] or lose its order in dose, whatever the rates.
    """

    kinetics: Kinetics

    id: ClassVar[str] = "slow-dissociation"
    name: ClassVar[str] = "Slow dissociation from the receptor"
    method_id: ClassVar[str] = "occupancy-slow-dissociation"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter(name="association_rate", unit="mL/(ng·h)"),
        Parameter(name="dissociation_rate", unit="1/h"),
    )

    def occupancy(
        self,
        values: tuple[float, ...],
        doses_mg: Array,
        times_h: Array,
        *,
        interval_h: float | None = None,
    ) -> Array:
        """Give the occupied fraction, one row a dose and one column a time."""
        on, off = values
        curve = plasma_curve(self.kinetics)
        if interval_h is not None:
            curve = curve.repeated(interval_h)
        until = max(float(times_h.max()), interval_h or 0.0)
        grid = np.union1d(np.append(_step_ends(until), [0.0, interval_h or 0.0]), times_h)
        widths = np.diff(grid)
        binding = np.multiply.outer(doses_mg, on * curve.mean_between(grid[:-1], grid[1:]))
        rate = binding + off
        left = np.exp(-rate * widths)
        gained = binding / rate * -np.expm1(-rate * widths)
        left, gained = _compose(left, gained)
        before = np.zeros((doses_mg.size, 1))
        left = np.hstack([np.ones_like(before), left])
        gained = np.hstack([before, gained])
        if interval_h is not None:
            # A cycle maps R to left·R + gained; steady state is the R that it maps to itself.
            end = int(np.searchsorted(grid, interval_h))
            before = gained[:, end, None] / (1.0 - left[:, end, None])
        course = left * before + gained
        return np.asarray(course[:, np.searchsorted(grid, times_h)], dtype=np.float64)

    def starts(self, scale: Scale) -> tuple[tuple[float, ...], ...]:
        """Take binding that fills half by a middling time; leaving at the observed half-time."""
        exposure = scale.time_h * _level(plasma_curve(self.kinetics), scale)
        off = math.log(2.0) / scale.half_time_h
        return ((0.7 / exposure, off), (7.0 / exposure, 3.0 * off))

    def remark(self, values: tuple[float, ...]) -> str:
        """Give the half-life on the receptor, which is what a laboratory would measure."""
        return f"Half-life on the receptor {math.log(2.0) / values[1]:.0f} h."


def decline_half_time_h(model: OccupancyModel, values: tuple[float, ...], dose_mg: float) -> float:
    """Give the hours from one dose until occupancy has halved from its peak.

    Counted from the dose, as scans are; infinite past the horizon. A half-time is a fact about a
    dose, not about a drug: where occupancy saturates, a higher dose takes longer to halve.
    """
    dose = np.array([dose_mg])
    grid = np.concatenate([[0.0], _step_ends(HORIZON_H)])
    course = model.occupancy(values, dose, grid)[0]
    top = int(course.argmax())
    target = course[top] / 2.0
    below = np.flatnonzero(course[top:] < target)
    if below.size == 0:
        return math.inf
    end = top + int(below[0])
    fine = np.linspace(grid[end - 1], grid[end], 33)
    course = model.occupancy(values, dose, fine)[0]
    # The course falls here, and interpolation wants rising abscissae.
    return float(np.interp(target, course[::-1], fine[::-1]))


def _bound(doses_mg: Array, curve: Exponentials, times_h: Array, interval_h: float | None) -> Array:
    if interval_h is not None:
        curve = curve.repeated(interval_h)
    relative = np.multiply.outer(doses_mg, curve.at(times_h))
    return np.asarray(relative / (1.0 + relative), dtype=np.float64)


def _level(curve: Exponentials, scale: Scale) -> float:
    return float(scale.dose_mg * curve.at(scale.time_h))


def _step_ends(until_h: float) -> Array:
    # Three minutes while drug is being absorbed, then coarser: by then the concentration is small
    # against koff and a step with none is exact however long.
    ends = np.concatenate(
        [
            np.arange(1, 481) * 0.05,
            24.0 + np.arange(1, 433) * 0.5,
            240.0 + np.arange(1, 301) * 4.0,
        ]
    )
    return np.append(ends[ends < until_h], until_h)


def _compose(left: Array, gained: Array) -> tuple[Array, Array]:
    """All running compositions of the maps R → left·R + gained, by doubling.

    A loop over steps would do the same a thousand times in Python; doubling needs ten passes.
    """
    shift = 1
    while shift < left.shape[1]:
        new_gained = gained.copy()
        new_gained[:, shift:] += left[:, shift:] * gained[:, :-shift]
        new_left = left.copy()
        new_left[:, shift:] *= left[:, :-shift]
        left, gained = new_left, new_gained
        shift *= 2
    return left, gained
