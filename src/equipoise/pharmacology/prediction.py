"""What a fitted hypothesis says about doses and times that nobody scanned."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from equipoise.errors import PharmacologyError
from equipoise.pharmacology.fitting import OccupancyFit
from equipoise.pharmacology.kinetics import Array, require_doses_and_times

Dosing = Literal["single", "daily steady state"]

DAY_H: Final = 24.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OccupancyRow:
    """One hypothesis and one dose: occupied fractions at `times_h`."""

    model_id: str
    dose_mg: float
    dosing: Dosing
    times_h: tuple[float, ...]
    occupancy: tuple[float, ...]


def predict(
    fit: OccupancyFit,
    doses_mg: npt.ArrayLike,
    times_h: npt.ArrayLike,
    dosing: Dosing = "single",
) -> Array:
    """Occupied fraction; the shape is that of the doses, then that of the times.

    Under daily steady state, times count from the last dose and run to 24 h, just before the next.
    """
    doses, times = require_doses_and_times(doses_mg, times_h)
    interval = _interval(dosing)
    if interval is not None and (times > interval).any():
        raise PharmacologyError("Under daily dosing, times run from 0 to 24 h after the last dose.")
    table = fit.model.occupancy(fit.values, doses.ravel(), times.ravel(), interval_h=interval)
    return table.reshape(doses.shape + times.shape)


def occupancy_table(
    fits: Sequence[OccupancyFit],
    doses_mg: Sequence[float],
    times_h: Sequence[float],
    dosing: Dosing = "single",
) -> tuple[OccupancyRow, ...]:
    """Every hypothesis at every dose, in the order given."""
    return tuple(
        OccupancyRow(
            model_id=fit.model_id,
            dose_mg=float(dose),
            dosing=dosing,
            times_h=tuple(float(t) for t in times_h),
            occupancy=tuple(float(o) for o in row),
        )
        for fit in fits
        for dose, row in zip(doses_mg, predict(fit, doses_mg, times_h, dosing), strict=True)
    )


def trough(fit: OccupancyFit, dose_mg: float) -> float:
    """Occupied fraction just before the next dose, under daily dosing at steady state."""
    return float(predict(fit, dose_mg, DAY_H, "daily steady state"))


def hours_above(
    fit: OccupancyFit, dose_mg: float, threshold: float, dosing: Dosing = "single"
) -> float:
    """Hours of the day after a dose during which occupancy is above `threshold` (a fraction)."""
    if not 0.0 < threshold < 1.0:
        raise PharmacologyError(
            f"A threshold is a fraction between 0 and 1, not {threshold}. "
            "Was it entered in percent?"
        )
    times = np.linspace(0.0, DAY_H, 2401)
    above = predict(fit, dose_mg, times, dosing) - threshold
    start, end = above[:-1], above[1:]
    # Within a step the course is taken as straight: the share above is then a ratio of heights.
    with np.errstate(invalid="ignore"):
        share = np.maximum(start, end) / (np.abs(start) + np.abs(end))
    share = np.where((start > 0) & (end > 0), 1.0, np.where((start <= 0) & (end <= 0), 0.0, share))
    return float((share * np.diff(times)).sum())


def average_prediction(
    fits: Sequence[OccupancyFit],
    doses_mg: npt.ArrayLike,
    times_h: npt.ArrayLike,
    dosing: Dosing = "single",
) -> Array:
    """Average the hypotheses' predictions, each weighted by its Akaike weight.

    A mean of rivals is no rival: it can describe a course that none of them allows. Show it beside
    them, never instead.
    """
    weights = []
    for fit in fits:
        if fit.akaike_weight is None:
            raise PharmacologyError("These fits carry no weights; rank them first.")
        weights.append(fit.akaike_weight)
    if not math.isclose(math.fsum(weights), 1.0, abs_tol=1e-9):
        raise PharmacologyError("The weights do not add up to one; average the whole ranking.")
    parts = [
        weight * predict(fit, doses_mg, times_h, dosing)
        for weight, fit in zip(weights, fits, strict=True)
    ]
    # The last bit of a weighted sum may exceed one where every part is one.
    return np.asarray(np.clip(np.sum(parts, axis=0), 0.0, 1.0), dtype=np.float64)


def _interval(dosing: Dosing) -> float | None:
    if dosing == "single":
        return None
    if dosing == "daily steady state":
        return DAY_H
    raise PharmacologyError(f"Dosing is 'single' or 'daily steady state', not {dosing!r}.")
