"""Every verb: what it answers, with which status, in which shape."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from equipoise.case import read_case
from equipoise.findings import appraise, write_json
from equipoise.findings.store import to_json

N = "studies/hoar2021/outcomes/wts/contrast/estimate"


def break_percentage(toy) -> None:
    """A percentage that no number of people gives, and nobody has acknowledged the check."""
    text = toy.text("studies/wick2022.yaml")
    start = text.index("    # A check that speaks")
    stop = text.index("read_level:")
    toy.write("studies/wick2022.yaml", text[:start] + "\n" + text[stop:])


# --- status ---------------------------------------------------------------------------------------


def test_new_check_appraise_explain(equipoise, tmp_path: Path) -> None:
    """The road of a newcomer, from nothing to a number's source."""
    made = equipoise("new", "mine")
    assert (made.status, made.err) == (0, "")
    assert "equipoise check mine" in made.out
    checked = equipoise("check", "mine")
    assert (checked.status, checked.err) == (0, "")
    assert checked.out.startswith("mine: 8 records, 6 claims, ")
    appraised = equipoise("appraise", "mine")
    assert (appraised.status, appraised.err) == (0, "")
    assert appraised.out.endswith(f"{Path('out/mine/index.html')}\n")
    assert (tmp_path / "out" / "mine" / "index.html").is_file()
    explained = equipoise("explain", N, "out/mine")
    assert (explained.status, explained.err) == (0, "")
    assert "case file: studies/hoar2021.yaml:" in explained.out


def test_attention_is_status_one_and_acknowledging_makes_it_zero(equipoise, toy) -> None:
    assert equipoise("check", toy.root).status == 0
    break_percentage(toy)
    for verb in ("check", "appraise"):
        answer = equipoise(verb, toy.root)
        assert answer.status == 1
        assert "Needs attention" in answer.out
        assert "studies/wick2022.yaml, hiccups: Wick 2022: No whole number" in answer.out
    toy.replace(
        "studies/wick2022.yaml",
        "read_level:",
        "note: x\nread_level:",
    )
    toy.replace(
        "studies/wick2022.yaml",
        "    locator: abstract\n\nnote",
        "    locator: abstract\n    acknowledged:\n"
        "      - {check: percentage-fits-no-count, reason: printed so}\n\nnote",
    )
    assert equipoise("check", toy.root).status == 0


def test_an_impossible_percentage_cannot_be_read(equipoise, toy) -> None:
    toy.replace("experience/waiting-winter.yaml", "percent: 41", "percent: 120")
    for verb in ("check", "appraise"):
        answer = equipoise(verb, toy.root)
        assert answer.status == 2
        assert answer.out == ""
        assert "a percentage cannot be 120" in answer.err
    assert not Path("out").exists()


@pytest.mark.parametrize(
    "args",
    [
        ("check",),
        ("check", "a", "b"),
        ("chek", "toy"),
        ("check", "toy", "--jsn"),
        ("new",),
        ("explain",),
        ("appraise", "toy", "--out"),
        ("check", "nowhere"),
        ("appraise", "nowhere"),
        ("explain", "x", "nowhere"),
        ("explain", "x", "toy"),
        ("explain", "", "toy"),
        ("new", "no/such/folder"),
        ("new", "-"),
        ("new", "."),
        ("new", "/"),
        ("new", ""),
    ],
    ids=" ".join,
)
def test_what_could_not_be_done_is_status_two(args: tuple[str, ...], equipoise) -> None:
    answer = equipoise(*args)
    assert answer.status == 2
    assert answer.out == ""
    assert answer.err
    assert "Traceback" not in answer.err


def test_help_and_version(equipoise) -> None:
    assert equipoise("--version").out == "equipoise 0.1.0\n"
    top = equipoise("--help")
    assert top.status == 0
    for verb in ("new", "check", "appraise", "explain"):
        assert verb in top.out
        answer = equipoise(verb, "-h")
        assert answer.status == 0
        assert "--json" in answer.out


def test_the_status_is_documented(equipoise) -> None:
    assert "0 done and clean; 1 done" in " ".join(equipoise("--help").out.split())


# --- one shape for success, one for failure -------------------------------------------------------

RESULTS = {
    "new": {"case"},
    "check": {"case", "records", "numbers", "unverified", "claims", "attention", "acknowledged"},
    "appraise": {"case", "dossier", "findings", "bottom_lines", "attention"},
    "explain": {"id", "path"},
}


