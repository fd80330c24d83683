"""Selection models: the likelihood against brute force, the fit against what must hold."""

import math
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import ndtr, ndtri

from equipoise.errors import EvidenceError
from equipoise.evidence.methods import METHODS
from equipoise.evidence.synthesis import pool_random
from equipoise.evidence.synthesis.small_study import (
    VEVEA_WOODS,
    BetaWeights,
    DecliningWeights,
    StepWeights,
    TruncationWeights,
    fit_selection_model,
    selection_log_likelihood,
)
from equipoise.stats.box_newton import climb
from equipoise.stats.selected_normal import SelectedNormal, p_values

Y = np.array([0.10, 0.12, 0.38, 0.20, 0.35, 0.50, 0.10, 0.85, -0.15, 0.70, 0.45, 0.02])
V = np.array([0.01, 0.012, 0.015, 0.03, 0.05, 0.04, 0.06, 0.15, 0.2, 0.08, 0.02, 0.05])

FUNCTIONS = [
    (StepWeights((0.025,)), (0.4,)),
    (StepWeights((0.025, 0.5)), (0.4, 1.7)),
    (BetaWeights(), (0.8, 1.6)),
    (BetaWeights(), (1.5, 30.0)),
    (DecliningWeights("halfnorm"), (2.0,)),
    (DecliningWeights("negexp"), (3.0,)),
    (DecliningWeights("logistic"), (4.0,)),
    (DecliningWeights("power"), (2.5,)),
    (DecliningWeights("negexppow"), (1.5, 2.0)),
    (DecliningWeights("negexp", threshold=0.05), (2.0,)),
    (DecliningWeights("halfnorm", imprecision=tuple(np.sqrt(V).tolist())), (2.0,)),
    (TruncationWeights(0.1), (0.3,)),
]
TWO_SIDED = [pair for pair in FUNCTIONS if not isinstance(pair[0], TruncationWeights)]


@cache
def fitted(function):
    return fit_selection_model(Y, V, function)


def weight(function, delta, p, i):
    """Weight of a p-value of study i, written once more from the formulas of the papers."""
    if isinstance(function, StepWeights):
        return (1.0, *delta)[sum(p > step for step in function.steps)]
    if isinstance(function, BetaWeights):
        p = min(max(p, 1e-5), 1 - 1e-5)
        return p ** (delta[0] - 1) * (1 - p) ** (delta[1] - 1)
    d = delta[0]
    if function.imprecision is not None:
        d *= function.imprecision[i] / max(function.imprecision)
    if p <= function.threshold:
        return 1.0
    return {
        "halfnorm": lambda: math.exp(-d * p**2),
        "negexp": lambda: math.exp(-d * p),
        "logistic": lambda: 2 * math.exp(-d * p) / (1 + math.exp(-d * p)),
        "power": lambda: (1 - min(p, 1 - 1e-5)) ** d,
        "negexppow": lambda: math.exp(-d * p ** (1 / delta[-1])),
    }[function.shape]()


def brute_force(function, delta, mu, tau2, alternative):
    """Log-likelihood with every integral done by panels of adaptive quadrature."""
    total = 0.0
    for i, (y, v) in enumerate(zip(Y.tolist(), V.tolist(), strict=True)):
        s, sigma = math.sqrt(v + tau2), math.sqrt(v)

        def w(x, i=i, sigma=sigma):
            if isinstance(function, TruncationWeights):
                right = x > function.cut_point if alternative == "greater" else x < 0.1
                return 1.0 if right else delta[0]
            p = float(p_values(np.array([x / sigma]), alternative)[0])
            return weight(function, delta, p, i)

        def density(x, s=s):
            return math.exp(-0.5 * ((x - mu) / s) ** 2) / (s * math.sqrt(2 * math.pi))

        jumps = [0.025, 0.5, 0.05, 1e-5]
        cuts = {mu + s * k for k in range(-10, 11)} | {0.1, 0.0}
        for p in jumps:
            for z in (-_z(p), _z(p), _z(p / 2), -_z(p / 2)):
                cuts.add(z * sigma)
        ends = sorted(c for c in cuts if mu - 10 * s <= c <= mu + 10 * s)
        kept = math.fsum(
            quad(lambda x: density(x) * w(x), a, b, epsabs=1e-14, epsrel=1e-11)[0]
            for a, b in pairwise(ends)
        )
        total += math.log(density(y)) + math.log(w(y)) - math.log(kept)
    return total


