"""A world for each scenario, on our project with one queue, one group and two agents."""

from __future__ import annotations

import pytest

from agents.models import Agent
from ivr.models import Key, KeyAction
from queues.models import QueueEntry
from routing.models import Offer
from tests import factories
from tests.scenario.world import World

HOTLINE = "842400000097"
MENU = "842400000098"
ELSEWHERE = "84909982888"
CUSTOMER = "84900000012"


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


@pytest.fixture
def menu_number(ours, queue, sales):
    """A number with a menu: 1 to the queue, 2 to another node, 3 to a telephone, 4 voicemail, 5 SMS, 6 the end."""
    tree = factories.IvrTreeFactory(project=ours, tree_name="Welcome")
    root = factories.IvrNodeFactory(project=ours, tree=tree, node_name="welcome", keypress_timeout=3)
    more = factories.IvrNodeFactory(project=ours, tree=tree, node_name="more", keypress_timeout=3)
    tree.root_node = root
    tree.save()
    for node, key, action, facts in [
        (root, Key.KEY_1, KeyAction.QUEUE, {"queue": queue}),
        (root, Key.KEY_2, KeyAction.NODE, {"next_node": more}),
        (root, Key.KEY_3, KeyAction.FORWARD, {"to_phone_number": ELSEWHERE}),
        (root, Key.KEY_4, KeyAction.VOICEMAIL, {}),
        (root, Key.KEY_5, KeyAction.SMS, {"sms": "We are at 1 Main Street."}),
        (root, Key.KEY_6, KeyAction.HANG_UP, {}),
        (more, Key.KEY_2, KeyAction.NODE, {"next_node": root}),
        (more, Key.EMPTY, KeyAction.NODE, {"next_node": root}),
        (more, Key.INVALID, KeyAction.QUEUE, {"queue": queue}),
    ]:
        factories.IvrKeyPressFactory(project=ours, node=node, node_key=key, action=action, **facts)
    return factories.NumberFactory(project=ours, number=MENU, enable_ivr=True, ivr_tree=tree)


def agent_named(user):
    return Agent.objects.get(stringee_user_id=user)


def offers_of(world, leg):
    """Who was offered a call, in order, and what came of it."""
    offers = Offer.objects.filter(call=world.row(leg)).order_by("pk")
    return list(offers.values_list("agent__stringee_user_id", "state"))


def stays_of(world, leg):
    """In which queues a call was, in order, and why it left them."""
    return list(QueueEntry.objects.filter(call=world.row(leg)).order_by("pk").values_list("queue__name", "outcome"))


def ended_as(world, leg):
    call = world.row(leg)
    return call.state, call.outcome, call.cause
