"""Pure rules of agents: what an agent does, what follows what, and whether a queue's call may reach him.

An agent's *activity* is what the system knows in detail; the compatible `system_status` is kept in step with it. He is
*free* when every rule lets a call through that does not depend on the queue; `free_since` says since when, and the
longest idle agent is the one with the smallest. All changes return a settled state: `reach` and `free_since` fit the
rest.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, replace
from enum import IntEnum, IntFlag, StrEnum
from typing import Any

from common.phone import InvalidPhoneNumber, digits_of
from common.state_table import StateTable

AVAILABLE = "AVAILABLE"  # the only manual status that lets calls through; compared letter by letter
SIP_COUNTS = 2  # of `cond_routing`: a registered SIP phone makes an agent reachable (Source: concepts.md §4)


class TakesCallsOn(IntEnum):
    """`routing_type`."""

    DEVICE = 1
    PHONE = 2


class System(IntEnum):
    """`system_status`; the order is the compatible API's: 0 is busy (Source: concepts.md §3)."""

    IN_CALL = 0
    FREE = 1
    WRAP_UP = 2


class Reach(IntFlag):
    """Ways on which an agent can be rung now. All but `PHONE` are devices."""

    NONE = 0
    CONNECTION = 1  # the app or a page is connected
    PUSH = 2  # an app can be woken
    SIP = 4  # a SIP phone is registered
    PHONE = 8  # the own phone number


ONLINE = Reach.CONNECTION | Reach.PUSH  # what the compatible API calls online


class Activity(StrEnum):
    """What an agent does, as the system knows it."""

    IDLE = "idle"
    OFFERED = "offered"  # a call is proposed to him; he is reserved for it
    ON_CALL = "on_call"  # he talks, or calls out
    WRAP_UP = "wrap_up"


class AgentEvent(StrEnum):
    """What moves an agent."""

    OFFERED = "offered"
    OFFER_ENDED = "offer_ended"
    ANSWERED = "answered"
    CALLED_OUT = "called_out"
    RELEASED = "released"
    WRAP_UP_STARTED = "wrap_up_started"
    WRAP_UP_ENDED = "wrap_up_ended"
    FORCED_IDLE = "forced_idle"
    # What changes no activity, or not always, and decides whether calls come:
    WRAP_UP_EXTENDED = "wrap_up_extended"
    PAUSE_ENDED = "pause_ended"
    RETURNED = "returned"
    MANUAL_STATUS = "manual_status"
    PROGRAM_STATUS = "program_status"


ACTIVITY_TABLE = StateTable[Activity, AgentEvent](
    {
        (Activity.IDLE, AgentEvent.OFFERED): Activity.OFFERED,
        (Activity.OFFERED, AgentEvent.OFFER_ENDED): Activity.IDLE,
        (Activity.OFFERED, AgentEvent.ANSWERED): Activity.ON_CALL,
        (Activity.IDLE, AgentEvent.CALLED_OUT): Activity.ON_CALL,
        # Wrap-up keeps calls of queues away, not the agent's own calls (Source: concepts.md §6).
        (Activity.WRAP_UP, AgentEvent.CALLED_OUT): Activity.ON_CALL,
        (Activity.ON_CALL, AgentEvent.RELEASED): Activity.IDLE,
        (Activity.ON_CALL, AgentEvent.WRAP_UP_STARTED): Activity.WRAP_UP,
        (Activity.WRAP_UP, AgentEvent.WRAP_UP_ENDED): Activity.IDLE,
        **{(activity, AgentEvent.FORCED_IDLE): Activity.IDLE for activity in Activity if activity is not Activity.IDLE},
        (Activity.WRAP_UP, AgentEvent.WRAP_UP_EXTENDED): Activity.WRAP_UP,
        **{(activity, AgentEvent.PAUSE_ENDED): activity for activity in Activity},
        **{(activity, AgentEvent.RETURNED): activity for activity in Activity},
        **{(activity, AgentEvent.MANUAL_STATUS): activity for activity in Activity},
        (Activity.IDLE, AgentEvent.PROGRAM_STATUS): Activity.IDLE,
        (Activity.WRAP_UP, AgentEvent.PROGRAM_STATUS): Activity.IDLE,
    }
)

