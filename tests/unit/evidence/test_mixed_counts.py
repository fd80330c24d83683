"""Mixed models of counts: against integrals done by others, and what must not change."""

import math
import warnings

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, optimize
from scipy.special import expit, gammaln

from equipoise.errors import EvidenceError
from equipoise.evidence.effects import estimate_or
from equipoise.evidence.synthesis import fit_glmm, fit_glmm_one_arm
from equipoise.stats.count_likelihoods import NoncentralHypergeometric

# Ketotifen in asthma (ten trials), then ten trials with rare events and zeros.
ASTHMA = (
    [1, 31, 16, 19, 7, 10, 6, 6, 8, 9],
    [10, 68, 52, 39, 34, 18, 20, 16, 28, 25],
    [6, 38, 19, 17, 35, 15, 14, 8, 16, 20],
    [10, 65, 51, 36, 41, 18, 20, 15, 34, 25],
)
RARE = (
    [0, 9, 0, 3, 0, 2, 1, 0, 4, 0],
    [100, 120, 90, 150, 60, 110, 95, 70, 130, 50],
    [0, 3, 2, 1, 4, 2, 0, 1, 9, 0],
    [100, 118, 88, 150, 62, 105, 97, 75, 128, 50],
)
MODELS = ("UM.FS", "UM.RS", "CM.EL", "CM.AL")


def log_hypergeometric(theta, e1, n1, e2, n2):
    m = e1 + e2
    x = np.arange(max(0, m - n2), min(n1, m) + 1)
    terms = (
        gammaln(n1 + 1) - gammaln(x + 1) - gammaln(n1 - x + 1)
        + gammaln(n2 + 1) - gammaln(m - x + 1) - gammaln(n2 - m + x + 1)
        + theta * x
    )  # fmt: skip
    return terms[x == e1][0] - np.logaddexp.reduce(terms)


def log_integral(log_f):
    """Logarithm of ∫ exp(log_f(u)) φ(u) du, by a general adaptive rule."""
    top = max(log_f(u) - u * u / 2 for u in np.linspace(-8, 8, 161))
    value = integrate.quad(
        lambda u: math.exp(log_f(u) - u * u / 2 - top), -12, 12, epsabs=0, epsrel=1e-12, limit=400
    )[0]
    return top + math.log(value) - math.log(2 * math.pi) / 2


def conditional_likelihood(mu, tau, tables):
    return sum(
        log_integral(lambda u, row=row: log_hypergeometric(mu + tau * u, *row))
        for row in zip(*tables, strict=True)
        if row[0] + row[2]
    )


@pytest.mark.parametrize("tables", [ASTHMA, RARE])
def test_conditional_model_is_the_maximum_of_the_integral(tables):
    r = fit_glmm(*tables, model="CM.EL")
    tau = math.sqrt(r.tau2)
    top = conditional_likelihood(r.mu, tau, tables)
    assert r.log_likelihood == pytest.approx(top, rel=1e-9)
    assert r.quadrature_error < 1e-7
    for d_mu, d_tau in ((1e-3, 0), (-1e-3, 0), (0, 1e-3), (0, -1e-3)):
        assert conditional_likelihood(r.mu + d_mu, tau + d_tau, tables) < top


def test_own_levels_against_a_general_optimiser_and_integrator():
    tables = tuple(column[:4] for column in ASTHMA)
    r = fit_glmm(*tables, model="UM.FS", quadrature_points=41)

    def study(mu, tau, level, row):
        e1, n1, e2, n2 = row

        def log_f(u):
            out = 0.0
            for e, n, sign in ((e1, n1, 0.5), (e2, n2, -0.5)):
                p = expit(level + sign * (mu + tau * u))
                out += math.log(math.comb(n, e)) + e * math.log(p) + (n - e) * math.log1p(-p)
            return out

        return log_integral(log_f)

    def profile(mu, tau):
        return sum(
            -optimize.minimize_scalar(
                lambda level, row=row: -study(mu, tau, level, row),
                bounds=(-6, 6),
                method="bounded",
                options={"xatol": 1e-8},
            ).fun
            for row in zip(*tables, strict=True)
        )

    tau = math.sqrt(r.tau2)
    assert r.log_likelihood == pytest.approx(profile(r.mu, tau), rel=1e-9)
    assert r.log_likelihood > profile(r.mu + 0.01, tau)
    assert r.log_likelihood > profile(r.mu, tau + 0.01)


