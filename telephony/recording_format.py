"""Recordings as the browser engine writes them while people talk: encoded packets as they come, nothing decoded.

A worker decodes, aligns and mixes them afterwards. Such a file is whole at any moment: a killed engine leaves one that
ends early, and whoever reads it ignores the beginning of a packet at its end.

Shape: `PCCREC1\\n`; 4 bytes, the length of the head; the head as JSON (fields of `Head`); then packets: side (1 byte,
0 left, 1 right), milliseconds since the recording began (4), timestamp of its sender's clock in 48 kHz samples (4,
wraps around), length of the payload (2), the payload: one Opus packet. Numbers are big-endian, without signs.

Time: packets of a side lie as far apart as their timestamps say, whatever the net did to their arrival. Where the two
disagree by more than `GAP_MS`, somebody else speaks on this side or was silent: time goes on from the arrival.
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

_LENGTH = struct.Struct(">I")
_PACKET = struct.Struct(">BIIH")
_ALL_32_BITS = 0xFFFFFFFF


class RecordingUnreadable(Exception):
    """The file is not a recording of ours."""


class Side(IntEnum):
    """Whose voice it is: the leg that is recorded, or whoever it talks with."""

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

    side: Side
    at_ms: int
    timestamp: int
    payload: bytes


def head_bytes(head: Head) -> bytes:
    """How a recording begins."""
    text = json.dumps(dataclasses.asdict(head)).encode()
    return MAGIC + _LENGTH.pack(len(text)) + text


def packet_bytes(packet: Packet) -> bytes:
    """How a packet follows. A payload that no net carries is cut to nothing: silence."""
    payload = packet.payload if len(packet.payload) <= LONGEST_PAYLOAD else b""
    at_ms, timestamp = min(packet.at_ms, _ALL_32_BITS), packet.timestamp & _ALL_32_BITS
    return _PACKET.pack(packet.side, at_ms, timestamp, len(payload)) + payload


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
        side, at_ms, timestamp, length = _PACKET.unpack(start)
        if side not in (Side.LEFT, Side.RIGHT):
            raise RecordingUnreadable("A packet belongs to no side.")
        payload = file.read(length)
        if len(payload) < length:
            return
        yield Packet(Side(side), at_ms, timestamp, payload)
