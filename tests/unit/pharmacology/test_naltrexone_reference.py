"""Naltrexone: the numbers of the research prototype, and how near this room comes to them.

The prototype printed whole percents and two or three digits of its parameters, and its tables were
drawn from the rounded parameters; hence the tolerances below. Where a tolerance is wider, the
comment beside it says why.
"""

from __future__ import annotations

import numpy as np
import pytest

from equipoise.pharmacology import (
    BrainRetained,
    HalfTimeObservation,
    Kinetics,
    MetaboliteKinetics,
    OccupancyFit,
    OccupancyObservation,
    ParentAndMetabolite,
    ParentPlasma,
    SlowDissociation,
    average_prediction,
    fit_model,
    fit_models,
    hours_above,
    occupancy_table,
    predict,
    rank_models,
    trough,
)

NALTREXONE = Kinetics(
    clearance_over_f_l_h=1880.0,  # 94 L/h over 0.05, Meyer 1984
    half_life_h=4.0,  # Meyer 1984
    absorption_rate_per_h=0.72,  # 0.012 per minute, Licko 1981
    molar_mass_g_mol=341.4,
    metabolite=MetaboliteKinetics(
        half_life_h=13.0,  # labels; Meyer 1984 has 12
        peak_ng_ml=108.0,  # Swiss label, 50 mg
        peak_dose_mg=50.0,
        molar_mass_g_mol=343.4,
    ),
)

# Rabiner 2011 as tabulated by Trøstheim 2023; 4 h is assumed within "up to 8 h", and ten points of
# standard deviation stand for that window, the scan and the people.
PET = tuple(
    OccupancyObservation(id=name, dose_mg=dose, time_h=4.0, occupancy=percent / 100, sd=0.10)
    for name, dose, percent in (
        ("OBS001", 2.0, 27.0),
        ("OBS002", 5.0, 43.0),
        ("OBS003", 5.0, 46.0),
        ("OBS005", 15.0, 61.0),
        ("OBS006", 50.0, 92.0),
    )
)
LEE1988 = (HalfTimeObservation(id="OBS008", dose_mg=50.0, low_h=72.0, high_h=108.0),)
MODELS = (
    ParentPlasma(kinetics=NALTREXONE),
    ParentAndMetabolite(kinetics=NALTREXONE),
    BrainRetained(uptake_half_time_h=0.5),
    SlowDissociation(kinetics=NALTREXONE),
)
TIMES_H = (1.0, 4.0, 6.0, 12.0, 24.0)


@pytest.fixture(scope="module")
def fits() -> dict[str, OccupancyFit]:
    ranked = fit_models(MODELS, PET, LEE1988, reference_dose_mg=50.0)
    return {fit.model_id: fit for fit in ranked}


@pytest.mark.parametrize(
    ("model_id", "chi2", "tolerance", "aic"),
    [
        ("brain-retained", 1.07, 0.01, 5),
        ("parent-plasma", 59.4, 0.2, 61),
        # The prototype's driving concentration is not recorded to the last constant.
        ("slow-dissociation", 4.3, 0.2, 8),
        # Its metabolite outlives ours a little: 8.4 would need a half-life of 13.5 h, for which
        # there is no source.
        ("metabolite", 8.3, 1.1, 12),
    ],
)
def test_chi2_and_aic(
    fits: dict[str, OccupancyFit], model_id: str, chi2: float, tolerance: float, aic: float
) -> None:
    fit = fits[model_id]
    assert fit.chi2 == pytest.approx(chi2, abs=tolerance)
    assert fit.aic == fit.chi2 + 2 * fit.n_parameters
    assert fit.aic == pytest.approx(aic, abs=1.4)
    assert fit.converged
    assert fit.chi2 == pytest.approx(sum(point.z**2 for point in fit.points))


def test_ranking_is_the_prototypes(fits: dict[str, OccupancyFit]) -> None:
    assert list(fits) == ["brain-retained", "slow-dissociation", "metabolite", "parent-plasma"]
    weights = [fit.akaike_weight for fit in fits.values()]
    assert sum(w for w in weights if w is not None) == pytest.approx(1.0)
    assert fits["brain-retained"].akaike_weight == pytest.approx(0.83, abs=0.01)


def test_parameters(fits: dict[str, OccupancyFit]) -> None:
    ed50, retention = fits["brain-retained"].values
    assert ed50 == pytest.approx(6.0, abs=0.05)
    # 25.8 against a printed 25; chi2 agrees to its last digit, so this is the printing.
    assert retention == pytest.approx(25.0, abs=0.9)
    ic50, parent_potency_ratio = fits["metabolite"].values
    assert ic50 == pytest.approx(12.0, abs=0.5)
    assert parent_potency_ratio == 0.0
    units = {name: unit for name, (_, unit) in fits["metabolite"].parameters.items()}
    assert units == {"metabolite_ic50": "ng/mL", "parent_potency_ratio": "1"}
    assert "metabolite alone" in fits["metabolite"].note


