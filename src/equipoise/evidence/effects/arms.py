"""Arms put together, and one control arm shared out among comparisons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from equipoise.errors import EvidenceError
from equipoise.evidence.effects.estimate import (
    Assumption,
    Step,
    require_finite,
    require_group_size,
    require_positive,
)
from equipoise.evidence.effects.overflow import refuse_overflow

Arm = TypeVar("Arm")

SHARED_CONTROL = Assumption(
    id="shared-control-split",
    text=(
        "The control arm is compared with several arms; its people were shared out among the "
        "comparisons so that none counts twice, which leaves the comparisons weakly dependent."
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanArm:
    """Mean, standard deviation and number of people of one arm.

    `n` need not be whole (a shared control). Raises `EvidenceError` unless the mean is finite, the
    SD positive and n at least 1.
    """

    mean: float
    sd: float
    n: float

    def __post_init__(self) -> None:
        require_finite(mean=self.mean)
        require_positive(sd=self.sd)
        require_group_size(smallest=1, n=self.n)


@dataclass(frozen=True, slots=True, kw_only=True)
class CountArm:
    """People with the event among `n`; neither need be whole (clusters, a shared control)."""

    events: float
    n: float

    def __post_init__(self) -> None:
        require_positive(n=self.n)
        if not (math.isfinite(self.events) and 0 <= self.events <= self.n):
            raise EvidenceError(f"{self.events:g} events among {self.n:g} people cannot be.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived(Generic[Arm]):
    """An arm worked out from others, with the steps and beliefs that led to it."""

    arm: Arm
    steps: tuple[Step, ...]
    assumptions: tuple[Assumption, ...] = ()


@refuse_overflow
def merge_arms(arms: Sequence[MeanArm]) -> Derived[MeanArm]:
    """One arm of all people: as if the arms had never been apart (Cochrane Handbook 6.5.2.10).

    SD² = (Σ (nᵢ − 1) SDᵢ² + Σ nᵢ (meanᵢ − mean)²) / (Σ nᵢ − 1): exact, whatever the number of
    arms and their order.
    """
    if not arms:
        raise EvidenceError("No arms to merge.")
    n = math.fsum(a.n for a in arms)
    mean = math.fsum(a.n / n * a.mean for a in arms)
    within = math.fsum((a.n - 1) * a.sd * a.sd for a in arms)
    between = math.fsum(a.n * (a.mean - mean) * (a.mean - mean) for a in arms)
    sd = math.sqrt((within + between) / (n - 1)) if n > 1 else arms[0].sd
    inputs = {
        f"{name}{_subscript(i)}": getattr(a, field)
        for i, a in enumerate(arms, 1)
        for name, field in (("mean", "mean"), ("SD", "sd"), ("n", "n"))
    }
    steps = (
        Step(quantity="n", formula="n = Σ nᵢ", value=n, inputs=inputs, cite="merged-arms"),
        Step(
            quantity="mean",
            formula="mean = Σ nᵢ meanᵢ / n",
            value=mean,
            inputs=inputs,
            cite="merged-arms",
        ),
        Step(
            quantity="SD",
            formula="SD = √((Σ (nᵢ − 1) SDᵢ² + Σ nᵢ (meanᵢ − mean)²) / (n − 1))",
            value=sd,
            inputs=inputs,
            cite="merged-arms",
        ),
    )
    return Derived(arm=MeanArm(mean=mean, sd=sd, n=n), steps=steps)


@refuse_overflow
def merge_counts(arms: Sequence[CountArm]) -> Derived[CountArm]:
    """One arm of all people: events and people added up."""
    if not arms:
        raise EvidenceError("No arms to merge.")
    events, n = math.fsum(a.events for a in arms), math.fsum(a.n for a in arms)
    inputs = {
        f"{name}{_subscript(i)}": getattr(a, field)
        for i, a in enumerate(arms, 1)
        for name, field in (("e", "events"), ("n", "n"))
    }
    steps = (
        Step(quantity="e", formula="e = Σ eᵢ", value=events, inputs=inputs, cite="merged-arms"),
        Step(quantity="n", formula="n = Σ nᵢ", value=n, inputs=inputs, cite="merged-arms"),
    )
    return Derived(arm=CountArm(events=min(events, n), n=n), steps=steps)


def share_control(control: MeanArm, comparisons: int) -> Derived[MeanArm]:
    """The part of a control arm that goes to each of several comparisons (Handbook 23.3.4).

    Mean and SD stay, the people are divided. Raises `EvidenceError` where fewer than two people
    would be left for each.
    """
    n = _share(control.n, comparisons)
    require_group_size(n=n.value)
    arm = MeanArm(mean=control.mean, sd=control.sd, n=n.value)
    return Derived(arm=arm, steps=(n,), assumptions=(SHARED_CONTROL,) if comparisons > 1 else ())


def share_control_counts(control: CountArm, comparisons: int) -> Derived[CountArm]:
    """The part of a control arm's people and events that goes to each of several comparisons."""
    n = _share(control.n, comparisons)
    events = Step(
        quantity="e",
        formula="e = events / comparisons",
        value=control.events / comparisons,
        inputs={"events": control.events, "comparisons": float(comparisons)},
        cite="shared-control",
    )
    arm = CountArm(events=events.value, n=n.value)
    believed = (SHARED_CONTROL,) if comparisons > 1 else ()
    return Derived(arm=arm, steps=(n, events), assumptions=believed)


def sd_from_se(se: float, n: float) -> Step:
    """SD = SE × √n of one arm."""
    require_positive(se=se)
    require_group_size(n=n)
    return Step(
        quantity="SD",
        formula="SD = SE × √n",
        value=se * math.sqrt(n),
        inputs={"SE": se, "n": n},
        cite="sd-from-se",
    )


def se_from_sd(sd: float, n: float) -> Step:
    """SE = SD / √n of one arm."""
    require_positive(sd=sd)
    require_group_size(n=n)
    return Step(
        quantity="SE",
        formula="SE = SD / √n",
        value=sd / math.sqrt(n),
        inputs={"SD": sd, "n": n},
        cite="sd-from-se",
    )


def _share(n: float, comparisons: int) -> Step:
    if comparisons < 1:
        raise EvidenceError("A control arm is shared by at least one comparison.")
    return Step(
        quantity="n",
        formula="n = people / comparisons",
        value=n / comparisons,
        inputs={"people": n, "comparisons": float(comparisons)},
        cite="shared-control",
    )


def _subscript(number: int) -> str:
    return str(number).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))
