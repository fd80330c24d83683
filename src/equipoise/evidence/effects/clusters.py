"""Trials that randomised groups of people: clinics, wards, villages.

People of one cluster resemble each other, so that a sample counts for fewer people than it has.
An analysis that ignored this is put right with the design effect (Cochrane Handbook, chapter 23).
"""

from __future__ import annotations

import math

from equipoise.errors import EvidenceError
from equipoise.evidence.effects.arms import CountArm, Derived, MeanArm
from equipoise.evidence.effects.estimate import Assumption, Estimate, Step, Sweep
from equipoise.evidence.effects.overflow import refuse_overflow

ASSUMED_ICC = Assumption(
    id="intracluster-correlation",
    text=(
        "The analysis ignored the clusters and was corrected with an assumed intracluster "
        "correlation, not one observed in this study."
    ),
    sweep=Sweep(name="icc", values=(0.01, 0.02, 0.05, 0.1)),
)


@refuse_overflow
def design_effect(icc: float, mean_size: float, *, size_cv: float = 0.0) -> Step:
    """By how much clusters inflate a variance: 1 + ((1 + CV²) × mean size − 1) × ICC.

    `mean_size` in analysed people per cluster; `size_cv` the coefficient of variation of the
    sizes (Eldridge 2006, DOI 10.1093/ije/dyl129), zero for equal ones. Raises `EvidenceError` for
    an ICC outside [0, 1] and a mean size below 1.
    """
    if not 0 <= icc <= 1:
        raise EvidenceError(f"An intracluster correlation of {icc:g} is not between 0 and 1.")
    if not (math.isfinite(mean_size) and mean_size >= 1):
        raise EvidenceError(f"A mean cluster size of {mean_size:g} is below one person.")
    if not (math.isfinite(size_cv) and size_cv >= 0):
        raise EvidenceError(f"A coefficient of variation of {size_cv:g} cannot be.")
    return Step(
        quantity="design effect",
        formula="design effect = 1 + ((1 + CV²) × mean cluster size − 1) × ICC",
        value=1 + ((1 + size_cv * size_cv) * mean_size - 1) * icc,
        inputs={"ICC": icc, "mean cluster size": mean_size, "CV": size_cv},
        cite="design-effect",
    )


def estimate_from_clusters(
    estimate: Estimate, icc: float, mean_size: float, *, size_cv: float = 0.0
) -> Estimate:
    """An estimate that ignored the clusters, its variance multiplied by the design effect.

    Not for an estimate whose analysis respected the clusters: that one stands as printed. The
    degrees of freedom, which counted people, are dropped; few clusters leave fewer.
    """
    effect = design_effect(icc, mean_size, size_cv=size_cv)
    variance = Step(
        quantity="variance",
        formula="variance = design effect × variance without clusters",
        value=effect.value * estimate.vi,
        inputs={"design effect": effect.value, "variance without clusters": estimate.vi},
        cite="design-effect",
    )
    return Estimate(
        measure=estimate.measure,
        yi=estimate.yi,
        vi=variance.value,
        steps=(*estimate.steps, effect, variance),
        assumptions=(*estimate.assumptions, ASSUMED_ICC),
    )


def effective_means(
    arm: MeanArm, icc: float, mean_size: float, *, size_cv: float = 0.0
) -> Derived[MeanArm]:
    """An arm with its effective number of people, n / design effect; mean and SD stay."""
    effect, n = _effective(arm.n, icc, mean_size, size_cv)
    return Derived(
        arm=MeanArm(mean=arm.mean, sd=arm.sd, n=n.value),
        steps=(effect, n),
        assumptions=(ASSUMED_ICC,),
    )


def effective_counts(
    arm: CountArm, icc: float, mean_size: float, *, size_cv: float = 0.0
) -> Derived[CountArm]:
    """An arm with effective people and events, both divided by the design effect."""
    effect, n = _effective(arm.n, icc, mean_size, size_cv)
    events = Step(
        quantity="effective e",
        formula="effective e = e / design effect",
        value=arm.events / effect.value,
        inputs={"e": arm.events, "design effect": effect.value},
        cite="design-effect",
    )
    return Derived(
        arm=CountArm(events=min(events.value, n.value), n=n.value),
        steps=(effect, n, events),
        assumptions=(ASSUMED_ICC,),
    )


def _effective(n: float, icc: float, mean_size: float, size_cv: float) -> tuple[Step, Step]:
    effect = design_effect(icc, mean_size, size_cv=size_cv)
    return effect, Step(
        quantity="effective n",
        formula="effective n = n / design effect",
        value=n / effect.value,
        inputs={"n": n, "design effect": effect.value},
        cite="design-effect",
    )
