"""What users would call instead: one analysis in, (μ, τ²) out; NaN where it fails."""

from __future__ import annotations

import importlib
import importlib.metadata
import math
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Analyses = list[tuple[FloatArray, FloatArray]]
Fit = Callable[[FloatArray, FloatArray], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Run:
    """CPU seconds of each repeat over all analyses, and the last repeat's μ and τ²."""

    name: str
    method: str
    seconds: list[float]
    mu: FloatArray
    tau2: FloatArray

    @property
    def failures(self) -> int:
        """How many analyses ended in an error."""
        return int(np.isnan(self.tau2).sum())


def run_peers(analyses: Analyses, repeats: int) -> Iterator[Run]:
    """Every peer that is installed, one analysis after the other."""
    metafor = _run_metafor(analyses, repeats)
    if metafor is not None:
        yield metafor
    for package, method, make in _PYTHON_PEERS:
        try:
            fit, version = make(), importlib.metadata.version(package)
        except ImportError:
            continue
        yield _run(f"{package} {version}", method, fit, analyses, repeats)


def _run(name: str, method: str, fit: Fit, analyses: Analyses, repeats: int) -> Run:
    seconds, found = [], np.empty((len(analyses), 2))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        fit(*analyses[0])
        for _ in range(repeats):
            before = time.process_time()
            for i, (y, v) in enumerate(analyses):
                try:
                    found[i] = fit(y, v)
                except Exception:  # whatever a peer may raise counts as a failure
                    found[i] = math.nan
            seconds.append(time.process_time() - before)
    return Run(name, method, seconds, found[:, 0], found[:, 1])


def _run_metafor(analyses: Analyses, repeats: int) -> Run | None:
    rscript = shutil.which("Rscript")
    if rscript is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        columns = {
            "sizes": [len(y) for y, _ in analyses],
            "yi": np.concatenate([y for y, _ in analyses]).tolist(),
            "vi": np.concatenate([v for _, v in analyses]).tolist(),
        }
        for name, values in columns.items():
            text = "\n".join(map(repr, values))
            (Path(folder) / f"{name}.txt").write_text(text, encoding="utf-8")
        script = Path(__file__).with_name("metafor.R")
        done = subprocess.run(
            [rscript, "--vanilla", str(script), folder, str(repeats)],
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:  # R without metafor
        return None
    version, seconds, *lines = done.stdout.splitlines()
    found = np.array([[float(x.replace("NA", "nan")) for x in line.split()] for line in lines])
    return Run(
        f"R metafor {version.strip()}",
        "REML",
        [float(x) for x in seconds.split()],
        found[:, 0],
        found[:, 1],
    )


def _pymetaanalysis() -> Fit:
    meta_analysis = importlib.import_module("meta_analyze").meta_analysis

    def fit(y: FloatArray, v: FloatArray) -> tuple[float, float]:
        result: Any = meta_analysis(
            effect=y, variance=v, tau2_method="REML", ci_method="hartung-knapp"
        )
        return float(result.estimate), float(result.tau2)

    return fit


def _pymare() -> Fit:
    pymare = importlib.import_module("pymare")
    estimators = importlib.import_module("pymare.estimators")

    def fit(y: FloatArray, v: FloatArray) -> tuple[float, float]:
        data = pymare.Dataset(
            y=y[:, None], v=v[:, None], X=np.ones((len(y), 1)), add_intercept=False
        )
        estimator = estimators.VarianceBasedLikelihoodEstimator(method="REML")
        result = estimator.fit_dataset(data).summary()
        return result.get_fe_stats()["est"].item(), np.asarray(result.tau2).item()

    return fit


def _statsmodels() -> Fit:
    combine_effects = importlib.import_module("statsmodels.stats.meta_analysis").combine_effects

    def fit(y: FloatArray, v: FloatArray) -> tuple[float, float]:
        result: Any = combine_effects(y, v, method_re="iterated", use_t=True)
        result.summary_frame()
        return float(result.mean_effect_re), float(result.tau2)

    return fit


_PYTHON_PEERS: tuple[tuple[str, str, Callable[[], Fit]], ...] = (
    ("pymetaanalysis", "REML", _pymetaanalysis),
    ("pymare", "REML", _pymare),
    ("statsmodels", "PM", _statsmodels),  # it has no REML
)
