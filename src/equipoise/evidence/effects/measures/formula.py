"""What a measure is made of, and the table of rows that a measure is computed from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.errors import EvidenceError
from equipoise.evidence.effects.estimate import Assumption, EffectMeasure

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

COLUMNS: Mapping[str, str] = {
    "ai": "people with the event in the first arm (pairs with it twice; Cronbach's alpha)",
    "bi": "people without the event in the first arm (pairs with it under the first only)",
    "ci": "people with the event in the second arm (pairs with it under the second only)",
    "di": "people without the event in the second arm (pairs without it; a printed Cohen's d)",
    "n1i": "people in the first arm",
    "n2i": "people in the second arm",
    "x1i": "events in the first arm",
    "x2i": "events in the second arm",
    "t1i": "person-time of the first arm",
    "t2i": "person-time of the second arm",
    "m1i": "mean of the first arm or occasion",
    "m2i": "mean of the second arm or occasion",
    "sd1i": "standard deviation of the first arm or occasion",
    "sd2i": "standard deviation of the second arm or occasion",
    "xi": "events of one group",
    "mi": "people without the event; a mean; items of an instrument; predictors of a regression",
    "ri": "correlation",
    "ti": "person-time of one group; a t statistic",
    "fi": "F statistic",
    "pi": "two-sided p-value with the sign of the effect; share of pairs with the event twice",
    "sdi": "standard deviation of one group",
    "r2i": "coefficient of determination",
    "ni": "people or pairs",
}
"""Inputs in metafor's names and what they mean."""


class Scale(StrEnum):
    """What a value of a measure is counted in."""

    LOG_RATIO = "logarithm of a ratio"
    OUTCOME = "units of the outcome"
    SD = "standard deviations"
    PROBABILITY = "probability"
    TRANSFORMED_PROBABILITY = "transformed probability"
    RATE = "events per person-time"
    TRANSFORMED_RATE = "transformed rate"
    CORRELATION = "correlation"
    FISHER_Z = "Fisher's z"
    LOGARITHM = "logarithm"
    SHARE = "share of variance"
    RELIABILITY = "reliability"


class Swap(StrEnum):
    """What becomes of a value when the first and the second arm (or occasion) change places."""

    FLIPS = "changes sign, with the same variance"
    COMPLEMENT = "becomes its complement to one, with the same variance"
    CHANGES = "changes otherwise, because one arm sets the unit"
    ONE_GROUP = "there is one group only"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a measure is computed.

    `add` is put on every cell of the rows that `to` names, `drop00` refuses rows without a
    contrast, `vtype` chooses among variances, `correct` asks for the correction of bias.
    """

    add: float
    to: str
    drop00: bool
    vtype: str
    correct: bool


@dataclass(slots=True)
class Rows:
    """Rows under computation: their columns, the cells in use, and why a row was refused."""

    columns: dict[str, Array]
    size: int
    used: dict[str, Array] = field(default_factory=dict)
    refused: list[tuple[Mask, str]] = field(default_factory=list)
    assumed: list[tuple[Mask, Assumption]] = field(default_factory=list)

    def column(self, name: str) -> Array:
        """A column that must be there; rows where it is missing are refused."""
        if name not in self.columns:
            raise EvidenceError(f"The column {name} is missing: {COLUMNS[name]}.")
        values = self.columns[name]
        self.refuse(np.isnan(values), f"{name} is missing")
        self.used[name] = values
        return values

    def optional(self, name: str) -> Array:
        """A column that may be missing, NaN where it is."""
        values = self.columns.get(name)
        if values is None:
            return np.full(self.size, np.nan)
        self.used[name] = values
        return values

    def refuse(self, where: Mask, why: str) -> None:
        """Take rows out of the result, with a reason in the field's words."""
        self.refused.append((where, why))

    def assume(self, where: Mask, assumption: Assumption) -> None:
        """Record what had to be believed for the rows of a mask."""
        self.assumed.append((where, assumption))

    @property
    def kept(self) -> Mask:
        """Rows that nothing has been said against so far."""
        kept = np.ones(self.size, dtype=bool)
        for where, _ in self.refused:
            kept &= ~where
        return kept

    def mean(self, values: Array, weights: Array) -> float:
        """Weighted mean over the rows that are kept and have a value."""
        there = self.kept & np.isfinite(values) & np.isfinite(weights)
        if not there.any():
            return float("nan")
        return float(np.sum(values[there] * weights[there]) / np.sum(weights[there]))

    def positive(self, name: str) -> Array:
        """A column of positive numbers."""
        values = self.column(name)
        self.refuse(values <= 0, f"{name} is not positive")
        return values

    def spread(self, name: str) -> Array:
        """A column of standard deviations; zero is left to the formula."""
        values = self.column(name)
        self.refuse(values < 0, f"{name} is negative")
        return values

    def group_size(self, name: str, smallest: int = 1) -> Array:
        """A column of numbers of people, none smaller than `smallest`."""
        values = self.column(name)
        self.refuse(values < smallest, f"{name} is less than {smallest}")
        return values

    def correlation(self, name: str = "ri") -> Array:
        """A column of correlations from −1 to 1."""
        values = self.column(name)
        self.refuse(np.abs(values) > 1, f"{name} is not a correlation from -1 to 1")
        return values


Compute = Callable[[Rows, Options], tuple[Array, Array]]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureFormula:
    """One measure: what it is, from which columns, by which formula, after whom.

    `columns` are the inputs in their usual form; `instead` says what can stand for them. `vi` is
    the variance under `vtype="LS"`, `variances` the others by their `vtype`. `add` is what is put
    on zero cells when nothing is asked for (zero where a measure needs nothing). `correct` says
    whether there is a correction of bias that can be left out.
    """

    measure: EffectMeasure
    name: str
    columns: tuple[str, ...]
    yi: str
    vi: str
    scale: Scale
    swap: Swap
    cite: str
    compute: Compute
    instead: str = ""
    variances: Mapping[str, str] = field(default_factory=dict)
    add: float = 0.0
    correct: bool = False

    @property
    def vtypes(self) -> tuple[str, ...]:
        """The variances to choose from, the default first."""
        return ("LS", *self.variances)

    def variance_formula(self, vtype: str) -> str:
        """The formula of the variance under a `vtype`."""
        return self.vi if vtype == "LS" else self.variances[vtype]


def rows_from(columns: Mapping[str, ArrayLike]) -> Rows:
    """Columns as arrays of one length; a single number stands for a whole column."""
    unknown = [name for name in columns if name not in COLUMNS]
    if unknown:
        raise EvidenceError(f"{unknown[0]} is not a column; there are {', '.join(COLUMNS)}.")
    arrays = {
        name: np.atleast_1d(np.asarray(values, dtype=np.float64))
        for name, values in columns.items()
    }
    if any(a.ndim > 1 for a in arrays.values()):
        raise EvidenceError("A column is a plain list of numbers.")
    lengths = {len(a) for a in arrays.values()} - {1}
    if len(lengths) > 1:
        raise EvidenceError("The columns are not of one length.")
    size = lengths.pop() if lengths else 1
    if not arrays:
        size = 0
    return Rows(
        columns={name: np.broadcast_to(a, (size,)) for name, a in arrays.items()}, size=size
    )


def fisher_z(r: Array, variance: Array) -> tuple[Array, Array]:
    """Fisher's z of a correlation and its variance by the delta method; NaN at and beyond ±1."""
    inside = np.where(np.abs(r) < 1, r, np.nan)
    return np.arctanh(inside), variance / ((1 - inside) * (1 + inside)) ** 2
