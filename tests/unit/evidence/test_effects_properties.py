"""What must hold for every estimate, whatever the numbers."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.errors import EvidenceError
from equipoise.evidence import effects as ef
from equipoise.evidence.methods import METHODS

means = st.floats(-100, 100)
sds = st.floats(0.05, 50)
sizes = st.integers(3, 400)
correlations = st.floats(-0.95, 0.95)
ps = st.floats(1e-12, 0.999)
dfs = st.one_of(st.none(), st.integers(2, 500))
arm = st.tuples(means, sds, sizes)


@st.composite
def tables(draw):
    """Two arms with events, at least one arm with some and one without all."""
    n1, n2 = draw(st.integers(1, 200)), draw(st.integers(1, 200))
    e1 = draw(st.integers(0, n1))
    e2 = draw(st.integers(0, n2).filter(lambda e: e + e1 > 0 and (e < n2 or e1 < n1)))
    return e1, n1, e2, n2


@given(arm, arm)
def test_swapping_arms_flips_the_sign(one, two):
    for estimate in (ef.estimate_md_from_means, ef.estimate_smd_from_means):
        there, back = estimate(*one, *two), estimate(*two, *one)
        assert there.yi == pytest.approx(-back.yi)
        assert there.vi == pytest.approx(back.vi)


@given(tables())
def test_swapping_arms_flips_the_sign_of_counts(table):
    e1, n1, e2, n2 = table
    there, back = ef.estimate_or(e1, n1, e2, n2), ef.estimate_or(e2, n2, e1, n1)
    assert there.yi == pytest.approx(-back.yi, abs=1e-12)
    assert there.vi == pytest.approx(back.vi)
    harm, benefit = ef.estimate_or(*table), ef.estimate_or(n1 - e1, n1, n2 - e2, n2)
    assert harm.yi == pytest.approx(-benefit.yi, abs=1e-12)


@given(arm, arm, st.floats(0.01, 100))
def test_rescaling_an_outcome_rescales_md_and_leaves_smd(one, two, c):
    def scaled(a):
        return a[0] * c, a[1] * c, a[2]

    md, md_c = (
        ef.estimate_md_from_means(*one, *two),
        ef.estimate_md_from_means(*scaled(one), *scaled(two)),
    )
    assert md_c.yi == pytest.approx(c * md.yi, rel=1e-9, abs=1e-9)
    assert md_c.sei == pytest.approx(c * md.sei)
    smd, smd_c = (
        ef.estimate_smd_from_means(*one, *two),
        ef.estimate_smd_from_means(*scaled(one), *scaled(two)),
    )
    assert smd_c.yi == pytest.approx(smd.yi, rel=1e-9, abs=1e-9)
    assert smd_c.vi == pytest.approx(smd.vi)


@given(means, st.floats(0.01, 20), st.floats(0.5, 0.999), dfs)
def test_interval_to_se_to_interval(middle, half, level, df):
    estimate = ef.estimate_md_from_ci(middle, middle - half, middle + half, level, df)
    assert estimate.ci(level) == pytest.approx((middle - half, middle + half), rel=1e-9, abs=1e-9)


@given(means.filter(lambda m: abs(m) > 1e-3), ps, dfs)
def test_p_to_se_to_p(middle, p, df):
    estimate = ef.estimate_md_from_p(middle, p, df)
    low, high = estimate.ci(1 - p)
    # At confidence 1 − p the interval touches zero.
    assert min(abs(low), abs(high)) <= 1e-4 * abs(middle)
    statistic = ef.estimate_md_from_se(middle, estimate.sei, df)
    assert statistic.vi == pytest.approx(estimate.vi)


@given(arm, arm)
def test_arm_intervals_give_back_the_deviations(one, two):
    (m1, sd1, n1), (m2, sd2, n2) = one, two
    direct = ef.estimate_md_from_means(m1, sd1, n1, m2, sd2, n2)
    spans = [ef.estimate_md_from_se(m, sd / math.sqrt(n), n - 1).ci() for m, sd, n in (one, two)]
    via = ef.estimate_md_from_arm_cis(m1, *spans[0], n1, m2, *spans[1], n2)
    assert via.yi == direct.yi
    assert via.vi == pytest.approx(direct.vi, rel=1e-6)
    assert [s.quantity for s in via.steps][:4] == ["SE₁", "SD₁", "SE₂", "SD₂"]


@given(st.floats(-6, 6), st.integers(3, 300), correlations)
def test_crossover_d_is_the_paired_t_on_the_between_person_scale(t, n, r):
    ours = ef.estimate_smd_crossover_from_t(t, n, r)
    change = ef.estimate_smcc(t / math.sqrt(n), 1.0, n)
    assert ours.yi == pytest.approx(change.yi * math.sqrt(2 * (1 - r)), abs=1e-12)
    # The variance is the one of the change scale, carried over.
    assert ours.vi >= 2 * (1 - r) / n
    assert ours.vi == pytest.approx(2 * (1 - r) / n + ours.yi**2 / (2 * n))


def test_crossover_variance_is_not_the_handbooks():
    """Cochrane Handbook 5.1, 16.4.6.4: SMD 0.218, SE 0.256 with n = 10, r = 0.68."""
    t = 0.218 / math.sqrt(2 * 0.32 / 10)
    ours = ef.estimate_smd_crossover_from_t(t, 10, 0.68)
    handbook = math.sqrt((1 / 10 + 0.218**2 / 20) * 2 * 0.32)
    assert handbook == pytest.approx(0.256, abs=5e-4)
    d_uncorrected = math.sqrt(2 * 0.32 / 10 + 0.218**2 / 20)
    assert d_uncorrected > handbook
    assert ours.yi == pytest.approx(0.218 * ef.hedges_j(9))


def test_every_derivation_ends_in_the_uncertainty():
    estimates = [
        ef.estimate_md_from_means(3, 1, 20, 2, 1, 20),
        ef.estimate_md_from_ci(-0.34, -0.95, 0.27),
        ef.estimate_md_from_p(0.49, 0.236, 60),
        ef.estimate_md_from_se(1, 0.5),
        ef.estimate_md_from_arm_cis(3, 2, 4, 20, 2, 1, 3, 20, use_t=False),
        ef.estimate_smd_from_means(3, 1, 20, 2, 1, 20),
        ef.estimate_smd_from_md(1, 0.5, 20, 20),
        ef.estimate_smd_from_p(-1, 0.04, 20, 20),
        ef.estimate_md_paired(1, 2, 30),
        ef.estimate_md_paired_from_p(1, 0.016, 27),
        ef.estimate_md_crossover_from_arms(3, 1, 2, 1.2, 30, 0.5),
        ef.estimate_smd_crossover_from_t(2.1, 30, 0.5),
        ef.estimate_from_iqr(-8, 20, 25),
        ef.estimate_mc(5, 2, 4, 2, 30, 0.5),
        ef.estimate_smcc(1, 2, 30),
        ef.estimate_prepost_smcr(5, 2, 4, 30, 0.5),
        ef.estimate_rr(3, 20, 0, 20),
        ef.estimate_or(3, 20, 5, 20),
        ef.estimate_rd(3, 20, 5, 20),
        ef.estimate_pr(0, 20),
        ef.estimate_plo(3, 20),
    ]
    for estimate in estimates:
        assert estimate.steps
        assert all(step.cite in METHODS for step in estimate.steps)
        assert all(step.formula and step.inputs for step in estimate.steps)
        last = estimate.steps[-1]
        assert last.value in (pytest.approx(estimate.vi), pytest.approx(estimate.sei))
    assert len({a.id for e in estimates for a in e.assumptions}) == len(
        {a for e in estimates for a in e.assumptions}
    )


def test_natural_scale():
    ratio = ef.estimate_rr(10, 20, 5, 20).on_natural_scale()
    assert ratio.value == pytest.approx(2.0)
    assert ratio.low * ratio.high == pytest.approx(4.0)
    share = ef.estimate_plo(5, 20).on_natural_scale()
    assert share.value == pytest.approx(0.25)
    assert 0 < share.low < 0.25 < share.high < 1
    difference = ef.estimate_rd(10, 20, 5, 20)
    assert difference.on_natural_scale().value == difference.yi


def test_quartiles():
    estimate = ef.estimate_from_iqr(-8, 13.49, 25)
    assert estimate.sei == pytest.approx(10 / 5, rel=1e-4)
    assert "normal-from-quartiles" in {a.id for a in estimate.assumptions}


@pytest.mark.parametrize(
    "refused",
    [
        lambda: ef.estimate_md_from_p(1, 0),
        lambda: ef.estimate_md_from_p(1, -0.1),
        lambda: ef.estimate_md_from_p(1, 1.1),
        lambda: ef.estimate_md_from_p(1, 1),
        lambda: ef.estimate_md_from_p(0, 0.5),
        lambda: ef.estimate_md_from_p(0, 1),
        lambda: ef.estimate_md_from_ci(1, 2, 0),
        lambda: ef.estimate_md_from_ci(1, 0, 2, level=95),
        lambda: ef.estimate_md_from_ci(1, 0, 2, df=-1),
        lambda: ef.estimate_md_from_ci(math.nan, 0, 2),
        lambda: ef.estimate_md_from_se(1, 0),
        lambda: ef.estimate_md_from_means(1, 0, 20, 0, 1, 20),
        lambda: ef.estimate_md_from_means(1, 1, 1, 0, 1, 20),
        lambda: ef.estimate_smd_from_p(0, 0.5, 20, 20),
        lambda: ef.estimate_smd_crossover_from_t(1, 20, 1),
        lambda: ef.estimate_smcc(1, 1, 2),
        lambda: ef.estimate_rr(0, 20, 0, 20),
        lambda: ef.estimate_or(20, 20, 20, 20),
        lambda: ef.estimate_rd(0, 20, 0, 20),
        lambda: ef.estimate_rr(21, 20, 1, 20),
        lambda: ef.estimate_rr(-1, 20, 1, 20),
        lambda: ef.estimate_proportion(0, 0),
        lambda: ef.hedges_j(1),
        lambda: ef.Estimate(measure=ef.EffectMeasure.MD, yi=1, vi=0),
        lambda: ef.Estimate(measure=ef.EffectMeasure.MD, yi=math.inf, vi=1),
        lambda: ef.Estimate(measure=ef.EffectMeasure.MD, yi=0, vi=1, df=0),
    ],
)
def test_refused(refused):
    with pytest.raises(EvidenceError):
        refused()
