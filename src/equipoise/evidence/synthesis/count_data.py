"""Counts of several studies: events in two arms over people or over person-time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from equipoise.errors import EvidenceError

FloatArray = NDArray[np.float64]

LARGEST_COUNT = 1e12
"""Above this, products of four counts and differences of log-factorials lose their digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoArms:
    """Events `x1`, `x2` over denominators `n1`, `n2` (people, or person-time), one entry a study.

    `people` says what the denominators are. Arrays are float64 of shape (k,).
    """

    x1: FloatArray
    n1: FloatArray
    x2: FloatArray
    n2: FloatArray
    people: bool

    @property
    def k(self) -> int:
        """How many studies there are."""
        return len(self.x1)

    @property
    def empty(self) -> NDArray[np.bool_]:
        """Studies without an event in either arm, or (people) with nothing but events in both."""
        none = (self.x1 == 0) & (self.x2 == 0)
        if not self.people:
            return np.asarray(none)
        return np.asarray(none | ((self.x1 == self.n1) & (self.x2 == self.n2)))

    def taking(self, which: NDArray[np.bool_]) -> TwoArms:
        """Keep only the studies marked in `which`."""
        return TwoArms(
            x1=self.x1[which],
            n1=self.n1[which],
            x2=self.x2[which],
            n2=self.n2[which],
            people=self.people,
        )


def two_arms(
    e1: Sequence[float],
    n1: Sequence[float],
    e2: Sequence[float],
    n2: Sequence[float],
    *,
    people: bool = True,
) -> TwoArms:
    """Counts as arrays, checked: whole numbers of events, no more events than people.

    Raises `EvidenceError` for no study, unequal lengths, missing or negative numbers, fractions of
    events or people, more events than people and empty arms.
    """
    return TwoArms(
        x1=_events(e1, n1, "arm 1", people),
        n1=_column(n1, "arm 1"),
        x2=_same_length(_events(e2, n2, "arm 2", people), e1),
        n2=_column(n2, "arm 2"),
        people=people,
    )


def one_arm(
    x: Sequence[float], n: Sequence[float], *, people: bool
) -> tuple[FloatArray, FloatArray]:
    """Events and denominators of single groups, checked like those of `two_arms`."""
    return _events(x, n, "the group", people), _column(n, "the group")


def _column(values: Sequence[float], arm: str) -> FloatArray:
    column = np.asarray(values, dtype=np.float64)
    if column.ndim != 1 or column.size == 0:
        raise EvidenceError("There is no study to pool.")
    if not np.isfinite(column).all():
        raise EvidenceError(f"A count of {arm} is missing or not a finite number.")
    return column


def _events(x: Sequence[float], n: Sequence[float], arm: str, people: bool) -> FloatArray:
    events, size = _column(x, arm), _column(n, arm)
    _same_length(events, size)
    for e, total in zip(events.tolist(), size.tolist(), strict=True):
        if e < 0 or e != int(e) or e > LARGEST_COUNT:
            raise EvidenceError(f"{e:g} events in {arm} is not a count.")
        if people and (total < 1 or total != int(total) or total > LARGEST_COUNT):
            raise EvidenceError(f"{total:g} in {arm} is not a number of people.")
        if people and e > total:
            raise EvidenceError(f"{e:g} events among {total:g} people in {arm} cannot be.")
        if not people and not 1e-12 < total <= LARGEST_COUNT:
            raise EvidenceError(f"A person-time of {total:g} in {arm} cannot be used.")
    return events


def _same_length(column: FloatArray, other: Sequence[float] | FloatArray) -> FloatArray:
    if len(column) != len(other):
        raise EvidenceError("Each study needs events and a denominator for every arm.")
    return column
