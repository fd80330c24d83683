"""An estimate from whatever stands beside it: SE, interval, exact or bounded p, z, t, F or χ².

The estimate is given as printed: a ratio for the measures whose `yi` is a logarithm, the number
itself for all others. Everything works on the analysis scale.
"""

from __future__ import annotations

import math

from equipoise.errors import EvidenceError
from equipoise.evidence.effects.counts import estimate_or
from equipoise.evidence.effects.estimate import (
    Assumption,
    EffectMeasure,
    Estimate,
    Step,
    require_finite,
    require_group_size,
    require_positive,
)
from equipoise.evidence.effects.means import estimate_smd_from_md, estimate_smd_from_p
from equipoise.evidence.effects.overflow import refuse_overflow
from equipoise.evidence.effects.printed import read_printed
from equipoise.evidence.effects.uncertainty import (
    NORMAL_INTERVAL,
    NORMAL_TEST,
    T_INTERVAL,
    T_TEST,
    se_from_ci,
    se_from_p,
    split_bound,
)

_MOST_PEOPLE = 1_000_000

LOG_INTERVAL = Assumption(
    id="log-normal-interval",
    text="The printed interval is symmetric on the logarithmic scale, from the normal.",
)
DELTA_METHOD = Assumption(
    id="se-of-ratio",
    text=(
        "The printed standard error is of the ratio itself; on the logarithmic scale it was "
        "divided by the ratio, which is an approximation for small errors."
    ),
)
P_AT_BOUND = Assumption(
    id="p-at-its-bound",
    text=(
        "Only an upper bound of the p-value was printed; the estimate has the largest standard "
        "error that fits, so that its precision is understated, never overstated."
    ),
)
P_AT_LOWER_BOUND = Assumption(
    id="p-at-lower-bound",
    text=(
        "Only a lower bound of the p-value was printed ('not significant'); the standard error is "
        "the smallest that fits, so that the precision may be overstated. A study kept out because "
        "its p-value was not printed would be missing because of its result."
    ),
)
SMALLEST_EFFECT = Assumption(
    id="smallest-effect-of-bound",
    text=(
        "Only an upper bound of the p-value was printed; the difference is the smallest that "
        "fits, and lies further from nothing than shown."
    ),
)
ADJUSTED = Assumption(
    id="adjusted-estimate",
    text=(
        "The estimate is adjusted for other variables; it estimates the same difference as an "
        "unadjusted one in a randomised trial, more precisely, but another one for odds ratios."
    ),
)


@refuse_overflow
def estimate_from_se(
    estimate: float,
    se: float,
    measure: EffectMeasure,
    *,
    df: float | None = None,
    of_ratio: bool = False,
) -> Estimate:
    """Estimate whose standard error was printed.

    For a ratio the standard error is that of its logarithm, or with `of_ratio` that of the ratio
    itself, which is divided by the ratio (delta method; Cochrane Handbook, chapter 6).
    """
    require_positive(se=se)
    if of_ratio and not measure.is_ratio:
        raise EvidenceError(f"{measure} is not a ratio.")
    yi, before = _on_analysis_scale(estimate, measure)
    scale = estimate if of_ratio else 1.0
    step = Step(
        quantity="SE",
        formula="SE of log = SE of ratio / ratio" if of_ratio else "SE as printed",
        value=se / scale,
        inputs={"SE": se, "ratio": estimate} if of_ratio else {"SE": se},
        cite="estimate-printed",
    )
    return _estimate(measure, yi, step, df, (*before, step), (DELTA_METHOD,) if of_ratio else ())


