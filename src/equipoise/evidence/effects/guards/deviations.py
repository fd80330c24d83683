"""Means and deviations of the arms: SD or SE, possible or not."""

from __future__ import annotations

import math

from equipoise.errors import EvidenceError
from equipoise.evidence.effects.estimate import require_group_size, require_level, require_positive
from equipoise.evidence.effects.guards.guard import SLACK, Guard
from equipoise.evidence.effects.overflow import refuse_overflow
from equipoise.evidence.effects.printed import read_printed
from equipoise.evidence.effects.uncertainty import se_from_ci, se_from_p
from equipoise.stats.distributions import critical_value, two_sided_p


@refuse_overflow
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


def check_difference_of_means(estimate: str, mean1: str, mean2: str) -> Guard | None:
    """Speak where the printed difference is not the difference of the printed means.

    An adjusted estimate may differ honestly; the sentence says what was compared.
    """
    e, m1, m2 = read_printed(estimate), read_printed(mean1), read_printed(mean2)
    if m1.low - m2.high <= e.high + SLACK and e.low <= m1.high - m2.low + SLACK:
        return None
    return Guard(
        id="difference-does-not-match-means",
        sentence="The printed difference is not the difference of the arms' printed means.",
        values={"difference": e.value, "mean1_minus_mean2": m1.value - m2.value},
    )


@refuse_overflow
def check_undeclared_spread(
    spread1: float,
    n1: float,
    spread2: float,
    n2: float,
    *,
    ci: tuple[float, float] | None = None,
    level: float = 0.95,
    difference: float | None = None,
    p: float | None = None,
) -> Guard:
    """Speak, always, about a "mean ± x" whose x the paper does not call SD or SE.

    The standard error of the difference is worked out under both readings, and the interval of
    the difference, or else its p-value, says which reading it is nearer to on the log scale.
    The readings lie a factor √n apart; where the evidence lies within a quarter of the way from
    the middle, or there is none, the guard says that it cannot tell.
    """
    require_positive(spread1=spread1, spread2=spread2)
    require_group_size(n1=n1, n2=n2)
    if_sd, if_se = _both_readings(spread1, n1, spread2, n2)
    values = {"se_if_sd": if_sd, "se_if_se": if_se}
    if difference is not None:
        values["p_if_sd"] = two_sided_p(difference / if_sd)
        values["p_if_se"] = two_sided_p(difference / if_se)
    seen: float | None = None
    if ci is not None:
        seen = se_from_ci(*ci, level, None).value
    elif p is not None and difference is not None:
        seen = se_from_p(difference, p, None)[-1].value
    reading = "and nothing else in print tells which it is"
    if seen is not None:
        values["se_in_print"] = seen
        # 0 where the spread is a deviation, 1 where it is a standard error.
        place = math.log(seen / if_sd) / math.log(if_se / if_sd)
        if place < 0.375:
            reading = "and the interval or p-value of the difference fits standard deviations"
        elif place > 0.625:
            reading = "and the interval or p-value of the difference fits standard errors"
        else:
            reading = "and the interval or p-value of the difference fits neither well"
    return Guard(
        id="spread-not-declared",
        sentence=(
            "The paper does not say whether the numbers after ± are standard deviations or "
            f"standard errors, {reading}. Look at the methods section and at the figures."
        ),
        cite="sd-from-se",
        values=values,
    )


@refuse_overflow
def check_spread_within_paper(sd: str, n: int, other_sd: str, other_n: int) -> Guard | None:
    """Speak where one "SD" of an outcome is another one's standard error.

    Two SDs of one outcome in one paper (two arms, two times) differ by chance with variance
    1/(2 (n₁ − 1)) + 1/(2 (n₂ − 1)) on the log scale. The guard speaks where the first is smaller
    than that allows (beyond four standard errors) and √n times the first is not (within two).
    """
    one, other = read_printed(sd), read_printed(other_sd)
    require_group_size(n=n, other_n=other_n)
    require_positive(sd=one.value, other_sd=other.value)
    noise = math.sqrt(0.5 / (n - 1) + 0.5 / (other_n - 1))
    ratio = math.log(other.value) - math.log(one.value)
    rounding = math.log(other.high) - math.log(other.value)
    if one.low <= 0:
        return None
    rounding += math.log(one.value) - math.log(one.low)
    root = 0.5 * math.log(n)
    if ratio - rounding <= 4 * noise or abs(ratio - root) > 2 * noise + rounding:
        return None
    return Guard(
        id="sd-is-se-of-another",
        sentence=(
            "One standard deviation is about another one of the same outcome divided by the root "
            "of the number of people; it is probably a standard error."
        ),
        cite="sd-from-se",
        values={
            "sd": one.value,
            "other_sd": other.value,
            "ratio": math.exp(ratio),
            "root_of_n": math.sqrt(n),
        },
    )


