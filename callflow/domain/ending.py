"""How a call ends: once, with one outcome and one cause, and with everybody free."""

from __future__ import annotations

from agents.domain import Unanswered
from callflow.domain.call import Leg, Party
from callflow.domain.effects import AgentMissed, AgentReleased, RingDoorbell
from callflow.domain.talking import stop_recording
from callflow.domain.turn import Turn
from callflow.domain.ways import EXTERNAL, ToEnd
from calls.domain import CallEvent, CallState, Cause, Direction, LegRole, LegState, Outcome
from queues.entries import EntryOutcome
from routing.domain.offers import OfferEvent
from telephony.port import HangupCause

# What a caller hears from his network when we do not take his call; causes that engines know are passed on.
_SIGNALS: dict[str, HangupCause] = {
    **{cause.value: cause for cause in HangupCause if cause is not HangupCause.ENGINE_LOST},
    Cause.CALLER_BLOCKED: HangupCause.REJECTED,
    Cause.NUMBER_UNKNOWN: HangupCause.INVALID_NUMBER,
    Cause.NOT_ALLOWED: HangupCause.REJECTED,
    Cause.LIMIT_DESTINATION: HangupCause.REJECTED,
    Cause.LIMIT_CONCURRENCY: HangupCause.CONGESTION,
    Cause.LIMIT_RATE: HangupCause.CONGESTION,
    Cause.QUEUE_FULL: HangupCause.BUSY,
}


# ── Agents ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def withdraw_offer(turn: Turn, cause: str) -> None:
    """Stop ringing the agent: the caller left, or goes elsewhere."""
    offer = turn.close_offer(OfferEvent.WITHDRAW, cause)
    if offer is not None:
        turn.hang_up(offer.leg, HangupCause.CANCELLED)
        turn.publish("agentEnded", to=turn.agent_party(offer.agent), cause=HangupCause.CANCELLED)
        turn.do(AgentMissed(offer.agent, Unanswered.WITHDRAWN), RingDoorbell())


def agent_leaves(turn: Turn, leg: Leg, cause: HangupCause = HangupCause.NORMAL) -> None:
    """The leg of an agent has ended, or ends now; what is left of the call goes on. Nobody is told of supervisors."""
    if leg.agent is None:
        return
    if leg.role is not LegRole.SUPERVISOR:
        turn.publish("agentEnded", to=turn.agent_party(leg.agent), cause=cause)
    free_agent_of(turn, leg)


def free_agent_of(turn: Turn, leg: Leg) -> None:
    """Free the agent whose leg ends now: after a conversation with his wrap-up, after mere ringing at once.

    One whose device has called in is in the call only once he has been taken for it. Guests have no wrap-up.
    """
    if leg.agent is None or (leg.state is LegState.INCOMING and turn.call.agent is None):
        return
    transfer, is_guest = turn.call.flow.transfer, turn.call.guest(leg.id) is not None
    is_target = transfer is not None and transfer.leg == leg.id
    if leg.role is LegRole.SUPERVISOR or (is_guest and leg.answered_at is not None):
        turn.do(AgentReleased(leg.agent, None, queue_call=False))
    elif leg.answered_at is None and (is_target or is_guest):
        turn.do(AgentMissed(leg.agent, Unanswered.WITHDRAWN))
    else:
        turn.release_agent(leg.agent, talked=leg.answered_at is not None)
    turn.do(RingDoorbell())


# ── The end ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def end(turn: Turn, way: ToEnd) -> None:
    """End the call and every leg of it. Idempotent: a call that has ended stays as it is."""
    if turn.ended:
        return
    withdraw_offer(turn, way.cause)
    stop_recording(turn)
    _free_agent_who_was_never_rung(turn)
    for leg in turn.call.live_legs:
        free_agent_of(turn, leg)
        turn.hang_up(leg.id, _signal(leg, way))
    turn.leave_queue(_entry_outcome(turn, way))
    outcome = _outcome(turn, way)
    turn.change(outcome=outcome, cause=way.cause, ended_by=way.ended_by, ended_at=turn.now, timers={})
    turn.flow(awaits="", transfer=None, guests=(), run=None)
    turn.move(CallEvent.END, outcome=outcome, cause=way.cause)
    turn.publish("ended", to=_last_party(turn), actor=_actor(turn, way), cause=way.cause)


def _signal(leg: Leg, way: ToEnd) -> HangupCause:
    """How a leg is hung up; a caller whom nobody has answered hears why."""
    unanswered = leg.state is LegState.INCOMING
    return _SIGNALS.get(way.cause, HangupCause.UNREACHABLE) if unanswered else HangupCause.NORMAL


def _free_agent_who_was_never_rung(turn: Turn) -> None:
    """An agent who is to be rung first is in the call before he has a leg."""
    agent = turn.call.agent
    if agent is not None and not turn.call.flow.main_leg:
        turn.release_agent(agent, talked=False)
        turn.do(RingDoorbell())


def _outcome(turn: Turn, way: ToEnd) -> Outcome:
    call = turn.call
    if call.flow.message and (call.state is CallState.VOICEMAIL or not call.reached):
        return Outcome.VOICEMAIL
    broken = way.outcome is Outcome.FAILED and (call.connected_at is None or way.cause == Cause.ENGINE_LOST)
    if broken or not call.reached:
        return way.outcome
    handed_out = call.direction is Direction.INBOUND and call.flow.outside
    return Outcome.TRANSFERRED_OUT if handed_out else Outcome.COMPLETED


def _last_party(turn: Turn) -> Party | None:
    """Who has talked with a caller last, in place of the number that he called."""
    served = turn.call.direction is Direction.INBOUND and turn.call.connected_at is not None
    return turn.agent_party(turn.call.agent) if served and turn.call.agent is not None else None


def _actor(turn: Turn, way: ToEnd) -> Party | None:
    """Who has hung up; None: nobody, it had come to its end."""
    if way.ended_by == EXTERNAL:
        return turn.call.theirs
    agent = turn.call.agent
    return turn.agent_party(agent) if agent is not None and way.cause in (Cause.NORMAL, Cause.CALLER_LEFT) else None


def _entry_outcome(turn: Turn, way: ToEnd) -> EntryOutcome:
    if turn.call.state is CallState.CONNECTED:
        return EntryOutcome.ANSWERED
    if way.ended_by == EXTERNAL:
        return EntryOutcome.ABANDONED
    return EntryOutcome.FAILED if way.outcome is Outcome.FAILED else EntryOutcome.REDIRECTED
