"""What a batch of analyses gives, and how each of them ended."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equipoise.errors import EvidenceError
from equipoise.stats.ragged import FloatArray, IntArray


class Status(IntEnum):
    """How the analysis at one place of a batch ended."""

    OK = 0
    SINGLE_STUDY = 1
    NO_STUDY = 2
    NOT_FINITE = 3
    NO_VARIANCE = 4
    TOO_FAR_APART = 5
    NOT_CONVERGED = 6

    @property
    def sentence(self) -> str:
        """What it means, in the words of the field."""
        return _SENTENCES[self]

    @property
    def has_result(self) -> bool:
        """Whether there is a pooled estimate."""
        return self in (Status.OK, Status.SINGLE_STUDY)


_SENTENCES = {
    Status.OK: "Pooled.",
    Status.SINGLE_STUDY: "A single study, returned as it is; it says nothing about heterogeneity.",
    Status.NO_STUDY: "There is no study to pool.",
    Status.NOT_FINITE: "Estimates must be finite and variances positive and finite.",
    Status.NO_VARIANCE: (
        "Estimates must be finite and variances positive and finite. A study without sampling "
        "error would be the whole answer; look for a standard deviation of zero or a rounded "
        "standard error."
    ),
    Status.TOO_FAR_APART: (
        "The estimates lie so far apart for their variances that nothing can be computed. Look for "
        "a misprint."
    ),
    Status.NOT_CONVERGED: "The search for the between-study variance did not converge.",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PooledBatch:
    """Many analyses pooled; every array has one entry for each, in the order given.

    `status` holds `Status` codes; where it `has_result` not, the numbers are NaN, and never
    elsewhere, except that a single study leaves everything about heterogeneity and prediction NaN.
    Arrays that the method or the call leave out altogether are `None`: τ² and prediction of the
    fixed-effect model, `log_likelihood` of estimators without one, the interval for τ² unless asked
    for. `se`, `ci_low`, `ci_high`, `statistic`, `df` (infinite: normal) and `p` belong to `mu` and
    to `test`; `se_model` is 1/√Σw and `variance_factor` Σw(y − μ)²/(k − 1), from which the standard
    errors of all tests follow. `i2` is in percent.
    """

    method: str
    test: str
    level: float
    prediction: str
    k: IntArray
    status: NDArray[np.uint8]
    mu: FloatArray
    se: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    statistic: FloatArray
    df: FloatArray
    p: FloatArray
    se_model: FloatArray
    variance_factor: FloatArray
    tau2: FloatArray | None
    se_tau2: FloatArray | None
    tau2_low: FloatArray | None
    tau2_high: FloatArray | None
    i2: FloatArray
    h2: FloatArray
    q: FloatArray
    q_p: FloatArray
    pi_low: FloatArray | None
    pi_high: FloatArray | None
    log_likelihood: FloatArray | None

    def __len__(self) -> int:
        return len(self.k)

    def columns(self) -> dict[str, NDArray[Any]]:
        """The arrays that there are, by name."""
        named = ((f.name, getattr(self, f.name)) for f in fields(self))
        return {name: value for name, value in named if isinstance(value, np.ndarray)}

    def to_numpy(self) -> NDArray[np.void]:
        """One structured array, a record for each analysis."""
        columns = self.columns()
        records = np.empty(len(self), dtype=[(name, x.dtype) for name, x in columns.items()])
        for name, x in columns.items():
            records[name] = x
        return records

    def to_arrow(self) -> Any:
        """One `pyarrow.Table`; NaN becomes null. Needs pyarrow, which is not a dependency."""
        arrow = importlib.import_module("pyarrow")
        return arrow.table(
            {name: arrow.array(x, from_pandas=True) for name, x in self.columns().items()},
            metadata={"method": self.method, "test": self.test, "level": repr(self.level)},
        )

    def require_results(self) -> None:
        """Raise `EvidenceError` for the first analysis without a result, if there is one."""
        failed = np.flatnonzero(self.status > Status.SINGLE_STUDY)
        if len(failed):
            which = f"Analysis {failed[0] + 1}: " if len(self) > 1 else ""
            raise EvidenceError(which + Status(int(self.status[failed[0]])).sentence)
