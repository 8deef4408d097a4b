"""A caller waits in a queue and is offered to agents."""

from __future__ import annotations

import pytest

from routing.models import Offer
from tests.scenario.conftest import HOTLINE, agent_named

pytestmark = pytest.mark.django_db


def test_a_call_goes_through(world, hotline):
    world.online("agent_1", after_s=3)
    caller = world.call(HOTLINE, talk_s=20)

    world.run_for(10)
    assert world.row(caller).state == "connected"
    assert agent_named("agent_1").activity == "on_call"

    world.run_for(15)
    call = world.row(caller)
    assert (call.state, call.outcome, call.cause, call.agent_user_id) == ("ended", "completed", "normal", "agent_1")
    assert agent_named("agent_1").activity == "wrap_up"
    assert world.told(caller) == ["created", "started", "ringing", "answered", "ended"]

    world.run_for(12)
    assert agent_named("agent_1").activity == "idle"


def test_the_next_agent_is_rung_when_the_first_does_not_answer(world, hotline):
    world.online("agent_1", does="never_answers")
    world.online("agent_2", after_s=2)
    caller = world.call(HOTLINE, talk_s=5)

    world.run_for(60)

    assert list(Offer.objects.order_by("pk").values_list("agent__stringee_user_id", "state")) == [
        ("agent_1", "timed_out"),
        ("agent_2", "accepted"),
    ]
    assert world.row(caller).outcome == "completed"
    assert world.told(caller) == ["created", "started", "ringing", "agentEnded", "ringing", "answered", "ended"]


def test_a_caller_who_leaves_while_an_agent_is_rung_frees_the_agent_at_once(world, hotline):
    world.online("agent_1", does="never_answers")
    caller = world.call(HOTLINE, patience_s=5)

    world.run_for(6)

    assert (world.row(caller).outcome, world.row(caller).cause) == ("abandoned", "caller_left")
    assert Offer.objects.get().state == "withdrawn"
    assert agent_named("agent_1").activity == "idle"
    assert world.engine.legs == {}