@refuse_overflow
def estimate_from_ci(
    estimate: float,
    low: float,
    high: float,
    measure: EffectMeasure,
    *,
    level: float = 0.95,
    df: float | None = None,
) -> Estimate:
    """Estimate from its printed interval, on the logarithmic scale for ratios; t with `df`.

    The estimate is kept as printed even where it is not the middle; `check_ci_symmetry` speaks.
    """
    yi, before = _on_analysis_scale(estimate, measure)
    if measure.is_ratio:
        require_positive(low=low, high=high)
        low, high = math.log(low), math.log(high)
    se = se_from_ci(low, high, level, df)
    if measure.is_ratio and df is None:
        belief = LOG_INTERVAL
    else:
        belief = NORMAL_INTERVAL if df is None else T_INTERVAL
    return _estimate(measure, yi, se, df, (*before, se), (belief,))


@refuse_overflow
def estimate_from_p(
    estimate: float, p: str | float, measure: EffectMeasure, *, df: float | None = None
) -> Estimate:
    """Estimate from its two-sided p-value, exact (0.032, "0.032") or bounded ("<0.05", "> 0.1").

    "p < x" bounds the standard error from above: it is put at that bound, which understates the
    precision. "p > x" bounds it from below; the bound is taken and recorded as the less cautious
    choice that it is. `df` where the test used t. Raises `EvidenceError` for p outside (0, 1) and
    for an estimate of no effect, which fits every standard error or none.
    """
    yi, before = _on_analysis_scale(estimate, measure)
    sign, number = split_bound(p) if isinstance(p, str) else ("=", None)
    value = float(p) if number is None else read_printed(number).value
    steps = se_from_p(yi, value, df)
    beliefs = {"<": (P_AT_BOUND,), ">": (P_AT_LOWER_BOUND,)}.get(sign, ())
    test = NORMAL_TEST if df is None else T_TEST
    return _estimate(measure, yi, steps[-1], df, (*before, *steps), (test, *beliefs))


def estimate_from_z(estimate: float, z: float, measure: EffectMeasure) -> Estimate:
    """Estimate from its Wald z: SE = estimate / z on the analysis scale."""
    return _from_statistic(estimate, z, measure, None, "z", ())


def estimate_from_t(estimate: float, t: float, df: float, measure: EffectMeasure) -> Estimate:
    """Estimate from its t on `df` degrees of freedom: SE = estimate / t."""
    require_positive(df=df)
    return _from_statistic(estimate, t, measure, df, "t", ())


def estimate_from_f(estimate: float, f: float, df: float, measure: EffectMeasure) -> Estimate:
    """Estimate from an F with 1 and `df` degrees of freedom, which is t²."""
    require_positive(df=df)
    root = _root(f, "F", "t", "|t| = √F, with one degree of freedom in the numerator")
    return _from_statistic(estimate, root.value, measure, df, "t", (root,))


def estimate_from_chi2(estimate: float, chi2: float, measure: EffectMeasure) -> Estimate:
    """Estimate from a χ² with one degree of freedom, which is z²."""
    root = _root(chi2, "χ²", "z", "|z| = √χ², with one degree of freedom")
    return _from_statistic(estimate, root.value, measure, None, "z", (root,))


@refuse_overflow
def estimate_smd_from_t(t: float, n1: float, n2: float) -> Estimate:
    """Hedges' g from the t of two independent groups, its sign that of the difference."""
    require_finite(t=t)
    require_group_size(n1=n1, n2=n2)
    d = Step(
        quantity="d",
        formula="d = t × √(1 / n₁ + 1 / n₂)",
        value=t * math.sqrt(1 / n1 + 1 / n2),
        inputs={"t": t, "n₁": n1, "n₂": n2},
        cite="smd-from-t",
    )
    # In units of the standard deviation the difference is d itself.
    g = estimate_smd_from_md(d.value, 1.0, n1, n2, sd=1.0)
    return Estimate(
        measure=g.measure,
        yi=g.yi,
        vi=g.vi,
        steps=(d, *g.steps[1:]),
        assumptions=g.assumptions,
    )


