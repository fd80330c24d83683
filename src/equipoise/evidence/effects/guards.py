"""Checks that speak: what is printed cannot all be true at once.

Each takes numbers as printed, because rounding decides what counts as a contradiction, and gives
`None` where everything agrees within that rounding. A guard's sentence holds no digits; the
numbers that made it speak are in `values`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from equipoise.errors import EvidenceError
from equipoise.evidence.effects.estimate import require_group_size, require_level, require_positive
from equipoise.evidence.effects.printed import Printed, events_from_percent, grim, read_printed
from equipoise.stats.distributions import critical_value, two_sided_p

_SLACK = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Something in print that does not fit: what, in a sentence, and the numbers behind it.

    `cite` is the method that found it, where it is more than arithmetic.
    """

    id: str
    sentence: str
    values: Mapping[str, float]
    cite: str | None = None


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
    sign, number = _split_bound(p)
    printed = read_printed(number)
    if sign == "<":
        agrees = smallest < printed.value
    elif sign == ">":
        agrees = largest > printed.value
    else:
        agrees = printed.low - _SLACK <= largest and smallest <= printed.high + _SLACK
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
    if lo.low <= e.high + _SLACK and e.low <= hi.high + _SLACK and lo.value <= hi.value:
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
    if middle_low <= e_high + _SLACK and e_low <= middle_high + _SLACK:
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


def check_se_typed_as_sd(
    sd1: float,
    n1: float,
    sd2: float,
    n2: float,
    low: float,
    high: float,
    level: float = 0.95,
) -> Guard | None:
    """Speak where the arms' "SD" explain the interval of their difference only as SEs.

    Two readings are compared with the standard error that the interval implies: the numbers are
    deviations (√(SD₁²/n₁ + SD₂²/n₂)) or already standard errors (√(SD₁² + SD₂²)). The guard
    speaks where the second is closer on the log scale. An adjusted analysis can narrow an interval
    by a third or so, never by the square root of a group's size.
    """
    require_positive(sd1=sd1, sd2=sd2)
    require_group_size(n1=n1, n2=n2)
    require_level(level)
    if not low < high:
        raise EvidenceError("The interval has no width or is written back to front.")
    se = (high - low) / (2 * critical_value(level))
    if_sd = math.sqrt(sd1**2 / n1 + sd2**2 / n2)
    if_se = math.hypot(sd1, sd2)
    if abs(math.log(se / if_sd)) <= abs(math.log(se / if_se)):
        return None
    return Guard(
        id="se-typed-as-sd",
        sentence=(
            "The standard deviations of the arms explain the confidence interval of their "
            "difference only if they are standard errors."
        ),
        cite="se-from-ci",
        values={"se_from_interval": se, "se_if_sd": if_sd, "se_if_se": if_se},
    )


def check_percent_fits_n(pct: str, n: int) -> Guard | None:
    """Speak where no whole number of people gives the printed percentage."""
    if events_from_percent(pct, n):
        return None
    share = read_printed(pct).value
    return Guard(
        id="percentage-fits-no-count",
        sentence="No whole number of people gives this percentage.",
        cite="percent-to-count",
        values={"percentage": share, "n": float(n), "people": share * n / 100},
    )


def check_grim(mean: str, n: int, items: int = 1) -> Guard | None:
    """Speak where whole-number scores of n people cannot have the printed mean."""
    if grim(mean, n, items):
        return None
    return Guard(
        id="mean-fits-no-sum",
        sentence="No sum of whole-number scores gives this mean.",
        cite="grim",
        values={"mean": read_printed(mean).value, "n": float(n), "items": float(items)},
    )


def check_difference_of_means(estimate: str, mean1: str, mean2: str) -> Guard | None:
    """Speak where the printed difference is not the difference of the printed means.

    An adjusted estimate may differ honestly; the sentence says what was compared.
    """
    e, m1, m2 = read_printed(estimate), read_printed(mean1), read_printed(mean2)
    if m1.low - m2.high <= e.high + _SLACK and e.low <= m1.high - m2.low + _SLACK:
        return None
    return Guard(
        id="difference-does-not-match-means",
        sentence="The printed difference is not the difference of the arms' printed means.",
        values={"difference": e.value, "mean1_minus_mean2": m1.value - m2.value},
    )


def _split_bound(p: str) -> tuple[str, str]:
    text = p.strip().lower().removeprefix("p").strip()
    for sign, kind in (("≤", "<"), ("<=", "<"), ("<", "<"), ("≥", ">"), (">=", ">"), (">", ">")):
        if text.startswith(sign):
            return kind, text.removeprefix(sign).strip()
    return "=", text.removeprefix("=").strip()


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
