"""When a queue's server is asked for agents again, and by whom."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from callflow import agent_lists as asking
from callflow import tasks
from callflow.agent_lists import ask_agent_lists
from callflow.tests.agent_lists.asked import (
    FIRST,
    SECOND,
    START,
    free_agent,
    list_of,
    waiting_in,
)
from common import clock
from queues.entries import EntryOutcome, EntryState
from queues.models import QueueEntry
from routing import agent_lists
from routing.models import AgentListFlight
from tests import factories
from webhooks.failures import FailureReason

pytestmark = pytest.mark.django_db


def test_while_calls_wait_each_reason_leads_to_another_question(queue, server, time_is):
    waiting_in(queue, FIRST)
    server.answer_with(200, list_of())
    ask_agent_lists(queue.pk, clock.now())

    time_is.go_on(1)
    assert agent_lists.queues_to_ask(clock.now()) == []
    waiting_in(queue, SECOND)
    assert agent_lists.queues_to_ask(clock.now()) == [queue.pk]
    ask_agent_lists(queue.pk, clock.now())

    time_is.go_on(3)
    free_agent(queue.project, "agent_1")
    assert agent_lists.queues_to_ask(clock.now()) == [queue.pk]
    ask_agent_lists(queue.pk, clock.now())
    assert agent_lists.queues_to_ask(time_is.go_on(1.9)) == []
    assert agent_lists.queues_to_ask(time_is.go_on(0.1)) == [queue.pk]  # he may have been too late to be seen
    ask_agent_lists(queue.pk, clock.now())

    assert agent_lists.queues_to_ask(time_is.go_on(9.9)) == []
    assert agent_lists.queues_to_ask(time_is.go_on(0.1)) == [queue.pk]
    assert [len(json.loads(request.body)["calls"]) for request in server.received] == [1, 2, 2, 2]

    ended = {"state": EntryState.ENDED, "outcome": EntryOutcome.ABANDONED, "ended_at": START}
    QueueEntry.objects.filter(queue=queue).update(**ended)
    assert agent_lists.queues_to_ask(time_is.go_on(60)) == []


def test_an_agent_of_another_project_is_no_reason(theirs, queue, server, time_is):
    waiting_in(queue)
    server.answer_with(200, list_of())
    ask_agent_lists(queue.pk, clock.now())
    time_is.go_on(5)

    free_agent(theirs, "agent_1")

    assert agent_lists.queues_to_ask(clock.now()) == []


def test_bells_ring_for_the_queues_of_a_project_or_of_all(theirs, queue, bells):
    waiting_in(queue)
    other = factories.QueueFactory(project=theirs, get_list_agents_url="https://crm.example.net/agents")
    waiting_in(other)

    asking.ring(theirs.pk)
    assert bells == [("ask", other.pk)]

    bells.clear()
    asking.ring()
    assert sorted(bells) == sorted([("ask", queue.pk), ("ask", other.pk)])


def test_looking_costs_three_queries_for_many_queues(ours, django_assert_num_queries):
    for n in range(5):
        queue = factories.QueueFactory(project=ours, get_list_agents_url=f"https://{n}.example.net/")
        waiting_in(queue)
        waiting_in(queue)

    with django_assert_num_queries(3):
        assert len(agent_lists.queues_to_ask(clock.now())) == 5


def test_the_worker_asks_and_rings_for_dispatch(queue, server, bells):
    waiting_in(queue, FIRST)
    server.answer_with(200, list_of())

    tasks.ask_agent_lists(queue.pk)

    assert bells == [("dispatch", queue.project_id)]
    assert len(server.received) == 1


def test_a_worker_who_dies_is_followed_by_another(queue, server, time_is):
    waiting_in(queue, FIRST)
    assert agent_lists.begin_question(queue.pk, clock.now()) is not None

    assert not ask_agent_lists(queue.pk, time_is.go_on(9.9))
    assert server.received == []

    server.answer_with(200, list_of())
    ask_agent_lists(queue.pk, time_is.go_on(0.1))

    assert len(server.received) == 1
    second, first = agent_lists.questions_of(queue)
    assert (first.state, first.failure) == ("failed", FailureReason.TIMEOUT)
    assert second.state == "answered"


def test_what_a_worker_brings_who_was_taken_for_dead_changes_no_newer_state(queue, server, time_is):
    waiting_in(queue, FIRST)
    slow = agent_lists.begin_question(queue.pk, clock.now())
    time_is.go_on(10)
    newer = agent_lists.begin_question(queue.pk, clock.now())
    server.answer_with(500)

    asking._end(slow, clock.now())

    flight = AgentListFlight.objects.get(queue=queue)
    assert (flight.under_way_since, flight.failed_at) == (newer.began_at, None)


def test_old_questions_are_forgotten_and_the_newest_are_first(queue, server, time_is):
    waiting_in(queue)
    server.answer_with(200, list_of())
    for _ in range(3):
        ask_agent_lists(queue.pk, clock.now())
        time_is.go_on(10)

    assert [question.asked_at for question in agent_lists.questions_of(queue)] == [
        START + dt.timedelta(seconds=seconds) for seconds in (20, 10, 0)
    ]
    assert agent_lists.forget_old_questions(START + dt.timedelta(seconds=20)) == 2
    assert agent_lists.questions_of(queue).count() == 1
