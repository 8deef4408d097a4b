"""Agent list URLs, asked over real HTTP: what a customer's server gets, and what its answers can and cannot do."""

from __future__ import annotations

import datetime as dt
import json
import threading
import time
from collections.abc import Callable

import pytest
from django.db import connection, transaction

from agents.models import Agent
from callflow import agent_lists as asking
from callflow import dispatch, doorbell, tasks
from callflow.agent_lists import ask_agent_lists
from calls.domain import CallState, Direction, LegRole, LegState
from calls.models import Call, Leg
from common import clock
from queues.entries import EntryOutcome, EntryState
from queues.models import Queue, QueueEntry
from routing import agent_lists, selectors
from routing.domain.agent_list import Code
from routing.domain.matching import match
from routing.models import AgentListFlight, AgentListQuestion, Offer, Tier
from tests import factories
from webhooks.failures import FailureReason
from webhooks.services import signing_secrets
from webhooks.signatures import standard_signature, stringee_signature
from webhooks.tests.receiver import Handler, closed_port, receiving

START = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)
FIRST, SECOND = "call-vn-1-EHHC6JW1LT-1534145391502", "call-vn-1-EHHC6JW1LT-1534145391504"


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


def waiting_in(queue: Queue, call_id: str = "", *, waited_s: float = 0, **facts):
    named = {"call__call_id": call_id} if call_id else {}
    at = clock.now() - dt.timedelta(seconds=waited_s)
    return factories.QueueEntryFactory(project=queue.project, queue=queue, enqueued_at=at, **named, **facts)


def free_agent(project, user_id: str, **facts):
    state = {"manual_status": "AVAILABLE", "device_status": 1, **facts}
    return factories.AgentFactory(project=project, stringee_user_id=user_id, **state)


def list_of(*calls: tuple[str, list[str]]) -> bytes:
    """An answer that lists these agents for these calls."""
    return json.dumps(
        {
            "version": 2,
            "calls": [
                {
                    "callId": call_id,
                    "agents": [
                        {"stringee_user_id": user_id, "routing_type": 1, "answer_timeout": 10} for user_id in agents
                    ],
                }
                for call_id, agents in calls
            ],
        }
    ).encode()


def stored(agent: Agent, timeout_s: int = 10, routing_type: int = 1, phone: str = "") -> dict[str, object]:
    return {
        "user_id": agent.stringee_user_id,
        "agent": agent.pk,
        "routing_type": routing_type,
        "phone": phone,
        "timeout_s": timeout_s,
    }


def last_question(queue: Queue) -> AgentListQuestion:
    question = agent_lists.questions_of(queue).first()
    assert question is not None
    return question


def codes(question: AgentListQuestion) -> list[str]:
    return [finding["code"] for finding in question.findings]


def in_own_connection(work: Callable[[], object]) -> None:
    """Do something on the server's thread, as another process would."""
    try:
        work()
    except Exception:
        import traceback

        traceback.print_exc()
    finally:
        connection.close()


@pytest.mark.django_db
class TestTheQuestion:
    def test_the_request_and_the_answer_are_those_of_the_tutorial(self, ours, queue, server, agent_1, agent_2, bells):
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

    def test_the_request_is_signed(self, ours, queue, server):
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

    def test_a_call_that_we_made_is_named_from_the_customer_to_our_number(self, queue, server):
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

    def test_of_a_long_line_the_first_two_hundred_are_named(self, queue, server):
        calls = [
            factories.CallFactory.build(project=queue.project, call_id=f"c{n}", state="waiting") for n in range(203)
        ]
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

    def test_queues_without_a_url_or_without_calls_are_not_asked_about(self, ours, queue, server):
        groups_only = factories.QueueFactory(project=ours)
        waiting_in(groups_only)
        waiting_in(queue, state=EntryState.OFFERED)

        assert not ask_agent_lists(groups_only.pk, clock.now())
        assert not ask_agent_lists(queue.pk, clock.now())
        assert not ask_agent_lists(0, clock.now())

        assert server.received == []
        assert not AgentListQuestion.objects.exists()

    def test_it_costs_a_fixed_number_of_statements(self, queue, server, agent_1, django_assert_num_queries):
        for n in range(20):
            waiting_in(queue, f"call {n}")
        server.answer_with(200, list_of(*((f"call {n}", ["agent_1"]) for n in range(20))))
        signing_secrets(queue.project_id, clock.now())
        AgentListFlight.objects.create(project=queue.project, queue=queue)

        # begin: queue, breakers, savepoint, flight, claim, lost questions, calls, question, savepoint;
        # ask: breaker, secrets, breaker; agents; end: lists, savepoint, flight, question, savepoint; due again: two
        with django_assert_num_queries(20):
            ask_agent_lists(queue.pk, clock.now())


