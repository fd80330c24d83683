"""Tests of funnel plot asymmetry: whether the effect changes with the size of the study."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from equipoise.errors import EvidenceError
from equipoise.evidence.synthesis.regression import MetaRegression, fit_regression
from equipoise.evidence.synthesis.small_study.studies import (
    ASYMMETRY_CAVEAT,
    FloatArray,
    few_studies,
    require_studies,
)
from equipoise.stats.rank_correlation import RankCorrelation, kendall

Predictor = Literal["sei", "vi", "ninv", "sqrtninv", "ni", "sqrtni"]
EggerModel = Literal["lm", "rma"]
BinaryTest = Literal["harbord", "peters", "macaskill"]

_BY_SIZE: tuple[Predictor, ...] = ("ninv", "sqrtninv", "ni", "sqrtni")
_AT_INFINITY: tuple[Predictor, ...] = ("sei", "vi", "ninv", "sqrtninv")


@dataclass(frozen=True, slots=True, kw_only=True)
class AsymmetryTest:
    """Regression of effects on a measure of the size of their studies.

    `slope` with `slope_se`, `statistic` and `p` (t on `df` degrees of freedom, normal where `df` is
    `None`) says how the effect changes with `predictor`. `limit` with `limit_ci` is the effect
    where the predictor is zero, in an infinitely precise study; `None` where the predictor grows
    with size. `tau2` is the heterogeneity that size leaves, `None` in a model without it.
    """

    test: str
    predictor: str
    method: str
    k: int
    level: float
    statistic: float
    df: int | None
    p: float
    slope: float
    slope_se: float
    limit: float | None
    limit_ci: tuple[float, float] | None
    tau2: float | None
    caveat: str
    cites: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RankTest:
    """Kendall's `tau` between standardised effects and variances; `exact` says how `p` was got."""

    k: int
    tau: float
    p: float
    exact: bool
    caveat: str
    cites: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PetPeese:
    """Effect of an infinitely precise study, from a regression on SE (PET) or variance (PEESE).

    `preferred` is "PEESE" where PET's limit differs from zero (two-sided p below 0.10, one-sided
    0.05), else "PET"; `estimate` and `ci` are that model's.
    """

    pet: AsymmetryTest
    peese: AsymmetryTest
    pet_limit_p: float
    peese_limit_p: float
    pet_limit_se: float
    peese_limit_se: float
    preferred: Literal["PET", "PEESE"]
    estimate: float
    ci: tuple[float, float]
    caveat: str
    cites: tuple[str, ...]


def egger_test(
    yi: Sequence[float],
    vi: Sequence[float],
    *,
    predictor: Predictor = "sei",
    model: EggerModel = "lm",
    method: Literal["EE", "DL", "REML", "ML", "PM"] = "REML",
    ni: Sequence[float] | None = None,
    level: float = 0.95,
) -> AsymmetryTest:
    """Egger's regression test (DOI 10.1136/bmj.315.7109.629) and its variants.

    `predictor` is the standard error, the variance, or a function of the sample sizes `ni`. `model`
    "lm" is the classical weighted regression with a dispersion factor (t on k − 2 degrees of
    freedom), "rma" a meta-regression with τ² by `method` (normal, DOI 10.1186/1471-2288-9-2).

    Fewer than three studies, and studies that are all of one size, are refused.
    """
    y, v = require_studies(yi, vi, at_least=3, what="Egger's test")
    x = _size(v, predictor, ni)
    if model == "lm":
        fit = _regress(y, v, x, "EE", "knha", level)
    elif model == "rma":
        fit = _regress(y, v, x, method, "z", level)
    else:
        raise EvidenceError(f"No such model for Egger's test: {model}.")
    used = "lm" if model == "lm" else method
    return _asymmetry(fit, "Egger", predictor, used, at_zero=predictor in _AT_INFINITY)


