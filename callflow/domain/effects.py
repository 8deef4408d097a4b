"""What a decision wants done outside of the call. Engine commands (telephony.port) are effects, too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from agents.domain import Unanswered
from callflow.domain.call import AgentRef, Party
from telephony.port import Command


class Purpose(StrEnum):
    """What a customer's server is asked about a call (Source: webhooks.md §1)."""

    CUSTOMER_INFO = "customer_info"
    ANSWER_URL = "answer_url"
    CALLOUT_ANSWER_URL = "callout_answer_url"
    INPUT_EVENT = "input_event"
    ON_FAIL = "on_fail"


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the customer's server; `QuestionAnswered` follows. `facts`: what the request says (by purpose)."""

    question: str
    purpose: Purpose
    url: str
    timeout_s: float
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Publish:
    """Tell the customer's server of a change. `status`: Source: webhooks.md §7.2."""

    status: str
    serial: int
    to: Party
    actor: Party | None = None
    cause: str = ""
    queue: int | None = None


@dataclass(frozen=True, slots=True)
class SendSms:
    to: str
    from_: str
    text: str


@dataclass(frozen=True, slots=True)
class RecordingBegun:
    recording: str
    voicemail: bool
    queue: int | None
    format: str
    event_url: str


@dataclass(frozen=True, slots=True)
class RecordingStored:
    """An empty `file`: nothing was recorded."""

    recording: str
    file: str
    size_bytes: int
    duration_ms: int


@dataclass(frozen=True, slots=True)
class AgentMissed:
    """The offer to a reserved agent ended without an answer."""

    agent: AgentRef
    outcome: Unanswered


@dataclass(frozen=True, slots=True)
class AgentAnswered:
    """A reserved agent talks."""

    agent: AgentRef


@dataclass(frozen=True, slots=True)
class AgentCalledOut:
    """An agent is in a call that he, or a program for him, has started."""

    agent: AgentRef


@dataclass(frozen=True, slots=True)
class AgentReleased:
    """An agent's last leg of this call is gone. `wrap_up_s` None: no wrap-up; `queue_call`: it counts as support."""

    agent: AgentRef
    wrap_up_s: int | None
    queue_call: bool


@dataclass(frozen=True, slots=True)
class RingDoorbell:
    """Somebody waits, or has become free: look who can be matched."""


AgentEffect = AgentMissed | AgentAnswered | AgentCalledOut | AgentReleased
Effect = Command | Ask | Publish | SendSms | RecordingBegun | RecordingStored | AgentEffect | RingDoorbell
