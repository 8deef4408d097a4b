"""Start a program that looks at what a stranger sent, and read its answer.

The program limits itself with `common.confinement`. It gets nothing of our environment, which holds the secrets.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.db import connection

CODE_FOLDER = Path(__file__).resolve().parents[1]
COMPLAINTS_MAX_BYTES = 16_384


class TookTooLong(Exception):
    """The program was killed after its time by the clock on the wall."""


class NoTurn(Exception):
    """Others are at it, and we waited long enough."""


class Turns:
    """Lets a few programs of a kind run at once in this process; the others wait, a little."""

    def __init__(self, at_once: int, wait_s: float) -> None:
        self._wait_s = wait_s
        self._places = threading.BoundedSemaphore(at_once)

    @contextmanager
    def take(self) -> Iterator[None]:
        """A turn, for the block. Raises NoTurn.

        The database connection goes back to the pool first: programs take long, and a few of those who wait for them
        would hold all connections.
        """
        if not connection.in_atomic_block:
            connection.close()
        if not self._places.acquire(timeout=self._wait_s):
            raise NoTurn
        try:
            yield
        finally:
            self._places.release()


@dataclass(frozen=True)
class Answer:
    """What a program left behind.

    Shape: `code` is its exit code, negative for the signal that killed it; `output` is the beginning of what it
    printed, `complaints` of what it wrote to its error stream. Nothing of it is to be trusted.
    """

    code: int
    output: bytes
    complaints: str


def run(module: str, *arguments: str, given: bytes = b"", time_limit_s: float, output_max_bytes: int) -> Answer:
    """Run `python -m MODULE ARGUMENTS` with `given` as its standard input. Units: seconds by the clock on the wall.

    Raises TookTooLong.
    """
    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        stdin.write(given)
        stdin.seek(0)
        try:
            done = subprocess.run(
                [sys.executable, "-P", "-B", "-m", module, *arguments],
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                cwd="/",
                env={"PYTHONPATH": str(CODE_FOLDER), "LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1"},
                timeout=time_limit_s,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise TookTooLong(module) from error
        stdout.seek(0)
        stderr.seek(0)
        complaints = stderr.read(COMPLAINTS_MAX_BYTES).decode(errors="replace")
        return Answer(done.returncode, stdout.read(output_max_bytes), complaints)
