"""The distribution of Σ λᵢZᵢ²: known cases, a second computation, digits in both tails."""

import math

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import chdtr, chdtrc

from equipoise.stats.quadratic_form import quadratic_form_tails


@pytest.mark.parametrize("df", [1, 2, 3, 7, 40, 300])
@pytest.mark.parametrize("share", [1e-6, 0.01, 0.3, 1.0, 1.4, 4.0])
def test_equal_weights_are_a_chi_square(df, share):
    x = df * share
    lower, upper = quadratic_form_tails(2.5 * x, np.full(df, 2.5))
    assert lower == pytest.approx(chdtr(df, x), rel=1e-12)
    assert upper == pytest.approx(chdtrc(df, x), rel=1e-12)


@given(st.floats(0, 14), st.floats(-8, 2))
@settings(max_examples=80, deadline=None)
def test_two_pairs_of_weights_are_two_exponentials(wide, where):
    a, b = 1 + 10.0**wide, 1.0
    x = (a + b) * 10.0**where
    with mp.workdps(60):
        upper = (a * mp.exp(-mp.mpf(x) / (2 * a)) - b * mp.exp(-mp.mpf(x) / (2 * b))) / (a - b)
        exact = float(1 - upper), float(upper)
    assert quadratic_form_tails(x, [a, b, b, a]) == pytest.approx(exact, rel=1e-11, abs=1e-280)


@given(
    st.lists(st.floats(0.05, 5), min_size=1, max_size=7),
    st.floats(0.1, 3),
)
@settings(max_examples=15, deadline=None)
def test_inverting_the_laplace_transform_gives_the_same(weights, share):
    x = share * sum(weights)

    def transform(s):
        return mp.fprod(1 / mp.sqrt(1 + 2 * mp.mpf(w) * s) for w in weights) / s

    with mp.workdps(25):
        exact = float(mp.invertlaplace(transform, x, method="talbot"))
    assert quadratic_form_tails(x, weights)[0] == pytest.approx(exact, abs=1e-11)


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=30), st.floats(0.01, 300))
@settings(max_examples=100, deadline=None)
def test_tails_are_probabilities_that_add_up_and_scale(weights, x):
    lower, upper = quadratic_form_tails(x, weights)
    assert 0 <= lower <= 1
    assert lower + upper == pytest.approx(1, abs=1e-12)
    assert quadratic_form_tails(8 * x, 8 * np.array(weights)) == pytest.approx((lower, upper))
    assert quadratic_form_tails(1.01 * x, weights)[0] >= lower


def test_ends():
    assert quadratic_form_tails(0, [1, 2]) == (0, 1)
    assert quadratic_form_tails(-3, [1, 2]) == (0, 1)
    assert quadratic_form_tails(math.inf, [1, 2]) == (1, 0)
    assert quadratic_form_tails(1e300, [1, 2]) == (1, 0)
    assert quadratic_form_tails(1e-300, [1, 2]) == (0, 1)


@pytest.mark.parametrize("weights", [[], [0.0], [-1.0, 1], [math.nan], [math.inf]])
def test_no_such_form(weights):
    with pytest.raises(ValueError, match="weights"):
        quadratic_form_tails(1, weights)


def test_no_such_number():
    with pytest.raises(ValueError, match="number"):
        quadratic_form_tails(math.nan, [1])
