"""The house: rooms know only the rooms below them, and start-up stays light."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_layers_hold() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_the_road_opens_no_connection_starts_no_process_and_loads_no_slow_module() -> None:
    program = (
        "import sys\n"
        "seen = []\n"
        "watched = ('socket.', 'subprocess.', 'os.system', 'os.exec', 'os.posix_spawn')\n"
        "sys.addaudithook(lambda e, a: seen.append(e) if e.startswith(watched) else None)\n"
        "from equipoise.case import read_case\n"
        "from equipoise.findings import appraise\n"
        "appraise(read_case('ldn'))\n"
        "print(seen, [m for m in ('scipy.stats', 'pandas', 'asyncio') if m in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[] []"
