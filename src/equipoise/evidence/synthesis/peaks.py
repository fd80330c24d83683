"""The highest peak of a likelihood that may have several, and what it can tell at all."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from equipoise.errors import EvidenceError
from equipoise.evidence.synthesis.gaussian import GaussianModel
from equipoise.stats.newton import Peak, climb

FloatArray = NDArray[np.float64]

_UNTOLD = 1e-9
"""Share of the largest information below which the estimates say nothing about a number."""
_LONGEST_SCAN = 200


def middle_point(model: GaussianModel) -> FloatArray:
    """Equal shares of the variance and mild correlations: far from every bound."""
    n = max(1, len(model.components))
    return _point(model, model.start_variance, np.full(n, 1 / n), 0.3, None)


def starting_points(model: GaussianModel) -> list[FloatArray]:
    """Points from which the climbs begin.

    Along rays of fixed shares and correlations, the size of the variance is scanned over all scales
    of the problem; there is a start where the likelihood is higher than at both neighbours, and for
    equal shares at the size that the spread of the estimates suggests, and next to zero.
    """
    n = len(model.components)
    if n == 0:
        return [np.empty(0)]
    shares = [np.full(n, 1 / n)]
    if n > 1:
        few = 0.001 / (n - 1)
        shares += [np.where(np.arange(n) == i, 0.999, few) for i in range(n)]
    correlated = any(c.form.correlated for c in model.components)
    correlations = (0.3, -0.5, 0.9) if correlated else (0.3,)
    strong = max(c.form.variances for c in model.components)
    labels = (None, *range(strong)) if strong > 1 else (None,)
    low, high = 1e-4 * model.least_variance, 4 * max(model.start_variance, model.least_variance)
    # One component has no other ray to make up for what a coarse scan would miss.
    step = 1.5 if model.free == 1 else 4.0
    sizes = np.geomspace(low, high, min(_LONGEST_SCAN, 2 + math.ceil(math.log(high / low, step))))
    starts: list[FloatArray] = []
    usual = int(np.argmin(np.abs(np.log(sizes / model.start_variance))))
    for share, rho, label in itertools.product(shares, correlations, labels):
        ray = [_point(model, size, share, rho, label) for size in sizes.tolist()]
        values = np.array([-math.inf, *(model.value(point) for point in ray), -math.inf])
        peaks = (values[1:-1] >= values[:-2]) & (values[1:-1] >= values[2:])
        if share is shares[0] and label is None:
            peaks[[0, usual]] = True
        starts += [ray[i] for i in np.flatnonzero(peaks & np.isfinite(values[1:-1])).tolist()]
    return starts or [middle_point(model)]


def _point(
    model: GaussianModel, size: float, share: FloatArray, rho: float, label: int | None
) -> FloatArray:
    parts = [
        c.form.start(size * part, rho, label if c.form.variances > 1 else None)
        for c, part in zip(model.components, share.tolist(), strict=False)
    ]
    return np.concatenate(parts) if parts else np.empty(0)


def highest_peak(
    model: GaussianModel,
    starts: Sequence[FloatArray],
    *,
    fixed: tuple[int, float] | None = None,
) -> Peak:
    """Highest of the peaks uphill of the starts, one free number held fixed if asked."""
    moving = np.ones(model.free, dtype=bool)
    if fixed is not None:
        moving[fixed[0]] = False
    best: Peak | None = None
    for start in starts:
        whole = np.array(start)
        if fixed is not None:
            whole[fixed[0]] = fixed[1]
        peak = climb(partial(_along, model, whole, moving), whole[moving])
        if peak.settled and math.isfinite(peak.value) and (best is None or peak.value > best.value):
            whole[moving] = peak.at
            best = replace(peak, at=whole)
    if best is None:
        raise EvidenceError("The likelihood of this model has no top that could be reached.")
    return best


def _along(
    model: GaussianModel, whole: FloatArray, moving: NDArray[np.bool_], x: FloatArray
) -> tuple[float, FloatArray, FloatArray]:
    point = whole.copy()
    point[moving] = x
    value, g, H = model.derivatives(point)
    return value, g[moving], H[np.ix_(moving, moving)]


def require_told_apart(model: GaussianModel) -> None:
    """Refuse components that the likelihood does not depend on, or only on a sum of them."""
    if model.free == 0:
        return
    # Away from every bound, where each free number should matter.
    information = model.at(middle_point(model)).information
    size = np.sqrt(np.diag(information))
    names = np.repeat(np.arange(len(model.components)), [c.form.free for c in model.components])
    if not (size > _UNTOLD * size.max()).all():
        name = model.components[int(names[int(np.argmin(size))])].name
        raise EvidenceError(f"The estimates say nothing about {name}; leave it out.")
    values, vectors = np.linalg.eigh(information / np.outer(size, size))
    if values[0] <= _UNTOLD:
        mixed = sorted({int(names[i]) for i in np.flatnonzero(np.abs(vectors[:, 0]) > 0.1)})
        told = " and ".join(model.components[i].name for i in mixed)
        raise EvidenceError(f"The estimates cannot tell the parts of {told} apart.")
