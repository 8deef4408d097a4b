"""The interpreter of menus: where a caller is in a tree, what he does, and what happens next.

Nothing that is stored in a tree can stop a call from going on or ending: a branch without its target, a root that is
missing, or a node that was deleted while a caller listened to it end the call with the cause `menu_broken`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from calls.domain import Cause
from ivr.domain.tree import (
    DIALLED_KEYS,
    EMPTY_KEY,
    INVALID_KEY,
    Action,
    KeyPress,
    Node,
    NodeId,
    QueueId,
    Talk,
    Tree,
)

MOST_ANNOUNCEMENTS = 100  # per call, replays included: more than anybody listens to, so it is a loop
LONGEST_STAY = dt.timedelta(minutes=15)  # in the menu: the longest sensible menus take five
MOST_REPLAYS = 3  # of one node in a row, when a caller presses nothing or a key without a branch
PATH_LENGTH = 32  # as much as a person reads; a loop must not make the call's row grow


# ── Where a caller is ────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class Pressed:
    """What a caller did at a node: a key, EMPTY_KEY, or INVALID_KEY for a tone that no telephone key has.

    `at`: epoch seconds when it was decided about; 0 in rows of a time when that was not kept.
    """

    node_name: str
    key: str
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Position:
    """Where a caller is. `Position()` is before the menu.

    Shape: `steps` = announcements begun in the whole call, `replays` = those of this node in a row; `started_at` =
    epoch seconds of the last entry into the menu; `path` = the last PATH_LENGTH things done, the newest last.
    """

    node: NodeId | None = None
    steps: int = 0
    replays: int = 0
    started_at: float = 0.0
    path: tuple[Pressed, ...] = ()

    @property
    def time_up_at(self) -> dt.datetime:
        """When the caller must have left the menu, as aware UTC; `TimeUp` is due then."""
        return dt.datetime.fromtimestamp(self.started_at, dt.UTC) + LONGEST_STAY

    def to_json(self) -> dict[str, Any]:
        """Shape: {node: str | None, steps, replays: int, started_at: float, path: [[node name, key], …], times: […]}.

        `times` belong to `path`, one for one.
        """
        return {
            "node": self.node,
            "steps": self.steps,
            "replays": self.replays,
            "started_at": self.started_at,
            "path": [[each.node_name, each.key] for each in self.path],
            "times": [each.at for each in self.path],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Position:
        """The position that `to_json` wrote; an empty mapping is before the menu."""
        place = {name: value for name, value in data.items() if name not in ("path", "times")}
        return cls(**place, path=tuple(pressed_of(data)))


def pressed_of(data: Mapping[str, Any]) -> Iterator[Pressed]:
    """What was done in a menu, of a position that `to_json` wrote; the newest last."""
    path = data.get("path", ())
    times = data.get("times") or [0.0] * len(path)
    return (Pressed(name, key, at) for (name, key), at in zip(path, times, strict=True))


# ── What he does ─────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class Enter:
    """He comes into the menu, at the root unless a node is named. His time begins anew, his steps do not."""

    now: dt.datetime
    node: NodeId | None = None


@dataclass(frozen=True, slots=True)
class Keys:
    """He pressed a key during or after the announcement."""

    digit: str
    now: dt.datetime


@dataclass(frozen=True, slots=True)
class NoKey:
    """The announcement ended, and he pressed nothing in time."""

    now: dt.datetime


@dataclass(frozen=True, slots=True)
class TimeUp:
    """`Position.time_up_at` has come."""

    now: dt.datetime


Input = Enter | Keys | NoKey | TimeUp


# ── What happens next ────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class Speak:
    """Speak a text. An empty `voice` leaves the choice to the engine. Units: speed from -3 (slow) to 3."""

    text: str
    voice: str
    speed: int


@dataclass(frozen=True, slots=True)
class File:
    """Play a greeting file of the project."""

    file_name: str


@dataclass(frozen=True, slots=True)
class Announce:
    """Play a node, then answer with `Keys` or `NoKey`.

    `play` is None when there is nothing to hear: only wait. `accepts` is how many keys to take: 1, or 0 where no key
    leads anywhere, so that nobody cuts a greeting off by chance.
    Units: pause between repetitions in milliseconds; `timeout_s` seconds to wait for a key after the last one.
    """

    node: NodeId
    node_name: str
    play: Speak | File | None
    loops: int
    pause_ms: int
    barge_in: bool
    timeout_s: int
    accepts: int


@dataclass(frozen=True, slots=True)
class EnterQueue:
    """Leave the menu for a queue, by its public id."""

    queue: QueueId


@dataclass(frozen=True, slots=True)
class Forward:
    """Leave the menu for a telephone. Digits with country code; `caller_id` is empty when none was set that is one."""

    destination: str
    caller_id: str


@dataclass(frozen=True, slots=True)
class LeaveVoicemail:
    """Leave the menu to leave a message."""


@dataclass(frozen=True, slots=True)
class SendSms:
    """Send the caller this text and end the call: like the other ways out, an SMS is not followed by a node."""

    text: str


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the call."""

    cause: Cause


