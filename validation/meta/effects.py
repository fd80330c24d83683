"""Effect measures: the tables of `uni-` files and most groups of `synthetic`."""

from __future__ import annotations

from validation.agreement import Agreement
from validation.meta import printed
from validation.meta.reference import File, Json


def check_tables(file: File, agreement: Agreement) -> None:
    """Hold `yi` and `vi` of every table with raw inputs against the engine."""
    for name, table in file.content["tables"].items():
        if table["measure"] != "GEN":
            agreement.skip(f"effects {name}", [table["yi"], table["vi"]])


def check_group(name: str, group: Json, agreement: Agreement) -> None:
    """Hold the results of one group of `synthetic` against the engine."""
    if name == "five_number":
        return printed.check_five_number(group, agreement)
    return agreement.skip(f"synthetic {name}", group.get("results", group))
