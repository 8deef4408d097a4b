"""A project file after reading: every value has its kind and its range, every reference leads somewhere."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """One row. `values` are those of its model's fields; `references` name rows of the same file by their handles.

    `path` says where it stands, e.g. `queues[1]`.
    """

    path: str
    handle: str
    values: Mapping[str, Any]
    references: Mapping[str, str]


@dataclass(frozen=True)
class NodeReference:
    """A node by its handle, and the handle of its tree."""

    tree: str
    node: str


@dataclass(frozen=True)
class KeyRow(Row):
    """A branch; its handle is the key itself."""

    next_node: NodeReference | None


@dataclass(frozen=True)
class NodeRow(Row):
    keys: tuple[KeyRow, ...]


@dataclass(frozen=True)
class TreeRow(Row):
    root_node: NodeReference | None
    nodes: tuple[NodeRow, ...]


@dataclass(frozen=True)
class OutcomeRow(Row):
    """A way out of a queue; its handle is the cause."""

    to_node: NodeReference | None


@dataclass(frozen=True)
class QueueRow(Row):
    """With the handles of the groups that serve it, and its ways out."""

    primary_groups: tuple[str, ...]
    backup_groups: tuple[str, ...]
    outcomes: tuple[OutcomeRow, ...]


@dataclass(frozen=True)
class OpenRange:
    """Open on a weekday (0 is Monday) between two local times."""

    weekday: int
    opens: dt.time
    closes: dt.time


@dataclass(frozen=True)
class HoursRow(Row):
    weekly: tuple[OpenRange, ...]
    exceptions: tuple[Row, ...]


@dataclass(frozen=True)
class GroupRow(Row):
    """With the user IDs of its agents."""

    agents: tuple[str, ...]


@dataclass(frozen=True)
class Spoken:
    """A text that is spoken when the file is imported."""

    language: str
    text: str


@dataclass(frozen=True)
class GreetingRow(Row):
    """With exactly one source of its sound: the bytes of a file, spoken texts, or the name of a built-in tune."""

    audio: bytes | None
    speech: tuple[Spoken, ...]
    tune: str


@dataclass(frozen=True)
class ProjectFile:
    """All of it. The lists are in the order of the file."""

    project: Row
    call_settings: Row
    numbers: tuple[Row, ...]
    blocked_numbers: tuple[Row, ...]
    priority_callers: tuple[Row, ...]
    ivr_trees: tuple[TreeRow, ...]
    queues: tuple[QueueRow, ...]
    business_hours: tuple[HoursRow, ...]
    groups: tuple[GroupRow, ...]
    agents: tuple[Row, ...]
    sip_accounts: tuple[Row, ...]
    greeting_files: tuple[GreetingRow, ...]
