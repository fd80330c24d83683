"""Our numbers held against a reference's, quantity by quantity."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

Arbiter = Callable[[], str | None]
"""Says why the reference is the looser side of a disagreement, or `None` if it is not."""

_SMALLEST_SCALE = 1e-300


@dataclass(slots=True)
class Tally:
    """What is known of one quantity: numbers compared, the worst deviation and where it was."""

    checked: int = 0
    failed: int = 0
    explained: int = 0
    worst: float = 0.0
    worst_at: str = ""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A number beyond its tolerance; `reason` where the reference is shown to be the looser one."""

    quantity: str
    place: str
    ours: float
    theirs: float
    deviation: float
    tolerance: float
    reason: str | None


@dataclass(slots=True)
class Agreement:
    """Everything that was compared in one run.

    Deviations are relative; below `scale × tolerance` absolute ones are let pass, `scale` being
    what a number of this quantity is measured against (a standard error for a location, say).
    """

    tallies: dict[str, Tally] = field(default_factory=dict)
    disagreements: list[Disagreement] = field(default_factory=list)
    unsupported: dict[str, int] = field(default_factory=dict)

    def compare(
        self,
        quantity: str,
        place: str,
        ours: ArrayLike | None,
        theirs: object,
        tolerance: float,
        *,
        scale: float = 0.0,
        arbiter: Arbiter | None = None,
    ) -> None:
        """Hold our value (or array of values) against the reference's.

        `theirs` is as it stands in the file: a number, a list of numbers, with `None` where the
        reference has nothing (skipped) and "Inf" or "-Inf" as text. A value of ours that is
        missing or not a number where the reference has one is a failure.
        """
        wanted = numbers(theirs)
        if wanted.size == 0 or np.isnan(wanted).all():
            return
        got = np.full(wanted.shape, np.nan) if ours is None else numbers(ours)
        if got.shape != wanted.shape:
            if got.size == 1:
                got = np.broadcast_to(got, wanted.shape)
            else:
                got = np.full(wanted.shape, np.nan)
        tally = self.tallies.setdefault(quantity, Tally())
        reason: str | None = None
        asked = False
        for mine, reference in zip(got.tolist(), wanted.tolist(), strict=True):
            if math.isnan(reference):
                continue
            tally.checked += 1
            deviation = _deviation(mine, reference, scale)
            held = deviation <= tolerance
            if held and deviation > tally.worst:
                tally.worst, tally.worst_at = deviation, place
            if held:
                continue
            if not asked:
                asked, reason = True, arbiter() if arbiter is not None else None
            if reason is None:
                tally.failed += 1
                tally.worst, tally.worst_at = max(
                    (tally.worst, tally.worst_at), (deviation, place), key=lambda x: x[0]
                )
            else:
                tally.explained += 1
            self.disagreements.append(
                Disagreement(quantity, place, mine, reference, deviation, tolerance, reason)
            )

    def compare_exactly(self, quantity: str, place: str, ours: object, theirs: object) -> None:
        """Hold a word (a side, a sign) against the reference's; a word counts as one number."""
        if theirs is None:
            return
        tally = self.tallies.setdefault(quantity, Tally())
        tally.checked += 1
        if ours != theirs:
            tally.failed += 1
            tally.worst, tally.worst_at = math.inf, f"{place}: {ours!r} for {theirs!r}"
            self.disagreements.append(
                Disagreement(quantity, place, math.nan, math.nan, math.inf, 0.0, None)
            )

    def fail(self, quantity: str, place: str, reference: object, words: str) -> None:
        """Count every number under `reference` as failed: the engine stopped with these words."""
        count = count_numbers(reference)
        if not count:
            return
        tally = self.tallies.setdefault(quantity, Tally())
        tally.checked += count
        tally.failed += count
        tally.worst, tally.worst_at = math.inf, f"{place}: {words}"
        self.disagreements.append(
            Disagreement(quantity, f"{place}: {words}", math.nan, math.nan, math.inf, 0.0, None)
        )

    def skip(self, quantity: str, reference: object) -> None:
        """Count every number under `reference` as one that the engine does not give."""
        count = count_numbers(reference)
        if count:
            self.unsupported[quantity] = self.unsupported.get(quantity, 0) + count

    @property
    def checked(self) -> int:
        """How many numbers were compared."""
        return sum(t.checked for t in self.tallies.values())

    @property
    def failed(self) -> int:
        """How many are beyond their tolerance without a shown reason."""
        return sum(t.failed for t in self.tallies.values())

    def report(self, *, shown: int = 12) -> Iterable[str]:
        """Lines to print; the last one holds the totals."""
        heads = f"{'checked':>8} {'failed':>7} {'explained':>9}"
        yield f"{'quantity':<46} {heads}  worst deviation"
        for quantity, t in sorted(self.tallies.items()):
            yield (
                f"{quantity:<46} {t.checked:>8} {t.failed:>7} {t.explained:>9}"
                f"  {t.worst:.1e}  {t.worst_at}"
            )
        yield from self._failures(shown)
        yield from self._explanations(shown)
        if self.unsupported:
            yield ""
            yield "Not supported:"
            for quantity, count in sorted(self.unsupported.items()):
                yield f"  {quantity:<44} {count:>8}"
        yield ""
        yield (
            f"{self.checked} checked, {self.failed} failed, "
            f"{sum(self.unsupported.values())} unsupported"
        )

    def _failures(self, shown: int) -> Iterable[str]:
        failures = [d for d in self.disagreements if d.reason is None]
        if failures:
            yield ""
            yield "Failed:"
            yield from _some([_line(d) for d in failures], shown)

    def _explanations(self, shown: int) -> Iterable[str]:
        reasons: dict[str, list[Disagreement]] = {}
        for d in self.disagreements:
            if d.reason is not None:
                reasons.setdefault(d.reason, []).append(d)
        for reason, those in sorted(reasons.items()):
            yield ""
            yield f"Differs, and why ({len(those)}): {reason}"
            yield from _some([_line(d) for d in those], shown)


