"""Estimators of τ² against independent computations: matrices, fine grids, forty digits."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.errors import EvidenceError
from equipoise.evidence.methods import METHODS
from equipoise.evidence.synthesis import Status, pool_fixed, pool_many, pool_random

ITERATED = ("REML", "ML", "PM", "EB", "PMM")
CLOSED = ("DL", "HE", "HS", "HSk", "SJ")


def awkward_sets(seed, count):
    """Estimates with heavy tails, variances that differ by up to ten powers of ten."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        k = int(rng.integers(2, 13))
        vi = np.exp(rng.normal(size=k) * rng.choice([0.5, 2, 5, 8]))
        yi = rng.standard_t(2, k) * math.exp(rng.normal(0, 3))
        yield (np.round(yi) if rng.random() < 0.2 else yi), vi


def log_likelihood(yi, vi, tau2, restricted):
    """Twice the log-likelihood without constants, at an array of τ²."""
    y = yi - yi[np.argmin(vi)]
    w = 1 / (vi + np.atleast_1d(tau2)[:, None])
    total = w.sum(axis=1)
    mean = (w @ y) / total
    value = np.log(w).sum(axis=1) - (w * (y - mean[:, None]) ** 2).sum(axis=1)
    return value - np.log(total) if restricted else value


class TestLikelihood:
    @pytest.mark.parametrize("engine", ["numpy", "numba"])
    @pytest.mark.parametrize("method", ["REML", "ML"])
    def test_no_point_of_a_fine_grid_is_higher(self, method, engine):
        if engine == "numba":
            pytest.importorskip("numba")
        sets = list(awkward_sets(11, 1500))
        batch = pool_many(
            np.concatenate([y for y, _ in sets]),
            np.concatenate([v for _, v in sets]),
            [len(y) for y, _ in sets],
            method=method,
            engine=engine,
        )
        restricted, several_peaks = method == "REML", 0
        for (yi, vi), tau2 in zip(sets, batch.tau2, strict=True):
            span = max(np.ptp(yi) ** 2, 1e-12)
            lowest = min(vi.min(), span) * 1e-8
            grid = np.append(0.0, np.geomspace(lowest, span, 1000))
            heights = log_likelihood(yi, vi, grid, restricted)
            best = log_likelihood(yi, vi, tau2, restricted)[0]
            assert best >= heights.max() - 1e-9 * (1 + abs(heights.max()))
            rises = np.diff(heights) > 0
            several_peaks += (rises[:-1] & ~rises[1:]).sum() + (not rises[0]) > 1
        assert several_peaks > 20  # or the sets would not be awkward

    @pytest.mark.parametrize("engine", ["numpy", "numba"])
    @pytest.mark.parametrize(
        ("yi", "vi", "lower", "higher"),
        [
            ([0, 0.2, -1, 2], [0.001, 0.001, 0.5, 0.5], 0.0347, 0.7166),
            ([0, 0.3, 2, -2], [0.001, 0.001, 1, 1], 0.757, 0.06125),
        ],
    )
    def test_two_peaks(self, yi, vi, lower, higher, engine):
        """Two precise studies agree, two imprecise ones do not: the higher peak is taken."""
        if engine == "numba":
            pytest.importorskip("numba")
        y, v = np.array(yi, dtype=float), np.array(vi)
        grid = np.append(0.0, np.geomspace(1e-6, 10, 20_000))
        heights = log_likelihood(y, v, grid, restricted=True)
        rises = np.diff(heights) > 0
        peaks = grid[1:-1][rises[:-1] & ~rises[1:]]
        assert peaks == pytest.approx(sorted([lower, higher]), rel=5e-3)
        tau2 = pool_many(y, v, [4], engine=engine).tau2[0]
        assert tau2 == pytest.approx(higher, rel=1e-3)

    def test_equal_variances_have_a_closed_form(self):
        """Then REML, DL, PM and HE are the sample variance less the sampling variance."""
        yi, vi = [0.1, 0.5, -0.2, 0.9, 0.4], [0.05] * 5
        expected = np.var(yi, ddof=1) - 0.05
        for method in ("REML", "DL", "PM", "EB", "HE"):
            assert pool_random(yi, vi, method=method).tau2 == pytest.approx(expected, rel=1e-14)
        assert pool_random(yi, vi, method="ML").tau2 == pytest.approx(np.var(yi) - 0.05, rel=1e-14)

    def test_fit_statistics_are_what_they_say(self):
        yi, vi = np.array([0.1, 0.5, -0.2, 0.9]), np.array([0.04, 0.1, 0.05, 0.2])
        k, c = 4, math.log(2 * math.pi)
        for pooled, restricted in (
            (pool_fixed(yi, vi), False),
            (pool_random(yi, vi, method="ML"), False),
            (pool_random(yi, vi, method="REML"), True),
        ):
            n = k - restricted
            constant = -n * c + (math.log(k) if restricted else 0)
            expected = log_likelihood(yi, vi, pooled.tau2 or 0.0, restricted)[0] + constant
            fit, p = pooled.fit, 1 if pooled.tau2 is None else 2
            assert 2 * fit.log_likelihood == pytest.approx(expected, rel=1e-13)
            assert fit.aic == pytest.approx(2 * p - expected)
            assert fit.bic == pytest.approx(p * math.log(n) - expected)
            room = max(n, p + 2)
            assert fit.aicc == pytest.approx(2 * p * room / (room - p - 1) - expected)
        assert pool_fixed(yi, vi).fit.deviance == pytest.approx(pool_fixed(yi, vi).q)
        assert pool_random(yi, vi, method="DL").fit is None


