"""Lost bells, an engine that dies, events that come twice or late: the limits are met all the same."""

from __future__ import annotations

from random import Random

import pytest

from callflow import requests
from callflow.domain.call import Party
from routing.models import Offer
from telephony import port
from telephony.models import EngineCommand
from tests.scenario.conftest import ELSEWHERE, HOTLINE, agent_named, ended_as, offers_of
from tests.scenario.world import NODE

pytestmark = pytest.mark.django_db

AGENTS = ("agent_1", "agent_2")


@pytest.mark.parametrize("lost", [{"dispatch"}, {"engine"}, {"dispatch", "ask", "ask_agents", "engine"}])
def test_without_any_bell_everything_goes_on_within_a_second_or_two(world, hotline, lost):
    world.online("agent_1", after_s=1)
    world.lost.update(lost)

    caller = world.call(HOTLINE, talk_s=5)
    waiting = world.call(HOTLINE, "84900000013", talk_s=5)
    world.run_for(2)
    offer = Offer.objects.get()
    assert (offer.opened_at - world.row(caller).created_at).total_seconds() <= 1
    world.run_for(45)

    assert [ended_as(world, each)[:2] for each in (caller, waiting)] == [("ended", "completed")] * 2


def test_an_engine_that_starts_again_ends_its_calls_and_frees_agents_at_once(world, hotline):
    world.online("agent_1", after_s=1)
    world.online("agent_2", does="never_answers")
    talking = world.call(HOTLINE, talk_s=600)
    world.run_for(10)
    rung = world.call(HOTLINE, "84900000013", patience_s=600)
    world.run_for(6)
    assert [agent_named(user).activity for user in AGENTS] == ["on_call", "offered"]

    world.kill_engine()
    world.run_for(3)
    world.start_engine()
    world.run_for(1)

    assert [ended_as(world, each) for each in (talking, rung)] == [("ended", "failed", "engine_lost")] * 2
    assert agent_named("agent_2").activity == "idle"
    assert agent_named("agent_1").activity == "wrap_up"
    again = world.call(HOTLINE, talk_s=2)
    world.run_for(30)
    assert ended_as(world, again)[:2] == ("ended", "completed")


def test_an_engine_that_does_not_come_back_is_given_up(world, hotline):
    world.online("agent_1", after_s=1)
    caller = world.call(HOTLINE, talk_s=600)
    world.run_for(3)

    world.kill_engine()
    world.run_for(35)

    assert ended_as(world, caller) == ("ended", "failed", "engine_lost")
    assert agent_named("agent_1").reach == 0
    assert agent_named("agent_1").activity in ("wrap_up", "idle")


def test_a_dial_that_died_with_its_engine_is_an_offer_that_failed(world, hotline):
    """The offer is committed; the engine dies before it takes the command."""
    world.online("agent_1", after_s=1)
    world.lost.add("engine")
    caller = world.call(HOTLINE, patience_s=600)
    assert offers_of(world, caller) == [("agent_1", "open")]

    world.kill_engine()
    world.lost.clear()
    world.run_for(1)
    world.start_engine()
    world.run_for(10)

    assert world.row(caller).state == "ended"
    assert agent_named("agent_1").activity == "idle"


def test_a_call_that_only_the_engine_knows_of_is_hung_up(world, hotline):
    """The database ended the call while the engine did not listen."""
    world.online("agent_1", after_s=1)
    caller = world.call(HOTLINE, talk_s=600)
    world.run_for(3)
    legs = tuple(world.engine.legs)
    world.lost.add("engine")
    requests.stop(world.project.pk, world.row(caller).call_id)
    EngineCommand.objects.all().delete()
    world.lost.clear()
    world.run_for(7)
    assert tuple(world.engine.legs) == legs

    world.engine.tell_snapshot()
    world.settle()

    assert world.engine.legs == {}


@pytest.mark.parametrize("seed", range(6))
def test_events_that_come_twice_late_or_across_each_other_change_nothing_for_the_worse(world, hotline, seed):
    world.muddle = Random(seed)
    world.online("agent_1", does="rejects", after_s=1)
    world.online("agent_2", after_s=2)
    world.phone(ELSEWHERE, after_s=2, talk_s=10)
    callers = [world.call(HOTLINE, f"8490000001{number}", talk_s=4, patience_s=40) for number in range(3)]

    world.run_for(20)
    agent_1 = agent_named("agent_1")
    if agent_1.activity == "idle":
        requests.call_out(world.project.pk, "agent_1", display=Party(ELSEWHERE), caller_id=HOTLINE, customer=ELSEWHERE)
    world.run_for(60)

    assert {world.row(caller).state for caller in callers} == {"ended"}
    assert world.engine.legs == {}
    assert [agent_named(user).activity for user in AGENTS] == ["idle", "idle"]


def test_a_device_that_is_gone_takes_no_more_calls(world, hotline):
    world.online("agent_1", after_s=1)
    world.events.append(port.DeviceDown(NODE, world.project.pk, "agent_1", "web", "web-agent_1"))
    world.events.append(port.DeviceDown(NODE, world.project.pk, "agent_1", "web", "web-agent_1"))

    caller = world.call(HOTLINE)
    world.run_for(3)

    assert offers_of(world, caller) == []
