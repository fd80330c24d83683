"""Many analyses at once: what one gives does not depend on its company."""

import importlib
import itertools
import subprocess
import sys

import numpy as np
import pytest

from equipoise.errors import EvidenceError
from equipoise.evidence.synthesis import Status, pool_many, pool_random, pool_stream
from equipoise.evidence.synthesis import batch as batch_module

METHODS = ("FE", "REML", "ML", "DL", "HE", "HS", "HSk", "SJ", "EB", "PM", "PMM")


def simulated(n, seed=1, largest=30):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, largest + 1, n)
    vi = 0.08 * np.exp(rng.normal(0, 0.8, sizes.sum()))
    tau = np.repeat(np.abs(rng.normal(0, 0.4, n)), sizes)
    return 0.2 + rng.normal(size=len(vi)) * np.sqrt(vi + tau**2), vi, sizes


def pairs(yi, vi, sizes):
    ends = np.cumsum(sizes)[:-1]
    return list(zip(np.split(yi, ends), np.split(vi, ends), strict=True))


def assert_same(one, two, rows=slice(None)):
    for name, column in one.columns().items():
        np.testing.assert_array_equal(column, two.columns()[name][rows], err_msg=name)


class TestOneByOne:
    @pytest.mark.parametrize("method", METHODS)
    def test_a_batch_is_its_analyses(self, method):
        """To the last digit."""
        yi, vi, sizes = simulated(60)
        settings = {"method": method, "tau2_interval": True, "engine": "numpy"}
        together = pool_many(yi, vi, sizes, **settings)
        for i, (y, v) in enumerate(pairs(yi, vi, sizes)):
            assert_same(pool_many(y, v, [len(y)], **settings), together, slice(i, i + 1))

    def test_a_record_is_a_batch_of_one(self):
        yi, vi, sizes = simulated(30, seed=2)
        together = pool_many(yi, vi, sizes, tau2_interval=True, engine="numpy")
        for i, (y, v) in enumerate(pairs(yi, vi, sizes)):
            one = pool_random(y, v)
            assert (one.mu, one.se, one.p) == (together.mu[i], together.se[i], together.p[i])
            assert one.ci == (together.ci_low[i], together.ci_high[i])
            if one.k > 1:
                assert (one.tau2, one.i2, one.q_p) == (
                    together.tau2[i],
                    together.i2[i],
                    together.q_p[i],
                )
                assert one.tau2_ci == (together.tau2_low[i], together.tau2_high[i])
                assert one.prediction_interval == (together.pi_low[i], together.pi_high[i])

    def test_order_of_the_analyses(self):
        yi, vi, sizes = simulated(200)
        order = np.random.default_rng(4).permutation(200)
        parts = pairs(yi, vi, sizes)
        shuffled = pool_many(
            np.concatenate([parts[i][0] for i in order]),
            np.concatenate([parts[i][1] for i in order]),
            sizes[order],
        )
        assert_same(shuffled, pool_many(yi, vi, sizes), order)

    def test_large_and_small_together(self):
        """An analysis of fifty thousand studies between two of two."""
        yi, vi, _ = simulated(2, seed=5, largest=30_000)
        yi, vi = np.tile(yi, 4)[:50_000], np.tile(vi, 4)[:50_000]
        both = pool_many([1, 2, *yi, 1, 2], [1, 1, *vi, 1, 1], [2, 50_000, 2])
        assert both.status.tolist() == [0, 0, 0]
        assert both.mu[0] == both.mu[2] == 1.5
        assert both.mu[1] == pool_random(yi, vi).mu


class TestStatus:
    def test_one_bad_analysis_leaves_the_others_alone(self):
        yi = [1, np.nan, 1, 2, 3, 1, 2, 5, 0, 1e300, 4, 5]
        vi = [1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1]
        batch = pool_many(yi, vi, [2, 0, 2, 3, 1, 2, 2], engine="numpy")
        assert [Status(s).name for s in batch.status.tolist()] == [
            "NOT_FINITE",
            "NO_STUDY",
            "NO_VARIANCE",
            "OK",
            "SINGLE_STUDY",
            "TOO_FAR_APART",
            "OK",
        ]
        assert [Status(s).has_result for s in batch.status.tolist()] == [
            *(False, False, False),
            *(True, True, False, True),
        ]
        for name, column in batch.columns().items():
            if column.dtype == np.float64:
                assert np.isnan(column[[0, 1, 2, 5]]).all(), name
                assert not np.isnan(column[[3, 6]]).any(), name
        assert (batch.mu[4], batch.se[4], batch.df[4]) == (5, 1, np.inf)
        assert np.isnan([batch.tau2[4], batch.i2[4], batch.q_p[4], batch.pi_low[4]]).all()
        with pytest.raises(EvidenceError, match=r"^Analysis 1: .*finite"):
            batch.require_results()

    def test_every_status_is_a_sentence(self):
        assert all(s.sentence.endswith(".") for s in Status)

    def test_a_search_that_does_not_end_is_told(self, monkeypatch):
        for module in ("heterogeneity", "likelihood_peak"):
            monkeypatch.setattr(f"equipoise.evidence.synthesis.{module}.MOST_STEPS", 1)
        for method in ("REML", "PM"):
            batch = pool_many([0, 1, 3], [0.1, 0.2, 0.05], [3], method=method, engine="numpy")
            assert batch.status[0] == Status.NOT_CONVERGED
            assert np.isnan(batch.mu[0])
            with pytest.raises(EvidenceError, match="did not converge"):
                pool_random([0, 1, 3], [0.1, 0.2, 0.05], method=method)

    def test_nothing_at_all(self):
        assert len(pool_many([], [], [])) == 0
        assert pool_many([], [], [0, 0]).status.tolist() == [Status.NO_STUDY] * 2

    @pytest.mark.parametrize(
        "call",
        [
            lambda: pool_many([1, 2], [1, 1], [3]),
            lambda: pool_many([1, 2], [1, 1], [3, -1]),
            lambda: pool_many([1, 2], [1, 1], [2.0]),
            lambda: pool_many([1, 2], [1], [2]),
            lambda: pool_many([1, 2], [1, 1], [2], method="XX"),
            lambda: pool_many([1, 2], [1, 1], [2], test="XX"),
            lambda: pool_many([1, 2], [1, 1], [2], prediction="XX"),
            lambda: pool_many([1, 2], [1, 1], [2], level=95),
            lambda: pool_many([1, 2], [1, 1], [2], engine="XX"),
            lambda: list(pool_stream([([1, 2], [1])])),
            lambda: list(pool_stream([([1, 2], [1, 1])], chunk=0)),
        ],
    )
    def test_calls_that_cannot_be(self, call):
        with pytest.raises(EvidenceError):
            call()


