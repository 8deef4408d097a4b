"""Signals and notices on real Redis, with many listeners that come and go."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from typing import Any

import redis
from django.conf import settings

from softphone import bus as bus_module
from softphone.bus import CLIENT_NAME, RedisBus

CHANNEL = "pcc:test:bus"
SOON_S = 30.0


def on_a_bus(story: Callable[[RedisBus], Awaitable[None]]) -> None:
    async def run() -> None:
        bus = RedisBus(settings.REDIS_URL)
        try:
            await asyncio.wait_for(story(bus), SOON_S)
        finally:
            await bus.close()

    asyncio.run(run())


async def until(true: Callable[[], Any]) -> None:
    while not true():
        await asyncio.sleep(0.01)


def test_message_reaches_every_listener_of_its_channel():
    async def story(bus: RedisBus) -> None:
        first: list[Any] = []
        second: list[Any] = []
        await bus.listen(CHANNEL, first.append)
        await bus.listen(CHANNEL, second.append)
        await bus.listen(CHANNEL + ":other", second.append)
        assert await bus.publish(CHANNEL, {"n": 1}) == 1  # one process, however many listen in it
        await until(lambda: first and second)
        assert (first, second) == ([{"n": 1}], [{"n": 1}])

    on_a_bus(story)


def test_nobody_who_does_not_listen_is_counted():
    async def story(bus: RedisBus) -> None:
        heard: list[Any] = []
        assert await bus.publish(CHANNEL, {}) == 0
        await bus.listen(CHANNEL, heard.append)
        await bus.unlisten(CHANNEL, heard.append)
        await bus.unlisten(CHANNEL, heard.append)
        while await bus.publish(CHANNEL, {}):
            await asyncio.sleep(0.01)

    on_a_bus(story)


def test_channel_that_changes_hands_is_heard_all_the_time():
    async def story(bus: RedisBus) -> None:
        listeners: list[list[Any]] = [[] for _ in range(100)]
        await bus.listen(CHANNEL, listeners[0].append)
        for old, new in itertools.pairwise(listeners):
            await asyncio.gather(bus.unlisten(CHANNEL, old.append), bus.listen(CHANNEL, new.append))
        assert await bus.publish(CHANNEL, {"n": 1}) == 1
        await until(lambda: listeners[-1])
        assert listeners[-1] == [{"n": 1}]
        assert listeners[0] == []

    on_a_bus(story)


def test_bus_that_was_cut_off_hears_again_and_says_so():
    async def story(bus: RedisBus) -> None:
        heard: list[Any] = []
        back = asyncio.Event()
        bus.on_back.append(back.set)
        await bus.listen(CHANNEL, heard.append)
        server = redis.Redis.from_url(settings.REDIS_URL, decode_responses=True)
        for client in server.client_list(_type="pubsub"):
            if client["name"] == CLIENT_NAME:
                server.client_kill_filter(_id=client["id"])
        await back.wait()
        while not heard:
            await bus.publish(CHANNEL, {"n": 1})
            await asyncio.sleep(0.01)
        server.close()

    on_a_bus(story)


def test_redis_that_says_nothing_is_taken_for_gone(monkeypatch):
    monkeypatch.setattr(bus_module, "QUIET_S", 0.2)

    async def story(bus: RedisBus) -> None:
        back = asyncio.Event()
        bus.on_back.append(back.set)
        await bus.listen(CHANNEL, lambda _: None)
        server = redis.Redis.from_url(settings.REDIS_URL)
        server.client_pause(1_000)
        await back.wait()
        server.close()

    on_a_bus(story)


def test_quiet_redis_is_not_taken_for_gone(monkeypatch):
    monkeypatch.setattr(bus_module, "QUIET_S", 0.4)  # many times what an answer takes on a busy machine

    async def story(bus: RedisBus) -> None:
        kinds: list[str] = []
        take = bus._take

        def note(message: Any) -> None:
            kinds.append(message["type"])
            take(message)

        monkeypatch.setattr(bus, "_take", note)
        await bus.listen(CHANNEL, lambda _: None)
        await until(lambda: len(kinds) - kinds.count("subscribe") >= 2)  # answers to "are you there"
        assert kinds.count("subscribe") == 2  # to the channel without use and to ours, once: nothing was cut

    on_a_bus(story)


def test_what_is_no_json_is_passed_by():
    async def story(bus: RedisBus) -> None:
        heard: list[Any] = []
        await bus.listen(CHANNEL, heard.append)
        server = redis.Redis.from_url(settings.REDIS_URL)
        server.publish(CHANNEL, b"{")
        server.close()
        await bus.publish(CHANNEL, {"n": 1})
        await until(lambda: heard)
        assert heard == [{"n": 1}]

    on_a_bus(story)


def test_without_redis_nobody_hears_and_nothing_breaks():
    async def story() -> None:
        bus = RedisBus("redis://127.0.0.1:1/0")
        assert await bus.publish(CHANNEL, {}) == 0
        await bus.close()

    asyncio.run(story())
