"""What legs hear: plays, and prompts that ask for keys."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from telephony import port
from telephony.gather import Do, Done, Gathering, Phase, PlayPrompt, StartTimer, StopPrompt
from telephony.switch.hooks import Ears, Parties, Sounds
from telephony.switch.legs import GatherRun, Leg, Sounding, State

if TYPE_CHECKING:
    from telephony.switch.switch import Switch


class Hearing:
    """A leg hears one thing at a time; what is replaced or stopped tells nothing more.

    What is not ready yet is waited for in silence, and takes its place at once: what comes after it replaces it.
    """

    def __init__(self, switch: Switch, parties: Parties, sounds: Sounds, ears: Ears) -> None:
        self._switch = switch
        self._parties = parties
        self._sounds = sounds
        self._ears = ears

    def play(self, leg: Leg, command: port.Play) -> None:
        if command.play in leg.known:
            return
        leg.known.add(command.play)
        if leg.state in (State.DIALING, State.RINGING):
            self._fail(leg, command)
        elif self._sounds.ready(leg, command.media):
            self._begin(leg, command)
        else:
            self.silence(leg)
            leg.play = command
            self._sounds.prepare(leg, command.media, partial(self._ready_to_play, leg, command))

    def gather(self, leg: Leg, command: port.Gather) -> None:
        if command.gather in leg.known or leg.state is not State.ANSWERED:
            return
        leg.known.add(command.gather)
        self.silence(leg)
        run = leg.gather = GatherRun(command, Gathering(command))
        if self._sounds.ready(leg, command.media):
            self._ready_to_gather(leg, run)
        else:
            self._sounds.prepare(leg, command.media, partial(self._ready_to_gather, leg, run))

    def pressed(self, leg: Leg, digit: str) -> None:
        """A key for the gathering that is under way."""
        if leg.gather is not None:
            self._go_on(leg, leg.gather.state.on_digit(digit, self._switch.now()))

    def silence(self, leg: Leg) -> None:
        """Whatever sounds, stops; no key is taken any more."""
        for name in ("play", "prompt", "gather"):
            self._switch.forget_timer(leg, name)
        leg.play = leg.gather = None
        self._sound(leg, None)

    def _sound(self, leg: Leg, sounding: Sounding | None) -> None:
        leg.sounding = sounding
        self._ears.changed(leg)

    def _lengths(self, leg: Leg, media: Sequence[port.Media]) -> list[float]:
        """The lengths of those that can be played."""
        return [length for each in media if (length := self._sounds.length(leg, each)) is not None]

    # ── Plays ────────────────────────────────────────────────────────────────────────────────────────────────────────
    def _ready_to_play(self, leg: Leg, command: port.Play) -> None:
        if leg.play is command:
            self._begin(leg, command)

    def _begin(self, leg: Leg, command: port.Play) -> None:
        lengths = self._lengths(leg, command.media)
        if not lengths:
            self._fail(leg, command)
            return
        self.silence(leg)
        leg.play = command
        if command.loops > 0:
            pauses_s = (command.loops - 1) * command.pause_ms / 1000
            when = self._switch.later(command.loops * sum(lengths) + pauses_s)
            whole = len(lengths) == len(command.media)
            self._switch.set_timer(leg, "play", when, partial(self._played, leg, command.play, whole))
        self._sound(leg, Sounding(command.media, command.loops, command.pause_ms))

    def _fail(self, leg: Leg, command: port.Play) -> None:
        if leg.play is command:
            self.silence(leg)
        self._switch.tell(port.PlayEnded(leg.id, command.play, ok=False))

    def _played(self, leg: Leg, play: str, whole: bool) -> None:
        self.silence(leg)
        self._switch.tell(port.PlayEnded(leg.id, play, ok=whole))

    # ── Keys ─────────────────────────────────────────────────────────────────────────────────────────────────────────
    def _ready_to_gather(self, leg: Leg, run: GatherRun) -> None:
        if leg.gather is run:
            self._go_on(leg, run.state.on_started(self._switch.now()))

    def _go_on(self, leg: Leg, step: tuple[Gathering, tuple[Do, ...]]) -> None:
        run = leg.gather
        if run is None:
            return
        run.state, actions = step
        for action in actions:
            self._do(leg, run, action)
        if leg.gather is run and not run.asked and (run.command.barge_in or run.state.phase is Phase.FIRST_DIGIT):
            run.asked = True
            self._parties.asked(leg)

    def _do(self, leg: Leg, run: GatherRun, action: Do) -> None:
        match action:
            case PlayPrompt(play):
                when = self._switch.later(sum(self._lengths(leg, run.command.media)))
                self._switch.set_timer(leg, "prompt", when, partial(self._prompt_ended, leg, play))
                self._sound(leg, Sounding(run.command.media))
            case StopPrompt():
                self._switch.forget_timer(leg, "prompt")
                self._sound(leg, None)
            case StartTimer(at):
                self._switch.set_timer(leg, "gather", at, partial(self._tick, leg))
            case Done(digits, reason):
                self.silence(leg)
                self._switch.tell(port.Gathered(leg.id, run.command.gather, digits, reason))

    def _prompt_ended(self, leg: Leg, play: int) -> None:
        if leg.gather is not None:
            self._sound(leg, None)
            self._go_on(leg, leg.gather.state.on_prompt_ended(play, self._switch.now()))

    def _tick(self, leg: Leg) -> None:
        if leg.gather is not None:
            self._go_on(leg, leg.gather.state.on_tick(self._switch.now()))
