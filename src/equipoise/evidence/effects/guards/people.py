"""Counts of people: percentages, events, and flow through a trial."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping

from equipoise.errors import EvidenceError
from equipoise.evidence.effects.guards.guard import Guard
from equipoise.evidence.effects.printed import events_from_percent, read_printed


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


def check_events_fit_n(events: float, n: float) -> Guard | None:
    """Speak where more people have the event than there are people."""
    _require_count(events=events, n=n)
    if events <= n:
        return None
    return Guard(
        id="more-events-than-people",
        sentence=(
            "More people have the event than there are people; these are perhaps events, not "
            "people, or the group is another one."
        ),
        values={"events": events, "n": n},
    )


def check_n_grows(counts: Mapping[str, float]) -> Guard | None:
    """Speak where a group grows: `counts` by stage, in the order in which it can only shrink.

    Randomised, then treated, then analysed or completed; or the same group at ever later times.
    Analysed and completed have no order between them (people who stop are often analysed).
    """
    _require_count(**counts)
    stages = list(counts.items())
    for (_, before), (_, after) in itertools.pairwise(stages):
        if after > before:
            return Guard(
                id="group-grows",
                sentence=(
                    "A group has more people later than before; one of the numbers belongs to "
                    "another group, or people were added."
                ),
                values=dict(stages),
            )
    return None


def _require_count(**counts: float) -> None:
    for name, count in counts.items():
        if not (math.isfinite(count) and count >= 0 and count == int(count)):
            raise EvidenceError(f"{name} = {count:g} is not a number of people.")
