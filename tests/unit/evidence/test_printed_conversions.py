"""Whatever stands beside an estimate gives the same estimate; assumptions are told and swept."""

import math
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.errors import EvidenceError
from equipoise.evidence import effects as ef
from equipoise.evidence.effects import BeforeAfter, CountArm, EffectMeasure, MeanArm
from equipoise.evidence.methods import METHODS
from equipoise.stats.distributions import two_sided_p

differences = st.floats(-50, 50).filter(lambda x: abs(x) > 0.01)
ses = st.floats(0.05, 20)
dfs = st.one_of(st.none(), st.integers(2, 400))
correlations = st.floats(-0.95, 0.95)
arm = st.builds(MeanArm, mean=st.floats(-100, 100), sd=st.floats(0.1, 50), n=st.integers(2, 300))
before_after = st.builds(
    BeforeAfter,
    mean_before=st.floats(-50, 50),
    sd_before=st.floats(0.5, 20),
    mean_after=st.floats(-50, 50),
    sd_after=st.floats(0.5, 20),
    n=st.integers(3, 200),
)
MD, RR, OR = EffectMeasure.MD, EffectMeasure.RR, EffectMeasure.OR


@given(differences, ses, dfs)
def test_every_road_leads_to_the_same_standard_error(estimate, se, df):
    printed = ef.estimate_from_se(estimate, se, MD, df=df)
    roads = [ef.estimate_from_ci(estimate, *printed.ci(), MD, df=df)]
    statistic = estimate / se
    p = two_sided_p(statistic, df)
    if 1e-250 < p < 0.99:
        roads.append(ef.estimate_from_p(estimate, p, MD, df=df))
    if df is None:
        roads.append(ef.estimate_from_z(estimate, statistic, MD))
        roads.append(ef.estimate_from_chi2(estimate, statistic**2, MD))
    else:
        roads.append(ef.estimate_from_t(estimate, statistic, df, MD))
        roads.append(ef.estimate_from_f(estimate, statistic**2, df, MD))
    for road in roads:
        assert road.yi == estimate
        assert road.sei == pytest.approx(se, rel=1e-7)
        assert road.df == df
        assert all(step.cite in METHODS for step in road.steps)


@given(st.floats(0.05, 20).filter(lambda x: abs(math.log(x)) > 0.02), st.floats(0.05, 2))
def test_ratios_are_logarithms(ratio, se):
    printed = ef.estimate_from_se(ratio, se, OR)
    assert printed.yi == pytest.approx(math.log(ratio))
    natural = printed.on_natural_scale()
    back = ef.estimate_from_ci(natural.value, natural.low, natural.high, OR)
    assert back.sei == pytest.approx(se)
    p = two_sided_p(printed.yi / se)
    if p > 1e-250:
        assert ef.estimate_from_p(ratio, p, OR).sei == pytest.approx(se, rel=1e-7)
    of_ratio = ef.estimate_from_se(ratio, se * ratio, OR, of_ratio=True)
    assert of_ratio.sei == pytest.approx(se)
    assert [a.id for a in of_ratio.assumptions] == ["se-of-ratio"]


@given(differences, st.floats(1e-6, 0.5), dfs)
def test_a_bound_is_the_p_at_the_bound_and_says_so(estimate, p, df):
    text = f"{p:.7f}"
    exact = ef.estimate_from_p(estimate, text, MD, df=df)
    below = ef.estimate_from_p(estimate, f"p < {text}", MD, df=df)
    above = ef.estimate_from_p(estimate, f">{text}", MD, df=df)
    assert exact.vi == below.vi == above.vi
    assert "p-at-its-bound" in {a.id for a in below.assumptions}
    assert "p-at-lower-bound" in {a.id for a in above.assumptions}
    # Cautious: whatever p was below the bound, the standard error was smaller.
    assert ef.estimate_from_p(estimate, p / 3, MD, df=df).sei < below.sei


@given(st.floats(-8, 8), st.integers(3, 200), st.integers(3, 200))
def test_t_and_p_and_f_give_one_smd(t, n1, n2):
    by_t = ef.estimate_smd_from_t(t, n1, n2)
    p = two_sided_p(t, n1 + n2 - 2)
    sign = -1 if t < 0 else 1
    by_p = ef.estimate_smd_from_p(sign, min(p, 1.0), n1, n2)
    by_f = ef.estimate_smd_from_f(t * t, sign, n1, n2)
    assert by_t.yi == pytest.approx(by_p.yi, rel=1e-6, abs=1e-9)
    assert by_t.yi == pytest.approx(by_f.yi, rel=1e-9, abs=1e-150)
    back = ef.estimate_smd_from_t(-t, n1, n2)
    assert back.yi == -by_t.yi