def equation(method, y, v, tau2):
    w = [1 / (x + tau2) for x in v]
    total = mpmath.fsum(w)
    mean = mpmath.fdot(w, y) / total
    if method == "PM":
        return mpmath.fsum(a * (b - mean) ** 2 for a, b in zip(w, y, strict=True)) - len(y) + 1
    trace = total
    if method == "REML":
        trace -= mpmath.fsum(a * a for a in w) / total
    return mpmath.fsum((a * (b - mean)) ** 2 for a, b in zip(w, y, strict=True)) - trace


@pytest.mark.parametrize("method", ["REML", "ML", "PM"])
@pytest.mark.parametrize("precise", [1.0, 1e-6, 1e-14])
def test_sixty_digits(method, precise):
    """Right to 1e-12, also where one study is 10¹⁴ times as precise as the others."""
    rng = np.random.default_rng(3)
    positive = 0
    for _ in range(25):
        k = int(rng.integers(2, 9))
        vi = np.exp(rng.normal(0, 1, k))
        vi[rng.integers(k)] *= precise
        yi = 3 * rng.standard_t(3, k)
        tau2 = pool_many(yi, vi, [k], method=method).tau2[0]
        if tau2 == 0:
            continue
        positive += 1
        with mpmath.workdps(60):
            y, v = [mpmath.mpf(x) for x in yi.tolist()], [mpmath.mpf(x) for x in vi.tolist()]
            near = (mpmath.mpf(tau2), mpmath.mpf(tau2) * (1 + mpmath.mpf(10) ** -9))
            exact = mpmath.findroot(
                lambda t, y=y, v=v: equation(method, y, v, t), near, tol=1e-70, verify=False
            )
            assert abs(tau2 - exact) <= 1e-12 * (exact + mpmath.mpf(vi.min()))
    assert positive > 5


class TestClosedForms:
    """By matrices: τ² = (y'Ay − c)/d, its standard error from tr AVAV, tr AVA and tr AA."""

    @staticmethod
    def by_matrices(method, y, v):
        k = len(y)
        a = {"HE": np.ones(k), "SJ": 1 / (v + np.var(y))}.get(method, 1 / v)
        A, V = np.diag(a) - np.outer(a, a) / a.sum(), np.diag(v)
        form = y @ A @ y
        small = k / (k - 1) if method == "HSk" else 1.0
        factor, less = {
            "DL": (1 / np.trace(A), k - 1),
            "HE": (1 / np.trace(A), np.trace(A @ V)),
            "HS": (1 / a.sum(), k),
            "HSk": (small / a.sum(), k / small),
            "SJ": (np.var(y) / (k - 1), 0),
        }[method]
        tau2 = max(0.0, factor * (form - less))
        traces = (A @ V @ A @ V, A @ V @ A, A @ A)
        variance = sum(
            c * np.trace(x) for c, x in zip((2, 4 * tau2, 2 * tau2**2), traces, strict=True)
        )
        return tau2, factor * math.sqrt(variance)

    @pytest.mark.parametrize("method", CLOSED)
    @given(st.lists(st.tuples(st.floats(-3, 3), st.floats(0.01, 2)), min_size=2, max_size=9))
    @settings(max_examples=60, deadline=None)
    def test_estimate_and_standard_error(self, method, pairs):
        y, v = (np.array(x) for x in zip(*pairs, strict=True))
        pooled = pool_random(y, v, method=method)
        tau2, se = self.by_matrices(method, y, v)
        assert pooled.tau2 == pytest.approx(tau2, rel=1e-9, abs=1e-12)
        assert pooled.se_tau2 == pytest.approx(se, rel=1e-9, abs=1e-12)

    @pytest.mark.parametrize("method", ["REML", "ML", "PM"])
    def test_standard_errors_of_the_others(self, method):
        y, v = np.array([0.1, 0.9, -0.6, 0.4]), np.array([0.04, 0.1, 0.05, 0.2])
        pooled = pool_random(y, v, method=method)
        w = 1 / (v + pooled.tau2)
        P = np.diag(w) - np.outer(w, w) / w.sum()
        expected = {
            "REML": math.sqrt(2 / np.trace(P @ P)),
            "ML": math.sqrt(2 / (w @ w)),
            "PM": 4 * math.sqrt(2 / 3) / w.sum(),
        }[method]
        assert pooled.se_tau2 == pytest.approx(expected, rel=1e-13)


