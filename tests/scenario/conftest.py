"""A world for each scenario, on our project with one queue, one group and two agents."""

from __future__ import annotations

import pytest

from agents.models import Agent
from tests import factories
from tests.scenario.world import World

HOTLINE = "842400000097"


@pytest.fixture
def world(ours, monkeypatch):
    """Whatever a scenario did, the invariants hold at its end."""
    world = World(ours, monkeypatch)
    yield world
    assert world.findings() == []


@pytest.fixture
def queue(ours):
    return factories.QueueFactory(
        project=ours, name="Sales", maximum_queue_wait_time=300, wrap_up_time_limit=10, wait_agent_answer_timeout=15
    )


@pytest.fixture
def sales(ours, queue, agent_1, agent_2):
    """The group that serves the queue; both agents are in it and available."""
    group = factories.GroupFactory(project=ours, name="Sales")
    factories.GroupRoutingFactory(project=ours, queue=queue, group=group)
    for agent in (agent_1, agent_2):
        factories.GroupMembershipFactory(project=ours, group=group, agent=agent)
        agent.manual_status = "AVAILABLE"
        agent.save()
    return group


@pytest.fixture
def hotline(ours, queue, sales):
    """A number that leads straight to the queue."""
    ours.call_settings.event_url = "https://crm.example.net/events"
    ours.call_settings.save()
    return factories.NumberFactory(project=ours, number=HOTLINE, enable_ivr=False, queue=queue)


def agent_named(user):
    return Agent.objects.get(stringee_user_id=user)
