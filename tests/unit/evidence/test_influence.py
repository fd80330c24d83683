"""Diagnostics by their definitions: refit without the study and compare."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.errors import EvidenceError
from equipoise.evidence.methods import METHODS
from equipoise.evidence.synthesis import (
    estimate_study_effects,
    fit_regression,
    leave_one_out,
    measure_influence,
    pool_cumulatively,
    pool_random,
)

study = st.tuples(st.floats(-3, 3), st.floats(0.01, 2), st.floats(-4, 4))
studies = st.lists(study, min_size=5, max_size=9, unique_by=lambda s: round(s[2], 1))
TRIED = ("REML", "ML", "DL", "EE", "PM")


def split(rows):
    y, v, x = (np.array(column) for column in zip(*rows, strict=True))
    return y, v, np.column_stack([np.ones(len(y)), x])


@given(studies, st.sampled_from(TRIED), st.sampled_from(("z", "adhoc")))
@settings(max_examples=40, deadline=None)
def test_by_definition(rows, method, test):
    y, v, X = split(rows)
    k, p = X.shape
    ours = measure_influence(y, v, X, method=method, test=test)
    full = fit_regression(y, v, X, method=method, test=test)
    w = full.weights
    hat = X @ np.linalg.solve(X.T @ (w[:, None] * X), X.T * w)
    assert ours.hat == pytest.approx(np.diag(hat))
    assert ours.weight == pytest.approx(100 * w / w.sum())
    rest = np.eye(k) - hat
    assert ours.residual == pytest.approx(rest @ y, abs=1e-9)
    assert ours.residual_se == pytest.approx(np.sqrt(np.diag(rest @ np.diag(1 / w) @ rest.T)))
    for i in range(k):
        others = np.arange(k) != i
        fit = fit_regression(y[others], v[others], X[others], method=method, test=test)
        change, total = full.beta - fit.beta, v[i] + (fit.tau2 or 0.0)
        total *= fit.variance_factor
        spread = X[i] @ fit.vcov @ X[i]
        near = partial(pytest.approx, rel=1e-6, abs=1e-7)
        assert ours.studentised[i] == near((y[i] - X[i] @ fit.beta) / np.sqrt(total + spread))
        assert ours.dffits[i] == near(X[i] @ change / np.sqrt(hat[i, i] * total))
        assert ours.cook_distance[i] == near(change @ np.linalg.solve(full.vcov, change))
        ratio = np.linalg.det(fit.vcov) / np.linalg.det(full.vcov)
        assert ours.covariance_ratio[i] == near(ratio)
        assert ours.q_without[i] == near(fit.q)
        assert ours.fit_shift[i] == near((X[i] @ change) ** 2 / spread)
        inverse = np.linalg.inv(X.T @ (X / (v + (fit.tau2 or 0.0))[:, None]))
        scale = np.sqrt(fit.variance_factor * np.diag(inverse))
        assert ours.dfbetas[i] == near(change / scale)
        assert ours.flagged[i] == (
            abs(ours.dffits[i]) > 3 * np.sqrt(p / (k - p))
            or ours.cook_distance[i] > 1.3862943611198906
            or ours.hat[i] > 3 * p / k
            or max(abs(ours.dfbetas[i])) > 1
        )


@given(studies, st.sampled_from(TRIED), st.floats(0.01, 100), st.floats(-20, 20))
@settings(max_examples=30, deadline=None)
def test_units_and_mirror(rows, method, factor, shift):
    y, v, X = split(rows)
    moved = np.column_stack([X[:, 0], factor * X[:, 1] + shift])
    one = measure_influence(y, v, X, method=method)
    two = measure_influence(-factor * y, factor**2 * v, moved, method=method)
    near = partial(pytest.approx, rel=1e-6, abs=1e-6)
    assert two.studentised == near(-one.studentised)
    assert two.dffits == near(-one.dffits)
    assert two.cook_distance == near(one.cook_distance)
    assert two.dfbetas[:, 1] == near(-one.dfbetas[:, 1])
    assert two.covariance_ratio == near(one.covariance_ratio)


def test_an_outlier_is_flagged():
    y = np.array([0.1, 0.15, 0.12, 0.09, 0.11, 2.0])
    ours = measure_influence(y, np.full(6, 0.02))
    assert ours.flagged.tolist() == [False] * 5 + [True]
    assert ours.tau2_without[5] == 0
    assert set(ours.cites) <= set(METHODS)


def test_two_studies_can_be_told_apart():
    ours = measure_influence([0.1, 0.5], [0.1, 0.2])
    assert ours.tau2_without == pytest.approx([0, 0])
    assert np.isfinite(ours.dffits).all()


def test_one_enormous_weight_keeps_its_residual():
    y, v = np.array([0.1, 0.9, -0.2, 0.5]), np.array([1e-20, 0.05, 0.1, 0.2])
    ours = measure_influence(y, v, method="EE")
    w = 1 / v[1:]
    others, spread = w @ y[1:] / w.sum(), 1 / w.sum()
    assert ours.standardised[0] == pytest.approx((0.1 - others) / np.sqrt(spread))


def test_a_study_that_holds_a_coefficient_alone_is_named():
    X = np.column_stack([np.ones(5), [0, 0, 1, 0, 0]])
    with pytest.raises(EvidenceError, match="Without study 3"):
        measure_influence([0.1, 0.2, 0.3, 0.1, 0.4], np.full(5, 0.1), X)


@given(studies, st.sampled_from(("REML", "DL")), st.sampled_from(("z", "knha")))
@settings(max_examples=30, deadline=None)
def test_study_effects_lie_between_estimate_and_fit(rows, method, test):
    y, v, X = split(rows)
    ours = estimate_study_effects(y, v, X, method=method, test=test)
    fit = fit_regression(y, v, X, method=method, test=test)
    fitted = X @ fit.beta
    share = fit.tau2 / (fit.tau2 + v)
    assert ours.effect == pytest.approx(fitted + share * (y - fitted), abs=1e-8)
    assert ours.deviation == pytest.approx(ours.effect - fitted, abs=1e-8)
    # Henderson's equations: with τ² known, the errors of prediction follow from one inverse.
    if test == "z" and fit.tau2 > 1e-6:
        k = len(y)
        R, G = np.diag(1 / v), np.eye(k) / fit.tau2
        system = np.block([[X.T @ R @ X, X.T @ R], [R @ X, R + G]])
        inverse = np.linalg.inv(system)
        C = np.hstack([X, np.eye(k)])
        assert ours.se == pytest.approx(np.sqrt(np.diag(C @ inverse @ C.T)), rel=1e-6)


def test_study_effects_need_a_heterogeneity():
    with pytest.raises(EvidenceError, match="no study effects"):
        estimate_study_effects([0.1, 0.2], [1, 1], method="EE")


def test_leaving_one_out_and_cumulating():
    y, v = [0.1, 0.9, -0.2, 0.5], [0.1, 0.05, 0.1, 0.2]
    pool = partial(pool_random, method="DL", test="z")
    assert leave_one_out(y, v, pool)[1].mu == pool([0.1, -0.2, 0.5], [0.1, 0.1, 0.2]).mu
    cumulated = pool_cumulatively(y, v, pool)
    assert [s.k for s in cumulated] == [1, 2, 3, 4]
    assert cumulated[-1].mu == pool(y, v).mu
    with pytest.raises(EvidenceError, match="no study"):
        pool_cumulatively([], [])


def test_exact_agreement():
    y, v = np.full(4, 0.3), np.array([0.1, 0.2, 0.1, 0.3])
    assert measure_influence(y, v, test="adhoc").dffits == pytest.approx(np.zeros(4), abs=1e-12)
    with pytest.raises(EvidenceError, match="agree exactly"):
        measure_influence(y, v, test="knha")
