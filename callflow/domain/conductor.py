"""The conductor: something happens to a call, and the call moves on. Pure.

`advance` is all there is to it: the durable shell (callflow.services) and the simulated one (callflow.simulation) run
the same code.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from callflow.domain import (
    arriving,
    dialling,
    ending,
    guests,
    menu,
    messages,
    outbound,
    program,
    queueing,
    talking,
    transferring,
)
from callflow.domain import events as on
from callflow.domain.call import Call, Leg, Timer
from callflow.domain.config import Config
from callflow.domain.effects import Effect
from callflow.domain.turn import Moved, Turn
from callflow.domain.ways import (
    EXTERNAL,
    INTERNAL,
    ToEnd,
    ToMenu,
    ToMessage,
    ToNumber,
    ToProgram,
    ToQueue,
    ToVoicemail,
    Way,
)
from callflow.scco import events as scco
from calls.domain import CallState, Cause, Direction, LegEvent, LegRole, LegState, Outcome
from queues.entries import EntryOutcome
from routing.domain.offers import OfferState
from telephony import port

_ENGINE_LOST = ToEnd(Outcome.FAILED, Cause.ENGINE_LOST)
MOST_HOPS = 60  # from menu to queue to menu …: a caller who goes round more often is in a circle


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows from an event: the call as it is now, what to do, and the changes of state for the log."""

    call: Call
    effects: tuple[Effect, ...]
    moved: tuple[Moved, ...]


def advance(call: Call, event: on.CallHappening, config: Config, now: dt.datetime) -> Decision:
    """Take an event and say what to do now, in order.

    Events may come twice, late or out of order: what does not fit the state changes nothing.
    Cost: constant; each way followed reads the configuration of where it leads.
    """
    turn = Turn(call, config, now)
    way = _take(turn, event)
    while way is not None and not turn.ended:
        turn.flow(hops=turn.call.flow.hops + 1)
        too_many = turn.call.flow.hops > MOST_HOPS
        way = _follow(turn, ToEnd(Outcome.FAILED, Cause.QUEUE_LOOP) if too_many else way)
    guests.settle(turn)
    return Decision(turn.call, tuple(turn.effects), tuple(turn.moved))


def due_timers(call: Call, now: dt.datetime) -> Iterator[on.TimerFired]:
    """The timers that have come, the earliest first."""
    for timer, at in sorted(call.timers.items(), key=lambda each: each[1]):
        if at <= now:
            yield on.TimerFired(timer)


def _follow(turn: Turn, way: Way) -> Way | None:
    """Leave what the call was at, and begin what comes next."""
    turn.flow(awaits="")
    turn.clear(Timer.QUESTION, Timer.MENU, Timer.MEDIA, Timer.RING)
    match way:
        case ToMenu():
            return menu.enter(turn, way)
        case ToQueue():
            return queueing.enter(turn, way)
        case ToNumber():
            return ToProgram(program.forwarding(way, turn.call.ours.number))
        case ToVoicemail():
            return messages.ask_for_message(turn, way)
        case ToMessage():
            return messages.announce(turn, way)
        case ToProgram():
            queueing.leave(turn, EntryOutcome.REDIRECTED)
            return program.enter(turn, way)
        case ToEnd():
            ending.end(turn, way)
            return None


