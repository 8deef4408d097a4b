"""A project in memory, and stories about calls in it: what happens, and what the conductor makes of it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from callflow.domain import events as on
from callflow.domain.call import AgentRef, Call, Flow, Leg, Party, Timer, TransferKind
from callflow.domain.conductor import advance, due_timers
from callflow.domain.config import AgentConfig, NumberConfig, QueueConfig, Settings
from callflow.domain.effects import AgentEffect, AgentMissed, AgentReleased, Ask, Effect, Publish
from callflow.domain.turn import Moved
from callflow.scco.actions import Program
from callflow.scco.parse import parse
from calls.domain import CallState, Cause, Direction, LegRole, LegState
from ivr.domain.tree import Tree
from ivr.tests import trees
from telephony import port
from telephony.port import AudioFile, Command, HangupCause

NOW = dt.datetime(2026, 1, 5, 2, 0, tzinfo=dt.UTC)
CUSTOMER, HOTLINE, ELSEWHERE = "84900000012", "842473082686", "84909982888"
SALES, SUPPORT, NIGHT = 1, 2, 3
LAN, MINH, HOA = AgentRef(11, "lan"), AgentRef(12, "minh"), AgentRef(13, "hoa")
CALLER = "caller"
INFO_URL, ANSWER_URL, CALLOUT_URL = (f"https://crm.example.net/{name}" for name in ("info", "answer", "callout"))


TO_SALES = NumberConfig(1, HOTLINE, queue=SALES)
TO_NIGHT = NumberConfig(1, HOTLINE, queue=NIGHT)
TO_MENU = NumberConfig(1, HOTLINE, tree="TR1")
A_CUSTOMER = Party(CUSTOMER)


class Texts:
    """Texts that tests recognise."""

    def goodbye(self) -> str:
        return "goodbye"

    def leave_message(self) -> str:
        return "leave a message"

    def thanks_for_message(self) -> str:
        return "thanks"

    def place_in_line(self, place: int | None, wait_s: int | None) -> str:
        return f"place {place}, wait {wait_s}"


@dataclass(frozen=True)
class WayOut:
    """What a queue does with a caller whom it does not keep."""

    action: str
    to_queue_id: int | None = None
    to_number: str = ""
    from_number: str = ""
    to_node_id: str = ""
    tree_id: str = ""
    message: str = ""
    greeting_file: str = ""


QUEUES = {
    SALES: QueueConfig(
        SALES,
        "QUSALES",
        "Sales",
        record=True,
        wrap_up_s=10,
        wait_music=(AudioFile(7, "wait.mp3"),),
        hold_music=(AudioFile(7, "hold.mp3"),),
        max_wait_s=300,
        backup_after_s=20,
        voicemail_max_s=60,
    ),
    SUPPORT: QueueConfig(SUPPORT, "QUSUPPORT", "Support"),
    NIGHT: QueueConfig(NIGHT, "QUNIGHT", "Night", announce_position=True, announce_every_s=30),
}
MENU = trees.tree(
    trees.node(
        "welcome",
        trees.to_queue("1", trees.QueueId("QUSALES")),
        trees.to_node("2", "more"),
        trees.forward("3"),
        trees.KeyPress("4", trees.Action.VOICEMAIL),
        trees.KeyPress("5", trees.Action.SMS, sms="We are at 1 Main Street."),
        trees.hang_up("6"),
        trees.to_queue("7", trees.QueueId("QUGONE")),
    ),
    trees.node("more", trees.to_node("EMPTY_KEY", "welcome"), trees.hang_up("INVALID_KEY")),
)


def agent(ref: AgentRef, *, busy: bool = False, endpoints: tuple[str, ...] | None = None) -> AgentConfig:
    where = (f"web:7_{ref.user_id}",) if endpoints is None else endpoints
    return AgentConfig(ref.id, ref.user_id, ref.user_id.title(), busy, where)


@dataclass(frozen=True)
class Project:
    """One project's configuration. Change it with `dataclasses.replace`."""

    project_id: int = 7
    settings: Settings = field(default_factory=Settings)
    texts: Texts = field(default_factory=Texts)
    hotline: NumberConfig = TO_SALES
    trees: Mapping[str, Tree] = field(default_factory=lambda: {"TR1": MENU})
    queues: Mapping[int, QueueConfig] = field(default_factory=lambda: QUEUES)
    ways_out: Mapping[tuple[int, str], WayOut] = field(default_factory=dict)
    agents: tuple[AgentConfig, ...] = (agent(LAN), agent(MINH), agent(HOA))
    blocked: frozenset[str] = frozenset()
    blocked_in_queues: frozenset[str] = frozenset()
    priorities: Mapping[str, int] = field(default_factory=dict)
    last_agents: Mapping[str, int] = field(default_factory=dict)
    closed: frozenset[int] = frozenset()
    full: frozenset[int] = frozenset()
    deserted: frozenset[int] = frozenset()
    refusal: Cause | None = None
    after_hours: bool = False

    def number(self, digits: str) -> NumberConfig | None:
        return self.hotline if digits == self.hotline.digits else None

    def tree(self, public_id: str) -> Tree | None:
        return self.trees.get(public_id)

    def queue(self, queue: int) -> QueueConfig | None:
        return self.queues.get(queue)

    def queue_id(self, public_id: str) -> int | None:
        return next((queue.id for queue in self.queues.values() if queue.public_id == public_id), None)

    def way_out(self, queue: int, cause: str) -> WayOut | None:
        chosen = self.ways_out.get((queue, cause))
        return chosen if chosen is not None or cause == "nobody_signed_in" else WayOut("message")

    def agent(self, user_id: str) -> AgentConfig | None:
        return next((each for each in self.agents if each.user_id == user_id), None)

    def may_call_out(self, user_id: str, now: dt.datetime) -> bool:
        return not self.after_hours

    def digits(self, number: str) -> str:
        return number if number.isdecimal() else ""

    def ivr_blocked(self, caller: str) -> bool:
        return caller in self.blocked

    def queue_blocked(self, caller: str) -> bool:
        return caller in self.blocked_in_queues

    def priority_of(self, caller: str) -> int:
        return self.priorities.get(caller, 0)

    def last_agent_of(self, customer: str) -> int | None:
        return self.last_agents.get(customer)

    def is_open(self, queue: int, now: dt.datetime) -> bool:
        return queue not in self.closed

    def is_full(self, queue: int) -> bool:
        return queue in self.full

    def anybody_signed_in(self, queue: int) -> bool:
        return queue not in self.deserted

    def place_of(self, entry: int) -> int:
        return 3

    def estimated_wait_s(self, queue: int, place: int) -> int | None:
        return place * 40

    def outbound_refusal(self, digits: str, now: dt.datetime) -> Cause | None:
        return self.refusal if digits else Cause.INVALID_NUMBER


