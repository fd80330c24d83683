"""Meta-regression, intervals for τ², permutation and influence."""

from __future__ import annotations

from validation.meta.analysis_blocks import BlockCheck

BLOCKS: dict[str, BlockCheck] = {}
