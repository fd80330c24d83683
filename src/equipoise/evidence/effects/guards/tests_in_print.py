"""Whether a test statistic and its p-value belong together."""

from __future__ import annotations

from typing import Literal

from equipoise.errors import EvidenceError
from equipoise.evidence.effects.estimate import require_positive
from equipoise.evidence.effects.guards.guard import SLACK, Guard
from equipoise.evidence.effects.printed import Printed, read_printed
from equipoise.evidence.effects.uncertainty import split_bound
from equipoise.stats.distributions import chi_square_upper_tail, f_upper_tail, two_sided_p

StatisticKind = Literal["z", "t", "F", "chi2"]


def check_p_matches_statistic(
    kind: StatisticKind,
    statistic: str,
    p: str,
    *,
    df: float | None = None,
    df2: float | None = None,
) -> Guard | None:
    """Speak where the p-value is not that of the test statistic, beyond rounding (statcheck).

    `df` for t, F (numerator) and chi-square, `df2` for F (denominator); `p` exact or a bound, as
    in `check_ci_matches_p`. z and t are two-sided; the values tell the one-sided p-values, which
    are an honest reason. `decision_changes` is one where the two fall on either side of 0.05
    (DOI 10.3758/s13428-015-0664-2).
    """
    printed = read_printed(statistic)
    far, near = _tails(kind, printed, df, df2)
    sign, number = split_bound(p)
    stated = read_printed(number)
    if not 0 <= stated.value <= 1:
        raise EvidenceError(f"A p-value of {p} cannot be.")
    if sign == "<":
        agrees = far < stated.value + SLACK
    elif sign == ">":
        agrees = near > stated.value - SLACK
    else:
        agrees = stated.low - SLACK <= near and far <= stated.high + SLACK
    if agrees:
        return None
    at = _tail(kind, printed.value, df, df2)
    significant = stated.value <= 0.05 if sign == "<" else sign == "=" and stated.value < 0.05
    values = {
        "statistic": printed.value,
        "printed_p": stated.value,
        "smallest_p_from_statistic": far,
        "largest_p_from_statistic": near,
        "decision_changes": float(significant != (at < 0.05)),
    }
    if kind in ("z", "t"):
        values["one_sided_p"] = at / 2
    return Guard(
        id="p-does-not-match-statistic",
        sentence=(
            "The p-value is not the one that belongs to the printed test statistic. Look whether "
            "the test was one-sided or corrected for other tests."
        ),
        cite="statcheck",
        values=values,
    )


def _tails(
    kind: StatisticKind, statistic: Printed, df: float | None, df2: float | None
) -> tuple[float, float]:
    """P at the largest and at the smallest statistic that prints like this."""
    low, high = statistic.low, statistic.high
    if kind in ("z", "t"):
        size_low = 0.0 if low <= 0 <= high else min(abs(low), abs(high))
        size_high = max(abs(low), abs(high))
    else:
        if statistic.value < 0:
            raise EvidenceError(f"A statistic {kind} of {statistic.text} cannot be negative.")
        size_low, size_high = max(low, 0.0), high
    return _tail(kind, size_high, df, df2), _tail(kind, size_low, df, df2)


def _tail(kind: StatisticKind, x: float, df: float | None, df2: float | None) -> float:
    if kind == "z":
        return two_sided_p(x)
    if df is None:
        raise EvidenceError(f"The test {kind} needs its degrees of freedom.")
    require_positive(df=df)
    if kind == "t":
        return two_sided_p(x, df)
    if kind == "chi2":
        return chi_square_upper_tail(x, df)
    if df2 is None:
        raise EvidenceError("The test F needs the degrees of freedom of its denominator.")
    require_positive(df2=df2)
    return f_upper_tail(x, df, df2)
