"""Handing the customer on: blind or attended; to an agent, a telephone or a queue (Source: rest-api.md §17)."""

from __future__ import annotations

from dataclasses import replace

from agents.domain import Unanswered
from callflow.domain.call import Leg, Timer, Transfer, TransferKind
from callflow.domain.effects import AgentAnswered, AgentMissed, RingDoorbell
from callflow.domain.ending import INTERNAL, free_agent_of
from callflow.domain.events import TransferRequested
from callflow.domain.program import SIP_TEXTS, SLACK_S
from callflow.domain.queueing import leave
from callflow.domain.talking import hold_music, join
from callflow.domain.turn import Turn
from callflow.domain.ways import ToEnd, ToQueue, Way
from calls.domain import CallState, LegRole, Outcome
from queues.entries import EntryOutcome
from telephony.port import Bridge, Dial, HangupCause, Unbridge

RING_S = 30


def transfer(turn: Turn, request: TransferRequested) -> Way | None:
    """Begin. From here on the customer's leg is the call's main one, whoever had begun the call."""
    customer = turn.call.customer_leg
    if turn.call.state is not CallState.CONNECTED or customer is None or turn.call.flow.transfer is not None:
        _let_go(turn, request)
        return None
    by = next((leg for leg in turn.others(customer.id) if leg.answered_at is not None), None)
    turn.flow(main_leg=customer.id, dial_leg="", run=None)
    turn.clear(Timer.TALK)
    _take_off_hold(turn, customer)
    if request.queue is not None:
        return _to_queue(turn, customer, by, request.queue)
    if by is None:
        _let_go(turn, request)
        return None
    turn.do(Unbridge(customer.id))
    turn.play(customer.id, hold_music(turn), loops=0)
    if request.kind is TransferKind.BLIND:
        part_with(turn, by)
    _ring_target(turn, request, by)
    return None


def _let_go(turn: Turn, request: TransferRequested) -> None:
    if request.agent is not None:
        turn.do(AgentMissed(request.agent, Unanswered.WITHDRAWN), RingDoorbell())


def _take_off_hold(turn: Turn, customer: Leg) -> None:
    if customer.held:
        turn.change_leg(customer.id, held=False)


def part_with(turn: Turn, leg: Leg) -> None:
    """An agent leaves the conversation and goes into his wrap-up; the customer stays."""
    if leg.agent is not None:
        turn.publish("agentEnded", to=turn.agent_party(leg.agent))
    free_agent_of(turn, leg)
    turn.hang_up(leg.id)


def _to_queue(turn: Turn, customer: Leg, by: Leg | None, queue: int) -> Way:
    """The customer keeps his place in line when he had one."""
    entry = turn.call.entry
    place = entry.enqueued_at if entry is not None else None
    if by is not None:
        turn.do(Unbridge(customer.id))
        part_with(turn, by)
    leave(turn, EntryOutcome.TRANSFERRED)
    return ToQueue(queue, place)


def _ring_target(turn: Turn, request: TransferRequested, by: Leg) -> None:
    role = LegRole.AGENT if request.agent is not None else LegRole.DESTINATION
    leg = turn.new_leg(role, request.endpoints[0], request.to.number, request.agent)
    turn.flow(transfer=Transfer(request.kind, leg.id, by.id))
    turn.set_timer(Timer.RING, RING_S + SLACK_S)
    turn.do(
        Dial(
            leg.id,
            turn.call.id,
            request.endpoints,
            from_number=turn.call.from_.number if request.agent is not None else turn.call.to.number,
            from_alias=turn.call.from_.alias,
            to_number=request.to.number,
            to_alias=request.to.alias or turn.call.to.number,
            timeout_s=RING_S,
            custom_data=turn.call.custom_data,
        )
    )


def target_answered(turn: Turn, leg: Leg) -> None:
    """Blind: the customer talks with the new party. Attended: first the agent does."""
    transfer, customer = turn.call.flow.transfer, turn.call.caller
    if transfer is None or customer is None:
        return
    turn.clear(Timer.RING)
    if leg.agent is not None:
        turn.do(AgentAnswered(leg.agent))
    by = turn.call.leg(transfer.by)
    if transfer.kind is TransferKind.ATTENDED and by is not None and by.alive:
        turn.flow(transfer=replace(transfer, consulting=True))
        turn.do(Bridge(by.id, leg.id))
        return
    _hand_over(turn, customer, leg)


def complete(turn: Turn) -> None:
    """The agent who consulted leaves: the customer talks with the new party, or goes on waiting until it answers."""
    transfer, customer = turn.call.flow.transfer, turn.call.caller
    by = turn.call.leg(transfer.by) if transfer is not None else None
    if transfer is None or customer is None or by is None:
        return
    if by.alive:
        part_with(turn, by)
    target = turn.call.leg(transfer.leg)
    if target is not None and target.alive and target.answered_at is not None:
        _hand_over(turn, customer, target)


def _hand_over(turn: Turn, customer: Leg, leg: Leg) -> None:
    turn.flow(transfer=None)
    join(turn, customer.id, leg, record=turn.call.record)


def consulting_leg_ended(turn: Turn, leg: Leg) -> bool:
    """The agent who started the transfer has hung up: that hands the customer over. Whether this was that leg."""
    transfer = turn.call.flow.transfer
    if transfer is None or transfer.by != leg.id:
        return False
    if leg.agent is not None:
        turn.publish("agentEnded", to=turn.agent_party(leg.agent))
    free_agent_of(turn, leg)
    complete(turn)
    return True


def target_ended(turn: Turn, leg: Leg, cause: HangupCause) -> Way | None:
    """The new party will not come, or has left while it was consulted: the customer goes back to whom he had."""
    transfer, customer = turn.call.flow.transfer, turn.call.caller
    if transfer is None or customer is None:
        return None
    turn.clear(Timer.RING)
    if leg.agent is not None and leg.answered_at is None:
        outcome = Unanswered.REJECTED if cause is HangupCause.REJECTED else Unanswered.NO_ANSWER
        turn.do(AgentMissed(leg.agent, outcome), RingDoorbell())
    else:
        free_agent_of(turn, leg)
    turn.flow(transfer=None)
    turn.publish(
        "connect_failed", to=turn.agent_party(leg.agent) if leg.agent else None, cause=SIP_TEXTS.get(cause, "")
    )
    by = turn.call.leg(transfer.by)
    if by is not None and by.alive:
        turn.do(Bridge(customer.id, by.id))
        return None
    return _back_to_the_line(turn, cause)


def _back_to_the_line(turn: Turn, cause: HangupCause) -> Way:
    """Nobody is left to talk with the customer: he waits where he had waited, in his old place."""
    entry = turn.call.entry
    if entry is None:
        return ToEnd(Outcome.FAILED, cause, INTERNAL)
    leave(turn, EntryOutcome.TRANSFERRED)
    return ToQueue(entry.queue, entry.enqueued_at)


def ring_timed_out(turn: Turn) -> Way | None:
    """The engine should have given up on the new party by itself."""
    transfer = turn.call.flow.transfer
    leg = turn.call.leg(transfer.leg) if transfer is not None else None
    if leg is None or not leg.alive or leg.answered_at is not None:
        return None
    turn.hang_up(leg.id, HangupCause.NO_ANSWER)
    return target_ended(turn, leg, HangupCause.NO_ANSWER)
