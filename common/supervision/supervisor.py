"""Keeps an installation's programs running on one data folder, and stops them in order.

One thread, one loop: the kernel ends a child when the thread that started it ends, so there must be only one.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

from common.supervision import processes, state
from common.supervision.accounts import owner_of
from common.supervision.errors import CannotStart, StopRequested
from common.supervision.output import Output
from common.supervision.processes import Footprint, Program

LOOP_S = 0.1
# Pauses before a program that has ended is started again. PostgreSQL needs some: its orphans hold shared memory for a
# moment.
BACK_OFF_S = (0.2, 0.5, 1.0, 2.0, 4.0)
STEADY_AFTER_S = 30.0  # a program that ran this long starts again with the shortest pause
HOPELESS_AFTER = 4  # ends in a row, while we wait for it for the first time
LEFT_OVER_STOP_S = 10.0
FORCE_S = 0.5
LOG_TAIL_LINES = 15
PROCESSES_FILE = "run/processes.json"


@dataclass
class _Kept:
    """A program that we keep running, and its present run."""

    program: Program
    run: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0  # monotonic
    failures: int = 0
    start_again_at: float | None = None  # monotonic; None while it runs


class Supervisor:
    """Use as a context: entering takes the data folder, leaving stops everything.

    Entering raises CannotStart when the folder cannot be used or another supervisor has it. When the operator asks to
    stop (Ctrl-C, SIGTERM, a closed terminal), whatever waits inside the context raises StopRequested.
    """

    def __init__(self, data_dir: Path, output: Output) -> None:
        self._data_dir = data_dir
        self._output = output
        self._kept: list[_Kept] = []
        self._stop_requested = False
        self._lock_file: int | None = None
        self._handlers_before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        make_data_folder(self._data_dir)
        self._take_lock()
        self._listen_to(signal.SIGINT)
        self._listen_to(signal.SIGTERM)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # `nohup` wants us to outlive the terminal
            self._listen_to(signal.SIGHUP)
        self._stop_left_overs()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop_all()
        state.remove_services(self._data_dir)
        for number, handler in self._handlers_before.items():
            signal.signal(number, handler)
        if self._lock_file is not None:
            os.close(self._lock_file)

    # ── Running ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def keep_running(self, program: Program) -> None:
        """Start a program and start it again whenever it ends."""
        kept = _Kept(program)
        self._kept.append(kept)
        self._start(kept)

    def run_step(self, name: str, command: tuple[str, ...], timeout_s: float) -> list[str]:
        """Run a program to its end and return the lines it printed; what it prints as errors is shown at once.

        Raises CannotStart when it fails or takes too long. The step sees the servers through our environment.
        """
        program = Program(name, command, level=max((each.program.level for each in self._kept), default=0))
        lines: list[str] = []
        step = processes.start(program, keep_output_apart=True)
        self._output.attach(name, step.stdout, keep=lines)
        self._output.attach(name, step.stderr)
        try:
            ended = self.wait_until(lambda: step.poll() is not None, timeout_s)
        finally:
            processes.send_to_family(step.pid, signal.SIGKILL)
            step.wait()
            self._output.drain()
        if step.returncode != 0:
            why = f"ended with code {step.returncode}" if ended else f"did not end within {timeout_s:.0f} s"
            raise CannotStart("\n".join([*lines, f"`{' '.join(command)}` {why}: see above."]))
        return lines

    def wait_until(self, condition: Callable[[], bool], timeout_s: float, every_s: float = 0.0) -> bool:
        """Do our work until the condition holds (True) or the time is over (False). Raises StopRequested.

        Units: the condition is looked at every `every_s` seconds, but not more often than our work goes round.
        """
        deadline = time.monotonic() + timeout_s
        while not condition():
            look_again = time.monotonic() + every_s
            self._work()
            while time.monotonic() < look_again:
                self._work()
            if time.monotonic() > deadline:
                return False
        return True

    def wait_until_ready(self, program: Program, is_ready: Callable[[], bool], timeout_s: float) -> None:
        """Wait for a server that was just started. Raises CannotStart with the end of its log when it cannot run."""
        (kept,) = [each for each in self._kept if each.program == program]
        self.wait_until(lambda: kept.failures >= HOPELESS_AFTER or is_ready(), timeout_s)
        if not is_ready():
            raise CannotStart(f"{program.name} did not start:\n{_end_of(program.log_file)}")

    def watch(self) -> None:
        """Keep everything running until the operator asks to stop, then raise StopRequested."""
        while True:
            self._work()

    def _work(self) -> None:
        if self._stop_requested:
            raise StopRequested
        self._output.pump(LOOP_S)
        for kept in self._kept:
            self._look_after(kept)

    def _look_after(self, kept: _Kept) -> None:
        now = time.monotonic()
        if kept.run is not None and kept.run.poll() is not None:
            steady = now - kept.started_at > STEADY_AFTER_S
            pause = BACK_OFF_S[0 if steady else min(kept.failures, len(BACK_OFF_S) - 1)]
            kept.failures = 1 if steady else kept.failures + 1
            kept.start_again_at = now + pause
            details = f" (its log: {kept.program.log_file})" if kept.program.log_file else ""
            self._output.say(
                f"{kept.program.name} {_how_it_ended(kept.run)}{details}; starting it again in {pause:g} s"
            )
            processes.send_to_family(kept.run.pid, signal.SIGKILL)
            kept.run = None
        if kept.start_again_at is not None and now >= kept.start_again_at:
            self._start(kept)

    def _start(self, kept: _Kept) -> None:
        kept.run = processes.start(kept.program)
        kept.started_at = time.monotonic()
        kept.start_again_at = None
        self._output.attach(kept.program.name, kept.run.stdout)
        self._record_processes()

    # ── Stopping ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _listen_to(self, number: signal.Signals) -> None:
        self._handlers_before[number] = signal.signal(number, self._request_stop)

    def _request_stop(self, number: int, frame: FrameType | None) -> None:
        self._stop_requested = True

    def _stop_all(self) -> None:
        """Stop the programs, those that rely on others first.

        Cost: at most the longest `stop_within_s` of each level, and FORCE_S more for each: together below 10 s.
        """
        for level in sorted({each.program.level for each in self._kept}, reverse=True):
            self._stop_level([each for each in self._kept if each.program.level == level])
        self._kept = []
        self._output.drain()
        (self._data_dir / PROCESSES_FILE).unlink(missing_ok=True)

    def _stop_level(self, level: list[_Kept]) -> None:
        running = [(each.program, each.run) for each in level if each.run is not None]
        for program, run in running:
            if run.poll() is None:
                run.send_signal(program.stop_signal)
        since = time.monotonic()
        for program, run in running:
            if self._ended(run, since + program.stop_within_s):
                continue
            self._output.say(f"{program.name} did not stop within {program.stop_within_s:g} s and is forced to")
            processes.send_to_family(run.pid, program.force_signal)
            if not self._ended(run, time.monotonic() + FORCE_S):
                processes.send_to_family(run.pid, signal.SIGKILL)
                run.wait()

    def _ended(self, run: subprocess.Popen[bytes], deadline: float) -> bool:
        while run.poll() is None:
            if time.monotonic() > deadline:
                return False
            self._output.pump(LOOP_S / 5)
        return True

    # ── The data folder ──────────────────────────────────────────────────────────────────────────────────────────────

    def _take_lock(self) -> None:
        """Make sure that we are the only supervisor of this folder. However we die, the kernel gives the lock back."""
        path = self._data_dir / "run" / "supervisor.lock"
        path.parent.mkdir(exist_ok=True)
        self._lock_file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(self._lock_file, 20).decode() or "unknown"
            os.close(self._lock_file)
            raise CannotStart(
                f"PCC Console is already running on {self._data_dir} (process {holder.strip()}).\n"
                "Stop it there first, or choose another folder with PCC_DATA_DIR and another port with PORT."
            ) from error
        os.truncate(self._lock_file, 0)
        os.write(self._lock_file, f"{os.getpid()}\n".encode())

    def _stop_left_overs(self) -> None:
        """Stop what a supervisor that was killed has left running, if the kernel has not done so."""
        path = self._data_dir / PROCESSES_FILE
        recorded = [Footprint(**each) for each in json.loads(path.read_text())] if path.exists() else []
        stopped = processes.stop_left_overs(recorded, LEFT_OVER_STOP_S)
        if recorded:
            what = f"stopped what was left over: {', '.join(stopped)}" if stopped else "nothing was left over"
            self._output.say(f"the last run on {self._data_dir} was killed; {what}")
        path.unlink(missing_ok=True)
        state.remove_services(self._data_dir)

    def _record_processes(self) -> None:
        running = [(each.program, each.run.pid) for each in self._kept if each.run is not None]
        footprints = [found for program, pid in running if (found := processes.footprint(program, pid))]
        content = json.dumps([each.as_json() for each in footprints], indent=2) + "\n"
        state.write_private_file(self._data_dir / PROCESSES_FILE, content)


def make_data_folder(data_dir: Path) -> None:
    """Make sure that we can write to the data folder. Raises CannotStart with what to do when we cannot."""
    try:
        data_dir.mkdir(mode=0o755, parents=True, exist_ok=True)
        (data_dir / "run").mkdir(exist_ok=True)
        if not os.access(data_dir, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        owned = f", which belongs to {owner_of(data_dir).name}," if os.path.exists(data_dir) else ""
        raise CannotStart(
            f"The data folder {data_dir}{owned} cannot be used: {error.strerror}.\n"
            "Start as the user that it belongs to, or choose another folder with PCC_DATA_DIR."
        ) from error


def _how_it_ended(run: subprocess.Popen[bytes]) -> str:
    if run.returncode < 0:
        return f"was ended by {signal.Signals(-run.returncode).name}"
    return f"ended with code {run.returncode}"


def _end_of(log_file: Path | None) -> str:
    if log_file is None or not log_file.exists():
        return "it left no message."
    return "\n".join(log_file.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:])
