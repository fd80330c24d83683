"""Whole-number samples with a given mean and standard deviation: is there one, and which.

Means and deviations are read as printed: everything that rounds to them counts. The search is
exact and always ends the same way; where it would take too long it says that it did not decide.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice

from equipoise.errors import EvidenceError
from equipoise.evidence.effects.overflow import refuse_overflow
from equipoise.evidence.effects.printed import Printed, read_printed, totals_of_mean

_BUDGET = 20_000
_MOST_TOTALS = 2_000

_State = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleSearch:
    """What a search for a sample found: `sample` as (score, people), highest score first.

    Without a sample, `decided` says whether there is none or the search was given up.
    """

    sample: tuple[tuple[float, int], ...] | None
    decided: bool


@refuse_overflow
def find_sample(
    mean: str,
    sd: str,
    n: int,
    *,
    low: float | None = None,
    high: float | None = None,
    items: int = 1,
) -> SampleSearch:
    """Search for n whole-number scores whose mean and SD (n − 1) print as `mean` and `sd`.

    Scores average `items` whole-number items each, and lie between `low` and `high` where those
    are given (GRIMMER without them, DOI 10.7287/peerj.preprints.2400v1; SPRITE with them,
    DOI 10.7287/peerj.preprints.26968v1). Raises `EvidenceError` for fewer than two people, a
    negative SD, and a scale whose ends are no whole number of items.
    """
    spread = _spread(sd, n)
    floor, ceiling = _scale(low, high, items)
    budget = _BUDGET
    totals = _some_totals(mean, n, items)
    for total in totals:
        for squares in _sums_of_squares(total, spread, n, items):
            if budget <= 0:
                return SampleSearch(sample=None, decided=False)
            first, last = _reach(total, squares, n, floor, ceiling)
            found, used = _search(n, total, squares, first, last, budget)
            budget -= used
            if found is not None:
                sample = tuple((value / items, people) for value, people in found)
                return SampleSearch(sample=sample, decided=True)
    return SampleSearch(sample=None, decided=budget > 0 and len(totals) < _MOST_TOTALS)


@refuse_overflow
def sd_range(
    mean: str, n: int, low: float, high: float, *, items: int = 1
) -> tuple[float, float] | None:
    """Smallest and largest SD that n scores on a scale can have beside this mean.

    `None` where no scores on the scale have the mean at all.
    """
    if n < 2:
        raise EvidenceError("A standard deviation needs at least two people.")
    floor, ceiling = _scale(low, high, items)
    assert floor is not None  # noqa: S101 - both ends are given
    assert ceiling is not None  # noqa: S101
    found: list[tuple[Fraction, Fraction]] = []
    for total in _some_totals(mean, n, items):
        if n * floor <= total <= n * ceiling:
            least, most = _squares_range(total - n * floor, n, ceiling - floor)
            centre = Fraction((total - n * floor) ** 2, n)
            found.append((least - centre, most - centre))
    if not found:
        return None
    unit = (n - 1) * items**2
    return (
        math.sqrt(min(least for least, _ in found) / unit),
        math.sqrt(max(most for _, most in found) / unit),
    )


def _spread(sd: str, n: int) -> Printed:
    if n < 2:
        raise EvidenceError("A standard deviation needs at least two people.")
    spread = read_printed(sd)
    if spread.exact < 0:
        raise EvidenceError(f"A standard deviation of {sd} cannot be.")
    return spread


def _scale(low: float | None, high: float | None, items: int) -> tuple[int | None, int | None]:
    if items < 1:
        raise EvidenceError("A score averages at least one item.")
    ends: list[int | None] = []
    for end in (low, high):
        if end is None:
            ends.append(None)
            continue
        if not math.isfinite(end) or (Fraction(str(end)) * items).denominator != 1:
            raise EvidenceError(f"A scale that ends at {end:g} is not one of whole-number items.")
        ends.append(int(Fraction(str(end)) * items))
    floor, ceiling = ends
    if floor is not None and ceiling is not None and floor > ceiling:
        raise EvidenceError("The scale is written back to front.")
    return floor, ceiling


def _some_totals(mean: str, n: int, items: int) -> tuple[int, ...]:
    """Totals that print as the mean; of very many, those nearest to it."""
    printed = read_printed(mean)
    if printed.decimals >= 0 and n * items <= _MOST_TOTALS * 10**printed.decimals:
        return totals_of_mean(mean, n, items)
    centre = round(Fraction(printed.exact) * n * items)
    reach = _MOST_TOTALS // 2
    return tuple(range(centre - reach, centre + reach))


def _sums_of_squares(total: int, spread: Printed, n: int, items: int) -> Iterator[int]:
    """Sums of squares of n whole numbers with this total whose SD prints as `spread`.

    A whole number and its square are both odd or both even, and so are total and sum of squares.
    """
    half = Fraction(1, 2) / Fraction(10) ** spread.decimals
    exact = Fraction(spread.exact)
    unit = (n - 1) * items**2
    centre = Fraction(total**2, n)
    least = math.ceil(centre + unit * max(exact - half, Fraction(0)) ** 2)
    most = math.floor(centre + unit * (exact + half) ** 2)
    middle = round(centre + unit * exact**2)
    middle += (middle - total) % 2
    below = range(middle if middle <= most else most - (most - total) % 2, least - 1, -2)
    above = range(middle + 2, most + 1, 2)
    # The middle first: if any fits, it most likely does.
    yield from islice(below, _BUDGET)
    yield from islice(above, _BUDGET)


def _reach(
    total: int, squares: int, n: int, floor: int | None, ceiling: int | None
) -> tuple[int, int]:
    """Lowest and highest value that any of the n can have: Samuelson's inequality, or the scale."""
    scatter = n * squares - total**2
    far = math.isqrt(max(scatter, 0) * (n - 1)) + 1
    first, last = (total - far) // n, -((-total - far) // n)
    return (
        first if floor is None else max(first, floor),
        last if ceiling is None else min(last, ceiling),
    )


