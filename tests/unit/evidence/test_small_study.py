"""Small-study effects: what the tests and adjusted means say, and what must not change."""

import math
from functools import partial
from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import gammainc

from equipoise.errors import EvidenceError
from equipoise.evidence.methods import METHODS
from equipoise.evidence.synthesis import pool_fixed, pool_random
from equipoise.evidence.synthesis.small_study import (
    binary_asymmetry_test,
    egger_test,
    excess_significance,
    fail_safe_n,
    henmi_copas,
    limit_meta_analysis,
    pet_peese,
    rank_test,
    small_study_overview,
    trim_and_fill,
)
from equipoise.stats.rank_correlation import kendall

# Small studies (large variances) far out on the right: a lopsided funnel.
LOPSIDED_Y = (0.10, 0.12, 0.08, 0.20, 0.35, 0.50, 0.70, 0.85, 0.95, 1.20)
LOPSIDED_V = (0.01, 0.012, 0.015, 0.03, 0.05, 0.08, 0.12, 0.15, 0.2, 0.25)

study = st.tuples(st.floats(-3, 3), st.floats(0.01, 2))
studies = st.lists(study, min_size=4, max_size=14, unique_by=(lambda s: s[0], lambda s: s[1]))


def split(pairs):
    return [y for y, _ in pairs], [v for _, v in pairs]


def of_different_size(v):
    assume(max(v) > 1.01 * min(v))


class TestEgger:
    def test_by_hand(self):
        # y on SE with weights 1/v is z on precision with an intercept: Egger's own form.
        y, v = np.array(LOPSIDED_Y), np.array(LOPSIDED_V)
        z, precision = y / np.sqrt(v), 1 / np.sqrt(v)
        design = np.column_stack([np.ones(10), precision])
        coefficients, rest, *_ = np.linalg.lstsq(design, z, rcond=None)
        sigma2 = float(rest[0]) / 8
        se = math.sqrt(sigma2 * np.linalg.inv(design.T @ design)[0, 0])
        test = egger_test(LOPSIDED_Y, LOPSIDED_V)
        assert test.slope == pytest.approx(coefficients[0], rel=1e-12)
        assert test.slope_se == pytest.approx(se, rel=1e-12)
        assert test.limit == pytest.approx(coefficients[1], rel=1e-11)
        assert test.df == 8
        assert test.tau2 is None

    def test_sees_the_lopsided_funnel(self):
        assert egger_test(LOPSIDED_Y, LOPSIDED_V).p < 1e-6

    def test_without_dispersion_the_slope_is_the_same(self):
        lm = egger_test(LOPSIDED_Y, LOPSIDED_V)
        ee = egger_test(LOPSIDED_Y, LOPSIDED_V, model="rma", method="EE")
        assert ee.slope == pytest.approx(lm.slope, rel=1e-12)
        assert ee.df is None

    def test_sizes_instead_of_standard_errors(self):
        n = [round(4 / v) for v in LOPSIDED_V]
        by_size = egger_test(LOPSIDED_Y, LOPSIDED_V, predictor="sqrtninv", ni=n)
        assert by_size.p < 0.001
        assert egger_test(LOPSIDED_Y, LOPSIDED_V, predictor="ni", ni=n).limit is None

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"predictor": "ninv"}, "needs the sample sizes"),
            ({"predictor": "ninv", "ni": [0] * 10}, "positive sample size"),
            ({"predictor": "weight"}, "No such measure"),
            ({"model": "glm"}, "No such model"),
        ],
    )
    def test_refusals(self, change, words):
        with pytest.raises(EvidenceError, match=words):
            egger_test(LOPSIDED_Y, LOPSIDED_V, **change)

    def test_one_size_has_no_funnel(self):
        with pytest.raises(EvidenceError, match="one size"):
            egger_test([0.1, 0.2, 0.3], [0.04, 0.04, 0.04])


