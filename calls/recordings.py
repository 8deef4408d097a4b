"""Recordings: begun with the command to record, finished when the engine has the file, read by their call."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from calls.models import Call, Recording, RecordingFailure, RecordingKind, RecordingState

RAW = ".raw"  # as `telephony.recording_format` has it
# Nothing that an engine tells changes these: they have their file, wait for a worker, or are gone on purpose.
SETTLED = (RecordingState.FINISHING, RecordingState.READY, RecordingState.ERASED)


def begin(
    call: Call,
    recording_id: str,
    now: dt.datetime,
    *,
    voicemail: bool,
    queue_id: int | None,
    form: str,
    event_url: str,
) -> None:
    """Note that a recording is being made. Idempotent by its id."""
    Recording.objects.bulk_create(
        [
            Recording(
                project_id=call.project_id,
                call_id=call.pk,
                recording_id=recording_id,
                kind=RecordingKind.VOICEMAIL if voicemail else RecordingKind.CONVERSATION,
                queue_id=queue_id,
                format=form,
                event_url=event_url,
                started_at=now,
            )
        ],
        ignore_conflicts=True,
    )


def finish(recording_id: str, file: str, size_bytes: int, duration_ms: int, now: dt.datetime) -> Recording | None:
    """Note the file of a recording; without a file it has failed. None when it is unknown, has its file, or was erased.

    One that was given up gets its file all the same. What an engine has only written down (`is_raw`) is not ready:
    it waits for a worker, see `callflow.recording.finishing`.
    """
    columns = {
        "state": RecordingState.READY if file else RecordingState.FAILED,
        "failure": "" if file else RecordingFailure.NOTHING,
        "file": file,
        "size_bytes": size_bytes,
        "duration_ms": duration_ms,
        "ended_at": now,
    }
    if is_raw(file):
        columns |= {"state": RecordingState.FINISHING, "attempts": 0, "finish_after": now}
    open_ = Recording.objects.filter(recording_id=recording_id).exclude(state__in=SETTLED)
    return Recording.objects.get(recording_id=recording_id) if open_.update(**columns) else None


def is_raw(file: str) -> bool:
    """Whether this is what an engine has written while people talked: nothing that anybody could listen to."""
    return file.endswith(RAW)


def give_up(call_pks: Iterable[int], now: dt.datetime) -> int:
    """Nobody will hand over what was being recorded of these calls. Returns how many recordings.

    A file that was written before its engine died is kept: it was finished when it was written, or can be finished as
    far as it goes.
    """
    running = list(Recording.objects.filter(call__in=list(call_pks), state=RecordingState.RUNNING))
    for recording in running:
        stem = f"recordings/{recording.project_id}/{recording.recording_id}"
        written = (f"{stem}.{recording.format}", stem + RAW)
        file = next((each for each in written if (Path(settings.MEDIA_ROOT) / each).is_file()), "")
        size_bytes, duration_ms = _measured(recording, file) if file else (0, 0)
        finish(recording.recording_id, file, size_bytes, duration_ms, now)
    return len(running)


def _measured(recording: Recording, file: str) -> tuple[int, int]:
    """Size and, about, length of a file that nobody has told anything about. Units: bytes, milliseconds."""
    written = (Path(settings.MEDIA_ROOT) / file).stat()
    lasted_s = max(0.0, written.st_mtime - recording.started_at.timestamp())
    return written.st_size, round(lasted_s * 1000)


def left_over(ended_before: dt.datetime, limit: int) -> list[int]:
    """Calls that ended before this and are still said to be recorded. Cost: one query, over what is being recorded."""
    running = Recording.objects.filter(state=RecordingState.RUNNING, call__ended_at__lt=ended_before)
    return list(running.order_by("call").values_list("call_id", flat=True).distinct()[:limit])


def of_call_or_recording(project_id: int, name: str) -> QuerySet[Recording]:
    """The recordings that an id names, a recording's own or a call's, the newest first.

    Source: call-control-api.md §5.
    """
    of_project = Recording.objects.filter(project_id=project_id).order_by("-started_at")
    own = of_project.filter(recording_id=name)
    return own if own.exists() else of_project.filter(call__call_id=name)


def path_of(recording: Recording) -> Path | None:
    """Its file, if there is one below the media folder; what the engine told us is not trusted further."""
    folder = Path(settings.MEDIA_ROOT).resolve()
    path = (folder / recording.file).resolve()
    return path if recording.file and path.is_relative_to(folder) and path.is_file() else None


@transaction.atomic
def delete_recording(recording: Recording) -> None:
    """Delete a recording, and its file once that is certain."""
    path = path_of(recording)
    # Pages have it as a kind of recording, which the history does not watch.
    Recording.objects.get(pk=recording.pk).delete()
    if path is not None:
        transaction.on_commit(lambda: path.unlink(missing_ok=True))


def address_of(recording: Recording) -> str:
    """Where a program fetches it, with a token of its own (Source: webhooks.md §8)."""
    return f"{settings.PCC_PUBLIC_URL}/v1/call/recording/{recording.recording_id}"
