"""Measures on small numbers that can be checked by hand, or were printed by metafor 3.8-1."""

import math

import numpy as np
import pytest

from equipoise.errors import EvidenceError
from equipoise.evidence.effects import (
    MEASURES,
    EffectMeasure,
    compute_effects,
    estimate_effect,
)
from equipoise.evidence.effects.measures import Scale, Swap
from equipoise.evidence.methods import METHODS

CELLS = {"ai": [10, 3, 0], "n1i": [30, 20, 15], "ci": [5, 8, 4], "n2i": [28, 25, 20]}
MEANS = {
    "m1i": [5, 6, 9],
    "sd1i": [1, 2, 3],
    "n1i": [10, 20, 30],
    "m2i": [4, 6.5, 7],
    "sd2i": [1.5, 2.5, 2],
    "n2i": [12, 18, 33],
}
OCCASIONS = {
    **{key: MEANS[key] for key in ("m1i", "sd1i", "m2i", "sd2i")},
    "ni": [10, 20, 30],
    "ri": [0.5, 0.2, 0.7],
}

# Values printed by escalc() of metafor 3.8-1 to 13 digits, for variances that are the same in 5.
PRINTED = [
    ("PHI", CELLS, {"vtype": "ST"}, [0.0159667565264, 0.01919166744929, 0.00616797019234]),
    ("PHI", CELLS, {}, [0.01597610745718, 0.01923657024793, 0.006919875130073]),
    ("SMD1", MEANS, {"vtype": "LS2"}, [0.1745665778714, 0.09730538540324, 0.07510478154269]),
    ("SMD1", MEANS, {"vtype": "UB"}, [0.2040637466615, 0.1067509574347, 0.07938936013978]),
    ("SMD1", MEANS, {"vtype": "AV"}, [0.1960272424792, 0.1140181616528, 0.06825233059848]),
    ("RPB", MEANS, {"vtype": "CS"}, [0.03138186898989, 0.02548134166594, 0.01094951702375]),
    ("RBIS", MEANS, {}, [0.0512516118621, 0.04116749370201, 0.01731263243927]),
    ("ROM", MEANS, {"vtype": "HO"}, [0.0155390625, 0.01368805473373, 0.006568053432482]),
    ("SMCC", OCCASIONS, {"vtype": "LS2"}, [0.107378655152, 0.04676944571108, 0.04535981452981]),
    ("SMCR", OCCASIONS, {"vtype": "LS2"}, [0.1252750976773, 0.07515396192342, 0.0259940755319]),
    (
        "COR",
        {"ri": [0.3, -0.5, 0.1, 1, 0.2], "ni": [20, 40, 4, 10, 5]},
        {"vtype": "AV"},
        [0.05251762388079, 0.02558550907013, 0.3326116179117, 0.1108705393039, 0.2494587134337],
    ),
    (
        "PR",
        {"xi": [3, 5, 0], "ni": [20, 40, 30]},
        {"vtype": "UB"},
        [0.006710526315789, 0.002804487179487, 0.0005289628858828],
    ),
    (
        "PLN",
        {"xi": [3, 5, 0], "ni": [20, 40, 30]},
        {"vtype": "AV"},
        [0.4852941176471, 0.2426470588235, 0.3130929791271],
    ),
    (
        "PLO",
        {"xi": [3, 5, 0], "mi": [17, 35, 30]},
        {"vtype": "AV"},
        [0.5904456327986, 0.2952228163993, 0.3809326663217],
    ),
    (
        "AHW",
        {"ai": [0.8, 0.9, 1], "mi": [10, 5, 4], "ni": [30, 40, 50]},
        {},
        [0.002956980513327, 0.0015521354016, 0],
    ),
    (
        "SPCOR",
        {"ti": [2], "mi": [2], "ni": [30], "r2i": [0.3]},
        {},
        [0.02159213534522],
    ),
    (
        "MPORM",
        {"ai": [19], "bi": [4], "ci": [15], "di": [8], "ri": [-0.9]},
        {},
        [0.9278120406959],
    ),
]


