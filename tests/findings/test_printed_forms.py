"""From whatever a paper printed to an estimate: what was printed, and what comes of it.

Expected values are worked out by hand in the comments, with z = 1.959964.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tiny_cases import appraised, trial

from equipoise.findings import Findings

ARMS = ["drug", "placebo"]


def contrast(kind: str = "mean-difference", **printed: Any) -> dict[str, Any]:
    return {"contrast": {"type": kind, "arms": ARMS} | printed, "arms": []}


def binary(*rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"kind": "binary", "better": "higher", "arms": list(rows), "contrast": None} | more


def rows(drug: dict[str, Any], placebo: dict[str, Any], **more: Any) -> dict[str, Any]:
    arms = [{"arm": "drug"} | drug, {"arm": "placebo"} | placebo]
    return {"contrast": None, "arms": arms} | more


def estimated(findings: Findings) -> tuple[str, tuple[float, ...]]:
    (effect,) = findings.effects
    values = [findings.number[i].value for i in (effect.estimate, effect.low, effect.high)]
    assert all(v is not None for v in values)
    return effect.measure, tuple(v for v in values if v is not None)


@pytest.mark.parametrize(
    ("outcome", "measure", "expected"),
    [
        # 0.9 / (2 × 1.96) = 0.2296; back to the printed limits
        (contrast(estimate=-0.5, ci={"low": -0.95, "high": -0.05}), "MD", (-0.5, -0.95, -0.05)),
        # a printed standard error: ± 1.96 × 0.25
        (contrast(estimate=-0.5, se=0.25), "MD", (-0.5, -0.98999, -0.01001)),
        # p = 0.05 means that zero is a limit
        (contrast(estimate=-0.5, p=0.05), "MD", (-0.5, -1.0, 0.0)),
        # means and SDs: SE = √(4/40 + 4/40) = 0.44721
        (
            rows({"mean": 3, "sd": 2, "n": 40}, {"mean": 4, "sd": 2, "n": 40}),
            "MD",
            (-1.0, -1.87652, -0.12348),
        ),
        # the same from the arms' standard errors, 2/√40 = 0.31623
        (
            rows({"mean": 3, "se": 0.316228, "n": 40}, {"mean": 4, "se": 0.316228, "n": 40}),
            "MD",
            (-1.0, -1.87652, -0.12348),
        ),
        # printed in standard deviations
        (contrast("smd", estimate=-0.4, ci={"low": -0.8, "high": 0.0}), "SMD", (-0.4, -0.8, 0.0)),
        # 20/40 against 10/40: RR 2, SE of the log √(1/20 − 1/40 + 1/10 − 1/40) = 0.31623
        (
            binary(
                {"arm": "drug", "events": 20, "total": 40},
                {"arm": "placebo", "events": 10, "total": 40},
            ),
            "RR",
            (2.0, 1.07612, 3.71706),
        ),
        # percentages that only one count gives
        (
            binary(
                {"arm": "drug", "percent": 50, "total": 40},
                {"arm": "placebo", "percent": 25, "total": 40},
            ),
            "RR",
            (2.0, 1.07612, 3.71706),
        ),
        # no counts, but a printed ratio with its interval
        (
            binary(
                contrast={
                    "type": "risk-ratio",
                    "estimate": 2,
                    "ci": {"low": 1, "high": 4},
                    "arms": ARMS,
                }
            ),
            "RR",
            (2.0, 1.0, 4.0),
        ),
        (
            binary(
                contrast={
                    "type": "odds-ratio",
                    "estimate": 2,
                    "ci": {"low": 1, "high": 4},
                    "arms": ARMS,
                }
            ),
            "OR",
            (2.0, 1.0, 4.0),
        ),
    ],
    ids=["ci", "se", "p", "means", "arm-se", "smd", "counts", "percent", "rr-ci", "or-ci"],
)
def test_what_was_printed_becomes_an_estimate(
    tmp_path: Path, outcome: dict[str, Any], measure: str, expected: tuple[float, ...]
) -> None:
    found = appraised(tmp_path, trial("one", outcome=outcome))
    assert estimated(found) == (measure, pytest.approx(expected, abs=2e-4))
    (effect,) = found.effects
    assert effect.pooled_in  # and each of them reaches a synthesis


def test_a_crossover_takes_its_p_value_as_paired(tmp_path: Path) -> None:
    # t with 27 degrees of freedom: p = 0.016 is t = 2.5702, SE = 10.8 / 2.5702 = 4.2020
    found = appraised(
        tmp_path,
        trial(
            "one",
            structure="crossover",
            n_analysed=28,
            outcome=contrast("paired-mean-difference", estimate=10.8, p=0.016) | {"unit": "%"},
        ),
    )
    assert estimated(found)[1] == pytest.approx((10.8, 2.1781, 19.4219), abs=2e-4)


def test_a_crossover_from_arms_needs_the_assumed_correlation(tmp_path: Path) -> None:
    # r = 0.5 and equal SDs of 2: the SD of differences is 2; SE = 2/√25 = 0.4; t(24) = 2.0639
    found = appraised(
        tmp_path,
        trial(
            "one",
            structure="crossover",
            n_analysed=25,
            outcome=rows({"mean": 3, "sd": 2}, {"mean": 4, "sd": 2}),
        ),
    )
    assert estimated(found)[1] == pytest.approx((-1.0, -1.82556, -0.17444), abs=1e-4)
    number = found.number["effects/one/pain/md/estimate"]
    assert "case/plan/crossover-correlation" in number.inputs


def test_a_contrast_printed_the_other_way_round_is_turned(tmp_path: Path) -> None:
    backwards = contrast(estimate=0.5, ci={"low": 0.05, "high": 0.95})
    backwards["contrast"]["arms"] = ["placebo", "drug"]
    found = appraised(tmp_path, trial("one", outcome=backwards))
    assert estimated(found)[1] == pytest.approx((-0.5, -0.95, -0.05), abs=1e-6)


def test_baseline_rows_are_never_taken_for_results(tmp_path: Path) -> None:
    outcome = {
        "contrast": None,
        "arms": [
            {"arm": "drug", "time": "baseline", "mean": 7, "sd": 2, "n": 40},
            {"arm": "placebo", "time": "baseline", "mean": 6, "sd": 2, "n": 40},
            {"arm": "drug", "time": "end", "mean": 3, "sd": 2, "n": 40},
            {"arm": "placebo", "time": "end", "mean": 4, "sd": 2, "n": 40},
        ],
    }
    found = appraised(tmp_path, trial("one", outcome=outcome))
    assert estimated(found)[1][0] == -1.0


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (contrast(estimate=-0.5, p="<0.01"), "bound on the p value"),
        (contrast("p-only", p=0.03), "without an estimate"),
        (contrast("no-difference"), "words of no difference"),
        (contrast("direction-only", direction="better"), "Only a direction"),
        (
            binary({"arm": "drug", "percent": 50}, {"arm": "placebo", "percent": 25}),
            "without their denominators",
        ),
        (
            binary(
                {"arm": "drug", "percent": 51, "total": 40},
                {"arm": "placebo", "percent": 25, "total": 40},
            ),
            "fits no single number",
        ),
    ],
    ids=["bound", "p-only", "null", "direction", "no-total", "impossible"],
)
def test_what_gives_no_estimate_says_why(
    tmp_path: Path, outcome: dict[str, Any], reason: str
) -> None:
    found = appraised(tmp_path, trial("one", outcome=outcome))
    assert found.effects == ()
    (missing,) = found.not_estimated
    assert reason in missing.reason


def test_no_event_in_either_arm_says_nothing_about_a_ratio(tmp_path: Path) -> None:
    none = binary(
        {"arm": "drug", "events": 0, "total": 40}, {"arm": "placebo", "events": 0, "total": 40}
    )
    found = appraised(tmp_path, trial("one", outcome=none))
    assert found.effects == ()
    assert len(found.not_estimated) == 1
