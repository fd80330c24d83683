"""Fitting each hypothesis to the same observations, and ranking them by what remains unexplained.

Least squares on standardised residuals: occupancies on their own scale, half-times on the
logarithmic one, where a band such as "72 to 108 h" is symmetric. Standard deviations are part of
the observations because published means rarely carry them; whoever enters them answers for them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import least_squares

from equipoise.errors import PharmacologyError
from equipoise.pharmacology.kinetics import Array
from equipoise.pharmacology.occupancy import (
    HORIZON_H,
    OccupancyModel,
    Scale,
    decline_half_time_h,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OccupancyObservation:
    """A measured occupancy (fraction, not percent) at one time after one dose.

    `sd` stands for everything that parts a group mean from the truth of the model: scan noise,
    people, and a time that is often only "within 8 h".
    """

    id: str
    dose_mg: float
    time_h: float
    occupancy: float
    sd: float
    verified: bool = True

    def __post_init__(self) -> None:
        if not (self.dose_mg > 0 and math.isfinite(self.dose_mg)):
            raise PharmacologyError(f"{self.id}: the dose must be above zero, not {self.dose_mg}.")
        if not (self.time_h > 0 and math.isfinite(self.time_h)):
            raise PharmacologyError(f"{self.id}: the time must be above zero, not {self.time_h}.")
        if not 0.0 <= self.occupancy <= 1.0:
            raise PharmacologyError(
                f"{self.id}: occupancy is a fraction from 0 to 1, not {self.occupancy}. "
                "Was it entered in percent?"
            )
        if not 0.0 < self.sd < 1.0:
            raise PharmacologyError(
                f"{self.id}: the sd is a fraction between 0 and 1, not {self.sd}. "
                "Was it entered in percent?"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfTimeObservation:
    """A band for the time, from the dose, at which occupancy has halved from its peak.

    The band is read as the geometric mean of its ends, one standard deviation to either side on
    the logarithmic scale; `band_sds` says otherwise where a paper does.
    """

    id: str
    dose_mg: float
    low_h: float
    high_h: float
    band_sds: float = 1.0
    verified: bool = True

    def __post_init__(self) -> None:
        if not (self.dose_mg > 0 and math.isfinite(self.dose_mg)):
            raise PharmacologyError(f"{self.id}: the dose must be above zero, not {self.dose_mg}.")
        if not 0.0 < self.low_h < self.high_h < HORIZON_H:
            raise PharmacologyError(
                f"{self.id}: a half-time band runs from a lower to a higher number of hours below "
                f"{HORIZON_H:.0f}, not from {self.low_h} to {self.high_h}."
            )
        if not self.band_sds > 0:
            raise PharmacologyError(f"{self.id}: band_sds must be above zero.")

    @property
    def centre_h(self) -> float:
        """The geometric mean of the ends."""
        return math.sqrt(self.low_h * self.high_h)

    @property
    def log_sd(self) -> float:
        """The standard deviation of the logarithm."""
        return math.log(self.high_h / self.low_h) / 2.0 / self.band_sds


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedPoint:
    """One observation beside its prediction; `z` is how many standard deviations lie between."""

    id: str
    observed: float
    predicted: float
    unit: str
    z: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OccupancyFit:
    """One hypothesis, fitted.

    `parameters` maps a name to its value and unit. `aic` is chi2 + 2·n_parameters, comparable only
    between fits to the same observations (`used`); `akaike_weight` is set by `rank_models`.
    `set_aside` lists observations left out because nobody has verified them.
    """

    model_id: str
    name: str
    method_id: str
    parameters: Mapping[str, tuple[float, str]]
    chi2: float
    n_parameters: int
    aic: float
    akaike_weight: float | None
    reference_dose_mg: float
    half_time_h: float
    converged: bool
    note: str
    points: tuple[FittedPoint, ...]
    used: tuple[str, ...]
    set_aside: tuple[str, ...]
    model: OccupancyModel

    @property
    def values(self) -> tuple[float, ...]:
        """The fitted numbers in the model's order."""
        return tuple(value for value, _ in self.parameters.values())


def fit_model(
    model: OccupancyModel,
    occupancies: Sequence[OccupancyObservation],
    half_times: Sequence[HalfTimeObservation] = (),
    *,
    reference_dose_mg: float,
) -> OccupancyFit:
    """Fit one hypothesis by least squares, from fixed starts, so that it always ends the same.

    Observations with `verified=False` are not used, and are named in `set_aside`.
    """
    data = _Data(occupancies, half_times)
    if len(data.ids) <= len(model.parameters):
        raise PharmacologyError(
            f"{model.name}: {len(model.parameters)} parameters need more than "
            f"{len(data.ids)} verified observations."
        )
    searches = [_search(model, data, start) for start in model.starts(data.scale)]
    # Ties go to the first start: min keeps the earliest.
    chi2, values, converged = min(searches, key=lambda search: search[0])
    predicted = data.predict(model, values)
    notes = [model.remark(values)]
    if not converged:
        notes.append("The search stopped before it settled; treat the numbers as provisional.")
    return OccupancyFit(
        model_id=model.id,
        name=model.name,
        method_id=model.method_id,
        parameters={
            p.name: (value, p.unit) for p, value in zip(model.parameters, values, strict=True)
        },
        chi2=chi2,
        n_parameters=len(values),
        aic=chi2 + 2.0 * len(values),
        akaike_weight=None,
        reference_dose_mg=reference_dose_mg,
        half_time_h=decline_half_time_h(model, values, reference_dose_mg),
        converged=converged,
        note=" ".join(note for note in notes if note),
        points=data.points(predicted),
        used=data.ids,
        set_aside=data.set_aside,
        model=model,
    )