def test_a_bounded_p_gives_the_smallest_difference():
    at = ef.estimate_smd_from_p_bound(-1, "p < 0.05", 20, 22)
    assert at.yi == ef.estimate_smd_from_p(-1, 0.05, 20, 22).yi
    assert at.yi > ef.estimate_smd_from_p(-1, 0.01, 20, 22).yi
    assert "smallest-effect-of-bound" in {a.id for a in at.assumptions}
    exact = ef.estimate_smd_from_p_bound(-1, "0.05", 20, 22)
    assert exact == ef.estimate_smd_from_p(-1, 0.05, 20, 22)
    with pytest.raises(EvidenceError, match="between nothing"):
        ef.estimate_smd_from_p_bound(1, "> 0.05", 20, 22)


@given(st.integers(5, 80), st.integers(5, 80), st.data())
def test_a_fourfold_table_comes_back_from_its_chi_square(n1, n2, data):
    e1, e2 = data.draw(st.integers(0, n1)), data.draw(st.integers(0, n2))
    events, people = e1 + e2, n1 + n2
    if not 0 < events < people:
        return
    gap = e1 * (n2 - e2) - e2 * (n1 - e1)
    chi2 = gap**2 * people / (n1 * n2 * events * (people - events))
    assert (e1, e2) in ef.tables_from_chi2(f"{chi2:.4f}", n1, n2, events)
    yates = max(abs(gap) - people / 2, 0) ** 2 * people / (n1 * n2 * events * (people - events))
    assert (e1, e2) in ef.tables_from_chi2(f"{yates:.4f}", n1, n2, events, continuity=True)
    phi = ef.phi_from_chi2(chi2, people, 1 if gap >= 0 else -1)
    yes = np.array([1] * e1 + [0] * (n1 - e1) + [1] * e2 + [0] * (n2 - e2))
    first = np.array([1] * n1 + [0] * n2)
    assert phi.value == pytest.approx(np.corrcoef(first, yes)[0, 1], abs=1e-9)


def test_the_odds_ratio_of_a_chi_square():
    # 15 of 40 against 6 of 38: χ² = 4.669.
    found = ef.estimate_or_from_chi2("4.67", 1, 40, 38, 21)
    assert found.yi == ef.estimate_or(15, 40, 6, 38).yi
    assert found.steps[0].value == 15
    with pytest.raises(EvidenceError, match="No table"):
        ef.estimate_or_from_chi2("4.2", 1, 40, 38, 21)
    with pytest.raises(EvidenceError, match="More than one"):
        ef.estimate_or_from_chi2("5", 1, 400, 400, 200)


@given(st.lists(arm, min_size=1, max_size=5), st.randoms())
def test_merging_does_not_depend_on_order_or_grouping(arms, random):
    whole = ef.merge_arms(arms).arm
    mixed = random.sample(arms, len(arms))
    again = ef.merge_arms(mixed).arm
    assert (again.mean, again.sd, again.n) == pytest.approx((whole.mean, whole.sd, whole.n))
    if len(arms) > 2:
        nested = ef.merge_arms([ef.merge_arms(arms[:2]).arm, *arms[2:]]).arm
        assert nested.mean == pytest.approx(whole.mean, abs=1e-9)
        assert nested.sd == pytest.approx(whole.sd)


def test_merging_is_the_standard_deviation_of_all_people():
    groups = [np.array([1.0, 2, 6]), np.array([4.0, 4.5, 9, 12]), np.array([0.0, 1])]
    arms = [MeanArm(mean=g.mean(), sd=g.std(ddof=1), n=len(g)) for g in groups]
    merged = ef.merge_arms(arms).arm
    people = np.concatenate(groups)
    assert (merged.mean, merged.sd, merged.n) == pytest.approx(
        (people.mean(), people.std(ddof=1), 9)
    )


def test_counts_merge_and_are_shared():
    merged = ef.merge_counts([CountArm(events=3, n=20), CountArm(events=5, n=30)]).arm
    assert (merged.events, merged.n) == (8, 50)
    shared = ef.share_control_counts(merged, 2)
    assert (shared.arm.events, shared.arm.n) == (4, 25)
    assert shared.assumptions[0].id == "shared-control-split"
    assert ef.share_control(MeanArm(mean=1, sd=2, n=30), 3).arm == MeanArm(mean=1, sd=2, n=10)
    assert ef.share_control(MeanArm(mean=1, sd=2, n=30), 1).assumptions == ()
    with pytest.raises(EvidenceError):
        ef.share_control(MeanArm(mean=1, sd=2, n=3), 2)
    assert ef.se_from_sd(ef.sd_from_se(0.7, 31).value, 31).value == pytest.approx(0.7)


