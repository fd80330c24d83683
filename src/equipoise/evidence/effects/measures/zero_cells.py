"""What is added to empty cells, to which rows, and the word that it was done."""

from __future__ import annotations

import numpy as np

from equipoise.evidence.effects.counts import HALF_ADDED
from equipoise.evidence.effects.estimate import Assumption
from equipoise.evidence.effects.measures.formula import Array, Options, Rows

TO = ("only0", "all", "if0all", "none")
"""Rows to add to: those with an empty cell, all, all if any row has one, none."""

CONSTANT_ADDED = Assumption(
    id="constant-added-to-cells",
    text="A constant was added to every cell; the estimate depends on that choice.",
)


def filled(rows: Rows, cells: dict[str, Array], options: Options) -> tuple[Array, ...]:
    """The cells with `options.add` where `options.to` asks for it; negative ones are refused."""
    for name, cell in cells.items():
        rows.refuse(cell < 0, f"{name} is negative")
    empty = np.any([cell == 0 for cell in cells.values()], axis=0)
    any_empty = bool((empty & rows.kept).any())
    where = {
        "only0": empty,
        "all": np.ones(rows.size, dtype=bool),
        "if0all": np.full(rows.size, any_empty),
        "none": np.zeros(rows.size, dtype=bool),
    }[options.to]
    if options.add > 0:
        half = options.add == 0.5 and options.to == "only0"
        rows.assume(where, HALF_ADDED if half else CONSTANT_ADDED)
    return tuple(cell + options.add * where for cell in cells.values())
