"""The two searches of `heterogeneity`, compiled: the same steps, one analysis after the other.

Importing this module imports numba (`equipoise[fast]`). Compiled code is kept on disk where that is
possible, so it is made once for each machine.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np

from equipoise.evidence.synthesis.likelihood_peak import PIECES, STEP
from equipoise.evidence.synthesis.studies import CONVERGED, MOST_STEPS, Studies
from equipoise.stats.ragged import FloatArray, IntArray

F = TypeVar("F", bound=Callable[..., Any])


def _compile(function: F) -> F:
    # Sums may be reordered, which lets them run several at a time; NaN and infinity stay as
    # they are.
    settings: dict[str, Any] = {"fastmath": {"reassoc", "contract", "nsz"}, "error_model": "numpy"}
    try:
        compiled: F = numba.njit(cache=True, **settings)(function)
    except RuntimeError:  # nowhere to keep it
        compiled = numba.njit(**settings)(function)
    return compiled


@_compile
def _score(
    d: FloatArray, v: FloatArray, v0: float, tau2: float, restricted: bool, w: FloatArray
) -> tuple[float, float, float, float]:
    """As `likelihood_peak.score_at`; `w` is room to work in."""
    n = len(d)
    rest = squares = cubes = weighted = 0.0
    for i in range(n):
        x = 1 / (v[i] + tau2)
        w[i] = x
        rest += x
        squares += x * x
        cubes += x * x * x
        weighted += x * d[i]
    w0 = 1 / (v0 + tau2)
    total = w0 + rest
    mean = weighted / total
    e0 = -w0 * mean
    fit = first = second = 0.0
    for i in range(n):
        e = w[i] * (d[i] - mean)
        f = e - e0
        fit += e * e
        first += w[i] * f
        second += w[i] * f * f
    if restricted:
        trace = (2 * w0 * rest + (rest * rest - squares)) / total
        trace2 = (
            (w0 * rest / total) ** 2
            + (squares - 2 * cubes / total)
            + (2 * w0 * w0 * squares + squares * squares) / total**2
        )
    else:
        trace = total
        trace2 = w0 * w0 + squares
    return (
        e0 * e0 + fit - trace,
        trace2 - 2 * (second - first * first / total),
        w0 * w0 + squares,
        w0 * w0 * w0 + cubes,
    )


@_compile
def _twice_log_likelihood(
    d: FloatArray, v: FloatArray, v0: float, tau2: float, restricted: bool
) -> float:
    total, weighted, logs = 1 / (v0 + tau2), 0.0, math.log(v0 + tau2)
    for i in range(len(d)):
        w = 1 / (v[i] + tau2)
        total += w
        weighted += w * d[i]
        logs += math.log(v[i] + tau2)
    mean = weighted / total
    q = mean * mean / (v0 + tau2)
    for i in range(len(d)):
        q += (d[i] - mean) ** 2 / (v[i] + tau2)
    return -logs - q - (math.log(total) if restricted else 0.0)


@_compile
def _refine(
    d: FloatArray,
    v: FloatArray,
    v0: float,
    low: float,
    high: float,
    guess: float,
    restricted: bool,
    room: FloatArray,
) -> float:
    x = guess
    for _ in range(MOST_STEPS):
        value, slope, squares, cubes = _score(d, v, v0, x, restricted, room)
        if value > 0:
            low = x
        else:
            high = x
        step = -value * squares / (slope * squares + 2 * value * cubes)
        following = x + step
        if abs(step) <= CONVERGED * (x + v0):
            return min(max(following, low), high)
        middle = low + (high - low) / 2
        if middle <= low or middle >= high:
            return middle
        x = following if low < following < high else middle
    return math.nan


@_compile
def _peak(d: FloatArray, v: FloatArray, v0: float, restricted: bool, room: FloatArray) -> float:
    smallest = largest = 0.0
    for i in range(len(d)):
        smallest = min(smallest, d[i])
        largest = max(largest, d[i])
    points = math.ceil(math.asinh((largest - smallest) / math.sqrt(v0)) / STEP)
    low = 0.0
    value, slope, squares, _ = _score(d, v, v0, low, restricted, room)
    best, peaks, height = 0.0, 0, 0.0
    if value <= 0:
        peaks = 1
    for j in range(1, points + 1):
        high = v0 * math.sinh(j * STEP) ** 2
        value2, slope2, squares2, _ = _score(d, v, v0, high, restricted, room)
        pieces = 0
        if value > 0 and value2 <= 0:
            pieces = 1
        elif (value > 0 and value2 > 0 and slope < 0 and slope2 > 0) or (
            value <= 0 and value2 <= 0 and slope > 0 and slope2 < 0
        ):
            pieces = PIECES
        left, left_value, left_squares = low, value, squares
        for i in range(1, pieces + 1):
            right, right_value, right_squares = high, value2, squares2
            if i < pieces:
                right = low + (high - low) * (i / pieces)
                right_value, _, right_squares, _ = _score(d, v, v0, right, restricted, room)
            if left_value > 0 and right_value <= 0:
                a, b = left_value / left_squares, right_value / right_squares
                guess = left + (right - left) * (a / (a - b))
                root = _refine(d, v, v0, left, right, guess, restricted, room)
                if math.isnan(root):
                    return root
                if peaks == 0:
                    best = root
                else:
                    if peaks == 1:
                        height = _twice_log_likelihood(d, v, v0, best, restricted)
                    rival = _twice_log_likelihood(d, v, v0, root, restricted)
                    if rival >= height:
                        best, height = root, rival
                peaks += 1
            left, left_value, left_squares = right, right_value, right_squares
        low, value, slope, squares = high, value2, slope2, squares2
    return best


@_compile
def _peaks(
    d: FloatArray,
    v: FloatArray,
    v0: FloatArray,
    starts: IntArray,
    sizes: IntArray,
    restricted: bool,
    found: FloatArray,
) -> None:
    room = np.empty(sizes.max())
    for i in range(len(v0)):
        a, b = starts[i], starts[i] + sizes[i]
        found[i] = _peak(d[a:b], v[a:b], v0[i], restricted, room)


@_compile
def _crossings(
    d: FloatArray,
    v: FloatArray,
    v0: FloatArray,
    starts: IntArray,
    sizes: IntArray,
    target: FloatArray,
    found: FloatArray,
) -> None:
    room = np.empty(sizes.max())
    for i in range(len(v0)):
        a, n = starts[i], sizes[i]
        x = 0.0
        found[i] = math.nan
        for _ in range(MOST_STEPS):
            w0 = 1 / (v0[i] + x)
            total, weighted = w0, 0.0
            for j in range(n):
                w = 1 / (v[a + j] + x)
                room[j] = w
                total += w
                weighted += w * d[a + j]
            mean = weighted / total
            q, falling = w0 * mean * mean, (w0 * mean) ** 2
            for j in range(n):
                r = d[a + j] - mean
                e = room[j] * r
                q += e * r
                falling += e * e
            step = q * (q / target[i] - 1) / falling if q > target[i] else 0.0
            x += step
            if step <= CONVERGED * (x + v0[i]):
                found[i] = x
                break


def likelihood_peak(s: Studies, *, restricted: bool) -> FloatArray:
    """As `heterogeneity.likelihood_peak`."""
    found = np.empty(len(s))
    _peaks(s.d, s.v, s.v0, s.others.starts, s.others.sizes, restricted, found)
    return found


def q_crossing(s: Studies, target: FloatArray) -> FloatArray:
    """As `heterogeneity.q_crossing`."""
    found = np.empty(len(s))
    _crossings(s.d, s.v, s.v0, s.others.starts, s.others.sizes, target, found)
    return found
