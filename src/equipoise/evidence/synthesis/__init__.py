"""Estimates into one: pooled, predicted, believed."""

from equipoise.evidence.synthesis.batch import pool_many, pool_stream
from equipoise.evidence.synthesis.bayes import BayesSynthesis, ScalePosterior, pool_bayes
from equipoise.evidence.synthesis.classical import (
    Synthesis,
    leave_one_out,
    pool_fixed,
    pool_random,
)
from equipoise.evidence.synthesis.dependence import sampling_covariance
from equipoise.evidence.synthesis.location_scale import LocationScaleFit, fit_location_scale
from equipoise.evidence.synthesis.multilevel import (
    MultilevelFit,
    fit_multilevel,
    robust_multilevel,
)
from equipoise.evidence.synthesis.multivariate import MultivariateSynthesis, pool_multivariate
from equipoise.evidence.synthesis.pooled_batch import PooledBatch, Status
from equipoise.evidence.synthesis.profile import profile_interval
from equipoise.evidence.synthesis.robust import RobustVariance, robust_variance
from equipoise.evidence.synthesis.structures import RandomCovariance, RandomStructure
from equipoise.stats.mixture import NormalMixture
from equipoise.stats.priors import Flat, HalfCauchy, HalfNormal, Normal, Uniform

__all__ = [
    "BayesSynthesis",
    "Flat",
    "HalfCauchy",
    "HalfNormal",
    "LocationScaleFit",
    "MultilevelFit",
    "MultivariateSynthesis",
    "Normal",
    "NormalMixture",
    "PooledBatch",
    "RandomCovariance",
    "RandomStructure",
    "RobustVariance",
    "ScalePosterior",
    "Status",
    "Synthesis",
    "Uniform",
    "fit_location_scale",
    "fit_multilevel",
    "leave_one_out",
    "pool_bayes",
    "pool_fixed",
    "pool_many",
    "pool_multivariate",
    "pool_random",
    "pool_stream",
    "profile_interval",
    "robust_multilevel",
    "robust_variance",
    "sampling_covariance",
]
