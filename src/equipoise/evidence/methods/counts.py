"""Rare events: Mantel-Haenszel, Peto, generalised linear mixed models."""

from __future__ import annotations

from equipoise.stats.method import Method

COUNTS: tuple[Method, ...] = ()
