"""Findings as a file: one canonical JSON, the same bytes for the same findings."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from equipoise.errors import FindingsError
from equipoise.findings.model import Findings

MAX_BYTES = 256 * 1024 * 1024


def to_json(findings: Findings) -> bytes:
    """Canonical bytes: keys in the model's order, one space of indent, UTF-8, a final newline."""
    data = findings.model_dump(mode="json", by_alias=True)
    return (json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()


def read_findings(path: Path) -> Findings:
    """Read a `findings.json`, or the one in a dossier folder.

    Raises `FindingsError` when it is not there, not findings, or of another version.
    """
    if path.is_dir():
        path = path / "findings.json"
    try:
        if path.stat().st_size > MAX_BYTES:
            raise FindingsError(f"{path} is too large to be findings.")
        data: Any = json.loads(path.read_bytes())
    except OSError as error:
        raise FindingsError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise FindingsError(f"{path} is not JSON.") from error
    if not isinstance(data, dict) or data.get("schema") != "equipoise.findings/1":
        raise FindingsError(
            f"{path} is not findings of this version; expected schema equipoise.findings/1. "
            "Appraise the case again."
        )
    try:
        return Findings.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(p) for p in first["loc"])
        raise FindingsError(
            f"{path} is not valid: {where}: {first['msg']}. Appraise the case again."
        ) from error


def write_json(data: bytes, path: Path) -> None:
    """Replace a file in one step, so that a kill leaves the old one or the new one."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