OURS = Project()
WITH_MENU = replace(OURS, hotline=TO_MENU)


# ── New calls ────────────────────────────────────────────────────────────────────────────────────────────────────────
def inbound() -> Call:
    """A customer calls the hotline."""
    leg = Leg(CALLER, LegRole.CALLER, LegState.INCOMING, f"tel:{CUSTOMER}", CUSTOMER, NOW)
    return Call(
        id="call-1",
        project_id=7,
        direction=Direction.INBOUND,
        state=CallState.RINGING_IN,
        from_=A_CUSTOMER,
        to=Party(HOTLINE),
        customer=CUSTOMER,
        created_at=NOW,
        legs=(leg,),
        flow=Flow(main_leg=CALLER),
    )


def from_device(to: Party = A_CUSTOMER, *, by: AgentRef | None = LAN) -> Call:
    """Lan dials on her device."""
    leg = Leg(CALLER, LegRole.CALLER, LegState.INCOMING, "web:7_lan", "lan", NOW, by)
    direction = Direction.INTERNAL if to.internal else Direction.OUTBOUND
    return replace(outbound(direction), to=to, request_user_id="lan", agent=by, legs=(leg,), flow=Flow(main_leg=CALLER))


def outbound(direction: Direction = Direction.OUTBOUND, to: Party = A_CUSTOMER) -> Call:
    """We call a customer; who is rung first, the request says."""
    return Call(
        id="call-1",
        project_id=7,
        direction=direction,
        state=CallState.AUTHORISING,
        from_=Party(HOTLINE, "Ours"),
        to=to,
        customer="" if to.internal else to.number,
        created_at=NOW,
    )


