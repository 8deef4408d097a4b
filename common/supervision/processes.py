"""One program that we run as a child: how it starts, how it ends, and how it is recognised after we have died."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import psutil

from common.supervision.accounts import Account

PR_SET_PDEATHSIG = 1  # prctl(2)
CLOCK_STEP_S = 2.0  # a process's time of birth moves when the clock is set; pids are not reused within so short a time


@dataclass(frozen=True)
class Program:
    """A program to keep running.

    `level`: a program relies on those of lower levels; higher levels are stopped first.
    `stop_signal` asks it to end in order, within `stop_within_s`; then comes `force_signal`.
    `death_signal` is what the kernel sends it when we die without having stopped it (Linux).
    `log_file` takes its output; without one it appears on our own output behind the name.
    """

    name: str
    command: tuple[str, ...]
    level: int
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_within_s: float = 4.0
    force_signal: signal.Signals = signal.SIGKILL
    death_signal: signal.Signals = signal.SIGKILL
    log_file: Path | None = None


@dataclass(frozen=True)
class Footprint:
    """Enough of a running process to find it again, and not another one that got its pid later."""

    name: str
    level: int
    stop_signal: int
    pid: int
    born: float  # seconds since 1970
    command: list[str]

    def as_json(self) -> dict[str, Any]:
        return {**self.__dict__}

    def process(self) -> psutil.Process | None:
        """The process itself, or None when it is gone."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.born) < CLOCK_STEP_S and process.cmdline() == self.command
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.Error:
            return None


def start(program: Program, *, keep_output_apart: bool = False) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own: a Ctrl-C in the terminal reaches only us, and we stop it in order.

    Must be called from the main thread: the kernel watches the thread that forked, not the process.
    With `keep_output_apart`, standard output comes on its own pipe and only errors on the other.
    """
    output: int | IO[bytes] = subprocess.PIPE
    if program.log_file is not None:
        output = open(program.log_file, "ab", opener=_private)  # noqa: SIM115  closed below, whatever happens
    try:
        return subprocess.Popen(
            program.command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.PIPE if keep_output_apart else subprocess.STDOUT,
            cwd=program.folder,
            env={**os.environ, **program.environment},
            user=None if program.account is None else program.account.uid,
            group=None if program.account is None else program.account.gid,
            extra_groups=None if program.account is None else [],
            start_new_session=True,
            preexec_fn=die_with_parent(program.death_signal),
        )
    finally:
        if not isinstance(output, int):
            output.close()


def _private(path: str, flags: int) -> int:
    """Open a file that only its owner can read."""
    return os.open(path, flags, mode=0o600)


def die_with_parent(death_signal: signal.Signals) -> Callable[[], None] | None:
    """Return what a child runs before its program so that the kernel ends it when we die, even by SIGKILL.

    Only Linux can do that; elsewhere the next start stops what was left over.
    """
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def ask_kernel() -> None:
        prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:  # we died before the request was made
            os.kill(os.getpid(), signal.SIGKILL)

    return ask_kernel


def footprint(program: Program, pid: int) -> Footprint | None:
    """Describe a running child; None when it has ended already."""
    try:
        process = psutil.Process(pid)
        return Footprint(
            program.name, program.level, int(program.stop_signal), pid, process.create_time(), process.cmdline()
        )
    except psutil.Error:
        return None


def send_to_family(pid: int, number: int) -> None:
    """Send a signal to a child and to everything it has started: its session's process group, if any of it is left."""
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):  # macOS answers "not permitted" for a group of zombies
        return


def stop_left_overs(footprints: list[Footprint], within_s: float) -> list[str]:
    """Stop processes that a killed supervisor has left running, those that rely on others first; return their names."""
    stopped = []
    for level in sorted({each.level for each in footprints}, reverse=True):
        alive = [(each, process) for each in footprints if each.level == level and (process := each.process())]
        for each, process in alive:
            process.send_signal(each.stop_signal)
            stopped.append(each.name)
        deadline = time.monotonic() + within_s
        for _, process in alive:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except psutil.TimeoutExpired:
                send_to_family(process.pid, signal.SIGKILL)
                process.wait(within_s)
    return stopped
