"""From a printed pool back to the readings that would give it.

A published synthesis prints a result and seldom its inputs. `reconstruct` pools every combination
of ways to read the trials; `imply_trial` says what a trial that cannot be seen must have shown.
"""

import math
import time

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from equipoise.errors import EvidenceError
from equipoise.evidence.synthesis import (
    PublishedPool,
    Reading,
    imply_trial,
    pool_fixed,
    pool_random,
    reconstruct,
)


def printed(yi, vi, model="FE", decimals=2):
    """What a publication of these trials would print."""
    s = pool_fixed(yi, vi) if model == "FE" else pool_random(yi, vi, method="DL", test="z")
    return PublishedPool(
        estimate=round(s.mu, decimals),
        low=round(s.ci[0], decimals),
        high=round(s.ci[1], decimals),
        i2=round(s.i2),
        rounding=0.5 * 10**-decimals,
    )


TRIALS = {
    "ash": (Reading(id="as printed", yi=-0.5, vi=0.04), Reading(id="wide", yi=-0.5, vi=0.08)),
    "birch": (Reading(id="as printed", yi=0.1, vi=0.05),),
    "cedar": (
        Reading(id="as printed", yi=-0.2, vi=0.06),
        Reading(id="se for sd", yi=-1.4, vi=0.05, strain=2),
    ),
}


def test_a_pool_of_sound_readings_is_found_and_named():
    found = reconstruct(printed([-0.5, 0.1, -0.2], [0.04, 0.05, 0.06]), TRIALS, expected=TRIALS)
    best = found.simplest
    assert best is not None
    assert best.matches
    assert best.strain == 0
    assert [(name, r.id) for name, r in best.readings] == [
        ("ash", "as printed"),
        ("birch", "as printed"),
        ("cedar", "as printed"),
    ]
    assert best.model == "FE"
    assert found.unstrained is not None
    assert found.matching >= 1


def test_a_mistake_is_found_where_only_a_mistake_explains_the_result():
    target = printed([-0.5, 0.1, -1.4], [0.04, 0.05, 0.05], "DL")
    found = reconstruct(target, TRIALS, expected=TRIALS)
    assert found.nearest.matches
    assert dict(found.nearest.readings)["cedar"].id == "se for sd"
    assert found.nearest.strain == 2
    assert found.unstrained is not None
    assert found.unstrained.distance > found.nearest.distance
    assert not found.unstrained.matches


def test_leaving_out_a_trial_that_the_publication_had_is_a_strain():
    target = printed([-0.5, 0.1], [0.04, 0.05])
    assert reconstruct(target, TRIALS, expected=TRIALS).nearest.strain == 1
    assert reconstruct(target, TRIALS, expected=["ash", "birch"]).nearest.strain == 0


def test_i2_tells_apart_what_the_interval_alone_cannot():
    target = printed([-0.5, 0.1, -1.4], [0.04, 0.05, 0.05], "DL")
    silent = PublishedPool(
        estimate=target.estimate, low=target.low, high=target.high, rounding=target.rounding
    )
    wrong = PublishedPool(
        estimate=target.estimate, low=target.low, high=target.high, i2=0, rounding=target.rounding
    )
    assert reconstruct(silent, TRIALS).nearest.distance < 0.1
    assert reconstruct(wrong, TRIALS).nearest.distance > 0.1
    assert reconstruct(wrong, TRIALS).matching == 0


def test_readings_of_different_settings_never_meet():
    trials = {
        "ash": (
            Reading(id="x", yi=0.0, vi=0.1, setting="paired"),
            Reading(id="x", yi=1.0, vi=0.1, setting="split"),
        ),
        "birch": (
            Reading(id="x", yi=0.0, vi=0.1, setting="paired"),
            Reading(id="x", yi=1.0, vi=0.1, setting="split"),
        ),
    }
    mixed = printed([0.0, 1.0], [0.1, 0.1])
    found = reconstruct(mixed, trials)
    assert found.tried == 2 * 3  # a setting each, in three models
    assert found.nearest.distance > 1
    assert reconstruct(printed([1.0, 1.0], [0.1, 0.1]), trials).nearest.setting == "split"


def test_every_combination_is_tried_once():
    found = reconstruct(printed([0.0, 0.1], [0.1, 0.1]), TRIALS, smallest=2, models=("FE",))
    # options per trial, left out included: 3 × 2 × 3, less the six with fewer than two trials
    assert found.tried == 18 - 6


def test_tens_of_thousands_of_combinations_take_a_fraction_of_a_second():
    rng = np.random.default_rng(7)
    trials = {
        f"t{i}": tuple(
            Reading(id=str(j), yi=float(y), vi=0.05) for j, y in enumerate(rng.normal(size=5))
        )
        for i in range(5)
    }
    start = time.perf_counter()
    found = reconstruct(printed([0.1, 0.2], [0.05, 0.05]), trials)
    assert found.tried > 20_000
    assert time.perf_counter() - start < 2


