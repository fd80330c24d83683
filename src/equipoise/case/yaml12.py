"""From the text of a case file to a plain tree that knows where everything stands.

    read_yaml_file(path) → Document(data, mark(path), key_mark(path), text_sha256)

Case files are written by hand and may come from strangers. So this is a small, strict part of
YAML 1.2: mappings with text keys, sequences, and scalars of the core schema. Whatever could make
one file mean two things (anchors, tags, merge keys, duplicate keys, several documents, tabs) is
refused with the place and the remedy, as a `CaseError`; nothing else is ever raised.

The events come from libyaml where it is installed, because it is twenty times faster, and from
ruamel.yaml's own parser elsewhere. libyaml speaks YAML 1.1: where the two would differ, both are
held to the same refusal here, so that a file cannot read differently on two machines.
"""

from __future__ import annotations

import hashlib
import math
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from equipoise.errors import CaseError

try:
    from _ruamel_yaml import CParser
except ImportError:  # PyPy and wheels without the C part
    CParser = None

MAX_FILE_BYTES = 4 * 1024 * 1024
MAX_SCALAR_CHARS = 256 * 1024
MAX_DEPTH = 32
MAX_NODES = 200_000
MAX_INT_DIGITS = 30
MAX_FLOAT_CHARS = 64

PathStep = str | int
NodePath = tuple[PathStep, ...]


class Mark(NamedTuple):
    """A place in a file; lines and columns count from one, as editors do."""

    line: int
    column: int


class WrittenInt(int):
    """A whole number that remembers how it was written; equal to the plain number."""

    text: str

    def __new__(cls, text: str) -> WrittenInt:
        """Take the number as written."""
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __reduce__(self) -> tuple[type[WrittenInt], tuple[str]]:
        return (type(self), (self.text,))


class WrittenFloat(float):
    """A number that remembers how it was written, so that a printed -1.30 stays -1.30."""

    text: str

    def __new__(cls, text: str) -> WrittenFloat:
        """Take the number as written."""
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __reduce__(self) -> tuple[type[WrittenFloat], tuple[str]]:
        return (type(self), (self.text,))


class _MappingPlaces:
    """Where a mapping, its keys and its values stand."""

    __slots__ = ("keys", "mark", "values")

    def __init__(self, mark: tuple[int, int]) -> None:
        self.mark = mark
        self.keys: dict[str, tuple[int, int]] = {}
        self.values: dict[str, _Places] = {}


class _SequencePlaces:
    """Where a sequence and its items stand."""

    __slots__ = ("mark", "values")

    def __init__(self, mark: tuple[int, int]) -> None:
        self.mark = mark
        self.values: list[_Places] = []


# A scalar's place is a bare (line, column): most nodes are scalars, and reading should be quick.
_Places = tuple[int, int] | _MappingPlaces | _SequencePlaces


@dataclass(frozen=True, slots=True)
class Document:
    """One file as data, with the place of every key and value.

    `data` holds dict, list, str, None, bool, `WrittenInt` and `WrittenFloat` only.
    `text_sha256` is the checksum of the bytes, the one that `sha256sum` prints.
    """

    data: dict[str, Any]
    file: str
    text_sha256: str
    _places: _MappingPlaces = field(repr=False, compare=False)

    def mark(self, path: NodePath = ()) -> Mark:
        """Say where the value at `path` stands; for a missing one, its nearest ancestor."""
        here: _Places = self._places
        for step in path:
            below = _step(here, step)
            if below is None:
                break
            here = below
        return _mark_of(here)

    def key_mark(self, path: NodePath = ()) -> Mark:
        """Say where the key at the end of `path` stands; for an item of a sequence, the item."""
        here: _Places = self._places
        found = _mark_of(here)
        for step in path:
            below = _step(here, step)
            if below is None:
                break
            if isinstance(here, _MappingPlaces) and isinstance(step, str):
                found = Mark(*here.keys[step])
            else:
                found = _mark_of(below)
            here = below
        return found


