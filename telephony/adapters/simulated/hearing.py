"""What legs hear: plays, and prompts that ask for keys."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from telephony import port
from telephony.adapters.simulated.legs import GatherRun, Leg, State
from telephony.adapters.simulated.people import People
from telephony.adapters.simulated.sounds import Sounds
from telephony.gather import Do, Done, Gathering, Phase, PlayPrompt, StartTimer, StopPrompt

if TYPE_CHECKING:
    from telephony.adapters.simulated.engine import SimulatedEngine


class Hearing:
    """A leg hears one thing at a time; what is replaced or stopped tells nothing more."""

    def __init__(self, engine: SimulatedEngine, people: People, sounds: Sounds) -> None:
        self._engine = engine
        self._people = people
        self._sounds = sounds

    def play(self, leg: Leg, command: port.Play) -> None:
        if command.play in leg.known:
            return
        leg.known.add(command.play)
        lengths = self._lengths(command.media)
        if not lengths or leg.state in (State.DIALING, State.RINGING):
            self._engine.tell(port.PlayEnded(leg.id, command.play, ok=False))
            return
        self.silence(leg)
        leg.play = command
        if command.loops > 0:
            pauses_s = (command.loops - 1) * command.pause_ms / 1000
            when = self._engine.later(command.loops * sum(lengths) + pauses_s)
            whole = len(lengths) == len(command.media)
            self._engine.set_timer(leg, "play", when, partial(self._played, leg, command.play, whole))

    def gather(self, leg: Leg, command: port.Gather) -> None:
        if command.gather in leg.known or leg.state is not State.ANSWERED:
            return
        leg.known.add(command.gather)
        self.silence(leg)
        leg.gather = GatherRun(command, Gathering(command))
        self._go_on(leg, leg.gather.state.on_started(self._engine.now()))

    def pressed(self, leg: Leg, digit: str) -> None:
        """A key for the gathering that is under way."""
        if leg.gather is not None:
            self._go_on(leg, leg.gather.state.on_digit(digit, self._engine.now()))

    def silence(self, leg: Leg) -> None:
        """Whatever sounds, stops; no key is taken any more."""
        for name in ("play", "prompt", "gather"):
            self._engine.forget_timer(leg, name)
        leg.play = leg.gather = None

    def _lengths(self, media: Sequence[port.Media]) -> list[float]:
        """The lengths of those that can be played."""
        return [length for each in media if (length := self._sounds.length(each)) is not None]

    def _played(self, leg: Leg, play: str, whole: bool) -> None:
        self.silence(leg)
        self._engine.tell(port.PlayEnded(leg.id, play, ok=whole))

    def _go_on(self, leg: Leg, step: tuple[Gathering, tuple[Do, ...]]) -> None:
        run = leg.gather
        if run is None:
            return
        run.state, actions = step
        for action in actions:
            self._do(leg, run, action)
        if leg.gather is run and not run.asked and (run.command.barge_in or run.state.phase is Phase.FIRST_DIGIT):
            run.asked = True
            self._people.asked(leg)

    def _do(self, leg: Leg, run: GatherRun, action: Do) -> None:
        match action:
            case PlayPrompt(play):
                when = self._engine.later(sum(self._lengths(run.command.media)))
                self._engine.set_timer(leg, "prompt", when, partial(self._prompt_ended, leg, play))
            case StopPrompt():
                self._engine.forget_timer(leg, "prompt")
            case StartTimer(at):
                self._engine.set_timer(leg, "gather", at, partial(self._tick, leg))
            case Done(digits, reason):
                self.silence(leg)
                self._engine.tell(port.Gathered(leg.id, run.command.gather, digits, reason))

    def _prompt_ended(self, leg: Leg, play: int) -> None:
        if leg.gather is not None:
            self._go_on(leg, leg.gather.state.on_prompt_ended(play, self._engine.now()))

    def _tick(self, leg: Leg) -> None:
        if leg.gather is not None:
            self._go_on(leg, leg.gather.state.on_tick(self._engine.now()))
