"""/v1/queue and /v1/routing-call-to-groups."""

from __future__ import annotations

import pytest

from api.tests.samples import everything
from queues.models import Queue
from routing.models import GroupRouting
from tests import factories

DEFAULTS = {
    "record_calls": 1,
    "agent_wrap_up_after_calls": 1,
    "wrap_up_time_limit": 10,
    "schedule": 1,
    "wait_agent_answer_timeout": 15,
    "wait_greeting": None,
    "hold_greeting": None,
    "maximum_queue_size": 5,
    "maximum_queue_wait_time": 60,
    "enable_voicemail": 0,
    "from_number_callout_to_agent": None,
    "get_list_agents_url": None,
    "fall_back_to_groups": 0,
    "last_agent_first": 1,
    "announce_position": 0,
    "announce_estimated_wait": 0,
    "announce_every_s": 30,
    "voicemail_greeting": None,
    "voicemail_prompt": None,
    "voicemail_max_s": 120,
    "cond_routing": 1,
    "route_to_backup_groups_after": 0,
    "sla_target_percent": 80,
    "sla_answered_within": 20,
}


def test_a_name_is_enough(api, ours):
    created = api.post("/v1/queue/", {"name": "English"})
    queue = Queue.objects.get()
    assert (created["r"], created["queueID"], created["message"]) == (0, queue.public_id, "Create queue success")
    listed = api.get("/v1/queue/")
    assert listed["message"] == "Load queue(s) success"
    assert listed["data"] == {
        "totalCount": "1",
        "totalPages": 1,
        "currentPage": 1,
        "limit": 50,
        "queues": [
            {
                "id": queue.public_id,
                "account": ours.account_id,
                "project": ours.pk,
                "name": "English",
                **DEFAULTS,
            }
        ],
    }
    assert api.get(f"/v1/queue/{queue.public_id}")["data"] == listed["data"]["queues"][0]


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (
            {"record_calls": "0", "agent_wrap_up_after_calls": False},
            {"record_calls": 0, "agent_wrap_up_after_calls": 0},
        ),
        ({"wrap_up_time_limit": "30", "schedule": "2"}, {"wrap_up_time_limit": 30, "schedule": 2}),
        ({"wait_agent_answer_timeout": 1}, {"wait_agent_answer_timeout": 3}),
        ({"wait_agent_answer_timeout": "-7"}, {"wait_agent_answer_timeout": 3}),
        ({"wait_agent_answer_timeout": 600}, {"wait_agent_answer_timeout": 600}),
        ({"cond_routing": 2, "enable_voicemail": 1}, {"cond_routing": 2, "enable_voicemail": 1}),
        ({"from_number_callout_to_agent": "842473082686"}, {"from_number_callout_to_agent": "842473082686"}),
        ({"get_list_agents_url": "http://crm:8080/agents?k=1"}, {"get_list_agents_url": "http://crm:8080/agents?k=1"}),
        (
            {"route_to_backup_groups_after": 15, "sla_target_percent": 90, "sla_answered_within": 30},
            {"route_to_backup_groups_after": 15, "sla_target_percent": 90, "sla_answered_within": 30},
        ),
        (
            {"maximum_queue_size": 0, "maximum_queue_wait_time": 0},
            {"maximum_queue_size": 0, "maximum_queue_wait_time": 0},
        ),
        (dict.fromkeys(DEFAULTS), {}),
        (dict.fromkeys(DEFAULTS, ""), {}),
    ],
)
def test_values_come_back_as_the_api_shows_them(sent, shown, api):
    queue_id = api.post("/v1/queue", {"name": "English", **sent})["queueID"]
    row = api.get(f"/v1/queue/{queue_id}")["data"]
    assert {name: row[name] for name in DEFAULTS} == {**DEFAULTS, **shown}

    other_id = api.post("/v1/queue", {"name": "Spanish"})["queueID"]
    assert api.put(f"/v1/queue/{other_id}", sent)["message"] == "Update queue success"
    row = api.get(f"/v1/queue/{other_id}")["data"]
    assert {name: row[name] for name in DEFAULTS} == {**DEFAULTS, **shown}


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("wrap_up_time_limit", 86_401, "must be a whole number from 0 to 86400."),
        ("wait_agent_answer_timeout", 601, "must be a whole number from 3 to 600."),
        ("sla_target_percent", 101, "must be a whole number from 0 to 100."),
        ("maximum_queue_size", -1, "must be a whole number from 0 to 100000."),
        ("schedule", 3, "must be one of 1, 2."),
        ("cond_routing", "0", "must be one of 1, 2."),
        ("record_calls", "maybe", "must be true or false (1 and 0 will do)."),
        ("get_list_agents_url", "ftp://crm.example.net", "must be an http or https URL."),
        ("get_list_agents_url", "javascript:alert(1)", "must be an http or https URL."),
        ("get_list_agents_url", "https://", "must be an http or https URL."),
        ("get_list_agents_url", "https://a b", "must be an http or https URL."),
        ("get_list_agents_url", "https://a:99999/", "must be an http or https URL."),
        ("from_number_callout_to_agent", "hotline", "must be a phone number with country code, such as 84909982888."),
        ("from_number_callout_to_agent", "+" * 20, "must be a phone number with country code, such as 84909982888."),
    ],
)
def test_values_out_of_range_are_named_with_the_range(field, value, text, api, ours):
    queue = factories.QueueFactory(project=ours)
    before = everything()
    for answer in (
        api.post("/v1/queue", {"name": "English", field: value}),
        api.put(f"/v1/queue/{queue.public_id}", {field: value}),
    ):
        assert (answer["r"], answer["message"]) == (1, f"{field} {text}")
    assert everything() == before


