"""Random-effects models without moderators: the block `rma`, and the awkward sets."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from equipoise.evidence.synthesis import Synthesis, pool_fixed, pool_random
from validation.agreement import Agreement, Arbiter
from validation.meta import regression
from validation.meta.analysis_blocks import BlockCheck
from validation.meta.exact_tau2 import shows_looser, typical_variance
from validation.meta.reference import Analysis, Json, column

CLOSED, ITERATED, ROOT = 1e-9, 1e-7, 1e-6
_ITERATED = ("REML", "ML", "EB", "PM", "PMM")
_TESTS = ("z", "t", "knha", "adhoc")


def check_rma(analysis: Analysis, block: Json, agreement: Agreement) -> None:
    """Hold every estimator under every test against the engine."""
    for method, reference in block.items():
        if "error" not in reference:
            place = f"{analysis.place} {method}"
            _check_model(analysis.yi, analysis.vi, method, reference, place, agreement)


BLOCKS: dict[str, BlockCheck] = {"rma": check_rma}


def check_awkward(sets: Json, agreement: Agreement) -> None:
    """Hold the random-effects edge cases of `synthetic` against the engine."""
    for name, one in sets.items():
        analysis = _analysis_of(name, one)
        check_rma(analysis, one["rma"], agreement)
        intervals = dict(one.get("confint", {}))
        if "QP" in intervals:
            _check_q_profile(analysis, intervals.pop("QP"), agreement)
        check_others = regression.BLOCKS.get("confint")
        if check_others is None:
            agreement.skip("awkward confint", intervals)
        else:
            check_others(analysis, intervals, agreement)


def _analysis_of(name: str, one: Json) -> Analysis:
    yi, vi = column(one["yi"]), column(one["vi"])
    return Analysis(
        place=f"synthetic:{name}",
        measure="GEN",
        table={},
        inputs={},
        rows=np.arange(len(yi)),
        yi=yi,
        vi=vi,
        reference=one,
    )


def _check_model(
    yi: Any, vi: Any, method: str, reference: Json, place: str, agreement: Agreement
) -> None:
    tolerance = ITERATED if method in _ITERATED else CLOSED
    arbiter: Arbiter | None = None
    if method in _ITERATED:
        arbiter = _arbiter(yi, vi, method, reference["tau2"])

    def compare(
        quantity: str, ours: Any, theirs: Any, *, scale: float = 0.0, group: str = ""
    ) -> None:
        agreement.compare(
            f"rma {method} {quantity}",
            f"{place} {group}".strip(),
            ours,
            theirs,
            tolerance,
            scale=scale,
            arbiter=arbiter,
        )

    models = {test: _pool(yi, vi, method, test) for test in _TESTS}
    z = models["z"]
    typical = typical_variance(vi)
    compare("k", z.k, reference["k"])
    compare("coefficients", 1, reference["p"])
    compare("tau2", z.tau2 or 0.0, reference["tau2"], scale=0.1 * typical)
    compare("se_tau2", z.se_tau2, reference["se_tau2"])
    compare("I2", z.i2, reference["I2"], scale=100.0 * 0.1)
    compare("H2", z.h2, reference["H2"], scale=0.1)
    compare("Q", z.q, reference["Q"], scale=1e-3)
    compare("Q_p", z.q_p, reference["Q_p"])
    compare("beta", z.mu, reference["beta"], scale=z.se)
    if "vb" in reference:
        compare("vb", z.se_model**2, reference["vb"])
    for key, theirs in reference.get("fit", {}).items():
        name = {"ll": "log_likelihood"}.get(key, key.lower())
        compare(f"fit {key}", getattr(z.fit, name, None), theirs, scale=1.0)
    for test, model in models.items():
        _check_test(compare, test, model, reference[f"test_{test}"])


def _check_test(compare: Any, test: str, ours: Synthesis, theirs: Json) -> None:
    se = ours.se
    compare("se", se, theirs["se"], group=test)
    compare("stat", ours.statistic, theirs["stat"], scale=1.0, group=test)
    compare("p", ours.p, theirs["p"], group=test)
    compare("ci", ours.ci, [theirs["ci_lb"], theirs["ci_ub"]], scale=se, group=test)
    compare("df", ours.df, theirs["df"], group=test)
    if "pi_lb" in theirs:
        wanted = [theirs["pi_lb"], theirs["pi_ub"]]
        compare("pi", ours.predict(), wanted, scale=se, group=test)
        for kind in ("riley", "t"):
            compare(
                f"pi {kind}",
                ours.predict(cast(Any, kind)),
                theirs[f"pi_{kind}"],
                scale=se,
                group=test,
            )


def _pool(yi: Any, vi: Any, method: str, test: str) -> Synthesis:
    if method == "EE":
        return pool_fixed(yi, vi, test=cast(Any, test))
    return pool_random(yi, vi, method=cast(Any, method), test=cast(Any, test))


def _check_q_profile(analysis: Analysis, block: Json, agreement: Agreement) -> None:
    """Estimate and ends for τ², and what they make of τ, I² and H²."""
    ours = _pool(analysis.yi, analysis.vi, "REML", "knha")
    if ours.tau2 is None or ours.tau2_ci is None or ours.i2 is None or ours.h2 is None:
        raise AssertionError("an awkward set holds at least two studies")
    tau2 = np.array([ours.tau2, *ours.tau2_ci])
    typical = typical_variance(analysis.vi)
    expected = {
        "tau2": (tau2, typical),
        "I2": (100 * tau2 / (tau2 + typical), 100.0),
        "H2": (1 + tau2 / typical, 1.0),
        # Held as squares: near zero a root turns a last digit of τ² into half of them.
        "tau": (tau2, typical),
    }
    for key, (values, scale) in expected.items():
        theirs = [t**2 for t in block[key]] if key == "tau" else block[key]
        quantity = f"awkward confint QP {key}"
        agreement.compare(quantity, analysis.place, values, theirs, ROOT, scale=0.01 * scale)


def _arbiter(yi: Any, vi: Any, method: str, theirs: float) -> Arbiter:
    def say() -> str | None:
        ours = pool_random(yi, vi, method=cast(Any, method)).tau2
        return shows_looser(yi, vi, method, ours=ours or 0.0, theirs=theirs)

    return say
