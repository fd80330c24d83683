"""Dependent estimates: multilevel and multivariate models, robust variance."""

from __future__ import annotations

from equipoise.stats.method import Method

MULTILEVEL: tuple[Method, ...] = ()
