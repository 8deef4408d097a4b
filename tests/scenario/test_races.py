"""True races on connections of their own: whoever comes first wins, the others find it done, and everything holds."""

from __future__ import annotations

import datetime as dt
import threading
from collections import Counter

import pytest
from django.db import connections, transaction

from agents import activity
from agents.models import Agent, Group
from agents.services import delete_agent
from callflow import dispatch, doorbell, invariants, requests, services
from callflow.domain.call import Party, TransferKind
from calls.models import Call, Leg
from common import clock
from common.refusals import Refusal
from projects.models import CallSettings
from queues.models import Queue
from routing.models import Offer
from telephony import outbox, port
from telephony.models import EngineCommand, EngineNode
from tests import factories
from tests.scenario.conftest import ELSEWHERE, HOTLINE
from tests.scenario.world import NODE, START

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 4
WAIT_S = 30
AGENT_2 = Party("agent_2", internal=True)


class Clock:
    def __init__(self):
        self.at = START

    def __call__(self):
        return self.at

    def go_on(self, seconds):
        self.at += dt.timedelta(seconds=seconds)


@pytest.fixture
def time(monkeypatch):
    """Stands still until a test moves it; no bell rings: what races is called by its name."""
    moved = Clock()
    monkeypatch.setattr(clock, "now", moved)
    for bell in ("ring", "ask", "ask_agents", "deliver", "send_sms", "answered", "look_again"):
        monkeypatch.setattr(doorbell, bell, lambda key: None)
    monkeypatch.setattr(doorbell, "was_asked_again", lambda project: False)
    monkeypatch.setattr(outbox, "ring", lambda nodes: None)
    EngineNode.objects.create(
        name=NODE,
        kind="simulated",
        reaches=["sip", "tel", "web"],
        started_at=START,
        seen_at=START + dt.timedelta(days=1),
    )
    return moved


@pytest.fixture
def center(time):
    """Our project, with a number that leads to a queue, and two agents."""
    return _project()


def _project(digits=HOTLINE, queues=1):
    project = factories.ProjectFactory()
    CallSettings.objects.filter(project=project).update(missed_calls_limit=0)  # the same agent is late every round
    group = factories.GroupFactory(project=project)
    for number in range(queues):
        queue = factories.QueueFactory(
            project=project, maximum_queue_size=100, agent_wrap_up_after_calls=False, record_calls=False
        )
        factories.GroupRoutingFactory(project=project, queue=queue, group=group)
        if number == 0:
            factories.NumberFactory(project=project, number=digits, enable_ivr=False, queue=queue)
    for user in ("agent_1", "agent_2"):
        agent = factories.AgentFactory(project=project, stringee_user_id=user, manual_status="AVAILABLE")
        factories.GroupMembershipFactory(project=project, group=group, agent=agent)
    return project


def online(project, *users):
    for user in users:
        services.conduct(port.DeviceUp(NODE, project.pk, user, "web", f"{project.pk}-{user}"))


def offline(project, *users):
    for user in users:
        services.conduct(port.DeviceDown(NODE, project.pk, user, "web", f"{project.pk}-{user}"))


def arrives(leg, to=HOTLINE):
    services.conduct(port.Incoming(leg, NODE, "84900000012", to, "tel:84900000012"))
    return Call.objects.get(legs__leg_id=leg)


def at_once(*actions):
    """Do everything at the same moment, each on a connection of its own. Returns what was refused."""
    together, errors = threading.Barrier(len(actions), timeout=WAIT_S), []

    def run(action):
        try:
            together.wait()
            action()
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[action]) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    unexpected = [each for each in errors if not isinstance(each, Refusal)]
    assert unexpected == []
    return errors


def conducts(event):
    return lambda: services.conduct(event)


def everything_holds():
    while outbox.take(NODE):
        pass
    assert invariants.check(now=clock.now()) == []


def open_offer(call):
    return Offer.objects.get(call=call, state="open")


def commands_to(leg):
    return [each.payload["kind_"] for each in EngineCommand.objects.order_by("pk") if each.payload["leg"] == leg]


def end(call):
    """Let the rest of the world be over, for the next round."""
    for leg in Leg.objects.filter(call=call).exclude(state="ended"):
        services.conduct(port.Ended(leg.leg_id))


# ── One offer ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_of_two_agents_who_accept_one_call_the_one_with_the_offer_gets_it(center, time):
    """The first has just been too late: the call rings for the second, and now both pick up."""
    for number in range(ROUNDS):
        online(center, "agent_1")
        call = arrives(f"in-{number}")
        assert dispatch.dispatch(center.pk) == 1
        first = open_offer(call)
        online(center, "agent_2")
        time.go_on(15)
        services.fire_timers(call.pk)
        assert dispatch.dispatch(center.pk) == 1
        second = open_offer(call)

        at_once(*(conducts(port.Answered(offer.leg_id)) for offer in (first, second, first, second)))

        call.refresh_from_db()
        assert (call.state, call.agent_user_id) == ("connected", "agent_2")
        assert commands_to(first.leg_id)[-1] == "Hangup"
        assert Offer.objects.filter(call=call, state="accepted").get() == second
        everything_holds()
        end(call)
        offline(center, "agent_1", "agent_2")
        time.go_on(20)
        activity.end_due_pauses(time.at, 10)