@refuse_overflow
def estimate_smd_from_f(f: float, sign: int, n1: float, n2: float) -> Estimate:
    """Hedges' g from the F of a one-way comparison of two groups; `sign` of the difference."""
    if sign not in (-1, 1):
        raise EvidenceError("The sign of the difference must be +1 or -1.")
    root = _root(f, "F", "t", "|t| = √F, with one degree of freedom in the numerator")
    g = estimate_smd_from_t(sign * root.value, n1, n2)
    return Estimate(
        measure=g.measure,
        yi=g.yi,
        vi=g.vi,
        steps=(root, *g.steps),
        assumptions=g.assumptions,
    )


def estimate_smd_from_p_bound(sign: int, p: str, n1: float, n2: float) -> Estimate:
    """Hedges' g from an upper bound of a t test's two-sided p-value ("p < 0.05").

    The bound gives the smallest difference that fits: cautious about the size, not about the
    precision, which hardly depends on it. "p > 0.1" is refused: the difference would lie anywhere
    between nothing and a bound.
    """
    bound, number = split_bound(p)
    if bound == ">":
        raise EvidenceError(
            "A lower bound of p says only that the difference lies between nothing and a bound."
        )
    g = estimate_smd_from_p(sign, read_printed(number).value, n1, n2)
    return Estimate(
        measure=g.measure,
        yi=g.yi,
        vi=g.vi,
        steps=g.steps,
        assumptions=(*g.assumptions, *((SMALLEST_EFFECT,) if bound == "<" else ())),
    )


def phi_from_chi2(chi2: float, n: float, sign: int = 1) -> Step:
    """φ = ± √(χ² / n), the correlation of two yes-or-no variables in n people.

    χ² without continuity correction. Raises `EvidenceError` where χ² exceeds n.
    """
    require_positive(n=n)
    if sign not in (-1, 1):
        raise EvidenceError("The sign of the association must be +1 or -1.")
    if not (math.isfinite(chi2) and 0 <= chi2 <= n):
        raise EvidenceError(f"A χ² of {chi2:g} cannot come from a fourfold table of {n:g} people.")
    return Step(
        quantity="φ",
        formula="φ = sign × √(χ² / n)",
        value=sign * math.sqrt(chi2 / n),
        inputs={"χ²": chi2, "n": n, "sign": sign},
        cite="phi-from-chi2",
    )


def tables_from_chi2(
    chi2: str, n1: int, n2: int, events: int, *, continuity: bool = False
) -> tuple[tuple[int, int], ...]:
    """Events in arm 1 and 2 of every fourfold table with these margins whose χ² prints as `chi2`.

    `events` in both arms together; Pearson's χ², or Yates's with `continuity`. The tables come in
    the order of the first arm's events: usually one below and one above the expected number, and
    the direction of the effect chooses. Empty where no table fits.
    """
    people = n1 + n2
    if min(n1, n2) < 1 or not 0 < events < people:
        raise EvidenceError("A fourfold table needs people in both arms, with events and without.")
    if people > _MOST_PEOPLE:
        raise EvidenceError(f"Tables of {people} people are too many to try.")
    printed = read_printed(chi2)
    factor = people / (n1 * n2 * events * (people - events))
    found = []
    for e1 in range(max(0, events - n2), min(n1, events) + 1):
        gap = float(abs(e1 * (n2 - events + e1) - (events - e1) * (n1 - e1)))
        if continuity:
            gap = max(gap - people / 2, 0.0)
        value = gap**2 * factor
        slack = 1e-9 * max(1.0, value)
        if printed.low - slack <= value <= printed.high + slack:
            found.append((e1, events - e1))
    return tuple(found)


