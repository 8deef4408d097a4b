"""What each event of a call asks the database. A change of a number is a line in your diff, with its reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection

from callflow import dispatch, services
from tests.scenario.conftest import HOTLINE

pytestmark = pytest.mark.django_db

# A call of a queue with recording, in a project that is told of events.
EVENTS = [
    ("Incoming", 22),
    ("dispatch", 18),
    ("Ringing", 9),
    ("Answered", 16),
    ("Ended", 15),
    ("RecordingReady", 7),
    ("Ended", 2),  # of the agent's leg, which the call has hung up itself
    ("dispatch", 2),  # somebody is free, nobody waits
]


@contextmanager
def counted(costs: list[tuple[str, int]], name: str) -> Iterator[None]:
    asked = 0

    def count(execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        nonlocal asked
        asked += "SAVEPOINT" not in sql  # of the test's own transaction
        return execute(sql, *arguments)

    with connection.execute_wrapper(count):
        yield
    costs.append((name, asked))


def test_a_call_asks_the_database_no_more_than_it_needs(world, hotline, monkeypatch):
    world.online("agent_1", after_s=3)
    conduct, look = services.conduct, dispatch.dispatch
    costs: list[tuple[str, int]] = []

    def conduct_counted(event):
        with counted(costs, type(event).__name__):
            return conduct(event)

    def look_counted(project_id):
        with counted(costs, "dispatch"):
            return look(project_id)

    monkeypatch.setattr(services, "conduct", conduct_counted)
    monkeypatch.setattr(dispatch, "dispatch", look_counted)

    caller = world.call(HOTLINE, talk_s=20)
    world.run_for(30)

    assert world.row(caller).outcome == "completed"
    assert costs[: len(EVENTS)] == EVENTS