@pytest.mark.django_db
class TestAnswers:
    def test_calls_that_the_answer_leaves_out_keep_waiting_with_what_they_have(self, queue, server, agent_1, agent_2):
        first, second = waiting_in(queue, FIRST, waited_s=9), waiting_in(queue, SECOND)
        QueueEntry.objects.filter(pk=second.pk).update(listed=[stored(agent_2)], listed_at=START)
        server.answer_with(200, list_of((FIRST, ["agent_1"])))

        ask_agent_lists(queue.pk, clock.now())

        first.refresh_from_db()
        second.refresh_from_db()
        assert (first.listed, second.listed) == ([stored(agent_1)], [stored(agent_2)])
        assert codes(last_question(queue)) == [Code.CALLS_MISSING]

    def test_an_empty_list_takes_the_place_of_an_earlier_one(self, queue, server, agent_1):
        entry = waiting_in(queue, FIRST, listed=[stored(agent_1)], listed_at=START)
        server.answer_with(200, list_of((FIRST, [])))

        ask_agent_lists(queue.pk, clock.now())

        entry.refresh_from_db()
        assert entry.listed == []

    def test_agents_of_other_projects_and_unknown_ones_are_left_out(self, theirs, queue, server, agent_1):
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

    def test_a_call_of_another_queue_or_project_cannot_be_given_a_list(self, ours, theirs, queue, server, agent_1):
        waiting_in(queue, FIRST)
        others = [
            waiting_in(factories.QueueFactory(project=project), f"in {project.name}") for project in (ours, theirs)
        ]
        server.answer_with(200, list_of(("in Ours", ["agent_1"]), ("in Theirs", ["agent_1"])))

        ask_agent_lists(queue.pk, clock.now())

        for entry in others:
            entry.refresh_from_db()
            assert entry.listed is None
        assert codes(last_question(queue)) == [Code.CALL_UNKNOWN, Code.CALL_UNKNOWN, Code.CALLS_MISSING]

    def test_who_has_left_meanwhile_gets_no_list_and_who_is_being_offered_does(self, queue, server, agent_1):
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
    def test_an_answer_that_cannot_be_used_takes_nothing_away(self, queue, server, agent_1, bells, body, code):
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
    def test_a_server_that_does_not_answer_takes_nothing_away(
        self, queue, server, agent_1, monkeypatch, answer, status, failure
    ):
        monkeypatch.setattr(asking, "ANSWER_WITHIN_S", 0.2 if failure is FailureReason.TIMEOUT else 2.0)
        entry = waiting_in(queue, FIRST, listed=[stored(agent_1)], listed_at=START)
        server.answer = answer
        began = time.monotonic()

        assert not ask_agent_lists(queue.pk, clock.now())

        assert time.monotonic() - began < 2.5
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
    def test_a_url_that_leads_nowhere_is_a_failure_that_is_shown(self, ours, queue, url, failure):
        url = url.replace("CLOSED", str(closed_port()))
        Queue.objects.filter(pk=queue.pk).update(get_list_agents_url=url)
        waiting_in(queue)

        ask_agent_lists(queue.pk, clock.now())

        question = last_question(queue)
        assert (question.state, question.failure, question.url) == ("failed", failure, url)


