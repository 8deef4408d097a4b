"""Agents, calls, devices, settings and time in any order: the stored state always holds together."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from agents import activity, devices, domain, services
from agents.domain import ACTIVITY_TABLE, Activity, AgentEvent, QueueNeeds, Unanswered
from agents.models import Agent, DeviceKind, GroupMembership
from calls.models import Transition
from tests import factories

START = dt.datetime(2026, 3, 2, 8, 0, tzinfo=dt.UTC)
EVERY_QUEUE = [QueueNeeds(cond, caller_id) for cond in (1, 2) for caller_id in (False, True)]
AGENTS = st.sampled_from([0, 1])
CALLS = st.sampled_from(["call-1", "call-2"])
GROUPS = st.sets(st.sampled_from([0, 1]))


class Floor(RuleBasedStateMachine):
    """Two agents in up to two groups. Each run is a transaction that is rolled back."""

    def __init__(self) -> None:
        super().__init__()
        self.database = transaction.atomic()
        self.database.__enter__()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.database.__exit__(None, None, None)

    @initialize()
    def open(self):
        self.now = START
        self.project = factories.ProjectFactory()
        self.groups = [factories.GroupFactory(project=self.project) for _ in range(2)]
        self.agents = [
            factories.AgentFactory(
                project=self.project, stringee_user_id=user, manual_status="AVAILABLE", phone_number="84909982888"
            ).pk
            for user in ("lan", "minh")
        ]

    @rule(agents=st.sets(AGENTS), call=CALLS)
    def offer(self, agents, call):
        keys = {self.agents[each] for each in agents}
        free = set(Agent.objects.filter(pk__in=keys, free_since__isnull=False).values_list("pk", flat=True))
        assert activity.reserve(keys, call, self.now) == free

    @rule(agent=AGENTS, call=CALLS, how=st.sampled_from(list(Unanswered)))
    def miss(self, agent, call, how):
        activity.offer_missed(self.agents[agent], call, how, self.now)

    @rule(agent=AGENTS, call=CALLS)
    def answer(self, agent, call):
        activity.answered(self.agents[agent], call, self.now)

    @rule(agent=AGENTS, call=CALLS)
    def call_out(self, agent, call):
        activity.called_out(self.agents[agent], call, self.now)

    @rule(agent=AGENTS, call=CALLS, wrap_up_s=st.sampled_from([None, 5]))
    def release(self, agent, call, wrap_up_s):
        activity.released(self.agents[agent], call, self.now, wrap_up_s=wrap_up_s)

    @rule(agent=AGENTS)
    def extend(self, agent):
        activity.extend_wrap_up(self.agents[agent], self.now)

    @rule(agent=AGENTS)
    def bring_back(self, agent):
        activity.return_agent(self.agents[agent], self.now, by="supervisor")

    @rule(agent=AGENTS, status=st.sampled_from(["AVAILABLE", "LUNCH BREAK", None]))
    def choose(self, agent, status):
        activity.set_manual_status(self.agents[agent], status, self.now)

    @rule(agent=AGENTS, status=st.sampled_from([0, 1, 2]))
    def program_writes(self, agent, status):
        activity.take_program_status(self.agents[agent], status, self.now)

    @rule(user=st.sampled_from(["lan", "minh"]), kind=st.sampled_from(list(DeviceKind)), up=st.booleans())
    def device(self, user, kind, up):
        if up:
            devices.device_up(self.project.pk, user, kind, f"{user} {kind}", self.now, node="engine-1")
        else:
            devices.device_down(self.project.pk, kind, f"{user} {kind}", self.now)

    @rule()
    def engine_dies(self):
        devices.devices_of_node_down("engine-1", self.now)

    @rule(agent=AGENTS, routing_type=st.sampled_from([1, 2]), groups=GROUPS)
    def edit(self, agent, routing_type, groups):
        row = Agent.objects.get(pk=self.agents[agent])
        row.routing_type = routing_type
        services.save_agent(row)
        services.set_groups(row, {self.groups[each].pk for each in groups})

    @rule(seconds=st.integers(1, 12))
    def time_goes_on(self, seconds):
        self.now += dt.timedelta(seconds=seconds)
        activity.end_due_wrap_ups(self.now, 10)
        activity.end_due_pauses(self.now, 10)

    @invariant()
    def an_agent_is_free_exactly_when_some_queue_may_call_him(self):
        for agent in Agent.objects.all():
            state = agent.state()
            free = any(domain.availability(state, needs) is None for needs in EVERY_QUEUE)
            assert (state.free_since is not None) == free
            assert (state.activity in (Activity.OFFERED, Activity.ON_CALL)) == bool(state.call_ref)

    @invariant()
    def seats_are_copies(self):
        for seat in GroupMembership.objects.select_related("agent"):
            assert (seat.reach, seat.free_since) == (seat.agent.reach, seat.agent.free_since)

    @invariant()
    def replayed_transitions_give_the_stored_activity(self):
        replayed: dict[str, Activity | None] = dict.fromkeys(map(str, getattr(self, "agents", [])), Activity.IDLE)
        for row in Transition.objects.filter(subject="agent").order_by("pk"):
            before = replayed[row.subject_id]
            assert before is not None
            assert row.before == before
            replayed[row.subject_id] = ACTIVITY_TABLE.after(before, AgentEvent(row.event))
            assert row.after == replayed[row.subject_id]
        assert replayed == {str(agent.pk): agent.activity for agent in Agent.objects.all()}


@pytest.mark.django_db
def test_whatever_happens_on_the_floor_the_stored_state_holds_together():
    few = settings(max_examples=15, stateful_step_count=30, suppress_health_check=[HealthCheck.too_slow])
    run_state_machine_as_test(Floor, settings=few)
