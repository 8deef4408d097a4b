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
    ending,
    guests,
    hearing,
    legs,
    menu,
    messages,
    outbound,
    program,
    queueing,
    talking,
    time_and_answers,
    transferring,
)
from callflow.domain import events as on
from callflow.domain.call import Call, Timer
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
from calls.domain import CallState, Cause, Direction, Outcome
from queues.entries import EntryOutcome
from telephony import port

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
            legs.ringing(turn, leg)
        case port.Answered():
            return legs.answered(turn, event)
        case port.Ended(leg, cause):
            return legs.ended(turn, leg, cause)
        case port.Gathered():
            return _gathered(turn, event)
        case port.Digit(leg, digit):
            talking.send_digits(turn, leg, digit)
        case port.PlayEnded(_, play):
            return _play_ended(turn, play)
        case on.TimerFired(timer):
            return time_and_answers.fired(turn, timer)
        case on.QuestionAnswered():
            return time_and_answers.question_answered(turn, event)
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
            return legs.dismissed(turn, leg)
        case on.ActionsPut(put):
            return program.put(turn, put)
        case on.EngineLost():
            return legs.ENGINE_LOST
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


def _hung_up(turn: Turn, cause: str, *, internal: bool) -> Way:
    """Somebody wants the call to end. A caller whom we hang up on before he was served was not taken."""
    refused = internal and turn.call.direction is Direction.INBOUND
    return ToEnd(Outcome.REJECTED if refused else Outcome.ABANDONED, cause, INTERNAL if internal else EXTERNAL)


# ── Sound ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _gathered(turn: Turn, event: port.Gathered) -> Way | None:
    instruction = hearing.id_of(turn, event.gather)
    if instruction is not None:
        timed_out = event.reason in ("timeout", "no_input")
        return program.drive(turn, scco.KeysGathered(instruction, event.digits, timed_out))
    if turn.call.state is CallState.IVR and event.gather == turn.call.flow.awaits:
        return menu.keys_gathered(turn, event.digits)
    return None


def _play_ended(turn: Turn, play: str) -> Way | None:
    instruction = hearing.id_of(turn, play)
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
    instruction = hearing.id_of(turn, event.recording)
    if instruction is not None:
        return program.recording_ready(turn, event, instruction)
    return messages.recording_ready(turn, event)
