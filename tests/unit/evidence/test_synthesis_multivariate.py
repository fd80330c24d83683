"""Several outcomes at once, and heterogeneity with moderators."""

import math

import numpy as np
import pytest

from equipoise.errors import EvidenceError
from equipoise.evidence.methods import METHODS
from equipoise.evidence.synthesis import (
    fit_location_scale,
    fit_multilevel,
    pool_multivariate,
    pool_random,
    sampling_covariance,
)

RNG = np.random.default_rng(7)
STUDY = [s for s in range(8) for _ in range(2)]
OUTCOME = ["pain", "sleep"] * 8
YI = np.tile([0.5, 0.2], 8) + np.repeat(RNG.normal(0, 0.3, 8), 2) + RNG.normal(0, 0.2, 16)
VI = RNG.uniform(0.02, 0.1, 16)
V = sampling_covariance(VI, STUDY, 0.5)
METHOD_NAMES = ("REML", "ML", "MM", "VC", "FE")


@pytest.mark.parametrize("method", METHOD_NAMES)
class TestEveryMethod:
    def test_order_and_sign(self, method):
        fit = pool_multivariate(YI, V, STUDY, OUTCOME, method=method)
        back = list(range(15, -1, -1))
        again = pool_multivariate(
            -YI[back],
            V[np.ix_(back, back)],
            [STUDY[i] for i in back],
            [OUTCOME[i] for i in back],
            method=method,
        )
        assert again.outcomes == fit.outcomes[::-1]
        assert again.beta == pytest.approx([-b for b in fit.beta[::-1]], rel=1e-8)
        assert again.se == pytest.approx(fit.se[::-1], rel=1e-7)
        assert again.q == pytest.approx(fit.q)

    def test_unit(self, method):
        fit = pool_multivariate(YI, V, STUDY, OUTCOME, method=method)
        again = pool_multivariate(YI * 50, V * 2500, STUDY, OUTCOME, method=method)
        assert again.beta == pytest.approx(np.array(fit.beta) * 50, rel=1e-8)
        assert again.se == pytest.approx(np.array(fit.se) * 50, rel=1e-7)

    def test_missing_outcomes(self, method):
        rows = [i for i in range(16) if i not in (3, 8)]
        fit = pool_multivariate(
            YI[rows],
            V[np.ix_(rows, rows)],
            [STUDY[i] for i in rows],
            [OUTCOME[i] for i in rows],
            method=method,
        )
        assert fit.q_df == 12
        assert fit.q_df_by_outcome == (6, 6)
        assert fit.studies == 8
        if fit.psi is not None:
            assert np.linalg.eigvalsh(np.array(fit.psi)).min() > -1e-12

    def test_estimates_that_agree(self, method):
        fit = pool_multivariate([0.5, 0.2] * 8, V, STUDY, OUTCOME, method=method)
        assert fit.beta == pytest.approx((0.5, 0.2))
        assert fit.q == pytest.approx(0, abs=1e-12)
        if fit.psi is not None:
            assert np.abs(np.array(fit.psi)).max() < 1e-10

    def test_cites_are_known(self, method):
        assert set(pool_multivariate(YI, V, STUDY, OUTCOME, method=method).cites) <= set(METHODS)

    def test_outcome_twice(self, method):
        with pytest.raises(EvidenceError, match="one study and one outcome"):
            pool_multivariate(YI, V, STUDY, ["pain"] * 16, method=method)


def test_one_outcome_by_moments_is_dersimonian_laird():
    y, v = YI[::2], VI[::2]
    fit = pool_multivariate(y, v, range(8), ["pain"] * 8, method="MM")
    pooled = pool_random(y, v, method="DL", test="z")
    assert fit.psi[0][0] == pytest.approx(pooled.tau2, rel=1e-10)
    assert fit.beta[0] == pytest.approx(pooled.mu, rel=1e-10)
    assert fit.q == pytest.approx(pooled.q)


