"""Effects from counts: two arms, one arm, and no events at all."""

from __future__ import annotations

import math
from dataclasses import dataclass

from equipoise.errors import EvidenceError
from equipoise.evidence.effects.estimate import (
    Assumption,
    EffectMeasure,
    Estimate,
    Step,
    require_level,
    require_positive,
)
from equipoise.evidence.effects.uncertainty import se_from_ci
from equipoise.stats.distributions import critical_value

HALF_ADDED = Assumption(
    id="half-added-to-zero-cells",
    text=(
        "One half was added to every cell because one was empty; the estimate depends on that "
        "choice and leans towards no effect."
    ),
)
LOG_NORMAL_INTERVAL = Assumption(
    id="log-normal-interval",
    text="The printed interval is symmetric on the logarithmic scale, from the normal.",
)

_METHOD_OF_RATIO = {EffectMeasure.HR: "hr", EffectMeasure.D2OR: "d2orl"}

_NO_RATIO = (
    "{e1} of {n1} against {e2} of {n2} carries no information on a ratio. Show each arm's "
    "proportion with its own interval, or the bound for zero events."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proportion:
    """A share of people with Wilson's interval, which keeps its promise at zero and at all."""

    events: int
    n: int
    value: float
    low: float
    high: float
    level: float
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ZeroEventBound:
    """Largest risk that no event among `n` people leaves standing at one-sided `level`.

    `exact` is the binomial bound 1 − (1 − level)^(1/n); `three_over_n` the bedside rule (for 95%
    only, whatever `level` is), capped at one.
    """

    n: int
    exact: float
    three_over_n: float
    level: float
    steps: tuple[Step, ...]


def estimate_rr(e1: int, n1: int, e2: int, n2: int) -> Estimate:
    """Log risk ratio of arm 1 over arm 2; variance 1/e1 − 1/n1 + 1/e2 − 1/n2.

    As metafor: one half is added to all four cells if any is zero. No events in both arms say
    nothing about a ratio and are refused.
    """
    if e1 == e2 == 0:
        raise EvidenceError(_NO_RATIO.format(e1=e1, n1=n1, e2=e2, n2=n2))
    a, b, c, d, flags = _cells(e1, n1, e2, n2)
    log_ratio = Step(
        quantity="log RR",
        formula="log RR = log((e₁ / n₁) / (e₂ / n₂))",
        value=math.log(a / (a + b)) - math.log(c / (c + d)),
        inputs={"e₁": a, "n₁": a + b, "e₂": c, "n₂": c + d},
        cite="rr",
    )
    variance = Step(
        quantity="variance",
        formula="variance = 1 / e₁ − 1 / n₁ + 1 / e₂ − 1 / n₂",
        value=1 / a - 1 / (a + b) + 1 / c - 1 / (c + d),
        inputs={"e₁": a, "n₁": a + b, "e₂": c, "n₂": c + d},
        cite="rr",
    )
    return Estimate(
        measure=EffectMeasure.RR,
        yi=log_ratio.value,
        vi=variance.value,
        steps=(log_ratio, variance),
        assumptions=flags,
    )


def estimate_ratio_from_ci(
    estimate: float,
    low: float,
    high: float,
    level: float = 0.95,
    *,
    measure: EffectMeasure = EffectMeasure.RR,
) -> Estimate:
    """Log ratio from a printed ratio and its interval, which is symmetric on the log scale.

    For every measure that is a log ratio, adjusted ones too. Raises `EvidenceError` unless all
    three are positive and in order (Cochrane Handbook, chapter 6,
    DOI 10.1002/9781119536604.ch6).
    """
    require_positive(estimate=estimate, low=low, high=high)
    if not measure.is_ratio:
        raise EvidenceError(f"{measure} is not a ratio.")
    if not low <= estimate <= high:
        raise EvidenceError("The ratio lies outside its own interval.")
    log_ratio = Step(
        quantity=f"log {measure}",
        formula=f"log {measure} = log(printed ratio)",
        value=math.log(estimate),
        inputs={"ratio": estimate},
        cite=_METHOD_OF_RATIO.get(measure, measure.lower()),
    )
    se = se_from_ci(math.log(low), math.log(high), level, None)
    return Estimate(
        measure=measure,
        yi=log_ratio.value,
        vi=se.value**2,
        steps=(log_ratio, se),
        assumptions=(LOG_NORMAL_INTERVAL,),
    )


def estimate_or(e1: int, n1: int, e2: int, n2: int) -> Estimate:
    """Log odds ratio of arm 1 over arm 2; variance 1/a + 1/b + 1/c + 1/d.

    As metafor: one half is added to all four cells if any is zero. No events (or only events) in
    both arms say nothing about a ratio and are refused.
    """
    if e1 == e2 == 0 or (e1 == n1 and e2 == n2):
        raise EvidenceError(_NO_RATIO.format(e1=e1, n1=n1, e2=e2, n2=n2))
    a, b, c, d, flags = _cells(e1, n1, e2, n2)
    cells = {"a": a, "b": b, "c": c, "d": d}
    log_ratio = Step(
        quantity="log OR",
        formula="log OR = log(a × d / (b × c))",
        value=math.log(a) + math.log(d) - math.log(b) - math.log(c),
        inputs=cells,
        cite="or",
    )
    variance = Step(
        quantity="variance",
        formula="variance = 1 / a + 1 / b + 1 / c + 1 / d",
        value=1 / a + 1 / b + 1 / c + 1 / d,
        inputs=cells,
        cite="or",
    )
    return Estimate(
        measure=EffectMeasure.OR,
        yi=log_ratio.value,
        vi=variance.value,
        steps=(log_ratio, variance),
        assumptions=flags,
    )


def estimate_rd(e1: int, n1: int, e2: int, n2: int) -> Estimate:
    """Risk difference, arm 1 minus arm 2; variance p1 (1 − p1) / n1 + p2 (1 − p2) / n2.

    Nothing is added to zero cells (metafor adds one half by default; `to="none"` is this). Where
    both arms are all or nothing the formula's variance is zero, which is refused.
    """
    _require_counts(e1, n1)
    _require_counts(e2, n2)
    p1, p2 = e1 / n1, e2 / n2
    inputs = {"e₁": float(e1), "n₁": float(n1), "e₂": float(e2), "n₂": float(n2)}
    rd = Step(
        quantity="RD",
        formula="RD = e₁ / n₁ − e₂ / n₂",
        value=p1 - p2,
        inputs=inputs,
        cite="rd",
    )
    variance = Step(
        quantity="variance",
        formula="variance = p₁ × (1 − p₁) / n₁ + p₂ × (1 − p₂) / n₂, p = e / n",
        value=p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2,
        inputs=inputs,
        cite="rd",
    )
    if variance.value == 0:
        raise EvidenceError(
            "Both arms have all events or none: the risk difference has no usable standard error. "
            "Show each arm's proportion with its own interval instead."
        )
    return Estimate(measure=EffectMeasure.RD, yi=rd.value, vi=variance.value, steps=(rd, variance))


def estimate_proportion(e: int, n: int, level: float = 0.95) -> Proportion:
    """Proportion with Wilson's score interval (DOI 10.1080/01621459.1927.10502953)."""
    _require_counts(e, n)
    require_level(level)
    p = e / n
    z = critical_value(level)
    centre = (e + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * math.sqrt(e * (n - e) / n + z * z / 4)
    low = 0.0 if e == 0 else max(0.0, centre - half)
    high = 1.0 if e == n else min(1.0, centre + half)
    counts = {"e": float(e), "n": float(n)}
    formula = "(e + z² / 2 {} z × √(e × (n − e) / n + z² / 4)) / (n + z²)"
    return Proportion(
        events=e,
        n=n,
        value=p,
        low=low,
        high=high,
        level=level,
        steps=(
            Step(quantity="p", formula="p = e / n", value=p, inputs=counts, cite="wilson"),
            Step(
                quantity="lower",
                formula="lower = " + formula.format("−"),
                value=low,
                inputs={**counts, "z": z},
                cite="wilson",
            ),
            Step(
                quantity="upper",
                formula="upper = " + formula.format("+"),
                value=high,
                inputs={**counts, "z": z},
                cite="wilson",
            ),
        ),
    )


def estimate_pr(e: int, n: int) -> Estimate:
    """Raw proportion for pooling (metafor `PR`): variance p (1 − p) / n; zero cells as metafor."""
    x, rest, flags = _one_arm(e, n)
    total = x + rest
    p = x / total
    inputs = {"e": x, "n": total}
    steps = (
        Step(quantity="p", formula="p = e / n", value=p, inputs=inputs, cite="pr"),
        Step(
            quantity="variance",
            formula="variance = p × (1 − p) / n",
            value=p * (1 - p) / total,
            inputs=inputs,
            cite="pr",
        ),
    )
    return Estimate(
        measure=EffectMeasure.PR, yi=p, vi=steps[1].value, steps=steps, assumptions=flags
    )


def estimate_plo(e: int, n: int) -> Estimate:
    """Log odds of a proportion for pooling (metafor `PLO`); zero cells as metafor."""
    x, rest, flags = _one_arm(e, n)
    inputs = {"e": x, "n": x + rest}
    steps = (
        Step(
            quantity="log odds",
            formula="log odds = log(e / (n − e))",
            value=math.log(x) - math.log(rest),
            inputs=inputs,
            cite="plo",
        ),
        Step(
            quantity="variance",
            formula="variance = 1 / e + 1 / (n − e)",
            value=1 / x + 1 / rest,
            inputs=inputs,
            cite="plo",
        ),
    )
    return Estimate(
        measure=EffectMeasure.PLO,
        yi=steps[0].value,
        vi=steps[1].value,
        steps=steps,
        assumptions=flags,
    )


def rule_of_three(n: int, level: float = 0.95) -> ZeroEventBound:
    """Upper bound for a risk after no event among n people (DOI 10.1001/jama.1983.03330370053031).

    The bound is one-sided: 95% confidence that the risk is not higher.
    """
    _require_counts(0, n)
    require_level(level)
    exact = -math.expm1(math.log1p(-level) / n)
    rule = min(1.0, 3 / n)
    count = {"n": float(n)}
    return ZeroEventBound(
        n=n,
        exact=exact,
        three_over_n=rule,
        level=level,
        steps=(
            Step(
                quantity="exact bound",
                formula="bound = 1 − (1 − level)^(1 / n)",
                value=exact,
                inputs={**count, "level": level},
                cite="rule-of-three",
            ),
            Step(
                quantity="bedside bound",
                formula="bound ≈ 3 / n",
                value=rule,
                inputs=count,
                cite="rule-of-three",
            ),
        ),
    )


def _require_counts(e: int, n: int) -> None:
    if n < 1 or n != int(n) or e != int(e):
        raise EvidenceError(f"{e} of {n} is not a count of people.")
    if not 0 <= e <= n:
        raise EvidenceError(f"{e} events among {n} people cannot be.")


def _cells(
    e1: int, n1: int, e2: int, n2: int
) -> tuple[float, float, float, float, tuple[Assumption, ...]]:
    _require_counts(e1, n1)
    _require_counts(e2, n2)
    cells = (float(e1), float(n1 - e1), float(e2), float(n2 - e2))
    if min(cells) > 0:
        return (*cells, ())
    a, b, c, d = (x + 0.5 for x in cells)
    return a, b, c, d, (HALF_ADDED,)


def _one_arm(e: int, n: int) -> tuple[float, float, tuple[Assumption, ...]]:
    _require_counts(e, n)
    if 0 < e < n:
        return float(e), float(n - e), ()
    return e + 0.5, n - e + 0.5, (HALF_ADDED,)