@pytest.mark.django_db
class TestAskingAgain:
    def test_while_calls_wait_each_reason_leads_to_another_question(self, queue, server, time_is):
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

    def test_an_agent_of_another_project_is_no_reason(self, theirs, queue, server, time_is):
        waiting_in(queue)
        server.answer_with(200, list_of())
        ask_agent_lists(queue.pk, clock.now())
        time_is.go_on(5)

        free_agent(theirs, "agent_1")

        assert agent_lists.queues_to_ask(clock.now()) == []

    def test_bells_ring_for_the_queues_of_a_project_or_of_all(self, theirs, queue, bells):
        waiting_in(queue)
        other = factories.QueueFactory(project=theirs, get_list_agents_url="https://crm.example.net/agents")
        waiting_in(other)

        asking.ring(theirs.pk)
        assert bells == [("ask", other.pk)]

        bells.clear()
        asking.ring()
        assert sorted(bells) == sorted([("ask", queue.pk), ("ask", other.pk)])

    def test_looking_costs_two_queries_for_many_queues(self, ours, django_assert_num_queries):
        for n in range(5):
            queue = factories.QueueFactory(project=ours, get_list_agents_url=f"https://{n}.example.net/")
            waiting_in(queue)
            waiting_in(queue)

        with django_assert_num_queries(2):
            assert len(agent_lists.queues_to_ask(clock.now())) == 5

    def test_the_worker_asks_and_rings_for_dispatch(self, queue, server, bells):
        waiting_in(queue, FIRST)
        server.answer_with(200, list_of())

        tasks.ask_agent_lists(queue.pk)

        assert bells == [("dispatch", queue.project_id)]
        assert len(server.received) == 1

    def test_a_worker_who_dies_is_followed_by_another(self, queue, server, time_is):
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

    def test_what_a_worker_brings_who_was_taken_for_dead_changes_no_newer_state(self, queue, server, time_is):
        waiting_in(queue, FIRST)
        slow = agent_lists.begin_question(queue.pk, clock.now())
        time_is.go_on(10)
        newer = agent_lists.begin_question(queue.pk, clock.now())
        server.answer_with(500)

        asking._end(slow, clock.now())

        flight = AgentListFlight.objects.get(queue=queue)
        assert (flight.under_way_since, flight.failed_at) == (newer.began_at, None)


@pytest.mark.django_db
class TestFailures:
    def test_the_breaker_opens_lets_one_through_and_closes(self, ours, queue, server, time_is):
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

    def test_another_queue_of_an_endpoint_that_is_left_alone_learns_it_at_once_and_once(self, queue, server, time_is):
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

    def test_groups_stand_in_while_the_url_fails_if_the_queue_says_so(self, ours, queue, server, time_is, bells):
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

    def test_a_failure_of_long_ago_does_not_decide_about_the_next_caller(self, queue, server, time_is):
        waiting_in(queue)
        server.answer_with(500)
        ask_agent_lists(queue.pk, clock.now())

        asking.sweep(time_is.go_on(89))
        assert AgentListFlight.objects.get(queue=queue).failed_at == START
        asking.sweep(time_is.go_on(1))
        assert AgentListFlight.objects.get(queue=queue).failed_at is None


