"""For tests of agent list URLs: a clock that is moved, a server, a queue that asks it, and bells that are noted."""

from __future__ import annotations

import datetime as dt

import pytest

from callflow import doorbell
from callflow.tests.agent_lists.asked import START
from common import clock
from tests import factories
from webhooks.tests.receiver import receiving


class MovedClock:
    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> dt.datetime:
        return self.at

    def go_on(self, seconds: float) -> dt.datetime:
        self.at += dt.timedelta(seconds=seconds)
        return self.at


@pytest.fixture(autouse=True)
def time_is(monkeypatch):
    moved = MovedClock()
    monkeypatch.setattr(clock, "now", moved)
    return moved


@pytest.fixture(autouse=True)
def _loopback_is_allowed(settings):
    settings.PCC_ALLOWED_PRIVATE_NETWORKS = ["127.0.0.0/8"]


@pytest.fixture(autouse=True)
def bells(monkeypatch):
    """Projects whose doorbell was rung, and queues for which workers were to ask."""
    rung: list[tuple[str, int]] = []
    monkeypatch.setattr(doorbell, "ring", lambda project_id: rung.append(("dispatch", project_id)))
    monkeypatch.setattr(doorbell, "ask_agents", lambda queue_id: rung.append(("ask", queue_id)))
    return rung


@pytest.fixture
def server():
    with receiving() as running:
        yield running


@pytest.fixture
def queue(ours, server):
    return factories.QueueFactory(project=ours, get_list_agents_url=server.url)