def numbers(value: object) -> np.ndarray:
    """Flat array of the numbers of a reference value; `None` becomes NaN, "Inf" infinity."""
    if isinstance(value, np.ndarray):
        return value.astype(np.float64).ravel()
    if isinstance(value, (list, tuple)):
        parts = [numbers(v) for v in value]
        return np.concatenate(parts) if parts else np.empty(0)
    if value is None:
        return np.array([math.nan])
    if isinstance(value, str):
        return np.array([{"Inf": math.inf, "-Inf": -math.inf}.get(value, math.nan)])
    return np.array([float(value)])  # type: ignore[arg-type]


def count_numbers(value: object) -> int:
    """How many numbers stand in a reference value, however deep."""
    if isinstance(value, dict):
        return sum(count_numbers(v) for v in value.values())
    if isinstance(value, (list, tuple)):
        return sum(count_numbers(v) for v in value)
    if isinstance(value, bool) or value is None:
        return 0
    return int(isinstance(value, (int, float)) or value in ("Inf", "-Inf"))


def _deviation(ours: float, theirs: float, scale: float) -> float:
    if math.isnan(ours):
        return math.inf
    if ours == theirs:
        return 0.0
    if math.isinf(ours) or math.isinf(theirs):
        return math.inf
    return abs(ours - theirs) / max(abs(theirs), scale, _SMALLEST_SCALE)


def _line(d: Disagreement) -> str:
    return (
        f"  {d.quantity} at {d.place}: ours {d.ours:.12g}, theirs {d.theirs:.12g}, "
        f"deviation {d.deviation:.1e} (tolerance {d.tolerance:.0e})"
    )


def _some(lines: list[str], shown: int) -> Iterable[str]:
    yield from lines[:shown]
    if len(lines) > shown:
        yield f"  and {len(lines) - shown} more"
