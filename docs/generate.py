"""Writes the reference pages from the program itself, so that they cannot say anything else.

    python docs/generate.py            write docs/reference/*.md
    python docs/generate.py --check    write nothing; status 1 if a page is not current

What stands in `docs/reference/` is never edited by hand; a test fails when it is not current.
"""

from __future__ import annotations

import ast
import enum
import inspect
import shutil
import sys
import tempfile
import textwrap
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import typer
from pydantic import BaseModel

from equipoise import errors
from equipoise.case import header, printed, prose, read_case
from equipoise.case.reader import find_case
from equipoise.case.schema import FILES
from equipoise.cli import app
from equipoise.findings import appraise
from equipoise.findings.model import Findings

REFERENCE = Path(__file__).parent / "reference"
NOTICE = "<!-- Written by docs/generate.py from the program. Do not edit by hand. -->"


# --- the command line -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Verb:
    """What a signature cannot say about a verb: its Python function, its statuses, its result."""

    does: str
    python: str
    status: dict[int, str]
    result: dict[str, str]


VERBS = {
    "new": Verb(
        does=(
            "The folder must not exist, and the folder around it must. Its name becomes the id of "
            "the case, so it holds letters, digits, dots, dashes and underscores only. The case "
            "appears whole or not at all; it is a copy of the invented case `toy`, comments "
            "included, and appraises as it stands."
        ),
        python="equipoise.case.scaffold.write_new_case",
        status={0: "the case was made", 2: "it was not, and nothing was written"},
        result={"case": "path of the folder"},
    ),
    "check": Verb(
        does=(
            "Reads every file, follows every reference, works everything out, and holds printed "
            "numbers against each other ([guards](../methods/guards.md)). Nothing is written. "
            "A check that speaks is listed until the number is mended or the check is "
            "[acknowledged](../how-to/acknowledge-a-check.md)."
        ),
        python="equipoise.case.read_case, then equipoise.findings.appraise",
        status={
            0: "nothing needs attention",
            1: "every file could be read, and at least one check speaks",
            2: "there is no such case, or a file or a reference of it is wrong",
        },
        result={
            "case": "id of the case",
            "records": "number of study records",
            "numbers": "number of numbers, printed and worked out",
            "unverified": "how many of the printed ones are not verified",
            "claims": "number of claims in the ledger",
            "attention": "checks that speak: `id`, `where`, `what`",
            "acknowledged": "number of checks that a person has acknowledged",
        },
    ),
    "appraise": Verb(
        does=(
            "Does what `check` does and writes the dossier. The last line of the output is the "
            "path of its first page. A folder that holds anything else than an earlier dossier is "
            "left alone; an earlier dossier is exchanged in one step, and one that already holds "
            "the same bytes is not touched."
        ),
        python="equipoise.case.read_case, equipoise.findings.appraise, equipoise.dossier.publish",
        status={
            0: "the dossier was written, and nothing needs attention",
            1: "the dossier was written, and at least one check speaks",
            2: "there is no such case, something in it is wrong, or the folder cannot be written",
        },
        result={
            "case": "id of the case",
            "dossier": "path of the first page",
            "findings": "path of `findings.json`",
            "bottom_lines": "for each condition in focus, its bottom line as plain text",
            "attention": "checks that speak: `id`, `where`, `what`",
        },
    ),
    "explain": Verb(
        does=(
            "Walks from a number through its inputs, depth first, to what was printed. A number "
            "that occurs again is named and not opened twice. Given a dossier or a "
            "`findings.json`, it reads that; given a case, it appraises it first. See "
            "[how to explain a number](../how-to/explain-a-number.md)."
        ),
        python="equipoise.findings.explain",
        status={
            0: "the path was printed",
            2: "there is no such number (near ids are named), or no such case or dossier",
        },
        result={
            "id": "the id that was asked for",
            "path": (
                "the numbers on the path, each with `depth`, `repeated`, and the fields of a "
                "[Number](findings.md#number)"
            ),
        },
    ),
}


