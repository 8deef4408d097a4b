"""The bodies of packets about calls (docs/softphone-protocol.md). Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from callflow.pages.words import party_text
from common.refusals import Refusal
from softphone.packets import Service, as_json_text
from softphone.page_calls import PageCall
from telephony.port import HangupCause
from telephony.signals import Describe, PlaceCall, Ring

Body = dict[str, Any]
Told = tuple[Service, Body]

REASONS = {
    100: "Trying",
    180: "Ringing",
    183: "Session Progress",
    200: "OK",
    404: "Not Found",
    408: "Request Timeout",
    480: "Temporarily Unavailable",
    486: "Busy Here",
    487: "Request Terminated",
    500: "Server Error",
    503: "Service Unavailable",
    603: "Decline",
}
# How a call that was placed in vain ends; any other end is told as one (service 30).
CODE_OF_CAUSE = {
    HangupCause.BUSY: 486,
    HangupCause.REJECTED: 603,
    HangupCause.NO_ANSWER: 408,
    HangupCause.UNREACHABLE: 480,
    HangupCause.INVALID_NUMBER: 404,
    HangupCause.CONGESTION: 503,
    HangupCause.FAILED: 500,
}
ENGINE_LOST_CODE = 500  # of a call that somebody talked in


class Words(Protocol):
    """How a page is told of one of its calls: the service, and the body."""

    def incoming(self, call: PageCall, ring: Ring, ice_servers: Sequence[Mapping[str, Any]]) -> Told:
        """It comes in."""

    def description(self, call: PageCall, described: Describe) -> Told:
        """The engine describes a connection."""

    def state(self, call: PageCall, code: int) -> Told:
        """How a call that the page has placed gets on."""

    def over(self, call: PageCall, code: int = 0) -> Told:
        """It has ended. `code`: why, when it was nobody's wish."""

    def elsewhere(self, call: PageCall, code: int) -> Told:
        """Another page of the user has answered (200) or rejected (486) it."""

    def info(self, call: PageCall, info: Any) -> Told:
        """Another page in the call has sent something."""


class PlainWords:
    """How pages are told of calls in no room."""

    def incoming(self, call: PageCall, ring: Ring, ice_servers: Sequence[Mapping[str, Any]]) -> Told:
        return Service.INCOMING_CALL, incoming(ring, ice_servers)

    def description(self, call: PageCall, described: Describe) -> Told:
        data = {"type": described.kind.value, "sdp": described.sdp}
        return Service.DESCRIBED, {"callId": call.call, "type": "sdp", "data": data}

    def state(self, call: PageCall, code: int) -> Told:
        return Service.CALL_STATE, state(call.call, code)

    def over(self, call: PageCall, code: int = 0) -> Told:
        """Clients know the id alone. The code is for pages that say why; without one somebody has hung up."""
        return Service.CALL_ENDED, {"callId": call.call, "code": code} if code else {"callId": call.call}

    def elsewhere(self, call: PageCall, code: int) -> Told:
        return Service.OTHER_DEVICE, {"type": "CALL_STATE", "data": {"callId": call.call, "code": code}}

    def info(self, call: PageCall, info: Any) -> Told:
        return Service.INFO, {"callId": call.call, "info": info}


def refused(refusal: Refusal) -> Body:
    """The end of an answer that says no. Both names of the text are read by embedders."""
    return {"r": refusal.code, "message": refusal.message, "msg": refusal.message}


def started(placed: PlaceCall, ice_servers: Sequence[Mapping[str, Any]]) -> Body:
    """The answer to a call that begins. Sound ends here, so that the description may be applied at once: `external`."""
    return {
        "callId": placed.call,
        "fromNumber": placed.from_number,
        "toNumber": placed.to_number,
        "toType": "external",
        "video": False,
        "peerToPeerCall": False,
        "iceServers": list(ice_servers),
        "customDataFromYourServer": "{}",
    }


def incoming(ring: Ring, ice_servers: Sequence[Mapping[str, Any]]) -> Body:
    """A call that comes in. `fromShown`, `toShown`, `info` and `timeout_ms` are ours; SDKs pass them by."""
    return {
        "callId": ring.call,
        "fromNumber": ring.from_number,
        "fromAlias": ring.from_alias or ring.from_number,
        "toNumber": ring.to_number,
        "toAlias": ring.to_alias or ring.to_number,
        "fromShown": party_text(ring.from_alias or ring.from_number),
        "toShown": party_text(ring.to_alias or ring.to_number),
        "fromInternal": False,  # with true, the microphone would be heard before anybody answers
        "video": False,
        "iceServers": list(ice_servers),
        "customDataFromYourServer": as_json_text(ring.custom_data),
        "info": dict(ring.info),
        "timeout_ms": round(ring.timeout_s * 1000),
    }


def state(call: str, code: int) -> Body:
    return {"callId": call, "code": code, "reason": REASONS.get(code, "")}


def end_elsewhere(call: str) -> Body:
    """The call that another page of the user has answered is over."""
    return {"type": "CALL_END", "data": {"callId": call}}