def _squares_range(total: int, n: int, top: int) -> tuple[int, int]:
    """Smallest and largest sum of squares of n whole numbers from 0 to `top` with this total."""
    q, r = divmod(total, n)
    least = r * (q + 1) ** 2 + (n - r) * q**2
    if top == 0:
        return least, least
    full, rest = divmod(total, top)
    return least, full * top**2 + rest**2


def _search(
    n: int, total: int, squares: int, first: int, last: int, budget: int
) -> tuple[list[tuple[int, int]] | None, int]:
    """Whole numbers in first…last by depth-first search, highest value first; nodes visited.

    Found as (value, people). `None` where there are none or the budget is used up.
    """
    if first > last:
        return None, 1
    top = last - first
    start: _State = (
        top,
        n,
        total - n * first,
        squares - 2 * first * total + n * first**2,
    )
    if not _possible(*start):
        return None, 1
    chosen: list[int] = []
    stack: list[tuple[_State, Iterator[int]]] = [(start, _highest(start))]
    dead: set[_State] = set()
    used = 0
    while stack:
        state, values = stack[-1]
        if state[1] == 0:
            counts: dict[int, int] = {}
            for value in chosen:
                counts[value + first] = counts.get(value + first, 0) + 1
            return list(counts.items()), used
        value = next(values, -1)
        if value < 0:  # none left: no sample goes through this state
            dead.add(state)
            stack.pop()
            if chosen:
                chosen.pop()
            continue
        used += 1
        if used > budget:
            return None, used
        left: _State = (value, state[1] - 1, state[2] - value, state[3] - value**2)
        if left not in dead and _possible(*left):
            chosen.append(value)
            stack.append((left, _highest(left)))
    return None, used


def _highest(state: _State) -> Iterator[int]:
    """Candidates for the highest value, from above; at least squares / total, at most √squares."""
    top, n, total, squares = state
    if n == 0:
        return iter(())
    least = -(-squares // total) if total > 0 else 0
    return iter(range(min(top, math.isqrt(squares)), least - 1, -1))


def _possible(top: int, n: int, total: int, squares: int) -> bool:
    """Whether n whole numbers from 0 to `top` may have total and sum of squares (necessary)."""
    if n == 0:
        return total == 0 and squares == 0
    if not 0 <= total <= n * top or (total - squares) % 2:
        return False
    least, most = _squares_range(total, n, top)
    return least <= squares <= most
