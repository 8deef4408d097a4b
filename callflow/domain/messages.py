"""Last messages and voicemail: the caller hears something, may leave something, and the call ends."""

from __future__ import annotations

from callflow.domain.arriving import answer_caller
from callflow.domain.call import Leg, Timer
from callflow.domain.effects import RecordingBegun, RecordingStored
from callflow.domain.turn import Turn
from callflow.domain.ways import ToEnd, ToMessage, ToVoicemail, Way
from calls.domain import CallEvent, CallState, Cause, Outcome
from telephony.port import Media, RecordingReady, Speech, StartRecording

LONGEST_MESSAGE_S = 180  # of ours: an engine that has not ended it by then will not
DEFAULT_VOICEMAIL_S = 120  # where no queue says how long; the same as a queue's default
SILENCE_S = 5.0  # a caller who says nothing for so long has finished
END_KEYS = "#"
FORMAT = "mp3"


# ── A last message ───────────────────────────────────────────────────────────────────────────────────────────────────
def announce(turn: Turn, way: ToMessage) -> Way | None:
    """Say something; then the call ends with the outcome and cause that the way names."""
    if not turn.move(CallEvent.ANNOUNCE, cause=way.cause):
        return None
    answer_caller(turn)
    turn.flow(end_after=(way.outcome, way.cause))
    _say(turn, way.media)
    return None


def announced(turn: Turn) -> Way | None:
    """The last message has been heard, or should have been."""
    end_after = turn.call.flow.end_after
    return ToEnd(Outcome(end_after[0]), end_after[1]) if end_after is not None else None


def _say(turn: Turn, media: tuple[Media, ...]) -> None:
    turn.set_timer(Timer.MEDIA, LONGEST_MESSAGE_S)
    caller = turn.call.caller
    if caller is not None:
        turn.play(caller.id, media, awaited=True)


# ── Voicemail: a prompt, the recording, thanks ───────────────────────────────────────────────────────────────────────
def ask_for_message(turn: Turn, way: ToVoicemail) -> Way | None:
    """Ask the caller to leave a message after the tone."""
    if not turn.move(CallEvent.VOICEMAIL):
        return None
    answer_caller(turn)
    queue = turn.config.queue(way.queue) if way.queue is not None else None
    prompt: tuple[Media, ...] = queue.voicemail_prompt if queue is not None else ()
    turn.flow(voicemail_queue=way.queue)
    _say(turn, prompt or (Speech(turn.config.texts.leave_message()),))
    return None


def heard(turn: Turn) -> Way | None:
    """After the prompt comes the recording; after the thanks the end."""
    caller = turn.call.caller
    if turn.call.flow.message or caller is None:
        return ToEnd(Outcome.VOICEMAIL, Cause.MESSAGE_LEFT)
    _record(turn, caller)
    return None


def _record(turn: Turn, caller: Leg) -> None:
    place = turn.call.flow.voicemail_queue
    queue = turn.config.queue(place) if place is not None else None
    longest = queue.voicemail_max_s if queue is not None else DEFAULT_VOICEMAIL_S
    message = turn.new_id("rec")
    turn.flow(message=message, awaits=message)
    turn.set_timer(Timer.MEDIA, longest + LONGEST_MESSAGE_S)
    turn.do(
        StartRecording(
            caller.id,
            message,
            "voicemail",
            turn.call.project_id,
            FORMAT,
            stereo=False,
            beep=True,
            max_s=longest,
            silence_s=SILENCE_S,
            end_keys=END_KEYS,
        ),
        RecordingBegun(message, voicemail=True, queue=place, format=FORMAT, event_url=""),
    )


def recording_ready(turn: Turn, ready: RecordingReady) -> Way | None:
    """A recording is there, in whatever state the call is by now. After a voicemail the caller is thanked."""
    turn.do(RecordingStored(ready.recording, ready.file, ready.size_bytes, ready.duration_ms))
    if ready.recording == turn.call.flow.recording:
        turn.flow(recording="")
    if turn.call.state is not CallState.VOICEMAIL or turn.call.flow.awaits != ready.recording:
        return None
    if not ready.file:
        turn.flow(message="")
        return ToEnd(Outcome.FAILED, Cause.FAILED)
    _say(turn, (Speech(turn.config.texts.thanks_for_message()),))
    return None
