"""One decision in the making: the call as it changes, and what is to be done outside of it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

from callflow.domain.call import AgentRef, Call, Entry, Flow, Leg, Offer, Party, Timer
from callflow.domain.config import Config
from callflow.domain.effects import AgentReleased, Effect, Publish
from calls.domain import CALL_TABLE, LEG_TABLE, CallEvent, CallState, LegEvent, LegRole, LegState
from queues.entries import ENTRY_TABLE, EntryEvent, EntryOutcome, EntryState
from routing.domain.offers import OFFER_TABLE, OfferEvent
from telephony.port import Hangup, HangupCause, Media, Play

Copied = TypeVar("Copied", Call, Flow)


@dataclass(frozen=True, slots=True)
class Moved:
    """A change of state, for the transition log. `subject`: call, leg, entry, offer; `subject_id` 0: not stored yet."""

    subject: str
    subject_id: str
    event: str
    before: str
    after: str
    details: dict[str, Any] = field(default_factory=dict)


# A decision changes a call ten times and more. Making a new call of thirty fields each time was four fifths of the
# conductor's time (measured 2026-11); so a turn has a copy of its own, which is frozen to everybody else.
_FIELDS = {kind: tuple(each.name for each in fields(kind)) for kind in (Call, Flow)}


def _copy(call: Call) -> Call:
    return _fresh(call, flow=_fresh(call.flow))


def _fresh(value: Copied, **changes: Any) -> Copied:
    kind = type(value)
    copied = object.__new__(kind)
    _set(copied, {name: getattr(value, name) for name in _FIELDS[kind]} | changes)
    return copied


def _set(value: object, changes: Mapping[str, Any]) -> None:
    for name, new in changes.items():
        object.__setattr__(value, name, new)


class Turn:
    """What a handler works on. Pure: it changes nothing but itself, and the copy of the call that it began with.

    Moves go through the state tables; one that a table does not know changes nothing and answers False.
    """

    def __init__(self, call: Call, config: Config, now: dt.datetime) -> None:
        self.call = _copy(call)
        self.config = config
        self.now = now
        self.effects: list[Effect] = []
        self.moved: list[Moved] = []

    # ── The call ─────────────────────────────────────────────────────────────────────────────────────────────────
    def change(self, **fields: Any) -> None:
        _set(self.call, fields)

    def flow(self, **fields: Any) -> None:
        _set(self.call.flow, fields)

    def move(self, event: CallEvent, **details: Any) -> bool:
        after = CALL_TABLE.after(self.call.state, event)
        if after is None:
            return False
        self.moved.append(Moved("call", self.call.id, event, self.call.state, after, details))
        self.change(state=after)
        return True

    def new_id(self, kind: str) -> str:
        """A name for something of this call: the same decision makes the same names."""
        self.flow(made=self.call.flow.made + 1)
        return f"{self.call.id}-{kind}{self.call.flow.made}"

    def new_question(self) -> str:
        """As `new_id`, in the shape of a question's id (a UUID as text)."""
        return str(uuid.uuid5(uuid.NAMESPACE_OID, self.new_id("ask")))

    def do(self, *effects: Effect) -> None:
        self.effects.extend(effects)

    # ── Timers ───────────────────────────────────────────────────────────────────────────────────────────────────
    def set_timer(self, timer: Timer, after_s: float) -> None:
        at = self.now + dt.timedelta(seconds=after_s)
        self.change(timers={**self.call.timers, timer: at})

    def clear(self, *timers: Timer) -> None:
        left = {timer: at for timer, at in self.call.timers.items() if timer not in timers}
        self.change(timers=left)

    # ── Legs ─────────────────────────────────────────────────────────────────────────────────────────────────────
    def new_leg(
        self,
        role: LegRole,
        endpoint: str,
        number: str,
        agent: AgentRef | None = None,
        *,
        leg_id: str = "",
        **details: str,
    ) -> Leg:
        """A leg that is dialled from now on. `details`: what the log tells beside its role and endpoint."""
        leg = Leg(leg_id or self.new_id("leg"), role, LegState.DIALING, endpoint, number, self.now, agent)
        self.change(legs=(*self.call.legs, leg))
        told = {"role": role, "endpoint": endpoint, **details}
        self.moved.append(Moved("leg", leg.id, "start", "", leg.state, told))
        return leg

    def move_leg(
        self, leg_id: str, event: LegEvent, *, details: Mapping[str, Any] | None = None, **fields: Any
    ) -> bool:
        """`details`: what the log tells beside the cause."""
        leg = self.call.leg(leg_id)
        after = LEG_TABLE.after(leg.state, event) if leg is not None else None
        if leg is None or after is None:
            return False
        cause = {"cause": fields["cause"]} if "cause" in fields else {}
        self.moved.append(Moved("leg", leg.id, event, leg.state, after, {**cause, **(details or {})}))
        self.change_leg(leg_id, state=after, **fields)
        return True

    def change_leg(self, leg_id: str, **fields: Any) -> None:
        self.change(legs=tuple(replace(leg, **fields) if leg.id == leg_id else leg for leg in self.call.legs))

    def end_hold(self, leg_id: str) -> None:
        leg = self.call.leg(leg_id)
        if leg is not None and leg.held:
            self.move_leg(leg_id, LegEvent.UNHOLD, held=False)

    def hang_up(self, leg_id: str, cause: HangupCause = HangupCause.NORMAL) -> None:
        """End a leg of ours: it is gone for us as soon as the engine has been told."""
        if self.move_leg(leg_id, LegEvent.END, ended_at=self.now, cause=cause):
            self.do(Hangup(leg_id, cause))

    def play(self, leg_id: str, media: tuple[Media, ...], *, loops: int = 1, awaited: bool = False) -> None:
        play = self.new_id("play")
        if awaited:
            self.flow(awaits=play)
        self.do(Play(leg_id, play, media, loops))

    # ── Queue entry and offer ────────────────────────────────────────────────────────────────────────────────────
    def move_entry(self, event: EntryEvent, **fields: Any) -> bool:
        entry = self.call.entry
        after = ENTRY_TABLE.after(entry.state, event) if entry is not None else None
        if entry is None or after is None:
            return False
        details = {"outcome": fields["outcome"]} if "outcome" in fields else {}
        self.moved.append(Moved("entry", str(entry.id), event, entry.state, after, details))
        self.change(entry=replace(entry, state=after, **fields))
        return True

    def add_entry(self, entry: Entry) -> None:
        self.change(entry=entry)
        self.moved.append(Moved("entry", "0", "enter", "", entry.state, {"queue": entry.queue}))

    @property
    def stay(self) -> Entry | None:
        """The stay in a queue that goes on; a call keeps its last one when that has ended."""
        entry = self.call.entry
        return entry if entry is not None and entry.state is not EntryState.ENDED else None

    def leave_queue(self, outcome: EntryOutcome) -> None:
        self.move_entry(EntryEvent.LEAVE, outcome=outcome, ended_at=self.now)

    def close_offer(self, event: OfferEvent, cause: str = "") -> Offer | None:
        """End the open offer. Returns it as it was, or None when there is no open one."""
        offer = self.call.offer
        after = OFFER_TABLE.after(offer.state, event) if offer is not None else None
        if offer is None or after is None:
            return None
        self.moved.append(Moved("offer", str(offer.id), event, offer.state, after, {"cause": cause} if cause else {}))
        self.change(offer=replace(offer, state=after, ended_at=self.now, cause=cause))
        self.clear(Timer.OFFER)
        return offer

    # ── Agents and events ────────────────────────────────────────────────────────────────────────────────────────
    def release_agent(self, agent: AgentRef, *, talked: bool) -> None:
        """An agent is free, or in wrap-up when he has talked with a caller from a queue."""
        stay = self.stay
        served = talked and stay is not None and stay.state is EntryState.CONNECTED
        queue = self.config.queue(stay.queue) if stay is not None and served else None
        self.do(AgentReleased(agent, queue.wrap_up_s if queue is not None else None, queue_call=served))

    def publish(self, status: str, *, to: Party | None = None, actor: Party | None = None, cause: str = "") -> None:
        """Tell the customer's server. `to`: who is rung or talks, where that is not who was called."""
        self.change(serial=self.call.serial + 1)
        queue = self.call.entry.queue if self.call.entry is not None else None
        self.do(Publish(status, self.call.serial, to or self.call.to, actor, cause, queue))

    def agent_party(self, agent: AgentRef) -> Party:
        """An agent as events show him (Source: webhooks.md §7.4)."""
        return Party(agent.user_id, self.call.ours.alias or self.call.ours.number, internal=True)

    def party_of(self, leg: Leg) -> Party:
        """Whoever a dialled leg rings, as events show him."""
        if leg.agent is not None:
            return self.agent_party(leg.agent)
        if leg.number == self.call.to.number:
            return self.call.to
        return Party(leg.number, internal=not leg.endpoint.startswith("tel:"))

    def others(self, leg_id: str) -> Iterable[Leg]:
        """The live legs but one."""
        return (leg for leg in self.call.live_legs if leg.id != leg_id)

    @property
    def ended(self) -> bool:
        return self.call.state is CallState.ENDED
