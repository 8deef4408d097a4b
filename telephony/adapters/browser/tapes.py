"""Writes recordings while people talk: packets as they come, on a thread, at least twice a second.

Nothing here waits for the disk: what it is slow to take stays in memory.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import BinaryIO

from common import clock
from telephony import port
from telephony.recording_format import LEFT, SUFFIX, Head, Packet, head_bytes, packet_bytes, voice_number
from telephony.switch.legs import Leg

FLUSH_EVERY_S = 0.5

log = logging.getLogger(__name__)


def path_of(command: port.StartRecording) -> str:
    """Where a recording lies below the media folder until it is finished."""
    return f"recordings/{command.project_id}/{command.recording}{SUFFIX}"


class Tape:
    """One recording under way."""

    def __init__(self, path: Path, head: Head, loop: asyncio.AbstractEventLoop) -> None:
        self._numbers = {head.leg: LEFT}
        self._path = path
        self._loop = loop
        self._began = loop.time()
        self._file: BinaryIO | None = None
        self._written = 0
        self._failed = False
        self._waiting = bytearray(head_bytes(head))

    def number_of(self, leg: str) -> int:
        """Which voice of the recording a leg is: always the same one."""
        return self._numbers.setdefault(leg, voice_number(len(self._numbers)))

    def add(self, voice: int, timestamp: int, payload: bytes) -> None:
        """A packet of one voice, now."""
        at_ms = int((self._loop.time() - self._began) * 1000)
        self._waiting += packet_bytes(Packet(voice, at_ms, timestamp, payload))

    def take(self) -> bytes:
        """What is to be written."""
        waiting, self._waiting = bytes(self._waiting), bytearray()
        return waiting

    def write(self, data: bytes) -> None:
        """On the writer's thread. After the first failure nothing more: what follows a hole is of no use."""
        if self._failed:
            return
        try:
            if self._file is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self._path.open("xb", buffering=0)
            self._file.write(data)
            self._written += len(data)
        except OSError as error:
            self._failed = True
            log.error("recording is not written", extra={"file": self._path.name, "reason": type(error).__name__})

    def close(self, data: bytes) -> int:
        """On the writer's thread: write the rest. Returns the size in bytes, 0 when there is no file."""
        self.write(data)
        if self._file is not None:
            self._file.close()
        return self._written


class Tapes:
    """The recordings of an engine (`telephony.switch.hooks.Tapes`). `changed` is told whose are others now."""

    def __init__(self, media_root: Path, loop: asyncio.AbstractEventLoop, changed: Callable[[Leg], None]) -> None:
        self._media_root = media_root
        self._loop = loop
        self._changed = changed
        self._writer = ThreadPoolExecutor(1, "tapes")
        self._of: dict[str, dict[str, Tape]] = {}  # by leg and recording
        self._ending = 0
        self._flusher: asyncio.TimerHandle | None = None

    def begin(self, leg: Leg, command: port.StartRecording) -> None:
        began_at = clock.now().timestamp()
        head = Head(
            command.project_id, command.recording, leg.id, command.kind, command.format, command.stereo, began_at
        )
        tape = Tape(self._media_root / path_of(command), head, self._loop)
        self._of.setdefault(leg.id, {})[command.recording] = tape
        self._write(tape)
        if self._flusher is None:
            self._flusher = self._loop.call_later(FLUSH_EVERY_S, self._flush)
        self._changed(leg)

    def end(self, leg: Leg, command: port.StartRecording, seconds: float, done: Callable[[str, int], None]) -> None:
        tape = self._of[leg.id].pop(command.recording)
        if not self._of[leg.id]:
            del self._of[leg.id]
        self._changed(leg)
        self._ending += 1
        closed = self._loop.run_in_executor(self._writer, tape.close, tape.take())
        closed.add_done_callback(partial(self._ended, path_of(command), done))

    def of(self, leg: Leg) -> tuple[Tape, ...]:
        """The recordings of a leg that are under way."""
        return tuple(self._of.get(leg.id, {}).values())

    def count(self) -> int:
        """How many are under way, or being written."""
        return sum(map(len, self._of.values())) + self._ending

    def close(self) -> None:
        if self._flusher is not None:
            self._flusher.cancel()
        self._writer.shutdown(wait=False)

    def _ended(self, path: str, done: Callable[[str, int], None], closed: asyncio.Future[int]) -> None:
        self._ending -= 1
        size = closed.result()
        done(path if size else "", size)

    def _flush(self) -> None:
        self._flusher = None
        for tapes in self._of.values():
            for tape in tapes.values():
                self._write(tape)
        if self._of:
            self._flusher = self._loop.call_later(FLUSH_EVERY_S, self._flush)

    def _write(self, tape: Tape) -> None:
        if data := tape.take():
            self._writer.submit(tape.write, data)