def _step(places: _Places, step: PathStep) -> _Places | None:
    if isinstance(places, _MappingPlaces):
        return places.values.get(step) if isinstance(step, str) else None
    if isinstance(places, _SequencePlaces) and isinstance(step, int):
        return places.values[step] if 0 <= step < len(places.values) else None
    return None


def _mark_of(places: _Places) -> Mark:
    return Mark(*(places if isinstance(places, tuple) else places.mark))


# ── Reading ────────────────────────────────────────────────────────────────────────────────────


def read_yaml_file(path: Path, *, file: str | None = None) -> Document:
    """Read one file; `file` is the name to show in messages."""
    shown = str(path) if file is None else file
    return read_yaml(read_file_bytes(path, file=shown), file=shown)


def read_file_bytes(path: Path, *, file: str) -> bytes:
    """Read the bytes of an ordinary file of bearable size."""
    try:
        # Opening a pipe would wait for ever, so look before opening.
        if not stat.S_ISREG(path.stat().st_mode):
            raise CaseError(
                "This is not an ordinary file.", file=file, expected="a text file in YAML"
            )
        with path.open("rb") as stream:
            content = stream.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise CaseError(
            f"This file could not be read: {reason}.",
            file=file,
            advice="Check the name and the permissions.",
        ) from error
    _require_size(len(content), file)
    return content


def read_yaml(text_or_bytes: str | bytes, *, file: str) -> Document:
    """Read one document; every refusal is a `CaseError` with line and column."""
    if isinstance(text_or_bytes, bytes):
        content = text_or_bytes
        _require_size(len(content), file)
        text = decode(content, file=file)
    else:
        text = text_or_bytes
        _require_size(len(text), file)  # before encoding: at least one byte a character
        content = text.encode("utf-8", "surrogatepass")
        _require_size(len(content), file)
        text = text.removeprefix("\ufeff")
    _require_plain_characters(text, file)
    data, places = _Composer(text, file).compose()
    return Document(data, file, hashlib.sha256(content).hexdigest(), places)


def _require_size(size: int, file: str) -> None:
    if size > MAX_FILE_BYTES:
        raise CaseError(
            f"This file is larger than {MAX_FILE_BYTES // 1024**2} MiB.",
            file=file,
            expected="a hand-written file of some kilobytes",
            advice="Split it: one file for each study, claim group or data set.",
        )


# The longer signatures come first: UTF-32 begins with the one of UTF-16.
_SIGNATURES = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
# Without a signature, plain Latin text gives itself away by its zero bytes.
_ZEROS: dict[tuple[int, ...], str] = {
    (0, 1, 1, 1): "UTF-32",
    (1, 1, 1, 0): "UTF-32",
    (0, 1, 0, 1): "UTF-16",
    (1, 0, 1, 0): "UTF-16",
}


def decode(content: bytes, *, file: str) -> str:
    """Turn UTF-8 into text, without the signature."""
    encoding = next((name for sign, name in _SIGNATURES if content.startswith(sign)), None)
    if encoding is None:
        encoding = _ZEROS.get(tuple(int(byte == 0) for byte in content[:4]))
    if encoding is not None:
        raise CaseError(
            f"This file is written in {encoding}.",
            file=file,
            line=1,
            column=1,
            expected="UTF-8",
            advice="Save it again as UTF-8.",
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # `error.object` is the part that the decoder saw: without the signature.
        body = bytes(error.object)
        before = body[: error.start].decode("utf-8", "replace")
        line, column = _position(before, len(before))
        raise CaseError(
            f"The byte 0x{body[error.start]:02X} is not UTF-8.",
            file=file,
            line=line,
            column=column,
            expected="UTF-8 throughout",
            advice="The file was probably saved as Windows-1252 or Latin-1; save it as UTF-8.",
        ) from error


# NEL, LS and PS end a line in YAML 1.1 and not in 1.2; a lone carriage return ends one in YAML and
# is invisible in most editors. Text that looks like one line must be one line.
_UNWELCOME = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]|\r(?!\n)"
)
# What an escape in double quotes may still smuggle in.
_UNWELCOME_ESCAPED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]"
)
_CHARACTER_NAMES = {
    "\x00": "a NUL character",
    "\r": "a carriage return without a line feed",
    "\x85": "a next-line character (U+0085)",
    "\u2028": "a line separator (U+2028)",
    "\u2029": "a paragraph separator (U+2029)",
    "\ufeff": "a byte order mark inside the text (U+FEFF)",
}


