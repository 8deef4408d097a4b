"""A caller in a queue: whether he is let in, what he hears, what ends his stay, and offers to agents."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from agents.domain import PAUSE_S, Unanswered
from callflow.domain import sounds
from callflow.domain.arriving import answer_caller
from callflow.domain.call import Entry, Leg, Offer, Timer, Tried
from callflow.domain.config import QueueConfig
from callflow.domain.effects import AgentAnswered, AgentMissed, RingDoorbell
from callflow.domain.ending import withdraw_offer
from callflow.domain.events import OfferMade
from callflow.domain.talking import join
from callflow.domain.turn import Turn
from callflow.domain.ways import ToEnd, ToMenu, ToMessage, ToNumber, ToQueue, ToVoicemail, Way
from calls.domain import CallEvent, CallState, Cause, LegRole, Outcome
from queues.entries import EntryEvent, EntryOutcome, EntryState
from routing.domain.offers import OfferEvent, OfferState
from telephony.port import Dial, HangupCause, Media, Speech, Tone

MUSIC: tuple[Media, ...] = (Tone("music"),)

FULL = "full"
WAITED_TOO_LONG = "waited_too_long"
CLOSED = "closed"
NOBODY_SIGNED_IN = "nobody_signed_in"
_CAUSES = {
    FULL: Cause.QUEUE_FULL,
    WAITED_TOO_LONG: Cause.QUEUE_WAITED_TOO_LONG,
    CLOSED: Cause.QUEUE_CLOSED,
    NOBODY_SIGNED_IN: Cause.QUEUE_NOBODY_SIGNED_IN,
}

# What an offer's leg tells about the agent, by how it ended.
_UNANSWERED = {
    HangupCause.BUSY: (OfferEvent.BUSY, Unanswered.BUSY),
    HangupCause.REJECTED: (OfferEvent.REJECT, Unanswered.REJECTED),
    HangupCause.NO_ANSWER: (OfferEvent.TIME_OUT, Unanswered.NO_ANSWER),
    HangupCause.CANCELLED: (OfferEvent.TIME_OUT, Unanswered.NO_ANSWER),
    HangupCause.UNREACHABLE: (OfferEvent.UNREACHABLE, Unanswered.UNREACHABLE),
    HangupCause.INVALID_NUMBER: (OfferEvent.UNREACHABLE, Unanswered.UNREACHABLE),
}


# ── Going in ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def enter(turn: Turn, way: ToQueue) -> Way | None:
    """Let the caller wait, or send him where the queue's settings say. Order of the checks: concepts.md §2."""
    queue = turn.config.queue(way.queue)
    if queue is None:
        return ToEnd(Outcome.FAILED, Cause.MENU_BROKEN)
    if turn.config.queue_blocked(turn.call.customer):
        return ToEnd(Outcome.REJECTED, Cause.CALLER_BLOCKED)
    refusal = None if _comes_back(turn, way) else _refusal(turn, queue)
    if refusal is not None:
        return refusal
    if not turn.move(CallEvent.ENQUEUE, queue=queue.name):
        return None
    answer_caller(turn)
    _wait(turn, queue, way.place or turn.now)
    return None


def _comes_back(turn: Turn, way: ToQueue) -> bool:
    """Whether a caller is handed back to the line that he came from: he was let in, and his place is still his."""
    stay = turn.call.entry
    return way.place is not None and stay is not None and stay.queue == way.queue


def _refusal(turn: Turn, queue: QueueConfig) -> Way | None:
    if not turn.config.is_open(queue.id, turn.now):
        return way_out(turn, queue, CLOSED)
    if not turn.config.anybody_signed_in(queue.id) and turn.config.way_out(queue.id, NOBODY_SIGNED_IN) is not None:
        return way_out(turn, queue, NOBODY_SIGNED_IN)
    return way_out(turn, queue, FULL) if turn.config.is_full(queue.id) else None


