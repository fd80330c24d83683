"""What must hold for every synthesis, whatever the studies; and two naltrexone trials."""

import math
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.errors import EvidenceError
from equipoise.evidence import effects as ef
from equipoise.evidence.methods import METHODS
from equipoise.evidence.synthesis import (
    Flat,
    HalfCauchy,
    HalfNormal,
    Normal,
    Uniform,
    leave_one_out,
    pool_bayes,
    pool_fixed,
    pool_random,
)

study = st.tuples(st.floats(-3, 3), st.floats(0.01, 2))
studies = st.lists(study, min_size=2, max_size=12)
METHOD_NAMES = ("REML", "DL", "PM", "ML")
flat = partial(pool_bayes, mu_prior=Flat(), tau_prior=HalfNormal(scale=0.5))


def split(pairs):
    return [y for y, _ in pairs], [v for _, v in pairs]


class TestFinalAndInnova:
    """Two trials in fibromyalgia: FINAL, MD −0.34 (−0.95 to 0.27); INNOVA, MD 0.49 (p = 0.236)."""

    final = ef.estimate_md_from_ci(-0.34, -0.95, 0.27)
    innova = ef.estimate_md_from_p(0.49, 0.236)
    yi = (final.yi, innova.yi)
    vi = (final.vi, innova.vi)

    def test_fixed(self):
        pooled = pool_fixed(self.yi, self.vi)
        assert (round(pooled.mu, 2), *(round(x, 2) for x in pooled.ci)) == (-0.04, -0.53, 0.45)

    def test_random(self):
        pooled = pool_random(self.yi, self.vi, method="DL", test="z")
        assert (round(pooled.mu, 2), *(round(x, 2) for x in pooled.ci)) == (0.03, -0.78, 0.84)
        assert round(pooled.i2) == 61
        assert round(pooled.tau2, 2) == 0.21


