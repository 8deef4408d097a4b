"""What the programs print, shown line by line behind their names."""

from __future__ import annotations

import os
import selectors
import sys
import time
from dataclasses import dataclass, field
from typing import IO

NAME_WIDTH = 8
CHUNK_BYTES = 65536
LONGEST_LINE_BYTES = 1_000_000
COLOURS = (36, 33, 32, 35, 34, 96)  # ANSI foregrounds, one per name in order of appearance


@dataclass
class _Source:
    name: str
    keep: list[str] | None
    pending: bytearray = field(default_factory=bytearray)


class Output:
    """Our terminal (or log): the lines of all children and our own.

    Reads without threads, because the kernel ties a child's life to the thread that started it. When nobody reads our
    output any more (the terminal is gone), lines are dropped and the work goes on.
    """

    def __init__(self, stream: IO[str] | None = None) -> None:
        self._stream = stream or sys.stdout
        self._selector = selectors.DefaultSelector()
        self._colour_of: dict[str, int] = {}
        self._in_colour = self._stream.isatty() and "NO_COLOR" not in os.environ

    def attach(self, name: str, pipe: IO[bytes] | None, keep: list[str] | None = None) -> None:
        """Show what arrives on the pipe until it ends; without a pipe there is nothing to show.

        Lines go into `keep` instead when it is given.
        """
        if pipe is None:
            return
        os.set_blocking(pipe.fileno(), False)
        self._selector.register(pipe, selectors.EVENT_READ, _Source(name, keep))

    def pump(self, wait_s: float) -> None:
        """Show what has arrived; wait up to this long when nothing has."""
        if not self._selector.get_map():
            time.sleep(wait_s)
            return
        for key, _ in self._selector.select(wait_s):
            self._read(key.fileobj, key.data)  # type: ignore[arg-type]  # we register pipes only

    def drain(self) -> None:
        """Show what is still waiting in the pipes, without waiting for more."""
        while self._selector.get_map() and (ready := self._selector.select(0)):
            for key, _ in ready:
                self._read(key.fileobj, key.data)  # type: ignore[arg-type]  # we register pipes only

    def say(self, text: str) -> None:
        """Print a line of our own."""
        self._show("pcc", text)

    def print(self, text: str) -> None:
        """Print text as it is, without a name before it."""
        try:
            self._stream.write(text + "\n")
            self._stream.flush()
        except (BrokenPipeError, OSError):
            pass

    def _read(self, pipe: IO[bytes], source: _Source) -> None:
        try:
            chunk = os.read(pipe.fileno(), CHUNK_BYTES)
        except BlockingIOError:
            return
        source.pending += chunk
        *lines, rest = bytes(source.pending).split(b"\n")
        if not chunk or len(rest) > LONGEST_LINE_BYTES:
            lines, rest = [*lines, rest] if rest else lines, b""
        source.pending = bytearray(rest)
        for line in lines:
            text = line.decode(errors="replace").rstrip("\r")
            if source.keep is None:
                self._show(source.name, text)
            else:
                source.keep.append(text)
        if not chunk:
            self._selector.unregister(pipe)
            pipe.close()

    def _show(self, name: str, text: str) -> None:
        label = f"{name:<{NAME_WIDTH}} |"
        if self._in_colour:
            colour = self._colour_of.setdefault(name, COLOURS[len(self._colour_of) % len(COLOURS)])
            label = f"\x1b[{colour}m{label}\x1b[0m"
        self.print(f"{label} {text}")
