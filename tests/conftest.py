"""What all tests share: how hypothesis runs, and copies of the toy case to break."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from equipoise.case import Case, find_case, read_case
from equipoise.errors import CaseError, CaseErrors

# A busy machine is not a failure; in CI the same examples come every time.
_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile("default", deadline=None, suppress_health_check=_SLOW)
settings.register_profile("ci", settings.get_profile("default"), derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "default")


@dataclass(frozen=True)
class CaseFolder:
    """A case that a test may break."""

    root: Path

    def text(self, file: str) -> str:
        return (self.root / file).read_text(encoding="utf-8")

    def write(self, file: str, text: str) -> None:
        path = self.root / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def replace(self, file: str, old: str, new: str) -> None:
        """Change the first occurrence; it has to be there."""
        text = self.text(file)
        assert old in text, f"{file} does not hold {old!r}"
        self.write(file, text.replace(old, new, 1))

    def place(self, file: str, text: str) -> tuple[int, int]:
        """Line and column, from one, at which a text first stands."""
        before = self.text(file).partition(text)[0]
        assert before != self.text(file), f"{file} does not hold {text!r}"
        return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1

    def read(self) -> Case:
        return read_case(self.root)

    def errors(self) -> tuple[CaseError, ...]:
        with pytest.raises(CaseErrors) as caught:
            self.read()
        return caught.value.errors


@pytest.fixture
def toy(tmp_path: Path) -> CaseFolder:
    """A copy of the toy case."""
    return CaseFolder(shutil.copytree(find_case("toy"), tmp_path / "toy"))
