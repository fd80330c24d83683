"""Random-effects models without moderators: the block `rma`, and the awkward sets."""

from __future__ import annotations

from validation.agreement import Agreement
from validation.meta.analysis_blocks import BlockCheck
from validation.meta.reference import Json

BLOCKS: dict[str, BlockCheck] = {}


def check_awkward(sets: Json, agreement: Agreement) -> None:
    """Hold the random-effects edge cases of `synthetic` against the engine."""
    agreement.skip("awkward sets", {n: {**s, "yi": None, "vi": None} for n, s in sets.items()})