def cli_page() -> str:
    """Every verb with its arguments and options, as typer knows them."""
    group: Any = typer.main.get_command(app)
    lines = [
        NOTICE,
        "",
        "# Command line",
        "",
        f"{group.help} `equipoise -h` lists the verbs, `equipoise VERB -h` the options of one, and "
        "`equipoise --version` prints the version.",
        "",
        "No verb opens a network connection, needs a key or starts a server.",
        "",
        "## Exit status",
        "",
        "| status | meaning |",
        "| --- | --- |",
        "| 0 | done and clean |",
        "| 1 | done, with findings that need attention |",
        "| 2 | could not do, or could not check |",
        "| 130 | stopped with Ctrl-C; nothing is left half-written |",
        "",
        "A command that is not understood also ends with 2.",
        "",
        "## `--json`",
        "",
        "Every verb takes `--json` and then prints one JSON object on standard output, in one of "
        "two shapes. Progress and messages for people are left out.",
        "",
        "```json",
        '{"ok": true, "verb": "check", "status": 0, "result": {}}',
        '{"ok": false, "verb": "check", "status": 2, "kind": "CaseNotFound", '
        '"errors": [{"message": "…"}]}',
        "```",
        "",
        "`kind` is the name of the [error](errors.md) without `Error`. An error in a case file "
        "also has `file`, `line`, `column`, `expected` and `advice`. A command line that is not "
        "understood, such as a misspelt verb, is answered in text even with `--json`.",
    ]
    for name, command in group.commands.items():
        lines += _verb(name, command, VERBS[name])
    return _page(lines)


def _verb(name: str, command: Any, verb: Verb) -> Iterator[str]:
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option"]
    shown = [a.metavar or a.name.upper() for a in arguments]
    usage = " ".join(s if a.required else f"[{s}]" for a, s in zip(arguments, shown, strict=True))
    yield from ("", f"## `equipoise {name}`", "", command.help, "", verb.does, "")
    yield from ("```text", f"equipoise {name} [OPTIONS] {usage}", "```", "")
    yield from ("| argument or option | meaning |", "| --- | --- |")
    for argument, words in zip(arguments, shown, strict=True):
        default = "" if argument.required else f" Without it: `{argument.default}`."
        yield f"| `{words}` | {argument.help}{default} |"
    for option in options:
        default = (
            f" Without it: `{option.show_default}`." if isinstance(option.show_default, str) else ""
        )
        yield f"| `{', '.join(option.opts)}` | {option.help}{default} |"
    yield "| `-h`, `--help` | Show the options of this verb. |"
    yield from ("", f"In Python: `{verb.python}`.", "", "| status | meaning |", "| --- | --- |")
    yield from (f"| {status} | {meaning} |" for status, meaning in verb.status.items())
    yield from ("", "| key of `result` | meaning |", "| --- | --- |")
    yield from (f"| `{key}` | {meaning} |" for key, meaning in verb.result.items())


# --- records --------------------------------------------------------------------------------------

_ALIASES: tuple[tuple[Any, str], ...] = (
    (prose.Prose, "prose"),
    (header.Date, "day, as in 2026-01-31"),
    (printed.Text, "text"),
    (printed.Woven, "text without braces, at most 80 characters"),
    (printed.Doi, "DOI, such as 10.1002/art.37734"),
    (printed.Pmid, "PubMed id"),
    (printed.Url, "address that begins with http:// or https://"),
    (printed.Atc, "ATC code, such as N07BB04"),
    (printed.Slug, "id"),
    (printed.Count, "printed number: whole, of people"),
    (printed.Percent, "printed number: 0 to 100"),
    (printed.Probability, "printed number: 0 to 1"),
    (printed.NotNegative, "printed number: not negative"),
)
_PLAIN = {str: "text", int: "whole number", float: "number", bool: "true or false"}


@dataclass
class Records:
    """Describes pydantic models, each once, in the order in which they are met."""

    met: list[type[BaseModel]] = field(default_factory=list)

    def describe(self, model: type[BaseModel], level: str) -> Iterator[str]:
        """A heading, the docstring, and a table of the fields."""
        if model not in self.met:
            self.met.append(model)
        yield from ("", f"{level} `{model.__name__}`", "", inspect.getdoc(model) or "", "")
        yield from ("| key | holds | needed |", "| --- | --- | --- |")
        hints = get_type_hints(model, include_extras=True)
        notes = _field_notes(model)
        for name, info in model.model_fields.items():
            holds = self._type(hints[name])
            pattern = next((p for m in info.metadata if (p := getattr(m, "pattern", None))), None)
            if pattern and pattern != printed.SLUG:
                holds += f", matching `{pattern}`"
            if note := notes.get(name):
                holds += f". {note}"
            needed = "yes" if info.is_required() else _default(info)
            yield f"| `{info.alias or name}` | {_cell(holds)} | {_cell(needed)} |"

    def _type(self, hint: Any) -> str:
        for alias, words in _ALIASES:
            if hint == alias:
                return words
        origin, arguments = get_origin(hint), get_args(hint)
        if hasattr(hint, "__metadata__"):
            return self._type(arguments[0])
        if origin in {Union, types.UnionType}:
            return " or ".join(self._type(a) for a in arguments if a is not type(None))
        if origin is Literal:
            return " or ".join(f"`{a}`" for a in arguments)
        if origin is tuple:
            if arguments[-1] is Ellipsis:
                return f"list of: {self._type(arguments[0])}"
            return f"pair of: {self._type(arguments[0])}"
        if inspect.isclass(hint) and issubclass(hint, enum.Enum):
            return " or ".join(f"`{member.value}`" for member in hint)
        if inspect.isclass(hint) and issubclass(hint, BaseModel):
            if hint not in self.met:
                self.met.append(hint)
            return f"[{hint.__name__}](#{hint.__name__.lower()})"
        return _PLAIN[hint]


