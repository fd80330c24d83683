"""The guards on arms, people and tests: silent on what can be, speaking on what cannot."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from equipoise.errors import EvidenceError
from equipoise.evidence import effects as ef
from equipoise.evidence.methods import METHODS
from equipoise.stats.distributions import chi_square_upper_tail, f_upper_tail, two_sided_p


@given(st.integers(3, 60), st.floats(-0.95, 0.95), st.integers(0, 2), st.randoms())
def test_silent_on_before_and_after_of_real_people(n, r, decimals, random):
    rng = np.random.default_rng(random.randrange(2**32))
    before = rng.normal(50, 10, n)
    after = r * before + rng.normal(0, 8, n)
    texts = [f"{x.std(ddof=1):.{decimals}f}" for x in (before, after, after - before)]
    assume(all(float(t) > 0 for t in texts))
    assert ef.check_change_sd(*texts) is None


@given(st.lists(st.floats(0, 10), min_size=2, max_size=40), st.integers(0, 2))
def test_silent_on_scores_within_the_scale(scores, decimals):
    x = np.array(scores)
    mean, sd = f"{x.mean():.{decimals}f}", f"{x.std(ddof=1):.{decimals}f}"
    assert ef.check_mean_on_scale(mean, 0, 10) is None
    assert ef.check_sd_on_scale(mean, sd, len(x), 0, 10) is None


@given(
    st.sampled_from(["z", "t", "F", "chi2"]),
    st.floats(0, 12),
    st.integers(1, 60),
    st.integers(1, 60),
    st.integers(1, 3),
)
def test_silent_on_the_p_of_the_statistic(kind, statistic, df, df2, decimals):
    tail = {
        "z": lambda: two_sided_p(statistic),
        "t": lambda: two_sided_p(statistic, df),
        "F": lambda: f_upper_tail(statistic, df, df2),
        "chi2": lambda: chi_square_upper_tail(statistic, df),
    }[kind]
    p = tail()
    text = f"{statistic:.{decimals}f}"
    for printed in (f"{p:.3f}", f"<{min(p + 1e-6, 1):.6f}", f"> {max(p - 1e-6, 0):.6f}"):
        assert ef.check_p_matches_statistic(kind, text, printed, df=df, df2=df2) is None


def test_tails_are_those_of_the_tables():
    assert f_upper_tail(3.1, 4, 27) == pytest.approx(stats.f.sf(3.1, 4, 27), rel=1e-12)


@given(st.lists(st.integers(0, 500), min_size=1, max_size=6))
def test_groups_may_shrink(counts):
    shrinking = sorted(counts, reverse=True)
    stages = {f"stage {i}": n for i, n in enumerate(shrinking)}
    assert ef.check_n_grows(stages) is None
    grown = {**stages, "last": shrinking[-1] + 1}
    spoken = ef.check_n_grows(grown)
    assert spoken is not None
    assert spoken.values == grown


@given(st.floats(0.5, 20), st.integers(8, 200), st.integers(8, 200), st.randoms())
def test_silent_on_two_deviations_of_one_outcome(sigma, n1, n2, random):
    # The guard tolerates four standard errors; take samples within three.
    noise = math.sqrt(0.5 / (n1 - 1) + 0.5 / (n2 - 1))
    ratio = math.exp(random.uniform(-3, 3) * noise)
    assert ef.check_spread_within_paper(f"{sigma:.3f}", n1, f"{sigma * ratio:.3f}", n2) is None


@given(st.floats(0.5, 20), st.integers(25, 400))
def test_speaks_where_one_sd_is_the_se_of_the_other(sigma, n):
    se = sigma / math.sqrt(n)
    spoken = ef.check_spread_within_paper(f"{se:.5f}", n, f"{sigma:.5f}", n)
    assert spoken is not None
    assert spoken.values["ratio"] == pytest.approx(spoken.values["root_of_n"], rel=0.01)
    assert ef.check_spread_within_paper(f"{sigma:.5f}", n, f"{se:.5f}", n) is None


@given(st.floats(0.5, 20), st.integers(10, 200), st.integers(10, 200))
def test_an_undeclared_spread_is_read_both_ways(sd, n1, n2):
    if_sd = math.hypot(sd / math.sqrt(n1), sd / math.sqrt(n2))
    ci = (1 - 1.96 * if_sd, 1 + 1.96 * if_sd)
    as_sd = ef.check_undeclared_spread(sd, n1, sd, n2, ci=ci)
    assert "fits standard deviations" in as_sd.sentence
    se1, se2 = sd / math.sqrt(n1), sd / math.sqrt(n2)
    as_se = ef.check_undeclared_spread(se1, n1, se2, n2, ci=ci)
    assert "fits standard errors" in as_se.sentence
    assert as_sd.values["se_if_sd"] == pytest.approx(as_se.values["se_if_se"])
    by_p = ef.check_undeclared_spread(sd, n1, sd, n2, difference=if_sd, p=two_sided_p(1.0))
    assert "fits standard deviations" in by_p.sentence
    alone = ef.check_undeclared_spread(sd, n1, sd, n2)
    assert "nothing else in print" in alone.sentence


SPEAKING = [
    (lambda: ef.check_change_sd("10", "9", "25"), "change-sd-impossible"),
    (lambda: ef.check_change_sd("10.0", "2.0", "4.0"), "change-sd-impossible"),
    (lambda: ef.check_mean_on_scale("10.6", 0, 10), "value-outside-scale"),
    (lambda: ef.check_sd_on_scale("5.0", "6.0", 30, 0, 10), "sd-too-large-for-scale"),
    (lambda: ef.check_sd_on_scale("9.9", "3.0", 30, 0, 10), "sd-too-large-for-scale"),
    (lambda: ef.check_skewed_against_bound(3.0, 4.0, 0.0), "skewed-against-bound"),
    (lambda: ef.check_events_fit_n(12, 10), "more-events-than-people"),
    (lambda: ef.check_n_grows({"randomised": 30, "analysed": 31}), "group-grows"),
    (
        lambda: ef.check_p_matches_statistic("t", "2.20", "0.01", df=28),
        "p-does-not-match-statistic",
    ),
    (lambda: ef.check_p_matches_statistic("z", "1.2", "<0.05"), "p-does-not-match-statistic"),
    (
        lambda: ef.check_p_matches_statistic("chi2", "9.1", ">0.05", df=1),
        "p-does-not-match-statistic",
    ),
    (
        lambda: ef.check_p_matches_statistic("F", "4.2", "0.20", df=1, df2=40),
        "p-does-not-match-statistic",
    ),
    (lambda: ef.check_undeclared_spread(2, 30, 2, 30), "spread-not-declared"),
    (lambda: ef.check_spread_within_paper("1.0", 64, "8.0", 60), "sd-is-se-of-another"),
    (lambda: ef.check_grimmer("3.00", "0.33", 5), "sd-fits-no-sample"),
    (lambda: ef.check_sprite("6.0", "4.0", 20, 1, 7), "no-sample-on-scale"),
    (lambda: ef.check_debit("0.50", "0.20", 20), "binary-sd-does-not-match-mean"),
]


@pytest.mark.parametrize(("check", "guard_id"), SPEAKING)
def test_speaks(check, guard_id):
    guard = check()
    assert guard is not None
    assert guard.id == guard_id
    assert not any(character.isdigit() for character in guard.sentence)
    assert all(math.isfinite(value) for value in guard.values.values())
    assert guard.cite is None or guard.cite in METHODS


def test_the_decision_is_told():
    spoken = ef.check_p_matches_statistic("t", "1.85", "0.04", df=28)
    assert spoken is not None
    assert spoken.values["decision_changes"] == 1
    assert spoken.values["one_sided_p"] == pytest.approx(stats.t.sf(1.85, 28))


def test_rounding_is_always_allowed_for():
    assert ef.check_mean_on_scale("10", 0, 9.6) is None
    assert ef.check_change_sd("10", "9", "19.4") is None
    assert ef.check_p_matches_statistic("t", "2", "0.02", df=200) is None
    assert ef.check_sd_on_scale("5", "5", 40, 0, 10) is None


@pytest.mark.parametrize(
    "refused",
    [
        lambda: ef.check_mean_on_scale("1", 5, 5),
        lambda: ef.check_mean_on_scale("1", 0, math.inf),
        lambda: ef.check_events_fit_n(-1, 5),
        lambda: ef.check_events_fit_n(2.5, 5),
        lambda: ef.check_n_grows({"randomised": math.nan}),
        lambda: ef.check_p_matches_statistic("t", "2.1", "0.05"),
        lambda: ef.check_p_matches_statistic("F", "2.1", "0.05", df=1),
        lambda: ef.check_p_matches_statistic("F", "-2.1", "0.05", df=1, df2=3),
        lambda: ef.check_p_matches_statistic("z", "2.1", "1.5"),
        lambda: ef.check_change_sd("0", "1", "1"),
        lambda: ef.check_undeclared_spread(0, 10, 1, 10),
        lambda: ef.check_spread_within_paper("1", 1, "1", 10),
        lambda: ef.check_sd_on_scale("1", "1", 1, 0, 5),
    ],
)
def test_refused(refused):
    with pytest.raises(EvidenceError):
        refused()
