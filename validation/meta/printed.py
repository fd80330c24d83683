"""Numbers from printed summaries: the group `five_number` of `synthetic`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from equipoise.errors import EvidenceError
from equipoise.evidence.effects import FiveNumbers, QuantileMethod, estimate_mean_and_sd
from validation.agreement import Agreement
from validation.meta.reference import Json, column

_CLOSED_FORM = 1e-9
_METHODS = {
    "luo/wan/shi": QuantileMethod.LUO_WAN_SHI,
    "default": QuantileMethod.LUO_WAN_SHI,
    "iqr_only_luo_wan_shi": QuantileMethod.LUO_WAN_SHI,
    "range_only_luo_wan_shi": QuantileMethod.LUO_WAN_SHI,
}
"""Closed forms by the reference's name; its other methods draw random numbers or iterate."""
_RENAMED = {"min": "low", "max": "high"}


def check_five_number(group: Json, agreement: Agreement) -> None:
    """Hold means and SDs from five-number summaries against the engine.

    "iqr_only" and "range_only" entries use one pair of the columns. A method that the reference
    ran with simulation ("qe", "bc", "mln", "blue") is counted as unsupported.
    """
    columns = {_RENAMED.get(k, k): column(v) for k, v in group["inputs"].items()}
    for name, block in group["results"].items():
        if "error" in block:
            continue
        method = _METHODS.get(name)
        if method is None:
            agreement.skip(f"five-number {name}", block)
            continue
        left_out = {"iqr": ("low", "high"), "range": ("q1", "q3")}.get(name.partition("_")[0], ())
        found = [
            _mean_and_sd({k: float(v[i]) for k, v in columns.items() if k not in left_out}, method)
            for i in range(len(columns["n"]))
        ]
        for position, quantity in enumerate(("mean", "sd")):
            if quantity in block:
                agreement.compare(
                    f"five-number {quantity}",
                    f"five_number:{name}",
                    np.array([pair[position] for pair in found]),
                    block[quantity],
                    _CLOSED_FORM,
                )


def _mean_and_sd(row: Mapping[str, float], method: QuantileMethod) -> tuple[float, float]:
    # A missing value is NaN in a column and left out of a summary.
    given = {name: value for name, value in row.items() if value == value}  # noqa: PLR0124
    try:
        found = estimate_mean_and_sd(FiveNumbers(**given), method)
    except (EvidenceError, TypeError):
        return np.nan, np.nan
    return found.mean, found.sd
