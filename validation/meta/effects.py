"""Effect measures: the tables of `uni-` files and most groups of `synthetic`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from equipoise.errors import EvidenceError
from equipoise.evidence.effects.measures import EffectArrays, compute_effects
from validation.agreement import Agreement, Arbiter, numbers
from validation.meta import printed
from validation.meta.exact_correlations import arbiters_for_unbiased
from validation.meta.reference import File, Json, column, inputs_of
from validation.meta.tetrachoric import arbiter_for_correlation, arbiter_for_variance

CLOSED_FORM = 1e-9

_CORRELATION_OF_MARGINS = 0.4
"""Correlation behind the reference's MPORM; the files give the margins, not the correlation."""

Columns = Mapping[str, NDArray[np.float64]]


def check_tables(file: File, agreement: Agreement) -> None:
    """Hold `yi` and `vi` of every table with raw inputs against the engine."""
    tables = file.content["tables"]
    for name, table in tables.items():
        if table["measure"] != "GEN" and "error" not in table:
            _check(f"{file.name}:{name}", inputs_of(tables, name), table, agreement)


def check_group(name: str, group: Json, agreement: Agreement) -> None:
    """Hold the results of one group of `synthetic` against the engine."""
    if name == "five_number":  # means and deviations from quantiles, not measures
        printed.check_five_number(group, agreement)
        return
    inputs = {key: column(values) for key, values in group["inputs"].items()}
    for key, result in group["results"].items():
        if "measure" in result:
            _check(f"synthetic:{name}:{key}", inputs, result, agreement)


def _check(place: str, inputs: Columns, reference: Json, agreement: Agreement) -> None:
    """One measure with its options on one set of inputs."""
    measure, options = reference["measure"], dict(reference["options"] or {})
    if measure == "MPORM" and "ri" not in inputs and "pi" not in inputs:
        inputs = {**inputs, "ri": np.array([_CORRELATION_OF_MARGINS])}
    try:
        ours = compute_effects(measure, inputs, **options)
    except (EvidenceError, TypeError):  # a measure, a variance or an option that we do not know
        agreement.skip(f"effects {measure}", [reference["yi"], reference["vi"]])
        return
    if measure in ("RTET", "ZTET"):
        _check_tetrachoric(place, inputs, ours, reference, agreement)
        return
    scale = _typical(np.sqrt(numbers(reference["vi"])))
    exact = measure == "UCOR" and "ri" in inputs and options.get("vtype", "LS") == "LS"
    of_yi, of_vi = arbiters_for_unbiased(inputs, ours) if exact else (None, None)
    agreement.compare(
        f"effects {measure} yi",
        place,
        ours.yi,
        reference["yi"],
        CLOSED_FORM,
        scale=scale,
        arbiter=of_yi,
    )
    agreement.compare(
        f"effects {measure} vi", place, ours.vi, reference["vi"], CLOSED_FORM, arbiter=of_vi
    )


def _check_tetrachoric(
    place: str, inputs: Columns, ours: EffectArrays, reference: Json, agreement: Agreement
) -> None:
    """Row by row, because the reference's search stops early and each row has its own proof."""
    cells = _cells(inputs)
    for quantity, values in (("yi", ours.yi), ("vi", ours.vi)):
        for row, theirs in enumerate(numbers(reference[quantity]).tolist()):
            agreement.compare(
                f"effects {reference['measure']} {quantity}",
                f"{place} row {row + 1}",
                values[row],
                theirs,
                CLOSED_FORM,
                arbiter=_tetrachoric_arbiter(
                    quantity, reference["measure"], cells[:, row], ours, row, theirs
                ),
            )


def _tetrachoric_arbiter(
    quantity: str,
    measure: str,
    cells: NDArray[np.float64],
    ours: EffectArrays,
    row: int,
    theirs: float,
) -> Arbiter:
    fisher = measure == "ZTET"
    if quantity == "yi":
        return arbiter_for_correlation(cells, float(ours.yi[row]), theirs, fisher=fisher)
    return arbiter_for_variance(cells, float(ours.vi[row]), fisher=fisher)


def _cells(inputs: Columns) -> NDArray[np.float64]:
    a, c = inputs["ai"], inputs["ci"]
    b = inputs["bi"] if "bi" in inputs else inputs["n1i"] - a
    d = inputs["di"] if "di" in inputs else inputs["n2i"] - c
    return np.array([a, b, c, d])


def _typical(standard_errors: NDArray[np.float64]) -> float:
    """A twentieth of the median standard error: against it an effect near zero is measured."""
    known = standard_errors[np.isfinite(standard_errors) & (standard_errors > 0)]
    return float(np.median(known)) / 20 if known.size else 0.0
