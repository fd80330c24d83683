"""How much of a drug and its metabolite is in plasma, hours after swallowing it.

One compartment, first-order absorption and elimination: every curve is a sum of two or three
exponentials, so repeated dosing and areas have closed forms and nothing is simulated. The model is
linear in dose by construction; where a compound is not, it says the wrong thing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from equipoise.errors import PharmacologyError

Array = npt.NDArray[np.float64]
Analyte = Literal["parent", "metabolite"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MetaboliteKinetics:
    """An active metabolite, scaled by the peak that was measured after one dose.

    Its formation is rarely known well enough to predict a level; its peak is on most labels.
    `presystemic_fraction` is the share formed on first pass, which appears as fast as the drug is
    absorbed; the rest forms from the parent in plasma.
    """

    half_life_h: float
    peak_ng_ml: float
    peak_dose_mg: float
    molar_mass_g_mol: float
    presystemic_fraction: float = 1.0

    def __post_init__(self) -> None:
        _require_positive(
            half_life_h=self.half_life_h,
            peak_ng_ml=self.peak_ng_ml,
            peak_dose_mg=self.peak_dose_mg,
            molar_mass_g_mol=self.molar_mass_g_mol,
        )
        if not 0.0 <= self.presystemic_fraction <= 1.0:
            raise PharmacologyError(
                f"A share lies between 0 and 1; presystemic_fraction is "
                f"{self.presystemic_fraction}."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinetics:
    """An oral compound: clearance over bioavailability, half-life, absorption, molar mass.

    Clearance and bioavailability enter only as their ratio, because oral data determine no more.
    """

    clearance_over_f_l_h: float
    half_life_h: float
    absorption_rate_per_h: float
    molar_mass_g_mol: float
    metabolite: MetaboliteKinetics | None = None

    def __post_init__(self) -> None:
        _require_positive(
            clearance_over_f_l_h=self.clearance_over_f_l_h,
            half_life_h=self.half_life_h,
            absorption_rate_per_h=self.absorption_rate_per_h,
            molar_mass_g_mol=self.molar_mass_g_mol,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Exponentials:
    """A curve Σ aᵢ·exp(−λᵢ·t): one dose of one milligram, or the end of a row of them."""

    amplitudes: tuple[float, ...]
    rates_per_h: tuple[float, ...]

    def at(self, times_h: npt.ArrayLike) -> Array:
        """Evaluate the curve at `times_h`, in whatever shape they come."""
        times = np.asarray(times_h, dtype=np.float64)
        total = np.zeros_like(times)
        for amplitude, rate in zip(self.amplitudes, self.rates_per_h, strict=True):
            total += amplitude * np.exp(-rate * times)
        # At t = 0 the terms cancel, and rounding may leave a concentration of −1e-19.
        return np.maximum(total, 0.0)

    def mean_between(self, starts_h: Array, ends_h: Array) -> Array:
        """Average the curve over each of the given spans, exactly."""
        widths = ends_h - starts_h
        total = np.zeros_like(widths)
        for amplitude, rate in zip(self.amplitudes, self.rates_per_h, strict=True):
            share = -np.expm1(-rate * widths) / (rate * widths)
            total += amplitude * np.exp(-rate * starts_h) * share
        return np.maximum(total, 0.0)

    def repeated(self, interval_h: float, n_doses: int | None = None) -> Exponentials:
        """Give the curve after the last of `n_doses` equal doses; `None` means steady state.

        A row of equal doses is a geometric series in each exponential, hence no summing.
        """
        _require_positive(interval_h=interval_h)
        if n_doses is not None and n_doses < 1:
            raise PharmacologyError(f"At least one dose must be given, not {n_doses}.")
        amplitudes = []
        for amplitude, rate in zip(self.amplitudes, self.rates_per_h, strict=True):
            rows = 1.0 if n_doses is None else -math.expm1(-n_doses * rate * interval_h)
            amplitudes.append(amplitude * rows / -math.expm1(-rate * interval_h))
        return Exponentials(amplitudes=tuple(amplitudes), rates_per_h=self.rates_per_h)

    def scaled(self, factor: float) -> Exponentials:
        """Give the same shape, `factor` times as high."""
        return Exponentials(
            amplitudes=tuple(factor * a for a in self.amplitudes), rates_per_h=self.rates_per_h
        )

    def area(self) -> float:
        """Sum the area under the whole curve."""
        return math.fsum(a / r for a, r in zip(self.amplitudes, self.rates_per_h, strict=True))


def bateman(rate_in_per_h: float, rate_out_per_h: float) -> Exponentials:
    """Give the share of a unit that has come in at one rate and not yet gone out at another."""
    rate_in = _apart(rate_in_per_h, rate_out_per_h)
    height = rate_in / (rate_in - rate_out_per_h)
    return Exponentials(amplitudes=(height, -height), rates_per_h=(rate_out_per_h, rate_in))


@lru_cache(maxsize=64)
def plasma_curve(kinetics: Kinetics, analyte: Analyte = "parent") -> Exponentials:
    """Concentration in ng/mL after one oral milligram."""
    elimination = math.log(2.0) / kinetics.half_life_h
    if analyte == "parent":
        volume_l = kinetics.clearance_over_f_l_h / elimination
        # 1 mg/L = 1000 ng/mL.
        return bateman(kinetics.absorption_rate_per_h, elimination).scaled(1000.0 / volume_l)
    metabolite = kinetics.metabolite
    if metabolite is None:
        raise PharmacologyError("This compound was given no metabolite.")
    shape = _metabolite_shape(
        kinetics.absorption_rate_per_h,
        elimination,
        math.log(2.0) / metabolite.half_life_h,
        metabolite.presystemic_fraction,
    )
    peak = _highest(shape)
    return shape.scaled(metabolite.peak_ng_ml / metabolite.peak_dose_mg / peak)


def concentration(
    kinetics: Kinetics,
    doses_mg: npt.ArrayLike,
    times_h: npt.ArrayLike,
    *,
    analyte: Analyte = "parent",
    interval_h: float | None = None,
    n_doses: int | None = None,
) -> Array:
    """Plasma concentration in ng/mL; the shape is that of the doses, then that of the times.

    Without `interval_h`: after one dose. With it: after the last of `n_doses` equal doses, or at
    steady state when `n_doses` is left out; `times_h` then count from that last dose.
    """
    doses, times = require_doses_and_times(doses_mg, times_h)
    curve = plasma_curve(kinetics, analyte)
    if interval_h is not None:
        curve = curve.repeated(interval_h, n_doses)
    elif n_doses is not None:
        raise PharmacologyError("A number of doses needs the interval between them.")
    return np.multiply.outer(doses, curve.at(times))


def superpose(
    kinetics: Kinetics,
    doses_mg: Sequence[float],
    dose_times_h: Sequence[float],
    times_h: npt.ArrayLike,
    *,
    analyte: Analyte = "parent",
) -> Array:
    """Plasma concentration in ng/mL after any row of doses: each dose's curve, added up."""
    doses, starts = require_doses_and_times(doses_mg, dose_times_h)
    _, times = require_doses_and_times(0.0, times_h)
    if doses.shape != starts.shape:
        raise PharmacologyError("Each dose needs its time, and each time its dose.")
    curve = plasma_curve(kinetics, analyte)
    total = np.zeros_like(times)
    for dose, start in zip(doses.ravel(), starts.ravel(), strict=True):
        since = times - start
        total += np.where(since >= 0, dose * curve.at(np.maximum(since, 0.0)), 0.0)
    return total


