"""Mantel-Haenszel, Peto and generalised linear mixed models."""

from __future__ import annotations

from validation.meta.analysis_blocks import BlockCheck

BLOCKS: dict[str, BlockCheck] = {}
