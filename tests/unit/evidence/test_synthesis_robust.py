"""Cluster-robust variance: known special cases, exact unbiasedness, what cannot be had."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.errors import EvidenceError
from equipoise.evidence.methods import METHODS
from equipoise.evidence.synthesis import robust_variance, sampling_covariance

KINDS = ("CR0", "CR1", "CR1p", "CR1S", "CR2", "CR3")
YI = [0.3, -0.1, 0.8, 0.5, 1.1, 0.2, 0.7, 0.9]
VI = [0.1, 0.2, 0.15, 0.3, 0.1, 0.25, 0.2, 0.1]
CLUSTER = ["a", "a", "b", "b", "b", "c", "d", "d"]
X = np.column_stack([np.ones(8), [1.0, 2, 0, 1, 3, 2, 1, 0]])


def close(ours, wanted, rel=1e-10):
    assert ours == pytest.approx(wanted, rel=rel, abs=1e-12)


class TestSpecialCases:
    def test_one_estimate_a_cluster_and_equal_weights_is_the_mean(self):
        y = np.array([1.0, 2.0, 4.0, 7.0, 3.0])
        fit = robust_variance(y, np.full(5, 0.3), range(5))
        close(fit.beta, [y.mean()])
        close(fit.se, [y.std(ddof=1) / math.sqrt(5)])
        close(fit.df, [4])

    def test_cr2_of_singletons_is_hc2_and_cr3_is_hc3(self):
        w = 1 / np.array(VI)
        M = np.linalg.inv((X.T * w) @ X)
        leverage = np.einsum("ip,pq,iq->i", X, M, X) * w
        residual = YI - X @ (M @ (X.T @ (w * YI)))
        for kind, power in (("CR2", 1), ("CR3", 2)):
            meat = (X.T * (w * residual) ** 2 / (1 - leverage) ** power) @ X
            fit = robust_variance(YI, VI, range(8), X=X, kind=kind)
            close(np.array(fit.vcov).ravel(), (M @ meat @ M).ravel())

    def test_factors_between_kinds(self):
        se = {k: np.array(robust_variance(YI, VI, CLUSTER, X=X, kind=k).se) for k in KINDS}
        close(se["CR1"], se["CR0"] * math.sqrt(4 / 3))
        close(se["CR1p"], se["CR0"] * math.sqrt(4 / 2))
        close(se["CR1S"], se["CR0"] * math.sqrt(4 * 7 / (3 * 6)))
        assert (se["CR0"] < se["CR2"]).all()
        assert (se["CR2"] < se["CR3"]).all()

    def test_scalar_factors_leave_the_degrees_of_freedom(self):
        df = robust_variance(YI, VI, CLUSTER, X=X, kind="CR0").df
        for kind in ("CR1", "CR1p", "CR1S"):
            close(robust_variance(YI, VI, CLUSTER, X=X, kind=kind).df, df)

    def test_clusters_less_coefficients(self):
        fit = robust_variance(YI, VI, CLUSTER, X=X, kind="CR1p", df="clusters")
        assert fit.df == (2, 2)
        assert fit.clusters == 4

    def test_cites_are_known(self):
        for kind in KINDS:
            assert set(robust_variance(YI, VI, CLUSTER, kind=kind).cites) <= set(METHODS)


@pytest.mark.parametrize("weights", [None, np.linspace(1, 2, 8)])
def test_cr2_is_unbiased_when_the_working_model_is_right(weights):
    """E V = Var β, term by term: the estimator is a quadratic form in y, so E is a trace."""
    V = sampling_covariance(VI, CLUSTER, 0.4) + 0.2 * np.equal.outer(CLUSTER, CLUSTER)
    W = np.linalg.inv(V) if weights is None else np.diag(weights)
    M = np.linalg.inv(X.T @ W @ X)
    truth = M @ X.T @ W @ V @ W @ X @ M
    values, vectors = np.linalg.eigh(V)
    expected = sum(
        np.array(robust_variance(root, V, CLUSTER, X=X, weights=weights).vcov)
        for root in (vectors * np.sqrt(values)).T
    )
    close(expected.ravel(), truth.ravel())


def test_satterthwaite_matches_the_dense_formula():
    V = sampling_covariance(VI, CLUSTER, 0.4)
    W = np.linalg.inv(V)
    M = np.linalg.inv(X.T @ W @ X)
    I_H = np.eye(8) - X @ M @ X.T @ W
    for c in range(2):
        G = []
        for name in "abcd":
            rows = [i for i, label in enumerate(CLUSTER) if label == name]
            G.append(I_H[rows].T @ W[np.ix_(rows, rows)] @ X[rows] @ M[:, c])
        P = np.array(G) @ V @ np.array(G).T
        fit = robust_variance(YI, V, CLUSTER, X=X, kind="CR0")
        close(fit.df[c], np.trace(P) ** 2 / np.sum(P * P))


estimates = st.lists(
    st.tuples(st.floats(-3, 3), st.floats(0.05, 2), st.integers(0, 4)), min_size=6, max_size=14
).filter(lambda rows: len({c for _, _, c in rows}) >= 3)


@settings(max_examples=60, deadline=None)
@given(estimates, st.randoms(use_true_random=False), st.sampled_from(KINDS))
def test_order_names_and_units_do_not_matter(rows, random, kind):
    y, v, c = (list(x) for x in zip(*rows, strict=True))
    fit = robust_variance(y, v, c, kind=kind)
    order = list(range(len(y)))
    random.shuffle(order)
    again = robust_variance(
        [-1000 * y[i] for i in order],
        [7 * v[i] for i in order],
        [f"cluster {c[i]}" for i in order],
        kind=kind,
    )
    close(again.beta[0], -1000 * fit.beta[0], rel=1e-7)
    assert again.se[0] == pytest.approx(1000 * fit.se[0], rel=1e-7, abs=1e-9)
    assert again.df[0] == pytest.approx(fit.df[0], rel=1e-7)


class TestRefused:
    def test_one_cluster(self):
        with pytest.raises(EvidenceError, match="one cluster"):
            robust_variance([1, 2], [1, 1], ["a", "a"])

    def test_missing_label(self):
        with pytest.raises(EvidenceError, match="Estimate 2 has no cluster"):
            robust_variance([1, 2], [1, 1], ["a", None])

    def test_dependence_between_clusters(self):
        V = np.array([[1, 0.5], [0.5, 1]])
        with pytest.raises(EvidenceError, match="use wider ones"):
            robust_variance([1, 2], V, ["a", "b"])

    def test_moderators_that_say_the_same(self):
        with pytest.raises(EvidenceError, match="tell their coefficients apart"):
            robust_variance(YI, VI, CLUSTER, X=np.column_stack([X, X[:, 1] - 1]))

    def test_cr3_of_a_cluster_that_decides_alone(self):
        alone = np.column_stack([np.ones(8), [0] * 5 + [1] + [0] * 2])
        with pytest.raises(EvidenceError, match="leaving it out"):
            robust_variance(YI, VI, CLUSTER, X=alone, kind="CR3")
        assert math.isfinite(robust_variance(YI, VI, CLUSTER, X=alone).se[1])

    def test_more_coefficients_than_clusters(self):
        with pytest.raises(EvidenceError, match="no degrees of freedom"):
            robust_variance(YI, VI, [1, 1, 1, 1, 2, 2, 2, 2], X=X, df="clusters")

    @pytest.mark.parametrize("bad", [math.nan, math.inf])
    def test_numbers_that_are_none(self, bad):
        with pytest.raises(EvidenceError):
            robust_variance([bad, *YI[1:]], VI, CLUSTER)
        with pytest.raises(EvidenceError):
            robust_variance(YI, [bad, *VI[1:]], CLUSTER)

    def test_no_estimate(self):
        with pytest.raises(EvidenceError, match="no estimate"):
            robust_variance([], [], [])


def test_identical_estimates_leave_nothing_to_judge_by():
    fit = robust_variance([0.7] * 8, VI, CLUSTER)
    assert fit.se == (0.0,)
    assert fit.p == fit.ci == fit.stat == (None,)


def test_extreme_units():
    fit = robust_variance(np.array(YI) * 1e-140, np.array(VI) * 1e-280, CLUSTER, X=X)
    close(np.array(fit.se) * 1e140, robust_variance(YI, VI, CLUSTER, X=X).se)
    with pytest.raises(EvidenceError, match="too far"):
        robust_variance([1e300, -1e300, 3], [1, 1, 1], [1, 2, 3])


class TestSamplingCovariance:
    def test_within_clusters_and_subgroups_only(self):
        V = sampling_covariance([1, 4, 9, 1], ["a", "a", "a", "b"], 0.5, subgroup=[1, 1, 2, 1])
        assert V.tolist() == [[1, 1, 0, 0], [1, 4, 0, 0], [0, 0, 9, 0], [0, 0, 0, 1]]

    @pytest.mark.parametrize("rho", [1, -1, 2, math.nan])
    def test_impossible_correlation(self, rho):
        with pytest.raises(EvidenceError, match="cannot be"):
            sampling_covariance([1, 1], [1, 1], rho)

    def test_correlation_too_negative_for_three(self):
        with pytest.raises(EvidenceError, match="positive definite"):
            sampling_covariance([1, 1, 1], [1, 1, 1], -0.6)