def _field_notes(model: type[BaseModel]) -> dict[str, str]:
    """The strings that stand under fields in the source, by field."""
    notes: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if not (issubclass(base, BaseModel) and base.__module__.startswith("equipoise")):
            continue
        body = ast.parse(textwrap.dedent(inspect.getsource(base))).body[0]
        if not isinstance(body, ast.ClassDef):
            continue
        for statement, following in zip(body.body, body.body[1:], strict=False):
            if (
                isinstance(statement, ast.AnnAssign)
                and isinstance(statement.target, ast.Name)
                and isinstance(following, ast.Expr)
                and isinstance(following.value, ast.Constant)
                and isinstance(following.value.value, str)
            ):
                notes[statement.target.id] = " ".join(following.value.value.split())
    return notes


def _default(info: Any) -> str:
    value = info.default
    if value is None or value == ():
        return "no"
    if isinstance(value, enum.Enum):
        value = value.value
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"no; else `{text}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


_PLACES = {
    "case": ("case.yaml", "the question and the vocabulary", True),
    "plan": ("plan.yaml", "what was decided before the results", True),
    "study": ("studies/ID.yaml", "one study, however many publications", False),
    "claims": ("claims/ID.yaml", "what is commonly said, with a verdict", False),
    "experience": ("experience/ID.yaml", "patient reports and their benchmarks", False),
    "priors": ("experience/_priors.yaml", "priors of a model of report bias; kept, not yet used",
               False),
    "sources": ("sources.yaml", "works that facts rest on and that are no study here", False),
    "pharmacology": ("pharmacology.yaml", "the compound", False),
    "safety": ("safety.yaml", "what it must not meet, harms, how it was started", False),
    "access": ("access.yaml", "rules, prices and use by country", False),
    "published": ("published.yaml", "published syntheses that disagree, ways to read them", False),
}  # fmt: skip

