"""`python -m validation.meta` holds on the reference files that are kept here; see data/README.md.

What is compared, at which tolerance, and which disagreements have a reason stands in `validation`.
"""

from pathlib import Path

import pytest

from validation.agreement import Agreement
from validation.meta.blocks import check_file
from validation.meta.reference import read_files

FOLDER = Path(__file__).parent / "data" / "meta"
FILES = sorted(p.stem for p in FOLDER.glob("*.json"))


@pytest.mark.parametrize("name", FILES)
def test_reference_file(name):
    agreement = Agreement()
    for file in read_files(FOLDER / f"{name}.json"):
        check_file(file, agreement)
    assert agreement.failed == 0, "\n".join(agreement.report())
