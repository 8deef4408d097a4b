"""Presence: what devices come and go, and on what agents can be reached."""

from __future__ import annotations

import datetime as dt

import pytest

from agents import devices, selectors, services
from agents.models import Agent, Device, DeviceKind, GroupMembership
from common import clock
from tests import factories

WEB, PUSH, SIP = DeviceKind.WEB, DeviceKind.PUSH, DeviceKind.SIP


@pytest.fixture
def now():
    return clock.now()


@pytest.fixture
def lan(ours):
    agent = factories.AgentFactory(project=ours, stringee_user_id="lan", manual_status="AVAILABLE")
    factories.GroupMembershipFactory(project=ours, agent=agent, group=factories.GroupFactory(project=ours))
    return agent


def presence(agent):
    row = Agent.objects.get(pk=agent.pk)
    return row.device_status, row.online_status, row.reach, row.free_since is not None


def test_a_page_that_connects_makes_an_agent_free(ours, lan, now):
    assert presence(lan) == (0, 0, 0, False)

    assert devices.device_up(ours.pk, "lan", WEB, "c1", now, node="engine-1") == {ours.pk}

    assert presence(lan) == (1, 1, 1, True)
    assert GroupMembership.objects.values_list("reach", "free_since").get() == (1, now)
    assert devices.device_up(ours.pk, "lan", WEB, "c1", now, node="engine-1") == frozenset()
    assert Device.objects.count() == 1


def test_the_last_of_several_connections_counts(ours, lan, now):
    for device in ("c1", "c2"):
        devices.device_up(ours.pk, "lan", WEB, device, now)

    devices.device_down(ours.pk, WEB, "c1", now)
    assert presence(lan) == (1, 1, 1, True)
    devices.device_down(ours.pk, WEB, "c2", now)
    assert presence(lan) == (0, 0, 0, False)
    assert devices.device_down(ours.pk, WEB, "c2", now) == frozenset()


def test_a_push_token_reaches_without_a_connection_and_a_sip_phone_is_not_online(ours, lan, now):
    devices.register_push_token(ours.pk, "lan", "token" * 100, now)
    assert presence(lan) == (2, 1, 2, True)

    devices.device_up(ours.pk, "lan", SIP, "desk", now)
    devices.unregister_push_token(ours.pk, "token" * 100, now)
    assert presence(lan) == (4, 0, 4, True)


def test_a_second_way_rings_because_other_queues_may_call_now(ours, lan, now):
    devices.device_up(ours.pk, "lan", SIP, "desk", now)
    assert devices.device_up(ours.pk, "lan", WEB, "c1", now) == {ours.pk}


def test_an_app_that_another_user_signs_in_to_is_his(ours, lan, agent_1, now):
    devices.register_push_token(ours.pk, "lan", "token", now)
    devices.register_push_token(ours.pk, "agent_1", "token", now)
    assert (presence(lan)[0], presence(agent_1)[0]) == (0, 2)


def test_registrations_that_are_not_renewed_are_forgotten(ours, lan, now):
    later = now + dt.timedelta(seconds=60)
    devices.device_up(ours.pk, "lan", SIP, "desk", now, expires_at=later)
    devices.forget_expired_devices(later - dt.timedelta(seconds=1))
    assert presence(lan)[0] == 4

    devices.device_up(ours.pk, "lan", SIP, "desk", now, expires_at=later + dt.timedelta(seconds=60))
    devices.forget_expired_devices(later)
    assert presence(lan)[0] == 4

    devices.forget_expired_devices(later + dt.timedelta(seconds=60))
    assert presence(lan)[0] == 0


def test_an_engine_that_is_gone_takes_its_devices_along(ours, theirs, lan, now):
    foreign = factories.AgentFactory(project=theirs, stringee_user_id="lan", manual_status="AVAILABLE")
    devices.device_up(ours.pk, "lan", WEB, "c1", now, node="engine-1")
    devices.device_up(theirs.pk, "lan", WEB, "c1", now, node="engine-1")
    devices.device_up(ours.pk, "lan", WEB, "c2", now, node="engine-2")
    devices.register_push_token(theirs.pk, "lan", "token", now)

    devices.devices_of_node_down("engine-1", now)

    assert presence(lan)[0] == 1
    assert presence(foreign)[0] == 2


def test_a_device_that_has_moved_to_another_engine_stays(ours, lan, now):
    devices.device_up(ours.pk, "lan", WEB, "c1", now, node="engine-1")
    devices.device_up(ours.pk, "lan", WEB, "c1", now, node="engine-2")
    devices.device_down(ours.pk, WEB, "c1", now, node="engine-1")
    assert presence(lan)[0] == 1


def test_devices_of_a_project_are_nothing_to_another(ours, theirs, lan, now):
    assert devices.device_up(theirs.pk, "lan", WEB, "c1", now) == frozenset()
    assert presence(lan) == (0, 0, 0, False)
    devices.device_down(ours.pk, WEB, "c1", now)
    assert Device.objects.count() == 1


def test_an_agent_finds_the_devices_that_were_there_before_him(ours, now):
    devices.device_up(ours.pk, "minh", WEB, "c1", now)
    agent = factories.AgentFactory(project=ours, stringee_user_id="minh")
    assert presence(agent)[0] == 1


def test_a_new_user_id_has_other_devices(ours, lan, now):
    devices.device_up(ours.pk, "minh", SIP, "desk", now)
    devices.device_up(ours.pk, "lan", WEB, "c1", now)
    lan.stringee_user_id = "minh"
    services.save_agent(lan)
    assert presence(lan) == (4, 0, 4, True)


def test_signed_in_is_who_can_be_reached_whatever_he_does(ours, lan, now):
    groups = list(lan.groups.values_list("pk", flat=True))
    assert not selectors.anybody_signed_in(groups)

    devices.device_up(ours.pk, "lan", WEB, "c1", now)
    Agent.objects.filter(pk=lan.pk).update(manual_status="LUNCH BREAK", free_since=None)
    assert selectors.anybody_signed_in(groups)
    assert not selectors.anybody_signed_in([])


def test_users_online_are_the_connected_ones_page_by_page(ours, theirs, now):
    earlier = now - dt.timedelta(hours=1)
    devices.device_up(ours.pk, "lan", WEB, "c1", now)
    devices.device_up(ours.pk, "lan", SIP, "desk", earlier)
    devices.device_up(ours.pk, "caller", WEB, "c2", now)
    devices.register_push_token(ours.pk, "asleep", "token", now)
    devices.device_up(theirs.pk, "foreign", WEB, "c3", now)

    count, users = selectors.users_online(ours.pk, 0, 10)
    assert (count, [(user.user_id, user.since) for user in users]) == (2, [("caller", now), ("lan", earlier)])
    assert [user.user_id for user in selectors.users_online(ours.pk, 1, 1)[1]] == ["lan"]
    assert selectors.users_online(ours.pk, 0, 10, "nobody") == (0, [])


def test_a_page_that_connects_costs_the_same_for_any_number_of_devices(ours, lan, now, django_assert_num_queries):
    for each in range(5):
        devices.device_up(ours.pk, "lan", WEB, f"c{each}", now)
    with django_assert_num_queries(4):  # who had it, device, agent, devices
        devices.device_up(ours.pk, "lan", WEB, "c9", now)
