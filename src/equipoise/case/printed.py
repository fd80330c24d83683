"""A number as it was printed, and what it parses to.

The text stays as the source has it (`"−1.30"`, `"<0.001"`, `"7-10"`, `"15,297"`); the parsed value
stands beside it and is never typed twice. In a case file the short form is the text alone::

    estimate: -0.34

and the long form adds what the surroundings do not already say::

    estimate: {printed: "-0.34", unit: points, locator: table two, verified: false}
"""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    model_validator,
)
from pydantic_core import CoreSchema

Bound = Literal["<", "<=", ">", ">=", "~"]

# Digits are 0 to 9: `\d` would take those of every script.
_DIGIT = re.compile("[0-9]")
_NUMBER = r"[+-]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)?(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_POINT = re.compile(rf"^(?P<bound><=|>=|<|>|~)?\s*(?P<value>{_NUMBER})\s*%?$")
_RANGE = re.compile(
    rf"^(?P<bound>~)?\s*(?P<low>{_NUMBER})\s*%?\s*(?:-|to)\s*(?P<high>{_NUMBER})\s*%?$"
)
_LARGEST = 1e15


class Frozen(BaseModel):
    """The base of everything in a case: nothing unknown is accepted, nothing changes later."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, str_strip_whitespace=True, allow_inf_nan=False
    )


def _to_float(text: str) -> float:
    if not _DIGIT.search(text):
        raise ValueError(f"{text!r} is not a number")
    value = float(text.replace(",", ""))
    if not math.isfinite(value) or abs(value) > _LARGEST:
        raise ValueError(f"{text!r} is beyond any number that a study prints")
    return value


def parse_printed(text: str) -> tuple[Bound | None, float | None, float | None, float | None]:
    """Read a printed number as `(bound, value, low, high)`.

    A single number has a value and no range; a range has low and high and no value. Unicode minus
    and dashes are understood; `≤` and `≥` too; `about` and `~` both mean approximately.

    Raises `ValueError` in words when the text is neither.
    """
    plain = text.strip().replace("−", "-").replace("–", "-").replace("≤", "<=").replace("≥", ">=")
    plain = re.sub(r"^(about|approximately|ca\.?|≈)\s*", "~", plain)
    if match := _POINT.match(plain):
        if _DIGIT.search(match["value"]):
            return _bound(match["bound"]), _to_float(match["value"]), None, None
    elif match := _RANGE.match(plain):
        low, high = _to_float(match["low"]), _to_float(match["high"])
        if low > high:
            raise ValueError(f"the range {text!r} runs from the larger to the smaller number")
        return _bound(match["bound"]), None, low, high
    raise ValueError(
        f"{text!r} is not a printed number; write it as the source does, such as "
        '-0.34, "<0.001", "7-10" or "15,297"'
    )


def _bound(text: str | None) -> Bound | None:
    return text if text in {"<", "<=", ">", ">=", "~"} else None  # type: ignore[return-value]


def _from_scalar(value: Any) -> Any:
    """Take the short form: a bare scalar is the printed text."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, str | int | float):
        return {"printed": str(getattr(value, "text", value))}
    return value


def written_text(value: Any) -> Any:
    """Keep the text of a number that stands where text is expected (a PMID, a year in a name)."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(getattr(value, "text", value))
    return value


class _OrNumber:
    """Tells the published schema what `written_text` does: a number may stand where text does."""

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(core), "type": ["string", "number"]}


# The constraint comes before the validator: only so does it reach the published schema.
_Written = (BeforeValidator(written_text), _OrNumber())
SLUG = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
DOI = r"^10\.[0-9]{4,9}/\S+$"
PMID = r"^[0-9]{1,9}$"
URL = r"^https?://\S+$"
ATC = r"^[A-Z][0-9]{2}([A-Z]([A-Z]([0-9]{2})?)?)?$"
Text = Annotated[str, Field(min_length=1, max_length=20_000), *_Written]
# Text that the engine weaves into its own sentences, where a brace would be a reference.
Woven = Annotated[str, Field(pattern=r"^[^{}]+$", max_length=80), *_Written]
Slug = Annotated[str, Field(pattern=SLUG, max_length=80), *_Written]
Doi = Annotated[str, Field(pattern=DOI, max_length=300), *_Written]
Pmid = Annotated[str, Field(pattern=PMID), *_Written]
Url = Annotated[str, Field(pattern=URL, max_length=2_000), *_Written]
Atc = Annotated[str, Field(pattern=ATC), *_Written]


class Reported(Frozen):
    """A result as the source words it: a number, a range, or words such as `blocked`."""

    printed: Text
    value: float | None = None
    low: float | None = None
    high: float | None = None
    bound: Bound | None = None
    unit: Text | None = None
    locator: Text | None = None
    verified: bool | None = None
    note: Text | None = None

    @model_validator(mode="before")
    @classmethod
    def _parsed(cls, value: Any) -> Any:
        value = _from_scalar(value)
        if not isinstance(value, dict) or "printed" not in value:
            return value
        text = written_text(value["printed"])
        if not isinstance(text, str):
            return value
        try:
            bound, point, low, high = parse_printed(text)
        except ValueError:
            if cls._must_be_number():
                raise
            return value | {"printed": text}
        for key, parsed in (("value", point), ("low", low), ("high", high), ("bound", bound)):
            given = value.get(key)
            if given is not None and given != parsed:
                raise ValueError(f"{key} is given as {given}, but {text!r} reads as {parsed}")
        return value | {"printed": text, "value": point, "low": low, "high": high, "bound": bound}

    @classmethod
    def _must_be_number(cls) -> bool:
        return False

    @property
    def is_exact(self) -> bool:
        """Whether the text is one number without `<`, `>` or `about` before it."""
        return self.value is not None and self.bound is None

    @property
    def decimals(self) -> int:
        """Digits printed after the point: what rounding the printed number carries."""
        match = re.search(r"\.([0-9]+)", self.printed)
        return len(match[1]) if match else 0


class Printed(Reported):
    """A reported result that must be a number or a range of numbers."""

    @classmethod
    def _must_be_number(cls) -> bool:
        return True


def _within(low: float, high: float, what: str) -> AfterValidator:
    def check(number: Printed) -> Printed:
        for value in (number.value, number.low, number.high):
            if value is not None and not low <= value <= high:
                raise ValueError(f"{what} cannot be {number.printed}")
        return number

    return AfterValidator(check)


def _count(number: Printed) -> Printed:
    if number.value is None or number.value != int(number.value):
        raise ValueError(f"a number of people is a whole number, not {number.printed}")
    return number


Count = Annotated[Printed, _within(0, 1e10, "a number of people"), AfterValidator(_count)]
Percent = Annotated[Printed, _within(0, 100, "a percentage")]
Probability = Annotated[Printed, _within(0, 1, "a p value")]
NotNegative = Annotated[Printed, _within(0, 1e15, "this quantity")]


class Interval(Frozen):
    """A printed interval; `level` is its coverage."""

    low: Printed
    high: Printed
    level: float = Field(default=0.95, gt=0.5, lt=1)

    @model_validator(mode="after")
    def _ordered(self) -> Interval:
        if self.low.value is not None and self.high.value is not None:
            if self.low.value > self.high.value:
                raise ValueError(
                    f"the interval runs from {self.low.printed} to {self.high.printed}: "
                    "the lower limit is above the upper one"
                )
        return self
