"""Meta-regression, intervals for τ², permutation and influence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.errors import EvidenceError
from equipoise.evidence.synthesis import (
    MetaRegression,
    estimate_study_effects,
    fit_regression,
    leave_one_out,
    measure_influence,
    permutation_test,
    pool_cumulatively,
    pool_random,
    tau2_interval,
)
from validation.agreement import Agreement, Arbiter
from validation.meta import arbiters
from validation.meta.analysis_blocks import BlockCheck
from validation.meta.multilevel import check_robust
from validation.meta.reference import Analysis, Json, column

FloatArray = NDArray[np.float64]

CLOSED = 1e-9
FITTED = 1e-7
SEARCHED = 1e-6
_CLOSED_METHODS = ("EE", "DL", "HE", "HS", "HSk", "SJ")
_KNOWN = {
    "fit": {"k", "p", "tau2", "se_tau2", "I2", "H2", "Q", "Q_p", "beta", "R2", "vb", "fit"},
    "test": {"se", "stat", "df", "p", "ci_lb", "ci_ub", "QM", "QMdf", "QMp"},
}


def check_regression(name: str, analysis: Analysis, block: Json, agreement: Agreement) -> None:
    """Hold a block `metareg` or `metareg1` against the engine."""
    if "error" in block:
        return
    used = block.get("used_rows", "same")
    if isinstance(used, list):
        rows = np.asarray(used, dtype=np.intp) - 1
        yi, vi = column(analysis.table["yi"])[rows], column(analysis.table["vi"])[rows]
        analysis = replace(analysis, rows=rows, yi=yi, vi=vi)
    try:
        moderators = [analysis.column(m, of="mods") for m in block["mods"]]
        X = np.column_stack([np.ones(len(analysis.yi)), *moderators])
        fit_regression(analysis.yi, analysis.vi, X, method="EE")
    except (EvidenceError, ValueError):
        # Words for numbers, or moderators that others determine: metafor drops those.
        agreement.skip(f"{name} (moderators refused)", block)
        return
    for method, reference in block["rma"].items():
        if "error" not in reference:
            _check_fit(name, analysis, X, method, reference, agreement)
    if "confint" in block:
        _check_intervals(f"{name} confint", analysis, X, block["confint"], agreement)
    if "robust" in block:
        check_robust(analysis, X, block["robust"], agreement)
    rest = {k: v for k, v in block.items() if k not in _REGRESSION_KEYS}
    agreement.skip(name, rest)


_REGRESSION_KEYS = ("mods", "used_rows", "rma", "confint", "robust")


def _check_fit(
    name: str, analysis: Analysis, X: FloatArray, method: Any, reference: Json, agreement: Agreement
) -> None:
    tolerance = CLOSED if method in _CLOSED_METHODS else FITTED
    place = f"{analysis.place} {method}"
    fit = fit_regression(analysis.yi, analysis.vi, X, method=method, test="z")

    exact = arbiters.exact_fit(analysis.yi, analysis.vi, X, fit, reference)

    def hold(
        what: str, ours: Any, theirs: Any, scale: float = 0.0, arbiter: Arbiter = exact
    ) -> None:
        agreement.compare(
            f"{name} {method} {what}", place, ours, theirs, tolerance, scale=scale, arbiter=arbiter
        )

    size = _typical_variance(fit)
    hold("k p", [fit.k, fit.p], [reference.get("k"), reference.get("p")])
    hold("tau2", fit.tau2 or 0.0, reference.get("tau2"), size)
    hold("se_tau2", fit.se_tau2, reference.get("se_tau2"))
    hold("I2", fit.i2, reference.get("I2"), 100.0)
    hold("H2", fit.h2, reference.get("H2"))
    nothing = arbiters.nothing_to_account_for(analysis, method)
    hold("R2", fit.r2, reference.get("R2"), 100.0, arbiter=nothing)
    hold("Q", fit.q, reference.get("Q"))
    hold("Q_p", fit.q_p, reference.get("Q_p"))
    for j, theirs in enumerate(reference.get("beta", ())):
        hold("beta", fit.beta[j], theirs, fit.se[j])
    for place_in_row, theirs in enumerate(reference.get("vb", ())):
        i, j = divmod(place_in_row, fit.p)
        hold("vcov", fit.vcov[i, j], theirs, fit.se[i] * fit.se[j])
    if "fit" in reference:
        known = {
            "ll": fit.fit.log_likelihood,
            "deviance": fit.fit.deviance,
            "AIC": fit.fit.aic,
            "BIC": fit.fit.bic,
            "AICc": fit.fit.aicc,
        }
        for key, theirs in reference["fit"].items():
            if key in known:
                hold(f"fit {key}", known[key], theirs, 1.0)
            else:
                agreement.skip(f"{name} fit {key}", theirs)
    for key, theirs in reference.items():
        if key.startswith("test_"):
            if "error" not in theirs:
                _check_test(analysis, X, method, key.removeprefix("test_"), theirs, hold, agreement)
        elif key not in _KNOWN["fit"]:
            agreement.skip(f"{name} {key}", theirs)


def _check_test(
    analysis: Analysis,
    X: FloatArray,
    method: Any,
    test: Any,
    reference: Json,
    hold: Callable[..., None],
    agreement: Agreement,
) -> None:
    fit = fit_regression(analysis.yi, analysis.vi, X, method=method, test=test)
    keys = ("se", "stat", "p", "ci_lb", "ci_ub")
    for j, c in enumerate(fit.coefficients):
        ours = {"se": c.se, "stat": c.statistic, "p": c.p, "ci_lb": c.ci[0], "ci_ub": c.ci[1]}
        scales = {"stat": 1.0, "ci_lb": c.se, "ci_ub": c.se}
        for key in keys:
            if key in reference:
                hold(f"{test} {key}", ours[key], reference[key][j], scales.get(key, 0.0))
    hold(f"{test} df", fit.df, reference.get("df"))
    if fit.omnibus is not None:
        hold(f"{test} QM", fit.omnibus.statistic, reference.get("QM"), 1.0)
        hold(
            f"{test} QMdf", [fit.omnibus.df, fit.omnibus.df_within or np.nan], reference.get("QMdf")
        )
        hold(f"{test} QMp", fit.omnibus.p, reference.get("QMp"))
    predicted = fit.predict(X)
    interval = predicted.prediction_interval
    at_rows = {
        "pred": predicted.estimate,
        "pred_se": predicted.se,
        "pred_ci_lb": predicted.ci[:, 0],
        "pred_ci_ub": predicted.ci[:, 1],
        "pred_pi_lb": None if interval is None else interval[:, 0],
        "pred_pi_ub": None if interval is None else interval[:, 1],
    }
    for key, theirs in reference.items():
        if key in at_rows:
            hold(f"{test} {key}", at_rows[key], theirs, float(predicted.se.min()))
        elif key not in _KNOWN["test"]:
            agreement.skip(f"regression {test} {key}", theirs)


def _check_intervals(
    name: str, analysis: Analysis, X: FloatArray, block: Json, agreement: Agreement
) -> None:
    kinds: dict[str, tuple[Any, Any]] = {
        "QP": ("QP", "REML"),
        "PL_ML": ("PL", "ML"),
        "PL_REML": ("PL", "REML"),
        "GENQ": ("GENQ", None),
    }
    for key, reference in block.items():
        if "error" in reference:
            continue
        if key not in kinds:
            agreement.skip(f"{name} {key}", reference)
            continue
        kind, method = kinds[key]
        try:
            ours = tau2_interval(analysis.yi, analysis.vi, X, kind=kind, method=method)
        except EvidenceError:
            agreement.skip(f"{name} {key} (refused)", reference)
            continue
        numbers = {
            "tau2": (ours.tau2, *ours.ci),
            "tau": (ours.tau, *ours.tau_ci),
            "I2": (ours.i2, *ours.i2_ci),
            "H2": (ours.h2, *ours.h2_ci),
        }
        scales = {"tau2": ours.typical_variance, "tau": ours.typical_variance**0.5, "I2": 100.0}
        estimate = (reference.get("tau2") or [None])[0]
        if kind == "GENQ":
            arbiter = arbiters.interval_end(analysis.yi, analysis.vi, X, ours, reference)
        else:
            arbiter = arbiters.no_heterogeneity(analysis, X, ours.tau2, estimate)
        for quantity, theirs in reference.items():
            if quantity in numbers:
                agreement.compare(
                    f"{name} {key} {quantity}",
                    analysis.place,
                    numbers[quantity],
                    theirs,
                    SEARCHED,
                    scale=scales.get(quantity, 0.0),
                    arbiter=arbiter,
                )
            elif quantity == "beta":
                # The fit that the exact interval rests on has the weights 1 / vi.
                fit = fit_regression(analysis.yi, analysis.vi, X, method="EE", test="z")
                for j, b in enumerate(theirs):
                    agreement.compare(
                        f"{name} {key} beta",
                        analysis.place,
                        fit.beta[j],
                        b,
                        CLOSED,
                        scale=fit.se[j],
                    )
            elif quantity != "note":
                agreement.skip(f"{name} {key} {quantity}", theirs)


def _intervals(analysis: Analysis, block: Any, agreement: Agreement) -> None:
    if "error" not in block:
        _check_intervals("confint", analysis, np.ones((len(analysis.yi), 1)), block, agreement)


def _permutation(analysis: Analysis, block: Any, agreement: Agreement) -> None:
    if "error" in block:
        return
    try:
        ours = permutation_test(analysis.yi, analysis.vi, exact_limit=10**6)
    except EvidenceError:
        agreement.skip("permutest (refused)", block)
        return
    for key, theirs in block.items():
        if key == "p" and len(theirs) == 1:
            agreement.compare("permutest p", analysis.place, ours.p, theirs, CLOSED)
        else:
            agreement.skip(f"permutest {key}", theirs)


def _diagnostics(analysis: Analysis, block: Any, agreement: Agreement) -> None:
    for key, reference in block.items():
        if "error" in reference:
            continue
        try:
            ours = _DIAGNOSTICS[key](analysis) if key in _DIAGNOSTICS else {}
        except EvidenceError:
            agreement.skip(f"{key} (refused)", reference)
            continue
        tolerance = CLOSED if key == "baujat_EE" else FITTED
        for quantity, theirs in reference.items():
            name = f"{key} {quantity}"
            if quantity not in ours:
                agreement.skip(name, theirs)
            elif quantity == "flagged":
                agreement.compare_exactly(name, analysis.place, ours[quantity][0], theirs)
            else:
                values, scale = ours[quantity]
                arbiter = None
                if quantity == "ranef_se":
                    # Where τ² is next to zero, such a standard error is next to τ.
                    tau2 = max(value or 0.0 for value in theirs) ** 2
                    alone = np.ones((len(analysis.yi), 1))
                    arbiter = arbiters.no_heterogeneity(analysis, alone, float(values.max()), tau2)
                agreement.compare(
                    name,
                    analysis.place,
                    values,
                    theirs,
                    tolerance,
                    scale=float(np.min(scale)),
                    arbiter=arbiter,
                )


Quantities = dict[str, tuple[Any, Any]]
"""Our value and the size that a deviation is measured against."""


def _pools(analysis: Analysis, pool: Callable[..., Any]) -> Quantities:
    yi, vi = analysis.yi.tolist(), analysis.vi.tolist()
    fits = pool(yi, vi, partial(pool_random, method="REML", test="z"))
    se = [f.se for f in fits]
    return {
        "estimate": ([f.mu for f in fits], se),
        "se": (se, 0.0),
        "ci_lb": ([f.ci[0] for f in fits], se),
        "ci_ub": ([f.ci[1] for f in fits], se),
        "Q": ([f.q for f in fits], 0.0),
        "tau2": ([f.tau2 or 0.0 for f in fits], analysis.vi.min()),
        "I2": ([f.i2 or 0.0 for f in fits], 100.0),
    }


def _influence(analysis: Analysis) -> Quantities:
    ours = measure_influence(analysis.yi, analysis.vi)
    return {
        "rstudent": (ours.studentised, 1.0),
        "dffits": (ours.dffits, 1.0),
        "cook_d": (ours.cook_distance, 1.0),
        "cov_r": (ours.covariance_ratio, 0.0),
        "tau2_del": (ours.tau2_without, analysis.vi.min()),
        "QE_del": (ours.q_without, 0.0),
        "hat": (ours.hat, 0.0),
        "weight": (ours.weight, 0.0),
        "dfbs": (ours.dfbetas, 1.0),
        "flagged": ((np.flatnonzero(ours.flagged) + 1).tolist(), 0.0),
    }


def _residuals(analysis: Analysis) -> Quantities:
    ours = measure_influence(analysis.yi, analysis.vi)
    return {
        "resid": (ours.residual, ours.residual_se),
        "se": (ours.residual_se, 0.0),
        "z": (ours.standardised, 1.0),
    }


def _baujat(analysis: Analysis) -> Quantities:
    ours = measure_influence(analysis.yi, analysis.vi, method="EE")
    return {"x": (ours.q_contribution, 1.0), "y": (ours.fit_shift, 1.0)}


def _blups(analysis: Analysis) -> Quantities:
    ours = estimate_study_effects(analysis.yi, analysis.vi)
    # Where τ² is zero every deviation is, with no standard error.
    return {
        "pred": (ours.effect, ours.se),
        "se": (ours.se, 0.0),
        "pi_lb": (ours.interval[:, 0], ours.se),
        "pi_ub": (ours.interval[:, 1], ours.se),
        "ranef": (ours.deviation, ours.se),
        "ranef_se": (ours.deviation_se, ours.se),
    }


_DIAGNOSTICS: dict[str, Callable[[Analysis], Quantities]] = {
    "leave1out_REML": lambda a: _pools(a, leave_one_out),
    "cumul_REML": lambda a: _pools(a, pool_cumulatively),
    "influence_REML": _influence,
    "rstandard_REML": _residuals,
    "baujat_EE": _baujat,
    "blup_REML": _blups,
}


def _typical_variance(fit: MetaRegression) -> float:
    """Sampling variance that τ² is measured against."""
    return float(1 / (1 / fit.vi).mean())


BLOCKS: dict[str, BlockCheck] = {
    "metareg": partial(check_regression, "metareg"),
    "metareg1": partial(check_regression, "metareg1"),
    "confint": _intervals,
    "permutest": _permutation,
    "diagnostics": _diagnostics,
}
