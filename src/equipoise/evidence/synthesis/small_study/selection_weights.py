"""How much likelier a result is to be published at one p-value than at another.

Every function here is a weight w(p), up to a constant factor, of the p-value of a study against no
effect. Parameters δ are what people read; the search runs in u, which is log δ for steps and δ
itself elsewhere.
"""

from __future__ import annotations

import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from equipoise.errors import EvidenceError
from equipoise.stats.selected_normal import Alternative, Columns, LogWeights, columns_between

FloatArray = NDArray[np.float64]
Shape = Literal["halfnorm", "negexp", "logistic", "power", "negexppow"]

_CENSORED = 1e-5
_FAR = 9.0
_SMALLEST_STEP = 1e-10


class SelectionFunction(ABC):
    """What the fit asks of a weight function; δ that are not fixed are called free."""

    __slots__ = ()

    logarithmic: ClassVar[bool]
    """Whether the search runs in log δ."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What to call it."""

    @property
    @abstractmethod
    def cite(self) -> str:
        """Id of the method."""

    @property
    @abstractmethod
    def smallest(self) -> tuple[float, ...]:
        """Smallest value of each free δ."""

    @property
    @abstractmethod
    def starts(self) -> tuple[tuple[float, ...], ...]:
        """Values of each free δ to start from."""

    @abstractmethod
    def columns(self, sigma: FloatArray, alternative: Alternative, unit: float = 1.0) -> Columns:
        """Parts of the range of each study, whose standard error is `sigma` × `unit`."""

    @abstractmethod
    def log_weights(self, u: FloatArray, p: FloatArray) -> LogWeights:
        """Logarithm and derivatives in u; see `equipoise.stats.selected_normal.Weight`."""

    def delta(self, free: FloatArray) -> tuple[float, ...]:
        """All δ as they are reported, from the free ones."""
        return tuple(free.tolist())

    def of_free(self, values: FloatArray) -> tuple[float | None, ...]:
        """Values that belong to the free δ, in the places of all; `None` for NaN and elsewhere."""
        return tuple(None if math.isnan(v) else v for v in values.tolist())

    def selection_p(self, y: FloatArray, p: FloatArray, alternative: Alternative) -> FloatArray:
        """What the weight looks at: the p-values `p`, unless it looks at the effects `y`."""
        del y, alternative
        return p


