"""A deadline has come, or a customer's server has answered."""

from __future__ import annotations

from callflow.domain import arriving, guests, menu, messages, outbound, program, queueing, transferring
from callflow.domain import events as on
from callflow.domain.call import Timer
from callflow.domain.turn import Turn
from callflow.domain.ways import ToEnd, Way
from callflow.scco import events as scco
from calls.domain import CallState, Cause, Outcome
from telephony import port


def fired(turn: Turn, timer: Timer) -> Way | None:
    at = turn.call.timers.get(timer)
    if at is None or at > turn.now:
        return None
    turn.clear(timer)
    match timer:
        case Timer.CUSTOMER_INFO:
            return question_answered(turn, on.QuestionAnswered(turn.call.flow.info_question, None, "timeout"))
        case Timer.QUESTION:
            return question_answered(turn, on.QuestionAnswered(turn.call.flow.awaits, None, "timeout"))
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


def question_answered(turn: Turn, event: on.QuestionAnswered) -> Way | None:
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
