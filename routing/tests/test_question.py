"""What dispatch reads from the database: enough to decide rightly, and no more."""

from __future__ import annotations

import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents.domain import QueueNeeds, Reach, Rule, reach_mask
from agents.models import Agent, GroupMembership
from calls.models import Call
from queues.models import QueueEntry
from routing.domain.matching import match
from routing.domain.question import GroupTier, Listed, PassedOver
from routing.domain.waits import WaitsFor
from routing.lines import queues_to_look_at
from routing.models import AgentListFlight, Tier
from routing.selectors import calls_ahead_of, question_for, waits_of
from routing.tests.rows import NOW, agent_in, ago, list_line, queue_with_group, waiting_in
from tests import factories

pytestmark = pytest.mark.django_db


def pairs(project) -> list[tuple[int, int]]:
    asked = question_for(project.pk, NOW)
    return [(each.entry, each.agent) for each in match(asked).matches] if asked else []


# ── When there is nothing to do ──────────────────────────────────────────────────────────────────────────────────────
def test_one_query_finds_out_that_nobody_waits_or_nobody_is_free(ours, django_assert_num_queries):
    queue, group = queue_with_group(ours)
    agent = agent_in(group)
    with django_assert_num_queries(1):
        assert question_for(ours.pk, NOW) is None

    waiting_in(queue)
    Agent.objects.filter(pk=agent.pk).delete()
    agent_in(group, idle_s=None)
    with django_assert_num_queries(1):
        assert question_for(ours.pk, NOW) is None


def test_a_free_agent_without_a_device_that_the_queue_rings_is_not_looked_at(ours):
    queue, group = queue_with_group(ours)
    agent_in(group, device_status=Reach.SIP)
    waiting_in(queue)
    assert question_for(ours.pk, NOW) is None

    queue.cond_routing = 2
    queue.save()
    assert len(pairs(ours)) == 1


@pytest.mark.parametrize(("cond_routing", "caller_id"), [(1, ""), (2, ""), (1, "842473000001"), (2, "842473000001")])
def test_reach_bits_are_those_of_the_rules(ours, cond_routing, caller_id):
    queue, group = queue_with_group(ours, cond_routing=cond_routing, from_number_callout_to_agent=caller_id)
    waiting_in(queue)
    phone = {"routing_type": 2, "phone_number": "84900000021"}
    for facts in ({}, {"device_status": 2}, {"device_status": 4}, {"device_status": 4, **phone}, {"device_status": 5}):
        agent_in(group, **facts)

    (found,) = queues_to_look_at(ours.pk, NOW)

    mask = reach_mask(QueueNeeds(cond_routing, bool(caller_id)))
    assert found.seats == sum(bool(agent.reach & mask) for agent in Agent.objects.filter(project=ours))


# ── What is read ─────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_call_an_agent_and_the_queues_settings_make_the_question(ours):
    queue, group = queue_with_group(ours, wait_agent_answer_timeout=20, route_to_backup_groups_after=30)
    agent = agent_in(group, idle_s=70)
    lunch = agent_in(group, idle_s=None)
    stranger = agent_in(factories.GroupFactory(project=ours))
    tried = {str(stranger.pk): {"times": 2, "until": ago(1).isoformat()}}
    entry = waiting_in(queue, priority=3, attempts=2, tried=tried, last_agent=agent)

    asked = question_for(ours.pk, NOW)

    (waiting,) = asked.waiting
    assert (waiting.entry, waiting.call, waiting.call_id) == (entry.pk, entry.call_id, entry.call.call_id)
    assert (waiting.priority, waiting.attempts, waiting.last_agent) == (3, 2, agent.pk)
    assert [(each.agent, each.times, each.until) for each in waiting.tried] == [(stranger.pk, 2, ago(1))]
    assert waiting.place == (-3, ago(10), entry.pk)
    assert {each.state.agent_id: each.groups for each in asked.candidates} == {
        agent.pk: (group.pk,),
        lunch.pk: (group.pk,),
    }
    (policy,) = asked.policies
    assert (policy.queue, policy.primary, policy.backup) == (queue.pk, (group.pk,), ())
    assert (policy.ring_timeout_s, policy.backup_after_s, policy.cut) == (20, 30, False)
    assert (asked.project, asked.now, asked.country) == (ours.pk, NOW, "VN")

    (only,) = match(asked).matches
    assert [(each.agent, each.passed_over) for each in only.considered] == [
        (lunch.pk, Rule.MANUAL_STATUS),
        (agent.pk, None),
    ]


