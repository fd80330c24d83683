"""What the names of the cases of an `mv-` file say: model, design, covariance."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.evidence.synthesis.dependence import sampling_covariance
from equipoise.evidence.synthesis.multilevel import (
    CoefficientTest,
    LikelihoodMethod,
    MultilevelFit,
    fit_multilevel,
)
from equipoise.evidence.synthesis.structures import RandomStructure
from validation.meta.reference import Json, column

_STRUCTURES = ("UN", "CS", "HCS", "DIAG", "ID", "AR", "HAR", "CAR")
_FAMILIES = ("threelevel", "twolevel", "CHE", "mv")
_GROUPS = ("cluster", "study", "trial")
_KINDS_OF_EFFECT = ("outcome", "time", "arm", "group")


@dataclass(frozen=True)
class Plan:
    """One model of one data set, as its name has it."""

    family: str
    yi: NDArray[np.float64]
    V: NDArray[np.float64]
    cluster: Sequence[Hashable]
    levels: tuple[Sequence[Hashable], ...]
    structures: tuple[RandomStructure, ...]
    X: NDArray[np.float64]
    method: LikelihoodMethod
    test: CoefficientTest

    @cached_property
    def _fit(self) -> MultilevelFit:
        return fit_multilevel(
            self.yi,
            self.V,
            levels=self.levels,
            structures=self.structures,
            X=self.X,
            method=self.method,
            test=self.test,
        )

    def fit(self) -> MultilevelFit:
        """Our fit of it."""
        return self._fit

    @property
    def variances(self) -> NDArray[np.float64]:
        """Sampling variances."""
        return self.V if self.V.ndim == 1 else np.diag(self.V)


def read_plan(name: str, entry: Json, data: Json) -> Plan | None:
    """Parts of a name: family, structure, method, `t`, `rho` with a sampling correlation."""
    parts = name.split("_")
    cluster = next((data[g] for g in _GROUPS if g in data), None)
    inner = next((data[g] for g in _KINDS_OF_EFFECT if g in data), None)
    X = _design(entry.get("terms", ["intrcpt"]), data)
    structure = next((p for p in parts if p in _STRUCTURES), None)
    multivariate = parts[0] == "mv"
    if parts[0] not in _FAMILIES or cluster is None or X is None:
        return None
    if multivariate and (structure is None or inner is None):
        return None
    k = len(data["yi"])
    levels: tuple[Sequence[Hashable], ...] = (cluster, range(k))
    structures: tuple[RandomStructure, ...] = ()
    if parts[0] == "twolevel":
        levels = (cluster,)
    if multivariate:
        levels = ()
        structures = (RandomStructure(inner=inner or (), outer=cluster, kind=structure or "UN"),)  # type: ignore[arg-type]
    return Plan(
        family=str(structure) if multivariate else parts[0],
        yi=column(data["yi"]),
        V=_sampling(parts, data, cluster),
        cluster=cluster,
        levels=levels,
        structures=structures,
        X=X,
        method="ML" if "ML" in parts else "REML",
        test="t" if "t" in parts else "z",
    )


def read_outcomes(
    data: Json, study: Sequence[Hashable], V: NDArray[np.float64], *, method: LikelihoodMethod
) -> Plan:
    """Unstructured model of the mean of each outcome, in order of their first appearance."""
    order = list(dict.fromkeys(data["outcome"]))
    code = np.array([order.index(o) for o in data["outcome"]])
    return Plan(
        family="mixmeta",
        yi=column(data["yi"]),
        V=V,
        cluster=study,
        levels=(),
        structures=(RandomStructure(inner=code.tolist(), outer=study, kind="UN"),),
        X=(code[:, None] == np.arange(len(order))).astype(np.float64),
        method=method,
        test="z",
    )


def _sampling(parts: Sequence[str], data: Json, cluster: Sequence[Hashable]) -> NDArray[np.float64]:
    if "V" in data:
        return np.array(data["V"], dtype=np.float64)
    rho = data.get("within_corr", 0.0)
    for part in parts:
        if part.startswith("rho"):
            digits = part.removeprefix("rho")
            # "06" stands for 0.6
            rho = float(digits if "." in digits else f"{digits[0]}.{digits[1:] or '0'}")
    vi = column(data["vi"])
    return sampling_covariance(vi, cluster, rho) if rho else vi


def _design(terms: list[str] | str, data: Json) -> NDArray[np.float64] | None:
    """Columns by their names: `intrcpt`, `m` (the moderator), `ocX` (outcome X), `ocX:yr`."""
    columns: list[NDArray[np.float64]] = []
    for term in [terms] if isinstance(terms, str) else terms:
        product = np.ones(len(data["yi"]))
        for factor in term.split(":"):
            values = _factor(factor, data)
            if values is None:
                return None
            product = product * values
        columns.append(product)
    return np.column_stack(columns)


def _factor(name: str, data: Json) -> NDArray[np.float64] | None:
    if name == "intrcpt":
        return np.ones(len(data["yi"]))
    if name.startswith("oc") and "outcome" in data:
        return np.array([float(str(o) == name.removeprefix("oc")) for o in data["outcome"]])
    prefix = {"m": "mod", "yr": "year"}.get(name, name)
    found: list[Any] = [v for key, v in data.items() if key.startswith(prefix)]
    return column(found[0]) if found else None
