"""Small-study effects and selective publication: the block `bias`."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from equipoise.errors import EvidenceError
from equipoise.evidence.synthesis.small_study import (
    VEVEA_WOODS,
    BetaWeights,
    DecliningWeights,
    SelectionFit,
    SelectionFunction,
    StepWeights,
    TrimAndFill,
    TruncationWeights,
    egger_test,
    excess_significance,
    fail_safe_n,
    fit_selection_model,
    henmi_copas,
    pet_peese,
    rank_test,
    trim_and_fill,
)
from validation.agreement import Agreement, count_numbers, numbers
from validation.meta.analysis_blocks import BlockCheck
from validation.meta.reference import Analysis, Json, column
from validation.meta.selection_likelihood import (
    observed_standard_errors,
    selection_log_likelihood,
)

FloatArray = NDArray[np.float64]

_CLOSED, _LIKELIHOOD, _ROOT, _OPTIMISER = 1e-9, 1e-7, 1e-6, 1e-4
_NUDGES = 24


def _check_bias(analysis: Analysis, block: Json, agreement: Agreement) -> None:
    for key, reference in block.items():
        if "error" in reference:
            continue
        check = next((c for prefix, c in _CHECKS.items() if key.startswith(prefix)), None)
        if check is None:
            agreement.skip(f"bias {key}", reference)
            continue
        try:
            check(analysis, key, reference, agreement)
        except EvidenceError:
            # Refused where the reference has numbers: each of them counts as failed.
            for quantity, theirs in reference.items():
                name = f"bias {key} {quantity} (refused)"
                if count_numbers(theirs) and not isinstance(theirs, str):
                    agreement.compare(name, analysis.place, None, theirs, _OPTIMISER)


def _size(analysis: Analysis) -> list[float] | None:
    ni = analysis.table.get("ni")
    return None if ni is None else column(ni)[analysis.rows].tolist()


def _egger(analysis: Analysis, key: str, reference: Json, agreement: Agreement) -> None:
    _, model, *rest = key.split("_")
    method = rest[0] if model == "rma" else "EE"
    test = egger_test(
        cast(Any, analysis.yi),
        cast(Any, analysis.vi),
        predictor=cast(Any, rest[-1]),
        model=cast(Any, model),
        method=cast(Any, method),
        ni=_size(analysis),
    )
    name = f"bias egger {model}" + (f" {method}" if model == "rma" else "")
    tolerance = _LIKELIHOOD if method == "REML" else _CLOSED
    place = f"{analysis.place} {key}"
    check = partial(agreement.compare, place=place, tolerance=tolerance)
    check(f"{name} stat", ours=test.statistic, theirs=reference["stat"], scale=1.0)
    check(f"{name} p", ours=test.p, theirs=reference["p"])
    check(f"{name} df", ours=test.df, theirs=reference["df"])
    check(f"{name} slope", ours=test.slope, theirs=reference["slope"], scale=test.slope_se)
    check(f"{name} slope se", ours=test.slope_se, theirs=reference["slope_se"])
    if reference["limit"] is not None:
        low, high = test.limit_ci or (math.nan, math.nan)
        width = high - low
        check(f"{name} limit", ours=test.limit, theirs=reference["limit"], scale=width)
        check(f"{name} limit ci", ours=low, theirs=reference["limit_lb"], scale=width)
        check(f"{name} limit ci", ours=high, theirs=reference["limit_ub"], scale=width)
    if "tau2" in reference:
        typical = float(np.median(analysis.vi))
        check(f"{name} tau2", ours=test.tau2 or 0.0, theirs=reference["tau2"], scale=typical)


def _rank(analysis: Analysis, key: str, reference: Json, agreement: Agreement) -> None:
    exact = key == "ranktest"
    y, v = analysis.yi, analysis.vi
    test = rank_test(cast(Any, y), cast(Any, v), exact=exact)

    def ties_hang_on_a_digit() -> str | None:
        for nudged_y, nudged_v in _nudged(y, v):
            other = rank_test(cast(Any, nudged_y), cast(Any, nudged_v), exact=exact)
            if _close(other.tau, reference["tau"], 1.0) and _close(other.p, reference["p"]):
                return "a tie among the numbers as printed is none a digit further on"
        return None

    check = partial(
        agreement.compare,
        place=f"{analysis.place} {key}",
        tolerance=_CLOSED,
        arbiter=ties_hang_on_a_digit,
    )
    check("bias rank test tau", ours=test.tau, theirs=reference["tau"], scale=1.0)
    check("bias rank test p", ours=test.p, theirs=reference["p"])


def _nudged(y: FloatArray, v: FloatArray) -> Iterator[tuple[FloatArray, FloatArray]]:
    """The studies with their ties broken beyond the printed digits, in several ways."""
    rng = np.random.default_rng(1)
    k = len(y)
    orders = [np.arange(k), np.arange(k)[::-1], *(rng.permutation(k) for _ in range(_NUDGES))]
    for order in orders:
        yield y, v * (1 + 1e-13 * order)
        yield y + 1e-13 * order * float(np.abs(y).max()), v


def _close(ours: float | None, theirs: float | None, scale: float = 0.0) -> bool:
    if ours is None or theirs is None:
        return ours is theirs
    return abs(ours - theirs) <= _OPTIMISER * 1e-2 * max(abs(theirs), scale)


def _trim_fill(analysis: Analysis, key: str, reference: Json, agreement: Agreement) -> None:
    _, method, estimator, side = key.split("_")
    y, v = analysis.yi, analysis.vi
    run = partial(
        trim_and_fill,
        side=None if side == "auto" else cast(Any, side),
        estimator=cast(Any, estimator),
        method=cast(Any, method),
    )
    result = run(cast(Any, y), cast(Any, v))

    def looser_or_tied() -> str | None:
        return _looser_tau2(result, reference["tau2"], method) or _other_order(
            run, y, v, reference, method
        )

    check = partial(
        agreement.compare,
        place=f"{analysis.place} {key}",
        tolerance=_LIKELIHOOD if method == "REML" else _CLOSED,
        arbiter=looser_or_tied,
    )
    name = f"bias trimfill {method}"
    se = result.pooled.se
    check(f"{name} k0", ours=result.missing, theirs=reference["k0"])
    check(f"{name} k0 se", ours=result.missing_se, theirs=reference["se_k0"])
    check(f"{name} k0 p", ours=result.missing_p, theirs=reference["p_k0"])
    check(f"{name} beta", ours=result.pooled.mu, theirs=reference["beta"], scale=se)
    check(f"{name} se", ours=se, theirs=reference["se"])
    check(f"{name} ci", ours=result.pooled.ci[0], theirs=reference["ci_lb"], scale=se)
    check(f"{name} ci", ours=result.pooled.ci[1], theirs=reference["ci_ub"], scale=se)
    tau2, typical = result.pooled.tau2 or 0.0, float(np.median(v))
    check(f"{name} tau2", ours=tau2, theirs=reference["tau2"], scale=typical)
    agreement.compare_exactly("bias trimfill side", analysis.place, result.side, reference["side"])


def _reml_score(y: FloatArray, v: FloatArray, tau2: float) -> float:
    """Derivative of twice the restricted log-likelihood in τ², times the mean variance."""
    w = 1 / (v + tau2)
    mean = float(w @ y) / float(w.sum())
    trace = float(w.sum()) - float(w @ w) / float(w.sum())
    return (float((w**2) @ (y - mean) ** 2) - trace) * float(np.mean(v))


def _looser_tau2(result: TrimAndFill, theirs: float, method: str) -> str | None:
    """On the filled set our τ² solves the REML equation (or is zero, with a falling likelihood)."""
    if method != "REML":
        return None
    y, v = np.array(result.pooled.yi), np.array(result.pooled.vi)
    tau2 = result.pooled.tau2 or 0.0
    at_ours, at_theirs = _reml_score(y, v, tau2), _reml_score(y, v, theirs)
    solved = abs(at_ours) < 1e-7 or (tau2 == 0 and at_ours < 0)
    if solved and abs(theirs - tau2) < 2e-4 and abs(at_theirs) > 10 * abs(at_ours) * (tau2 > 0):
        return (
            "the reference pools within trim and fill with a τ² that stops at an absolute change "
            "of 0.00001; ours solves the REML equation on the filled studies"
        )
    return None


def _other_order(
    run: Callable[..., TrimAndFill], y: FloatArray, v: FloatArray, reference: Json, method: str
) -> str | None:
    if len(np.unique(y)) == len(y):
        return None
    for nudged_y, nudged_v in _nudged(y, v):
        try:
            other = run(nudged_y, nudged_v)
        except EvidenceError:
            continue
        if (
            other.missing == reference["k0"]
            and _close(other.missing_se, reference["se_k0"])
            and _close(other.pooled.mu, reference["beta"], other.pooled.se)
            and (method == "REML" or _close(other.pooled.se, reference["se"]))
        ):
            return "studies share the effect at which trimming stops; another of them was trimmed"
    return None


def _pet_peese(analysis: Analysis, key: str, reference: Json, agreement: Agreement) -> None:
    both = pet_peese(cast(Any, analysis.yi), cast(Any, analysis.vi))
    is_pet = key == "pet_lm"
    test = both.pet if is_pet else both.peese
    limit_se = both.pet_limit_se if is_pet else both.peese_limit_se
    limit_p = both.pet_limit_p if is_pet else both.peese_limit_p
    name = f"bias {key.partition('_')[0]}"
    check = partial(agreement.compare, place=analysis.place, tolerance=_CLOSED)
    check(f"{name} limit", ours=test.limit, theirs=reference["b0"], scale=limit_se)
    check(f"{name} limit", ours=limit_se, theirs=reference["se0"])
    check(f"{name} limit", ours=limit_p, theirs=reference["p0"])
    check(f"{name} slope", ours=test.slope, theirs=reference["b1"], scale=test.slope_se)
    check(f"{name} slope", ours=test.slope_se, theirs=reference["se1"])
    check(f"{name} slope", ours=test.p, theirs=reference["p1"])


def _fail_safe(analysis: Analysis, key: str, reference: Json, agreement: Agreement) -> None:
    kind = key.partition("_")[2]
    result = fail_safe_n(cast(Any, analysis.yi), cast(Any, analysis.vi), kind=cast(Any, kind))
    name = f"bias fail-safe {kind}"

    def tightly_fitted() -> str | None:
        """The same file holds the same model fitted with a tight threshold."""
        tight = analysis.reference.get("rma", {}).get("REML", {})
        if kind != "General" or "beta" not in tight or result.mu is None or result.p is None:
            return None
        mean, p = float(numbers(tight["beta"])[0]), float(numbers(tight["test_z"]["p"])[0])
        if abs(result.mu / mean - 1) < _LIKELIHOOD and (p == 0 or abs(result.p / p - 1) < 1e-6):
            return "the reference's REML fit without a tight threshold; its tight one is ours"
        return None

    check = partial(
        agreement.compare,
        place=analysis.place,
        tolerance=_LIKELIHOOD if kind == "General" else _CLOSED,
        arbiter=tightly_fitted,
    )
    check(f"{name} p", ours=result.p, theirs=reference["p"])
    check(f"{name} mean", ours=result.mu, theirs=reference["est"])
    check(f"{name} mean", ours=result.target, theirs=reference["target"])
    if kind == "General":
        # The reference's rule for the null studies is not published; see the methods page.
        agreement.skip("bias fail-safe General n", reference["fsnum"])
    else:
        check(f"{name} n", ours=result.n, theirs=reference["fsnum"])


def _excess(analysis: Analysis, key: str, reference: Json, agreement: Agreement) -> None:
    del key
    result = excess_significance(
        cast(Any, analysis.yi),
        cast(Any, analysis.vi),
        test="exact" if reference["X2"] is None else "chi2",
    )
    check = partial(agreement.compare, place=analysis.place, tolerance=_CLOSED)
    check("bias excess significance observed", ours=result.observed, theirs=reference["O"])
    check("bias excess significance expected", ours=result.expected, theirs=reference["E"])
    check("bias excess significance theta", ours=result.theta, theirs=reference["theta"])
    # A difference of squares: what it is measured against is at least one.
    check("bias excess significance x2", ours=result.x2, theirs=reference["X2"], scale=1.0)
    check("bias excess significance p", ours=result.p, theirs=reference["p"])
    power = float(np.median(result.power))
    check("bias excess significance power", ours=power, theirs=reference["pooled_power_median"])


def _henmi_copas(analysis: Analysis, key: str, reference: Json, agreement: Agreement) -> None:
    del key
    y, v = analysis.yi, analysis.vi
    result = henmi_copas(cast(Any, y), cast(Any, v))

    def solves_the_equation() -> str | None:
        """The tail beyond the interval's end, by adaptive integration, is 0.025 at ours alone."""
        theirs = (reference["ci_ub"] - reference["ci_lb"]) / 2 / result.se
        ours = (result.ci[1] - result.ci[0]) / 2 / result.se
        gap_ours = abs(_henmi_copas_tail(v, result.tau2, ours) - 0.025)
        gap_theirs = abs(_henmi_copas_tail(v, result.tau2, theirs) - 0.025)
        if gap_ours < 1e-10 and gap_theirs > 100 * gap_ours:
            return "the reference's root finder stops at about four digits of the quantile"
        return None

    check = partial(agreement.compare, place=analysis.place, tolerance=_CLOSED)
    check("bias henmi-copas beta", ours=result.mu, theirs=reference["beta"], scale=result.se)
    check("bias henmi-copas se", ours=result.se, theirs=reference["se"])
    typical = float(np.median(v))
    check("bias henmi-copas tau2", ours=result.tau2, theirs=reference["tau2"], scale=typical)
    for ours, end in zip(result.ci, ("ci_lb", "ci_ub"), strict=True):
        agreement.compare(
            "bias henmi-copas ci",
            analysis.place,
            ours,
            reference[end],
            _ROOT,
            scale=result.se,
            arbiter=solves_the_equation,
        )


