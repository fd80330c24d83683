"""One estimate at every value of what had to be assumed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from equipoise.errors import EvidenceError
from equipoise.evidence.effects.estimate import Estimate, Sweep


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """The estimate at one setting of the assumptions, by the names of the swept arguments."""

    settings: Mapping[str, object]
    estimate: Estimate


def sweep_estimates(
    estimate: Callable[..., Estimate], **axes: Sequence[object]
) -> tuple[Swept, ...]:
    """Call `estimate` with every combination of the values of the axes, the last one fastest.

    An axis is an argument's name with its values: `sweep_estimates(partial(estimate_mc, …),
    r=(0.3, 0.5, 0.7))`. Without axes there is one estimate. Raises `EvidenceError` for an axis
    without values, and for a setting that gives no estimate, naming it.
    """
    empty = [name for name, values in axes.items() if not len(values)]
    if empty:
        raise EvidenceError(f"Nothing to try for '{empty[0]}'.")
    swept = []
    for values in product(*axes.values()):
        settings = dict(zip(axes, values, strict=True))
        try:
            swept.append(Swept(settings=settings, estimate=estimate(**settings)))
        except EvidenceError as error:
            where = ", ".join(f"{name} = {value}" for name, value in settings.items())
            raise EvidenceError(f"With {where}: {error}") from error
    return tuple(swept)


def sweeps_of(estimate: Estimate) -> dict[str, tuple[float, ...]]:
    """Arguments that the estimate's assumptions offer to vary, with values: axes for a sweep.

    Where two assumptions offer the same argument the first one's values stand.
    """
    offered: dict[str, tuple[float, ...]] = {}
    for assumption in estimate.assumptions:
        sweep: Sweep | None = assumption.sweep
        if sweep is not None:
            offered.setdefault(sweep.name, sweep.values)
    return offered
