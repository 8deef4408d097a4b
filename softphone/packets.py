"""The packets of softphones' sockets: how they are read from strangers, and how they are written. Pure.

Shape: `{"service": int, "body": {...}}`, one JSON text each; the oldest clients send the body as a text of JSON.
An answer is a packet of the same service with the `requestId` of what it answers, and `r` (0: done).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from common.strict_json import MAX_INTEGER, BadJson, parse_object

MAX_BYTES = 65_536  # a session description of a browser has 2 to 8 KB
MAX_TEXT = 256  # ids and numbers
MAX_SDP = 48_000
MAX_FREE_TEXT = 8_192  # what pages send along for their own purposes


class Service(IntEnum):
    """What a packet is about (docs/softphone-protocol.md has the whole table)."""

    PING = 1
    LOGIN = 2
    START_CALL = 26
    DESCRIBE = 27
    HANG_UP = 28
    DESCRIBED = 29  # by us, as all that is marked so below
    CALL_ENDED = 30  # by us
    SET_STATE = 31
    CALL_STATE = 32  # by us
    INCOMING_CALL = 33  # by us
    PRESS = 34
    SEND_INFO = 36
    INFO = 37  # by us
    OTHER_DEVICE = 38  # by us
    ADD_PUSH_TOKEN = 39
    REMOVE_PUSH_TOKEN = 40
    SEND_MESSAGE = 54
    MESSAGE = 55  # by us
    HOLD = 100
    TRANSFER = 101
    TOPIC_MESSAGE = 102  # by us
    CHANGE_ATTRIBUTE = 103
    DEVICE_CAME_OR_WENT = 104  # by us
    DESCRIBE_TRACK = 108
    TRACK_CANDIDATE = 109
    TRACK_DESCRIBED = 110  # by us
    ENTER_ROOM = 115
    LEAVE_ROOM = 116
    PUBLISH = 117
    UNPUBLISH = 118
    SUBSCRIBE = 119
    UNSUBSCRIBE = 120
    SEND_ROOM_INFO = 126
    ROOM_INFO = 127  # by us
    START_CALL2 = 128
    INCOMING_CALL2 = 129  # by us
    CALL2_CANCELLED = 130  # by us
    SET_STATE2 = 131
    HANG_UP2 = 132
    CALL2_ENDED = 133  # by us
    CALL2_STATE = 134  # by us
    TRANSFER2 = 135
    HOLD2 = 136
    SWITCH_TRACK = 138
    JOIN_CALL2 = 142
    TRACK_STATE = 143
    PRESS2 = 145
    UPDATE_CALL = 150
    DOES_CALL_EXIST = 205


class BadPacket(ValueError):
    """Not a packet. The message says why, and repeats nothing of it."""


class BadField(ValueError):
    """A packet's field is missing or not what it must be. The message names it."""

    def __init__(self, key: str) -> None:
        super().__init__(f"{key} is missing or not of its kind")


@dataclass(frozen=True, slots=True)
class Packet:
    """What a client sent. `request_id` is None when it has none: then nobody waits for an answer."""

    service: int
    body: Mapping[str, Any]
    request_id: int | None = None

    def text(self, key: str, default: str | None = None, *, limit: int = MAX_TEXT) -> str:
        """A text of at most so many characters. Raises BadField; an absent one only when there is no default."""
        value = self.body.get(key, default)
        if not isinstance(value, str) or len(value) > limit:
            raise BadField(key)
        return value

    def whole(self, key: str) -> int:
        """A whole number. Raises BadField."""
        value = self.body.get(key)
        if isinstance(value, bool) or not isinstance(value, int):
            raise BadField(key)
        return value

    def flag(self, key: str) -> bool:
        """Yes or no. Raises BadField."""
        value = self.body.get(key)
        if not isinstance(value, bool):
            raise BadField(key)
        return value

    def inner(self, key: str) -> Packet:
        """An object within the body, to be read in the same way. Raises BadField."""
        value = self.body.get(key)
        if not isinstance(value, dict):
            raise BadField(key)
        return Packet(self.service, value, self.request_id)

    def any(self, key: str) -> Any:
        """Whatever JSON is there. Raises BadField when nothing is."""
        if key not in self.body:
            raise BadField(key)
        return self.body[key]


def parse(text: str) -> Packet:
    """Read a packet. Raises BadPacket for everything else, and for JSON that nobody sends by intention."""
    try:
        packet = parse_object(text.encode())
        body = packet.get("body", {})
        if isinstance(body, str):
            body = parse_object(body.encode())
    except (BadJson, UnicodeEncodeError) as error:
        raise BadPacket(type(error).__name__) from error
    service = packet.get("service")
    if isinstance(service, bool) or not isinstance(service, int) or not 0 < service <= MAX_INTEGER:
        raise BadPacket("no service")
    if not isinstance(body, dict):
        raise BadPacket("no body")
    request_id = body.get("requestId")
    known = isinstance(request_id, int) and not isinstance(request_id, bool)
    return Packet(service, body, request_id if known else None)


def write(service: int, body: Mapping[str, Any]) -> str:
    """A packet as it goes to a client."""
    return json.dumps({"service": int(service), "body": body}, ensure_ascii=False, separators=(",", ":"))


def as_json_text(text: str) -> str:
    """What pages read with a strict parser: JSON stays, any other text becomes a JSON text, none an empty object."""
    if not text.strip():
        return "{}"
    try:
        json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return json.dumps(text, ensure_ascii=False)
    return text


def _refuse(constant: str) -> None:
    raise ValueError(constant)
