"""A call that follows a customer's program: `callflow.scco.run` decides, and what it says is told to the engine.

Forwarding to a telephone and calls that agents start are programs of ours: there is one way in which parties are
dialled and joined.
"""

from __future__ import annotations

from callflow.domain import hearing
from callflow.domain.arriving import answer_caller, ask_and_wait
from callflow.domain.call import Leg, Party, Timer
from callflow.domain.dialling import (
    OTHER_FAILURE,
    REFUSALS,
    SIP_TEXTS,
    let_hear_ringing,
    new_leg,
    ring,
    side_of,
    target_of,
)
from callflow.domain.effects import Purpose, RecordingStored
from callflow.domain.ending import agent_leaves
from callflow.domain.talking import join, limit_talk
from callflow.domain.turn import Turn
from callflow.domain.ways import ToEnd, ToNumber, ToProgram, Way
from callflow.scco import actions, events, instructions, run
from calls.domain import CallEvent, CallState, Cause, Direction, LegState, Outcome
from telephony.port import HangupCause, RecordingReady

LONGEST_SILENCE_S = 900.0  # an announcement or input from which nothing was heard for so long is lost
FORWARD_RING_S = 60
NOT_LEFT = frozenset({CallState.AUTHORISING, CallState.VOICEMAIL, CallState.ANNOUNCING})
_RUNG = (LegState.DIALING, LegState.RINGING)


def forwarding(way: ToNumber, dialled: str) -> actions.Program:
    """The program that forwards a caller: one connect, shown with the number that he dialled unless another is set."""
    external = actions.PartyType.EXTERNAL
    return actions.Program(
        (
            actions.Connect(
                actions.Party(external, way.caller_id or dialled),
                actions.Party(external, way.destination),
                FORWARD_RING_S,
            ),
        )
    )


# ── Running it ───────────────────────────────────────────────────────────────────────────────────────────────────────
def enter(turn: Turn, way: ToProgram) -> Way | None:
    """Begin a program on the call's main leg."""
    prepare(turn, way.program)
    return begin(turn)


def prepare(turn: Turn, program: actions.Program) -> None:
    """Keep a program until the party for whom it is has answered."""
    turn.flow(run=run.start(program), program=turn.new_id("run"))


def begin(turn: Turn) -> Way | None:
    if not turn.move(CallEvent.PROGRAM):
        return None
    return drive(turn, events.Started())


def put(turn: Turn, program: actions.Program) -> Way | None:
    """Replace what is left of the program; a call that follows none begins this one.

    A conversation goes on, and the program begins when it is over; a party that is rung first hears it when it answers.
    What may not be left is not: the question whether a call may go out, a last message, a voicemail.
    """
    if turn.call.state in NOT_LEFT:
        return None
    if turn.call.flow.run is not None:
        return drive(turn, events.Answered(program))
    main = turn.call.caller
    if turn.call.state is CallState.CONNECTED or (main is not None and main.state in _RUNG):
        prepare(turn, program)
        return None
    return ToProgram(program)


def drive(turn: Turn, event: events.Event) -> Way | None:
    """Give the program an event and do what it says."""
    if turn.call.flow.run is None:
        return None
    after, todo = run.advance(turn.call.flow.run, event)
    turn.flow(run=after)
    turn.clear(Timer.MEDIA)
    if after.state is not run.State.ASKING:
        turn.clear(Timer.QUESTION)
    if after.state in (run.State.PLAYING, run.State.GATHERING):
        turn.set_timer(Timer.MEDIA, LONGEST_SILENCE_S)
    for instruction in todo:
        way = _do(turn, instruction)
        if way is not None:
            return way
    return None


def _do(turn: Turn, instruction: instructions.Instruction) -> Way | None:
    match instruction:
        case instructions.PlayMedia():
            hearing.play(turn, instruction)
        case instructions.StopMedia():
            hearing.stop_media(turn)
        case instructions.Gather():
            hearing.gather(turn, instruction)
        case instructions.StartRecording(form, stereo, url):
            turn.flow(record_wanted=True, record_format=form, record_stereo=stereo, record_event_url=url or "")
        case instructions.RecordVoicemail():
            hearing.record_message(turn, instruction)
        case instructions.Dial():
            return _dial(turn, instruction)
        case instructions.AskInput(id, url, digits, timed_out, custom):
            turn.flow(question_id=id)
            ask_and_wait(turn, Purpose.INPUT_EVENT, url, digits=digits, timed_out=timed_out, custom_field=custom)
        case instructions.AskOnFail(id, url, to, cause):
            turn.flow(question_id=id)
            internal = to.type is actions.PartyType.INTERNAL
            facts = {"to_number": to.number, "to_alias": to.alias, "to_internal": internal, "cause": cause}
            ask_and_wait(turn, Purpose.ON_FAIL, url, **facts)
        case instructions.HangUp(cause, detail):
            return _end(turn, cause, detail)
    return None


