"""Pooling against metafor's rma() (R 4.2.2, metafor 5.1-12); see data/README.md.

Tolerances are per quantity. Closed forms (FE, DL) agree to 1e-11. For REML, ML and PM the oracle is
the looser side: it iterates to a threshold and leaves 1e-15 where the maximum is at zero, so τ² is
held to 1e-7 relative or 1e-10 of the median variance, and what follows from it accordingly. The
Q-profile is held to 1e-6: R's root finder stops there.
"""

import json
import math
from functools import partial
from pathlib import Path
from statistics import median

import pytest

from equipoise.evidence.synthesis import leave_one_out, pool_fixed, pool_random

SETS = json.loads((Path(__file__).parent / "data" / "metafor-rma.json").read_text())["sets"]
IDS = [f"{s['dataset']}-{s.get('measure', '')}" for s in SETS]

CLOSED, ITERATED, ROOT = 1e-11, 1e-7, 1e-6


def se_floor(data):
    """Below a thousandth of the pooled standard error a location is as good as zero."""
    return 1e-3 / math.sqrt(sum(1 / v for v in data["vi"]))


@pytest.mark.parametrize("data", SETS, ids=IDS)
def test_fixed(data):
    ours, oracle = pool_fixed(data["yi"], data["vi"]), data["rma"]["EE"]
    z = oracle["test_z"]
    place = {"rel": CLOSED, "abs": CLOSED * se_floor(data)}
    assert ours.mu == pytest.approx(oracle["beta"], **place)
    assert ours.ci == pytest.approx((z["ci_lb"], z["ci_ub"]), **place)
    assert ours.se == pytest.approx(z["se"], rel=CLOSED)
    assert ours.p == pytest.approx(z["p"], rel=1e-10)
    assert ours.q == pytest.approx(oracle["Q"], rel=CLOSED, abs=1e-12)
    assert ours.q_p == pytest.approx(oracle["Q_p"], rel=1e-10)
    assert ours.i2 == pytest.approx(oracle["I2"], rel=CLOSED, abs=1e-10)
    assert ours.h2 == pytest.approx(oracle["H2"], rel=CLOSED, abs=1e-12)


@pytest.mark.parametrize("test", ["z", "knha"])
@pytest.mark.parametrize("method", ["DL", "PM", "ML", "REML"])
@pytest.mark.parametrize("data", SETS, ids=IDS)
def test_random(data, method, test):
    if method not in data["rma"]:
        pytest.skip("the reference software did not converge here")
    ours = pool_random(data["yi"], data["vi"], method=method, test=test)
    oracle = data["rma"][method]
    at = oracle["test_" + test]
    rel = CLOSED if method == "DL" else ITERATED
    typical = median(data["vi"])
    place = {"rel": rel, "abs": rel * se_floor(data)}
    assert ours.tau2 == pytest.approx(oracle["tau2"], rel=rel, abs=1e-10 * typical)
    assert ours.mu == pytest.approx(oracle["beta"], **place)
    assert ours.se == pytest.approx(at["se"], rel=rel, abs=1e-14)
    assert ours.p == pytest.approx(at["p"], rel=10 * rel, abs=1e-14)
    assert ours.ci == pytest.approx((at["ci_lb"], at["ci_ub"]), **place)
    assert ours.prediction_interval == pytest.approx((at["pi_lb"], at["pi_ub"]), **place)
    adhoc = oracle["test_adhoc"]
    assert ours.ci_adhoc == pytest.approx((adhoc["ci_lb"], adhoc["ci_ub"]), **place)
    assert ours.i2 == pytest.approx(oracle["I2"], rel=rel, abs=1e-6)
    assert ours.h2 == pytest.approx(oracle["H2"], rel=rel)
    z, hk = oracle["test_z"], oracle["test_knha"]
    assert ours.hksj_narrower == (hk["ci_ub"] - hk["ci_lb"] < z["ci_ub"] - z["ci_lb"])
    expected = [0.0 if isinstance(x, str) else x for x in data["tau2_q_profile"]]
    assert ours.tau2_ci == pytest.approx(tuple(expected), rel=ROOT, abs=ROOT * 1e-3 * typical)


@pytest.mark.parametrize(
    "data",
    [s for s in SETS if "leave_one_out_reml_z" in s],
    ids=[i for s, i in zip(SETS, IDS, strict=True) if "leave_one_out_reml_z" in s],
)
def test_leave_one_out(data):
    ours = leave_one_out(data["yi"], data["vi"], partial(pool_random, test="z"))
    oracle = data["leave_one_out_reml_z"]
    assert [s.mu for s in ours] == pytest.approx(oracle["estimate"], rel=1e-6)
    assert [s.se for s in ours] == pytest.approx(oracle["se"], rel=1e-6)
    typical = median(data["vi"])
    assert [s.tau2 for s in ours] == pytest.approx(oracle["tau2"], rel=1e-6, abs=1e-8 * typical)
