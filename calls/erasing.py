"""Erasing the sound of calls: by age, as the project says, and for one caller. What is known about the calls stays.

A recording is marked first, its file is deleted after the commit, then the row forgets where it was: whatever is
interrupted in between is done by `erase_marked`. Each erasure is in the configuration history.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet

from calls.models import Recording, RecordingState
from calls.recordings import path_of
from common.refusals import InvalidInput
from common.validation import phone_digits
from projects.models import CallSettings, Project


@dataclass(frozen=True, slots=True)
class OfCaller:
    """The recordings of calls with one number. `digits`: with the country code. `running`: still being made."""

    digits: str
    pks: tuple[int, ...]
    running: int


def of_caller(project: Project, number: str) -> OfCaller:
    """What there is to erase for a number, in any spelling. Cost: two queries. Raises InvalidInput."""
    try:
        digits = phone_digits(number, project.country)
    except ValidationError as error:
        raise InvalidInput(" ".join(error.messages)) from error
    kept = _with_sound().filter(project=project, call__customer_number=digits).order_by("pk")
    running = Recording.objects.filter(
        project=project, call__customer_number=digits, state=RecordingState.RUNNING
    ).count()
    return OfCaller(digits, tuple(kept.values_list("pk", flat=True)), running)


def erase_old(now: dt.datetime, limit: int) -> int:
    """Erase what is older than its project keeps recordings. Returns how many; more than `limit` wait for next time.

    Cost: one query for the projects, one for what they have to erase, some for each recording.
    """
    pks: list[int] = []
    for settings in CallSettings.objects.filter(recording_retention_days__gt=0).order_by("pk"):
        oldest = now - dt.timedelta(days=settings.recording_retention_days)
        old = _with_sound().filter(project=settings.pk, started_at__lt=oldest).order_by("started_at", "pk")
        pks += old.values_list("pk", flat=True)[: limit - len(pks)]
    return erase(pks)


def erase(recording_pks: Iterable[int]) -> int:
    """Erase the sound of these recordings, one by one. Idempotent. Returns how many had any.

    Locks: each recording's row; a worker that finishes it meanwhile is waited for, or finds it erased.
    """
    return sum(_erase(pk) for pk in recording_pks)


def erase_marked() -> int:
    """Delete the files of recordings that were erased when something was interrupted. Returns how many."""
    marked = list(Recording.objects.filter(state=RecordingState.ERASED).exclude(file=""))
    for recording in marked:
        _delete_file(recording)
    return len(marked)


def _with_sound() -> QuerySet[Recording]:
    return Recording.objects.exclude(file="").exclude(state__in=[RecordingState.ERASED, RecordingState.RUNNING])


def _erase(pk: int) -> bool:
    with transaction.atomic():
        recording = _with_sound().select_for_update().filter(pk=pk).first()
        if recording is None:
            return False
        recording.state, recording.failure, recording.peaks = RecordingState.ERASED, "", {}
        recording.save(update_fields=["state", "failure", "peaks"])  # not update(): the history is to see it
        transaction.on_commit(lambda: _delete_file(recording))
    return True


def _delete_file(recording: Recording) -> None:
    path = path_of(recording)
    if path is not None:
        path.unlink(missing_ok=True)
    Recording.objects.filter(pk=recording.pk, state=RecordingState.ERASED).update(file="", size_bytes=0)
