"""A call as the conductor sees it: frozen, without a database. Its parts are stored in the rows of their rooms."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from callflow.scco.run import Run
from calls.domain import CallState, Direction, LegRole, LegState, Outcome
from ivr.domain.step import Position
from queues.entries import EntryOutcome, EntryState
from routing.domain.offers import OfferState
from telephony.port import Media, Part, from_json, to_json


class Timer(StrEnum):
    """What a call may be waiting for. Each is a deadline that the sweep guarantees."""

    CUSTOMER_INFO = "customer_info"  # the customer's server, asked while the caller goes on
    QUESTION = "question"  # the customer's server, asked while the caller waits for it
    MENU = "menu"  # the longest stay in menus
    MEDIA = "media"  # an announcement or input that should have ended long ago
    QUEUE_WAIT = "queue_wait"
    ANNOUNCE = "announce"  # the place in line
    OFFER = "offer"
    RING = "ring"  # a party that is dialled outside of a queue
    TALK = "talk"  # the longest conversation
    GUEST_RING = "guest_ring"  # a guest who is dialled
    GUEST_TALK = "guest_talk"  # the longest stay of guests on telephones


@dataclass(frozen=True, slots=True)
class Party:
    """One side of a call as it is shown: a telephone number, or a user."""

    number: str
    alias: str = ""
    internal: bool = False


@dataclass(frozen=True, slots=True)
class AgentRef:
    """An agent in a call: the row's number, and the user id by which devices and programs know him."""

    id: int
    user_id: str


@dataclass(frozen=True, slots=True)
class Leg:
    """One party's branch."""

    id: str
    role: LegRole
    state: LegState
    endpoint: str
    number: str
    started_at: dt.datetime
    agent: AgentRef | None = None
    ringing_at: dt.datetime | None = None
    answered_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    cause: str = ""
    held: bool = False
    muted: bool = False

    @property
    def alive(self) -> bool:
        return self.state is not LegState.ENDED


@dataclass(frozen=True, slots=True)
class Tried:
    """An agent who missed this call: how often, and when he may be tried again."""

    times: int
    until: dt.datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """The call's stay in a queue. `id` 0: not stored yet. `enqueued_at` is the caller's place in line."""

    id: int
    queue: int
    state: EntryState
    priority: int
    enqueued_at: dt.datetime
    entered_at: dt.datetime
    ready_at: dt.datetime
    backup_opens_at: dt.datetime
    last_agent: int | None = None
    attempts: int = 0
    tried: Mapping[int, Tried] = field(default_factory=dict)
    outcome: EntryOutcome | None = None
    ended_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """This call proposed to one agent."""

    id: int
    agent: AgentRef
    leg: str
    state: OfferState
    deadline_at: dt.datetime
    cause: str = ""
    ended_at: dt.datetime | None = None


class TransferKind(StrEnum):
    BLIND = "blind"
    ATTENDED = "attended"


@dataclass(frozen=True, slots=True)
class Transfer:
    """A transfer that is under way: `leg` is being rung, or talks with `by`, who started it."""

    kind: TransferKind
    leg: str
    by: str
    consulting: bool = False


@dataclass(frozen=True, slots=True)
class Guest:
    """Who takes part in the conversation beside the two who have it. `by`: the user who wanted it, where known.

    `host`: the leg that the engine has joined it with, and no other; empty while it waits in silence, or rings.
    """

    leg: str
    part: Part
    by: str = ""
    host: str = ""


