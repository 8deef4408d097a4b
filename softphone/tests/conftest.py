"""Pages at a door without a network, and doors on real servers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.db import connections

from common import clock as real_clock
from softphone.tests.rig import START, Client, Rig
from softphone.tests.servers import NODE, Engine, Server
from telephony import signals
from telephony.models import EngineNode


@pytest.fixture
def rig() -> Iterator[Rig]:
    rig = Rig()
    yield rig
    rig.close()


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def lan(rig: Rig) -> Client:
    """An agent's page; what engines were told of its login is forgotten."""
    client = rig.page()
    rig.engine_heard()
    client.heard.clear()
    return client


@pytest.fixture
def talking(rig: Rig, lan: Client) -> Client:
    """The agent's page in a call that came in."""
    rig.rings()
    rig.accepts(lan)
    return lan


@pytest.fixture
def doors() -> Iterator[tuple[Server, Server]]:
    """Two of them, as two processes have them."""
    servers = (Server(), Server())
    for server in servers:
        server.start()
    yield servers
    for server in servers:
        server.stop()
    connections.close_all()


@pytest.fixture
def engine(db) -> Iterator[Engine]:
    """An engine that says what the test tells it to."""
    now = real_clock.now()
    EngineNode.objects.create(name=NODE, kind="browser", reaches=["tel", "web"], started_at=now, seen_at=now)
    engine = Engine()
    yield engine
    engine.redis.delete(signals.alive_key(NODE))
    engine.redis.close()
