"""Proportions, zero events, and what a printed percentage or mean can be."""

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.errors import EvidenceError
from equipoise.evidence.effects import (
    estimate_proportion,
    events_from_percent,
    grim,
    read_printed,
    rule_of_three,
)
from equipoise.stats.distributions import critical_value


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_ends_are_where_the_score_test_gives_up(count):
    e, n = count
    share = estimate_proportion(e, n)
    z = critical_value(0.95)
    for end in (share.low, share.high):
        if 0 < end < 1:
            distance = abs(share.value - end) / (end * (1 - end) / n) ** 0.5
            assert distance == pytest.approx(z, rel=1e-9)
    assert 0 <= share.low <= share.value <= share.high <= 1
    mirror = estimate_proportion(n - e, n)
    assert (1 - mirror.high, 1 - mirror.low) == pytest.approx((share.low, share.high), abs=1e-12)


def test_wilson_on_newcombes_example():
    """81/263 in Newcombe 1998.

    DOI 10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E
    """
    share = estimate_proportion(81, 263)
    assert (share.low, share.high) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert estimate_proportion(0, 20).high == pytest.approx(0.1611, abs=5e-5)


@given(st.integers(1, 5000), st.sampled_from([0.8, 0.95, 0.99]))
def test_rule_of_three_leaves_exactly_the_promised_chance(n, level):
    bound = rule_of_three(n, level)
    assert (1 - bound.exact) ** n == pytest.approx(1 - level, rel=1e-8)
    if level == 0.95 and n >= 3:
        assert bound.exact < bound.three_over_n == 3 / n


@given(
    st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    st.integers(0, 3),
    st.sampled_from([ROUND_HALF_UP, ROUND_HALF_EVEN]),
)
def test_a_rounded_percentage_gives_back_its_count(count, decimals, rounding):
    e, n = count
    # Enough digits that only true ties are ties.
    exact = Decimal(100 * e) / Decimal(n)
    text = str(exact.quantize(Decimal(1).scaleb(-decimals), rounding=rounding))
    assert e in events_from_percent(text, n)


def test_both_ways_of_rounding_a_half():
    assert events_from_percent("13", 8) == (1,)
    assert events_from_percent("12", 8) == (1,)
    assert events_from_percent("12.5%", 8) == (1,)
    assert events_from_percent("11", 8) == ()


def test_a_coarse_percentage_leaves_several_counts():
    assert events_from_percent("50", 300) == (149, 150, 151)
    assert events_from_percent("73.9", 23) == (17,)
    assert events_from_percent("73.9", 10) == ()


@given(st.integers(-3000, 3000), st.integers(1, 300), st.integers(1, 5), st.integers(0, 3))
def test_true_means_pass(total, n, items, decimals):
    exact = Decimal(total) / Decimal(n * items)
    text = str(exact.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP))
    assert grim(text, n, items)


def test_impossible_means():
    """Brown and Heathers' own example: a mean of 5.19 from 28 whole numbers cannot be."""
    assert not grim("5.19", 28)
    assert grim("5.18", 28)
    assert grim("5.19", 28, items=4)
    assert grim("5.19", 200)
    assert not grim("-1.3", 2)


def test_printed_numbers():
    assert read_printed("−0.34").value == -0.34
    assert read_printed("0·05").decimals == 2
    assert read_printed("19.6 %").value == 19.6
    assert read_printed("2.50").half_unit == pytest.approx(0.005)


@pytest.mark.parametrize("text", ["", "1,5", "ns", "nan", "inf"])
def test_not_a_printed_number(text):
    with pytest.raises(EvidenceError):
        read_printed(text)


def test_not_a_percentage():
    for text in ("-1", "101"):
        with pytest.raises(EvidenceError):
            events_from_percent(text, 20)
    with pytest.raises(EvidenceError):
        events_from_percent("50", 0)
    with pytest.raises(EvidenceError):
        grim("1.0", 0)
