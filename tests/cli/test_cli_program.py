"""The program as a process: start, signals, pipes, odd bytes, and replayed sessions."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from equipoise.case import find_case

TRANSCRIPTS = sorted((Path(__file__).parent / "transcripts").glob("*.txt"))


@pytest.mark.parametrize("args", [["--help"], ["--version"], ["check", "--help"]])
def test_help_loads_nothing_heavy(args: list[str]) -> None:
    code = (
        "import sys, runpy\n"
        f"sys.argv = ['equipoise', *{args!r}]\n"
        "try: runpy.run_module('equipoise', run_name='__main__')\n"
        "except SystemExit as left: assert not left.code\n"
        "heavy = {'numpy', 'scipy', 'pydantic', 'ruamel', 'jinja2', 'rich'} & set(sys.modules)\n"
        # For the help of a verb with arguments typer itself loads pydantic.
        "heavy -= {'pydantic'} if len(sys.argv) > 2 else set()\n"
        "print('HEAVY', sorted(heavy), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip().endswith("HEAVY []")


def test_the_installed_command_is_the_module(program) -> None:
    command = Path(sys.executable).with_name("equipoise")
    if not command.is_file():
        pytest.skip("the command is not installed beside this Python")
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == program("--version").out


@pytest.mark.parametrize("delay", [0.0, 0.1, 0.3, 0.6, 1.0])
def test_interrupt_leaves_nothing_half_written(delay: float, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "equipoise", "appraise", "ldn", "--out", "dossier"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    wait_until_it_works(process)
    time.sleep(delay)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    if b"Traceback" in err:  # the signal came while Python was still importing the program
        assert b"in main\n" not in err
        assert list(tmp_path.iterdir()) == []
        return
    # Python says the same twice over when the signal came during an import: to a shell, 130 too.
    if process.returncode in {130, -signal.SIGINT}:
        assert out == b""
        # Before the work has begun the option parser ends the program, without a word.
        assert err in {b"", b"Stopped. Nothing was left half-written.\n"}
        left = [p.name for p in tmp_path.iterdir()]
        # Interrupted between the last step and the answer, the dossier is there, and whole.
        assert left in ([], ["dossier"])
    else:
        assert process.returncode in {0, 1}
    if (tmp_path / "dossier").exists():
        assert (tmp_path / "dossier" / "index.html").is_file()
        json.loads((tmp_path / "dossier" / "findings.json").read_bytes())


def wait_until_it_works(process: subprocess.Popen[bytes]) -> None:
    """Wait until the program itself is running: before that, Python answers the signal."""
    maps = Path(f"/proc/{process.pid}/maps")
    if not maps.exists():
        time.sleep(0.7)
        return
    for _ in range(400):
        if process.poll() is not None or "pydantic_core" in maps.read_text():
            return
        time.sleep(0.01)


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    command = (
        f"{shlex.quote(sys.executable)} -m equipoise explain "
        "pooled/winter-tiredness/tiredness/md-wts/bayes/estimate toy | head -1"
    )
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    assert done.stdout.count("\n") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("json_flag", [[], ["--json"]])
def test_a_full_disk_is_told(json_flag: list[str], tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "equipoise", "check", "toy", *json_flag],
            cwd=tmp_path,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == "The answer could not be printed: No space left on device.\n"


HOSTILE_ARGUMENTS = [
    b"\xff\xfe",
    b"\x1b[31m",
    "\u202etoy".encode(),
    b"x" * 5000,
    b"nowhere/../..",
    b"%s",
]


@pytest.mark.parametrize("name", HOSTILE_ARGUMENTS, ids=range(len(HOSTILE_ARGUMENTS)))
@pytest.mark.parametrize("json_flag", [[], ["--json"]], ids=["text", "json"])
def test_hostile_bytes_in_arguments(name: bytes, json_flag: list[str], program) -> None:
    for args in (["check", name], ["explain", name, "toy"], ["explain", "x", name], ["new", name]):
        answer = program(*args, *json_flag)
        assert answer.status == 2
        assert "Traceback" not in answer.err
        assert "\x1b" not in answer.out + answer.err
        assert "\u202e" not in answer.err
        if json_flag:
            assert answer.json["ok"] is False


def test_hostile_names_in_a_case_cannot_command_the_terminal(toy, program) -> None:
    for name in (b"\xff.yaml", b"\x1b[2J.yaml", "\u202elmay.yaml".encode(), b"a\nb.yaml"):
        Path(os.fsdecode(os.path.join(os.fsencode(toy.root / "studies"), name))).touch()  # noqa: PTH118
    answer = program("check", str(toy.root))
    assert answer.status == 2
    assert not set("\x1b\u202e") & set(answer.err)
    assert program("check", str(toy.root), "--json").json["status"] == 2


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_poor_terminal_is_enough(encoding: str, program) -> None:
    number = "studies/hoar2021/outcomes/wts/contrast/estimate"
    answer = program("explain", number, "toy", "--json", PYTHONIOENCODING=encoding)
    assert answer.status == 0
    assert answer.json["result"]["id"] == number


def test_appraise_needs_no_network_and_writes_only_where_it_was_told(
    toy, program, tmp_path: Path
) -> None:
    before = {p: p.stat().st_mtime_ns for p in find_case("toy").rglob("*")}
    answer = program("appraise", str(toy.root), "--out", "there", HOME=str(tmp_path / "home"))
    assert answer.status == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["there", "toy"]
    assert {p: p.stat().st_mtime_ns for p in find_case("toy").rglob("*")} == before


# --- sessions that really happened ----------------------------------------------------------------


def replay(text: str, cwd: Path) -> str:
    """Run each `$ command` of a transcript again; what stands between them is what it printed."""
    out = []
    for line in text.splitlines():
        if line.startswith("#"):
            out.append(line)
        elif line.startswith("$ "):
            done = subprocess.run(
                ["bash", "-c", line[2:]],
                cwd=cwd,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={
                    **os.environ,
                    "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                    "COLUMNS": "100",
                },
                check=False,
            )
            out += ["", line, *done.stdout.decode().splitlines()]
            if done.returncode:
                out.append(f"[status {done.returncode}]")
    return "\n".join(out).strip() + "\n"


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=[t.stem for t in TRANSCRIPTS])
def test_transcript(transcript: Path, tmp_path: Path) -> None:
    """To record anew after a wanted change: EQUIPOISE_RECORD=1 pytest tests/cli."""
    text = transcript.read_text(encoding="utf-8")
    again = replay(text, tmp_path)
    if os.environ.get("EQUIPOISE_RECORD"):
        transcript.write_text(again, encoding="utf-8")
    else:
        assert again == text


def test_every_verb_has_a_transcript() -> None:
    text = "\n".join(t.read_text(encoding="utf-8") for t in TRANSCRIPTS)
    assert set(re.findall(r"^\$ equipoise (\w+)", text, re.MULTILINE)) >= {
        "new", "check", "appraise", "explain"
    }  # fmt: skip
