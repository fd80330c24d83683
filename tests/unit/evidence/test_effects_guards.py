"""Guards are silent where rounding explains everything, and speak where it cannot."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from equipoise.errors import EvidenceError
from equipoise.evidence import effects as ef
from equipoise.evidence.methods import METHODS
from equipoise.stats.distributions import two_sided_p


@given(
    st.floats(-20, 20), st.floats(0.05, 10), st.integers(1, 3), st.one_of(st.none(), st.just(24))
)
def test_silent_on_what_one_analysis_printed(estimate, se, decimals, df):
    low, high = ef.estimate_md_from_se(estimate, se, df).ci()
    e, lo, hi = (f"{x:.{decimals}f}" for x in (estimate, low, high))
    p = two_sided_p(estimate / se, df)
    assume(float(lo) < float(hi))
    assert ef.check_ci_matches_p(e, lo, hi, f"{p:.3f}", df=df) is None
    assert ef.check_ci_matches_p(e, lo, hi, f"<{p * 1.01 + 1e-9:.12f}", df=df) is None
    assert ef.check_estimate_in_ci(e, lo, hi) is None
    assert ef.check_ci_symmetry(e, lo, hi) is None


@given(st.floats(-2, 2), st.floats(0.05, 0.8))
def test_silent_on_a_ratio(log_ratio, se):
    e, lo, hi = (
        f"{math.exp(x):.2f}" for x in (log_ratio, log_ratio - 1.96 * se, log_ratio + 1.96 * se)
    )
    p = two_sided_p(log_ratio / se)
    assert ef.check_ci_symmetry(e, lo, hi, ratio=True) is None
    assert ef.check_ci_matches_p(e, lo, hi, f"{p:.3f}", ratio=True) is None


SPEAKING = [
    (lambda: ef.check_ci_matches_p("-0.34", "-0.95", "0.27", "0.05"), "ci-does-not-match-p"),
    (lambda: ef.check_ci_matches_p("-0.34", "-0.95", "0.27", "p < 0.001"), "ci-does-not-match-p"),
    (lambda: ef.check_ci_matches_p("2.0", "1.5", "2.5", "> 0.2"), "ci-does-not-match-p"),
    (
        lambda: ef.check_ci_matches_p("2.0", "1.0", "4.0", "0.001", ratio=True),
        "ci-does-not-match-p",
    ),
    (lambda: ef.check_estimate_in_ci("0.34", "-0.95", "0.27"), "estimate-outside-ci"),
    (lambda: ef.check_estimate_in_ci("0.1", "0.27", "-0.95"), "estimate-outside-ci"),
    (lambda: ef.check_ci_symmetry("-0.34", "-0.99", "0.27"), "ci-asymmetric"),
    (lambda: ef.check_ci_symmetry("2.00", "1.00", "3.00", ratio=True), "ci-asymmetric"),
    (lambda: ef.check_se_typed_as_sd(1.2, 50, 1.1, 50, -3, 3), "se-typed-as-sd"),
    (lambda: ef.check_percent_fits_n("73.9", 10), "percentage-fits-no-count"),
    (lambda: ef.check_grim("5.19", 28), "mean-fits-no-sum"),
    (
        lambda: ef.check_difference_of_means("0.7", "3.1", "2.6"),
        "difference-does-not-match-means",
    ),
]


@pytest.mark.parametrize(("check", "guard_id"), SPEAKING)
def test_speaks(check, guard_id):
    guard = check()
    assert guard is not None
    assert guard.id == guard_id
    assert not any(character.isdigit() for character in guard.sentence)
    assert guard.values
    assert guard.cite is None or guard.cite in METHODS


@pytest.mark.parametrize(
    "check",
    [
        lambda: ef.check_ci_matches_p("-0.34", "-0.95", "0.27", "0.27"),
        lambda: ef.check_ci_matches_p("2.0", "1.5", "2.5", "p<.001"),
        lambda: ef.check_ci_matches_p("0.1", "-0.9", "1.1", "≥0.05"),
        lambda: ef.check_ci_symmetry("2.00", "1.00", "4.00", ratio=True),
        lambda: ef.check_se_typed_as_sd(8, 50, 8, 50, -3, 3.2),
        lambda: ef.check_se_typed_as_sd(8, 50, 8, 50, -2, 2.2),
        lambda: ef.check_percent_fits_n("73.9", 23),
        lambda: ef.check_grim("5.18", 28),
        lambda: ef.check_difference_of_means("0.5", "3.1", "2.6"),
        lambda: ef.check_difference_of_means("0.6", "3.1", "2.6"),
    ],
)
def test_silent(check):
    assert check() is None


@pytest.mark.parametrize(
    "refused",
    [
        lambda: ef.check_ci_symmetry("0", "1", "2", ratio=True),
        lambda: ef.check_se_typed_as_sd(1, 20, 1, 20, 2, 1),
        lambda: ef.check_ci_matches_p("1", "0", "2", "ns"),
    ],
)
def test_refused(refused):
    with pytest.raises(EvidenceError):
        refused()
