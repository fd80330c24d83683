"""Figures, letter by letter, and what must be true of each."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from equipoise.dossier import figures
from equipoise.dossier.figures.svg import Scale, tick_text, wrapped
from equipoise.dossier.shown import Facts, Shown
from equipoise.findings.model import Findings


class Drawing(SingleFileSnapshotExtension):
    file_extension = "svg"
    _write_mode = WriteMode.TEXT


@pytest.fixture
def drawn(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(Drawing)


def _parts(svg: str, css: str) -> list[ElementTree.Element]:
    root = ElementTree.fromstring(svg)  # noqa: S314 - drawn by this program
    return [e for e in root.iter() if css in e.get("class", "").split()]


def test_forest_of_differences(shown: Shown, complete: Findings, drawn: SnapshotAssertion) -> None:
    svg = str(figures.draw_forest(shown, complete.syntheses[0], "LDN"))
    assert svg == drawn
    assert len(_parts(svg, "square")) == len(complete.syntheses[0].rows)
    assert len(_parts(svg, "diamond")) == len(complete.syntheses[0].models)
    assert len(_parts(svg, "prediction")) == 1
    assert len(_parts(svg, "mid")) == 1
    assert len(_parts(svg, "arrow")) == 2  # the widest interval runs out on both sides
    assert svg.index("← favours LDN") < svg.index("favours comparator →")


def test_forest_of_ratios(shown: Shown, complete: Findings, drawn: SnapshotAssertion) -> None:
    svg = str(figures.draw_forest(shown, complete.syntheses[1], "LDN"))
    assert svg == drawn
    assert len(_parts(svg, "arrow")) >= 1  # a lower limit of nothing has no place on a log axis


def test_squares_follow_weights(shown: Shown, complete: Findings) -> None:
    svg = str(figures.draw_forest(shown, complete.syntheses[0], "LDN"))
    sides = [float(e.get("width", "0")) for e in _parts(svg, "square")]
    assert sides[2] < sides[0] < sides[1]


def test_on_a_phone_a_row_is_seen_at_once(
    shown: Shown, complete: Findings, drawn: SnapshotAssertion
) -> None:
    svg = str(figures.draw_forest(shown, complete.syntheses[0], "LDN", narrow=True))
    assert svg == drawn
    assert 'width="328"' in svg
    for text in _parts(svg, "tick"):
        assert 0 < float(text.get("x", "0")) < 328
    assert complete.drug is not None
    for narrow in (
        figures.draw_potency(shown, complete.drug.potency, narrow=True),
        figures.draw_rates(shown, complete.experience.tables[0], narrow=True),
    ):
        assert 'width="328"' in str(narrow)


def test_where_higher_is_better_the_sides_change(shown: Shown, complete: Findings) -> None:
    higher = complete.syntheses[0].model_copy(update={"better": "higher"})
    svg = str(figures.draw_forest(shown, higher, "LDN"))
    assert svg.index("← favours comparator") < svg.index("favours LDN →")
    neither = complete.syntheses[0].model_copy(update={"better": None})
    assert "favours" not in str(figures.draw_forest(shown, neither, "LDN"))


def test_nothing_is_drawn_of_nothing(shown: Shown, complete: Findings) -> None:
    empty = complete.syntheses[0].model_copy(update={"rows": (), "models": ()})
    assert figures.draw_forest(shown, empty, "LDN") is None
    assert figures.draw_potency(shown, ()) is None
    table = complete.experience.tables[0].model_copy(update={"rows": ()})
    assert figures.draw_rates(shown, table) is None


def test_occupancy(shown: Shown, complete: Findings, drawn: SnapshotAssertion) -> None:
    assert complete.drug is not None
    panels = figures.occupancy_panels(shown, complete.drug)
    assert len(panels) == 3
    svg = str(panels[1].drawing)
    assert svg == drawn
    assert len(_parts(svg, "curve")) == 4
    heights = [float(e.get("y", "0")) for e in _parts(svg, "curve-name")]
    assert len(set(heights)) == len(heights), "two names on one another"
    assert "Retained in the" in svg
    assert "brain†" in svg


def test_potency(shown: Shown, complete: Findings, drawn: SnapshotAssertion) -> None:
    assert complete.drug is not None
    svg = str(figures.draw_potency(shown, complete.drug.potency))
    assert svg == drawn
    assert len(_parts(svg, "gap")) == 2
    assert len(_parts(svg, "hollow")) == 1


def test_rates(shown: Shown, complete: Findings, drawn: SnapshotAssertion) -> None:
    svg = str(figures.draw_rates(shown, complete.experience.tables[0]))
    assert svg == drawn
    assert len(_parts(svg, "report")) == 2
    assert len(_parts(svg, "benchmark")) == 1


@pytest.mark.parametrize("level", ["high", "moderate", "low", "very low", "none"])
def test_certainty_is_a_count_of_rings_and_a_word(level: str) -> None:
    drawing = str(figures.draw_certainty(level))  # type: ignore[arg-type]
    filled = {"high": 4, "moderate": 3, "low": 2, "very low": 1, "none": 0}[level]
    assert drawing.count('class="fill"') == filled
    assert drawing.count('class="ring"') == 4 - filled
    assert (f"{level} certainty" if filled else "no evidence to rate") in drawing


def test_verdicts_differ_in_shape() -> None:
    verdicts = ("supported", "partly", "contradicted", "not-found", "could-not-check")
    shapes = {re.sub(r"verdict-\S+|<span>.*", "", str(figures.draw_verdict(v))) for v in verdicts}
    assert len(shapes) == 5


def test_hostile_text_stays_text_in_a_drawing(complete: Findings) -> None:
    hostile = '"><script>alert(1)</script>&'
    synthesis = complete.syntheses[0]
    rows = tuple(r.model_copy(update={"label": hostile}) for r in synthesis.rows)
    changed = synthesis.model_copy(update={"rows": rows, "title": hostile, "axis": hostile})
    svg = str(figures.draw_forest(Shown(Facts(complete), ""), changed, hostile))
    assert "<script" not in svg
    ElementTree.fromstring(svg)  # noqa: S314 - drawn by this program


def test_ticks() -> None:
    assert Scale(-1.1, 1.1, 0, 100).ticks() == (-1.0, -0.5, 0.0, 0.5, 1.0)
    assert Scale(0.1, 10, 0, 100, log=True).ticks() == (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
    assert len(Scale(1e-3, 1e9, 0, 100, log=True).ticks()) <= 7
    assert tick_text(-0.5) == "−0.5"
    assert tick_text(10000) == "10,000"


def test_a_value_outside_is_kept_at_the_edge() -> None:
    scale = Scale(0.1, 10, 0, 100, log=True)
    assert (scale.place(0), scale.beyond(0)) == (0, -1)
    assert (scale.place(1000), scale.beyond(1000)) == (100, 1)
    assert scale.beyond(10) == 0


def test_wrapping() -> None:
    assert wrapped("a few words", 40) == ("a few words",)
    assert wrapped("", 10) == ()
    assert wrapped("x" * 25, 10) == ("x" * 10, "x" * 9 + "…")
    assert all(len(t) <= 12 for t in wrapped("one two three four five six seven", 12))


def test_the_road_to_a_published_result(
    shown: Shown, complete: Findings, drawn: SnapshotAssertion
) -> None:
    published = complete.disagreements[0].published[0]
    found = published.reconstructions[0]
    svg = str(figures.draw_path(shown, published, found, "LDN"))
    assert svg == drawn
    assert len(_parts(svg, "square")) == len(found.path)
    assert len(_parts(svg, "diamond")) == 2  # what it ends in, and what was printed
    assert svg.index("As read here") < svg.index("as printed")
    assert "−0.35" in svg  # a number in a step's name is written out
