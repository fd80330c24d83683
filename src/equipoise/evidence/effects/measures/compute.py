"""Effects of many rows at once, or of one row with its derivation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from equipoise.errors import EvidenceError
from equipoise.evidence.effects.estimate import Assumption, EffectMeasure, Estimate, Step
from equipoise.evidence.effects.measures.association import ASSOCIATION
from equipoise.evidence.effects.measures.binary import BINARY
from equipoise.evidence.effects.measures.change import CHANGE
from equipoise.evidence.effects.measures.formula import (
    Array,
    MeasureFormula,
    Options,
    Rows,
    rows_from,
)
from equipoise.evidence.effects.measures.one_group import ONE_GROUP
from equipoise.evidence.effects.measures.pairs import PAIRS
from equipoise.evidence.effects.measures.rates import RATES
from equipoise.evidence.effects.measures.two_means import TWO_MEANS
from equipoise.evidence.effects.measures.zero_cells import TO

MEASURES: Mapping[EffectMeasure, MeasureFormula] = {
    formula.measure: formula
    for family in (BINARY, PAIRS, RATES, TWO_MEANS, CHANGE, ASSOCIATION, ONE_GROUP)
    for formula in family
}
"""The formula of every measure that can be computed, by code (HR is read as printed)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectArrays:
    """Effects `yi` and sampling variances `vi`, one per row; NaN where a row has none.

    `reasons` says why, by the number of the row from zero. A variance can be missing, or zero,
    where the effect is there (all events in one arm and none in the other); `usable` marks rows
    with a finite effect and a positive variance, which is what pooling needs.
    """

    yi: Array
    vi: Array
    reasons: Mapping[int, str] = field(default_factory=dict)

    @property
    def usable(self) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """Rows that can be pooled."""
        usable: np.ndarray[tuple[int, ...], np.dtype[np.bool_]] = np.isfinite(self.yi) & (
            self.vi > 0
        )
        return usable


def compute_effects(
    measure: EffectMeasure | str,
    columns: Mapping[str, ArrayLike],
    *,
    add: float | None = None,
    to: str = "only0",
    drop00: bool = False,
    vtype: str = "LS",
    correct: bool = True,
) -> EffectArrays:
    """Effects and sampling variances of all rows of a table, in one of metafor's measures.

    `columns` are lists of numbers under metafor's names (`COLUMNS`; `MEASURES` says which ones a
    measure needs and what can stand for them); NaN is a missing value. `add` is put on the cells
    of rows with an empty cell (`to="only0"`), of all rows (`"all"`), of all rows if any has an
    empty cell (`"if0all"`), or of none (`"none"`); by default what the measure needs, one half or
    nothing. `drop00` refuses rows without an event, or without anything else, in both arms.
    `vtype` chooses the variance, `correct=False` leaves out the correction of bias.

    Raises `EvidenceError` for an unknown measure, column or option and for columns that are
    missing or of unlike length; what is wrong with single rows stands in `reasons`.
    """
    formula = _formula_of(measure)
    rows = rows_from(columns)
    yi, vi = _run(formula, rows, _options_for(formula, add, to, drop00, vtype, correct))
    return EffectArrays(yi=yi, vi=vi, reasons=_reasons(rows, yi, vi))


def estimate_effect(
    measure: EffectMeasure | str,
    *,
    add: float | None = None,
    drop00: bool = False,
    vtype: str = "LS",
    correct: bool = True,
    to: str = "only0",
    **values: float,
) -> Estimate:
    """One effect with its derivation: the numbers by metafor's names, options as for many rows.

    `estimate_effect("IRR", x1i=3, t1i=100, x2i=8, t2i=90)`. Raises `EvidenceError` where there is
    no effect or no positive variance, with the reason.
    """
    formula = _formula_of(measure)
    rows = rows_from(values)
    if rows.size != 1 or not values:
        raise EvidenceError("One effect is made from single numbers; tables go another way.")
    yi, vi = _run(formula, rows, _options_for(formula, add, to, drop00, vtype, correct))
    reasons = _reasons(rows, yi, vi)
    if reasons:
        raise EvidenceError(f"{formula.measure} cannot be computed: {reasons[0]}.")
    inputs = {
        name: float(column[0]) for name, column in rows.used.items() if column[0] == column[0]
    }
    steps = tuple(
        Step(
            quantity=quantity, formula=text, value=float(value[0]), inputs=inputs, cite=formula.cite
        )
        for quantity, text, value in (
            (str(formula.measure), formula.yi, yi),
            ("variance", formula.variance_formula(vtype), vi),
        )
    )
    return Estimate(
        measure=formula.measure,
        yi=float(yi[0]),
        vi=float(vi[0]),
        steps=steps,
        assumptions=_assumptions(rows),
    )


def _formula_of(measure: EffectMeasure | str) -> MeasureFormula:
    formula = MEASURES.get(EffectMeasure(measure)) if measure in set(EffectMeasure) else None
    if formula is None:
        raise EvidenceError(f"{measure} is not a measure that can be computed.")
    return formula


def _options_for(
    formula: MeasureFormula, add: float | None, to: str, drop00: bool, vtype: str, correct: bool
) -> Options:
    if to not in TO:
        raise EvidenceError(f"to = {to!r} is not one of {', '.join(TO)}.")
    if add is not None and not 0 <= add < np.inf:
        raise EvidenceError(f"add = {add:g} must be zero or positive.")
    if vtype not in formula.vtypes:
        raise EvidenceError(
            f"{formula.measure} has no variance {vtype}; there are {', '.join(formula.vtypes)}."
        )
    if vtype == "UB" and formula.correct and not correct:
        raise EvidenceError("The unbiased variance belongs to the corrected estimate.")
    return Options(
        add=formula.add if add is None else float(add),
        to=to,
        drop00=drop00,
        vtype=vtype,
        correct=correct or not formula.correct,
    )


def _run(formula: MeasureFormula, rows: Rows, options: Options) -> tuple[Array, Array]:
    with np.errstate(all="ignore"):
        yi, vi = formula.compute(rows, options)
    refused = np.zeros(rows.size, dtype=bool)
    for where, _ in rows.refused:
        refused |= where
    yi = np.where(np.isfinite(yi) & ~refused, yi, np.nan)
    vi = np.where(np.isfinite(vi) & (vi >= 0) & ~np.isnan(yi), vi, np.nan)
    return yi, vi


def _reasons(rows: Rows, yi: Array, vi: Array) -> dict[int, str]:
    """Why rows without an effect, without a variance or with a variance of zero are so."""
    reasons: dict[int, str] = {}
    for where, why in rows.refused:
        for row in np.flatnonzero(where).tolist():
            reasons.setdefault(row, why)
    for row in np.flatnonzero(np.isnan(yi)).tolist():
        reasons.setdefault(row, "these numbers leave the measure undefined")
    for row in np.flatnonzero(np.isnan(vi)).tolist():
        reasons.setdefault(row, "these numbers give no sampling variance")
    for row in np.flatnonzero(vi == 0).tolist():
        reasons.setdefault(row, "the sampling variance is zero")
    return reasons


def _assumptions(rows: Rows) -> tuple[Assumption, ...]:
    made = [assumption for where, assumption in rows.assumed if where.any()]
    return tuple(dict.fromkeys(made))
