"""Mantel-Haenszel and Peto: one effect from sparse tables, no cell corrected."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.errors import EvidenceError
from equipoise.evidence.effects import estimate_or, estimate_rr
from equipoise.evidence.synthesis import pool_mantel_haenszel, pool_peto

# Five trials: one without events, two with a zero in one arm, one with events in all of an arm.
E1, N1 = [0, 1, 0, 3, 5], [10, 20, 10, 30, 12]
E2, N2 = [0, 2, 1, 0, 12], [10, 22, 11, 30, 12]
T1, T2 = [10, 22, 13.5, 33, 15], [11, 25, 12, 31, 11.5]


@st.composite
def tables(draw, smallest=2):
    k = draw(st.integers(smallest, 6))
    arm = st.tuples(st.integers(0, 30), st.integers(1, 30)).map(lambda x: (min(x), x[1]))
    first, second = (draw(st.lists(arm, min_size=k, max_size=k)) for _ in range(2))
    return (
        [e for e, _ in first],
        [n for _, n in first],
        [e for e, _ in second],
        [n for _, n in second],
    )


def swapped(t):
    return t[2], t[3], t[0], t[1]


def pooled(t, measure):
    try:
        return pool_mantel_haenszel(*t, measure=measure)
    except EvidenceError:
        return None


# Values of metafor 3.8-1: rma.mh(measure = , correct = FALSE) and rma.peto on the same tables.
@pytest.mark.parametrize(
    ("measure", "mu", "se", "q"),
    [
        ("OR", -0.90416937134181, 0.57386760736547, 6.63738696652442),
        ("RR", -0.495979115649, 0.320414289848, 3.776835136270),
        ("RD", -0.069634703196347, 0.043578858821045, 17.707195136058239),
        ("IRR", -0.686910023627, 0.415421667319, 3.733615823177),
        ("IRD", -0.08961465065678, 0.05564632406793, 12.61764705947618),
    ],
)
def test_five_sparse_tables(measure, mu, se, q):
    people = measure in ("OR", "RR", "RD")
    r = pool_mantel_haenszel(E1, N1 if people else T1, E2, N2 if people else T2, measure=measure)
    assert (r.mu, r.se, r.q) == pytest.approx((mu, se, q), rel=1e-11)
    assert r.q_df == 3


def test_tests_of_five_sparse_tables():
    r = pool_mantel_haenszel(E1, N1, E2, N2)
    assert r.association == pytest.approx(2.83210333709836, rel=1e-12)
    assert r.breslow_day == pytest.approx(12.91031636173090, rel=1e-12)
    assert r.tarone == pytest.approx(12.84041086868870, rel=1e-12)
    assert pool_mantel_haenszel(E1, N1, E2, N2, correct=True).association == pytest.approx(
        1.94102970584120, rel=1e-12
    )
    assert r.uninformative == (0,)
    rates = pool_mantel_haenszel(E1, T1, E2, T2, measure="IRR", correct=True)
    assert rates.association == pytest.approx(2.192614633963, rel=1e-11)


def test_peto_on_five_sparse_tables():
    r = pool_peto(E1, N1, E2, N2)
    assert (r.mu, r.se, r.q) == pytest.approx(
        (-0.9749863947388, 0.5793539970747, 10.9108809232234), rel=1e-11
    )


def test_correction_never_exceeds_the_gap():
    assert pool_mantel_haenszel([5, 6], [10, 10], [5, 6], [10, 10], correct=True).association == 0


def test_one_study_is_its_own_table():
    t = [7], [40], [12], [38]
    odds, risks = estimate_or(7, 40, 12, 38), estimate_rr(7, 40, 12, 38)
    r = pool_mantel_haenszel(*t, measure="OR")
    assert (r.mu, r.se) == pytest.approx((odds.yi, odds.sei), rel=1e-12)
    r = pool_mantel_haenszel(*t, measure="RR")
    assert (r.mu, r.se) == pytest.approx((risks.yi, risks.sei), rel=1e-12)
    assert (r.q_p, r.i2, r.h2, r.breslow_day, r.tarone) == (None,) * 5


@pytest.mark.parametrize("measure", ["OR", "RR", "RD", "IRR", "IRD"])
@settings(max_examples=60, deadline=None)
@given(t=tables())
def test_swapped_arms_flip_the_sign(measure, t):
    there, back = pooled(t, measure), pooled(swapped(t), measure)
    assert (there is None) == (back is None)
    if there is not None and back is not None:
        assert back.mu == pytest.approx(-there.mu, rel=1e-9, abs=1e-12)
        assert back.se == pytest.approx(there.se, rel=1e-9)
        assert back.q == pytest.approx(there.q, rel=1e-9, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(t=tables())
def test_swapped_events_flip_the_odds_ratio(t):
    e1, n1, e2, n2 = t
    others = (
        [n - e for e, n in zip(e1, n1, strict=True)],
        n1,
        [n - e for e, n in zip(e2, n2, strict=True)],
        n2,
    )
    there, back = pooled(t, "OR"), pooled(others, "OR")
    assert (there is None) == (back is None)
    if there is not None and back is not None:
        assert (back.mu, back.se) == pytest.approx((-there.mu, there.se), rel=1e-9, abs=1e-12)
        if there.breslow_day is not None:
            assert back.breslow_day == pytest.approx(there.breslow_day, rel=1e-7, abs=1e-9)


@pytest.mark.parametrize("measure", ["OR", "RR", "RD"])
@settings(max_examples=40, deadline=None)
@given(t=tables(), seed=st.randoms(use_true_random=False))
def test_order_of_studies_does_not_matter(measure, t, seed):
    rows = list(zip(*t, strict=True))
    seed.shuffle(rows)
    there, again = pooled(t, measure), pooled(tuple(zip(*rows, strict=True)), measure)
    assert (there is None) == (again is None)
    if there is not None and again is not None:
        assert (again.mu, again.se) == pytest.approx((there.mu, there.se), rel=1e-12, abs=1e-14)


@settings(max_examples=40, deadline=None)
@given(t=tables(), n=st.integers(1, 500))
def test_a_study_without_events_changes_nothing_but_the_difference(t, n):
    more = [*t[0], 0], [*t[1], n], [*t[2], 0], [*t[3], n]
    for measure in ("OR", "RR"):
        there, again = pooled(t, measure), pooled(more, measure)
        if there is not None and again is not None:
            assert (again.mu, again.se) == pytest.approx((there.mu, there.se), rel=1e-12)
            assert again.uninformative[-1] == len(t[0])
    there, again = pooled(t, "RD"), pooled(more, "RD")
    if there is not None and again is not None:
        assert abs(again.mu) <= abs(there.mu)
        assert len(t[0]) not in again.uninformative


def test_units_of_time_do_not_matter():
    years = pool_mantel_haenszel(E1, T1, E2, T2, measure="IRR")
    days = pool_mantel_haenszel(
        E1, [365.25 * t for t in T1], E2, [365.25 * t for t in T2], measure="IRR"
    )
    assert (days.mu, days.se, days.q) == pytest.approx((years.mu, years.se, years.q), rel=1e-12)


def test_large_counts_keep_their_digits():
    small = pool_mantel_haenszel([30, 41], [100, 120], [22, 60], [90, 130])
    large = pool_mantel_haenszel(
        *([c * 10**9 for c in column] for column in ([30, 41], [100, 120], [22, 60], [90, 130]))
    )
    assert large.mu == pytest.approx(small.mu, rel=1e-12)
    assert large.se == pytest.approx(small.se / math.sqrt(1e9), rel=1e-9)


@pytest.mark.parametrize(
    ("counts", "measure", "words"),
    [
        (([], [], [], []), "OR", "no study"),
        (([0], [10], [0], [10]), "OR", "does not exist"),
        (([0, 0], [10, 12], [1, 2], [10, 12]), "OR", "pooled ratio is zero"),
        (([1, 2], [10, 12], [0, 0], [10, 12]), "RR", "infinite"),
        (([0], [10], [0], [10]), "RD", "no standard error"),
        (([10], [10], [10], [10]), "RR", "no standard error"),
        (([11], [10], [1], [10]), "OR", "cannot be"),
        (([1.5], [10], [1], [10]), "OR", "not a count"),
        (([1], [10], [-1], [10]), "OR", "not a count"),
        (([math.nan], [10], [1], [10]), "OR", "missing"),
        (([1], [0], [1], [10]), "RR", "not a number of people"),
        (([1, 2], [10, 10], [1], [10]), "OR", "Each study needs"),
        (([1], [1e300], [1], [10]), "OR", "not a number of people"),
        (([1], [0.0], [1], [10]), "IRR", "person-time"),
        (([1], [10], [1], [10]), "HR", "not HR"),
    ],
)
def test_refusals_speak(counts, measure, words):
    with pytest.raises(EvidenceError, match=words):
        pool_mantel_haenszel(*counts, measure=measure)


def test_peto_exists_where_one_arm_has_no_events_but_not_without_any():
    assert pool_peto([0, 0], [50, 60], [3, 2], [50, 60]).mu < 0
    with pytest.raises(EvidenceError, match="does not exist"):
        pool_peto([0, 5], [10, 5], [0, 8], [10, 8])
