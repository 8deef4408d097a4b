"""Raw recordings for tests, as engines write them."""

from __future__ import annotations

from functools import cache

import numpy as np

from sounds.audio import ogg
from sounds.audio.engine_form import as_engine_form
from telephony.recording_format import LEFT, Head, Packet, head_bytes, packet_bytes
from tests import sounds

PACKET_MS, PACKET_SAMPLES = 20, 960
RIGHT, GUEST = 1, 2  # numbers of voices
LEFT_HZ, RIGHT_HZ, GUEST_HZ = 440, 1000, 1700


@cache
def tone_packets(hertz: int, seconds: float) -> tuple[bytes, ...]:
    """A tone as Opus packets of 20 ms."""
    tone = sounds.tone(seconds, rate=48_000, hertz=hertz)
    count = round(seconds * 1000 / PACKET_MS)
    return ogg.opus_packets(as_engine_form(sounds.wav(tone, 48_000)))[:count]


def spoken(voice: int, hertz: int, seconds: float, *, at_ms: int = 0, timestamp: int = 0) -> list[Packet]:
    """Somebody who makes a tone from a moment on, heard without any delay."""
    payloads = tone_packets(hertz, seconds)
    return [
        Packet(voice, at_ms + i * PACKET_MS, (timestamp + i * PACKET_SAMPLES) % (1 << 32), payload)
        for i, payload in enumerate(payloads)
    ]


def head(**changes: object) -> Head:
    fields: dict[str, object] = {"kind": "conversation", "format": "mp3", "stereo": True, **changes}
    return Head(project_id=1, recording="rec-1", leg="leg-1", began_at=0.0, **fields)


def raw(packets: list[Packet], **changes: object) -> bytes:
    """A file; packets are written in the order of their arrival."""
    in_order = sorted(packets, key=lambda packet: packet.at_ms)
    return head_bytes(head(**changes)) + b"".join(map(packet_bytes, in_order))


def conversation(seconds: float = 2.0) -> list[Packet]:
    """Both sides make their tones all the time."""
    return [*spoken(LEFT, LEFT_HZ, seconds), *spoken(RIGHT, RIGHT_HZ, seconds, at_ms=7, timestamp=99)]


def loudness(samples: np.ndarray, hertz: float, rate: int) -> float:
    """How loud a tone is in a piece of sound, 1 for a full one."""
    moments = np.arange(len(samples)) / rate
    return float(2 * abs(np.mean(samples * np.exp(-2j * np.pi * hertz * moments))))
