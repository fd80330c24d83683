"""Peto: observed minus expected events, for rare events and balanced arms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from equipoise.errors import EvidenceError
from equipoise.evidence.effects.estimate import require_level
from equipoise.evidence.synthesis.common_effect import CommonEffect, normal_summary, spread_around
from equipoise.evidence.synthesis.count_data import two_arms


def pool_peto(
    e1: Sequence[float],
    n1: Sequence[float],
    e2: Sequence[float],
    n2: Sequence[float],
    *,
    level: float = 0.95,
) -> CommonEffect:
    """Peto's one-step odds ratio (DOI 10.1016/S0033-0620(85)80003-7), on the log scale.

    log OR = Σ(O − E) / ΣV with the hypergeometric mean and variance of each table; no cell is
    corrected. The first step of Newton's method from no effect: close to the odds ratio while
    events are rare, effects small and arms of similar size, and biased otherwise
    (DOI 10.1002/sim.2528).

    Raises `EvidenceError` when no study has events without having nothing but events.
    """
    require_level(level)
    arms = two_arms(e1, n1, e2, n2)
    informative = ~arms.empty
    used = arms.taking(informative)
    if used.k == 0:
        raise EvidenceError(
            "No study has both people with and people without an event: Peto's odds ratio does "
            "not exist. Show each arm's proportion with its own interval."
        )
    n = used.n1 + used.n2
    events = used.x1 + used.x2
    share = used.n1 / n
    gap = used.x1 - events * share
    variance = share * (used.n2 / n) * events * (n - events) / (n - 1)
    total = float(variance.sum())
    mu = float(gap.sum()) / total
    se, z, p, ci = normal_summary(mu, 1 / total, level)
    spread = spread_around(mu, gap / variance, 1 / variance)
    return CommonEffect(
        method="PETO",
        measure="OR",
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
        cites=("peto",),
    )
