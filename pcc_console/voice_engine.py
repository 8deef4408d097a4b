"""Which voice engine runs, and what it is given of the rest of the installation."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import lru_cache

import redis
from django.conf import settings
from django.db import Error as AnyDatabaseError
from django.db import connection

from ivr.models import GreetingFile
from pcc_console import heartbeats
from telephony import outbox, port
from telephony.adapters.base import Adapter
from telephony.adapters.simulated.adapter import SimulatedAdapter
from telephony.adapters.simulated.files import RecordingWriter
from telephony.adapters.simulated.sounds import FILE_S, Sounds

log = logging.getLogger(__name__)


def _simulated(node: str) -> Adapter:
    return SimulatedAdapter(node, Sounds(greeting_length), RecordingWriter(settings.MEDIA_ROOT))


def _browser(node: str) -> Adapter:
    from pcc_console.voice_sounds import InstalledSounds  # these take the media libraries along
    from telephony.adapters.browser.adapter import BrowserAdapter
    from telephony.adapters.browser.bus import RedisBus
    from telephony.adapters.browser.network import Network

    addresses, public_address = tuple(settings.PCC_MEDIA_ADDRESSES), settings.PCC_MEDIA_PUBLIC_ADDRESS
    network = Network(addresses, settings.MEDIA_PORTS, public_address)
    return BrowserAdapter(node, RedisBus(settings.REDIS_URL), InstalledSounds(), settings.MEDIA_ROOT, network)


ADAPTERS: dict[str, Callable[[str], Adapter]] = {"browser": _browser, "simulated": _simulated}


def greeting_length(file: port.AudioFile) -> float | None:
    """How many seconds a greeting file lasts; None when the project has no such file."""
    try:
        return _stored_length(file)
    except AnyDatabaseError:
        log.warning("length of a greeting is not known", extra={"project_id": file.project_id})
        return FILE_S
    finally:
        connection.close()  # seldom needed, on a thread that lives long


@lru_cache(maxsize=1000)  # a file never changes; one that is deleted may sound a little longer
def _stored_length(file: port.AudioFile) -> float | None:
    rows = GreetingFile.objects.filter(project_id=file.project_id, filename=file.name)
    milliseconds = rows.values_list("duration_ms", flat=True).first()
    return None if milliseconds is None else milliseconds / 1000


def record_life(kind: str, node: str) -> None:
    """Show /readyz that an engine lives. One that nobody hears counts for itself: it makes no installation ready."""
    role = heartbeats.SIMULATOR if kind == outbox.SIMULATED else heartbeats.ENGINE
    try:
        heartbeats.record(settings.REDIS_URL, role + node)
    except redis.RedisError as error:
        log.warning("engine heartbeat is not recorded", extra={"node": node, "reason": type(error).__name__})