def test_tiers_come_from_the_routing(ours):
    queue, group = queue_with_group(ours)
    _, helpers = queue_with_group(ours)
    factories.GroupRoutingFactory(project=ours, queue=queue, group=helpers, primary_group=Tier.BACKUP)
    agent_in(group, idle_s=None)
    helper = agent_in(helpers)
    waiting_in(queue)

    (only,) = match(question_for(ours.pk, NOW)).matches

    assert (only.agent, only.tier) == (helper.pk, GroupTier.BACKUP)


def test_three_queries_whatever_there_is(ours, django_assert_num_queries):
    for _ in range(3):
        queue, group = queue_with_group(ours)
        for _ in range(4):
            agent_in(group)
            waiting_in(queue)
    with django_assert_num_queries(3):
        asked = question_for(ours.pk, NOW)
    assert len(match(asked).matches) == 12


def test_the_last_agent_is_found_among_many_who_are_idle_longer(ours):
    queue, group = queue_with_group(ours)
    for _ in range(15):
        agent_in(group, idle_s=500)
    last = agent_in(group, idle_s=1)
    waiting_in(queue, last_agent=last)
    (only,) = match(question_for(ours.pk, NOW)).matches
    assert only.agent == last.pk


def test_an_agent_who_has_not_missed_the_call_is_found_behind_many_who_have(ours):
    queue, group = queue_with_group(ours)
    missed = [agent_in(group, idle_s=500) for _ in range(20)]
    fresh = agent_in(group, idle_s=1)
    waiting_in(queue, tried={str(agent.pk): {"times": 1, "until": ago(5).isoformat()} for agent in missed})
    (only,) = match(question_for(ours.pk, NOW)).matches
    assert only.agent == fresh.pk


def test_an_agent_of_two_queues_serves_the_call_that_comes_first(ours):
    first, group = queue_with_group(ours)
    second = factories.QueueFactory(project=ours)
    factories.GroupRoutingFactory(project=ours, queue=second, group=group, primary_group=Tier.PRIMARY)
    agent = agent_in(group)
    waiting_in(first, waited_s=5)
    longest = waiting_in(second, waited_s=9)
    assert pairs(ours) == [(longest.pk, agent.pk)]


# ── Lists ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_list_names_agents_of_any_group_and_calls_for_others_are_left_where_they_stand(ours):
    queue = factories.QueueFactory(project=ours, get_list_agents_url="https://example.com/agents")
    free = agent_in(factories.GroupFactory(project=ours))
    lunch = agent_in(factories.GroupFactory(project=ours), idle_s=None)
    waiting_in(queue, waited_s=30)
    waiting_in(queue, waited_s=20, listed=[list_line(lunch)])
    entry = waiting_in(queue, listed=[list_line(None), list_line(lunch), list_line(free, 7)])

    asked = question_for(ours.pk, NOW)

    (waiting,) = asked.waiting
    assert waiting.listed == (Listed(lunch.pk, 15, 1), Listed(free.pk, 7, 1))
    (only,) = match(asked).matches
    assert (only.entry, only.agent, only.timeout_s) == (entry.pk, free.pk, 7)
    assert [(each.agent, each.passed_over) for each in only.considered] == [
        (lunch.pk, Rule.MANUAL_STATUS),
        (free.pk, None),
    ]


def test_groups_take_over_while_the_list_fails_where_the_queue_says_so(ours):
    queue, group = queue_with_group(ours, get_list_agents_url="https://example.com/agents", fall_back_to_groups=True)
    agent = agent_in(group)
    entry = waiting_in(queue)
    flight = AgentListFlight.objects.create(project=ours, queue=queue)
    assert pairs(ours) == []

    flight.failed_at = ago(1)
    flight.save()
    assert pairs(ours) == [(entry.pk, agent.pk)]


# ── Tenancy ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_nothing_of_another_project_is_read(ours, theirs):
    queue, group = queue_with_group(ours)
    their_queue, their_group = queue_with_group(theirs)
    by_list = factories.QueueFactory(project=ours, get_list_agents_url="https://example.com/agents")
    agent = agent_in(group)
    them = agent_in(their_group)
    entry = waiting_in(queue)
    waiting_in(their_queue, waited_s=99)
    waiting_in(by_list, listed=[list_line(them)])

    asked = question_for(ours.pk, NOW)

    assert [each.entry for each in asked.waiting] == [entry.pk]
    assert [each.state.agent_id for each in asked.candidates] == [agent.pk]
    assert pairs(ours) == [(entry.pk, agent.pk)]