def _z(p):
    return float(ndtri(p))


@pytest.mark.parametrize(("function", "delta"), FUNCTIONS, ids=lambda x: str(x)[:45])
@pytest.mark.parametrize("alternative", ["greater", "less"])
def test_likelihood_is_that_of_brute_force(function, delta, alternative):
    ours = selection_log_likelihood(
        Y, V, function, mu=0.25, tau2=0.03, delta=delta, alternative=alternative
    )
    assert ours == pytest.approx(brute_force(function, delta, 0.25, 0.03, alternative), abs=2e-9)


@pytest.mark.parametrize(("function", "delta"), TWO_SIDED, ids=lambda x: str(x)[:45])
def test_two_sided_likelihood_is_that_of_brute_force(function, delta):
    ours = selection_log_likelihood(
        Y, V, function, mu=0.25, tau2=0.03, delta=delta, alternative="two.sided"
    )
    assert ours == pytest.approx(brute_force(function, delta, 0.25, 0.03, "two.sided"), abs=2e-8)


@pytest.mark.parametrize(("function", "delta"), FUNCTIONS, ids=lambda x: str(x)[:45])
def test_derivatives_are_those_of_differences(function, delta):
    sigma = np.sqrt(V)
    model = SelectedNormal(
        y=Y,
        v=V,
        p=function.selection_p(Y, p_values(Y / sigma, "greater"), "greater"),
        weight=function,
        columns=function.columns(sigma, "greater"),
    )
    u = np.log(delta) if function.logarithmic else np.array(delta)
    x = np.concatenate([[0.25, 0.03], u])
    value, gradient, hessian = model.derivatives(x)
    assert value == pytest.approx(model.log_likelihood(x), abs=1e-12)
    for j in range(len(x)):
        h = 1e-4 * max(1.0, abs(x[j])) * (0.05 if j == 1 else 1.0)
        step = np.zeros(len(x))
        step[j] = h
        up, down = model.derivatives(x + step), model.derivatives(x - step)
        assert (up[0] - down[0]) / (2 * h) == pytest.approx(gradient[j], rel=1e-5, abs=1e-6)
        assert (up[1] - down[1]) / (2 * h) == pytest.approx(hessian[j], rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("alternative", ["greater", "less", "two.sided"])
def test_density_of_what_is_seen_integrates_to_one(alternative):
    function, delta = BetaWeights(), (0.7, 2.0)

    def seen(y):
        return math.exp(
            selection_log_likelihood(
                [y], [0.04], function, mu=0.2, tau2=0.01, delta=delta, alternative=alternative
            )
        )

    ends = np.linspace(-2.5, 2.9, 28).tolist()
    total = sum(quad(seen, a, b, epsabs=1e-9, limit=200)[0] for a, b in pairwise(ends))
    assert total == pytest.approx(1, abs=1e-6)


class TestNoSelection:
    def test_weights_of_one_are_the_random_effects_model(self):
        plain = pool_random(Y, V, method="ML", test="z")
        fit = fit_selection_model(Y, V, StepWeights((0.025, 0.5), (1.0, 1.0, 1.0)))
        assert fit.mu == pytest.approx(plain.mu, rel=1e-9)
        assert fit.tau2 == pytest.approx(plain.tau2, rel=1e-8, abs=1e-12)
        assert (fit.lrt, fit.lrt_df, fit.lrt_p) == (pytest.approx(0, abs=1e-10), 0, None)

    def test_estimated_weights_never_do_worse(self):
        for function, _ in FUNCTIONS[:7]:
            assert fitted(function).lrt >= 0

    def test_a_falling_weight_stays_at_zero_where_the_tail_is_on_the_other_side(self):
        y = [0.31, 0.3, 0.3, 0.29, 0.28, 0.27, 0.25, 0.2, 0.1, -0.2, -0.6, -1.1]
        fit = fit_selection_model(y, [0.03] * 12, DecliningWeights("negexp"), alternative="less")
        assert fit.delta == (0.0,)
        assert any("smallest value" in note for note in fit.notes)


class TestFit:
    @pytest.mark.parametrize(("function", "delta"), FUNCTIONS, ids=lambda x: str(x)[:45])
    def test_no_point_nearby_is_likelier(self, function, delta):
        del delta
        fit = fitted(function)
        rng = np.random.default_rng(1)
        free = [d for d, se in zip(fit.delta, fit.se_delta, strict=True) if se is not None]
        if len(free) < len(function.smallest):
            free = list(fit.delta)
        for _ in range(60):
            mu = fit.mu + rng.normal(0, 0.3 * (fit.se or 0.1))
            tau2 = max(0.0, fit.tau2 + rng.normal(0, 0.01))
            near = [min(100.0, max(1e-5, d * math.exp(rng.normal(0, 0.2)))) for d in free]
            there = selection_log_likelihood(Y, V, function, mu=mu, tau2=tau2, delta=near)
            assert there <= fit.log_likelihood + 1e-9

    def test_the_score_is_gone(self):
        for function, _ in FUNCTIONS:
            assert fitted(function).gradient < 1e-8

    def test_selection_against_the_insignificant_pulls_the_mean_down(self):
        severe = fit_selection_model(Y, V, VEVEA_WOODS["severe one-tailed"])
        moderate = fit_selection_model(Y, V, VEVEA_WOODS["moderate one-tailed"])
        plain = pool_random(Y, V, method="ML", test="z")
        assert severe.mu < moderate.mu < plain.mu

    @pytest.mark.parametrize("function", [StepWeights((0.025,)), BetaWeights()])
    def test_mirror(self, function):
        here = fitted(function)
        there = fit_selection_model(-Y, V, function, alternative="less")
        assert there.mu == pytest.approx(-here.mu, rel=1e-7)
        assert there.delta == pytest.approx(here.delta, rel=1e-6)
        assert there.log_likelihood == pytest.approx(here.log_likelihood, rel=1e-11)

    def test_units_and_order(self):
        here = fit_selection_model(Y, V, StepWeights((0.025,)))
        order = np.random.default_rng(2).permutation(len(Y))
        there = fit_selection_model(1e5 * Y[order], 1e10 * V[order], StepWeights((0.025,)))
        assert there.mu == pytest.approx(1e5 * here.mu, rel=1e-8)
        assert there.se == pytest.approx(1e5 * here.se, rel=1e-7)
        assert there.delta == pytest.approx(here.delta, rel=1e-7)
        assert there.lrt == pytest.approx(here.lrt, abs=1e-8)

    def test_duplicates_halve_the_variance(self):
        once = fit_selection_model(Y, V, StepWeights((0.025,)))
        twice = fit_selection_model([*Y, *Y], [*V, *V], StepWeights((0.025,)))
        assert twice.mu == pytest.approx(once.mu, rel=1e-7)
        assert twice.se == pytest.approx(once.se / math.sqrt(2), rel=1e-6)
        assert twice.log_likelihood == pytest.approx(2 * once.log_likelihood, rel=1e-10)

    def test_recovers_the_selection_it_was_made_with(self):
        rng = np.random.default_rng(11)
        y, v = [], []
        while len(y) < 1200:
            variance = float(rng.uniform(0.01, 0.15))
            effect = float(rng.normal(0.2, math.sqrt(variance + 0.02)))
            p = float(ndtr(-effect / math.sqrt(variance)))
            if p <= 0.025 or rng.uniform() < 0.3:
                y.append(effect)
                v.append(variance)
        fit = fit_selection_model(y, v, StepWeights((0.025,)))
        assert abs(fit.mu - 0.2) < 3 * fit.se
        assert abs(fit.delta[1] - 0.3) < 3 * fit.se_delta[1]
        assert fit.lrt_p < 1e-10
        assert pool_random(y, v, method="ML").mu > 0.25

    def test_equal_effects_keep_tau2_at_zero(self):
        fit = fit_selection_model(Y, V, StepWeights((0.025,)), random=False)
        assert fit.tau2 == 0
        assert fit.se_tau2 is None


class TestBoundaries:
    def test_an_interval_without_a_study_has_weight_zero(self):
        y = [0.5, 0.6, 0.1, 0.3, 0.2, 0.55]
        fit = fit_selection_model(y, [0.04] * 5 + [0.05], StepWeights((0.025, 0.5)))
        assert fit.interval_counts[2] == 0
        assert fit.delta[2] == 0
        assert fit.se_delta[2] is None
        assert "its weight is zero" in fit.notes[0]
        assert fit.lrt_df == 2

    def test_no_study_in_the_first_interval(self):
        y, v = [0.1, -0.2, 0.05, 0.3, 0.12], [0.1, 0.2, 0.05, 0.2, 0.15]
        fit = fit_selection_model(y, v, StepWeights((0.025,)))
        assert fit.delta[1] == pytest.approx(100)
        assert any("largest δ" in note for note in fit.notes)
        with pytest.raises(EvidenceError, match="No study has p"):
            fit_selection_model(y, v, StepWeights((0.025,)), largest_delta=math.inf)

    def test_a_flat_likelihood_is_told(self):
        y = [5.0, 5.1, 4.9, 5.2]
        fit = fit_selection_model(y, [0.001, 0.002, 0.003, 0.001], StepWeights((0.025,)))
        assert any("say nothing" in note for note in fit.notes)
        assert fit.mu == pytest.approx(pool_random(y, [0.001, 0.002, 0.003, 0.001], method="ML").mu)

    @pytest.mark.parametrize("scale", [1e-150, 1e150])
    def test_extreme_units(self, scale):
        here = fit_selection_model(Y, V, StepWeights((0.025,)))
        there = fit_selection_model(scale * Y, scale**2 * V, StepWeights((0.025,)))
        assert there.mu == pytest.approx(scale * here.mu, rel=1e-7)


class TestRefusals:
    @pytest.mark.parametrize(
        ("make", "words"),
        [
            (lambda: StepWeights((0.5, 0.1)), "ascending"),
            (lambda: StepWeights((0.0,)), "ascending"),
            (lambda: StepWeights((0.05,), (1.0,)), "2 intervals"),
            (lambda: DecliningWeights("cosine"), "No such shape"),
            (lambda: DecliningWeights("power", threshold=1.0), "below 1"),
            (lambda: DecliningWeights("power", imprecision=(1.0, 0.0)), "positive"),
            (lambda: fit_selection_model([0.1, 0.2], [1, 1], BetaWeights()), "at least three"),
            (lambda: fit_selection_model([0.1, math.nan, 1], [1, 1, 1], BetaWeights()), "finite"),
            (lambda: fit_selection_model(Y, V, BetaWeights(), alternative="up"), "alternative"),
            (lambda: fit_selection_model(Y, V, BetaWeights(), largest_delta=0.5), "largest"),
            (
                lambda: fit_selection_model(Y, V, TruncationWeights(), alternative="two.sided"),
                "one side",
            ),
        ],
    )
    def test_in_words(self, make, words):
        with pytest.raises(EvidenceError, match=words):
            make()


@given(
    st.lists(st.tuples(st.floats(-2, 2), st.floats(0.01, 1)), min_size=3, max_size=10, unique=True)
)
@settings(max_examples=25, deadline=None)
def test_every_fit_is_finite_or_refused_in_words(pairs):
    y, v = [a for a, _ in pairs], [b for _, b in pairs]
    try:
        fit = fit_selection_model(y, v, StepWeights((0.025,)))
    except EvidenceError:
        return
    assert all(map(math.isfinite, (fit.mu, fit.tau2, fit.log_likelihood, fit.lrt, *fit.delta)))
    assert fit.gradient < 1e-5


class TestClimb:
    def test_a_parabola_in_a_box(self):
        def f(x):
            return -float((x - 2) @ (x - 2)), -2 * (x - 2), -2 * np.eye(2)

        peak = climb(f, np.zeros(2), np.array([0.0, 0.0]), np.array([1.0, 5.0]))
        assert peak.converged
        assert peak.x == pytest.approx([1.0, 2.0])
        assert peak.at_upper.tolist() == [True, False]

    def test_starts_where_there_is_nothing(self):
        assert climb(lambda x: None, np.zeros(1), np.full(1, -1.0), np.ones(1)) is None


def test_citations_are_known():
    for function, _ in FUNCTIONS:
        assert set(fitted(function).cites) <= set(METHODS)
