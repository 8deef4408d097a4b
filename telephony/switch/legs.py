"""What a switch knows of a leg."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum

from telephony import port
from telephony.gather import Gathering
from telephony.switch.scheduler import Timer


class State(StrEnum):
    """Where a leg is; one that has ended is not kept."""

    CALLING = "calling"  # it calls us and nobody has answered
    DIALING = "dialing"
    RINGING = "ringing"
    ANSWERED = "answered"


class Sound(StrEnum):
    """What a party hears."""

    SILENCE = "silence"
    MEDIA = "media"
    HOLD = "hold"
    PARTY = "party"


@dataclass(frozen=True, slots=True, eq=False)
class Sounding:
    """Media that sound from the moment when this was made."""

    media: tuple[port.Media, ...]
    loops: int = 1
    pause_ms: int = 0


@dataclass(slots=True)
class GatherRun:
    """A Gather command under way."""

    command: port.Gather
    state: Gathering
    asked: bool = False  # the party knows that it is to press keys


@dataclass(slots=True)
class RecordingRun:
    """A recording under way. `began_at` is None while its beep sounds."""

    command: port.StartRecording
    began_at: dt.datetime | None = None


@dataclass(slots=True, eq=False)
class Leg:
    """One live leg."""

    id: str
    state: State
    endpoint: str = ""
    branches: set[str] = field(default_factory=set)  # endpoints that may still answer
    fate: port.HangupCause = port.HangupCause.UNREACHABLE  # why it ends when no endpoint is left
    peer: Leg | None = None
    host: Leg | None = None  # of a guest; a guest has neither peer nor guests
    part: port.Part = port.Part.TALK  # of a guest
    guests: list[Leg] = field(default_factory=list)  # in the order in which they came
    held: bool = False
    hold_media: tuple[port.Media, ...] = ()
    muted: bool = False
    play: port.Play | None = None
    gather: GatherRun | None = None
    sounding: Sounding | None = None  # of the play or gathering, what is heard now
    recordings: dict[str, RecordingRun] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)  # ids of what has been begun: plays, gathers, recordings, keys
    timers: dict[str, Timer] = field(default_factory=dict)
    speaks_until: dt.datetime | None = None

    @property
    def hears(self) -> Sound:
        """What the party hears now."""
        if self.play is not None or self.gather is not None:
            return Sound.MEDIA
        if self.held:
            return Sound.HOLD
        return Sound.PARTY if self.voices else Sound.SILENCE

    @property
    def company(self) -> tuple[Leg, ...]:
        """Everybody else in the conversation that the party takes part in. Order: host, its peer, guests of both."""
        host = self.host or self
        others = (host, *host.guests) if host.peer is None else (host, host.peer, *host.guests, *host.peer.guests)
        return tuple(each for each in others if each is not self)

    @property
    def voices(self) -> tuple[Leg, ...]:
        """Whose voices reach the party, also while something is played to it. Order: as of `company`.

        Who is held is out of the conversation, for whoever else is in it: the others go on.
        """
        return () if self.held else tuple(each for each in self.company if each.is_heard and each._is_meant_for(self))

    @property
    def talks(self) -> bool:
        """Whether what it says is for everybody: only guests may be there to listen, or to whisper."""
        return self.host is None or self.part is port.Part.TALK

    @property
    def is_heard(self) -> bool:
        """Whether what it says goes to anybody."""
        return not self.muted and not self.held

    # ── What is recorded of a leg: what is said to all, whoever listens beside ───────────────────────────────────────
    @property
    def is_recorded(self) -> bool:
        """Whether its own voice belongs on its recordings: alone, or when somebody is there to talk with."""
        partners = [each for each in self.company if each.talks]
        return self.is_heard and self.talks and (not partners or not all(each.held for each in partners))

    @property
    def recorded_voices(self) -> tuple[Leg, ...]:
        """Whose voices belong on its recordings beside its own."""
        return tuple(each for each in self.voices if each.talks)

    def _is_meant_for(self, other: Leg) -> bool:
        return self.talks or (self.part is port.Part.WHISPER and self.host is other)
