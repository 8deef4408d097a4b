"""What one browser is sent: one track for the life of its connection, with one clock. Only its source changes.

A sender is dead once its track ends, so the track never does. It sends a packet each 20 ms: of a program, or silence.
While it relays, it sends what arrives at once, in the speaker's own rhythm.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import av
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError

from telephony.adapters.browser.opus import SILENCE, TIME_BASE
from telephony.adapters.browser.sounds import PACKET_MS, SAMPLE_RATE, SAMPLES_PER_PACKET, Prompt

PACKET_S = PACKET_MS / 1000
LATE_S = 0.2  # behind by more: go on from now, instead of sending faster until it is made up for
QUIET_AFTER_S = 0.1  # a voice that stops coming is silence
PATIENCE_S = 0.06  # with a program that is not ready; the listener's browser makes up for as much
LONGEST_JUMP = 2 * SAMPLE_RATE  # a voice that jumps by more is another voice, or another clock
MOST_WAITING = 10  # packets of a voice; a browser keeps no more than 200 ms either
_ALL_32_BITS = 0xFFFFFFFF


def playlist(prompts: Sequence[Prompt], loops: int, pause_ms: int) -> Iterator[bytes]:
    """Packets of prompts, one after the other; `loops` 0: for ever. Units: pause between repetitions."""
    packets = [packet for prompt in prompts for packet in prompt.packets]
    if not packets:
        return
    for number in itertools.count() if loops == 0 else range(loops):
        if number:
            yield from itertools.repeat(SILENCE, pause_ms // PACKET_MS)
        yield from packets


class Outlet(MediaStreamTrack):
    """Sends a program, or somebody's voice, or silence."""

    kind = "audio"

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._media_loop = loop
        self._program: Iterator[bytes] = iter(())
        self._is_ready: Callable[[], bool] = _always
        self._waits_since: float | None = None  # for a program that is not ready
        self._over: deque[bytes] = deque()
        self._relays = False
        self._arrived: deque[tuple[bytes, int]] = deque(maxlen=MOST_WAITING)
        self._sleep: asyncio.Future[None] | None = None
        self._pts = 0  # of the next packet
        self._due = loop.time()
        self._voice: tuple[int, int] | None = None  # the relayed voice's last timestamp, and what it became

    def play(self, program: Iterable[bytes] = (), is_ready: Callable[[], bool] | None = None) -> None:
        """From now on a program; after it, or without one, silence.

        One that is not ready for its next packet is waited for a little: it says `hurry`, or goes on without.
        """
        self._program, self._is_ready, self._relays = iter(program), is_ready or _always, False
        self._waits_since = None

    def relay(self) -> None:
        """From now on, what `push` brings."""
        self._relays, self._voice = True, None
        self._arrived.clear()

    def over(self, prompt: Prompt) -> None:
        """Send this first, once, after others of its kind."""
        self._over.extend(prompt.packets)
        self.hurry()

    def push(self, payload: bytes, timestamp: int) -> None:
        """A packet of the voice that is relayed. Units: its speaker's clock, 48 kHz."""
        if self._relays and not self._over:
            self._arrived.append((payload, timestamp))
            self.hurry()

    async def recv(self) -> av.Packet[Any]:
        """The next packet, when it is time for it."""
        while self.readyState == "live":
            if (packet := self._next()) is not None:
                return packet
            await self._until(self._looks_again_at())
        raise MediaStreamError

    def hurry(self) -> None:
        """There may be something to send."""
        if self._sleep is not None and not self._sleep.done():
            self._sleep.set_result(None)

    def _next(self) -> av.Packet[Any] | None:
        """What is to be sent now, if anything."""
        now = self._media_loop.time()
        if self._relays and not self._over:
            while self._arrived:
                if (pts := self._place(self._arrived[0][1])) is not None:
                    return self._packet(self._arrived.popleft()[0], pts, now)
                self._arrived.popleft()
            if now < self._due + QUIET_AFTER_S:
                return None
            self._voice = None
        elif now < self._due or self._waits(now):
            return None
        if now - self._due > LATE_S:
            missed = int((now - self._due) / PACKET_S)
            self._pts += missed * SAMPLES_PER_PACKET
            self._due += missed * PACKET_S
        payload = self._over.popleft() if self._over else next(self._program, SILENCE)
        return self._packet(payload, self._pts, self._due)

    def _waits(self, now: float) -> bool:
        """Whether the program is worth waiting for."""
        if self._over or self._is_ready():
            self._waits_since = None
            return False
        if self._waits_since is None:
            self._waits_since = now
        if now < self._waits_since + PATIENCE_S:
            return True
        self._waits_since = None
        return False

    def _looks_again_at(self) -> float:
        if self._relays and not self._over:
            return self._due + QUIET_AFTER_S
        return self._due if self._waits_since is None else self._waits_since + PATIENCE_S

    def _place(self, timestamp: int) -> int | None:
        """When a packet of a voice sounds, by our clock. None for one that comes after its successor."""
        if self._voice is None:
            return self._started(timestamp)
        last, became = self._voice
        ahead = (timestamp - last) & _ALL_32_BITS
        if 0 < ahead <= LONGEST_JUMP:
            self._voice = timestamp, became + ahead
            return became + ahead
        behind = (last - timestamp) & _ALL_32_BITS
        return None if behind <= LONGEST_JUMP else self._started(timestamp)

    def _started(self, timestamp: int) -> int:
        self._voice = timestamp, self._pts
        return self._pts

    def _packet(self, payload: bytes, pts: int, at: float) -> av.Packet[Any]:
        packet: av.Packet[Any] = av.Packet(payload)
        packet.pts, packet.time_base = pts, TIME_BASE
        self._pts, self._due = pts + SAMPLES_PER_PACKET, at + PACKET_S
        return packet

    async def _until(self, when: float) -> None:
        self._sleep = self._media_loop.create_future()
        timer = self._media_loop.call_at(when, self.hurry)
        try:
            await self._sleep
        finally:
            timer.cancel()
            self._sleep = None


def _always() -> bool:
    return True
