"""Mantel-Haenszel, Peto and generalised linear mixed models."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property, partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from equipoise.errors import EvidenceError
from equipoise.evidence.synthesis.common_effect import CommonEffect
from equipoise.evidence.synthesis.count_data import one_arm, two_arms
from equipoise.evidence.synthesis.glmm import MixedSynthesis, fit_glmm, fit_glmm_one_arm
from equipoise.evidence.synthesis.glmm_designs import (
    Design,
    MixedModelName,
    OneEach,
    one_arm_design,
    two_arm_design,
)
from equipoise.evidence.synthesis.mantel_haenszel import CountMeasure, pool_mantel_haenszel
from equipoise.evidence.synthesis.peto import pool_peto
from equipoise.stats.count_likelihoods import NoncentralHypergeometric
from equipoise.stats.mixed_fit import MixedFit, highest_at, maximise
from validation.agreement import Agreement, Arbiter
from validation.meta.analysis_blocks import BlockCheck
from validation.meta.reference import Analysis

FloatArray = NDArray[np.float64]
Columns = tuple[list[float], list[float], list[float], list[float]]

_CLOSED = 1e-9
_FITTED = 1e-4
_LIKELIHOOD = 1e-7


def _counts(analysis: Analysis, *, people: bool) -> Columns | None:
    """Events and denominators of all studies with complete counts."""
    names = ("ai", "n1i", "ci", "n2i") if people else ("x1i", "t1i", "x2i", "t2i")
    inputs = dict(analysis.inputs)
    if people and "n1i" not in inputs and "bi" in inputs:
        inputs["n1i"], inputs["n2i"] = (
            inputs["ai"] + inputs["bi"],
            inputs["ci"] + inputs["di"],
        )
    if not all(name in inputs for name in names):
        return None
    table = np.stack([inputs[name] for name in names])
    table = table[:, np.isfinite(table).all(axis=0)]
    a, b, c, d = (row.tolist() for row in table)
    return a, b, c, d


def _check_common(
    name: str,
    pool: Callable[[Columns], CommonEffect],
    analysis: Analysis,
    block: Any,
    agreement: Agreement,
    *,
    people: bool = True,
    correct: bool = False,
) -> None:
    if set(block) <= {"error", "warnings"}:
        return
    counts = _counts(analysis, people=people)
    if counts is None:
        agreement.skip(name, {k: v for k, v in block.items() if k != "warnings"})
        return
    place = analysis.place
    try:
        ours = pool(counts)
    except EvidenceError:
        _refused(name, place, block, agreement)
        return

    def hold(key: str, value: float | None, **options: Any) -> None:
        agreement.compare(f"{name} {key}", place, value, block.get(key), _CLOSED, **options)

    hold("beta", ours.mu, scale=ours.se)
    hold("se", ours.se)
    # A statistic is beta over se: rounding of beta at the size of se is rounding at the size of 1.
    hold("stat", ours.z, scale=1.0)
    hold("p", ours.p)
    hold("ci_lb", ours.ci[0], scale=ours.se)
    hold("ci_ub", ours.ci[1], scale=ours.se)
    hold("Q", ours.q)
    hold("Q_p", 1.0 if ours.q_p is None else ours.q_p)
    # (Q − df) / Q loses digits where Q is near its degrees of freedom: measured in percent.
    hold("I2", 0.0 if ours.i2 is None else ours.i2, scale=100.0)
    hold("H2", ours.h2)
    small = partial(_smaller_than_correction, counts) if correct else None
    for key in ("CMH", "MH"):
        hold(key, ours.association, arbiter=small)
        hold(f"{key}_p", ours.association_p, arbiter=small)
    hold("BD", ours.breslow_day)
    hold("BD_p", ours.breslow_day_p)
    hold("TA", ours.tarone)
    hold("TA_p", ours.tarone_p)


def _refused(name: str, place: str, block: Any, agreement: Agreement) -> None:
    """Count every number of a block that we refuse to give and the reference gives as failed."""
    for key, value in block.items():
        if key not in ("error", "warnings"):
            agreement.compare(f"{name} {key}", place, None, value, _FITTED)


def _smaller_than_correction(counts: Columns) -> str | None:
    e1, n1, e2, n2 = (np.asarray(x) for x in counts)
    gap = abs(float((e1 - (e1 + e2) * n1 / (n1 + n2)).sum()))
    if gap < 0.5:
        return "the reference takes a half off a gap that is smaller than a half, and squares it"
    return None


def _mantel_haenszel(measure: CountMeasure, correct: bool) -> BlockCheck:
    def check(analysis: Analysis, block: Any, agreement: Agreement) -> None:
        _check_common(
            f"MH {measure}" + (" corrected" if correct else ""),
            lambda counts: pool_mantel_haenszel(*counts, measure=measure, correct=correct),
            analysis,
            block,
            agreement,
            people=measure in ("OR", "RR", "RD"),
            correct=correct,
        )

    return check


def _peto(analysis: Analysis, block: Any, agreement: Agreement) -> None:
    _check_common("Peto", lambda counts: pool_peto(*counts), analysis, block, agreement)


def _two_arm_model(measure: Literal["OR", "IRR"], model: MixedModelName) -> BlockCheck:
    name = f"GLMM {measure} {model}"

    def check(analysis: Analysis, block: Any, agreement: Agreement) -> None:
        if set(block) <= {"error", "warnings"}:
            return
        counts = _counts(analysis, people=measure == "OR")
        if counts is None:
            agreement.skip(name, block)
            return
        try:
            arms = two_arms(*counts, people=measure == "OR")
            design = two_arm_design(arms.taking(~arms.empty), model)
            ours = fit_glmm(*counts, measure=measure, model=model)
        except EvidenceError:
            _refused(name, analysis.place, block, agreement)
            return
        _check_mixed(name, analysis.place, ours, design, block, agreement)

    return check


def _one_arm_model(measure: Literal["PLO", "IRLN"]) -> BlockCheck:
    people = measure == "PLO"

    def check(analysis: Analysis, block: Any, agreement: Agreement) -> None:
        if set(block) <= {"error", "warnings"}:
            return
        size = analysis.inputs.get("ni" if people else "ti")
        events = analysis.inputs.get("xi")
        if size is None or events is None:
            agreement.skip(f"GLMM {measure}", block)
            return
        complete = np.isfinite(events) & np.isfinite(size)
        x, n = events[complete].tolist(), size[complete].tolist()
        try:
            design = one_arm_design(*one_arm(x, n, people=people), people=people)
            ours = fit_glmm_one_arm(x, n, measure=measure)
        except EvidenceError:
            _refused(f"GLMM {measure}", analysis.place, block, agreement)
            return
        _check_mixed(f"GLMM {measure}", analysis.place, ours, design, block, agreement)

    return check


def _check_mixed(
    name: str, place: str, ours: MixedSynthesis, design: Design, block: Any, agreement: Agreement
) -> None:
    judge = _Judge(design, ours, block)

    def hold(
        key: str, value: float | None, arbiter: Arbiter | None, tolerance: float = _FITTED, **o: Any
    ) -> None:
        agreement.compare(
            f"{name} {key}", place, value, block.get(key), tolerance, arbiter=arbiter, **o
        )

    hold("beta", ours.mu, judge.lower_peak, scale=ours.se)
    hold("se", ours.se, judge.standard_error)
    hold("stat", ours.z, judge.either, scale=1.0)
    hold("p", ours.p, judge.either)
    hold("ci_lb", ours.ci[0], judge.either, scale=ours.se)
    hold("ci_ub", ours.ci[1], judge.either, scale=ours.se)
    # Only τ² measured against the variance of the mean is anything at all.
    hold("tau2", ours.tau2, judge.lower_peak, scale=ours.se**2)
    # Where the reference's model has one random effect and is fitted with several points, it
    # reports the likelihood with the random effects at their modes.
    marginal = ours.model == "UM.RS" or (ours.model == "CM.EL" and ours.measure == "OR")
    hold(
        "ll",
        ours.log_likelihood if marginal else ours.conditional_log_likelihood,
        judge.lower_maximum if marginal else judge.lower_peak,
        _LIKELIHOOD,
    )
    hold("QE_Wld", ours.q_wald, judge.wald)
    hold("QE_LRT", ours.q_lrt, judge.likelihood_ratio)


class _Judge:
    """Shows which side is nearer to the maximum of the same likelihood, and to its curvature."""

    def __init__(self, design: Design, ours: MixedSynthesis, block: Any) -> None:
        self._design, self._ours, self._block = design, ours, block

    @cached_property
    def _fit(self) -> MixedFit:
        return maximise(self._design.model, self._ours.quadrature_points)

    def lower_peak(self) -> str | None:
        """Likelihood at the reference's mean and τ², all else at its best, against ours."""
        fit, model = self._fit, self._design.model
        psi = fit.psi.copy()
        psi[0], psi[-1] = self._block["beta"], math.sqrt(self._block["tau2"])
        rest = np.ones(len(psi), dtype=bool)
        rest[[0, -1]] = False
        theirs = highest_at(model, psi, rest, fit.points, fit.alpha)
        if fit.log_likelihood - theirs > 1e-12 * (1 + abs(theirs)):
            return "the same likelihood is higher at our estimates: the reference stops short of it"
        return None

    def lower_maximum(self) -> str | None:
        """Maximum of the likelihood that the reference reports, against ours."""
        if self._ours.log_likelihood > self._block["ll"]:
            return "our maximum of the same likelihood is higher than the reference's"
        return self.lower_peak()

    def standard_error(self) -> str | None:
        """Standard error from second differences of the profile log-likelihood of the mean."""
        fit, model = self._fit, self._design.model
        rest = fit.free.copy()
        rest[0] = False

        def profile(beta: float) -> float:
            psi = fit.psi.copy()
            psi[0] = beta
            return highest_at(model, psi, rest, fit.points, fit.alpha)

        bend = -_second_difference(lambda t: profile(fit.psi[0] + t), 0.1 * self._ours.se)
        direct = 1 / math.sqrt(bend)
        theirs = self._block["se"]
        if abs(direct / self._ours.se - 1) < 1e-6 < abs(direct / theirs - 1):
            return (
                "second differences of the profile log-likelihood give our standard error, not "
                "the reference's"
            )
        return None

    def either(self) -> str | None:
        """Whichever of mean and standard error is further off gives the reason for z and p."""
        return self.standard_error() or self.lower_peak()

    def wald(self) -> str | None:
        """Wald's chi-square from the likelihood alone: differences, or sums in 40 digits."""
        if self._design.one_each is not None:
            direct = self._wald_by_differences(self._design.one_each)
            reason = "second differences of the log-likelihood give our Wald statistic"
        elif isinstance(self._design.model.likelihood, NoncentralHypergeometric):
            direct = _wald_in_many_digits(self._design.model.likelihood.tables)
            reason = "sums over the tables in 40 digits give our Wald statistic"
        elif len(self._design.effects) < self._ours.q_df + 1:
            theirs = self._block["QE_Wld"]
            near = abs(theirs / self._ours.q_wald - 1) < 1e-2 if self._ours.q_wald else False
            few = "studies with an infinite effect have no weight here, in the reference a little"
            return few if near else None
        else:
            return None
        return reason if abs(direct / self._ours.q_wald - 1) < 1e-5 else None

    def likelihood_ratio(self) -> str | None:
        """Slopes left at our two maxima, in standard errors, where both had to be searched for."""
        if self._design.one_each is None:
            return None
        points = self._ours.quadrature_points
        equal = maximise(self._design.model, points, without_last=True)
        if max(equal.slope, maximise(self._design.one_each.model, points).slope) < 1e-9:
            return "both of our maxima are flat to 1e-9 standard errors; the reference is not"
        return None

    def _wald_by_differences(self, one_each: OneEach) -> float:
        """θᵀPθ − (θᵀP1)² / 1ᵀP1 with P the information on the studies' effects θ.

        Each form is a second difference of the log-likelihood along a direction of θ, with the
        parameters that the studies share at their best.
        """
        model, finite = one_each.model, one_each.finite
        fit = maximise(model, self._ours.quadrature_points)
        theta = np.where(finite, fit.alpha, 0.0)  # type: ignore[arg-type]
        one = np.where(finite, 1.0, 0.0)

        def form(direction: FloatArray) -> float:
            def along(t: float) -> float:
                fixed = model.fixed(np.zeros_like(fit.psi), at + t * direction)
                held = replace(model, offset=fixed, own=None, own_start=None)
                return highest_at(held, fit.psi, fit.free, fit.points)

            rough = -_second_difference(along, 1e-3)
            return -_second_difference(along, 0.1 / math.sqrt(rough))

        # Around the mean, so that the two terms do not cancel.
        at, theta = theta, theta - one * float(theta.sum() / one.sum())
        own, common = form(theta), form(one)
        cross = (form(theta + one) - form(theta - one)) / 4
        return own - cross**2 / common