CALLOUT = on.CalloutRequested(LAN, ("web:7_lan",), Party(CUSTOMER, "VIP"))


# ── Stories ──────────────────────────────────────────────────────────────────────────────────────────────────────────
Kind = TypeVar("Kind")


class Story:
    """One call: events go in, and everything that the conductor wanted is remembered.

    It keeps the call as the database would: through JSON, and with a number for each new stay in a queue.
    """

    def __init__(self, call: Call, config: Project = OURS) -> None:
        self.call = call
        self.config = config
        self.now = NOW
        self.effects: list[Effect] = []
        self.moved: list[Moved] = []
        self.latest: tuple[Effect, ...] = ()
        self._stays = 0

    def happens(self, *happened: on.CallHappening) -> Story:
        """Let something happen; `latest` is then what the last of it brought about."""
        for event in happened:
            decision = advance(self.call, event, self.config, self.now)
            self.call = self._stored(decision.call)
            self.latest = decision.effects
            self.effects.extend(decision.effects)
            self.moved.extend(decision.moved)
        return self

    def _stored(self, call: Call) -> Call:
        flow = Flow.from_json(json.loads(json.dumps(call.flow.to_json())))
        assert flow == call.flow
        if call.entry is None or call.entry.id:
            return call
        self._stays += 1
        return replace(call, entry=replace(call.entry, id=self._stays))

    # ── Time ─────────────────────────────────────────────────────────────────────────────────────────────────────
    def passes(self, seconds: float) -> Story:
        """Let time pass; timers fire when they are due, in their order."""
        until = self.now + dt.timedelta(seconds=seconds)
        while (at := self.call.next_deadline_at) is not None and at <= until:
            self.now = max(self.now, at)
            self.happens(*due_timers(self.call, self.now))
        self.now = until
        return self

    # ── Parties ──────────────────────────────────────────────────────────────────────────────────────────────────
    def rings(self, leg: str | None = None) -> Story:
        return self.happens(port.Ringing(leg or self.dialled))

    def answers(self, leg: str | None = None) -> Story:
        return self.happens(port.Answered(leg or self.dialled))

    def leaves(self, leg: str = CALLER, cause: HangupCause = HangupCause.NORMAL) -> Story:
        return self.happens(port.Ended(leg, cause))

    def fails(self, cause: HangupCause) -> Story:
        """The leg that was dialled last ends unanswered."""
        return self.leaves(self.dialled, cause)

    def offered(self, to: AgentRef = LAN, *, offer: int = 1, timeout_s: int = 20) -> Story:
        entry = self.call.entry.id if self.call.entry is not None else 0
        made = on.OfferMade(entry, offer, f"offer-{offer}", to, (f"web:7_{to.user_id}",), timeout_s, offer)
        return self.happens(made)

    def talks(self, to: AgentRef = LAN, *, offer: int = 1) -> Story:
        """The call is offered to an agent, who answers."""
        return self.offered(to, offer=offer).rings().answers()

    def transferred(self, to: AgentRef | str | int, kind: TransferKind = TransferKind.BLIND) -> Story:
        """To an agent, a telephone, or a queue."""
        if isinstance(to, AgentRef):
            party = Party(to.user_id, internal=True)
            return self.happens(on.TransferRequested(kind, party, agent=to, endpoints=(f"web:7_{to.user_id}",)))
        if isinstance(to, int):
            return self.happens(on.TransferRequested(kind, Party(""), queue=to))
        return self.happens(on.TransferRequested(kind, Party(to), endpoints=(f"tel:{to}",)))

    # ── Sound and answers ────────────────────────────────────────────────────────────────────────────────────────
    def presses(self, digits: str, reason: str = "max_digits") -> Story:
        asked = self.last(port.Gather)
        return self.happens(port.Gathered(asked.leg, asked.gather, digits, reason))

    def hears(self) -> Story:
        """What is played ends."""
        played = self.last(port.Play)
        return self.happens(port.PlayEnded(played.leg, played.play))

    def recorded(self, file: str = "message.mp3") -> Story:
        recording = self.last(port.StartRecording)
        return self.happens(port.RecordingReady(recording.leg, recording.recording, file, 2000, 1000))

    def server_says(self, answer: Any) -> Story:
        """The customer's server answers what it was asked last; None: it fails."""
        text = answer if isinstance(answer, str | None) else json.dumps(answer)
        return self.happens(on.QuestionAnswered(self.last(Ask).question, text))

    # ── What came of it ──────────────────────────────────────────────────────────────────────────────────────────
    def all(self, kind: type[Kind]) -> list[Kind]:
        return [each for each in self.effects if isinstance(each, kind)]

    def last(self, kind: type[Kind]) -> Kind:
        return self.all(kind)[-1]

    @property
    def dialled(self) -> str:
        """The leg that was dialled last."""
        return self.last(port.Dial).leg

    @property
    def states(self) -> list[str]:
        """The states that the call went through."""
        return [each.after for each in self.moved if each.subject == "call"]

    @property
    def told(self) -> list[str]:
        """What the customer's server was told, with whom it was about where that is not the number called."""
        called = self.call.to.number
        return [
            each.status if each.to.number == called else f"{each.status}({each.to.number})"
            for each in self.all(Publish)
        ]

    @property
    def agents(self) -> list[AgentEffect]:
        """What was done with agents."""
        return self.all(AgentEffect)

    @property
    def commands(self) -> list[Command]:
        """What the engine was told by the latest event."""
        return [each for each in self.latest if isinstance(each, Command)]

    @property
    def ended(self) -> tuple[str | None, str, str]:
        """Outcome, cause, and who ended it."""
        return self.call.outcome, self.call.cause, self.call.ended_by

    def timer_in(self, timer: Timer) -> float:
        """Seconds until a timer is due."""
        return (self.call.timers[timer] - self.now).total_seconds()


