"""Change a value in a case file and leave everything else as its author wrote it.

The text is cut exactly where the value stands and the new value is put in, so comments, quotes,
blank lines, key order and line ends stay because they are never touched. Loading the file into
objects and dumping it again was the other road: it folds long lines, joins flow lists and turns
aligned columns straight. Every edit is read back; if the data are not the ones asked for, or a
comment would be lost, the edit is refused and the text stays as it was.
"""

from __future__ import annotations

import copy
import json
import math
import os
import re
import stat
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from ruamel.yaml.events import (
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from equipoise.case.yaml12 import (
    Document,
    NodePath,
    Span,
    WrittenFloat,
    WrittenInt,
    between,
    decode,
    events,
    is_plain_text,
    read_file_bytes,
    read_yaml,
    shown,
)
from equipoise.errors import CaseError

_BOM = b"\xef\xbb\xbf"


# ── Where things stand ─────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class _Node:
    """A value in the text: `text[start:end]`, and `lead`, where its key or dash begins.

    `after` is where the value may begin: just behind the colon, dash, comma or bracket.
    """

    kind: str
    start: int
    end: int
    column: int
    style: str = ""
    flow: bool = False
    lead: int = 0
    after: int = 0
    parent: _Node | None = None
    keys: list[tuple[str, int, int]] = field(default_factory=list)
    children: list[_Node] = field(default_factory=list)

    @property
    def in_flow(self) -> bool:
        return self.parent is not None and self.parent.flow

    def child(self, step: str | int) -> _Node:
        if isinstance(step, int):
            return self.children[step]
        return self.children[[key for key, _, _ in self.keys].index(step)]


def _locate(text: str, file: str) -> tuple[_Node, list[Span]]:
    """Find every value in text that `read_yaml` has accepted, and the spans of its scalars."""
    stack: list[_Node] = []
    spans: list[Span] = []
    root: _Node | None = None
    for event in events(text, file=file):
        kind = type(event)
        if kind is MappingEndEvent or kind is SequenceEndEvent:
            done = stack.pop()
            # libyaml ends a block where the next token starts, far behind trailing comments.
            done.end = event.end_mark.index if done.flow else done.children[-1].end
            continue
        if kind not in (ScalarEvent, MappingStartEvent, SequenceStartEvent):
            continue
        start, end = event.start_mark.index, event.end_mark.index
        node = _Node("scalar", start, end, event.start_mark.column)
        if kind is ScalarEvent:
            node.style = "" if event.implicit[0] else event.style
            spans.append((start, end))
            if node.style in ("|", ">"):
                node.end = start + len(_block_body(text[start:end]))
            parent = stack[-1]
            if parent.kind == "mapping" and len(parent.keys) == len(parent.children):
                parent.keys.append((event.value, start, end))
                continue
        else:
            node.kind = "mapping" if kind is MappingStartEvent else "sequence"
            node.flow = bool(event.flow_style)
        if stack:
            _place(text, node, stack[-1])
        root = root or node
        if kind is not ScalarEvent:
            stack.append(node)
    assert root is not None  # noqa: S101 - read_yaml refuses empty files
    return root, spans


def _block_body(block: str) -> str:
    """Leave off the line end, and the blank lines below unless a + makes them part of the text."""
    if "+" in block.partition("\n")[0].partition("#")[0]:
        return block.removesuffix("\n").removesuffix("\r")
    return block.rstrip(" \r\n")


def _place(text: str, node: _Node, parent: _Node) -> None:
    node.parent = parent
    previous = parent.children[-1] if parent.children else None
    if parent.kind == "mapping":
        _, node.lead, key_end = parent.keys[-1]
        colon = re.compile(r"\s*:").match(text, key_end)
        node.after = colon.end() if colon else key_end
    elif parent.flow:
        node.lead = node.after = node.start
    else:
        node.lead = parent.start
        if previous is not None:
            dash = re.compile(rf"\n {{{parent.column}}}-(?=\s|\Z)").search(text, previous.end)
            node.lead = node.start if dash is None else dash.end() - 1
        node.after = node.lead + 1
    if node.kind == "scalar" and not node.style and node.start == node.end:
        # An empty value has no place of its own, and the parsers differ on it.
        node.start = node.end = node.after
    parent.children.append(node)


_BLOCK_COMMENT = re.compile(r"[|>][-+1-9]* +(#[^\n]*)")


def _comments(text: str, spans: list[Span]) -> list[tuple[int, str]]:
    found = [
        (match.start(), match.group().rstrip())
        for match in between(text, spans)
        if match.lastgroup == "comment"
    ]
    for start, end in spans:
        header = _BLOCK_COMMENT.match(text, start, end)
        if header is not None:
            found.append((header.start(1), header.group(1).rstrip()))
    return found


# ── Writing values ─────────────────────────────────────────────────────────────────────────────

# Words and punctuation that no YAML reader, of any version, takes for something else.
_PLAIN = re.compile(r"[^\W\d_][\w .()/%+-]*(?<! )")
_OLD_BOOLEANS = frozenset({"yes", "no", "on", "off"})
_ESCAPE_TOO = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")


def _plain_value(value: Any) -> Any:
    """Copy a value into the types that a case file can hold."""
    if value is None or isinstance(value, str | bool | WrittenInt | WrittenFloat):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} cannot stand in a case file: not a finite number")
        return float(value)
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("the keys of a case file are text")
        return {str(key): _plain_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain_value(item) for item in value]
    raise TypeError(f"a {type(value).__name__} cannot stand in a case file")


