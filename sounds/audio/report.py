"""What the program answers: the facts about a file, or the reason why it was refused."""

from __future__ import annotations

import enum
import json
from dataclasses import asdict, dataclass

SHORTEST_S = 0.2
LONGEST_S = 600
ENCODER_PADDING_S = 0.2  # encoders fill up their last frame: a ten-minute MP3 is a little longer than ten minutes
MOST_PEAKS = 400  # about one for each pixel of the picture

ENGINE_FILE = "48k.opus"
TELEPHONE_FILE = "8k.wav"
LISTEN_FILE = "listen.mp3"
WRITTEN_FILES = (ENGINE_FILE, TELEPHONE_FILE, LISTEN_FILE)
UPLOAD_FILE = "upload"


class Kind(enum.StrEnum):
    """What the bytes of an accepted file are; the value is the extension under which the original is kept."""

    WAV = "wav"
    MP3 = "mp3"
    OGG = "ogg"
    FLAC = "flac"
    M4A = "m4a"


class Reason(enum.StrEnum):
    """Why a file was refused."""

    NOT_AUDIO = "not_audio"
    CODEC = "codec"
    DAMAGED = "damaged"
    STREAMS = "streams"
    VIDEO = "video"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    SILENT = "silent"


class Refused(Exception):
    """The file is not accepted."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Report:
    """The facts about an accepted file. Units: milliseconds, measured by decoding; peaks 0 to 100 of full scale."""

    kind: Kind
    duration_ms: int
    peaks: tuple[int, ...]


def to_json(outcome: Report | Refused) -> str:
    """The line that the program prints."""
    if isinstance(outcome, Refused):
        return json.dumps({"refused": outcome.reason})
    return json.dumps(asdict(outcome))


def from_json(text: str) -> Report:
    """Read the line again; nothing in it is trusted, because the program may have been taken over by its file.

    Raises Refused with the reason that the program gave, ValueError for anything that it would not print.
    """
    answer = json.loads(text)
    if not isinstance(answer, dict):
        raise ValueError(text)
    if "refused" in answer:
        raise Refused(Reason(answer["refused"]))
    kind, duration_ms, peaks = Kind(str(answer.get("kind"))), answer.get("duration_ms"), answer.get("peaks")
    longest_ms = (LONGEST_S + ENCODER_PADDING_S) * 1000
    if not isinstance(duration_ms, int) or not SHORTEST_S * 1000 <= duration_ms <= longest_ms:
        raise ValueError(text)
    if not isinstance(peaks, list) or not 1 <= len(peaks) <= MOST_PEAKS:
        raise ValueError(text)
    if not all(isinstance(peak, int) and 0 <= peak <= 100 for peak in peaks):
        raise ValueError(text)
    return Report(kind, duration_ms, tuple(peaks))
