"""The command line. Each verb does what the Python function of the same name does.

Exit status everywhere: 0 done and clean; 1 done, with findings that need attention; 2 could not do
or could not check. With `--json` every success and every failure has one shape.

Heavy rooms are imported inside the verbs, so that `--help` is instant.
"""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

from equipoise import __version__
from equipoise.errors import CaseError, CaseErrors, EquipoiseError

if TYPE_CHECKING:
    from equipoise.findings import Findings
    from equipoise.findings.explain import Node

_T = TypeVar("_T")

DONE, ATTENTION, COULD_NOT = 0, 1, 2
_UsageError: type[Any] = typer.BadParameter.__mro__[1]
"""What typer raises for a command that cannot be understood; it gives the class no name."""

INTERRUPTED = 130  # what shells expect after Ctrl-C
_STOPPED = "Stopped. Nothing was left half-written."

app = typer.Typer(
    name="equipoise",
    help="Says, reproducibly, what the evidence shows for contested treatments.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=(
        "Exit status: 0 done and clean; 1 done, with findings that need attention; "
        "2 could not do or could not check."
    ),
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
CaseName = Annotated[str, typer.Argument(help="A case folder, or the name of a shipped case.")]


def main() -> None:
    """Run the program; a user's mistake never shows a traceback.

    With `--json`, a command that is typed wrongly is answered in the one shape of failures too.
    """
    as_json = "--json" in sys.argv[1:]
    try:
        sys.exit(app(standalone_mode=not as_json) or DONE)
    except _UsageError as error:
        _print_json(
            {
                "ok": False,
                "verb": None,
                "status": COULD_NOT,
                "kind": "Usage",
                "errors": [{"message": error.format_message()}],
            }
        )
        sys.exit(COULD_NOT)
    except KeyboardInterrupt:
        typer.echo(_STOPPED, err=True)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(DONE)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"equipoise {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    pass


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(help="The folder to make; its name becomes the id.")],
    as_json: Json = False,
) -> None:
    """Make a new case that appraises from the first minute, to be filled in."""
    from equipoise.case.scaffold import write_new_case

    made = _try("new", as_json, lambda: write_new_case(folder))
    text = (
        f"Made {made}. It holds an invented example; replace it file by file.\n"
        f"Check it:    equipoise check {made}\nAppraise it: equipoise appraise {made}"
    )
    _finish("new", as_json, {"case": str(made)}, text)


@app.command()
def check(case: CaseName, as_json: Json = False) -> None:
    """Check a case: every file, every reference, every printed number against its neighbours."""

    def work() -> Findings:
        from equipoise.case import read_case
        from equipoise.findings import appraise as draw

        return draw(read_case(case))

    findings = _try("check", as_json, work)
    waiting = _waiting(findings)
    result = {
        "case": findings.case.id,
        "records": len(findings.studies),
        "numbers": len(findings.numbers),
        "unverified": sum(n.kind == "printed" and not n.verified for n in findings.numbers),
        "claims": len(findings.claims),
        "attention": waiting,
        "acknowledged": sum(a.acknowledged is not None for a in findings.attention),
    }
    lines = [
        f"{result['case']}: {result['records']} records, {result['claims']} claims, "
        f"{result['numbers']} numbers, of which {result['unverified']} printed ones unverified.",
        *_attention_lines(waiting),
        "Every file can be read and every reference holds. "
        f"Checks acknowledged in the case: {result['acknowledged']}.",
    ]
    _finish("check", as_json, result, "\n".join(lines), ATTENTION if waiting else DONE)