def _henmi_copas_tail(v: FloatArray, tau2: float, x: float) -> float:
    """Probability beyond `x`, from the matrices of the quadratic form and adaptive integration."""
    from scipy.integrate import quad
    from scipy.special import gammainc

    w = 1 / v
    total, k = float(w.sum()), len(v)
    form = np.diag(w) - np.outer(w, w) / total
    covariance = np.diag(v + tau2)
    # R = √Σw (mean − μ) has covariance c with the studies and variance var.
    c = (w * (v + tau2)) / math.sqrt(total)
    var = float((w**2) @ (v + tau2)) / total
    given = covariance - np.outer(c, c) / var
    product = form @ given
    trace, trace2 = float(np.trace(product)), float(np.trace(product @ product))
    fixed = float(c @ form @ c) / var**2
    mixed = float(c @ form @ given @ form @ c) / var**2
    w2 = float(w @ w) / total

    def integrand(r: float) -> float:
        mean, variance = trace + fixed * r * r, 2 * trace2 + 4 * mixed * r * r
        limit = (total - w2) * ((r / x) ** 2 - 1) / w2 + (k - 1)
        density = math.exp(-0.5 * r * r / var) / math.sqrt(2 * math.pi * var)
        return float(gammainc(mean**2 / variance, max(limit, 0.0) * mean / variance)) * density

    ends = np.linspace(x, x + 12 * math.sqrt(var), 25).tolist()
    return math.fsum(
        quad(integrand, a, b, epsabs=1e-14, epsrel=1e-12)[0] for a, b in itertools.pairwise(ends)
    )


