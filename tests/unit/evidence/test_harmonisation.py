"""One scale for different instruments, and what an effect means for people."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from equipoise.errors import EvidenceError
from equipoise.evidence import effects as ef
from equipoise.evidence.effects import EffectMeasure, Estimate

effects = st.floats(-3, 3)
errors = st.floats(0.01, 2)
scales = st.floats(0.05, 60)
risks = st.floats(0.01, 0.99)


def estimate(measure, yi, se, df=None):
    return Estimate(measure=measure, yi=yi, vi=se**2, df=df)


@given(effects, errors, scales)
def test_there_and_back(yi, se, sd):
    md = estimate(EffectMeasure.MD, yi, se, df=20)
    smd = ef.standardise_by(md, sd)
    back = ef.express_on_instrument(smd, sd)
    assert (back.yi, back.sei) == pytest.approx((md.yi, md.sei))
    assert back.df == 20
    odds = ef.estimate_or_from_smd(smd)
    again = ef.estimate_smd_from_or(odds)
    assert (again.yi, again.sei) == pytest.approx((smd.yi, smd.sei))
    for linear in (smd, odds, ef.express_in_mids(md, sd)):
        assert linear.yi / linear.sei == pytest.approx(md.yi / md.sei)


@given(effects, errors)
def test_direction_is_a_mirror(yi, se):
    md = estimate(EffectMeasure.MD, yi, se)
    turned = ef.align_direction(md, higher_is_better=False)
    assert (turned.yi, turned.vi) == (-md.yi, md.vi)
    assert ef.align_direction(turned, higher_is_better=False).yi == md.yi
    assert ef.align_direction(md, higher_is_better=True) is md


def test_caveats_stand_beside_the_number():
    md = estimate(EffectMeasure.MD, -8, 3)
    by_mid = ef.express_in_mids(md, 10)
    assert by_mid.yi == pytest.approx(-0.8)
    assert "mid-units" in {a.id for a in by_mid.assumptions}
    assert ef.sweeps_of(by_mid)["mid"] == pytest.approx((8, 10, 12))
    by_sd = ef.standardise_by(md, 20)
    assert {"reference-sd", "same-construct"} <= {a.id for a in by_sd.assumptions}
    # Chinn's 1.81.
    assert ef.estimate_or_from_smd(by_sd).yi / by_sd.yi == pytest.approx(1.81, abs=0.005)


@given(effects, errors, risks)
def test_a_standardised_difference_as_risks(yi, se, risk):
    smd = estimate(EffectMeasure.SMD, yi, se)
    found = ef.risk_difference_from_smd(smd, risk)
    assert found.low <= found.value <= found.high
    # Calling the other outcome the event: the mirrored effect at the complementary risk.
    other = ef.risk_difference_from_smd(estimate(EffectMeasure.SMD, -yi, se), 1 - risk)
    assert other.value == pytest.approx(-found.value, abs=1e-12)
    assert (other.low, other.high) == pytest.approx((-found.high, -found.low), abs=1e-12)


@given(effects, errors, st.floats(-20, 20), st.floats(0.5, 20), st.floats(-20, 20), scales)
def test_responders_do_not_depend_on_the_unit(yi, se, mean, sd, threshold, c):
    def responders(unit):
        return ef.responder_difference(
            estimate(EffectMeasure.MD, unit * yi, unit * se),
            control_mean=unit * mean,
            sd=unit * sd,
            threshold=unit * threshold,
        )

    assume(0.0 < stats.norm.cdf((mean - threshold) / sd) < 1.0)
    one, other = responders(1.0), responders(c)
    assert (one.value, one.low, one.high) == pytest.approx(
        (other.value, other.low, other.high), abs=1e-9
    )
    turned = ef.responder_difference(
        estimate(EffectMeasure.MD, -yi, se),
        control_mean=-mean,
        sd=sd,
        threshold=-threshold,
        higher_is_better=False,
    )
    assert turned.value == pytest.approx(one.value, abs=1e-12)


@given(st.floats(-1.5, 1.5), errors, risks)
def test_odds_ratio_at_a_control_risk(yi, se, risk):
    found = ef.risk_difference_from_ratio(estimate(EffectMeasure.OR, yi, se), risk)
    treated = found.treated_risk
    odds_ratio = treated / (1 - treated) / (risk / (1 - risk))
    assert math.log(odds_ratio) == pytest.approx(yi, abs=1e-9)
    assert -risk <= found.low <= found.value <= found.high <= 1 - risk


def test_a_risk_cannot_exceed_one():
    doubled = estimate(EffectMeasure.RR, math.log(2), 0.4)
    found = ef.risk_difference_from_ratio(doubled, 0.3)
    assert found.value == pytest.approx(0.3)
    assert found.high == pytest.approx(0.7)
    assert "risk-capped" in {a.id for a in found.assumptions}
    with pytest.raises(EvidenceError, match="above one"):
        ef.risk_difference_from_ratio(doubled, 0.6)


@given(st.floats(-0.9, 0.9), st.floats(0.005, 0.4))
def test_benefit_and_harm_change_places(rd, se):
    difference = ef.risk_difference(estimate(EffectMeasure.RD, rd, se))
    good = ef.number_needed(difference, event_is_good=True)
    bad = ef.number_needed(difference, event_is_good=False)
    assert (good.benefit, good.harm) == (bad.harm, bad.benefit)
    assert good.through_infinity == bad.through_infinity == (difference.low < 0 < difference.high)
    if good.value is not None:
        assert good.value == -bad.value
        assert good.value * rd == pytest.approx(1)
    if good.through_infinity:
        assert good.nearest is None
        # The number itself is never nearer than the ends of its own side.
        assert good.value is None or abs(good.value) >= (
            good.benefit if good.value > 0 else good.harm
        ) * (1 - 1e-12)
    else:
        assert good.nearest <= abs(good.value) * (1 + 1e-12)
        assert good.farthest is None or abs(good.value) <= good.farthest * (1 + 1e-12)


def test_altman_1998_writes_it_like_this():
    # Absolute difference 10% with the interval from -5% to 25%.
    z = stats.norm.ppf(0.975)
    difference = ef.risk_difference(estimate(EffectMeasure.RD, 0.10, 0.15 / z))
    found = ef.number_needed(difference, event_is_good=True)
    assert found.text == "NNTB 10 (NNTB 4 to ∞ to NNTH 20)"
    clear = ef.risk_difference(estimate(EffectMeasure.RD, 0.10, 0.05 / z))
    assert ef.number_needed(clear, event_is_good=True).text == "NNTB 10 (NNTB 7 to NNTB 20)"
    assert ef.number_needed(clear, event_is_good=False).text == "NNTH 10 (NNTH 7 to NNTH 20)"
    nothing = ef.risk_difference(estimate(EffectMeasure.RD, 0.0, 0.05 / z))
    assert ef.number_needed(nothing, event_is_good=True).value is None
    assert "no difference" in ef.number_needed(nothing, event_is_good=True).text
    touching = ef.RiskDifference(value=0.1, low=0.0, high=0.2, level=0.95)
    found = ef.number_needed(touching, event_is_good=True)
    assert found.farthest is None
    assert found.text == "NNTB 10 (NNTB 5 to ∞)"


def test_furukawa_and_leucht_2011():
    # d = 0.5 at a control event rate of 20%: Φ(0.5 − 0.8416) − 0.2 = 0.1663, NNT 6.
    smd = estimate(EffectMeasure.SMD, 0.5, 0.1)
    found = ef.number_needed_from_smd(smd, 0.2)
    assert 1 / found.value == pytest.approx(stats.norm.cdf(0.5 + stats.norm.ppf(0.2)) - 0.2)
    assert round(found.value) == 6
    ratio = estimate(EffectMeasure.RR, math.log(0.8), 0.05)
    spared = ef.number_needed_from_ratio(ratio, 0.5, event_is_good=False)
    assert spared.value == pytest.approx(10)
    assert {"control-risk-known", "nnt-of-a-time"} <= {a.id for a in spared.assumptions}


@pytest.mark.parametrize("yi", [-1e300, -50.0, 50.0, 1e300])
def test_hostile_effects_stay_within_what_a_risk_can_be(yi):
    for measure, function in (
        (EffectMeasure.SMD, ef.risk_difference_from_smd),
        (EffectMeasure.OR, ef.risk_difference_from_ratio),
    ):
        found = function(estimate(measure, yi, 1.0), 0.3)
        assert -0.3 <= found.low <= found.value <= found.high <= 0.7


@pytest.mark.parametrize(
    "refused",
    [
        lambda: ef.standardise_by(estimate(EffectMeasure.SMD, 1, 1), 2),
        lambda: ef.standardise_by(estimate(EffectMeasure.MD, 1, 1), 0),
        lambda: ef.standardise_by(estimate(EffectMeasure.MD, 1, 1), 1e300),
        lambda: ef.express_on_instrument(estimate(EffectMeasure.MD, 1, 1), 2),
        lambda: ef.express_in_mids(estimate(EffectMeasure.MD, 1, 1), math.nan),
        lambda: ef.estimate_or_from_smd(estimate(EffectMeasure.OR, 1, 1)),
        lambda: ef.estimate_smd_from_or(estimate(EffectMeasure.SMD, 1, 1)),
        lambda: ef.risk_difference(estimate(EffectMeasure.RR, 1, 1)),
        lambda: ef.risk_difference_from_ratio(estimate(EffectMeasure.MD, 1, 1), 0.2),
        lambda: ef.risk_difference_from_ratio(estimate(EffectMeasure.OR, 1, 1), 0),
        lambda: ef.risk_difference_from_smd(estimate(EffectMeasure.MD, 1, 1), 0.2),
        lambda: ef.risk_difference_from_smd(estimate(EffectMeasure.SMD, 1, 1), 1),
        lambda: ef.responder_difference(
            estimate(EffectMeasure.SMD, 1, 1), control_mean=0, sd=1, threshold=0
        ),
        lambda: ef.responder_difference(
            estimate(EffectMeasure.MD, 1, 1), control_mean=0, sd=0, threshold=0
        ),
    ],
)
def test_refused(refused):
    with pytest.raises(EvidenceError):
        refused()
