"""From the scale of analysis to the scale that people read, measure by measure.

The functions take a single number on the scale of analysis; ends of intervals that lie beyond
what the transform can give come back as its nearest possible value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from scipy.special import ndtr

LOG_RATIOS = frozenset(
    [
        "RR",
        "OR",
        "PETO",
        "MPRR",
        "MPOR",
        "MPORC",
        "MPPETO",
        "MPORM",
        "IRR",
        "HR",
        "ROM",
        "CVR",
        "VR",
        "ROMC",
        "CVRC",
        "VRC",
        "D2OR",
        "D2ORN",
        "D2ORL",
        "REH",
    ]
)
"""Codes of measures whose values are natural logarithms of ratios."""

LOGARITHMS = frozenset(["IRLN", "MNLN", "SDLN", "CVLN"])
"""Codes of measures whose values are natural logarithms of something else."""

FISHER_Z = frozenset(["ZCOR", "ZPHI", "ZTET", "ZPB", "ZBIS", "ZPCOR", "ZSPCOR"])
"""Codes of measures whose values are the inverse hyperbolic tangent of a correlation."""


def to_natural_scale(measure: str, y: float, n: float | None = None) -> float:
    """`y` on the scale that people read; unchanged where a measure has no other scale.

    `n` is the group size (PFT) or the person-time (IRFT), for a pooled value the harmonic mean
    of the studies' (DOI 10.1080/00031305.1978.10479283). Without it, the transform for endless
    groups is undone: sin² or the square.
    """
    if measure == "PFT" and n is not None:
        return _undo_double_arcsine(y, n)
    if measure == "IRFT" and n is not None:
        return _undo_freeman_tukey_rate(y, n)
    transform = _TRANSFORMS.get(measure)
    return y if transform is None else transform(y)


def _exp(y: float) -> float:
    try:
        return math.exp(y)
    except OverflowError:
        return math.inf


def _expit(y: float) -> float:
    return 1 / (1 + math.exp(-y)) if y >= 0 else math.exp(y) / (1 + math.exp(y))


def _sine_squared(y: float) -> float:
    return math.sin(min(max(y, 0.0), math.pi / 2)) ** 2


def _square(y: float) -> float:
    return max(y, 0.0) ** 2


def _undo_double_arcsine(y: float, n: float) -> float:
    """Miller's closed form; 0 and 1 beyond the values of no event and of nothing but events."""
    none = math.asin(math.sqrt(1 / (n + 1))) / 2
    if y <= none:
        return 0.0
    if y >= math.pi / 2 - none:
        return 1.0
    sine = math.sin(2 * y)
    inner = (sine + (sine - 1 / sine) / n) ** 2
    return (1 - math.copysign(math.sqrt(max(0.0, 1 - inner)), math.cos(2 * y))) / 2


def _undo_freeman_tukey_rate(y: float, time: float) -> float:
    """Rate whose √(x/t) and √((x + 1)/t) have the mean y; zero below the value of no event."""
    if y <= math.sqrt(1 / time) / 2:
        return 0.0
    return (y - 1 / (4 * y * time)) ** 2


_TRANSFORMS: Mapping[str, Callable[[float], float]] = {
    **dict.fromkeys(LOG_RATIOS | LOGARITHMS, _exp),
    **dict.fromkeys(FISHER_Z, math.tanh),
    "PLN": lambda y: min(1.0, _exp(y)),
    "PLO": _expit,
    "PRZ": lambda y: float(ndtr(y)),
    "PAS": _sine_squared,
    "PFT": _sine_squared,
    "IRS": _square,
    "IRFT": _square,
    "ZR2": lambda y: math.tanh(max(y, 0.0)) ** 2,
    "AHW": lambda y: 1 - (1 - y) ** 3,
    "ABT": lambda y: -_exp(-y) + 1,
}
