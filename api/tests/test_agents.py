"""/v1/agent, /v1/group, /v1/manage-agents-in-group."""

from __future__ import annotations

import datetime as dt

import pytest

from agents import activity
from agents.models import Agent, Group, GroupMembership, SipAccount
from api.tests.samples import everything
from calls.models import Transition
from common import clock
from tests import factories


def test_an_agent_is_created_and_listed_to_the_letter(api, ours):
    created = api.post("/v1/agent", {"name": "Lan (desk 3)", "stringee_user_id": "lan"})
    agent = Agent.objects.get()
    assert created == {
        "r": 0,
        "project": ours.pk,
        "message": "Create agent success",
        "msg": "Create agent success",
        "agentID": agent.public_id,
    }
    assert api.get("/v1/agent") == {
        "r": 0,
        "project": ours.pk,
        "message": "Load agent(s) success",
        "msg": "Load agent(s) success",
        "data": {
            "totalAgents": "1",
            "totalCount": "1",
            "totalPages": 1,
            "currentPage": 1,
            "limit": 50,
            "agents": [
                {
                    "id": agent.public_id,
                    "account": ours.account_id,
                    "project": ours.pk,
                    "name": "Lan (desk 3)",
                    "stringee_user_id": "lan",
                    "manual_status": None,
                    "system_status": 1,
                    "webhook_status": 1,
                    "device_status": 0,
                    "online_status": 0,
                    "last_time_pickup": 0,
                    "last_time_support_call_ended": 0,
                    "routing_type": 1,
                    "phone_number": None,
                    "allow_out_of_business_hour_callout": 0,
                    "groups": [],
                }
            ],
        },
    }


def test_an_empty_list_has_its_keys(api):
    assert api.get("/v1/agent")["data"] == {
        "totalAgents": "0",
        "totalCount": "0",
        "totalPages": 0,
        "currentPage": 1,
        "limit": 50,
        "agents": [],
    }


def test_an_agent_shows_state_times_and_groups(api, ours, agent_1):
    agent_1.manual_status, agent_1.system_status, agent_1.device_status = "AVAILABLE", 0, 1
    agent_1.last_time_pickup = dt.datetime(2024, 6, 10, 6, 15, 0, 250_000, tzinfo=dt.UTC)
    agent_1.routing_type, agent_1.phone_number = 2, "+84 90 0000011"
    settings = ["manual_status", "routing_type", "phone_number"]
    agent_1.save(update_fields=[*settings, "system_status", "device_status", "last_time_pickup"])
    groups = [factories.GroupFactory(project=ours) for _ in range(2)]
    for group in groups:
        factories.GroupMembershipFactory(project=ours, group=group, agent=agent_1)
    row = api.get(f"/v1/agent/{agent_1.public_id}")["data"]
    assert row["manual_status"] == "AVAILABLE"
    assert (row["system_status"], row["device_status"], row["online_status"]) == (0, 1, 1)
    assert row["last_time_pickup"] == 1718000100250
    assert row["phone_number"] == "+84 90 0000011"
    assert row["groups"] == [{"group_id": group.public_id} for group in groups]
    assert api.get("/v1/agent")["data"]["agents"] == [row]


def test_agents_are_found_by_what_clients_ask_for(api, ours, agent_1, agent_2):
    agent_1.manual_status = "LUNCH BREAK"
    agent_1.save()

    def found(query: str) -> list[str]:
        return [row["stringee_user_id"] for row in api.get(f"/v1/agent/?{query}")["data"]["agents"]]

    assert found("stringee_user_id=agent_1") == ["agent_1"]
    assert found("stringee_user_id=agent_") == []
    assert found("stringee_user_id=AGENT_1") == []
    assert found("stringee_user_id=") == ["agent_1", "agent_2"]
    assert found(f"id={agent_2.public_id}") == ["agent_2"]
    assert found("manual_status=LUNCH%20BREAK") == ["agent_1"]
    assert found("routing_type=2") == []
    assert found("page=2&limit=1") == ["agent_2"]
    assert found("cache_buster=1718000000&access_token=x&unknown[]=1") == ["agent_1", "agent_2"]


def test_a_user_id_has_one_agent(api, ours, agent_1):
    before = everything()
    answer = api.post("/v1/agent", {"name": "Second", "stringee_user_id": "agent_1"})
    assert answer == {
        "r": 2,
        "project": ours.pk,
        "message": "An agent has this user ID already.",
        "msg": "An agent has this user ID already.",
        "agentID": agent_1.public_id,
    }
    assert everything() == before


def test_the_same_user_id_in_two_projects_is_two_agents(api, their_api):
    body = {"name": "Lan", "stringee_user_id": "lan"}
    assert api.post("/v1/agent", body)["r"] == their_api.post("/v1/agent", body)["r"] == 0