def estimate_or_from_chi2(
    chi2: str, sign: int, n1: int, n2: int, events: int, *, continuity: bool = False
) -> Estimate:
    """Log odds ratio from a χ² and the margins of the table; `sign` +1 where arm 1 has more.

    Whole-number tables are searched (`tables_from_chi2`). Raises `EvidenceError` where none fits
    or where several do: more digits of χ² are needed then.
    """
    if sign not in (-1, 1):
        raise EvidenceError("The sign of the effect must be +1 or -1.")
    tables = [
        (e1, e2)
        for e1, e2 in tables_from_chi2(chi2, n1, n2, events, continuity=continuity)
        if (e1 * n2 - e2 * n1) * sign >= 0
    ]
    if len(tables) != 1:
        none = "No table" if not tables else f"More than one table ({len(tables)})"
        raise EvidenceError(
            f"{none} of {n1} and {n2} people with {events} events has a χ² of {chi2}."
        )
    e1, e2 = tables[0]
    step = Step(
        quantity="e₁",
        formula="e₁ = events of the only table with this χ² and these margins",
        value=float(e1),
        inputs={
            "χ²": read_printed(chi2).value,
            "n₁": float(n1),
            "n₂": float(n2),
            "events": float(events),
        },
        cite="phi-from-chi2",
    )
    found = estimate_or(e1, n1, e2, n2)
    return Estimate(
        measure=found.measure,
        yi=found.yi,
        vi=found.vi,
        steps=(step, *found.steps),
        assumptions=found.assumptions,
    )


def mark_adjusted(estimate: Estimate) -> Estimate:
    """The same estimate, flagged as adjusted for other variables."""
    if ADJUSTED in estimate.assumptions:
        return estimate
    return Estimate(
        measure=estimate.measure,
        yi=estimate.yi,
        vi=estimate.vi,
        df=estimate.df,
        steps=estimate.steps,
        assumptions=(*estimate.assumptions, ADJUSTED),
    )


def _on_analysis_scale(estimate: float, measure: EffectMeasure) -> tuple[float, tuple[Step, ...]]:
    if not measure.is_ratio:
        require_finite(estimate=estimate)
        return estimate, ()
    require_positive(estimate=estimate)
    log = Step(
        quantity=f"log {measure}",
        formula=f"log {measure} = log(printed ratio)",
        value=math.log(estimate),
        inputs={"ratio": estimate},
        cite="estimate-printed",
    )
    return log.value, (log,)


def _root(statistic: float, symbol: str, of: str, formula: str) -> Step:
    if not (math.isfinite(statistic) and statistic >= 0):
        raise EvidenceError(f"A {symbol} of {statistic:g} cannot be.")
    return Step(
        quantity=f"|{of}|",
        formula=formula,
        value=math.sqrt(statistic),
        inputs={symbol: statistic},
        cite="se-from-statistic",
    )


@refuse_overflow
def _from_statistic(
    estimate: float,
    statistic: float,
    measure: EffectMeasure,
    df: float | None,
    symbol: str,
    before: tuple[Step, ...],
) -> Estimate:
    yi, log = _on_analysis_scale(estimate, measure)
    require_finite(**{symbol: statistic})
    if statistic == 0 or yi == 0:
        raise EvidenceError(
            f"An estimate of no effect, or a {symbol} of zero, gives no standard error."
        )
    se = Step(
        quantity="SE",
        formula=f"SE = |estimate| / |{symbol}|",
        value=abs(yi / statistic),
        inputs={"estimate": yi, symbol: statistic},
        cite="se-from-statistic",
    )
    test = NORMAL_TEST if df is None else T_TEST
    return _estimate(measure, yi, se, df, (*log, *before, se), (test,))


def _estimate(
    measure: EffectMeasure,
    yi: float,
    se: Step,
    df: float | None,
    steps: tuple[Step, ...],
    assumptions: tuple[Assumption, ...],
) -> Estimate:
    variance = se.value * se.value
    if not (math.isfinite(variance) and variance > 0):
        raise EvidenceError("The standard error is too small or too large to work with.")
    return Estimate(
        measure=measure, yi=yi, vi=variance, df=df, steps=steps, assumptions=assumptions
    )
