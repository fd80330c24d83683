"""A risk ratio from percentages alone: denominators cancel, the p-value gives the precision."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.errors import EvidenceError
from equipoise.evidence.effects import estimate_rr, estimate_rr_from_percents
from equipoise.stats.distributions import two_sided_p

percents = st.floats(0.1, 100)
p_values = st.floats(1e-6, 0.99)


def test_example_from_crohns_disease():
    # 88% against 40%, p = 0.009 (doi:10.1007/s10620-011-1653-7): 2.20 (1.22 to 3.98)
    found = estimate_rr_from_percents(88, 40, 0.009).on_natural_scale()
    assert found.value == pytest.approx(2.2)
    assert (found.low, found.high) == pytest.approx((1.218, 3.975), abs=1e-3)


@given(st.integers(1, 60), st.integers(1, 60), st.integers(61, 90), st.integers(61, 90))
def test_exact_percentages_and_the_p_of_the_log_ratio_give_the_counts_answer(e1, e2, n1, n2):
    counted = estimate_rr(e1, n1, e2, n2)
    p = two_sided_p(counted.yi / counted.sei)
    if counted.yi == 0 or not 0 < p < 1:
        return
    found = estimate_rr_from_percents(100 * e1 / n1, 100 * e2 / n2, p)
    assert found.yi == pytest.approx(counted.yi, abs=1e-12)
    assert found.vi == pytest.approx(counted.vi, rel=1e-6)


@given(percents, percents, p_values)
def test_swapping_the_arms_flips_the_sign(a, b, p):
    if math.isclose(a, b):
        return
    one, other = estimate_rr_from_percents(a, b, p), estimate_rr_from_percents(b, a, p)
    assert one.yi == pytest.approx(-other.yi)
    assert one.vi == pytest.approx(other.vi)


@pytest.mark.parametrize(
    ("a", "b", "p"),
    [(0, 40, 0.01), (40, 0, 0.01), (40, 40, 0.5), (88, 40, 0), (101, 40, 0.5), (math.nan, 4, 0.5)],
)
def test_what_gives_no_ratio_is_refused(a, b, p):
    with pytest.raises(EvidenceError):
        estimate_rr_from_percents(a, b, p)
