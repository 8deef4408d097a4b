"""Two programs at the same moment: one gets what it asked for, the other hears why not, and nothing is half done."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from agents import services
from agents.models import Agent
from ivr.models import IvrKeyPress, IvrTree
from numbers_app.models import Number
from queues.models import Queue
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE_S = 60  # of a test, until it fails instead of hanging


def at_once(*calls: Callable[[], dict]) -> list[dict]:
    """Run calls side by side, each with a connection of its own."""
    together = threading.Barrier(len(calls))

    def run(call: Callable[[], dict]) -> dict:
        together.wait(PATIENCE_S)
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


def test_two_programs_create_the_same_agent(api, ours):
    body = {"name": "Lan", "stringee_user_id": "lan"}
    answers = at_once(*[lambda: api.post("/v1/agent", body)] * 4)
    agent = Agent.objects.get()
    assert sorted(answer["r"] for answer in answers) == [0, 2, 2, 2]
    assert {answer["agentID"] for answer in answers} == {agent.public_id}


def test_two_programs_add_the_same_number(api, ours):
    queue = factories.QueueFactory(project=ours)
    body = {"number": "842473082686", "enable_ivr": 0, "queue_id": queue.public_id}
    answers = at_once(*[lambda: api.post("/v1/number", body)] * 4)
    assert sorted(answer["r"] for answer in answers) == [0, 2, 2, 2]
    assert {answer["numberID"] for answer in answers} == {Number.objects.get().public_id}


def test_of_two_first_nodes_one_is_the_root(api, ours):
    tree = factories.IvrTreeFactory(project=ours)
    body = {"tree": tree.public_id, "node_name": "N", "node_play_mode": "talk", "node_play_content": "Hello"}
    answers = at_once(*[lambda: api.post("/v1/ivrnode", body)] * 4)
    assert sorted(answer["isRootNode"] for answer in answers) == [False, False, False, True]
    root = next(answer["ivrNodeID"] for answer in answers if answer["isRootNode"])
    assert IvrTree.objects.values_list("root_node__public_id", flat=True).get() == root


def test_updates_that_only_clash_together_cannot_both_win(api, ours):
    """One makes the agent take calls on a phone, the other takes the phone's number away."""
    agent = factories.AgentFactory(project=ours, phone_number="84900000011")
    path = f"/v1/agent/{agent.public_id}"
    answers = at_once(
        lambda: api.put(path, {"routing_type": 2}),
        lambda: api.put(path, {"phone_number": None}),
    )
    assert sorted(answer["r"] for answer in answers) == [0, 1]
    agent.refresh_from_db()
    assert (agent.routing_type, agent.phone_number) in ((2, "84900000011"), (1, ""))


def test_a_queue_that_goes_while_a_key_begins_to_lead_to_it(api, ours):
    queue = factories.QueueFactory(project=ours)
    node = factories.IvrNodeFactory(project=ours, tree=factories.IvrTreeFactory(project=ours))
    body = {"node": node.public_id, "node_key": "1", "action": 2, "queue_id": queue.public_id}
    answers = at_once(lambda: api.delete(f"/v1/queue/{queue.public_id}"), lambda: api.post("/v1/ivrkeypress", body))
    left = (Queue.objects.count(), IvrKeyPress.objects.count())
    assert ([answer["r"] for answer in answers], left) in (([0, 3], (0, 0)), ([7, 0], (1, 1)))


def test_a_row_that_is_deleted_before_the_commit_is_refused(api, ours, monkeypatch):
    """The worst moment: after every check, before the transaction ends."""
    agent = factories.AgentFactory(project=ours)
    group = factories.GroupFactory(project=ours)
    stored = services.add_to_group

    def add_then_lose(agent: Agent, group) -> bool:
        added = stored(agent, group)
        # A delete of this very moment would wait for our lock; the constraint is what it would leave behind.
        with connection.cursor() as cursor:
            cursor.execute("UPDATE agents_groupmembership SET agent_id = 0 WHERE agent_id = %s", [agent.pk])
        return added

    monkeypatch.setattr(services, "add_to_group", add_then_lose)
    answer = api.post("/v1/manage-agents-in-group", {"agent_id": agent.public_id, "group_id": group.public_id})
    assert (answer["r"], answer["message"]) == (3, "A row that this refers to has just been deleted.")
    assert group.memberships.count() == 0