def test_an_agent_on_an_own_phone_needs_its_number(api, agent_1):
    before = everything()
    for body in ({"routing_type": 2}, {"routing_type": "2", "phone_number": ""}):
        answer = api.put(f"/v1/agent/{agent_1.public_id}", body)
        assert (answer["r"], answer["message"]) == (1, "phone_number is required when routing_type is 2.")
    assert everything() == before

    assert api.put(f"/v1/agent/{agent_1.public_id}", {"phone_number": 84900000011})["r"] == 0
    assert api.put(f"/v1/agent/{agent_1.public_id}", {"routing_type": "2"})["r"] == 0
    answer = api.put(f"/v1/agent/{agent_1.public_id}", {"phone_number": None})
    assert (answer["r"], answer["message"]) == (1, "phone_number is required when routing_type is 2.")
    agent_1.refresh_from_db()
    assert (agent_1.routing_type, agent_1.phone_number) == (2, "84900000011")


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ({"name": "Minh"}, {"name": "Minh"}),
        ({"manual_status": "NOT AVAILABLE"}, {"manual_status": "NOT AVAILABLE"}),
        ({"manual_status": None}, {"manual_status": None}),
        ({"manual_status": ""}, {"manual_status": None}),
        ({"system_status": "0"}, {"system_status": 0}),
        ({"system_status": 2, "webhook_status": "2"}, {"system_status": 2, "webhook_status": 2}),
        ({"allow_out_of_business_hour_callout": "true"}, {"allow_out_of_business_hour_callout": True}),
        ({"allow_out_of_business_hour_callout": "0"}, {"allow_out_of_business_hour_callout": False}),
        ({"routing_type": None}, {"routing_type": 1}),
        ({"unknown": {"deep": [1]}}, {}),
        ({}, {}),
    ],
)
def test_an_update_changes_what_was_sent(sent, stored, api, agent_1):
    agent_1.manual_status = "AVAILABLE"
    agent_1.save()
    before = Agent.objects.values().get()
    answer = api.put(f"/v1/agent/{agent_1.public_id}", sent)
    assert (answer["r"], answer["message"]) == (0, "Update agent success")
    assert "agentID" not in answer
    after = Agent.objects.values().get()
    assert {**after, "updated_at": None} == {**before, **stored, "updated_at": None}


def test_a_program_that_says_available_returns_an_agent_who_was_set_aside(api, ours, agent_1):
    agent_1.manual_status = "AVAILABLE"
    agent_1.save()
    Agent.objects.filter(pk=agent_1.pk).update(missed_in_a_row=3, set_aside_at=clock.now())

    api.put(f"/v1/agent/{agent_1.public_id}", {"name": "Lan"})
    agent_1.refresh_from_db()
    assert agent_1.set_aside_at is not None

    assert api.put(f"/v1/agent/{agent_1.public_id}", {"manual_status": "AVAILABLE"})["r"] == 0
    agent_1.refresh_from_db()
    assert (agent_1.set_aside_at, agent_1.missed_in_a_row) == (None, 0)
    told = Transition.objects.filter(subject="agent", subject_id=str(agent_1.pk), event="returned")
    assert [row.details["by"].startswith("API key ") for row in told] == [True]


def test_states_are_not_taken_from_a_create(api):
    api.post("/v1/agent", {"name": "Lan", "stringee_user_id": "lan", "system_status": 0, "webhook_status": 2})
    assert Agent.objects.values_list("system_status", "webhook_status").get() == (1, 1)


def test_sip_accounts_follow_their_agent_to_another_user_id(api, ours, agent_1):
    account = factories.SipAccountFactory(project=ours, user_name="agent_1", stringee_user_id="agent_1")
    api.put(f"/v1/agent/{agent_1.public_id}", {"stringee_user_id": "lan"})
    account.refresh_from_db()
    assert (account.user_name, account.stringee_user_id) == ("agent_1", "lan")


def test_deleting_an_agent_takes_memberships_and_sip_accounts_along(api, ours, agent_1, agent_2):
    group = factories.GroupFactory(project=ours)
    for agent in (agent_1, agent_2):
        factories.GroupMembershipFactory(project=ours, group=group, agent=agent)
        factories.SipAccountFactory(project=ours, stringee_user_id=agent.stringee_user_id)
    answer = api.delete(f"/v1/agent/{agent_1.public_id}/", {})
    assert (answer["r"], answer["message"]) == (0, "Delete agent success")
    assert list(Agent.objects.all()) == [agent_2]
    assert GroupMembership.objects.get().agent == agent_2
    assert SipAccount.objects.get().stringee_user_id == "agent_2"
    assert api.delete(f"/v1/agent/{agent_1.public_id}")["r"] == 3