SYSTEM_STATUS = {
    Activity.IDLE: System.FREE,
    Activity.OFFERED: System.FREE,
    Activity.ON_CALL: System.IN_CALL,
    Activity.WRAP_UP: System.WRAP_UP,
}


class Unanswered(StrEnum):
    """How an offer ended that he did not answer."""

    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"  # the caller left, or was sent elsewhere


# How long the next offer waits: with one free agent the same one is rung again, and needs a moment (concepts.md §13).
PAUSE_S = {
    Unanswered.NO_ANSWER: 2,
    Unanswered.REJECTED: 5,  # he will not change his mind within a breath
    Unanswered.BUSY: 10,  # he talks on a phone that we do not see
    Unanswered.UNREACHABLE: 10,  # devices need some seconds to come back
    Unanswered.FAILED: 5,
}
COUNTS_AS_MISSED = frozenset({Unanswered.NO_ANSWER, Unanswered.UNREACHABLE})  # nobody was there


@dataclass(frozen=True, slots=True)
class AgentState:
    """Everything that decides about an agent. The names are those of the table's columns."""

    agent_id: int
    user_id: str
    manual_status: str | None = None
    routing_type: int = TakesCallsOn.DEVICE
    phone_number: str = ""
    device_status: int = Reach.NONE  # of his devices, whatever he takes calls on
    system_status: int = System.FREE
    activity: Activity = Activity.IDLE
    activity_since: dt.datetime | None = None
    call_ref: str = ""  # the id of the call that occupies him
    wrap_up_until: dt.datetime | None = None
    wrap_up_extended: bool = False
    missed_in_a_row: int = 0
    set_aside_at: dt.datetime | None = None
    paused_until: dt.datetime | None = None
    reach: int = Reach.NONE
    free_since: dt.datetime | None = None
    free_before_offer: dt.datetime | None = None
    last_time_pickup: dt.datetime | None = None
    last_time_support_call_ended: dt.datetime | None = None


# ── Availability ─────────────────────────────────────────────────────────────────────────────────────────────────────


class Rule(StrEnum):
    """Why an agent is passed over, in the order in which the rules are looked at."""

    MANUAL_STATUS = "manual_status"
    SET_ASIDE = "set_aside"
    IN_CALL = "in_call"
    OFFERED = "offered"
    WRAP_UP = "wrap_up"
    PAUSED = "paused"
    SYSTEM_STATUS = "system_status"  # a program says so
    NO_DEVICE = "no_device"
    ONLY_SIP = "only_sip"  # and the queue does not count SIP phones
    NO_PHONE_NUMBER = "no_phone_number"
    NO_CALLER_ID = "no_caller_id"  # the queue has no number to show when it rings telephones


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The first rule that forbids a call, and until when at most, where that is known."""

    rule: Rule
    until: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class QueueNeeds:
    """What of a queue's settings decides whether an agent can be rung."""

    cond_routing: int = 1
    has_caller_id_for_phones: bool = False


_BUSY = {Activity.ON_CALL: Rule.IN_CALL, Activity.OFFERED: Rule.OFFERED, Activity.WRAP_UP: Rule.WRAP_UP}


def reach_mask(queue: QueueNeeds) -> Reach:
    """The ways on which a queue may ring agents: `reach & mask` is 0 for whom it cannot."""
    sip = Reach.SIP if queue.cond_routing == SIP_COUNTS else Reach.NONE
    phone = Reach.PHONE if queue.has_caller_id_for_phones else Reach.NONE
    return ONLINE | sip | phone


def availability(agent: AgentState, queue: QueueNeeds) -> Unavailable | None:
    """The first rule that forbids offering a queue's call to an agent; None when he may get it.

    It needs no clock: pauses and wrap-ups hold until their end has been noted, as in `free_since`.
    Source: concepts.md §4-6.
    """
    return kept_away(agent) or _unreachable(agent, queue)


