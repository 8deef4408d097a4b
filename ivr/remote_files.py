"""Audio at customers' addresses, as programs of calls name it: fetched through the safe client, made playable, kept.

The address is asked each time, since what is there may change; only the work on what it answers is kept, by content.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
from pathlib import Path

from django.conf import settings

from common.confined_program import NoTurn, Turns
from sounds.audio import report
from sounds.audio.engine_form import as_engine_form
from sounds.audio.ogg import opus_packets
from sounds.spoken_cache import SoundCache
from webhooks.client import Outgoing, fetch
from webhooks.failures import FetchFailed

FOLDER = "remote"
TIMEOUT_S = 10.0  # a caller waits meanwhile
KEEP_UNUSED = dt.timedelta(days=7)

_conversions = Turns(at_once=2, wait_s=20)  # each takes a core that calls need, too

log = logging.getLogger(__name__)


class RemoteFileFailed(Exception):
    """The address answers nothing that can be played."""


def remote_packets(url: str) -> tuple[bytes, ...]:
    """The audio at an address as Opus packets of 20 ms, mono, 48 kHz.

    Cost: the answer of a stranger, and half a second or more the first time that it answers this.
    Raises RemoteFileFailed.
    """
    try:
        content = fetch(Outgoing("GET", url, TIMEOUT_S, max_bytes=settings.GREETING_MAX_BYTES)).body
        return opus_packets(_cache().get(hashlib.sha256(content).hexdigest(), lambda: _converted(content)))
    except FetchFailed as error:
        raise RemoteFileFailed(error.reason) from error
    except report.Refused as refused:
        raise RemoteFileFailed(refused.reason) from refused
    except NoTurn as error:
        raise RemoteFileFailed("busy") from error


def forget_unused(now: dt.datetime) -> int:
    """Remove what no call has heard for a week. Returns how many files."""
    return _cache().forget_unused(now - KEEP_UNUSED)


def _converted(content: bytes) -> bytes:
    with _conversions.take():
        return as_engine_form(content)


def _cache() -> SoundCache:
    return SoundCache(Path(settings.MEDIA_ROOT) / FOLDER)
