"""What must hold for every measure, whatever the numbers."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.errors import EvidenceError
from equipoise.evidence import effects as ef
from equipoise.evidence.effects import MEASURES, compute_effects, estimate_effect
from equipoise.evidence.effects.estimate import EffectMeasure as M
from equipoise.evidence.effects.measures import Swap
from equipoise.evidence.effects.measures import compute as families
from equipoise.evidence.effects.natural import to_natural_scale
from equipoise.stats.distributions import two_sided_p

some = settings(max_examples=20, deadline=None)
counts = st.integers(0, 60)
tables = st.lists(st.tuples(counts, counts, counts, counts), min_size=1, max_size=6)
positive = st.floats(0.1, 50)
sizes = st.integers(4, 300)
arm = st.tuples(positive, positive, sizes)
pairs_of_arms = st.lists(st.tuples(arm, arm), min_size=1, max_size=5)
correlations = st.floats(-0.9, 0.9)


def cells(rows, order="abcd"):
    named = {x: [row["abcd".index(x)] for row in rows] for x in "abcd"}
    return dict(zip(("ai", "bi", "ci", "di"), (named[x] for x in order), strict=True))


def arms(rows, *, swapped=False, times=1.0):
    first, second = ("2", "1") if swapped else ("1", "2")
    columns = {}
    for k, name in ((0, first), (1, second)):
        columns[f"m{name}i"] = [row[k][0] * times for row in rows]
        columns[f"sd{name}i"] = [row[k][1] * times for row in rows]
        columns[f"n{name}i"] = [row[k][2] for row in rows]
    return columns


def occasions(rows, r, *, swapped=False, times=1.0):
    columns = arms(rows, swapped=swapped, times=times)
    n = columns.pop("n2i") if swapped else columns.pop("n1i")
    columns.pop("n1i" if swapped else "n2i")
    return {**columns, "ni": n, "ri": r}


def same(here, there, *, flip=False, factor=1.0):
    sign = -1 if flip else 1
    np.testing.assert_allclose(here.yi, sign * factor * there.yi, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(here.vi, factor**2 * there.vi, rtol=1e-8, atol=1e-14)


FLIPS = [m for m, f in MEASURES.items() if f.swap is Swap.FLIPS]
COMPLEMENTS = [m for m, f in MEASURES.items() if f.swap is Swap.COMPLEMENT]


def of(family, among):
    return [f.measure for f in family if f.measure in among]


@pytest.mark.parametrize("measure", of(families.BINARY, FLIPS))
@given(tables)
@some
def test_swapping_arms_flips_the_sign_of_tables(measure, rows):
    for vtype in MEASURES[measure].vtypes:
        here = compute_effects(measure, cells(rows), vtype=vtype)
        same(compute_effects(measure, cells(rows, "cdab"), vtype=vtype), here, flip=True)


@pytest.mark.parametrize("measure", of(families.PAIRS, FLIPS))
@given(tables, st.floats(-0.5, 0.5))
@some
def test_swapping_treatments_flips_the_sign_of_pairs(measure, rows, r):
    margins = measure is M.MPORM
    extra = {"ri": [r] * len(rows)} if margins else {}
    here = compute_effects(measure, {**cells(rows), **extra})
    there = compute_effects(measure, {**cells(rows, "cdab" if margins else "acbd"), **extra})
    same(there, here, flip=True)


@pytest.mark.parametrize("measure", of(families.TWO_MEANS, FLIPS))
@given(pairs_of_arms)
@some
def test_swapping_arms_flips_the_sign_of_means(measure, rows):
    for vtype in MEASURES[measure].vtypes:
        here = compute_effects(measure, arms(rows), vtype=vtype)
        same(compute_effects(measure, arms(rows, swapped=True), vtype=vtype), here, flip=True)


@pytest.mark.parametrize("measure", of(families.CHANGE, FLIPS))
@given(pairs_of_arms, correlations)
@some
def test_swapping_occasions_flips_the_sign(measure, rows, r):
    rows = [(one, (*two[:2], one[2])) for one, two in rows]
    here = compute_effects(measure, occasions(rows, r))
    same(compute_effects(measure, occasions(rows, r, swapped=True)), here, flip=True)


@pytest.mark.parametrize("measure", COMPLEMENTS)
@given(pairs_of_arms, correlations)
@some
def test_swapping_makes_the_complement_of_a_probability(measure, rows, r):
    rows = [(one, (*two[:2], one[2])) for one, two in rows]
    there, back = (
        occasions(rows, r, swapped=s)
        if "ri" in MEASURES[measure].columns
        else arms(rows, swapped=s)
        for s in (False, True)
    )
    there, back = compute_effects(measure, there), compute_effects(measure, back)
    np.testing.assert_allclose(there.yi, 1 - back.yi, atol=1e-14)
    np.testing.assert_allclose(there.vi, back.vi, rtol=1e-9, atol=1e-300)


@given(st.lists(st.tuples(counts, positive, counts, positive), min_size=1, max_size=5))
@some
def test_swapping_arms_flips_the_sign_of_rates(rows):
    x1, t1, x2, t2 = (list(column) for column in zip(*rows, strict=True))
    for measure in of(families.RATES, FLIPS):
        here = compute_effects(measure, {"x1i": x1, "t1i": t1, "x2i": x2, "t2i": t2})
        there = compute_effects(measure, {"x1i": x2, "t1i": t2, "x2i": x1, "t2i": t1})
        same(there, here, flip=True)


@pytest.mark.parametrize(
    "measure", [M.OR, M.RD, M.AS, M.PETO, M.PHI, M.YUQ, M.YUY, M.RTET, M.PBIT, M.OR2DN]
)
@given(tables)
@some
def test_counting_the_other_outcome_flips_the_sign(measure, rows):
    here = compute_effects(measure, cells(rows))
    same(compute_effects(measure, cells(rows, "badc")), here, flip=True)


@pytest.mark.parametrize("measure", [f.measure for f in families.TWO_MEANS])
@given(pairs_of_arms, st.floats(0.01, 100))
@some
def test_another_unit_rescales_md_and_nothing_else(measure, rows, times):
    here = compute_effects(measure, arms(rows))
    there = compute_effects(measure, arms(rows, times=times))
    same(there, here, factor=times if measure is M.MD else 1.0)


@pytest.mark.parametrize("measure", [f.measure for f in families.CHANGE])
@given(pairs_of_arms, correlations, st.floats(0.01, 100))
@some
def test_another_unit_rescales_mc_and_nothing_else(measure, rows, r, times):
    here = compute_effects(measure, occasions(rows, r))
    there = compute_effects(measure, occasions(rows, r, times=times))
    same(there, here, factor=times if measure is M.MC else 1.0)


@pytest.mark.parametrize("measure", [f.measure for f in families.BINARY])
@given(tables, st.randoms(use_true_random=False))
@some
def test_order_does_not_matter_and_a_missing_row_changes_nothing(measure, rows, random):
    here = compute_effects(measure, cells(rows))
    order = list(range(len(rows)))
    random.shuffle(order)
    there = compute_effects(measure, cells([rows[i] for i in order]))
    np.testing.assert_array_equal(there.yi, here.yi[order])
    more = compute_effects(measure, cells([*rows, (math.nan, 1, 1, 1)]))
    np.testing.assert_array_equal(more.yi[:-1], here.yi)
    np.testing.assert_array_equal(more.vi[:-1], here.vi)
    assert more.reasons[len(rows)] == "ai is missing"


@given(st.floats(-8, 8), sizes, sizes)
@some
def test_t_p_and_d_give_the_same_g(t, n1, n2):
    from_t = compute_effects("SMD", {"ti": t, "n1i": n1, "n2i": n2})
    d = t * math.sqrt(1 / n1 + 1 / n2)
    same(compute_effects("SMD", {"di": d, "n1i": n1, "n2i": n2}), from_t)
    p = two_sided_p(t, n1 + n2 - 2)
    if 1e-200 < p < 1:
        signed = math.copysign(p, t)
        from_p = compute_effects("SMD", {"pi": signed, "n1i": n1, "n2i": n2})
        np.testing.assert_allclose(from_p.yi, from_t.yi, rtol=1e-7, atol=1e-9)
    # Two arms of one standard deviation, d apart, have that d.
    means = {"m1i": d, "m2i": 0, "sd1i": 1, "sd2i": 1, "n1i": n1, "n2i": n2}
    same(compute_effects("SMD", means), from_t)
    # The correlation of arm and outcome has the same t.
    r = compute_effects("RPB", {"ti": t, "n1i": n1, "n2i": n2}).yi
    same(
        compute_effects("COR", {"ti": t, "ni": n1 + n2}),
        compute_effects("COR", {"ri": r, "ni": n1 + n2}),
    )


@given(st.integers(2, 400), st.integers(1, 6), st.floats(1e-6, 0.999))
@some
def test_f_and_its_p_give_the_same_r_squared(spare, m, p):
    n = m + 1 + spare
    r2 = compute_effects("R2", {"pi": p, "mi": m, "ni": n}).yi[0]
    f = r2 / m / ((1 - r2) / (n - m - 1))
    assert compute_effects("R2", {"fi": f, "mi": m, "ni": n}).yi[0] == pytest.approx(r2)
    if m == 1:
        t = math.sqrt(f)
        assert two_sided_p(t, n - 2) == pytest.approx(p, rel=1e-6)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 40), st.integers(1, 40))
@some
def test_single_row_functions_agree_with_the_tables(e1, extra1, e2, extra2):
    n1, n2 = e1 + extra1, e2 + extra2
    row = {"ai": e1, "n1i": n1, "ci": e2, "n2i": n2}
    for measure, single in ((M.RR, ef.estimate_rr), (M.OR, ef.estimate_or)):
        ours, other = estimate_effect(measure, **row), single(e1, n1, e2, n2)
        assert (ours.yi, ours.vi) == pytest.approx((other.yi, other.vi), rel=1e-11, abs=1e-14)
        assert ours.assumptions == other.assumptions
    ours, other = estimate_effect(M.RD, **row, to="none"), ef.estimate_rd(e1, n1, e2, n2)
    assert (ours.yi, ours.vi) == pytest.approx((other.yi, other.vi), rel=1e-11, abs=1e-14)
    for measure, single in ((M.PR, ef.estimate_pr), (M.PLO, ef.estimate_plo)):
        ours, other = estimate_effect(measure, xi=e2, ni=n2), single(e2, n2)
        assert (ours.yi, ours.vi) == pytest.approx((other.yi, other.vi), rel=1e-11, abs=1e-14)


@given(arm, arm, correlations)
@some
def test_single_row_functions_agree_with_the_tables_of_means(one, two, r):
    columns = {name: values[0] for name, values in arms([(one, two)]).items()}
    paired = occasions([(one, two)], r)
    paired = {name: v[0] if isinstance(v, list) else v for name, v in paired.items()}
    (m1, sd1, n), (m2, sd2, _) = one, two
    sd = math.sqrt(sd1**2 + sd2**2 - 2 * r * sd1 * sd2)
    for ours, other in (
        (estimate_effect(M.MD, **columns), ef.estimate_md_from_means(*one, *two)),
        (estimate_effect(M.SMD, **columns), ef.estimate_smd_from_means(*one, *two)),
        (estimate_effect(M.MC, **paired), ef.estimate_mc(m2, sd2, m1, sd1, n, r)),
        (estimate_effect(M.SMCC, **paired), ef.estimate_smcc(m1 - m2, sd, n)),
        (
            estimate_effect(M.SMCR, m1i=m2, sd1i=sd2, m2i=m1, ni=n, ri=r),
            ef.estimate_prepost_smcr(m1, sd2, m2, n, r),
        ),
    ):
        assert ours.yi == pytest.approx(other.yi, rel=1e-10, abs=1e-12)
        assert ours.vi == pytest.approx(other.vi, rel=1e-9)


AWKWARD = [0.0, -0.0, 1.0, -1.0, 2.0, 0.5, 1e300, 1e-300, -1e300, 3.0, 40.0, math.inf, math.nan]


@pytest.mark.parametrize("measure", list(MEASURES))
@given(st.data())
@settings(max_examples=25, deadline=None)
def test_no_number_makes_a_silent_nan_a_warning_or_a_negative_variance(measure, data):
    formula = MEASURES[measure]
    row = {name: data.draw(st.sampled_from(AWKWARD), label=name) for name in formula.columns}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        effects = compute_effects(measure, row)
    good = bool(effects.usable[0])
    assert good == (0 not in effects.reasons)
    assert good == bool(np.isfinite(effects.yi[0]) and effects.vi[0] > 0)
    assert not effects.vi[0] < 0
    if good:
        assert estimate_effect(measure, **row).vi == effects.vi[0]
    else:
        with pytest.raises(EvidenceError):
            estimate_effect(measure, **row)


@given(st.integers(0, 80), st.integers(1, 80), positive)
@some
def test_natural_scale_comes_back(x, rest, time):
    n = x + rest
    proportion = x / n
    for measure, tolerance in ((M.PFT, 1e-7), (M.PAS, 1e-12)):
        y = compute_effects(measure, {"xi": x, "ni": n}).yi[0]
        assert to_natural_scale(measure, y, n) == pytest.approx(proportion, abs=tolerance)
    rate = compute_effects("IRFT", {"xi": x, "ti": time}).yi[0]
    assert to_natural_scale("IRFT", rate, time) == pytest.approx(x / time, rel=1e-9, abs=1e-12)
    if x:
        for measure in (M.PLN, M.PLO, M.PRZ):
            y = estimate_effect(measure, xi=x, ni=n)
            assert y.on_natural_scale().value == pytest.approx(proportion)
        for measure in (M.IRLN, M.IRS):
            y = estimate_effect(measure, xi=x, ti=time)
            assert y.on_natural_scale().value == pytest.approx(x / time)


@given(st.floats(-0.99, 0.99), st.integers(5, 400), st.floats(0, 0.99))
@some
def test_transforms_are_undone(r, n, alpha):
    assert estimate_effect("ZCOR", ri=r, ni=n).on_natural_scale().value == pytest.approx(r)
    for measure in ("AHW", "ABT"):
        back = estimate_effect(measure, ai=alpha, mi=5, ni=n).on_natural_scale().value
        assert back == pytest.approx(alpha, abs=1e-12)
    share = estimate_effect("ZR2", r2i=alpha, mi=1, ni=n).on_natural_scale()
    assert share.value == pytest.approx(alpha)
    assert 0 <= share.low <= share.value <= share.high < 1


@pytest.mark.parametrize("measure", list(M))
def test_no_interval_leaves_the_natural_scale(measure):
    for y in (-1e3, -2.0, 0.0, 0.3, 2.0, 1e3):
        back = to_natural_scale(measure, y)
        assert not math.isnan(back)
        if measure in (M.PLN, M.PLO, M.PRZ, M.PAS, M.PFT):
            assert 0 <= back <= 1
        if measure in (M.PFT, M.IRFT):
            assert to_natural_scale(measure, y, 20) >= 0
