"""Several voices for one ear: each decoded once, added up and encoded anew for every leg that hears them together.

Only for legs that hear more than one voice, and only as long; everybody else is sent packets as they come. A mix is a
program of its outlet, which asks for 20 ms at a time by its own clock. Cost: docs/performance.md.

Shape of frames: (960,) int16, 48 kHz mono.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np

from telephony import losses
from telephony.adapters.browser.opus import SILENCE, Decoder, Encoder, Samples
from telephony.adapters.browser.outlet import LONGEST_JUMP
from telephony.adapters.browser.sounds import SAMPLES_PER_PACKET

# Frames of 20 ms.
GATHERS = 2  # of a voice before it is heard, first of all and after a pause
MOST_WAITING = 15  # who is further behind goes on from where he should be
CATCHES_UP_EVERY = 250
LOUDEST = 32_767
_ALL_32_BITS, _HALF = 0xFFFFFFFF, 1 << 31


class Inlet:
    """What one mix has still to hear of one voice."""

    def __init__(self, hurry: Callable[[], None]) -> None:
        self._hurry = hurry
        self._waiting: deque[Samples] = deque()
        self._flows = False
        self._fewest, self._taken = MOST_WAITING, 0  # that waited lately, and during how many frames

    def put(self, frame: Samples) -> None:
        self._waiting.append(frame)
        if len(self._waiting) > MOST_WAITING:
            self._drop_to(GATHERS)
        self._hurry()

    def is_late(self) -> bool:
        """Whether its next frame is missing, as far as is known."""
        return self._flows and not self._waiting

    def take(self) -> Samples | None:
        """The next 20 ms; None while the voice is silent."""
        self._flows = len(self._waiting) >= (1 if self._flows else GATHERS)
        if not self._flows:
            return None
        frame = self._waiting.popleft()
        self._catch_up()
        return frame

    def _catch_up(self) -> None:
        """Once in a while: what has waited all the time need not wait."""
        self._fewest, self._taken = min(self._fewest, len(self._waiting)), self._taken + 1
        if self._taken >= CATCHES_UP_EVERY:
            if self._fewest >= GATHERS:
                self._drop_to(len(self._waiting) - 1)
            self._fewest, self._taken = MOST_WAITING, 0

    def _drop_to(self, frames: int) -> None:
        while len(self._waiting) > frames:
            self._waiting.popleft()


class Mix:
    """Voices in one stream, packet by packet: what its outlet plays. Silence while nobody says anything.

    A packet is ready when everybody who speaks is in it. A voice that is late holds it up a little, as long as the
    outlet has patience; then the others go on without.
    """

    def __init__(self, hurry: Callable[[], None]) -> None:
        self._hurry = hurry
        self._encoder = Encoder()
        self._inlets: dict[Speaker, Inlet] = {}

    def hear(self, speakers: tuple[Speaker, ...]) -> None:
        """From now on these; who was heard before goes on without a gap."""
        for speaker in self._inlets.keys() - speakers:
            del self._inlets[speaker]
            speaker.inlets.pop(self, None)
        for speaker in speakers:
            if speaker not in self._inlets:
                self._inlets[speaker] = speaker.inlets[self] = Inlet(self._hurry)

    def is_ready(self) -> bool:
        return not any(inlet.is_late() for inlet in self._inlets.values())

    def __iter__(self) -> Mix:
        return self

    def __next__(self) -> bytes:
        frames = [frame for inlet in self._inlets.values() if (frame := inlet.take()) is not None]
        return self._encoder.encode(together(frames)) if frames else SILENCE


class Speaker:
    """One voice, for all the mixes that hear it: decoded while there are any, as it comes."""

    def __init__(self) -> None:
        self.inlets: dict[Mix, Inlet] = {}
        self._stream: _Stream | None = None

    def said(self, payload: bytes, timestamp: int) -> None:
        """A packet has come. Units: its sender's clock, 48 kHz."""
        if not self.inlets:
            self._stream = None
            return
        self._stream = self._stream or _Stream()
        for frame in self._stream.frames(payload, timestamp):
            for inlet in self.inlets.values():
                inlet.put(frame)


def together(frames: list[Samples]) -> Samples:
    """Sounds added up; where they are too loud together, they are cut off and do not turn over."""
    if len(frames) == 1:
        return frames[0]
    total = frames[0].astype(np.int32)
    for frame in frames[1:]:
        total += frame
    return np.clip(total, -LOUDEST, LOUDEST).astype(np.int16)


class _Stream:
    """Packets of one sender as frames without gaps: what got lost is made up."""

    def __init__(self) -> None:
        self._decoder = Decoder()
        self._before = b""  # the last packet that was sound
        self._rest: Samples = np.zeros(0, np.int16)
        self._next: int | None = None  # timestamp

    def frames(self, payload: bytes, timestamp: int) -> Samples:
        """Shape: (frames, 960). None for a packet that comes after its successor."""
        lost = self._lost(timestamp)
        if lost is None:
            return self._whole_frames()
        made_up = losses.made_up(lost, self._before, self._decoder.decode)
        sound = self._decoder.decode(payload)
        self._before = payload if len(sound) else self._before
        self._next = (timestamp + len(sound)) & _ALL_32_BITS
        self._rest = np.concatenate((self._rest, made_up, sound))
        return self._whole_frames()

    def _lost(self, timestamp: int) -> int | None:
        """How many samples are missing before a packet; None when it comes too late."""
        ahead = (timestamp - self._next) & _ALL_32_BITS if self._next is not None else 0
        if ahead < _HALF:
            return ahead if ahead <= losses.LONGEST else 0
        return None if _ALL_32_BITS + 1 - ahead <= LONGEST_JUMP else 0  # further behind is another clock

    def _whole_frames(self) -> Samples:
        whole = len(self._rest) - len(self._rest) % SAMPLES_PER_PACKET
        frames, self._rest = self._rest[:whole].reshape(-1, SAMPLES_PER_PACKET), self._rest[whole:]
        return frames