_CASE_INTRODUCTION = """\
# Case format

Version `equipoise.case/1`. A case is a folder of small YAML files, one for each study, claim group
and sample of reports. `equipoise new FOLDER` makes a complete small one with a comment at each
turn; the case of low-dose naltrexone under `src/equipoise/cases/ldn` is a large one.

JSON Schemas (draft 2020-12) of all files ship under `src/equipoise/schemas/case`; in Python they
come from `equipoise.case.schema.case_schemas()`.

## The folder

| file | holds | needed |
| --- | --- | --- |
{folder}

Notes in `.md` or `.txt` may lie beside the data. Names that begin with a dot are not looked at. Any
other file or folder is refused, so that a misspelt folder cannot hide a study; links are not
followed. A file of `studies`, `claims` or `experience` is named after the `id` in it.

## The part of YAML that is read

Mappings with text keys, lists, and scalars of YAML 1.2's core schema. Anchors, aliases, tags, merge
keys, duplicate keys, several documents and tabs are refused with the place and the remedy, because
each of them can make one file mean two things. An unknown key is refused with the nearest known
one. See [decision 0001](../decisions/0001-strict-yaml-reader.md).

## Printed numbers

A number is copied as the source prints it, trailing zeros included; its text is kept and the parsed
value stands beside it. The short form is the text alone, the long form adds what the record around
it does not say:

```yaml
estimate: -0.34
estimate: {{printed: "-0.34", unit: points, locator: table two, verified: false, note: from a talk}}
```

| printed | read as |
| --- | --- |
| `-1.30`, `"−1.30"`, `"15,297"` | one number; typographic minus and commas are understood |
| `"<0.001"`, `"≥5"`, `"~3"`, `"about 3"` | a number with a bound; no estimate is made from it |
| `"7-10"`, `"7 to 10"` | a range from low to high, without a single value |

A *printed result* may also be words such as `blocked`; a *printed number* may not. Giving `value`,
`low` or `high` by hand is refused where it disagrees with the text.

`verified: false` on a number, or on any record around it, makes the number unverified. It is then
marked wherever it is shown, in figures too, and so is whatever is worked out from it.

## Prose

Fields that hold *prose* carry no typed numbers; a digit that begins a word is refused. A number is
named under `numbers:` and written in braces, or referred to:

| written | means |
| --- | --- |
| `{{price}}` | a number of the same record, by the id under its `numbers:` |
| `{{n:ID}}` | any number of the findings, by its id |
| `{{cite:ID}}` | a study or source |
| `{{name:condition/ID}}` | a name of the case; also `intervention`, `outcome/ID`, `instrument/ID` |

Names may carry digits (`SF-36`, `TLR4`). References reach as far as the findings, so that counts
and pooled results can be referred to as well.

## Ids of numbers

The id of a printed number is the path to it, with records called by their ids and rows of arms by
arm and time: `studies/frost2019/outcomes/wts/arms/tea.end/mean`. What the engine works out has ids
that begin with `effects`, `pooled`, `count`, `harms`, `occupancy`, `potency`, `selection` or
`rules`; numbers of `case.yaml` and `plan.yaml` begin with `case`. See
[decision 0002](../decisions/0002-number-ids-are-paths.md).
"""


def case_page() -> str:
    """Every kind of file and every record in it."""
    folder = "\n".join(
        f"| `{place}` | {words}: [{FILES[key].__name__}](#{FILES[key].__name__.lower()}) | "
        f"{'yes' if needed else 'no'} |"
        for key, (place, words, needed) in _PLACES.items()
    )
    records = Records()
    lines = [NOTICE, "", *_CASE_INTRODUCTION.format(folder=folder).splitlines()]
    for key, model in FILES.items():
        place, _, _ = _PLACES[key]
        lines += ["", f"## File `{place}`"]
        done = len(records.met)
        lines += list(records.describe(model, "###"))
        while done < len(records.met):
            inner = records.met[done]
            if inner is not model:
                lines += list(records.describe(inner, "###"))
            done += 1
    return _page(lines)


_FINDINGS_INTRODUCTION = """\
# Findings

Version `equipoise.findings/1`. `appraise` turns a case into Findings; a dossier holds them as
`findings.json` beside `findings.schema.json`, the JSON Schema (draft 2020-12) that comes from
`equipoise.findings.findings_schema()`. The same case gives the same bytes.

- All numbers stand in one flat table, `numbers`; everything else refers to them by id. A number
  lists its method, its inputs and its assumptions; a printed one has its source instead
  ([Number](#number)).
- Prose carries references (`{n:ID}`, `{cite:ID}`, `{name:ID}`) and types no number. A reference
  that leads nowhere cannot stand in Findings: they would not validate.
- A page shows a number by its `display` and by nothing else.

In Python: `equipoise.findings.appraise(case)` gives `Findings`, `read_findings(path)` reads them
back, and `explain(findings, id)` walks from one number to what was printed.
"""


def findings_page() -> str:
    """Every record of Findings, beginning with the whole."""
    records = Records()
    lines = [NOTICE, "", *_FINDINGS_INTRODUCTION.splitlines()]
    lines += list(records.describe(Findings, "##"))
    done = 1
    while done < len(records.met):
        lines += list(records.describe(records.met[done], "##"))
        done += 1
    return _page(lines)


# --- errors ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mistake:
    """A slip in an otherwise good case: in a file, one text put in place of another."""

    title: str
    file: str
    old: str
    new: str