@dataclass(frozen=True, slots=True)
class Flow:
    """Where a call is inside its state. Stored as one JSON value.

    `awaits` names the announcement, input or question whose end moves the call on; what ends under another name is
    late. `made` counts the ids made for this call; `hops` its changes of menu, queue and so on. `program` tags the ids
    of a running program; `dial_leg` is the leg that it, or a forwarding, has dialled. `recording` is the conversation's
    while it is being made, `message` the voicemail that has been begun.
    """

    made: int = 0
    hops: int = 0
    awaits: str = ""
    tree: str = ""
    menu: Position | None = None
    run: Run | None = None
    program: str = ""
    dial_leg: str = ""
    dial_id: int = 0
    question_id: int = 0
    main_leg: str = ""
    info_question: str = ""
    transfer: Transfer | None = None
    guests: tuple[Guest, ...] = ()  # in the order in which they were asked for
    recording: str = ""
    message: str = ""
    voicemail_queue: int | None = None
    end_after: tuple[str, str] | None = None  # outcome and cause, when the last message has been heard
    talk_limit_s: int | None = None
    outside: bool = False  # who talks, or talked last, with the customer is a telephone that is no agent's
    hung_up_by: str = ""
    record_format: str = ""  # what the program's `record` asked for, until its connect
    record_stereo: bool = True
    record_event_url: str = ""
    record_wanted: bool = False
    answer_url: str = ""  # outbound: who is asked for the program when the first party has answered
    display: Party | None = None  # outbound: what the agent's device shows while it rings
    endpoints: tuple[str, ...] = ()  # … and where it rings
    music: tuple[Media, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """What differs from a new flow, by field."""
        changed = {name: getattr(self, name) for name in _FIELDS if getattr(self, name) != getattr(_NEW, name)}
        return {name: _plain(value) for name, value in changed.items()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Flow:
        """The flow that `to_json` wrote."""
        return cls(**{name: _READERS.get(name, _as_is)(value) for name, value in data.items()})


def _plain(value: Any) -> Any:
    if isinstance(value, Position | Run):
        return value.to_json()
    if isinstance(value, Transfer):
        return {"kind": value.kind, "leg": value.leg, "by": value.by, "consulting": value.consulting}
    if isinstance(value, Party):
        return {"number": value.number, "alias": value.alias, "internal": value.internal}
    if isinstance(value, Guest):
        return {"leg": value.leg, "part": value.part, "by": value.by, "host": value.host}
    if isinstance(value, tuple):
        return [each if isinstance(each, str) else _plain(each) for each in value]
    return to_json(value) if isinstance(value, Media) else value


def _as_is(value: Any) -> Any:
    return value


_FIELDS = tuple(Flow.__dataclass_fields__)
_NEW = Flow()
_READERS: dict[str, Any] = {
    "menu": Position.from_json,
    "run": Run.from_json,
    "transfer": lambda data: Transfer(TransferKind(data["kind"]), data["leg"], data["by"], data["consulting"]),
    "guests": lambda data: tuple(Guest(each["leg"], Part(each["part"]), each["by"], each["host"]) for each in data),
    "end_after": tuple,
    "display": lambda data: Party(**data),
    "endpoints": tuple,
    "music": lambda data: tuple(from_json(each) for each in data),
}


@dataclass(frozen=True, slots=True)
class Call:
    """One conversation with everything that decides about it. Names are the table's, where it has them."""

    id: str
    project_id: int
    direction: Direction
    state: CallState
    from_: Party
    to: Party
    customer: str
    created_at: dt.datetime
    created_reason: str = ""
    number: int | None = None
    request_user_id: str = ""
    node: str = ""
    priority: int = 0
    client_custom_data: str = ""
    custom_data: str = ""
    agent: AgentRef | None = None
    record: bool = False
    serial: int = 0
    outcome: Outcome | None = None
    cause: str = ""
    ended_by: str = ""
    answered_at: dt.datetime | None = None
    connected_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    legs: tuple[Leg, ...] = ()
    entry: Entry | None = None
    offer: Offer | None = None
    flow: Flow = _NEW
    timers: Mapping[Timer, dt.datetime] = field(default_factory=dict)

    def leg(self, leg_id: str) -> Leg | None:
        """The leg of that id, also when it has ended."""
        return next((leg for leg in self.legs if leg.id == leg_id), None)

    @property
    def live_legs(self) -> tuple[Leg, ...]:
        return tuple(leg for leg in self.legs if leg.alive)

    @property
    def caller(self) -> Leg | None:
        """The leg that the call is about, alive: who called us, or the leg that a program runs on."""
        main = self.leg(self.flow.main_leg)
        return main if main is not None and main.alive else None

    def guest(self, leg_id: str) -> Guest | None:
        """The guest on that leg; None for the legs of those whose conversation it is."""
        return next((guest for guest in self.flow.guests if guest.leg == leg_id), None)

    @property
    def host(self) -> Leg | None:
        """Who talks with the customer, or consults about him: guests are his. None while nobody does."""
        transfer, customer = self.flow.transfer, self.customer_leg
        if self.state is not CallState.CONNECTED or customer is None:
            return None
        if transfer is not None:
            by = self.leg(transfer.by)
            return by if by is not None and by.alive else None
        others = (leg for leg in self.live_legs if leg.id != customer.id and self.guest(leg.id) is None)
        return next((leg for leg in others if leg.answered_at is not None), None)

    @property
    def ours(self) -> Party:
        """Our number, as the customer knows it: the one that he called, or that is shown to him."""
        return self.to if self.direction is Direction.INBOUND else self.from_

    @property
    def theirs(self) -> Party:
        """The customer as he is shown to our side."""
        return self.from_ if self.direction is Direction.INBOUND else self.to

    @property
    def reached(self) -> bool:
        """Whether somebody has talked with the customer, if only a program that called him."""
        main = self.leg(self.flow.main_leg)
        called = main is not None and main.role is LegRole.DESTINATION and main.answered_at is not None
        return self.connected_at is not None or called

    @property
    def talked_from(self) -> dt.datetime | None:
        """Since when somebody has talked with the customer, if only a program that called him; None: nobody has."""
        return self.connected_at or (self.answered_at if self.reached else None)

    @property
    def next_deadline_at(self) -> dt.datetime | None:
        return min(self.timers.values(), default=None)

    @property
    def customer_leg(self) -> Leg | None:
        """The customer's leg, alive: the main one, but for calls that an agent began the one that was dialled."""
        main = self.leg(self.flow.main_leg)
        if main is None or main.agent is None or not self.flow.dial_leg:
            return self.caller
        dialled = self.leg(self.flow.dial_leg)
        return dialled if dialled is not None and dialled.alive else None
