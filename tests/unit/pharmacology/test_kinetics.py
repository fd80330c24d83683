from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.errors import PharmacologyError
from equipoise.pharmacology import (
    Kinetics,
    MetaboliteKinetics,
    area_under_curve,
    concentration,
    superpose,
)


@st.composite
def compounds(draw: st.DrawFn) -> Kinetics:
    rate = st.floats(0.5, 40.0)
    return Kinetics(
        clearance_over_f_l_h=draw(st.floats(1.0, 5000.0)),
        half_life_h=draw(rate),
        absorption_rate_per_h=draw(st.floats(0.05, 5.0)),
        molar_mass_g_mol=300.0,
        metabolite=MetaboliteKinetics(
            half_life_h=draw(rate),
            peak_ng_ml=draw(st.floats(0.1, 500.0)),
            peak_dose_mg=10.0,
            molar_mass_g_mol=310.0,
            presystemic_fraction=draw(st.floats(0.0, 1.0)),
        ),
    )


SIMPLE = Kinetics(
    clearance_over_f_l_h=1880.0,
    half_life_h=4.0,
    absorption_rate_per_h=0.72,
    molar_mass_g_mol=341.4,
)


@given(compounds(), st.floats(0.1, 200.0))
def test_mass_balance(compound: Kinetics, dose: float) -> None:
    # What goes in comes out: AUC = dose/(CL/F), in ng·h/mL hence the thousand. The tolerance is
    # what keeping equal rates a millionth apart can cost.
    expected = 1000.0 * dose / compound.clearance_over_f_l_h
    assert area_under_curve(compound, dose) == pytest.approx(expected, rel=1e-5)


def test_contrave_area() -> None:
    # 16 mg gave 8.4 ng·h/mL (Contrave label); Meyer's CL/F of 1880 L/h was measured elsewhere.
    assert area_under_curve(SIMPLE, 16.0) == pytest.approx(8.4, rel=0.02)


def test_peak_of_50_mg_falls_short_of_the_label() -> None:
    # One compartment gives about 2.9 ng/mL (research note), the Swiss label 13.3: kept as a known
    # failure of the model, not tuned away.
    peak = concentration(SIMPLE, 50.0, np.linspace(0, 12, 1201)).max()
    assert peak == pytest.approx(2.9, rel=0.15)


@given(compounds(), st.floats(0.1, 200.0))
def test_metabolite_reaches_its_measured_peak(compound: Kinetics, dose: float) -> None:
    assert compound.metabolite is not None
    times = np.linspace(0, 200, 20001)
    peak = concentration(compound, dose, times, analyte="metabolite").max()
    expected = compound.metabolite.peak_ng_ml * dose / compound.metabolite.peak_dose_mg
    assert peak == pytest.approx(expected, rel=2e-3)


@given(compounds(), st.sampled_from(["parent", "metabolite"]))
def test_closed_form_equals_superposition(compound: Kinetics, analyte: str) -> None:
    times = np.linspace(0, 12, 25)
    closed = concentration(compound, 7.0, times, analyte=analyte, interval_h=12.0, n_doses=5)  # type: ignore[arg-type]
    summed = superpose(
        compound,
        [7.0] * 5,
        [0.0, 12.0, 24.0, 36.0, 48.0],
        48.0 + times,
        analyte=analyte,  # type: ignore[arg-type]
    )
    # At the instant of the last dose both count it as zero, so the sums agree there too. Two rates
    # that nearly coincide cancel and cost digits.
    assert closed == pytest.approx(summed, rel=1e-5, abs=1e-6 * float(summed.max()))


@given(compounds())
def test_long_intervals_forget(compound: Kinetics) -> None:
    times = np.linspace(0.5, 24, 20)
    alone = concentration(compound, 5.0, times)
    after_many = concentration(compound, 5.0, times, interval_h=3000.0)
    # A slow absorber's last traces are compared with its peak, not with themselves.
    assert after_many == pytest.approx(alone, rel=1e-6, abs=1e-9 * float(alone.max()))


def test_many_doses_approach_steady_state() -> None:
    times = np.linspace(0, 24, 25)
    many = concentration(SIMPLE, 5.0, times, interval_h=24.0, n_doses=50)
    assert many == pytest.approx(concentration(SIMPLE, 5.0, times, interval_h=24.0))


def test_average_at_steady_state_is_dose_rate_over_clearance() -> None:
    times = np.linspace(0, 24, 24001)
    day = concentration(SIMPLE, 5.0, times, interval_h=24.0)
    assert np.trapezoid(day, times) == pytest.approx(area_under_curve(SIMPLE, 5.0), rel=1e-6)


@given(compounds(), st.floats(0.0, 100.0), st.floats(1.0, 10.0))
def test_linear_in_dose(compound: Kinetics, dose: float, factor: float) -> None:
    once = concentration(compound, dose, [1.0, 5.0])
    assert concentration(compound, factor * dose, [1.0, 5.0]) == pytest.approx(factor * once)


def test_equal_rates_have_the_limiting_form() -> None:
    equal = Kinetics(
        clearance_over_f_l_h=10.0,
        half_life_h=math.log(2.0),
        absorption_rate_per_h=1.0,
        molar_mass_g_mol=300.0,
    )
    # ka = k = 1/h, V/F = 10 L: C = D/V·t·exp(−t).
    assert concentration(equal, 1.0, 2.0) == pytest.approx(100.0 * 2.0 * math.exp(-2.0), rel=1e-5)


def test_shapes_follow_doses_then_times() -> None:
    assert concentration(SIMPLE, 1.0, 1.0).shape == ()
    assert concentration(SIMPLE, [1.0, 2.0], [1.0, 2.0, 3.0]).shape == (2, 3)
    assert (concentration(SIMPLE, [0.0, 3.0], 0.0) == 0.0).all()


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, math.inf])
def test_impossible_constants_are_refused(bad: float) -> None:
    with pytest.raises(PharmacologyError, match="half_life_h"):
        Kinetics(
            clearance_over_f_l_h=10.0,
            half_life_h=bad,
            absorption_rate_per_h=1.0,
            molar_mass_g_mol=300.0,
        )


def test_requests_without_sense_are_refused() -> None:
    with pytest.raises(PharmacologyError, match="no metabolite"):
        concentration(SIMPLE, 1.0, 1.0, analyte="metabolite")
    with pytest.raises(PharmacologyError, match="Doses"):
        concentration(SIMPLE, -1.0, 1.0)
    with pytest.raises(PharmacologyError, match="Times"):
        concentration(SIMPLE, 1.0, -1.0)
    with pytest.raises(PharmacologyError, match="interval"):
        concentration(SIMPLE, 1.0, 1.0, n_doses=3)
    with pytest.raises(PharmacologyError, match="At least one dose"):
        concentration(SIMPLE, 1.0, 1.0, interval_h=24.0, n_doses=0)
    with pytest.raises(PharmacologyError, match="its time"):
        superpose(SIMPLE, [1.0, 2.0], [0.0], 1.0)
    with pytest.raises(PharmacologyError, match="between 0 and 1"):
        MetaboliteKinetics(
            half_life_h=1.0,
            peak_ng_ml=1.0,
            peak_dose_mg=1.0,
            molar_mass_g_mol=1.0,
            presystemic_fraction=1.5,
        )
