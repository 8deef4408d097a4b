"""The same day in memory and in the database: the two shells make the same offers at the same instants."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from functools import partial

import pytest

from agents import activity
from agents.models import Agent
from callflow.simulation.arrivals import number_of, planned_calls
from callflow.simulation.chance import Exponential, Fixed, Uniform
from callflow.simulation.people import Desks, people_of
from callflow.simulation.scenario import AgentPlan, CallersPlan, ListPlan, NumberPlan, QueuePlan, ServerPlan, WayOutPlan
from callflow.simulation.tests.log import logged
from callflow.simulation.tests.places import HOTLINE, SHOP, times
from calls.models import Call
from queues.models import OutcomeAction
from routing.models import Offer, Tier
from telephony import port
from tests import factories
from tests.scenario.world import NODE, START, World

SEED = 41  # a day in which everything happens, and all is over soon
LIST_URL = "https://crm.example.net/agents"
SUPPORT, LISTED = "842400000098", "842400000099"

SALES = QueuePlan(
    "Sales",
    primary_groups=("Sellers",),
    backup_groups=("Helpers",),
    wait_agent_answer_timeout=4,
    wrap_up_time_limit=3,
    maximum_queue_size=3,
    maximum_queue_wait_time=18,
    route_to_backup_groups_after=6,
    outcomes={"full": WayOutPlan("message", message="We are busy."), "waited_too_long": WayOutPlan("hang_up")},
)
HELP = QueuePlan(
    "Help", primary_groups=("Helpers",), wait_agent_answer_timeout=5, wrap_up_time_limit=2, maximum_queue_size=20
)
BY_LIST = replace(
    HELP,
    name="By list",
    primary_groups=(),
    agent_list=ListPlan(("Sellers", "Helpers"), ServerPlan(Fixed(0)), at_most=2, answer_timeout=6),
)
TALKS = Exponential(7)
DAY = replace(
    SHOP,
    duration=dt.timedelta(minutes=1),
    numbers=(
        NumberPlan(HOTLINE, queue="Sales"),
        NumberPlan(SUPPORT, queue="Help"),
        NumberPlan(LISTED, queue="By list"),
    ),
    queues=(SALES, HELP, BY_LIST),
    groups=("Sellers", "Helpers"),
    agents=(
        AgentPlan("seller", ("Sellers",), count=2, answers_after=Uniform(1, 5), misses=0.3, rejects=0.15),
        AgentPlan("helper", ("Helpers",), answers_after=Uniform(1, 3), misses=0.2),
        AgentPlan("both", ("Sellers", "Helpers"), answers_after=Uniform(1, 6), rejects=0.2),
    ),
    # Nothing falls on a full second, when the sweep comes: what happens at one instant may happen in either order.
    callers=(
        CallersPlan("sales", HOTLINE, times=times(0.5, 2.3, 4.2, 6.4, 8.1, 9.7, 11.3), talk=TALKS, patience=Fixed(30)),
        CallersPlan("help", SUPPORT, times=times(1.4, 3.6, 7.7, 12.9), talk=TALKS, patience=Exponential(30)),
        CallersPlan("vip", HOTLINE, times=times(9.3, 14.6), talk=TALKS, priority=5, customers=1),
        CallersPlan("listed", LISTED, times=times(5.2, 10.4, 10.8), talk=TALKS),
    ),
)
LASTS_S = 42


class SameDay(World):
    """The durable shell with the scenario's people at its telephones."""

    def at_desks(self, desks: Desks) -> None:
        self.desks = desks
        self.answers[LIST_URL] = self._list

    def script_for(self, endpoint, dial):
        return self.desks.script_for(endpoint.partition("_")[2])

    def dial_in(self, planned) -> None:
        incoming = port.Incoming(
            f"in-{planned.number}", NODE, planned.from_number, planned.to_number, f"tel:{planned.from_number}"
        )
        self.engine.call(incoming, planned.script)

    def _list(self, told) -> str:
        """What the scenario's server answers: the two who are free for the longest time."""
        free = Agent.objects.filter(project=self.project, free_since__isnull=False).order_by("free_since", "pk")
        agents = [
            {"stringee_user_id": each.stringee_user_id, "routing_type": 1, "answer_timeout": 6} for each in free[:2]
        ]
        return json.dumps(
            {"version": 2, "calls": [{"callId": each["callId"], "agents": agents} for each in told["calls"]]}
        )


