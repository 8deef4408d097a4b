"""The engine's side of the doorbell. Without Redis, it is the engine's own rhythm that counts."""

from __future__ import annotations

import logging
import threading
from typing import Protocol

import redis
from redis.client import PubSub

from telephony.outbox import channel_of

CONNECT_TIMEOUT_S = 2.0

log = logging.getLogger(__name__)


class Doorbell(Protocol):
    """Tells when somebody wants something."""

    def wait(self, seconds: float) -> frozenset[str]:
        """The requests that have come (`telephony.outbox`); none after so long."""


class RedisDoorbell:
    """Listens at a node's channel, and connects again by itself."""

    def __init__(self, redis_url: str, node: str, stop: threading.Event) -> None:
        self._server = redis.Redis.from_url(redis_url, socket_connect_timeout=CONNECT_TIMEOUT_S)
        self._channel = channel_of(node)
        self._stop = stop
        self._listener: PubSub | None = None

    def wait(self, seconds: float) -> frozenset[str]:
        try:
            return self._hear(seconds)
        except (redis.RedisError, OSError) as error:
            if self._listener is not None:
                log.warning("engine doorbell is not heard", extra={"reason": type(error).__name__})
            self._listener = None
            self._stop.wait(seconds)
            return frozenset()

    def _hear(self, seconds: float) -> frozenset[str]:
        if self._listener is None:
            listener: PubSub = self._server.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
            listener.subscribe(self._channel)
            self._listener = listener
        heard: set[str] = set()
        message = self._listener.get_message(timeout=seconds)
        while message is not None:
            heard.add(message["data"].decode())
            message = self._listener.get_message(timeout=0)
        return frozenset(heard)
