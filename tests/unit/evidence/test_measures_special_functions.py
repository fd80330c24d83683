"""Functions behind the measures against 30-digit arithmetic."""

import numpy as np
import pytest
from mpmath import mp, mpf

from equipoise.stats.bivariate_normal import (
    bivariate_normal_cdf,
    bivariate_normal_density,
    tetrachoric_correlation,
)
from equipoise.stats.hypergeometric import hypergeometric_2f1
from equipoise.stats.small_samples import small_sample_factor


@pytest.mark.parametrize("df", [1.01, 1.5, 2, 3, 10, 31.4, 59.9, 60, 61, 100, 1e3, 1e5, 1e8])
def test_small_sample_factor(df):
    with mp.workdps(40):
        half = mpf(df) / 2
        exact = mp.exp(mp.loggamma(half) - mp.loggamma(half - mpf(1) / 2)) / mp.sqrt(half)
        assert abs(float(small_sample_factor(df) / exact - 1)) < 3e-14


def test_small_sample_factor_needs_more_than_one_degree_of_freedom():
    assert np.isnan(small_sample_factor([1, 0.5, -3, np.nan])).all()


@pytest.mark.parametrize("n", [3.5, 4, 5, 8, 12, 21, 22, 23, 50, 171, 326, 1000, 20000])
@pytest.mark.parametrize("r", [1e-3, 0.04, 0.21, 0.5, 0.9, 0.999, 1.0])
def test_hypergeometric_function(n, r):
    x = 1 - r**2
    with mp.workdps(30):
        for a, c in ((0.5, (n - 2) / 2), (1.0, n / 2)):
            exact = mp.hyp2f1(a, a, c, x)
            ours = hypergeometric_2f1(a, np.array([c]), np.array([x]))[0]
            assert abs(float(ours / exact - 1)) < 1e-12


@pytest.mark.parametrize("h", [-3.0, -0.4, 0.0, 1.2])
@pytest.mark.parametrize("k", [-1.2, 0.0, 0.4, 2.5])
@pytest.mark.parametrize("r", [-0.99, -0.5, 0.0, 0.3, 0.95])
def test_bivariate_normal(h, k, r):
    with mp.workdps(30):

        def density(angle):
            exponent = (h * h + k * k - 2 * h * k * mp.sin(angle)) / (2 * mp.cos(angle) ** 2)
            return mp.exp(-exponent)

        integral = mp.quad(density, mp.linspace(0, mp.asin(r), 5)) / (2 * mp.pi)
        exact = mp.ncdf(h) * mp.ncdf(k) + integral
        slope = density(mp.asin(r)) / (2 * mp.pi * mp.sqrt(1 - mpf(r) ** 2))
    at = [np.array([v]) for v in (h, k, r)]
    assert bivariate_normal_cdf(*at)[0] == pytest.approx(float(exact), abs=1e-15)
    assert bivariate_normal_density(*at)[0] == pytest.approx(float(slope), rel=1e-12)


def test_tetrachoric_correlation_reproduces_the_table():
    rng = np.random.default_rng(20)
    a, b, c, d = rng.integers(1, 200, size=(4, 500)).astype(float)
    r, variance = tetrachoric_correlation(a, b, c, d)
    n = a + b + c + d
    from scipy.special import ndtri

    cell = bivariate_normal_cdf(ndtri((a + b) / n), ndtri((a + c) / n), r)
    np.testing.assert_allclose(cell, a / n, atol=2e-15)
    assert (variance > 0).all()
    # Twice the people halve the variance and leave the correlation.
    more, half = tetrachoric_correlation(2 * a, 2 * b, 2 * c, 2 * d)
    np.testing.assert_allclose(more, r, atol=1e-12)
    np.testing.assert_allclose(half, variance / 2, rtol=1e-9)


def test_tetrachoric_variance_is_the_spread_over_tables():
    """Against 20,000 drawn tables of one population, whose cells are known."""
    rng = np.random.default_rng(7)
    h, k, rho, n = 0.4, -0.3, 0.6, 2000
    first = bivariate_normal_cdf(np.array([h]), np.array([k]), np.array([rho]))[0]
    from scipy.special import ndtr

    chances = [first, ndtr(h) - first, ndtr(k) - first, 1 - ndtr(h) - ndtr(k) + first]
    drawn = rng.multinomial(n, chances, size=20_000).T.astype(float)
    r, variance = tetrachoric_correlation(*drawn)
    assert r.mean() == pytest.approx(rho, abs=2e-3)
    assert r.var() == pytest.approx(variance.mean(), rel=0.03)
