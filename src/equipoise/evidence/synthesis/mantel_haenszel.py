"""Mantel-Haenszel: one ratio or difference from many sparse tables, no cell corrected."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from equipoise.errors import EvidenceError
from equipoise.evidence.effects.estimate import require_level
from equipoise.evidence.synthesis.common_effect import CommonEffect, normal_summary, spread_around
from equipoise.evidence.synthesis.count_data import TwoArms, two_arms
from equipoise.stats.count_likelihoods import table_with_odds_ratio
from equipoise.stats.distributions import chi_square_upper_tail

FloatArray = NDArray[np.float64]
CountMeasure = Literal["OR", "RR", "RD", "IRR", "IRD"]

_CITES: dict[CountMeasure, tuple[str, ...]] = {
    "OR": (
        "mantel-haenszel",
        "robins-breslow-greenland",
        "cochran-mantel-haenszel",
        "breslow-day-tarone",
    ),
    "RR": ("mantel-haenszel", "greenland-robins"),
    "RD": ("mantel-haenszel", "sato"),
    "IRR": ("mantel-haenszel", "greenland-robins"),
    "IRD": ("mantel-haenszel", "greenland-robins"),
}


def pool_mantel_haenszel(
    e1: Sequence[float],
    n1: Sequence[float],
    e2: Sequence[float],
    n2: Sequence[float],
    *,
    measure: CountMeasure = "OR",
    correct: bool = False,
    level: float = 0.95,
) -> CommonEffect:
    """Mantel-Haenszel estimate of one common effect (DOI 10.1093/jnci/22.4.719).

    `e` are events and `n` people (OR, RR, RD) or person-time (IRR, IRD), one entry a study, arm 1
    against arm 2. Standard errors by Robins, Breslow and Greenland for OR (DOI 10.2307/2531052),
    Greenland and Robins for RR, IRR and IRD (DOI 10.2307/2530643), Sato for RD
    (DOI 10.2307/2531784): valid for few large studies and for many sparse ones. `correct` takes
    one half (at most the whole gap) off in the test of association, and does nothing else.

    Raises `EvidenceError` where the effect does not exist, such as a ratio when one arm has no
    event in any study.
    """
    require_level(level)
    if measure not in _CITES:
        raise EvidenceError(f"Mantel-Haenszel pools OR, RR, RD, IRR and IRD, not {measure}.")
    arms = two_arms(e1, n1, e2, n2, people=measure in ("OR", "RR", "RD"))
    mu, variance, informative = _POOL[measure](arms)
    if not variance > 0:
        raise EvidenceError(
            "Every arm has no events, or nothing but events: the pooled effect has no standard "
            "error. Show each arm's proportion with its own interval."
        )
    se, z, p, ci = normal_summary(mu, variance, level)
    yi, vi = study_effects(arms, measure)
    spread = spread_around(mu, yi, vi)
    association = _association(arms, correct) if measure in ("OR", "IRR") else None
    homogeneity = _homogeneity(arms, mu) if measure == "OR" else None
    breslow_day, tarone, df = homogeneity or (None, None, 0)
    return CommonEffect(
        method="MH",
        measure=measure,
        level=level,
        k=arms.k,
        uninformative=tuple(np.flatnonzero(~informative).tolist()),
        mu=mu,
        se=se,
        z=z,
        p=p,
        ci=ci,
        q=spread.q,
        q_df=spread.df,
        q_p=spread.p,
        i2=spread.i2,
        h2=spread.h2,
        association=association,
        association_p=None if association is None else chi_square_upper_tail(association, 1),
        breslow_day=breslow_day,
        breslow_day_p=None if breslow_day is None else chi_square_upper_tail(breslow_day, df),
        tarone=tarone,
        tarone_p=None if tarone is None else chi_square_upper_tail(tarone, df),
        cites=_CITES[measure],
    )


def study_effects(arms: TwoArms, measure: CountMeasure) -> tuple[FloatArray, FloatArray]:
    """Effect and variance of each study that has one; one half is added where a count is zero.

    Studies without events, or with nothing but events, in both arms are left out. The half goes to
    all four cells of a 2×2 table (to both counts of events over person-time).
    """
    arms = arms.taking(~arms.empty)
    if not arms.people:
        half = np.where((arms.x1 == 0) | (arms.x2 == 0), 0.5, 0.0)
        x1, x2, t1, t2 = arms.x1 + half, arms.x2 + half, arms.n1, arms.n2
        if measure == "IRR":
            return np.log(x1 / t1) - np.log(x2 / t2), 1 / x1 + 1 / x2
        return x1 / t1 - x2 / t2, x1 / t1**2 + x2 / t2**2
    a, b, c, d = arms.x1, arms.n1 - arms.x1, arms.x2, arms.n2 - arms.x2
    half = np.where((a == 0) | (b == 0) | (c == 0) | (d == 0), 0.5, 0.0)
    a, b, c, d = a + half, b + half, c + half, d + half
    m, n = a + b, c + d
    if measure == "OR":
        return np.log(a) - np.log(b) - np.log(c) + np.log(d), 1 / a + 1 / b + 1 / c + 1 / d
    if measure == "RR":
        return np.log(a / m) - np.log(c / n), 1 / a - 1 / m + 1 / c - 1 / n
    return a / m - c / n, a * b / m**3 + c * d / n**3


def _odds_ratio(arms: TwoArms) -> tuple[float, float, NDArray[np.bool_]]:
    a, b, c, d = arms.x1, arms.n1 - arms.x1, arms.x2, arms.n2 - arms.x2
    n = arms.n1 + arms.n2
    r, s = a * d / n, b * c / n
    p, q = (a + d) / n, (b + c) / n
    sr, ss = _require_both(r, s, "odds")
    variance = (float(p @ r) / sr**2 + float(p @ s + q @ r) / (sr * ss) + float(q @ s) / ss**2) / 2
    return math.log(sr / ss), variance, ~arms.empty


def _risk_ratio(arms: TwoArms) -> tuple[float, float, NDArray[np.bool_]]:
    n = arms.n1 + arms.n2
    r, s = arms.x1 * (arms.n2 / n), arms.x2 * (arms.n1 / n)
    sr, ss = _require_both(r, s, "risk")
    terms = (arms.n1 / n) * (arms.n2 / n) * (arms.x1 + arms.x2) - arms.x1 * arms.x2 / n
    variance = float(terms.sum()) / (sr * ss)
    return math.log(sr / ss), variance, (arms.x1 > 0) | (arms.x2 > 0)


def _risk_difference(arms: TwoArms) -> tuple[float, float, NDArray[np.bool_]]:
    a, c, n1, n2 = arms.x1, arms.x2, arms.n1, arms.n2
    n = n1 + n2
    weight = n1 * (n2 / n)
    total = float(weight.sum())
    rd = float((a * (n2 / n) - c * (n1 / n)).sum()) / total
    p = (n1 / n) ** 2 * c - (n2 / n) ** 2 * a + (n1 / n) * (n2 / n) * (n2 - n1) / 2
    q = (a * (n2 - c) + c * (n1 - a)) / (2 * n)
    variance = float(rd * p.sum() + q.sum()) / total**2
    return rd, variance, np.ones(arms.k, dtype=bool)


def _rate_ratio(arms: TwoArms) -> tuple[float, float, NDArray[np.bool_]]:
    t = arms.n1 + arms.n2
    r, s = arms.x1 * (arms.n2 / t), arms.x2 * (arms.n1 / t)
    sr, ss = _require_both(r, s, "rate")
    variance = float(((arms.n1 / t) * (arms.n2 / t)) @ (arms.x1 + arms.x2)) / (sr * ss)
    return math.log(sr / ss), variance, ~arms.empty


def _rate_difference(arms: TwoArms) -> tuple[float, float, NDArray[np.bool_]]:
    t = arms.n1 + arms.n2
    share1, share2 = arms.n1 / t, arms.n2 / t
    total = float((arms.n1 * share2).sum())
    difference = float((arms.x1 * share2 - arms.x2 * share1).sum()) / total
    variance = float((arms.x1 * share2**2 + arms.x2 * share1**2).sum()) / total**2
    return difference, variance, np.ones(arms.k, dtype=bool)


_POOL = {
    "OR": _odds_ratio,
    "RR": _risk_ratio,
    "RD": _risk_difference,
    "IRR": _rate_ratio,
    "IRD": _rate_difference,
}


def _require_both(r: FloatArray, s: FloatArray, what: str) -> tuple[float, float]:
    sr, ss = float(r.sum()), float(s.sum())
    if sr == 0 and ss == 0:
        raise EvidenceError(
            f"No study has both events and a difference to show: the {what} ratio does not exist. "
            "Show each arm's proportion with its own interval, or the bound for zero events."
        )
    if sr == 0 or ss == 0:
        side = "zero" if sr == 0 else "infinite"
        raise EvidenceError(
            f"One arm has no events (or nothing but events) in every study that informs the {what} "
            f"ratio: the pooled ratio is {side} and has no standard error. Use Peto's method, the "
            "risk difference, or show each arm's proportion with its own interval."
        )
    return sr, ss


def _association(arms: TwoArms, correct: bool) -> float | None:
    """Chi-square for no association given all margins (or given all events and person-time)."""
    total = arms.n1 + arms.n2
    events = arms.x1 + arms.x2
    share = (arms.n1 / total) * (arms.n2 / total)
    # Events among people are hypergeometric given the margins, events over time binomial.
    finite = (total - events) / (total - 1) if arms.people else 1.0
    variance = share * events * finite
    sv = float(variance.sum())
    if sv == 0:
        return None
    gap = abs(float((arms.x1 - events * (arms.n1 / total)).sum()))
    return max(0.0, gap - 0.5 * correct) ** 2 / sv


def _homogeneity(arms: TwoArms, log_odds_ratio: float) -> tuple[float, float, int] | None:
    """Breslow-Day's chi-square, Tarone's, and their degrees of freedom."""
    arms = arms.taking(~arms.empty)
    if arms.k < 2:
        return None
    events = arms.x1 + arms.x2
    fitted = table_with_odds_ratio(arms.n1, arms.n2, events, np.full(arms.k, log_odds_ratio))
    cells = (fitted, arms.n1 - fitted, events - fitted, arms.n2 - events + fitted)
    variance = 1 / (1 / np.stack(cells)).sum(axis=0)
    gap = arms.x1 - fitted
    breslow_day = float((gap**2 / variance).sum())
    return breslow_day, breslow_day - float(gap.sum()) ** 2 / float(variance.sum()), arms.k - 1