def test_random_levels_against_a_double_integral():
    tables = tuple(column[:3] for column in ASTHMA)
    r = fit_glmm(*tables, model="UM.RS", quadrature_points=31)
    assert r.quadrature_error < 1e-6
    x, w = np.polynomial.hermite_e.hermegauss(120)
    w = w / w.sum()
    a, u = np.meshgrid(x, x, indexing="ij")

    def likelihood(mu, tau, level, sigma):
        total = 0.0
        for e1, n1, e2, n2 in zip(*tables, strict=True):
            f = np.ones_like(a)
            for e, n, sign in ((e1, n1, 0.5), (e2, n2, -0.5)):
                p = expit(level + sigma * a + sign * (mu + tau * u))
                f = f * math.comb(n, e) * p**e * (1 - p) ** (n - e)
            total += math.log(float(w @ f @ w))
        return total

    best = optimize.minimize(
        lambda v: -likelihood(r.mu, math.sqrt(r.tau2), *v),
        [0.0, math.sqrt(r.level_variance)],
        method="Nelder-Mead",
        options={"xatol": 1e-8, "fatol": 1e-13},
    )
    assert r.log_likelihood == pytest.approx(-best.fun, abs=1e-6)
    assert best.x[1] ** 2 == pytest.approx(r.level_variance, abs=1e-4)


def test_one_arm_against_a_general_integrator():
    x, n = [3, 0, 12, 7, 1], [40, 25, 80, 33, 60]
    r = fit_glmm_one_arm(x, n, quadrature_points=41)

    def likelihood(mu, tau):
        return sum(
            math.log(math.comb(m, e))
            + log_integral(
                lambda u, e=e, m=m: (
                    e * math.log(expit(mu + tau * u)) + (m - e) * math.log(expit(-mu - tau * u))
                )
            )
            for e, m in zip(x, n, strict=True)
        )

    tau = math.sqrt(r.tau2)
    assert r.log_likelihood == pytest.approx(likelihood(r.mu, tau), rel=1e-10)
    # The standard error is the curvature of the profile likelihood.
    h = 0.02

    def profile(mu):
        return -optimize.minimize_scalar(
            lambda t: -likelihood(mu, t), bounds=(0.1, 3), method="bounded", options={"xatol": 1e-7}
        ).fun

    bend = (2 * profile(r.mu) - profile(r.mu + h) - profile(r.mu - h)) / h**2
    assert r.se == pytest.approx(1 / math.sqrt(bend), rel=1e-3)


@pytest.mark.parametrize("table", [(3, 10, 0, 10), (40, 100, 55, 100), (300, 1000, 250, 1100)])
@pytest.mark.parametrize("eta", [-8.0, -1.0, 0.3, 12.0])
def test_hypergeometric_against_sums_in_many_digits(table, eta):
    columns = (np.array([float(v)]) for v in table)
    mass = NoncentralHypergeometric(*columns).at(np.array([[eta]]))
    e1, n1, e2, n2 = table
    m = e1 + e2
    with mpmath.workdps(40):
        gaps = [x - e1 for x in range(max(0, m - n2), min(n1, m) + 1)]
        terms = [
            math.comb(n1, e1 + g) * math.comb(n2, e2 - g) * mpmath.exp(mpmath.mpf(eta) * g)
            for g in gaps
        ]
        total = mpmath.fsum(terms)
        mean = mpmath.fsum(g * t for g, t in zip(gaps, terms, strict=True)) / total
        central = [
            mpmath.fsum((g - mean) ** r * t for g, t in zip(gaps, terms, strict=True)) / total
            for r in (2, 3)
        ]
        wanted = [mpmath.log(terms[gaps.index(0)] / total), -mean, -central[0], -central[1]]
        wanted = [float(value) for value in wanted]
    assert [float(part[0, 0]) for part in mass] == pytest.approx(wanted, rel=1e-9)


