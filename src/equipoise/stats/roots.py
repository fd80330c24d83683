"""Roots that cannot be missed: bracketed, derivative-free, to the last digit."""

from __future__ import annotations

from collections.abc import Callable

_EPS = 2.0**-52


def bracketed_root(
    f: Callable[[float], float], low: float, high: float, *, rtol: float = 4 * _EPS
) -> float:
    """Root of `f` between `low` and `high`, where `f` has opposite signs (or is zero).

    Chandrupatla's method: inverse quadratic interpolation where it is safe, bisection where it is
    not (DOI 10.1016/s0965-9978(96)00051-8). Stops when the bracket is narrower than `rtol`
    relative to the root. Raises `ValueError` if the signs agree.
    """
    a, b = high, low
    fa, fb = f(a), f(b)
    if fa == 0:
        return a
    if fb == 0:
        return b
    if (fa > 0) == (fb > 0):
        raise ValueError("the function has the same sign at both ends of the bracket")
    t = 0.5
    for _ in range(300):
        x = a + t * (b - a)
        fx = f(x)
        if (fx > 0) == (fa > 0):
            c, fc = a, fa
        else:
            c, fc = b, fb
            b, fb = a, fa
        a, fa = x, fx
        best, fbest = (a, fa) if abs(fa) < abs(fb) else (b, fb)
        width = abs(b - a)
        tolerance = rtol * abs(best)
        if fbest == 0 or width <= 2 * tolerance or width == 0:
            return best
        t = 0.5
        xi, phi = (a - b) / (c - b), (fa - fb) / (fc - fb)
        if phi**2 < xi and (1 - phi) ** 2 < 1 - xi:
            t = fa / (fb - fa) * fc / (fb - fc) + (c - a) / (b - a) * fa / (fc - fa) * fb / (
                fc - fb
            )
        margin = min(0.5, tolerance / width)
        t = min(1 - margin, max(margin, t))
    return best
