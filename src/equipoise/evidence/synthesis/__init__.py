"""Estimates into one: pooled, predicted, believed."""

from equipoise.evidence.synthesis.batch import pool_many, pool_stream
from equipoise.evidence.synthesis.bayes import BayesSynthesis, ScalePosterior, pool_bayes
from equipoise.evidence.synthesis.classical import (
    Synthesis,
    leave_one_out,
    pool_fixed,
    pool_random,
)
from equipoise.evidence.synthesis.pooled_batch import PooledBatch, Status
from equipoise.stats.mixture import NormalMixture
from equipoise.stats.priors import Flat, HalfCauchy, HalfNormal, Normal, Uniform

__all__ = [
    "BayesSynthesis",
    "Flat",
    "HalfCauchy",
    "HalfNormal",
    "Normal",
    "NormalMixture",
    "PooledBatch",
    "ScalePosterior",
    "Status",
    "Synthesis",
    "Uniform",
    "leave_one_out",
    "pool_bayes",
    "pool_fixed",
    "pool_many",
    "pool_random",
    "pool_stream",
]
