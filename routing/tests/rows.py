"""Rows for tests of routing: queues with groups, free and busy agents, calls that wait."""

from __future__ import annotations

import datetime as dt

from agents.models import Agent
from projects.models import Project
from queues.models import Queue
from routing.models import Tier
from tests import factories

NOW = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)


def ago(seconds: float) -> dt.datetime:
    return NOW - dt.timedelta(seconds=seconds)


def queue_with_group(project: Project, tier: Tier = Tier.PRIMARY, **settings):
    """A queue, and the group that serves it."""
    queue = factories.QueueFactory(project=project, **settings)
    group = factories.GroupFactory(project=project)
    factories.GroupRoutingFactory(project=project, queue=queue, group=group, primary_group=tier)
    return queue, group


def agent_in(*groups, idle_s: float | None = 60, **facts):
    """An agent of some groups with a page open: free for so long, or at lunch when None."""
    state = {"manual_status": "AVAILABLE", "free_since": ago(idle_s)} if idle_s is not None else {}
    agent = factories.AgentFactory(project=groups[0].project, **{"device_status": 1, **state, **facts})
    for group in groups:
        factories.GroupMembershipFactory(project=group.project, group=group, agent=agent)
    return agent


def waiting_in(queue: Queue, waited_s: float = 10, **facts):
    return factories.QueueEntryFactory(project=queue.project, queue=queue, enqueued_at=ago(waited_s), **facts)


def list_line(agent: Agent | None, timeout_s: int = 15, routing_type: int | None = 1, phone: str = "") -> dict:
    """A line of a stored agent list."""
    return {
        "user_id": agent.stringee_user_id if agent else "nobody",
        "agent": agent.pk if agent else None,
        "routing_type": routing_type,
        "phone": phone,
        "timeout_s": timeout_s,
    }
