"""Whether whole-number scores can have a mean and a standard deviation."""

from __future__ import annotations

from equipoise.evidence.effects.guards.guard import Guard
from equipoise.evidence.effects.integer_samples import find_sample, sd_range
from equipoise.evidence.effects.printed import grim, read_printed


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


def check_grimmer(mean: str, sd: str, n: int, items: int = 1) -> Guard | None:
    """Speak where no whole-number scores have this mean and this SD (GRIMMER).

    `items` is the number of whole-number items that each score averages. Silent where already the
    mean is impossible, which `check_grim` tells, and where the search would take too long.
    """
    if not grim(mean, n, items):
        return None
    search = find_sample(mean, sd, n, items=items)
    if search.sample is not None or not search.decided:
        return None
    return Guard(
        id="sd-fits-no-sample",
        sentence=(
            "No whole-number scores of so many people have both this mean and this standard "
            "deviation. Look whether it is a standard error, or of another number of people."
        ),
        cite="grimmer",
        values=_numbers(mean, sd, n),
    )


def check_sprite(
    mean: str, sd: str, n: int, low: float, high: float, items: int = 1
) -> Guard | None:
    """Speak where no whole-number scores from `low` to `high` have this mean and SD (SPRITE).

    Silent where already the mean is impossible (`check_grim`, `check_mean_on_scale`), and where
    the search would take too long. The values tell the smallest and largest SD that the mean
    leaves room for.
    """
    possible = sd_range(mean, n, low, high, items=items)
    if not grim(mean, n, items) or possible is None:
        return None
    search = find_sample(mean, sd, n, low=low, high=high, items=items)
    if search.sample is not None or not search.decided:
        return None
    return Guard(
        id="no-sample-on-scale",
        sentence=(
            "No whole-number scores within the range of the instrument have both this mean and "
            "this standard deviation."
        ),
        cite="sprite",
        values={
            **_numbers(mean, sd, n),
            "low": low,
            "high": high,
            "smallest_sd": possible[0],
            "largest_sd": possible[1],
        },
    )


def check_debit(mean: str, sd: str, n: int) -> Guard | None:
    """Speak where zeros and ones of n people with this mean have another SD (DEBIT).

    The SD of binary data is fixed by the mean: √(mean (1 − mean) n / (n − 1)).
    """
    spoken = check_sprite(mean, sd, n, 0, 1)
    if spoken is None:
        return None
    return Guard(
        id="binary-sd-does-not-match-mean",
        sentence="Zeros and ones with this mean have another standard deviation.",
        cite="sprite",
        values=spoken.values,
    )


def _numbers(mean: str, sd: str, n: int) -> dict[str, float]:
    return {"mean": read_printed(mean).value, "sd": read_printed(sd).value, "n": float(n)}
