"""What services store about agents: rows, seats, transitions, and where dispatch should look."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from agents import activity, domain, services
from agents.domain import Activity, AgentEvent, Unanswered
from agents.models import Agent, GroupMembership
from calls.models import Transition
from common import clock
from tests import factories

CALL = "call-1"


@pytest.fixture
def now():
    return clock.now()


@pytest.fixture
def free_agent(ours):
    """An agent who can be rung on the own phone, in two groups."""
    agent = factories.FreeAgentFactory(project=ours, name="Free")
    for _ in range(2):
        factories.GroupMembershipFactory(project=ours, agent=agent, group=factories.GroupFactory(project=ours))
    return agent


def stored(agent):
    return Agent.objects.get(pk=agent.pk)


def seats(agent):
    return set(GroupMembership.objects.filter(agent=agent).values_list("reach", "free_since"))


def told(agent):
    rows = Transition.objects.filter(subject="agent", subject_id=str(agent.pk)).order_by("pk")
    return [(row.event, row.before, row.after, row.details) for row in rows]


def talking(agent, now):
    activity.reserve([agent.pk], CALL, now)
    assert activity.answered(agent.pk, CALL, now)
    return agent


# ── Offers ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_agent_is_free_from_his_first_moment_and_so_are_his_seats(free_agent):
    agent = stored(free_agent)
    assert (agent.reach, agent.activity) == (8, "idle")
    assert agent.free_since is not None
    assert seats(agent) == {(8, agent.free_since)}


def test_reserving_stores_what_the_rule_says(free_agent, now):
    before = stored(free_agent).state()

    assert activity.reserve([free_agent.pk], CALL, now) == {free_agent.pk}

    assert stored(free_agent).state() == domain.offered(before, CALL, now)
    assert seats(free_agent) == {(8, None)}
    assert told(free_agent) == [(AgentEvent.OFFERED, "idle", "offered", {"call": CALL})]


def test_who_is_not_free_is_not_reserved(ours, theirs, free_agent, agent_1, now):
    assert activity.reserve([free_agent.pk, agent_1.pk, 0], CALL, now) == {free_agent.pk}
    assert activity.reserve([free_agent.pk, agent_1.pk], "call-2", now) == set()
    assert activity.reserve([], CALL, now) == set()
    assert stored(free_agent).call_ref == CALL
    assert told(agent_1) == []


def test_who_is_rung_elsewhere_needs_no_device_but_must_not_be_kept_away(ours, agent_1, agent_2, now):
    for agent, status in ((agent_1, "AVAILABLE"), (agent_2, "LUNCH")):
        agent.manual_status = status
        agent.save()
    calls = {agent_1.pk: CALL, agent_2.pk: "call-2"}
    before = stored(agent_1).state()

    assert activity.reserve_each(calls, now) == set()
    assert activity.reserve_each(calls, now, rung_elsewhere=list(calls)) == {agent_1.pk}

    assert stored(agent_1).state() == domain.offered(before, CALL, now, rung_elsewhere=True)
    assert domain.offered(stored(agent_2).state(), "call-2", now, rung_elsewhere=True) is None


def test_several_agents_are_reserved_for_a_call_each(ours, free_agent, now):
    other = factories.FreeAgentFactory(project=ours)

    won = activity.reserve_each({free_agent.pk: "call-1", other.pk: "call-2"}, now)

    assert won == {free_agent.pk, other.pk}
    assert (stored(free_agent).call_ref, stored(other).call_ref) == ("call-1", "call-2")


@pytest.mark.parametrize("count", [1, 20])
def test_reserving_costs_three_queries_for_any_number(ours, now, count, django_assert_num_queries):
    agents = [factories.FreeAgentFactory(project=ours) for _ in range(count)]
    with django_assert_num_queries(3):
        assert len(activity.reserve([agent.pk for agent in agents], CALL, now)) == count


def test_a_missed_offer_pauses_and_the_sweep_ends_the_pause(ours, free_agent, now):
    activity.reserve([free_agent.pk], CALL, now)

    moved = activity.offer_missed(free_agent.pk, CALL, Unanswered.NO_ANSWER, now)

    assert (moved.won, moved.rings) == (True, frozenset())
    end = now + dt.timedelta(seconds=2)
    assert (stored(free_agent).paused_until, stored(free_agent).missed_in_a_row) == (end, 1)
    assert told(free_agent)[-1] == ("offer_ended", "offered", "idle", {"call": CALL, "outcome": "no_answer"})

    assert activity.end_due_pauses(end - dt.timedelta(milliseconds=1), 10) == frozenset()
    assert activity.end_due_pauses(end, 10) == {ours.pk}
    assert activity.end_due_pauses(end, 10) == frozenset()
    assert seats(free_agent) == {(8, end)}
    assert told(free_agent)[-1] == ("pause_ended", "idle", "idle", {})


def test_an_offer_is_missed_once(free_agent, now):
    activity.reserve([free_agent.pk], CALL, now)
    assert activity.offer_missed(free_agent.pk, CALL, Unanswered.NO_ANSWER, now)
    assert not activity.offer_missed(free_agent.pk, CALL, Unanswered.NO_ANSWER, now)
    assert not activity.answered(free_agent.pk, CALL, now)
    assert stored(free_agent).missed_in_a_row == 1
    assert len(told(free_agent)) == 2


def test_after_the_projects_limit_of_missed_offers_an_agent_is_set_aside_until_somebody_returns_him(
    ours, free_agent, now
):
    ours.call_settings.missed_calls_limit = 2
    ours.call_settings.save()
    for _ in range(2):
        now += dt.timedelta(minutes=1)
        activity.end_due_pauses(now, 10)
        assert activity.reserve([free_agent.pk], CALL, now)
        activity.offer_missed(free_agent.pk, CALL, Unanswered.UNREACHABLE, now)

    assert stored(free_agent).set_aside_at == now
    assert told(free_agent)[-1][3] == {"call": CALL, "outcome": "unreachable", "set_aside": True}
    assert activity.end_due_pauses(now + dt.timedelta(hours=1), 10) == frozenset()
    assert activity.reserve([free_agent.pk], CALL, now) == set()

    assert activity.return_agent(free_agent.pk, now, by="supervisor").rings == {ours.pk}
    assert not activity.return_agent(free_agent.pk, now, by="supervisor")
    agent = stored(free_agent)
    assert (agent.set_aside_at, agent.missed_in_a_row, agent.free_since) == (None, 0, now)
    assert told(free_agent)[-1] == ("returned", "idle", "idle", {"by": "supervisor"})


def test_a_withdrawn_offer_gives_the_place_back(ours, free_agent, now):
    since = stored(free_agent).free_since
    activity.reserve([free_agent.pk], CALL, now)
    assert activity.offer_missed(free_agent.pk, CALL, Unanswered.WITHDRAWN, now).rings == {ours.pk}
    assert seats(free_agent) == {(8, since)}


# ── Calls and wrap-up ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_call_and_its_wrap_up(ours, free_agent, now):
    talking(free_agent, now)
    assert (stored(free_agent).system_status, stored(free_agent).last_time_pickup) == (0, now)

    assert activity.released(free_agent.pk, CALL, now, wrap_up_s=10).rings == frozenset()
    assert stored(free_agent).system_status == 2

    end = now + dt.timedelta(seconds=10)
    assert activity.end_due_wrap_ups(end - dt.timedelta(milliseconds=1), 10) == frozenset()
    assert activity.end_due_wrap_ups(end, 10) == {ours.pk}
    agent = stored(free_agent)
    assert (agent.system_status, agent.free_since, agent.last_time_support_call_ended) == (1, end, now)
    assert seats(agent) == {(8, end)}
    assert [row[:3] for row in told(agent)] == [
        ("offered", "idle", "offered"),
        ("answered", "offered", "on_call"),
        ("wrap_up_started", "on_call", "wrap_up"),
        ("wrap_up_ended", "wrap_up", "idle"),
    ]


def test_a_call_without_wrap_up_frees_at_once_and_only_once(ours, free_agent, now):
    talking(free_agent, now)
    assert activity.released(free_agent.pk, CALL, now).rings == {ours.pk}

    activity.reserve([free_agent.pk], "call-2", now)
    activity.answered(free_agent.pk, "call-2", now)
    assert not activity.released(free_agent.pk, CALL, now), "late word of the first call does not end the second"
    assert stored(free_agent).activity == Activity.ON_CALL


def test_releasing_costs_four_queries(free_agent, now, django_assert_num_queries):
    talking(free_agent, now)
    with django_assert_num_queries(4):  # lock, store, seats, transition
        activity.released(free_agent.pk, CALL, now)


def test_answering_costs_three_queries(free_agent, now, django_assert_num_queries):
    activity.reserve([free_agent.pk], CALL, now)
    with django_assert_num_queries(3):  # lock, store, transition
        activity.answered(free_agent.pk, CALL, now)


def test_wrap_up_is_extended_once_and_ended_early(ours, free_agent, now):
    talking(free_agent, now)
    assert not activity.extend_wrap_up(free_agent.pk, now)
    activity.released(free_agent.pk, CALL, now, wrap_up_s=10)

    assert activity.extend_wrap_up(free_agent.pk, now)
    assert not activity.extend_wrap_up(free_agent.pk, now)
    assert stored(free_agent).wrap_up_until == now + dt.timedelta(seconds=20)
    assert activity.end_due_wrap_ups(now + dt.timedelta(seconds=19), 10) == frozenset()

    assert activity.end_wrap_up(free_agent.pk, now, by="lan").rings == {ours.pk}
    assert not activity.end_wrap_up(free_agent.pk, now, by="lan")
    assert told(free_agent)[-1] == ("wrap_up_ended", "wrap_up", "idle", {"by": "lan"})


def test_an_agent_in_wrap_up_may_call_out(free_agent, now):
    talking(free_agent, now)
    assert not activity.called_out(free_agent.pk, "call-2", now)
    activity.released(free_agent.pk, CALL, now, wrap_up_s=10)

    assert activity.called_out(free_agent.pk, "call-2", now)
    assert activity.end_due_wrap_ups(now + dt.timedelta(hours=1), 10) == frozenset()
    assert (stored(free_agent).activity, stored(free_agent).call_ref) == (Activity.ON_CALL, "call-2")


def test_the_sweep_ends_no_more_than_it_is_told(ours, now):
    for _ in range(3):
        agent = factories.FreeAgentFactory(project=ours)
        talking(agent, now)
        activity.released(agent.pk, CALL, now, wrap_up_s=1)
    activity.end_due_wrap_ups(now + dt.timedelta(seconds=1), 2)
    assert Agent.objects.filter(activity=Activity.WRAP_UP).count() == 1


def test_an_agent_who_is_stuck_is_forced_idle(ours, free_agent, now):
    assert not activity.force_idle(free_agent.pk, now, "nothing holds him")
    talking(free_agent, now)
    assert activity.force_idle(free_agent.pk, now, "call is gone").rings == {ours.pk}
    assert told(free_agent)[-1] == ("forced_idle", "on_call", "idle", {"call": CALL, "reason": "call is gone"})


def test_an_agent_who_was_deleted_meanwhile_is_nobodys_error(free_agent, now):
    key = free_agent.pk
    activity.reserve([key], CALL, now)
    services.delete_agent(free_agent)
    assert not activity.answered(key, CALL, now)
    assert not activity.set_manual_status(key, "AVAILABLE", now)


# ── Statuses that people and programs set ────────────────────────────────────────────────────────────────────────────


def test_a_manual_status_takes_effect_at_once(ours, free_agent, now):
    assert activity.set_manual_status(free_agent.pk, "LUNCH BREAK", now).rings == frozenset()
    assert seats(free_agent) == {(8, None)}
    assert not activity.set_manual_status(free_agent.pk, "LUNCH BREAK", now)

    assert activity.set_manual_status(free_agent.pk, "AVAILABLE", now).rings == {ours.pk}
    assert seats(free_agent) == {(8, now)}
    assert [row[0] for row in told(free_agent)] == ["manual_status", "manual_status"]


def test_an_old_copy_that_is_saved_does_not_undo_what_calls_did(free_agent, now):
    old_copy = stored(free_agent)
    talking(free_agent, now)

    old_copy.name = "Renamed"
    old_copy.save()

    agent = stored(free_agent)
    assert (agent.name, agent.activity, agent.call_ref, agent.system_status) == ("Renamed", "on_call", CALL, 0)
    assert old_copy.activity == "on_call"


def test_a_saved_setting_that_keeps_calls_away_is_in_the_seats(free_agent):
    agent = stored(free_agent)
    agent.routing_type = 1
    agent.save()
    assert seats(agent) == {(0, None)}
    assert stored(agent).free_since is None


def test_some_columns_alone_are_saved(free_agent):
    agent = stored(free_agent)
    agent.name, agent.manual_status = "Renamed", "LUNCH BREAK"
    agent.save(update_fields=["manual_status"])
    assert (stored(agent).name, stored(agent).manual_status, stored(agent).free_since) == ("Free", "LUNCH BREAK", None)


def test_available_that_a_form_saves_returns_who_was_set_aside(free_agent, now):
    Agent.objects.filter(pk=free_agent.pk).update(manual_status="LUNCH BREAK", set_aside_at=now, free_since=None)
    agent = stored(free_agent)
    agent.manual_status = "AVAILABLE"
    services.save_agent(agent)
    assert stored(agent).set_aside_at is None
    assert stored(agent).free_since is not None
    assert told(agent) == [("manual_status", "idle", "idle", {"status": "AVAILABLE"})]


def test_a_new_seat_is_a_copy_of_the_agents_state(ours, free_agent, now):
    group = factories.GroupFactory(project=ours)
    services.add_to_group(free_agent, group)
    assert seats(free_agent) == {(8, stored(free_agent).free_since)}


def test_the_database_refuses_a_free_agent_who_is_not(free_agent):
    with pytest.raises(IntegrityError, match="agent_free_means_free"), transaction.atomic():
        Agent.objects.filter(pk=free_agent.pk).update(manual_status="LUNCH BREAK")
    with pytest.raises(IntegrityError, match="agent_free_means_free"), transaction.atomic():
        Agent.objects.filter(pk=free_agent.pk).update(free_since=None)
    with pytest.raises(IntegrityError, match="agent_occupied_by_a_call"), transaction.atomic():
        Agent.objects.filter(pk=free_agent.pk).update(call_ref=CALL)
