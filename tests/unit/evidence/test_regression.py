"""Meta-regression: what must hold for every fit, and what is refused."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.errors import EvidenceError
from equipoise.evidence.methods import METHODS
from equipoise.evidence.synthesis import fit_regression, pool_fixed, pool_random
from equipoise.evidence.synthesis.residual_heterogeneity import METHOD_NAMES

study = st.tuples(st.floats(-3, 3), st.floats(0.01, 2), st.floats(-4, 4))
studies = st.lists(study, min_size=5, max_size=12, unique_by=lambda s: round(s[2], 2))
POOLED = ("REML", "ML", "DL", "PM", "HE", "HS", "HSk", "SJ", "EB", "PMM")


def split(rows):
    """Estimates, variances and a design of intercept and one moderator."""
    y, v, x = (np.array(column) for column in zip(*rows, strict=True))
    return y, v, np.column_stack([np.ones(len(y)), x])


def close(a, b, scale=1.0):
    return a == pytest.approx(b, rel=1e-7, abs=1e-9 * scale)


class TestBcg:
    """Thirteen trials of the BCG vaccine: log risk ratios fall with distance from the equator."""

    latitude = (44, 55, 42, 52, 13, 44, 19, 13, 27, 42, 18, 33, 33)
    yi = (-0.8893, -1.5854, -1.3481, -1.4416, -0.2175, -0.7861, -1.6209, 0.0120, -0.4694, -1.3713)
    yi = (*yi, -0.3394, 0.4459, -0.0173)
    vi = (0.3256, 0.1946, 0.4154, 0.0200, 0.0512, 0.0069, 0.2230, 0.0040, 0.0564, 0.0730, 0.0124)
    vi = (*vi, 0.5325, 0.0714)
    fit = fit_regression(
        yi, vi, np.column_stack([np.ones(13), latitude]), test="z", names=("intercept", "latitude")
    )

    def test_coefficients(self):
        assert [round(b, 3) for b in self.fit.beta] == [0.251, -0.029]
        assert round(self.fit.r2) == 76

    def test_the_moderator_is_named(self):
        assert self.fit.omnibus.names == ("latitude",)
        slope = self.fit.coefficients[1]
        assert slope.p == pytest.approx(self.fit.omnibus.p)
        assert slope.statistic**2 == pytest.approx(self.fit.omnibus.statistic)

    def test_prediction_holds_the_mean_at_its_values(self):
        there = self.fit.predict([1, 13])
        assert there.estimate[0] == pytest.approx(self.fit.beta @ [1, 13])
        assert there.prediction_interval[0, 0] < there.ci[0, 0] < there.estimate[0]

    def test_cites_are_known(self):
        assert set(self.fit.cites) <= set(METHODS)


@given(studies, st.sampled_from(POOLED), st.sampled_from(("z", "t", "knha", "adhoc")))
@settings(max_examples=60, deadline=None)
def test_an_intercept_alone_is_pooling(rows, method, test):
    y, v, X = split(rows)
    ours = fit_regression(y, v, X[:, 0], method=method, test=test)
    pooled = pool_random(y, v, method=method, test=test)
    only = ours.coefficients[0]
    assert close(only.estimate, pooled.mu)
    assert close(only.se, pooled.se)
    assert close(ours.tau2, pooled.tau2, scale=100)
    assert close(ours.i2, pooled.i2, scale=1e4)
    assert close(only.ci, pooled.ci)
    assert ours.omnibus is None
    assert ours.r2 is None


@given(studies)
@settings(max_examples=30, deadline=None)
def test_an_intercept_alone_with_equal_effects_is_the_fixed_average(rows):
    y, v, X = split(rows)
    ours, pooled = fit_regression(y, v, X[:, 0], method="EE", test="z"), pool_fixed(y, v)
    assert close(ours.beta[0], pooled.mu)
    assert close(ours.se[0], pooled.se)
    assert close(ours.q, pooled.q)
    assert close(ours.i2, pooled.i2, scale=1e4)
    assert ours.tau2 is None


@given(studies, st.sampled_from(METHOD_NAMES), st.floats(-50, 50), st.floats(0.01, 100))
@settings(max_examples=80, deadline=None)
def test_shifting_and_scaling_a_moderator_changes_nothing_else(rows, method, shift, factor):
    y, v, X = split(rows)
    other = np.column_stack([X[:, 0], factor * (X[:, 1] + shift)])
    one, two = fit_regression(y, v, X, method=method), fit_regression(y, v, other, method=method)
    assert close(two.beta[1] * factor, one.beta[1])
    assert close(two.beta[0] + two.beta[1] * factor * shift, one.beta[0], scale=100)
    assert close(two.tau2 or 0.0, one.tau2 or 0.0, scale=100)
    assert two.fit.log_likelihood == pytest.approx(one.fit.log_likelihood, rel=1e-7, abs=1e-7)
    assert close(two.predict(other).se, one.predict(X).se)
    assert close(two.omnibus.p, one.omnibus.p, scale=100)


@given(studies, st.sampled_from(METHOD_NAMES), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_order_does_not_matter(rows, method, random):
    shuffled = list(rows)
    random.shuffle(shuffled)
    one = fit_regression(*split(rows), method=method)
    two = fit_regression(*split(shuffled), method=method)
    assert close(one.beta, two.beta, scale=10)
    assert close(one.se, two.se, scale=10)


@given(studies, st.sampled_from(METHOD_NAMES), st.floats(0.01, 100))
@settings(max_examples=40, deadline=None)
def test_mirror_and_unit_of_the_effect(rows, method, factor):
    y, v, X = split(rows)
    one = fit_regression(y, v, X, method=method)
    two = fit_regression(-factor * y, factor**2 * v, X, method=method)
    assert close(two.beta, -factor * one.beta, scale=100 * factor)
    assert close(two.se, factor * one.se, scale=100 * factor)
    assert close(two.i2, one.i2, scale=1e4)


@given(studies, st.sampled_from(("EE", "REML", "ML")))
@settings(max_examples=40, deadline=None)
def test_an_infinitely_imprecise_study_adds_nothing_to_the_coefficients(rows, method):
    y, v, X = split(rows)
    one = fit_regression(y, v, X, method=method, test="z")
    two = fit_regression(
        np.append(y, 5), np.append(v, 1e200), np.vstack([X, [1, 2]]), method=method, test="z"
    )
    assert close(two.beta, one.beta, scale=10)
    assert close(two.se, one.se, scale=10)


@given(studies)
@settings(max_examples=40, deadline=None)
def test_no_tau2_is_likelier_than_the_maximum(rows):
    y, v, X = split(rows)
    for method in ("REML", "ML"):
        best = fit_regression(y, v, X, method=method)
        for tau2 in np.geomspace(1e-4, 100, 60):
            w = 1 / (v + tau2)
            information = X.T @ (w[:, None] * X)
            residual = y - X @ np.linalg.solve(information, X.T @ (w * y))
            ll = np.log(w).sum() - w @ residual**2
            count = len(y)
            if method == "REML":
                ll -= np.linalg.slogdet(information)[1] - np.linalg.slogdet(X.T @ X)[1]
                count -= 2
            ll = 0.5 * (ll - count * math.log(2 * math.pi))
            assert ll <= best.fit.log_likelihood + 1e-9 * (1 + abs(ll))


class TestRefusals:
    y = (0.1, 0.3, -0.2, 0.5, 0.4)
    v = (0.1, 0.2, 0.1, 0.3, 0.2)
    one = np.ones(5)

    def refusal(self, X, **settings_):
        with pytest.raises(EvidenceError) as refused:
            fit_regression(self.y, self.v, X, **settings_)
        return str(refused.value)

    def test_redundant_moderator_is_named(self):
        x = np.array([1.0, 2, 3, 5, 8])
        X = np.column_stack([self.one, x, 2 * x - 7])
        said = self.refusal(X, names=("intercept", "dose", "exposure"))
        assert "exposure is redundant" in said

    def test_constant_moderator_is_named(self):
        X = np.column_stack([self.one, np.full(5, 1999.0)])
        assert "year is the same" in self.refusal(X, names=("intercept", "year"))

    def test_too_few_studies(self):
        assert "at least 6" in self.refusal(np.vander(np.arange(5.0), 5))

    def test_missing_moderator(self):
        assert "missing" in self.refusal(np.column_stack([self.one, [1, 2, math.nan, 4, 5]]))

    def test_wrong_rows(self):
        assert "one row for each study" in self.refusal(np.ones((4, 1)))

    def test_unknown_method(self):
        assert "No such method" in self.refusal(self.one, method="OLS")

    def test_values_to_predict_for(self):
        fit = fit_regression(self.y, self.v, np.column_stack([self.one, np.arange(5)]))
        with pytest.raises(EvidenceError, match="2 values: intercept, x1"):
            fit.predict([1, 2, 3])

    def test_unknown_column(self):
        fit = fit_regression(self.y, self.v, np.column_stack([self.one, np.arange(5)]))
        with pytest.raises(EvidenceError, match="No column is called age"):
            fit.test_together(["age"])


class TestDegenerate:
    def test_a_perfect_line_leaves_no_doubt(self):
        x = np.arange(5.0)
        fit = fit_regression(1 + 0.5 * x, np.full(5, 0.1), np.column_stack([np.ones(5), x]))
        assert fit.beta == pytest.approx([1, 0.5])
        assert (fit.tau2, fit.q, fit.i2) == (0, 0, 0)
        assert fit.coefficients[1].p == 0
        assert fit.omnibus.p == 0

    def test_identical_studies(self):
        X = np.column_stack([np.ones(5), np.arange(5.0)])
        fit = fit_regression(np.full(5, 0.3), np.full(5, 0.1), X)
        assert fit.beta == pytest.approx([0.3, 0])
        assert fit.coefficients[1].p == 1
        assert fit.r2 is None

    @pytest.mark.parametrize("size", [1e-150, 1e150])
    def test_any_size_of_numbers(self, size):
        y, v, x = np.array([0.1, 0.9, -0.2, 0.5]), np.array([0.1, 0.05, 0.1, 0.2]), np.arange(4.0)
        small = fit_regression(y, v, np.column_stack([np.ones(4), x]))
        large = fit_regression(size * y, size**2 * v, np.column_stack([np.ones(4), size * x]))
        assert large.beta / [size, 1] == pytest.approx(small.beta)
        assert large.se / [size, 1] == pytest.approx(small.se)

    def test_one_enormous_weight(self):
        y, v = np.array([0.1, 0.9, -0.2, 0.5]), np.array([1e-30, 0.05, 0.1, 0.2])
        fit = fit_regression(y, v, np.ones(4), method="EE", test="z")
        assert fit.beta[0] == pytest.approx(0.1)
        assert fit.q == pytest.approx(((y - 0.1) ** 2 / v)[1:].sum())

    def test_numbers_too_far_apart_are_refused(self):
        with pytest.raises(EvidenceError, match="far apart"):
            fit_regression([0, 1e300, 1], [1e-300, 1e-300, 1], np.ones(3))