def _same(left: Any, right: Any) -> bool:
    """Compare trees without taking True for 1 or 1 for 1.0."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(left[k], right[k]) for k in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    for kind in (bool, int, float, str):
        if isinstance(left, kind) or isinstance(right, kind):
            if not (isinstance(left, kind) and isinstance(right, kind)):
                return False
            written = getattr(left, "text", None), getattr(right, "text", None)
            return bool(left == right) and (None in written or written[0] == written[1])
    return left is None and right is None


def _inline(value: Any, style: str = "") -> str:
    """Write a value on one line; `style` is the quote that its predecessor wore."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_inline(k)}: {_inline(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_inline(item) for item in value) + "]"
    if isinstance(value, str):
        if style == "'" and value.isprintable():
            return "'" + value.replace("'", "''") + "'"
        if (
            style != '"'
            and _PLAIN.fullmatch(value)
            and is_plain_text(value)
            and value.lower() not in _OLD_BOOLEANS
        ):
            return value
        quoted = json.dumps(value, ensure_ascii=False)
        return _ESCAPE_TOO.sub(lambda found: f"\\u{ord(found.group()):04x}", quoted)
    if isinstance(value, WrittenInt | WrittenFloat):
        return value.text
    if value is None:
        return "null"
    return ("true" if value else "false") if isinstance(value, bool) else repr(value)


def _as_literal(value: Any, indent: int) -> list[str] | None:
    """Write text of several lines as a | block, where that keeps every character."""
    if not isinstance(value, str) or "\n" not in value or value.endswith("\n\n"):
        return None
    lines = value.removesuffix("\n").split("\n")
    if not lines[0] or lines[0][0] == " " or not all(s.isprintable() for s in lines):
        return None
    if any(line != line.rstrip() for line in lines):
        return None
    pad = " " * indent
    return ["|" if value.endswith("\n") else "|-", *(pad + s if s else "" for s in lines)]


def _block(value: Any, indent: int, offset: int) -> list[str]:
    """Write a filled collection in lines; `offset` is how far the file indents its dashes."""
    pad = " " * indent
    lines: list[str] = []
    if isinstance(value, dict):
        for key, item in value.items():
            lines.extend(_entry(f"{pad}{_inline(key)}:", item, indent, offset))
    else:
        for item in value:
            lines.extend(_entry(f"{pad}-", item, indent, offset))
    return lines