def _selection_function(name: str, analysis: Analysis) -> SelectionFunction | None:
    """Weight function of a key, `selmodel_` taken off."""
    kind, *rest = name.split("_")
    if kind == "stepcon":
        words = {"moderate": "moderate one-tailed", "severe": "severe one-tailed"}
        two = any("two" in word for word in rest)
        chosen = words.get(next((w for w in rest if w in words), ""), "")
        return VEVEA_WOODS.get(chosen.replace("one", "two") if two else chosen)
    if kind in ("stepfun", "step") and rest and all(r.isdigit() for r in rest):
        return StepWeights(tuple(float(f"0.{r}") for r in rest))
    if kind == "beta":
        return BetaWeights()
    shape = {"halfnorm", "negexp", "logistic", "power", "negexppow"} & {kind}
    if shape and rest in ([], ["sei"], ["vi"]):
        imprecision: tuple[float, ...] | None = None
        if rest:
            s = np.sqrt(analysis.vi) if rest == ["sei"] else analysis.vi
            imprecision = tuple(s.tolist())
        return DecliningWeights(cast(Any, kind), imprecision=imprecision)
    if kind == "trunc" and not rest:
        return TruncationWeights()
    return None


def _selection(analysis: Analysis, key: str, reference: Json, agreement: Agreement) -> None:
    function = _selection_function(key.removeprefix("selmodel_"), analysis)
    if function is None:
        agreement.skip(f"bias {key}", reference)
        return
    name = f"bias selection {key.removeprefix('selmodel_')}"
    place = analysis.place
    y, v = analysis.yi, analysis.vi
    alternative = reference["alternative"]
    fit = fit_selection_model(cast(Any, y), cast(Any, v), function, alternative=alternative)

    def higher_likelihood() -> str | None:
        return _higher_likelihood(analysis, function, fit, reference)

    def differentiated_anew() -> str | None:
        if higher_likelihood() is None:
            return None
        return _errors_confirmed(analysis, function, fit)

    check = partial(agreement.compare, place=place, tolerance=_OPTIMISER)
    scale = fit.se or 0.0
    at = higher_likelihood
    check(f"{name} beta", ours=fit.mu, theirs=reference["beta"], scale=scale, arbiter=at)
    typical = float(np.median(v))
    check(f"{name} tau2", ours=fit.tau2, theirs=reference["tau2"], scale=typical, arbiter=at)
    check(f"{name} delta", ours=fit.delta, theirs=reference["delta"], arbiter=at)
    agreement.compare(
        f"{name} ll", place, fit.log_likelihood, reference["ll"], _LIKELIHOOD, arbiter=at
    )
    ours_lrt = fit.lrt
    check(f"{name} lrt", ours=ours_lrt, theirs=reference["LRT"], scale=1.0, arbiter=at)
    check(f"{name} lrt", ours=fit.lrt_df, theirs=reference["LRT_df"])
    check(f"{name} lrt p", ours=fit.lrt_p, theirs=reference["LRT_p"], arbiter=at)
    errors = differentiated_anew
    check(f"{name} se", ours=fit.se, theirs=reference["se"], arbiter=errors)
    low, high = fit.ci or (math.nan, math.nan)
    check(f"{name} ci", ours=low, theirs=reference["ci_lb"], scale=scale, arbiter=errors)
    check(f"{name} ci", ours=high, theirs=reference["ci_ub"], scale=scale, arbiter=errors)
    its_errors = reference["se_delta"]
    its_errors = its_errors if isinstance(its_errors, list) else [its_errors]
    for mine, its in zip(fit.se_delta, its_errors, strict=False):
        check(f"{name} delta se", ours=mine, theirs=its, arbiter=errors)


