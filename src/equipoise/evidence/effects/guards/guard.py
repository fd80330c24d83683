"""What a check has to say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SLACK = 1e-9
"""What arithmetic may add to rounding before a check speaks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Something in print that does not fit: what, in a sentence, and the numbers behind it.

    `cite` is the method that found it, where it is more than arithmetic.
    """

    id: str
    sentence: str
    values: Mapping[str, float]
    cite: str | None = None
