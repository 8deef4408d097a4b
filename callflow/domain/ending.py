"""How a call ends: once, with one outcome and one cause, and with everybody free."""

from __future__ import annotations

from agents.domain import Unanswered
from callflow.domain.call import Leg
from callflow.domain.effects import AgentMissed, RingDoorbell
from callflow.domain.turn import Turn
from callflow.domain.ways import ToEnd
from calls.domain import CallEvent, CallState, Cause, Direction, LegState, Outcome
from queues.entries import EntryOutcome
from routing.domain.offers import OfferEvent
from telephony.port import HangupCause, StopRecording

EXTERNAL = "EXTERNAL"  # the customer's side ended it
INTERNAL = "INTERNAL"

# What a caller hears from his network when we do not take his call.
_SIGNALS: dict[str, HangupCause] = {
    Cause.CALLER_BLOCKED: HangupCause.REJECTED,
    Cause.NUMBER_UNKNOWN: HangupCause.INVALID_NUMBER,
    Cause.NUMBER_LEADS_NOWHERE: HangupCause.UNREACHABLE,
    Cause.NOT_ALLOWED: HangupCause.REJECTED,
    Cause.LIMIT_DESTINATION: HangupCause.REJECTED,
    Cause.LIMIT_CONCURRENCY: HangupCause.CONGESTION,
    Cause.LIMIT_RATE: HangupCause.CONGESTION,
}


def withdraw_offer(turn: Turn, cause: str) -> None:
    """Stop ringing the agent: the caller left, or goes elsewhere."""
    offer = turn.close_offer(OfferEvent.WITHDRAW, cause)
    if offer is not None:
        turn.hang_up(offer.leg, HangupCause.CANCELLED)
        turn.do(AgentMissed(offer.agent, Unanswered.WITHDRAWN), RingDoorbell())


def end(turn: Turn, way: ToEnd) -> None:
    """End the call and every leg of it. Idempotent: a call that has ended stays as it is."""
    if turn.ended:
        return
    withdraw_offer(turn, way.cause)
    turn.leave_queue(_entry_outcome(turn, way))
    outcome = Outcome.VOICEMAIL if _left_message(turn) else way.outcome
    last_party = turn.agent_party(turn.call.agent) if _was_served(turn) and turn.call.agent else None
    _stop_recording(turn)
    for leg in turn.call.live_legs:
        free_agent_of(turn, leg)
        unanswered = leg.state is LegState.INCOMING
        turn.hang_up(leg.id, _SIGNALS.get(way.cause, HangupCause.NORMAL) if unanswered else HangupCause.NORMAL)
    turn.change(outcome=outcome, cause=way.cause, ended_by=way.ended_by, ended_at=turn.now, timers={})
    turn.flow(awaits="", transfer=None)
    turn.move(CallEvent.END, outcome=outcome, cause=way.cause)
    turn.publish("ended", to=last_party, cause=way.cause)


def free_agent_of(turn: Turn, leg: Leg) -> None:
    """Free the agent whose leg ends now: after a conversation with his wrap-up, after mere ringing at once."""
    if leg.agent is None:
        return
    transfer = turn.call.flow.transfer
    if transfer is not None and transfer.leg == leg.id and leg.answered_at is None:
        turn.do(AgentMissed(leg.agent, Unanswered.WITHDRAWN))
    else:
        turn.release_agent(leg)
    turn.do(RingDoorbell())


def _stop_recording(turn: Turn) -> None:
    recording, caller = turn.call.flow.recording, turn.call.caller
    if recording is not None and caller is not None:
        turn.do(StopRecording(caller.id, recording.id))


def _was_served(turn: Turn) -> bool:
    return turn.call.direction is Direction.INBOUND and turn.call.connected_at is not None


def _entry_outcome(turn: Turn, way: ToEnd) -> EntryOutcome:
    if turn.call.state is CallState.CONNECTED:
        return EntryOutcome.ANSWERED
    if way.outcome is Outcome.ABANDONED:
        return EntryOutcome.ABANDONED
    return EntryOutcome.FAILED if way.outcome is Outcome.FAILED else EntryOutcome.REDIRECTED


def _left_message(turn: Turn) -> bool:
    flow = turn.call.flow
    return turn.call.state is CallState.VOICEMAIL and (flow.thanking or flow.recording is not None)
