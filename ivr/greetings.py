"""Greeting files: taking them in, finding their audio, deleting them, and what was left behind.

Each file has a folder `greetings/<project>/<sid>/` below MEDIA_ROOT, with the upload as it came (`original.<kind>`) and
the forms that `sounds.audio` has made of it. Names on disk never come from the user. A folder is complete before its
row is there, and goes after its row is gone; what a crash or a rollback in between leaves is found by
`orphaned_greeting_folders`.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import unicodedata
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.template.defaultfilters import filesizeformat
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from common import clock, ids
from common.confined_program import NoTurn, Turns
from common.deletion import delete_or_refuse
from common.refusals import InvalidInput
from ivr.models import GreetingFile
from projects.models import Project
from sounds.audio import report
from sounds.audio.client import check_and_convert

CHUNK_BYTES = 256 * 1024
INCOMING_FOLDER = "incoming"
LEFT_BEHIND_AFTER = dt.timedelta(hours=1)  # longer than any upload is being worked on
LISTEN_RATE = 24_000
FORMS: Final = {8_000: report.TELEPHONE_FILE, 24_000: report.LISTEN_FILE, 48_000: report.ENGINE_FILE}

# Each takes a whole core for seconds, and the cores also serve calls.
_checks = Turns(at_once=2, wait_s=20)


class Readable(Protocol):
    """An upload: an open file, a part of a form, the body of a request."""

    def read(self, size: int, /) -> bytes: ...


class GreetingRefused(InvalidInput):
    """The uploaded file is not accepted; nothing was kept of it."""


class EmptyFile(GreetingRefused):
    """Not a single byte arrived."""


class TooLarge(GreetingRefused):
    """More bytes than GREETING_MAX_BYTES."""


class NotAudio(GreetingRefused):
    """Not a container that we take."""


class UnsupportedCodec(GreetingRefused):
    """A container that we take, with something inside that we do not."""


class DamagedAudio(GreetingRefused):
    """It cannot be decoded, or not within the limits of time and memory."""


class SeveralStreams(GreetingRefused):
    """More than one piece of audio in one file."""


class IsVideo(GreetingRefused):
    """It has moving pictures."""


class TooShort(GreetingRefused):
    """Shorter than anybody could hear."""


class TooLong(GreetingRefused):
    """Longer than anybody would listen to."""


class SilentAudio(GreetingRefused):
    """There is nothing to hear in it."""


class TooManyUploads(GreetingRefused):
    """Other files are being checked, and this one waited too long for its turn."""


def store_greeting(project: Project, upload: Readable, *, original_name: str, description: str) -> GreetingFile:
    """Check an uploaded file, convert it, keep it, and return its row.

    `upload` is read from where it stands, in pieces, and no further than the size limit. `original_name` is only shown.
    Cost: a process of its own for 0.5 s, up to 10 s for ten minutes of audio; never call it inside a transaction.
    Raises a GreetingRefused, or InvalidInput for a bad description; then no row and no file is left.
    """
    row = GreetingFile(
        project=project,
        filename=ids.file_name("mp3"),
        desc1=_checked_description(description),
        original_name=shown_name(original_name),
    )
    with _incoming_folder() as folder:
        row.size_bytes = _receive(upload, folder / report.UPLOAD_FILE)
        found = _check(folder)
        row.duration_ms, row.peaks = found.duration_ms, list(found.peaks)
        (folder / report.UPLOAD_FILE).rename(folder / f"original.{found.kind}")
        _save_with_folder(row, folder)
    return row


def delete_greeting(greeting: GreetingFile) -> None:
    """Delete a greeting file; its audio goes when the transaction is committed.

    Raises InUse, naming the queues and nodes that play it.
    """
    folder = _folder_of(greeting)
    delete_or_refuse(greeting)
    transaction.on_commit(lambda: shutil.rmtree(folder, ignore_errors=True))


def audio_path(greeting: GreetingFile, rate: int) -> Path:
    """The audio for an engine. Units: Hz.

    48000: Opus in Ogg, 20 ms packets; 8000: 16-bit WAV; 24000: MP3 for browsers. All mono.
    """
    return _folder_of(greeting) / FORMS[rate]


def listen_path(greeting: GreetingFile) -> Path:
    """The MP3 that browsers play."""
    return audio_path(greeting, LISTEN_RATE)


def original_path(greeting: GreetingFile) -> Path:
    """The upload as it came. Raises FileNotFoundError."""
    for kind in report.Kind:
        if (path := _folder_of(greeting) / f"original.{kind}").is_file():
            return path
    raise FileNotFoundError(_folder_of(greeting) / "original.*")


def has_audio(greeting: GreetingFile) -> bool:
    """Whether every form of it is on disk."""
    return all((_folder_of(greeting) / name).is_file() for name in report.WRITTEN_FILES)


def orphaned_greeting_folders() -> list[Path]:
    """Folders that no row needs: interrupted uploads, and what was left by a crash between disk and database.

    Only folders older than an hour, so that no upload is disturbed. A database that knows none of the folders belongs
    to another installation: then it is asked for nothing but interrupted uploads.
    Cost: one query and one look at every folder.
    """
    kept = {(str(project), sid) for project, sid in GreetingFile.objects.values_list("project_id", "sid")}
    folders = list(_root().glob("*/*"))
    known = {path for path in folders if (path.parent.name, path.name) in kept}
    unknown = [path for path in folders if path not in known and (known or path.parent.name == INCOMING_FOLDER)]
    oldest_of_work = (clock.now() - LEFT_BEHIND_AFTER).timestamp()
    return sorted(path for path in unknown if _changed_at(path) < oldest_of_work)


def remove_orphaned_greeting_folders() -> int:
    """Remove what `orphaned_greeting_folders` finds; returns how many. Safe to run at any time, and twice at once."""
    folders = orphaned_greeting_folders()
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    return len(folders)


def shown_name(name: str) -> str:
    """The name of an uploaded file as people may see it: its last part, without anything invisible."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    visible = "".join(" " if unicodedata.category(letter)[0] in "CZ" else letter for letter in last[:1000])
    text = " ".join(unicodedata.normalize("NFC", visible).split())
    return Truncator(text).chars(GreetingFile._meta.get_field("original_name").max_length or 0)


