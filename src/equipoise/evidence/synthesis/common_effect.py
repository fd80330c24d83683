"""What Mantel-Haenszel's and Peto's methods give: one effect, taken to be shared by all."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from equipoise.stats.distributions import chi_square_upper_tail, critical_value, two_sided_p

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonEffect:
    """One common effect from the counts of all studies, on the analysis scale.

    `mu` is the logarithm of the ratio for OR, RR and IRR, the difference itself for RD and IRD;
    positive means more events in arm 1. `z` = mu / se, `p` is two-sided. `k` studies were given;
    those in `uninformative` (positions from zero) carry no information on `mu`. `q` is Cochran's Q
    of the studies' own effects around `mu` on `q_df` degrees of freedom, with one half added to
    every count of a study that has a zero; `q_p`, `i2` (percent) and `h2` are `None` where fewer
    than two studies have an effect of their own. `association` is the chi-square on one degree of
    freedom for no effect at all (Cochran-Mantel-Haenszel for OR, Mantel-Haenszel's for IRR, `None`
    for the others); `breslow_day` and `tarone` test whether the odds ratios are the same (OR only,
    `None` with fewer than two informative studies). `cites` are method ids.
    """

    method: str
    measure: str
    level: float
    k: int
    uninformative: tuple[int, ...]
    mu: float
    se: float
    z: float
    p: float
    ci: tuple[float, float]
    q: float
    q_df: int
    q_p: float | None
    i2: float | None
    h2: float | None
    association: float | None = None
    association_p: float | None = None
    breslow_day: float | None = None
    breslow_day_p: float | None = None
    tarone: float | None = None
    tarone_p: float | None = None
    cites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Cochran's Q around a given effect, and what follows from it."""

    q: float
    df: int
    p: float | None
    i2: float | None
    h2: float | None


def spread_around(mu: float, yi: FloatArray, vi: FloatArray) -> Spread:
    """Cochran's Q of estimates `yi` with variances `vi` around `mu`, I² in percent and H²."""
    q = float(np.sum((yi - mu) ** 2 / vi))
    df = max(len(yi) - 1, 0)
    if df == 0:
        return Spread(q=q, df=0, p=None, i2=None, h2=None)
    i2 = 100 * max(0.0, (q - df) / q) if q > 0 else 0.0
    return Spread(q=q, df=df, p=chi_square_upper_tail(q, df), i2=i2, h2=q / df)


def normal_summary(
    mu: float, variance: float, level: float
) -> tuple[float, float, float, tuple[float, float]]:
    """Standard error, z, two-sided p and interval of a normal estimate."""
    se = math.sqrt(variance)
    half = critical_value(level) * se
    return se, mu / se, two_sided_p(mu / se), (mu - half, mu + half)
