"""`python -m benchmarks.meta --quick` runs, with whatever peers there are."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_quick_run():
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.meta", "--quick"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"equipoise, numpy +REML +[\d.]+", done.stdout)
    # Peers that are there agree with us on a single analysis: Δτ² is the eighth column.
    single = done.stdout.split("(b)")[0]
    for line in re.findall(r"^.*(?:pymetaanalysis|pymare|metafor).*$", single, re.MULTILINE):
        assert float(line.split()[-3]) < 1e-4
