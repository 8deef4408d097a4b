"""Legs ring, answer and end: whose leg it is, and what follows for the call."""

from __future__ import annotations

from callflow.domain import dialling, ending, guests, outbound, program, queueing, transferring
from callflow.domain.call import Leg
from callflow.domain.turn import Turn
from callflow.domain.ways import EXTERNAL, INTERNAL, ToEnd, Way
from calls.domain import Cause, LegEvent, LegRole, LegState, Outcome
from queues.entries import EntryOutcome
from routing.domain.offers import OfferState
from telephony import port

ENGINE_LOST = ToEnd(Outcome.FAILED, Cause.ENGINE_LOST)


def ringing(turn: Turn, leg_id: str) -> None:
    leg = turn.call.leg(leg_id)
    if leg is None or not turn.move_leg(leg_id, LegEvent.RING, ringing_at=turn.now):
        return
    if leg.role is not LegRole.SUPERVISOR:
        turn.publish("ringing", to=turn.party_of(leg))


def answered(turn: Turn, event: port.Answered) -> Way | None:
    before = turn.call.leg(event.leg)
    if before is None or not before.alive:
        turn.do(port.Hangup(event.leg))
        return None
    endpoint = event.endpoint or before.endpoint
    dialled = before.state is not LegState.INCOMING
    if not dialled or not turn.move_leg(event.leg, LegEvent.ANSWER, answered_at=turn.now, endpoint=endpoint):
        return None
    leg = turn.call.leg(event.leg) or before
    if _is_offered(turn, leg):
        queueing.agent_answers(turn, leg)
        return None
    if _is_transfer_target(turn, leg):
        transferring.target_answered(turn, leg)
        return None
    if turn.call.guest(leg.id) is not None:
        guests.answered(turn, leg)
        return None
    if outbound.is_first_ring(turn, before):
        return outbound.main_leg_answered(turn, leg)
    return program.answered(turn, leg) if leg.id == turn.call.flow.dial_leg else None


def ended(turn: Turn, leg_id: str, cause: port.HangupCause) -> Way | None:
    leg = turn.call.leg(leg_id)
    if leg is None or not turn.move_leg(leg_id, LegEvent.END, ended_at=turn.now, cause=cause):
        return None
    return _gone(turn, leg, cause)


def dismissed(turn: Turn, leg_id: str) -> Way | None:
    """A guest is let go; one who has gone on with the customer hangs up as anybody who talks with him."""
    leg = turn.call.leg(leg_id)
    if leg is None or not leg.alive:
        return None
    if turn.call.guest(leg_id) is not None:
        guests.dismiss(turn, leg)
        return None
    if leg.role not in (LegRole.PARTICIPANT, LegRole.SUPERVISOR):
        return None
    turn.hang_up(leg_id)
    return _gone(turn, leg, port.HangupCause.NORMAL)


def _gone(turn: Turn, leg: Leg, cause: port.HangupCause) -> Way | None:
    """What follows from the end of a leg, which was as `leg` says before."""
    if turn.call.guest(leg.id) is not None:
        guests.left(turn, leg, cause)
        return None
    if queueing.agent_leg_ended(turn, leg, cause) or transferring.consulting_leg_ended(turn, leg, cause):
        return None
    if _is_transfer_target(turn, leg):
        return transferring.target_ended(turn, leg, cause)
    is_main = leg.id == turn.call.flow.main_leg
    if cause is port.HangupCause.ENGINE_LOST and (is_main or leg.answered_at is not None):
        ending.free_agent_of(turn, leg)
        return ENGINE_LOST
    if guests.take_over(turn, leg):
        return None
    if outbound.is_first_ring(turn, leg):
        return outbound.main_leg_never_answered(turn, leg, cause)
    if is_main:
        return _main_party_left(turn, leg)
    if leg.id == turn.call.flow.dial_leg:
        return program.dialled_leg_ended(turn, leg, cause)
    return _other_party_left(turn, leg)


def _main_party_left(turn: Turn, leg: Leg) -> Way:
    """The caller, or the agent who called out, has hung up."""
    ending.free_agent_of(turn, leg)
    by = EXTERNAL if leg.agent is None else INTERNAL
    told = turn.call.flow.end_after
    if told is not None:
        return ToEnd(Outcome(told[0]), told[1], by)
    return ToEnd(Outcome.ABANDONED, Cause.NORMAL if turn.call.reached else Cause.CALLER_LEFT, by)


def _other_party_left(turn: Turn, leg: Leg) -> Way | None:
    """Whoever talked with the customer has hung up: that ends the call, unless a program was put for afterwards."""
    ending.agent_leaves(turn, leg)
    if turn.call.flow.run is not None:
        turn.leave_queue(EntryOutcome.ANSWERED)
        turn.end_hold(turn.call.flow.main_leg)
        return program.begin(turn)
    return ToEnd(Outcome.COMPLETED, Cause.NORMAL, dialling.side_of(leg))


def _is_offered(turn: Turn, leg: Leg) -> bool:
    offer = turn.call.offer
    return offer is not None and offer.leg == leg.id and offer.state is OfferState.OPEN


def _is_transfer_target(turn: Turn, leg: Leg) -> bool:
    transfer = turn.call.flow.transfer
    return transfer is not None and transfer.leg == leg.id
