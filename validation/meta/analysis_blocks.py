"""What a check of one block of one analysis looks like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from validation.agreement import Agreement
from validation.meta.reference import Analysis

BlockCheck = Callable[[Analysis, Any, Agreement], None]
"""Holds the block (the value under its key) of one analysis against the engine."""
