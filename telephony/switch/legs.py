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
    held: bool = False
    hold_media: tuple[port.Media, ...] = ()
    muted: bool = False
    play: port.Play | None = None
    gather: GatherRun | None = None
    sounding: Sounding | None = None  # of the play or gathering, what is heard now
    recordings: dict[str, RecordingRun] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)  # ids of plays, gathers and recordings that have been begun
    timers: dict[str, Timer] = field(default_factory=dict)
    speaks_until: dt.datetime | None = None

    @property
    def hears(self) -> Sound:
        """What the party hears now."""
        if self.play is not None or self.gather is not None:
            return Sound.MEDIA
        if self.held:
            return Sound.HOLD
        if self.peer is None or not self.peer.is_heard:
            return Sound.SILENCE
        return Sound.PARTY

    @property
    def is_heard(self) -> bool:
        """Whether what it says goes to whoever it is bridged with."""
        return not self.muted and not self.held