def test_everything_wrong_is_said_at_once(api):
    answer = api.post("/v1/queue", {"schedule": 3, "record_calls": []})
    assert answer["message"] == (
        "name is required. record_calls must be true or false (1 and 0 will do). schedule must be one of 1, 2."
    )


def test_greetings_go_by_their_file_name(api, ours):
    greeting = factories.GreetingFileFactory(project=ours)
    body = {"name": "English", "wait_greeting": greeting.filename, "hold_greeting": greeting.filename}
    queue_id = api.post("/v1/queue", body)["queueID"]
    queue = Queue.objects.get()
    assert (queue.wait_greeting, queue.hold_greeting) == (greeting, greeting)
    row = api.get(f"/v1/queue/{queue_id}")["data"]
    assert (row["wait_greeting"], row["hold_greeting"]) == (greeting.filename, greeting.filename)

    before = everything()
    answer = api.put(f"/v1/queue/{queue_id}", {"wait_greeting": "NOPE-1.mp3"})
    assert answer["r"] == 3
    assert answer["message"] == "There is no greeting file NOPE-1.mp3. Upload it first (POST /v1/greetingfile)."
    assert everything() == before

    assert api.put(f"/v1/queue/{queue_id}", {"wait_greeting": ""})["r"] == 0
    assert api.get(f"/v1/queue/{queue_id}")["data"]["wait_greeting"] is None


def test_a_queue_in_use_stays(api, ours):
    queue = factories.QueueFactory(project=ours, name="English")
    factories.NumberFactory(project=ours, number="842473082686", queue=queue)
    before = everything()
    answer = api.delete(f"/v1/queue/{queue.public_id}")
    assert (answer["r"], answer["usedBy"]) == (7, ["number 842473082686"])
    assert everything() == before


def test_a_free_queue_goes_with_its_routings(api, ours):
    queue = factories.QueueFactory(project=ours)
    group = factories.GroupFactory(project=ours)
    factories.GroupRoutingFactory(project=ours, queue=queue, group=group)
    assert api.delete(f"/v1/queue/{queue.public_id}")["message"] == "Delete queue success"
    assert (Queue.objects.count(), GroupRouting.objects.count()) == (0, 0)


def test_group_routing(api, ours):
    queue = factories.QueueFactory(project=ours)
    first, second = (factories.GroupFactory(project=ours) for _ in range(2))
    path = "/v1/routing-call-to-groups/"
    created = api.post(path, {"queue_id": queue.public_id, "group_id": first.public_id, "primary_group": 1})
    assert (created["r"], created["message"]) == (0, "Create group routing success")
    api.post(path, {"queue_id": queue.public_id, "group_id": second.public_id, "primary_group": "0"})
    routing = GroupRouting.objects.get(group__public_id=first.public_id)
    assert created["groupRoutingID"] == routing.public_id

    listed = api.get(f"{path}?queue={queue.public_id}")
    assert (listed["message"], listed["data"]["totalCount"]) == ("Load group routing success", "2")
    assert listed["data"]["groupRoutings"][0] == {
        "id": routing.public_id,
        "account": ours.account_id,
        "project": ours.pk,
        "queue_id": queue.public_id,
        "group_id": first.public_id,
        "primary_group": 1,
    }
    assert [row["primary_group"] for row in listed["data"]["groupRoutings"]] == [1, 0]

    assert api.put(f"{path}{routing.public_id}", {"primary_group": 0})["message"] == "Update group routing success"
    routing.refresh_from_db()
    assert routing.primary_group == 0
    assert api.delete(f"{path}{routing.public_id}")["message"] == "Delete group routing success"
    assert GroupRouting.objects.count() == 1


def test_a_routing_list_needs_its_queue(api):
    answer = api.get("/v1/routing-call-to-groups")
    assert (answer["r"], answer["message"]) == (1, "queue is required.")


def test_a_group_serves_a_queue_once(api, ours):
    routing = factories.GroupRoutingFactory(
        project=ours, queue=factories.QueueFactory(project=ours), group=factories.GroupFactory(project=ours)
    )
    before = everything()
    body = {"queue_id": routing.queue.public_id, "group_id": routing.group.public_id, "primary_group": 0}
    answer = api.post("/v1/routing-call-to-groups", body)
    assert (answer["r"], answer["groupRoutingID"]) == (2, routing.public_id)
    assert answer["message"] == "This group serves this queue already."
    assert everything() == before


def test_a_routing_stays_with_its_queue_and_group(api, ours):
    routing = factories.GroupRoutingFactory(
        project=ours, queue=factories.QueueFactory(project=ours), group=factories.GroupFactory(project=ours)
    )
    path = f"/v1/routing-call-to-groups/{routing.public_id}"
    same = {"queue_id": routing.queue.public_id, "group_id": routing.group.public_id, "primary_group": 0}
    assert api.put(path, same)["r"] == 0
    other = factories.QueueFactory(project=ours)
    answer = api.put(path, {"queue_id": other.public_id, "primary_group": 1})
    assert (answer["r"], answer["message"]) == (1, "queue_id cannot be changed.")
    routing.refresh_from_db()
    assert (routing.queue == other, routing.primary_group) == (False, 0)