def _checked_description(description: str) -> str:
    field = GreetingFile._meta.get_field("desc1")
    try:
        text: str = field.clean(description.strip(), None)
    except ValidationError as error:
        raise InvalidInput(_("Description: %(problem)s") % {"problem": " ".join(error.messages)}) from error
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in text):
        raise InvalidInput(_("The description has characters that cannot be shown."))
    return text


def _root() -> Path:
    return Path(settings.MEDIA_ROOT) / "greetings"


def _folder_of(greeting: GreetingFile) -> Path:
    return _root() / str(greeting.project_id) / greeting.sid


@contextmanager
def _incoming_folder() -> Iterator[Path]:
    """A folder for one upload, on the disk where it will stay; gone afterwards unless it was moved."""
    folder = _root() / INCOMING_FOLDER / uuid.uuid4().hex
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _receive(upload: Readable, path: Path) -> int:
    """Write the upload to disk and return its size, giving up as soon as it is too large."""
    size = 0
    with path.open("xb") as file:
        while chunk := upload.read(CHUNK_BYTES):
            size += len(chunk)
            if size > settings.GREETING_MAX_BYTES:
                raise TooLarge(
                    _("The file is too large. At most %(most)s are accepted.")
                    % {"most": filesizeformat(settings.GREETING_MAX_BYTES)}
                )
            file.write(chunk)
    if not size:
        raise EmptyFile(_("The file is empty."))
    return size


def _check(folder: Path) -> report.Report:
    try:
        with _checks.take():
            return check_and_convert(folder)
    except NoTurn as error:
        raise TooManyUploads(_("Many files are being uploaded. Please try again in a minute.")) from error
    except report.Refused as refused:
        raise _refusal(refused.reason) from refused


def _refusal(reason: report.Reason) -> GreetingRefused:
    formats = {"formats": "WAV, MP3, OGG, M4A, FLAC"}
    refusals: dict[report.Reason, GreetingRefused] = {
        report.Reason.NOT_AUDIO: NotAudio(
            _("This is not an audio file. Accepted are: %(formats)s (by content, not by name).") % formats
        ),
        report.Reason.CODEC: UnsupportedCodec(
            _("The audio inside this file is of a kind that is not supported. Save it as MP3 or WAV.")
        ),
        report.Reason.DAMAGED: DamagedAudio(_("The file is damaged: it cannot be decoded.")),
        report.Reason.STREAMS: SeveralStreams(_("The file has several audio tracks. Save one of them by itself.")),
        report.Reason.VIDEO: IsVideo(_("This is a video. Save its sound as MP3 or WAV.")),
        report.Reason.TOO_SHORT: TooShort(
            _("The audio is too short: it must last at least %(seconds)s s.") % {"seconds": report.SHORTEST_S}
        ),
        report.Reason.TOO_LONG: TooLong(
            _("The audio is too long: at most %(minutes)s minutes are accepted.") % {"minutes": report.LONGEST_S // 60}
        ),
        report.Reason.SILENT: SilentAudio(_("The audio is silent: callers would hear nothing.")),
    }
    return refusals[reason]


def _save_with_folder(row: GreetingFile, folder: Path) -> None:
    """Move the folder to its place, then save the row: there is never a row without its files."""
    place = _folder_of(row)
    place.parent.mkdir(parents=True, exist_ok=True)
    _flush_to_disk(folder)
    folder.rename(place)
    try:
        with transaction.atomic():
            row.save()
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise


def _flush_to_disk(folder: Path) -> None:
    """A power cut must not leave a committed row with empty files."""
    for path in [*folder.iterdir(), folder]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _changed_at(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except FileNotFoundError:  # somebody else was faster
        return clock.now().timestamp()