def _name_of(character: str) -> str:
    return _CHARACTER_NAMES.get(character, f"a control character (U+{ord(character):04X})")


def _require_plain_characters(text: str, file: str) -> None:
    found = _UNWELCOME.search(text)
    if found is not None:
        line, column = _position(text, found.start())
        raise CaseError(
            f"There is {_name_of(found.group()[0])} here.",
            file=file,
            line=line,
            column=column,
            expected="printable text, spaces and line ends",
            advice="Delete it; it often comes with text copied from a PDF or a web page.",
        )


def _position(text: str, index: int) -> tuple[int, int]:
    line_start = text.rfind("\n", 0, index) + 1
    return text.count("\n", 0, index) + 1, index - line_start + 1


# ── Events ─────────────────────────────────────────────────────────────────────────────────────


def _libyaml_events(text: str) -> Iterable[Any]:
    return iter(CParser(text.encode("utf-8")).get_event, None)


def _python_events(text: str) -> Iterable[Any]:
    return YAML(typ="safe", pure=True).parse(text)  # type: ignore[no-any-return]


_parse: Callable[[str], Iterable[Any]] = _python_events if CParser is None else _libyaml_events


def events(text: str, *, file: str) -> Iterator[Any]:
    """Yield the parser's events; whatever the parser throws becomes a `CaseError`."""
    text = _without_directive(text, file)
    try:
        yield from _parse(text)
    except YAMLError as error:
        raise _syntax_error(error, text, file) from error
    except Exception as error:
        # Odd input has made parsers trip over themselves; the reader is owed a place, not a trace.
        raise CaseError(
            "This file could not be read as YAML.",
            file=file,
            line=1,
            column=1,
            advice=f"The parser gave up with {type(error).__name__}; look for damaged text.",
        ) from error


_DIRECTIVE_12 = re.compile(r"%YAML +1\.2 *(?: #.*)?\r?")


def _without_directive(text: str, file: str) -> str:
    """Turn `%YAML 1.2` into a comment of the same length.

    Only older libyamls need this, but a directive that both parsers never see is one that both
    read alike.
    """
    if "%" not in text:
        return text
    seen: int | None = None
    start = 0
    line = 0
    while start < len(text):
        line += 1
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        content = text[start:end]
        if content.startswith("%"):
            if seen is not None or _DIRECTIVE_12.fullmatch(content) is None:
                raise CaseError(
                    f"There is a directive here: {shown(content)}.",
                    file=file,
                    line=line,
                    column=1,
                    expected="no directive, or one %YAML 1.2",
                    advice="Delete the line.",
                )
            seen = start
        elif content.strip() and not content.lstrip(" ").startswith("#"):
            break
        start = end + 1
    if seen is None:
        return text
    if not text.startswith("---", start):
        raise CaseError(
            "The directive is not followed by ---.",
            file=file,
            line=max(line, 1),
            column=1,
            expected="--- on the line after %YAML 1.2",
            advice="Add it, or delete the directive.",
        )
    return f"{text[:seen]}#{text[seen + 1 :]}"


def shown(value: str) -> str:
    """Show a piece of the file as it may stand in a message: short, with controls escaped."""
    return repr(value if len(value) <= 40 else value[:39] + "…")


