"""Weighted least squares for a batch of models, by orthogonal factors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_ROUNDING = 16 * 2.0**-52


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WeightedFit:
    """Minimisers of Σ wᵢ (yᵢ − xᵢγ)², one row for each model.

    `coefficients` has shape (models, p); `root` (models, p, p) is a factor of their covariance
    when the weights are inverse variances, (X'WX)⁻¹ = root root'; `hat` (models, k) is the
    leverage of each observation, the diagonal of X(X'WX)⁻¹X'W.
    """

    coefficients: FloatArray
    root: FloatArray
    hat: FloatArray

    @property
    def covariance(self) -> FloatArray:
        """(X'WX)⁻¹ of each model."""
        return np.asarray(self.root @ self.root.swapaxes(-1, -2))


def weighted_least_squares(y: FloatArray, w: FloatArray, X: FloatArray) -> WeightedFit:
    """Fit outcomes `y` (models, k) with positive weights `w` (models, k) on `X` (models, k, p).

    The first axes broadcast. `X` is of full rank and its columns are of size one. Rows are sorted
    by weight, which keeps the small ones accurate beside enormous ones. Coefficients that are
    nothing but rounding of the largest |y| are zero.
    """
    y, w = np.broadcast_arrays(y, w)
    X = np.broadcast_to(X, (*w.shape, X.shape[-1]))
    order = np.argsort(-w, axis=-1, kind="stable")
    root_w = np.sqrt(np.take_along_axis(w, order, axis=-1))
    sorted_x = np.take_along_axis(X, order[..., None], axis=-2)
    q, r = np.linalg.qr(root_w[..., None] * sorted_x)
    rotated = np.einsum("...kp,...k->...p", q, root_w * np.take_along_axis(y, order, axis=-1))
    coefficients = np.linalg.solve(r, rotated[..., None])[..., 0]
    noise = _ROUNDING * np.abs(y).max(axis=-1, keepdims=True)
    hat = np.empty(w.shape)
    np.put_along_axis(hat, order, (q**2).sum(axis=-1), axis=-1)
    identity = np.broadcast_to(np.eye(X.shape[-1]), r.shape)
    return WeightedFit(
        coefficients=np.where(np.abs(coefficients) <= noise, 0.0, coefficients),
        root=np.linalg.solve(r, identity),
        hat=hat,
    )
