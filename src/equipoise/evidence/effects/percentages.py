"""A risk ratio from percentages whose denominators were not printed."""

from __future__ import annotations

import math

from equipoise.errors import EvidenceError
from equipoise.evidence.effects.estimate import (
    Assumption,
    EffectMeasure,
    Estimate,
    Step,
    require_finite,
)
from equipoise.evidence.effects.uncertainty import se_from_p

TEST_OF_RATIO = Assumption(
    id="test-of-ratio",
    text=(
        "The printed p-value is two-sided and counts as one of the logarithm of the risk ratio; "
        "the test that gave it may have been another."
    ),
)


def estimate_rr_from_percents(percent1: float, percent2: float, p: float) -> Estimate:
    """Log risk ratio from two printed percentages and the exact p-value of their comparison.

    The ratio of the percentages is that of the risks, whatever the denominators, which are not
    needed; SE = |log RR| / |z| (Cochrane Handbook, chapter 6, DOI 10.1002/9781119536604.ch6).
    Refused where a percentage is zero, or both are equal: then no ratio or no precision is told.
    """
    for percent in (percent1, percent2):
        require_finite(percentage=percent)
        if not 0 <= percent <= 100:
            raise EvidenceError(f"{percent:g}% is not a share of people.")
    if percent1 == 0 or percent2 == 0:
        raise EvidenceError("A percentage of zero gives no ratio without the counts behind it.")
    log_ratio = Step(
        quantity="log RR",
        formula="log RR = log(percentage₁ / percentage₂)",
        value=math.log(percent1) - math.log(percent2),
        inputs={"percentage₁": percent1, "percentage₂": percent2},
        cite="rr",
    )
    steps = se_from_p(log_ratio.value, p, None)
    return Estimate(
        measure=EffectMeasure.RR,
        yi=log_ratio.value,
        vi=steps[-1].value ** 2,
        steps=(log_ratio, *steps),
        assumptions=(TEST_OF_RATIO,),
    )
