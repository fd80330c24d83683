from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.errors import PharmacologyError
from equipoise.pharmacology import (
    METHODS,
    ConcentrationRange,
    convert_concentration,
    potency_gap,
    scale_peak,
)
from equipoise.pharmacology.units import CONCENTRATION_UNITS

NALTREXONE_G_MOL = 341.4
units = st.sampled_from(CONCENTRATION_UNITS)


@given(st.floats(1e-6, 1e6), units, units, st.floats(50.0, 2000.0))
def test_units_round_trip(value: float, there: str, back: str, molar_mass: float) -> None:
    away = convert_concentration(value, there, back, molar_mass_g_mol=molar_mass)
    home = convert_concentration(away, back, there, molar_mass_g_mol=molar_mass)
    assert home == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("value", "unit", "to_unit", "expected"),
    [
        (1.0, "mM", "uM", 1000.0),
        (200.0, "µM", "nM", 200_000.0),
        (200.0, "μM", "µM", 200.0),
        (1.0, "mg/L", "ng/mL", 1000.0),
        (341.4, "ng/mL", "uM", 1.0),
        (1.0, "nM", "pg/mL", 341.4),
    ],
)
def test_units(value: float, unit: str, to_unit: str, expected: float) -> None:
    converted = convert_concentration(value, unit, to_unit, molar_mass_g_mol=NALTREXONE_G_MOL)
    assert converted == pytest.approx(expected)


def test_units_that_cannot_be_crossed_are_refused() -> None:
    with pytest.raises(PharmacologyError, match="molar mass"):
        convert_concentration(1.0, "nM", "ng/mL")
    with pytest.raises(PharmacologyError, match="Unknown unit"):
        convert_concentration(1.0, "nmol", "nM")
    with pytest.raises(PharmacologyError, match="zero upwards"):
        convert_concentration(-1.0, "nM", "pM")


def test_peaks_of_4_5_mg() -> None:
    # Swiss label: 13.3 ng/mL after 50 mg; extended-release label: 1.4 ng/mL after 16 mg.
    swiss = scale_peak(13.3, 50.0, 4.5)
    extended = scale_peak(1.4, 16.0, 4.5)
    assert swiss.peak_ng_ml == pytest.approx(1.20, abs=0.005)
    assert extended.peak_ng_ml == pytest.approx(0.39, abs=0.005)
    assert "proportional" in swiss.assumption

    def to_nm(ng_ml: float) -> float:
        return convert_concentration(ng_ml, "ng/mL", "nM", molar_mass_g_mol=NALTREXONE_G_MOL)

    assert to_nm(swiss.peak_ng_ml) == pytest.approx(3.5, abs=0.05)
    assert to_nm(extended.peak_ng_ml) == pytest.approx(1.15, abs=0.005)


@pytest.mark.parametrize(
    ("micromolar", "low", "high"), [(100.0, 28_000, 87_000), (200.0, 57_000, 173_000)]
)
def test_gaps_of_the_toll_like_and_trpm3_claims(micromolar: float, low: int, high: int) -> None:
    peak = ConcentrationRange(
        low=scale_peak(1.4, 16.0, 4.5).peak_ng_ml,
        high=scale_peak(13.3, 50.0, 4.5).peak_ng_ml,
        unit="ng/mL",
    )
    gap = potency_gap(
        ConcentrationRange(low=micromolar, high=micromolar, unit="uM"),
        peak,
        molar_mass_g_mol=NALTREXONE_G_MOL,
        fraction_unbound=0.79,  # 21 % bound, Swiss label
    )
    # The printed gaps were rounded to thousands, some from rounded peaks.
    assert gap.total_low == pytest.approx(low, rel=0.02)
    assert gap.total_high == pytest.approx(high, rel=0.02)
    assert gap.free_low == pytest.approx(gap.total_low / 0.79)
    assert gap.free_high == pytest.approx(gap.total_high / 0.79)
    assert not gap.reached


def test_gap_of_the_metabolite() -> None:
    gap = potency_gap(
        ConcentrationRange(low=100.0, high=100.0, unit="uM"),
        ConcentrationRange(low=9.72, high=9.72, unit="ng/mL"),
        molar_mass_g_mol=343.4,
    )
    assert gap.total_low == pytest.approx(3_500, rel=0.02)


def test_no_gap_at_the_mu_receptor() -> None:
    gap = potency_gap(
        ConcentrationRange(low=0.1, high=0.5, unit="nM"),
        ConcentrationRange(low=1.15, high=3.5, unit="nM"),
        molar_mass_g_mol=NALTREXONE_G_MOL,
        fraction_unbound=0.79,
    )
    assert gap.reached


@given(st.floats(0.01, 10.0), st.floats(1.0, 5.0), st.floats(0.01, 1.0), st.floats(0.1, 1e4))
def test_gap_is_ordered_and_wider_when_bound(
    low: float, spread: float, unbound: float, dish: float
) -> None:
    gap = potency_gap(
        ConcentrationRange(low=dish, high=dish * spread, unit="nM"),
        ConcentrationRange(low=low, high=low * spread, unit="ng/mL"),
        molar_mass_g_mol=300.0,
        fraction_unbound=unbound,
    )
    assert gap.total_low <= gap.total_high
    assert gap.free_low <= gap.free_high
    assert gap.free_low >= gap.total_low


def test_impossible_ranges_are_refused() -> None:
    with pytest.raises(PharmacologyError, match="upwards"):
        ConcentrationRange(low=2.0, high=1.0, unit="nM")
    with pytest.raises(PharmacologyError, match="to_dose_mg"):
        scale_peak(1.0, 50.0, 0.0)
    one = ConcentrationRange(low=1.0, high=1.0, unit="nM")
    with pytest.raises(PharmacologyError, match="unbound"):
        potency_gap(one, one, molar_mass_g_mol=300.0, fraction_unbound=0.0)


def test_methods_are_keyed_by_their_ids() -> None:
    assert all(key == method.id for key, method in METHODS.items())
    assert {
        "bateman",
        "occupancy-parent-plasma",
        "occupancy-metabolite",
        "occupancy-retained",
        "occupancy-slow-dissociation",
        "aic",
        "linear-dose-scaling",
        "potency-gap",
    } <= METHODS.keys()