@pytest.mark.django_db(transaction=True)
class TestWhileTheServerThinks:
    def test_nothing_is_locked_so_that_it_may_use_our_api(self, queue, server, agent_1):
        entry = waiting_in(queue, FIRST)
        seen = []

        def look() -> None:
            with transaction.atomic():
                flight = AgentListFlight.objects.get(queue=queue)
                for row in (queue, entry, entry.call, agent_1, queue.project, flight):
                    type(row).objects.select_for_update(nowait=True).get(pk=row.pk)
                    seen.append(type(row))
                Agent.objects.filter(pk=agent_1.pk).update(webhook_status=1)
            seen.append(last_question(queue).state)

        def answer(handler: Handler) -> None:
            in_own_connection(look)
            handler.reply(200, list_of((FIRST, ["agent_1"])))

        server.answer = answer
        ask_agent_lists(queue.pk, clock.now())

        assert len(seen) == 7
        assert seen[-1] == "asked"
        entry.refresh_from_db()
        assert entry.listed == [stored(agent_1)]

    def test_a_second_ring_asks_no_second_question_and_what_came_is_asked_about_afterwards(self, queue, server):
        waiting_in(queue, FIRST)
        meanwhile = []

        def come() -> None:
            waiting_in(queue, SECOND)
            meanwhile.append(ask_agent_lists(queue.pk, clock.now()))

        def answer(handler: Handler) -> None:
            if not meanwhile:
                in_own_connection(come)
            handler.reply(200, list_of())

        server.answer = answer

        assert ask_agent_lists(queue.pk, clock.now())
        assert (meanwhile, len(server.received)) == ([False], 1)

        assert not ask_agent_lists(queue.pk, clock.now())
        assert len(server.received) == 2
        assert len(json.loads(server.received[1].body)["calls"]) == 2

    def test_of_workers_who_come_at_once_one_asks(self, queue, server):
        waiting_in(queue, FIRST)
        everybody = threading.Barrier(4)

        def work() -> None:
            everybody.wait(10)
            ask_agent_lists(queue.pk, clock.now())

        server.answer_with(200, list_of())
        threads = [threading.Thread(target=in_own_connection, args=(work,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)

        assert len(server.received) == 1
        assert agent_lists.questions_of(queue).count() == 1

    def test_dispatch_of_another_queue_goes_on(self, ours, queue, server):
        other = factories.QueueFactory(project=ours)
        group = factories.GroupFactory(project=ours)
        factories.GroupRoutingFactory(project=ours, queue=other, group=group, primary_group=Tier.PRIMARY)
        factories.GroupMembershipFactory(project=ours, group=group, agent=free_agent(ours, "agent_1"))
        waiting_in(queue, FIRST)
        entry = waiting_in(other, SECOND)
        Leg.objects.create(
            project=ours,
            call=entry.call,
            role=LegRole.CALLER,
            state=LegState.ANSWERED,
            endpoint="tel:84908000001",
            number="84908000001",
            started_at=START,
        )
        offers: list[str] = []

        def serve_others() -> None:
            dispatch.dispatch(ours.pk)
            offers.extend(Offer.objects.values_list("call__call_id", flat=True))

        def answer(handler: Handler) -> None:
            in_own_connection(serve_others)
            handler.reply(200, list_of())

        server.answer = answer
        ask_agent_lists(queue.pk, clock.now())

        assert offers == [SECOND]
        assert Call.objects.get(call_id=SECOND).state == CallState.OFFERED
        assert last_question(queue).state == "answered"

    def test_a_call_that_somebody_is_changing_gets_its_list_last(self, queue, server, agent_1, monkeypatch):
        busy, quiet = waiting_in(queue, FIRST), waiting_in(queue, SECOND)
        held, others_have_theirs = threading.Event(), threading.Event()
        store_free = agent_lists._store_free

        def hold() -> None:
            with transaction.atomic():
                QueueEntry.objects.select_for_update().get(pk=busy.pk)
                held.set()
                others_have_theirs.wait(10)

        def store_and_tell(*lists):
            found = store_free(*lists)
            others_have_theirs.set()
            assert found == {quiet.pk}
            return found

        monkeypatch.setattr(agent_lists, "_store_free", store_and_tell)
        server.answer_with(200, list_of((FIRST, ["agent_1"]), (SECOND, ["agent_1"])))
        holder = threading.Thread(target=in_own_connection, args=(hold,))
        holder.start()
        held.wait(10)

        ask_agent_lists(queue.pk, clock.now())

        holder.join(10)
        for entry in (busy, quiet):
            entry.refresh_from_db()
            assert entry.listed == [stored(agent_1)]


@pytest.mark.django_db
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