def test_independent_outcomes_by_moments_are_pooled_apart():
    fit = pool_multivariate(YI, VI, STUDY, OUTCOME, method="MM")
    if np.linalg.eigvalsh(np.array(fit.psi)).min() > 1e-10:
        for j in (0, 1):
            tau2 = pool_random(YI[j::2], VI[j::2], method="DL").tau2
            assert fit.psi[j][j] == pytest.approx(tau2, rel=1e-9)


def test_components_of_equal_variances_are_the_sample_variance_less_sampling():
    y = YI[::2]
    fit = pool_multivariate(y, [0.01] * 8, range(8), ["pain"] * 8, method="VC")
    assert fit.psi[0][0] == pytest.approx(y.var(ddof=1) - 0.01, rel=1e-10)


def test_likelihood_is_that_of_the_multilevel_model():
    fit = pool_multivariate(YI, V, STUDY, OUTCOME)
    assert (
        fit.ll
        > fit_multilevel(
            YI, V, levels=[STUDY], X=np.array([[o == "pain", o == "sleep"] for o in OUTCOME])
        ).ll
    )


def test_outcomes_never_reported_together():
    with pytest.raises(EvidenceError, match="never reported together"):
        pool_multivariate(YI, VI, range(16), OUTCOME, method="MM")


def test_one_study():
    with pytest.raises(EvidenceError):
        pool_multivariate([1, 2], [1, 1], [1, 1], ["pain", "sleep"])
    fit = pool_multivariate([1, 2], [1, 1], [1, 1], ["pain", "sleep"], method="FE")
    assert fit.beta == pytest.approx((1, 2))
    assert fit.q_p is None


class TestLocationScale:
    z = np.column_stack([np.ones(16), np.linspace(0, 1, 16)])

    @pytest.mark.parametrize("method", ["REML", "ML"])
    def test_constant_heterogeneity_is_the_random_effects_model(self, method):
        fit = fit_location_scale(YI, VI, method=method)
        pooled = pool_random(YI, VI, method=method, test="z")
        assert fit.tau2 == pytest.approx([pooled.tau2] * 16, rel=1e-7)
        assert fit.location.estimate[0] == pytest.approx(pooled.mu, rel=1e-9)
        assert fit.scale.estimate[0] == pytest.approx(math.log(pooled.tau2), rel=1e-7)

    def test_unit_moves_the_intercept_of_the_scale_alone(self):
        fit = fit_location_scale(YI, VI, Z=self.z)
        again = fit_location_scale(YI * 10, VI * 100, Z=self.z)
        alpha = np.array(again.scale.estimate) - [2 * math.log(10), 0]
        assert alpha == pytest.approx(fit.scale.estimate, rel=1e-6)
        assert again.scale.se == pytest.approx(fit.scale.se, rel=1e-6)
        assert again.location.stat == pytest.approx(fit.location.stat, rel=1e-7)

    def test_a_moderator_of_the_scale_never_lowers_the_likelihood(self):
        more, fewer = fit_location_scale(YI, VI, Z=self.z), fit_location_scale(YI, VI)
        assert more.ll >= fewer.ll

    def test_slopes_in_other_units(self):
        fit = fit_location_scale(YI, VI, X=self.z, Z=self.z, test="t")
        again = fit_location_scale(YI, VI, X=self.z * [1, 365], Z=self.z * [1, 365], test="t")
        assert again.scale.stat == pytest.approx(fit.scale.stat, rel=1e-7)
        assert again.df == (14, 14)

    def test_no_heterogeneity(self):
        with pytest.raises(EvidenceError, match="no heterogeneity at all"):
            fit_location_scale([0.5] * 8, [0.1] * 8)

    def test_refused(self):
        with pytest.raises(EvidenceError, match="no estimate"):
            fit_location_scale([], [])
        with pytest.raises(EvidenceError, match="Too few"):
            fit_location_scale([1.0], [1.0])
        with pytest.raises(EvidenceError, match="other units"):
            fit_location_scale([1e100, 2.0, 3.0], [1.0] * 3)
        with pytest.raises(EvidenceError, match="independent"):
            fit_location_scale(YI, V)