_TAB = (
    "There is a tab here.",
    "spaces",
    "Indent with two spaces a level; tabs are for quoted text only.",
)
_QUOTE_IT = "Put the text between double quotes."
# What the two parsers say, and what a person can do about it.
_REMEDIES = (
    (
        ("mapping values are not allowed", "mapping keys are not allowed"),
        "A key, colon or question mark stands where none can be.",
        "one key: value on a line, indented like its neighbours",
        "If this is text with a colon or a question mark in it, put it between double quotes; "
        "otherwise mend the indentation.",
    ),
    (
        ("end of stream", "document separator", "unexpected document"),
        "A quote or bracket opened here is not closed.",
        "the closing quote or bracket",
        "Add it.",
    ),
    (
        ("could not find expected ':'",),
        "A line stands here that is neither key: value nor a - item.",
        "a colon and a space after a key",
        "Add the colon, or indent the line if it continues the text above.",
    ),
    (
        ("escape", "hexadecimal", "invalid Unicode", "hexdecimal"),
        "There is a backslash that starts no known escape.",
        r"\\ for a backslash in double quotes",
        "Double the backslash, or use single quotes.",
    ),
    (
        ("alphabetic or numeric",),
        "A & or * here starts an anchor or an alias.",
        "plain text",
        _QUOTE_IT,
    ),
    (
        ("tag",),
        "A ! here starts a tag, and case files have none.",
        "plain text",
        _QUOTE_IT,
    ),
)


def _syntax_error(error: YAMLError, text: str, file: str) -> CaseError:
    problem = str(getattr(error, "problem", None) or "")
    context = str(getattr(error, "context", None) or "")
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    opened = getattr(error, "context_mark", None)
    if opened is not None and ("end of stream" in problem or "separator" in problem):
        mark = opened
    line, column = (1, 1) if mark is None else (int(mark.line) + 1, int(mark.column) + 1)
    lines = text.split("\n")
    content = lines[line - 1] if line <= len(lines) else ""
    here = content[column - 1 : column]

    def refuse(message: str, expected: str | None, advice: str) -> CaseError:
        return CaseError(
            message, file=file, line=line, column=column, expected=expected, advice=advice
        )

    tab = _tab_near(content, column)
    if tab is not None:
        column = tab
        return refuse(*_TAB)
    if "unexpected ':'" in problem or ("flow" in context and here in {"?", ":"}):
        return refuse(*_FLOW_PUNCTUATION)
    if "more indented follow up line" in f"{error}":
        return refuse(*_BLOCK_START)
    for clues, message, expected, advice in _REMEDIES:
        if any(clue in problem for clue in clues):
            return refuse(message, expected, advice)
    if "cannot start any token" in problem and here:
        return refuse(f"Text cannot start with {here!r} here.", "a letter or a quote", _QUOTE_IT)
    detail = problem.strip().rstrip(".") or "the text is not YAML"
    return refuse(
        f"This is not YAML: {detail}.",
        "key: value lines and - items, indented by two spaces",
        "Check the indentation, the quotes and the brackets here and on the line above.",
    )


def _tab_near(content: str, column: int) -> int | None:
    """Find the tab that explains an error at `column`: under it, or in the indentation."""
    if content[column - 1 : column] == "\t":
        return column
    indent = len(content) - len(content.lstrip(" \t"))
    tab = content.find("\t", 0, indent)
    return None if tab < 0 else tab + 1


_FLOW_PUNCTUATION = (
    "Plain text between brackets has a colon or a question mark in it.",
    "quoted text, or a space after the colon of a key",
    _QUOTE_IT,
)


# ── What stands between the scalars ────────────────────────────────────────────────────────────

Span = tuple[int, int]

# Cheap sign that the space between scalars needs a look at all.
_NEEDS_A_LOOK = re.compile(r"[\t?]|\S#|['\"]:[]},]")
_BETWEEN = re.compile(r"(?P<comment>(?<!\S)#[^\n]*)|(?P<stray>[\t?#]|(?<=:)[]},])")


