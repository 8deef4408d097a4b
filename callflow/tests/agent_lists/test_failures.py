"""A server for agent lists that fails: it is left alone for a while, and groups stand in."""

from __future__ import annotations

import pytest

from callflow import agent_lists as asking
from callflow.agent_lists import ask_agent_lists
from callflow.tests.agent_lists.asked import (
    FIRST,
    START,
    free_agent,
    last_question,
    list_of,
    waiting_in,
)
from common import clock
from queues.models import Queue
from routing import agent_lists, selectors
from routing.domain.matching import match
from routing.models import AgentListFlight, Tier
from tests import factories
from webhooks.failures import FailureReason

pytestmark = pytest.mark.django_db


def test_the_breaker_opens_lets_one_through_and_closes(ours, queue, server, time_is):
    waiting_in(queue)
    server.answer_with(503)
    for _ in range(5):
        ask_agent_lists(queue.pk, clock.now())
        time_is.go_on(10)
    time_is.go_on(-6)  # four seconds after the fifth failure: the pause is five seconds

    assert not ask_agent_lists(queue.pk, clock.now())
    assert len(server.received) == 5
    time_is.go_on(6)
    ask_agent_lists(queue.pk, clock.now())
    assert len(server.received) == 6
    time_is.go_on(9.9)
    ask_agent_lists(queue.pk, clock.now())
    assert len(server.received) == 6

    time_is.go_on(0.1)
    server.answer_with(200, list_of())
    ask_agent_lists(queue.pk, clock.now())

    assert len(server.received) == 7
    assert last_question(queue).state == "answered"
    assert AgentListFlight.objects.get(queue=queue).failed_at is None


def test_another_queue_of_an_endpoint_that_is_left_alone_learns_it_at_once_and_once(queue, server, time_is):
    waiting_in(queue)
    server.answer_with(503)
    for _ in range(5):
        ask_agent_lists(queue.pk, time_is.go_on(10))
    sibling = factories.QueueFactory(project=queue.project, get_list_agents_url=server.url + "?b=1")
    waiting_in(sibling)

    ask_agent_lists(sibling.pk, time_is.go_on(1))
    ask_agent_lists(sibling.pk, time_is.go_on(3))

    assert len(server.received) == 5
    (question,) = agent_lists.questions_of(sibling)
    assert (question.state, question.failure) == ("failed", FailureReason.BREAKER_OPEN)


def test_groups_stand_in_while_the_url_fails_if_the_queue_says_so(ours, queue, server, time_is, bells):
    group = factories.GroupFactory(project=ours)
    factories.GroupRoutingFactory(project=ours, queue=queue, group=group, primary_group=Tier.PRIMARY)
    stand_in = free_agent(ours, "agent_1")
    factories.GroupMembershipFactory(project=ours, group=group, agent=stand_in)
    entry = waiting_in(queue, FIRST)

    def given() -> list[int]:
        question = selectors.question_for(ours.pk, clock.now())
        return [each.agent for each in match(question).matches] if question else []

    server.answer_with(200, b"<html>")
    assert given() == []
    ask_agent_lists(queue.pk, clock.now())
    assert (given(), bells) == ([], [])

    Queue.objects.filter(pk=queue.pk).update(fall_back_to_groups=True)
    ask_agent_lists(queue.pk, time_is.go_on(10))
    assert (given(), bells) == ([stand_in.pk], [("dispatch", ours.pk)])

    server.answer_with(200, list_of((FIRST, [])))
    ask_agent_lists(queue.pk, time_is.go_on(10))
    assert given() == []
    entry.refresh_from_db()
    assert entry.listed == []


def test_a_failure_of_long_ago_does_not_decide_about_the_next_caller(queue, server, time_is):
    waiting_in(queue)
    server.answer_with(500)
    ask_agent_lists(queue.pk, clock.now())

    asking.sweep(time_is.go_on(89))
    assert AgentListFlight.objects.get(queue=queue).failed_at == START
    asking.sweep(time_is.go_on(1))
    assert AgentListFlight.objects.get(queue=queue).failed_at is None
