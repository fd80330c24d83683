"""Permutation tests: how often chance alone makes a moderator look as strong as this."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.errors import EvidenceError
from equipoise.evidence.synthesis.design import Design, read_design
from equipoise.evidence.synthesis.mixed_model import (
    RegressionTest,
    computable,
    fit_batch,
    require_regression,
    unit_of,
)
from equipoise.evidence.synthesis.residual_heterogeneity import RegressionMethod

FloatArray = NDArray[np.float64]
Item = TypeVar("Item")

_CELLS = 2**18
"""Numbers held at once while models are refitted."""
_TIE = 1e-8
"""Statistics closer than this, relative to the observed one if that is large, count as equal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PermutationTest:
    """Permutation p-values of the coefficients `names`, two-sided, and of the moderators together.

    `exact`: every one of the `count` distinct arrangements was fitted, so the p-values are
    multiples of 1 / `count`. Otherwise `count` arrangements were drawn with `seed`; the one at hand
    counts as one more, and `errors` (and `omnibus_error`) are the Monte Carlo standard errors.
    `omnibus_p` is `None` without moderators, the errors are `None` where there is none.
    """

    names: tuple[str, ...]
    p: tuple[float, ...]
    omnibus_p: float | None
    exact: bool
    count: int
    seed: int | None
    errors: tuple[float, ...] | None
    omnibus_error: float | None
    cites: tuple[str, ...] = ("permutation-test", "monte-carlo-p")


def permutation_test(
    yi: ArrayLike,
    vi: ArrayLike,
    X: ArrayLike | None = None,
    *,
    method: RegressionMethod = "REML",
    test: RegressionTest = "z",
    names: Sequence[str] | None = None,
    exact_limit: int = 10_000,
    samples: int = 10_000,
    seed: int = 0,
) -> PermutationTest:
    """Refit under every rearrangement that the null hypothesis makes as likely as the data.

    Without moderators the signs of the estimates are flipped (Follmann and Proschan 1999, DOI
    10.1111/j.0006-341X.1999.00732.x); with moderators their rows are permuted among the studies,
    each distinct arrangement once (Higgins and Thompson 2004, DOI 10.1002/sim.1752). τ² is
    estimated anew each time. Up to `exact_limit` arrangements all are fitted, otherwise `samples`
    are drawn with `seed` and the p-value is (1 + as extreme) / (1 + drawn) (Phipson and Smyth 2010,
    DOI 10.2202/1544-6115.1585).
    """
    y, v = require_regression(yi, vi, method, test, 0.95)
    if samples < 1:
        raise EvidenceError("A permutation test by chance needs at least one draw.")
    design = read_design(np.ones(len(y)) if X is None else X, len(y), names)
    with computable():
        unit = unit_of(v)
        y, v = y / unit, v / unit**2
        if design.moderators:
            return _permute(y, v, design, method, test, exact_limit, samples, seed)
        return _flip(y, v, design, method, test, exact_limit, samples, seed)


def _flip(
    y: FloatArray,
    v: FloatArray,
    design: Design,
    method: RegressionMethod,
    test: RegressionTest,
    exact_limit: int,
    samples: int,
    seed: int,
) -> PermutationTest:
    k = len(y)
    exact = 2**k <= exact_limit
    if exact:
        # Flipping all signs changes no size of a statistic: one half stands for both.
        half = product((1.0, -1.0), repeat=k - 1)
        batches = (np.array([(1.0, *s) for s in signs]) for signs in _chunks(half, k))
    else:
        generator = np.random.default_rng(seed)
        sizes = (len(c) for c in _chunks(iter(range(samples)), k))
        batches = (generator.choice((-1.0, 1.0), size=(m, k)) for m in sizes)
    observed = _statistics(y[None], v[None], design, method, test)
    rest = (_statistics(s * y, v[None], design, method, test) for s in batches)
    return _counted(design, observed, rest, 2**k if exact else None, seed, share=2)