class TestQ:
    def generalised_q(self, yi, vi, tau2):
        w = 1 / (vi + tau2)
        y = yi - yi[np.argmin(vi)]
        return w @ (y - w @ y / w.sum()) ** 2

    def test_the_interval_ends_where_q_meets_its_quantiles(self):
        from scipy.special import chdtri

        for yi, vi in awkward_sets(5, 300):
            low, high = pool_random(yi, vi).tau2_ci
            for end, tail in ((low, 0.025), (high, 0.975)):
                target = chdtri(len(yi) - 1, tail)
                q = self.generalised_q(yi, vi, end)
                assert q == pytest.approx(target, rel=1e-9) or (end == 0 and q < target)

    def test_no_ceiling(self):
        """metafor's search stops at 100 here; the end was recomputed for its reference values."""
        low, high = pool_random([-1, 1.5], [0.05, 0.02]).tau2_ci
        assert (low, high) == pytest.approx((0.587028422516915, 3182.0220928739714), rel=1e-6)

    def test_median_and_mean(self):
        """PMM lies above PM: the median of chi-square is below its mean."""
        yi, vi = [0.1, 0.9, -0.6, 0.4], [0.04, 0.1, 0.05, 0.2]
        pm, eb, pmm = (pool_random(yi, vi, method=m).tau2 for m in ("PM", "EB", "PMM"))
        assert pm == eb < pmm


@pytest.mark.parametrize("method", [*ITERATED, *CLOSED])
class TestEveryEstimator:
    @given(
        st.lists(st.tuples(st.floats(-3, 3), st.floats(0.01, 2)), min_size=2, max_size=9),
        st.sampled_from([1e-100, 1e-7, 3.0, 1e12, 1e100]),
    )
    @settings(max_examples=25, deadline=None)
    def test_mirror_order_and_units(self, method, pairs, unit):
        y, v = (np.array(x) for x in zip(*pairs, strict=True))
        one = pool_random(y, v, method=method)
        for other, c in (
            (pool_random(-y, v, method=method), -1.0),
            (pool_random(y[::-1], v[::-1], method=method), 1.0),
            (pool_random(unit * y, unit * unit * v, method=method), unit),
        ):
            size = abs(c)
            near = {"rel": 1e-8, "abs": 1e-9 * size}
            assert other.mu == pytest.approx(c * one.mu, **near)
            assert other.se == pytest.approx(size * one.se, **near)
            assert other.tau2 == pytest.approx(c * c * one.tau2, rel=1e-8, abs=1e-9 * c * c)
            assert other.i2 == pytest.approx(one.i2, rel=1e-7, abs=1e-7)

    @pytest.mark.parametrize("test", ["z", "t", "knha", "adhoc"])
    def test_bookkeeping(self, method, test):
        yi, vi = [0.1, 0.9, -0.6, 0.4], [0.04, 0.1, 0.05, 0.2]
        pooled = pool_random(yi, vi, method=method, test=test)
        assert (pooled.method, pooled.test, pooled.k) == (method, test, 4)
        assert set(pooled.cites) <= set(METHODS)
        assert pooled.df == (None if test == "z" else 3)
        assert pooled.statistic == pooled.mu / pooled.se
        assert pooled.se_model == pytest.approx(
            1 / math.sqrt(sum(1 / (v + pooled.tau2) for v in vi)), rel=1e-14
        )
        if test == "adhoc":
            assert pooled.ci == pytest.approx(pooled.ci_adhoc, rel=1e-14)
            assert pooled.se >= pooled.se_model

    def test_identical_studies(self, method):
        """Identical estimates show no heterogeneity, and Hartung-Knapp leaves no width."""
        pooled = pool_random([0.3] * 5, [0.1, 0.2, 0.05, 0.08, 0.4], method=method)
        assert (pooled.tau2, pooled.i2, pooled.tau2_ci) == (0, 0, (0, 0))
        assert (pooled.mu, pooled.se, pooled.p) == (0.3, 0, 0)
        assert pooled.hksj_narrower
        assert pool_random([0.0] * 3, [0.1] * 3, method=method).p == 1

    def test_one_enormous_weight(self, method):
        pooled = pool_random([0.2, 1.5, -0.8, 0.4], [1e-12, 0.1, 0.2, 0.3], method=method, test="z")
        # ML may well prefer the one study to speak for itself; no other does.
        assert pooled.tau2 > 0 or method == "ML"
        fixed = pool_fixed([0.2, 1.5, -0.8, 0.4], [1e-12, 0.1, 0.2, 0.3])
        assert fixed.mu == pytest.approx(0.2, rel=1e-10)
        # Q is nearly that of the three others around the exact one.
        assert fixed.q == pytest.approx(1.3**2 / 0.1 + 1 / 0.2 + 0.2**2 / 0.3, rel=1e-9)


