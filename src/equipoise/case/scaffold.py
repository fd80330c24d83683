"""`new`: a case that appraises from the first minute, to be filled in."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

from equipoise.case.reader import find_case
from equipoise.errors import CaseError

_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$")


def write_new_case(folder: Path) -> Path:
    """Write a small invented case into a new folder, named after it.

    The folder appears whole or not at all. Raises `CaseError` when the name cannot be an id or
    the folder is already there.
    """
    name = folder.name
    if not _NAME.fullmatch(name):
        raise CaseError(
            f"{name!r} cannot be the name of a case",
            file=str(folder),
            expected="letters, digits, dots, dashes and underscores, beginning with a letter",
        )
    if folder.exists() or folder.is_symlink():
        raise CaseError(
            "there is already something of this name",
            file=str(folder),
            advice="Choose another name; nothing was written.",
        )
    if not folder.parent.is_dir():
        raise CaseError(
            f"the folder {folder.parent} does not exist",
            file=str(folder),
            advice="Make it first; nothing was written.",
        )
    try:
        _copy_toy(folder, name)
    except (OSError, shutil.Error) as error:
        reason = getattr(error, "strerror", None) or "some files could not be copied"
        raise CaseError(f"cannot write here: {reason}", file=str(folder.parent)) from error
    return folder


def _copy_toy(folder: Path, name: str) -> None:
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{name}."))
    try:
        draft = temporary / name
        shutil.copytree(find_case("toy"), draft, ignore=shutil.ignore_patterns(".*"))
        header = draft / "case.yaml"
        text = header.read_text(encoding="utf-8")
        header.write_text(text.replace("\nid: toy\n", f"\nid: {name}\n", 1), encoding="utf-8")
        for path in draft.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
        os.rename(draft, folder)  # noqa: PTH104 - one step on one file system
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
