"""Priors for a location and for a scale, with what an exact quadrature must know about them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Normal:
    """Normal prior for a location, in the units of the effect."""

    mean: float
    sd: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mean) and math.isfinite(self.sd) and self.sd > 0):
            raise ValueError("a normal prior needs a finite mean and a positive, finite sd")


@dataclass(frozen=True, slots=True)
class Flat:
    """Improper prior of density one everywhere; proper posteriors need at least one study."""


class ScalePrior(Protocol):
    """What the quadrature asks of a prior for a standard deviation τ ≥ 0."""

    @property
    def upper(self) -> float:
        """Largest τ with positive density; may be infinite."""

    @property
    def tail(self) -> float:
        """The a in density ~ τ^(−a) far out; infinite where it falls faster than any power."""

    @property
    def natural_scale(self) -> float:
        """A τ of the size that the prior speaks of; infinite if it names none."""

    def log_density(self, tau: FloatArray) -> FloatArray:
        """Logarithm of the density at each `tau` in the support."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfNormal:
    """Half-normal prior: |N(0, scale²)|."""

    scale: float

    def __post_init__(self) -> None:
        _require_positive(self.scale)

    @property
    def upper(self) -> float:
        """No upper end."""
        return math.inf

    @property
    def tail(self) -> float:
        """Falls faster than any power."""
        return math.inf

    @property
    def natural_scale(self) -> float:
        """The scale."""
        return self.scale

    def log_density(self, tau: FloatArray) -> FloatArray:
        """Logarithm of the density at each `tau` ≥ 0."""
        constant = 0.5 * math.log(2 / math.pi) - math.log(self.scale)
        return constant - 0.5 * (tau / self.scale) ** 2


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfCauchy:
    """Half-Cauchy prior: the absolute value of a Cauchy centred on zero; its median is `scale`."""

    scale: float

    def __post_init__(self) -> None:
        _require_positive(self.scale)

    @property
    def upper(self) -> float:
        """No upper end."""
        return math.inf

    @property
    def tail(self) -> float:
        """Falls like the square."""
        return 2.0

    @property
    def natural_scale(self) -> float:
        """The scale."""
        return self.scale

    def log_density(self, tau: FloatArray) -> FloatArray:
        """Logarithm of the density at each `tau` ≥ 0."""
        constant = math.log(2 / math.pi) - math.log(self.scale)
        return constant - np.log1p((tau / self.scale) ** 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Uniform:
    """Uniform prior on τ from zero to `upper`.

    `upper` may be infinite: then the density is one and improper, and the posterior is proper
    only with at least three studies (two with a normal prior for the mean).
    """

    upper: float

    def __post_init__(self) -> None:
        if not self.upper > 0:
            raise ValueError("a uniform prior for a scale needs a positive upper end")

    @property
    def tail(self) -> float:
        """Flat for ever, or nothing beyond the upper end."""
        return 0.0 if math.isinf(self.upper) else math.inf

    @property
    def natural_scale(self) -> float:
        """The upper end."""
        return self.upper

    def log_density(self, tau: FloatArray) -> FloatArray:
        """Logarithm of the density at each `tau` in the support."""
        constant = 0.0 if math.isinf(self.upper) else -math.log(self.upper)
        return np.full_like(tau, constant)


LocationPrior = Normal | Flat


def _require_positive(scale: float) -> None:
    if not (math.isfinite(scale) and scale > 0):
        raise ValueError("the scale of a prior must be positive and finite")