def _end(turn: Turn, cause: instructions.HangUpCause, detail: str) -> Way:
    finished = cause is instructions.HangUpCause.FINISHED
    if finished and turn.call.flow.hung_up_by:
        return ToEnd(Outcome.COMPLETED, Cause.NORMAL, turn.call.flow.hung_up_by)
    if cause is instructions.HangUpCause.CONNECT_FAILED:
        return ToEnd(Outcome.REJECTED if detail in REFUSALS else Outcome.FAILED, detail)
    return ToEnd(Outcome.COMPLETED if finished else Outcome.FAILED, Cause(cause))


# ── What was heard, and taken ────────────────────────────────────────────────────────────────────────────────────────
def media_ended(turn: Turn, id: int) -> Way | None:
    """Something has been heard. Who waits for a dialled party hears it ring again."""
    running = turn.call.flow.run
    way = drive(turn, events.MediaEnded(id))
    if running is not None and running.playing == id and running.state is run.State.DIALLING:
        let_hear_ringing(turn)
    return way


def recording_ready(turn: Turn, ready: RecordingReady, id: int) -> Way | None:
    """The message of a program is over."""
    turn.do(RecordingStored(ready.recording, ready.file, ready.size_bytes, ready.duration_ms))
    if not ready.file:
        turn.flow(message="")
    return drive(turn, events.MessageRecorded(id))


# ── Connecting ───────────────────────────────────────────────────────────────────────────────────────────────────────
def _dial(turn: Turn, dial: instructions.Dial) -> Way | None:
    internal = dial.to.type is actions.PartyType.INTERNAL
    target = target_of(turn, dial.to.number, internal=internal, shown=dial.from_.number)
    if target.refusal is not None:
        return drive(turn, _failed(dial.id, target.refusal))
    inbound = turn.call.direction is Direction.INBOUND
    if not turn.move(CallEvent.FORWARD if inbound else CallEvent.DIAL_CUSTOMER, to=dial.to.number):
        return None
    leg = new_leg(turn, target, dial.to.number)
    turn.flow(dial_leg=leg.id, dial_id=dial.id, talk_limit_s=dial.max_connect_s)
    let_hear_ringing(turn)
    ring(
        turn,
        leg,
        target.endpoints,
        shown=Party(dial.from_.number, dial.from_.alias),
        alias=dial.to.alias,
        timeout_s=dial.timeout_s,
        custom_data=dial.custom_data or turn.call.custom_data,
    )
    return None


def _failed(dial_id: int, cause: str) -> events.ConnectFailed:
    return events.ConnectFailed(dial_id, cause, SIP_TEXTS.get(cause, OTHER_FAILURE))


def answered(turn: Turn, leg: Leg) -> Way | None:
    """The dialled party is there: both talk."""
    caller = turn.call.caller
    if caller is None or not turn.move(CallEvent.CONNECT, to=leg.number):
        return None
    way = drive(turn, events.ConnectAnswered(turn.call.flow.dial_id))
    if way is not None:
        return way
    answer_caller(turn)
    number = turn.config.number(turn.call.from_.number)
    outbound = turn.call.direction is Direction.OUTBOUND and number is not None and number.record_outbound
    join(turn, caller, leg, record=turn.call.flow.record_wanted or outbound)
    limit_talk(turn, leg, turn.call.flow.talk_limit_s)
    return None


def dialled_leg_ended(turn: Turn, leg: Leg, cause: HangupCause) -> Way | None:
    """The dialled party will not come, or has left; the program says what then."""
    turn.clear(Timer.RING, Timer.TALK)
    turn.end_hold(turn.call.flow.main_leg)
    agent_leaves(turn, leg, cause)
    if not turn.move(CallEvent.PROGRAM):
        return None
    if leg.answered_at is None:
        return drive(turn, _failed(turn.call.flow.dial_id, cause))
    turn.flow(hung_up_by=side_of(leg))
    return drive(turn, events.ConnectEnded(turn.call.flow.dial_id))


def ring_timed_out(turn: Turn) -> Way | None:
    """The engine should have given up by itself."""
    leg = turn.call.leg(turn.call.flow.dial_leg)
    if leg is None or not leg.alive or leg.answered_at is not None:
        return None
    turn.hang_up(leg.id, HangupCause.NO_ANSWER)
    return dialled_leg_ended(turn, leg, HangupCause.NO_ANSWER)


def talk_limit_reached(turn: Turn) -> Way | None:
    """The longest conversation is over: the dialled party is let go, and the program goes on or ends."""
    leg = turn.call.leg(turn.call.flow.dial_leg)
    if leg is None or not leg.alive or turn.call.flow.run is None:
        return ToEnd(Outcome.COMPLETED, Cause.TALK_LIMIT)
    turn.hang_up(leg.id)
    way = dialled_leg_ended(turn, leg, HangupCause.NORMAL)
    return ToEnd(way.outcome, Cause.TALK_LIMIT) if isinstance(way, ToEnd) else way
