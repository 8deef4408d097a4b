"""Handing the customer on: blind or attended; to an agent, a telephone or a queue (Source: rest-api.md §17)."""

from __future__ import annotations

from dataclasses import replace

from agents.domain import Unanswered
from callflow.domain.call import Guest, Leg, Timer, Transfer, TransferKind
from callflow.domain.dialling import ring
from callflow.domain.effects import AgentAnswered, AgentMissed, RingDoorbell
from callflow.domain.ending import agent_leaves
from callflow.domain.events import TransferRequested
from callflow.domain.guests import has_room, has_third_person, limit_guests, tell_of
from callflow.domain.queueing import leave, unanswered
from callflow.domain.talking import bridge, hold_music, join, limit_talk, make_main
from callflow.domain.turn import Turn
from callflow.domain.ways import ToEnd, ToQueue, Way
from calls.domain import Cause, Direction, LegEvent, LegRole, Outcome
from queues.entries import EntryOutcome
from telephony.port import Bridge, HangupCause, Part, Unbridge

RING_S = 30


# ── Beginning ────────────────────────────────────────────────────────────────────────────────────────────────────────
def transfer(turn: Turn, request: TransferRequested) -> Way | None:
    """Begin, when two parties talk and may. From here on the customer's leg is the call's main one.

    Supervisors stay with the customer's next party; a third person would have to be handed on, too, and is not.
    """
    customer = turn.call.customer_leg
    may = turn.call.flow.transfer is None and not has_third_person(turn)
    by = turn.call.host if may else None
    if customer is None or by is None:
        _let_go(turn, request)
        return None
    refusal = _refusal(turn, request)
    if refusal is not None:
        _let_go(turn, request)
        turn.publish("connect_failed", to=request.to, cause=refusal)
        return None
    make_main(turn, customer)
    turn.do(Unbridge(customer.id))
    if request.queue is not None:
        return _to_queue(turn, by, request.queue)
    turn.play(customer.id, hold_music(turn), loops=0)
    if request.kind is TransferKind.BLIND:
        _part_with(turn, by)
    _ring_target(turn, request, by)
    return None


def _let_go(turn: Turn, request: TransferRequested) -> None:
    if request.agent is not None:
        turn.do(AgentMissed(request.agent, Unanswered.WITHDRAWN), RingDoorbell())


def _refusal(turn: Turn, request: TransferRequested) -> Cause | None:
    if request.queue is not None:
        return None
    if not request.endpoints:
        return Cause.UNREACHABLE
    outside = request.agent is None and not request.to.internal
    return turn.config.outbound_refusal(turn.config.digits(request.to.number), turn.now) if outside else None


def _part_with(turn: Turn, leg: Leg) -> None:
    """An agent leaves the conversation and goes into his wrap-up; the customer stays."""
    agent_leaves(turn, leg)
    turn.hang_up(leg.id)


def _to_queue(turn: Turn, by: Leg, queue: int) -> Way:
    """The customer keeps his place in line when he had one."""
    stay = turn.stay
    _part_with(turn, by)
    leave(turn, EntryOutcome.TRANSFERRED)
    return ToQueue(queue, stay.enqueued_at if stay is not None else None)


def _ring_target(turn: Turn, request: TransferRequested, by: Leg) -> None:
    role = LegRole.AGENT if request.agent is not None else LegRole.DESTINATION
    leg = turn.new_leg(role, request.endpoints[0], request.to.number, request.agent)
    turn.flow(transfer=Transfer(request.kind, leg.id, by.id))
    ring(
        turn,
        leg,
        request.endpoints,
        shown=turn.call.theirs if request.agent is not None else turn.call.ours,
        alias=request.to.alias or turn.call.ours.alias or turn.call.ours.number,
        timeout_s=RING_S,
        custom_data=turn.call.custom_data,
        info={"transfer": request.kind},
    )


# ── The new party answers ────────────────────────────────────────────────────────────────────────────────────────────
def target_answered(turn: Turn, leg: Leg) -> None:
    """Blind: the customer talks with the new party. Attended: first the agent does."""
    transfer, customer = turn.call.flow.transfer, turn.call.caller
    if transfer is None or customer is None:
        return
    turn.clear(Timer.RING)
    if leg.agent is not None:
        turn.do(AgentAnswered(leg.agent))
    by = turn.call.leg(transfer.by)
    if by is not None and by.alive:
        turn.flow(transfer=replace(transfer, consulting=True))
        turn.do(Bridge(by.id, leg.id))
        return
    _hand_over(turn, customer, leg)