def arrives(config: Project = OURS) -> Story:
    """A customer calls."""
    return Story(inbound(), config).happens(on.Arrived())


def dials(config: Project = OURS, call: Call | None = None) -> Story:
    """Lan dials a customer on her device."""
    return Story(call or from_device(), config).happens(on.Arrived())


def program(*actions: Mapping[str, Any]) -> Program:
    """A program as customers write it."""
    return parse(list(actions))


def connect(to: str = ELSEWHERE, *, internal: bool = False, **more: Any) -> dict[str, Any]:
    return {
        "action": "connect",
        "from": {"type": "external", "number": HOTLINE},
        "to": {"type": "internal" if internal else "external", "number": to},
        **more,
    }


TALK = {"action": "talk", "text": "Hello"}
KEYS = {"action": "input", "eventUrl": "https://crm.example.net/keys", "maxDigits": 1}
MESSAGE = {"action": "recordMessage", "eventUrl": "https://crm.example.net/message"}
RECORD = {"action": "record", "format": "wav", "recordStereo": True, "eventUrl": "https://crm.example.net/record"}


def released(ref: AgentRef, wrap_up_s: int | None = None, *, queue_call: bool = False) -> AgentReleased:
    return AgentReleased(ref, wrap_up_s, queue_call)


def missed(ref: AgentRef, outcome: Any) -> AgentMissed:
    return AgentMissed(ref, outcome)
