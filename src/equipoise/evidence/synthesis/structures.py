"""How the true effects of one study hang together: covariance between kinds of effect."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from equipoise.errors import EvidenceError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
StructureKind = Literal["ID", "DIAG", "CS", "HCS", "UN", "AR", "HAR", "CAR"]

_KINDS = ("ID", "DIAG", "CS", "HCS", "UN", "AR", "HAR", "CAR")
_ONE_VARIANCE = ("ID", "CS", "AR", "CAR")
_ONE_CORRELATION = ("CS", "HCS", "AR", "HAR", "CAR")


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomStructure:
    """Random effects of kinds `inner` (outcomes, arms, times) within groups `outer` (studies).

    Both hold one label for each estimate. Effects of one group covary as `kind` says, effects of
    different groups are independent:

    - "ID": one variance, no correlation; "DIAG": a variance for each inner label, no correlation.
    - "CS": one variance, one correlation, from −1/(m − 1) to 1 for m inner labels; "HCS": the same
      with a variance for each label; "UN": any covariance matrix.
    - "AR": correlation ρ^|i − j| between the i-th and j-th inner label in sorted order, one
      variance; "HAR": the same with a variance for each; "CAR": ρ^|tᵢ − tⱼ| with 0 ≤ ρ ≤ 1, inner
      labels being times.
    """

    inner: Sequence[Any]
    outer: Sequence[Hashable]
    kind: StructureKind = "UN"


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomCovariance:
    """A fitted `RandomStructure`.

    `labels` are the inner labels in sorted order and `covariance` is that of their effects.
    `tau2` holds one variance or one for each label, as the kind has it; `rho` the correlations:
    none, one, or those of all pairs in the order (1, 2), (1, 3), …, (2, 3), …. A correlation is
    `None` where a variance of zero leaves it without meaning.
    """

    kind: StructureKind
    labels: tuple[Any, ...]
    tau2: tuple[float, ...]
    rho: tuple[float | None, ...]
    covariance: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parametrisation:
    """Covariance of m effects as a smooth function of free numbers.

    Free numbers are standard deviations (their roots where each label has its own, which keeps
    them from turning negative), then one angle or rate for a correlation; for "UN" with more than
    two labels the lower Cholesky factor, row by row. Bounds (a variance of zero, a correlation of
    one) are inner points of the free numbers, so no search ever runs into a wall.
    """

    kind: StructureKind
    m: int
    distance: FloatArray = field(default_factory=lambda: np.zeros((1, 1)))

    @property
    def free(self) -> int:
        """How many free numbers there are, which is how many parameters the structure has."""
        if self._cholesky:
            return self.m * (self.m + 1) // 2
        return self.variances + self.correlated

    @property
    def variances(self) -> int:
        """How many variances the structure tells apart."""
        return 1 if self.kind in _ONE_VARIANCE else self.m

    @property
    def _cholesky(self) -> bool:
        return self.kind == "UN" and self.m > 2

    @property
    def correlated(self) -> bool:
        """Whether there is a correlation to estimate."""
        return self.m > 1 and (self.kind in _ONE_CORRELATION or self.kind == "UN")

    @property
    def lowest_correlation(self) -> float:
        """Smallest correlation that the kind allows."""
        if self.kind == "CAR":
            return 0.0
        return -1.0 if self.kind in ("AR", "HAR", "UN") else -1 / (self.m - 1)

    def start(self, variance: float, correlation: float, strong: int | None = None) -> FloatArray:
        """Free numbers for a size of the variances and, as far as the kind has any, correlations.

        Variances are equal or, where labels have their own, a hundred times smaller for all labels
        but the `strong` one.
        """
        each = np.full(self.variances, variance)
        if strong is not None:
            each[np.arange(self.variances) != strong] *= 0.01
        if self._cholesky:
            rho = max(correlation, -0.9 / (self.m - 1))
            R = (1 - rho) * np.eye(self.m) + rho
            G = np.sqrt(np.outer(each, each)) * R
            return np.asarray(np.linalg.cholesky(G)[np.tril_indices(self.m)])
        angle = [self.free_correlation(correlation)] if self.correlated else []
        return np.array([self.free_variance(v) for v in each.tolist()] + angle)

    def free_variance(self, variance: float) -> float:
        """Free number of a variance."""
        return self.free_deviation(math.sqrt(variance))

    def free_deviation(self, sd: float) -> float:
        """Free number of a standard deviation."""
        return math.sqrt(sd) if self._own_scales else sd

    def free_correlation(self, rho: float) -> float:
        """Free number of a correlation."""
        if self.kind == "CAR":
            return math.sqrt(-math.log(min(1.0, max(rho, 1e-300))))
        low = self.lowest_correlation
        share = (min(1.0, max(rho, low)) - low) / (1 - low)
        return math.asin(math.sqrt(min(1.0, share)))

    @property
    def _own_scales(self) -> bool:
        return self.kind in ("HCS", "HAR") or (self.kind == "UN" and self.m == 2)

    def covariance(self, free: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Covariance (m by m), its first (n, m, m) and second derivatives (n, n, m, m)."""
        if self._cholesky:
            return _cholesky_product(free, self.m)
        n, m = self.free, self.m
        dG, d2G = np.zeros((n, m, m)), np.zeros((n, n, m, m))
        if self.kind == "DIAG":
            each = np.arange(m)
            dG[each, each, each] = 2 * free
            d2G[each, each, each, each] = 2.0
            return np.diag(free**2), dG, d2G
        R, dR, d2R = self._correlations(float(free[-1])) if self.correlated else _independent(m)
        if not self._own_scales:
            s = float(free[0])
            dG[0], d2G[0, 0] = 2 * s * R, 2 * R
            if self.correlated:
                dG[1], d2G[1, 1] = s**2 * dR, s**2 * d2R
                d2G[0, 1] = d2G[1, 0] = 2 * s * dR
            return s**2 * R, dG, d2G
        roots = free[: self.variances]
        d = roots**2
        outer = np.outer(d, d)
        for i in range(m):
            change = np.zeros((m, m))  # of outer(d, d) with d_i
            change[i, :] += d
            change[:, i] += d
            dG[i] = 2 * roots[i] * change * R
            for j in range(m):
                both = np.zeros((m, m))
                both[i, j] += 1
                both[j, i] += 1
                d2G[i, j] = 4 * roots[i] * roots[j] * both * R + (2 * change * R if i == j else 0.0)
            if self.correlated:
                d2G[i, m] = d2G[m, i] = 2 * roots[i] * change * dR
        if self.correlated:
            dG[m], d2G[m, m] = outer * dR, outer * d2R
        return outer * R, dG, d2G

    def _correlations(self, a: float) -> tuple[FloatArray, FloatArray, FloatArray]:
        if self.kind == "CAR":
            t = self.distance
            R = np.exp(-(a**2) * t)
            return R, -2 * a * t * R, (4 * a**2 * t - 2) * t * R
        low = self.lowest_correlation
        rho = low + (1 - low) * math.sin(a) ** 2
        d1, d2 = (1 - low) * math.sin(2 * a), 2 * (1 - low) * math.cos(2 * a)
        if self.kind in ("AR", "HAR"):
            t = self.distance
            R = rho**t
            R1 = t * rho ** np.maximum(t - 1, 0)
            R2 = t * (t - 1) * rho ** np.maximum(t - 2, 0)
        else:
            off = 1 - np.eye(self.m)
            R, R1, R2 = np.eye(self.m) + rho * off, off, np.zeros((self.m, self.m))
        return R, R1 * d1, R2 * d1**2 + R1 * d2

    def correlation(self, free: FloatArray) -> float:
        """Correlation parameter at the free numbers, of a kind that has one."""
        a = float(free[-1])
        if self.kind == "CAR":
            return math.exp(-(a**2))
        low = self.lowest_correlation
        return low + (1 - low) * math.sin(a) ** 2

    def describe(
        self, free: FloatArray, negligible: float
    ) -> tuple[FloatArray, tuple[float | None, ...]]:
        """Variances and correlations at the free numbers; variances up to `negligible` are zero."""
        G, _, _ = self.covariance(free)
        variances = np.where(np.diag(G) > negligible, np.diag(G), 0.0)
        tau2 = variances[: self.variances]
        if not self.correlated:
            return tau2, ()
        if self._cholesky:
            pairs = [(i, j) for i in range(self.m) for j in range(i + 1, self.m)]
            return tau2, tuple(_correlation_of(G, variances, i, j) for i, j in pairs)
        if np.count_nonzero(variances) < 2:
            return tau2, (None,)
        return tau2, (self.correlation(free),)