def _asymmetry(
    fit: MetaRegression, test: str, predictor: str, method: str, *, at_zero: bool
) -> AsymmetryTest:
    intercept, slope = fit.coefficients
    return AsymmetryTest(
        test=test,
        predictor=predictor,
        method=method,
        k=fit.k,
        level=fit.level,
        statistic=slope.statistic,
        df=fit.df,
        p=slope.p,
        slope=slope.estimate,
        slope_se=slope.se,
        limit=intercept.estimate if at_zero else None,
        limit_ci=intercept.ci if at_zero else None,
        tau2=fit.tau2,
        caveat=ASYMMETRY_CAVEAT + few_studies(fit.k),
        cites=("egger",) if method in ("lm", "EE") else ("egger", "egger-mixed"),
    )


def _regress(
    y: FloatArray,
    v: FloatArray,
    x: FloatArray,
    method: Literal["EE", "DL", "REML", "ML", "PM"],
    test: Literal["knha", "z"],
    level: float = 0.95,
) -> MetaRegression:
    # Sizes that differ by rounding alone are one size.
    if float(np.ptp(x)) <= 1e-12 * float(np.abs(x).max()):
        raise EvidenceError(
            "All studies are of one size: a funnel of one height shows no asymmetry."
        )
    design = np.column_stack([np.ones(len(x)), x])
    return fit_regression(y, v, design, method=method, test=test, level=level)


def _size(v: FloatArray, predictor: Predictor, ni: Sequence[float] | None) -> FloatArray:
    if predictor == "sei":
        return np.sqrt(v)
    if predictor == "vi":
        return v
    if predictor not in _BY_SIZE:
        raise EvidenceError(f"No such measure of the size of a study: {predictor}.")
    if ni is None:
        raise EvidenceError(f"The predictor {predictor} needs the sample sizes of the studies.")
    n = np.asarray(ni, dtype=np.float64)
    if n.shape != v.shape or not np.isfinite(n).all() or not (n > 0).all():
        raise EvidenceError("Each study needs a positive sample size.")
    root = np.sqrt(n) if predictor.startswith("sqrt") else n
    return 1 / root if predictor.endswith("ninv") else root


