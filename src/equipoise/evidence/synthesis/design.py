"""The columns of a meta-regression: checked, and put on a common footing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.errors import EvidenceError

FloatArray = NDArray[np.float64]

_REDUNDANT = 1e-9
_CONSTANT = 1e-13


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Design:
    """A full-rank design: `given` (k, p) as it came, `scaled` with columns of size one.

    Where there is an intercept, the other columns are centred as well, so that a moderator such as
    the calendar year costs no digits. `back` (p, p) leads from scaled to given coefficients:
    β = back γ, and given @ back = scaled.
    """

    names: tuple[str, ...]
    given: FloatArray
    scaled: FloatArray
    back: FloatArray
    intercept: int | None

    @property
    def p(self) -> int:
        """Number of coefficients."""
        return len(self.names)

    @property
    def moderators(self) -> tuple[int, ...]:
        """Positions of the columns other than the intercept."""
        return tuple(j for j in range(self.p) if j != self.intercept)

    def rows(self, X: ArrayLike) -> FloatArray:
        """New rows in scaled columns; each row has the columns of the design, in its order."""
        new = np.asarray(X, dtype=np.float64)
        new = new[None, :] if new.ndim == 1 else new
        if new.ndim != 2 or new.shape[1] != self.p:
            raise EvidenceError(f"Each row to predict for needs {self.p} values: {self._columns}.")
        if not np.isfinite(new).all():
            raise EvidenceError("Moderator values to predict for must be finite.")
        return new @ self.back

    @property
    def _columns(self) -> str:
        return ", ".join(self.names)


def read_design(X: ArrayLike, k: int, names: Sequence[str] | None = None) -> Design:
    """Check a design of `k` rows and give it common scales.

    `X` holds every column, that of the intercept (ones) included where there is one. Refused in
    words: missing values, as many coefficients as studies or more, a moderator that is the same in
    every study beside an intercept, and a moderator that others determine.
    """
    given = np.asarray(X, dtype=np.float64)
    given = given[:, None] if given.ndim == 1 else given
    if given.ndim != 2 or given.shape[0] != k or given.shape[1] == 0:
        raise EvidenceError("The moderators need one row for each study and at least one column.")
    p = given.shape[1]
    if not np.isfinite(given).all():
        raise EvidenceError("A moderator is missing in some study; leave that study out by name.")
    constant = [j for j in range(p) if given[0, j] != 0 and (given[:, j] == given[0, j]).all()]
    intercept = constant[0] if constant else None
    if names is None:
        labels = tuple("intercept" if j == intercept else f"x{j}" for j in range(p))
    elif len(names) != p:
        raise EvidenceError(f"{p} columns need {p} names, not {len(names)}.")
    else:
        labels = tuple(names)
    if k <= p:
        raise EvidenceError(
            f"{p} coefficients cannot be told from {k} {'study' if k == 1 else 'studies'}: at "
            f"least {p + 1} are needed."
        )
    size = np.abs(given).max(axis=0)
    if (size == 0).any():
        raise EvidenceError(f"The moderator {labels[int(np.argmin(size))]} is zero in every study.")
    back = np.diag(1 / size)
    scaled = given / size
    if intercept is not None:
        scaled[:, intercept] = 1.0
        back[intercept, intercept] = 1 / given[0, intercept]
        for j in range(p):
            if j == intercept:
                continue
            centre = float(scaled[:, j].mean())
            scaled[:, j] -= centre
            back[intercept, j] -= centre / given[0, intercept]
    for j in range(p):
        spread = float(np.sqrt((scaled[:, j] ** 2).mean()))
        if spread <= _CONSTANT:
            raise EvidenceError(
                f"The moderator {labels[j]} is the same in every study and says nothing beside "
                "the intercept."
            )
        scaled[:, j] /= spread
        back[:, j] /= spread
    left = np.abs(np.diag(np.linalg.qr(scaled, mode="r"))) / np.sqrt(k)
    if (left <= _REDUNDANT).any():
        redundant = int(np.argmax(left <= _REDUNDANT))
        raise EvidenceError(
            f"The moderator {labels[redundant]} is redundant: the columns before it "
            f"({', '.join(labels[:redundant])}) determine it."
        )
    return Design(names=labels, given=given, scaled=scaled, back=back, intercept=intercept)