@pytest.mark.parametrize(("measure", "columns", "options", "vi"), PRINTED)
def test_variances_as_metafor_prints_them(measure, columns, options, vi):
    assert compute_effects(measure, columns, **options).vi == pytest.approx(vi, rel=2e-12)


def test_two_by_two_by_hand():
    effects = compute_effects("OR", {"ai": 10, "bi": 20, "ci": 5, "di": 25})
    assert effects.yi == pytest.approx([math.log(2.5)])
    assert effects.vi == pytest.approx([1 / 10 + 1 / 20 + 1 / 5 + 1 / 25])
    yule = compute_effects("YUQ", {"ai": 10, "bi": 20, "ci": 5, "di": 25}).yi
    assert yule == pytest.approx([(250 - 100) / (250 + 100)])


def test_empty_cells():
    cells = {"ai": [0, 5], "n1i": [20, 20], "ci": [4, 6], "n2i": [20, 20]}
    half = compute_effects("RR", cells)
    assert half.yi[0] == pytest.approx(math.log(0.5 / 21) - math.log(4.5 / 21))
    everywhere = compute_effects("RR", cells, to="if0all")
    assert everywhere.yi[1] == pytest.approx(math.log(5.5 / 6.5))
    nothing = compute_effects("RR", cells, to="none")
    assert math.isnan(nothing.yi[0])
    assert nothing.reasons[0] == "these numbers leave the measure undefined"
    assert nothing.yi[1] == half.yi[1] == pytest.approx(math.log(5 / 6))
    arcsine = compute_effects("AS", cells)
    assert arcsine.yi[0] == pytest.approx(-math.asin(math.sqrt(0.2)))


def test_double_zero():
    cells = {"ai": [0, 15], "n1i": [20, 15], "ci": [0, 30], "n2i": [40, 30]}
    kept, dropped = (compute_effects("OR", cells, drop00=flag) for flag in (False, True))
    assert np.isfinite(kept.yi).all()
    assert np.isnan(dropped.yi).all()
    assert set(dropped.reasons.values()) == {"no event, or nothing but events, in both arms"}


def test_rows_are_refused_with_a_reason():
    cells = {
        "ai": [1, -1, 30, math.nan, 2],
        "n1i": [20, 20, 20, 20, 20],
        "ci": [2, 2, 2, 2, 2],
        "n2i": [20] * 5,
    }
    effects = compute_effects("OR", cells)
    assert effects.usable.tolist() == [True, False, False, False, True]
    assert effects.reasons == {
        1: "ai is negative",
        2: "more events than people in n1i",
        3: "ai is missing",
    }


def test_tetrachoric_of_a_table_cut_at_the_medians():
    """With both cuts at zero, P(both above) = 1/4 + arcsin(r) / 2π."""
    effects = compute_effects("RTET", {"ai": 40, "bi": 10, "ci": 10, "di": 40})
    assert effects.yi == pytest.approx([math.sin(2 * math.pi * (0.4 - 0.25))], rel=1e-14)


def test_tetrachoric_with_an_empty_cell_has_no_variance():
    effects = compute_effects("RTET", {"ai": [0, 10], "bi": [9, 0], "ci": [3, 0], "di": [5, 10]})
    assert effects.yi.tolist() == [-1.0, 1.0]
    assert np.isnan(effects.vi).all()
    assert not effects.usable.any()


def test_a_single_effect_shows_its_derivation():
    rate = estimate_effect("IRR", x1i=3, t1i=100, x2i=8, t2i=90)
    assert rate.yi == pytest.approx(math.log(3 / 100 / (8 / 90)))
    value, variance = rate.steps
    assert value.quantity == "IRR"
    assert value.inputs == {"x1i": 3, "t1i": 100, "x2i": 8, "t2i": 90}
    assert variance.value == rate.vi
    assert value.cite in METHODS
    assert rate.assumptions == ()
    none = estimate_effect("IRR", x1i=0, t1i=100, x2i=8, t2i=90)
    assert [a.id for a in none.assumptions] == ["half-added-to-zero-cells"]
    assert none.steps[0].inputs["x1i"] == 0.5
    more = estimate_effect("IRR", x1i=0, t1i=100, x2i=8, t2i=90, to="all")
    assert [a.id for a in more.assumptions] == ["constant-added-to-cells"]