def test_fewer_than_two_readable_trials_are_refused():
    with pytest.raises(EvidenceError, match="Fewer than 2 trials"):
        reconstruct(printed([0.0, 0.1], [0.1, 0.1]), {"ash": TRIALS["ash"], "birch": ()})


@pytest.mark.parametrize(
    ("estimate", "low", "high", "i2"),
    [(0.0, 1.0, 2.0, None), (0.0, 1.0, -1.0, None), (math.nan, -1, 1, None), (0, -1, 1, 120.0)],
)
def test_a_published_result_that_cannot_be_is_refused(estimate, low, high, i2):
    with pytest.raises(EvidenceError):
        PublishedPool(estimate=estimate, low=low, high=high, i2=i2)


@pytest.mark.parametrize(("yi", "vi"), [(math.nan, 1.0), (0.0, 0.0), (0.0, math.inf)])
def test_a_reading_that_cannot_be_is_refused(yi, vi):
    with pytest.raises(EvidenceError):
        Reading(id="x", yi=yi, vi=vi)


effects = st.lists(st.tuples(st.floats(-2, 2), st.floats(0.01, 1.0)), min_size=2, max_size=5)


@settings(max_examples=60, deadline=None)
@given(effects, st.sampled_from(["FE", "DL", "DL-HK"]))
def test_the_scan_pools_as_the_pooling_functions_do(trials, model):
    y, v = [t[0] for t in trials], [t[1] for t in trials]
    readings = {str(i): (Reading(id="x", yi=a, vi=b),) for i, (a, b) in enumerate(trials)}
    target = PublishedPool(estimate=0.0, low=-1.0, high=1.0)
    one = reconstruct(target, readings, models=(model,), smallest=len(trials)).nearest
    if model == "FE":
        s = pool_fixed(y, v)
    else:
        s = pool_random(y, v, method="DL", test="knha" if model == "DL-HK" else "z")
    assert one.estimate == pytest.approx(s.mu, rel=1e-9, abs=1e-11)
    assert (one.low, one.high) == pytest.approx(s.ci, rel=1e-9, abs=1e-11)
    assert one.i2 == pytest.approx(pool_fixed(y, v).i2, rel=1e-9, abs=1e-7)


@settings(max_examples=40, deadline=None)
@given(effects, st.randoms(use_true_random=False))
def test_the_order_of_trials_does_not_matter_and_a_mirror_mirrors(trials, random):
    readings = {str(i): (Reading(id="x", yi=a, vi=b),) for i, (a, b) in enumerate(trials)}
    target = PublishedPool(estimate=0.3, low=-0.2, high=0.8)
    found = reconstruct(target, readings)
    names = list(readings)
    random.shuffle(names)
    again = reconstruct(target, {n: readings[n] for n in names})
    assert again.nearest.distance == pytest.approx(found.nearest.distance, rel=1e-9, abs=1e-11)
    mirror = reconstruct(
        PublishedPool(estimate=-0.3, low=-0.8, high=0.2),
        {n: (Reading(id="x", yi=-r[0].yi, vi=r[0].vi),) for n, r in readings.items()},
    )
    assert mirror.nearest.distance == pytest.approx(found.nearest.distance, rel=1e-9, abs=1e-11)


# --- a trial that is not seen ---------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(effects, st.floats(-3, 3), st.floats(0.01, 1.0))
def test_a_hidden_trial_is_found_again_under_a_common_effect(trials, yi, vi):
    y, v = [t[0] for t in trials], [t[1] for t in trials]
    s = pool_fixed([*y, yi], [*v, vi])
    target = PublishedPool(estimate=s.mu, low=s.ci[0], high=s.ci[1])
    made = imply_trial(target, y, v, random=False)
    assert made is not None
    assert made.yi == pytest.approx(yi, rel=1e-6, abs=1e-6)
    assert made.vi == pytest.approx(vi, rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(effects, st.floats(-3, 3), st.floats(0.01, 1.0))
def test_under_random_effects_the_completed_set_gives_what_was_printed(trials, yi, vi):
    y, v = [t[0] for t in trials], [t[1] for t in trials]
    s = pool_random([*y, yi], [*v, vi], method="DL", test="z")
    assume(s.i2 is not None)
    target = PublishedPool(
        estimate=s.mu, low=s.ci[0], high=s.ci[1], i2=pool_fixed([*y, yi], [*v, vi]).i2
    )
    made = imply_trial(target, y, v, random=True)
    assume(made is not None)  # a root between two points of the grid that lie very close together
    again = pool_random([*y, made.yi], [*v, made.vi], method="DL", test="z")
    assert again.mu == pytest.approx(s.mu, rel=1e-6, abs=1e-6)
    assert again.se == pytest.approx(s.se, rel=1e-5)


def test_no_trial_can_narrow_what_is_already_narrower():
    target = PublishedPool(estimate=-0.5, low=-1.5, high=0.5)
    assert imply_trial(target, [0.0, 0.1], [0.01, 0.01], random=False) is None


def test_an_implied_trial_needs_others():
    with pytest.raises(EvidenceError):
        imply_trial(PublishedPool(estimate=0, low=-1, high=1), [], [], random=False)
