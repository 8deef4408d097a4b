"""Answers to the question for agents: what they can and cannot do."""

from __future__ import annotations

import time

import pytest

from callflow import agent_lists as asking
from callflow.agent_lists import ask_agent_lists
from callflow.tests.agent_lists.asked import (
    FIRST,
    SECOND,
    START,
    codes,
    free_agent,
    last_question,
    list_of,
    stored,
    waiting_in,
)
from common import clock
from queues.entries import EntryOutcome, EntryState
from queues.models import Queue, QueueEntry
from routing import agent_lists
from routing.domain.agent_list import Code
from routing.models import AgentListFlight
from tests import factories
from webhooks.failures import FailureReason
from webhooks.tests.receiver import closed_port

pytestmark = pytest.mark.django_db


def test_calls_that_the_answer_leaves_out_keep_waiting_with_what_they_have(queue, server, agent_1, agent_2):
    first, second = waiting_in(queue, FIRST, waited_s=9), waiting_in(queue, SECOND)
    QueueEntry.objects.filter(pk=second.pk).update(listed=[stored(agent_2)], listed_at=START)
    server.answer_with(200, list_of((FIRST, ["agent_1"])))

    ask_agent_lists(queue.pk, clock.now())

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.listed, second.listed) == ([stored(agent_1)], [stored(agent_2)])
    assert codes(last_question(queue)) == [Code.CALLS_MISSING]


def test_an_empty_list_takes_the_place_of_an_earlier_one(queue, server, agent_1):
    entry = waiting_in(queue, FIRST, listed=[stored(agent_1)], listed_at=START)
    server.answer_with(200, list_of((FIRST, [])))

    ask_agent_lists(queue.pk, clock.now())

    entry.refresh_from_db()
    assert entry.listed == []


def test_agents_of_other_projects_and_unknown_ones_are_left_out(theirs, queue, server, agent_1):
    free_agent(theirs, "their_agent")
    theirs_too = free_agent(theirs, "agent_1")
    entry = waiting_in(queue, FIRST)
    server.answer_with(200, list_of((FIRST, ["their_agent", "nobody", "agent_1"])))

    ask_agent_lists(queue.pk, clock.now())

    entry.refresh_from_db()
    assert entry.listed == [stored(agent_1)]
    assert entry.listed[0]["agent"] != theirs_too.pk
    question = last_question(queue)
    assert [(finding["code"], finding["said"]) for finding in question.findings] == [
        (Code.AGENT_UNKNOWN, '"their_agent"'),
        (Code.AGENT_UNKNOWN, '"nobody"'),
    ]


def test_a_call_of_another_queue_or_project_cannot_be_given_a_list(ours, theirs, queue, server, agent_1):
    waiting_in(queue, FIRST)
    others = [waiting_in(factories.QueueFactory(project=project), f"in {project.name}") for project in (ours, theirs)]
    server.answer_with(200, list_of(("in Ours", ["agent_1"]), ("in Theirs", ["agent_1"])))

    ask_agent_lists(queue.pk, clock.now())

    for entry in others:
        entry.refresh_from_db()
        assert entry.listed is None
    assert codes(last_question(queue)) == [Code.CALL_UNKNOWN, Code.CALL_UNKNOWN, Code.CALLS_MISSING]