def _permute(
    y: FloatArray,
    v: FloatArray,
    design: Design,
    method: RegressionMethod,
    test: RegressionTest,
    exact_limit: int,
    samples: int,
    seed: int,
) -> PermutationTest:
    k = len(y)
    _, labels, repeats = np.unique(design.given, axis=0, return_inverse=True, return_counts=True)
    labels = labels.ravel()
    count = math.factorial(k)
    for repeat in repeats.tolist():
        count //= math.factorial(repeat)
    exact = count <= exact_limit
    # Moving rows of X is moving studies the other way; so one X serves all.
    own = np.argsort(labels, kind="stable")
    if exact:
        arrangements = _distinct_permutations(sorted(labels.tolist()))
        batches = (
            np.argsort(np.array(some), axis=1, kind="stable")
            for some in _chunks(arrangements, k * k)
        )
    else:
        generator = np.random.default_rng(seed)
        sizes = (len(c) for c in _chunks(iter(range(samples)), k * k))
        batches = (generator.permuted(np.tile(own, (m, 1)), axis=1) for m in sizes)
    ordered = Design(
        names=design.names,
        given=design.given[own],
        scaled=design.scaled[own],
        back=design.back,
        intercept=design.intercept,
    )
    observed = _statistics(y[own][None], v[own][None], ordered, method, test)
    rest = (_statistics(y[order], v[order], ordered, method, test) for order in batches)
    return _counted(design, observed, rest, count if exact else None, seed, share=1)


def _statistics(
    y: FloatArray, v: FloatArray, design: Design, method: RegressionMethod, test: RegressionTest
) -> FloatArray:
    """|b / SE| of each coefficient and, last, the omnibus statistic; one row for each model."""
    fits = fit_batch(y, v, design.scaled[None], method, test)
    gamma, root = fits.least_squares.coefficients, fits.least_squares.root
    scale = np.sqrt(fits.factor)
    beta, spread = gamma @ design.back.T, design.back @ root
    se = scale[:, None] * np.sqrt((spread**2).sum(axis=-1))
    columns = [np.abs(beta), se]
    if design.moderators:
        chosen = list(design.moderators)
        inner = gamma[:, chosen]
        covariance = (root @ root.swapaxes(-1, -2))[:, chosen][:, :, chosen]
        squares = np.einsum(
            "mi,mi->m", inner, np.linalg.solve(covariance, inner[..., None])[..., 0]
        )
        columns[0] = np.column_stack([columns[0], np.sqrt(np.maximum(squares, 0.0))])
        columns[1] = np.column_stack([columns[1], scale])
    size, unit = columns
    certain = np.where(size > 0, np.inf, 0.0)
    return np.where(unit > 0, size / np.where(unit > 0, unit, 1.0), certain)


def _counted(
    design: Design,
    observed: FloatArray,
    rest: Iterator[FloatArray],
    count: int | None,
    seed: int,
    *,
    share: int,
) -> PermutationTest:
    finite = np.where(np.isinf(observed[0]), 0.0, observed[0])
    bar = observed[0] - _TIE * np.maximum(1.0, finite)
    extreme, drawn = np.zeros(len(bar)), 0
    for statistics in rest:
        extreme += (statistics >= bar).sum(axis=0)
        drawn += len(statistics)
    errors: FloatArray | None = None
    exact = count is not None
    if count is not None:
        p = share * extreme / count
    else:
        p = (1 + extreme) / (1 + drawn)
        errors = np.sqrt(p * (1 - p) / drawn)
    several = bool(design.moderators)
    return PermutationTest(
        names=design.names,
        p=tuple(p[: design.p].tolist()),
        omnibus_p=float(p[-1]) if several else None,
        exact=exact,
        count=count if count is not None else drawn,
        seed=None if exact else seed,
        errors=None if errors is None else tuple(errors[: design.p].tolist()),
        omnibus_error=float(errors[-1]) if several and errors is not None else None,
        cites=("permutation-test",) if exact else ("permutation-test", "monte-carlo-p"),
    )


def _chunks(items: Iterator[Item], cells: int) -> Iterator[list[Item]]:
    size = max(1, _CELLS // cells)
    while some := list(islice(items, size)):
        yield some


def _distinct_permutations(labels: list[int]) -> Iterator[list[int]]:
    """Every distinct order of sorted `labels` once, in lexicographic order."""
    now = list(labels)
    while True:
        yield list(now)
        i = len(now) - 2
        while i >= 0 and now[i] >= now[i + 1]:
            i -= 1
        if i < 0:
            return
        j = len(now) - 1
        while now[j] <= now[i]:
            j -= 1
        now[i], now[j] = now[j], now[i]
        now[i + 1 :] = reversed(now[i + 1 :])
