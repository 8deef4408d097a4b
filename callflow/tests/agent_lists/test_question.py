"""The question for agents: what a customer's server gets, and for which queues."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from callflow.agent_lists import ask_agent_lists
from callflow.tests.agent_lists.asked import (
    FIRST,
    SECOND,
    START,
    codes,
    last_question,
    list_of,
    stored,
    waiting_in,
)
from calls.domain import Direction
from calls.models import Call
from common import clock
from queues.entries import EntryState
from queues.models import QueueEntry
from routing.domain.agent_list import Code
from routing.models import AgentListFlight, AgentListQuestion
from tests import factories
from webhooks.services import signing_secrets
from webhooks.signatures import standard_signature, stringee_signature

pytestmark = pytest.mark.django_db


def test_the_request_and_the_answer_are_those_of_the_tutorial(ours, queue, server, agent_1, agent_2, bells):
    numbers = {"call__from_number": "84986776777", "call__to_number": "842473082666"}
    first = waiting_in(queue, FIRST, waited_s=20, **numbers)
    numbers = {"call__from_number": "84919982888", "call__to_number": "842473082888"}
    second = waiting_in(queue, SECOND, waited_s=10, **numbers)
    by_phone = {"stringee_user_id": "agent_1", "phone_number": "84909992666", "routing_type": 2}
    on_device = {"stringee_user_id": "agent_2", "phone_number": "84909992666", "routing_type": 1}
    lists = [[{**by_phone, "answer_timeout": 15}, {**on_device, "answer_timeout": 10}]]
    lists += [[{**by_phone, "answer_timeout": 15}]]
    calls = [{"callId": each, "agents": agents} for each, agents in zip([FIRST, SECOND], lists, strict=True)]
    server.answer_with(200, json.dumps({"version": 2, "calls": calls}).encode(), Content_Type="text/html")

    assert not ask_agent_lists(queue.pk, clock.now())

    (request,) = server.received
    assert request.method == "POST"
    assert json.loads(request.body) == {
        "queueId": queue.public_id,
        "calls": [
            {"callId": FIRST, "from": "84986776777", "to": "842473082666"},
            {"callId": SECOND, "from": "84919982888", "to": "842473082888"},
        ],
        "projectId": ours.pk,
    }
    first.refresh_from_db()
    second.refresh_from_db()
    lan = stored(agent_1, 15, 2, "84909992666")
    assert (first.listed, first.listed_at) == ([lan, stored(agent_2)], START)
    assert (second.listed, second.listed_at) == ([lan], START)
    question = last_question(queue)
    assert (question.state, question.status, question.calls, question.findings) == ("answered", 200, 2, [])
    assert question.request == request.body.decode()
    assert question.lists == {FIRST: first.listed, SECOND: second.listed}
    assert question.answer.startswith('{"version": 2')
    assert bells == [("dispatch", ours.pk)]


def test_the_request_is_signed(ours, queue, server):
    waiting_in(queue)
    server.answer_with(200, list_of())

    ask_agent_lists(queue.pk, clock.now())

    (request,) = server.received
    (secret,) = signing_secrets(ours.pk, clock.now())
    message_id = f"agent_list_{last_question(queue).pk}"
    seconds = int(START.timestamp())
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["X-STRINGEE-SIGNATURE"] == stringee_signature(secret, request.body)
    assert request.headers["webhook-id"] == message_id
    assert request.headers["webhook-signature"] == standard_signature(secret, message_id, seconds, request.body)


def test_a_call_that_we_made_is_named_from_the_customer_to_our_number(queue, server):
    waiting_in(
        queue,
        FIRST,
        call__direction=Direction.OUTBOUND,
        call__from_number="842473000001",
        call__to_number="84909000001",
        call__customer_number="84909000001",
    )
    server.answer_with(200, list_of())

    ask_agent_lists(queue.pk, clock.now())

    assert json.loads(server.received[0].body)["calls"] == [
        {"callId": FIRST, "from": "84909000001", "to": "842473000001"}
    ]


def test_of_a_long_line_the_first_two_hundred_are_named(queue, server):
    calls = [factories.CallFactory.build(project=queue.project, call_id=f"c{n}", state="waiting") for n in range(203)]
    Call.objects.bulk_create(calls)
    QueueEntry.objects.bulk_create(
        factories.QueueEntryFactory.build(
            project=queue.project, queue=queue, call=call, enqueued_at=START + dt.timedelta(seconds=n)
        )
        for n, call in enumerate(calls)
    )
    vip = waiting_in(queue, "vip", priority=9)
    server.answer_with(200, list_of())

    ask_agent_lists(queue.pk, clock.now())

    named = [call["callId"] for call in json.loads(server.received[0].body)["calls"]]
    assert named == ["vip", *(f"c{n}" for n in range(199))]
    assert codes(last_question(queue)) == [Code.LINE_CUT, Code.CALLS_MISSING]
    assert AgentListFlight.objects.get(queue=queue).asked[0] == vip.pk


def test_queues_without_a_url_or_without_calls_are_not_asked_about(ours, queue, server):
    groups_only = factories.QueueFactory(project=ours)
    waiting_in(groups_only)
    waiting_in(queue, state=EntryState.OFFERED)

    assert not ask_agent_lists(groups_only.pk, clock.now())
    assert not ask_agent_lists(queue.pk, clock.now())
    assert not ask_agent_lists(0, clock.now())

    assert server.received == []
    assert not AgentListQuestion.objects.exists()


def test_it_costs_a_fixed_number_of_statements(queue, server, agent_1, django_assert_num_queries):
    for n in range(20):
        waiting_in(queue, f"call {n}")
    server.answer_with(200, list_of(*((f"call {n}", ["agent_1"]) for n in range(20))))
    signing_secrets(queue.project_id, clock.now())
    AgentListFlight.objects.create(project=queue.project, queue=queue)

    # begin: queue, breakers, savepoint, flight, claim, lost questions, calls, question, savepoint;
    # ask: breaker, secrets, breaker; agents; end: lists, savepoint, flight, question, savepoint; due again: three
    with django_assert_num_queries(21):
        ask_agent_lists(queue.pk, clock.now())
