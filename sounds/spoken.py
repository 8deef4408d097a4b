"""Texts as sound for calls: spoken once, kept by their content, found again by every engine."""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from common.refusals import InvalidInput
from sounds import speech
from sounds.audio import report
from sounds.audio.engine_form import as_engine_form
from sounds.audio.ogg import opus_packets
from sounds.spoken_cache import SoundCache
from sounds.spoken_language import Passage, passages

FOLDER = "speech"
KEEP_UNUSED = dt.timedelta(days=30)
FORM = 1  # of what is kept: a new one lets everything be spoken again
SILENT_PACKET = b"\xf8\xff\xfe"  # 20 ms, mono
PAUSE_PACKETS = 15  # 0.3 s between two languages

log = logging.getLogger(__name__)


def spoken_packets(text: str, *, voice: str = "", speed: int = 0) -> tuple[bytes, ...]:
    """A text as Opus packets of 20 ms, mono, 48 kHz; none when there is nothing to speak.

    Cost: a file when it was spoken before, else 0.2 s with espeak, some seconds with others. No database.
    Raises InvalidInput or SpeechUnavailable.
    """
    packets: list[bytes] = []
    for sound in _sounds(text, voice, speed):
        packets += (*[SILENT_PACKET] * (PAUSE_PACKETS if packets else 0), *opus_packets(sound))
    return tuple(packets)


def render(text: str, *, voice: str = "", speed: int = 0) -> None:
    """Speak a text before a call needs it. Idempotent. Raises InvalidInput or SpeechUnavailable."""
    for _sound in _sounds(text, voice, speed):
        pass


def has_failed(text: str, *, voice: str = "", speed: int = 0) -> bool:
    """Whether something of a text could not be spoken when that was last tried. Cost: some names of files looked up."""
    cache = _cache()
    try:
        return any(cache.has_failed(key) for _passage, key in _keyed(text, voice, speed))
    except InvalidInput:  # nobody has tried
        return False


def forget_unused(now: dt.datetime) -> int:
    """Remove what no call has heard for a month. Returns how many files."""
    return _cache().forget_unused(now - KEEP_UNUSED)


def _sounds(text: str, voice: str, speed: int) -> Iterator[bytes]:
    """Shape: an Ogg file for each language that the text is in."""
    cache = _cache()
    for passage, key in _keyed(text, voice, speed):
        yield cache.get(key, lambda: _made(passage, voice, speed))  # noqa: B023  called at once


def _keyed(text: str, voice: str, speed: int) -> Iterator[tuple[Passage, str]]:
    """The passages of a text, each with the key of its sound: the same whenever it would sound the same."""
    provider = speech.provider()
    for passage in passages(text, voice):
        utterance = speech.checked(passage.text, language=passage.language, voice=voice, speed=speed)
        identity = provider.identity(utterance)
        yield passage, json.dumps([FORM, identity, utterance.language, utterance.speed, utterance.text])


def _made(passage: Passage, voice: str, speed: int) -> bytes:
    audio = speech.synthesise(passage.text, language=passage.language, voice=voice, speed=speed)
    try:
        return as_engine_form(audio)
    except report.Refused as refused:
        log.error("speech is not playable", extra={"event": "speech_failed", "reason": refused.reason})
        raise speech.SpeechUnavailable(_("The text could not be spoken.")) from refused


def _cache() -> SoundCache:
    return SoundCache(Path(settings.MEDIA_ROOT) / FOLDER)