def _correlation_of(G: FloatArray, variances: FloatArray, i: int, j: int) -> float | None:
    if variances[i] == 0 or variances[j] == 0:
        return None
    rho = float(G[i, j] / math.sqrt(G[i, i]) / math.sqrt(G[j, j]))
    return min(1.0, max(-1.0, rho))


def _independent(m: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    return np.eye(m), np.zeros((m, m)), np.zeros((m, m))


def _cholesky_product(free: FloatArray, m: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    rows, columns = np.tril_indices(m)
    n = len(rows)
    L = np.zeros((m, m))
    L[rows, columns] = free
    dG, d2G = np.zeros((n, m, m)), np.zeros((n, n, m, m))
    for i, (r, c) in enumerate(zip(rows.tolist(), columns.tolist(), strict=True)):
        dG[i, r] += L[:, c]
        dG[i, :, r] += L[:, c]
        for j in np.flatnonzero(columns == c).tolist():
            d2G[i, j, r, rows[j]] += 1
            d2G[i, j, rows[j], r] += 1
    return L @ L.T, dG, d2G


def sorted_labels(labels: Sequence[Any]) -> list[Any]:
    """Different labels in sorted order; in order of appearance where they cannot be compared."""
    different = list(dict.fromkeys(labels))
    try:
        return sorted(different)
    except TypeError:
        return different


def parametrise(structure: RandomStructure) -> tuple[Parametrisation, list[Any], IntArray]:
    """Make the parametrisation of a structure, with its inner labels and each estimate's position.

    Raises `EvidenceError` for an unknown kind, times that are no numbers, and pairs of labels whose
    correlation is asked for although no group holds both.
    """
    kind = structure.kind
    if kind not in _KINDS:
        raise EvidenceError(f"No such random structure: {kind}; there are {', '.join(_KINDS)}.")
    if len(structure.inner) != len(structure.outer):
        raise EvidenceError("Inner and outer labels must be as many.")
    labels = sorted_labels(structure.inner)
    position = {label: i for i, label in enumerate(labels)}
    inner = np.array([position[label] for label in structure.inner], dtype=np.intp)
    m = len(labels)
    distance = np.zeros((m, m))
    if kind in ("AR", "HAR"):
        distance = np.abs(np.subtract.outer(np.arange(m), np.arange(m))).astype(np.float64)
    elif kind == "CAR":
        try:
            times = np.array([float(label) for label in labels])
        except (TypeError, ValueError):
            raise EvidenceError("CAR needs inner labels that are times, in numbers.") from None
        distance = np.abs(np.subtract.outer(times, times))
    together = _seen_together(inner, structure.outer, m)
    if kind == "UN":
        apart = [(a, b) for a in range(m) for b in range(a) if not together[a, b]]
        if apart:
            a, b = apart[0]
            raise EvidenceError(
                f"No group holds both {labels[b]} and {labels[a]}, so their correlation cannot be "
                "estimated; use DIAG, or CS or HCS if other pairs stand together."
            )
    elif kind in _ONE_CORRELATION and m > 1 and not together.any():
        raise EvidenceError(
            "No group holds two different inner labels, so their correlation cannot be estimated; "
            "use ID or DIAG."
        )
    return Parametrisation(kind=kind, m=m, distance=distance), labels, inner


def _seen_together(inner: IntArray, outer: Sequence[Hashable], m: int) -> NDArray[np.bool_]:
    seen: dict[Hashable, set[int]] = {}
    for i, group in zip(inner.tolist(), outer, strict=True):
        seen.setdefault(group, set()).add(i)
    together = np.zeros((m, m), dtype=bool)
    for members in seen.values():
        several = np.array(sorted(members), dtype=np.intp)
        together[np.ix_(several, several)] = True
    np.fill_diagonal(together, False)
    return together