@app.command()
def appraise(
    case: CaseName,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the dossier.", show_default="out/CASE")
    ] = None,
    as_json: Json = False,
) -> None:
    """Appraise a case and publish its dossier; needs no network, key or server."""

    def work() -> tuple[Findings, Path]:
        with _Progress(quiet=as_json) as progress:
            from equipoise.case import read_case
            from equipoise.dossier import publish
            from equipoise.findings import appraise as draw

            progress("reading the case")
            record = read_case(case)
            findings = draw(record, progress)
            progress("publishing the dossier")
            return findings, publish(findings, out or Path("out") / record.header.id)

    findings, path = _try("appraise", as_json, work)
    waiting = _waiting(findings)
    result = {
        "case": findings.case.id,
        "dossier": str(path / "index.html"),
        "findings": str(path / "findings.json"),
        "bottom_lines": {
            c.id: _plain(findings, c.headline) for c in findings.conditions if c.focus
        },
        "attention": waiting,
    }
    lines = [
        *(f"{c.name}: {_plain(findings, c.headline)}" for c in findings.conditions if c.focus),
        *_attention_lines(waiting),
        str(path / "index.html"),
    ]
    _finish("appraise", as_json, result, "\n".join(lines), ATTENTION if waiting else DONE)


@app.command()
def explain(
    number: Annotated[str, typer.Argument(metavar="ID", help="The id of a number.")],
    case: Annotated[
        str, typer.Argument(help="A dossier, a findings.json, a case folder, or a shipped case.")
    ] = "ldn",
    as_json: Json = False,
) -> None:
    """Print the path from a number back to the printed figure and its source."""

    def work() -> tuple[Findings, tuple[Node, ...]]:
        from equipoise.findings import explain as walk

        findings = _findings_of(case)
        return findings, walk(findings, number)

    findings, nodes = _try("explain", as_json, work)
    result = {
        "id": number,
        "path": [
            {
                "depth": node.depth,
                "repeated": node.repeated,
                **node.number.model_dump(mode="json"),
            }
            for node in nodes
        ],
    }
    text = "\n".join(line for node in nodes for line in _node_lines(findings, node))
    _finish("explain", as_json, result, text)


# --- helpers of the door --------------------------------------------------------------------------


def _findings_of(place: str) -> Findings:
    from equipoise.case import read_case
    from equipoise.findings import appraise as draw
    from equipoise.findings import read_findings

    path = Path(place)
    try:
        is_dossier = path.is_file() or (path / "findings.json").is_file()
    except OSError:  # no file system has such a name
        is_dossier = False
    return read_findings(path) if is_dossier else draw(read_case(place))


def _waiting(findings: Findings) -> list[dict[str, str]]:
    """Checks that spoke and that nobody has acknowledged."""
    return [
        {"id": a.id, "where": a.where, "what": _plain(findings, a.statement)}
        for a in findings.attention
        if a.acknowledged is None
    ]


def _attention_lines(waiting: list[dict[str, str]]) -> list[str]:
    if not waiting:
        return []
    lines = [f"Needs attention ({len(waiting)}):"]
    lines += [f"  {w['where']}: {w['what']}" for w in waiting]
    lines.append("  Mend each in the case, or acknowledge it there with a reason.")
    return lines


def _plain(findings: Findings, prose: str) -> str:
    """Prose with its references written out, for a terminal."""
    from equipoise.case.prose import Reference, split_prose

    names = {n.id: n.name for n in findings.names}
    out = []
    for part in split_prose(prose):
        if not isinstance(part, Reference):
            out.append(part.text)
        elif part.kind == "n":
            number = findings.number[part.id]
            out.append(number.display + ("" if number.verified else " (unverified)"))
        elif part.kind == "cite":
            out.append(findings.work[part.id].short)
        else:
            out.append(names[part.id])
    return "".join(out)