@given(st.floats(0, 1), st.floats(1, 100), st.floats(0, 2))
def test_clusters_only_ever_cost_precision(icc, size, cv):
    plain = ef.estimate_from_se(2.0, 0.5, MD)
    clustered = ef.estimate_from_clusters(plain, icc, size, size_cv=cv)
    effect = ef.design_effect(icc, size, size_cv=cv).value
    assert effect >= 1
    assert clustered.vi == pytest.approx(effect * plain.vi)
    assert clustered.yi == plain.yi
    counts = ef.effective_counts(CountArm(events=30, n=100), icc, size, size_cv=cv).arm
    assert counts.events / counts.n == pytest.approx(0.3)


def test_clusters_of_one_and_people_who_are_no_more_alike_than_others():
    assert ef.design_effect(0.2, 1).value == 1
    assert ef.design_effect(0, 50, size_cv=1).value == 1
    # Cochrane Handbook 23.1.4: ICC 0.02, 21.2 people per cluster: about 1.40.
    assert ef.design_effect(0.02, 21.2).value == pytest.approx(1.404)
    # Clusters of one size are the smallest design effect; the same estimate from effective n.
    arms = [MeanArm(mean=3, sd=2, n=120), MeanArm(mean=2, sd=2.5, n=100)]
    one, two = (ef.effective_means(a, 0.05, 20).arm for a in arms)
    by_n = ef.estimate_md_from_means(one.mean, one.sd, one.n, two.mean, two.sd, two.n)
    plain = ef.estimate_md_from_means(3, 2, 120, 2, 2.5, 100)
    assert by_n.vi == pytest.approx(ef.estimate_from_clusters(plain, 0.05, 20).vi)


@given(st.floats(0.1, 50), st.floats(0.1, 50), correlations)
def test_correlation_and_sd_of_change_are_inverse(before, after, r):
    change = ef.sd_of_change(before, after, r).value
    assert abs(before - after) <= change * (1 + 1e-12)
    assert change <= (before + after) * (1 + 1e-12)
    back = ef.correlation_from_change(before, after, change).value
    ratio = max(before, after) / min(before, after)
    assert back == pytest.approx(r, abs=1e-12 * ratio**2)


@given(before_after, before_after, correlations)
def test_swapping_arms_of_before_and_after(one, two, r):
    for estimate in (ef.estimate_md_from_changes, ef.estimate_md_ancova):
        there, back = estimate(one, two, r), estimate(two, one, r)
        assert there.yi == pytest.approx(-back.yi, abs=1e-9)
        assert there.vi == pytest.approx(back.vi)
        assert "within-person-correlation" in {a.id for a in there.assumptions}


def test_analysis_of_covariance_is_least_squares():
    rng = np.random.default_rng(5)
    group = np.repeat([1.0, 0.0], [14, 11])
    before = rng.normal(50, 9, 25) + 2 * group
    after = 0.6 * before - 3 * group + rng.normal(0, 6, 25)
    design = np.column_stack([np.ones(25), group, before])
    beta, rest, *_ = np.linalg.lstsq(design, after, rcond=None)
    variance = rest[0] / 22 * np.linalg.inv(design.T @ design)[1, 1]
    arms, within = [], np.zeros((2, 2))
    for g in (1.0, 0.0):
        b, a = before[group == g], after[group == g]
        within += np.cov(b, a) * (len(b) - 1)
        arms.append(
            BeforeAfter(
                mean_before=b.mean(),
                sd_before=b.std(ddof=1),
                mean_after=a.mean(),
                sd_after=a.std(ddof=1),
                n=len(b),
            )
        )
    r = within[0, 1] / math.sqrt(within[0, 0] * within[1, 1])
    found = ef.estimate_md_ancova(*arms, r, observed=True)
    assert found.yi == pytest.approx(beta[1], rel=1e-12)
    assert found.vi == pytest.approx(variance, rel=1e-12)
    assert found.df == 22
    assert {"adjusted-estimate", "correlation-from-printed-sds"} <= {
        a.id for a in found.assumptions
    }


@given(correlations, st.integers(5, 100))
def test_a_paired_p_value_gives_the_correlation_back(r, n):
    known = ef.estimate_md_crossover_from_arms(5.0, 2.0, 4.0, 2.5, n, r)
    p = two_sided_p(known.yi / known.sei, n - 1)
    if p < 1e-200:
        return
    found = ef.estimate_md_crossover_from_printed_p(5.0, 2.0, 4.0, 2.5, n, p)
    assert found.steps[0].value == pytest.approx(r, abs=1e-6)
    assert found.vi == pytest.approx(known.vi, rel=1e-6)
    assert "within-person-correlation" not in {a.id for a in found.assumptions}


