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


def starting_points(model: GaussianModel) -> list[FloatArray]:
    """Points from which the climbs begin: shares of the variance, its size, correlations."""
    n = len(model.components)
    shares = [np.full(n, 1 / n)] if n else []
    if n > 1:
        shares += [np.where(np.arange(n) == i, 0.9, 0.1 / (n - 1)) for i in range(n)]
    sizes = [model.start_variance, 0.1 * model.start_variance]
    if model.least_variance < 0.1 * sizes[-1]:
        sizes.append(model.least_variance)
    correlated = any(c.form.correlated for c in model.components)
    correlations = (0.3, -0.5, 0.9) if correlated else (0.3,)
    return [
        np.concatenate(
            [
                c.form.start(size * part, rho)
                for c, part in zip(model.components, share.tolist(), strict=True)
            ]
        )
        for size, share, rho in itertools.product(sizes, shares, correlations)
    ] or [np.empty(0)]


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
    information = model.at(starting_points(model)[0]).information
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