def _wait(turn: Turn, queue: QueueConfig, place: dt.datetime) -> None:
    asked_until = turn.call.timers.get(Timer.CUSTOMER_INFO)
    entry = Entry(
        id=0,
        queue=queue.id,
        state=EntryState.WAITING,
        priority=turn.call.priority,
        enqueued_at=place,
        entered_at=turn.now,
        ready_at=asked_until or turn.now,
        backup_opens_at=place + dt.timedelta(seconds=queue.backup_after_s),
        last_agent=turn.config.last_agent_of(turn.call.customer),
    )
    turn.add_entry(entry)
    turn.flow(music=queue.wait_music or MUSIC)
    play_music(turn)
    if queue.max_wait_s:
        turn.set_timer(Timer.QUEUE_WAIT, queue.max_wait_s)
    if queue.announce_position or queue.announce_estimated_wait:
        turn.set_timer(Timer.ANNOUNCE, queue.announce_every_s)
    turn.do(RingDoorbell())


def way_out(turn: Turn, queue: QueueConfig, cause: str) -> Way | None:
    """Where a queue sends a caller whom it does not keep; None: it keeps him."""
    chosen = turn.config.way_out(queue.id, cause)
    if chosen is None:
        return None
    match chosen.action:
        case "voicemail":
            return ToVoicemail(queue.id)
        case "queue" if chosen.to_queue_id is not None:
            return ToQueue(chosen.to_queue_id)
        case "number":
            return ToNumber(chosen.to_number, chosen.from_number)
        case "node":
            return ToMenu(chosen.tree_id, chosen.to_node_id)
        case "message":
            goodbye = turn.config.texts.goodbye()
            media = sounds.message(chosen.message, chosen.greeting_file, goodbye, turn.call.project_id)
            return ToMessage(media, Outcome.REJECTED, _CAUSES[cause])
        case _:
            return ToEnd(Outcome.REJECTED, _CAUSES[cause])


# ── Waiting ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def play_music(turn: Turn) -> None:
    caller = turn.call.caller
    if caller is not None:
        turn.play(caller.id, turn.call.flow.music, loops=0)


def waited_too_long(turn: Turn) -> Way | None:
    """The longest wait is over. An agent who is being rung for the caller is let go."""
    queue = _waits_in(turn)
    way = way_out(turn, queue, WAITED_TOO_LONG) if queue is not None else None
    if way is not None:
        leave(turn, EntryOutcome.WAITED_TOO_LONG)
    return way


def _waits_in(turn: Turn) -> QueueConfig | None:
    """The queue in which the caller waits, also while an agent is rung."""
    stay = turn.stay
    return turn.config.queue(stay.queue) if stay is not None and stay.state is not EntryState.CONNECTED else None


def leave(turn: Turn, outcome: EntryOutcome) -> None:
    """Take the caller out of the line, for somewhere else."""
    withdraw_offer(turn, outcome)
    turn.leave_queue(outcome)
    turn.clear(Timer.QUEUE_WAIT, Timer.ANNOUNCE)


def announce_place(turn: Turn) -> None:
    """Tell the caller his place and how long it may take; the music goes on when that has been heard."""
    stay, caller, queue = turn.stay, turn.call.caller, _waits_in(turn)
    if stay is None or caller is None or queue is None:
        return
    turn.set_timer(Timer.ANNOUNCE, queue.announce_every_s)
    if turn.call.state is CallState.OFFERED:
        return  # somebody is about to answer
    place = turn.config.place_of(stay.id)
    wait_s = turn.config.estimated_wait_s(queue.id, place) if queue.announce_estimated_wait else None
    text = turn.config.texts.place_in_line(place if queue.announce_position else None, wait_s)
    if text:
        turn.play(caller.id, (Speech(text),), awaited=True)


def info_known(turn: Turn) -> None:
    """What the customer's server said, or its silence, no longer holds the call back."""
    stay = turn.stay
    if stay is not None and _waits_in(turn) is not None:
        turn.change(entry=replace(stay, ready_at=min(stay.ready_at, turn.now)))
        turn.do(RingDoorbell())


