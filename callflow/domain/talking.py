"""Two parties talk: joining them, recording, hold and mute, and the longest conversation."""

from __future__ import annotations

from callflow.domain.call import Leg, Running, Timer
from callflow.domain.effects import RecordingBegun
from callflow.domain.turn import Turn
from calls.domain import CallState
from telephony.port import Bridge, Hold, Media, Mute, SendDigits, StartRecording, Tone, Unhold

HOLD_MUSIC: tuple[Media, ...] = (Tone("music"),)
DEFAULT_FORMAT = "mp3"


def join(turn: Turn, caller_leg: str, leg: Leg, *, record: bool, queue: int | None = None) -> None:
    """Let the call's main party and another leg talk, and record it when wanted. The state is CONNECTED already."""
    if turn.call.connected_at is None:
        turn.change(connected_at=turn.now)
    if leg.agent is not None:
        turn.change(agent=leg.agent)
    turn.flow(awaits="")
    turn.clear(Timer.MENU, Timer.MEDIA, Timer.RING)
    turn.do(Bridge(caller_leg, leg.id))
    if record:
        start_recording(turn, caller_leg, queue)
    party = turn.agent_party(leg.agent) if leg.agent is not None else None
    turn.publish("answered", to=party, actor=party or turn.call.to)


def start_recording(turn: Turn, leg_id: str, queue: int | None) -> None:
    """Record the conversation from now on; one recording goes on through holds and transfers."""
    if turn.call.flow.recording is not None:
        return
    flow = turn.call.flow
    recording = turn.new_id("rec")
    form = flow.record_format or DEFAULT_FORMAT
    turn.flow(recording=Running(recording))
    turn.change(record=True)
    turn.do(
        StartRecording(leg_id, recording, "conversation", turn.call.project_id, form, flow.record_stereo),
        RecordingBegun(recording, voicemail=False, queue=queue, format=form, event_url=flow.record_event_url),
    )


def limit_talk(turn: Turn, seconds: int | None) -> None:
    """End the conversation after so many seconds, or after what the project allows, whichever comes first."""
    longest = turn.config.settings.outbound_max_duration_s
    turn.set_timer(Timer.TALK, min(seconds, longest) if seconds else longest)


def hold(turn: Turn, *, on: bool) -> None:
    """Put the customer on hold with the queue's music, or take him back."""
    customer = turn.call.customer_leg
    if customer is None or turn.call.state is not CallState.CONNECTED or customer.held == on:
        return
    turn.change_leg(customer.id, held=on)
    turn.do(Hold(customer.id, hold_music(turn)) if on else Unhold(customer.id))


def hold_music(turn: Turn) -> tuple[Media, ...]:
    entry = turn.call.entry
    queue = turn.config.queue(entry.queue) if entry is not None else None
    return (queue.hold_music if queue is not None else ()) or HOLD_MUSIC


def mute(turn: Turn, leg_id: str, *, on: bool) -> None:
    leg = turn.call.leg(leg_id)
    if leg is not None and leg.alive and leg.muted != on:
        turn.change_leg(leg_id, muted=on)
        turn.do(Mute(leg_id, on))


def send_digits(turn: Turn, leg_id: str, digits: str) -> None:
    """Keys that a party presses in a conversation reach the others."""
    if turn.call.state is CallState.CONNECTED:
        turn.do(*(SendDigits(other.id, digits) for other in turn.others(leg_id)))
