"""Recordings as the browser engine writes them while people talk: encoded packets as they come, nothing decoded.

A worker decodes, aligns and mixes them afterwards. Such a file is whole at any moment: a killed engine leaves one that
ends early, and whoever reads it ignores the beginning of a packet at its end.

Shape: `PCCREC1\\n`; 4 bytes, the length of the head; the head as JSON (fields of `Head`); then packets: number of the
voice (1 byte; 0: the leg that is recorded, left; others: whoever talks with it, right), milliseconds since the
recording began (4), timestamp of its sender's clock in 48 kHz samples (4, wraps around), length of the payload (2), the
payload: one Opus packet. Numbers are big-endian, without signs.

Time: packets of a voice lie as far apart as their timestamps say, whatever the net did to their arrival. Where the two
disagree by more than `GAP_MS`, its sender was silent or has another clock now: time goes on from the arrival.
"""

from __future__ import annotations

import dataclasses
import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import BinaryIO

MAGIC = b"PCCREC1\n"
SUFFIX = ".raw"
GAP_MS = 200
LONGEST_HEAD = 64 * 1024  # bytes; anything longer is no recording
LONGEST_PAYLOAD = 0xFFFF  # bytes
LEFT = 0  # the number of the voice of the leg that is recorded
VOICES = 64  # numbers are used again then: nobody talks with so many at once, and each is decoded by itself

_LENGTH = struct.Struct(">I")
_PACKET = struct.Struct(">BIIH")
_ALL_32_BITS = 0xFFFFFFFF


class RecordingUnreadable(Exception):
    """The file is not a recording of ours."""


class Side(IntEnum):
    """Where a voice is heard: the leg that is recorded, or whoever talks with it."""

    LEFT = 0
    RIGHT = 1


@dataclass(frozen=True, slots=True)
class Head:
    """What the finished file is to be. `format`: mp3, wav. `kind`: conversation, voicemail.

    Units: `began_at` seconds since 1970.
    """

    project_id: int
    recording: str
    leg: str
    kind: str
    format: str
    stereo: bool
    began_at: float


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet of somebody's voice. Units: `at_ms` since the beginning, `timestamp` 48 kHz samples."""

    voice: int
    at_ms: int
    timestamp: int
    payload: bytes

    @property
    def side(self) -> Side:
        return side_of(self.voice)


def side_of(voice: int) -> Side:
    """Where a voice of this number is heard."""
    return Side.LEFT if voice == LEFT else Side.RIGHT


def voice_number(voices: int) -> int:
    """The number of another voice on the right, after so many, the one on the left included."""
    return 1 + (voices - 1) % (VOICES - 1)


def head_bytes(head: Head) -> bytes:
    """How a recording begins."""
    text = json.dumps(dataclasses.asdict(head)).encode()
    return MAGIC + _LENGTH.pack(len(text)) + text


def packet_bytes(packet: Packet) -> bytes:
    """How a packet follows. A payload that no net carries is cut to nothing: silence."""
    payload = packet.payload if len(packet.payload) <= LONGEST_PAYLOAD else b""
    at_ms, timestamp = min(packet.at_ms, _ALL_32_BITS), packet.timestamp & _ALL_32_BITS
    return _PACKET.pack(packet.voice, at_ms, timestamp, len(payload)) + payload


def read_head(file: BinaryIO) -> Head:
    """The head of a recording; the file then stands at its first packet. Raises RecordingUnreadable."""
    if file.read(len(MAGIC)) != MAGIC:
        raise RecordingUnreadable("This is not a recording.")
    try:
        (length,) = _LENGTH.unpack(file.read(_LENGTH.size))
        if length > LONGEST_HEAD:
            raise RecordingUnreadable("The head is too long.")
        return Head(**json.loads(file.read(length)))
    except (struct.error, ValueError, TypeError) as error:
        raise RecordingUnreadable("The head is not readable.") from error


def read_packets(file: BinaryIO) -> Iterator[Packet]:
    """The packets, one by one, up to the first that is not whole. Raises RecordingUnreadable."""
    while len(start := file.read(_PACKET.size)) == _PACKET.size:
        voice, at_ms, timestamp, length = _PACKET.unpack(start)
        if voice >= VOICES:
            raise RecordingUnreadable("A packet belongs to no voice.")
        payload = file.read(length)
        if len(payload) < length:
            return
        yield Packet(voice, at_ms, timestamp, payload)