def area_under_curve(kinetics: Kinetics, dose_mg: float, *, analyte: Analyte = "parent") -> float:
    """AUC from zero to infinity after one dose, in ng·h/mL; for the parent, dose over CL/F."""
    return dose_mg * plasma_curve(kinetics, analyte).area()


def require_doses_and_times(doses_mg: npt.ArrayLike, times_h: npt.ArrayLike) -> tuple[Array, Array]:
    """Doses and times as arrays, refused if any is negative or not a number."""
    doses = np.asarray(doses_mg, dtype=np.float64)
    times = np.asarray(times_h, dtype=np.float64)
    if not (np.isfinite(doses).all() and (doses >= 0).all()):
        raise PharmacologyError("Doses are numbers of milligrams from zero upwards.")
    if not (np.isfinite(times).all() and (times >= 0).all()):
        raise PharmacologyError("Times are numbers of hours since the dose, from zero upwards.")
    return doses, times


def _metabolite_shape(
    absorption: float, parent_out: float, metabolite_out: float, presystemic: float
) -> Exponentials:
    first_pass = bateman(absorption, metabolite_out)
    if presystemic == 1.0:
        return first_pass
    # Three rates in a chain; the partial fractions need all three to differ.
    k1 = absorption
    k2 = _apart(parent_out, k1)
    k3 = _apart(_apart(metabolite_out, k1), k2)
    chain = (
        k1 * k2 / ((k2 - k1) * (k3 - k1)),
        k1 * k2 / ((k1 - k2) * (k3 - k2)),
        k1 * k2 / ((k1 - k3) * (k2 - k3)),
    )
    return Exponentials(
        amplitudes=(
            *(presystemic * a for a in first_pass.amplitudes),
            *((1.0 - presystemic) * a for a in chain),
        ),
        rates_per_h=(*first_pass.rates_per_h, k1, k2, k3),
    )


def _highest(curve: Exponentials) -> float:
    # Two passes over a grid: the second resolves the peak to a millionth, far below any label.
    grid = np.linspace(0.0, 20.0 / min(curve.rates_per_h), 2001)
    values = curve.at(grid)
    top = int(values.argmax())
    fine = np.linspace(grid[max(top - 1, 0)], grid[min(top + 1, grid.size - 1)], 2001)
    return float(curve.at(fine).max())


def _apart(rate: float, other: float) -> float:
    # Equal rates make the closed form 0/0; a millionth apart, it is right to about a millionth.
    return rate if abs(rate - other) > 1e-6 * other else other * (1.0 + 1e-6)


def _require_positive(**numbers: float) -> None:
    for name, value in numbers.items():
        if not (math.isfinite(value) and value > 0):
            raise PharmacologyError(f"{name} must be a number above zero, not {value}.")
