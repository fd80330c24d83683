"""Multilevel and multivariate models (`mv-` files) and cluster-robust variance."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.errors import EvidenceError
from equipoise.evidence.synthesis.multilevel import fit_multilevel, robust_multilevel
from equipoise.evidence.synthesis.multivariate import MultivariateMethod, pool_multivariate
from equipoise.evidence.synthesis.profile import ComponentKind, profile_interval
from equipoise.evidence.synthesis.robust import (
    DegreesOfFreedom,
    RobustKind,
    RobustVariance,
    robust_variance,
)
from validation.agreement import Agreement, Arbiter, numbers
from validation.meta.analysis_blocks import BlockCheck
from validation.meta.multilevel_arbiters import (
    better_covariance,
    better_optimum,
    closer_limit,
    exact_sandwich,
)
from validation.meta.multilevel_cases import Plan, read_outcomes, read_plan
from validation.meta.reference import Analysis, File, Json

_CLOSED_FORM = 1e-9
_ITERATED = 1e-7
_OPTIMISED = 1e-4

_PROFILED: dict[str, ComponentKind] = {"sigma2": "sigma2", "tau2": "tau2", "rho": "rho"}
_MIXMETA: dict[str, MultivariateMethod] = {
    "reml": "REML",
    "ml": "ML",
    "mm": "MM",
    "vc": "VC",
    "fixed": "FE",
}
_COMPONENTS = ("sigma2", "tau2", "rho", "gamma2", "phi")

_ROBUST: dict[str, tuple[RobustKind, DegreesOfFreedom]] = {
    "robust": ("CR1p", "clusters"),
    "robust_noadj": ("CR0", "clusters"),
    "CR0": ("CR0", "satterthwaite"),
    "CR1": ("CR1", "satterthwaite"),
    "CR1p": ("CR1p", "satterthwaite"),
    "CR1S": ("CR1S", "satterthwaite"),
    "CR2": ("CR2", "satterthwaite"),
    "CR3": ("CR3", "satterthwaite"),
}


def check_multivariate(file: File, agreement: Agreement) -> None:
    """Hold every case of an `mv-` file against the engine."""
    for name, entry in file.content["cases"].items():
        if "error" in entry:
            continue
        place = f"{file.name}:{name}"
        if name.startswith("mixmeta"):
            _check_mixmeta(name, place, entry, file.content["data"], agreement)
            continue
        plan = read_plan(name, entry, file.content["data"])
        if plan is None or not _can_be_told(plan):
            agreement.skip(f"multivariate {name}", entry)
        elif "beta" in entry:
            _check_fit(plan, place, entry, agreement)
        else:
            _check_profile(plan, place, entry, agreement)


def _can_be_told(plan: Plan) -> bool:
    """Whether we fit it at all: we refuse components that the estimates say nothing about."""
    try:
        plan.fit()
    except EvidenceError:
        return False
    return True


def _check_fit(plan: Plan, place: str, entry: Json, agreement: Agreement) -> None:
    fit = plan.fit()
    arbiter = better_optimum(plan, fit, entry)
    se = np.array(fit.se)
    variances = [*fit.sigma2, *(t for s in fit.structures for t in s.tau2)]
    size = max([*variances, 0.0]) or float(np.mean(plan.variances))
    ours: dict[str, tuple[Any, float, float]] = {
        "k": (fit.k, _CLOSED_FORM, 0.0),
        "beta": (fit.beta, _OPTIMISED, float(se.max())),
        "se": (fit.se, _OPTIMISED, 0.0),
        "stat": (fit.stat, _OPTIMISED, 1.0),
        "p": (fit.p, _OPTIMISED, 0.0),
        "df": ([d for d in fit.df if d is not None][:1] or None, _CLOSED_FORM, 0.0),
        "ci_lb": ([c[0] for c in fit.ci], _OPTIMISED, float(se.max())),
        "ci_ub": ([c[1] for c in fit.ci], _OPTIMISED, float(se.max())),
        "vb": (np.array(fit.vcov), _OPTIMISED, float(se.min()) ** 2),
        "sigma2": (fit.sigma2, _OPTIMISED, size),
        "tau2": (fit.tau2, _OPTIMISED, size),
        "rho": (fit.rho, _OPTIMISED, 1.0),
        "Q": (fit.qe, _CLOSED_FORM, 0.0),
        "Q_p": (fit.qe_p, _ITERATED, 0.0),
        "QM": (fit.qm, _OPTIMISED, 0.0),
        "QMp": (fit.qm_p, _OPTIMISED, 0.0),
        "ll": (fit.ll, _ITERATED, 1.0),
    }
    second = fit.structures[1] if len(fit.structures) > 1 else None
    if second is not None:
        ours["gamma2"] = (second.tau2, _OPTIMISED, size)
        ours["phi"] = (second.rho, _OPTIMISED, 1.0)
    for key, theirs in entry.items():
        if key in _ROBUST:
            if "error" not in theirs:
                robust = robust_multilevel(fit, plan.cluster, kind=_ROBUST[key][0])
                quantity = f"mv {plan.family} {key}"
                _compare_robust(quantity, place, robust, theirs, _OPTIMISED, agreement, arbiter)
        elif key in ours and not (key in _COMPONENTS and not ours[key][0]):
            value, tolerance, scale = ours[key]
            agreement.compare(
                f"mv {plan.family} {key}",
                place,
                value,
                theirs,
                tolerance,
                scale=scale,
                arbiter=arbiter,
            )
        elif key not in _COMPONENTS or np.any(numbers(theirs) != 0):
            # A zero for a component that the model does not have is no result.
            agreement.skip(f"mv {plan.family} {key}", theirs)


def _check_mixmeta(name: str, place: str, entry: Json, data: Json, agreement: Agreement) -> None:
    method = _MIXMETA.get(name.removeprefix("mixmeta_"))
    study = next((data[g] for g in ("trial", "study", "cluster") if g in data), None)
    if method is None or study is None or "outcome" not in data:
        agreement.skip(f"mixmeta {name}", entry)
        return
    V = np.array(data["V"] if "V" in data else data["vi"], dtype=np.float64)
    fit = pool_multivariate(data["yi"], V, study, data["outcome"], method=method)
    likelihood = method in ("REML", "ML")
    plan = read_outcomes(data, study, V, method="ML" if method == "ML" else "REML")
    arbiter = (
        better_covariance(plan, None if fit.psi is None else np.array(fit.psi), entry)
        if likelihood
        else None
    )
    closed = method in ("MM", "FE")
    tolerance = _CLOSED_FORM if closed else _OPTIMISED
    se = np.array(fit.se)
    psi = np.empty(0) if fit.psi is None else np.array(fit.psi)
    ours: dict[str, tuple[Any, float, float]] = {
        "beta": (fit.beta, tolerance, float(se.max())),
        "vcov": (np.array(fit.vcov), tolerance, float(se.min()) ** 2),
        "Psi": (psi, tolerance, float(np.abs(psi).max(initial=0.0))),
        "ll": (fit.ll, _ITERATED, 1.0),
        "Q": ([fit.q, *fit.q_by_outcome], _CLOSED_FORM, 0.0),
        "Q_df": ([fit.q_df, *fit.q_df_by_outcome], _CLOSED_FORM, 0.0),
    }
    for key, theirs in entry.items():
        if key in ours:
            value, bound, scale = ours[key]
            agreement.compare(
                f"mixmeta {method} {key}",
                place,
                value,
                theirs,
                bound,
                scale=scale,
                arbiter=arbiter,
            )
        else:
            agreement.skip(f"mixmeta {method} {key}", theirs)


def _check_profile(plan: Plan, place: str, entry: Json, agreement: Agreement) -> None:
    """Entries by component: [estimate, lower, upper]."""
    fit = plan.fit()
    for key, theirs in entry.items():
        word, _, number = key.partition("_")
        parameter = _PROFILED.get(word)
        if parameter is None:
            agreement.skip(f"mv {plan.family} profile {key}", theirs)
            continue
        index = int(number or 1) - 1
        estimate = getattr(fit, parameter)[index]
        lower, upper = profile_interval(fit, parameter, index)
        for word, value, wanted in zip(
            ("estimate", "lower", "upper"), (estimate, lower, upper), theirs, strict=True
        ):
            agreement.compare(
                f"mv {plan.family} profile {word}",
                place,
                value,
                wanted,
                _OPTIMISED,
                scale=estimate if word == "lower" else 0.0,
                arbiter=closer_limit(plan, fit, parameter, index, value, wanted)
                if word != "estimate"
                else None,
            )


def check_robust(
    analysis: Analysis, X: NDArray[np.float64], block: Json, agreement: Agreement
) -> None:
    """Hold a block `robust` of an analysis with design X (k by p) against the engine."""
    clusters = analysis.cluster or list(range(len(analysis.yi)))
    tau2 = {"EE": 0.0, "REML": _reml(analysis, X)}
    for name, entry in block.items():
        if "error" in entry:
            continue
        head, _, model = name.rpartition("_")
        if head not in _ROBUST or model not in tau2:
            agreement.skip(f"robust {name}", entry)
            continue
        kind, df = _ROBUST[head]
        working = analysis.vi + tau2[model]
        try:
            fit = robust_variance(analysis.yi, working, clusters, X=X, kind=kind, df=df)
        except EvidenceError as refusal:
            agreement.skip(f"robust {name}: {refusal}", entry)
            continue
        tolerance = _CLOSED_FORM if model == "EE" else _ITERATED
        arbiter = exact_sandwich(analysis.yi, working, X, clusters, kind, fit)
        quantity = f"robust {head} {model}"
        _compare_robust(
            quantity,
            analysis.place,
            fit,
            entry,
            tolerance,
            agreement,
            arbiter if model == "EE" else None,
        )


def _reml(analysis: Analysis, X: NDArray[np.float64]) -> float:
    """τ² of the working model: a multilevel model with nothing but an effect of each estimate."""
    each = range(len(analysis.yi))
    return fit_multilevel(analysis.yi, analysis.vi, levels=[each], X=X).sigma2[0]


def _compare_robust(
    quantity: str,
    place: str,
    fit: RobustVariance,
    entry: Json,
    tolerance: float,
    agreement: Agreement,
    arbiter: Arbiter | None = None,
) -> None:
    se = max(fit.se)
    ours: dict[str, tuple[Any, float]] = {
        "beta": (fit.beta, se),
        "se": (fit.se, 0.0),
        "stat": (fit.stat, 1.0),
        "df": (fit.df, 0.0),
        "p": (fit.p, 0.0),
        "ci_lb": ([None if c is None else c[0] for c in fit.ci], se),
        "ci_ub": ([None if c is None else c[1] for c in fit.ci], se),
    }
    for key, theirs in entry.items():
        if key in ours:
            value, scale = ours[key]
            if key == "df" and not isinstance(theirs, list):
                value = fit.df[0]
            agreement.compare(
                f"{quantity} {key}",
                place,
                value,
                theirs,
                tolerance,
                scale=scale,
                arbiter=arbiter,
            )
        else:
            agreement.skip(f"{quantity} {key}", theirs)


def _robust_without_moderators(analysis: Analysis, block: Any, agreement: Agreement) -> None:
    check_robust(analysis, np.ones((len(analysis.yi), 1)), block, agreement)


BLOCKS: dict[str, BlockCheck] = {"robust": _robust_without_moderators}
