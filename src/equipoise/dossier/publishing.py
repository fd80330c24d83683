"""Writing a folder so that whoever looks, at whatever moment, finds all of it or the one before.

The new folder is built and synced beside the old one, and the two trade names in a single step of
the kernel. Where a system cannot do that, two renames stand in for it, and the next publication
mends a swap that was cut in half.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import json
import os
import re
import secrets
import shutil
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from equipoise.errors import PublishError

MARKER = ".equipoise-dossier"
_FORMAT = "equipoise.dossier/1"
# Desktops leave these in every folder that they show.
_NOT_A_PERSONS = {".DS_Store", "Thumbs.db", "desktop.ini"}
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_RENAME_SWAP = 2
_CANNOT = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM}


def replace_folder(files: Mapping[str, bytes], out: Path) -> Path:
    """Make `out` hold exactly these files and a marker. Raises `PublishError`."""
    try:
        target = Path(os.path.realpath(out))
        target.parent.mkdir(parents=True, exist_ok=True)
        _mend_interrupted_swap(target)
        _require_ours(target)
        content = {**files, MARKER: _marker(files)}
        if not _holds(target, content):
            _replace(content, target)
        _remove_leftovers(target)
    except OSError as error:
        raise PublishError(
            f"The dossier cannot be written to {out}: {error.strerror or error}."
        ) from error
    return out


def _replace(content: Mapping[str, bytes], target: Path) -> None:
    fresh = target.with_name(f".{target.name}.new-{os.getpid()}-{secrets.token_hex(4)}")
    try:
        _write(content, fresh)
        if os.path.lexists(target):
            _exchange(fresh, target)
            try:
                # Whatever now bears the temporary name is about to be removed: look once more.
                _require_ours(fresh)
            except PublishError:
                _exchange(fresh, target)
                raise
        else:
            fresh.rename(target)
        _sync_folder(target.parent)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


# --- what is there --------------------------------------------------------------------------------


def _marker(files: Mapping[str, bytes]) -> bytes:
    """List what belongs to the dossier, so that nothing else is ever removed with it."""
    sums = {name: hashlib.sha256(body).hexdigest() for name, body in sorted(files.items())}
    digest = hashlib.sha256(json.dumps(sums, sort_keys=True).encode()).hexdigest()
    text = json.dumps({"format": _FORMAT, "digest": digest, "files": sums}, indent=1)
    return text.encode() + b"\n"


def _require_ours(target: Path) -> None:
    """Refuse to replace anything that is not an empty folder or a dossier with nothing added."""
    if not os.path.lexists(target):
        return
    if not target.is_dir():
        raise PublishError(f"{target} is a file. Name a folder for the dossier, new or empty.")
    if not any(target.iterdir()):
        return
    try:
        marker = json.loads((target / MARKER).read_bytes())
        known = {*marker["files"], MARKER} if marker["format"] == _FORMAT else None
    except (OSError, ValueError, KeyError, TypeError):
        known = None
    if known is None:
        raise PublishError(
            f"{target} holds something else than a dossier, and it is left alone. "
            "Name a new or empty folder."
        )
    for name in _files_in(target):
        if name not in known and name.rsplit("/", 1)[-1] not in _NOT_A_PERSONS:
            raise PublishError(
                f"{target} holds {name}, which is no part of the dossier and would be lost. "
                "Move it elsewhere, or name another folder."
            )


def _files_in(folder: Path) -> list[str]:
    """Paths of everything that is no folder, with `/` between their parts."""
    found = []
    for here, folders, names in os.walk(folder):
        links = [name for name in folders if (Path(here) / name).is_symlink()]
        found += [(Path(here) / name).relative_to(folder).as_posix() for name in (*names, *links)]
    return sorted(found)


def _holds(target: Path, content: Mapping[str, bytes]) -> bool:
    """Whether the folder already holds just this, byte for byte."""
    if not target.is_dir():
        return False
    present = [n for n in _files_in(target) if n.rsplit("/", 1)[-1] not in _NOT_A_PERSONS]
    return present == sorted(content) and all(
        (target / name).read_bytes() == body for name, body in content.items()
    )


# --- writing --------------------------------------------------------------------------------------


def _write(content: Mapping[str, bytes], fresh: Path) -> None:
    """Write and sync every file, then every folder that names them."""
    fresh.mkdir()
    folders = {fresh}
    for name, body in content.items():
        path = fresh / name
        if fresh not in path.parents or ".." in path.parts:
            raise AssertionError(f"a page would leave the dossier: {name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        folders.add(path.parent)
        with path.open("xb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
    for folder in sorted(folders, reverse=True):
        _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # a folder cannot be opened there, and its entries are synced with files
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _exchange(fresh: Path, target: Path) -> None:
    """Let the two folders trade names."""
    if not _exchange_in_one_step(fresh, target):
        _exchange_in_two_steps(fresh, target)


def _exchange_in_one_step(one: Path, other: Path) -> bool:
    """Ask the kernel; false where the kernel or the file system cannot."""
    a, b = os.fsencode(one), os.fsencode(other)
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "linux":
            failed = libc.renameat2(_AT_FDCWD, a, _AT_FDCWD, b, _RENAME_EXCHANGE)
        elif sys.platform == "darwin":
            failed = libc.renamex_np(a, b, _RENAME_SWAP)
        else:
            return False
    except (AttributeError, OSError, TypeError):
        return False
    if not failed:
        return True
    code = ctypes.get_errno()
    if code in _CANNOT:
        return False
    raise OSError(code, os.strerror(code), str(other))


def _exchange_in_two_steps(fresh: Path, target: Path) -> None:
    """Old one aside, new one in. Cut in half, the old one waits under a name that is looked for."""
    aside = target.with_name(f".{target.name}.old-{os.getpid()}-{secrets.token_hex(4)}")
    target.rename(aside)
    try:
        fresh.rename(target)
    except BaseException:
        aside.rename(target)
        raise
    aside.rename(fresh)


# --- after a run that was killed ------------------------------------------------------------------


def _leftovers(target: Path, kind: str) -> list[Path]:
    """Temporary folders of runs that are no more."""
    pattern = re.compile(rf"\.{re.escape(target.name)}\.(?:{kind})-([0-9]+)-[0-9a-f]{{8}}")
    return sorted(
        path
        for path in target.parent.iterdir()
        if (match := pattern.fullmatch(path.name)) and not _is_alive(int(match[1]))
    )


def _is_alive(pid: int) -> bool:
    if os.name == "nt":  # asking would end the process there
        return True
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _mend_interrupted_swap(target: Path) -> None:
    """Bring back a dossier that was moved aside by a run that was killed before it went on."""
    if os.path.lexists(target):
        return
    for aside in _leftovers(target, "old"):
        aside.rename(target)
        return


def _remove_leftovers(target: Path) -> None:
    # What cannot be removed now is tried again next time; it is in nobody's way.
    with suppress(OSError):
        for path in _leftovers(target, "new|old"):
            shutil.rmtree(path, ignore_errors=True)
