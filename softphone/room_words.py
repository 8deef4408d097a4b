"""The bodies of packets about calls in rooms (docs/softphone-protocol.md). Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from softphone import rooms
from softphone.call_words import REASONS, Body, Told, incoming, state
from softphone.packets import Service
from softphone.page_calls import CallState, PageCall
from softphone.rooms import Room
from telephony.signals import Describe, PlaceCall, Ring, Way

ENDED_CODE, ENDED_REASON = 200, "Bye"  # of a call that somebody has hung up
CANCELLED_CODE = 487


class RoomWords:
    """How pages are told of their calls in rooms (`call_words.Words`)."""

    def incoming(self, call: PageCall, ring: Ring, ice_servers: Sequence[Mapping[str, Any]]) -> Told:
        """The SDK has the ICE servers from its login."""
        body = incoming(ring, ())
        del body["iceServers"], body["fromInternal"]
        return Service.INCOMING_CALL2, {**body, "roomToken": _room(call).token}

    def description(self, call: PageCall, described: Describe) -> Told:
        room = _room(call)
        body = {
            "roomId": room.id,
            "localTrackId": described.name,
            "serverTrackId": room.track_of(described.way, described.name),
            "data": {"type": described.kind.value, "sdp": described.sdp},
        }
        return Service.TRACK_DESCRIBED, body

    def state(self, call: PageCall, code: int) -> Told:
        return Service.CALL2_STATE, state(call.call, code)

    def over(self, call: PageCall, code: int = 0) -> Told:
        if call.state is CallState.RINGING:
            return Service.CALL2_CANCELLED, state(call.call, code or CANCELLED_CODE)
        reason = REASONS.get(code, "") if code else ENDED_REASON
        return Service.CALL2_ENDED, {"callId": call.call, "code": code or ENDED_CODE, "reason": reason}

    def elsewhere(self, call: PageCall, code: int) -> Told:
        return Service.OTHER_DEVICE, {"type": "CALL2_STATE", "data": {"callId": call.call, "code": code}}

    def info(self, call: PageCall, info: Any) -> Told:
        """The page is given the whole body."""
        return Service.ROOM_INFO, {"roomId": _room(call).id, "callId": call.call, "msg": info}


def _room(call: PageCall) -> Room:
    assert call.room is not None  # noqa: S101  whoever speaks of rooms has one
    return call.room


def started(placed: PlaceCall, room: Room) -> Body:
    """The answer to a call that begins."""
    return {
        "callId": placed.call,
        "roomId": room.id,
        "roomToken": room.token,
        "fromNumber": placed.from_number,
        "toNumber": placed.to_number,
        "toType": "external",
        "video": False,
        "customDataFromYourServer": "{}",
    }


def entered(room: Room) -> Body:
    """The answer to a page that enters its room: it subscribes at once to what it hears in the call."""
    track = {
        "serverId": room.far_track,
        "audio": True,
        "video": False,
        "screen": False,
        "isPlayer": False,
        "userPublish": "",
        "stringeeClientPublish": "",
    }
    return {
        "roomId": room.id,
        "permissionPublish": True,
        "permissionSubscribe": True,
        "permissionControlRoom": False,
        "record": False,
        "tracks": [track],
        "users": [],
        "listStringeeClients": [],
    }


def published(room: Room, name: str) -> Body:
    return {"serverTrackId": room.near_track(name), "serverPcId": rooms.connection_id(Way.SPEAKS, name)}


def subscribed(name: str) -> Body:
    return {
        "serverPcId": rooms.connection_id(Way.HEARS, name),
        "trackAudioEnable": True,
        "trackVideoEnable": False,
        "trackScreenSharing": False,
        "userPublish": "",
        "stringeeClientPublish": "",
    }
