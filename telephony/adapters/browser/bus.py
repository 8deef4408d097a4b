"""How signals travel between engine and browsers' sockets: Redis pub/sub, in the order of sending."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

import redis.asyncio
from redis import RedisError

from telephony import signals

GIVE_UP_AFTER_S = 4.0  # without Redis; whoever waits has given up by then
RETRY_AFTER_S = 0.25
CLOSE_WITHIN_S = 1.0
ASK_EVERY_S = 5  # whether Redis is still there: a host that vanishes says nothing
ALIVE_EVERY_S, ALIVE_FOR_S = 2.0, 6  # one sign of life may get lost, and then some

Hear = Callable[[signals.Signal], object]
Heard = Callable[[int], object]
"""Told how many have listened."""

log = logging.getLogger(__name__)


class SignalBus(Protocol):
    """One engine's way to browsers. All of it on the engine's event loop."""

    async def open(self, node: str, hear: Hear) -> None:
        """Listen at the engine's channel from now on, and show that it lives."""

    def publish(self, channel: str, signal: signals.Signal, heard: Heard | None = None) -> None:
        """Send a signal after those that were sent before. It never fails; `heard` says 0 when it did."""

    async def close(self) -> None:
        """Send what there is to send, then nothing more."""


@dataclass(frozen=True, slots=True)
class _Letter:
    """A signal on its way. Units: `late_at` by the loop's clock."""

    channel: str
    text: str
    heard: Heard | None
    late_at: float


class RedisBus:
    """Connects again by itself. While Redis is away, calls go on; who rings in vain ends by a timer."""

    def __init__(self, redis_url: str) -> None:
        self._redis_url = redis_url

    async def open(self, node: str, hear: Hear) -> None:
        self._node, self._hear = node, hear
        self._life = secrets.token_hex(8)
        self._server = redis.asyncio.Redis.from_url(
            self._redis_url,
            socket_connect_timeout=GIVE_UP_AFTER_S,
            socket_timeout=GIVE_UP_AFTER_S,
            health_check_interval=ASK_EVERY_S,
        )
        self._letters: asyncio.Queue[_Letter] = asyncio.Queue()
        listening = asyncio.Event()
        self._tasks = [
            asyncio.create_task(_for_ever(work)) for work in (lambda: self._listen(listening), self._send, self._live)
        ]
        try:
            await asyncio.wait_for(listening.wait(), GIVE_UP_AFTER_S)
        except TimeoutError:
            log.warning("browsers are not heard yet", extra={"node": node})

    def publish(self, channel: str, signal: signals.Signal, heard: Heard | None = None) -> None:
        late_at = asyncio.get_running_loop().time() + GIVE_UP_AFTER_S
        self._letters.put_nowait(_Letter(channel, json.dumps(signals.to_json(signal)), heard, late_at))

    async def close(self) -> None:
        try:
            await asyncio.wait_for(self._letters.join(), CLOSE_WITHIN_S)
            await asyncio.wait_for(self._server.delete(signals.alive_key(self._node)), CLOSE_WITHIN_S)
        except (TimeoutError, RedisError, OSError):
            log.warning("browsers are not told everything", extra={"left": self._letters.qsize()})
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.aclose()

    async def _listen(self, listening: asyncio.Event) -> None:
        async with self._server.pubsub(ignore_subscribe_messages=True) as subscription:
            await subscription.subscribe(signals.engine_channel(self._node))
            listening.set()
            while True:
                message = await subscription.get_message(timeout=ASK_EVERY_S)
                if message is not None:
                    self._take(message["data"])

    def _take(self, data: bytes) -> None:
        try:
            signal = signals.from_json(json.loads(data))
        except (ValueError, KeyError, TypeError) as error:
            log.warning("signal is not understood", extra={"reason": type(error).__name__})
            return
        try:
            self._hear(signal)
        except Exception:
            log.exception("signal is not handled", extra={"signal": type(signal).__name__})

    async def _send(self) -> None:
        while True:
            letter = await self._letters.get()
            try:
                count = await self._deliver(letter)
            finally:
                self._letters.task_done()
            if letter.heard is not None:
                letter.heard(count)

    async def _deliver(self, letter: _Letter) -> int:
        loop = asyncio.get_running_loop()
        while loop.time() < letter.late_at:
            try:
                return int(await self._server.publish(letter.channel, letter.text))
            except (RedisError, OSError) as error:
                log.warning("signal waits for Redis", extra={"reason": type(error).__name__})
                await asyncio.sleep(RETRY_AFTER_S)
        return 0

    async def _live(self) -> None:
        while True:
            await self._server.set(signals.alive_key(self._node), self._life, ex=ALIVE_FOR_S)
            await asyncio.sleep(ALIVE_EVERY_S)


async def _for_ever(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Again and again, whatever fails."""
    while True:
        try:
            await work()
        except (RedisError, OSError) as error:
            log.warning("Redis does not answer", extra={"reason": type(error).__name__})
        except Exception:
            log.exception("signals do not travel")
        await asyncio.sleep(RETRY_AFTER_S)


class MemoryBus:
    """Signals within one event loop, for tests: channels with listeners, delivered one after the other."""

    def __init__(self) -> None:
        self.listeners: dict[str, list[Hear]] = {}

    async def open(self, node: str, hear: Hear) -> None:
        self.listen(signals.engine_channel(node), hear)

    def listen(self, channel: str, hear: Hear) -> None:
        self.listeners.setdefault(channel, []).append(hear)

    def publish(self, channel: str, signal: signals.Signal, heard: Heard | None = None) -> None:
        loop = asyncio.get_running_loop()
        listeners = list(self.listeners.get(channel, ()))
        for each in listeners:
            loop.call_soon(each, signal)
        if heard is not None:
            loop.call_soon(heard, len(listeners))

    async def close(self) -> None:
        self.listeners.clear()