@pytest.mark.parametrize(
    ("verb", "args"),
    [("new", ["mine"]), ("check", ["toy"]), ("appraise", ["toy"]), ("explain", [N, "toy"])],
)
def test_shape_of_success(verb: str, args: list[str], equipoise) -> None:
    answer = equipoise(verb, *args, "--json")
    assert answer.err == ""
    assert list(answer.json) == ["ok", "verb", "status", "result"]
    assert answer.json["ok"] is True
    assert answer.json["verb"] == verb
    assert answer.json["status"] == answer.status == 0
    assert set(answer.json["result"]) == RESULTS[verb]


def test_shape_of_success_with_attention(equipoise, toy) -> None:
    break_percentage(toy)
    answer = equipoise("check", toy.root, "--json")
    assert answer.json["ok"] is True
    assert answer.json["status"] == answer.status == 1
    (waiting,) = answer.json["result"]["attention"]
    assert set(waiting) == {"id", "where", "what"}


def test_json_of_explain_is_the_path(equipoise) -> None:
    number = "effects/hoar2021/wts/md/estimate"
    path = equipoise("explain", number, "toy", "--json").json["result"]["path"]
    assert (path[0]["id"], path[0]["depth"]) == (number, 0)
    assert N in [node["id"] for node in path if node["depth"] == 1]
    assert all(node["source"] for node in path if node["kind"] == "printed")


@pytest.mark.parametrize(
    ("args", "kind"),
    [
        (("check", "nowhere"), "CaseNotFound"),
        (("appraise", "nowhere"), "CaseNotFound"),
        (("explain", "x", "nowhere"), "CaseNotFound"),
        (("explain", "x", "toy"), "Findings"),
        (("new", "no/such/folder"), "Case"),
        (("new", "-x"[1:] + "!"), "Case"),
    ],
    ids=" ".join,
)
def test_shape_of_failure(args: tuple[str, ...], kind: str, equipoise) -> None:
    answer = equipoise(*args, "--json")
    assert answer.err == ""
    assert list(answer.json) == ["ok", "verb", "status", "kind", "errors"]
    assert answer.json["ok"] is False
    assert answer.json["verb"] == args[0]
    assert answer.json["status"] == answer.status == 2
    assert answer.json["kind"] == kind
    assert all(e["message"] for e in answer.json["errors"])


def test_mistakes_in_a_case_carry_their_place(equipoise, toy) -> None:
    toy.replace("studies/frost2019.yaml", "n_analysed: 118", "n_analysed: -3")
    toy.replace("studies/frost2019.yaml", "blinding: double", "blinding: doubel")
    answer = equipoise("check", toy.root, "--json")
    assert answer.status == 2
    assert [(e["file"], e["line"], e["column"]) for e in answer.json["errors"]] == [
        ("studies/frost2019.yaml", *toy.place("studies/frost2019.yaml", "doubel")),
        ("studies/frost2019.yaml", *toy.place("studies/frost2019.yaml", "-3")),
    ]
    assert set(answer.json["errors"][0]) == {
        "message", "file", "line", "column", "expected", "advice"
    }  # fmt: skip
    text = equipoise("check", toy.root)
    assert "2 mistakes; nothing was written." in text.err
    assert "Did you mean 'double'?" in text.err


# --- names ----------------------------------------------------------------------------------------


def test_near_names_are_offered(equipoise) -> None:
    answer = equipoise("check", "toyy")
    assert "shipped: ldn, toy" in answer.err
    assert "Did you mean toy?" in answer.err
    assert "Did you mean 'check'?" in equipoise("chek", "toy").err


@pytest.mark.parametrize(
    ("number", "near"),
    [
        ("studies/hoar2021/outcomes/wts/contrast/estimat", N),
        ("hoar2021/outcomes/wts/contrast/estimate", N),
        ("count/winter-tiredness", "count/winter-tiredness/randomised-trials"),
        ("STUDIES/hoar2021/outcomes/wts/contrast/estimate", N),
    ],
)
def test_near_ids_are_offered(number: str, near: str, equipoise) -> None:
    answer = equipoise("explain", number, "toy")
    assert answer.status == 2
    assert near in answer.err


def test_a_long_wrong_id_is_answered_quickly(equipoise) -> None:
    assert equipoise("explain", "x" * 5000, "toy").status == 2


