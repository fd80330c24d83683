"""Kinetics, receptor occupancy under rival hypotheses, and the potency gap.

Plain numbers go in and frozen records come out; no compound is known here by name.
"""

from __future__ import annotations

from equipoise.pharmacology.fitting import (
    FittedPoint,
    HalfTimeObservation,
    OccupancyFit,
    OccupancyObservation,
    fit_model,
    fit_models,
    rank_models,
)
from equipoise.pharmacology.kinetics import (
    Kinetics,
    MetaboliteKinetics,
    area_under_curve,
    concentration,
    superpose,
)
from equipoise.pharmacology.methods import METHODS
from equipoise.pharmacology.occupancy import (
    BrainRetained,
    OccupancyModel,
    ParentAndMetabolite,
    ParentPlasma,
    SlowDissociation,
)
from equipoise.pharmacology.potency import (
    ConcentrationRange,
    PotencyGap,
    ScaledPeak,
    potency_gap,
    scale_peak,
)
from equipoise.pharmacology.prediction import (
    Dosing,
    OccupancyRow,
    average_prediction,
    hours_above,
    occupancy_table,
    predict,
    trough,
)
from equipoise.pharmacology.units import convert_concentration

__all__ = [
    "METHODS",
    "BrainRetained",
    "ConcentrationRange",
    "Dosing",
    "FittedPoint",
    "HalfTimeObservation",
    "Kinetics",
    "MetaboliteKinetics",
    "OccupancyFit",
    "OccupancyModel",
    "OccupancyObservation",
    "OccupancyRow",
    "ParentAndMetabolite",
    "ParentPlasma",
    "PotencyGap",
    "ScaledPeak",
    "SlowDissociation",
    "area_under_curve",
    "average_prediction",
    "concentration",
    "convert_concentration",
    "fit_model",
    "fit_models",
    "hours_above",
    "occupancy_table",
    "potency_gap",
    "predict",
    "rank_models",
    "scale_peak",
    "superpose",
    "trough",
]
