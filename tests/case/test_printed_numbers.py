"""Numbers as printed: what they parse to, that their text survives, and where each one stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from equipoise.case import PrintedNumber, find_case, printed_numbers, read_case, shipped_cases
from equipoise.case.printed import Count, Percent, Printed, Reported, parse_printed
from equipoise.case.yaml12 import read_yaml
from equipoise.findings import appraise

# printed            bound  value   low    high
READ: list[tuple[str, str | None, float | None, float | None, float | None]] = [
    ("0", None, 0, None, None),
    ("31", None, 31, None, None),
    ("-0.34", None, -0.34, None, None),
    ("−0.34", None, -0.34, None, None),  # the minus sign of typesetters
    ("–0.34", None, -0.34, None, None),  # an en dash in its place
    ("+1.5", None, 1.5, None, None),
    (".016", None, 0.016, None, None),
    ("1e-4", None, 1e-4, None, None),
    ("15,297", None, 15297, None, None),
    ("1,234,567.8", None, 1234567.8, None, None),
    ("12%", None, 12, None, None),
    ("12 %", None, 12, None, None),
    ("  7  ", None, 7, None, None),
    ("<0.001", "<", 0.001, None, None),
    ("< 0.001", "<", 0.001, None, None),
    ("≤0.05", "<=", 0.05, None, None),
    (">50", ">", 50, None, None),
    ("≥ 50", ">=", 50, None, None),
    ("~40", "~", 40, None, None),
    ("about 40", "~", 40, None, None),
    ("ca. 40", "~", 40, None, None),
    ("≈40", "~", 40, None, None),
    ("7-10", None, None, 7, 10),
    ("7–10", None, None, 7, 10),
    ("7 to 10", None, None, 7, 10),
    ("-2.3 to -4.8x", None, None, None, None),  # nonsense: see below
    ("-4.8 to -2.3", None, None, -4.8, -2.3),
    ("-1.5--0.5", None, None, -1.5, -0.5),
    ("1.5-3 %", None, None, 1.5, 3),
    ("about 72-108", "~", None, 72, 108),
    ("1,000-2,000", None, None, 1000, 2000),
]
READ = [row for row in READ if not row[0].endswith("x")]

NONSENSE = [
    "", " ", "-", ".", "%", "<", "~", "lots", "1.2.3", "1,23", "12,34,567", "1 000", "10-7",
    "nan", "inf", "-inf", "1e309", "1e16", "0x1F", "12 mg", "1..2", "--1", "<>1", "1-2-3", "٣", "½",
    "1_000", "1e", "10^3", "7-", "-7-", "<script>", "{n:x}", "\u202e12",
]  # fmt: skip

NO_PLACE = "no place in the work recorded"


@pytest.mark.parametrize(("text", "bound", "value", "low", "high"), READ, ids=[r[0] for r in READ])
def test_what_a_printed_number_reads_as(
    text: str, bound: str | None, value: float | None, low: float | None, high: float | None
) -> None:
    assert parse_printed(text) == (bound, value, low, high)
    number = Printed.model_validate(text)
    assert (number.bound, number.value, number.low, number.high) == (bound, value, low, high)
    assert number.printed == text.strip()
    assert number.is_exact == (value is not None and bound is None)


@pytest.mark.parametrize("text", NONSENSE)
def test_nonsense_is_no_number(text: str) -> None:
    with pytest.raises(ValueError, match=r"number|range"):
        parse_printed(text)
    with pytest.raises(ValidationError):
        Printed.model_validate(text)


def test_words_may_stand_for_a_result_that_may_be_words() -> None:
    number = Reported.model_validate("blocked")
    assert (number.printed, number.value, number.is_exact) == ("blocked", None, False)


@pytest.mark.parametrize(
    "text", ["-1.30", "0.50", "1.0", "28.80", "+3", ".016", "1e-4", "007", "-0"]
)
def test_the_text_is_kept_exactly(text: str) -> None:
    data = read_yaml(f"value: {text}\n", file="x.yaml").data
    number = Printed.model_validate(data["value"])
    assert number.printed == text
    assert number.value == float(text)


def test_decimals_are_those_printed() -> None:
    assert [Reported.model_validate(t).decimals for t in ("-1.30", "4", "0.001", "x")] == [
        2,
        0,
        3,
        0,
    ]


def test_a_parsed_value_may_be_repeated_but_not_changed() -> None:
    assert Printed.model_validate({"printed": "3.50", "value": 3.5}).value == 3.5
    with pytest.raises(ValidationError, match="reads as"):
        Printed.model_validate({"printed": "3.50", "value": 35})


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (Count, ["0", "31", "15,297", "~40"], ["-1", "1.5", "7-10", "1e11"]),
        (Percent, ["0", "100", "12-14", "<1"], ["-1", "100.1", "90-120"]),
    ],
)
def test_limits(kind: Any, good: list[str], bad: list[str]) -> None:
    adapter = TypeAdapter(kind)
    for text in good:
        assert adapter.validate_python(text).printed == text
    for text in bad:
        with pytest.raises(ValidationError):
            adapter.validate_python(text)


@given(st.decimals(-10_000, 10_000, places=3), st.sampled_from(["-", "−", "–"]))
def test_any_decimal_round_trips(number: Any, minus: str) -> None:
    text = f"{number:f}".replace("-", minus)
    bound, value, low, high = parse_printed(text)
    assert (bound, value, low, high) == (None, float(number), None, None)
    assert Printed.model_validate(text).printed == text


@given(st.integers(0, 10**14))
def test_thousands_may_be_grouped(number: int) -> None:
    assert parse_printed(f"{number:,}")[1] == number


@given(st.text(max_size=60))
def test_any_text_is_a_number_or_a_value_error(text: str) -> None:
    try:
        _, value, low, high = parse_printed(text)
    except ValueError:
        return
    assert (value is None) != (low is None)
    assert (low is None) == (high is None)
    assert low is None or high is None or low <= high


@given(st.text(alphabet="0123456789,.-−+eE<>=~ %to", max_size=40))
def test_any_text_like_a_number_is_one_or_a_value_error(text: str) -> None:
    test_any_text_is_a_number_or_a_value_error.hypothesis.inner_test(text)


# --- numbers where they stand ---------------------------------------------------------------------


def by_id(case_name: str | Path) -> dict[str, PrintedNumber]:
    numbers = list(printed_numbers(read_case(case_name)))
    found = {n.id: n for n in numbers}
    assert len(found) == len(numbers), "two numbers share an id"
    return found


TOY = by_id("toy")


@pytest.mark.parametrize(
    ("number_id", "label", "printed", "locator", "source", "file"),
    [
        ("studies/frost2019/outcomes/wts/arms/tea.end/mean",
         "tiredness after twelve weeks · tea · mean", "41.20", "table two", "frost2019",
         "studies/frost2019.yaml"),
        ("studies/frost2019/n_randomised", "n randomised", "120", "full text", "frost2019",
         "studies/frost2019.yaml"),
        ("studies/hoar2021/outcomes/wts/contrast/ci/low",
         "tiredness after ten weeks · low", "-8.90", "table two", "hoar2021",
         "studies/hoar2021.yaml"),
        ("case/instruments/wts/mid", "Winter Tiredness Scale (WTS) · mid", "8", "table four",
         "scalehouse2016", "case.yaml"),
        ("pharmacology/observations/scan-low/value", "occupancy of lamp receptors · value", "30",
         "figure two", "kettle2015", "pharmacology.yaml"),
        ("access/facts/price/numbers/price", "price · price", "3.50", NO_PLACE, "clinic2022",
         "access.yaml"),
        ("claims/tea/claims/halves-tiredness/numbers/drop", "What is said about marshmint tea · "
         "drop", "25", NO_PLACE, None, "claims/tea.yaml"),
        ("experience/tea-clinic/rates/better/events", "A clinic's first winter with marshmint · "
         "events", "63", "the letter's second paragraph", "clinic2022",
         "experience/tea-clinic.yaml"),
        ("safety/titration/slow/steps/1/weeks", "Slow start of the clinic · weeks", "2", NO_PLACE,
         "clinic2022", "safety.yaml"),
    ],
)  # fmt: skip
def test_a_number_knows_its_surroundings(
    number_id: str, label: str, printed: str, locator: str, source: str | None, file: str
) -> None:
    n = TOY[number_id]
    assert (n.number.printed, n.locator, n.source, n.file) == (printed, locator, source, file)
    assert n.verified
    assert n.label.endswith(label.rsplit(" · ", maxsplit=1)[-1])
    assert all(part in n.label for part in label.split(" · "))


def test_one_number_of_the_toy_case_is_unverified() -> None:
    unverified = [n for n in TOY.values() if not n.verified]
    assert [n.id for n in unverified] == [
        "studies/hoar2021/outcomes/wts-next-winter/contrast/estimate"
    ]
    assert unverified[0].note == "from memory of a talk"


def test_unverified_surroundings_make_a_number_unverified(toy) -> None:
    toy.replace("studies/frost2019.yaml", "verified: true", "verified: false")
    toy.replace("access.yaml", '"2022-02"\n    verified: true', '"2022-02"\n    verified: false')
    found = by_id(toy.root)
    doubtful = {i for i, n in found.items() if not n.verified}
    assert {i for i in found if i.startswith("studies/frost2019/")} <= doubtful
    assert "access/facts/price/numbers/price" in doubtful
    assert len(doubtful) == len({i for i in found if i.startswith("studies/frost2019/")}) + 2


def test_a_verified_number_cannot_lift_an_unverified_record(toy) -> None:
    toy.replace("studies/hoar2021.yaml", "verified: true", "verified: false")
    toy.replace("studies/hoar2021.yaml", "p: 0.094", "p: {printed: 0.094, verified: true}")
    assert not by_id(toy.root)["studies/hoar2021/outcomes/wts/contrast/p"].verified


@pytest.mark.parametrize("case", shipped_cases())
def test_file_and_line_are_exact(case: str) -> None:
    """What stands at file:line:column is the printed number, or the record that holds it."""
    record = read_case(case)
    lines: dict[str, list[str]] = {}
    root = find_case(case)
    for n in printed_numbers(record):
        if n.file not in lines:
            lines[n.file] = (root / n.file).read_text(encoding="utf-8").splitlines()
        rest = lines[n.file][n.line - 1][n.column - 1 :]
        if rest.startswith("{"):
            assert "printed:" in rest or rest.startswith("{"), f"{n.id}: {rest}"
            continue
        if rest.startswith("printed:"):
            rest = rest.removeprefix("printed:").strip()
        assert rest.lstrip("'\"").startswith(n.number.printed[:20]), f"{n.id}: {rest}"


@pytest.mark.parametrize("case", shipped_cases())
def test_ids_lead_to_their_file(case: str) -> None:
    for n in by_id(case).values():
        first = n.id.split("/")[0]
        folders = {"studies", "experience", "claims"}
        if first in folders:
            assert n.file == f"{first}/{n.id.split('/')[1]}.yaml"
        else:
            assert n.file == f"{first}.yaml"


def said_unverified(node: Any, around: bool = False) -> int:
    """How many printed numbers of a tree stand under a `verified: false`, counted on raw data."""
    if isinstance(node, Reported):
        return int(around or node.verified is False)
    if isinstance(node, BaseModel):
        here = around or getattr(node, "verified", None) is False
        return sum(said_unverified(getattr(node, k), here) for k in type(node).model_fields)
    return sum(said_unverified(v, around) for v in node) if isinstance(node, tuple) else 0


def test_every_unverified_number_of_ldn_stays_unverified() -> None:
    case = read_case("ldn")
    parts: list[Any] = [case.header, case.compound, case.safety, case.access]
    parts += [*case.studies, *case.claims, *case.experience]
    expected = sum(said_unverified(p) for p in parts)
    numbers = list(printed_numbers(case))
    assert sum(not n.verified for n in numbers) == expected > 100
    text = "".join(p.read_text(encoding="utf-8") for p in find_case("ldn").rglob("*.yaml"))
    assert text.count("verified: false") > 50


@pytest.mark.parametrize("case", shipped_cases())
def test_findings_hold_every_printed_number(case: str) -> None:
    """Verified or not, with the place and the text, none lost on the way."""
    record = read_case(case)
    findings = appraise(record)
    for n in printed_numbers(record):
        number = findings.number[n.id]
        assert number.kind == "printed"
        assert number.verified == n.verified
        assert number.source is not None
        assert (number.source.file, number.source.line) == (n.file, n.line)
        assert (number.value, number.low, number.high) == (
            n.number.value,
            n.number.low,
            n.number.high,
        )


@pytest.mark.parametrize("case", shipped_cases())
def test_what_rests_on_an_unverified_number_is_unverified(case: str) -> None:
    findings = appraise(read_case(case))
    for n in findings.numbers:
        if n.inputs and not all(findings.number[i].verified for i in n.inputs):
            assert not n.verified, n.id
