"""Estimates into one: pooled, predicted, believed."""

from equipoise.evidence.synthesis.batch import pool_many, pool_stream
from equipoise.evidence.synthesis.bayes import BayesSynthesis, ScalePosterior, pool_bayes
from equipoise.evidence.synthesis.classical import (
    FitStatistics,
    Synthesis,
    pool_fixed,
    pool_random,
)
from equipoise.evidence.synthesis.influence import (
    Influence,
    StudyEffects,
    estimate_study_effects,
    leave_one_out,
    measure_influence,
    pool_cumulatively,
)
from equipoise.evidence.synthesis.permutation import PermutationTest, permutation_test
from equipoise.evidence.synthesis.pooled_batch import PooledBatch, Status
from equipoise.evidence.synthesis.regression import (
    Coefficient,
    MetaRegression,
    OmnibusTest,
    Prediction,
    fit_regression,
)
from equipoise.evidence.synthesis.tau2_intervals import Tau2Interval, tau2_interval
from equipoise.stats.mixture import NormalMixture
from equipoise.stats.priors import Flat, HalfCauchy, HalfNormal, Normal, Uniform

__all__ = [
    "BayesSynthesis",
    "Coefficient",
    "FitStatistics",
    "Flat",
    "HalfCauchy",
    "HalfNormal",
    "Influence",
    "MetaRegression",
    "Normal",
    "NormalMixture",
    "OmnibusTest",
    "PermutationTest",
    "PooledBatch",
    "Prediction",
    "ScalePosterior",
    "Status",
    "StudyEffects",
    "Synthesis",
    "Tau2Interval",
    "Uniform",
    "estimate_study_effects",
    "fit_regression",
    "leave_one_out",
    "measure_influence",
    "permutation_test",
    "pool_bayes",
    "pool_cumulatively",
    "pool_fixed",
    "pool_many",
    "pool_random",
    "pool_stream",
    "tau2_interval",
]
