"""Guests of a conversation: third persons who talk along, and supervisors who listen, whisper or join.

A conversation is the customer's and the host's, who is whoever talks with him. Guests are the host's. They are joined
with the next host when the customer is handed on, and wait in silence while nobody talks with him. When the host
leaves, a guest who talks goes on with the customer. Nobody outside is told of supervisors.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from agents.domain import Unanswered
from callflow.domain.call import Guest, Leg, Timer
from callflow.domain.dialling import is_outside, ring
from callflow.domain.effects import AgentAnswered, AgentMissed, AgentReleased, RingDoorbell
from callflow.domain.ending import agent_leaves
from callflow.domain.events import GuestChanged, GuestRequested
from callflow.domain.queueing import unanswered
from callflow.domain.talking import bridge, limit_talk, make_main, talks
from callflow.domain.turn import Turn
from calls.domain import CallState, LegEvent, LegRole
from telephony.port import HangupCause, Join, Unbridge

MOST_GUESTS = 4  # beside the two whose conversation it is; a mix of more voices is no conversation any more
RING_S = 30


# ── Coming ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def request(turn: Turn, wanted: GuestRequested) -> None:
    """Ring somebody who is to take part; one at a time."""
    if not _may_come(turn, wanted):
        _let_go(turn, wanted)
        return
    endpoint = wanted.endpoints[0]
    leg = turn.new_leg(wanted.role, endpoint, wanted.to.number, wanted.agent, part=wanted.part, by=wanted.by)
    turn.flow(guests=(*turn.call.flow.guests, Guest(leg.id, wanted.part, wanted.by)))
    ring(
        turn,
        leg,
        wanted.endpoints,
        shown=wanted.shown or (turn.call.ours if is_outside(leg) else turn.call.theirs),
        alias=wanted.to.alias or turn.call.ours.alias or turn.call.ours.number,
        timeout_s=RING_S,
        custom_data=turn.call.custom_data,
        timer=Timer.GUEST_RING,
        info={"guest": wanted.role, "part": wanted.part},
    )


def _may_come(turn: Turn, wanted: GuestRequested) -> bool:
    call = turn.call
    if call.state is not CallState.CONNECTED or not has_room(turn) or not wanted.endpoints:
        return False
    if wanted.role is not LegRole.SUPERVISOR and (call.flow.transfer is not None or call.host is None):
        return False
    outside = wanted.agent is None and not wanted.to.internal
    return not outside or turn.config.outbound_refusal(turn.config.digits(wanted.to.number), turn.now) is None


def has_room(turn: Turn) -> bool:
    """Whether one more may take part: not too many do, and none is being rung."""
    return len(turn.call.flow.guests) < MOST_GUESTS and Timer.GUEST_RING not in turn.call.timers


def _let_go(turn: Turn, wanted: GuestRequested) -> None:
    agent, is_supervisor = wanted.agent, wanted.role is LegRole.SUPERVISOR
    if agent is not None:
        free = AgentReleased(agent, None, False) if is_supervisor else AgentMissed(agent, Unanswered.WITHDRAWN)
        turn.do(free, RingDoorbell())


def answered(turn: Turn, leg: Leg) -> None:
    """The guest is there; `settle` joins him with his host, if there is one now."""
    turn.clear(Timer.GUEST_RING)
    if leg.role is not LegRole.SUPERVISOR:
        if leg.agent is not None:
            turn.do(AgentAnswered(leg.agent))
        tell_of(turn, leg)
    limit_guests(turn)


def tell_of(turn: Turn, leg: Leg) -> None:
    """Tell the customer's server that a third person talks in the conversation."""
    party = turn.party_of(leg)
    turn.publish("answered", to=party, actor=party)


# ── While they are there ─────────────────────────────────────────────────────────────────────────────────────────────
def change(turn: Turn, wanted: GuestChanged) -> None:
    """A supervisor takes another part. Third persons talk."""
    guest, leg = turn.call.guest(wanted.leg), turn.call.leg(wanted.leg)
    if guest is None or leg is None or leg.role is not LegRole.SUPERVISOR or guest.part is wanted.part:
        return
    turn.move_leg(leg.id, LegEvent.PART, details={"part": wanted.part, "by": wanted.by})
    _keep(turn, replace(guest, part=wanted.part, host=""))


def settle(turn: Turn) -> None:
    """Let every guest be where he belongs after what has happened: with the host, in silence, or gone.

    Third persons are there for a conversation: when it is over and the call goes on, they are let go.
    """
    if not turn.call.flow.guests:
        return
    if turn.call.state is not CallState.CONNECTED:
        for leg in _third_persons(turn):
            dismiss(turn, leg)
    host = turn.call.host
    for guest in turn.call.flow.guests:
        _place(turn, guest, host)


