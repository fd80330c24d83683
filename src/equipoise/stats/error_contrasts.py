"""A linear model with known unequal variances and one more, common variance, in canonical form.

The model is y ~ N(Xβ, V + tI) with V = diag(v) known. Let the columns of K (k by k − p) be an
orthonormal basis of what X cannot express. The eigenvectors U and eigenvalues d of K'VK do not
depend on t, so c = U'K'y has independent elements cᵢ ~ N(0, dᵢ + t) whatever β and t are. All that
the residuals say about t is in these pairs (Patterson and Thompson 1971, DOI
10.1093/biomet/58.3.545; Harville 1977, DOI 10.1080/01621459.1977.10480998). With the projection
P = Σ⁻¹ − Σ⁻¹X(X'Σ⁻¹X)⁻¹X'Σ⁻¹, Σ = V + tI:

    y'Py = Σ cᵢ² / (dᵢ + t),   tr Pʲ = Σ (dᵢ + t)⁻ʲ,   log |K'ΣK| = Σ log(dᵢ + t)

Arrays have one row for each model; a single model is a batch of one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_WIDE = 1e6
"""Ratio of variances beyond which an ordinary singular value decomposition loses digits."""
_GRID_STEP = 0.12
_MAX_STEPS = 200
_EPS = 2.0**-52
_ROUNDING = 16 * _EPS
"""Residuals below this share of the largest outcome are rounding, not heterogeneity."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ErrorContrasts:
    """Squared contrasts c² and their variances d at t = 0, each of shape (models, k − p).

    `given` are the known variances v, shape (models, k); the full likelihood needs them. The three
    broadcast against each other in their first axis.
    """

    squares: FloatArray
    variances: FloatArray
    given: FloatArray

    @property
    def df(self) -> int:
        """Residual degrees of freedom k − p."""
        return int(self.variances.shape[-1])

    def q(self, t: FloatArray) -> FloatArray:
        """Weighted residual sum of squares y'Py of each model at its `t`, shape (models,)."""
        return np.asarray((self.squares / (self.variances + t[:, None])).sum(axis=-1))

    def trace(self, t: FloatArray, power: int = 1) -> FloatArray:
        """Trace of the `power`-th power of P of each model at its `t`."""
        return np.asarray(((self.variances + t[:, None]) ** -power).sum(axis=-1))

    def log_likelihood(self, t: FloatArray, *, restricted: bool) -> FloatArray:
        """Logarithm of the (restricted) likelihood of each model at its `t`, β at its best.

        Without the factor (2π)^(−(k − p)/2) or (2π)^(−k/2); the restricted one is that of the
        contrasts themselves.
        """
        spread = self.variances if restricted else self.given
        logs = np.log(spread + t[:, None]).sum(axis=-1)
        return np.asarray(-0.5 * (logs + self.q(t)))

    def select(self, rows: NDArray[np.intp]) -> ErrorContrasts:
        """Take some of the models, with repetition."""
        return ErrorContrasts(
            squares=np.broadcast_to(self.squares, self._shape)[rows],
            variances=np.broadcast_to(self.variances, self._shape)[rows],
            given=np.broadcast_to(self.given, (self.models, self.given.shape[-1]))[rows],
        )

    @property
    def models(self) -> int:
        """How many models."""
        return max(len(self.squares), len(self.variances), len(self.given))

    @property
    def _shape(self) -> tuple[int, int]:
        return self.models, self.df


