"""Multilevel models: what they reduce to, what cannot change them, what they refuse."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.errors import EvidenceError
from equipoise.evidence.methods import METHODS
from equipoise.evidence.synthesis import (
    RandomStructure,
    fit_multilevel,
    pool_random,
    profile_interval,
    robust_multilevel,
    robust_variance,
    sampling_covariance,
)

RNG = np.random.default_rng(20240607)
STUDY = np.repeat(np.arange(9), [1, 2, 3, 4, 2, 3, 1, 5, 3]).tolist()
K = len(STUDY)
EACH = range(K)
YI = RNG.normal(0.4, 0.4, 9)[STUDY] + RNG.normal(0, 0.3, K)
VI = RNG.uniform(0.02, 0.2, K)
X = np.column_stack([np.ones(K), np.linspace(-1, 2, K) ** 2])
TIME = np.array([STUDY[:i].count(s) for i, s in enumerate(STUDY)])
KINDS = ("ID", "DIAG", "CS", "HCS", "UN", "AR", "HAR", "CAR")


def dense_log_likelihood(y, X, S, restricted):
    inverse = np.linalg.inv(S)
    information = X.T @ inverse @ X
    r = y - X @ np.linalg.solve(information, X.T @ inverse @ y)
    k, p = X.shape
    twice = np.linalg.slogdet(S)[1] + r @ inverse @ r
    if restricted:
        twice += np.linalg.slogdet(information)[1] - np.linalg.slogdet(X.T @ X)[1]
    return -0.5 * (twice + (k - p if restricted else k) * math.log(2 * math.pi))


def three_level(y=YI, v=VI, study=STUDY, **options):
    return fit_multilevel(y, v, levels=[study, range(len(y))], **options)


def structure(kind, labels=3):
    """Measurements at up to three times; the rest of each study is left out."""
    rows = np.flatnonzero(labels > TIME)
    s = RandomStructure(inner=TIME[rows].tolist(), outer=[STUDY[i] for i in rows], kind=kind)
    return rows, s


small = st.lists(st.tuples(st.floats(-3, 3), st.floats(0.01, 2)), min_size=3, max_size=10).filter(
    lambda rows: len({y for y, _ in rows}) > 1
)


@settings(max_examples=40, deadline=None)
@given(small, st.sampled_from(["REML", "ML"]))
def test_one_estimate_a_study_is_the_random_effects_model(rows, method):
    y, v = (list(x) for x in zip(*rows, strict=True))
    fit = fit_multilevel(y, v, levels=[range(len(y))], method=method)
    pooled = pool_random(y, v, method=method, test="z")
    assert fit.sigma2[0] == pytest.approx(pooled.tau2, rel=1e-6, abs=1e-7)
    assert fit.beta[0] == pytest.approx(pooled.mu, rel=1e-6, abs=1e-7)
    assert fit.ci[0] == pytest.approx(pooled.ci, rel=1e-6, abs=1e-7)


def test_a_study_of_high_precision_makes_two_peaks_and_the_higher_wins():
    y, v = [0.0, 1.2, 1.0, 1.4, 1.1], [1e-6, 0.02, 0.02, 0.02, 0.02]
    fit = fit_multilevel(y, v, levels=[range(5)])
    assert fit.sigma2[0] == pytest.approx(pool_random(y, v).tau2, rel=1e-8)


@pytest.mark.parametrize("method", ["REML", "ML"])
@pytest.mark.parametrize("kind", KINDS)
def test_likelihood_is_that_of_the_dense_formula_and_no_neighbour_is_higher(kind, method):
    rows, random = structure(kind)
    V = sampling_covariance(VI[rows], random.outer, 0.3)
    fit = fit_multilevel(YI[rows], V, structures=[random], X=X[rows], method=method)
    S = fit.covariance()
    restricted = method == "REML"
    assert fit.ll == pytest.approx(dense_log_likelihood(YI[rows], X[rows], S, restricted))
    model, best = fit._model, fit._free
    at = model.at(best)
    assert np.abs(at.gradient).max() < 1e-6
    for direction in np.eye(len(best)):
        for step in (-0.05, 0.05):
            assert model.value(best + step * direction) <= fit.ll + 1e-12


@pytest.mark.parametrize("kind", KINDS)
def test_slopes_are_those_of_the_likelihood(kind):
    rows, random = structure(kind)
    model = fit_multilevel(
        YI[rows], VI[rows], levels=[[s // 3 for s in random.outer]], structures=[random]
    )._model
    at = np.linspace(0.5, 0.8, model.free)
    _, gradient, hessian = model.derivatives(at)
    step = 1e-5
    for i, e in enumerate(np.eye(model.free) * step):
        slope = (model.value(at + e) - model.value(at - e)) / (2 * step)
        bend = (model.derivatives(at + e)[1] - model.derivatives(at - e)[1]) / (2 * step)
        assert gradient[i] == pytest.approx(slope, abs=1e-6)
        assert hessian[i] == pytest.approx(bend, abs=1e-5)


def test_nested_structures_never_lower_the_likelihood():
    rows, _ = structure("UN")
    ll = {
        kind: fit_multilevel(YI[rows], VI[rows], structures=[structure(kind)[1]]).ll
        for kind in KINDS
    }
    assert ll["ID"] <= ll["DIAG"] + 1e-10
    assert ll["ID"] <= ll["CS"] + 1e-10 <= ll["HCS"] + 2e-10 <= ll["UN"] + 3e-10
    assert ll["DIAG"] <= ll["HCS"] + 1e-10
    assert ll["AR"] <= ll["HAR"] + 1e-10
    assert ll["CAR"] == pytest.approx(max(ll["CAR"], ll["ID"]))


def test_car_at_equal_distances_is_ar_where_that_correlation_is_positive():
    rows, random = structure("AR")
    ar = fit_multilevel(YI[rows], VI[rows], structures=[random])
    car = fit_multilevel(YI[rows], VI[rows], structures=[structure("CAR")[1]])
    assert ar.rho[0] > 0
    assert car.rho == pytest.approx(ar.rho, rel=1e-6)
    assert car.ll == pytest.approx(ar.ll, rel=1e-12)


def test_compound_symmetry_is_two_random_intercepts():
    rows, random = structure("CS")
    nested = fit_multilevel(YI[rows], VI[rows], levels=[random.outer, range(len(rows))])
    fit = fit_multilevel(YI[rows], VI[rows], structures=[random])
    assert fit.ll == pytest.approx(nested.ll, rel=1e-12)
    assert fit.tau2[0] == pytest.approx(sum(nested.sigma2), rel=1e-6)
    assert fit.rho[0] == pytest.approx(nested.sigma2[0] / sum(nested.sigma2), rel=1e-6)


class TestInvariance:
    def test_order_and_names(self):
        order = RNG.permutation(K)
        fit = three_level(X=X)
        again = three_level(YI[order], VI[order], [f"study {STUDY[i]}" for i in order], X=X[order])
        assert again.beta == pytest.approx(fit.beta, rel=1e-9)
        assert again.sigma2 == pytest.approx(fit.sigma2, rel=1e-7)
        assert again.ll == pytest.approx(fit.ll, rel=1e-12)

    @pytest.mark.parametrize("unit", [-1000.0, 1e-140, 1e140])
    def test_unit_of_the_outcome(self, unit):
        fit = three_level(test="t")
        again = three_level(YI * unit, VI * unit**2, test="t")
        assert again.beta[0] == pytest.approx(fit.beta[0] * unit, rel=1e-9)
        assert again.sigma2 == pytest.approx(np.array(fit.sigma2) * unit**2, rel=1e-7)
        assert again.stat[0] == pytest.approx(fit.stat[0] * math.copysign(1, unit), rel=1e-9)
        assert again.qe == pytest.approx(fit.qe, rel=1e-9)

    def test_unit_of_a_moderator(self):
        fit, again = three_level(X=X), three_level(X=X * [1, 1000])
        assert again.beta[1] * 1000 == pytest.approx(fit.beta[1], rel=1e-9)
        assert again.ll == pytest.approx(fit.ll, rel=1e-9)

    def test_study_of_no_precision(self):
        fit = three_level()
        again = three_level([*YI, 50.0], [*VI, 1e12], [*STUDY, "new"])
        assert again.beta[0] == pytest.approx(fit.beta[0], rel=1e-6)
        assert again.sigma2 == pytest.approx(fit.sigma2, rel=1e-5)

    def test_variances_as_a_matrix(self):
        assert three_level(v=np.diag(VI)).ll == pytest.approx(three_level().ll, rel=1e-13)


class TestZeroVariances:
    def test_estimates_that_agree(self):
        fit = three_level(np.full(K, 0.5))
        assert fit.sigma2 == (0.0, 0.0)
        assert fit.beta[0] == pytest.approx(0.5)

    def test_correlation_without_variance_is_none(self):
        rows, random = structure("CS")
        fit = fit_multilevel(np.zeros(len(rows)), VI[rows], structures=[random])
        assert fit.tau2 == (0.0,)
        assert fit.rho == (None,)

    def test_two_studies_leave_a_correlation_of_one(self):
        random = RandomStructure(inner=[1, 2, 1, 2], outer=[1, 1, 2, 2])
        X = np.array([[1, 0], [0, 1], [1, 0], [0, 1]])
        fit = fit_multilevel([1, 2, 2, 4], [0.01] * 4, structures=[random], X=X)
        assert fit.rho[0] == pytest.approx(1, abs=1e-8)


class TestTests:
    def test_containment(self):
        of_study = np.array(STUDY) % 2
        design = np.column_stack([np.ones(K), of_study, X[:, 1]])
        assert three_level(X=design, test="t").df == (9 - 3, 9 - 3, K - 3)

    def test_omnibus_leaves_the_intercept_out(self):
        fit = three_level(X=X)
        assert fit.qm == pytest.approx(fit.stat[1] ** 2)
        assert fit.qm_p == pytest.approx(fit.p[1])
        assert three_level(X=X, test="t").qm_p == pytest.approx(three_level(X=X, test="t").p[1])
        assert three_level().qm == pytest.approx(three_level().stat[0] ** 2)

    def test_cites_are_known(self):
        fit = fit_multilevel(
            YI, VI, levels=[EACH], structures=[RandomStructure(inner=["x"] * K, outer=STUDY)]
        )
        assert set(fit.cites) <= set(METHODS)
        assert set(three_level(test="t").cites) <= set(METHODS)


class TestProfile:
    def test_limits_drop_the_likelihood_by_half_the_quantile(self):
        fit = three_level()
        for index in (0, 1):
            lower, upper = profile_interval(fit, "sigma2", index)
            assert lower <= fit.sigma2[index] <= upper
            for limit in (lower, upper):
                if limit == 0:
                    continue
                other = np.linspace(0, 1, 4001)
                S = np.equal.outer(STUDY, STUDY) * 1.0, np.eye(K)
                best = max(
                    dense_log_likelihood(
                        YI,
                        np.ones((K, 1)),
                        np.diag(VI) + limit * S[index] + o * S[1 - index],
                        restricted=True,
                    )
                    for o in other[::20]
                )
                assert fit.ll - best == pytest.approx(3.841458820694124 / 2, abs=2e-3)

    def test_no_ceiling(self):
        lower, upper = profile_interval(
            fit_multilevel([1.0, 20.0], [1.0, 1.0], levels=[[1, 2]]), "sigma2"
        )
        assert 0 < lower < 100
        assert upper > 20_000

    def test_correlation_of_a_small_sample_may_be_anything(self):
        random = RandomStructure(inner=[1, 2] * 3, outer=[1, 1, 2, 2, 3, 3], kind="CS")
        fit = fit_multilevel([1, 2, 2, 1, 3, 3], [1.0] * 6, structures=[random])
        assert profile_interval(fit, "rho") == (-1.0, 1.0)

    def test_wider_at_a_higher_level(self):
        fit = three_level()
        narrow, wide = (profile_interval(fit, "sigma2", 1, level=x) for x in (0.5, 0.9))
        assert wide[0] <= narrow[0] < narrow[1] < wide[1]

    def test_unknown_parameter(self):
        with pytest.raises(EvidenceError, match="no sigma2 number 3"):
            profile_interval(three_level(), "sigma2", 2)
        with pytest.raises(EvidenceError, match="no rho"):
            profile_interval(three_level(), "rho")


class TestRefused:
    def test_levels_that_group_alike(self):
        with pytest.raises(EvidenceError, match="level 1 and the variance of level 2 apart"):
            fit_multilevel(YI, VI, levels=[STUDY, [str(s) for s in STUDY]])

    def test_one_group(self):
        with pytest.raises(EvidenceError, match="nothing about the variance of level 1"):
            fit_multilevel(YI, VI, levels=[["a"] * K, EACH])

    def test_outcomes_never_together(self):
        random = RandomStructure(inner=["x", "y"] * 3, outer=range(6))
        with pytest.raises(EvidenceError, match="No group holds both x and y"):
            fit_multilevel(YI[:6], VI[:6], structures=[random])

    @pytest.mark.parametrize(
        ("y", "v", "words"),
        [
            ([], [], "no estimate"),
            ([1.0], [1.0], "Too few"),
            ([1.0, math.nan, 2.0], [1.0] * 3, "finite"),
            ([1.0, 2.0, 3.0], [1.0, 0.0, 1.0], "positive"),
            ([1.0, 2.0, 3.0], [1.0, math.nan, 1.0], "finite"),
            ([1e300, -1e300, 3.0], [1.0] * 3, "too far apart"),
            ([1.0, 2.0, 3.0], np.ones((3, 3)), "positive definite"),
            ([1.0, 2.0, 3.0], [[1, 0.5, 0], [0, 1, 0], [0, 0, 1]], "not symmetric"),
        ],
    )
    def test_numbers(self, y, v, words):
        with pytest.raises(EvidenceError, match=words):
            fit_multilevel(y, v, levels=[range(len(y))])

    def test_missing_label(self):
        with pytest.raises(EvidenceError, match="Level 1: estimate 2 has no label"):
            fit_multilevel([1, 2, 3], [1, 1, 1], levels=[["a", None, "b"]])

    def test_times_that_are_no_numbers(self):
        random = RandomStructure(inner=["early", "late"] * 3, outer=[1, 1, 2, 2, 3, 3], kind="CAR")
        with pytest.raises(EvidenceError, match="times"):
            fit_multilevel(YI[:6], VI[:6], structures=[random])


def test_one_enormous_weight_ends_in_an_answer():
    fit = three_level(YI, np.r_[1e-25, VI[1:]])
    assert all(math.isfinite(x) for x in (*fit.beta, *fit.se, *fit.sigma2, fit.ll))


def test_robust_variance_takes_the_model_as_working_model():
    fit = three_level(X=X)
    ours = robust_multilevel(fit, STUDY)
    assert ours == robust_variance(YI, fit.covariance(), STUDY, X=X)
    assert ours.beta == pytest.approx(fit.beta, rel=1e-9)
    with pytest.raises(EvidenceError, match="use wider ones"):
        robust_multilevel(fit, EACH)


def test_true_effects_are_shrunken_towards_the_mean():
    fit = fit_multilevel(YI, VI, levels=[EACH])
    share = fit.sigma2[0] / (fit.sigma2[0] + VI)
    wanted = fit.beta[0] + share * (YI - fit.beta[0])
    assert fit.true_effects() == pytest.approx(wanted, rel=1e-9)