def fit_models(
    models: Sequence[OccupancyModel],
    occupancies: Sequence[OccupancyObservation],
    half_times: Sequence[HalfTimeObservation] = (),
    *,
    reference_dose_mg: float,
) -> tuple[OccupancyFit, ...]:
    """Fit every hypothesis to the same observations and rank them."""
    return rank_models(
        [
            fit_model(model, occupancies, half_times, reference_dose_mg=reference_dose_mg)
            for model in models
        ]
    )


def rank_models(fits: Sequence[OccupancyFit]) -> tuple[OccupancyFit, ...]:
    """Order fits from best to worst AIC, each with its Akaike weight among them."""
    if not fits:
        raise PharmacologyError("There is no fit to rank.")
    if any(set(fit.used) != set(fits[0].used) for fit in fits):
        raise PharmacologyError("AIC compares only fits to the same observations; these differ.")
    ordered = sorted(fits, key=lambda fit: (fit.aic, fit.model_id))
    relative = [math.exp((ordered[0].aic - fit.aic) / 2.0) for fit in ordered]
    total = math.fsum(relative)
    return tuple(
        replace(fit, akaike_weight=r / total) for fit, r in zip(ordered, relative, strict=True)
    )


class _Data:
    """The verified observations, laid out so that a model is asked once per distinct dose."""

    def __init__(
        self,
        occupancies: Sequence[OccupancyObservation],
        half_times: Sequence[HalfTimeObservation],
    ) -> None:
        self.occupancies = [o for o in occupancies if o.verified]
        self.half_times = [h for h in half_times if h.verified]
        self.ids = (*(o.id for o in self.occupancies), *(h.id for h in self.half_times))
        self.set_aside = (
            *(o.id for o in occupancies if not o.verified),
            *(h.id for h in half_times if not h.verified),
        )
        if len(set(self.ids)) < len(self.ids):
            raise PharmacologyError("Two observations carry the same id.")
        if not self.occupancies:
            raise PharmacologyError("No verified occupancy was given; there is nothing to fit.")
        self.doses, self._row = np.unique(
            [o.dose_mg for o in self.occupancies], return_inverse=True
        )
        self.times, self._column = np.unique(
            [o.time_h for o in self.occupancies], return_inverse=True
        )
        self._observed = np.array([o.occupancy for o in self.occupancies])
        self._sds = np.array([o.sd for o in self.occupancies])

    @property
    def scale(self) -> Scale:
        # Geometric means, because doses and half-times spread by factors.
        halves = [h.centre_h for h in self.half_times] or [24.0]
        return Scale(
            dose_mg=float(np.exp(np.log([o.dose_mg for o in self.occupancies]).mean())),
            time_h=float(self.times.mean()),
            half_time_h=float(np.exp(np.log(halves).mean())),
        )

    def predict(self, model: OccupancyModel, values: tuple[float, ...]) -> Array:
        table = model.occupancy(values, self.doses, self.times)
        halves = [
            # Infinity would stop the search; the horizon is far enough to be a bad residual.
            min(decline_half_time_h(model, values, h.dose_mg), HORIZON_H)
            for h in self.half_times
        ]
        return np.concatenate([table[self._row, self._column], halves])

    def residuals(self, predicted: Array) -> Array:
        n = len(self.occupancies)
        logs = [
            math.log(value / h.centre_h) / h.log_sd
            for value, h in zip(predicted[n:], self.half_times, strict=True)
        ]
        return np.concatenate([(predicted[:n] - self._observed) / self._sds, logs])

    def points(self, predicted: Array) -> tuple[FittedPoint, ...]:
        observed = [*self._observed, *(h.centre_h for h in self.half_times)]
        units = ["fraction"] * len(self.occupancies) + ["h"] * len(self.half_times)
        return tuple(
            FittedPoint(id=i, observed=float(o), predicted=float(p), unit=u, z=float(z))
            for i, o, p, u, z in zip(
                self.ids, observed, predicted, units, self.residuals(predicted), strict=True
            )
        )


def _search(
    model: OccupancyModel, data: _Data, start: tuple[float, ...]
) -> tuple[float, tuple[float, ...], bool]:
    linear = [p.may_be_zero for p in model.parameters]

    def outward(x: Array) -> tuple[float, ...]:
        return tuple(float(v) if plain else math.exp(v) for v, plain in zip(x, linear, strict=True))

    def residuals(x: Array) -> Array:
        return data.residuals(data.predict(model, outward(x)))

    inward = [v if plain else math.log(v) for v, plain in zip(start, linear, strict=True)]
    # Nine natural logarithms are a factor of 8000 either way: wide, yet no overflow.
    lower = [0.0 if plain else v - 9.0 for v, plain in zip(inward, linear, strict=True)]
    upper = [1e4 if plain else v + 9.0 for v, plain in zip(inward, linear, strict=True)]
    # "dogbox" because it can rest on a bound: a potency ratio of zero is then exactly zero.
    result = least_squares(
        residuals, inward, bounds=(lower, upper), method="dogbox", xtol=1e-9, ftol=1e-9, gtol=1e-9
    )
    return float(2.0 * result.cost), outward(result.x), bool(result.success)
