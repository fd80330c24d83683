"""The command line as a function, and as a program of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from equipoise import cli


@dataclass(frozen=True)
class Answer:
    status: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """All of standard output as one JSON object; nothing else may stand there."""
        data = json.loads(self.out)
        assert isinstance(data, dict)
        return data


Equipoise = Callable[..., Answer]


@pytest.fixture
def equipoise(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Equipoise:
    """Run a command in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*args: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["equipoise", *map(str, args)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        printed = capsys.readouterr()
        code = left.value.code
        return Answer(code if isinstance(code, int) else 0, printed.out, printed.err)

    return run


def start(*args: str | bytes, cwd: Path, **env: str) -> subprocess.Popen[bytes]:
    """Start the program as a program."""
    return subprocess.Popen(
        [sys.executable, "-m", "equipoise", *args],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "COLUMNS": "100", **env},
    )


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., Answer]:
    """Run the program as a program, in an empty folder."""

    def run(*args: str | bytes, cwd: Path = tmp_path, **env: str) -> Answer:
        process = start(*args, cwd=cwd, **env)
        out, err = process.communicate(timeout=120)
        return Answer(process.returncode, out.decode(), err.decode())

    return run
