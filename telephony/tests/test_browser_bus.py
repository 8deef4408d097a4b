"""Signals on a real Redis: in their order, with a count of who listens, and again after a broken connection."""

from __future__ import annotations

import asyncio

import pytest
import redis
from django.conf import settings

from telephony import signals
from telephony.adapters.browser import bus as bus_module
from telephony.adapters.browser.bus import RedisBus

NODE = "bus-test"
WITHIN_S = 30.0


@pytest.fixture
def server():
    with redis.Redis.from_url(settings.REDIS_URL) as made:
        yield made


async def until(condition):
    async def hold():
        while not condition():
            await asyncio.sleep(0.01)

    await asyncio.wait_for(hold(), WITHIN_S)


def with_bus(work, url=None):
    """Run `work` with an open bus and what it has heard."""

    async def run():
        heard: list[signals.Signal] = []
        made = RedisBus(url or settings.REDIS_URL)
        await made.open(NODE, heard.append)
        try:
            await work(made, heard)
        finally:
            await made.close()

    asyncio.run(run())


def say(server, leg="leg-1"):
    signal = signals.Rung("session-1", leg, "web:1_lan")
    return server.publish(signals.engine_channel(NODE), bus_module.json.dumps(signals.to_json(signal)))


def test_an_engine_hears_what_is_said_to_it_and_drops_what_it_does_not_understand(server, caplog):
    async def work(bus, heard):
        channel = signals.engine_channel(NODE)
        for rubbish in (b"\xff", "{", "[]", "{}", '{"kind_": "Rung"}', '{"kind_": "System"}', '"x"', "null"):
            server.publish(channel, rubbish)
        say(server)
        await until(lambda: heard)
        assert heard == [signals.Rung("session-1", "leg-1", "web:1_lan")]

    with_bus(work)

    assert {record.message for record in caplog.records} == {"signal is not understood"}
    assert len(caplog.records) == 8


def test_a_signal_that_fails_does_not_deafen_the_engine(server, caplog):
    async def run():
        heard = []

        def fails_once(signal):
            heard.append(signal.leg)
            if signal.leg == "bad":
                raise RuntimeError

        made = RedisBus(settings.REDIS_URL)
        await made.open(NODE, fails_once)
        say(server, "bad")
        say(server, "good")
        await until(lambda: len(heard) == 2)
        await made.close()

    asyncio.run(run())

    assert [record.message for record in caplog.records] == ["signal is not handled"]


def test_who_publishes_learns_how_many_listen_and_the_order_is_kept(server):
    async def work(bus, heard):
        listener = server.pubsub(ignore_subscribe_messages=True)
        listener.subscribe(signals.session_channel("s"))
        listener.get_message(timeout=WITHIN_S)
        counts: list[int] = []
        bus.publish(signals.session_channel("nobody"), signals.Progress("nobody", "leg", 100), counts.append)
        for code in range(20):
            bus.publish(signals.session_channel("s"), signals.Progress("s", "leg", code), counts.append)
        await until(lambda: len(counts) == 21)
        texts = [listener.get_message(timeout=WITHIN_S)["data"] for _ in range(20)]
        assert counts == [0] + [1] * 20
        assert [signals.from_json(bus_module.json.loads(text)).code for text in texts] == list(range(20))
        listener.close()

    with_bus(work)


def test_an_engine_that_lives_can_be_seen_and_one_that_has_stopped_cannot(server):
    async def work(bus, heard):
        await until(lambda: server.exists(signals.alive_key(NODE)))
        assert 0 < server.ttl(signals.alive_key(NODE)) <= 6

    with_bus(work)

    assert not server.exists(signals.alive_key(NODE))


def test_after_a_broken_connection_it_listens_and_speaks_again(server):
    async def work(bus, heard):
        for kind in ("pubsub", "normal"):
            server.client_kill_filter(_type=kind, skipme=True)
        counts: list[int] = []
        bus.publish(signals.session_channel("nobody"), signals.Progress("nobody", "leg", 100), counts.append)
        await until(lambda: counts == [0])
        await until(lambda: say(server) == 1)
        await until(lambda: heard)

    with_bus(work)


def test_without_redis_nobody_listens_and_nothing_waits_for_ever(monkeypatch):
    monkeypatch.setattr(bus_module, "GIVE_UP_AFTER_S", 0.3)
    monkeypatch.setattr(bus_module, "CLOSE_WITHIN_S", 0.3)

    async def work(bus, heard):
        counts: list[int] = []
        bus.publish(signals.session_channel("s"), signals.Progress("s", "leg", 100), counts.append)
        await until(lambda: counts == [0])

    with_bus(work, "redis://127.0.0.1:1/0")