def test_answer_time_out_and_hang_up_meet(center, time):
    seen: Counter[str] = Counter()
    for number in range(2 * ROUNDS):
        online(center, "agent_1")
        call = arrives(f"in-{number}")
        assert dispatch.dispatch(center.pk) == 1
        offer = open_offer(call)
        time.go_on(15)

        at_once(
            conducts(port.Answered(offer.leg_id)),
            lambda call=call: services.fire_timers(call.pk),
            conducts(port.Ended(f"in-{number}")),
            conducts(port.Ended(offer.leg_id, port.HangupCause.NO_ANSWER)),
        )

        call.refresh_from_db()
        offer.refresh_from_db()
        seen[offer.state] += 1
        assert call.state == "ended"
        assert offer.state in ("accepted", "timed_out", "withdrawn")
        assert call.outcome == ("completed" if offer.state == "accepted" else "abandoned")
        assert Agent.objects.get(project=center, stringee_user_id="agent_1").activity == "idle"
        everything_holds()
        time.go_on(20)
        activity.end_due_pauses(time.at, 10)
        activity.return_agent(offer.agent_id, time.at, by="test")
    assert sum(seen.values()) == 2 * ROUNDS


# ── Dispatch ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_several_dispatchers_of_a_project_give_each_call_and_each_agent_once(center, time):
    online(center, "agent_1", "agent_2")
    calls = [arrives(f"in-{number}") for number in range(6)]

    at_once(*(lambda: dispatch.dispatch(center.pk) for _ in range(4)))
    dispatch.dispatch(center.pk)

    offered = list(Offer.objects.order_by("call").values_list("call", "agent__stringee_user_id"))
    assert [call for call, _agent in offered] == [call.pk for call in calls[:2]]
    assert {agent for _call, agent in offered} == {"agent_1", "agent_2"}
    everything_holds()


def test_one_dispatcher_at_a_time_looks_at_a_project():
    found = {}

    def try_for(project_id):
        with transaction.atomic():
            found[project_id] = dispatch._is_mine(project_id)

    with transaction.atomic():
        assert dispatch._is_mine(7)
        at_once(lambda: try_for(7), lambda: try_for(8))
    assert found == {7: False, 8: True}

    at_once(lambda: try_for(7))
    assert found[7]


def test_one_agent_in_twenty_queues_gets_one_of_twenty_calls(time):
    both = [_project(digits, queues=20) for digits in (HOTLINE, "842400000096")]
    for project in both:
        for number, queue in enumerate(Queue.objects.filter(project=project).order_by("pk")):
            factories.NumberFactory(
                project=project, number=f"8424{project.pk:04}{number:04}", enable_ivr=False, queue=queue
            )
            arrives(f"{project.pk}-{number}", f"8424{project.pk:04}{number:04}")
        online(project, "agent_1")

    at_once(*(lambda project=project: dispatch.dispatch(project.pk) for project in both for _ in range(3)))

    for project in both:
        offer = Offer.objects.get(project=project, state="open")
        assert offer.agent.project_id == project.pk
        assert offer.call.legs.filter(leg_id=f"{project.pk}-0").exists()  # the one that came first
    everything_holds()


def test_a_caller_leaves_while_he_is_being_given_to_an_agent(center, time):
    for number in range(ROUNDS):
        online(center, "agent_1")
        call = arrives(f"in-{number}")

        at_once(lambda: dispatch.dispatch(center.pk), conducts(port.Ended(f"in-{number}")))

        call.refresh_from_db()
        assert (call.state, call.outcome) == ("ended", "abandoned")
        assert Agent.objects.get(project=center, stringee_user_id="agent_1").activity == "idle"
        everything_holds()


# ── Everybody wants the same agent ───────────────────────────────────────────────────────────────────────────────────
def test_an_offer_a_call_out_and_a_transfer_want_the_same_agent(center, time):
    for number in range(ROUNDS):
        online(center, "agent_1")
        talking = arrives(f"talking-{number}")
        dispatch.dispatch(center.pk)
        services.conduct(port.Answered(open_offer(talking).leg_id))
        arrives(f"waiting-{number}")
        online(center, "agent_2")

        refused = at_once(
            lambda: dispatch.dispatch(center.pk),
            lambda: requests.call_out(
                center.pk, "agent_2", display=Party(ELSEWHERE), caller_id=HOTLINE, customer=ELSEWHERE
            ),
            lambda call=talking: requests.transfer(center.pk, call.call_id, AGENT_2, TransferKind.BLIND),
        )

        agent = Agent.objects.get(project=center, stringee_user_id="agent_2")
        rung = Leg.objects.filter(agent=agent).exclude(state="ended")
        assert (agent.activity in ("offered", "on_call"), rung.count()) == (True, 1)
        assert len(refused) in (1, 2)  # a dispatch that finds nobody refuses nothing
        assert agent.call_ref == rung.get().call.call_id
        everything_holds()
        for call in Call.objects.exclude(state="ended"):
            end(call)
        assert not Call.objects.exclude(state="ended").exists()
        offline(center, "agent_1", "agent_2")
        time.go_on(20)
        activity.end_due_pauses(time.at, 10)


def test_an_agent_is_deleted_or_leaves_while_he_is_being_given_a_call(center, time):
    for number in range(ROUNDS):
        online(center, "agent_1")
        call = arrives(f"in-{number}")
        agent = Agent.objects.get(project=center, stringee_user_id="agent_1")

        at_once(
            lambda: dispatch.dispatch(center.pk),
            lambda agent=agent: delete_agent(agent),
            lambda agent=agent: activity.set_manual_status(agent.pk, "LUNCH", clock.now()),
        )

        offers = Offer.objects.filter(call=call, state="open")
        kept = Agent.objects.filter(pk=agent.pk).first()
        assert offers.count() == (kept is not None and kept.activity == "offered")
        everything_holds()
        end(call)
        with transaction.atomic():
            Agent.objects.filter(pk=agent.pk).delete()
            again = factories.AgentFactory(project=center, stringee_user_id="agent_1", manual_status="AVAILABLE")
            factories.GroupMembershipFactory(project=center, group=Group.objects.get(project=center), agent=again)
