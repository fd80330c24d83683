"""What the README promises is there, and what it says is missing is missing."""

from __future__ import annotations

import re
from importlib.metadata import version

import typer
from markdown_pages import DOCS, ROOT, blocks, pages, read

from equipoise import __version__
from equipoise.case import read_case
from equipoise.case.yaml12 import read_yaml_file
from equipoise.cli import app


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))


def test_make_commands_of_the_pages_exist() -> None:
    for page in pages():
        text = "\n".join([*re.findall(r"`([^`\n]+)`", read(page)), *(b.body for b in blocks(page))])
        named = set(re.findall(r"(?:^|\n)make ([a-z]+)", text)) - {"install"}
        assert named <= make_targets(), page.name


def test_verbs_of_the_pages_exist() -> None:
    verbs = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    for page in pages():
        text = "\n".join([*re.findall(r"`([^`\n]+)`", read(page)), *(b.body for b in blocks(page))])
        named = set(re.findall(r"(?:^|\n)\$? ?equipoise ([a-z]+)", text))
        assert named <= verbs, page.name


def test_every_verb_stands_in_the_readme() -> None:
    text = read(ROOT / "README.md")
    for verb in typer.main.get_command(app).commands:  # type: ignore[attr-defined]
        assert f"equipoise {verb}" in text


def test_the_readme_counts_the_records_of_the_shipped_case() -> None:
    stated = re.search(r"ships with the\s+program: (\d+) records", read(ROOT / "README.md"))
    assert stated is not None
    assert int(stated[1]) == len(read_case("ldn").studies)


def test_what_is_said_to_be_missing_is_missing() -> None:
    verbs = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    planned = {"audit", "medcheck", "design", "import", "watch", "backtest", "export", "serve"}
    missing = read(ROOT / "README.md").split("## What does not work yet")[1].split("\n## ")[0]
    assert not verbs & planned, "move it to what works, and write what it does"
    assert missing.count("not built") >= len(planned)


def test_the_readme_has_its_picture_with_words_for_those_who_do_not_see_it() -> None:
    picture = re.search(r"!\[([^\]]+)\]\((docs/images/[^)]+)\)", read(ROOT / "README.md"))
    assert picture is not None
    assert len(picture[1]) > 40


def test_versions_agree() -> None:
    citation = read_yaml_file(ROOT / "CITATION.cff", file="CITATION.cff").data
    assert str(citation["version"]) == __version__ == version("equipoise")
    assert citation["license"] == "Apache-2.0"
    assert f"## {__version__}" in read(ROOT / "CHANGELOG.md")
    assert "### Numbers that moved" in read(ROOT / "CHANGELOG.md")


def test_the_schemas_that_the_pages_name_are_there() -> None:
    text = read(DOCS / "reference" / "case-format.md")
    for folder in re.findall(r"`(src/equipoise/[a-z/]+)`", text):
        assert (ROOT / folder).is_dir()
