"""The simulated engine: legs, bridges, sounds, keys and recordings, with scripts for people.

Every method must be called on the scheduler's thread. Events are told by the scheduler, never from within a command.
"""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Protocol

from telephony import port
from telephony.adapters.base import Emit
from telephony.adapters.simulated.hearing import Hearing
from telephony.adapters.simulated.legs import Leg, Sound, State
from telephony.adapters.simulated.people import People
from telephony.adapters.simulated.recorder import Recorder, WriteRecording, write_nothing
from telephony.adapters.simulated.scheduler import Scheduler
from telephony.adapters.simulated.script import CallerScript, Does, PhoneScript
from telephony.adapters.simulated.sounds import Sounds
from telephony.port import HangupCause

REMEMBERED_LEGS = 10_000  # so many ended legs are known as ended; commands come at most seconds late
USER_KINDS = ("web", "sip")

_FATES = {
    Does.REJECTS: HangupCause.REJECTED,
    Does.BUSY: HangupCause.BUSY,
    Does.UNREACHABLE: HangupCause.UNREACHABLE,
    Does.INVALID: HangupCause.INVALID_NUMBER,
}


class Phones(Protocol):
    """Knows the phones that can be dialled."""

    def script_for(self, endpoint: str, dial: port.Dial) -> PhoneScript:
        """What the phone at an endpoint does with this call. Asked once for each endpoint of a Dial."""


