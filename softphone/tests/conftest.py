"""Pages at a door without a network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from softphone.tests.rig import START, Client, Rig


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
