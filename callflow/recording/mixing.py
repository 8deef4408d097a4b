"""The voices of a conversation decoded and laid out in time on its two sides, second by second.

Shape of blocks: (2, samples) int16, 48 kHz, left and right.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import av
import numpy as np

from callflow.recording.timeline import PER_MS, Placed
from telephony import losses
from telephony.recording_format import Side, side_of

RATE = 48_000  # Hz
FULL_SCALE = 32_768
BLOCK = RATE  # samples of each block
# A block is told when nothing can change it any more: packets are held back for 120 ms, and lie 200 ms around their
# arrival.
SETTLED_AFTER = 1_000 * PER_MS
LONGEST = 25 * 3600 * RATE  # samples; the longest call is a day, what is beyond is no recording
LONGEST_PACKET = 6_000  # samples; Opus has 120 ms at most


class TooLong(Exception):
    """Longer than any call: the file is damaged."""


def blocks(packets: Iterable[Placed]) -> Iterator[np.ndarray]:
    """Decode packets and lay them out; where there is none, there is silence. Memory: two seconds.

    Raises TooLong.
    """
    voices: dict[int, _Voice] = {}
    canvas = _Canvas()
    for packet in packets:
        if packet.position > LONGEST:
            raise TooLong
        voice = voices.setdefault(packet.voice, _Voice())
        yield from canvas.settle(packet.position - SETTLED_AFTER)
        canvas.add(side_of(packet.voice), *voice.said(packet))
    yield from canvas.rest()


class _Voice:
    """One voice's Opus, with the memory that it needs between packets."""

    def __init__(self) -> None:
        self._context: Any = av.CodecContext.create("libopus", "r")
        self._context.sample_rate, self._context.layout = RATE, "mono"
        self._end = 0  # position behind what it has said
        self._before = b""  # its last packet that was sound

    def said(self, packet: Placed) -> tuple[int, np.ndarray]:
        """Where a packet is heard, and what: nobody is heard twice at once, whatever his clock says.

        What got lost before it belongs to it.
        """
        gap = packet.position - self._end
        lost = losses.made_up(gap if 0 < gap <= losses.LONGEST else 0, self._before, self._decode)
        said = self._decode(packet.payload)
        begin = max(packet.position, self._end)
        samples = np.concatenate((lost, said[begin - packet.position :]))
        begin -= len(lost)
        self._before = packet.payload if len(said) else self._before
        self._end = begin + len(samples)
        return begin, samples

    def _decode(self, payload: bytes) -> np.ndarray:
        """Shape: (samples,) int16. What cannot be decoded is silence, like what was lost on the way."""
        if not payload:
            return np.empty(0, np.int16)
        try:
            frames = self._context.decode(av.Packet(payload))
        except av.FFmpegError:
            return np.empty(0, np.int16)
        parts = [_as_int16(frame.to_ndarray().reshape(-1)) for frame in frames]
        return np.concatenate(parts)[:LONGEST_PACKET] if parts else np.empty(0, np.int16)


def _as_int16(samples: np.ndarray) -> np.ndarray:
    if samples.dtype == np.int16:
        return samples
    whole: np.ndarray = np.clip(samples * 32_767, -32_768, 32_767).astype(np.int16)
    return whole


class _Canvas:
    """The seconds that are being filled."""

    def __init__(self) -> None:
        self._begin = 0  # position of the first sample that was not told yet
        self._end = 0  # behind the last sample of a packet
        self._sound = np.zeros((len(Side), 2 * BLOCK + SETTLED_AFTER), np.int32)

    def settle(self, until: int) -> Iterator[np.ndarray]:
        """Tell whole blocks before a position."""
        while self._begin + BLOCK <= until:
            yield self._cut(BLOCK)

    def add(self, side: Side, position: int, samples: np.ndarray) -> None:
        """Lay sound down over what is there; what comes too late for its place is lost."""
        first = position - self._begin
        if first < 0:
            samples, first = samples[-first:], 0
        self._sound[side, first : first + len(samples)] += samples
        self._end = max(self._end, position + len(samples))

    def rest(self) -> Iterator[np.ndarray]:
        while self._begin < self._end:
            yield self._cut(min(BLOCK, self._end - self._begin))

    def _cut(self, length: int) -> np.ndarray:
        block = self._sound[:, :length].clip(-FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
        self._sound[:, :-length] = self._sound[:, length:]
        self._sound[:, -length:] = 0
        self._begin += length
        return block
