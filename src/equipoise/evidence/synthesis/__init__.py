"""Estimates into one: pooled, predicted, believed."""

from equipoise.evidence.synthesis.batch import pool_many, pool_stream
from equipoise.evidence.synthesis.bayes import BayesSynthesis, ScalePosterior, pool_bayes
from equipoise.evidence.synthesis.classical import (
    FitStatistics,
    Synthesis,
    pool_fixed,
    pool_random,
)
from equipoise.evidence.synthesis.dependence import sampling_covariance
from equipoise.evidence.synthesis.influence import (
    Influence,
    StudyEffects,
    estimate_study_effects,
    leave_one_out,
    measure_influence,
    pool_cumulatively,
)
from equipoise.evidence.synthesis.location_scale import LocationScaleFit, fit_location_scale
from equipoise.evidence.synthesis.multilevel import (
    MultilevelFit,
    fit_multilevel,
    robust_multilevel,
)
from equipoise.evidence.synthesis.multivariate import MultivariateSynthesis, pool_multivariate
from equipoise.evidence.synthesis.permutation import PermutationTest, permutation_test
from equipoise.evidence.synthesis.pooled_batch import PooledBatch, Status
from equipoise.evidence.synthesis.profile import profile_interval
from equipoise.evidence.synthesis.regression import (
    Coefficient,
    MetaRegression,
    OmnibusTest,
    Prediction,
    fit_regression,
)
from equipoise.evidence.synthesis.robust import RobustVariance, robust_variance
from equipoise.evidence.synthesis.structures import RandomCovariance, RandomStructure
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
    "LocationScaleFit",
    "MetaRegression",
    "MultilevelFit",
    "MultivariateSynthesis",
    "Normal",
    "NormalMixture",
    "OmnibusTest",
    "PermutationTest",
    "PooledBatch",
    "Prediction",
    "RandomCovariance",
    "RandomStructure",
    "RobustVariance",
    "ScalePosterior",
    "Status",
    "StudyEffects",
    "Synthesis",
    "Tau2Interval",
    "Uniform",
    "estimate_study_effects",
    "fit_location_scale",
    "fit_multilevel",
    "fit_regression",
    "leave_one_out",
    "measure_influence",
    "permutation_test",
    "pool_bayes",
    "pool_cumulatively",
    "pool_fixed",
    "pool_many",
    "pool_multivariate",
    "pool_random",
    "pool_stream",
    "profile_interval",
    "robust_multilevel",
    "robust_variance",
    "sampling_covariance",
    "tau2_interval",
]