class TestStream:
    @pytest.mark.parametrize("chunk", [1, 7, 1000])
    def test_the_chunk_does_not_matter(self, chunk):
        yi, vi, sizes = simulated(50)
        whole = pool_many(yi, vi, sizes, method="PM", test="z")
        start = 0
        for part in pool_stream(pairs(yi, vi, sizes), chunk=chunk, method="PM", test="z"):
            assert_same(part, whole, slice(start, start + len(part)))
            start += len(part)
        assert start == 50

    def test_it_reads_no_further_than_it_must(self):
        """An endless source is fine: memory does not grow with it."""
        taken = itertools.count()
        endless = (([next(taken), 0.5, 2], [1, 0.1, 1]) for _ in itertools.count())
        stream = pool_stream(endless, chunk=10)
        assert [len(next(stream)) for _ in range(3)] == [10, 10, 10]
        assert next(taken) == 30


class TestTables:
    def test_records(self):
        batch = pool_many([1, 2, 5], [1, 1, 1], [2, 1])
        records = batch.to_numpy()
        assert records.dtype.names[:3] == ("k", "status", "mu")
        assert records["mu"].tolist() == batch.mu.tolist()
        assert "tau2_low" not in records.dtype.names
        assert "tau2" not in pool_many([1, 2], [1, 1], [2], method="EE").to_numpy().dtype.names

    def test_arrow(self):
        pytest.importorskip("pyarrow")
        table = pool_many([1, 2, 5], [1, 1, 1], [2, 1]).to_arrow()
        assert table.column("mu").to_pylist() == [1.5, 5.0]
        assert table.column("tau2").to_pylist() == [0.0, None]


class TestEngines:
    @pytest.mark.parametrize("method", METHODS)
    def test_they_agree(self, method):
        pytest.importorskip("numba")
        yi, vi, sizes = simulated(2000, seed=9)
        one, two = (
            pool_many(yi, vi, sizes, method=method, tau2_interval=True, engine=engine).columns()
            for engine in ("numpy", "numba")
        )
        for name, column in one.items():
            # Near zero, τ² is measured against the variances, I² against a hundred percent.
            scale = 100 if name == "i2" else 0.08
            np.testing.assert_allclose(
                two[name], column, rtol=1e-12, atol=1e-12 * scale, err_msg=name
            )

    def test_numba_that_is_not_there(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "equipoise.evidence.synthesis.compiled", None)
        with pytest.raises(EvidenceError, match=r"equipoise\[fast\]"):
            pool_many([1, 2], [1, 1], [2], engine="numba")

    def test_auto_takes_it_only_for_large_batches(self, monkeypatch):
        pytest.importorskip("numba")
        asked = []
        original = importlib.import_module
        monkeypatch.setattr(
            batch_module.importlib, "import_module", lambda n: (asked.append(n), original(n))[1]
        )
        monkeypatch.setattr(batch_module, "WORTH_COMPILING", 3)
        for n in (2, 3):
            pool_many([1, 2] * n, [1, 1] * n, [2] * n)
        assert asked == ["equipoise.evidence.synthesis.compiled"]

    def test_ordinary_calls_load_nothing_heavy(self):
        program = (
            "import sys\n"
            "from equipoise.evidence.synthesis import pool_many, pool_random\n"
            "pool_random([1, 2, 4], [1, 1, 1])\n"
            "pool_many([1, 2] * 1000, [1, 1] * 1000, [2] * 1000)\n"
            "heavy = ('numba', 'scipy.stats', 'scipy.optimize', 'pyarrow')\n"
            "print([m for m in heavy if m in sys.modules])\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == "[]"
