"""A standard error from whatever stands for it in print: an interval, a p-value, a t."""

from __future__ import annotations

from equipoise.errors import EvidenceError
from equipoise.evidence.effects.estimate import (
    Assumption,
    Step,
    require_finite,
    require_level,
    require_positive,
)
from equipoise.stats.distributions import critical_value, two_sided_quantile

NORMAL_INTERVAL = Assumption(
    id="normal-interval",
    text="The printed interval is symmetric and was computed with the normal distribution.",
)
T_INTERVAL = Assumption(
    id="t-interval",
    text="The printed interval is symmetric and was computed with the t distribution.",
)
NORMAL_TEST = Assumption(
    id="normal-test",
    text="The printed p-value is two-sided and comes from a test with the normal distribution.",
)
T_TEST = Assumption(
    id="t-test",
    text="The printed p-value is two-sided and comes from a t test.",
)


def split_bound(p: str) -> tuple[str, str]:
    """A p-value as printed, parted into "<", ">" or "=" and the number."""
    text = p.strip().lower().removeprefix("p").strip()
    for sign, kind in (("≤", "<"), ("<=", "<"), ("<", "<"), ("≥", ">"), (">=", ">"), (">", ">")):
        if text.startswith(sign):
            return kind, text.removeprefix(sign).strip()
    return "=", text.removeprefix("=").strip()


def se_from_ci(low: float, high: float, level: float, df: float | None, of: str = "SE") -> Step:
    """SE = (upper − lower) / (2 × quantile), Cochrane Handbook (DOI 10.1002/9781119536604.ch6)."""
    require_level(level)
    require_finite(low=low, high=high)
    if not low < high:
        raise EvidenceError(
            f"The interval from {low:g} to {high:g} has no width or is written back to front."
        )
    if df is not None:
        require_positive(df=df)
    quantile = critical_value(level, df)
    inputs = {"lower": low, "upper": high, "level": level, "quantile": quantile}
    if df is not None:
        inputs["df"] = df
    symbol = "z" if df is None else "t"
    return Step(
        quantity=of,
        formula=f"{of} = (upper − lower) / (2 × {symbol})",
        value=(high - low) / (2 * quantile),
        inputs=inputs,
        cite="se-from-ci",
    )


def statistic_from_p(p: float, df: float | None) -> Step:
    """|z| or |t| of a two-sided p-value; refuses p outside (0, 1] and p that has run out."""
    if not 0 < p <= 1:
        raise EvidenceError(
            f"A p-value of {p:g} gives no standard error; for 'p < x' use the bound and say so."
        )
    if df is not None:
        require_positive(df=df)
    symbol = "z" if df is None else "t"
    inputs = {"p": p} if df is None else {"p": p, "df": df}
    return Step(
        quantity=f"|{symbol}|",
        formula=f"|{symbol}| = quantile of the {'normal' if df is None else 't'} at 1 − p / 2",
        value=two_sided_quantile(p, df),
        inputs=inputs,
        cite="se-from-p",
    )


def se_from_p(estimate: float, p: float, df: float | None) -> tuple[Step, Step]:
    """SE = |estimate| / |statistic| (DOI 10.1136/bmj.d2090 run backwards).

    Refused: an estimate of zero (any standard error fits p = 1, none fits p < 1) and p = 1 with
    an estimate that is not zero.
    """
    require_finite(estimate=estimate)
    statistic = statistic_from_p(p, df)
    if estimate == 0:
        if p < 1:
            raise EvidenceError("An estimate of zero cannot have a p-value below one.")
        raise EvidenceError("An estimate of zero with p = 1 fits every standard error.")
    if p == 1:
        raise EvidenceError(
            "A p-value of one needs an estimate of zero; here it was probably rounded up."
        )
    se = Step(
        quantity="SE",
        formula=f"SE = |estimate| / {statistic.quantity}",
        value=abs(estimate) / statistic.value,
        inputs={"estimate": estimate, statistic.quantity: statistic.value},
        cite="se-from-p",
    )
    return statistic, se