def rank_test(yi: Sequence[float], vi: Sequence[float], *, exact: bool = True) -> RankTest:
    """Rank correlation of standardised effects with variances (DOI 10.2307/2533446).

    Effects are taken from the fixed-effect mean and divided by the standard error of that
    difference. `exact` uses the exact distribution of Kendall's tau where there are no ties;
    otherwise the normal one with the variance corrected for ties.
    """
    y, v = require_studies(yi, vi, at_least=3, what="The rank test")
    w = 1 / v
    # Around one of the estimates, so that equal ones are exactly equal; around the middle one and
    # with exact sums, so that what is tied does not depend on the order of the studies.
    centred = y - np.sort(y)[len(y) // 2]
    total = math.fsum(w.tolist())
    mean = math.fsum((w * centred).tolist()) / total
    # Weight of all other studies, summed without taking the own weight away again, so that one
    # enormous weight leaves digits; once for each weight, so that equal studies stay tied.
    _, first, which = np.unique(w, return_index=True, return_inverse=True)
    rest = np.array([math.fsum(np.delete(w, i).tolist()) for i in first.tolist()])[which]
    standardised = (centred - mean) / np.sqrt(v * rest / total)
    if np.ptp(v) == 0:
        raise EvidenceError("All studies have the same variance: there is nothing to rank.")
    result: RankCorrelation = kendall(standardised, v, exact=exact)
    return RankTest(
        k=len(y),
        tau=result.tau,
        p=result.p,
        exact=result.exact,
        caveat=ASYMMETRY_CAVEAT + few_studies(len(y)),
        cites=("rank-test",),
    )


def pet_peese(yi: Sequence[float], vi: Sequence[float], *, level: float = 0.95) -> PetPeese:
    """Precision-effect test and estimate with standard error (DOI 10.1002/jrsm.1095).

    Both are the limits of weighted regressions with a dispersion factor (t on k − 2 degrees of
    freedom): PET on the standard error, PEESE on the variance.
    """
    y, v = require_studies(yi, vi, at_least=3, what="PET-PEESE")
    fits = [_regress(y, v, x, "EE", "knha", level) for x in (np.sqrt(v), v)]
    pet, peese = (
        _asymmetry(fit, name, predictor, "lm", at_zero=True)
        for fit, name, predictor in zip(fits, ("PET", "PEESE"), ("sei", "vi"), strict=True)
    )
    first, second = (fit.coefficients[0] for fit in fits)
    preferred: Literal["PET", "PEESE"] = "PEESE" if first.p < 0.10 else "PET"
    chosen = second if preferred == "PEESE" else first
    return PetPeese(
        pet=pet,
        peese=peese,
        pet_limit_p=first.p,
        peese_limit_p=second.p,
        pet_limit_se=first.se,
        peese_limit_se=second.se,
        preferred=preferred,
        estimate=chosen.estimate,
        ci=chosen.ci,
        caveat=(
            "PET-PEESE takes all of the change with size for bias and extrapolates beyond the "
            "largest study; it misleads where effects differ or sizes do not." + few_studies(len(y))
        ),
        cites=("pet-peese",),
    )


def binary_asymmetry_test(
    events1: Sequence[float],
    n1: Sequence[float],
    events2: Sequence[float],
    n2: Sequence[float],
    *,
    kind: BinaryTest = "peters",
    level: float = 0.95,
) -> AsymmetryTest:
    """Tests for odds ratios, whose standard error depends on their size by construction.

    "harbord" regresses the efficient score on its variance (DOI 10.1002/sim.2380), "peters" the
    log odds ratio on 1/n (10.1001/jama.295.6.676), "macaskill" on n (10.1002/sim.698), the latter
    two weighted by the events and non-events of both arms together. Studies with no event or only
    events say nothing about an odds ratio and are left out; where a cell is zero, the log odds
    ratio has one half added to each cell.
    """
    columns = [np.asarray(c, dtype=np.float64) for c in (events1, n1, events2, n2)]
    a, n_a, c, n_c = columns
    if any(x.shape != a.shape or x.ndim != 1 for x in columns):
        raise EvidenceError("Each study needs events and people of both arms.")
    possible = np.isfinite(columns).all() and (a >= 0).all() and (c >= 0).all()
    if not possible or (a > n_a).any() or (c > n_c).any() or (n_a <= 0).any() or (n_c <= 0).any():
        raise EvidenceError("Events cannot be negative or more than the people in an arm.")
    total, events = n_a + n_c, a + c
    use = (events > 0) & (events < total)
    a, n_a, c, n_c, total, events = (x[use] for x in (a, n_a, c, n_c, total, events))
    if len(a) < 3:
        raise EvidenceError(f"{kind.capitalize()}'s test needs at least three studies with events.")
    both = events * (total - events) / total
    if kind == "harbord":
        score = a - events * n_a / total
        information = n_a * n_c * events * (total - events) / (total**2 * (total - 1))
        # Score over its variance, with variance 1 / information, on its standard error.
        fit = _regress(
            score / information, 1 / information, 1 / np.sqrt(information), "EE", "knha", level
        )
        predictor = "standard error of the score"
    elif kind in ("peters", "macaskill"):
        zero = (a == 0) | (c == 0) | (a == n_a) | (c == n_c)
        add = np.where(zero, 0.5, 0.0)
        log_or = np.log((a + add) * (n_c - c + add) / ((c + add) * (n_a - a + add)))
        x = 1 / total if kind == "peters" else total
        fit = _regress(log_or, 1 / both, x, "EE", "knha", level)
        predictor = "ninv" if kind == "peters" else "ni"
    else:
        raise EvidenceError(f"No such test for binary outcomes: {kind}.")
    test = _asymmetry(fit, kind.capitalize(), predictor, "lm", at_zero=kind != "macaskill")
    return replace(test, cites=({"harbord": "harbord", "peters": "peters"}.get(kind, "macaskill"),))