@pytest.fixture
def shop(ours):
    """The scenario's configuration as rows, in the order of the file."""
    ours.call_settings.missed_calls_limit = DAY.missed_calls_limit
    ours.call_settings.save()
    groups = {name: factories.GroupFactory(project=ours, name=name) for name in DAY.groups}
    for person in people_of(DAY):
        agent = factories.AgentFactory(project=ours, stringee_user_id=person.user_id, name=person.user_id)
        for name in person.plan.groups:
            factories.GroupMembershipFactory(project=ours, group=groups[name], agent=agent)
    for plan, number in zip(DAY.queues, DAY.numbers, strict=True):
        factories.NumberFactory(project=ours, number=number.number, enable_ivr=False, queue=_queue(ours, plan, groups))
    for index, callers in enumerate(DAY.callers):
        for customer in range(callers.customers if callers.priority else 0):
            first = number_of(index, customer)
            factories.PriorityCallerFactory(project=ours, number=first, priority=callers.priority)
    return ours


def _queue(ours, plan, groups):
    names = (
        "name",
        "wait_agent_answer_timeout",
        "wrap_up_time_limit",
        "maximum_queue_size",
        "maximum_queue_wait_time",
        "route_to_backup_groups_after",
    )
    settings = {name: getattr(plan, name) for name in names}
    url = LIST_URL if plan.agent_list is not None else ""
    queue = factories.QueueFactory(project=ours, record_calls=False, get_list_agents_url=url, **settings)
    for tier, members in ((Tier.PRIMARY, plan.primary_groups), (Tier.BACKUP, plan.backup_groups)):
        for name in members:
            factories.GroupRoutingFactory(project=ours, queue=queue, group=groups[name], primary_group=tier)
    for cause, outcome in plan.outcomes.items():
        factories.QueueOutcomeFactory(
            project=ours, queue=queue, cause=cause, action=OutcomeAction(outcome.action), message=outcome.message
        )
    return queue


@pytest.mark.django_db
def test_both_shells_make_the_same_offers_and_bring_calls_to_the_same_ends(shop, monkeypatch):
    simulated, _ = logged(DAY, SEED)
    world = SameDay(shop, monkeypatch)
    world.at_desks(Desks(people_of(DAY), SEED))
    for person in people_of(DAY):
        world.online(person.user_id)
        world.rings |= activity.set_manual_status(
            Agent.objects.get(stringee_user_id=person.user_id).pk, "AVAILABLE", START
        ).rings
    for planned in planned_calls(DAY, SEED):
        world.scheduler.at(planned.at, partial(world.dial_in, planned))
    world.run_for(LASTS_S)

    numbers = {call.pk: int(call.legs.order_by("pk").first().leg_id[3:]) for call in Call.objects.order_by("pk")}
    offers = list(Offer.objects.order_by("pk").select_related("agent"))
    assert [(numbers[each.call_id], each.agent.stringee_user_id, each.opened_at) for each in offers] == simulated.offers
    ended = sorted((each.ended_at, numbers[each.call_id], each.state) for each in offers)
    assert ended == sorted((when, call, how) for call, how, when in simulated.closed)
    ends = Call.objects.order_by("ended_at", "pk").values_list("pk", "outcome", "cause", "ended_at")
    assert sorted((numbers[pk], *rest) for pk, *rest in ends) == sorted(simulated.ends)
    assert simulated.broken == world.findings() == []


def test_the_day_has_everything_in_it_that_can_happen_to_offers_and_calls():
    simulated, figures = logged(DAY, SEED)
    assert {how for _, how, _ in simulated.closed} == {"accepted", "timed_out", "rejected", "withdrawn"}
    assert set(figures.causes) == {"normal", "caller_left", "queue_full", "queue_waited_too_long"}
    assert max(when for *_, when in simulated.ends) < START + dt.timedelta(seconds=LASTS_S)
