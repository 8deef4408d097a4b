"""The shape of an IVR tree as rules see it: frozen, without a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NewType

NodeId = NewType("NodeId", str)
QueueId = NewType("QueueId", str)

EMPTY_KEY = "EMPTY_KEY"  # the caller pressed nothing in time
INVALID_KEY = "INVALID_KEY"  # the caller pressed a key that has no branch
DIALLED_KEYS = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "0", "*", "#")
KEY_ORDER = {key: place for place, key in enumerate((*DIALLED_KEYS, EMPTY_KEY, INVALID_KEY))}


class Action(IntEnum):
    """What a key does (Source: docs/compatibility.md, "IVR key actions")."""

    VOICEMAIL = 1
    QUEUE = 2
    FORWARD = 3
    NODE = 4
    SMS = 5
    HANG_UP = 6


@dataclass(frozen=True, slots=True)
class Phone:
    """A telephone number as somebody typed it. Without `digits` it is empty or no telephone number."""

    given: str = ""
    digits: str = ""


@dataclass(frozen=True, slots=True)
class KeyPress:
    """A branch of a node. Only the target of its own action counts; without it the key leads nowhere."""

    key: str
    action: Action
    next_node: NodeId | None = None
    queue: QueueId | None = None
    caller_id: Phone = Phone()
    destination: Phone = Phone()
    sms: str = ""


@dataclass(frozen=True, slots=True)
class Talk:
    """An announcement that is spoken from a text, unless that has failed."""

    text: str
    speakable: bool = True


@dataclass(frozen=True, slots=True)
class Play:
    """An announcement from a greeting file; None when no file was chosen."""

    file_name: str | None
    readable: bool = True


@dataclass(frozen=True, slots=True)
class Node:
    """One announcement and its branches. A key occurs at most once. What follows the keys is how it is played.

    Units: `sched` milliseconds of silence between repetitions, `keypress_timeout` seconds after the last one, `speed`
    from -3 to 3. An empty `voice` leaves the choice to the engine.
    """

    id: NodeId
    name: str
    announcement: Talk | Play
    keys: tuple[KeyPress, ...] = ()
    barge_in: bool = True
    loop_count: int = 1
    sched: int = 0
    voice: str = ""
    speed: int = 0
    keypress_timeout: int = 5


@dataclass(frozen=True, slots=True)
class Number:
    """A dialled number that enters the tree."""

    id: str
    given: str


@dataclass(frozen=True, slots=True)
class Tree:
    """One menu. `root` may name a node that is not in `nodes`: then calls cannot start.

    `entered` are the nodes to which queues send callers whom they do not keep, in order.
    `by_id` is made from `nodes`, once: a running call finds its node without a search.
    """

    id: str
    name: str
    root: NodeId | None = None
    nodes: tuple[Node, ...] = ()
    numbers: tuple[Number, ...] = ()
    entered: tuple[NodeId, ...] = ()
    by_id: Mapping[NodeId, Node] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_id", {node.id: node for node in self.nodes})


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue as far as trees are concerned. `served`: a group or an agent-list URL finds agents for it."""

    id: QueueId
    name: str
    served: bool


def in_key_order(keys: tuple[KeyPress, ...]) -> list[KeyPress]:
    """Keys as on a telephone, 1 to 9, 0, * and #, then no key and any other key."""
    return sorted(keys, key=lambda branch: KEY_ORDER.get(branch.key, len(KEY_ORDER)))
