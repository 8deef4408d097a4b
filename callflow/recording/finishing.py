"""Finish what engines have recorded: make the file, put it in its place, tell that it is there.

Nothing is told before the file is there. The engine's own file stays until the finished one is committed, so that a
killed worker costs some minutes and no sound. What cannot be read is tried some times, then it has failed, with its
reason; its file stays for a look by hand.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from callflow.live_config import LiveConfig
from callflow.outgoing import Outgoing
from callflow.recording import report
from callflow.recording.report import Finished, Trouble
from callflow.store import locked
from calls.models import Recording, RecordingFailure, RecordingState
from calls.recordings import RAW, path_of
from common import clock, confined_program

FOLDER = "finishing"
SLOTS = max(1, (os.cpu_count() or 1) // 4)  # at once on this machine; calls come first
AT_WORK_S = 20.0  # of one task; other tasks wait for the same workers
MOST_ATTEMPTS = 5
FASTER_THAN_TALKING = 10  # times, at the least: 80 was measured (2026-11)
LEAST_S = 90.0
TELL_AFTER_S = 30.0  # for what remains when the program is done
AGAIN_AFTER = dt.timedelta(minutes=1)  # times the attempts
ANSWER_MAX_BYTES = 64 * 1024
LEFT_BEHIND_AFTER = dt.timedelta(hours=6)  # longer than any recording is being worked on

PUBLISHED = ("state", "file", "failure", "size_bytes", "duration_ms", "peaks")

log = logging.getLogger(__name__)


def finish_recordings() -> int:
    """Finish what waits, the oldest first. Returns how many recordings; 0 when others are at it.

    Cost: a process for a second, and one for each minute of conversation, at the lowest priority. Any number may run.
    """
    finished = 0
    with _slot() as is_free:
        ends_at = time.monotonic() + AT_WORK_S
        while is_free and time.monotonic() < ends_at and (recording := _claim(clock.now())) is not None:
            _finish(recording)
            finished += 1
    return finished


def some_wait(now: dt.datetime) -> bool:
    """Whether there is something to finish. Cost: one query, over what waits."""
    return _due(now).exists()


def forget_left_behind(now: dt.datetime) -> int:
    """Remove what killed workers have left: half a file, or the engine's file beside the finished one.

    Returns how many files. Cost: a look at each file that engines have written, and one query.
    """
    oldest = (now - LEFT_BEHIND_AFTER).timestamp()
    raw = {path.stem: path for path in Path(settings.MEDIA_ROOT).glob(f"recordings/*/*{RAW}")}
    ready = Recording.objects.filter(recording_id__in=raw, state=RecordingState.READY)
    left = [raw[recording] for recording in ready.values_list("recording_id", flat=True)]
    left += [path for path in _folder().glob("*.part") if path.stat().st_mtime < oldest]
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)


# ── Whose turn it is ─────────────────────────────────────────────────────────────────────────────────────────────────
@contextmanager
def _slot() -> Iterator[bool]:
    """Whether this process may work during the block; of all others on this machine only a few may, too."""
    _folder().mkdir(parents=True, exist_ok=True)
    for number in range(SLOTS):
        with (_folder() / f"slot-{number}").open("wb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield True
            return
    yield False


def _due(now: dt.datetime) -> QuerySet[Recording]:
    return Recording.objects.filter(state=RecordingState.FINISHING, finish_after__lte=now).order_by("finish_after")


def _claim(now: dt.datetime) -> Recording | None:
    """Take the next recording. It comes again when nothing is heard of it for as long as it may take."""
    with transaction.atomic():
        recording = _due(now).select_for_update(skip_locked=True).first()
        if recording is None:
            return None
        recording.attempts += 1
        recording.finish_after = now + dt.timedelta(seconds=_limit_s(recording) + TELL_AFTER_S)
        _only(recording).update(attempts=recording.attempts, finish_after=recording.finish_after)
    return recording


def _limit_s(recording: Recording) -> float:
    """How long the program may take."""
    return LEAST_S + recording.duration_ms / 1000 / FASTER_THAN_TALKING


def _only(recording: Recording) -> QuerySet[Recording]:
    """The row, as long as it waits for the same file."""
    return Recording.objects.filter(pk=recording.pk, state=RecordingState.FINISHING, file=recording.file)


# ── The work ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def _finish(recording: Recording) -> None:
    raw = path_of(recording)
    if raw is None:
        _fail(recording, RecordingFailure.LOST)
        return
    part = _folder() / f"{recording.recording_id}.{recording.attempts}.part"
    try:
        match _written(recording, raw, part):
            case Finished() as facts:
                _publish(recording, raw, part, facts)
            case Trouble.EMPTY:
                _fail(recording, RecordingFailure.NOTHING, raw)
            case Trouble.UNREADABLE:
                _fail(recording, RecordingFailure.UNREADABLE)
            case None if recording.attempts >= MOST_ATTEMPTS:
                _fail(recording, RecordingFailure.UNREADABLE)
            case None:
                _only(recording).update(finish_after=clock.now() + AGAIN_AFTER * recording.attempts)
    finally:
        part.unlink(missing_ok=True)


def _written(recording: Recording, raw: Path, part: Path) -> Finished | Trouble | None:
    """Run the program; None when it did not answer, for whatever reason: no memory, a full disk, a damaged file."""
    part.unlink(missing_ok=True)
    facts = {"event": "recording_not_finished", "recording": recording.recording_id, "attempt": recording.attempts}
    try:
        answer = confined_program.run(
            "callflow.recording.program",
            str(raw),
            str(part),
            time_limit_s=_limit_s(recording),
            output_max_bytes=ANSWER_MAX_BYTES,
        )
        return report.from_json(answer.output.decode())
    except confined_program.TookTooLong:
        log.warning("recording takes too long to finish", extra=facts)
    except (ValueError, RecursionError):
        log.warning("recording program gave no answer", extra={**facts, "complaints": answer.complaints[-500:]})
    return None


# ── What is told ─────────────────────────────────────────────────────────────────────────────────────────────────────
def _publish(recording: Recording, raw: Path, part: Path, facts: Finished) -> None:
    """Put the file in its place and say so, unless the recording was erased or finished meanwhile.

    Locks: the call, then the recording. Whoever erases waits for the lock, and then finds the file.
    """
    now = clock.now()
    file = f"recordings/{recording.project_id}/{recording.recording_id}.{recording.format}"
    with transaction.atomic():
        for loaded in locked([recording.call_id]):
            row = _only(recording).select_for_update().first()
            if row is None:
                return
            row.state, row.file, row.failure = RecordingState.READY, file, ""
            row.size_bytes, row.duration_ms = part.stat().st_size, facts.duration_ms
            row.peaks = {"left": facts.left, "right": facts.right}
            _put_in_place(part, Path(settings.MEDIA_ROOT) / file)
            _only(recording).update(**{name: getattr(row, name) for name in PUBLISHED})
            outgoing = Outgoing(now, LiveConfig(recording.project_id))
            outgoing.tell_recording(loaded, row)
            outgoing.send()
            transaction.on_commit(lambda: raw.unlink(missing_ok=True))
    log.info("recording is finished", extra={"event": "recording_finished", "recording": recording.recording_id})


def _put_in_place(part: Path, path: Path) -> None:
    """A power cut must not leave a committed row with an empty file."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    path.parent.mkdir(parents=True, exist_ok=True)
    part.rename(path)


def _fail(recording: Recording, failure: RecordingFailure, worthless: Path | None = None) -> None:
    """There will be no file. What is unreadable stays where it is; what is `worthless` goes."""
    kept = recording.file if failure is RecordingFailure.UNREADABLE else ""
    with transaction.atomic():
        if not _only(recording).update(state=RecordingState.FAILED, failure=failure, file=kept):
            return
        if worthless is not None:
            transaction.on_commit(lambda: worthless.unlink(missing_ok=True))
    log.error("recording has failed", extra={"recording": recording.recording_id, "failure": failure})


def _folder() -> Path:
    return Path(settings.MEDIA_ROOT) / FOLDER
