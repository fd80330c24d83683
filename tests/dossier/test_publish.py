"""Whoever looks, at whatever moment, finds a whole dossier or the one before."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from equipoise.dossier import MARKER, publish, publishing, render_site
from equipoise.dossier.publishing import replace_folder
from equipoise.errors import PublishError
from equipoise.findings.model import Findings

OLD = {f"old/{i}.html": b"old" * i for i in range(20)}
NEW = {f"new/{i}.html": b"new" * i for i in range(30)} | {"index.html": b"new"}


def _is_whole(folder: Path) -> str:
    """The dossier's digest, after every file has been held against it."""
    marker = json.loads((folder / MARKER).read_bytes())
    found = {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in folder.rglob("*")
        if p.is_file() and p.name != MARKER
    }
    assert found == marker["files"]
    return str(marker["digest"])


def _around(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.parent.iterdir())


def test_publishes_what_was_rendered(tmp_path: Path, minimal: Findings) -> None:
    out = tmp_path / "deep" / "dossier"
    assert publish(minimal, out) == out
    _is_whole(out)
    assert {n: (out / n).read_bytes() for n in render_site(minimal)} == render_site(minimal)
    assert _around(out) == ["dossier"]


def test_replaces_an_earlier_dossier(tmp_path: Path) -> None:
    out = tmp_path / "dossier"
    replace_folder(OLD, out)
    before = _is_whole(out)
    replace_folder(NEW, out)
    assert _is_whole(out) != before
    assert not (out / "old").exists()
    assert _around(out) == ["dossier"]


def test_leaves_an_identical_dossier_untouched(tmp_path: Path) -> None:
    out = tmp_path / "dossier"
    replace_folder(OLD, out)
    before = out.stat().st_ino
    replace_folder(OLD, out)
    assert out.stat().st_ino == before


def test_mends_a_dossier_that_someone_changed(tmp_path: Path) -> None:
    out = tmp_path / "dossier"
    replace_folder(NEW, out)
    (out / "index.html").write_text("vandalised")
    replace_folder(NEW, out)
    assert (out / "index.html").read_bytes() == b"new"


def test_fills_an_empty_folder(tmp_path: Path) -> None:
    replace_folder(OLD, tmp_path)
    _is_whole(tmp_path)


def test_follows_a_link_and_keeps_it(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    link = tmp_path / "link"
    link.symlink_to(real)
    replace_folder(OLD, link)
    assert link.is_symlink()
    _is_whole(real)


def test_refuses_a_folder_that_is_no_dossier(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("three years of work")
    with pytest.raises(PublishError, match="something else than a dossier"):
        replace_folder(OLD, tmp_path)
    (tmp_path / MARKER).write_text("not a marker")
    with pytest.raises(PublishError, match="something else than a dossier"):
        replace_folder(OLD, tmp_path)
    assert (tmp_path / "thesis.docx").exists()


def test_refuses_to_lose_a_file_that_was_added(tmp_path: Path) -> None:
    out = tmp_path / "dossier"
    replace_folder(OLD, out)
    (out / ".DS_Store").touch()
    replace_folder(NEW, out)
    (out / "new" / "notes.txt").write_text("mine")
    with pytest.raises(PublishError, match=r"new/notes\.txt"):
        replace_folder(OLD, out)
    assert (out / "new" / "notes.txt").read_text() == "mine"


def test_refuses_a_file_and_a_path_through_one(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(PublishError, match="is a file"):
        replace_folder(OLD, file)
    with pytest.raises(PublishError, match="cannot be written"):
        replace_folder(OLD, file / "dossier")
    assert file.read_text() == "x"


def test_refuses_where_it_may_not_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object, **__: object) -> None:  # the superuser may write anywhere else
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "mkdir", forbidden)
    with pytest.raises(PublishError, match="cannot be written"):
        replace_folder(OLD, tmp_path / "dossier")


def test_a_full_disk_leaves_the_old_dossier(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "dossier"
    replace_folder(OLD, out)
    before = _is_whole(out)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(publishing.os, "fsync", full)
    with pytest.raises(PublishError, match="No space left"):
        replace_folder(NEW, out)
    assert _is_whole(out) == before
    assert _around(out) == ["dossier"]


def test_something_that_slipped_in_is_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "dossier"
    replace_folder(OLD, out)
    write = publishing._write

    def and_meanwhile(*args: object) -> None:
        write(*args)  # type: ignore[arg-type]
        (out / "notes.txt").write_text("mine")

    monkeypatch.setattr(publishing, "_write", and_meanwhile)
    with pytest.raises(PublishError, match=r"notes\.txt"):
        replace_folder(NEW, out)
    assert (out / "notes.txt").read_text() == "mine"
    assert (out / "old" / "1.html").exists()


def test_a_page_cannot_leave_the_dossier(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        replace_folder({"../escaped.html": b""}, tmp_path / "dossier")
    assert _around(tmp_path / "dossier") == []


# --- where the kernel cannot exchange two names ---------------------------------------------------


@pytest.fixture
def two_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "_exchange_in_one_step", lambda *_: False)


@pytest.mark.usefixtures("two_steps")
def test_two_renames_do_where_one_step_cannot(tmp_path: Path) -> None:
    out = tmp_path / "dossier"
    replace_folder(OLD, out)
    replace_folder(NEW, out)
    _is_whole(out)
    assert _around(out) == ["dossier"]


def test_a_swap_that_was_cut_in_half_is_mended(tmp_path: Path) -> None:
    out = tmp_path / "dossier"
    replace_folder(OLD, out)
    old = _is_whole(out)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    out.rename(tmp_path / f".dossier.old-{gone.pid}-00000000")
    (tmp_path / f".dossier.new-{gone.pid}-00000000").mkdir()
    (tmp_path / f".dossier.new-{os.getpid()}-00000000").mkdir()
    (tmp_path / ".dossier.new-of-mine").mkdir()
    publishing._mend_interrupted_swap(out)
    assert _is_whole(out) == old
    replace_folder(NEW, out)
    kept = [f".dossier.new-{os.getpid()}-00000000", ".dossier.new-of-mine", "dossier"]
    assert _around(out) == kept


# --- killed at any moment -------------------------------------------------------------------------

_LOOP = """
import sys
from pathlib import Path
from equipoise.dossier import publishing
if sys.argv[2] == "two":
    publishing._exchange_in_one_step = lambda *_: False
one = {f"a/{i}.html": b"one" * 50 for i in range(25)}
two = {f"b/{i}.html": b"two" * 50 for i in range(25)}
while True:
    for files in (one, two):
        publishing.replace_folder(files, Path(sys.argv[1]))
        print(".", flush=True)
"""


@pytest.mark.parametrize(("way", "kills"), [("one", 14), ("two", 8)])
def test_killed_at_any_moment(tmp_path: Path, way: str, kills: int) -> None:
    out = tmp_path / "dossier"
    moments = random.Random(20260131)  # noqa: S311 - moments to kill at, not secrets
    seen = set()
    for _ in range(kills):
        worker = subprocess.Popen(
            [sys.executable, "-c", _LOOP, str(out), way], stdout=subprocess.PIPE
        )
        assert worker.stdout is not None
        for _ in range(2):
            assert worker.stdout.readline() == b".\n"
        time.sleep(moments.uniform(0, 0.05))
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        worker.stdout.close()
        if way == "two":  # the next publication looks for a swap that was cut in half
            publishing._mend_interrupted_swap(out)
        seen.add(_is_whole(out))
    assert 1 <= len(seen) <= 2
    replace_folder(OLD, out)
    _is_whole(out)
    assert _around(out) == ["dossier"]