def test_without_heterogeneity_the_conditional_model_is_exact_logistic_regression():
    tables = [12, 10, 14], [50, 42, 60], [20, 17, 24], [50, 43, 59]
    r = fit_glmm(*tables, model="CM.EL")
    assert r.tau2 == 0

    def slope(theta):
        h = 1e-5
        rows = list(zip(*tables, strict=True))
        up = sum(log_hypergeometric(theta + h, *row) for row in rows)
        return (up - sum(log_hypergeometric(theta - h, *row) for row in rows)) / (2 * h)

    assert r.mu == pytest.approx(optimize.brentq(slope, -3, 3), abs=1e-8)


def test_one_study_is_its_own_table():
    t = [7], [40], [12], [38]
    odds = estimate_or(7, 40, 12, 38)
    r = fit_glmm(*t, model="UM.FS")
    assert (r.mu, r.se, r.tau2) == pytest.approx((odds.yi, odds.sei, 0), rel=1e-8)
    assert (r.q_df, r.q_lrt_p, r.q_wald_p) == (0, None, None)
    assert r.q_lrt == pytest.approx(0, abs=1e-10)
    assert fit_glmm_one_arm([7], [40]).mu == pytest.approx(math.log(7 / 33), rel=1e-9)
    rates = fit_glmm([7], [40.5], [12], [38.2], measure="IRR", model="CM.EL")
    assert rates.mu == pytest.approx(math.log(7 / 40.5) - math.log(12 / 38.2), rel=1e-9)
    assert rates.se == pytest.approx(math.sqrt(1 / 7 + 1 / 12), rel=1e-8)


def test_own_levels_and_conditioning_agree_for_rates():
    """Poisson counts given their sum are binomial: without τ² the two likelihoods are the same."""
    t = [7, 8, 3, 6], [1344, 1988, 1460, 620], [11, 12, 5, 9], [1295, 1843, 1400, 600]
    full, given_sum = (fit_glmm(*t, measure="IRR", model=m) for m in ("UM.FS", "CM.EL"))
    assert full.tau2 == given_sum.tau2 == 0
    assert (full.mu, full.se) == pytest.approx((given_sum.mu, given_sum.se), rel=1e-7)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("tables", [ASTHMA, RARE])
def test_swapped_arms_flip_the_sign(model, tables):
    there = fit_glmm(*tables, model=model)
    back = fit_glmm(*tables[2:], *tables[:2], model=model)
    assert back.mu == pytest.approx(-there.mu, rel=1e-7, abs=1e-9)
    assert (back.se, back.tau2, back.log_likelihood) == pytest.approx(
        (there.se, there.tau2, there.log_likelihood), rel=1e-6, abs=1e-9
    )


@pytest.mark.parametrize("model", ["UM.FS", "UM.RS", "CM.EL"])
def test_swapped_events_flip_the_sign(model):
    others = [n - e for e, n in zip(*ASTHMA[:2], strict=True)], ASTHMA[1]
    rest = [n - e for e, n in zip(*ASTHMA[2:], strict=True)], ASTHMA[3]
    there, back = fit_glmm(*ASTHMA, model=model), fit_glmm(*others, *rest, model=model)
    assert (back.mu, back.se, back.tau2) == pytest.approx(
        (-there.mu, there.se, there.tau2), rel=1e-6
    )