def _place(turn: Turn, guest: Guest, host: Leg | None) -> None:
    leg, former = turn.call.leg(guest.leg), turn.call.leg(guest.host)
    with_leg = host.id if host is not None and leg is not None and leg.answered_at is not None else ""
    if with_leg == guest.host:
        return
    if with_leg:
        turn.do(Join(guest.leg, with_leg, guest.part))
    elif former is not None and former.alive:
        turn.do(Unbridge(guest.leg))
    _keep(turn, replace(guest, host=with_leg))


def _keep(turn: Turn, guest: Guest) -> None:
    turn.flow(guests=tuple(guest if each.leg == guest.leg else each for each in turn.call.flow.guests))


def has_third_person(turn: Turn) -> bool:
    """Whether somebody else than supervisors takes part, or is rung for it."""
    return bool(_third_persons(turn))


def _third_persons(turn: Turn) -> list[Leg]:
    return [leg for leg in _legs(turn) if leg.role is not LegRole.SUPERVISOR]


def _legs(turn: Turn) -> list[Leg]:
    return [leg for guest in turn.call.flow.guests if (leg := turn.call.leg(guest.leg)) is not None]


# ── Leaving ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def left(turn: Turn, leg: Leg, cause: HangupCause) -> None:
    """A guest has left, or does not come."""
    if leg.answered_at is not None:
        agent_leaves(turn, leg, cause)
    elif leg.role is LegRole.SUPERVISOR:
        agent_leaves(turn, leg)
    else:
        turn.publish("connect_failed", to=turn.party_of(leg), cause=cause)
        if leg.agent is not None:
            turn.do(AgentMissed(leg.agent, unanswered(cause)[1]), RingDoorbell())
    _forget(turn, leg)


def dismiss(turn: Turn, leg: Leg) -> None:
    """Let a guest go, also one who is still being rung."""
    agent_leaves(turn, leg, HangupCause.NORMAL if leg.answered_at is not None else HangupCause.CANCELLED)
    turn.hang_up(leg.id)
    _forget(turn, leg)


def _forget(turn: Turn, leg: Leg) -> None:
    if leg.answered_at is None:
        turn.clear(Timer.GUEST_RING)
    turn.flow(guests=tuple(each for each in turn.call.flow.guests if each.leg != leg.id))
    limit_guests(turn)


def ring_timed_out(turn: Turn) -> None:
    """The engine should have given up on the guest by itself."""
    for leg in _legs(turn):
        if leg.answered_at is None:
            turn.hang_up(leg.id, HangupCause.NO_ANSWER)
            left(turn, leg, HangupCause.NO_ANSWER)


# ── Guests on telephones talk as long as the project allows ──────────────────────────────────────────────────────────
def limit_guests(turn: Turn) -> None:
    """Set the deadline of the guest on a telephone who was there first."""
    ends = _limits(turn)
    turn.clear(Timer.GUEST_TALK)
    if ends:
        turn.set_timer(Timer.GUEST_TALK, (min(ends.values()) - turn.now).total_seconds())


def talked_too_long(turn: Turn) -> None:
    """Let those go whose time is over."""
    for leg_id, end in _limits(turn).items():
        leg = turn.call.leg(leg_id)
        if leg is not None and end <= turn.now:
            dismiss(turn, leg)
    limit_guests(turn)


def _limits(turn: Turn) -> dict[str, dt.datetime]:
    """When each guest on a telephone must have left, by leg."""
    longest = dt.timedelta(seconds=turn.config.settings.outbound_max_duration_s)
    return {leg.id: leg.answered_at + longest for leg in _legs(turn) if is_outside(leg) and leg.answered_at is not None}


# ── Going on in place of the host ────────────────────────────────────────────────────────────────────────────────────
def take_over(turn: Turn, left_leg: Leg) -> bool:
    """Whoever talked with the customer has left: a guest who talks goes on with him. Whether that was so.

    Order: third persons before supervisors, then who was asked first. A third person becomes the call's agent if he is
    one; a supervisor does not.
    """
    customer, heir = turn.call.customer_leg, _heir(turn)
    talked = turn.call.state is CallState.CONNECTED and turn.call.flow.transfer is None
    if not talked or left_leg.answered_at is None or customer is None or heir is None:
        return False
    agent_leaves(turn, left_leg)
    if left_leg.id == turn.call.flow.main_leg:
        make_main(turn, customer)
    elif left_leg.id == turn.call.flow.dial_leg:
        turn.flow(dial_leg=heir.id)
    is_supervisor = heir.role is LegRole.SUPERVISOR
    if heir.agent is not None and not is_supervisor:
        turn.change(agent=heir.agent)
    turn.move_leg(heir.id, LegEvent.TAKE_OVER)
    turn.flow(outside=is_outside(heir) and not is_supervisor)
    _forget(turn, heir)
    bridge(turn, turn.call.caller or customer, heir, record=turn.call.record)
    if Timer.TALK not in turn.call.timers:
        limit_talk(turn, heir)
    return True


def _heir(turn: Turn) -> Leg | None:
    talking = [leg for leg in _legs(turn) if talks(turn, leg)]
    return min(talking, key=lambda leg: leg.role is LegRole.SUPERVISOR, default=None)
