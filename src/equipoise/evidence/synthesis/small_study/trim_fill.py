"""Trim and fill: how the mean would move if the funnel were made symmetric."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from equipoise.errors import EvidenceError
from equipoise.evidence.synthesis.classical import Synthesis, pool_fixed, pool_random
from equipoise.evidence.synthesis.small_study.asymmetry import egger_test
from equipoise.evidence.synthesis.small_study.studies import (
    FloatArray,
    few_studies,
    require_studies,
)

Side = Literal["left", "right"]
FillEstimator = Literal["L0", "R0", "Q0"]
FillMethod = Literal["EE", "DL", "REML", "ML", "PM"]

TRIM_FILL_CAVEAT = (
    "Filled studies are invented, not found. Trim and fill blames all asymmetry on missing studies "
    "and does badly where effects differ; read it as a sensitivity analysis."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrimAndFill:
    """`missing` studies filled in on `side`; `pooled` is the synthesis with, `observed` without.

    `missing_se` is the standard error at the unrounded estimate of `missing` (`None` where its
    formula has no root), and
    `missing_p`, for R0 only, tests that none are missing on that side. `filled_yi` and `filled_vi`
    are the invented studies.
    """

    estimator: FillEstimator
    side: Side
    k: int
    missing: int
    missing_se: float | None
    missing_p: float | None
    filled_yi: tuple[float, ...]
    filled_vi: tuple[float, ...]
    observed: Synthesis
    pooled: Synthesis
    caveat: str
    cites: tuple[str, ...]


def trim_and_fill(
    yi: Sequence[float],
    vi: Sequence[float],
    *,
    estimator: FillEstimator = "L0",
    side: Side | None = None,
    method: FillMethod = "REML",
    max_iter: int = 100,
    level: float = 0.95,
) -> TrimAndFill:
    """Trim the side that sticks out until the rest is symmetric, then fill its mirror images in.

    The number of missing studies is estimated from ranks by L0, R0 or Q0
    (DOI 10.1111/j.0006-341X.2000.00455.x), rounded to the nearest whole number; the mean in between
    and at the end by `method` with normal intervals. `side` is where studies are missing; if not
    given, the left where effects grow with the standard error and the right where they fall.

    Refuses fewer than three studies, a rank estimate that goes round in circles (told with its
    values), and Q0 where its root is imaginary.
    """
    y, v = require_studies(yi, vi, at_least=3, what="Trim and fill")
    if estimator not in ("L0", "R0", "Q0") or side not in (None, "left", "right"):
        raise EvidenceError(f"No such estimator or side for trim and fill: {estimator}, {side}.")
    chosen: Side = side if side is not None else _side(y, v, method)
    # Missing on the left is the mirror image of missing on the right.
    sign = -1.0 if chosen == "right" else 1.0
    # Of equal effects the less precise is trimmed first, whatever the order of the studies.
    order = np.lexsort((v, sign * y))
    y_up, v_up = sign * y[order], v[order]
    k = len(y)
    missing, count, centre = _iterate(y_up, v_up, estimator, method, max_iter)
    fill_y = (2 * centre - y_up[k - missing :]) * sign
    fill_v = v_up[k - missing :]
    pooled = _pool(np.concatenate([y, fill_y]), np.concatenate([v, fill_v]), method, level)
    return TrimAndFill(
        estimator=estimator,
        side=chosen,
        k=k,
        missing=missing,
        missing_se=_standard_error(estimator, k, count),
        missing_p=0.5 ** (missing + 1) if estimator == "R0" else None,
        filled_yi=tuple(fill_y.tolist()),
        filled_vi=tuple(fill_v.tolist()),
        observed=_pool(y, v, method, level),
        pooled=pooled,
        caveat=TRIM_FILL_CAVEAT + few_studies(k),
        cites=("trim-and-fill", *pooled.cites[:1]),
    )


def _side(y: FloatArray, v: FloatArray, method: FillMethod) -> Side:
    test = egger_test(y.tolist(), v.tolist(), model="rma", method=method)
    return "right" if test.slope < 0 else "left"


def _pool(y: FloatArray, v: FloatArray, method: FillMethod, level: float) -> Synthesis:
    if method == "EE":
        return pool_fixed(y.tolist(), v.tolist(), level=level)
    return pool_random(y.tolist(), v.tolist(), method=method, test="z", level=level)


def _iterate(
    y: FloatArray, v: FloatArray, estimator: FillEstimator, method: FillMethod, max_iter: int
) -> tuple[int, float, float]:
    """Number missing on the left of the ascending `y`, unrounded too, and the trimmed mean."""
    k, missing, seen = len(y), 0, [0]
    for _ in range(max_iter):
        centre = _pool(y[: k - missing], v[: k - missing], method, 0.95).mu
        count = _count(y - centre, estimator)
        found = max(0, round(count))
        if found == missing:
            return missing, count, centre
        if found >= k:
            raise EvidenceError("Trim and fill would trim every study: the funnel has one side.")
        if found in seen:
            cycle = ", ".join(str(n) for n in seen[seen.index(found) :])
            raise EvidenceError(
                f"Trim and fill does not settle: the number of missing studies goes round {cycle}."
            )
        seen.append(found)
        missing = found
    raise EvidenceError(f"Trim and fill did not settle in {max_iter} rounds.")


def _signed_ranks(centred: FloatArray) -> tuple[float, int]:
    """Sum of the ranks on the right, and the largest rank on the left, of distances from zero."""
    ranks = np.empty(len(centred))
    ranks[np.argsort(np.abs(centred), kind="stable")] = np.arange(1, len(centred) + 1)
    left = centred < 0
    return float(ranks[~left & (centred != 0)].sum()), int(ranks[left].max(initial=0))


def _count(centred: FloatArray, estimator: FillEstimator) -> float:
    k = len(centred)
    rank_sum, lowest = _signed_ranks(centred)
    if estimator == "R0":
        return k - lowest - 1
    if estimator == "L0":
        return (4 * rank_sum - k * (k + 1)) / (2 * k - 1)
    inside = 2 * k**2 - 4 * rank_sum + 0.25
    if inside < 0:
        raise EvidenceError("The estimator Q0 does not exist for so lopsided a funnel; take L0.")
    return k - 0.5 - math.sqrt(inside)


def _standard_error(estimator: FillEstimator, k: int, m: float) -> float | None:
    """Standard errors of Duval and Tweedie, at the estimated number `m` of missing studies."""
    if estimator == "R0":
        return math.sqrt(2 * max(0.0, m) + 2)
    variance = (
        k * (k + 1) * (2 * k + 1)
        + 10 * m**3
        + 27 * m**2
        + 17 * m
        - 18 * k * m**2
        - 18 * k * m
        + 6 * k**2 * m
    ) / 24
    if variance < 0:
        return None
    if estimator == "L0":
        return 4 * math.sqrt(variance) / (2 * k - 1)
    inside = (k - 0.5) ** 2 - m * (2 * k - m - 1)
    return 2 * math.sqrt(variance) / math.sqrt(inside) if inside > 0 else None