@pytest.mark.parametrize("model", MODELS)
def test_order_of_studies_and_empty_studies_change_nothing(model):
    there = fit_glmm(*RARE, model=model)
    assert there.dropped == (0, 9)
    again = fit_glmm(*(list(reversed(column))[:-1] for column in RARE), model=model)
    assert again.dropped == (0,)
    assert (again.mu, again.se, again.tau2, again.log_likelihood) == pytest.approx(
        (there.mu, there.se, there.tau2, there.log_likelihood), rel=1e-6, abs=1e-10
    )


def test_units_of_time_do_not_matter():
    t = [7, 0, 3, 16], [1344, 88, 1460, 620], [11, 4, 15, 9], [1295, 90, 1400, 600]
    days = t[0], [365.25 * x for x in t[1]], t[2], [365.25 * x for x in t[3]]
    for model in ("UM.FS", "UM.RS", "CM.EL"):
        a, b = (fit_glmm(*x, measure="IRR", model=model) for x in (t, days))
        assert (a.mu, a.se, a.tau2) == pytest.approx((b.mu, b.se, b.tau2), rel=1e-6, abs=1e-9)


def test_more_points_come_closer():
    errors = [fit_glmm(*RARE, model="UM.FS", quadrature_points=q).quadrature_error for q in (1, 7)]
    assert errors[1] < errors[0] / 100


def test_large_trials_agree_with_the_normal_model_and_take_no_time():
    big = tuple([1000 * c for c in column] for column in ASTHMA)
    for model in ("UM.FS", "CM.EL"):
        r = fit_glmm(*big, model=model)
        logs = [estimate_or(*row).yi for row in zip(*big, strict=True)]
        assert r.mu == pytest.approx(np.mean(logs), rel=1e-3)
        assert r.tau2 == pytest.approx(np.var(logs), rel=1e-2)


@st.composite
def any_tables(draw):
    k = draw(st.integers(1, 5))
    arm = st.tuples(st.integers(0, 25), st.integers(1, 25)).map(lambda x: (min(x), x[1]))
    first, second = (draw(st.lists(arm, min_size=k, max_size=k)) for _ in range(2))
    return (
        [e for e, _ in first],
        [n for _, n in first],
        [e for e, _ in second],
        [n for _, n in second],
    )


@settings(max_examples=25, deadline=None)
@given(t=any_tables(), model=st.sampled_from(MODELS))
def test_always_an_answer_or_words(t, model):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            r = fit_glmm(*t, model=model)
        except EvidenceError:
            return
    numbers = (r.mu, r.se, r.tau2, r.log_likelihood, r.q_wald, r.q_lrt, r.quadrature_error)
    assert all(map(math.isfinite, numbers))
    assert r.se > 0
    assert r.tau2 >= 0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: fit_glmm([0], [10], [0], [10]), "no ratio to pool"),
        (lambda: fit_glmm([0, 0], [10, 9], [1, 2], [10, 9]), "zero or infinite"),
        (lambda: fit_glmm([9, 1], [9, 9], [0, 9], [9, 9], model="CM.EL"), "no finite"),
        (lambda: fit_glmm([1], [10], [2], [10], model="XX"), "no mixed model"),
        (lambda: fit_glmm([1], [10], [2], [10], measure="RR"), "not RR"),
        (lambda: fit_glmm([1], [9.5], [2], [9.5], measure="IRR", model="CM.AL"), "use CM.EL"),
        (lambda: fit_glmm([1], [10], [2], [10], quadrature_points=0), "quadrature points"),
        (lambda: fit_glmm([1], [10], [2], [10], level=95), "level"),
        (lambda: fit_glmm_one_arm([0, 0], [10, 20]), "bound for zero events"),
        (lambda: fit_glmm_one_arm([10, 20], [10, 20]), "infinite"),
        (lambda: fit_glmm_one_arm([10, 0], [10, 20]), "no finite"),
        (lambda: fit_glmm_one_arm([1, math.nan], [10, 20]), "missing"),
        (lambda: fit_glmm_one_arm([1], [10], measure="PR"), "not PR"),
    ],
)
def test_refusals_speak(call, words):
    with pytest.raises(EvidenceError, match=words):
        call()
