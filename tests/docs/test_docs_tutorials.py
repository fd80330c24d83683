"""The tutorials are run as a reader would run them, and must say what the program says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from markdown_pages import DOCS, Block, blocks, read

TUTORIALS = sorted((DOCS / "tutorials").glob("*.md"))


@pytest.mark.parametrize("page", TUTORIALS, ids=lambda p: p.stem)
def test_tutorial_runs(page: Path, tmp_path: Path) -> None:
    ran = 0
    for block in blocks(page):
        if block.language == "console":
            ran += _run_console(block, tmp_path)
        elif block.language == "yaml":
            ran += _write(block, tmp_path)
        elif block.language == "python":
            ran += _run_python(block, tmp_path)
        else:
            assert block.language in {"sh", "text"}, "a block that no test understands"
    assert ran > 0


def test_python_of_the_how_to_pages_runs(tmp_path: Path) -> None:
    found = [(page, b) for page in sorted((DOCS / "how-to").glob("*.md")) for b in blocks(page)]
    ran = 0
    for _, block in found:
        if block.language == "python":
            ran += _run_python(block, tmp_path)
    assert ran > 0


def _environment() -> dict[str, str]:
    programs = str(Path(sys.executable).parent)
    return {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "LANG": "C.UTF-8", "LC_ALL": "C"}


def _run_console(block: Block, folder: Path) -> int:
    """Run each `$ command`; it must print what follows, `…` standing for anything."""
    steps = re.split(r"^\$ ", block.body, flags=re.M)[1:]
    assert steps, block.body
    status = 0
    for step in steps:
        command, _, expected = step.partition("\n")
        if command == "echo $?":
            assert expected.strip() == str(status)
            continue
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=folder,
            env=_environment() | {"PYTHONUTF8": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        status = done.returncode
        said = "\n".join(line.rstrip() for line in done.stdout.replace("\u00a0", " ").splitlines())
        pattern = ".*?".join(re.escape(part) for part in expected.rstrip().split("…"))
        assert re.fullmatch(pattern, said, re.S), (
            f"$ {command}\n{said}\n--- the page says:\n{expected}"
        )
    return len(steps)


def _write(block: Block, folder: Path) -> int:
    """A file is one whose first line names it."""
    match = re.match(r"# file: (\S+)\n", block.body)
    assert match, "a YAML block of a tutorial begins with its file's name"
    path = folder / match[1]
    assert path.resolve().is_relative_to(folder)
    path.write_text(block.body, encoding="utf-8")
    return 1


def _run_python(block: Block, folder: Path) -> int:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", block.body],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return 1


def test_long_commands_of_a_page_are_not_broken_by_accident() -> None:
    for page in TUTORIALS:
        for block in blocks(page):
            if block.language == "console":
                assert block.body.startswith("$ "), read(page)[:80]
