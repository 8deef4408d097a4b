"""While a customer's server thinks about its agents, nothing else waits for it."""

from __future__ import annotations

import json
import threading

import pytest
from django.db import transaction

from agents.models import Agent
from callflow import dispatch
from callflow.agent_lists import ask_agent_lists
from callflow.tests.agent_lists.asked import (
    FIRST,
    SECOND,
    START,
    free_agent,
    in_own_connection,
    last_question,
    list_of,
    stored,
    waiting_in,
)
from calls.domain import CallState, LegRole, LegState
from calls.models import Call, Leg
from common import clock
from queues.models import QueueEntry
from routing import agent_lists
from routing.models import AgentListFlight, Offer, Tier
from tests import factories
from webhooks.tests.receiver import Handler

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE_S = 60  # of a test, until it fails instead of hanging


def test_nothing_is_locked_so_that_it_may_use_our_api(queue, server, agent_1):
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


def test_a_second_ring_asks_no_second_question_and_what_came_is_asked_about_afterwards(queue, server):
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


def test_of_workers_who_come_at_once_one_asks(queue, server):
    waiting_in(queue, FIRST)
    everybody = threading.Barrier(4)

    def work() -> None:
        everybody.wait(PATIENCE_S)
        ask_agent_lists(queue.pk, clock.now())

    server.answer_with(200, list_of())
    threads = [threading.Thread(target=in_own_connection, args=(work,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)

    assert len(server.received) == 1
    assert agent_lists.questions_of(queue).count() == 1


def test_dispatch_of_another_queue_goes_on(ours, queue, server):
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


def test_a_call_that_somebody_is_changing_gets_its_list_last(queue, server, agent_1, monkeypatch):
    busy, quiet = waiting_in(queue, FIRST), waiting_in(queue, SECOND)
    held, others_have_theirs = threading.Event(), threading.Event()
    store_free = agent_lists._store_free

    def hold() -> None:
        with transaction.atomic():
            QueueEntry.objects.select_for_update().get(pk=busy.pk)
            held.set()
            others_have_theirs.wait(PATIENCE_S)

    def store_and_tell(*lists):
        found = store_free(*lists)
        others_have_theirs.set()
        assert found == {quiet.pk}
        return found

    monkeypatch.setattr(agent_lists, "_store_free", store_and_tell)
    server.answer_with(200, list_of((FIRST, ["agent_1"]), (SECOND, ["agent_1"])))
    holder = threading.Thread(target=in_own_connection, args=(hold,))
    holder.start()
    held.wait(PATIENCE_S)

    ask_agent_lists(queue.pk, clock.now())

    holder.join(PATIENCE_S)
    for entry in (busy, quiet):
        entry.refresh_from_db()
        assert entry.listed == [stored(agent_1)]
