"""Test of excess significance: whether more studies are significant than power allows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import ndtr

from equipoise.errors import EvidenceError
from equipoise.evidence.synthesis.classical import pool_fixed
from equipoise.evidence.synthesis.small_study.studies import (
    FloatArray,
    few_studies,
    require_studies,
)
from equipoise.stats.distributions import normal_upper_tail, two_sided_quantile

ExcessTest = Literal["exact", "chi2"]

EXCESS_CAVEAT = (
    "Too many significant studies for their power can come from selective publication or "
    "analysis, but also from true differences between studies, which the power at one common "
    "effect ignores."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcessSignificance:
    """`observed` significant studies against the `expected` sum of their `power`.

    `p` is one-sided: the chance of at least `observed` significant studies. `test` says whether it
    is exact (sum of independent yes-no results) or from `x2`, Pearson's chi-square, which is `None`
    where no study, or every study, must be significant.
    """

    k: int
    observed: int
    expected: float
    theta: float
    power: tuple[float, ...]
    test: ExcessTest
    p: float
    x2: float | None
    caveat: str
    cites: tuple[str, ...]


def excess_significance(
    yi: Sequence[float],
    vi: Sequence[float],
    *,
    theta: float | None = None,
    tau2: float = 0.0,
    alpha: float = 0.05,
    test: ExcessTest = "exact",
) -> ExcessSignificance:
    """Compare how many studies are significant with how many should be (10.1177/1740774507079441).

    `theta` is the true effect that power is reckoned at, the fixed-effect mean if not given, and
    `tau2` its variance between studies. Studies are tested two-sided at `alpha`. "exact" is the
    distribution of the sum (DOI 10.1016/j.jmp.2013.02.003), for any number of studies.
    """
    y, v = require_studies(yi, vi, at_least=1, what="The test of excess significance")
    if test not in ("exact", "chi2"):
        raise EvidenceError(f"No such test of excess significance: {test}.")
    if not 0 < alpha < 1:
        raise EvidenceError(f"A significance level of {alpha:g} cannot be; write 5% as 0.05.")
    if not (math.isfinite(tau2) and tau2 >= 0):
        raise EvidenceError("A variance between studies cannot be negative.")
    at = pool_fixed(y.tolist(), v.tolist()).mu if theta is None else theta
    k, critical = len(y), two_sided_quantile(alpha)
    s, spread = np.sqrt(v), np.sqrt(v + tau2)
    power = ndtr((at - critical * s) / spread) + ndtr((-at - critical * s) / spread)
    power = np.minimum(power, 1.0)
    observed = int((np.abs(y) >= critical * s).sum())
    expected = float(power.sum())
    x2: float | None = None
    if 0 < expected < k:
        x2 = (observed - expected) ** 2 * (1 / expected + 1 / (k - expected))
    if test == "chi2":
        if x2 is None:
            raise EvidenceError(
                "Every study has power one (or zero): there is nothing for a chi-square to compare."
            )
        p = normal_upper_tail(math.copysign(math.sqrt(x2), observed - expected))
    else:
        p = _at_least(power, observed)
    return ExcessSignificance(
        k=k,
        observed=observed,
        expected=expected,
        theta=at,
        power=tuple(power.tolist()),
        test=test,
        p=p,
        x2=x2,
        caveat=EXCESS_CAVEAT + few_studies(k),
        cites=("excess-significance",),
    )


def _at_least(chances: FloatArray, count: int) -> float:
    """P(at least `count` of independent events), all terms positive."""
    distribution = np.zeros(len(chances) + 1)
    distribution[0] = 1.0
    for chance in chances.tolist():
        distribution[1:] = distribution[1:] * (1 - chance) + distribution[:-1] * chance
        distribution[0] *= 1 - chance
    return min(1.0, math.fsum(distribution[count:].tolist()))