class SimulatedEngine:
    """Does the port's commands and tells the port's events."""

    def __init__(
        self,
        node: str,
        scheduler: Scheduler,
        emit: Emit,
        phones: Phones,
        sounds: Sounds | None = None,
        write_recording: WriteRecording = write_nothing,
    ) -> None:
        self.node = node
        self.legs: dict[str, Leg] = {}
        self._scheduler = scheduler
        self._emit = emit
        self._phones = phones
        self._ended: OrderedDict[str, HangupCause] = OrderedDict()
        self._people = People(self)
        self._hearing = Hearing(self, self._people, sounds or Sounds())
        self._recorder = Recorder(self, self._people, write_recording)
        self._on_leg: dict[type[port.Command], Callable[..., None]] = {
            port.Answer: self._answer,
            port.Play: self._hearing.play,
            port.StopPlay: self._stop_play,
            port.Gather: self._hearing.gather,
            port.Bridge: self._bridge,
            port.Unbridge: self._unbridge,
            port.Hold: self._hold,
            port.Unhold: self._unhold,
            port.Mute: self._mute,
            port.StartRecording: self._recorder.start,
            port.StopRecording: self._recorder.stop,
            port.SendDigits: self._send_digits,
        }

    # ── What the outside asks ────────────────────────────────────────────────────────────────────────────────────────
    def execute(self, command: port.Command) -> None:
        """Do a command. For a leg that is not there: a Dial or Hangup tells its end again, others do nothing."""
        if isinstance(command, port.Dial):
            self._dial(command)
        elif isinstance(command, port.Hangup):
            self._hang_up(command)
        elif not isinstance(command, port.SimulateCall) and (leg := self.legs.get(command.leg)) is not None:
            self._on_leg[type(command)](leg, command)

    def tell_snapshot(self) -> None:
        """Tell all legs that there are, after the events of what has happened to them."""
        self.tell(port.Snapshot(self.node, tuple(self.legs)))

    def stop(self) -> None:
        """End every leg, as the port does when an engine goes."""
        for leg in list(self.legs.values()):
            self.end(leg, HangupCause.ENGINE_LOST)

    def knows(self, leg_id: str) -> bool:
        """Whether there is, or was lately, a leg of this id."""
        return leg_id in self.legs or leg_id in self._ended

    # ── What parties do ──────────────────────────────────────────────────────────────────────────────────────────────
    def call(self, incoming: port.Incoming, script: CallerScript | None = None) -> None:
        """A party calls. A leg that was there already stays what it is."""
        if self.knows(incoming.leg):
            return
        leg = Leg(incoming.leg, State.CALLING, script or CallerScript(), endpoint=incoming.endpoint)
        self.legs[leg.id] = leg
        self.tell(incoming)
        self._people.calls(leg)

    def answer(self, leg: Leg, endpoint: str) -> None:
        """A phone that is rung is answered; the others stop ringing."""
        if endpoint not in leg.branches:
            return
        leg.branches.clear()
        self.forget_timers(leg)
        leg.state, leg.endpoint = State.ANSWERED, endpoint
        self.tell(port.Answered(leg.id, endpoint))
        self._people.answered(leg)

    def refuse(self, leg: Leg, endpoint: str, cause: HangupCause) -> None:
        """A phone does not take the call. One that rejects it rejects it for all phones of the Dial."""
        if endpoint not in leg.branches:
            return
        leg.branches.discard(endpoint)
        self.forget_timer(leg, f"ring {endpoint}")
        self.forget_timer(leg, f"react {endpoint}")
        leg.fate = cause if leg.fate is HangupCause.UNREACHABLE else leg.fate
        if cause is HangupCause.REJECTED or not leg.branches:
            self.end(leg, cause if cause is HangupCause.REJECTED else leg.fate)

    def press(self, leg: Leg, digit: str) -> None:
        """A party presses a key: for whoever gathers keys, a message that is recorded, or the conversation."""
        if leg.state is not State.ANSWERED:
            return
        if leg.gather is not None:
            self._hearing.pressed(leg, digit)
        elif not self._recorder.pressed(leg, digit):
            self.tell(port.Digit(leg.id, digit))

    def speak(self, leg: Leg, seconds: float) -> None:
        """A party speaks from now for so long."""
        leg.speaks_until = self.later(seconds)
        self._recorder.heard_speech(leg)

    def leave(self, leg: Leg) -> None:
        """A party hangs up."""
        self.end(leg, HangupCause.CANCELLED if leg.state is State.CALLING else HangupCause.NORMAL)

    # ── What the parts of the engine share ───────────────────────────────────────────────────────────────────────────
    def now(self) -> dt.datetime:
        return self._scheduler.now()

    def later(self, seconds: float) -> dt.datetime:
        return self._scheduler.now() + dt.timedelta(seconds=seconds)

    def tell(self, event: port.Event) -> None:
        """Emit an event after those that were told before."""
        self._scheduler.at(self._scheduler.now(), partial(self._emit, event))

    def set_timer(self, leg: Leg, name: str, when: dt.datetime, callback: Callable[[], object]) -> None:
        """Call back at an instant while the leg lives. A timer of the same name is replaced."""
        self.forget_timer(leg, name)
        leg.timers[name] = self._scheduler.at(when, callback)

    def forget_timer(self, leg: Leg, name: str) -> None:
        if (timer := leg.timers.pop(name, None)) is not None:
            timer.cancel()

    def forget_timers(self, leg: Leg) -> None:
        for timer in leg.timers.values():
            timer.cancel()
        leg.timers.clear()

    def end(self, leg: Leg, cause: HangupCause) -> None:
        """A leg ends, for whatever reason: once."""
        if self.legs.pop(leg.id, None) is None:
            return
        self._part(leg)
        self.forget_timers(leg)
        leg.branches.clear()
        self._ended[leg.id] = cause
        if len(self._ended) > REMEMBERED_LEGS:
            self._ended.popitem(last=False)
        self.tell(port.Ended(leg.id, cause))
        self._recorder.finish_all(leg)

    # ── Commands ─────────────────────────────────────────────────────────────────────────────────────────────────────
    def _answer(self, leg: Leg, command: port.Answer) -> None:
        if leg.state is State.CALLING:
            leg.state = State.ANSWERED
            self._people.answered(leg)

    def _dial(self, command: port.Dial) -> None:
        if command.leg in self._ended:
            self.tell(port.Ended(command.leg, self._ended[command.leg]))
        elif command.leg not in self.legs:
            self._ring(command)

    def _ring(self, command: port.Dial) -> None:
        leg = Leg(command.leg, State.DIALING, PhoneScript(), branches=set(command.endpoints))
        self.legs[leg.id] = leg
        if not leg.branches:
            self.end(leg, HangupCause.UNREACHABLE)
            return
        self.set_timer(leg, "dial", self.later(command.timeout_s), partial(self.end, leg, HangupCause.NO_ANSWER))
        for endpoint in dict.fromkeys(command.endpoints):
            self._ring_phone(leg, endpoint, self._phones.script_for(endpoint, command))

    def _ring_phone(self, leg: Leg, endpoint: str, script: PhoneScript) -> None:
        if script.does in (Does.ANSWERS, Does.REJECTS, Does.NEVER_ANSWERS):
            when = self.later(min(script.rings_after_s, script.after_s))
            self.set_timer(leg, f"ring {endpoint}", when, partial(self._rings, leg))
        if script.does is Does.ANSWERS:
            react: Callable[[], object] = partial(self._answered_by_script, leg, endpoint, script)
        elif script.does in _FATES:
            react = partial(self.refuse, leg, endpoint, _FATES[script.does])
        else:
            return
        self.set_timer(leg, f"react {endpoint}", self.later(script.after_s), react)

    def _rings(self, leg: Leg) -> None:
        if leg.state is State.DIALING:
            leg.state = State.RINGING
            self.tell(port.Ringing(leg.id))

    def _answered_by_script(self, leg: Leg, endpoint: str, script: PhoneScript) -> None:
        leg.script = script
        self.answer(leg, endpoint)

    def _hang_up(self, command: port.Hangup) -> None:
        leg = self.legs.get(command.leg)
        if leg is None:
            self.tell(port.Ended(command.leg, self._ended.get(command.leg, command.cause)))
            return
        unheard = leg.state in (State.DIALING, State.RINGING) and command.cause is HangupCause.NORMAL
        self.end(leg, HangupCause.CANCELLED if unheard else command.cause)

    def _stop_play(self, leg: Leg, command: port.StopPlay) -> None:
        self._hearing.silence(leg)

    def _bridge(self, leg: Leg, command: port.Bridge) -> None:
        other = self.legs.get(command.with_leg)
        if other is None or other is leg or leg.peer is other:
            return
        if leg.state is not State.ANSWERED or other.state is not State.ANSWERED:
            return
        for each in (leg, other):
            self._part(each)
            self._hearing.silence(each)
        leg.peer, other.peer = other, leg
        for each in (leg, other):
            self._people.bridged(each)

    def _unbridge(self, leg: Leg, command: port.Unbridge) -> None:
        self._part(leg)

    def _part(self, leg: Leg) -> None:
        if (other := leg.peer) is None:
            return
        for each in (leg, other):
            each.peer, each.held = None, False
            self._people.parted(each)

    def _hold(self, leg: Leg, command: port.Hold) -> None:
        leg.held = leg.peer is not None

    def _unhold(self, leg: Leg, command: port.Unhold) -> None:
        leg.held = False

    def _mute(self, leg: Leg, command: port.Mute) -> None:
        leg.muted = command.on

    def _send_digits(self, leg: Leg, command: port.SendDigits) -> None:
        if leg.state is State.ANSWERED:
            leg.received += command.digits

    def hears(self, leg_id: str) -> Sound:
        """What the party of a leg hears."""
        leg = self.legs.get(leg_id)
        return leg.hears if leg is not None else Sound.SILENCE
