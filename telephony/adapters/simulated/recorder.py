"""What becomes of recordings of which nobody hears anything: a file as long as they were, or none."""

from __future__ import annotations

from collections.abc import Callable

from telephony import port
from telephony.switch.legs import Leg

BYTES_PER_S = 2000  # MP3 at 16 kbit/s

WriteRecording = Callable[[port.StartRecording, float], tuple[str, int]]
"""Writes a recording of so many seconds. Returns its path below the media folder, and its size in bytes."""


def path_of(command: port.StartRecording) -> str:
    """Where a recording lies below the media folder."""
    return f"recordings/{command.project_id}/{command.recording}.{command.format}"


def write_nothing(command: port.StartRecording, seconds: float) -> tuple[str, int]:
    """Say where a file would lie and how big it would be, and write none."""
    return path_of(command), int(seconds * BYTES_PER_S)


class WrittenTapes:
    """Writes each recording when it ends (`telephony.switch.hooks.Tapes`)."""

    def __init__(self, write: WriteRecording) -> None:
        self._write = write

    def begin(self, leg: Leg, command: port.StartRecording) -> None:
        """Nothing is heard."""

    def end(self, leg: Leg, command: port.StartRecording, seconds: float, done: Callable[[str, int], None]) -> None:
        file, size_bytes = self._write(command, seconds) if seconds > 0 else ("", 0)
        done(file, size_bytes)
