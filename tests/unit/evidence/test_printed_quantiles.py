"""A mean and an SD from quantiles: the closed forms, the flexible ones, and what they refuse."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from equipoise.errors import EvidenceError
from equipoise.evidence import effects as ef
from equipoise.evidence.effects import FiveNumbers, QuantileMethod, estimate_mean_and_sd
from equipoise.stats import order_statistics as order
from equipoise.stats import quantile_matching as matching

NORMAL_METHODS = (QuantileMethod.LUO_WAN_SHI, QuantileMethod.BLUE)
PAIRS = (("q1", "q3"), ("low", "high"), ("low", "q1", "q3", "high"))


@st.composite
def summaries(draw, lowest=-50.0):
    """Five different quantiles of 5 to 400 people, of which one or both pairs are printed."""
    n = draw(st.integers(5, 400))
    gaps = draw(st.lists(st.floats(0.3, 10), min_size=4, max_size=4))
    start = draw(st.floats(lowest, 50))
    values = [start, *(start + x for x in itertools.accumulate(gaps))]
    five = dict(zip(("low", "q1", "median", "q3", "high"), values, strict=True))
    keep = (*draw(st.sampled_from(PAIRS)), "median")
    return {k: v for k, v in five.items() if k in keep}, n


def moved(numbers, shift, scale):
    return {k: shift + scale * v for k, v in numbers.items()}


@given(summaries(), st.floats(-20, 20), st.floats(0.1, 50), st.sampled_from(NORMAL_METHODS))
@settings(max_examples=30)
def test_normal_methods_follow_shift_and_scale(summary, shift, scale, method):
    numbers, n = summary
    here = estimate_mean_and_sd(FiveNumbers(n=n, **numbers), method)
    there = estimate_mean_and_sd(FiveNumbers(n=n, **moved(numbers, shift, scale)), method)
    size = abs(shift) + scale * (abs(here.mean) + here.sd)
    assert there.mean == pytest.approx(shift + scale * here.mean, rel=1e-7, abs=1e-7 * size)
    assert there.sd == pytest.approx(scale * here.sd, rel=1e-6)
    assert there.skewness.statistic == pytest.approx(here.skewness.statistic, abs=1e-6)


@given(summaries(), st.sampled_from(NORMAL_METHODS))
@settings(max_examples=30)
def test_normal_methods_mirror(summary, method):
    numbers, n = summary
    other = {"low": "high", "q1": "q3", "median": "median", "q3": "q1", "high": "low"}
    here = estimate_mean_and_sd(FiveNumbers(n=n, **numbers), method)
    there = estimate_mean_and_sd(
        FiveNumbers(n=n, **{other[k]: -v for k, v in numbers.items()}), method
    )
    assert there.mean == pytest.approx(-here.mean, rel=1e-9, abs=1e-9)
    assert there.sd == pytest.approx(here.sd, rel=1e-9)


@given(summaries(lowest=1.5), st.floats(10, 1000), st.sampled_from(["bc", "mln", "qe"]))
@settings(max_examples=12)
def test_flexible_methods_follow_the_unit(summary, scale, method):
    numbers, n = summary
    try:
        here = estimate_mean_and_sd(FiveNumbers(n=n, **numbers), QuantileMethod(method))
    except EvidenceError:
        with pytest.raises(EvidenceError):
            estimate_mean_and_sd(
                FiveNumbers(n=n, **moved(numbers, 0, scale)), QuantileMethod(method)
            )
        return
    there = estimate_mean_and_sd(
        FiveNumbers(n=n, **moved(numbers, 0, scale)), QuantileMethod(method)
    )
    assert there.mean == pytest.approx(scale * here.mean, rel=1e-5)
    assert there.sd == pytest.approx(scale * here.sd, rel=1e-4)


def test_wan_and_luo_by_hand():
    # Wan 2014 with n = 60: the upper quartile of the normal at (0.75 × 60 − 0.125) / 60.25.
    found = estimate_mean_and_sd(FiveNumbers(q1=15.1, median=20.8, q3=26.4, n=60))
    assert found.sd == pytest.approx((26.4 - 15.1) / (2 * stats.norm.ppf(44.875 / 60.25)))
    w = 0.7 + 0.39 / 60
    assert found.mean == pytest.approx(w * (15.1 + 26.4) / 2 + (1 - w) * 20.8)
    assert [s.cite for s in found.steps[-2:]] == ["mean-luo", "sd-wan"]


FAMILIES = {
    "normal": stats.norm(50, 8),
    "log-normal": stats.lognorm(0.7, scale=12),
    "gamma": stats.gamma(2.3, scale=4),
    "weibull": stats.weibull_min(1.7, scale=20),
    "beta": stats.beta(2, 5),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_quantile_estimation_finds_the_family_that_it_was_given(family):
    truth = FAMILIES[family]
    q1, median, q3 = truth.ppf([0.25, 0.5, 0.75])
    found = estimate_mean_and_sd(FiveNumbers(q1=q1, median=median, q3=q3, n=200), QuantileMethod.QE)
    assert family in found.steps[-1].formula
    assert found.mean == pytest.approx(truth.mean(), rel=1e-5)
    assert found.sd == pytest.approx(truth.std(), rel=1e-5)


@pytest.mark.parametrize("method", ["bc", "mln"])
@pytest.mark.parametrize("pair", PAIRS)
def test_transformations_find_a_power_normal(method, pair):
    # The square root is normal: mean² + variance on the way back.
    n, centre, spread = 400, 6.0, 0.8
    p = {"low": 0.0, "q1": 0.25, "median": 0.5, "q3": 0.75, "high": 1.0}
    ranks = [order.rank_of(p[k], n) for k in p]
    roots, _ = order.normal_order_moments(ranks, n)
    five = dict(zip(p, (centre + spread * roots) ** 2, strict=True))
    numbers = {k: five[k] for k in (*pair, "median")}
    found = estimate_mean_and_sd(FiveNumbers(n=n, **numbers), QuantileMethod(method))
    assert found.mean == pytest.approx(centre**2 + spread**2, rel=0.01)
    assert found.sd == pytest.approx(math.sqrt(4 * centre**2 * spread**2 + 2 * spread**4), rel=0.05)


def test_symmetric_quantiles_are_left_alone_by_the_power():
    found = estimate_mean_and_sd(
        FiveNumbers(q1=40, median=50, q3=60, n=100), QuantileMethod.BOX_COX
    )
    plain = estimate_mean_and_sd(FiveNumbers(q1=40, median=50, q3=60, n=100))
    assert found.steps[-3].value == pytest.approx(1)
    assert found.mean == pytest.approx(plain.mean, rel=1e-3)


@given(st.floats(1, 20), st.floats(0.1, 20), st.floats(0.1, 20))
def test_the_symmetrising_power_is_the_root(low, below, above):
    power = matching.symmetrising_power(low, low + below, low + below + above)
    y = matching.box_cox(np.array([low, low + below, low + below + above]) / (low + below), power)
    assert y[0] + y[2] == pytest.approx(2 * y[1], abs=1e-9 * (1 + abs(y[0]) + abs(y[2])))


def test_order_statistics_of_three_are_the_textbook_ones():
    means, covariance = order.normal_order_moments([1, 2, 3], 3)
    assert means == pytest.approx([-1.5 / math.sqrt(math.pi), 0, 1.5 / math.sqrt(math.pi)])
    root = math.sqrt(3) / (2 * math.pi)
    assert covariance[0, 0] == pytest.approx(1 + root - 9 / (4 * math.pi), rel=1e-11)
    assert covariance[0, 1] == pytest.approx(root, rel=1e-11)


@given(st.integers(2, 8))
@settings(max_examples=5)
def test_order_statistics_add_up_to_the_whole_sample(n):
    means, covariance = order.normal_order_moments(range(1, n + 1), n)
    assert means.sum() == pytest.approx(0, abs=1e-10)
    # Each order statistic covaries with the sum of all as one observation does.
    assert covariance.sum(axis=1) == pytest.approx(np.ones(n), rel=1e-10)


def test_a_whole_sample_gives_its_own_mean():
    x = np.array([1.0, 2.0, 4.0, 7.0, 11.0])
    likely = order.fit_normal(x, range(1, 6), 5)
    assert likely.location == pytest.approx(x.mean())
    assert likely.scale == pytest.approx(x.std())
    assert likely.location_se == pytest.approx(x.std() / math.sqrt(5))
    assert order.best_linear_unbiased(x, range(1, 6), 5).location == pytest.approx(x.mean())


@given(summaries())
@settings(max_examples=40)
def test_no_other_normal_is_more_likely(summary):
    numbers, n = summary
    five = FiveNumbers(n=n, **numbers)
    values = np.array(list(five.values.values()))
    p = {"low": 0.0, "q1": 0.25, "median": 0.5, "q3": 0.75, "high": 1.0}
    ranks = np.array([order.rank_of(p[k], n) for k in five.values])
    fit = order.fit_normal(values, ranks, n)
    best = order.normal_log_likelihood(values, ranks, n, fit.location, fit.scale)
    for step, factor in itertools.product((-0.01, 0.0, 0.01), (0.99, 1.0, 1.01)):
        other = order.normal_log_likelihood(
            values, ranks, n, fit.location + step * fit.scale, fit.scale * factor
        )
        assert other <= best + 1e-9 * abs(best)


def test_skewness_speaks_and_is_kept():
    lopsided = FiveNumbers(q1=10, median=11, q3=30, n=100)
    assert not ef.check_skewness(lopsided).normal_is_tenable
    ids = {a.id for a in estimate_mean_and_sd(lopsided).assumptions}
    assert ids == {"normal-from-quantiles", "skewed-quantiles"}
    flexible = estimate_mean_and_sd(lopsided, QuantileMethod.QE)
    assert {a.id for a in flexible.assumptions} == {"matched-family"}
    even = FiveNumbers(q1=10, median=20, q3=30, n=100)
    assert ef.check_skewness(even).normal_is_tenable


@pytest.mark.parametrize(("pair", "n"), [(PAIRS[0], 60), (PAIRS[1], 60), (PAIRS[2], 200)])
def test_the_skewness_test_keeps_its_five_percent(pair, n):
    rng = np.random.default_rng(20)
    names = ("low", "q1", "median", "q3", "high")
    quantiles = np.quantile(rng.standard_normal((3000, n)), [0, 0.25, 0.5, 0.75, 1], axis=1).T
    wrong = 0
    for row in quantiles:
        given_ = {k: v for k, v in zip(names, row, strict=True) if k in (*pair, "median")}
        wrong += not ef.check_skewness(FiveNumbers(n=n, **given_)).normal_is_tenable
    assert 0.035 < wrong / 3000 < 0.065


def test_two_arms():
    one = FiveNumbers(q1=3, median=5, q3=8, n=40)
    two = FiveNumbers(q1=4, median=6, q3=9, n=44)
    there = ef.estimate_md_from_quantiles(one, two)
    back = ef.estimate_md_from_quantiles(two, one)
    assert there.yi == pytest.approx(-back.yi)
    assert there.vi == pytest.approx(back.vi)
    assert {s.quantity for s in there.steps} >= {"mean₁", "SD₁", "mean₂", "SD₂", "T₁"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"median": 5, "n": 20},
        {"median": 5, "q1": 3, "n": 20},
        {"median": 5, "q1": 3, "q3": 8, "n": 4},
        {"median": 5, "q1": 3, "q3": 8, "n": math.nan},
        {"median": 5, "q1": 6, "q3": 8, "n": 20},
        {"median": 5, "q1": 5, "q3": 5, "n": 20},
        {"median": math.inf, "q1": 5, "q3": 5, "n": 20},
    ],
)
def test_refused(wrong):
    with pytest.raises(EvidenceError):
        FiveNumbers(**wrong)


def test_powers_need_positive_numbers_and_a_mean():
    negative = FiveNumbers(q1=-1, median=2, q3=4, n=30)
    heavy = FiveNumbers(q1=10, median=10.5, q3=400, n=30)
    for method in (QuantileMethod.BOX_COX, QuantileMethod.MLN):
        for five in (negative, heavy):
            with pytest.raises(EvidenceError):
                estimate_mean_and_sd(five, method)
    assert estimate_mean_and_sd(negative, QuantileMethod.QE).sd > 0


@pytest.mark.parametrize("method", list(QuantileMethod))
@pytest.mark.parametrize("scale", [1e-300, 1e-150, 1e150, 1e300])
def test_hostile_scales_give_an_answer_or_a_reason(method, scale):
    five = FiveNumbers(q1=1 * scale, median=2 * scale, q3=4 * scale, n=50)
    try:
        found = estimate_mean_and_sd(five, method)
    except EvidenceError:
        return
    assert found.sd > 0
    assert scale / 10 < found.mean < 10 * scale