Instruction = Announce | EnterQueue | Forward | LeaveVoicemail | SendSms | HangUp
Next = tuple[Position, Instruction]


# ── The rules ────────────────────────────────────────────────────────────────────────────────────────────────────────
def step(tree: Tree, position: Position, given: Input) -> Next:
    """What a caller hears, or where he goes, after what he did; and where he is then.

    A key with a branch acts, any other key takes the INVALID_KEY branch, no key the EMPTY_KEY branch. Without that
    branch the node is replayed, at most MOST_REPLAYS times in a row, whichever of both the caller does; then the call
    ends. A node without any branch ends the call when it has been played. The budget ends announcements, not ways
    out: a caller who finds the right key after his hundredth announcement still gets where it leads.
    Cost: constant in the size of the tree. Never raises.
    Source: rest-api.md §11-12; the defaults are ours, docs/compatibility.md "IVR key actions".
    """
    match given:
        case Enter(now, node):
            return _go_to(tree, replace(position, started_at=now.timestamp()), node or tree.root, now)
        case Keys(digit, now):
            return _press(tree, position, digit if digit in DIALLED_KEYS else INVALID_KEY, now)
        case NoKey(now):
            return _press(tree, position, EMPTY_KEY, now)
        case TimeUp():
            return position, HangUp(Cause.MENU_BUDGET)


def _go_to(tree: Tree, position: Position, target: NodeId | None, now: dt.datetime) -> Next:
    node = _node(tree, target)
    if node is None:
        return position, HangUp(Cause.MENU_BROKEN)
    return _announce(replace(position, node=node.id, replays=0), node, now)


def _press(tree: Tree, position: Position, key: str, now: dt.datetime) -> Next:
    node = _node(tree, position.node)
    if node is None:
        return position, HangUp(Cause.MENU_BROKEN)
    there = replace(position, path=(*position.path, Pressed(node.name, key, now.timestamp()))[-PATH_LENGTH:])
    if not node.keys:
        return there, HangUp(Cause.MENU_END)
    branch = _branch(node, key)
    return _replay(there, node, key, now) if branch is None else _follow(tree, there, branch, now)


def _replay(position: Position, node: Node, key: str, now: dt.datetime) -> Next:
    if position.replays >= MOST_REPLAYS:
        return position, HangUp(Cause.NO_KEY if key == EMPTY_KEY else Cause.NO_VALID_KEY)
    return _announce(replace(position, replays=position.replays + 1), node, now)


def _follow(tree: Tree, position: Position, branch: KeyPress, now: dt.datetime) -> Next:
    if branch.action is Action.NODE:
        return _go_to(tree, position, branch.next_node, now)
    return position, _way_out(branch)


def _way_out(branch: KeyPress) -> Instruction:
    match branch.action:
        case Action.VOICEMAIL:
            return LeaveVoicemail()
        case Action.QUEUE if branch.queue is not None:
            return EnterQueue(branch.queue)
        case Action.FORWARD if branch.destination.digits:
            return Forward(branch.destination.digits, branch.caller_id.digits)
        case Action.SMS if branch.sms.strip():
            return SendSms(branch.sms.strip())
        case Action.HANG_UP:
            return HangUp(Cause.MENU_END)
        case _:
            return HangUp(Cause.MENU_BROKEN)


def _announce(position: Position, node: Node, now: dt.datetime) -> Next:
    if position.steps >= MOST_ANNOUNCEMENTS or now >= position.time_up_at:
        return position, HangUp(Cause.MENU_BUDGET)
    announcement = Announce(
        node=node.id,
        node_name=node.name,
        play=_sound_of(node),
        loops=node.loop_count,
        pause_ms=node.sched,
        barge_in=node.barge_in,
        timeout_s=node.keypress_timeout if node.keys else 0,
        accepts=1 if any(branch.key != EMPTY_KEY for branch in node.keys) else 0,
    )
    return replace(position, steps=position.steps + 1), announcement


def _sound_of(node: Node) -> Speak | File | None:
    match node.announcement:
        case Talk(text):
            return Speak(text, node.voice, node.speed) if text.strip() else None
        case file:
            return File(file.file_name) if file.file_name else None


def _node(tree: Tree, node: NodeId | None) -> Node | None:
    return None if node is None else tree.by_id.get(node)


def _branch(node: Node, key: str) -> KeyPress | None:
    """The branch that a key takes; keys without one of their own take INVALID_KEY."""
    branches = {branch.key: branch for branch in node.keys}
    return branches.get(key) or (branches.get(INVALID_KEY) if key in DIALLED_KEYS else None)
