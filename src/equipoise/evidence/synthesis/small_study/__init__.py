"""Small-study effects and selective publication: tests, sensitivity analyses, selection models."""

from equipoise.evidence.synthesis.small_study.asymmetry import (
    AsymmetryTest,
    PetPeese,
    RankTest,
    binary_asymmetry_test,
    egger_test,
    pet_peese,
    rank_test,
)
from equipoise.evidence.synthesis.small_study.excess import ExcessSignificance, excess_significance
from equipoise.evidence.synthesis.small_study.fail_safe import FailSafeN, fail_safe_n
from equipoise.evidence.synthesis.small_study.henmi_copas import HenmiCopas, henmi_copas
from equipoise.evidence.synthesis.small_study.limit import LimitMetaAnalysis, limit_meta_analysis
from equipoise.evidence.synthesis.small_study.overview import (
    SmallStudyOverview,
    small_study_overview,
)
from equipoise.evidence.synthesis.small_study.selection import (
    SelectionFit,
    fit_selection_model,
    selection_log_likelihood,
)
from equipoise.evidence.synthesis.small_study.selection_weights import (
    VEVEA_WOODS,
    BetaWeights,
    DecliningWeights,
    SelectionFunction,
    StepWeights,
    TruncationWeights,
)
from equipoise.evidence.synthesis.small_study.trim_fill import TrimAndFill, trim_and_fill

__all__ = [
    "VEVEA_WOODS",
    "AsymmetryTest",
    "BetaWeights",
    "DecliningWeights",
    "ExcessSignificance",
    "FailSafeN",
    "HenmiCopas",
    "LimitMetaAnalysis",
    "PetPeese",
    "RankTest",
    "SelectionFit",
    "SelectionFunction",
    "SmallStudyOverview",
    "StepWeights",
    "TrimAndFill",
    "TruncationWeights",
    "binary_asymmetry_test",
    "egger_test",
    "excess_significance",
    "fail_safe_n",
    "fit_selection_model",
    "henmi_copas",
    "limit_meta_analysis",
    "pet_peese",
    "rank_test",
    "selection_log_likelihood",
    "small_study_overview",
    "trim_and_fill",
]