@refuse_overflow
def check_change_sd(sd_before: str, sd_after: str, sd_change: str) -> Guard | None:
    """Speak where no correlation gives this SD of change beside those before and after.

    The SD of a difference lies between the difference and the sum of the two SDs.
    """
    before, after, change = (read_printed(x) for x in (sd_before, sd_after, sd_change))
    require_positive(before=before.value, after=after.value)
    least = max(before.low - after.high, after.low - before.high, 0.0)
    most = before.high + after.high
    if least <= change.high + SLACK and change.low <= most + SLACK:
        return None
    product = 2 * before.value * after.value
    return Guard(
        id="change-sd-impossible",
        sentence=(
            "No correlation between before and after gives this standard deviation of the change. "
            "One of the three is perhaps a standard error, or of other people."
        ),
        cite="change-correlation",
        values={
            "sd_before": before.value,
            "sd_after": after.value,
            "sd_change": change.value,
            "correlation": (before.value**2 + after.value**2 - change.value**2) / product,
        },
    )


def check_mean_on_scale(mean: str, low: float, high: float) -> Guard | None:
    """Speak where a mean lies outside the range of its instrument, beyond rounding."""
    _require_scale(low, high)
    printed = read_printed(mean)
    if low - SLACK <= printed.high and printed.low <= high + SLACK:
        return None
    return Guard(
        id="value-outside-scale",
        sentence="A mean lies outside the range of its instrument.",
        values={"mean": printed.value, "low": low, "high": high},
    )


@refuse_overflow
def check_sd_on_scale(mean: str, sd: str, n: int, low: float, high: float) -> Guard | None:
    """Speak where an SD is larger than scores on the scale can have beside this mean.

    Among scores from `low` to `high` the variance is at most (mean − low) (high − mean) × n/(n − 1)
    (Bhatia and Davis 2000, DOI 10.1080/00029890.2000.12005203); half the range at the most.
    """
    _require_scale(low, high)
    require_group_size(n=n)
    m, spread = read_printed(mean), read_printed(sd)
    # The mean that leaves most room, of those that print like this.
    centre = min(max((low + high) / 2, m.low), m.high)
    room = max((centre - low) * (high - centre), 0.0)
    most = math.sqrt(room * n / (n - 1))
    if spread.low <= most * (1 + SLACK) + SLACK:
        return None
    return Guard(
        id="sd-too-large-for-scale",
        sentence=(
            "The standard deviation is larger than scores within the range of the instrument can "
            "have beside this mean."
        ),
        cite="bhatia-davis",
        values={"mean": m.value, "sd": spread.value, "largest_sd": most},
    )


@refuse_overflow
def check_skewed_against_bound(mean: float, sd: float, bound: float) -> Guard | None:
    """Speak where the lowest (or highest) possible value lies within two SDs of the mean.

    Normal values would then often lie beyond it: they are skewed (Altman and Bland 1996,
    DOI 10.1136/bmj.313.7066.1200), and nearly certainly so within one SD. No contradiction: a
    reason not to read the SD as a normal one.
    """
    require_positive(sd=sd)
    distance = abs(mean - bound) / sd
    if distance >= 2:
        return None
    return Guard(
        id="skewed-against-bound",
        sentence=(
            "The bound of the scale lies within two standard deviations of the mean, so that the "
            "values are skewed."
        ),
        cite="skewness-bound",
        values={"mean": mean, "sd": sd, "bound": bound, "distance_in_sd": distance},
    )


def _both_readings(spread1: float, n1: float, spread2: float, n2: float) -> tuple[float, float]:
    """Standard error of the difference if the spreads are deviations, and if standard errors."""
    return (
        math.hypot(spread1 / math.sqrt(n1), spread2 / math.sqrt(n2)),
        math.hypot(spread1, spread2),
    )


def _require_scale(low: float, high: float) -> None:
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise EvidenceError(f"A scale from {low:g} to {high:g} has no range.")
