"""The toy case: every part filled, every check clean, and a new case begins as a copy of it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from pydantic import BaseModel

from equipoise.case import find_case, read_case
from equipoise.case.scaffold import write_new_case
from equipoise.errors import CaseError
from equipoise.findings import Findings, appraise

FINDINGS = appraise(read_case("toy"))


@pytest.mark.parametrize("part", Findings.model_fields)
def test_no_section_of_its_findings_is_empty(part: str) -> None:
    value = getattr(FINDINGS, part)
    assert value not in (None, (), "")
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            assert getattr(value, name) not in (None, ()), f"{part}.{name}"


def test_every_check_is_acknowledged() -> None:
    assert FINDINGS.attention
    assert all(a.acknowledged for a in FINDINGS.attention)


def test_each_verdict_occurs() -> None:
    verdicts = {c.verdict for c in FINDINGS.claims}
    assert verdicts == {"supported", "partly", "contradicted", "not-found", "could-not-check"}
    assert len(FINDINGS.claims) == 6


def test_what_must_not_be_pooled_is_not() -> None:
    rows = {s.id: [r.effect.split("/")[1] for r in s.rows] for s in FINDINGS.syntheses}
    assert rows["winter-tiredness/tiredness/md-wts"] == ["frost2019", "hoar2021"]
    assert not any("ember2023" in r and len(r) > 1 for r in rows.values())
    assert not any("snowdrift2018" in r for r in rows.values())
    left_out = {e.id: e.why_not_pooled for e in FINDINGS.effects if not e.pooled_in}
    assert set(left_out) == {
        "effects/hoar2021/wts-next-winter/md",
        "effects/snowdrift2018/wts/smcr",
    }
    assert all(left_out.values())


def test_a_zero_cell_gives_an_estimate_and_an_upper_bound() -> None:
    assert FINDINGS.number["effects/wick2022/relief/rr/estimate"].value == pytest.approx(13.7, 1e-3)
    at = "harms/studies/frost2019/adverse_events/serious/arms/tea/upper"
    assert FINDINGS.number[at].value == pytest.approx(100 * (1 - 0.05 ** (1 / 59)))


def test_like_rates_meet_and_unlike_ones_are_refused() -> None:
    experience = FINDINGS.experience
    assert [(s.report, s.benchmark) for s in experience.selection] == [
        ("experience/tea-clinic/rates/better", "experience/waiting-winter/rates/better")
    ]
    assert len(experience.refused) == 1


def test_every_hypothesis_of_occupancy_was_fitted() -> None:
    assert FINDINGS.drug is not None
    assert {m.model for m in FINDINGS.drug.models} == {
        "parent-plasma", "metabolite", "brain-retained", "slow-dissociation"
    }  # fmt: skip


def test_it_says_that_it_is_invented() -> None:
    assert "invented" in FINDINGS.case.title
    root = find_case("toy")
    assert "doi" not in {
        line.strip().partition(":")[0]
        for path in root.rglob("*.yaml")
        for line in path.read_text(encoding="utf-8").splitlines()
    }


@pytest.mark.parametrize("path", sorted(find_case("toy").rglob("*.yaml")), ids=lambda p: p.name)
def test_every_file_teaches(path: Path) -> None:
    """A newcomer copies these files: each begins with a line that says what it is."""
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert all(len(line) <= 110 for line in text.splitlines())


# --- new ------------------------------------------------------------------------------------------


def test_a_new_case_checks_clean(tmp_path: Path) -> None:
    made = write_new_case(tmp_path / "my.case-2")
    case = read_case(made)
    assert case.header.id == "my.case-2"
    assert not [a for a in appraise(case).attention if a.acknowledged is None]


def test_a_new_case_is_the_toy_case_but_for_its_id(tmp_path: Path) -> None:
    made, toy = write_new_case(tmp_path / "mine"), find_case("toy")
    for path in toy.rglob("*.yaml"):
        copy = made / path.relative_to(toy)
        text = path.read_text(encoding="utf-8")
        if path.name == "case.yaml":
            text = text.replace("\nid: toy\n", "\nid: mine\n")
        assert copy.read_text(encoding="utf-8") == text
        assert stat.S_IMODE(copy.stat().st_mode) == 0o644
    assert [p.name for p in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize(
    "name", ["-x", ".x", "a b", "é", "x" * 81, "<script>", "a\nb", "x\n", "\u202e"]
)
def test_a_name_that_cannot_be_an_id(name: str, tmp_path: Path) -> None:
    with pytest.raises(CaseError, match="cannot be the name of a case"):
        write_new_case(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    for name in ("folder", "file", "link"):
        if name == "folder":
            (tmp_path / name).mkdir()
        elif name == "file":
            (tmp_path / name).write_text("mine")
        else:
            (tmp_path / name).symlink_to(tmp_path / "nowhere")
        with pytest.raises(CaseError, match="already something of this name"):
            write_new_case(tmp_path / name)
    assert (tmp_path / "file").read_text() == "mine"
    assert not (tmp_path / "nowhere").exists()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match="does not exist"):
        write_new_case(tmp_path / "a" / "b")


def test_nothing_is_left_when_copying_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("equipoise.case.scaffold.shutil.copytree", full)
    with pytest.raises(CaseError, match="No space left on device"):
        write_new_case(tmp_path / "mine")
    assert list(tmp_path.iterdir()) == []
