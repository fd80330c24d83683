"""Whole-number samples: what exists is found, what is reported missing does not exist."""

from functools import cache
from itertools import combinations_with_replacement

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.errors import EvidenceError
from equipoise.evidence import effects as ef
from equipoise.evidence.effects.printed import read_printed

TOP = 6


@cache
def all_printed(n, items=1, decimals=2):
    """Mean and SD, as printed, of every sample of n scores that average `items` items 0…6."""
    found = set()
    for totals in combinations_with_replacement(range(TOP * items + 1), n):
        x = np.array(totals) / items
        found.add((f"{x.mean():.{decimals}f}", f"{x.std(ddof=1):.{decimals}f}"))
    return found


@given(st.integers(2, 5), st.data())
@settings(max_examples=150)
def test_search_agrees_with_enumeration(n, data):
    real = all_printed(n)
    mean = data.draw(st.sampled_from(sorted({m for m, _ in real})))
    sd = f"{data.draw(st.integers(0, 430)) / 100:.2f}"
    search = ef.find_sample(mean, sd, n, low=0, high=TOP)
    assert search.decided
    if search.sample is None:
        assert (mean, sd) not in real
    else:
        # Printing rounds halves to even; the search accepts both ways, so check by hand.
        assert_prints(search.sample, mean, sd, n, 0, TOP)


@given(st.integers(2, 4), st.sampled_from([2, 3]), st.data())
@settings(max_examples=60)
def test_scores_that_average_items_agree_with_enumeration(n, items, data):
    real = all_printed(n, items)
    mean = data.draw(st.sampled_from(sorted({m for m, _ in real})))
    sd = f"{data.draw(st.integers(0, 430)) / 100:.2f}"
    search = ef.find_sample(mean, sd, n, low=0, high=TOP, items=items)
    if search.sample is None:
        assert (mean, sd) not in real
    else:
        assert_prints(search.sample, mean, sd, n, 0, TOP)


def assert_prints(sample, mean, sd, n, low, high):
    values = np.repeat([v for v, _ in sample], [k for _, k in sample])
    assert len(values) == n
    assert low <= values.min() <= values.max() <= high
    for value, text in ((values.mean(), mean), (values.std(ddof=1), sd)):
        printed = read_printed(text)
        assert printed.low - 1e-9 <= value <= printed.high + 1e-9


@given(
    st.lists(st.integers(-20, 100), min_size=2, max_size=80),
    st.integers(0, 3),
    st.integers(1, 4),
)
def test_a_real_sample_is_never_doubted(scores, decimals, items):
    x = np.array(scores) / items
    mean, sd = f"{x.mean():.{decimals}f}", f"{x.std(ddof=1):.{decimals}f}"
    n = len(x)
    assert ef.check_grimmer(mean, sd, n, items) is None
    low, high = x.min(), x.max()
    if low < high and (low * items).is_integer() and items in (1, 2, 4):
        assert ef.check_sprite(mean, sd, n, low, high, items) is None
        least, most = ef.sd_range(mean, n, low, high, items=items)
        assert least - 1e-9 <= x.std(ddof=1) <= most + 1e-9


@given(st.integers(2, 200), st.data())
def test_binary_data_are_never_doubted(n, data):
    ones = data.draw(st.integers(0, n))
    x = np.array([1] * ones + [0] * (n - ones))
    assert ef.check_debit(f"{x.mean():.3f}", f"{x.std(ddof=1):.2f}", n) is None


def test_what_cannot_be():
    # Twelve people with a mean of 7.3 and an SD of 2.51: the example of the GRIMMER literature.
    spoken = ef.check_grimmer("7.3", "2.51", 12)
    assert spoken is not None
    assert spoken.cite == "grimmer"
    assert ef.check_grimmer("7.3", "2.4", 12) is None
    # Half zeros and half ones have an SD just above one half.
    assert ef.check_debit("0.50", "0.40", 20) is not None
    assert ef.check_debit("0.50", "0.51", 20) is None
    # A mean of 6 out of 1…7 leaves no room for an SD of 2.99, though whole numbers could have it.
    spoken = ef.check_sprite("6.00", "2.99", 20, 1, 7)
    assert spoken is not None
    assert spoken.values["largest_sd"] < 2.99
    assert ef.check_grimmer("6.00", "2.99", 20) is None


def test_silent_where_another_guard_speaks():
    assert ef.check_grim("5.19", 28) is not None
    assert ef.check_grimmer("5.19", "1.00", 28) is None
    assert ef.check_sprite("9.00", "1.00", 28, 1, 7) is None


@pytest.mark.parametrize(
    ("mean", "sd", "n"),
    [("3.1", "1.2", 10**9), ("1e300", "1", 50), ("50", "1e300", 50), ("3.14159265358979", "1", 9)],
)
def test_hostile_numbers_end(mean, sd, n):
    search = ef.find_sample(mean, sd, n)
    assert search.sample is not None or not search.decided or n == 9


def test_refused():
    for refused in (
        lambda: ef.find_sample("1", "1", 1),
        lambda: ef.find_sample("1", "-1", 5),
        lambda: ef.find_sample("1", "1", 5, low=0.5, high=3),
        lambda: ef.find_sample("1", "1", 5, low=3, high=0),
        lambda: ef.sd_range("1", 1, 0, 3),
        lambda: ef.totals_of_mean("3.1", 10**9),
        lambda: ef.totals_of_mean("3.1", 0),
    ):
        with pytest.raises(EvidenceError):
            refused()


def test_the_search_is_the_same_every_time():
    one, two = (ef.find_sample("4.35", "1.71", 40, low=1, high=7) for _ in range(2))
    assert one == two
    assert ef.sd_range("9", 5, 0, 3) is None
