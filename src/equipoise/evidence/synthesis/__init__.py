"""Estimates into one: pooled, predicted, believed."""

from equipoise.evidence.synthesis.bayes import BayesSynthesis, ScalePosterior, pool_bayes
from equipoise.evidence.synthesis.classical import (
    Synthesis,
    leave_one_out,
    pool_fixed,
    pool_random,
)
from equipoise.evidence.synthesis.regression import (
    Coefficient,
    FitStatistics,
    MetaRegression,
    OmnibusTest,
    Prediction,
    fit_regression,
)
from equipoise.stats.mixture import NormalMixture
from equipoise.stats.priors import Flat, HalfCauchy, HalfNormal, Normal, Uniform

__all__ = [
    "BayesSynthesis",
    "Coefficient",
    "FitStatistics",
    "Flat",
    "HalfCauchy",
    "HalfNormal",
    "MetaRegression",
    "Normal",
    "NormalMixture",
    "OmnibusTest",
    "Prediction",
    "ScalePosterior",
    "Synthesis",
    "Uniform",
    "fit_regression",
    "leave_one_out",
    "pool_bayes",
    "pool_fixed",
    "pool_random",
]
