"""What a published synthesis must have done: from its printed result back to its choices.

A pooled result is printed with two or three digits and, often, without the numbers that went into
it. Each trial can be read in several ways (another scale, a crossover as if parallel, a standard
error taken for a standard deviation); `reconstruct` pools every combination of readings and says
which come nearest to what was printed. `imply_trial` answers the opposite question: what one
trial, whose numbers cannot be seen, would have had to show.

A reconstruction that fits shows what *would* give the printed result, not what was done.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from equipoise.errors import EvidenceError
from equipoise.stats.distributions import critical_value
from equipoise.stats.roots import bracketed_root

FloatArray = NDArray[np.float64]
Model = Literal["FE", "DL", "DL-HK"]
MODELS: tuple[Model, ...] = ("FE", "DL", "DL-HK")
"""Fixed effect; DerSimonian-Laird with the normal interval, and with Hartung-Knapp's."""

_MODEL_METHODS = {"FE": "fixed-effect", "DL": "dersimonian-laird", "DL-HK": "knapp-hartung"}
_GRID = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedPool:
    """A pooled result as printed, on the scale of analysis.

    `rounding` is half a unit of the last printed digit of the estimate and of its limits,
    `i2_rounding` that of I², which is in per cent and `None` where it was not printed.
    Raises `EvidenceError` unless all are finite and the limits enclose the estimate.
    """

    estimate: float
    low: float
    high: float
    i2: float | None = None
    rounding: float = 0.005
    i2_rounding: float = 0.5
    level: float = 0.95

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, (self.estimate, self.low, self.high))):
            raise EvidenceError("A published result must be finite numbers.")
        if not self.low < self.high or not self.low <= self.estimate <= self.high:
            raise EvidenceError("The published estimate lies outside its own interval.")
        if self.i2 is not None and not 0 <= self.i2 <= 100:
            raise EvidenceError(f"I² of {self.i2:g} is not a share in per cent.")

    @property
    def se(self) -> float:
        """Standard error that the printed interval implies, as if from the normal distribution."""
        return (self.high - self.low) / (2 * critical_value(self.level))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One way to read one trial: its estimate `yi` and sampling variance `vi`.

    `setting` names a choice that holds for all trials alike, such as how crossovers are handled;
    readings meet only in one setting, and those with `None` fit any. `strain` says how much has to
    be believed: 0 as it should be, 1 rests on an assumption, 2 would be a mistake.
    """

    id: str
    yi: float
    vi: float
    strain: int = 0
    setting: str | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.yi) and math.isfinite(self.vi) and self.vi > 0):
            raise EvidenceError("A reading needs a finite estimate and a positive variance.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconstruction:
    """A combination of readings and what it pools to.

    `distance` is the largest deviation of estimate, limits (in published standard errors) and I²
    (as a share of one) from what was printed. `matches` says that every printed figure is met
    once rounded as printed. `strain` adds up that of the readings, and one for each trial left out
    that the publication had.
    """

    setting: str | None
    readings: tuple[tuple[str, Reading], ...]
    model: Model
    estimate: float
    low: float
    high: float
    i2: float
    distance: float
    strain: int
    matches: bool

    @property
    def method(self) -> str:
        """Id of the method that pools it."""
        return _MODEL_METHODS[self.model]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconstructions:
    """What became of all combinations.

    How many were tried, how many come close, how many meet every printed figure, and which ones
    stand out: the nearest of all, the nearest without any strain, and the least strained of the
    close ones. The last two are `None` where there is none.
    """

    tried: int
    close: int
    matching: int
    nearest: Reconstruction
    unstrained: Reconstruction | None
    simplest: Reconstruction | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpliedTrial:
    """What a trial that is not seen would have to have shown, and the I² that goes with it."""

    yi: float
    vi: float
    i2: float
    tau2: float


def reconstruct(
    published: PublishedPool,
    trials: Mapping[str, Sequence[Reading]],
    *,
    expected: Sequence[str] = (),
    models: Sequence[Model] = MODELS,
    smallest: int = 2,
    close: float = 0.1,
) -> Reconstructions:
    """Pool every combination of readings of at least `smallest` trials and rank them.

    What misses by no more than `close` published standard errors counts as close.

    `trials` holds the readings of each trial; a trial may also be left out, at a strain of one if
    it is among the `expected`. Combinations are pooled all at once, so that tens of thousands take
    a fraction of a second (a specification curve, DOI 10.1027/2151-2604/a000357). Ties go to the
    least strained, then to the order of the readings, so the answer does not depend on chance.

    Raises `EvidenceError` where fewer than `smallest` trials have a reading.
    """
    settings = sorted({r.setting for rs in trials.values() for r in rs if r.setting is not None})
    tried = near = matching = 0
    best: dict[str, tuple[tuple[float, ...], Reconstruction]] = {}
    for order, setting in enumerate(settings or [None]):
        table = _Table.of(trials, setting, expected, smallest)
        if table is None:
            continue
        for model in models:
            pools = _pool_all(table, model, published.level)
            distance, matches = _held_against(pools, published)
            is_close = distance <= close
            tried += len(distance)
            near += int(is_close.sum())
            matching += int(matches.sum())
            for role, eligible, keys in (
                ("nearest", np.ones(len(distance), bool), (distance, table.strain)),
                ("unstrained", table.strain == 0, (distance, table.strain)),
                ("simplest", is_close, (table.strain, distance)),
            ):
                at = _first(eligible, keys)
                if at is None:
                    continue
                key = (*(round(float(k[at]), 12) for k in keys), order)
                if role not in best or key < best[role][0]:
                    one = _describe(table, pools, at, setting, model, distance, matches)
                    best[role] = (key, one)
    if not best:
        raise EvidenceError(f"Fewer than {smallest} trials can be read; nothing can be pooled.")
    found = {role: found for role, (_, found) in best.items()}
    return Reconstructions(
        tried=tried,
        close=near,
        matching=matching,
        nearest=found["nearest"],
        unstrained=found.get("unstrained"),
        simplest=found.get("simplest"),
    )


def imply_trial(
    published: PublishedPool, yi: Sequence[float], vi: Sequence[float], *, random: bool
) -> ImpliedTrial | None:
    """What one further trial must show for these trials and it to pool to the published result.

    With a common effect the answer is closed: weight W − Σwᵢ with W = 1 / SE², estimate
    (W μ − Σwᵢyᵢ) / (W − Σwᵢ). With random effects each τ² gives such a trial, and the answer is the
    τ² that DerSimonian and Laird (DOI 10.1016/0197-2456(86)90046-2) would find in the completed
    set; of several, the one whose I² is nearest to the printed one. `None` where no trial, however
    extreme, could do it: the trials at hand already weigh more than the published interval.
    """
    y, v = np.asarray(yi, dtype=np.float64), np.asarray(vi, dtype=np.float64)
    if len(y) == 0 or y.shape != v.shape or not (np.isfinite(y).all() and (v > 0).all()):
        raise EvidenceError("An implied trial needs at least one other with its variance.")
    if not random:
        return _completed(published, y, v, 0.0)

    def excess(tau2: float) -> float:
        made = _completed(published, y, v, tau2)
        if made is None:
            return math.nan
        return _dl(np.append(y, made.yi), np.append(v, made.vi)) - tau2

    # Every weight is below 1 / τ², so τ² cannot exceed k times the published variance.
    grid = np.linspace(0, (len(y) + 1) * published.se**2, _GRID).tolist()
    roots = [0.0] if excess(0.0) == 0 else []
    for (a, fa), (b, fb) in pairwise((t, excess(t)) for t in grid):
        if fa * fb < 0:  # never true beside a point where there is no such trial
            roots.append(bracketed_root(excess, a, b))
    made = [m for t in roots if (m := _completed(published, y, v, t)) is not None]
    if not made:
        return None
    if published.i2 is None:
        return made[0]
    target = published.i2
    return min(made, key=lambda m: abs(m.i2 - target))


def _completed(
    published: PublishedPool, y: FloatArray, v: FloatArray, tau2: float
) -> ImpliedTrial | None:
    w = 1 / (v + tau2)
    total = 1 / published.se**2
    missing = total - float(w.sum())
    if missing <= 0 or 1 / missing <= tau2:
        return None
    yi = (total * published.estimate - float(w @ y)) / missing
    vi = 1 / missing - tau2
    all_v = np.append(v, vi)
    q = _q(np.append(y, yi), 1 / all_v)
    df = len(all_v) - 1
    return ImpliedTrial(yi=yi, vi=vi, i2=100 * max(0.0, 1 - df / q) if q > 0 else 0.0, tau2=tau2)


def _q(y: FloatArray, w: FloatArray) -> float:
    return float(w @ (y - (w @ y) / w.sum()) ** 2)


def _dl(y: FloatArray, v: FloatArray) -> float:
    w = 1 / v
    c = float(w.sum() - (w**2).sum() / w.sum())
    return max(0.0, (_q(y, w) - (len(y) - 1)) / c)


# --- all combinations at once ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Table:
    """Every combination of one setting: a row each, a column for each trial.

    A trial that is left out has option zero, weight zero and any estimate.
    """

    names: tuple[str, ...]
    readings: tuple[tuple[Reading, ...], ...]
    option: NDArray[np.intp]
    y: FloatArray
    v: FloatArray
    strain: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        trials: Mapping[str, Sequence[Reading]],
        setting: str | None,
        expected: Sequence[str],
        smallest: int,
    ) -> _Table | None:
        names = tuple(trials)
        fitting = tuple(
            tuple(r for r in readings if r.setting in (None, setting))
            for readings in trials.values()
        )
        sizes = [len(r) + 1 for r in fitting]
        option = np.indices(sizes).reshape(len(sizes), -1).T
        option = option[(option > 0).sum(axis=1) >= smallest]
        if not len(option):
            return None
        y, v = np.zeros(option.shape), np.full(option.shape, np.inf)
        strain = np.zeros(len(option), dtype=np.int64)
        for j, (name, readings) in enumerate(zip(names, fitting, strict=True)):
            left_out = int(name in expected and bool(readings))
            column = option[:, j]
            y[:, j] = np.array([0.0, *(r.yi for r in readings)])[column]
            v[:, j] = np.array([np.inf, *(r.vi for r in readings)])[column]
            strain += np.array([left_out, *(r.strain for r in readings)])[column]
        return cls(names, fitting, option, y, v, strain)


@dataclass(frozen=True, slots=True)
class _Pools:
    estimate: FloatArray
    low: FloatArray
    high: FloatArray
    i2: FloatArray


def _pool_all(table: _Table, model: Model, level: float) -> _Pools:
    y, w = table.y, 1 / table.v
    k = (table.option > 0).sum(axis=1)
    total = w.sum(axis=1)
    mu = (w * y).sum(axis=1) / total
    q = (w * (y - mu[:, None]) ** 2).sum(axis=1)
    df = k - 1
    i2 = 100 * np.maximum(0.0, 1 - np.divide(df, q, out=np.full(len(q), np.inf), where=q > 0))
    if model != "FE":
        c = total - (w**2).sum(axis=1) / total
        tau2 = np.maximum(0.0, (q - df) / c)
        w = 1 / (table.v + tau2[:, None])
        total = w.sum(axis=1)
        mu = (w * y).sum(axis=1) / total
    if model == "DL-HK":
        spread = (w * (y - mu[:, None]) ** 2).sum(axis=1)
        quantile = np.array([critical_value(level, float(d)) for d in range(1, int(df.max()) + 1)])
        half = quantile[df - 1] * np.sqrt(spread / (df * total))
    else:
        half = critical_value(level) / np.sqrt(total)
    return _Pools(mu, mu - half, mu + half, i2)


def _held_against(pools: _Pools, published: PublishedPool) -> tuple[FloatArray, NDArray[np.bool_]]:
    misses: FloatArray = np.abs(
        [
            pools.estimate - published.estimate,
            pools.low - published.low,
            pools.high - published.high,
        ]
    )
    distance = misses.max(axis=0) / published.se
    # A hair above half a unit: what rounds to the printed digit in decimals may not in binary.
    matches = np.asarray((misses <= published.rounding * (1 + 1e-9)).all(axis=0))
    if published.i2 is not None:
        miss = np.abs(pools.i2 - published.i2)
        distance = np.maximum(distance, miss / 100)
        matches = matches & (miss <= published.i2_rounding * (1 + 1e-9))
    return distance, matches


def _first(eligible: NDArray[np.bool_], keys: tuple[NDArray[np.generic], ...]) -> int | None:
    """The eligible row with the smallest keys; of equals the first."""
    rows = np.flatnonzero(eligible)
    if not len(rows):
        return None
    order = np.lexsort(tuple(np.round(k[rows].astype(float), 12) for k in reversed(keys)))
    return int(rows[order[0]])


def _describe(
    table: _Table,
    pools: _Pools,
    at: int,
    setting: str | None,
    model: Model,
    distance: FloatArray,
    matches: NDArray[np.bool_],
) -> Reconstruction:
    chosen = tuple(
        (name, readings[option - 1])
        for name, readings, option in zip(
            table.names, table.readings, table.option[at].tolist(), strict=True
        )
        if option
    )
    return Reconstruction(
        setting=setting,
        readings=chosen,
        model=model,
        estimate=float(pools.estimate[at]),
        low=float(pools.low[at]),
        high=float(pools.high[at]),
        i2=float(pools.i2[at]),
        distance=float(distance[at]),
        strain=int(table.strain[at]),
        matches=bool(matches[at]),
    )
