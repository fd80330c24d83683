"""Estimates into one: pooled, predicted, believed."""

from equipoise.evidence.synthesis.batch import pool_many, pool_stream
from equipoise.evidence.synthesis.bayes import BayesSynthesis, ScalePosterior, pool_bayes
from equipoise.evidence.synthesis.beta_binomial import BetaBinomialSynthesis, fit_beta_binomial
from equipoise.evidence.synthesis.classical import FitStatistics, Synthesis, pool_fixed, pool_random
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
from equipoise.evidence.synthesis.multilevel import MultilevelFit, fit_multilevel, robust_multilevel
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
from equipoise.evidence.synthesis.small_study import (
    VEVEA_WOODS,
    AsymmetryTest,
    BetaWeights,
    DecliningWeights,
    ExcessSignificance,
    FailSafeN,
    HenmiCopas,
    LimitMetaAnalysis,
    PetPeese,
    RankTest,
    SelectionFit,
    SelectionFunction,
    SmallStudyOverview,
    StepWeights,
    TrimAndFill,
    TruncationWeights,
    binary_asymmetry_test,
    egger_test,
    excess_significance,
    fail_safe_n,
    fit_selection_model,
    henmi_copas,
    limit_meta_analysis,
    pet_peese,
    rank_test,
    selection_log_likelihood,
    small_study_overview,
    trim_and_fill,
)
from equipoise.evidence.synthesis.structures import RandomCovariance, RandomStructure
from equipoise.evidence.synthesis.tau2_intervals import Tau2Interval, tau2_interval
from equipoise.stats.mixture import NormalMixture
from equipoise.stats.priors import Flat, HalfCauchy, HalfNormal, Normal, Uniform

__all__ = [
    "VEVEA_WOODS",
    "AsymmetryTest",
    "BayesSynthesis",
    "BetaBinomialSynthesis",
    "BetaWeights",
    "Coefficient",
    "CommonEffect",
    "DecliningWeights",
    "ExcessSignificance",
    "FailSafeN",
    "FitStatistics",
    "Flat",
    "HalfCauchy",
    "HalfNormal",
    "HenmiCopas",
    "ImpliedTrial",
    "Influence",
    "LimitMetaAnalysis",
    "LocationScaleFit",
    "MetaRegression",
    "MixedSynthesis",
    "MultilevelFit",
    "MultivariateSynthesis",
    "Normal",
    "NormalMixture",
    "OmnibusTest",
    "PermutationTest",
    "PetPeese",
    "PooledBatch",
    "Prediction",
    "PublishedPool",
    "RandomCovariance",
    "RandomStructure",
    "RankTest",
    "RareEventResult",
    "Reading",
    "Reconstruction",
    "Reconstructions",
    "RobustVariance",
    "ScalePosterior",
    "SelectionFit",
    "SelectionFunction",
    "SmallStudyOverview",
    "Status",
    "StepWeights",
    "StudyEffects",
    "Synthesis",
    "Tau2Interval",
    "TrimAndFill",
    "TruncationWeights",
    "Uniform",
    "ZeroCells",
    "binary_asymmetry_test",
    "egger_test",
    "estimate_study_effects",
    "excess_significance",
    "fail_safe_n",
    "find_zero_cells",
    "fit_beta_binomial",
    "fit_glmm",
    "fit_glmm_one_arm",
    "fit_location_scale",
    "fit_multilevel",
    "fit_regression",
    "fit_selection_model",
    "henmi_copas",
    "imply_trial",
    "leave_one_out",
    "limit_meta_analysis",
    "measure_influence",
    "permutation_test",
    "pet_peese",
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
    "rank_test",
    "rare_event_models",
    "reconstruct",
    "robust_multilevel",
    "robust_variance",
    "sampling_covariance",
    "selection_log_likelihood",
    "small_study_overview",
    "tau2_interval",
    "trim_and_fill",
]
