"""What must hold for every hypothesis, whatever the numbers."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from equipoise.errors import PharmacologyError
from equipoise.pharmacology import (
    BrainRetained,
    HalfTimeObservation,
    Kinetics,
    MetaboliteKinetics,
    OccupancyFit,
    OccupancyModel,
    OccupancyObservation,
    ParentAndMetabolite,
    ParentPlasma,
    SlowDissociation,
    average_prediction,
    concentration,
    fit_model,
    fit_models,
    hours_above,
    predict,
    rank_models,
    trough,
)

COMPOUND = Kinetics(
    clearance_over_f_l_h=500.0,
    half_life_h=6.0,
    absorption_rate_per_h=1.0,
    molar_mass_g_mol=300.0,
    metabolite=MetaboliteKinetics(
        half_life_h=15.0, peak_ng_ml=50.0, peak_dose_mg=10.0, molar_mass_g_mol=310.0
    ),
)
MODELS: tuple[OccupancyModel, ...] = (
    ParentPlasma(kinetics=COMPOUND),
    ParentAndMetabolite(kinetics=COMPOUND),
    BrainRetained(),
    SlowDissociation(kinetics=COMPOUND),
)
POINTS = (
    OccupancyObservation(id="a", dose_mg=1.0, time_h=3.0, occupancy=0.2, sd=0.1),
    OccupancyObservation(id="b", dose_mg=10.0, time_h=3.0, occupancy=0.6, sd=0.1),
    OccupancyObservation(id="c", dose_mg=10.0, time_h=20.0, occupancy=0.4, sd=0.1),
)
BANDS = (HalfTimeObservation(id="d", dose_mg=10.0, low_h=20.0, high_h=40.0),)
TIMES = np.linspace(0.0, 24.0, 49)


def with_values(model: OccupancyModel, *logs: float) -> OccupancyFit:
    """A fit that was never fitted: any parameters at all, to probe what prediction promises."""
    fit = fit_model(model, POINTS, BANDS, reference_dose_mg=10.0)
    parameters = {
        name: (math.exp(x), unit)
        for x, (name, (_, unit)) in zip(logs, fit.parameters.items(), strict=False)
    }
    return replace(fit, parameters=parameters)


logs = st.floats(-6.0, 6.0)
models = st.sampled_from(MODELS)
dosings = st.sampled_from(["single", "daily steady state"])


@given(models, logs, logs, dosings)
def test_a_fraction_that_rises_with_dose(
    model: OccupancyModel, a: float, b: float, dosing: str
) -> None:
    fit = with_values(model, a, b)
    course = predict(fit, [0.0, 0.5, 2.0, 50.0], TIMES, dosing)  # type: ignore[arg-type]
    assert ((course >= 0) & (course <= 1)).all()
    assert (course[0] == 0).all()
    assert (np.diff(course, axis=0) >= -1e-12).all()


@given(models, logs, logs)
def test_daily_trough_is_no_lower_than_after_one_dose(
    model: OccupancyModel, a: float, b: float
) -> None:
    fit = with_values(model, a, b)
    assert trough(fit, 5.0) >= float(predict(fit, 5.0, 24.0)) - 1e-12


@given(models, logs, logs)
def test_steady_state_repeats_itself(model: OccupancyModel, a: float, b: float) -> None:
    fit = with_values(model, a, b)
    start, end = predict(fit, 5.0, [0.0, 24.0], "daily steady state")
    assert start == pytest.approx(end, rel=1e-7, abs=1e-9)


@given(models, logs, logs, st.floats(0.05, 0.95))
def test_hours_above_fall_as_the_threshold_rises(
    model: OccupancyModel, a: float, b: float, threshold: float
) -> None:
    fit = with_values(model, a, b)
    hours = hours_above(fit, 5.0, threshold)
    assert 0.0 <= hours <= 24.0 + 1e-9
    assert hours_above(fit, 5.0, min(threshold + 0.04, 0.99)) <= hours + 1e-9


@pytest.mark.parametrize(("on", "off"), [(0.05, 0.01), (0.5, 0.2), (5.0, 2.0)])
def test_slow_dissociation_agrees_with_a_general_solver(on: float, off: float) -> None:
    fit = with_values(SlowDissociation(kinetics=COMPOUND), math.log(on), math.log(off))
    times = np.array([0.5, 1.0, 4.0, 12.0, 24.0, 72.0])
    solved = solve_ivp(
        lambda t, r: on * concentration(COMPOUND, 10.0, t) * (1 - r) - off * r,
        (0.0, 72.0),
        [0.0],
        t_eval=times,
        rtol=1e-9,
        atol=1e-12,
        method="LSODA",
    )
    # Second order in the step: three minutes early, half an hour after the first day.
    assert predict(fit, 10.0, times) == pytest.approx(solved.y[0], abs=1e-3)


def test_fast_dissociation_is_equilibrium() -> None:
    off = 300.0
    slow = with_values(SlowDissociation(kinetics=COMPOUND), math.log(off / 5.0), math.log(off))
    direct = with_values(ParentPlasma(kinetics=COMPOUND), math.log(5.0))
    times = [2.0, 6.0, 12.0]
    assert predict(slow, 10.0, times) == pytest.approx(predict(direct, 10.0, times), abs=5e-3)


def test_half_time_is_where_occupancy_has_halved() -> None:
    for fit in fit_models(MODELS, POINTS, BANDS, reference_dose_mg=10.0):
        course = predict(fit, 10.0, np.linspace(0, 30, 3001))
        at_half = float(predict(fit, 10.0, fit.half_time_h))
        assert at_half == pytest.approx(course.max() / 2, rel=1e-3)


def test_a_drug_that_never_leaves_has_no_half_time() -> None:
    forever = BrainRetained()
    with pytest.raises(PharmacologyError, match="more than"):
        fit_model(forever, POINTS[:2], reference_dose_mg=10.0)
    steady = (
        replace(POINTS[0], time_h=200.0),
        replace(POINTS[1], time_h=3.0),
        replace(POINTS[2], time_h=900.0, occupancy=0.6),
    )
    fit = fit_model(forever, steady, reference_dose_mg=10.0)
    assert math.isinf(fit.half_time_h)


def test_parameters_that_made_the_data_come_back() -> None:
    truth = with_values(BrainRetained(), math.log(4.0), math.log(18.0))
    made = [
        OccupancyObservation(
            id=f"{dose}-{time}",
            dose_mg=dose,
            time_h=time,
            occupancy=float(predict(truth, dose, time)),
            sd=0.05,
        )
        for dose in (1.0, 5.0, 25.0)
        for time in (2.0, 24.0, 48.0)
    ]
    fit = fit_model(BrainRetained(), made, reference_dose_mg=10.0)
    assert fit.values == pytest.approx((4.0, 18.0), rel=1e-5)
    assert fit.chi2 == pytest.approx(0.0, abs=1e-8)


def test_what_cannot_be_observed_is_refused() -> None:
    with pytest.raises(PharmacologyError, match="percent"):
        OccupancyObservation(id="x", dose_mg=1.0, time_h=1.0, occupancy=27.0, sd=0.1)
    with pytest.raises(PharmacologyError, match="percent"):
        OccupancyObservation(id="x", dose_mg=1.0, time_h=1.0, occupancy=0.27, sd=10.0)
    with pytest.raises(PharmacologyError, match="dose"):
        OccupancyObservation(id="x", dose_mg=0.0, time_h=1.0, occupancy=0.2, sd=0.1)
    with pytest.raises(PharmacologyError, match="time"):
        OccupancyObservation(id="x", dose_mg=1.0, time_h=0.0, occupancy=0.2, sd=0.1)
    with pytest.raises(PharmacologyError, match="band"):
        HalfTimeObservation(id="x", dose_mg=1.0, low_h=10.0, high_h=10.0)
    with pytest.raises(PharmacologyError, match="uptake"):
        BrainRetained(uptake_half_time_h=0.0)
    with pytest.raises(PharmacologyError, match="metabolite"):
        ParentAndMetabolite(kinetics=replace(COMPOUND, metabolite=None))


def test_what_cannot_be_asked_is_refused() -> None:
    fit = fit_model(BrainRetained(), POINTS, BANDS, reference_dose_mg=10.0)
    with pytest.raises(PharmacologyError, match="24 h"):
        predict(fit, 5.0, 30.0, "daily steady state")
    with pytest.raises(PharmacologyError, match="Dosing"):
        predict(fit, 5.0, 1.0, "weekly")  # type: ignore[arg-type]
    with pytest.raises(PharmacologyError, match="threshold"):
        hours_above(fit, 5.0, 40.0)
    with pytest.raises(PharmacologyError, match="rank"):
        average_prediction([fit], 5.0, 1.0)
    with pytest.raises(PharmacologyError, match="no fit"):
        rank_models([])
    with pytest.raises(PharmacologyError, match="same observations"):
        rank_models([fit, fit_model(BrainRetained(), POINTS, reference_dose_mg=10.0)])
    with pytest.raises(PharmacologyError, match="whole ranking"):
        average_prediction(fit_models(MODELS, POINTS, BANDS, reference_dose_mg=10.0)[1:], 5.0, 1.0)
    with pytest.raises(PharmacologyError, match="same id"):
        fit_model(BrainRetained(), (*POINTS, POINTS[0]), reference_dose_mg=10.0)
    with pytest.raises(PharmacologyError, match="nothing to fit"):
        fit_model(BrainRetained(), (), BANDS, reference_dose_mg=10.0)
