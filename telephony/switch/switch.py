"""Does the port's commands and tells the port's events: legs, bridges, sounds, keys and recordings.

Every method must be called on the scheduler's thread. Events are told by the scheduler, never from within a command.
"""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from collections.abc import Callable
from functools import partial

from telephony import port
from telephony.adapters.base import Emit
from telephony.port import HangupCause
from telephony.switch.conversations import Conversations
from telephony.switch.hearing import Hearing
from telephony.switch.hooks import Ears, Parties, Phones, Sounds, Tapes
from telephony.switch.legs import Leg, Sound, State
from telephony.switch.recorder import Recorder
from telephony.switch.scheduler import Scheduler

REMEMBERED_LEGS = 10_000  # so many ended legs are known as ended; commands come at most seconds late


class Switch:
    """The legs of one engine."""

    def __init__(
        self,
        node: str,
        scheduler: Scheduler,
        emit: Emit,
        phones: Phones,
        parties: Parties,
        sounds: Sounds,
        ears: Ears,
        tapes: Tapes,
    ) -> None:
        self.node = node
        self.legs: dict[str, Leg] = {}
        self._scheduler = scheduler
        self._emit = emit
        self._phones = phones
        self._parties = parties
        self._ended: OrderedDict[str, HangupCause] = OrderedDict()
        self._hearing = Hearing(self, parties, sounds, ears)
        self._conversations = Conversations(self, parties, ears, self._hearing)
        self._recorder = Recorder(self, parties, sounds, ears, tapes)
        self._on_leg: dict[type[port.Command], Callable[..., None]] = {
            port.Answer: self._answer,
            port.Play: self._hearing.play,
            port.StopPlay: self._stop_play,
            port.Gather: self._hearing.gather,
            port.Bridge: self._conversations.bridge,
            port.Unbridge: self._conversations.unbridge,
            port.Join: self._conversations.join,
            port.Hold: self._conversations.hold,
            port.Unhold: self._conversations.unhold,
            port.Mute: self._conversations.mute,
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

    def end_of(self, leg_id: str) -> HangupCause | None:
        """Why a leg has ended lately; None when it has not."""
        return self._ended.get(leg_id)

    def hears(self, leg_id: str) -> Sound:
        """What the party of a leg hears."""
        leg = self.legs.get(leg_id)
        return leg.hears if leg is not None else Sound.SILENCE

    # ── What parties do ──────────────────────────────────────────────────────────────────────────────────────────────
    def call(self, incoming: port.Incoming) -> None:
        """A party calls. A leg that was there already stays what it is."""
        if self.knows(incoming.leg):
            return
        leg = Leg(incoming.leg, State.CALLING, endpoint=incoming.endpoint)
        self.legs[leg.id] = leg
        self.tell(incoming)
        self._parties.calls(leg)

    def rings(self, leg: Leg) -> None:
        """A phone of a leg rings."""
        if leg.state is State.DIALING:
            leg.state = State.RINGING
            self.tell(port.Ringing(leg.id))

    def answer(self, leg: Leg, endpoint: str) -> None:
        """A phone that is rung is answered; the others stop ringing."""
        if endpoint not in leg.branches:
            return
        self._stop_ringing(leg, HangupCause.NORMAL)
        self.forget_timers(leg)
        leg.state, leg.endpoint = State.ANSWERED, endpoint
        self.tell(port.Answered(leg.id, endpoint))
        self._parties.answered(leg)

    def refuse(self, leg: Leg, endpoint: str, cause: HangupCause) -> None:
        """A phone does not take the call. One that rejects it rejects it for all phones of the Dial."""
        if endpoint not in leg.branches:
            return
        leg.branches.discard(endpoint)
        self._phones.stop(leg, endpoint, cause)
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
        self._conversations.ended(leg)
        self.forget_timers(leg)
        leg.play = leg.gather = leg.sounding = None  # what is still being prepared comes too late
        self._stop_ringing(leg, cause)
        self._ended[leg.id] = cause
        if len(self._ended) > REMEMBERED_LEGS:
            self._ended.popitem(last=False)
        self.tell(port.Ended(leg.id, cause))
        self._recorder.finish_all(leg)
        self._parties.ended(leg, cause)

    # ── Commands ─────────────────────────────────────────────────────────────────────────────────────────────────────
    def _answer(self, leg: Leg, command: port.Answer) -> None:
        if leg.state is State.CALLING:
            leg.state = State.ANSWERED
            self._parties.answered(leg)

    def _dial(self, command: port.Dial) -> None:
        if command.leg in self._ended:
            self.tell(port.Ended(command.leg, self._ended[command.leg]))
        elif command.leg not in self.legs:
            self._ring(command)

    def _ring(self, command: port.Dial) -> None:
        leg = Leg(command.leg, State.DIALING, branches=set(command.endpoints))
        self.legs[leg.id] = leg
        if not leg.branches:
            self.end(leg, HangupCause.UNREACHABLE)
            return
        self.set_timer(leg, "dial", self.later(command.timeout_s), partial(self.end, leg, HangupCause.NO_ANSWER))
        for endpoint in dict.fromkeys(command.endpoints):
            self._phones.ring(leg, endpoint, command)

    def _stop_ringing(self, leg: Leg, cause: HangupCause) -> None:
        while leg.branches:
            self._phones.stop(leg, leg.branches.pop(), cause)

    def _hang_up(self, command: port.Hangup) -> None:
        leg = self.legs.get(command.leg)
        if leg is None:
            self.tell(port.Ended(command.leg, self._ended.get(command.leg, command.cause)))
            return
        unheard = leg.state in (State.DIALING, State.RINGING) and command.cause is HangupCause.NORMAL
        self.end(leg, HangupCause.CANCELLED if unheard else command.cause)

    def _stop_play(self, leg: Leg, command: port.StopPlay) -> None:
        self._hearing.silence(leg)

    def _send_digits(self, leg: Leg, command: port.SendDigits) -> None:
        if leg.state is State.ANSWERED and command.keys not in leg.known:
            leg.known.add(command.keys)
            self._parties.keys(leg, command.digits)
