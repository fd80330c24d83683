"""How numbers are written."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.findings.wording import (
    as_printed,
    decimal,
    p_value,
    probability,
    significant,
    whole,
    with_unit,
)


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [(-0.0398, 2, "−0.04"), (0.004, 2, "0.00"), (-0.004, 2, "0.00"), (1234.5, 1, "1234.5")],
)
def test_decimals_never_show_minus_zero(value: float, places: int, text: str) -> None:
    assert decimal(value, places) == text


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(0.20996, 2, "0.21"), (0.0104, 3, "0.0104"), (1234.5, 3, "1234"), (0, 3, "0")],
)
def test_significant_digits(value: float, digits: int, text: str) -> None:
    assert significant(value, digits) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.5, "50%"), (0.004, "under 1%"), (0.996, "over 99%"), (0.01, "1%"), (0.99, "99%")],
)
def test_no_probability_is_ever_written_as_certain(value: float, text: str) -> None:
    assert probability(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.0004, "<0.001"), (0.0163, "0.016"), (0.236, "0.24"), (1.0, "1.00")]
)
def test_p_values(value: float, text: str) -> None:
    assert p_value(value) == text


@pytest.mark.parametrize(
    ("printed", "shown"),
    [("-1.30", "−1.30"), ("<0.001", "<0.001"), ("7-10", "7-10"), ("+55", "+55")],
)
def test_printed_text_changes_only_its_leading_minus(printed: str, shown: str) -> None:
    assert as_printed(printed) == shown


def test_units_do_not_break_from_their_number() -> None:
    assert with_unit("4.5", "mg") == "4.5\u00a0mg"
    assert with_unit("73.9", "%") == "73.9%"
    assert with_unit("blocked", "qualitative") == "blocked"
    assert with_unit("3", None) == "3"


@given(st.floats(-1e9, 1e9))
def test_what_is_written_is_what_was_meant(value: float) -> None:
    assert math.isclose(float(decimal(value, 2).replace("−", "-")), value, abs_tol=0.0051)
    assert float(whole(value).replace("−", "-").replace(",", "")) == pytest.approx(value, abs=0.51)
