"""Two connections change one agent in the same moment: one wins, the other hears it, and rows and seats agree."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction

from agents import activity, devices, services
from agents.domain import Unanswered
from agents.models import Agent, DeviceKind, GroupMembership
from calls.models import Transition
from common import clock
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE_S = 60  # of a test, until it fails instead of hanging


@pytest.fixture
def free_agent(ours):
    agent = factories.FreeAgentFactory(project=ours)
    for _ in range(3):
        factories.GroupMembershipFactory(project=ours, agent=agent, group=factories.GroupFactory(project=ours))
    return agent


@contextmanager
def elsewhere() -> Iterator[Callable[..., Future[Any]]]:
    """Run functions on a connection of their own."""

    def run(function: Callable[[], Any]) -> Any:
        try:
            return function()
        finally:
            connection.close()

    with ThreadPoolExecutor() as threads:
        yield lambda function: threads.submit(run, function)


def wait_until_blocked(count: int = 1) -> None:
    """Until so many other connections wait for a lock."""
    deadline = threading.Event()
    for _ in range(PATIENCE_S * 100):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0] >= count:
                return
        deadline.wait(0.01)
    raise AssertionError("nobody waits")


def in_step(agent: Agent) -> Agent:
    """The stored agent, whose seats agree with him."""
    row = Agent.objects.get(pk=agent.pk)
    assert set(GroupMembership.objects.filter(agent=agent).values_list("reach", "free_since")) == {
        (row.reach, row.free_since)
    }
    return row


def test_of_two_calls_that_want_one_agent_the_first_gets_him_and_the_other_does_not_wait(free_agent):
    now = clock.now()
    with elsewhere() as run, transaction.atomic():
        assert activity.reserve([free_agent.pk], "call-1", now) == {free_agent.pk}
        second = run(lambda: activity.reserve([free_agent.pk], "call-2", now))
        assert second.result(PATIENCE_S) == set()
    assert in_step(free_agent).call_ref == "call-1"
    assert Transition.objects.count() == 1


def test_many_calls_at_once_give_an_agent_to_one(free_agent):
    now, together = clock.now(), threading.Barrier(6)

    def grab(call: str) -> set[int]:
        together.wait(PATIENCE_S)
        return activity.reserve([free_agent.pk], call, now)

    with elsewhere() as run:
        results = [run(lambda call=f"call-{n}": grab(call)) for n in range(6)]
        won = [n for n, result in enumerate(results) if result.result(PATIENCE_S)]
    assert len(won) == 1
    assert in_step(free_agent).call_ref == f"call-{won[0]}"


def test_an_agent_who_goes_away_before_the_offer_is_not_reserved(free_agent):
    now = clock.now()
    with elsewhere() as run:
        with transaction.atomic():
            activity.set_manual_status(free_agent.pk, "LUNCH BREAK", now)
            assert run(lambda: activity.reserve([free_agent.pk], "call-1", now)).result(PATIENCE_S) == set()
        assert run(lambda: activity.reserve([free_agent.pk], "call-1", now)).result(PATIENCE_S) == set()
    assert in_step(free_agent).activity == "idle"


def test_an_agent_who_goes_away_during_the_offer_stays_reserved_until_it_ends(free_agent):
    now = clock.now()
    with elsewhere() as run:
        with transaction.atomic():
            activity.reserve([free_agent.pk], "call-1", now)
            away = run(lambda: activity.set_manual_status(free_agent.pk, "LUNCH BREAK", now))
            wait_until_blocked()
        assert away.result(PATIENCE_S).won
    agent = in_step(free_agent)
    assert (agent.activity, agent.call_ref, agent.manual_status) == ("offered", "call-1", "LUNCH BREAK")

    activity.offer_missed(free_agent.pk, "call-1", Unanswered.WITHDRAWN, now)
    assert in_step(free_agent).free_since is None


def test_of_answer_and_time_out_one_wins(free_agent):
    now = clock.now()
    activity.reserve([free_agent.pk], "call-1", now)
    with elsewhere() as run:
        with transaction.atomic():
            assert activity.answered(free_agent.pk, "call-1", now)
            late = run(lambda: activity.offer_missed(free_agent.pk, "call-1", Unanswered.NO_ANSWER, now))
            wait_until_blocked()
        assert not late.result(PATIENCE_S)
    agent = in_step(free_agent)
    assert (agent.activity, agent.missed_in_a_row) == ("on_call", 0)


def test_a_form_that_is_saved_while_a_call_comes_keeps_the_call(free_agent):
    now = clock.now()
    old_copy = Agent.objects.get(pk=free_agent.pk)
    old_copy.name = "Renamed"
    with elsewhere() as run:
        with transaction.atomic():
            activity.reserve([free_agent.pk], "call-1", now)
            saved = run(lambda: services.save_agent(old_copy))
            wait_until_blocked()
        saved.result(PATIENCE_S)
    agent = in_step(free_agent)
    assert (agent.name, agent.call_ref) == ("Renamed", "call-1")


def test_a_seat_that_is_added_while_a_call_comes_is_not_free(ours, free_agent):
    now, group = clock.now(), factories.GroupFactory(project=ours)
    with elsewhere() as run:
        with transaction.atomic():
            activity.reserve([free_agent.pk], "call-1", now)
            added = run(lambda: services.set_members(group, [free_agent.pk]))
            wait_until_blocked()
        added.result(PATIENCE_S)
    assert in_step(free_agent).free_since is None
    assert GroupMembership.objects.filter(agent=free_agent).count() == 4


def test_two_devices_that_come_and_go_at_once_both_count(ours):
    agent = factories.AgentFactory(project=ours, stringee_user_id="lan", manual_status="AVAILABLE")
    now = clock.now()
    devices.device_up(ours.pk, "lan", DeviceKind.WEB, "c1", now)
    with elsewhere() as run:
        with transaction.atomic():
            devices.device_down(ours.pk, DeviceKind.WEB, "c1", now)
            other = run(lambda: devices.device_up(ours.pk, "lan", DeviceKind.SIP, "desk", now))
            wait_until_blocked()
        other.result(PATIENCE_S)
    assert Agent.objects.get(pk=agent.pk).device_status == 4


def test_two_sweeps_end_a_wrap_up_once(ours, free_agent):
    now = clock.now()
    activity.reserve([free_agent.pk], "call-1", now)
    activity.answered(free_agent.pk, "call-1", now)
    activity.released(free_agent.pk, "call-1", now, wrap_up_s=1)
    later = now.replace(year=now.year + 1)
    with elsewhere() as run, transaction.atomic():
        assert activity.end_due_wrap_ups(later, 10) == {ours.pk}
        assert run(lambda: activity.end_due_wrap_ups(later, 10)).result(PATIENCE_S) == frozenset()
    assert Transition.objects.filter(event="wrap_up_ended").count() == 1
