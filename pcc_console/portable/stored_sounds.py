"""The greeting files on disk, spoken texts and built-in tunes, for project files."""

from __future__ import annotations

import io
import shutil
import wave
from collections.abc import Sequence

from common.refusals import NotFound
from ivr import greetings
from ivr.models import GreetingFile
from pcc_console.portable import tunes
from pcc_console.portable.document import GreetingRow, Spoken
from projects.models import Project
from sounds import speech

PAUSE_S = 0.4  # between two languages of one announcement


class StoredSounds:
    """See `sounds.Sounds`."""

    def content_of(self, greeting: GreetingFile) -> bytes:
        """Raises NotFound when it is not on disk."""
        try:
            return greetings.original_path(greeting).read_bytes()
        except FileNotFoundError as error:
            raise NotFound(f"The sound of {greeting} ({greeting.filename}) is gone: upload it again.") from error

    def content_for(self, row: GreetingRow) -> bytes:
        if row.audio is not None:
            return row.audio
        return tunes.compose(row.tune) if row.tune else spoken(row.speech)

    def store(self, project: Project, content: bytes, row: GreetingRow) -> GreetingFile:
        """Also sets texts to exactly those of the file; an upload's would be tidied up."""
        texts = {name: str(row.values[name]) for name in ("desc1", "original_name")}
        greeting = greetings.store_greeting(
            project, io.BytesIO(content), original_name=texts["original_name"], description=texts["desc1"]
        )
        if texts != {name: getattr(greeting, name) for name in texts}:
            for name, text in texts.items():
                setattr(greeting, name, text)
            greeting.save(update_fields=list(texts))
        return greeting

    def forget(self, greeting: GreetingFile) -> None:
        shutil.rmtree(greetings.original_path(greeting).parent, ignore_errors=True)


def spoken(texts: Sequence[Spoken]) -> bytes:
    """Texts spoken one after the other, as one audio file. Raises speech.SpeechUnavailable."""
    parts = [speech.synthesise(each.text, language=each.language) for each in texts]
    try:
        return joined(parts) if len(parts) > 1 else parts[0]
    except wave.Error as error:
        raise speech.SpeechUnavailable("Only WAV files of one kind can be joined.") from error


def joined(parts: Sequence[bytes]) -> bytes:
    """WAV files of one format, one after the other with a pause between them, as one."""
    file = io.BytesIO()
    with wave.open(file, "wb") as target:
        for number, part in enumerate(parts):
            with wave.open(io.BytesIO(part)) as source:
                if number == 0:
                    target.setparams(source.getparams())
                else:
                    frame_bytes = source.getsampwidth() * source.getnchannels()
                    target.writeframes(bytes(round(PAUSE_S * source.getframerate()) * frame_bytes))
                target.writeframes(source.readframes(source.getnframes()))
    return file.getvalue()