@dataclass(frozen=True, slots=True)
class StepWeights(SelectionFunction):
    """Constant weights between cut points, relative to the first interval (DOI 10.1007/BF02294384).

    `steps` are ascending p-values between 0 and 1; the interval up to the first has weight one.
    `weights` fixes all of them, the first included, instead of estimating them (DOI
    10.1037/1082-989X.10.4.428). `empty` marks the intervals that hold no study: their weight is
    zero at the maximum of the likelihood.
    """

    logarithmic: ClassVar[bool] = True

    steps: tuple[float, ...]
    weights: tuple[float, ...] | None = None
    empty: tuple[bool, ...] = ()

    def __post_init__(self) -> None:
        steps = tuple(s for s in self.steps if s != 1)
        object.__setattr__(self, "steps", steps)
        ends = (0.0, *steps, 1.0)
        if not steps or not all(a < b for a, b in itertools.pairwise(ends)):
            raise EvidenceError("Steps must be ascending p-values between 0 and 1.")
        if self.weights is not None and (
            len(self.weights) != len(steps) + 1 or not all(0 < w < math.inf for w in self.weights)
        ):
            raise EvidenceError(
                f"{len(steps)} steps part the p-values into {len(steps) + 1} intervals; each needs "
                "one positive weight."
            )

    @property
    def name(self) -> str:
        """Steps with their cut points."""
        kind = "step function" if self.weights is None else "step function with given weights"
        return f"{kind}, p = {', '.join(f'{s:g}' for s in self.steps)}"

    @property
    def _free(self) -> tuple[int, ...]:
        if self.weights is not None:
            return ()
        empty = self.empty or (False,) * (len(self.steps) + 1)
        return tuple(j for j in range(1, len(self.steps) + 1) if not empty[j])

    @property
    def cite(self) -> str:
        """Estimated or given weights."""
        return "step-selection" if self.weights is None else "fixed-step-selection"

    @property
    def smallest(self) -> tuple[float, ...]:
        """Practically zero; an interval that holds a study has a positive weight."""
        return (_SMALLEST_STEP,) * len(self._free)

    @property
    def starts(self) -> tuple[tuple[float, ...], ...]:
        """Ratios on both sides of one."""
        few = (0.05, 0.3, 1.0, 4.0, 30.0) if len(self._free) == 1 else (0.1, 0.8, 6.0)
        return (few,) * len(self._free)

    def delta(self, free: FloatArray) -> tuple[float, ...]:
        """One, and the weights of the other intervals."""
        if self.weights is not None:
            return self.weights
        all_of_them = [1.0] + [0.0] * len(self.steps)
        for j, value in zip(self._free, free.tolist(), strict=True):
            all_of_them[j] = value
        return tuple(all_of_them)

    def of_free(self, values: FloatArray) -> tuple[float | None, ...]:
        """`None` for the reference interval, given weights and intervals without a study."""
        out: list[float | None] = [None] * (len(self.steps) + 1)
        for j, value in zip(self._free, values.tolist(), strict=True):
            out[j] = None if math.isnan(value) else value
        return tuple(out)

    def columns(self, sigma: FloatArray, alternative: Alternative, unit: float = 1.0) -> Columns:
        """One interval between each two cut points."""
        del unit
        cuts = np.array([0.0, *self.steps, 1.0])
        return columns_between(sigma, cuts, [True] * (len(cuts) - 1), alternative)

    def interval(self, p: FloatArray) -> NDArray[np.intp]:
        """Number of the interval, from zero, that each p-value lies in (upper ends included)."""
        return np.searchsorted(np.array(self.steps), p, side="left")

    def log_weights(self, u: FloatArray, p: FloatArray) -> LogWeights:
        """Logarithm of δ of the interval."""
        j = self.interval(p)
        logs = np.full(len(self.steps) + 1, -np.inf)
        logs[0] = 0.0
        if self.weights is not None:
            logs = np.log(np.array(self.weights))
        logs[list(self._free)] = u
        gradient = np.array([(j == free) * 1.0 for free in self._free]).reshape(-1, *p.shape)
        hessian = np.zeros((len(u), len(u), *p.shape))
        return LogWeights(logs[j], gradient, hessian)


@dataclass(frozen=True, slots=True)
class BetaWeights(SelectionFunction):
    """w(p) = p^(δ₁ − 1) (1 − p)^(δ₂ − 1) (DOI 10.1037/met0000119); no selection at δ = 1.

    Where δ < 1 the weight is infinite at p = 0 or 1; as in the source, p-values closer to an end
    than `censored` count as if they were there.
    """

    logarithmic: ClassVar[bool] = False

    censored: float = _CENSORED

    @property
    def name(self) -> str:
        """Beta."""
        return "beta"

    @property
    def cite(self) -> str:
        """Citkowicz and Vevea."""
        return "beta-selection"

    @property
    def smallest(self) -> tuple[float, ...]:
        """Close to zero."""
        return (1e-5, 1e-5)

    @property
    def starts(self) -> tuple[tuple[float, ...], ...]:
        """Below and above one."""
        return ((0.5, 1.0, 2.0), (0.5, 1.0, 2.5, 10.0))

    def columns(self, sigma: FloatArray, alternative: Alternative, unit: float = 1.0) -> Columns:
        """Constant beyond the censoring points, smooth between them."""
        del unit
        cuts = np.array([0.0, self.censored, 1 - self.censored, 1.0])
        return columns_between(sigma, cuts, [True, False, True], alternative)

    def log_weights(self, u: FloatArray, p: FloatArray) -> LogWeights:
        """Linear in δ."""
        inside = np.clip(p, self.censored, 1 - self.censored)
        gradient = np.stack([np.log(inside), np.log1p(-inside)])
        value = (u[0] - 1) * gradient[0] + (u[1] - 1) * gradient[1]
        return LogWeights(value, gradient, np.zeros((2, 2, *p.shape)))


