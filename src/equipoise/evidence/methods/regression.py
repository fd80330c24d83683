"""Meta-regression, intervals for τ², influence."""

from __future__ import annotations

from equipoise.stats.method import Method

REGRESSION: tuple[Method, ...] = ()
