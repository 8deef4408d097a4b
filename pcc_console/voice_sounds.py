"""The installation's sounds for the browser engine: texts, greeting files of projects, files of customers' servers.

They are kept in memory as packets, the least used go first. Called on the engine's threads.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

from django.db import Error as AnyDatabaseError
from django.db import connection

from common.refusals import Refusal
from ivr import greetings
from ivr.models import GreetingFile
from ivr.remote_files import RemoteFileFailed, remote_packets
from sounds.audio.ogg import NotOpus, opus_packets
from sounds.spoken import spoken_packets
from telephony import port
from telephony.adapters.browser.sounds import Prompt

MOST_BYTES = 64 * 1024**2  # three hours of speech
PACKET_OVERHEAD = 60  # bytes that Python needs for each
ENGINE_RATE = 48_000  # Hz
REMOTE_FRESH_S = 600.0  # for so long a customer's address is not asked again
FAILED_FRESH_S = 5.0  # many callers at once ask once for what is not there

log = logging.getLogger(__name__)


class NoSound(Exception):
    """It cannot be played; the text says why, for the log."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """A sound, or that there is none, until a moment of the monotonic clock. Units: bytes, seconds."""

    prompt: Prompt | None
    size: int
    fresh_until: float


class InstalledSounds:
    """See `telephony.adapters.browser.sounds.SoundSource`.

    Cost: microseconds from memory; from the disk a query and some milliseconds for a greeting file, 1 ms for a text
    that was spoken before, 0.1 s for a new one, a stranger's answer for an address (measured 2026-11).
    """

    def __init__(self, *, most_bytes: int = MOST_BYTES, now: Callable[[], float] = time.monotonic) -> None:
        self._most_bytes, self._now = most_bytes, now
        self._lock = threading.Lock()
        self._kept: OrderedDict[port.Media, _Kept] = OrderedDict()
        self._bytes = 0
        self._loading: dict[port.Media, Future[Prompt | None]] = {}

    def load(self, media: port.Media) -> Prompt | None:
        """The sound, encoded; None when it cannot be played. Who asks for what is being loaded waits for that."""
        with self._lock:
            kept = self._kept.get(media)
            if kept is not None and self._now() < kept.fresh_until:
                self._kept.move_to_end(media)
                return kept.prompt
            loading = self._loading.get(media)
            mine = loading is None
            if loading is None:
                loading = self._loading[media] = Future()
        if mine:
            self._finish(media, loading, self._loaded(media, kept))
        return loading.result()

    @property
    def kept_bytes(self) -> int:
        """How much memory the sounds take, about."""
        return self._bytes

    def _loaded(self, media: port.Media, before: _Kept | None) -> _Kept:
        try:
            prompt = Prompt(_packets(media))
        except Exception as error:  # whatever goes wrong: the call has to hear that there is nothing
            expected = isinstance(error, NoSound | Refusal | RemoteFileFailed | AnyDatabaseError)
            log.warning(
                "sound cannot be played",
                extra={"event": "no_sound", "kind": type(media).__name__, "why": str(error)},
                exc_info=not expected,
            )
            if before is not None and before.prompt is not None:  # what it was is better than silence
                return _Kept(before.prompt, before.size, self._now() + FAILED_FRESH_S)
            return _Kept(None, PACKET_OVERHEAD, self._now() + FAILED_FRESH_S)
        size = sum(map(len, prompt.packets)) + PACKET_OVERHEAD * (len(prompt.packets) + 1)
        fresh_s = REMOTE_FRESH_S if isinstance(media, port.RemoteFile) else float("inf")
        return _Kept(prompt, size, self._now() + fresh_s)

    def _finish(self, media: port.Media, loading: Future[Prompt | None], kept: _Kept) -> None:
        with self._lock:
            before = self._kept.pop(media, None)
            self._kept[media] = kept
            self._bytes += kept.size - (before.size if before is not None else 0)
            while self._bytes > self._most_bytes and len(self._kept) > 1:
                _, gone = self._kept.popitem(last=False)
                self._bytes -= gone.size
            del self._loading[media]
        loading.set_result(kept.prompt)


def _packets(media: port.Media) -> tuple[bytes, ...]:
    match media:
        case port.Speech(text, voice, speed):
            packets = spoken_packets(text, voice=voice, speed=speed)
        case port.AudioFile():
            packets = _greeting_packets(media)
        case port.RemoteFile(url):
            packets = remote_packets(url)
        case port.Tone(name):
            raise NoSound(f"the engine makes tones itself, {name!r} too")
    if not packets:
        raise NoSound("there is nothing in it")
    return packets


def _greeting_packets(file: port.AudioFile) -> tuple[bytes, ...]:
    try:
        greeting = GreetingFile.objects.filter(project_id=file.project_id, filename=file.name).first()
    finally:
        connection.close()  # on a thread that lives long and seldom asks
    if greeting is None:
        raise NoSound(f"project {file.project_id} has no greeting {file.name}")
    try:
        return opus_packets(greetings.audio_path(greeting, ENGINE_RATE).read_bytes())
    except (OSError, NotOpus) as error:
        raise NoSound(f"greeting {greeting.sid} has no audio") from error