@dataclass(frozen=True, slots=True)
class DecliningWeights(SelectionFunction):
    """Weights that only fall with p (DOI 10.1111/j.1365-2753.2003.00457.x); none at δ = 0.

    `shape` is "halfnorm" exp(−δ p²), "negexp" exp(−δ p), "logistic" 2 exp(−δ p) / (1 + exp(−δ p)),
    "power" (1 − p)^δ or "negexppow" exp(−δ₁ p^(1 / δ₂)). Up to p = `threshold` the weight is one.
    `imprecision`, one positive number for each study in the order of the studies (standard
    errors, say), multiplies δ after division by its largest, so that precise studies are less
    selected.
    """

    logarithmic: ClassVar[bool] = False

    shape: Shape
    threshold: float = 0.0
    imprecision: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if self.shape not in ("halfnorm", "negexp", "logistic", "power", "negexppow"):
            raise EvidenceError(f"No such shape of a selection function: {self.shape}.")
        if not 0 <= self.threshold < 1:
            raise EvidenceError("The threshold of a selection function is a p-value below 1.")
        if self.imprecision is not None and not all(0 < s < math.inf for s in self.imprecision):
            raise EvidenceError("Measures of imprecision must be positive and finite.")

    @property
    def name(self) -> str:
        """Shape, with what it starts from and scales with."""
        start = f" above p = {self.threshold:g}" if self.threshold else ""
        return f"{self.shape}{start}{', by imprecision' if self.imprecision else ''}"

    @property
    def cite(self) -> str:
        """Preston, Ashby and Smyth."""
        return "declining-selection"

    @property
    def smallest(self) -> tuple[float, ...]:
        """Zero; the power δ₂ only comes close."""
        return (0.0, 1e-3) if self.shape == "negexppow" else (0.0,)

    @property
    def starts(self) -> tuple[tuple[float, ...], ...]:
        """From next to no selection to a severe one."""
        first = (0.1, 1.0, 3.0, 10.0, 40.0)
        return (first, (0.4, 1.0, 3.0)) if self.shape == "negexppow" else (first,)

    def columns(self, sigma: FloatArray, alternative: Alternative, unit: float = 1.0) -> Columns:
        """Constant up to the threshold and far out, smooth between."""
        del unit
        low = float(ndtr(-_FAR))
        if self.shape == "negexppow":
            low = 1e-300
        # One minus less than 1e-16 is one; the constant part is then empty.
        high = 1 - (_CENSORED if self.shape == "power" else 2.0**-53)
        cuts = np.array([0.0, max(self.threshold, low), high, 1.0])
        return columns_between(sigma, cuts, [True, False, True], alternative)

    def log_weights(self, u: FloatArray, p: FloatArray) -> LogWeights:
        """Linear in δ₁ but for the logistic."""
        scale = np.ones((1, 1))
        if self.imprecision is not None:
            s = np.array(self.imprecision)
            scale = (s / s.max())[:, None]
        on = (p > self.threshold) * scale
        d = float(u[0])
        zero = np.zeros((len(u), len(u), *on.shape))
        if self.shape == "logistic":
            x = on * p
            # 2 e^(−δx) / (1 + e^(−δx)), with logistic tail q.
            q = 1 / (1 + np.exp(np.minimum(d * x, 700.0)))
            zero[0, 0] = -(x**2) * q * (1 - q)
            value = math.log(2) - d * x - np.log1p(np.exp(-d * x))
            return LogWeights(value, (-x * (1 - q))[None], zero)
        if self.shape == "negexppow":
            return self._power_of_p(u, p, on)
        if self.shape == "power":
            x = -np.log1p(-np.minimum(p, 1 - _CENSORED)) * on
        else:
            x = (p**2 if self.shape == "halfnorm" else p) * on
        return LogWeights(-d * x, -x[None], zero)

    def _power_of_p(self, u: FloatArray, p: FloatArray, on: FloatArray) -> LogWeights:
        d, b = float(u[0]), float(u[1])
        log_p = np.log(np.maximum(p, 1e-320))
        x = np.exp(log_p / b) * on
        x_b = -x * log_p / b**2
        x_bb = x * (log_p / b**2) ** 2 + 2 * x * log_p / b**3
        gradient = np.stack([-x, -d * x_b])
        hessian = np.array([[np.zeros_like(x), -x_b], [-x_b, -d * x_bb]])
        return LogWeights(-d * x, gradient, hessian)


