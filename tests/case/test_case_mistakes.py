"""Each mistake that a person can make in a case, and what they are told: place, words, remedy."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from equipoise.case import find_case, read_case
from equipoise.case import reader as reader_module
from equipoise.errors import CaseError, CaseErrors, CaseNotFoundError


class Mistake(NamedTuple):
    """In `file`, `old` was typed as `new`; the error stands where `at` begins."""

    name: str
    file: str
    old: str
    new: str
    at: str
    message: str
    expected: str | None = None
    advice: str | None = None


FROST, HOAR, WICK = (f"studies/{s}.yaml" for s in ("frost2019", "hoar2021", "wick2022"))
CLAIMS, REPORT, BENCHMARK = (
    "claims/tea.yaml",
    "experience/tea-clinic.yaml",
    "experience/waiting-winter.yaml",
)
IDS = "letters, digits, dots, dashes and underscores, beginning with a letter or a digit"
ALL_STUDIES = (
    "ember2023, frost2019, glimmer2020, hoar2021, sleet2024, snowdrift2018, thaw2025, wick2022"
)
CONDITIONS = "one of winter-tiredness, lantern-headache, summer-drowsiness"
OUTCOMES = "one of tiredness, headache-days, relief, mood, safety"
ARMS = "one of tea, placebo"

# fmt: off
MISTAKES = [
    # -- keys and words --
    Mistake("unknown key", FROST, "blinding: double", "blindng: double", "blindng",
            "unknown key 'blindng'", "blinding", "Did you mean 'blinding'?"),
    Mistake("unknown key inside", FROST, "locator: table two", "locater: table two", "locater",
            "unknown key 'locater'", "locator", "Did you mean 'locator'?"),
    Mistake("key like no other", FROST, "read_level:", "zzz: 1\nread_level:", "zzz",
            "unknown key 'zzz'", "read_level", "Remove it, or move it into note:."),
    Mistake("wrong word", FROST, "kind: trial", "kind: trail", "trail",
            "kind cannot be 'trail'", "'trial', 'observational'", "Did you mean 'trial'?"),
    Mistake("wrong word inside", FROST, "role: intervention", "role: interventoin", "interventoin",
            "arms.0.role cannot be 'interventoin'", "'intervention' or 'comparator'",
            "Did you mean 'intervention'?"),
    Mistake("wrong version", "case.yaml", "equipoise.case/1", "equipoise.case/9",
            "equipoise.case/9", "format cannot be 'equipoise.case/9'", "'equipoise.case/1'"),
    Mistake("missing key", FROST, "read_level: full text\n", "", "id: frost2019",
            "'read_level' is missing", None, "Add read_level: to this record."),
    Mistake("missing key inside", FROST, "domain: mood\n    ", "", "id: mood",
            "'domain' is missing", None, "Add domain: to this record."),
    Mistake("a list for a record", FROST, "citation:\n", "citation: []\nnote:\n", "[]",
            "citation cannot be a list", "a record: lines of key: value"),
    Mistake("a word for a list", CLAIMS, "rests_on: [rumour2024]", "rests_on: rumour2024",
            "rumour2024\n", "claims.5.rests_on cannot be 'rumour2024'", "a list"),
    Mistake("nothing for a word", FROST, "read_level: full text", "read_level: ~", "~",
            "read_level cannot be empty", "text"),
    Mistake("perhaps for yes or no", FROST, "verified: true", "verified: perhaps", "perhaps",
            "verified cannot be 'perhaps'", "true or false"),
    # -- numbers --
    Mistake("percentage of 120", BENCHMARK, "percent: 41", "percent: 120", "120",
            "rates.0.percent: a percentage cannot be 120"),
    Mistake("negative people", FROST, "n_analysed: 118", "n_analysed: -3", "-3",
            "n_analysed: a number of people cannot be -3"),
    Mistake("eleven and a half people", FROST, "n_analysed: 118", "n_analysed: 11.5", "11.5",
            "n_analysed: a number of people is a whole number, not 11.5"),
    Mistake("a range of people", FROST, "n_analysed: 118", "n_analysed: 10-12", "10-12",
            "n_analysed: a number of people is a whole number, not 10-12"),
    Mistake("more events than people", WICK, "events: 7, total", "events: 27, total",
            "{arm: tea, events: 27", "outcomes.0.arms.0: 27 events cannot happen to 22 people"),
    Mistake("more harm than people", FROST, "events: 9,", "events: 90,", "{arm: tea, events: 90",
            "adverse_events.0.arms.0: 90 people with the event out of 59"),
    Mistake("more better than asked", REPORT, "events: 63", "events: 630", "id: better",
            "rates.0: 630 people out of 90"),
    Mistake("interval upside down", HOAR, "{low: -8.90, high: 0.70}", "{low: 0.70, high: -8.90}",
            "{low: 0.70", "the interval runs from 0.70 to -8.90: the lower limit is above"),
    Mistake("p above one", HOAR, "p: 0.094", "p: 1.094", "1.094",
            "outcomes.0.contrast.p: a p value cannot be 1.094"),
    Mistake("negative SD", FROST, "sd: 18.5", "sd: -18.5", "-18.5",
            "outcomes.0.arms.0.sd: this quantity cannot be -18.5"),
    Mistake("a word for a number", FROST, "mean: 41.20", "mean: lots", "lots",
            "outcomes.0.arms.0.mean: 'lots' is not a printed number; write it as the source does"),
    Mistake("undeclared plus-minus", FROST, "sd: 18.5", "plus_minus: 18.5", "{arm: tea, time: end",
            "plus_minus needs plus_minus_means: SD, SE, or not stated"),
    Mistake("parsed otherwise", "access.yaml", "{printed: 3.50,", "{printed: 3.50, value: 4,",
            "{printed: 3.50", "value is given as 4, but '3.50' reads as 3.5"),
    Mistake("a rate of nothing", BENCHMARK, "percent: 12.5\n    ", "", "id: much-better",
            "rates.1: a rate needs a percentage, or events and total"),
    # -- dates --
    Mistake("date of another country", "case.yaml", '"2026-01-31"', '"31.1.2026"', '"31.1.2026"',
            "as_of: '31.1.2026' is not a date; write the day as in 2026-01-31"),
    Mistake("thirteenth month", "case.yaml", '"2026-01-31"', '"2026-13-45"', '"2026-13-45"',
            "as_of: '2026-13-45' is not a date"),
    Mistake("thirtieth of February", "case.yaml", 'date: "2026-01-15"', 'date: "2026-02-30"',
            '"2026-02-30"', "searched.0.date: '2026-02-30' is not a date"),
    # -- the plan --
    Mistake("level in per cent", "plan.yaml", "level: 0.95", "level: 95", "95",
            "level: input should be less than 1"),
    Mistake("impossible correlation", "plan.yaml", "value: 0.5", "value: 1.5", "1.5",
            "crossover_correlation.value: input should be less than 1"),
    Mistake("prior of no width", "plan.yaml", "tau_scale: 0.5", "tau_scale: 0", "0\n    source",
            "priors.standardised.tau_scale: input should be greater than or equal to 0.001"),
    Mistake("prior of negative width", "plan.yaml", "mean_sd: 2.0", "mean_sd: -2.0", "-2.0",
            "priors.standardised.mean_sd: input should be greater than or equal to 0.001"),
    Mistake("prior as wide as the sky", "plan.yaml", "mean_sd: 2.0", "mean_sd: 1.0e300", "1.0e300",
            "priors.standardised.mean_sd: input should be less than or equal to 100"),
    # -- prose --
    Mistake("number typed in prose", CLAIMS, "because: No such", "because: 12 such", "12 such",
            "claims.4.because: the number '12' is typed in prose; give it under numbers:"),
    Mistake("stray brace", CLAIMS, "because: No such", "because: No {such", "No {such",
            "claims.4.because: a brace that is no reference"),
    Mistake("number without a name", CLAIMS, "takes {drop} off", "takes {dorp} off",
            "id: halves-tiredness", "claims.3: the statement refers to {dorp}, but no number"),
    Mistake("unnamed number in a finding", "pharmacology.yaml", "finding: Lamp",
            "finding: At {conc} lamp", "At {conc}", "no number 'conc' in this record",
            "a number to be defined"),
    Mistake("citation of nothing", CLAIMS, "{cite:rumour2024}", "{cite:rumor2024}",
            "The only source is", "no study or source 'rumor2024' in this case", ALL_STUDIES,
            "Did you mean 'rumour2024'?"),
    Mistake("citation of nothing in a rule", "access.yaml", "A packet", "By {cite:nobody} a packet",
            "By {cite", "no study or source 'nobody' in this case", ALL_STUDIES),
    Mistake("name of nothing", CLAIMS, "condition/summer-drowsiness", "condition/sumer-drowsiness",
            "A trial showed", "no name 'condition/sumer-drowsiness' in this case",
            "condition/summer-drowsiness", "Did you mean 'condition/summer-drowsiness'?"),
    Mistake("verdict resting on nothing", CLAIMS, "rests_on: [wick2022,", "note: x\n    tests: []"
            "\n    #", "id: stops-headache", "the verdict 'partly' needs rests_on"),
    # -- ids --
    Mistake("outcome twice", FROST, "- id: mood", "- id: wts", "wts\n    name: mood",
            "the id 'wts' is used twice in outcomes", "each id once"),
    Mistake("arm twice", FROST, "id: placebo, name", "id: tea, name", "tea, name: placebo",
            "the id 'tea' is used twice in arms", "each id once"),
    Mistake("row twice", FROST, "{arm: placebo, time: end", "{arm: tea, time: end",
            "tea, time: end, n: 59, mean: 48.90", "the arm 'tea.end' is used twice",
            "each arm once"),
    Mistake("condition twice", "case.yaml", "id: summer-drowsiness", "id: lantern-headache",
            "lantern-headache, name: summer", "the id 'lantern-headache' is used twice"),
    Mistake("file called otherwise", FROST, "id: frost2019", "id: frost2020", "frost2020",
            "the id is 'frost2020', but the file is called frost2019.yaml",
            "the file to be called frost2020.yaml", "Rename the file or mend the id."),
    Mistake("path for an id", FROST, "group: winter-tiredness", "group: ../../etc/passwd",
            "../../etc/passwd", "group cannot be '../../etc/passwd'", IDS),
    Mistake("markup for an id", FROST, "id: frost2019", "id: <script>", "<script>",
            "id cannot be '<script>'", IDS),
    # -- references between files --
    Mistake("unknown condition", FROST, "group: winter-tiredness", "group: winter-tirednes",
            "winter-tirednes", "no condition 'winter-tirednes' in this case", CONDITIONS,
            "Did you mean 'winter-tiredness'?"),
    Mistake("unknown condition of a question", "case.yaml", "population: lantern-headache",
            "population: headlamp", "headlamp", "no condition 'headlamp' in this case",
            CONDITIONS),
    Mistake("unknown condition of a claim", CLAIMS, "conditions: [summer-drowsiness]",
            "conditions: [summer]", "summer]", "no condition 'summer' in this case", CONDITIONS),
    Mistake("unknown condition of a report", REPORT, "[winter-tiredness]", "[winter]", "winter]",
            "no condition 'winter' in this case", CONDITIONS),
    Mistake("unknown outcome", FROST, "domain: mood", "domain: moood", "moood",
            "no outcome 'moood' in this case", OUTCOMES, "Did you mean 'mood'?"),
    Mistake("unknown outcome of a question", "case.yaml", "outcomes: [tiredness]",
            "outcomes: [tired]", "tired]", "no outcome 'tired' in this case", OUTCOMES),
    Mistake("unknown outcome of a scale", "case.yaml", "domain: tiredness", "domain: mod",
            "mod\n", "no outcome 'mod' in this case", OUTCOMES, "Did you mean 'mood'?"),
    Mistake("unknown instrument", FROST, "instrument: wts", "instrument: wtsx", "wtsx",
            "no instrument 'wtsx' in this case", "one of wts", "Did you mean 'wts'?"),
    Mistake("unknown source", "access.yaml", "source: clinic2022", "source: clinic2002",
            "clinic2002", "no source 'clinic2002' in this case", ALL_STUDIES,
            "Did you mean 'clinic2022'?"),
    Mistake("unknown source of a scale", "case.yaml", "[scalehouse2016]", "[x]", "x]",
            "no source 'x' in this case", ALL_STUDIES),
    Mistake("unknown study", "plan.yaml", "study: wick2022", "study: wick2021", "wick2021",
            "no study 'wick2021' in this case", f"one of {ALL_STUDIES}",
            "Did you mean 'wick2022'?"),
    Mistake("unknown arm", FROST, "{arm: tea, time", "{arm: te, time", "te, time",
            "no arm 'te' in this study", ARMS, "Did you mean 'tea'?"),
    Mistake("unknown arm of a harm", FROST, "{arm: tea, events: 9", "{arm: te, events: 9",
            "te, events", "no arm 'te' in this study", ARMS, "Did you mean 'tea'?"),
    Mistake("unknown arm of a contrast", HOAR, "arms: [tea, placebo]", "arms: [tea, plcebo]",
            "plcebo", "no arm 'plcebo' in this study", ARMS, "Did you mean 'placebo'?"),
    Mistake("arm against itself", HOAR, "arms: [tea, placebo]", "arms: [tea, tea]",
            "type: mean-difference", "outcomes.0.contrast: the arm 'tea' is compared with itself"),
    Mistake("source called like a study", "sources.yaml", "id: watch2014", "id: frost2019",
            "frost2019", "'frost2019' is already the id of a study", "an id of its own"),
    # -- YAML --
    Mistake("key twice", FROST, "blinding: double", "kind: trial", "kind: trial\ncomparator",
            "The key 'kind' stands here a second time", "each key once"),
    Mistake("alias", FROST, "randomised: true", "randomised: *x", "*x",
            "There is an alias (*x) here.", "the value itself"),
    Mistake("not a number at all", FROST, "mean: 41.20", "mean: .nan", ".nan",
            ".nan is not a finite number"),
    Mistake("beyond all numbers", FROST, "mean: 41.20", "mean: 1e309", "1e309",
            "The number 1e309 is beyond what can be computed with"),
    Mistake("a tab", FROST, "  authors:", "\tauthors:", "\tauthors", "There is a tab here."),
]
# fmt: on


@pytest.mark.parametrize("m", MISTAKES, ids=[m.name for m in MISTAKES])
def test_mistake_is_told_with_its_place(m: Mistake, toy) -> None:
    toy.replace(m.file, m.old, m.new)
    found = toy.errors()
    place = toy.place(m.file, m.at)
    here = [e for e in found if e.file == m.file and (e.line, e.column) == place]
    assert here, f"nothing at {m.file}:{place}: {[str(e) for e in found]}"
    assert m.message in here[0].message
    if m.expected is not None:
        assert m.expected in (here[0].expected or "")
    if m.advice is not None:
        assert here[0].advice == m.advice
    assert str(here[0]).startswith(f"{m.file}:{place[0]}:{place[1]}: ")


def test_mistakes_are_named_once() -> None:
    assert len({m.name for m in MISTAKES}) == len(MISTAKES)


def test_all_mistakes_are_told_at_once(toy) -> None:
    toy.replace(FROST, "blinding: double", "blindng: double")
    toy.replace(FROST, "n_analysed: 118", "n_analysed: -3")
    toy.replace(BENCHMARK, "percent: 41", "percent: 120")
    toy.replace("case.yaml", "2026-01-31", "soon")
    toy.write("studeis/x.yaml", "")
    errors = toy.errors()
    assert [e.file for e in errors] == sorted(e.file for e in errors)
    assert {e.file for e in errors} == {FROST, BENCHMARK, "case.yaml", "studeis"}
    assert len(errors) == 5
    assert str(CaseErrors(errors)).count("\n") == 4


def test_references_are_told_together(toy) -> None:
    toy.replace(FROST, "domain: mood", "domain: moood")
    toy.replace("access.yaml", "source: clinic2022", "source: clinic2002")
    assert {e.file for e in toy.errors()} == {FROST, "access.yaml"}


# --- the folder -----------------------------------------------------------------------------------


def one(errors: tuple[CaseError, ...]) -> CaseError:
    assert len(errors) == 1, [str(e) for e in errors]
    return errors[0]


def test_misspelt_folder_cannot_hide_a_study(toy) -> None:
    (toy.root / "claims").rename(toy.root / "claim")
    error = one(toy.errors())
    assert (error.file, error.message) == ("claim", "is no folder of a case")
    assert error.expected == "one of studies, claims, experience"
    assert error.advice == "Did you mean claims?"


@pytest.mark.parametrize(
    ("name", "message", "advice"),
    [
        ("acess.yaml", "is no file of a case", "Did you mean access.yaml?"),
        ("data.csv", "is no file of a case", "Move it out of the case folder."),
        ("studies/frost.yml", "does not end in .yaml", "Move it out of the case folder."),
    ],
)
def test_stray_file(name: str, message: str, advice: str, toy) -> None:
    toy.write(name, "id: x\n")
    error = one(toy.errors())
    assert (error.file, error.message, error.advice) == (name, message, advice)


@pytest.mark.parametrize("name", ["README.md", "studies/notes.txt", ".hidden", "studies/.swp"])
def test_notes_and_hidden_files_are_let_be(name: str, toy) -> None:
    digest = toy.read().digest
    toy.write(name, "notes")
    assert toy.read().digest == digest


def test_folder_inside_a_folder(toy) -> None:
    (toy.root / "studies" / "more").mkdir()
    assert one(toy.errors()).message == "is not a plain file"


def test_links_are_not_followed(toy, tmp_path: Path) -> None:
    secret = tmp_path / "secret.yaml"
    secret.write_text("id: secret\n")
    (toy.root / "studies" / "link.yaml").symlink_to(secret)
    (toy.root / "access.yaml").unlink()
    (toy.root / "access.yaml").symlink_to(secret)
    (toy.root / "claims").rename(tmp_path / "claims")
    (toy.root / "claims").symlink_to(tmp_path / "claims")
    found = {e.file: e.message for e in toy.errors()}
    assert found == {
        "access.yaml": "is a link; links in a case are not followed",
        "claims": "is a link; links in a case are not followed",
        "studies/link.yaml": "is not a plain file",
    }


def test_a_link_that_the_user_names_is_followed(toy, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(toy.root)
    assert read_case(link).digest == toy.read().digest


@pytest.mark.parametrize("name", ["case.yaml", "plan.yaml"])
def test_missing_file(name: str, toy) -> None:
    (toy.root / name).unlink()
    error = one(toy.errors())
    assert (error.file, error.message, error.line) == (name, "this file is missing", None)
    assert str(toy.root) in (error.expected or "")
    assert "equipoise new" in (error.advice or "")


@pytest.mark.parametrize(
    "name",
    ["sources", "pharmacology", "safety", "access", "studies", "claims", "experience", "published"],
)
def test_every_other_part_may_be_absent(name: str, toy) -> None:
    """Absent as a whole: whatever refers to it goes with it."""
    for part in ("claims", "experience", "access", "safety", "pharmacology", "published"):
        for path in [toy.root / f"{part}.yaml", *(toy.root / part).glob("*")]:
            path.unlink(missing_ok=True)
    toy.read()
    if name in {"sources", "studies"}:
        toy.replace("case.yaml", "    sources: [scalehouse2016]\n", "")
        text = toy.text("plan.yaml")
        toy.write("plan.yaml", text[: text.index("risk_of_bias:")])
        for path in [*(toy.root / "studies").glob("*"), toy.root / "sources.yaml"]:
            path.unlink()
    toy.read()


def test_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(CaseErrors) as caught:
        read_case(tmp_path)
    assert [e.file for e in caught.value.errors] == ["case.yaml", "plan.yaml"]


def test_file_instead_of_a_folder(toy) -> None:
    with pytest.raises(CaseNotFoundError, match=r"is a file; a case is a folder with case\.yaml"):
        read_case(toy.root / "case.yaml")


def test_path_with_dots(toy) -> None:
    assert read_case(toy.root / "studies" / "..").digest == toy.read().digest


@pytest.mark.parametrize("name", ["../toy/../toy", "toy/case", "", "x" * 5000, "a\0b", "\udcff"])
def test_name_of_nothing(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    if name == "":
        with pytest.raises(CaseErrors):  # the folder that one stands in
            read_case(name)
        return
    with pytest.raises(CaseNotFoundError) as caught:
        read_case(name)
    assert len(str(caught.value)) < 400


def test_near_name_is_offered() -> None:
    with pytest.raises(CaseNotFoundError, match=r"shipped: ldn, toy\).* Did you mean toy\?"):
        find_case("toyy")


def test_folder_with_too_many_files(toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirty thousand names are listed and not one of them is opened."""
    for i in range(30_000):
        (toy.root / "studies" / f"s{i}.yaml").touch()

    def untouched(path: Path, **_: object) -> None:
        assert path.parent.name != "studies"

    real = reader_module.read_yaml_file
    monkeypatch.setattr(
        reader_module, "read_yaml_file", lambda p, file: untouched(p) or real(p, file=file)
    )
    error = next(e for e in toy.errors() if e.file == "studies")
    assert error.message == "holds more than 20000 files"