def _node_lines(findings: Findings, node: Node) -> list[str]:
    number, pad = node.number, "  " * node.depth
    mark = "" if number.verified else "  [unverified]"
    lines = [f"{pad}{number.display}  {number.label}{mark}", f"{pad}  id: {number.id}"]
    if node.repeated:
        return [*lines, f"{pad}  (explained above)"]
    if number.source is not None:
        lines += _source_lines(findings, number.source.work, pad)
        lines.append(f"{pad}  at: {number.source.locator}")
        lines.append(f"{pad}  case file: {number.source.file}:{number.source.line}")
    else:
        method = next(m for m in findings.methods if m.id == number.method)
        doi = f" doi:{method.doi}" if method.doi else ""
        lines.append(f"{pad}  {number.kind} by {method.name}: {method.formula}")
        lines.append(f"{pad}  method: {method.citation}{doi}")
    lines += [f"{pad}  step: {s.quantity}: {s.formula} → {s.display}" for s in number.steps]
    assumed = {a.id: a.text for a in findings.assumptions}
    lines += [f"{pad}  assumes: {_plain(findings, assumed[a])}" for a in number.assumptions]
    if number.inputs:
        lines.append(f"{pad}  from:")
    return lines


def _source_lines(findings: Findings, work_id: str | None, pad: str) -> list[str]:
    if work_id is None:
        return [f"{pad}  as the case itself words it"]
    work = findings.work[work_id]
    links = [f"doi:{work.doi}" if work.doi else "", f"PMID {work.pmid}" if work.pmid else ""]
    links += [work.registry or "", work.url or ""]
    where = ", ".join(x for x in links if x)
    unsure = (
        f" (fields not verified: {', '.join(work.unverified_fields)})"
        if work.unverified_fields
        else ""
    )
    return [f"{pad}  printed in: {work.citation} {where}{unsure}"]


class _Progress:
    """Names the stage on standard error while it runs, on a terminal only."""

    def __init__(self, *, quiet: bool) -> None:
        self.on = not quiet and sys.stderr.isatty()

    def __enter__(self) -> Callable[[str], None]:
        return self._show

    def __exit__(self, *_: object) -> None:
        if self.on:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def _show(self, stage: str) -> None:
        if self.on:
            sys.stderr.write(f"\r\x1b[K{stage} …")
            sys.stderr.flush()


def _try(verb: str, as_json: bool, work: Callable[[], _T]) -> _T:
    """Do the work, or say in the words of the field why it could not be done."""
    try:
        return work()
    except EquipoiseError as error:
        _fail(verb, as_json, error)
    except KeyboardInterrupt:
        typer.echo(_STOPPED, err=True)
        raise typer.Exit(INTERRUPTED) from None


def _fail(verb: str, as_json: bool, error: EquipoiseError) -> NoReturn:
    several = error.errors if isinstance(error, CaseErrors) else (error,)
    if as_json:
        details = [
            {
                "message": e.message,
                "file": e.file,
                "line": e.line,
                "column": e.column,
                "expected": e.expected,
                "advice": e.advice,
            }
            if isinstance(e, CaseError)
            else {"message": str(e)}
            for e in several
        ]
        kind = type(several[0]).__name__.removesuffix("Error")
        _print_json(
            {"ok": False, "verb": verb, "status": COULD_NOT, "kind": kind, "errors": details}
        )
    else:
        for e in several:
            typer.echo(_printable(str(e)), err=True)
        if len(several) > 1:
            typer.echo(f"{len(several)} mistakes; nothing was written.", err=True)
    raise typer.Exit(COULD_NOT)


def _finish(
    verb: str, as_json: bool, result: dict[str, Any], text: str, status: int = DONE
) -> None:
    if as_json:
        _print_json({"ok": True, "verb": verb, "status": status, "result": result})
    else:
        _print(_printable(text))
    raise typer.Exit(status)


def _print_json(data: dict[str, Any]) -> None:
    text = json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False)
    # A file name may hold bytes that are no text; JSON has an escape for them.
    _print(text.encode("utf-8", "backslashreplace"))


def _print(text: str | bytes) -> None:
    try:
        typer.echo(text)
    except BrokenPipeError:
        raise
    except OSError as error:
        typer.echo(f"The answer could not be printed: {error.strerror}.", err=True)
        raise typer.Exit(COULD_NOT) from error


def _printable(text: str) -> str:
    """Text that cannot command a terminal: controls and what is no text become escapes."""
    return "".join(
        c if c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cf", "Cs"}
        else c.encode("unicode_escape").decode()
        for c in text
    )  # fmt: skip
