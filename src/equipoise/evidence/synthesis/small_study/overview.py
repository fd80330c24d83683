"""Everything about small-study effects that makes sense for the studies at hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from equipoise.errors import EvidenceError
from equipoise.evidence.synthesis.classical import pool_fixed
from equipoise.evidence.synthesis.small_study.asymmetry import (
    AsymmetryTest,
    PetPeese,
    RankTest,
    egger_test,
    pet_peese,
    rank_test,
)
from equipoise.evidence.synthesis.small_study.excess import ExcessSignificance, excess_significance
from equipoise.evidence.synthesis.small_study.henmi_copas import HenmiCopas, henmi_copas
from equipoise.evidence.synthesis.small_study.limit import LimitMetaAnalysis, limit_meta_analysis
from equipoise.evidence.synthesis.small_study.selection import SelectionFit, fit_selection_model
from equipoise.evidence.synthesis.small_study.selection_weights import StepWeights
from equipoise.evidence.synthesis.small_study.studies import FEW, require_studies
from equipoise.evidence.synthesis.small_study.trim_fill import TrimAndFill, trim_and_fill
from equipoise.stats.selected_normal import Alternative

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallStudyOverview:
    """What was run is there, what was not is `None`, and `not_run` says why, method by method.

    `favoured` is the side that selection is supposed to favour in the selection model.
    """

    k: int
    favoured: Alternative
    egger: AsymmetryTest | None
    rank: RankTest | None
    trim_and_fill: TrimAndFill | None
    pet_peese: PetPeese | None
    limit: LimitMetaAnalysis | None
    selection: SelectionFit | None
    henmi_copas: HenmiCopas | None
    excess: ExcessSignificance | None
    not_run: tuple[tuple[str, str], ...]


def small_study_overview(
    yi: Sequence[float],
    vi: Sequence[float],
    *,
    favoured: Alternative | None = None,
    level: float = 0.95,
) -> SmallStudyOverview:
    """Run what the number of studies allows.

    Below ten studies, tests of asymmetry and what builds on them are not run, because they could
    not tell asymmetry from chance (Cochrane Handbook, chapter 13, DOI 10.1002/9781119536604.ch13).
    Henmi and Copas's interval needs two studies, the test of excess significance one. `favoured` is
    the direction that readers hoped for; if not given, that of the fixed-effect mean.
    """
    y, v = require_studies(yi, vi, at_least=1, what="An overview of small-study effects")
    effects, variances, k = y.tolist(), v.tolist(), len(y)
    side: Alternative = favoured or ("less" if pool_fixed(effects, variances).mu < 0 else "greater")
    reasons: list[tuple[str, str]] = []

    def attempt(name: str, least: int, run: Callable[[], Result]) -> Result | None:
        if k < least:
            reasons.append((name, f"{k} of the {least} studies that it takes to mean anything."))
            return None
        try:
            return run()
        except EvidenceError as error:
            reasons.append((name, str(error)))
            return None

    return SmallStudyOverview(
        k=k,
        favoured=side,
        egger=attempt("Egger's test", FEW, lambda: egger_test(effects, variances, level=level)),
        rank=attempt("rank test", FEW, lambda: rank_test(effects, variances)),
        trim_and_fill=attempt(
            "trim and fill", FEW, lambda: trim_and_fill(effects, variances, level=level)
        ),
        pet_peese=attempt("PET-PEESE", FEW, lambda: pet_peese(effects, variances, level=level)),
        limit=attempt(
            "limit meta-analysis", FEW, lambda: limit_meta_analysis(effects, variances, level=level)
        ),
        selection=attempt(
            "selection model",
            FEW,
            lambda: fit_selection_model(
                effects, variances, StepWeights((0.025,)), alternative=side, level=level
            ),
        ),
        henmi_copas=attempt(
            "Henmi and Copas's interval", 2, lambda: henmi_copas(effects, variances, level=level)
        ),
        excess=attempt(
            "test of excess significance", 1, lambda: excess_significance(effects, variances)
        ),
        not_run=tuple(reasons),
    )
