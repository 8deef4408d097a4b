"""Who is online, push tokens, and wrap-up on request."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents import activity, devices
from agents.models import Agent, Device, DeviceKind
from api.tests.calls_cast import online
from api.tests.samples import everything
from common import clock
from common.clock import epoch_ms

pytestmark = pytest.mark.django_db


def attribute(name: str, value: str) -> dict[str, str]:
    return {"attribute": name, "value": value}


@pytest.fixture
def people(ours, theirs, agent_1, agent_2):
    """agent_1 has a page, a visitor has one, agent_2's app can be woken only; theirs has a page."""
    online(agent_1)
    now = clock.now()
    devices.device_up(ours.pk, "visitor", DeviceKind.WEB, "v", now)
    devices.register_push_token(ours.pk, "agent_2", "token", now)
    devices.device_up(theirs.pk, "theirs", DeviceKind.WEB, "t", now)


def test_users_who_are_connected_are_shown_without_an_envelope(api, people):
    since = epoch_ms(Device.objects.get(user_id="agent_1").connected_at)
    visitor = epoch_ms(Device.objects.get(user_id="visitor").connected_at)
    is_online = attribute("onlineStatus", "online")
    assert api.get("/v1/users") == {
        "count": 2,
        "pageSize": 100,
        "users": [
            {
                "userId": "agent_1",
                "loginTime": since,
                "attributes": [is_online, attribute("manual_status", "AVAILABLE"), attribute("system_status", "1")],
            },
            {"userId": "visitor", "loginTime": visitor, "attributes": [is_online]},
        ],
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("userId=visitor", ["visitor"]),
        ("userId=theirs", []),
        ("manual_status=AVAILABLE", ["agent_1"]),
        ("manual_status=available", []),
        ("system_status=1", ["agent_1"]),
        ("system_status=0", []),
        ("system_status=free", []),
        ("onlineStatus=online", ["agent_1", "visitor"]),
        ("onlineStatus=offline", []),
        ("agentStatus=available", []),
        ("_=1718000000", ["agent_1", "visitor"]),
        ("limit=1&page=2", ["visitor"]),
        ("limit=1000", ["agent_1", "visitor"]),
    ],
)
def test_users_are_filtered_by_their_attributes(query, found, api, people):
    assert [user["userId"] for user in api.get(f"/v1/users?{query}")["users"]] == found


def test_one_attribute_is_shown_when_one_is_asked_for(api, people):
    users = api.get("/v1/users?attribute=manual_status")["users"]
    assert [user["attributes"] for user in users] == [[attribute("manual_status", "AVAILABLE")], []]


def test_odd_pages_are_refused(api):
    assert api.get("/v1/users?page=0")["r"] == 1


def test_the_list_costs_the_same_however_many_are_there(api, ours, people):
    for number in range(20):
        devices.device_up(ours.pk, f"u{number}", DeviceKind.WEB, f"u{number}", clock.now())
    with CaptureQueriesContext(connection) as queries:
        assert api.get("/v1/users")["count"] == 22
    assert len(queries) == 4  # the key, how many, who, their agents


def test_a_push_token_makes_an_agent_reachable_until_it_is_taken_back(api, ours, agent_1):
    agent_1.manual_status = "AVAILABLE"
    agent_1.save()
    for _ in range(2):
        assert api.post("/v1/pushtoken", {"userId": "agent_1", "deviceToken": "abc", "os": "ios"})["r"] == 0
    agent_1.refresh_from_db()
    assert (agent_1.device_status, agent_1.online_status, agent_1.free_since is not None) == (2, 1, True)
    for _ in range(2):
        assert api.delete("/v1/pushtoken", {"deviceToken": "abc"})["r"] == 0
    agent_1.refresh_from_db()
    assert (agent_1.device_status, agent_1.free_since) == (0, None)


def test_their_push_token_stays(api, theirs, agent_1):
    devices.register_push_token(theirs.pk, "agent_1", "abc", clock.now())
    before = everything()
    assert api.delete("/v1/pushtoken", {"deviceToken": "abc"})["r"] == 0
    assert everything() == before


def test_wrap_up_is_extended_once_and_ended(api, agent_1):
    online(agent_1)
    now = clock.now()
    activity.reserve([agent_1.pk], "call-1", now)
    activity.answered(agent_1.pk, "call-1", now)
    activity.released(agent_1.pk, "call-1", now, wrap_up_s=30)
    path = f"/v1/agent-wrapup/{agent_1.public_id}"

    assert [api.post(path, {"action": "extend"})["r"] for _ in range(2)] == [0, 22]
    assert Agent.objects.get(pk=agent_1.pk).wrap_up_until == now + dt.timedelta(seconds=60)
    assert [api.post(path, {"action": "end"})["r"] for _ in range(2)] == [0, 22]
    assert Agent.objects.get(pk=agent_1.pk).activity == "idle"
