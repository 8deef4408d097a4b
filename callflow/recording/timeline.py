"""When each packet of a raw recording was heard. Pure: no sound, no files.

Units: positions are samples at 48 kHz since the recording began.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from telephony.recording_format import GAP_MS, Packet

PER_MS = 48  # samples
GAP = GAP_MS * PER_MS
HOLD = 120 * PER_MS  # a packet that the net has delayed may come so much later than the one after it
_HALF, _WHOLE = 1 << 31, 1 << 32


@dataclass(frozen=True, slots=True, order=True)
class Placed:
    """A packet at its place. Earlier ones are less."""

    position: int
    number: int  # in the order of arrival
    voice: int = field(compare=False)
    payload: bytes = field(compare=False)


def placed(packets: Iterable[Packet]) -> Iterator[Placed]:
    """Packets of all voices at their places: each voice in order, none twice, the voices about as they came.

    Memory: a few packets.
    """
    voices: dict[int, _OneVoice] = {}
    for packet in packets:
        newest = voices.setdefault(packet.voice, _OneVoice(packet.voice)).take(packet)
        for voice in voices.values():  # also one that says nothing any more
            yield from voice.told_until(newest - HOLD)
    for voice in voices.values():
        yield from voice.told_until(_WHOLE * PER_MS)


class _OneVoice:
    """Time goes on as the sender's clock says, and from the arrival where the two disagree too much."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._last: tuple[int, int] | None = None  # timestamp and position
        self._held: list[Placed] = []
        self._taken = 0
        self._told = -1  # the position of the last one

    def take(self, packet: Packet) -> int:
        """Hold a packet. Returns the moment that has come with it."""
        position = self._position(packet)
        self._taken += 1
        heapq.heappush(self._held, Placed(position, self._taken, self._number, packet.payload))
        return max(position, packet.at_ms * PER_MS)

    def told_until(self, moment: int) -> Iterator[Placed]:
        """The held packets up to a moment, but for those that come too late or twice."""
        while self._held and self._held[0].position <= moment:
            packet = heapq.heappop(self._held)
            if packet.position > self._told:
                self._told = packet.position
                yield packet

    def _position(self, packet: Packet) -> int:
        arrival = packet.at_ms * PER_MS
        position = arrival
        if self._last is not None:
            timestamp, before = self._last
            step = (packet.timestamp - timestamp + _HALF) % _WHOLE - _HALF
            if abs(before + step - arrival) <= GAP:
                position = before + step
        self._last = (packet.timestamp, position)
        return max(position, 0)
