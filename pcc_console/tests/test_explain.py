"""`manage.py explain` tells the story of a call and decides again."""

from __future__ import annotations

import json

import pytest
from django.core.management import CommandError, call_command

from routing.models import Decision, Offer
from tests import factories
from tests.scenario.world import World

pytestmark = pytest.mark.django_db
HOTLINE = "842400000097"


@pytest.fixture
def served(ours, agent_1, agent_2, monkeypatch):
    """A call that agent 2 answered while agent 1 was away. Returns its row."""
    queue = factories.QueueFactory(project=ours, name="Sales")
    group = factories.GroupFactory(project=ours)
    factories.GroupRoutingFactory(project=ours, queue=queue, group=group)
    for agent, status in ((agent_1, "LUNCH BREAK"), (agent_2, "AVAILABLE")):
        factories.GroupMembershipFactory(project=ours, group=group, agent=agent)
        agent.manual_status = status
        agent.save()
    factories.NumberFactory(project=ours, number=HOTLINE, queue=queue)
    world = World(ours, monkeypatch)
    world.online("agent_2", after_s=2)
    caller = world.call(HOTLINE, talk_s=5)
    world.run_for(10)
    return world.row(caller)


def explained(call, capsys):
    call_command("explain", call.call_id, json=True)
    return json.loads(capsys.readouterr().out)


def test_the_story_and_the_reasons_are_told(served, capsys):
    facts = explained(served, capsys)

    (offer,) = facts["offers"]
    assert (facts["outcome"], offer["agent"], offer["outcome"], offer["again"]) == (
        "completed",
        "agent_2",
        "accepted",
        "same",
    )
    assert offer["why"][0] == "Agent One: not available (LUNCH BREAK)"
    assert [line["text"] for line in facts["story"]][-1] == "The call is over. Completed: the customer's side hung up."


def test_a_decision_that_would_fall_otherwise_is_an_incident(served):
    decision = Decision.objects.get()
    decision.answer["matches"][0]["timeout_s"] += 1
    decision.save()

    with pytest.raises(SystemExit) as ended:
        call_command("explain", served.call_id)

    assert ended.value.code == 1


def test_a_decision_that_is_no_longer_kept_says_so(served, capsys):
    Offer.objects.update(decision=None)

    assert explained(served, capsys)["offers"][0]["again"] == "unknown"


def test_an_unknown_call_is_refused():
    with pytest.raises(CommandError, match="There is no call call-vn-1-NOBODY"):
        call_command("explain", "call-vn-1-NOBODY")
