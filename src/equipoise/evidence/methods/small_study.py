"""Small-study effects and selective publication."""

from __future__ import annotations

from equipoise.stats.method import Method

SMALL_STUDY: tuple[Method, ...] = ()
