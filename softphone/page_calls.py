"""The calls that a page knows, as its door sees them. Pure."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from softphone.rooms import Room

RECENT_CALLS = 20  # a hang-up may cross the end of its call


class CallState(StrEnum):
    """Where a call stands on one page."""

    RINGING = "ringing"  # here, and perhaps on other pages of the user
    ACCEPTING = "accepting"  # somebody has answered here; the engine has not said yet whether he was the first
    ELSEWHERE = "elsewhere"  # answered on another page of the user
    PLACED = "placed"  # by this page, not answered yet
    TALKING = "talking"


MINE = frozenset({CallState.PLACED, CallState.TALKING, CallState.ACCEPTING})


@dataclass(frozen=True, slots=True)
class PageCall:
    """A leg of a call at one page; the page knows it by the call's id.

    `until`: when it rings no more, seconds since 1970; 0: no such end. `held`: by its last offer, not by service 100.
    `room`: where the page speaks and hears in it; None: in no room, by one connection for both.
    """

    leg: str
    call: str
    node: str
    state: CallState
    incoming: bool
    until: float = 0.0
    held: bool = False
    room: Room | None = None

    def is_called(self, name: str) -> bool:
        """Whether it is meant by the id of a call or of a room."""
        return name == self.call or (self.room is not None and name == self.room.id)


def to_json(call: PageCall) -> dict[str, Any]:
    return dataclasses.asdict(call)


def from_json(data: dict[str, Any]) -> PageCall:
    """Raises KeyError, TypeError, ValueError for anything that `to_json` has not written."""
    room = Room(**data["room"]) if data.get("room") is not None else None
    return PageCall(**{**data, "state": CallState(data["state"]), "room": room})


@dataclass(slots=True)
class PageCalls:
    """All of a page's calls; those that are over are remembered for a while."""

    _by_leg: dict[str, PageCall] = field(default_factory=dict)
    _over: deque[PageCall] = field(default_factory=lambda: deque(maxlen=RECENT_CALLS))

    def __iter__(self) -> Iterator[PageCall]:
        return iter(tuple(self._by_leg.values()))

    def __bool__(self) -> bool:
        return bool(self._by_leg)

    def of_leg(self, leg: str) -> PageCall | None:
        return self._by_leg.get(leg)

    def of_id(self, call: str) -> PageCall | None:
        return next((each for each in self._by_leg.values() if each.call == call), None)

    def of_room(self, room: str) -> PageCall | None:
        return next((each for each in self if each.room is not None and each.room.id == room), None)

    def of_token(self, token: str) -> PageCall | None:
        return next((each for each in self if each.room is not None and each.room.token == token), None)

    def put(self, call: PageCall) -> None:
        self._by_leg[call.leg] = call

    def end(self, call: PageCall) -> None:
        self._by_leg.pop(call.leg, None)
        self._over.append(call)

    def was_here(self, name: str) -> bool:
        """Whether the page had a call, or a room, of this id that is over by now."""
        return any(call.is_called(name) for call in self._over)

    def mine(self) -> list[PageCall]:
        """Those that this page takes part in."""
        return [each for each in self if each.state in MINE]