# ── Bounds ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def many_waiting(queue, count: int, **facts) -> None:
    calls = Call.objects.bulk_create(
        Call(
            project=queue.project, direction="inbound", state="waiting", from_number="1", to_number="2", created_at=NOW
        )
        for _ in range(count)
    )
    QueueEntry.objects.bulk_create(
        QueueEntry(
            project=queue.project,
            queue=queue,
            call=call,
            enqueued_at=ago(count - number),
            entered_at=NOW,
            ready_at=ago(count - number),
            backup_opens_at=NOW,
            **facts,
        )
        for number, call in enumerate(calls)
    )


def rows_read(statement: str) -> int:
    """Rows that a plan's nodes have touched, as PostgreSQL counts them."""

    def touched(plan):
        own = (plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)) * plan["Actual Loops"]
        return own + sum(touched(each) for each in plan.get("Plans", ()))

    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + statement)
        (found,) = cursor.fetchone()
    return int(touched(found[0]["Plan"]))


def test_five_thousand_waiting_calls_are_not_read(ours):
    queue, group = queue_with_group(ours)
    many_waiting(queue, 5_000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE queues_queueentry, calls_call")
    agents = [agent_in(group, idle_s=60 - number) for number in range(2)]

    with CaptureQueriesContext(connection) as queries:
        begun = time.thread_time()
        asked = question_for(ours.pk, NOW)
        answer = match(asked)
        took_s = time.thread_time() - begun

    first, second = QueueEntry.objects.order_by("pk")[:2]
    assert [(each.entry, each.agent) for each in answer.matches] == [
        (first.pk, agents[0].pk),
        (second.pk, agents[1].pk),
    ]
    assert (len(asked.waiting), len(queries)) == (10, 3)
    assert max(rows_read(each["sql"]) for each in queries) < 400
    assert took_s < 1  # a hundred times what it takes


def many_free(group, count: int) -> None:
    state = {"manual_status": "AVAILABLE", "device_status": 1, "reach": 1}
    agents = Agent.objects.bulk_create(
        Agent(
            project=group.project,
            public_id=f"AG{number:06d}",
            name=f"Agent {number}",
            stringee_user_id=f"user_{number}",
            free_since=ago(count - number),
            **state,
        )
        for number in range(count)
    )
    GroupMembership.objects.bulk_create(
        GroupMembership(project=group.project, group=group, agent=agent, reach=1, free_since=agent.free_since)
        for agent in agents
    )


def test_three_thousand_free_agents_are_not_read(ours):
    queue, group = queue_with_group(ours)
    many_free(group, 3_000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE agents_agent, agents_groupmembership")
    entry = waiting_in(queue)

    with CaptureQueriesContext(connection) as queries:
        asked = question_for(ours.pk, NOW)

    assert [(each.entry, each.agent) for each in match(asked).matches] == [
        (entry.pk, Agent.objects.order_by("pk")[0].pk)
    ]
    assert (len(asked.candidates), len(queries)) == (9, 3)
    assert max(rows_read(each["sql"]) for each in queries) < 400


def test_a_line_whose_head_may_not_have_the_agent_is_looked_along(ours):
    queue, group = queue_with_group(ours)
    agent = agent_in(group)
    blocked = {str(agent.pk): {"times": 1, "until": ago(-5).isoformat()}}
    many_waiting(queue, 100, tried=blocked)
    entry = waiting_in(queue, waited_s=0)

    asked = question_for(ours.pk, NOW)

    (only,) = match(asked).matches
    assert (only.entry, only.agent, len(only.overtook)) == (entry.pk, agent.pk, 100)
    assert {each.rule for each in only.overtook} == {PassedOver.TRIED_RECENTLY}


def test_past_the_last_step_other_queues_no_longer_wait_for_the_end_of_a_blocked_line(ours, monkeypatch):
    monkeypatch.setattr("routing.selectors.SPARE_HEADS", (2, 4))
    queue, group = queue_with_group(ours)
    other = factories.QueueFactory(project=ours)
    factories.GroupRoutingFactory(project=ours, queue=other, group=group, primary_group=Tier.PRIMARY)
    agent = agent_in(group)
    many_waiting(queue, 10, tried={str(agent.pk): {"times": 1, "until": ago(-5).isoformat()}})
    entry = waiting_in(other, waited_s=0)
    assert pairs(ours) == [(entry.pk, agent.pk)]


def test_a_long_line_does_not_keep_the_backup_agents_for_whom_none_of_its_calls_has_waited_long_enough(ours):
    queue, group = queue_with_group(ours)
    crowded, _ = queue_with_group(ours, route_to_backup_groups_after=600)
    factories.GroupRoutingFactory(project=ours, queue=crowded, group=group, primary_group=Tier.BACKUP)
    agent = agent_in(group)
    many_waiting(crowded, 100, priority=1)
    entry = waiting_in(queue, waited_s=0)

    with CaptureQueriesContext(connection) as queries:
        asked = question_for(ours.pk, NOW)

    (only,) = match(asked).matches
    assert (only.entry, only.agent, len(queries)) == (entry.pk, agent.pk, 3)
    assert {each.rule for each in only.overtook} == {PassedOver.BACKUP_NOT_OPEN}

    patient = waiting_in(crowded, waited_s=601)
    assert pairs(ours) == [(patient.pk, agent.pk)]


def test_later_calls_of_another_queue_do_not_take_agents_before_the_rest_of_a_long_line(ours):
    queue, group = queue_with_group(ours)
    other = factories.QueueFactory(project=ours)
    factories.GroupRoutingFactory(project=ours, queue=other, group=group, primary_group=Tier.PRIMARY)
    many_waiting(queue, 60)
    for _ in range(62):
        agent_in(group)
    late = waiting_in(other, waited_s=0)

    served: list[int] = []
    while (asked := question_for(ours.pk, NOW)) and (matches := match(asked).matches):
        served += [each.entry for each in matches]
        QueueEntry.objects.filter(pk__in=[each.entry for each in matches]).update(state="offered")
        for each in matches:
            Agent.objects.get(pk=each.agent).delete()

    assert len(served) == 61
    assert served[-1] == late.pk


# ── What a call waits for ────────────────────────────────────────────────────────────────────────────────────────────
def test_a_waiting_call_counts_who_is_kept_from_it_and_who_is_ahead(ours):
    queue, group = queue_with_group(ours)
    agent_in(group, idle_s=None)
    waiting_in(queue, waited_s=99)
    waiting_in(queue, waited_s=1, priority=1)
    waiting_in(queue, waited_s=1)
    entry = waiting_in(queue)

    waits = waits_of(entry, NOW)

    assert (waits.reason, waits.ahead) == (WaitsFor.AGENT, 2)
    assert [(each.rule, each.agents) for each in waits.kept] == [(Rule.MANUAL_STATUS, 1)]


def test_an_agent_who_goes_to_an_earlier_call_is_not_promised_to_a_later_one(ours):
    queue, group = queue_with_group(ours)
    agent_in(group)
    first, second = waiting_in(queue, waited_s=9), waiting_in(queue, waited_s=8)
    assert waits_of(first, NOW).reason is WaitsFor.OFFER
    assert [each.rule for each in waits_of(second, NOW).kept] == [PassedOver.RESERVED_FOR_EARLIER_CALL]


def test_a_call_that_does_not_wait_waits_for_nothing(ours):
    queue, _group = queue_with_group(ours)
    assert waits_of(waiting_in(queue, state="offered"), NOW) is None


def test_what_a_call_of_a_list_waits_for_are_those_on_it(ours):
    queue = factories.QueueFactory(project=ours, get_list_agents_url="https://example.com/agents")
    lunch = agent_in(factories.GroupFactory(project=ours), idle_s=None)
    entry = waiting_in(queue, listed=[list_line(lunch)])
    waits = waits_of(entry, NOW)
    assert [(each.rule, each.agents) for each in waits.kept] == [(Rule.MANUAL_STATUS, 1)]
    assert waits_of(waiting_in(queue), NOW).reason is WaitsFor.LIST


def test_the_place_in_line_is_the_order_of_dispatch(ours):
    queue, _group = queue_with_group(ours)
    entries = [
        waiting_in(queue, waited_s=waited, priority=priority) for waited, priority in ((5, 0), (9, 0), (5, 0), (1, 2))
    ]
    assert [calls_ahead_of(entry) for entry in entries] == [2, 1, 3, 0]
