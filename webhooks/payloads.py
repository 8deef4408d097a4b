"""The bodies and queries of what we send, in the shapes that existing receivers read: pure.

Source: webhooks.md §3, §4, §5, §7, §8, §9, §10. `services.owe_event` adds `event_id` and, to call events, `serial`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class CallStatus(StrEnum):
    """`call_status` of an event."""

    CREATED = "created"
    STARTED = "started"
    RINGING = "ringing"
    ANSWERED = "answered"
    ENDED = "ended"
    AGENT_ENDED = "agentEnded"
    CONNECT_FAILED = "connect_failed"


class PartyType(StrEnum):
    """A user of the project, or a telephone."""

    INTERNAL = "internal"
    EXTERNAL = "external"


class ActorType(StrEnum):
    """Who did something: a user of the project, or a telephone."""

    INTERNAL = "INTERNAL"
    EXTERNAL = "EXTERNAL"


class CallType(StrEnum):
    """What the call was, told when it ends."""

    IVR = "IVR"
    CALL = "CALL"
    CONFERENCE = "CONFERENCE"


@dataclass(frozen=True, slots=True)
class Party:
    """One side of a call. `number`: digits, or a user id; `alias`: what is shown in its place."""

    number: str
    alias: str
    type: PartyType
    is_online: bool = False


@dataclass(frozen=True, slots=True)
class Ending:
    """What is known once a call is over. Units: seconds; `answer_duration_s` is 0 when nobody answered."""

    cause: str  # USER_END_CALL, CAN_NOT_MAKE_CALL, MAX_CONNECT_TIME, or a SIP text such as "486 Busy Here"
    ended_by: ActorType
    call_type: CallType
    duration_s: int
    answer_duration_s: int


@dataclass(frozen=True, slots=True)
class CallEvent:
    """A change of state of a call. Units: `at_ms` in milliseconds since 1970."""

    status: CallStatus
    call_id: str
    project_id: int
    account_sid: str
    at_ms: int
    from_party: Party
    to_party: Party
    created_reason: str
    request_from_user_id: str = ""  # empty for calls from telephones
    client_custom_data: str = ""
    custom_data: str = ""
    actor: str = ""  # user id or number of whoever caused it
    actor_type: ActorType | None = None
    queue_id: str = ""
    original: bool = True
    peer_to_peer: bool = False
    ending: Ending | None = None  # with ENDED
    end_cause: str = ""  # with AGENT_ENDED and CONNECT_FAILED


def call_event(event: CallEvent) -> dict[str, Any]:
    """Body of a call event (§7.3, §7.6). What has no value is left out where receivers know it as "on some events"."""
    body: dict[str, Any] = {
        "type": "stringee_call",
        "call_status": event.status.value,
        "call_id": event.call_id,
        "project_id": event.project_id,
        "account_sid": event.account_sid,
        "request_from_user_id": event.request_from_user_id,
        "timestamp_ms": event.at_ms,
        "original": event.original,
        "peerToPeer": event.peer_to_peer,
        "from": party(event.from_party),
        "to": party(event.to_party),
        "clientCustomData": event.client_custom_data,
        "callCreatedReason": event.created_reason,
    }
    return body | _sometimes(event) | (_ending(event.ending) if event.ending else {})


def party(side: Party) -> dict[str, Any]:
    """One side as receivers read it (§7.3)."""
    return {"number": side.number, "alias": side.alias, "is_online": side.is_online, "type": side.type.value}


def _sometimes(event: CallEvent) -> dict[str, str]:
    values = {
        "customData": event.custom_data,
        "actor": event.actor,
        "actorType": event.actor_type.value if event.actor_type else "",
        "queueId": event.queue_id,
        "endCallCause": event.end_cause,
    }
    return {key: value for key, value in values.items() if value}


def _ending(ending: Ending) -> dict[str, Any]:
    return {
        "endCallCause": ending.cause,
        "endedBy": ending.ended_by.value,
        "callType": ending.call_type.value,
        "duration": ending.duration_s,
        "answerDuration": ending.answer_duration_s,
    }


@dataclass(frozen=True, slots=True)
class RecordingNotice:
    """A recording, or a voicemail, can be fetched. Units: milliseconds since 1970."""

    recording_url: str
    call_id: str
    project_id: int
    started_ms: int
    ended_ms: int
    from_number: str
    to_number: str


def recording_notice(notice: RecordingNotice) -> dict[str, Any]:
    """Body of a recording event (§8): known by `recording_url`, and by having no `call_status`."""
    return {
        "recording_url": notice.recording_url,
        "call_id": notice.call_id,
        "project_id": notice.project_id,
        "start_time": notice.started_ms,
        "end_time": notice.ended_ms,
        "fromNumber": notice.from_number,
        "toNumber": notice.to_number,
    }


@dataclass(frozen=True, slots=True)
class InputEvent:
    """Keys that an `input` action has collected. Units: milliseconds since 1970."""

    at_ms: int
    digits: str
    call_id: str
    custom_field: str
    timed_out: bool


def input_event(event: InputEvent) -> dict[str, Any]:
    """Body of an input event (§9). The time is text there."""
    return {
        "time": str(event.at_ms),
        "dtmf": event.digits,
        "call_id": event.call_id,
        "customField": event.custom_field,
        "timeout": event.timed_out,
    }


@dataclass(frozen=True, slots=True)
class FailedConnection:
    """A `connect` that reached nobody. Units: milliseconds since 1970."""

    call_id: str
    project_id: int
    from_party: Party
    to_party: Party
    started_ms: int
    cause: str


def on_fail_event(failed: FailedConnection) -> dict[str, Any]:
    """Body of the question to `onFailEventUrl` (§10)."""
    return {
        "call_status": CallStatus.CONNECT_FAILED.value,
        "agent_status": "ended",
        "project_id": failed.project_id,
        "call_id": failed.call_id,
        "from": party(failed.from_party),
        "to": party(failed.to_party),
        "start_time": failed.started_ms,
        "endCallCause": failed.cause,
    }


@dataclass(frozen=True, slots=True)
class UserCall:
    """A call that a user of the project starts, as an answer URL hears of it."""

    call_id: str
    project_id: int
    user_id: str
    from_number: str
    to_number: str
    custom: str = ""
    video: bool = False


def user_call_query(call: UserCall) -> dict[str, str]:
    """Query of a project's answer URL (§3.1)."""
    return {
        "from": digits(call.from_number),
        "to": digits(call.to_number),
        "fromInternal": "true",
        "userId": call.user_id,
        "projectId": str(call.project_id),
        "custom": call.custom,
        "callId": call.call_id,
        "videocall": _flag(call.video),
    }


def callout_query(call: UserCall) -> dict[str, str]:
    """Query of `callout_answer_url`: the same, and the customer under the name that one receiver reads (§4)."""
    return user_call_query(call) | {"customerNumber": digits(call.to_number)}


def phone_call_query(call_id: str, from_number: str, to_number: str) -> dict[str, str]:
    """Query of a number's answer URL (§3.1)."""
    return {
        "from": digits(from_number),
        "to": digits(to_number),
        "fromInternal": "false",
        "uuid": call_id,
    }


def customer_info_query(project_id: int, customer: str, hotline: str) -> dict[str, str]:
    """Query of `get_customer_info_url` (§5)."""
    return {"from": digits(customer), "to": digits(hotline), "project": str(project_id)}


def digits(number: str) -> str:
    """A number without its "+", which receivers that decode twice would read as a blank (§2)."""
    return number.removeprefix("+")


def _flag(value: bool) -> str:
    return "true" if value else "false"