def test_groups(api, ours, agent_1, agent_2):
    created = api.post("/v1/group/", {"name": "Bán hàng"})
    group = Group.objects.get()
    assert (created["r"], created["groupID"], created["message"]) == (0, group.public_id, "Create group success")
    for agent in (agent_1, agent_2):
        factories.GroupMembershipFactory(project=ours, group=group, agent=agent)
    assert api.put(f"/v1/group/{group.public_id}", {"name": "Sales"})["message"] == "Update group success"
    listed = api.get("/v1/group/?page=1&limit=10")
    assert listed["message"] == "Load group(s) success"
    assert listed["data"] == {
        "totalGroups": "1",
        "totalCount": "1",
        "totalPages": 1,
        "currentPage": 1,
        "limit": 10,
        "groups": [
            {
                "id": group.public_id,
                "account": ours.account_id,
                "project": ours.pk,
                "name": "Sales",
                "number_of_agent": 2,
            }
        ],
    }
    assert api.get(f"/v1/group?id={group.public_id}")["data"]["totalGroups"] == "1"
    assert api.delete(f"/v1/group/{group.public_id}")["message"] == "Delete group success"
    assert (Group.objects.count(), GroupMembership.objects.count(), Agent.objects.count()) == (0, 0, 2)


def test_a_group_that_alone_serves_callers_stays(api, ours):
    group = factories.GroupFactory(project=ours, name="Sales")
    queue = factories.QueueFactory(project=ours, name="English")
    factories.GroupRoutingFactory(project=ours, queue=queue, group=group)
    factories.NumberFactory(project=ours, queue=queue)
    before = everything()
    answer = api.delete(f"/v1/group/{group.public_id}")
    assert (answer["r"], answer["usedBy"]) == (7, ["queue English"])
    assert answer["message"] == "Group Sales cannot be deleted because it is used by: queue English."
    assert everything() == before


def test_members_come_and_go(api, ours, agent_1):
    group = factories.GroupFactory(project=ours)
    pair = {"agent_id": agent_1.public_id, "group_id": group.public_id}
    for _ in range(2):  # adding twice is adding once
        assert api.post("/v1/manage-agents-in-group/", pair) == {
            "r": 0,
            "project": ours.pk,
            "message": "Add agent to Group success",
            "msg": "Add agent to Group success",
            "agentID": agent_1.public_id,
            "groupID": group.public_id,
        }
    assert GroupMembership.objects.count() == 1
    assert api.get(f"/v1/manage-agents-in-group?group={group.public_id}") == {
        "r": 0,
        "project": ours.pk,
        "message": "Load group agent success",
        "msg": "Load group agent success",
        "data": {
            "totalCount": "1",
            "totalPages": 1,
            "currentPage": 1,
            "limit": 50,
            "groupAgents": [{"account": ours.account_id, "project": ours.pk, **pair}],
        },
    }
    assert api.delete("/v1/manage-agents-in-group/", pair)["r"] == 0
    assert GroupMembership.objects.count() == 0
    answer = api.delete("/v1/manage-agents-in-group", pair)
    assert (answer["r"], answer["message"]) == (3, "The agent is not in this group.")


def test_a_membership_list_needs_its_group(api):
    answer = api.get("/v1/manage-agents-in-group")
    assert (answer["r"], answer["message"]) == (1, "group is required.")


def test_a_delete_with_a_wrong_key_deletes_nothing(api, ours, agent_1):
    group = factories.GroupFactory(project=ours)
    factories.GroupMembershipFactory(project=ours, group=group, agent=agent_1)
    answer = api.delete("/v1/manage-agents-in-group", {"agent_id": agent_1.public_id, "dept_id": group.public_id})
    assert (answer["r"], answer["message"]) == (1, "group_id is required.")
    assert GroupMembership.objects.count() == 1


# ── Statuses that take effect ────────────────────────────────────────────────────────────────────────────────────────


def test_a_program_ends_a_wrap_up_and_cannot_end_a_call(api, ours):
    agent, now = factories.FreeAgentFactory(project=ours), clock.now()
    activity.called_out(agent.pk, "call-1", now)
    path = f"/v1/agent/{agent.public_id}"

    assert api.put(path, {"system_status": "1"})["r"] == 0
    assert api.get(path)["data"]["system_status"] == 0

    activity.released(agent.pk, "call-1", now, wrap_up_s=60)
    assert api.get(path)["data"]["system_status"] == 2
    assert api.put(path, {"system_status": "1"})["r"] == 0
    agent.refresh_from_db()
    assert (agent.activity, agent.system_status, agent.wrap_up_until) == ("idle", 1, None)
    assert agent.free_since is not None


def test_a_program_takes_an_agent_out_of_the_calls_and_brings_him_back(api, ours):
    agent = factories.FreeAgentFactory(project=ours)
    group = factories.GroupFactory(project=ours)
    seat = factories.GroupMembershipFactory(project=ours, agent=agent, group=group)
    path = f"/v1/agent/{agent.public_id}"
    for name, away, back in (("system_status", 0, 1), ("manual_status", "LUNCH BREAK", "AVAILABLE")):
        assert api.put(path, {name: away})["r"] == 0
        seat.refresh_from_db()
        assert seat.free_since is None
        assert api.put(path, {name: back})["r"] == 0
        seat.refresh_from_db()
        assert seat.free_since is not None