# ── Offers ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def offer(turn: Turn, made: OfferMade) -> None:
    """Ring the agent whom dispatch has chosen and reserved. When the call is no longer there, the agent is let go."""
    if turn.call.offer is not None and turn.call.offer.id == made.offer:
        return
    stay = turn.stay
    if stay is None or stay.id != made.entry or not turn.move(CallEvent.OFFER, agent=made.agent.user_id):
        _decline(turn, made)
        return
    turn.move_entry(EntryEvent.OFFER, attempts=made.attempt)
    endpoint = made.endpoints[0] if made.endpoints else ""
    leg = turn.new_leg(LegRole.AGENT, endpoint, made.agent.user_id, made.agent, leg_id=made.leg)
    deadline = turn.now + dt.timedelta(seconds=made.timeout_s)
    turn.change(offer=Offer(made.offer, made.agent, leg.id, OfferState.OPEN, deadline))
    turn.set_timer(Timer.OFFER, made.timeout_s)
    turn.do(
        Dial(
            leg.id,
            turn.call.id,
            made.endpoints,
            from_number=made.from_number or turn.call.theirs.number,
            from_alias=turn.call.theirs.alias,
            to_number=made.agent.user_id,
            to_alias=turn.call.ours.alias or turn.call.ours.number,
            timeout_s=made.timeout_s,
            custom_data=turn.call.custom_data,
            info=made.info,
        )
    )


def _decline(turn: Turn, made: OfferMade) -> None:
    """An offer that came too late is over before it began, and its agent free."""
    if turn.call.offer is None or turn.call.offer.state is not OfferState.OPEN:
        turn.change(offer=Offer(made.offer, made.agent, made.leg, OfferState.OPEN, turn.now))
        turn.close_offer(OfferEvent.WITHDRAW)
    turn.do(AgentMissed(made.agent, Unanswered.WITHDRAWN), RingDoorbell())


def agent_answers(turn: Turn, leg: Leg) -> None:
    """The offered agent is the one: the caller leaves the line and talks with him."""
    caller, queue = turn.call.caller, _waits_in(turn)
    offer = turn.close_offer(OfferEvent.ACCEPT)
    if offer is None or caller is None:
        return
    turn.move_entry(EntryEvent.CONNECT)
    turn.move(CallEvent.CONNECT, agent=offer.agent.user_id)
    turn.clear(Timer.QUEUE_WAIT, Timer.ANNOUNCE)
    turn.do(AgentAnswered(offer.agent))
    join(turn, caller, leg, record=queue is not None and queue.record)


def unanswered(cause: HangupCause) -> tuple[OfferEvent, Unanswered]:
    """What it means for an offer, and for its agent, that his leg ended before he answered."""
    return _UNANSWERED.get(cause, (OfferEvent.FAIL, Unanswered.FAILED))


def agent_does_not_answer(turn: Turn, leg: Leg, cause: HangupCause) -> None:
    """The offer ended: the caller keeps his place, and the next agent is looked for."""
    event, outcome = unanswered(cause)
    offer, stay = turn.close_offer(event, cause), turn.stay
    if offer is None or stay is None:
        return
    before = stay.tried.get(offer.agent.id)
    until = turn.now + dt.timedelta(seconds=PAUSE_S[outcome])
    tried = {**stay.tried, offer.agent.id: Tried((before.times if before else 0) + 1, until)}
    turn.move_entry(EntryEvent.OFFER_ENDED, tried=tried)
    turn.move(CallEvent.OFFER_ENDED, agent=offer.agent.user_id, outcome=outcome)
    turn.publish("agentEnded", to=turn.agent_party(offer.agent), cause=cause)
    turn.do(AgentMissed(offer.agent, outcome), RingDoorbell())


def offer_timed_out(turn: Turn) -> None:
    """The deadline has come, whatever the engine says."""
    offer = turn.call.offer
    leg = turn.call.leg(offer.leg) if offer is not None and offer.state is OfferState.OPEN else None
    if leg is not None:
        turn.hang_up(leg.id, HangupCause.NO_ANSWER)
        agent_does_not_answer(turn, leg, HangupCause.NO_ANSWER)


def agent_leg_ended(turn: Turn, leg: Leg, cause: HangupCause) -> bool:
    """Whether this leg was the one of the open offer; then the offer is over."""
    offer = turn.call.offer
    if offer is None or offer.state is not OfferState.OPEN or offer.leg != leg.id:
        return False
    agent_does_not_answer(turn, leg, cause)
    return True
