"""What the simulated engine knows of a leg."""

from __future__ import annotations

import datetime as dt
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum

from telephony import port
from telephony.adapters.simulated.scheduler import Timer
from telephony.adapters.simulated.script import PartyScript, Press
from telephony.gather import Gathering


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


@dataclass(slots=True)
class Leg:
    """One live leg."""

    id: str
    state: State
    script: PartyScript
    endpoint: str = ""
    branches: set[str] = field(default_factory=set)  # endpoints that may still answer
    fate: port.HangupCause = port.HangupCause.UNREACHABLE  # why it ends when no endpoint is left
    peer: Leg | None = None
    held: bool = False
    muted: bool = False
    play: port.Play | None = None
    gather: GatherRun | None = None
    recordings: dict[str, RecordingRun] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)  # ids of plays, gathers and recordings that have been begun
    timers: dict[str, Timer] = field(default_factory=dict)
    presses: deque[Press] = field(default_factory=deque)
    pressing: str = ""  # keys that are being pressed now
    speaks_until: dt.datetime | None = None
    received: str = ""  # keys that were sent to the party

    @property
    def hears(self) -> Sound:
        """What the party hears now."""
        if self.play is not None or self.gather is not None:
            return Sound.MEDIA
        if self.held:
            return Sound.HOLD
        if self.peer is None or self.peer.muted or self.peer.held:
            return Sound.SILENCE
        return Sound.PARTY
