"""Multilevel and multivariate models (`mv-` files) and cluster-robust variance."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.evidence.synthesis.robust import (
    DegreesOfFreedom,
    RobustKind,
    RobustVariance,
    robust_variance,
)
from validation.agreement import Agreement
from validation.meta.analysis_blocks import BlockCheck
from validation.meta.reference import Analysis, File, Json

_CLOSED_FORM = 1e-9
_ITERATED = 1e-7

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
    agreement.skip("multivariate", file.content["cases"])


def check_robust(
    analysis: Analysis, X: NDArray[np.float64], block: Json, agreement: Agreement
) -> None:
    """Hold a block `robust` of an analysis with design X (k by p) against the engine."""
    clusters = analysis.cluster or list(range(len(analysis.yi)))
    for name, entry in block.items():
        if "error" in entry:
            continue
        head, _, model = name.rpartition("_")
        if head not in _ROBUST or model not in ("EE", "REML"):
            agreement.skip(f"robust {name}", entry)
            continue
        kind, df = _ROBUST[head]
        fits = analysis.reference if X.shape[1] == 1 else analysis.reference["metareg"]
        tau2 = fits["rma"][model]["tau2"] if model == "REML" else 0.0
        fit = robust_variance(analysis.yi, analysis.vi + tau2, clusters, X=X, kind=kind, df=df)
        tolerance = _CLOSED_FORM if model == "EE" else _ITERATED
        _compare_robust(f"robust {head} {model}", analysis.place, fit, entry, tolerance, agreement)


def _compare_robust(
    quantity: str,
    place: str,
    fit: RobustVariance,
    entry: Json,
    tolerance: float,
    agreement: Agreement,
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
            agreement.compare(f"{quantity} {key}", place, value, theirs, tolerance, scale=scale)
        else:
            agreement.skip(f"{quantity} {key}", theirs)


def _robust_without_moderators(analysis: Analysis, block: Any, agreement: Agreement) -> None:
    check_robust(analysis, np.ones((len(analysis.yi), 1)), block, agreement)


BLOCKS: dict[str, BlockCheck] = {"robust": _robust_without_moderators}
