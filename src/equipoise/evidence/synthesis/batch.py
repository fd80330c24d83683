"""One analysis or a million: random-effects pooling over flat arrays of unequal groups."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterable, Iterator
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from equipoise.errors import EvidenceError
from equipoise.evidence.synthesis import heterogeneity
from equipoise.evidence.synthesis.heterogeneity import (
    Engine,
    Tau2Method,
    estimate_tau2,
    q_profile,
)
from equipoise.evidence.synthesis.likelihood_peak import twice_log_likelihood
from equipoise.evidence.synthesis.pooled_batch import PooledBatch, Status
from equipoise.evidence.synthesis.studies import AT_ONCE, Studies, arrange, moments_at
from equipoise.stats.distributions import (
    chi_square_upper_tails,
    two_sided_ps,
    two_sided_quantiles,
)
from equipoise.stats.ragged import FloatArray, IntArray, Ragged

Method = Tau2Method | Literal["FE", "EE"]
Test = Literal["knha", "adhoc", "t", "z"]
Prediction = Literal["default", "riley", "t"]
EngineName = Literal["auto", "numpy", "numba"]

METHOD_CITES: dict[str, str] = {
    "FE": "fixed-effect",
    "EE": "fixed-effect",
    "REML": "reml",
    "ML": "ml",
    "DL": "dersimonian-laird",
    "HE": "hedges",
    "HS": "hunter-schmidt",
    "HSk": "hunter-schmidt-small-sample",
    "SJ": "sidik-jonkman",
    "EB": "empirical-bayes",
    "PM": "paule-mandel",
    "PMM": "median-q",
}
TESTS = ("knha", "adhoc", "t", "z")
PREDICTIONS = ("default", "riley", "t")

WORTH_COMPILING = 20_000
"""Analyses from which on loading the compiled engine takes less time than it saves."""


def pool_many(
    yi: ArrayLike,
    vi: ArrayLike,
    sizes: ArrayLike,
    *,
    method: Method = "REML",
    test: Test = "knha",
    level: float = 0.95,
    prediction: Prediction = "default",
    tau2_interval: bool = False,
    engine: EngineName = "auto",
) -> PooledBatch:
    """Pool many analyses: `yi` and `vi` flat, `sizes` the number of studies of each.

    `method` FE (EE is the same), REML, ML, DL, HE, HS, HSk, SJ, EB, PM, PMM; `test` "z", "t",
    "knha" (Hartung-Knapp), "adhoc" (its variance factor kept at one or above). `prediction`
    "default" takes the quantile of the test, "t" always t with k − 1, "riley" t with k − 2 degrees
    of freedom, at least one (DOI 10.1111/j.1467-985X.2008.00552.x). `tau2_interval` adds the
    Q-profile.

    An analysis that cannot be pooled has its reason in `status` and does not spoil the others; what
    an analysis gives does not depend on its company. `EvidenceError` is for what concerns the call:
    lengths that do not fit, a level or method that cannot be.

    `engine` "numpy" needs nothing else; "numba" is a compiled twin (`equipoise[fast]`), equal to
    1e-12; "auto" takes it for large batches if it is there.
    """
    y, v = np.asarray(yi, dtype=np.float64), np.asarray(vi, dtype=np.float64)
    k = np.array(sizes)
    if k.size == 0 or k.dtype.kind in "iu":
        k = k.astype(np.intp)
    _require_call(y, v, k, method, test, level, prediction)
    solver = _engine(engine, len(k))
    status = _check(y, v, k)
    work = _Work(len(k), method, tau2_interval)
    rows = Ragged(k)

    several = np.flatnonzero(status == Status.OK)
    for chunk in _chunks(several, k):
        entries = rows.entries(chunk)
        studies, centre, unit, in_range = arrange(y[entries], v[entries], Ragged(k[chunk]))
        if not in_range.all():
            status[chunk[~in_range]] = Status.TOO_FAR_APART
            kept = np.flatnonzero(in_range)
            if not len(kept):
                continue
            studies, centre, unit, chunk = studies.take(kept), centre[kept], unit[kept], chunk[kept]  # noqa: PLW2901
        # What leaves the range of numbers is looked for among the results.
        with np.errstate(over="ignore", invalid="ignore"):
            status[chunk] = work.solve(chunk, studies, centre, unit, level, solver)
    single = np.flatnonzero(status == Status.SINGLE_STUDY)
    work.mu[single] = y[rows.starts[single]]
    work.se_model[single] = np.sqrt(v[rows.starts[single]])
    work.q[single] = 0.0
    return work.conclude(k, status, test, level, prediction)


def pool_stream(
    analyses: Iterable[tuple[ArrayLike, ArrayLike]],
    *,
    chunk: int = 10_000,
    method: Method = "REML",
    test: Test = "knha",
    level: float = 0.95,
    prediction: Prediction = "default",
    tau2_interval: bool = False,
    engine: EngineName = "auto",
) -> Iterator[PooledBatch]:
    """Pool analyses (yi, vi) as they come, `chunk` at a time, in constant memory.

    Everything else is as in `pool_many`, and so are the numbers, whatever the chunk.
    """
    if chunk < 1:
        raise EvidenceError(f"Chunks of {chunk} analyses cannot be; give at least one.")
    ys: list[FloatArray] = []
    vs: list[FloatArray] = []

    def pooled() -> PooledBatch:
        batch = pool_many(
            np.concatenate(ys),
            np.concatenate(vs),
            [len(y) for y in ys],
            method=method,
            test=test,
            level=level,
            prediction=prediction,
            tau2_interval=tau2_interval,
            engine=engine,
        )
        ys.clear()
        vs.clear()
        return batch

    for yi, vi in analyses:
        y, v = np.asarray(yi, dtype=np.float64), np.asarray(vi, dtype=np.float64)
        if y.ndim != 1 or y.shape != v.shape:
            raise EvidenceError("Each estimate needs exactly one variance.")
        ys.append(y)
        vs.append(v)
        if len(ys) == chunk:
            yield pooled()
    if ys:
        yield pooled()


class _Work:
    """Arrays that are filled chunk by chunk."""

    def __init__(self, n: int, method: Method, tau2_interval: bool) -> None:
        def blank() -> FloatArray:
            return np.full(n, np.nan)

        self.method = method
        self.fixed = method in ("FE", "EE")
        self.mu, self.se_model, self.variance_factor = blank(), blank(), blank()
        self.i2, self.h2, self.q = blank(), blank(), blank()
        self.tau2 = None if self.fixed else blank()
        self.se_tau2 = None if self.fixed else blank()
        asked = tau2_interval and not self.fixed
        self.tau2_low = blank() if asked else None
        self.tau2_high = blank() if asked else None
        likely = self.fixed or method in ("REML", "ML")
        self.log_likelihood = blank() if likely else None

    def solve(
        self,
        rows: IntArray,
        s: Studies,
        centre: FloatArray,
        unit: FloatArray,
        level: float,
        engine: Engine,
    ) -> NDArray[np.uint8]:
        """Fill in what the studies say; give the status of each analysis."""
        nothing = np.zeros(len(s))
        at_zero = moments_at(s, nothing)
        df = s.k - 1
        bad = np.zeros(len(s), dtype=bool)
        tau2, at = nothing, at_zero
        square = unit * unit
        if self.tau2 is not None and self.se_tau2 is not None:
            tau2, se_tau2 = estimate_tau2(s, self.method, engine)
            bad |= np.isnan(tau2)
            at = moments_at(s, tau2)
            self.tau2[rows] = tau2 * square
            self.se_tau2[rows] = se_tau2 * square
            if self.tau2_low is not None and self.tau2_high is not None:
                low, high = q_profile(s, level, engine)
                bad |= np.isnan(low) | np.isnan(high)
                self.tau2_low[rows], self.tau2_high[rows] = low * square, high * square
        self.q[rows] = at_zero.q
        self.variance_factor[rows] = at.q / df
        self.mu[rows] = centre + at.mean * unit
        self.se_model[rows] = unit / np.sqrt(at.total)
        self._heterogeneity(rows, at_zero.q, df, tau2 * at_zero.trace / df)
        if self.log_likelihood is not None:
            restricted = self.method == "REML"
            scale = (df if restricted else s.k) * np.log(square)
            twice = twice_log_likelihood(s, tau2, at, restricted=restricted)
            self.log_likelihood[rows] = 0.5 * (twice - scale)
        finite = np.ones(len(s), dtype=bool)
        for x in self._numbers():
            finite &= np.isfinite(x[rows])
        status = np.where(finite, Status.OK, Status.TOO_FAR_APART)
        return np.where(bad, Status.NOT_CONVERGED, status).astype(np.uint8)

    def _heterogeneity(
        self, rows: IntArray, q: FloatArray, df: FloatArray, ratio: FloatArray
    ) -> None:
        """I² and H²; `ratio` is τ² over Higgins and Thompson's typical variance (k − 1)/tr P."""
        if self.fixed:
            positive = np.where(q > 0, q, 1.0)
            self.i2[rows] = 100 * np.maximum(0.0, np.where(q > 0, (q - df) / positive, 0.0))
            self.h2[rows] = q / df
        else:
            self.i2[rows] = 100 * ratio / (1 + ratio)
            self.h2[rows] = 1 + ratio

    def conclude(
        self,
        k: IntArray,
        status: NDArray[np.uint8],
        test: Test,
        level: float,
        prediction: Prediction,
    ) -> PooledBatch:
        """Tests and intervals, for all analyses at once."""
        failed = status > Status.SINGLE_STUDY
        single = status == Status.SINGLE_STUDY
        for x in self._numbers():
            x[failed] = np.nan
        se = self.se_model
        if test in ("knha", "adhoc"):
            factor = self.variance_factor
            if test == "adhoc":
                factor = np.maximum(1.0, factor)
            se = np.where(single, se, se * np.sqrt(factor))
        df = np.full(len(k), np.inf) if test == "z" else np.where(k > 1, k - 1.0, np.inf)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            # An estimate of zero without any spread is no evidence against zero.
            statistic = np.where((se == 0) & (self.mu == 0), 0.0, self.mu / se)
        quantile = two_sided_quantiles(1 - level, df)
        pi_low = pi_high = None
        if self.tau2 is not None:
            wider = quantile
            if prediction != "default":
                wider = two_sided_quantiles(
                    1 - level, np.maximum(1.0, k - (1.0 if prediction == "t" else 2.0))
                )
            spread = wider * np.hypot(np.sqrt(self.tau2), se)
            pi_low, pi_high = self.mu - spread, self.mu + spread
        q_p = np.full(len(k), np.nan)
        several = np.flatnonzero(status == Status.OK)
        q_p[several] = chi_square_upper_tails(self.q[several], np.asarray(k[several] - 1.0))
        return PooledBatch(
            method=self.method,
            test=test,
            level=level,
            prediction=prediction,
            k=k,
            status=status,
            mu=self.mu,
            se=se,
            ci_low=self.mu - quantile * se,
            ci_high=self.mu + quantile * se,
            statistic=statistic,
            df=np.where(failed, np.nan, df),
            p=two_sided_ps(statistic, df),
            se_model=self.se_model,
            variance_factor=self.variance_factor,
            tau2=self.tau2,
            se_tau2=self.se_tau2,
            tau2_low=self.tau2_low,
            tau2_high=self.tau2_high,
            i2=self.i2,
            h2=self.h2,
            q=self.q,
            q_p=q_p,
            pi_low=pi_low,
            pi_high=pi_high,
            log_likelihood=self.log_likelihood,
        )

    def _numbers(self) -> Iterator[FloatArray]:
        for value in vars(self).values():
            if isinstance(value, np.ndarray):
                yield value


