"""Small-study effects and selective publication: the block `bias`."""

from __future__ import annotations

from validation.meta.analysis_blocks import BlockCheck

BLOCKS: dict[str, BlockCheck] = {}