def _higher_likelihood(
    analysis: Analysis, function: SelectionFunction, fit: SelectionFit, reference: Json
) -> str | None:
    """Both sets of estimates through one likelihood that shares nothing with the engine."""
    at = partial(selection_log_likelihood, analysis.yi, analysis.vi, function, fit.alternative)
    ours = at(fit.mu, fit.tau2, fit.delta)
    theirs = at(reference["beta"], reference["tau2"], tuple(numbers(reference["delta"]).tolist()))
    if abs(ours - fit.log_likelihood) > 1e-9 * max(1.0, abs(ours)):
        return None
    if reference["ll"] > theirs + 1e-7:
        above = "; the reference prints a log-likelihood that its own estimates do not have"
    else:
        above = ""
    if ours >= theirs - 1e-9:
        return f"integrated independently, the likelihood is as high or higher at ours{above}"
    return None


def _errors_confirmed(
    analysis: Analysis, function: SelectionFunction, fit: SelectionFit
) -> str | None:
    """Our standard errors against differences of the independent likelihood at our maximum."""
    anew = observed_standard_errors(analysis.yi, analysis.vi, function, fit)
    mine = [fit.se, *(s for s in fit.se_delta)]
    for one, other in zip(mine, anew, strict=True):
        if one is not None and other is not None and abs(one / other - 1) > 1e-5:
            return None
        if (one is None) != (other is None):
            return None
    return "standard errors from differences of an independent likelihood are ours"


_CHECKS: dict[str, Callable[[Analysis, str, Json, Agreement], None]] = {
    "regtest_": _egger,
    "ranktest": _rank,
    "trimfill_": _trim_fill,
    "pet_lm": _pet_peese,
    "peese_lm": _pet_peese,
    "fsn_": _fail_safe,
    "tes": _excess,
    "hc": _henmi_copas,
    "selmodel_": _selection,
}

BLOCKS: dict[str, BlockCheck] = {"bias": _check_bias}
