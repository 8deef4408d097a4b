"""Sounds as the browser engine sends them: encoded once, shared by every leg that hears them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from telephony import port

PACKET_MS = 20  # of sound in each packet
SAMPLE_RATE = 48_000  # Hz
SAMPLES_PER_PACKET = SAMPLE_RATE * PACKET_MS // 1000


@dataclass(frozen=True, slots=True)
class Prompt:
    """A sound. Shape: each packet is one Opus packet of 20 ms, mono, 48 kHz, that a decoder takes after any other."""

    packets: tuple[bytes, ...]

    @property
    def seconds(self) -> float:
        return len(self.packets) * PACKET_MS / 1000


class SoundSource(Protocol):
    """Gets the sounds of the installation: texts, files of projects, files of customers' servers."""

    def load(self, media: port.Media) -> Prompt | None:
        """The sound, encoded; None when it cannot be played, for whatever reason: it raises nothing.

        Called on several threads at once, also for the same sound, before the sound is due: it may take its time, and
        what is asked for again should come from memory. The engine makes tones itself; they are not asked for here.
        """
