"""Climbing: to the digit, over saddles, along walls that are not there."""

import numpy as np
import pytest

from equipoise.stats.newton import climb


def test_a_quadratic_takes_its_top():
    H = np.array([[-3.0, 1.0], [1.0, -2.0]])
    top = np.array([0.7, -5.0])

    def f(x):
        return 0.5 * (x - top) @ H @ (x - top), H @ (x - top), H

    peak = climb(f, np.zeros(2))
    assert peak.settled
    assert peak.at == pytest.approx(top, rel=1e-14)


def test_rosenbrock():
    def f(x):
        a, b = x
        value = -((1 - a) ** 2) - 100 * (b - a**2) ** 2
        g = np.array([2 * (1 - a) + 400 * a * (b - a**2), -200 * (b - a**2)])
        H = np.array([[-2 + 400 * b - 1200 * a**2, 400 * a], [400 * a, -200.0]])
        return value, g, H

    assert climb(f, np.array([-1.2, 1.0])).at == pytest.approx([1, 1], rel=1e-12)


def test_a_saddle_repels():
    def f(x):
        a, b = x
        return (
            a**2 - a**4 - b**2,
            np.array([2 * a - 4 * a**3, -2 * b]),
            np.diag([2 - 12 * a**2, -2.0]),
        )

    peak = climb(f, np.zeros(2))
    assert abs(peak.at[0]) == pytest.approx(np.sqrt(0.5), rel=1e-12)


def test_a_flat_top_is_reached_slowly_but_reached():
    def f(x):
        return -float(x[0] ** 4), -4 * x**3, np.diag(-12 * x**2)

    assert abs(climb(f, np.array([1.0])).at[0]) < 1e-3


def test_nowhere_to_step():
    def f(x):
        inside = abs(x[0]) < 0.1
        return (float(x[0]) if inside else -np.inf), np.ones(1), np.zeros((1, 1))

    peak = climb(f, np.zeros(1))
    assert 0.09 < peak.at[0] < 0.1


def test_no_variables():
    peak = climb(lambda x: (3.0, x, np.zeros((0, 0))), np.empty(0))
    assert peak.settled
    assert peak.value == 3.0
