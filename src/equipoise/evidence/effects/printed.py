"""Numbers as they stand in print: how far the printing itself can have moved them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from equipoise.errors import EvidenceError

_MOST_TOTALS = 100_000
_TYPOGRAPHY = str.maketrans({"−": "-", "–": "-", "·": ".", "\u2009": "", "\u00a0": "", " ": ""})


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """A printed number: its value and half a unit of its last printed digit."""

    text: str
    exact: Decimal
    decimals: int

    @property
    def value(self) -> float:
        """The number as printed."""
        return float(self.exact)

    @property
    def half_unit(self) -> float:
        """Half a unit of the last printed digit: how far rounding can have moved the number."""
        return 0.5 * 10.0**-self.decimals

    @property
    def low(self) -> float:
        """Smallest number that rounds to this."""
        return self.value - self.half_unit

    @property
    def high(self) -> float:
        """Largest number that rounds to this."""
        return self.value + self.half_unit


def read_printed(text: str) -> Printed:
    """Read "−0.34", "19.6%", "0·05" or "12" as printed.

    Typographic minus signs, middle dots and a percent sign are understood. A comma is refused: it
    may separate thousands or decimals, and only a person can say which.
    """
    plain = text.translate(_TYPOGRAPHY).removesuffix("%")
    try:
        exact = Decimal(plain)
    except InvalidOperation:
        raise EvidenceError(f"'{text}' is not a number as papers print it.") from None
    if not exact.is_finite():
        raise EvidenceError(f"'{text}' is not a finite number.")
    exponent = int(exact.as_tuple().exponent)
    return Printed(text=text, exact=exact, decimals=-exponent)


def rounds_to(value: Fraction, printed: Printed) -> bool:
    """Whether an exact value prints as `printed`, rounding halves away from zero or to even."""
    shift = Fraction(10) ** printed.decimals
    scaled, target = value * shift, Fraction(printed.exact) * shift
    distance = abs(scaled - target)
    if distance == Fraction(1, 2):
        return abs(target) > abs(scaled) or target.numerator % 2 == 0
    return distance < Fraction(1, 2)


def events_from_percent(pct_text: str, n: int) -> tuple[int, ...]:
    """Every count out of n whose percentage prints as `pct_text`, in ascending order.

    Both ways of rounding a half are accepted. Empty means that no count fits; several mean that
    the percentage does not tell them apart.
    """
    if n < 1:
        raise EvidenceError("A percentage needs at least one person.")
    printed = read_printed(pct_text)
    if not 0 <= printed.exact <= 100:
        raise EvidenceError(f"'{pct_text}' is not a percentage of people.")
    if n > 50 * _MOST_TOTALS * Fraction(10) ** printed.decimals:
        raise EvidenceError(f"So many counts out of {n} print as {pct_text} that they say nothing.")
    first = max(0, int(printed.low * n / 100) - 1)
    last = min(n, int(printed.high * n / 100) + 2)
    return tuple(e for e in range(first, last + 1) if rounds_to(Fraction(100 * e, n), printed))


def totals_of_mean(mean_text: str, n: int, items: int = 1) -> tuple[int, ...]:
    """Every whole-number total of n people's scores whose mean prints as `mean_text`, ascending.

    `items` is the number of whole-number items that each score averages, one for a plain count or
    a sum score; the total is then of all the items of all the people. Raises `EvidenceError` where
    more than a hundred thousand totals print like this.
    """
    if n < 1 or items < 1:
        raise EvidenceError("A mean needs at least one person and one item.")
    printed = read_printed(mean_text)
    grains = n * items
    if grains > _MOST_TOTALS * Fraction(10) ** printed.decimals:
        raise EvidenceError(f"So many totals print as {mean_text} that they say nothing.")
    around = int(Fraction(printed.exact) * grains)
    return tuple(
        total
        for total in _near(around, grains, printed.decimals)
        if rounds_to(Fraction(total, grains), printed)
    )


def grim(mean_text: str, n: int, items: int = 1) -> bool:
    """Whether a mean of n people's whole-number scores can print as `mean_text`.

    `items` as for `totals_of_mean` (DOI 10.1177/1948550616673876). With n × items above ten to the
    printed decimals every mean is possible and the test says nothing.
    """
    printed = read_printed(mean_text)
    if n > 0 and items > 0 and n * items > Fraction(10) ** printed.decimals:
        return True
    return bool(totals_of_mean(mean_text, n, items))


def _near(around: int, grains: int, decimals: int) -> range:
    # Half a printed unit spans this many grains; coarser printing than the grain spans many.
    reach = 2 + (grains // (2 * 10**decimals) if decimals >= 0 else grains * 10**-decimals)
    return range(around - reach, around + reach + 1)
