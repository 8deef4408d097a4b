"""Recordings of the simulated engine: when they begin and end, and how long they are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from telephony import port
from telephony.adapters.simulated.legs import Leg, RecordingRun, State
from telephony.adapters.simulated.people import People
from telephony.adapters.simulated.sounds import TONES_S

if TYPE_CHECKING:
    from telephony.adapters.simulated.engine import SimulatedEngine

VOICEMAIL = "voicemail"
BYTES_PER_S = 2000  # MP3 at 16 kbit/s

WriteRecording = Callable[[port.StartRecording, float], tuple[str, int]]
"""Writes a recording of so many seconds. Returns its path below the media folder, and its size in bytes."""


def path_of(command: port.StartRecording) -> str:
    """Where a recording lies below the media folder."""
    return f"recordings/{command.project_id}/{command.recording}.{command.format}"


def write_nothing(command: port.StartRecording, seconds: float) -> tuple[str, int]:
    """Say where a file would lie and how big it would be, and write none."""
    return path_of(command), int(seconds * BYTES_PER_S)


class Recorder:
    """Begins recordings, ends them for the first reason there is, and tells each once."""

    def __init__(self, engine: SimulatedEngine, people: People, write: WriteRecording) -> None:
        self._engine = engine
        self._people = people
        self._write = write

    def start(self, leg: Leg, command: port.StartRecording) -> None:
        if command.recording in leg.known or leg.state is not State.ANSWERED:
            return
        leg.known.add(command.recording)
        run = leg.recordings[command.recording] = RecordingRun(command)
        if command.beep:
            when = self._engine.later(TONES_S["beep"])
            self._engine.set_timer(leg, f"beep {command.recording}", when, partial(self._begin, leg, run))
        else:
            self._begin(leg, run)

    def stop(self, leg: Leg, command: port.StopRecording) -> None:
        if command.recording in leg.recordings:
            self._finish(leg, command.recording)

    def finish_all(self, leg: Leg) -> None:
        """The leg ends, and its recordings with it."""
        for recording in list(leg.recordings):
            self._finish(leg, recording)

    def pressed(self, leg: Leg, digit: str) -> bool:
        """A key while messages may be recorded. Returns whether it ended one."""
        ended = [name for name, run in leg.recordings.items() if _is_message(run) and digit in run.command.end_keys]
        for recording in ended:
            self._finish(leg, recording)
        return bool(ended)

    def heard_speech(self, leg: Leg) -> None:
        """The party speaks: silence begins later."""
        for run in leg.recordings.values():
            if run.began_at is not None:
                self._await_silence(leg, run)

    def _begin(self, leg: Leg, run: RecordingRun) -> None:
        run.began_at = self._engine.now()
        if not _is_message(run):
            return
        if run.command.max_s > 0:
            when = self._engine.later(run.command.max_s)
            self._engine.set_timer(leg, f"max {run.command.recording}", when, self._finisher(leg, run))
        self._await_silence(leg, run)
        self._people.leaves_message(leg)

    def _await_silence(self, leg: Leg, run: RecordingRun) -> None:
        if _is_message(run) and run.command.silence_s > 0:
            silent_from = max(self._engine.now(), leg.speaks_until or self._engine.now())
            when = silent_from + dt.timedelta(seconds=run.command.silence_s)
            self._engine.set_timer(leg, f"silence {run.command.recording}", when, self._finisher(leg, run))

    def _finisher(self, leg: Leg, run: RecordingRun) -> Callable[[], None]:
        return partial(self._finish, leg, run.command.recording)

    def _finish(self, leg: Leg, recording: str) -> None:
        run = leg.recordings.pop(recording)
        for kind in ("beep", "max", "silence"):
            self._engine.forget_timer(leg, f"{kind} {recording}")
        if _is_message(run):
            self._engine.forget_timer(leg, "message")
        seconds = (self._engine.now() - run.began_at).total_seconds() if run.began_at else 0.0
        file, size_bytes = self._write(run.command, seconds) if seconds > 0 else ("", 0)
        self._engine.tell(port.RecordingReady(leg.id, recording, file, size_bytes, round(seconds * 1000)))


def _is_message(run: RecordingRun) -> bool:
    return run.command.kind == VOICEMAIL