def test_scalar_of_ten_megabytes(toy) -> None:
    toy.replace(FROST, "read_level: full text", f"read_level: {'x' * 10_000_000}")
    error = next(e for e in toy.errors() if e.file == FROST)
    assert "larger than 4 MiB" in error.message


def test_messages_stay_short(toy) -> None:
    toy.replace(FROST, "read_level: full text", f"{'k' * 1000}: 1\nread_level: {'x' * 30_000}")
    toy.replace(FROST, "mean: 41.20", f"mean: {'x' * 15_000}")
    assert all(len(e.message) < 500 for e in toy.errors())


def test_unreadable_folder(toy, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.iterdir

    def refuse(self: Path):  # root may read anything, so the refusal is played
        if self.name == "studies":
            raise PermissionError(13, "Permission denied")
        return real(self)

    monkeypatch.setattr(Path, "iterdir", refuse)
    error = next(e for e in toy.errors() if e.file == "studies")
    assert error.message == "this folder could not be read: Permission denied"


def test_the_digest_is_of_names_and_bytes(toy) -> None:
    digest = toy.read().digest
    assert toy.read().digest == digest
    toy.write("access.yaml", toy.text("access.yaml") + "# a comment\n")
    assert toy.read().digest != digest


def test_shipped_toy_reads() -> None:
    case = read_case("toy")
    assert case.study("frost2019").id == "frost2019"
    with pytest.raises(KeyError):
        case.study("nobody")
