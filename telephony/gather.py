"""Taking keys: prompt, repetitions, barge-in, time-outs, digits. Every adapter drives this one state machine.

An adapter calls `on_…` when something happens and carries out what comes back, in order. What comes twice, late or
early changes nothing; only a key cannot be told from the same key pressed again, so adapters report each press once.
When an engine loses the end of a prompt, the gathering waits for ever: whoever started it has a deadline of its own.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from enum import StrEnum

from telephony.port import Gather

TONES = frozenset("0123456789*#ABCD")  # what telephones and trunks can send (Source: ITU-T Q.23)


class Reason(StrEnum):
    """Why a gathering ended (`telephony.port.Gathered.reason`)."""

    MAX_DIGITS = "max_digits"
    TERMINATOR = "terminator"
    TIMEOUT = "timeout"  # after a digit, no other came
    NO_INPUT = "no_input"


class Phase(StrEnum):
    """Where a gathering is."""

    NEW = "new"
    PROMPT = "prompt"
    PAUSE = "pause"  # between two repetitions of the prompt
    FIRST_DIGIT = "first_digit"  # after the prompt
    NEXT_DIGIT = "next_digit"
    DONE = "done"


# ── What the adapter is to do ────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class PlayPrompt:
    """Play the media of the command once. `play`, from 1, is told to `on_prompt_ended`."""

    play: int


@dataclass(frozen=True, slots=True)
class StopPrompt:
    """Silence, now."""


@dataclass(frozen=True, slots=True)
class StartTimer:
    """Call `on_tick` at this instant; this timer takes the place of the one before."""

    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Done:
    """Report `Gathered`. Nothing follows. A terminator is not among the digits."""

    digits: str
    reason: Reason


Do = PlayPrompt | StopPrompt | StartTimer | Done


@dataclass(frozen=True, slots=True)
class Gathering:
    """One `Gather` command under way. Each `on_…` returns what it has become, and what to do.

    Without media the wait for the first key begins at once. With `max_digits` 0 no key is taken: the prompt is
    played, the first time-out passes, and the reason is `no_input`. While the prompt may not be interrupted, from its
    beginning to the end of its last repetition, keys are dropped.
    """

    command: Gather
    phase: Phase = Phase.NEW
    plays: int = 0
    digits: str = ""
    timer_at: dt.datetime | None = None

    def on_started(self, now: dt.datetime) -> tuple[Gathering, tuple[Do, ...]]:
        """The engine is ready to play and to hear keys."""
        if self.phase is not Phase.NEW:
            return self, ()
        return self._play() if self.command.media else self._await_first(now)

    def on_prompt_ended(self, play: int, now: dt.datetime) -> tuple[Gathering, tuple[Do, ...]]:
        """A play of the prompt came to its end, or failed."""
        if self.phase is not Phase.PROMPT or play != self.plays:
            return self, ()
        if self.plays >= self.command.loops:
            return self._await_first(now)
        if self.command.pause_ms > 0:
            return self._await(Phase.PAUSE, now + dt.timedelta(milliseconds=self.command.pause_ms))
        return self._play()

    def on_digit(self, digit: str, now: dt.datetime) -> tuple[Gathering, tuple[Do, ...]]:
        """The party pressed a key."""
        if not self._takes(digit):
            return self, ()
        stop = (StopPrompt(),) if self.phase is Phase.PROMPT else ()
        after, actions = self._take(digit, now)
        return after, (*stop, *actions)

    def on_tick(self, now: dt.datetime) -> tuple[Gathering, tuple[Do, ...]]:
        """A timer fired. One that fires too early, by whatever clock, is set again."""
        if self.timer_at is None:
            return self, ()
        if now < self.timer_at:
            return self, (StartTimer(self.timer_at),)
        if self.phase is Phase.PAUSE:
            return self._play()
        return self._end(Reason.TIMEOUT if self.digits else Reason.NO_INPUT)

    def _takes(self, digit: str) -> bool:
        if self.phase in (Phase.NEW, Phase.DONE) or digit not in TONES or self.command.max_digits < 1:
            return False
        return self.command.barge_in or self.phase not in (Phase.PROMPT, Phase.PAUSE)

    def _take(self, digit: str, now: dt.datetime) -> tuple[Gathering, tuple[Do, ...]]:
        if digit in self.command.terminators:
            return self._end(Reason.TERMINATOR)
        taken = replace(self, digits=self.digits + digit)
        if len(taken.digits) >= self.command.max_digits:
            return taken._end(Reason.MAX_DIGITS)
        return taken._await(Phase.NEXT_DIGIT, now + dt.timedelta(seconds=self.command.inter_digit_timeout_s))

    def _play(self) -> tuple[Gathering, tuple[Do, ...]]:
        after = replace(self, phase=Phase.PROMPT, plays=self.plays + 1, timer_at=None)
        return after, (PlayPrompt(after.plays),)

    def _await_first(self, now: dt.datetime) -> tuple[Gathering, tuple[Do, ...]]:
        return self._await(Phase.FIRST_DIGIT, now + dt.timedelta(seconds=self.command.first_digit_timeout_s))

    def _await(self, phase: Phase, at: dt.datetime) -> tuple[Gathering, tuple[Do, ...]]:
        return replace(self, phase=phase, timer_at=at), (StartTimer(at),)

    def _end(self, reason: Reason) -> tuple[Gathering, tuple[Do, ...]]:
        return replace(self, phase=Phase.DONE, timer_at=None), (Done(self.digits, reason),)
