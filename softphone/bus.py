"""Signals and notices on Redis pub/sub: one listening connection for all pages of a process."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import redis.asyncio
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

CONNECT_WITHIN_S = 2.0
SPEAK_WITHIN_S = 2.0
CONFIRM_WITHIN_S = 2.0  # an answer of Redis takes less than a millisecond; whoever waits longer goes on without
AGAIN_AFTER_S = 0.5
QUIET_S = 5.0  # then Redis is asked whether it is there; after as long again without a word it is gone
CLIENT_NAME = "softphone-door"  # as Redis shows it
NOBODY = "pcc:softphone:nobody"  # a channel without use: reading needs at least one

log = logging.getLogger(__name__)

Message = Mapping[str, Any]
Listener = Callable[[Message], None]


class SilentRedis(RedisError):
    """The connection is there, and nobody at its other end."""


class Bus(Protocol):
    """Where everybody hears everybody by channel."""

    async def publish(self, channel: str, message: Message) -> int:
        """Tell those who listen. Returns how many processes do; 0 also when nobody can be reached."""

    async def listen(self, channel: str, listener: Listener) -> None:
        """Hear a channel from now on; when this returns, nothing more is missed."""

    async def unlisten(self, channel: str, listener: Listener) -> None:
        """Hear a channel no more."""


class RedisBus:
    """Connects again by itself. `on_back` listeners are told then: what was said in between is lost."""

    def __init__(self, redis_url: str) -> None:
        self._speaker = redis.asyncio.Redis.from_url(
            redis_url, socket_timeout=SPEAK_WITHIN_S, socket_connect_timeout=CONNECT_WITHIN_S
        )
        self._server = redis.asyncio.Redis.from_url(
            redis_url,
            client_name=CLIENT_NAME,
            decode_responses=True,
            socket_connect_timeout=CONNECT_WITHIN_S,
        )
        self._listeners: defaultdict[str, list[Listener]] = defaultdict(list)
        self._confirmed: dict[str, asyncio.Event] = {}
        self._pubsub: PubSub | None = None
        self._changes = asyncio.Lock()  # a page that comes back listens while its last socket stops to
        self._reader: asyncio.Task[None] | None = None
        self.on_back: list[Callable[[], None]] = []

    async def publish(self, channel: str, message: Message) -> int:
        try:
            return int(await self._speaker.publish(channel, json.dumps(message)))
        except (RedisError, OSError) as error:
            log.warning("a signal is not sent", extra={"channel": channel, "reason": type(error).__name__})
            return 0

    async def listen(self, channel: str, listener: Listener) -> None:
        self._listeners[channel].append(listener)
        if self._reader is None:
            self._reader = asyncio.create_task(self._read_for_ever())
        async with self._changes:
            confirmed = self._confirmed.setdefault(channel, asyncio.Event())
            if not confirmed.is_set() and self._pubsub is not None:
                await self._try(self._pubsub.subscribe(channel))
        try:
            await asyncio.wait_for(confirmed.wait(), CONFIRM_WITHIN_S)
        except TimeoutError:
            log.warning("a channel is not heard yet", extra={"channel": channel})

    async def unlisten(self, channel: str, listener: Listener) -> None:
        listeners = self._listeners[channel]
        if listener in listeners:
            listeners.remove(listener)
        async with self._changes:
            if self._listeners.get(channel):
                return  # others listen, perhaps only since a moment ago
            self._listeners.pop(channel, None)
            self._confirmed.pop(channel, None)
            if self._pubsub is not None:
                await self._try(self._pubsub.unsubscribe(channel))

    async def close(self) -> None:
        """Hear and say nothing more."""
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        await self._server.aclose()
        await self._speaker.aclose()

    # ── Reading ──────────────────────────────────────────────────────────────────────────────────────────────────
    async def _read_for_ever(self) -> None:
        first = True
        while True:
            try:
                await self._read(tell=not first)
            except (RedisError, OSError) as error:
                log.warning("signals are not heard", extra={"reason": type(error).__name__})
            self._pubsub = None
            for confirmed in self._confirmed.values():
                confirmed.clear()
            first = False
            await asyncio.sleep(AGAIN_AFTER_S)

    async def _read(self, *, tell: bool) -> None:
        async with self._server.pubsub() as pubsub:
            await pubsub.subscribe(NOBODY)
            self._pubsub = pubsub  # connected: from here on everybody may subscribe
            if self._listeners:
                await pubsub.subscribe(*self._listeners)
            if tell:
                for back in tuple(self.on_back):
                    back()
            asked = False
            while True:
                message = await pubsub.get_message(timeout=QUIET_S)
                if message is not None:
                    asked = False
                    self._take(message)
                elif asked:
                    raise SilentRedis
                else:
                    asked = True
                    await pubsub.ping()

    def _take(self, message: Mapping[str, Any]) -> None:
        channel = message["channel"]
        if message["type"] == "subscribe" and channel in self._confirmed:
            self._confirmed[channel].set()
        elif message["type"] == "message":
            self._deliver(channel, message["data"])

    def _deliver(self, channel: str, data: str) -> None:
        try:
            content = json.loads(data)
        except ValueError:
            log.warning("a signal is not JSON", extra={"channel": channel})
            return
        for listener in tuple(self._listeners.get(channel, ())):
            listener(content)

    async def _try(self, action: Any) -> None:
        """What fails now is done when the connection is back: the reader finds the same trouble."""
        try:
            await action
        except (RedisError, OSError) as error:
            log.info("a channel is changed later", extra={"reason": type(error).__name__})
