"""YAML or JSON text to plain values, with limits, and with the line where each value stands.

Scalars stay text: the reader of a field knows what it is, so that `13:00` is a time, `0909` a number with its zero and
`No` a name, whatever YAML would make of them. Anchors, aliases and tags are refused, because the format needs none of
them and they are how a small file becomes a big one or names a class to build.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from common import strict_json
from pcc_console.portable.problems import BadProjectFile, Problem

MAX_BYTES = 256 * 1024 * 1024  # about 190 MiB of audio; reading takes some four times the size in memory
MAX_DEPTH = 12  # the format itself needs eight
MAX_VALUES = 1_000_000  # some 200 bytes each in memory; 100 000 blocked callers need 400 000
NULLS = frozenset({"", "~", "null", "Null", "NULL"})
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C parser is ten times faster where there is one


@dataclass(frozen=True, slots=True)
class Text:
    """A scalar as it was written; None for nothing."""

    text: str | None
    line: int


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    items: list[Node]
    line: int


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping."""

    entries: dict[str, Node]
    line: int


Node = Text | Items | Table


def parse(content: bytes, *, is_json: bool = False) -> Node:
    """Read a file into nodes.

    Cost: one pass; memory in proportion to the file.
    Raises BadProjectFile when it is not YAML (or JSON), too big, too deep, or uses what the format does not.
    """
    if len(content) > MAX_BYTES:
        raise BadProjectFile.because(f"The file is larger than {MAX_BYTES // 1024**2} MiB.")
    return _parse_json(content) if is_json else _parse_yaml(content)


def _parse_yaml(content: bytes) -> Node:
    try:
        return _Builder(yaml.parse(content.decode("utf-8-sig"), Loader=Loader)).document()
    except UnicodeDecodeError as error:
        raise BadProjectFile.because(f"The file is not UTF-8 text (byte {error.start}).") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise BadProjectFile([Problem("", line, f"This is not YAML: {error.problem or error.context}.")]) from error
    except yaml.YAMLError as error:
        raise BadProjectFile.because(f"This is not YAML: {error}.") from error


class _Builder:
    """Builds nodes from YAML's events: nothing is constructed before it has been counted."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._count = 0

    def document(self) -> Node:
        next(self._events)  # the stream begins
        if isinstance(next(self._events), yaml.StreamEndEvent):
            return Text(None, 1)
        root = self._node(next(self._events), depth=0)
        next(self._events)  # the document ends
        if not isinstance(event := next(self._events), yaml.StreamEndEvent):
            raise _refused(event, "A project file is one YAML document; a second one begins here.")
        return root

    def _node(self, event: Any, depth: int) -> Node:
        self._count += 1
        if self._count > MAX_VALUES:
            raise _refused(event, f"The file has more than {MAX_VALUES} values.")
        if depth > MAX_DEPTH:
            raise _refused(event, f"Values are nested more than {MAX_DEPTH} deep.")
        if isinstance(event, yaml.AliasEvent) or event.anchor:
            raise _refused(event, "Anchors (&) and aliases (*) are not used in project files; put the text in quotes.")
        if event.tag:
            raise _refused(
                event, f"Tags such as {event.tag[:40]} are not used in project files; put the text in quotes."
            )
        line = event.start_mark.line + 1
        if isinstance(event, yaml.ScalarEvent):
            return Text(_plain_or_none(event), line)
        if isinstance(event, yaml.SequenceStartEvent):
            return Items(self._items(depth + 1), line)
        return Table(self._entries(depth + 1), line)

    def _items(self, depth: int) -> list[Node]:
        items = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, depth))
        return items

    def _entries(self, depth: int) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, depth)
            if not isinstance(key, Text):
                raise _refused(event, "A key must be a text.")
            if (name := key.text or "") in entries:
                raise _refused(event, f"The key {name!r} stands here a second time.")
            entries[name] = self._node(next(self._events), depth)
        return entries


def _plain_or_none(event: Any) -> str | None:
    text: str = event.value
    if "\0" in text:
        raise _refused(event, "The text contains a NUL character.")
    if not _encodable(text):
        raise _refused(event, "The text contains half of a surrogate pair.")
    return None if not event.style and text in NULLS else text


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _refused(event: Any, message: str) -> BadProjectFile:
    return BadProjectFile([Problem("", event.start_mark.line + 1, message)])


def _parse_json(content: bytes) -> Node:
    try:
        return _JsonNodes().node(strict_json.parse_object(content), depth=0)
    except strict_json.BadJson as error:
        raise BadProjectFile.because(str(error)) from error


class _JsonNodes:
    """What JSON holds, as nodes; its own kinds of values become the text that YAML would have."""

    def __init__(self) -> None:
        self._count = 0

    def node(self, value: Any, depth: int) -> Node:
        self._count += 1
        if self._count > MAX_VALUES:
            raise BadProjectFile.because(f"The file has more than {MAX_VALUES} values.")
        if depth > MAX_DEPTH:
            raise BadProjectFile.because(f"Values are nested more than {MAX_DEPTH} deep.")
        if isinstance(value, dict):
            return Table({key: self.node(item, depth + 1) for key, item in value.items()}, 0)
        if isinstance(value, list):
            return Items([self.node(item, depth + 1) for item in value], 0)
        if isinstance(value, bool):
            return Text(str(value).lower(), 0)
        return Text(None if value is None else str(value), 0)
