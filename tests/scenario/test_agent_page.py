"""What the agent's page asks and does beside the call itself, on whole calls."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from agents.models import CallNote
from calls.models import Leg
from projects import tokens
from projects.models import ApiKey
from telephony.switch.legs import Sound
from tests import factories
from tests.scenario.conftest import CUSTOMER, ELSEWHERE, HOTLINE, agent_named

pytestmark = pytest.mark.django_db


class Page:
    """The page of an agent."""

    def __init__(self, world, user):
        self.world = world
        token = tokens.agent_token(ApiKey.objects.get(project=world.project), user, pcc=True).token
        self.client = Client(HTTP_X_STRINGEE_AUTH=token)

    def get(self, path):
        return self.client.get(f"/softphone/api/{path}").json()

    def do(self, path, body, method="post"):
        send = getattr(self.client, method)
        response = send(f"/softphone/api/{path}", json.dumps(body), content_type="application/json")
        self.world.settle()
        return response


@pytest.fixture
def page(world):
    return Page(world, "agent_1")


@pytest.fixture
def talking(world, hotline):
    """agent_1 talks with a caller; agent_2 is there."""
    world.online("agent_1", after_s=1)
    caller = world.call(HOTLINE, talk_s=60)
    world.run_for(2)
    world.online("agent_2", after_s=3)
    return caller


def call_id(world, leg):
    return world.row(leg).call_id


# ── What the page shows ──────────────────────────────────────────────────────────────────────────────────────────────
def test_free_agent_sees_his_queues_and_nothing_in_the_way(world, hotline, page):
    world.online("agent_1")
    me = page.get("me")

    assert (me["userId"], me["status"], me["activity"], me["why"]) == ("agent_1", "AVAILABLE", "idle", None)
    assert (me["queues"], me["call"], me["wrapUp"], me["lastCall"]) == (["Sales"], None, None, None)
    assert me["callerIds"] == [{"number": HOTLINE, "shown": "+84 24 0000 0097", "alias": ""}]


def test_agent_without_a_device_is_told_so(world, hotline, page):
    assert page.get("me")["why"]["rule"] == "no_device"


def test_call_that_rings_shows_the_caller_the_queue_and_until_when(world, hotline, page):
    world.online("agent_1", does="never_answers")
    leg = world.call(HOTLINE)
    world.run_for(5)
    call = page.get("me")["call"]

    assert (call["callId"], call["customer"], call["queue"]) == (call_id(world, leg), CUSTOMER, "Sales")
    assert 0 < call["ringsUntil"] - page.get("me")["now"] <= 10_000
    world.hangs_up(leg)
    world.run_for(1)


def test_pages_cost_the_same_however_long_the_past_is(world, talking, page, django_assert_num_queries):
    # key, agent; queues, numbers, labels; call, legs, entries, offers; last call, its note
    with django_assert_num_queries(11):
        page.get("me")
    with django_assert_num_queries(4):
        page.get("directory")
    with django_assert_num_queries(5):
        page.get("history")


# ── Statuses, devices, wrap-up ───────────────────────────────────────────────────────────────────────────────────────
def test_status_that_the_agent_chooses_holds_and_decides(world, hotline, page):
    world.online("agent_1", after_s=1)
    answer = page.do("me/status", {"status": "LUNCH BREAK"}, "put").json()
    assert answer["why"]["rule"] == "manual_status"
    leg = world.call(HOTLINE, talk_s=5)
    world.run_for(3)
    assert world.row(leg).state == "waiting"

    page.do("me/status", {"status": "AVAILABLE"}, "put")
    world.run_for(2)
    assert world.row(leg).state == "connected"
    world.run_for(30)


@pytest.mark.parametrize("body", [{}, {"status": ""}, {"status": 1}, {"status": "x" * 65}, {"status": ["AVAILABLE"]}])
def test_status_of_another_kind_is_refused(world, hotline, page, body):
    assert page.do("me/status", body, "put").status_code == 400
    assert agent_named("agent_1").manual_status == "AVAILABLE"


def test_agent_chooses_his_own_phone_only_when_he_has_one(world, hotline, page):
    assert page.do("me/device", {"routing_type": 2}, "put").status_code == 400
    agent = agent_named("agent_1")
    agent.phone_number = ELSEWHERE
    agent.save()

    assert page.do("me/device", {"routing_type": 2}, "put").json()["takesCallsOn"] == 2
    assert agent_named("agent_1").routing_type == 2
    assert page.do("me/device", {"routing_type": True}, "put").status_code == 400
    assert page.do("me/device", {"routing_type": 3}, "put").status_code == 400


def test_wrap_up_is_extended_once_and_ended_early(world, talking, page):
    world.hangs_up(talking)
    world.run_for(2)
    before = page.get("me")["wrapUp"]
    after = page.do("me/wrap-up", {"action": "extend"}).json()["wrapUp"]

    assert (after["until"] - before["until"], after["extended"]) == (10_000, True)
    assert page.do("me/wrap-up", {"action": "extend"}).status_code == 409
    assert page.do("me/wrap-up", {"action": "end"}).json()["activity"] == "idle"
    assert page.do("me/wrap-up", {"action": "end"}).status_code == 409
    assert page.do("me/wrap-up", {"action": "sleep"}).status_code == 400


# ── The call ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_hold_and_back(world, talking, page):
    address = f"calls/{call_id(world, talking)}/hold"
    assert page.do(address, {"held": True}).status_code == 200
    assert page.get("me")["call"]["held"] is True
    page.do(address, {"held": False})
    assert world.engine.hears(talking) is Sound.PARTY


def test_consultation_is_shown_and_handed_over(world, talking, page):
    call = call_id(world, talking)
    page.do(f"calls/{call}/transfer", {"type": "agent", "to": "agent_2", "kind": "attended"})
    shown = page.get("me")["call"]["transfer"]
    assert shown == {"kind": "attended", "consulting": False, "to": "Agent Two", "by": ""}
    world.run_for(4)
    assert page.get("me")["call"]["transfer"]["consulting"] is True

    assert page.do(f"calls/{call}/transfer/complete", {}).status_code == 200
    world.run_for(1)
    assert (agent_named("agent_1").activity, agent_named("agent_2").activity) == ("wrap_up", "on_call")
    world.run_for(90)


def test_consulted_agent_sees_who_asks_and_steers_nothing(world, talking, page):
    call = call_id(world, talking)
    page.do(f"calls/{call}/transfer", {"type": "agent", "to": "agent_2", "kind": "attended"})
    world.run_for(4)
    consulted = Page(world, "agent_2")
    shown = consulted.get("me")["call"]["transfer"]
    assert shown == {"kind": "attended", "consulting": True, "to": "Agent Two", "by": "Agent One"}

    for path, body in (
        ("hold", {"held": True}),
        ("transfer", {"type": "phone", "to": ELSEWHERE}),
        ("transfer/complete", {}),
        ("transfer/cancel", {}),
        ("transfer/merge", {}),
        ("people", {"type": "phone", "to": ELSEWHERE}),
    ):
        assert consulted.do(f"calls/{call}/{path}", body).status_code == 409
    assert page.get("me")["call"]["transfer"]["consulting"] is True
    assert page.do(f"calls/{call}/transfer/cancel", {}).status_code == 200
    world.run_for(90)


@pytest.mark.parametrize("seconds", [1, 5], ids=["while it rings", "while they talk"])
def test_consultation_is_taken_back(world, talking, page, seconds):
    call = call_id(world, talking)
    page.do(f"calls/{call}/transfer", {"type": "agent", "to": "agent_2", "kind": "attended"})
    world.run_for(seconds)

    assert page.do(f"calls/{call}/transfer/cancel", {}).status_code == 200
    world.run_for(1)
    assert page.get("me")["call"]["transfer"] is None
    assert world.engine.hears(talking) is Sound.PARTY
    assert agent_named("agent_1").activity == "on_call"
    assert agent_named("agent_2").activity in ("idle", "wrap_up")
    assert page.do(f"calls/{call}/transfer/cancel", {}).status_code == 409
    world.run_for(90)


def test_call_is_handed_to_a_telephone_and_to_a_queue(world, talking, page, ours):
    other = factories.QueueFactory(project=ours, name="Support")
    call = call_id(world, talking)
    assert page.do(f"calls/{call}/transfer", {"type": "queue", "to": other.public_id}).status_code == 200
    world.run_for(1)
    assert world.row(talking).state in ("waiting", "ended")
    world.run_for(400)


def test_nobody_touches_the_call_of_another_agent(world, talking, ours):
    call = call_id(world, talking)
    other = Page(world, "agent_2")
    for path, body in (
        (f"calls/{call}/hold", {"held": True}),
        (f"calls/{call}/transfer", {"type": "phone", "to": ELSEWHERE}),
        (f"calls/{call}/transfer/complete", {}),
        (f"calls/{call}/transfer/cancel", {}),
    ):
        assert other.do(path, body).status_code == 404
    assert other.do(f"calls/{call}/note", {"disposition": "sold"}, "put").status_code == 404
    assert not Leg.objects.filter(held=True).exists()
    assert not CallNote.objects.exists()


def test_user_of_another_project_touches_nothing(world, talking, theirs):
    factories.AgentFactory(project=theirs, stringee_user_id="agent_1")
    world.project, ours = theirs, world.project
    stranger = Page(world, "agent_1")
    world.project = ours

    assert stranger.get("me")["queues"] == []
    assert stranger.get("directory") == {"agents": [], "queues": []}
    assert stranger.get("history") == {"calls": []}
    assert stranger.do(f"calls/{call_id(world, talking)}/hold", {"held": True}).status_code == 404


# ── Notes and the past ───────────────────────────────────────────────────────────────────────────────────────────────
def test_note_is_kept_once_and_offered_as_a_label(world, talking, page):
    call = call_id(world, talking)
    world.hangs_up(talking)
    world.run_for(1)
    page.do(f"calls/{call}/note", {"disposition": "Sold", "note": "Wants two."}, "put")
    page.do(f"calls/{call}/note", {"disposition": "Sold", "note": "Wants three."}, "put")

    note = CallNote.objects.get()
    assert (note.call.call_id, note.user_id, note.disposition, note.text) == (call, "agent_1", "Sold", "Wants three.")
    me = page.get("me")
    assert (me["dispositions"], me["lastCall"]["callId"], me["lastCall"]["note"]) == (["Sold"], call, "Wants three.")
    assert page.get("history")["calls"][0]["disposition"] == "Sold"
    page.do(f"calls/{call}/note", {"disposition": "", "note": " "}, "put")
    assert not CallNote.objects.exists()


@pytest.mark.parametrize("body", [{"disposition": "x" * 65}, {"note": "x" * 2001}, {"note": 1}, {"note": "a\0b"}])
def test_note_of_another_kind_is_refused(world, talking, page, body):
    assert page.do(f"calls/{call_id(world, talking)}/note", body, "put").status_code == 400
    assert not CallNote.objects.exists()


def test_history_tells_talks_and_what_was_missed_and_why(world, hotline, page):
    world.online("agent_1", after_s=1)
    world.call(HOTLINE, talk_s=5)
    world.run_for(30)
    world.online("agent_1", does="rejects", after_s=2)
    leg = world.call(HOTLINE, patience_s=4)
    world.run_for(30)

    calls = page.get("history")["calls"]
    assert [(each["result"], each["queue"], each["number"]) for each in calls] == [
        ("rejected", "Sales", CUSTOMER),
        ("talked", "Sales", CUSTOMER),
    ]
    assert calls[1]["talkedMs"] == 5000
    assert [each["placed"] for each in calls] == [False, False]
    assert calls[0]["callId"] == call_id(world, leg)


# ── Who may ask ──────────────────────────────────────────────────────────────────────────────────────────────────────
def test_directory_says_who_is_free(world, talking, page):
    found = page.get("directory")
    assert [(each["userId"], each["state"]) for each in found["agents"]] == [("agent_2", "free")]
    assert [each["name"] for each in found["queues"]] == ["Sales"]
    assert page.get("directory?q=sal")["agents"] == []
    assert Page(world, "agent_2").get("directory?q=one")["agents"][0]["state"] == "busy"


def test_only_agents_tokens_open_the_addresses(world, hotline):
    key = ApiKey.objects.get(project=world.project)
    for token, status in (
        ("", 403),
        ("nonsense", 403),
        (tokens.rest_token(key).token, 409),
        (tokens.agent_token(key, "agent_1", pcc=False).token, 409),
        (tokens.agent_token(key, "nobody", pcc=True).token, 404),
        (tokens.agent_token(key, "agent_1", pcc=True, lifetime_s=-120).token, 403),
    ):
        assert Client(HTTP_X_STRINGEE_AUTH=token).get("/softphone/api/me").status_code == status


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b'{"held":1}', b'{"held":true,"held":true}', b"\xff", b"x" * 20_000])
def test_bodies_of_strangers_are_refused(world, talking, page, raw):
    address = f"/softphone/api/calls/{call_id(world, talking)}/hold"
    assert page.client.post(address, raw, content_type="application/json").status_code == 400
    assert not Leg.objects.filter(held=True).exists()
