"""Where engines differ: what a switch asks of the engine that it works in.

All of it is called on the scheduler's thread, within what the switch is doing: an implementation may call the switch
back only later, by its scheduler or by its timers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from telephony import port
from telephony.port import HangupCause

if TYPE_CHECKING:
    from telephony.switch.legs import Leg


class Phones(Protocol):
    """Rings phones. What they do, it tells the switch: `rings`, `answer`, `refuse`."""

    def ring(self, leg: Leg, endpoint: str, dial: port.Dial) -> None:
        """Let an endpoint ring. Asked once for each endpoint of a Dial."""

    def stop(self, leg: Leg, endpoint: str, cause: HangupCause) -> None:
        """An endpoint rings no more: it refused (its cause), the leg ended (likewise), or was answered (NORMAL)."""


class Parties:
    """What becomes of those who call and are called; nothing, unless an engine says so."""

    def calls(self, leg: Leg) -> None:
        """It has called us."""

    def answered(self, leg: Leg) -> None:
        """It was answered, or has answered."""

    def asked(self, leg: Leg) -> None:
        """It is to press keys, and may."""

    def bridged(self, leg: Leg) -> None:
        """It talks with somebody: with its peer, or as a guest."""

    def parted(self, leg: Leg) -> None:
        """It talks with nobody any more."""

    def leaves_message(self, leg: Leg) -> None:
        """What it says is being recorded as its message."""

    def message_ended(self, leg: Leg) -> None:
        """Its message is no longer recorded."""

    def keys(self, leg: Leg, digits: str) -> None:
        """Keys are sent to it."""

    def ended(self, leg: Leg, cause: HangupCause) -> None:
        """It is gone."""


class Ears:
    """What parties really hear; nothing, unless an engine says so."""

    def changed(self, leg: Leg) -> None:
        """What a leg hears (`leg.hears`, `leg.sounding`, `leg.voices`) may be something else than before."""

    def beep(self, leg: Leg) -> None:
        """A beep, once, over whatever it hears."""


class Tapes(Protocol):
    """Keeps recordings."""

    def begin(self, leg: Leg, command: port.StartRecording) -> None:
        """From now on, a leg and whoever it talks with are recorded (`leg.is_recorded`, `leg.recorded_voices`)."""

    def end(self, leg: Leg, command: port.StartRecording, seconds: float, done: Callable[[str, int], None]) -> None:
        """Until now. `done` is told the path below the media folder and the size in bytes, now or later."""


class Sounds(Protocol):
    """Knows what can be played."""

    def ready(self, leg: Leg, media: Sequence[port.Media]) -> bool:
        """Whether the leg can be played these now, as far as they can be played at all."""

    def prepare(self, leg: Leg, media: Sequence[port.Media], then: Callable[[], object]) -> None:
        """Call back as soon as they are ready. Only asked for what is not."""

    def length(self, leg: Leg, media: port.Media) -> float | None:
        """How many seconds a sound lasts that is ready for a leg; None when it cannot be played."""