def _entry(head: str, value: Any, indent: int, offset: int) -> list[str]:
    """Write one entry behind its `key:` or dash."""
    if isinstance(value, dict | list) and value:
        if head.endswith("-"):
            first, *rest = _block(value, indent + 2, offset)
            return [f"{head} {first.lstrip(' ')}", *rest]
        return [head, *_block(value, indent + (2 if isinstance(value, dict) else offset), offset)]
    literal = _as_literal(value, indent + 2)
    if literal is not None:
        return [f"{head} {literal[0]}", *literal[1:]]
    return [f"{head} {_inline(value)}"]


# ── The file ───────────────────────────────────────────────────────────────────────────────────


class CaseFile:
    """A case file open for changes; nothing reaches the disk before `write`.

    A path names a value: `("arms", 0, "n")`. Every method either does all that it says or raises
    `CaseError` and leaves the text as it was.
    """

    def __init__(self, path: Path, *, file: str | None = None) -> None:
        self.path = path
        self.file = str(path) if file is None else file
        content = read_file_bytes(path, file=self.file)
        self._document = read_yaml(content, file=self.file)
        self._original = content
        self._bom = content.startswith(_BOM)
        self._text = decode(content, file=self.file)
        windows = self._text.count("\r\n") * 2 > self._text.count("\n")
        self._line_end = "\r\n" if windows else "\n"

    @property
    def document(self) -> Document:
        """The file as it now stands, with the place of every value."""
        return self._document

    def text(self) -> str:
        """Return the text as it now stands."""
        return self._text

    def get(self, path: NodePath = ()) -> Any:
        """Return a copy of the value at `path`."""
        return copy.deepcopy(self._value(path))

    def set(self, path: NodePath, value: Any) -> None:
        """Give the value at `path`; a key that is not there yet is added at the end.

        A collection set over one of its own kind is changed entry by entry, so that the comments
        of what stays, stay.
        """
        new = _plain_value(value)
        self._all_or_nothing(lambda: self._set(path, new))

    def append(self, path: NodePath, value: Any) -> None:
        """Add an item at the end of the list at `path`."""
        new = _plain_value(value)
        self._all_or_nothing(lambda: self._append(path, new))

    def delete(self, path: NodePath) -> None:
        """Take out the entry at `path`, its key, and the comments inside it."""
        self._all_or_nothing(lambda: self._delete(path))

    def write(self) -> bool:
        """Put the text on disk in one step; say whether there was anything to write."""
        content = (_BOM if self._bom else b"") + self._text.encode("utf-8")
        if content == self._original:
            return False
        # Replacing a link would cut it; replace what it points to.
        target = self.path.resolve()
        if read_file_bytes(target, file=self.file) != self._original:
            raise CaseError(
                "This file was changed by someone else after it was opened.",
                file=self.file,
                advice="Open it again and repeat the change.",
            )
        try:
            _replace_file(target, content)
        except OSError as error:
            raise CaseError(
                f"This file could not be written: {error.strerror or error}.",
                file=self.file,
                advice="Check the permissions and the space on the disk; nothing was changed.",
            ) from error
        self._original = content
        return True

    # Changes

    def _value(self, path: NodePath) -> Any:
        here: Any = self._document.data
        for depth, step in enumerate(path):
            if _has(here, step):
                here = here[step]
            else:
                self._refuse(
                    path[:depth], f"There is no {shown(str(step))} here.", "Check the spelling."
                )
        return here

    def _set(self, path: NodePath, new: Any) -> None:
        if path:
            parent = self._value(path[:-1])
            key = path[-1]
            if isinstance(parent, dict) and isinstance(key, str) and key not in parent:
                self._add_key(path[:-1], key, new)
                return
        old = self._value(path)
        if _same(old, new):
            return
        if isinstance(old, dict) and isinstance(new, dict) and old and new:
            # Add before deleting, or the last deletion would fold the mapping to {}.
            for name in new:
                self._set((*path, name), new[name])
            for name in old:
                if name not in new:
                    self._delete((*path, name))
        elif isinstance(old, list) and isinstance(new, list) and old and new:
            for index, item in enumerate(new):
                if index < len(old):
                    self._set((*path, index), item)
                else:
                    self._append(path, item)
            for index in range(len(old) - 1, len(new) - 1, -1):
                self._delete((*path, index))
        elif not path:
            self._refuse(path, "The whole file cannot become that.", "Delete its keys one by one.")
        else:
            self._replace(path, new)

    def _replace(self, path: NodePath, new: Any) -> None:
        text, node, offset = self._text, self._node(path), self._dash_offset()
        parent = node.parent
        assert parent is not None  # noqa: S101 - the root is never replaced
        tail = text[node.end : self._line_stop(node.end)]
        header = _BLOCK_COMMENT.match(text, node.start, node.end) if node.style else None
        remark = f"  {header.group(1).rstrip()}" if header else ""
        block = isinstance(new, dict | list) and new and not node.in_flow
        literal = None if node.in_flow or tail.strip() else _as_literal(new, parent.column + 2)
        if block:
            is_item = parent.kind == "sequence"
            indent = parent.column + (2 if is_item or isinstance(new, dict) else offset)
            lines = _block(new, indent, offset)
            if is_item and not (tail.strip() or remark):
                body = " " + self._line_end.join(lines).lstrip(" ")
            else:
                body = remark + tail.rstrip() + self._line_end + self._line_end.join(lines)
            start, end = node.after, node.end + len(tail)
        else:
            if literal:
                literal[0] += remark
                body = self._line_end.join(literal)
            else:
                body = _inline(new, node.style) + remark
            start, end = node.start, node.end
            if node.start == node.end or (node.kind != "scalar" and not node.flow):
                # What is empty, or stands below its key, comes up beside the key.
                bare_key = parent.flow and text[node.after - 1] != ":"
                start, body = node.after, f": {body}" if bare_key else f" {body}"
        expected = copy.deepcopy(self._document.data)
        _at(expected, path[:-1])[path[-1]] = new
        self._commit(text[:start] + body + text[end:], expected, path)

    def _add_key(self, path: NodePath, key: str, new: Any) -> None:
        expected = copy.deepcopy(self._document.data)
        _at(expected, path)[key] = new
        self._extend(path, expected, key, new)

    def _append(self, path: NodePath, new: Any) -> None:
        if not isinstance(self._value(path), list):
            self._refuse(path, "This is not a list.", "Append to a list, or set the value.")
        expected = copy.deepcopy(self._document.data)
        _at(expected, path).append(new)
        self._extend(path, expected, None, new)

    def _extend(self, path: NodePath, expected: Any, key: str | None, new: Any) -> None:
        """Add `key: new`, or `- new`, behind the last entry."""
        text, node, offset = self._text, self._node(path), self._dash_offset()
        if not node.children and path and not node.in_flow:
            self._replace(path, _at(expected, path))  # {} and [] open up into lines
            return
        if node.flow:
            entry = _inline(new) if key is None else f"{_inline(key)}: {_inline(new)}"
            at = node.children[-1].end if node.children else node.start + 1
            comma = re.compile(r"\s*,").match(text, at)
            if comma is not None:
                at = comma.end()
                entry = f" {entry}"
            elif node.children:
                entry = f" , {entry}" if text[at - 1] == ":" else f", {entry}"
        else:
            head = " " * node.column + ("-" if key is None else f"{_inline(key)}:")
            lines = _entry(head, new, node.column, offset)
            at = self._line_stop(node.end)
            entry = self._line_end + self._line_end.join(lines)
        self._commit(text[:at] + entry + text[at:], expected, path)

    def _delete(self, path: NodePath) -> None:
        if not path:
            self._refuse(path, "The whole file cannot be deleted here.", "Delete the file itself.")
        self._value(path)
        text, node = self._text, self._node(path)
        parent = node.parent
        assert parent is not None  # noqa: S101 - only the root has none
        where = next(i for i, child in enumerate(parent.children) if child is node)
        following = parent.children[where + 1] if where + 1 < len(parent.children) else None
        body = ""
        start, end = node.lead, node.end
        if following is None and where == 0:
            body = "{}" if parent.kind == "mapping" else "[]"
            if parent.flow:
                start, end = parent.start, parent.end
            elif parent.parent is not None and not text[parent.after : start].strip():
                start, body = parent.after, f" {body}"
            elif parent.parent is not None and parent.column <= parent.parent.column:
                body = f"  {body}"
        elif parent.flow:
            if following is not None:
                end = following.lead
            else:
                start = parent.children[where - 1].end
                body = " " if text[start - 1] == ":" else ""
        else:
            line_start = text.rfind("\n", 0, start) + 1
            line_stop = self._line_stop(end)
            if not text[line_start:start].strip():
                start, end = line_start, self._line_stop(end, over=True)
                if end == line_stop and start:  # the last line of a file without a final line end
                    start -= 2 if text[:start].endswith("\r\n") else 1
            elif following is not None and not text[end : following.lead].strip():
                end = following.lead
            else:
                start, end = start - 1, line_stop
        expected = copy.deepcopy(self._document.data)
        del _at(expected, path[:-1])[path[-1]]
        self._commit(text[:start] + body + text[end:], expected, path, cut=(start, end))

    # Support

    def _node(self, path: NodePath) -> _Node:
        node, _ = _locate(self._text, self.file)
        for step in path:
            node = node.child(step)
        return node

    def _dash_offset(self) -> int:
        """Find how far this file indents the dashes under a key: two, or not at all."""
        waiting = [_locate(self._text, self.file)[0]]
        while waiting:
            node = waiting.pop()
            for child in node.children:
                if child.kind == "sequence" and node.kind == "mapping" and not child.flow:
                    return child.column - node.column
            waiting.extend(reversed(node.children))
        return 2

    def _line_stop(self, index: int, *, over: bool = False) -> int:
        """Find the end of the line at `index`; `over`: behind its line end."""
        stop = self._text.find("\n", index)
        if stop < 0:
            return len(self._text)
        if over:
            return stop + 1
        return stop - 1 if stop > index and self._text[stop - 1] == "\r" else stop

    def _commit(self, text: str, expected: Any, path: NodePath, *, cut: Span | None = None) -> None:
        """Take the new text if it says what is expected and has every comment."""
        advice = "Change it by hand in an editor."
        content = (_BOM if self._bom else b"") + text.encode("utf-8", "surrogatepass")
        try:
            document = read_yaml(content, file=self.file)
            if not _same(document.data, expected) and not text.endswith("\n"):
                # A file without a final line end cannot end with a block of text that has one.
                text, content = text + self._line_end, content + self._line_end.encode()
                document = read_yaml(content, file=self.file)
        except CaseError as error:
            self._refuse(path, f"The change would not read back ({error.message})", advice)
        if not _same(document.data, expected):
            self._refuse(path, "The change cannot be made in this layout.", advice)
        kept = Counter(
            comment
            for start, comment in _comments(self._text, _locate(self._text, self.file)[1])
            if cut is None or not cut[0] <= start < cut[1]
        )
        if kept != Counter(c for _, c in _comments(text, _locate(text, self.file)[1])):
            self._refuse(path, "The change would lose a comment.", advice)
        self._text, self._document = text, document

    def _all_or_nothing(self, change: Callable[[], None]) -> None:
        before = self._text, self._document
        try:
            change()
        except BaseException:
            self._text, self._document = before
            raise

    def _refuse(self, path: NodePath, message: str, advice: str) -> NoReturn:
        mark = self._document.mark(path)
        raise CaseError(message, file=self.file, line=mark.line, column=mark.column, advice=advice)


def _has(data: Any, step: str | int) -> bool:
    if isinstance(data, dict):
        return isinstance(step, str) and step in data
    return isinstance(data, list) and isinstance(step, int) and 0 <= step < len(data)


def _at(data: Any, path: NodePath) -> Any:
    for step in path:
        data = data[step]
    return data


def _replace_file(target: Path, content: bytes) -> None:
    mode = stat.S_IMODE(target.stat().st_mode)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        part.chmod(mode)
        part.replace(target)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