def _take(turn: Turn, event: on.CallHappening) -> Way | None:
    match event:
        case on.Arrived() | on.CalloutRequested() | on.DialOutRequested():
            return _begin(turn, event)
        case port.RecordingReady():
            return _recording_ready(turn, event)
        case _ if turn.ended:
            _after_the_end(turn, event)
        case port.Ringing(leg):
            _ringing(turn, leg)
        case port.Answered():
            return _answered(turn, event)
        case port.Ended(leg, cause):
            return _leg_ended(turn, leg, cause)
        case port.Gathered():
            return _gathered(turn, event)
        case port.Digit(leg, digit):
            talking.send_digits(turn, leg, digit)
        case port.PlayEnded(_, play):
            return _play_ended(turn, play)
        case on.TimerFired(timer):
            return _timer(turn, timer)
        case on.QuestionAnswered():
            return _question_answered(turn, event)
        case on.OfferMade():
            queueing.offer(turn, event)
        case on.HangUpRequested(cause, internal):
            return _hung_up(turn, cause, internal=internal)
        case on.HoldRequested(held):
            talking.hold(turn, on=held)
        case on.MuteRequested(leg, muted):
            talking.mute(turn, leg, on=muted)
        case on.DigitsRequested(leg, digits):
            talking.send_digits(turn, leg, digits)
        case on.TransferRequested():
            return transferring.transfer(turn, event)
        case on.TransferCompleted():
            transferring.complete(turn)
        case on.TransferCancelled():
            transferring.cancel(turn)
        case on.TransferMerged():
            transferring.merge(turn)
        case on.GuestRequested():
            guests.request(turn, event)
        case on.GuestChanged():
            guests.change(turn, event)
        case on.GuestDismissed(leg):
            return _dismissed(turn, leg)
        case on.ActionsPut(put):
            return program.put(turn, put)
        case on.EngineLost():
            return _ENGINE_LOST
    return None


def _begin(turn: Turn, event: on.Arrived | on.CalloutRequested | on.DialOutRequested) -> Way | None:
    """The first event of a call; a call that has told of itself has begun."""
    if turn.call.serial:
        return None
    match event:
        case on.CalloutRequested():
            outbound.call_out(turn, event)
            return None
        case on.DialOutRequested():
            return outbound.dial_out(turn, event)
    inbound = turn.call.direction is Direction.INBOUND
    return arriving.arrive(turn) if inbound else outbound.device_calls(turn)


def _after_the_end(turn: Turn, event: on.CallHappening) -> None:
    """Nobody may stay stuck in a call that is over: an agent chosen for it is let go, a leg that answers is hung up."""
    match event:
        case on.OfferMade():
            queueing.offer(turn, event)
        case on.TransferRequested():
            transferring.transfer(turn, event)
        case on.GuestRequested():
            guests.request(turn, event)
        case port.Answered(leg):
            turn.do(port.Hangup(leg))


# ── Legs ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _ringing(turn: Turn, leg_id: str) -> None:
    leg = turn.call.leg(leg_id)
    if leg is None or not turn.move_leg(leg_id, LegEvent.RING, ringing_at=turn.now):
        return
    if leg.role is not LegRole.SUPERVISOR:
        turn.publish("ringing", to=turn.party_of(leg))


def _answered(turn: Turn, event: port.Answered) -> Way | None:
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


def _leg_ended(turn: Turn, leg_id: str, cause: port.HangupCause) -> Way | None:
    leg = turn.call.leg(leg_id)
    if leg is None or not turn.move_leg(leg_id, LegEvent.END, ended_at=turn.now, cause=cause):
        return None
    return _gone(turn, leg, cause)


def _dismissed(turn: Turn, leg_id: str) -> Way | None:
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
        return _ENGINE_LOST
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


def _hung_up(turn: Turn, cause: str, *, internal: bool) -> Way:
    """Somebody wants the call to end. A caller whom we hang up on before he was served was not taken."""
    refused = internal and turn.call.direction is Direction.INBOUND
    return ToEnd(Outcome.REJECTED if refused else Outcome.ABANDONED, cause, INTERNAL if internal else EXTERNAL)


def _is_offered(turn: Turn, leg: Leg) -> bool:
    offer = turn.call.offer
    return offer is not None and offer.leg == leg.id and offer.state is OfferState.OPEN


def _is_transfer_target(turn: Turn, leg: Leg) -> bool:
    transfer = turn.call.flow.transfer
    return transfer is not None and transfer.leg == leg.id


