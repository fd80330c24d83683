"""`python -m benchmarks.meta`: random-effects pooling beside metafor and the Python peers.

All in one run, on the same simulated analyses, in CPU seconds of one thread: (a) a single analysis
of sixteen studies, (b) many small ones of 2 to 30 studies. REML with the Hartung-Knapp test;
statsmodels has no REML and is held against our Paule-Mandel. Ours adds the Q-profile interval to
each single analysis, which no peer is asked for. Ratios say what a user gains by calling us; part
of them is that peers interpret one analysis at a time while we work on all at once.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable
from functools import partial

import numpy as np

from benchmarks.peers import Analyses, FloatArray, Run, run_peers
from equipoise.evidence.synthesis import PooledBatch, pool_many, pool_random
from equipoise.evidence.synthesis.batch import EngineName, Method

SEED = 20260101


def main(arguments: list[str] | None = None) -> None:
    """Print both comparisons."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.meta")
    parser.add_argument("--quick", action="store_true", help="a small run, to see that it works")
    quick = parser.parse_args(arguments).quick
    repeats = 2 if quick else 5
    print(f"{platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}")
    _print_load()
    _single(calls=5 if quick else 100, repeats=repeats)
    _many(total=300 if quick else 10_000, sample=15 if quick else 400, repeats=repeats)
    _print_load()


def simulate(sizes: np.ndarray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Flat estimates and variances: log-normal variances around 0.08, τ the size of N(0, 0.4²)."""
    v = 0.08 * np.exp(rng.normal(0, 0.8, sizes.sum()))
    tau = np.repeat(np.abs(rng.normal(0, 0.4, len(sizes))), sizes)
    return 0.2 + rng.normal(size=len(v)) * np.sqrt(v + tau**2), v


def _single(calls: int, repeats: int) -> None:
    y, v = simulate(np.array([16]), np.random.default_rng(SEED))
    print(
        f"\n(a) One analysis, k = 16, REML with Hartung-Knapp; {repeats} repeats of {calls} calls"
    )
    seconds = _timed(lambda: [pool_random(y.tolist(), v.tolist()) for _ in range(calls)], repeats)
    ours = {m: pool_many(y, v, [16], method=m, engine="numpy") for m in _METHODS}
    _head()
    _line("equipoise", "REML", seconds, calls, seconds, calls)
    for run in run_peers([(y, v)] * calls, repeats):
        _compare(run, _repeated(ours[_of(run)], calls), seconds, calls)


def _many(total: int, sample: int, repeats: int) -> None:
    rng = np.random.default_rng(SEED + 1)
    sizes = rng.integers(2, 31, total)
    y, v = simulate(sizes, rng)
    print(
        f"\n(b) {total:,} analyses of 2 to 30 studies, REML with Hartung-Knapp; {repeats} repeats"
        f"\n    peers: the first {sample:,}, one by one, rate and ratio extrapolated from these"
    )
    _head()
    engines: list[EngineName] = ["numpy"]
    if importlib.util.find_spec("numba") is not None:
        engines.append("numba")
    timings: dict[EngineName, list[float]] = {}
    for engine in engines:
        work = partial(pool_many, y, v, sizes, engine=engine)
        work()  # compiles, or loads what was compiled
        timings[engine] = _timed(work, repeats)
    fastest = min(timings.values(), key=statistics.median)
    for engine, seconds in timings.items():
        _line(f"equipoise, {engine}", "REML", seconds, total, fastest, total)
    ends = np.cumsum(sizes)[:sample]
    analyses: Analyses = [(y[e - k : e], v[e - k : e]) for e, k in zip(ends, sizes, strict=False)]
    part = ends[-1]
    ours = {m: pool_many(y[:part], v[:part], sizes[:sample], method=m) for m in _METHODS}
    for run in run_peers(analyses, repeats):
        batch = ours[_of(run)]
        _compare(run, (batch.mu, _tau2(batch), batch.se_model), fastest, total)


_METHODS: tuple[Method, ...] = ("REML", "PM")


def _of(run: Run) -> Method:
    return "PM" if run.method == "PM" else "REML"


def _tau2(batch: PooledBatch) -> FloatArray:
    if batch.tau2 is None:
        raise AssertionError("a random-effects batch has τ²")
    return batch.tau2


def _repeated(batch: PooledBatch, times: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    columns = (batch.mu, _tau2(batch), batch.se_model)
    mu, tau2, se = (np.repeat(x, times) for x in columns)
    return mu, tau2, se


def _timed(work: Callable[[], object], repeats: int) -> list[float]:
    seconds = []
    for _ in range(repeats):
        before = time.process_time()
        work()
        seconds.append(time.process_time() - before)
    return seconds


def _head() -> None:
    print(
        f"{'':<24}{'τ²':>5}{'ms each':>10}{'spread':>9}{'per second':>12}{'ratio':>9}"
        f"{'max Δτ²':>10}{'max Δμ/SE':>11}{'errors':>8}"
    )


def _line(
    name: str,
    method: str,
    seconds: Iterable[float],
    count: int,
    ours: list[float],
    our_count: int,
    rest: str = "",
) -> None:
    each = sorted(s / count for s in seconds)
    middle = statistics.median(each)
    spread = (each[-1] - each[0]) / middle
    ratio = middle / (statistics.median(ours) / our_count)
    print(
        f"{name:<24}{method:>5}{1e3 * middle:>10.4f}{spread:>9.0%}{1 / middle:>12,.0f}"
        f"{ratio:>9,.1f}{rest}"
    )


def _compare(
    run: Run,
    ours: tuple[FloatArray, FloatArray, FloatArray],
    seconds: list[float],
    count: int,
) -> None:
    mu, tau2, se = ours
    done = ~np.isnan(run.tau2)
    rest = f"{'':>10}{'':>11}"
    if done.any():
        off_tau2 = np.abs(run.tau2 - tau2)[done].max()
        off_mu = (np.abs(run.mu - mu) / se)[done].max()
        rest = f"{off_tau2:>10.0e}{off_mu:>11.0e}"
    _line(
        run.name, run.method, run.seconds, len(run.mu), seconds, count, f"{rest}{run.failures:>8}"
    )


def _print_load() -> None:
    one, five, _ = os.getloadavg()
    print(f"Load {one:.2f} (1 min), {five:.2f} (5 min) on {os.cpu_count()} processors")


if __name__ == "__main__":
    main()
