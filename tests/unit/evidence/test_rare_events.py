"""Rare events side by side, and the beta-binomial model among them."""

import math

import numpy as np
import pytest
from scipy import optimize
from scipy.special import betaln

from equipoise.errors import EvidenceError
from equipoise.evidence.methods import METHODS
from equipoise.evidence.synthesis import (
    find_zero_cells,
    fit_beta_binomial,
    fit_glmm,
    pool_mantel_haenszel,
    pool_peto,
    rare_event_models,
)

TRIALS = (
    [0, 1, 0, 9, 0, 2],
    [50, 60, 45, 80, 40, 100],
    [0, 0, 1, 0, 2, 1],
    [50, 62, 44, 79, 41, 101],
)


def by_model(results):
    return {(r.model.split(",")[0], r.measure): r for r in results}


def test_every_model_is_the_one_it_says():
    results = rare_event_models(*TRIALS)
    named = by_model(results)
    mh = pool_mantel_haenszel(*TRIALS)
    assert named["Mantel-Haenszel", "OR"].estimate == pytest.approx(math.exp(mh.mu), rel=1e-14)
    rd = pool_mantel_haenszel(*TRIALS, measure="RD")
    assert (named["Mantel-Haenszel", "RD"].low, named["Mantel-Haenszel", "RD"].high) == rd.ci
    peto = pool_peto(*TRIALS)
    assert named["Peto", "OR"].high == pytest.approx(math.exp(peto.ci[1]), rel=1e-14)
    exact = fit_glmm(*TRIALS, model="CM.EL")
    conditional = next(r for r in results if "CM.EL" in r.model)
    assert (conditional.estimate, conditional.tau2) == pytest.approx(
        (math.exp(exact.mu), exact.tau2), rel=1e-12
    )
    assert all(cite in METHODS for r in results for cite in r.cites)
    assert all(r.note for r in results)


def test_who_says_something():
    named = by_model(rare_event_models(*TRIALS))
    assert named["Mantel-Haenszel", "OR"].without_information == (0,)
    assert named["Mantel-Haenszel", "RD"].without_information == ()
    assert named["beta-binomial", "OR"].k_used == 6
    assert all(r.k_used + r.k_without_information == 6 for r in named.values())


def test_zero_cells_are_shown():
    zeros = find_zero_cells([*TRIALS[0], 5], [*TRIALS[1], 5], [*TRIALS[2], 4], [*TRIALS[3], 4])
    assert zeros.both == (0,)
    assert zeros.arm1 == (2, 4)
    assert zeros.arm2 == (1, 3)
    assert zeros.all_events == (6,)


def test_a_model_without_an_answer_stays_in_the_list_with_the_reason():
    results = rare_event_models([0, 0], [10, 10], [0, 1], [10, 10])
    silent = {(r.model, r.measure): r.note for r in results if r.estimate is None}
    assert len(results) == 8
    assert "no events" in silent["Mantel-Haenszel", "OR"]
    assert by_model(results)["Peto", "OR"].estimate < 1
    nothing = rare_event_models([0, 0], [10, 10], [0, 0], [10, 10])
    assert all(r.estimate is None and r.note and r.k_used == 0 for r in nothing)


def test_peto_is_warned_of():
    def note(*counts):
        return by_model(rare_event_models(*counts))["Peto", "OR"].note

    fair = [2, 1], [100, 120], [3, 1], [100, 118]
    assert "as this method needs" in note(*fair)
    assert "differ in size by up to 5.0 to 1" in note([2, 1], [500, 120], [1, 1], [100, 118])
    assert "not rare (30% of people)" in note([30], [100], [30], [100])
    assert "effect is large" in note([1], [1000], [9], [1000])


def test_counts_that_cannot_be_are_refused():
    with pytest.raises(EvidenceError, match="cannot be"):
        rare_event_models([11], [10], [0], [10])


def test_beta_binomial_against_a_general_optimiser():
    e1, n1, e2, n2 = (np.array(column, dtype=float) for column in TRIALS)

    def minus_log_likelihood(v):
        total = 0.0
        s = math.exp(v[2])
        for e, n, p in ((e1, n1, 1 / (1 + math.exp(-v[0]))), (e2, n2, 1 / (1 + math.exp(-v[1])))):
            a, b = p / s, (1 - p) / s
            ways = -betaln(n - e + 1, e + 1) - np.log1p(n)
            total += float((ways + betaln(e + a, n - e + b) - betaln(a, b)).sum())
        return -total

    best = optimize.minimize(
        minus_log_likelihood, [-4, -4, -4], method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-13, "maxiter": 4000},
    )  # fmt: skip
    r = fit_beta_binomial(*TRIALS)
    assert r.log_likelihood == pytest.approx(-best.fun, rel=1e-9)
    assert r.mu == pytest.approx(best.x[0] - best.x[1], abs=1e-4)


def test_beta_binomial_without_spread_is_the_collapsed_table():
    """Arms that vary less than chance leave ρ = 0: the sums of the columns."""
    r = fit_beta_binomial([5, 5], [50, 50], [8, 8], [50, 50])
    assert r.rho == 0
    assert r.mu == pytest.approx(math.log(10 / 90) - math.log(16 / 84), rel=1e-12)
    assert r.se == pytest.approx(math.sqrt(1 / 10 + 1 / 90 + 1 / 16 + 1 / 84), rel=1e-12)


def test_beta_binomial_swaps_and_permutes():
    there = fit_beta_binomial(*TRIALS)
    back = fit_beta_binomial(*TRIALS[2:], *TRIALS[:2])
    assert (back.mu, back.se, back.rho) == pytest.approx((-there.mu, there.se, there.rho), rel=1e-9)
    again = fit_beta_binomial(*(list(reversed(c)) for c in TRIALS))
    assert (again.mu, again.se) == pytest.approx((there.mu, there.se), rel=1e-12)
    more = fit_beta_binomial(*([*c, v] for c, v in zip(TRIALS, (0, 500, 0, 500), strict=True)))
    assert more.mu != there.mu


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        (([0, 0], [10, 10], [1, 1], [10, 10]), "no events in arm 1"),
        (([1, 1], [10, 10], [10, 10], [10, 10]), "nothing but events in arm 2"),
        (([10, 0], [10, 10], [10, 0], [10, 10]), "all or nothing"),
        (([1], [10**6], [1], [10]), "up to 20000"),
    ],
)
def test_beta_binomial_refusals_speak(counts, words):
    with pytest.raises(EvidenceError, match=words):
        fit_beta_binomial(*counts)