def between(text: str, spans: list[Span]) -> Iterator[re.Match[str]]:
    """Find comments, and characters that must not stand outside scalars, in order."""
    start = 0
    for opening, closing in spans:
        yield from _BETWEEN.finditer(text, start, opening)
        start = closing
    yield from _BETWEEN.finditer(text, start)


_STRAY = {
    "\t": _TAB,
    "?": (
        "There is a complex key (? ) here.",
        "a plain text key and a colon",
        "Write key: value; if this is text, put it between double quotes.",
    ),
    "#": (
        "A # follows the text without a space.",
        "a space before a comment",
        "Add the space, or put the # inside the quotes.",
    ),
}
_NO_VALUE = (
    "A key in brackets has no value.",
    "a value, or a space after the colon",
    "Write null if there is none.",
)

# The parsers differ in what they let pass at the head of a block of text.
_BLOCK_HEADER = re.compile(r"[|>](?:[-+]?[1-9]?|[1-9][-+]) *(?:(?<= )#[^\n]*)?\r?(?:\n|\Z)")
_BLANK_WITH_SPACES = re.compile(r"(?:\r?\n)*+ +\r?(?:\n|\Z)")
_LEADING_TAB = re.compile(r"^ *\t", re.MULTILINE)
_BLOCK_START = (
    "The block of text here starts with a blank line that has spaces in it.",
    "text, or an empty line",
    "Delete the spaces.",
)


# ── Scalars ────────────────────────────────────────────────────────────────────────────────────

_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_WORDS: dict[str, bool | None] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMBER_STARTS = frozenset("+-.0123456789")

Scalar = str | bool | WrittenInt | WrittenFloat | None


class _NotANumber(Exception):  # noqa: N818 - never leaves this module
    """A plain scalar that is spelled as a number and cannot be one."""


def _resolve_plain(value: str) -> Scalar:
    """YAML 1.2's core schema, less octal and hexadecimal, which here can only be slips."""
    if value in _WORDS:
        return _WORDS[value]
    if value[0] not in _NUMBER_STARTS:
        return value
    if _INT.fullmatch(value):
        digits = value.lstrip("+-")
        if digits[0] == "0" and len(digits) > 1:
            return value  # 007 is a name: as a number it would lose its zeros
        if len(digits) > MAX_INT_DIGITS:
            raise _NotANumber(f"A whole number of {len(digits)} digits")
        return WrittenInt(value)
    if _FLOAT.fullmatch(value):
        if len(value) > MAX_FLOAT_CHARS:
            raise _NotANumber(f"A number of {len(value)} characters")
        number = WrittenFloat(value)
        if math.isinf(number):
            raise _NotANumber(f"The number {value} is beyond what can be computed with and")
        if not number and re.search("[1-9]", re.split("[eE]", value)[0]):
            raise _NotANumber(f"The number {value} is too close to zero to compute with and")
        return number
    if _NOT_FINITE.fullmatch(value):
        raise _NotANumber(f"{value} is not a finite number and")
    return value


def is_plain_text(value: str) -> bool:
    """Say whether a plain scalar spelled so would be read as text."""
    try:
        return _resolve_plain(value) is value
    except _NotANumber:
        return False


# ── Composing ──────────────────────────────────────────────────────────────────────────────────


class _Frame:
    """A collection that is still open. `mapping` and `sequence`: exactly one is used."""

    __slots__ = ("data", "flow", "key", "places")

    def __init__(self, data: Any, places: _MappingPlaces | _SequencePlaces, flow: bool) -> None:
        self.data = data
        self.places = places
        self.flow = flow
        self.key: str | None = None


