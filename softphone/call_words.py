"""The bodies of packets about calls (docs/softphone-protocol.md). Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from common.refusals import Refusal
from softphone.packets import as_json_text
from telephony.port import HangupCause
from telephony.signals import Describe, PlaceCall, Ring

Body = dict[str, Any]

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
    """A call that comes in. `info` and `timeout_ms` are ours; SDKs pass them by."""
    return {
        "callId": ring.call,
        "fromNumber": ring.from_number,
        "fromAlias": ring.from_alias or ring.from_number,
        "toNumber": ring.to_number,
        "toAlias": ring.to_alias or ring.to_number,
        "fromInternal": False,  # with true, the microphone would be heard before anybody answers
        "video": False,
        "iceServers": list(ice_servers),
        "customDataFromYourServer": as_json_text(ring.custom_data),
        "info": dict(ring.info),
        "timeout_ms": round(ring.timeout_s * 1000),
    }


def state(call: str, code: int) -> Body:
    return {"callId": call, "code": code, "reason": REASONS.get(code, "")}


def ended(call: str, code: int = 0) -> Body:
    """Clients know the id alone. The code is for pages that say why; without one somebody has hung up."""
    return {"callId": call, "code": code} if code else {"callId": call}


def description(call: str, described: Describe) -> Body:
    return {"callId": call, "type": "sdp", "data": {"type": described.kind.value, "sdp": described.sdp}}


def state_elsewhere(call: str, code: int) -> Body:
    """Another page of the user has answered (200) or rejected (486) the call."""
    return {"type": "CALL_STATE", "data": {"callId": call, "code": code}}


def end_elsewhere(call: str) -> Body:
    """The call that another page of the user has answered is over."""
    return {"type": "CALL_END", "data": {"callId": call}}
