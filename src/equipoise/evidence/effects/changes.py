"""Change from before to after in two arms, and the correlation that its precision hangs on."""

from __future__ import annotations

import math
from dataclasses import dataclass

from equipoise.errors import EvidenceError
from equipoise.evidence.effects.arms import MeanArm
from equipoise.evidence.effects.conversions import ADJUSTED
from equipoise.evidence.effects.estimate import (
    Assumption,
    EffectMeasure,
    Estimate,
    Step,
    require_correlation,
    require_finite,
    require_group_size,
    require_positive,
)
from equipoise.evidence.effects.means import estimate_md_from_means
from equipoise.evidence.effects.overflow import refuse_overflow
from equipoise.evidence.effects.paired import GIVEN_CORRELATION, estimate_md_crossover_from_arms
from equipoise.evidence.effects.uncertainty import se_from_p

OBSERVED_CORRELATION = Assumption(
    id="correlation-from-printed-sds",
    text="The correlation was worked back from printed standard deviations of the same people.",
)
EQUAL_SLOPES = Assumption(
    id="equal-slopes",
    text="Scores after depend on those before in the same straight line in both arms.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BeforeAfter:
    """One arm before and after: means, SDs, and the people with both.

    Raises `EvidenceError` for means that are not finite, SDs that are not positive and fewer than
    two people.
    """

    mean_before: float
    sd_before: float
    mean_after: float
    sd_after: float
    n: float

    def __post_init__(self) -> None:
        require_finite(mean_before=self.mean_before, mean_after=self.mean_after)
        require_positive(sd_before=self.sd_before, sd_after=self.sd_after)
        require_group_size(n=self.n)


@refuse_overflow
def correlation_from_change(sd_before: float, sd_after: float, sd_change: float) -> Step:
    """Correlation of before and after from three printed SDs (Cochrane Handbook 6.5.2.8).

    r = (SD before² + SD after² − SD change²) / (2 SD before SD after). Raises `EvidenceError`
    where that is no correlation; the guard `check_change_sd` allows for rounding.
    """
    require_positive(sd_before=sd_before, sd_after=sd_after, sd_change=sd_change)
    # In units of the SDs, so that neither huge nor tiny numbers overflow.
    ratio, change = sd_after / sd_before, sd_change / sd_before
    r = (1 / ratio + ratio - change * (change / ratio)) / 2
    if not -1 <= r <= 1:
        raise EvidenceError(
            "No correlation gives this standard deviation of the change beside those before and "
            "after."
        )
    return Step(
        quantity="r",
        formula="r = (SD before² + SD after² − SD change²) / (2 × SD before × SD after)",
        value=r,
        inputs={"SD before": sd_before, "SD after": sd_after, "SD change": sd_change},
        cite="change-correlation",
    )


@refuse_overflow
def correlation_from_paired_p(
    difference: float, p: float, sd1: float, sd2: float, n: float
) -> Step:
    """Correlation of two conditions of n people from the p-value of their paired t test."""
    require_group_size(n=n)
    se = se_from_p(difference, p, n - 1)[-1].value
    return correlation_from_change(sd1, sd2, se * math.sqrt(n))


@refuse_overflow
def sd_of_change(sd_before: float, sd_after: float, r: float) -> Step:
    """SD of change from the SDs before and after and a correlation (Follmann 1992).

    DOI 10.1016/0895-4356(92)90054-q. Inverse of `correlation_from_change`.
    """
    require_positive(sd_before=sd_before, sd_after=sd_after)
    require_correlation(r)
    # As a sum of two squares, which cannot fall below zero by rounding.
    value = math.hypot(
        sd_before - sd_after, math.sqrt(2 * (1 - r)) * math.sqrt(sd_before) * math.sqrt(sd_after)
    )
    return Step(
        quantity="SD change",
        formula="SD change = √(SD before² + SD after² − 2 × r × SD before × SD after)",
        value=value,
        inputs={"SD before": sd_before, "SD after": sd_after, "r": r},
        cite="change-correlation",
    )


@refuse_overflow
def estimate_md_from_changes(
    arm1: BeforeAfter, arm2: BeforeAfter, r: float, *, observed: bool = False
) -> Estimate:
    """Difference between two arms' mean changes, with a correlation assumed or `observed`.

    In a randomised trial it estimates the same as the difference of the final means, more
    precisely where r exceeds one half. An assumed r can be swept.
    """
    changes = []
    steps: list[Step] = []
    for arm, mark in ((arm1, "₁"), (arm2, "₂")):
        sd = sd_of_change(arm.sd_before, arm.sd_after, r)
        change = Step(
            quantity=f"change{mark}",
            formula="change = mean after − mean before",
            value=arm.mean_after - arm.mean_before,
            inputs={"mean after": arm.mean_after, "mean before": arm.mean_before},
            cite="change-correlation",
        )
        steps += [change, _renamed(sd, f"SD change{mark}")]
        changes.append(MeanArm(mean=change.value, sd=sd.value, n=arm.n))
    one, two = changes
    md = estimate_md_from_means(one.mean, one.sd, one.n, two.mean, two.sd, two.n)
    return Estimate(
        measure=EffectMeasure.MD,
        yi=md.yi,
        vi=md.vi,
        steps=(*steps, *md.steps),
        assumptions=(OBSERVED_CORRELATION if observed else GIVEN_CORRELATION,),
    )


@refuse_overflow
def estimate_md_ancova(
    arm1: BeforeAfter, arm2: BeforeAfter, r: float, *, observed: bool = False
) -> Estimate:
    """Difference of final means adjusted for the baseline, from the arms' summaries.

    slope b = r × SD after / SD before (SDs pooled over the arms), estimate = difference after −
    b × difference before, variance = SD after² (1 − r²) (1/n₁ + 1/n₂ + (difference before)² /
    Σ(before − its mean)²) × (N − 2)/(N − 3). With r the pooled within-arm correlation this is the
    least-squares result itself (McKenzie 2016, DOI 10.1002/jrsm.1196). N is n₁ + n₂.
    """
    require_correlation(r)
    df = arm1.n + arm2.n - 3
    if not df > 0:
        raise EvidenceError("An adjusted difference needs at least four people.")
    before = _pooled(arm1.sd_before, arm1.n, arm2.sd_before, arm2.n)
    after = _pooled(arm1.sd_after, arm1.n, arm2.sd_after, arm2.n)
    gap_before = arm1.mean_before - arm2.mean_before
    gap_after = arm1.mean_after - arm2.mean_after
    slope = Step(
        quantity="b",
        formula="b = r × SD after / SD before, SDs pooled over the arms",
        value=r * after / before,
        inputs={"r": r, "SD after": after, "SD before": before},
        cite="ancova",
    )
    adjusted = Step(
        quantity="MD",
        formula="MD = difference after − b × difference before",
        value=gap_after - slope.value * gap_before,
        inputs={"difference after": gap_after, "b": slope.value, "difference before": gap_before},
        cite="ancova",
    )
    imbalance = gap_before / before / math.sqrt(df + 1)
    spread = after * math.sqrt((1 - r) * (1 + r) * (df + 1) / df)
    se = Step(
        quantity="SE",
        formula=(
            "SE = SD after × √((1 − r²) × (N − 2) / (N − 3)) × √(1 / n₁ + 1 / n₂ + "
            "difference before² / ((N − 2) × SD before²)), N = n₁ + n₂"
        ),
        value=spread * math.sqrt(1 / arm1.n + 1 / arm2.n + imbalance * imbalance),
        inputs={"SD after": after, "SD before": before, "r": r, "n₁": arm1.n, "n₂": arm2.n},
        cite="ancova",
    )
    return Estimate(
        measure=EffectMeasure.MD,
        yi=adjusted.value,
        vi=se.value * se.value,
        df=df,
        steps=(slope, adjusted, se),
        assumptions=(
            ADJUSTED,
            EQUAL_SLOPES,
            OBSERVED_CORRELATION if observed else GIVEN_CORRELATION,
        ),
    )


@refuse_overflow
def estimate_md_crossover_from_printed_p(
    m1: float, sd1: float, m2: float, sd2: float, n: float, p: float
) -> Estimate:
    """Crossover mean difference from each condition's mean and SD and the paired test's p-value.

    The p-value gives the correlation, so that nothing is assumed about it. Raises `EvidenceError`
    where no correlation gives that p: the test was then not a paired one, or a number is wrong.
    """
    r = correlation_from_paired_p(m1 - m2, p, sd1, sd2, n)
    if not -1 < r.value < 1:
        raise EvidenceError("The two conditions would have to be perfectly correlated.")
    found = estimate_md_crossover_from_arms(m1, sd1, m2, sd2, n, r.value)
    beliefs = tuple(a for a in found.assumptions if a != GIVEN_CORRELATION)
    return Estimate(
        measure=found.measure,
        yi=found.yi,
        vi=found.vi,
        df=found.df,
        steps=(r, *found.steps),
        assumptions=(OBSERVED_CORRELATION, *beliefs),
    )


def _pooled(sd1: float, n1: float, sd2: float, n2: float) -> float:
    weight = n1 + n2 - 2
    return math.hypot(sd1 * math.sqrt((n1 - 1) / weight), sd2 * math.sqrt((n2 - 1) / weight))


def _renamed(step: Step, quantity: str) -> Step:
    return Step(
        quantity=quantity,
        formula=step.formula,
        value=step.value,
        inputs=step.inputs,
        cite=step.cite,
    )