MISTAKES = (
    Mistake("A misspelt key", "studies/frost2019.yaml", "randomised: true", "randomized: true"),
    Mistake("A key that is missing", "studies/frost2019.yaml", "read_level: full text\n", ""),
    Mistake("A word that is not in the list", "studies/frost2019.yaml",
            "structure: parallel", "structure: paralel"),
    Mistake("A key that stands twice", "studies/frost2019.yaml",
            "blinding: double", "blinding: double\nblinding: none"),
    Mistake("An anchor", "studies/frost2019.yaml",
            "blinding: double", "blinding: &b double"),
    Mistake("A file that is not named after its record", "studies/frost2019.yaml",
            "id: frost2019", "id: frost2018"),
    Mistake("More events than people", "studies/wick2022.yaml",
            "{arm: tea, events: 7, total: 22}", "{arm: tea, events: 27, total: 22}"),
    Mistake("An interval the wrong way round", "studies/ember2023.yaml",
            "{low: -19.5, high: -1.5}", "{low: -1.5, high: -19.5}"),
    Mistake("A number typed in prose", "access.yaml",
            "A packet costs {price}.", "A packet costs 3.50 shells."),
    Mistake("A verdict that rests on nothing", "claims/tea.yaml",
            "    rests_on: [wick2022, studies/wick2022/outcomes/relief/arms/tea/events]\n", ""),
    Mistake("An instrument that the case does not have", "studies/frost2019.yaml",
            "instrument: wts", "instrument: wtss"),
    Mistake("A claim that refers to a number that is not there", "claims/tea.yaml",
            "{n:studies/hoar2021/outcomes/wts/contrast/estimate}",
            "{n:studies/hoar2021/outcomes/wts/contrast/mean}"),
)  # fmt: skip


def errors_page() -> str:
    """The tree of errors, and what a case with a slip in it is told, word for word."""
    tree = textwrap.dedent((errors.__doc__ or "").split("\n\n")[1])
    lines = [
        NOTICE,
        "",
        "# Errors",
        "",
        "A user's mistake is told in the words of the field, with file, line and column where it "
        "has a place, and ends with status 2. It never shows a traceback; whatever does is a bug "
        "of ours and should be reported.",
        "",
        "```text",
        *tree.splitlines(),
        "```",
        "",
    ]
    for name, error in vars(errors).items():
        if inspect.isclass(error) and issubclass(error, errors.EquipoiseError):
            lines += [f"## `{name}`", "", inspect.getdoc(error) or "", ""]
    lines += [
        "## What slips in a case are told",
        "",
        "Each of these is one change to the invented case `toy`, and the answer of `check`. All "
        "mistakes in the files of a case are told together; references are followed once the files "
        "themselves can be read. Lines are broken here.",
    ]
    for mistake in MISTAKES:
        lines += ["", f"### {mistake.title}", ""]
        lines += _shown("In", mistake.file, mistake.old, mistake.new)
        told = "\n".join(
            textwrap.fill(str(e), 96, break_on_hyphens=False, break_long_words=False)
            for e in tell(mistake)
        )
        lines += ["", "```text", *told.splitlines(), "```"]
    return _page(lines)


def _shown(lead: str, file: str, old: str, new: str) -> list[str]:
    old, new = old.strip(), new.strip()
    if not new:
        return [f"{lead} `{file}`, without `{old}`:"]
    if "\n" in new:
        new = new.replace("\n", "` and `")
    return [f"{lead} `{file}`, `{new}` instead of `{old}`:"]


def tell(mistake: Mistake) -> tuple[errors.CaseError, ...]:
    """The errors that a mistake in the toy case gives."""
    with tempfile.TemporaryDirectory() as folder:
        case = Path(folder) / "toy"
        shutil.copytree(find_case("toy"), case)
        path = case / mistake.file
        text = path.read_text(encoding="utf-8")
        if mistake.old not in text:
            raise SystemExit(f"{mistake.title}: {mistake.file} no longer holds {mistake.old!r}")
        path.write_text(text.replace(mistake.old, mistake.new, 1), encoding="utf-8")
        try:
            appraise(read_case(case))
        except errors.CaseErrors as found:
            return found.errors
    raise SystemExit(f"{mistake.title}: nothing was refused")


# --- pages ----------------------------------------------------------------------------------------

PAGES = {
    "cli.md": cli_page,
    "case-format.md": case_page,
    "findings.md": findings_page,
    "errors.md": errors_page,
}


def _page(lines: list[str]) -> str:
    return "\n".join(line.rstrip() for line in lines).rstrip() + "\n"


def main(arguments: list[str]) -> int:
    """Write the pages, or say which are not current."""
    stale = []
    for name, make in PAGES.items():
        path, text = REFERENCE / name, make()
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in arguments:
            path.write_text(text, encoding="utf-8")
    for name in stale:
        print(f"docs/reference/{name}", "is not current" if "--check" in arguments else "written")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
