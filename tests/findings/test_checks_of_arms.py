"""Checks on what arms scored and on the flow of people reach the findings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tiny_cases import HEADER, appraised, trial

SCALE = {"id": "nrs", "name": "NRS", "domain": "pain", "low": 0, "high": 10, "verified": True}


@pytest.fixture(autouse=True)
def _a_scale_from_0_to_10(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(HEADER, "instruments", [SCALE])


def arms(**first: Any) -> dict[str, Any]:
    end = {"arm": "drug", "time": "end", "n": 40, "mean": "5.0", "sd": "2.0"}
    return {"kind": "continuous", "contrast": None, "arms": [end | first]}


def spoken(folder: Path, study: dict[str, Any]) -> list[str]:
    return [a.check for a in appraised(folder, study).attention]


@pytest.mark.parametrize(
    ("first", "checks"),
    [
        ({}, []),
        ({"mean": "9.6", "sd": "1.0"}, []),
        ({"mean": "10.4"}, ["value-outside-scale", "sd-too-large-for-scale"]),
        ({"sd": "5.2"}, ["sd-too-large-for-scale"]),
        ({"mean": "9.5", "sd": "3.0"}, ["sd-too-large-for-scale"]),
        ({"time": "change", "mean": "-2", "sd": "6.0"}, []),
    ],
)
def test_scores_on_a_scale(tmp_path: Path, first: dict[str, Any], checks: list[str]) -> None:
    assert spoken(tmp_path, trial("one", outcome=arms(**first))) == checks


@pytest.mark.parametrize(("sd", "checks"), [("1.9", []), ("4.4", ["change-sd-impossible"])])
def test_the_deviation_of_a_change(tmp_path: Path, sd: str, checks: list[str]) -> None:
    rows = [
        {"arm": "drug", "time": time, "n": 40, "mean": mean, "sd": spread}
        for time, mean, spread in (
            ("baseline", "6.0", "2.0"),
            ("end", "5.0", "2.2"),
            ("change", "-1.0", sd),
        )
    ]
    assert spoken(tmp_path, trial("one", outcome=arms() | {"arms": rows})) == checks


def test_people_who_appear_are_told_until_a_person_has_looked(tmp_path: Path) -> None:
    assert spoken(tmp_path / "fine", trial("one", n_randomised=80, n_analysed=80)) == []
    grown = {"n_randomised": 80, "n_started": 78, "n_completed": 79}
    assert spoken(tmp_path / "grown", trial("one", **grown)) == ["group-grows"]
    seen = {"acknowledged": [{"check": "group-grows", "reason": "one person came back"}]}
    (told,) = appraised(tmp_path / "seen", trial("one", outcome=seen, **grown)).attention
    assert told.acknowledged == "one person came back"
    # Analysed may exceed completed: people who stopped are often analysed.
    kept = {"n_randomised": 80, "n_completed": 60, "n_analysed": 80}
    assert spoken(tmp_path / "kept", trial("one", **kept)) == []