# --- explain --------------------------------------------------------------------------------------


def test_explain_reads_a_case_a_dossier_and_a_file_alike(equipoise, tmp_path: Path) -> None:
    findings = tmp_path / "findings.json"
    write_json(to_json(appraise(read_case("toy"))), findings)
    equipoise("appraise", "toy", "--out", "dossier")
    number = "pooled/winter-tiredness/tiredness/md-wts/bayes/estimate"
    answers = [
        equipoise("explain", number, place)
        for place in ("toy", findings, "dossier", "dossier/findings.json")
    ]
    assert [a.status for a in answers] == [0, 0, 0, 0]
    assert len({a.out for a in answers}) == 1
    assert "printed in: Frost E, Rime F. 2019." in answers[0].out
    assert "case file: studies/frost2019.yaml:" in answers[0].out


def test_explain_shows_what_is_unverified(equipoise) -> None:
    answer = equipoise(
        "explain", "studies/hoar2021/outcomes/wts-next-winter/contrast/estimate", "toy"
    )
    assert "[unverified]" in answer.out
    through = equipoise("explain", "effects/hoar2021/wts-next-winter/md/estimate", "toy")
    assert through.out.count("[unverified]") >= 2


def test_explain_takes_ldn_where_no_case_is_named(equipoise) -> None:
    number = "studies/younger2013_fm/outcomes/pain-reduction-from-baseline/contrast/estimate"
    answer = equipoise("explain", number)
    assert answer.status == 0
    assert "10.8" in answer.out
    assert "doi:10.1002/art.37734" in answer.out
    assert "studies/younger2013_fm.yaml:" in answer.out


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{}", b"[]", b"null", b"{", b"\xff\xfe", b"[" * 100_000,
        b'{"schema": "equipoise.findings/9"}', b'{"schema": "equipoise.findings/1"}',
        b'{"schema": "equipoise.findings/1", "numbers": [{"id": 1}]}',
    ],
    ids=range(10),
)  # fmt: skip
def test_a_file_that_is_not_findings(content: bytes, equipoise, tmp_path: Path) -> None:
    (tmp_path / "findings.json").write_bytes(content)
    for place in (tmp_path, tmp_path / "findings.json"):
        answer = equipoise("explain", "x", place)
        assert answer.status == 2
        assert "Traceback" not in answer.err
        assert len(answer.err) < 600


@pytest.mark.parametrize("number_id", [n.id for n in appraise(read_case("toy")).numbers][::7])
def test_any_number_can_be_explained(number_id: str, equipoise, tmp_path: Path) -> None:
    target = tmp_path / "findings.json"
    write_json(TOY_JSON, target)
    answer = equipoise("explain", number_id, target)
    assert answer.status == 0
    assert f"id: {number_id}" in answer.out


TOY_JSON = to_json(appraise(read_case("toy")))


# --- appraise -------------------------------------------------------------------------------------


def test_appraise_writes_the_findings_it_drew(equipoise, tmp_path: Path) -> None:
    answer = equipoise("appraise", "toy", "--out", "there", "--json")
    result = answer.json["result"]
    assert Path(result["dossier"]) == Path("there/index.html")
    assert Path(result["findings"]).read_bytes() == TOY_JSON
    assert set(result["bottom_lines"]) == {"winter-tiredness", "lantern-headache"}
    assert json.loads(TOY_JSON)["schema"] == "equipoise.findings/1"
    assert [p.name for p in tmp_path.iterdir()] == ["there"]


def test_appraise_replaces_its_own_dossier(equipoise, tmp_path: Path) -> None:
    first = equipoise("appraise", "toy", "--out", "there")
    before = {p: p.read_bytes() for p in (tmp_path / "there").rglob("*") if p.is_file()}
    assert equipoise("appraise", "toy", "--out", "there").out == first.out
    after = {p: p.read_bytes() for p in (tmp_path / "there").rglob("*") if p.is_file()}
    assert before == after


def test_appraise_does_not_replace_what_is_not_its_own(equipoise, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    answer = equipoise("appraise", "toy", "--out", "mine")
    assert answer.status == 2
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"
    (tmp_path / "file").write_text("mine")
    assert equipoise("appraise", "toy", "--out", "file").status == 2
    assert (tmp_path / "file").read_text() == "mine"