def test_sweeping_what_was_assumed():
    one = BeforeAfter(mean_before=50, sd_before=10, mean_after=40, sd_after=11, n=30)
    two = BeforeAfter(mean_before=51, sd_before=9, mean_after=47, sd_after=10, n=31)
    at_half = ef.estimate_md_from_changes(one, two, 0.5)
    axes = ef.sweeps_of(at_half)
    assert axes == {"r": (0.3, 0.5, 0.7, 0.9)}
    swept = ef.sweep_estimates(partial(ef.estimate_md_from_changes, one, two), **axes)
    assert [s.settings["r"] for s in swept] == [0.3, 0.5, 0.7, 0.9]
    assert swept[1].estimate == at_half
    errors = [s.estimate.sei for s in swept]
    assert errors == sorted(errors, reverse=True)
    grid = ef.sweep_estimates(
        lambda icc, mean_size: ef.estimate_from_clusters(at_half, icc, mean_size),
        icc=(0.01, 0.05),
        mean_size=(10, 20),
    )
    assert [tuple(s.settings.values()) for s in grid] == [
        (0.01, 10),
        (0.01, 20),
        (0.05, 10),
        (0.05, 20),
    ]
    with pytest.raises(EvidenceError, match="With r = 2"):
        ef.sweep_estimates(partial(ef.estimate_md_from_changes, one, two), r=(0.5, 2))
    with pytest.raises(EvidenceError, match="Nothing to try"):
        ef.sweep_estimates(partial(ef.estimate_md_from_changes, one, two), r=())


def test_adjusted_estimates_are_flagged_once():
    plain = ef.estimate_from_ci(-1.2, -2.2, -0.2, MD)
    flagged = ef.mark_adjusted(ef.mark_adjusted(plain))
    assert [a.id for a in flagged.assumptions] == ["normal-interval", "adjusted-estimate"]
    assert (flagged.yi, flagged.vi) == (plain.yi, plain.vi)


@pytest.mark.parametrize(
    "refused",
    [
        lambda: ef.estimate_from_p(0.0, 0.5, MD),
        lambda: ef.estimate_from_p(1.0, "<0", MD),
        lambda: ef.estimate_from_p(1.0, "ns", MD),
        lambda: ef.estimate_from_p(1.0, 0.03, RR),
        lambda: ef.estimate_from_p(-1.0, 0.03, RR),
        lambda: ef.estimate_from_z(1.0, 0.0, MD),
        lambda: ef.estimate_from_z(1.0, math.nan, MD),
        lambda: ef.estimate_from_chi2(1.0, -1.0, MD),
        lambda: ef.estimate_from_t(1.0, 2.0, 0, MD),
        lambda: ef.estimate_from_se(1.0, 1e-200, MD),
        lambda: ef.estimate_from_se(1.0, 1e200, MD),
        lambda: ef.estimate_from_se(1.0, 0.2, MD, of_ratio=True),
        lambda: ef.estimate_from_ci(1.0, 2.0, 0.5, MD),
        lambda: ef.estimate_from_ci(1.0, -2.0, 0.5, RR),
        lambda: ef.phi_from_chi2(30, 20),
        lambda: ef.tables_from_chi2("3.2", 10, 10, 20),
        lambda: ef.correlation_from_change(1, 1, 5),
        lambda: ef.sd_of_change(1, 1, 1),
        lambda: ef.design_effect(-0.1, 10),
        lambda: ef.design_effect(0.1, 0.5),
        lambda: ef.design_effect(0.1, 10, size_cv=math.nan),
        lambda: ef.merge_arms([]),
        lambda: ef.merge_counts([]),
        lambda: CountArm(events=5, n=4),
        lambda: MeanArm(mean=1, sd=0, n=4),
        lambda: ef.merge_arms([MeanArm(mean=1, sd=1e200, n=4), MeanArm(mean=1, sd=1, n=4)]),
        lambda: ef.share_control(MeanArm(mean=1, sd=2, n=30), 0),
        lambda: ef.correlation_from_change(10, 5e-324, 0.05),
        lambda: ef.estimate_smd_from_t(-1e300, 10, 10),
        lambda: ef.tables_from_chi2("3.2", 10**9, 10**9, 20),
        lambda: ef.events_from_percent("12", 10**12),
        lambda: ef.check_change_sd("2.5", "1e300", "1e9"),
        lambda: ef.estimate_smd_from_f(4, 0, 10, 10),
    ],
)
def test_refused(refused):
    with pytest.raises(EvidenceError):
        refused()
