"""Effect measures in metafor's codes."""

from __future__ import annotations

from equipoise.stats.method import Method

MEASURES: tuple[Method, ...] = ()
