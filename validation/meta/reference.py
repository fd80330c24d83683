"""Reference files of the formats `uni-`, `mv-`, `net-` and `synthetic`, read as they stand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Json = dict[str, Any]

LARGEST_FILE = 64 * 2**20


class NotReferenceFileError(Exception):
    """A file that is no reference file; the message says which and why."""


@dataclass(frozen=True, slots=True)
class File:
    """One reference file; `name` without folder and ending."""

    name: str
    kind: str
    content: Json


@dataclass(frozen=True, slots=True)
class Analysis:
    """One entry of `cases` of a `uni-` file with the table that it was made from.

    `yi` and `vi` are the rows that were used, in order; `rows` their positions in the table
    (from zero); `table` the table as it stands, with its inputs resolved in `inputs`.
    """

    place: str
    measure: str
    table: Json
    inputs: dict[str, NDArray[np.float64]]
    rows: NDArray[np.intp]
    yi: NDArray[np.float64]
    vi: NDArray[np.float64]
    reference: Json

    def column(self, name: str, *, of: str = "inputs") -> NDArray[np.float64]:
        """Used rows of a column of the inputs, or of `mods`."""
        source = self.inputs[name] if of == "inputs" else column(self.table[of][name])
        return source[self.rows]

    @property
    def cluster(self) -> list[Any] | None:
        """Cluster labels of the used rows, if the table has them."""
        labels = self.table.get("cluster")
        return None if labels is None else [labels[i] for i in self.rows.tolist()]


def read_files(path: Path) -> Iterator[File]:
    """Reference files at `path`, a file or a folder, in the order of their names."""
    paths = sorted(path.glob("*.json")) if path.is_dir() else [path]
    for one in paths:
        content = _read(one)
        kind = _kind(one.stem, content)
        if kind is not None:
            yield File(name=one.stem, kind=kind, content=content)
        elif not path.is_dir():
            raise NotReferenceFileError(
                f"{one} is not of the formats uni-, mv-, net- or synthetic: it needs 'tables' and "
                "'cases', 'data' and 'cases', or 'groups'."
            )


def analyses(file: File) -> Iterator[Analysis]:
    """The entries of `cases` of a `uni-` file."""
    tables = file.content["tables"]
    for number, case in enumerate(file.content["cases"]):
        table = tables[case["table"]]
        yi, vi = column(table["yi"]), column(table["vi"])
        used = case.get("used_rows", "all")
        rows = np.arange(len(yi)) if used == "all" else np.asarray(used, dtype=np.intp) - 1
        yield Analysis(
            place=f"{file.name}:{case['table']}#{number + 1}",
            measure=table["measure"],
            table=table,
            inputs=inputs_of(tables, case["table"]),
            rows=rows,
            yi=yi[rows],
            vi=vi[rows],
            reference=case,
        )


def inputs_of(tables: Json, name: str) -> dict[str, NDArray[np.float64]]:
    """Raw columns of a table, `same_as` followed."""
    inputs = tables[name]["inputs"]
    if "same_as" in inputs:
        inputs = tables[inputs["same_as"]]["inputs"]
    return {key: column(values) for key, values in inputs.items()}


def column(values: Any) -> NDArray[np.float64]:
    """Array of numbers, `None` as NaN and "Inf" as infinity."""
    if not isinstance(values, list):
        values = [values]
    return np.array([np.nan if v is None else float(v) for v in values])


def _read(path: Path) -> Json:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise NotReferenceFileError(f"{path} is larger than {LARGEST_FILE // 2**20} MiB.")
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise NotReferenceFileError(f"{path} cannot be read as JSON: {error}.") from error
    if not isinstance(content, dict):
        raise NotReferenceFileError(f"{path} holds no JSON object.")
    return content


def _kind(stem: str, content: Json) -> str | None:
    prefix = stem.partition("-")[0]
    if prefix in ("bayes", "robma", "dose"):
        return None
    if "groups" in content:
        return "synthetic"
    if "tables" in content and "cases" in content:
        return "uni"
    if "cases" in content and "data" in content:
        return "net" if prefix == "net" else "mv"
    return None
