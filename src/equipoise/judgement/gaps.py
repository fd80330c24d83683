"""What is missing: gaps computed from what a case holds.

Each rule is a small function from counts to a gap or nothing, so that a gap disappears by itself
when a study that fills it enters the case. Sentences carry references, not numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

LONG_TERM_WEEKS = 26
"""Half a year: what long-term use has to be judged on, for a treatment taken for years."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionEvidence:
    """What a case holds for one condition. Names and counts that prose needs are references."""

    condition: str
    name: str
    treatment: str
    randomised: int
    registered: int
    registered_overdue: tuple[str, ...]
    uncontrolled: int
    randomised_dose_comparisons: int
    longest_controlled_weeks: float | None
    largest_randomised: float | None
    critical_without_estimate: tuple[str, ...]
    instruments_per_domain: dict[str, int]
    needed_people: int
    refs: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class GapFound:
    """A gap: its kind, a title, and a sentence with references."""

    kind: str
    title: str
    statement: str


def find_gaps(e: ConditionEvidence) -> tuple[GapFound, ...]:
    """Every gap of one condition, the widest first."""
    found: list[GapFound] = []
    if e.randomised == 0:
        found.append(
            GapFound(
                kind="no-randomised-trial",
                title="No completed randomised trial",
                statement=(
                    f"No completed randomised trial of {e.treatment} in {e.name} is among the "
                    f"records of this case; registered without results: {e.refs['registered']}."
                ),
            )
        )
    if e.randomised == 0 and e.uncontrolled:
        found.append(
            GapFound(
                kind="uncontrolled-only",
                title="Only studies without a randomised comparison",
                statement=(
                    f"What was measured in groups of people with {e.name} comes from studies "
                    "without a "
                    f"randomised comparison ({e.refs['uncontrolled']} in the case): who had the "
                    "treatment was never left to chance."
                ),
            )
        )
    if e.randomised_dose_comparisons == 0:
        found.append(
            GapFound(
                kind="no-dose-finding",
                title="No randomised comparison of doses",
                statement=(
                    f"No randomised comparison of doses in {e.name}: the usual dose was never "
                    "chosen by a trial."
                ),
            )
        )
    if e.longest_controlled_weeks is None or e.longest_controlled_weeks < LONG_TERM_WEEKS:
        longest = (
            f"the longest controlled comparison with an estimate lasted {e.refs['longest']}"
            if e.longest_controlled_weeks is not None
            else "there is no controlled comparison of any length with an estimate"
        )
        found.append(
            GapFound(
                kind="no-long-term",
                title="No estimate from half a year or longer",
                statement=f"What long use does is not estimated: in {e.name} {longest}.",
            )
        )
    if e.largest_randomised is not None and e.largest_randomised < e.needed_people:
        found.append(
            GapFound(
                kind="small-trials",
                title="No trial large enough to settle it",
                statement=(
                    f"The largest randomised trial in {e.name} had {e.refs['largest']} people; "
                    f"a precise answer needs about {e.refs['needed']}."
                ),
            )
        )
    for outcome in e.critical_without_estimate:
        found.append(
            GapFound(
                kind="outcome-not-estimated",
                title="An outcome that matters has no estimate",
                statement=(
                    f"For {outcome} in {e.name}, no randomised comparison gives a verified "
                    "estimate."
                ),
            )
        )
    for outcome, count in e.instruments_per_domain.items():
        if count > 1:
            found.append(
                GapFound(
                    kind="no-harmonised-outcome",
                    title="No common way of measuring",
                    statement=(
                        f"Trials in {e.name} measured {outcome} in different ways, "
                        f"{e.refs['instruments ' + outcome]} in all; their results meet only on a "
                        "standardised scale."
                    ),
                )
            )
    for work in e.registered_overdue:
        found.append(
            GapFound(
                kind="overdue-results",
                title="A registered trial is past its planned end, and no results were found",
                statement=f"{work} was planned to have ended by now; no results were found.",
            )
        )
    return tuple(found)
