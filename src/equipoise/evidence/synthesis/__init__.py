"""Estimates into one: pooled, predicted, believed."""

from equipoise.evidence.synthesis.batch import pool_many, pool_stream
from equipoise.evidence.synthesis.bayes import BayesSynthesis, ScalePosterior, pool_bayes
from equipoise.evidence.synthesis.beta_binomial import BetaBinomialSynthesis, fit_beta_binomial
from equipoise.evidence.synthesis.classical import (
    FitStatistics,
    Synthesis,
    pool_fixed,
    pool_random,
)
from equipoise.evidence.synthesis.common_effect import CommonEffect
from equipoise.evidence.synthesis.dependence import sampling_covariance
from equipoise.evidence.synthesis.glmm import MixedSynthesis, fit_glmm, fit_glmm_one_arm
from equipoise.evidence.synthesis.influence import (
    Influence,
    StudyEffects,
    estimate_study_effects,
    leave_one_out,
    measure_influence,
    pool_cumulatively,
)
from equipoise.evidence.synthesis.location_scale import LocationScaleFit, fit_location_scale
from equipoise.evidence.synthesis.mantel_haenszel import pool_mantel_haenszel
from equipoise.evidence.synthesis.multilevel import (
    MultilevelFit,
    fit_multilevel,
    robust_multilevel,
)
from equipoise.evidence.synthesis.multivariate import MultivariateSynthesis, pool_multivariate
from equipoise.evidence.synthesis.permutation import PermutationTest, permutation_test
from equipoise.evidence.synthesis.peto import pool_peto
from equipoise.evidence.synthesis.pooled_batch import PooledBatch, Status
from equipoise.evidence.synthesis.profile import profile_interval
from equipoise.evidence.synthesis.rare_events import (
    RareEventResult,
    ZeroCells,
    find_zero_cells,
    rare_event_models,
)
from equipoise.evidence.synthesis.reconstruction import (
    ImpliedTrial,
    PublishedPool,
    Reading,
    Reconstruction,
    Reconstructions,
    imply_trial,
    reconstruct,
)
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
    "BetaBinomialSynthesis",
    "Coefficient",
    "CommonEffect",
    "FitStatistics",
    "Flat",
    "HalfCauchy",
    "HalfNormal",
    "ImpliedTrial",
    "Influence",
    "LocationScaleFit",
    "MetaRegression",
    "MixedSynthesis",
    "MultilevelFit",
    "MultivariateSynthesis",
    "Normal",
    "NormalMixture",
    "OmnibusTest",
    "PermutationTest",
    "PooledBatch",
    "Prediction",
    "PublishedPool",
    "RandomCovariance",
    "RandomStructure",
    "RareEventResult",
    "Reading",
    "Reconstruction",
    "Reconstructions",
    "RobustVariance",
    "ScalePosterior",
    "Status",
    "StudyEffects",
    "Synthesis",
    "Tau2Interval",
    "Uniform",
    "ZeroCells",
    "estimate_study_effects",
    "find_zero_cells",
    "fit_beta_binomial",
    "fit_glmm",
    "fit_glmm_one_arm",
    "fit_location_scale",
    "fit_multilevel",
    "fit_regression",
    "imply_trial",
    "leave_one_out",
    "measure_influence",
    "permutation_test",
    "pool_bayes",
    "pool_cumulatively",
    "pool_fixed",
    "pool_mantel_haenszel",
    "pool_many",
    "pool_multivariate",
    "pool_peto",
    "pool_random",
    "pool_stream",
    "profile_interval",
    "rare_event_models",
    "reconstruct",
    "robust_multilevel",
    "robust_variance",
    "sampling_covariance",
    "tau2_interval",
]