def test_a_study_of_no_weight_changes_nothing():
    yi, vi = [0.1, 0.5, -0.2, 3.0], [0.04, 0.1, 0.05, 0.2]
    for method in ("REML", "ML"):
        one = pool_random(yi, vi, method=method, test="z")
        for huge in (1e20, 1e150, 1e300):
            two = pool_random([*yi, 0.7], [*vi, huge], method=method, test="z")
            assert two.tau2 == pytest.approx(one.tau2, rel=1e-9)
            assert two.mu == pytest.approx(one.mu, rel=1e-9)
            assert two.se == pytest.approx(one.se, rel=1e-9)


class TestPrediction:
    pooled = pool_random([0.1, 0.9, -0.6, 0.4], [0.04, 0.1, 0.05, 0.2], test="z")

    def test_quantiles(self):
        """Normal with the normal test; t on three and on two degrees of freedom."""
        sd = math.hypot(math.sqrt(self.pooled.tau2), self.pooled.se)
        for kind, quantile in (
            ("default", 1.959963984540054),
            ("t", 3.182446305284263),
            ("riley", 4.302652729749464),
        ):
            low, high = self.pooled.predict(kind)
            assert (high - low) / 2 == pytest.approx(quantile * sd, rel=1e-12)
            assert (high + low) / 2 == pytest.approx(self.pooled.mu)
            batch = pool_many(
                self.pooled.yi, self.pooled.vi, [4], test="z", prediction=kind, engine="numpy"
            )
            assert (batch.pi_low[0], batch.pi_high[0]) == pytest.approx((low, high), rel=1e-14)

    def test_nothing_to_predict(self):
        assert pool_fixed([1, 2], [1, 1]).predict("t") is None
        assert pool_random([1], [1]).predict() is None
        with pytest.raises(EvidenceError):
            self.pooled.predict("bayes")


class TestFixed:
    def test_tests_are_those_of_the_random_model_at_zero(self):
        """Homogeneous studies: every test of the two models is the same."""
        yi, vi = [0.1, 0.12, 0.09], [0.04, 0.05, 0.1]
        for test in ("z", "t", "knha", "adhoc"):
            fixed = pool_fixed(yi, vi, test=test)
            random = pool_random(yi, vi, test=test)
            assert random.tau2 == 0
            assert (fixed.mu, fixed.se, fixed.ci, fixed.p) == (
                random.mu,
                random.se,
                random.ci,
                random.p,
            )

    def test_it_is_no_random_effects_method(self):
        with pytest.raises(EvidenceError, match="pool_fixed"):
            pool_random([1, 2], [1, 1], method="FE")


@pytest.mark.parametrize(
    ("yi", "vi", "status"),
    [
        ([], [], Status.NO_STUDY),
        ([1, math.nan], [1, 1], Status.NOT_FINITE),
        ([1, 2], [1, math.inf], Status.NOT_FINITE),
        ([1, 2], [1, 0], Status.NO_VARIANCE),
        ([1, 2], [1, -1], Status.NO_VARIANCE),
        ([1e300, -1e300], [1, 1], Status.TOO_FAR_APART),
        ([1e308, -1e308], [1, 1], Status.TOO_FAR_APART),
        ([1e200, -1e200, 0], [1e308, 1e308, 1e308], Status.TOO_FAR_APART),
        ([0, 1], [1e-300, 1], Status.TOO_FAR_APART),
    ],
)
def test_refused_in_the_words_of_the_field(yi, vi, status):
    with pytest.raises(EvidenceError) as refused:
        pool_random(yi, vi)
    assert str(refused.value) == status.sentence
    assert pool_many(yi, vi, [len(yi)]).status[0] == status


@pytest.mark.parametrize("unit", [1e-150, 1e-100, 1e100, 1e150])
def test_any_unit_that_has_a_square(unit):
    yi, vi = np.array([0.1, 0.9, -0.6, 0.4]), np.array([0.04, 0.1, 0.05, 0.2])
    one, two = pool_random(yi, vi), pool_random(unit * yi, unit * unit * vi)
    assert two.mu / unit == pytest.approx(one.mu, rel=1e-12)
    assert two.tau2 / unit / unit == pytest.approx(one.tau2, rel=1e-12)
    assert two.weights == pytest.approx(one.weights, rel=1e-12)
    assert two.fit.deviance == pytest.approx(one.fit.deviance + 6 * math.log(unit), rel=1e-9)