def _second_difference(f: Callable[[float], float], h: float) -> float:
    near, far = f(h) + f(-h), f(2 * h) + f(-2 * h)
    return (16 * near - far - 30 * f(0.0)) / (12 * h * h)


def _wald_in_many_digits(tables: tuple[FloatArray, ...]) -> float:
    """Wald's chi-square of the conditional log odds ratios of 2×2 tables."""
    import mpmath as mp

    with mp.workdps(40):
        effects, precisions = [], []
        columns = (x.astype(int).tolist() for x in tables)
        for a, n1, c, n2 in zip(*columns, strict=True):
            low, high = max(0, a + c - n2), min(n1, a + c)
            if not low < a < high:
                continue
            weights = [
                mp.binomial(n1, x) * mp.binomial(n2, a + c - x) for x in range(low, high + 1)
            ]

            def moments(eta: mp.mpf, low: int = low, weights: list[Any] = weights) -> Any:
                terms = [w * mp.exp(eta * (low + i)) for i, w in enumerate(weights)]
                total = sum(terms)
                mean = sum((low + i) * t for i, t in enumerate(terms)) / total
                square = sum((low + i - mean) ** 2 * t for i, t in enumerate(terms)) / total
                return mean, square

            eta = mp.mpf(0)
            for _ in range(60):
                mean, variance = moments(eta)
                eta += min(max((a - mean) / variance, -1), 1)
            effects.append(eta)
            precisions.append(moments(eta)[1])
        centre = sum(w * e for w, e in zip(precisions, effects, strict=True)) / sum(precisions)
        return float(sum(w * (e - centre) ** 2 for w, e in zip(precisions, effects, strict=True)))


_MEASURES: tuple[CountMeasure, ...] = ("OR", "RR", "RD", "IRR", "IRD")
_MODELS: tuple[MixedModelName, ...] = ("UM.FS", "UM.RS", "CM.EL", "CM.AL")

BLOCKS: dict[str, BlockCheck] = {
    **{f"mh_{m}": _mantel_haenszel(m, False) for m in _MEASURES},
    **{f"mh_{m}_corr": _mantel_haenszel(m, True) for m in _MEASURES},
    "peto": _peto,
    **{f"glmm_OR_{m}": _two_arm_model("OR", m) for m in _MODELS},
    **{f"glmm_IRR_{m}": _two_arm_model("IRR", m) for m in _MODELS if m != "CM.AL"},
    "glmm_PLO": _one_arm_model("PLO"),
    "glmm_IRLN": _one_arm_model("IRLN"),
}
