"""Rooms: in a call of the SDK's second kind, a page speaks by one track and hears by another, in a room of its own.

To the page it looks as if others were in the room, too. A room is one page's part in one call: its ids and its token
mean nothing to any other page. Pure.

A page has one connection for each track, and names it (`name`). What we call tracks and connections is made of these
names, so that nothing about them need be remembered.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from common import ids
from softphone.packets import BadField
from telephony.signals import Way

_NAME = re.compile(r"[!-~]{1,64}")
_CONNECTION = re.compile(rf"({Way.SPEAKS}|{Way.HEARS}):({_NAME.pattern})")


@dataclass(frozen=True, slots=True)
class Room:
    """`token` opens it, for the page that has it."""

    id: str
    token: str

    @property
    def far_track(self) -> str:
        """All that the page hears in the call."""
        return f"{self.id}-far"

    def near_track(self, name: str) -> str:
        """What the page says, by the connection that it calls so."""
        return f"{self.id}-near-{name}"

    def track_of(self, way: Way, name: str) -> str:
        return self.near_track(name) if way is Way.SPEAKS else self.far_track

    def name_of(self, near_track: str) -> str:
        """What the page calls the connection of its own track. Raises BadField for all other tracks."""
        prefix = self.near_track("")
        if not near_track.startswith(prefix):
            raise BadField("serverTrackId")
        return near_track.removeprefix(prefix)


def new() -> Room:
    return Room(ids.room_id(), ids.room_token())


def connection_id(way: Way, name: str) -> str:
    """What we call a page's connection. Raises BadField for a name that is none."""
    if not _NAME.fullmatch(name):
        raise BadField("localPcId")
    return f"{way}:{name}"


def connection_of(server_id: str) -> tuple[Way, str]:
    """What a connection is for, and what its page calls it. Raises BadField."""
    found = _CONNECTION.fullmatch(server_id)
    if found is None:
        raise BadField("serverPcId")
    return Way(found[1]), found[2]
