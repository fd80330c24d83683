"""Permutation tests by brute force, with duplicates, by chance, and refused."""

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.errors import EvidenceError
from equipoise.evidence.methods import METHODS
from equipoise.evidence.synthesis import fit_regression, permutation_test

study = st.tuples(st.floats(-3, 3), st.floats(0.01, 2))
METHODS_TRIED = ("REML", "ML", "DL", "EE", "PM", "SJ")


def as_extreme(ours, observed):
    return ours >= observed - 1e-8 * np.maximum(1, np.where(np.isinf(observed), 0, observed))


def statistics(y, v, X, method, test):
    fit = fit_regression(y, v, X, method=method, test=test)
    values = [abs(c.statistic) for c in fit.coefficients]
    return np.array([*values, fit.omnibus.statistic] if fit.omnibus else values)


@given(st.lists(study, min_size=4, max_size=5), st.sampled_from(METHODS_TRIED))
@settings(max_examples=25, deadline=None)
def test_flipping_every_sign(rows, method):
    y, v = (np.array(column) for column in zip(*rows, strict=True))
    ones = np.ones((len(y), 1))
    observed = statistics(y, v, ones, method, "z")
    flips = [np.array(s) for s in product((1, -1), repeat=len(y))]
    extreme = [as_extreme(statistics(s * y, v, ones, method, "z"), observed)[0] for s in flips]
    ours = permutation_test(y, v, method=method)
    assert ours.exact
    assert ours.count == 2 ** len(y)
    assert ours.p[0] == pytest.approx(np.mean(extreme))


@given(
    st.lists(study, min_size=4, max_size=5),
    st.sampled_from(METHODS_TRIED),
    st.sampled_from(("z", "knha", "adhoc")),
    st.sampled_from(
        [(1, 2, 4, 8, 3), (0, 0, 1, 1, 0), (0, 1, 1, 1, 1), (1980, 1985, 1980, 2001, 1985)]
    ),
)
@settings(max_examples=15, deadline=None)
def test_moving_every_row(rows, method, test, moderator):
    y, v = (np.array(column) for column in zip(*rows, strict=True))
    X = np.column_stack([np.ones(len(y)), moderator[: len(y)]])
    observed = statistics(y, v, X, method, test)
    orders = [list(order) for order in permutations(range(len(y)))]
    extreme = [as_extreme(statistics(y, v, X[order], method, test), observed) for order in orders]
    ours = permutation_test(y, v, X, method=method, test=test)
    assert [*ours.p, ours.omnibus_p] == pytest.approx(np.mean(extreme, axis=0))
    assert ours.count == len({tuple(X[order, 1]) for order in orders})


def test_chance_comes_near_and_says_how_near():
    rng = np.random.default_rng(5)
    v, x = rng.uniform(0.05, 0.3, 7), np.array([1, 2, 2, 4, 5, 6, 6])
    y = 0.1 * x + rng.normal(0, np.sqrt(v + 0.05))
    X = np.column_stack([np.ones(7), x])
    exact = permutation_test(y, v, X)
    drawn = permutation_test(y, v, X, exact_limit=10, samples=4000, seed=9)
    assert exact.exact
    assert (drawn.exact, drawn.count, drawn.seed) == (False, 4000, 9)
    for p, wanted, error in zip(drawn.p, exact.p, drawn.errors, strict=True):
        assert abs(p - wanted) < 4 * error + 1e-3
    assert abs(drawn.omnibus_p - exact.omnibus_p) < 4 * drawn.omnibus_error + 1e-3
    assert set(drawn.cites) <= set(METHODS)


def test_the_seed_decides():
    y, v = np.linspace(-0.2, 0.8, 16), np.full(16, 0.1)
    one, two = (permutation_test(y, v, samples=500, seed=s) for s in (1, 1))
    other = permutation_test(y, v, samples=500, seed=2)
    assert one == two
    assert one.p != other.p or one.seed != other.seed
    assert one.p[0] >= 1 / 501


def test_identical_studies_are_as_extreme_as_each_other():
    ours = permutation_test(np.full(5, 0.3), np.full(5, 0.1))
    assert ours.p == (2 / 32,)


def test_refusals():
    with pytest.raises(EvidenceError, match="at least one draw"):
        permutation_test([0.1, 0.2, 0.3], [1, 1, 1], samples=0)
    with pytest.raises(EvidenceError, match="at least 2"):
        permutation_test([0.1], [1])