def kept_away(agent: AgentState) -> Unavailable | None:
    """The first rule that keeps every call from an agent, wherever he could be rung; None when there is none."""
    if agent.manual_status != AVAILABLE:
        return Unavailable(Rule.MANUAL_STATUS)
    if agent.set_aside_at is not None:
        return Unavailable(Rule.SET_ASIDE)
    if agent.activity in _BUSY:
        return Unavailable(_BUSY[agent.activity], until=agent.wrap_up_until)
    if agent.paused_until is not None:
        return Unavailable(Rule.PAUSED, until=agent.paused_until)
    if agent.system_status != System.FREE:
        return Unavailable(Rule.SYSTEM_STATUS)
    return None


def _unreachable(agent: AgentState, queue: QueueNeeds) -> Unavailable | None:
    if agent.reach & reach_mask(queue):
        return None
    if agent.routing_type == TakesCallsOn.PHONE:
        return Unavailable(Rule.NO_CALLER_ID if agent.reach else Rule.NO_PHONE_NUMBER)
    return Unavailable(Rule.ONLY_SIP if agent.reach & Reach.SIP else Rule.NO_DEVICE)


def endpoints_of(agent: AgentState, queue: QueueNeeds, project_id: int, country: str = "") -> tuple[str, ...]:
    """Where a queue's call rings for an agent, all at once; empty when he cannot be reached.

    Shape: `web:<project>_<user>`, `sip:<project>_<user>`, or `tel:<digits>`. `country` (ISO letters) reads national
    numbers.
    """
    usable = agent.reach & reach_mask(queue)
    endpoints = []
    if usable & ONLINE:
        endpoints.append(f"web:{project_id}_{agent.user_id}")
    if usable & Reach.SIP:
        endpoints.append(f"sip:{project_id}_{agent.user_id}")
    if usable & Reach.PHONE:
        endpoints.append(f"tel:{_digits(agent.phone_number, country)}")
    return tuple(endpoints)


def _digits(number: str, country: str) -> str:
    try:
        return digits_of(number, country)
    except InvalidPhoneNumber:
        return re.sub(r"\D", "", number)


def settled(agent: AgentState, now: dt.datetime) -> AgentState:
    """The same agent with a pause ended that is over, and with `reach` and `free_since` that fit the rest."""
    paused = None if agent.paused_until is not None and agent.paused_until <= now else agent.paused_until
    agent = replace(agent, paused_until=paused, reach=_reach(agent))
    free = agent.reach != Reach.NONE and kept_away(agent) is None
    return replace(agent, free_since=(agent.free_since or now) if free else None)


def _reach(agent: AgentState) -> int:
    if agent.routing_type == TakesCallsOn.PHONE:
        return Reach.PHONE if agent.phone_number else Reach.NONE
    return agent.device_status


# ── Changes. Each returns None when it means nothing in the agent's present state ────────────────────────────────────


def offered(agent: AgentState, call_ref: str, now: dt.datetime, *, rung_elsewhere: bool = False) -> AgentState | None:
    """He is reserved for a call, if he is free.

    `rung_elsewhere`: on a telephone that a customer's list names for this call, so that he needs nothing to be rung on.
    """
    if kept_away(agent) is not None or (agent.reach == Reach.NONE and not rung_elsewhere):
        return None
    return _moved(agent, AgentEvent.OFFERED, now, call_ref, free_before_offer=agent.free_since)


def unanswered(
    agent: AgentState, call_ref: str, how: Unanswered, missed_limit: int, now: dt.datetime
) -> AgentState | None:
    """The offer of this call is over. He pauses, or is set aside after `missed_limit` misses in a row (0: never).

    When the caller left, he keeps his place among the idle agents.
    """
    if agent.call_ref != call_ref:
        return None
    moved = _moved(agent, AgentEvent.OFFER_ENDED, now, free_since=agent.free_before_offer)
    if moved is None or how is Unanswered.WITHDRAWN:
        return moved
    missed = agent.missed_in_a_row + (how in COUNTS_AS_MISSED)
    aside = how in COUNTS_AS_MISSED and 0 < missed_limit <= missed
    missing = replace(
        moved,
        missed_in_a_row=missed,
        set_aside_at=now if aside else moved.set_aside_at,
        paused_until=None if aside else now + dt.timedelta(seconds=PAUSE_S[how]),
    )
    return settled(missing, now)