def complete(turn: Turn) -> None:
    """The agent who consulted leaves: the customer talks with the new party, or goes on waiting until it answers."""
    transfer, customer = turn.call.flow.transfer, turn.call.caller
    if transfer is None or customer is None:
        return
    by, target = turn.call.leg(transfer.by), turn.call.leg(transfer.leg)
    if by is not None and by.alive:
        _part_with(turn, by)
    if target is not None and transfer.consulting:
        _hand_over(turn, customer, target)


def cancel(turn: Turn) -> None:
    """The agent who consults, or waits for the new party, takes the customer back; the new party is let go."""
    transfer, customer = turn.call.flow.transfer, turn.call.caller
    by = turn.call.leg(transfer.by) if transfer is not None else None
    if transfer is None or customer is None or by is None or not by.alive:
        return
    turn.clear(Timer.RING)
    target = turn.call.leg(transfer.leg)
    if target is not None and target.alive:
        agent_leaves(turn, target, HangupCause.CANCELLED)
        turn.hang_up(target.id, HangupCause.CANCELLED)
    turn.flow(transfer=None)
    bridge(turn, customer, by, record=turn.call.record)


def merge(turn: Turn) -> None:
    """The agent who consults takes the customer back, and the new party talks along as a guest."""
    transfer, customer = turn.call.flow.transfer, turn.call.caller
    by = turn.call.leg(transfer.by) if transfer is not None else None
    target = turn.call.leg(transfer.leg) if transfer is not None and transfer.consulting else None
    if customer is None or by is None or not by.alive or target is None or not has_room(turn):
        return
    guest = Guest(target.id, Part.TALK, by.agent.user_id if by.agent is not None else by.number)
    turn.move_leg(target.id, LegEvent.PART, details={"part": guest.part, "by": guest.by})
    turn.flow(transfer=None, guests=(*turn.call.flow.guests, guest))
    bridge(turn, customer, by, record=turn.call.record)
    tell_of(turn, target)
    limit_guests(turn)


def _hand_over(turn: Turn, customer: Leg, leg: Leg) -> None:
    turn.flow(transfer=None)
    join(turn, customer, leg, record=turn.call.record)
    if turn.call.direction is Direction.INBOUND:
        turn.clear(Timer.TALK)  # of a telephone that has been left
    if Timer.TALK not in turn.call.timers:
        limit_talk(turn, leg)


def consulting_leg_ended(turn: Turn, leg: Leg, cause: HangupCause) -> bool:
    """The agent who started the transfer has hung up: that hands the customer over. Whether this was that leg."""
    transfer = turn.call.flow.transfer
    if transfer is None or transfer.by != leg.id:
        return False
    agent_leaves(turn, leg, cause)
    complete(turn)
    return True


# ── The new party does not answer, or leaves ─────────────────────────────────────────────────────────────────────────
def target_ended(turn: Turn, leg: Leg, cause: HangupCause) -> Way | None:
    """The new party will not come, or has left while it was consulted: the customer goes back to whom he had."""
    transfer, customer = turn.call.flow.transfer, turn.call.caller
    if transfer is None or customer is None:
        return None
    turn.clear(Timer.RING)
    if leg.answered_at is not None:
        agent_leaves(turn, leg, cause)
    else:
        _missed(turn, leg, cause)
    turn.flow(transfer=None)
    by = turn.call.leg(transfer.by)
    if by is not None and by.alive:
        bridge(turn, customer, by, record=turn.call.record)
        return None
    return _back_to_the_line(turn, cause)


def _missed(turn: Turn, leg: Leg, cause: HangupCause) -> None:
    turn.publish("connect_failed", to=turn.party_of(leg), cause=cause)
    if leg.agent is not None:
        _event, outcome = unanswered(cause)
        turn.do(AgentMissed(leg.agent, outcome), RingDoorbell())


def _back_to_the_line(turn: Turn, cause: HangupCause) -> Way:
    """Nobody is left to talk with the customer: he waits where he had waited, in his old place."""
    stay = turn.stay
    if stay is None:
        return ToEnd(Outcome.COMPLETED, cause)
    leave(turn, EntryOutcome.TRANSFERRED)
    return ToQueue(stay.queue, stay.enqueued_at)


def ring_timed_out(turn: Turn) -> Way | None:
    """The engine should have given up on the new party by itself."""
    transfer = turn.call.flow.transfer
    leg = turn.call.leg(transfer.leg) if transfer is not None else None
    if leg is None or not leg.alive or leg.answered_at is not None:
        return None
    turn.hang_up(leg.id, HangupCause.NO_ANSWER)
    return target_ended(turn, leg, HangupCause.NO_ANSWER)