class _Composer:
    """Builds the tree from events with a stack of its own, so that depth cannot exhaust Python."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.stack: list[_Frame] = []
        self.spans: list[Span] | None = [] if _NEEDS_A_LOOK.search(text) else None
        self.nodes = 0

    def compose(self) -> tuple[dict[str, Any], _MappingPlaces]:
        root: _Frame | None = None
        documents = 0
        stack = self.stack
        for event in events(self.text, file=self.file):
            kind = type(event)
            if kind is ScalarEvent:
                self._scalar(event)
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                frame = self._open(event, is_mapping=kind is MappingStartEvent)
                root = root or frame
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                stack.pop()
            elif kind is AliasEvent:
                self._refuse_reference(event, f"an alias (*{event.anchor})")
            elif kind is DocumentStartEvent:
                documents += 1
                if documents == 1:
                    continue
                self._refuse(
                    event,
                    "A second document starts here.",
                    "one document in a file",
                    "Move it to a file of its own, or delete the ---.",
                )
        if root is None:
            raise CaseError(
                "There is nothing in this file.",
                file=self.file,
                line=1,
                column=1,
                expected="a mapping (key: value lines)",
                advice="Fill it in, or delete the file.",
            )
        self._check_between()
        return root.data, root.places  # type: ignore[return-value]  # _open refuses other roots

    def _refuse(self, event: Any, message: str, expected: str, advice: str) -> NoReturn:
        mark = event.start_mark
        raise CaseError(
            message,
            file=self.file,
            line=mark.line + 1,
            column=mark.column + 1,
            expected=expected,
            advice=advice,
        )

    def _refuse_reference(self, event: Any, what: str) -> NoReturn:
        self._refuse(
            event,
            f"There is {what} here.",
            "the value itself",
            "Write the value out; if this is text that starts with & or *, put it between quotes.",
        )

    def _check_node(self, event: Any) -> None:
        if event.anchor is not None:
            self._refuse_reference(event, f"an anchor (&{event.anchor})")
        if event.tag is not None:
            self._refuse(
                event,
                f"There is a tag ({shown(str(event.tag))}) here.",
                "a value without a tag",
                "Delete the tag; if this is text that starts with !, put it between quotes.",
            )
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self._refuse(
                event,
                f"This file has more than {MAX_NODES:,} values.",
                "a hand-written file",
                "Split it: one file for each study, claim group or data set.",
            )

    def _open(self, event: Any, *, is_mapping: bool) -> _Frame:
        self._check_node(event)
        stack = self.stack
        if not stack and not is_mapping:
            self._refuse_root(event, "a list")
        if len(stack) >= MAX_DEPTH:
            self._refuse(
                event,
                f"This is nested deeper than {MAX_DEPTH} levels.",
                "a shallow file",
                "Bring the inner parts up.",
            )
        mark = event.start_mark
        place = (mark.line + 1, mark.column + 1)
        flow = bool(event.flow_style)
        frame = (
            _Frame({}, _MappingPlaces(place), flow)
            if is_mapping
            else _Frame([], _SequencePlaces(place), flow)
        )
        if stack:
            parent = stack[-1]
            if type(parent.places) is _MappingPlaces and parent.key is None:
                self._refuse_key(event, "a mapping" if is_mapping else "a list")
            self._attach(parent, frame.data, frame.places)
        stack.append(frame)
        return frame

    def _scalar(self, event: Any) -> None:
        if event.anchor is not None or event.tag is not None:
            self._check_node(event)
        value: str = event.value
        start = event.start_mark
        self.nodes += 1
        if self.nodes > MAX_NODES or len(value) > MAX_SCALAR_CHARS:
            self._check_node(event)
            self._refuse(
                event,
                f"This text is longer than {MAX_SCALAR_CHARS // 1024} KiB.",
                "a passage, not a book",
                "Shorten it.",
            )
        if self.spans is not None:
            self.spans.append((start.index, event.end_mark.index))
        if not self.stack:
            if value == "" and event.implicit[0]:
                return  # an empty document: said at the end
            self._refuse_root(event, f"the single value {shown(value)}")
        frame = self.stack[-1]
        plain = event.implicit[0]
        resolved: Scalar = value
        if plain:
            if self.spans is not None and "\t" in self.text[start.index : event.end_mark.index]:
                self._refuse(event, *_TAB)
            if frame.flow and (":" in value or "?" in value):
                self._refuse(event, *_FLOW_PUNCTUATION)
            try:
                resolved = _resolve_plain(value)
            except _NotANumber as reason:
                self._refuse(
                    event,
                    f"{reason} cannot stand here.",
                    "a finite number of ordinary length",
                    "If it is a name or a quotation, put it between double quotes.",
                )
        elif event.style == '"':
            if _UNWELCOME_ESCAPED.search(value):
                self._refuse_escaped(event, value)
        elif event.style != "'":
            self._check_block(event)
        place = (start.line + 1, start.column + 1)
        places = frame.places
        if type(places) is _MappingPlaces and frame.key is None:
            if resolved.__class__ is not str or (plain and value == "<<"):
                self._refuse_key(event, value if value else "nothing")
            if value in frame.data:
                first = places.keys[value]
                self._refuse(
                    event,
                    f"The key {shown(value)} stands here a second time; "
                    f"the first is on line {first[0]}, column {first[1]}.",
                    "each key once",
                    "Delete or rename one of them.",
                )
            frame.key = value
            places.keys[value] = place
        else:
            self._attach(frame, resolved, place)

    @staticmethod
    def _attach(frame: _Frame, value: Any, places: _Places) -> None:
        if type(frame.places) is _MappingPlaces:
            key = frame.key
            assert key is not None  # noqa: S101 - the callers have just looked
            frame.data[key] = value
            frame.places.values[key] = places
            frame.key = None
        else:
            frame.data.append(value)
            frame.places.values.append(places)  # type: ignore[union-attr]

    def _check_block(self, event: Any) -> None:
        start, end = event.start_mark.index, event.end_mark.index
        header = _BLOCK_HEADER.match(self.text, start)
        if header is None:
            self._refuse(
                event,
                "The block of text here does not start with | or > and a line end.",
                "| or >, perhaps with + or -, alone on the rest of the line",
                "Move the text to the next line; tabs do not count as spaces.",
            )
        if _BLANK_WITH_SPACES.match(self.text, header.end()):
            self._refuse(event, *_BLOCK_START)
        if self.spans is not None and _LEADING_TAB.search(self.text[header.end() : end]):
            self._refuse(event, *_TAB)

    def _refuse_escaped(self, event: Any, value: str) -> NoReturn:
        found = _UNWELCOME_ESCAPED.search(value)
        name = _name_of(found.group()) if found else ""
        self._refuse(
            event,
            f"An escape in this text stands for {name}.",
            "printable text",
            "Delete the escape.",
        )

    def _refuse_root(self, event: Any, what: str) -> NoReturn:
        self._refuse(
            event,
            f"The file holds {what}.",
            "a mapping (key: value lines)",
            "Put a key and a colon before it.",
        )

    def _refuse_key(self, event: Any, found: str) -> NoReturn:
        if found == "<<":
            self._refuse(
                event,
                "There is a merge key (<<) here.",
                "the keys themselves",
                "Write the merged keys and values out.",
            )
        if type(event) is not ScalarEvent:
            self._refuse(
                event,
                f"A key here is {found}.",
                "a plain text key",
                "Write key: value; if this is text, put it between double quotes.",
            )
        self._refuse(
            event,
            f"The key {found if found == 'nothing' else shown(found)} is not text.",
            "a text key",
            f'Put it between quotes: "{found[:40]}": …' if event.value else "Name the key.",
        )

    def _check_between(self) -> None:
        if self.spans is None:
            return
        for found in between(self.text, self.spans):
            if found.lastgroup == "stray":
                line, column = _position(self.text, found.start())
                message, expected, advice = _STRAY.get(found.group(), _NO_VALUE)
                raise CaseError(
                    message,
                    file=self.file,
                    line=line,
                    column=column,
                    expected=expected,
                    advice=advice,
                )