def contrast_basis(v: FloatArray, X: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Variances d, shape (models, k − p), and contrasts KU, shape (models, k, k − p).

    `v` is (models, k), `X` (models, k, p) of full rank and reasonable scaling, with k ≥ p. Where
    variances differ by more than a factor of a million, one-sided Jacobi rotations keep the
    relative accuracy of the small ones (Drmač and Veselić 2008, DOI 10.1137/05063920X).
    """
    p = X.shape[-1]
    complement = np.linalg.qr(X, mode="complete")[0][..., p:]
    scaled = np.sqrt(v)[..., None] * complement
    wide = v.max(axis=-1) > _WIDE * v.min(axis=-1)
    models, _, n = scaled.shape
    roots, right = np.empty((models, n)), np.empty((models, n, n))
    if n and (~wide).any():
        _, roots[~wide], right[~wide] = np.linalg.svd(scaled[~wide], full_matrices=False)
    for i in np.flatnonzero(wide).tolist() if n else ():
        roots[i], right[i] = _jacobi(scaled[i])
    return roots**2, complement @ right.swapaxes(-1, -2)


def error_contrasts(y: FloatArray, v: FloatArray, X: FloatArray) -> ErrorContrasts:
    """Canonical form of models with outcomes `y` (models, k); see `contrast_basis`."""
    variances, basis = contrast_basis(v, X)
    # What X explains goes first, so that a large mean costs the contrasts no digits.
    q = np.linalg.qr(X)[0]
    rest = y - np.einsum("...kp,...p->...k", q, np.einsum("...kp,...k->...p", q, y))
    rest = np.where(np.abs(rest) <= _ROUNDING * np.abs(y).max(axis=-1, keepdims=True), 0.0, rest)
    contrasts = np.einsum("...kn,...k->...n", basis, rest)
    return ErrorContrasts(squares=contrasts**2, variances=variances, given=v)


def _jacobi(a: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Singular values and right vectors (as rows) of a matrix whose rows differ much in size."""
    from scipy.linalg import lapack  # noqa: PLC0415 - rarely needed, slow to import

    order = np.argsort(-np.abs(a).max(axis=1), kind="stable")
    # joba 2: accurate for D₁CD₂ with any diagonal D₁, D₂; jobu 3: no left vectors; jobr 0: no
    # small value is rounded to zero.
    values, _, right, work, _, info = lapack.dgejsv(
        np.asfortranarray(a[order]), joba=2, jobu=3, jobv=0, jobr=0
    )
    if info != 0:
        raise ArithmeticError(f"the singular value decomposition did not converge ({info})")
    return values * (work[0] / work[1]), right.T


def solve_q(contrasts: ErrorContrasts, target: float) -> FloatArray:
    """Find the t ≥ 0 of each model at which y'Py is `target`; zero where it starts below.

    1/y'Py is concave and increasing in t, so Newton's method on it climbs to the root from the
    left without ever passing it. `target` is positive.
    """
    t = np.zeros(contrasts.models)
    open_ = contrasts.q(t) > target
    for _ in range(_MAX_STEPS):
        if not open_.any():
            return t
        some = contrasts.select(np.flatnonzero(open_))
        at = t[open_]
        spread = some.variances + at[:, None]
        q = (some.squares / spread).sum(axis=-1)
        slope = (some.squares / spread**2).sum(axis=-1)
        step = (q - target) * (q / slope) / target
        t[open_] = at + np.maximum(step, 0.0)
        open_[open_] = step > 2 * _EPS * (at + step)
    raise ArithmeticError("the weighted sum of squares was not brought to its target")


def maximise_likelihood(contrasts: ErrorContrasts, *, restricted: bool) -> FloatArray:
    """Find the t ≥ 0 of the highest peak of each model's (restricted) likelihood.

    Beyond the largest cᵢ² − dᵢ the likelihood only falls, so nothing is missed to the right. In
    log(t + smallest d) every term changes over a unit or more: a grid of steps of 0.12 shows the
    sign changes of the score, each is refined to the last digits inside its bracket, and the
    likelihood decides between several peaks. Of equal peaks the smallest is taken.
    """
    best = np.zeros(contrasts.models)
    value = contrasts.log_likelihood(best, restricted=restricted)
    floor = np.minimum(contrasts.variances.min(axis=-1), contrasts.given.min(axis=-1))
    ends = (contrasts.squares - contrasts.variances).max(axis=-1)
    floor, ends = np.broadcast_arrays(floor, ends)
    reach = np.log1p(np.maximum(ends, 0.0) / floor)
    active = np.flatnonzero(reach > 0)
    if not len(active):
        return best
    count = 2 + math.ceil(float(reach.max()) / _GRID_STEP)
    owners, lows, highs = [], [], []
    before = np.zeros(len(active))
    some = contrasts.select(active)
    rising = _score(some, before, restricted=restricted)[0] > 0
    for j in range(1, count + 1):
        here = floor[active] * np.expm1(reach[active] * (j / count) * (1 + 1e-9))
        now = _score(some, here, restricted=restricted)[0] > 0
        peak = rising & ~now
        owners.append(active[peak])
        lows.append(before[peak])
        highs.append(here[peak])
        before, rising = here, now
    owner = np.concatenate(owners)
    if not len(owner):
        return best
    peaks = _refine(
        contrasts.select(owner),
        np.concatenate(lows),
        np.concatenate(highs),
        restricted=restricted,
    )
    heights = contrasts.select(owner).log_likelihood(peaks, restricted=restricted)
    # The score at zero decides whether zero is a peak at all; where it rises, rounding may not.
    at_zero = _score(contrasts.select(owner), np.zeros(len(owner)), restricted=restricted)[0]
    value = np.array(value)
    value[owner[at_zero > 0]] = -np.inf
    for i, t, height in zip(owner.tolist(), peaks.tolist(), heights.tolist(), strict=True):
        if height > value[i]:
            best[i], value[i] = t, height
    return best


def _score(
    contrasts: ErrorContrasts, t: FloatArray, *, restricted: bool
) -> tuple[FloatArray, FloatArray]:
    """Twice the derivative of the log-likelihood, and its own derivative."""
    inverse = 1 / (contrasts.variances + t[:, None])
    trace = inverse if restricted else 1 / (contrasts.given + t[:, None])
    pull = contrasts.squares * inverse**2
    score = pull.sum(axis=-1) - trace.sum(axis=-1)
    return score, (trace**2).sum(axis=-1) - 2 * (pull * inverse).sum(axis=-1)


def _refine(
    contrasts: ErrorContrasts, low: FloatArray, high: FloatArray, *, restricted: bool
) -> FloatArray:
    """Root of each score between `low`, where it is positive, and `high`: Newton or bisection."""
    t = 0.5 * (low + high)
    for _ in range(_MAX_STEPS):
        score, slope = _score(contrasts, t, restricted=restricted)
        low, high = np.where(score > 0, t, low), np.where(score > 0, high, t)
        middle = 0.5 * (low + high)
        step = np.where(slope < 0, -score / np.where(slope < 0, slope, -1.0), np.inf)
        inside = (t + step > low) & (t + step < high)
        new = np.where(inside | (score == 0), t + np.where(score == 0, 0.0, step), middle)
        done = np.abs(new - t) <= 2 * _EPS * np.abs(new)
        t = new
        if done.all():
            return t
    raise ArithmeticError("a peak of the likelihood was not refined")
