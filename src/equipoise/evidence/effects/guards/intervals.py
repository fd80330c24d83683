"""Whether estimates, intervals and p-values belong together."""

from __future__ import annotations

import math

from equipoise.errors import EvidenceError
from equipoise.evidence.effects.estimate import require_level
from equipoise.evidence.effects.guards.guard import SLACK, Guard
from equipoise.evidence.effects.printed import Printed, read_printed
from equipoise.evidence.effects.uncertainty import split_bound
from equipoise.stats.distributions import critical_value, two_sided_p


def check_ci_matches_p(
    estimate: str,
    low: str,
    high: str,
    p: str,
    *,
    level: float = 0.95,
    df: float | None = None,
    ratio: bool = False,
) -> Guard | None:
    """Speak where an interval and a two-sided p-value do not belong to one estimate.

    `p` is exact ("0.236") or a bound ("<0.05", "> 0.2"). The p-value implied by estimate and
    interval is a range, because each printed digit is; with `df` the t distribution is allowed as
    well as the normal. `ratio` takes logarithms first (DOI 10.1136/bmj.d2304).
    """
    require_level(level)
    e, lo, hi = read_printed(estimate), read_printed(low), read_printed(high)
    narrow, wide = _widths(lo, hi, ratio=ratio)
    near, far = _distance_from_null(e, ratio=ratio)
    implied: list[float] = []
    for freedom in {None, df}:
        factor = 2 * critical_value(level, freedom)
        implied.append(two_sided_p(far * factor / narrow, freedom) if narrow > 0 else 0.0)
        implied.append(two_sided_p(near * factor / wide, freedom))
    smallest, largest = min(implied), max(implied)
    sign, number = split_bound(p)
    printed = read_printed(number)
    if sign == "<":
        agrees = smallest < printed.value
    elif sign == ">":
        agrees = largest > printed.value
    else:
        agrees = printed.low - SLACK <= largest and smallest <= printed.high + SLACK
    if agrees:
        return None
    return Guard(
        id="ci-does-not-match-p",
        sentence="The confidence interval and the p-value do not belong to the same estimate.",
        cite="p-from-ci",
        values={
            "printed_p": printed.value,
            "smallest_p_from_interval": smallest,
            "largest_p_from_interval": largest,
        },
    )


def check_estimate_in_ci(estimate: str, low: str, high: str) -> Guard | None:
    """Speak where the estimate lies outside its own interval, beyond rounding."""
    e, lo, hi = read_printed(estimate), read_printed(low), read_printed(high)
    if lo.low <= e.high + SLACK and e.low <= hi.high + SLACK and lo.value <= hi.value:
        return None
    return Guard(
        id="estimate-outside-ci",
        sentence="The estimate lies outside its own confidence interval.",
        values={"estimate": e.value, "lower": lo.value, "upper": hi.value},
    )


def check_ci_symmetry(estimate: str, low: str, high: str, *, ratio: bool = False) -> Guard | None:
    """Speak where the estimate is not the middle of its interval, beyond rounding.

    On a linear scale that means a typing mistake, a ratio reported as a difference, or an interval
    from another analysis; with `ratio` the middle is meant on the log scale.
    """
    e, lo, hi = read_printed(estimate), read_printed(low), read_printed(high)
    if ratio:
        e_low, e_high = _log_range(e)
        lo_low, lo_high = _log_range(lo)
        hi_low, hi_high = _log_range(hi)
    else:
        e_low, e_high, lo_low, lo_high, hi_low, hi_high = (
            *(e.low, e.high),
            *(lo.low, lo.high),
            *(hi.low, hi.high),
        )
    middle_low, middle_high = (lo_low + hi_low) / 2, (lo_high + hi_high) / 2
    if middle_low <= e_high + SLACK and e_low <= middle_high + SLACK:
        return None
    back = math.exp if ratio else float
    return Guard(
        id="ci-asymmetric",
        sentence="The estimate is not in the middle of its confidence interval.",
        values={
            "estimate": e.value,
            "lower": lo.value,
            "upper": hi.value,
            "middle": back((middle_low + middle_high) / 2),
        },
    )


def _log_range(x: Printed) -> tuple[float, float]:
    if x.value <= 0:
        raise EvidenceError(f"A ratio of {x.text} cannot be; ratios are positive.")
    low = math.log(x.low) if x.low > 0 else -math.inf
    return low, math.log(x.high)


def _widths(low: Printed, high: Printed, *, ratio: bool) -> tuple[float, float]:
    if ratio:
        (a, b), (c, d) = _log_range(low), _log_range(high)
        return c - b, d - a
    return high.low - low.high, high.high - low.low


def _distance_from_null(estimate: Printed, *, ratio: bool) -> tuple[float, float]:
    low, high = _log_range(estimate) if ratio else (estimate.low, estimate.high)
    near = 0.0 if low <= 0 <= high else min(abs(low), abs(high))
    return near, max(abs(low), abs(high))