@given(studies)
@settings(max_examples=40, deadline=None)
def test_mirror_and_units(pairs):
    y, v = split(pairs)
    of_different_size(v)
    here = egger_test(y, v, model="rma", method="DL")
    mirrored = egger_test([-x for x in y], v, model="rma", method="DL")
    scaled = egger_test([3 * x for x in y], [9 * x for x in v], model="rma", method="DL")
    assert mirrored.slope == pytest.approx(-here.slope, rel=1e-9, abs=1e-12)
    assert mirrored.p == pytest.approx(here.p, rel=1e-8)
    assert scaled.p == pytest.approx(here.p, rel=1e-6, abs=1e-12)
    assert scaled.limit == pytest.approx(3 * here.limit, rel=1e-6, abs=1e-8)


@given(studies, st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_order_does_not_matter(pairs, random):
    y, v = split(pairs)
    of_different_size(v)
    shuffled = list(pairs)
    random.shuffle(shuffled)
    y2, v2 = split(shuffled)
    assert rank_test(y2, v2).p == pytest.approx(rank_test(y, v).p)
    assert excess_significance(y2, v2).p == pytest.approx(excess_significance(y, v).p, rel=1e-10)
    assert henmi_copas(y2, v2).ci == pytest.approx(henmi_copas(y, v).ci, rel=1e-8, abs=1e-10)
    for side in ("left", "right"):
        try:
            here = trim_and_fill(y, v, side=side, method="DL")
        except EvidenceError:
            continue
        there = trim_and_fill(y2, v2, side=side, method="DL")
        assert there.missing == here.missing
        assert there.pooled.mu == pytest.approx(here.pooled.mu, rel=1e-9, abs=1e-12)


@given(studies)
@settings(max_examples=40, deadline=None)
def test_trim_and_fill_under_a_mirror(pairs):
    y, v = split(pairs)
    of_different_size(v)
    try:
        left = trim_and_fill(y, v, side="left", method="DL", estimator="R0")
    except EvidenceError:
        with pytest.raises(EvidenceError):
            trim_and_fill([-x for x in y], v, side="right", method="DL", estimator="R0")
        return
    right = trim_and_fill([-x for x in y], v, side="right", method="DL", estimator="R0")
    assert right.missing == left.missing
    assert right.pooled.mu == pytest.approx(-left.pooled.mu, rel=1e-9, abs=1e-12)
    assert sorted(right.filled_yi) == pytest.approx(sorted(-f for f in left.filled_yi))


class TestTrimAndFill:
    def test_symmetric_funnel_needs_no_filling(self):
        y = (-0.4, -0.2, -0.1, 0.0, 0.1, 0.2, 0.4)
        v = (0.2, 0.1, 0.05, 0.01, 0.05, 0.1, 0.2)
        for estimator in ("L0", "R0", "Q0"):
            filled = trim_and_fill(y, v, side="left", estimator=estimator, method="EE")
            assert filled.missing == 0
            assert filled.pooled.mu == filled.observed.mu

    def test_fills_the_empty_side_and_moves_the_mean(self):
        filled = trim_and_fill(LOPSIDED_Y, LOPSIDED_V)
        assert filled.side == "left"
        assert filled.missing > 0
        assert filled.pooled.k == 10 + filled.missing
        assert filled.pooled.mu < filled.observed.mu

    def test_filled_studies_mirror_the_trimmed_ones(self):
        filled = trim_and_fill(LOPSIDED_Y, LOPSIDED_V, method="EE")
        m = filled.missing
        centre = pool_fixed(LOPSIDED_Y[: 10 - m], LOPSIDED_V[: 10 - m]).mu
        assert filled.filled_yi == pytest.approx([2 * centre - y for y in LOPSIDED_Y[10 - m :]])
        assert filled.filled_vi == LOPSIDED_V[10 - m :]

    def test_r0_is_the_length_of_the_run_at_the_end(self):
        # The six studies farthest from the mean all lie on the right: γ = 6, R0 = 5 at first.
        filled = trim_and_fill(LOPSIDED_Y, LOPSIDED_V, estimator="R0", side="left", method="EE")
        assert filled.missing_p == 0.5 ** (filled.missing + 1)
        assert filled.missing_se == pytest.approx(math.sqrt(2 * filled.missing + 2))

    def test_equal_effects_whatever_their_order(self):
        y, v = (0.0, 0.1, 0.9, 0.9, 1.0), (0.01, 0.02, 0.1, 0.2, 0.4)
        means = {
            round(trim_and_fill([y[i] for i in p], [v[i] for i in p], method="EE").pooled.mu, 12)
            for p in permutations(range(5))
        }
        assert len(means) == 1

    def test_too_few(self):
        with pytest.raises(EvidenceError, match="at least three studies"):
            trim_and_fill([0.1, 0.3], [0.1, 0.2])

    def test_rounds_that_do_not_settle(self):
        with pytest.raises(EvidenceError, match="did not settle in 1"):
            trim_and_fill(LOPSIDED_Y, LOPSIDED_V, method="EE", max_iter=1)


class TestRank:
    def test_exact_distribution_by_enumeration(self):
        x = np.array([0.1, 0.4, 0.2, 0.9, 0.5])
        y = np.arange(5.0)

        def score(values):
            return sum(np.sign(b - a) for i, a in enumerate(values) for b in values[i + 1 :])

        mine = abs(score(x))
        every = [abs(score(p)) for p in permutations(range(5))]
        expected = sum(s >= mine for s in every) / len(every)
        assert kendall(x, y, exact=True).p == pytest.approx(expected, rel=1e-12)

    def test_normal_p_is_near_the_exact_one(self):
        rng = np.random.default_rng(3)
        y, v = rng.normal(size=60), rng.uniform(0.1, 1, size=60)
        exact, normal = rank_test(y, v), rank_test(y, v, exact=False)
        assert exact.exact
        assert not normal.exact
        assert normal.p == pytest.approx(exact.p, abs=0.02)

    def test_ties_take_the_normal_way(self):
        y, v = [0.1, 0.2, 0.3, 0.5, 0.4], [0.1, 0.1, 0.2, 0.3, 0.4]
        assert not rank_test(y, v).exact

    def test_equal_variances_cannot_be_ranked(self):
        with pytest.raises(EvidenceError, match="nothing to rank"):
            rank_test([0.1, 0.2, 0.3], [1, 1, 1])

    def test_identical_effects(self):
        assert rank_test([0.5] * 4, [0.1, 0.2, 0.3, 0.4]).p == 1.0

    def test_one_enormous_weight(self):
        result = rank_test([0.1, 0.5, 0.2, 0.9], [1e-20, 0.1, 0.2, 0.3])
        assert math.isfinite(result.tau)


class TestPetPeese:
    def test_limits_are_those_of_the_regressions(self):
        both = pet_peese(LOPSIDED_Y, LOPSIDED_V)
        assert both.pet.limit == egger_test(LOPSIDED_Y, LOPSIDED_V).limit
        assert both.peese.limit == egger_test(LOPSIDED_Y, LOPSIDED_V, predictor="vi").limit

    def test_peese_only_where_pet_finds_an_effect(self):
        both = pet_peese(LOPSIDED_Y, LOPSIDED_V)
        assert both.preferred == ("PEESE" if both.pet_limit_p < 0.1 else "PET")
        strong = pet_peese([y + 3 for y in LOPSIDED_Y], LOPSIDED_V)
        assert strong.preferred == "PEESE"
        assert strong.estimate == strong.peese.limit


class TestLimit:
    def test_without_small_study_effect_it_is_the_mean(self):
        # Effects that do not change with size: α = 0 and the limit is the common effect.
        y, v = [0.3] * 5, [0.01, 0.02, 0.05, 0.1, 0.3]
        limit = limit_meta_analysis(y, v)
        assert limit.mu == pytest.approx(0.3, rel=1e-12)
        assert limit.q_small == pytest.approx(0, abs=1e-12)

    def test_without_heterogeneity_it_is_eggers_limit(self):
        limit = limit_meta_analysis(LOPSIDED_Y, [4 * v for v in LOPSIDED_V])
        egger = egger_test(LOPSIDED_Y, [4 * v for v in LOPSIDED_V])
        assert limit.tau2 == 0
        assert limit.mu == pytest.approx(egger.limit, rel=1e-9)
        assert limit.q == pytest.approx(limit.q_small + limit.q_rest)

    def test_standard_error_by_hand(self):
        y, v = (0.1, 0.9, -0.2, 1.4, 0.3), (0.02, 0.05, 0.03, 0.2, 0.1)
        limit = limit_meta_analysis(y, v)
        s = np.sqrt(np.array(v) + limit.tau2)
        x = np.column_stack([1 / s, np.ones(5)])
        contrast = np.array([1.0, math.sqrt(limit.tau2)])
        assert limit.tau2 > 0
        variance = contrast @ np.linalg.inv(x.T @ x) @ contrast
        assert limit.se == pytest.approx(math.sqrt(variance), rel=1e-10)


class TestFailSafe:
    def test_rosenthals_number_does_what_it_says(self):
        z = np.array(LOPSIDED_Y) / np.sqrt(LOPSIDED_V)
        n = fail_safe_n(LOPSIDED_Y, LOPSIDED_V, kind="Rosenthal").n
        critical = 1.6448536269514722
        assert z.sum() / math.sqrt(10 + n) <= critical < z.sum() / math.sqrt(10 + n - 1)

    def test_rosenbergs_number_does_what_it_says(self):
        found = fail_safe_n(LOPSIDED_Y, LOPSIDED_V, kind="Rosenberg")
        null = 1 / float(np.mean(1 / np.array(LOPSIDED_V)))

        def p(n):
            return pool_fixed([*LOPSIDED_Y, *[0.0] * n], [*LOPSIDED_V, *[null] * n]).p

        assert p(found.n) > 0.05 >= p(found.n - 1)

    def test_orwins_number_does_what_it_says(self):
        found = fail_safe_n(LOPSIDED_Y, LOPSIDED_V, kind="Orwin", target=0.05)
        mu = pool_fixed(LOPSIDED_Y, LOPSIDED_V).mu
        assert 10 * mu / (10 + found.n) <= 0.05 < 10 * mu / (10 + found.n - 1)
        assert fail_safe_n(LOPSIDED_Y, LOPSIDED_V, kind="Orwin").n == 10

    def test_general_without_heterogeneity_is_smaller_than_rosenbergs(self):
        # Null studies beside an effect make the two groups differ, which widens the interval.
        y, v = [0.5, 0.52, 0.49, 0.51], [0.04, 0.05, 0.03, 0.06]
        general = fail_safe_n(y, v, kind="General")
        assert 0 < general.n < fail_safe_n(y, v, kind="Rosenberg").n
        assert general.mu == pool_random(y, v, test="z").mu

    def test_nothing_to_overturn(self):
        for kind in ("Rosenthal", "Rosenberg", "General"):
            assert fail_safe_n([0.1, -0.1], [1, 1], kind=kind).n == 0

    def test_refusals(self):
        with pytest.raises(EvidenceError, match="never reached"):
            fail_safe_n([0.1], [1], kind="Orwin", target=0)
        with pytest.raises(EvidenceError, match="write 5% as"):
            fail_safe_n([0.1], [1], alpha=5)
        with pytest.raises(EvidenceError, match="Only Orwin"):
            fail_safe_n([0.1], [1], target=0.1)


class TestExcess:
    def test_exact_p_by_enumeration(self):
        y, v = (0.5, 0.1, 0.9, -0.2), (0.04, 0.03, 0.1, 0.2)
        result = excess_significance(y, v)
        total = 0.0
        for outcome in range(16):
            bits = [(outcome >> i) & 1 for i in range(4)]
            if sum(bits) >= result.observed:
                total += math.prod(
                    p if b else 1 - p for p, b in zip(result.power, bits, strict=True)
                )
        assert result.p == pytest.approx(total, rel=1e-12)
        assert result.expected == pytest.approx(sum(result.power))

    def test_power_one_has_an_answer(self):
        result = excess_significance([5, 6, 5.5], [1e-6, 1e-6, 1e-6])
        assert (result.observed, result.p) == (3, pytest.approx(1.0))
        with pytest.raises(EvidenceError, match="power one"):
            excess_significance([5, 6, 5.5], [1e-6, 1e-6, 1e-6], test="chi2")

    def test_chi_square_is_near_the_exact_test_with_many_studies(self):
        rng = np.random.default_rng(5)
        v = rng.uniform(0.02, 0.2, size=300)
        y = rng.normal(0.3, np.sqrt(v))
        exact, rough = excess_significance(y, v), excess_significance(y, v, test="chi2")
        assert rough.p == pytest.approx(exact.p, abs=0.05)


class TestHenmiCopas:
    def test_without_heterogeneity_the_mean_is_the_fixed_one(self):
        result = henmi_copas(LOPSIDED_Y, LOPSIDED_V)
        assert result.mu == pytest.approx(pool_fixed(LOPSIDED_Y, LOPSIDED_V).mu, rel=1e-12)

    def test_interval_against_matrices_and_adaptive_integration(self):
        y, v = np.array([0.1, 0.9, -0.2, 1.4, 0.3]), np.array([0.02, 0.05, 0.03, 0.2, 0.1])
        result = henmi_copas(y, v)
        w = 1 / v
        form = np.diag(w) - np.outer(w, w) / w.sum()
        c = w * (v + result.tau2) / math.sqrt(w.sum())
        var = float((w**2) @ (v + result.tau2)) / w.sum()
        given_r = np.diag(v + result.tau2) - np.outer(c, c) / var
        product = form @ given_r
        w2 = float(w @ w) / w.sum()
        x = (result.ci[1] - result.mu) / result.se

        def integrand(r):
            mean = np.trace(product) + float(c @ form @ c) * r * r / var**2
            spread = (
                2 * np.trace(product @ product)
                + 4 * float(c @ form @ given_r @ form @ c) * r * r / var**2
            )
            limit = max(0.0, (w.sum() - w2) * ((r / x) ** 2 - 1) / w2 + 4)
            density = math.exp(-0.5 * r * r / var) / math.sqrt(2 * math.pi * var)
            return float(gammainc(mean**2 / spread, limit * mean / spread)) * density

        ends = np.linspace(x, x + 12 * math.sqrt(var), 9).tolist()
        tail = sum(quad(integrand, a, b, epsabs=1e-13)[0] for a, b in pairwise(ends))
        assert result.tau2 > 0
        assert tail == pytest.approx(0.025, abs=1e-11)

    def test_all_the_weight_on_one_study(self):
        with pytest.raises(EvidenceError, match="practically all the weight"):
            henmi_copas([0.1, 0.5, 0.2], [1e-20, 0.1, 0.2])

    def test_units(self):
        here = henmi_copas(LOPSIDED_Y, LOPSIDED_V)
        huge = henmi_copas([1e100 * y for y in LOPSIDED_Y], [1e200 * v for v in LOPSIDED_V])
        assert huge.ci == pytest.approx([1e100 * end for end in here.ci], rel=1e-10)


class TestBinary:
    events1, n1 = [5, 12, 3, 8, 20, 0], [50, 100, 40, 60, 210, 30]
    events2, n2 = [9, 20, 8, 12, 25, 0], [50, 100, 38, 61, 205, 31]

    @pytest.mark.parametrize("kind", ["harbord", "peters", "macaskill"])
    def test_swapping_arms_flips_the_slope(self, kind):
        here = binary_asymmetry_test(self.events1, self.n1, self.events2, self.n2, kind=kind)
        there = binary_asymmetry_test(self.events2, self.n2, self.events1, self.n1, kind=kind)
        assert here.slope == pytest.approx(-there.slope, rel=1e-9)
        assert here.p == pytest.approx(there.p, rel=1e-9)
        assert here.k == 5
        assert (here.limit is None) == (kind == "macaskill")

    def test_harbord_in_its_own_form(self):
        a, n1, c, n2 = (
            np.array(x[:5], float) for x in (self.events1, self.n1, self.events2, self.n2)
        )
        n, m = n1 + n2, a + c
        z = a - m * n1 / n
        v = n1 * n2 * m * (n - m) / (n**2 * (n - 1))
        design = np.column_stack([np.ones(5), np.sqrt(v)])
        coefficients = np.linalg.lstsq(design, z / np.sqrt(v), rcond=None)[0]
        test = binary_asymmetry_test(self.events1, self.n1, self.events2, self.n2, kind="harbord")
        assert test.slope == pytest.approx(coefficients[0], rel=1e-10)

    def test_impossible_counts(self):
        with pytest.raises(EvidenceError, match="more than the people"):
            binary_asymmetry_test([5, 2, 3], [4, 10, 10], [1, 1, 1], [9, 9, 9])


class TestOverview:
    def test_few_studies_leave_most_unrun_and_say_so(self):
        overview = small_study_overview(LOPSIDED_Y[:5], LOPSIDED_V[:5])
        assert overview.egger is None
        assert overview.henmi_copas is not None
        assert dict(overview.not_run)["Egger's test"].startswith("5 of the 10 studies")
        assert "too little power" in overview.henmi_copas.caveat

    def test_ten_studies_run_everything(self):
        overview = small_study_overview(LOPSIDED_Y, LOPSIDED_V)
        assert overview.not_run == ()
        assert overview.favoured == "greater"
        assert small_study_overview([-y for y in LOPSIDED_Y], LOPSIDED_V).favoured == "less"

    def test_what_cannot_be_done_is_a_reason_not_an_error(self):
        overview = small_study_overview([0.1 * i for i in range(12)], [0.1] * 12)
        assert "one size" in dict(overview.not_run)["Egger's test"]

    def test_one_study(self):
        overview = small_study_overview([0.3], [0.1])
        assert overview.excess is not None
        assert len(overview.not_run) == 7


@pytest.mark.parametrize(
    "method",
    [
        egger_test,
        rank_test,
        trim_and_fill,
        pet_peese,
        limit_meta_analysis,
        partial(fail_safe_n, kind="Rosenthal"),
        excess_significance,
        henmi_copas,
        small_study_overview,
    ],
)
@pytest.mark.parametrize(
    ("y", "v"),
    [([], []), ([0.1, 0.2, math.nan], [1, 2, 3]), ([0.1, 0.2, 0.3], [1, 0, 2]), ([1, 2], [1])],
)
def test_unusable_studies_are_refused(method, y, v):
    with pytest.raises(EvidenceError):
        method(y, v)


@pytest.mark.parametrize(
    ("y", "v"),
    [
        ([0.5] * 5, [0.1] * 5),
        ([0.5] * 6, [0.1, 0.2, 0.3, 0.1, 0.5, 0.7]),
        ([0.1, 0.5, 0.2, 0.9, 0.4], [1e-20, 0.1, 0.2, 0.3, 0.2]),
        ([0.1, 0.5, 0.2, 0.9, 0.4], [1e20, 0.1, 0.2, 0.3, 0.2]),
        ([1e300, 2e300, -1e300, 5e299], [1e300, 2e300, 1e299, 1e298]),
        ([1e-300, 2e-300, 3e-300, 1e-300], [1e-300, 2e-300, 1e-299, 1e-298]),
        ([0.0] * 4, [0.1, 0.2, 0.3, 0.4]),
    ],
)
def test_awkward_studies_have_an_answer_or_a_reason(y, v):
    for method in (
        egger_test,
        rank_test,
        trim_and_fill,
        pet_peese,
        limit_meta_analysis,
        excess_significance,
        henmi_copas,
        small_study_overview,
        *(partial(fail_safe_n, kind=kind) for kind in ("Rosenthal", "Rosenberg", "General")),
    ):
        try:
            result = method(y, v)
        except EvidenceError as reason:
            assert len(str(reason)) > 20  # noqa: PT017 - a reason in words
            continue
        numbers = [getattr(result, name) for name in result.__slots__]
        assert not [x for x in numbers if isinstance(x, float) and math.isnan(x)]


def test_every_citation_is_known():
    results = [
        egger_test(LOPSIDED_Y, LOPSIDED_V, model="rma"),
        rank_test(LOPSIDED_Y, LOPSIDED_V),
        trim_and_fill(LOPSIDED_Y, LOPSIDED_V),
        pet_peese(LOPSIDED_Y, LOPSIDED_V),
        limit_meta_analysis(LOPSIDED_Y, LOPSIDED_V),
        *(
            fail_safe_n(LOPSIDED_Y, LOPSIDED_V, kind=kind)
            for kind in ("Rosenthal", "Orwin", "Rosenberg", "General")
        ),
        excess_significance(LOPSIDED_Y, LOPSIDED_V),
        henmi_copas(LOPSIDED_Y, LOPSIDED_V),
    ]
    assert {c for r in results for c in r.cites} <= set(METHODS)
