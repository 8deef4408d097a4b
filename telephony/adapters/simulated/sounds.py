"""How long sounds last that nobody hears. Units: seconds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from telephony import port
from telephony.switch.legs import Leg

CHARACTERS_PER_S = 14.0  # calm speech, Vietnamese or English
SHORTEST_SPEECH_S = 0.5
SPEED_STEP = 0.15  # one step of `speed` makes speech so much faster
REMOTE_FILE_S = 5.0
FILE_S = 4.0  # where nobody knows the files, as in simulations
TONES_S = {"beep": 0.4, "ringback": 5.0, "busy": 3.0, "music": 60.0}

FileLength = Callable[[port.AudioFile], float | None]


def spoken_s(text: str, speed: int = 0) -> float:
    """About how long a text takes to speak."""
    seconds = max(SHORTEST_SPEECH_S, len(text) / CHARACTERS_PER_S)
    return seconds / (1 + SPEED_STEP * max(-3, min(3, speed)))


def usual_length(file: port.AudioFile) -> float | None:
    """Every file exists and lasts equally long."""
    return FILE_S


@dataclass(frozen=True, slots=True)
class Sounds:
    """Knows what can be played, all of it at once. `file_length` gives None for a file that is not there."""

    file_length: FileLength = usual_length

    def ready(self, leg: Leg, media: Sequence[port.Media]) -> bool:
        return True

    def prepare(self, leg: Leg, media: Sequence[port.Media], then: Callable[[], object]) -> None:
        then()

    def length(self, leg: Leg, media: port.Media) -> float | None:
        """How long one sound lasts; None when it cannot be played."""
        if isinstance(media, port.Speech):
            return spoken_s(media.text, media.speed) if media.text.strip() else None
        if isinstance(media, port.AudioFile):
            return self.file_length(media)
        return REMOTE_FILE_S if isinstance(media, port.RemoteFile) else TONES_S.get(media.name)
