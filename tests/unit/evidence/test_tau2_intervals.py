"""Intervals for τ²: the equations that they solve, and what happens at the edge."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import chdtr

from equipoise.errors import EvidenceError
from equipoise.evidence.methods import METHODS
from equipoise.evidence.synthesis import fit_regression, tau2_interval

study = st.tuples(st.floats(-3, 3), st.floats(0.01, 2), st.floats(-4, 4))
studies = st.lists(study, min_size=4, max_size=12, unique_by=lambda s: round(s[2], 2))
KINDS = (("QP", "REML"), ("PL", "ML"), ("PL", "REML"), ("GENQ", "DL"))


def split(rows):
    y, v, x = (np.array(column) for column in zip(*rows, strict=True))
    return y, v, np.column_stack([np.ones(len(y)), x])


def q_at(y, v, X, tau2, total=None):
    """Weighted residual sum of squares with weights 1 / (v + τ²)."""
    w = 1 / (v + tau2)
    beta = np.linalg.solve(X.T @ (w[:, None] * X), X.T @ (w * y))
    return float(w @ (y - X @ beta) ** 2)


@given(studies, st.sampled_from([0.5, 0.9, 0.95, 0.99]), st.booleans())
@settings(max_examples=60, deadline=None)
def test_q_profile_limits_put_q_at_its_quantiles(rows, level, moderated):
    y, v, X = split(rows)
    X = X if moderated else X[:, :1]
    ours, df = tau2_interval(y, v, X, level=level), len(y) - X.shape[1]
    for end, wanted in zip(ours.ci, ((1 + level) / 2, (1 - level) / 2), strict=True):
        reached = chdtr(df, q_at(y, v, X, end))
        assert (
            (reached <= wanted + 1e-9) if end == 0 else reached == pytest.approx(wanted, rel=1e-7)
        )
    assert ours.empty == (chdtr(df, q_at(y, v, X, 0)) < (1 - level) / 2)


@given(studies, st.sampled_from(["ML", "REML"]))
@settings(max_examples=40, deadline=None)
def test_profile_likelihood_limits_are_as_likely_as_they_may_be(rows, method):
    y, v, X = split(rows)
    ours = tau2_interval(y, v, X, kind="PL", method=method)

    def ll(tau2):
        w = 1 / (v + tau2)
        twice = np.log(w).sum() - q_at(y, v, X, tau2)
        if method == "REML":
            twice -= np.linalg.slogdet(X.T @ (w[:, None] * X))[1]
        return twice / 2

    bar = ll(ours.tau2) - 3.841458820694124 / 2
    assert ll(ours.ci[1]) == pytest.approx(bar, abs=1e-7)
    assert ll(ours.ci[0]) == pytest.approx(bar, abs=1e-7) or ours.ci[0] == 0 <= ll(0) - bar
    for outside in (
        *(ours.ci[1] * np.array([1.001, 1.1, 2, 10, 1e4])),
        *(ours.ci[0] * np.array([0.5, 0.99])),
    ):
        assert ll(outside) < bar or outside == 0


def test_generalised_q_covers_as_often_as_it_says():
    """Its ends are exact: over simulated sets the rank of the true τ² is uniform."""
    rng = np.random.default_rng(3)
    v, tau2, level = np.array([0.05, 0.1, 0.3, 0.8, 0.2, 0.06]), 0.25, 0.8
    inside = {"GENQ": 0, "QP": 0}
    draws = 150
    for _ in range(draws):
        y = rng.normal(0, np.sqrt(v + tau2))
        for kind in inside:
            low, high = tau2_interval(y, v, kind=kind, level=level).ci
            inside[kind] += low <= tau2 <= high
    for count in inside.values():
        assert abs(count - draws * level) < 3.5 * math.sqrt(draws * level * (1 - level))


def test_equal_variances_make_generalised_q_the_q_profile():
    y, v = np.array([0.1, 0.9, -0.4, 0.5, 1.4]), np.full(5, 0.1)
    one, two = tau2_interval(y, v, kind="GENQ"), tau2_interval(y, v)
    assert one.ci == pytest.approx(two.ci, rel=1e-10)


@given(studies)
@settings(max_examples=25, deadline=None)
def test_median_unbiased_estimate_lies_between_the_generalised_q_limits(rows):
    y, v, X = split(rows)
    ours = tau2_interval(y, v, X, kind="GENQ", method="GENQM")
    assert ours.ci[0] <= ours.tau2 <= ours.ci[1]
    assert ours.tau2 == pytest.approx(fit_regression(y, v, X, method="GENQM").tau2)


@given(studies, st.sampled_from(KINDS), st.floats(0.01, 100), st.floats(-5, 5))
@settings(max_examples=40, deadline=None)
def test_units_shifts_and_levels(rows, kind, factor, shift):
    y, v, X = split(rows)
    name, method = kind
    one = tau2_interval(y, v, X, kind=name, method=method)
    moved = tau2_interval(
        factor * (shift * X[:, 1] - y), factor**2 * v, X, kind=name, method=method
    )
    assert moved.ci == pytest.approx(
        [factor**2 * end for end in one.ci], rel=1e-5, abs=1e-7 * factor**2
    )
    narrow = tau2_interval(y, v, X, kind=name, method=method, level=0.6)
    assert one.ci[0] <= narrow.ci[0] * (1 + 1e-9)
    assert narrow.ci[1] <= one.ci[1] * (1 + 1e-9)
    assert set(one.cites) <= set(METHODS)


def test_derived_limits():
    ours = tau2_interval([0.1, 0.9, -0.4, 0.5], [0.1, 0.2, 0.1, 0.3])
    s2 = ours.typical_variance
    assert ours.tau**2 == pytest.approx(ours.tau2)
    assert [t**2 for t in ours.tau_ci] == pytest.approx(ours.ci)
    assert ours.i2_ci == pytest.approx([100 * t / (s2 + t) for t in ours.ci])
    assert ours.h2_ci == pytest.approx([1 + t / s2 for t in ours.ci])
    fit = fit_regression([0.1, 0.9, -0.4, 0.5], [0.1, 0.2, 0.1, 0.3], np.ones(4))
    assert (ours.i2, ours.h2) == pytest.approx((fit.i2, fit.h2))


def test_agreement_beyond_chance_is_told():
    y, v = np.full(12, 0.3) + 1e-4 * np.arange(12), np.full(12, 0.1)
    for kind in ("QP", "GENQ"):
        ours = tau2_interval(y, v, kind=kind)
        assert ours.empty
        assert ours.ci == (0, 0)


def test_no_ceiling_on_the_upper_limit():
    ours = tau2_interval([0, 1e5], [1, 1], level=0.99)
    assert ours.ci[1] == pytest.approx(1e10 / 2 / 3.9e-5, rel=0.02)


@pytest.mark.parametrize(
    ("settings_", "said"),
    [
        ({"kind": "PL", "method": "DL"}, "needs ML or REML"),
        ({"method": "EE"}, "no τ²"),
        ({"kind": "XX"}, "No such interval"),
        ({"level": 1}, "level of 1"),
    ],
)
def test_refusals(settings_, said):
    with pytest.raises(EvidenceError, match=said):
        tau2_interval([0, 1, 2], [1, 1, 1], **settings_)


def test_one_study_has_no_heterogeneity():
    with pytest.raises(EvidenceError, match="at least 2"):
        tau2_interval([0.1], [1.0])