def test_p_is_assumed_to_be_from_a_t_test():
    g = estimate_effect("SMD", pi=-0.018, n1i=20, n2i=20)
    assert g.yi == pytest.approx(-0.7664 * 0.98015, abs=2e-2)
    assert {a.id for a in g.assumptions} == {"t-test", "equal-sd"}


@pytest.mark.parametrize(
    ("refused", "says"),
    [
        (lambda: estimate_effect("OR", ai=0, n1i=5, ci=0, n2i=5, to="none"), "undefined"),
        (lambda: estimate_effect("RD", ai=0, n1i=5, ci=0, n2i=5, to="none"), "variance is zero"),
        (lambda: estimate_effect("PHI", ai=5, bi=0, ci=0, di=5), "variance is zero"),
        (lambda: estimate_effect("RTET", ai=5, bi=0, ci=2, di=5), "no sampling variance"),
        (lambda: estimate_effect("OR", ai=1, n1i=5, ci=2), "neither di nor n2i"),
        (lambda: estimate_effect("ZCOR", ri=1.2, ni=20), "correlation"),
        (lambda: estimate_effect("ZCOR", ri=0.2, ni=3), "no sampling variance"),
        (lambda: estimate_effect("ROM", m1i=-1, sd1i=1, n1i=9, m2i=2, sd2i=1, n2i=9), "one sign"),
        (lambda: estimate_effect("SMD", n1i=9, n2i=9), "neither means"),
        (lambda: estimate_effect("ABT", ai=1.1, mi=5, ni=20), "above one"),
        (lambda: estimate_effect("R2", r2i=0.5, mi=9, ni=9), "degrees of freedom"),
        (lambda: estimate_effect("MD", m1i=1, sd1i=1, n1i=9, m2i=2, n2i=9), "sd2i is missing"),
        (lambda: compute_effects("XYZ", {"ai": [1]}), "not a measure"),
        (lambda: compute_effects("HR", {"ai": [1]}), "not a measure"),
        (lambda: compute_effects("OR", {"events": [1]}), "not a column"),
        (lambda: compute_effects("OR", {"ai": [1, 2], "ci": [1, 2, 3]}), "one length"),
        (lambda: compute_effects("OR", CELLS, vtype="UB"), "no variance UB"),
        (lambda: compute_effects("OR", CELLS, to="some"), "not one of"),
        (lambda: compute_effects("OR", CELLS, add=-1), "zero or positive"),
        (lambda: compute_effects("SMD", MEANS, vtype="UB", correct=False), "corrected"),
        (lambda: estimate_effect("OR", ai=[1, 2], n1i=5, ci=1, n2i=5), "single numbers"),
    ],
)
def test_refused_in_the_fields_words(refused, says):
    with pytest.raises(EvidenceError, match=says):
        refused()


def test_no_rows():
    effects = compute_effects("MN", {"mi": [], "sdi": [], "ni": []})
    assert effects.yi.shape == effects.vi.shape == (0,)
    assert effects.reasons == {}


def test_every_measure_says_what_it_is():
    assert set(EffectMeasure) - set(MEASURES) == {EffectMeasure.HR}
    for measure, formula in MEASURES.items():
        assert formula.measure is measure
        assert formula.name
        assert formula.yi
        assert formula.cite in METHODS
        assert all(formula.variance_formula(v) for v in formula.vtypes)
        assert isinstance(formula.scale, Scale)
        assert isinstance(formula.swap, Swap)
        assert measure.is_ratio == (formula.scale is Scale.LOG_RATIO)