@dataclass(frozen=True, slots=True)
class TruncationWeights(SelectionFunction):
    """Weight δ for results on the wrong side of `cut_point` in the outcome's own units.

    One-sided only: with alternative "greater", results at or below the cut point have weight δ,
    those above it one; with "less", the other way round (DOI 10.1177/002224379002700209).
    """

    logarithmic: ClassVar[bool] = True

    cut_point: float = 0.0

    @property
    def name(self) -> str:
        """Truncation with its cut point."""
        return f"truncation at {self.cut_point:g}"

    @property
    def cite(self) -> str:
        """Rust, Lehmann and Farley."""
        return "truncation-selection"

    @property
    def smallest(self) -> tuple[float, ...]:
        """Practically zero."""
        return (_SMALLEST_STEP,)

    @property
    def starts(self) -> tuple[tuple[float, ...], ...]:
        """Ratios on both sides of one."""
        return ((0.05, 0.3, 1.0, 4.0, 30.0),)

    def columns(self, sigma: FloatArray, alternative: Alternative, unit: float = 1.0) -> Columns:
        """Below and above the cut point."""
        k = len(sigma)
        cuts = np.tile([-np.inf, self.cut_point / unit, np.inf], (k, 1))
        kept_last = alternative == "greater"
        return Columns(
            cuts=cuts,
            is_constant=np.array([True, True]),
            p_constant=np.array([1.0, 0.0] if kept_last else [0.0, 1.0]),
            nodes=np.empty((k, 0)),
            node_weights=np.empty((k, 0)),
            p_nodes=np.empty(0),
        )

    def selection_p(self, y: FloatArray, p: FloatArray, alternative: Alternative) -> FloatArray:
        """One for results on the wrong side, zero for the others."""
        del p
        if alternative == "two.sided":
            raise EvidenceError("Truncation has one side: choose 'greater' or 'less'.")
        wrong = y <= self.cut_point if alternative == "greater" else y >= self.cut_point
        return np.where(wrong, 1.0, 0.0)

    def log_weights(self, u: FloatArray, p: FloatArray) -> LogWeights:
        """Logarithm of δ on the wrong side."""
        wrong = np.where(p > 0.5, 1.0, 0.0)
        return LogWeights(wrong * float(u[0]), wrong[None], np.zeros((1, 1, *p.shape)))


_VEVEA_WOODS_STEPS = (
    0.005, 0.01, 0.05, 0.10, 0.25, 0.35, 0.50, 0.65, 0.75, 0.90, 0.95, 0.99, 0.995,
)  # fmt: skip
_VEVEA_WOODS: dict[str, Sequence[float]] = {
    "moderate one-tailed": (
        1, 0.99, 0.95, 0.80, 0.75, 0.65, 0.60, 0.55, 0.50, 0.50, 0.50, 0.50, 0.50, 0.50,
    ),
    "severe one-tailed": (
        1, 0.99, 0.90, 0.75, 0.60, 0.50, 0.40, 0.35, 0.30, 0.25, 0.10, 0.10, 0.10, 0.10,
    ),
    "moderate two-tailed": (
        1, 0.99, 0.95, 0.90, 0.80, 0.75, 0.60, 0.60, 0.75, 0.80, 0.90, 0.95, 0.99, 1.00,
    ),
    "severe two-tailed": (
        1, 0.99, 0.90, 0.75, 0.60, 0.50, 0.25, 0.25, 0.50, 0.60, 0.75, 0.90, 0.99, 1.00,
    ),
}  # fmt: skip

VEVEA_WOODS: dict[str, StepWeights] = {
    name: StepWeights(_VEVEA_WOODS_STEPS, tuple(float(w) for w in weights))
    for name, weights in _VEVEA_WOODS.items()
}
"""Weights to try out, from table 1 of Vevea and Woods 2005 (examples, not estimates)."""