def test_half_times_after_50_mg(fits: dict[str, OccupancyFit]) -> None:
    assert fits["parent-plasma"].half_time_h == pytest.approx(20.0, abs=0.5)
    assert fits["brain-retained"].half_time_h == pytest.approx((72 * 108) ** 0.5, abs=0.5)


@pytest.mark.parametrize(
    ("model_id", "dose_mg", "percents", "tolerance"),
    [
        # The prototype's IC50 was a little higher than the minimum found here.
        ("parent-plasma", 1.5, (22, 26, 21, 9, 1), 1.6),
        ("parent-plasma", 3.0, (35, 41, 35, 17, 2), 1.6),
        ("parent-plasma", 4.5, (45, 51, 45, 23, 4), 1.6),
        ("parent-plasma", 50.0, (90, 92, 90, 77, 30), 1.0),
        ("metabolite", 1.5, (14, 21, 20, 16, 9), 1.5),
        ("metabolite", 3.0, (24, 35, 34, 27, 17), 1.5),
        ("metabolite", 4.5, (33, 45, 43, 36, 23), 1.5),
        ("metabolite", 50.0, (84, 90, 89, 86, 77), 1.5),
        ("brain-retained", 1.5, (16, 18, 18, 15, 12), 1.0),
        ("brain-retained", 3.0, (27, 31, 30, 27, 21), 1.0),
        ("brain-retained", 4.5, (36, 40, 39, 35, 28), 1.0),
        ("brain-retained", 50.0, (86, 88, 88, 86, 81), 1.0),
    ],
)
def test_occupancy_table(
    fits: dict[str, OccupancyFit],
    model_id: str,
    dose_mg: float,
    percents: tuple[float, ...],
    tolerance: float,
) -> None:
    (row,) = occupancy_table([fits[model_id]], [dose_mg], TIMES_H)
    assert row.model_id == model_id
    assert row.times_h == TIMES_H
    assert 100 * np.array(row.occupancy) == pytest.approx(percents, abs=tolerance)


@pytest.mark.parametrize(
    ("model_id", "percent"), [("parent-plasma", 4), ("metabolite", 29), ("brain-retained", 45)]
)
def test_trough_of_daily_4_5_mg(
    fits: dict[str, OccupancyFit], model_id: str, percent: float
) -> None:
    assert 100 * trough(fits[model_id], 4.5) == pytest.approx(percent, abs=1.0)


def test_daily_50_mg_lies_in_the_printed_span_under_retention(
    fits: dict[str, OccupancyFit],
) -> None:
    times = np.linspace(0, 24, 97)
    day = predict(fits["brain-retained"], 50.0, times, "daily steady state")
    # Printed 90 to 94 %; Weerts 2008 measured 94.9 (SD 4.9) %, which no fit here has seen.
    assert 100 * day.min() == pytest.approx(90, abs=1.0)
    assert 100 * day.max() == pytest.approx(94, abs=1.0)


def test_window_above_40_percent_is_the_discarded_models(fits: dict[str, OccupancyFit]) -> None:
    assert hours_above(fits["parent-plasma"], 4.5, 0.40) == pytest.approx(6.6, abs=0.2)


def test_unverified_observations_are_set_aside() -> None:
    doubtful = OccupancyObservation(
        id="OBS020", dose_mg=50.0, time_h=49.0, occupancy=0.95, sd=0.1, verified=False
    )
    without = fit_model(BrainRetained(), PET, LEE1988, reference_dose_mg=50.0)
    with_it = fit_model(BrainRetained(), (*PET, doubtful), LEE1988, reference_dose_mg=50.0)
    assert with_it.set_aside == ("OBS020",)
    assert with_it.values == without.values


def test_order_of_observations_moves_no_printed_digit(fits: dict[str, OccupancyFit]) -> None:
    turned = fit_models(MODELS[::-1], PET[::-1], LEE1988, reference_dose_mg=50.0)
    for fit in turned:
        assert fit.values == pytest.approx(fits[fit.model_id].values, rel=1e-5, abs=1e-9)


def test_same_input_gives_the_same_bytes(fits: dict[str, OccupancyFit]) -> None:
    again = rank_models(fit_models(MODELS, PET, LEE1988, reference_dose_mg=50.0))
    assert repr(again) == repr(tuple(fits.values()))


def test_average_lies_between_the_rivals(fits: dict[str, OccupancyFit]) -> None:
    ranked = tuple(fits.values())
    mean = average_prediction(ranked, 4.5, TIMES_H)
    rivals = np.array([predict(fit, 4.5, TIMES_H) for fit in ranked])
    assert (mean >= rivals.min(axis=0)).all()
    assert (mean <= rivals.max(axis=0)).all()
