"""What can go wrong, as a tree.

    EquipoiseError            a user's mistake or an input that cannot be used; never a bug of ours
    ├── CaseError             a case file says something that cannot be; carries file, line, column
    ├── CaseErrors            several of those, told together
    ├── CaseNotFoundError     no such case folder and no shipped case of that name
    ├── EvidenceError         numbers that no estimate can be made from, or that must not be pooled
    ├── PharmacologyError     observations or doses that no model can use
    ├── FindingsError         findings that refer to something that is not there
    └── PublishError          the dossier could not be written

Anything else that escapes is a bug and may show a traceback. The command line turns each of these
into one paragraph and exit status 2.
"""

from __future__ import annotations


class EquipoiseError(Exception):
    """The root: caught at the door, shown without a traceback."""


class CaseError(EquipoiseError):
    """A case file that cannot be read as it stands.

    `message` says what was found, `expected` what would be right, `advice` what to do.
    Lines and columns count from one, as editors do.
    """

    def __init__(
        self,
        message: str,
        *,
        file: str,
        line: int | None = None,
        column: int | None = None,
        expected: str | None = None,
        advice: str | None = None,
    ) -> None:
        self.message = message
        self.file = file
        self.line = line
        self.column = column
        self.expected = expected
        self.advice = advice
        super().__init__(message)

    def __str__(self) -> str:
        place = self.file
        if self.line is not None:
            place += f":{self.line}"
            if self.column is not None:
                place += f":{self.column}"
        parts = [_sentence(f"{place}: {self.message}")]
        if self.expected:
            parts.append(_sentence(f"Expected {self.expected}"))
        if self.advice:
            parts.append(self.advice)
        return " ".join(parts)

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild_case_error, (self.message, self.__dict__.copy()))


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def _rebuild_case_error(message: str, state: dict[str, object]) -> CaseError:
    error = CaseError(message, file="")
    error.__dict__.update(state)
    return error


class CaseErrors(EquipoiseError):  # noqa: N818 - several errors, not one
    """Several `CaseError`s of one case, so that a person can mend them in one go."""

    def __init__(self, errors: tuple[CaseError, ...]) -> None:
        self.errors = errors
        super().__init__("\n".join(str(e) for e in errors))


class CaseNotFoundError(EquipoiseError):
    """No folder of that name, and no shipped case either."""


class EvidenceError(EquipoiseError):
    """Numbers that no estimate can be made from, or that must not be put together."""


class PharmacologyError(EquipoiseError):
    """Observations, doses or units that no model can use."""


class FindingsError(EquipoiseError):
    """Findings that refer to something that is not there, or a file that is not findings."""


class PublishError(EquipoiseError):
    """The dossier could not be written where it was asked for."""
