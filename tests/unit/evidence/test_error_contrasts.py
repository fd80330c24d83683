"""The canonical form says what the matrices say, whatever the spread of the variances."""

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.stats.error_contrasts import (
    ErrorContrasts,
    error_contrasts,
    maximise_likelihood,
    solve_q,
)
from equipoise.stats.least_squares import weighted_least_squares


def random_model(seed, k=7, p=2, decades=1.0):
    rng = np.random.default_rng(seed)
    X = np.column_stack([np.ones(k), rng.normal(size=(k, p - 1))])
    return rng.normal(size=k), 10 ** rng.uniform(-decades, decades, size=k), X


def by_matrices(y, v, X, t):
    """y'Py, tr P and log det(X'WX) − log det(X'X) + Σ log(v + t) in fifty digits."""
    with mp.workdps(50):
        W = mp.diag([1 / (mp.mpf(a) + mp.mpf(t)) for a in v.tolist()])
        x, outcome = mp.matrix(X.tolist()), mp.matrix(y.tolist())
        information = x.T * W * x
        P = W - W * x * mp.inverse(information) * x.T * W
        logs = mp.log(mp.det(information) / mp.det(x.T * x)) - mp.log(mp.det(W))
        q = (outcome.T * P * outcome)[0]
        return float(q), float(sum(P[i, i] for i in range(len(y)))), float(logs)


@given(st.integers(0, 10**6), st.sampled_from([1.0, 6.0, 12.0]), st.floats(-8, 8))
@settings(max_examples=40, deadline=None)
def test_q_trace_and_determinant(seed, decades, where):
    y, v, X = random_model(seed, decades=decades)
    t = np.array([10.0**where])
    form = error_contrasts(y[None], v[None], X[None])
    q, trace, logs = by_matrices(y, v, X, t[0])
    assert form.q(t)[0] == pytest.approx(q, rel=1e-9)
    assert form.trace(t)[0] == pytest.approx(trace, rel=1e-9)
    assert np.log(form.variances + t).sum() == pytest.approx(logs, rel=1e-9, abs=1e-9)


@given(st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_a_batch_is_its_models(seed):
    models = [random_model(seed + i, decades=1.0 + 8 * (i == 1)) for i in range(3)]
    y, v, X = (np.array(parts) for parts in zip(*models, strict=True))
    together = error_contrasts(y, v, X)
    targets = solve_q(together, 5.0)
    peaks = maximise_likelihood(together, restricted=True)
    for i in range(3):
        alone = error_contrasts(y[i : i + 1], v[i : i + 1], X[i : i + 1])
        assert alone.variances[0] == pytest.approx(together.variances[i])
        assert solve_q(alone, 5.0)[0] == pytest.approx(targets[i])
        assert maximise_likelihood(alone, restricted=True)[0] == pytest.approx(peaks[i])


@given(st.integers(0, 10**6), st.floats(0.001, 30), st.sampled_from([1.0, 9.0]))
@settings(max_examples=60, deadline=None)
def test_q_is_brought_to_its_target(seed, target, decades):
    y, v, X = random_model(seed, decades=decades)
    form = error_contrasts(y[None], v[None], X[None])
    t = solve_q(form, target)
    if t[0] == 0:
        assert form.q(t)[0] <= target
    else:
        assert form.q(t)[0] == pytest.approx(target, rel=1e-13)


@pytest.mark.parametrize(("outlier", "at_zero"), [(100.0, True), (200.0, False)])
def test_the_higher_of_two_peaks_wins(outlier, at_zero):
    """Two precise contrasts want no variance, one far off wants much: both peaks are real."""
    form = ErrorContrasts(
        squares=np.array([[1e-9, 1e-9, outlier]]),
        variances=np.array([[1e-3, 1e-3, 5.0]]),
        given=np.array([[1e-3, 1e-3, 1e-3, 5.0]]),
    )
    (best,) = maximise_likelihood(form, restricted=True)
    assert bool(best == 0) is at_zero
    grid = np.concatenate([[0.0], np.geomspace(1e-6, 1e3, 2000)])
    heights = np.array([form.log_likelihood(np.array([t]), restricted=True)[0] for t in grid])
    assert form.log_likelihood(np.array([best]), restricted=True)[0] >= heights.max() - 1e-12
    rises = np.diff(heights) > 0
    assert (rises[1:] & ~rises[:-1]).any()


def test_equal_outcomes_leave_nothing():
    form = error_contrasts(
        np.full((1, 4), 0.3), np.array([[0.1, 0.2, 0.3, 1e9]]), np.ones((1, 4, 1))
    )
    assert (form.squares == 0).all()


@given(st.integers(0, 10**6), st.sampled_from([1.0, 10.0]))
@settings(max_examples=30, deadline=None)
def test_weighted_least_squares_by_the_normal_equations(seed, decades):
    y, v, X = random_model(seed, decades=decades)
    fit = weighted_least_squares(y[None], 1 / v[None], X[None])
    with mp.workdps(50):
        W, x = mp.diag([1 / mp.mpf(a) for a in v.tolist()]), mp.matrix(X.tolist())
        inverse = mp.inverse(x.T * W * x)
        beta = inverse * (x.T * W * mp.matrix(y.tolist()))
        hat = x * inverse * x.T * W
    assert fit.coefficients[0] == pytest.approx([float(b) for b in beta], rel=1e-9, abs=1e-12)
    assert fit.hat[0] == pytest.approx([float(hat[i, i]) for i in range(len(y))], rel=1e-9)
    assert fit.covariance[0, 1, 1] == pytest.approx(float(inverse[1, 1]), rel=1e-9)
