"""Crohn's disease: response from what the abstract printed, the recalled counts beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_cases import appraised, trial

from equipoise.case import read_case
from equipoise.findings import Findings, appraise


@pytest.fixture(scope="module")
def ldn() -> Findings:
    return appraise(read_case("ldn"))


def shown(findings: Findings, base: str) -> list[float]:
    values = [findings.number[f"{base}/{end}"].value for end in ("estimate", "low", "high")]
    return [round(v, 2) for v in values if v is not None]


def test_response_is_synthesised_from_the_printed_percentages_and_their_p_value(
    ldn: Findings,
) -> None:
    base = "effects/smith2011_cd/70-point-cdai-response/rr"
    assert shown(ldn, base) == [2.20, 1.22, 3.98]
    estimate = ldn.number[f"{base}/estimate"]
    assert estimate.verified
    assert "test-of-ratio" in estimate.assumptions
    synthesis = next(s for s in ldn.syntheses if s.id == "crohn/response/rr-cdai-70")
    assert [r.label for r in synthesis.rows] == ["Smith 2011"]


@pytest.mark.parametrize(
    ("study", "outcome", "cochrane"),
    [
        # as the Cochrane review has them (recalled: doi:10.1002/14651858.CD010410.pub3)
        ("smith2011_cd", "70-point-cdai-response-itt", [2.22, 1.14, 4.32]),
        ("smith2011_cd", "100-point-cdai-response-itt", [1.96, 0.87, 4.42]),
        ("smith2011_cd", "clinical-remission-itt", [1.48, 0.42, 5.24]),
        ("smith2011_cd", "endoscopic-response-itt", [2.89, 1.18, 7.08]),
        ("smith2011_cd", "endoscopic-remission-itt", [8.05, 0.47, 138.87]),
        ("smith2013_cd_paed", "clinical-remission-randomised-phase", [5.00, 0.29, 86.43]),
    ],
)
def test_recalled_counts_give_the_recalled_ratios_and_stay_out_of_pools(
    ldn: Findings, study: str, outcome: str, cochrane: list[float]
) -> None:
    assert shown(ldn, f"effects/{study}/{outcome}/rr") == cochrane
    effect = f"effects/{study}/{outcome}/rr"
    assert not any(r.effect == effect for s in ldn.syntheses for r in s.rows)
    beside = [s for s in ldn.unverified for r in s.rows if r.effect == effect]
    assert len(beside) == 1
    assert beside[0].models == ()
    assert not any(r.verified for r in beside[0].rows)


def test_remission_in_adults_and_in_children_is_defined_unlike_and_never_meets(
    ldn: Findings,
) -> None:
    remission = [s for s in ldn.unverified if s.domain == "remission"]
    assert [[r.label for r in s.rows] for s in remission] == [["Smith 2011"], ["Smith 2013"]]


def test_unverified_estimates_carry_no_judgement(ldn: Findings) -> None:
    crohn = next(c for c in ldn.conditions if c.id == "crohn")
    assert {j.domain: j.certainty for j in crohn.judgements}["remission"] == "none"


def test_a_plan_that_lets_unverified_numbers_in_shows_them_in_pools_alone(tmp_path: Path) -> None:
    record = trial("ash") | {"verified": False}
    left_out = appraised(tmp_path / "out", record)
    assert [s.id for s in left_out.unverified] == ["unverified/a/pain/md-nrs"]
    assert left_out.syntheses == ()
    let_in = appraised(tmp_path / "in", record, unverified="include")
    assert let_in.unverified == ()
    assert [s.id for s in let_in.syntheses] == ["a/pain/md-nrs"]
