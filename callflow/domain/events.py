"""What can happen to a call: the engine's leg events (telephony.port), and these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from callflow.domain.call import AgentRef, Party, Timer, TransferKind
from callflow.scco.actions import Program
from calls.domain import LegRole
from telephony.port import LegEvent, Part


@dataclass(frozen=True, slots=True)
class Arrived:
    """A party has called in; the call is new."""


@dataclass(frozen=True, slots=True)
class CalloutRequested:
    """An agent is to be rung first, then the customer. The agent is taken already; the call is new."""

    agent: AgentRef
    endpoints: tuple[str, ...]
    display: Party


@dataclass(frozen=True, slots=True)
class DialOutRequested:
    """A program calls somebody; what follows when he answers is `program`, or what `answer_url` says then."""

    program: Program | None
    answer_url: str = ""


@dataclass(frozen=True, slots=True)
class TimerFired:
    timer: Timer


@dataclass(frozen=True, slots=True)
class QuestionAnswered:
    """The customer's server answered a question, or failed to (`text` None, with the reason)."""

    question: str
    text: str | None
    failure: str = ""


@dataclass(frozen=True, slots=True)
class OfferMade:
    """Dispatch has chosen an agent, who is reserved; `leg` is the one that rings him. Units: seconds."""

    entry: int
    offer: int
    leg: str
    agent: AgentRef
    endpoints: tuple[str, ...]
    timeout_s: int
    attempt: int
    from_number: str = ""
    info: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HangUpRequested:
    """A program, a supervisor or a party wants the call to end. `internal`: our side does."""

    cause: str
    internal: bool = True


@dataclass(frozen=True, slots=True)
class HoldRequested:
    """The customer goes on hold, or comes back."""

    on: bool


@dataclass(frozen=True, slots=True)
class MuteRequested:
    leg: str
    on: bool


@dataclass(frozen=True, slots=True)
class DigitsRequested:
    """Keys are sent to the other party of a leg."""

    leg: str
    digits: str


@dataclass(frozen=True, slots=True)
class TransferRequested:
    """Move the customer to an agent (who is reserved), a telephone, or a queue: one of them is set."""

    kind: TransferKind
    to: Party
    agent: AgentRef | None = None
    endpoints: tuple[str, ...] = ()
    queue: int | None = None


@dataclass(frozen=True, slots=True)
class TransferCompleted:
    """The agent who consulted hands the customer over now."""


@dataclass(frozen=True, slots=True)
class TransferCancelled:
    """The agent who consults takes the customer back."""


@dataclass(frozen=True, slots=True)
class TransferMerged:
    """The agent who consults has all three talk together."""


@dataclass(frozen=True, slots=True)
class GuestRequested:
    """Somebody is to take part in the conversation. `role`: participant or supervisor; `by`: who wants it.

    A participant who is an agent is reserved already, a supervisor who is one is in the call already.
    """

    role: LegRole
    to: Party
    part: Part
    endpoints: tuple[str, ...]
    agent: AgentRef | None = None
    shown: Party | None = None
    by: str = ""


@dataclass(frozen=True, slots=True)
class GuestChanged:
    """A guest takes another part."""

    leg: str
    part: Part
    by: str = ""


@dataclass(frozen=True, slots=True)
class GuestDismissed:
    """A guest is let go, also one who has gone on with the customer alone."""

    leg: str


@dataclass(frozen=True, slots=True)
class ActionsPut:
    """A program replaces what is left of the call's instructions."""

    program: Program


@dataclass(frozen=True, slots=True)
class EngineLost:
    """The engine that carried the call is gone."""


CallHappening = (
    LegEvent
    | Arrived
    | CalloutRequested
    | DialOutRequested
    | TimerFired
    | QuestionAnswered
    | OfferMade
    | HangUpRequested
    | HoldRequested
    | MuteRequested
    | DigitsRequested
    | TransferRequested
    | TransferCompleted
    | TransferCancelled
    | TransferMerged
    | GuestRequested
    | GuestChanged
    | GuestDismissed
    | ActionsPut
    | EngineLost
)