def test_who_has_left_meanwhile_gets_no_list_and_who_is_being_offered_does(queue, server, agent_1):
    left, rung = waiting_in(queue, FIRST), waiting_in(queue, SECOND)
    flight = agent_lists.begin_question(queue.pk, clock.now())
    ended = {"state": EntryState.ENDED, "outcome": EntryOutcome.ABANDONED, "ended_at": START}
    QueueEntry.objects.filter(pk=left.pk).update(**ended)
    QueueEntry.objects.filter(pk=rung.pk).update(state=EntryState.OFFERED)
    server.answer_with(200, list_of((FIRST, ["agent_1"]), (SECOND, ["agent_1"])))

    asking._end(flight, clock.now())

    left.refresh_from_db()
    rung.refresh_from_db()
    assert (left.listed, rung.listed) == (None, [stored(agent_1)])


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"<html><body>It works!</body></html>", Code.NOT_JSON),
        (b'{"version": 2, "calls": [{', Code.NOT_JSON),
        (b"\x1f\x8b\xff\x00", Code.NOT_JSON),
        (b"", Code.NOT_JSON),
        (b"[" * 100_000, Code.NOT_JSON),
        (b'[{"version": 2}]', Code.NOT_AN_OBJECT),
        (b'{"version": 1, "calls": []}', Code.WRONG_VERSION),
        (b'{"version": 2, "calls": {"callId": "x"}}', Code.NO_CALLS),
    ],
)
def test_an_answer_that_cannot_be_used_takes_nothing_away(queue, server, agent_1, bells, body, code):
    entry = waiting_in(queue, FIRST, listed=[stored(agent_1)], listed_at=START)
    server.answer_with(200, body)

    assert not ask_agent_lists(queue.pk, clock.now())

    entry.refresh_from_db()
    assert (entry.state, entry.listed) == (EntryState.WAITING, [stored(agent_1)])
    question = last_question(queue)
    assert (question.state, question.status, question.failure, codes(question)) == ("failed", 200, "", [code])
    flight = AgentListFlight.objects.get(queue=queue)
    assert (flight.failed_at, flight.under_way_since) == (START, None)
    assert bells == []


@pytest.mark.parametrize(
    ("answer", "status", "failure"),
    [
        (lambda handler: handler.reply(500, b"Traceback"), 500, FailureReason.STATUS),
        (lambda handler: handler.reply(404, b"no such page"), 404, FailureReason.STATUS),
        (
            lambda handler: handler.reply(302, b"", Location="http://169.254.169.254/latest/meta-data"),
            302,
            FailureReason.REDIRECT,
        ),
        (lambda handler: handler.wfile.write(b"SSH-2.0\r\n\r\n"), None, FailureReason.CONNECTION),
        (lambda handler: None, None, FailureReason.CONNECTION),
        (
            lambda handler: handler.reply(200, list_of((FIRST, [f"id {n}" for n in range(1_000_000 // 20)]))),
            200,
            FailureReason.TOO_LARGE,
        ),
        (lambda handler: handler.drip(b"HTTP/1.1 200 OK\r\n\r\n{", b" "), None, FailureReason.TIMEOUT),
        (lambda handler: handler.drip(b"HTTP/1.1 ", b"2"), None, FailureReason.TIMEOUT),
    ],
    ids=["broken", "missing", "inwards", "not HTTP", "hangs up", "a million", "slow body", "slow head"],
)
def test_a_server_that_does_not_answer_takes_nothing_away(queue, server, agent_1, monkeypatch, answer, status, failure):
    monkeypatch.setattr(asking, "ANSWER_WITHIN_S", 0.2 if failure is FailureReason.TIMEOUT else 2.0)
    entry = waiting_in(queue, FIRST, listed=[stored(agent_1)], listed_at=START)
    server.answer = answer
    began = time.monotonic()

    assert not ask_agent_lists(queue.pk, clock.now())

    assert time.monotonic() - began < 20  # the slow ones go on for ever
    entry.refresh_from_db()
    assert (entry.state, entry.listed) == (EntryState.WAITING, [stored(agent_1)])
    question = last_question(queue)
    assert (question.state, question.failure) == ("failed", failure)
    assert status is None or question.status == status
    assert len(server.received) == 1


@pytest.mark.parametrize(
    ("url", "failure"),
    [
        ("http://10.0.0.1/agents", FailureReason.REFUSED_ADDRESS),
        ("http://127.0.0.1:6379/", FailureReason.BAD_URL),
        ("gopher://127.0.0.1/", FailureReason.BAD_URL),
        ("http://127.0.0.1:CLOSED/", FailureReason.CONNECTION),
    ],
)
def test_a_url_that_leads_nowhere_is_a_failure_that_is_shown(ours, queue, url, failure):
    url = url.replace("CLOSED", str(closed_port()))
    Queue.objects.filter(pk=queue.pk).update(get_list_agents_url=url)
    waiting_in(queue)

    ask_agent_lists(queue.pk, clock.now())

    question = last_question(queue)
    assert (question.state, question.failure, question.url) == ("failed", failure, url)