def _chunks(analyses: IntArray, k: IntArray) -> Iterator[IntArray]:
    """Cut the analyses so that each part holds about `AT_ONCE` studies."""
    if len(analyses):
        part = np.cumsum(k[analyses]) // AT_ONCE
        yield from np.split(analyses, np.flatnonzero(np.diff(part)) + 1)


def _check(y: FloatArray, v: FloatArray, k: IntArray) -> NDArray[np.uint8]:
    """Say of each analysis whether its studies can be pooled at all."""
    status = np.full(len(k), Status.NO_STUDY, dtype=np.uint8)
    there = np.flatnonzero(k > 0)
    if not len(there):
        return status
    groups = Ragged(k[there])
    not_finite = np.logical_or.reduceat(~(np.isfinite(y) & np.isfinite(v)), groups.starts)
    no_variance = np.logical_or.reduceat(v <= 0, groups.starts)
    status[there] = np.select(
        [not_finite, no_variance, k[there] == 1],
        [Status.NOT_FINITE, Status.NO_VARIANCE, Status.SINGLE_STUDY],
        Status.OK,
    )
    return status


def _require_call(
    y: FloatArray,
    v: FloatArray,
    k: IntArray,
    method: str,
    test: str,
    level: float,
    prediction: str,
) -> None:
    if method not in METHOD_CITES or test not in TESTS or prediction not in PREDICTIONS:
        raise EvidenceError(f"No such method or test: {method}, {test}, {prediction}.")
    if not 0 < level < 1:
        raise EvidenceError(f"A confidence level of {level:g} cannot be; write 95% as 0.95.")
    if y.ndim != 1 or y.shape != v.shape:
        raise EvidenceError("Each estimate needs exactly one variance.")
    if k.dtype != np.intp or k.ndim != 1:
        raise EvidenceError("Sizes are whole numbers, one for each analysis.")
    if (k < 0).any() or k.sum() != len(y):
        raise EvidenceError(
            f"The sizes of the analyses add up to {int(k.sum())}, but there are {len(y)} estimates."
        )


def _engine(name: str, analyses: int) -> Engine:
    if name not in ("auto", "numpy", "numba"):
        raise EvidenceError(f"No such engine: {name}; there are auto, numpy and numba.")
    wanted = name == "numba" or (
        name == "auto"
        and analyses >= WORTH_COMPILING
        and importlib.util.find_spec("numba") is not None
    )
    if not wanted:
        return heterogeneity
    try:
        return importlib.import_module("equipoise.evidence.synthesis.compiled")
    except ImportError as error:
        raise EvidenceError(
            "The compiled engine needs numba; install equipoise[fast] or use engine='numpy'."
        ) from error