def answered(agent: AgentState, call_ref: str, now: dt.datetime) -> AgentState | None:
    """He has taken the call that was offered to him."""
    if agent.call_ref != call_ref:
        return None
    return _moved(agent, AgentEvent.ANSWERED, now, call_ref, missed_in_a_row=0, last_time_pickup=now)


def called_out(agent: AgentState, call_ref: str, now: dt.datetime) -> AgentState | None:
    """He dials out, or his device is rung for a call that he started; a wrap-up ends with that."""
    return _moved(agent, AgentEvent.CALLED_OUT, now, call_ref)


def released(
    agent: AgentState, call_ref: str, now: dt.datetime, *, wrap_up_s: int | None = None, of_queue: bool = True
) -> AgentState | None:
    """His part of the call is over: wrap-up of so many seconds, or idle without one.

    `of_queue`: it was a queue's call, whose end counts in `last_time_support_call_ended`.
    """
    if agent.call_ref != call_ref:
        return None
    ended = now if of_queue else agent.last_time_support_call_ended
    if not wrap_up_s:
        return _moved(agent, AgentEvent.RELEASED, now, last_time_support_call_ended=ended)
    until = now + dt.timedelta(seconds=wrap_up_s)
    return _moved(agent, AgentEvent.WRAP_UP_STARTED, now, last_time_support_call_ended=ended, wrap_up_until=until)


def wrap_up_ended(agent: AgentState, now: dt.datetime) -> AgentState | None:
    """After-call work is done."""
    return _moved(agent, AgentEvent.WRAP_UP_ENDED, now)


def wrap_up_extended(agent: AgentState, now: dt.datetime) -> AgentState | None:
    """After-call work goes on for as long again as the queue gave at first; once."""
    since, until = agent.activity_since, agent.wrap_up_until
    if agent.activity is not Activity.WRAP_UP or agent.wrap_up_extended or since is None or until is None:
        return None
    return settled(replace(agent, wrap_up_until=until + (until - since), wrap_up_extended=True), now)


def forced_idle(agent: AgentState, now: dt.datetime) -> AgentState | None:
    """Whatever he was held for is gone."""
    return _moved(agent, AgentEvent.FORCED_IDLE, now)


def returned(agent: AgentState, now: dt.datetime) -> AgentState:
    """He is there again: calls come to him as if he had missed none."""
    return settled(replace(agent, set_aside_at=None, paused_until=None, missed_in_a_row=0), now)


def status_chosen(agent: AgentState, status: str | None, now: dt.datetime) -> AgentState:
    """He chose a manual status. AVAILABLE says too that he is there again."""
    chosen = replace(agent, manual_status=status)
    return returned(chosen, now) if status == AVAILABLE else settled(chosen, now)


def status_of_program(agent: AgentState, status: int, now: dt.datetime) -> AgentState:
    """A program writes `system_status`: it holds until the system's next own change.

    During wrap-up, FREE and IN_CALL end it. While a call is offered to him or goes on, the system knows better.
    """
    if agent.activity in (Activity.OFFERED, Activity.ON_CALL):
        return agent
    if agent.activity is Activity.WRAP_UP:
        if status == System.WRAP_UP:
            return agent
        agent = wrap_up_ended(agent, now) or agent
    return settled(replace(agent, system_status=status), now)


def _moved(
    agent: AgentState, event: AgentEvent, now: dt.datetime, call_ref: str = "", **more: Any
) -> AgentState | None:
    after = ACTIVITY_TABLE.after(agent.activity, event)
    if after is None:
        return None
    fresh = replace(
        agent,
        activity=after,
        activity_since=now,
        system_status=SYSTEM_STATUS[after],
        call_ref=call_ref,
        wrap_up_until=None,
        wrap_up_extended=False,
        free_before_offer=None,
    )
    return settled(replace(fresh, **more), now)
