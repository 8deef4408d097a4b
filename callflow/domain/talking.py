"""Two parties talk: joining them, recording, hold and mute, and the longest conversation."""

from __future__ import annotations

from callflow.domain.call import Leg, Timer
from callflow.domain.dialling import is_outside
from callflow.domain.effects import RecordingBegun
from callflow.domain.turn import Turn
from calls.domain import CallState, LegEvent
from telephony.port import Bridge, Hold, Media, Mute, Part, SendDigits, StartRecording, StopRecording, Tone, Unhold

HOLD_MUSIC: tuple[Media, ...] = (Tone("music"),)
DEFAULT_FORMAT = "mp3"


# ── Joining ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def join(turn: Turn, caller: Leg, leg: Leg, *, record: bool) -> None:
    """Let the call's main party and another leg talk, and record it when wanted. The state is CONNECTED already."""
    if turn.call.connected_at is None:
        turn.change(connected_at=turn.now)
    if leg.agent is not None:
        turn.change(agent=leg.agent)
    turn.flow(awaits="", outside=is_outside(leg))
    turn.clear(Timer.MENU, Timer.MEDIA, Timer.QUESTION, Timer.RING)
    bridge(turn, caller, leg, record=record)
    party = turn.party_of(leg)
    turn.publish("answered", to=party, actor=party)


def bridge(turn: Turn, caller: Leg, leg: Leg, *, record: bool) -> None:
    """Let two legs hear each other, for the first time or again. Holds end with it."""
    for each in (caller, leg):
        turn.end_hold(each.id)
    turn.do(Bridge(caller.id, leg.id))
    if record:
        _start_recording(turn, caller)


def make_main(turn: Turn, customer: Leg) -> None:
    """The agent who began the call may leave it: what was bound to his leg ends, also a program."""
    if customer.id != turn.call.flow.main_leg:
        stop_recording(turn)
    turn.flow(main_leg=customer.id, dial_leg="", run=None)
    turn.end_hold(customer.id)


def limit_talk(turn: Turn, leg: Leg, seconds: int | None = None) -> None:
    """End the conversation after so many seconds; with a telephone outside, after what the project allows at most."""
    limits: list[float] = [seconds] if seconds else []
    if is_outside(leg):
        talked = turn.now - (leg.answered_at or turn.now)
        limits.append(turn.config.settings.outbound_max_duration_s - talked.total_seconds())
    if limits:
        turn.set_timer(Timer.TALK, min(limits))


# ── Recording ────────────────────────────────────────────────────────────────────────────────────────────────────────
def _start_recording(turn: Turn, main: Leg) -> None:
    """Record the conversation from now on; one recording goes on through holds and transfers."""
    flow, stay = turn.call.flow, turn.stay
    if flow.recording:
        return
    recording = turn.new_id("rec")
    form = flow.record_format or DEFAULT_FORMAT
    queue = stay.queue if stay is not None else None
    turn.flow(recording=recording)
    turn.change(record=True)
    turn.do(
        StartRecording(main.id, recording, "conversation", turn.call.project_id, form, flow.record_stereo),
        RecordingBegun(recording, voicemail=False, queue=queue, format=form, event_url=flow.record_event_url),
    )


def stop_recording(turn: Turn) -> None:
    """Stop recording; the next conversation is a recording of its own."""
    recording, caller = turn.call.flow.recording, turn.call.caller
    if recording and caller is not None:
        turn.do(StopRecording(caller.id, recording))
    turn.flow(recording="")


# ── While they talk ──────────────────────────────────────────────────────────────────────────────────────────────────
def hold(turn: Turn, *, on: bool) -> None:
    """Put the customer on hold with the queue's music, or take him back."""
    customer = turn.call.customer_leg
    talks = turn.call.state is CallState.CONNECTED and turn.call.flow.transfer is None
    if customer is None or not talks or customer.held == on:
        return
    turn.move_leg(customer.id, LegEvent.HOLD if on else LegEvent.UNHOLD, held=on)
    turn.do(Hold(customer.id, hold_music(turn)) if on else Unhold(customer.id))


def hold_music(turn: Turn) -> tuple[Media, ...]:
    stay = turn.stay
    queue = turn.config.queue(stay.queue) if stay is not None else None
    return (queue.hold_music if queue is not None else ()) or HOLD_MUSIC


def mute(turn: Turn, leg_id: str, *, on: bool) -> None:
    """Take a party's voice away, or give it back."""
    leg = turn.call.leg(leg_id)
    if leg is not None and leg.alive and leg.answered_at is not None and leg.muted != on:
        turn.change_leg(leg_id, muted=on)
        turn.do(Mute(leg_id, on))


def send_digits(turn: Turn, leg_id: str, digits: str) -> None:
    """Keys that a party presses in a conversation reach the others who talk in it."""
    leg = turn.call.leg(leg_id)
    if leg is None or turn.call.state is not CallState.CONNECTED or not talks(turn, leg):
        return
    keys = turn.new_id("digits")
    turn.do(*(SendDigits(other.id, keys, digits) for other in turn.others(leg_id) if talks(turn, other)))


def talks(turn: Turn, leg: Leg) -> bool:
    """Whether a party is heard by all others, as far as its place in the conversation goes."""
    guest = turn.call.guest(leg.id)
    return leg.answered_at is not None and (guest is None or guest.part is Part.TALK)
