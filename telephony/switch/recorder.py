"""Recordings: when they begin and end, and how long they are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from telephony import port
from telephony.switch.hooks import Ears, Parties, Sounds, Tapes
from telephony.switch.legs import Leg, RecordingRun, State

if TYPE_CHECKING:
    from telephony.switch.switch import Switch

VOICEMAIL = "voicemail"
BEEP = port.Tone("beep")


class Recorder:
    """Begins recordings, ends them for the first reason there is, and tells each once."""

    def __init__(self, switch: Switch, parties: Parties, sounds: Sounds, ears: Ears, tapes: Tapes) -> None:
        self._switch = switch
        self._parties = parties
        self._sounds = sounds
        self._ears = ears
        self._tapes = tapes

    def start(self, leg: Leg, command: port.StartRecording) -> None:
        if command.recording in leg.known or leg.state is not State.ANSWERED:
            return
        leg.known.add(command.recording)
        run = leg.recordings[command.recording] = RecordingRun(command)
        if command.beep:
            when = self._switch.later(self._sounds.length(leg, BEEP) or 0.0)
            self._switch.set_timer(leg, f"beep {command.recording}", when, partial(self._begin, leg, run))
            self._ears.beep(leg)
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
        run.began_at = self._switch.now()
        self._tapes.begin(leg, run.command)
        if not _is_message(run):
            return
        if run.command.max_s > 0:
            when = self._switch.later(run.command.max_s)
            self._switch.set_timer(leg, f"max {run.command.recording}", when, self._finisher(leg, run))
        self._await_silence(leg, run)
        self._parties.leaves_message(leg)

    def _await_silence(self, leg: Leg, run: RecordingRun) -> None:
        if _is_message(run) and run.command.silence_s > 0:
            silent_from = max(self._switch.now(), leg.speaks_until or self._switch.now())
            when = silent_from + dt.timedelta(seconds=run.command.silence_s)
            self._switch.set_timer(leg, f"silence {run.command.recording}", when, self._finisher(leg, run))

    def _finisher(self, leg: Leg, run: RecordingRun) -> Callable[[], None]:
        return partial(self._finish, leg, run.command.recording)

    def _finish(self, leg: Leg, recording: str) -> None:
        run = leg.recordings.pop(recording)
        for kind in ("beep", "max", "silence"):
            self._switch.forget_timer(leg, f"{kind} {recording}")
        if _is_message(run):
            self._parties.message_ended(leg)
        if run.began_at is None:
            self._switch.tell(port.RecordingReady(leg.id, recording, "", 0, 0))
            return
        seconds = (self._switch.now() - run.began_at).total_seconds()
        self._tapes.end(leg, run.command, seconds, partial(self._ready, leg.id, recording, seconds))

    def _ready(self, leg_id: str, recording: str, seconds: float, file: str, size_bytes: int) -> None:
        self._switch.tell(port.RecordingReady(leg_id, recording, file, size_bytes, round(seconds * 1000)))


def _is_message(run: RecordingRun) -> bool:
    return run.command.kind == VOICEMAIL
