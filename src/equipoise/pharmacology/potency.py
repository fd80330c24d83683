"""How far the concentration that acts in a dish lies above the one that a person reaches."""

from __future__ import annotations

import math
from dataclasses import dataclass

from equipoise.errors import PharmacologyError
from equipoise.pharmacology.units import convert_concentration


@dataclass(frozen=True, slots=True, kw_only=True)
class ConcentrationRange:
    """From `low` to `high` in one unit; a single value has both ends equal."""

    low: float
    high: float
    unit: str

    def __post_init__(self) -> None:
        if not (0.0 < self.low <= self.high and math.isfinite(self.high)):
            raise PharmacologyError(
                f"A concentration range runs upwards from above zero, not from {self.low} to "
                f"{self.high}."
            )

    def converted(self, unit: str, *, molar_mass_g_mol: float | None = None) -> ConcentrationRange:
        """Give the same range in another unit."""
        low, high = (
            convert_concentration(end, self.unit, unit, molar_mass_g_mol=molar_mass_g_mol)
            for end in (self.low, self.high)
        )
        return ConcentrationRange(low=low, high=high, unit=unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaledPeak:
    """A peak carried from the dose where it was measured to another, and what that assumed."""

    peak_ng_ml: float
    from_dose_mg: float
    to_dose_mg: float
    assumption: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PotencyGap:
    """The concentration in vitro over the peak in a person, as a range of ratios.

    `total_*` compares with all drug in plasma, `free_*` with the unbound share. A ratio of one or
    less means the person reaches the laboratory's concentration. Ratios above one say that plasma
    does not; a tissue that concentrates the drug would be another measurement.
    """

    in_vitro_nm: ConcentrationRange
    peak_nm: ConcentrationRange
    free_peak_nm: ConcentrationRange
    fraction_unbound: float
    total_low: float
    total_high: float
    free_low: float
    free_high: float

    @property
    def reached(self) -> bool:
        """Whether even the cautious reading of plasma reaches the laboratory's concentration."""
        return self.free_high <= 1.0


def scale_peak(peak_ng_ml: float, from_dose_mg: float, to_dose_mg: float) -> ScaledPeak:
    """Carry a peak to another dose, in proportion; the result says that proportion was assumed."""
    for name, value in (
        ("peak_ng_ml", peak_ng_ml),
        ("from_dose_mg", from_dose_mg),
        ("to_dose_mg", to_dose_mg),
    ):
        if not (math.isfinite(value) and value > 0):
            raise PharmacologyError(f"{name} must be a number above zero, not {value}.")
    return ScaledPeak(
        peak_ng_ml=peak_ng_ml * to_dose_mg / from_dose_mg,
        from_dose_mg=from_dose_mg,
        to_dose_mg=to_dose_mg,
        assumption=(
            f"The peak is proportional to the dose from {from_dose_mg:g} mg to {to_dose_mg:g} mg."
        ),
    )


def potency_gap(
    in_vitro: ConcentrationRange,
    peak: ConcentrationRange,
    *,
    molar_mass_g_mol: float,
    fraction_unbound: float = 1.0,
) -> PotencyGap:
    """How many times the concentration in vitro exceeds the peak in a person.

    The lowest ratio sets the lowest concentration in vitro against the highest peak; the highest
    ratio the reverse. `fraction_unbound` is the share of drug in plasma that is not bound to
    protein; concentrations in vitro are taken as free, which favours the claim where the medium
    held serum.
    """
    if not 0.0 < fraction_unbound <= 1.0:
        raise PharmacologyError(
            f"The unbound fraction lies above 0 and up to 1; it is given as {fraction_unbound}."
        )
    dish = in_vitro.converted("nM", molar_mass_g_mol=molar_mass_g_mol)
    person = peak.converted("nM", molar_mass_g_mol=molar_mass_g_mol)
    free = ConcentrationRange(
        low=person.low * fraction_unbound, high=person.high * fraction_unbound, unit="nM"
    )
    return PotencyGap(
        in_vitro_nm=dish,
        peak_nm=person,
        free_peak_nm=free,
        fraction_unbound=fraction_unbound,
        total_low=dish.low / person.high,
        total_high=dish.high / person.low,
        free_low=dish.low / free.high,
        free_high=dish.high / free.low,
    )