# ── Sound ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _gathered(turn: Turn, event: port.Gathered) -> Way | None:
    instruction = program.id_of(turn, event.gather)
    if instruction is not None:
        timed_out = event.reason in ("timeout", "no_input")
        return program.drive(turn, scco.KeysGathered(instruction, event.digits, timed_out))
    if turn.call.state is CallState.IVR and event.gather == turn.call.flow.awaits:
        return menu.keys_gathered(turn, event.digits)
    return None


def _play_ended(turn: Turn, play: str) -> Way | None:
    instruction = program.id_of(turn, play)
    if instruction is not None:
        return program.media_ended(turn, instruction)
    if play != turn.call.flow.awaits:
        return None
    match turn.call.state:
        case CallState.ANNOUNCING:
            return messages.announced(turn)
        case CallState.VOICEMAIL:
            return messages.heard(turn)
        case CallState.WAITING | CallState.OFFERED:
            queueing.play_music(turn)
    return None


def _recording_ready(turn: Turn, event: port.RecordingReady) -> Way | None:
    instruction = program.id_of(turn, event.recording)
    if instruction is not None:
        return program.recording_ready(turn, event, instruction)
    return messages.recording_ready(turn, event)


# ── Time and answers ─────────────────────────────────────────────────────────────────────────────────────────────────
def _timer(turn: Turn, timer: Timer) -> Way | None:
    at = turn.call.timers.get(timer)
    if at is None or at > turn.now:
        return None
    turn.clear(timer)
    match timer:
        case Timer.CUSTOMER_INFO:
            return _question_answered(turn, on.QuestionAnswered(turn.call.flow.info_question, None, "timeout"))
        case Timer.QUESTION:
            return _question_answered(turn, on.QuestionAnswered(turn.call.flow.awaits, None, "timeout"))
        case Timer.MENU:
            return menu.time_up(turn) if turn.call.state is CallState.IVR else None
        case Timer.MEDIA:
            return _nothing_heard(turn)
        case Timer.QUEUE_WAIT:
            return queueing.waited_too_long(turn)
        case Timer.ANNOUNCE:
            queueing.announce_place(turn)
        case Timer.OFFER:
            queueing.offer_timed_out(turn)
        case Timer.RING:
            return _ring_timed_out(turn)
        case Timer.TALK:
            return program.talk_limit_reached(turn)
        case Timer.GUEST_RING:
            guests.ring_timed_out(turn)
        case Timer.GUEST_TALK:
            guests.talked_too_long(turn)
    return None


def _nothing_heard(turn: Turn) -> Way | None:
    """The engine never told that something ended: go on as if it had, or end a call that nothing else would end."""
    match turn.call.state:
        case CallState.ANNOUNCING:
            return messages.announced(turn)
        case CallState.VOICEMAIL:
            return messages.heard(turn)
        case CallState.PROGRAM:
            return ToEnd(Outcome.FAILED, Cause.STALE)
    return None


def _ring_timed_out(turn: Turn) -> Way | None:
    if turn.call.flow.transfer is not None:
        return transferring.ring_timed_out(turn)
    main = turn.call.caller
    if main is not None and outbound.is_first_ring(turn, main):
        turn.hang_up(main.id, port.HangupCause.NO_ANSWER)
        return outbound.main_leg_never_answered(turn, main, port.HangupCause.NO_ANSWER)
    return program.ring_timed_out(turn)


def _question_answered(turn: Turn, event: on.QuestionAnswered) -> Way | None:
    flow = turn.call.flow
    if event.question and event.question == flow.info_question:
        arriving.customer_info_known(turn, event.text)
        queueing.info_known(turn)
        return None
    if not event.question or event.question != flow.awaits:
        return None
    turn.flow(awaits="")
    turn.clear(Timer.QUESTION)
    if turn.call.state is CallState.AUTHORISING:
        return outbound.permission_answered(turn, event.text)
    if flow.run is None:
        return arriving.program_in(event.text)
    if event.text is None:
        return program.drive(turn, scco.AnswerFailed(flow.question_id, event.failure))
    return program.drive(turn, scco.answer_to(flow.question_id, event.text))
