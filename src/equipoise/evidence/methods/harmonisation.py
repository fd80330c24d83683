"""Different instruments of one domain on one scale."""

from __future__ import annotations

from equipoise.stats.method import Method

HARMONISATION: tuple[Method, ...] = ()