@given(studies, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_order_does_not_matter(pairs, random):
    shuffled = list(pairs)
    random.shuffle(shuffled)
    for pool in (pool_fixed, *(partial(pool_random, method=m) for m in METHOD_NAMES)):
        one, two = pool(*split(pairs)), pool(*split(shuffled))
        assert one.mu == pytest.approx(two.mu, rel=1e-7, abs=1e-7)
        assert one.ci == pytest.approx(two.ci, rel=1e-6, abs=1e-6)


@given(studies)
@settings(max_examples=40, deadline=None)
def test_mirror(pairs):
    yi, vi = split(pairs)
    for pool in (pool_fixed, pool_random):
        one, two = pool(yi, vi), pool([-y for y in yi], vi)
        assert one.mu == pytest.approx(-two.mu, abs=1e-7)
        assert one.ci == pytest.approx((-two.ci[1], -two.ci[0]), abs=1e-6)


@given(studies, st.floats(0.01, 100))
@settings(max_examples=40, deadline=None)
def test_units(pairs, c):
    yi, vi = split(pairs)
    one, two = pool_random(yi, vi), pool_random([c * y for y in yi], [c * c * v for v in vi])
    assert two.tau2 == pytest.approx(c * c * one.tau2, rel=1e-6, abs=1e-9 * c * c)
    assert two.mu == pytest.approx(c * one.mu, rel=1e-6, abs=1e-7 * c)
    assert two.i2 == pytest.approx(one.i2, rel=1e-5, abs=1e-5)


@given(studies, st.floats(-3, 3))
@settings(max_examples=40, deadline=None)
def test_a_study_with_huge_variance_changes_nothing(pairs, y):
    yi, vi = split(pairs)
    one, two = pool_fixed(yi, vi), pool_fixed([*yi, y], [*vi, 1e14])
    assert one.mu == pytest.approx(two.mu, abs=1e-9)
    assert one.se == pytest.approx(two.se)
    for method in ("REML", "ML"):
        one = pool_random(yi, vi, method=method, test="z")
        two = pool_random([*yi, y], [*vi, 1e14], method=method, test="z")
        assert one.tau2 == pytest.approx(two.tau2, rel=1e-6, abs=1e-8)
        assert one.mu == pytest.approx(two.mu, abs=1e-6)


def test_a_study_with_huge_variance_changes_nothing_in_the_posterior():
    yi, vi = [0.1, 0.5, -0.2], [0.04, 0.1, 0.05]
    one, two = flat(yi, vi), flat([*yi, 2.0], [*vi, 1e14])
    assert one.mu.interval() == pytest.approx(two.mu.interval(), rel=1e-9)
    assert one.tau.interval() == pytest.approx(two.tau.interval(), rel=1e-9)


@given(study)
def test_one_study_pooled_is_that_study(pair):
    y, v = pair
    alone = ef.Estimate(measure=ef.EffectMeasure.MD, yi=y, vi=v)
    for pooled in (pool_fixed([y], [v]), pool_random([y], [v])):
        assert (pooled.mu, pooled.se) == (y, pytest.approx(math.sqrt(v), rel=1e-15))
        assert pooled.ci == pytest.approx(alone.ci())
        assert pooled.weights == (100.0,)
        assert (pooled.tau2, pooled.i2, pooled.prediction_interval) == (None, None, None)


@given(studies)
@settings(max_examples=40, deadline=None)
def test_bookkeeping(pairs):
    yi, vi = split(pairs)
    pooled = pool_random(yi, vi)
    assert sum(pooled.weights) == pytest.approx(100)
    assert pooled.tau2 >= 0
    assert pooled.tau2_ci[0] <= pooled.tau2_ci[1]
    assert 0 <= pooled.i2 <= 100
    low, high = pooled.prediction_interval
    slack = 1e-12
    assert low - slack <= pooled.ci[0] <= pooled.mu <= pooled.ci[1] <= high + slack
    adhoc = pooled.ci_adhoc[1] - pooled.ci_adhoc[0]
    assert adhoc >= (pooled.ci[1] - pooled.ci[0]) * (1 - 1e-12)
    assert set(pooled.cites) <= set(METHODS)


@given(studies)
@settings(max_examples=30, deadline=None)
def test_reml_is_the_highest_point_of_its_likelihood(pairs):
    yi, vi = (np.array(x) for x in split(pairs))

    def log_likelihood(tau2):
        w = 1 / (vi + tau2)
        mu = (w @ yi) / w.sum()
        return np.log(w).sum() - np.log(w.sum()) - w @ (yi - mu) ** 2

    best = log_likelihood(pool_random(yi, vi).tau2)
    for tau2 in np.concatenate([[0.0], np.geomspace(1e-6, 100, 60)]):
        assert best >= log_likelihood(tau2) - 1e-9


def test_leaving_one_out():
    yi, vi = [0.1, 0.5, -0.2], [0.04, 0.1, 0.05]
    without = leave_one_out(yi, vi, pool_fixed)
    assert without[1] == pool_fixed([0.1, -0.2], [0.04, 0.05])
    with pytest.raises(EvidenceError):
        leave_one_out([1.0], [1.0])


@pytest.mark.parametrize(
    "refused",
    [
        lambda: pool_fixed([], []),
        lambda: pool_random([], []),
        lambda: pool_random([1, 2], [1]),
        lambda: pool_random([1, 2], [1, 0]),
        lambda: pool_random([1, math.nan], [1, 1]),
        lambda: pool_random([1, 2], [1, 1], level=95),
        lambda: pool_random([1, 2], [1, 1], method="XX"),
        lambda: flat([], []),
        lambda: flat([1], [0]),
        lambda: flat([1], [1, 1]),
        lambda: flat([1], [1], level=95),
        lambda: pool_bayes([1, 2], [1, 1], mu_prior=Flat(), tau_prior=Uniform(upper=math.inf)),
    ],
)
def test_refused(refused):
    with pytest.raises(EvidenceError):
        refused()


@pytest.mark.parametrize(
    "bug",
    [
        lambda: HalfNormal(scale=0),
        lambda: HalfCauchy(scale=math.inf),
        lambda: Uniform(upper=-1),
        lambda: Normal(mean=0, sd=0),
        lambda: flat([1], [1]).mu.quantile(1),
        lambda: flat([1], [1]).tau.quantile(0),
    ],
)
def test_values_that_cannot_be(bug):
    with pytest.raises(ValueError, match=r"."):
        bug()


@given(studies)
@settings(max_examples=25, deadline=None)
def test_posterior_without_heterogeneity_is_the_fixed_effect(pairs):
    yi, vi = split(pairs)
    posterior = pool_bayes(yi, vi, mu_prior=Flat(), tau_prior=HalfNormal(scale=1e-7))
    fixed = pool_fixed(yi, vi)
    assert posterior.mu.mean == pytest.approx(fixed.mu, abs=1e-9)
    assert posterior.mu.sd == pytest.approx(fixed.se, rel=1e-9)
    assert posterior.ci == pytest.approx(fixed.ci, abs=1e-9)


@given(studies)
@settings(max_examples=25, deadline=None)
def test_posterior_bookkeeping(pairs):
    yi, vi = split(pairs)
    posterior = flat(yi, vi)
    assert posterior.quadrature_error < 1e-9
    for distribution in (posterior.mu, posterior.new_study):
        low, high = distribution.interval(0.9)
        assert distribution.prob_above(low) == pytest.approx(0.95, abs=1e-12)
        assert distribution.prob_above(high) == pytest.approx(0.05, abs=1e-12)
        short = distribution.shortest_interval(0.9)
        assert short[1] - short[0] <= (high - low) * (1 + 1e-9)
        assert distribution.prob_below(short[1]) - distribution.prob_below(
            short[0]
        ) == pytest.approx(0.9, abs=1e-9)
    for p in (0.01, 0.3, 0.99):
        assert posterior.tau.prob_above(posterior.tau.quantile(p)) == pytest.approx(1 - p, abs=1e-9)
    low, high = posterior.tau.shortest_interval(0.9)
    assert posterior.tau.prob_above(low) - posterior.tau.prob_above(high) == pytest.approx(
        0.9, abs=1e-9
    )
    assert high - low <= np.diff(posterior.tau.interval(0.9))[0] * (1 + 1e-9)
    for effect in posterior.study_effects:
        # Shrinkage pulls towards the middle, never past the range of the estimates.
        assert min(yi) - 1e-9 <= effect.mean <= max(yi) + 1e-9


def test_no_study_is_the_prior():
    prior = pool_bayes([], [], mu_prior=Normal(mean=0.2, sd=0.5), tau_prior=HalfNormal(scale=0.3))
    assert prior.k == 0
    assert (prior.mu.mean, prior.mu.sd) == pytest.approx((0.2, 0.5), rel=1e-12)
    assert prior.mu.prob_above(0.2) == pytest.approx(0.5)
    assert prior.new_study.sd == pytest.approx(math.sqrt(0.25 + 0.09), rel=1e-12)
    assert prior.tau.mean == pytest.approx(0.3 * math.sqrt(2 / math.pi), rel=1e-12)
    assert prior.tau.quantile(0.95) == pytest.approx(0.3 * 1.959963984540054, rel=1e-12)
    assert prior.log_marginal_likelihood == pytest.approx(0, abs=1e-13)
    cauchy = pool_bayes([], [], mu_prior=Normal(mean=0, sd=1), tau_prior=HalfCauchy(scale=0.3))
    assert (cauchy.tau.mean, cauchy.new_study.mean, cauchy.mu.mean) == (None, None, 0)
    assert cauchy.tau.median == pytest.approx(0.3, rel=1e-12)
    even = pool_bayes([], [], mu_prior=Normal(mean=0, sd=1), tau_prior=Uniform(upper=2))
    assert even.tau.interval() == pytest.approx((0.05, 1.95), rel=1e-12)
    assert even.tau.shortest_interval() == pytest.approx((0, 1.9), rel=1e-9)


def test_one_study_leaves_the_prior_for_tau_alone():
    posterior = flat([0.4], [0.09])
    assert posterior.tau.interval() == pytest.approx(
        pool_bayes(
            [], [], mu_prior=Normal(mean=0, sd=1), tau_prior=HalfNormal(scale=0.5)
        ).tau.interval(),
        rel=1e-10,
    )
    assert posterior.mu.mean == pytest.approx(0.4)
    assert posterior.mu.sd == pytest.approx(math.sqrt(0.09 + 0.25))


def test_rising_posterior_of_tau_ends_at_the_upper_end():
    posterior = pool_bayes([-5, 0, 5], [0.1, 0.1, 0.1], mu_prior=Flat(), tau_prior=Uniform(upper=1))
    low, high = posterior.tau.shortest_interval()
    assert high == 1
    assert posterior.tau.prob_above(low) == pytest.approx(0.95, abs=1e-9)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("spread", [1e-8, 1.0, 1e8])
def test_awkward_scales(scale, spread):
    """Variances that differ by sixteen orders, and units from micrograms to tonnes."""
    yi = [scale * y for y in (0.1, 0.9, -0.4, 0.3)]
    vi = [scale**2 * v for v in (0.04 * spread, 0.1, 0.05, 0.2 / spread)]
    posterior = pool_bayes(
        yi, vi, mu_prior=Normal(mean=0, sd=4 * scale), tau_prior=HalfCauchy(scale=0.5 * scale)
    )
    assert posterior.quadrature_error < 1e-9
    assert posterior.mu.quantile(0.025) < posterior.mu.median < posterior.mu.quantile(0.975)


def test_calibration_by_simulation():
    """Parameters drawn from the prior have uniform ranks in their posteriors.

    300 replicates; the threshold is the 1% point of Kolmogorov's statistic, 1.63 / √n.
    """
    rng = np.random.default_rng(20200406)
    replicates = 300
    ranks = np.empty((replicates, 3))
    for i in range(replicates):
        k = int(rng.integers(1, 7))
        tau, mu = abs(rng.normal(0, 0.5)), rng.normal(0.1, 1)
        vi = rng.uniform(0.02, 0.5, k)
        yi = rng.normal(mu, np.sqrt(vi + tau**2))
        posterior = pool_bayes(
            yi, vi, mu_prior=Normal(mean=0.1, sd=1), tau_prior=HalfNormal(scale=0.5)
        )
        ranks[i] = (
            posterior.mu.prob_below(mu),
            1 - posterior.tau.prob_above(tau),
            posterior.new_study.prob_below(rng.normal(mu, tau)),
        )
    grid = np.arange(1, replicates + 1) / replicates
    for column in np.sort(ranks, axis=0).T:
        statistic = max((grid - column).max(), (column - grid + 1 / replicates).max())
        assert statistic < 1.63 / math.sqrt(replicates)
