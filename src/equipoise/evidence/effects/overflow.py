"""Numbers beyond what arithmetic can hold, refused in words instead of by a traceback."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from equipoise.errors import EvidenceError

P = ParamSpec("P")
R = TypeVar("R")


def refuse_overflow(function: Callable[P, R]) -> Callable[P, R]:
    """The same function, raising `EvidenceError` where its numbers overflow or vanish on the way.

    Only for arithmetic that is right for every number that a paper can print: what overflows is a
    typing mistake of hundreds of digits.
    """

    @wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except ArithmeticError as error:
            raise EvidenceError("These numbers are too large or too small to work with.") from error

    return guarded
