"""Calls that programs begin, move and end; every refusal leaves nothing behind."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection

from agents.models import Agent, DeviceKind
from api.tests.calls_cast import (
    CUSTOMER,
    ELSEWHERE,
    HOTLINE,
    callout_body,
    connect,
    engine,
    hotline,
    last_dial,
    online,
    told,
)
from api.tests.samples import everything
from api.tests.test_races import at_once
from callflow import doorbell, requests, services
from callflow.domain.call import Party
from calls.models import Call, Leg
from common import clock
from common.refusals import InvalidInput
from projects.models import CallSettings
from telephony import port
from telephony.models import EngineNode
from tests import factories

pytestmark = pytest.mark.django_db
TALK = [{"action": "talk", "text": "Your code is 1 2 3."}]


@pytest.fixture
def center(ours, agent_1):
    """An engine is up, our hotline may call out, agent_1 is there."""
    engine()
    hotline(ours)
    return online(agent_1)


@pytest.fixture
def talk(api, center) -> str:
    """The id of a call in which agent_1 talks with the customer."""
    call_id: str = api.post("/v1/call/callout", callout_body())["callId"]
    connect(call_id)
    return call_id


def call_of(call_id: str) -> Call:
    return Call.objects.get(call_id=call_id)


def limits(project, **values) -> None:
    CallSettings.objects.filter(project=project).update(**values)


# ── POST /v1/call/callout ────────────────────────────────────────────────────────────────────────────────────────────
def test_a_callout_rings_the_agent_first(api, ours, center):
    answer = api.post("/v1/call/callout", callout_body())

    call = call_of(answer["callId"])
    assert answer == {
        "r": 0,
        "project": ours.pk,
        "message": "success",
        "msg": "success",
        "callId": call.call_id,
        "call_id": call.call_id,
    }
    assert (call.state, call.direction, call.from_number, call.from_alias) == (
        "dialing_agent",
        "outbound",
        HOTLINE,
        "ticket 7",
    )
    assert (call.to_number, call.customer_number, call.created_reason) == (
        CUSTOMER,
        CUSTOMER,
        "SERVER_CALL_OUT_BY_MAKE_CALL_TO_APP_BEFORE",
    )
    center.refresh_from_db()
    assert (center.activity, center.call_ref, center.system_status) == ("on_call", call.call_id, 0)
    [dial] = told()
    assert (dial.endpoints, dial.from_number, dial.from_alias) == (
        (f"web:{ours.pk}_agent_1",),
        HOTLINE,
        "ticket 7",
    )


def test_the_customer_is_rung_when_the_agent_has_answered(api, center):
    call_id = api.post("/v1/call/callout", callout_body())["callId"]
    services.conduct(port.Answered(last_dial(call_id).leg))
    dial = last_dial(call_id)
    assert (dial.endpoints, dial.from_number) == ((f"tel:{CUSTOMER}",), HOTLINE)
    services.conduct(port.Answered(dial.leg))
    assert call_of(call_id).state == "connected"


def test_the_desk_phone_alone_rings_when_that_is_wanted(api, ours, center):
    assert api.post("/v1/call/callout", callout_body(device="ipphone"))["r"] == 21
    online(center, DeviceKind.SIP)
    call_id = api.post("/v1/call/callout", callout_body(device="ipphone"))["callId"]
    assert last_dial(call_id).endpoints == (f"sip:{ours.pk}_agent_1",)


def test_an_agent_on_his_own_phone_sees_a_number_of_ours(api, ours, center):
    agent = factories.FreeAgentFactory(project=ours, phone_number="84909000001")
    body = callout_body(agent.stringee_user_id, toAgentFromNumberDisplay="113")
    dial = last_dial(api.post("/v1/call/callout", body)["callId"])
    assert (dial.endpoints, dial.from_number) == (("tel:84909000001",), HOTLINE)


def test_an_agent_in_wrap_up_may_be_called_out(api, center):
    until = clock.now() + dt.timedelta(seconds=30)
    Agent.objects.update(activity="wrap_up", system_status=2, wrap_up_until=until, free_since=None)
    assert api.post("/v1/call/callout", callout_body())["r"] == 0


REFUSED_CALLOUTS = {
    "agent unknown": (lambda ours, agent: None, {"agentUserId": "nobody"}, 20, "AGENT_NOT_FOUND_OR_IN_ANOTHER_CALL"),
    "agent not available": (
        lambda ours, agent: type(agent).objects.filter(pk=agent.pk).update(manual_status="LUNCH", free_since=None),
        {},
        20,
        "AGENT_NOT_FOUND_OR_IN_ANOTHER_CALL",
    ),
    "number not ours": (lambda ours, agent: None, {"toCustomerFromNumber": ELSEWHERE}, 4, "FROM_NUMBER_NOT_FOUND"),
    "number not for outbound": (
        lambda ours, agent: ours.number_set.update(allow_outbound_calls=False),
        {},
        17,
        "NOT_ALLOW_CALLOUT: the number's settings forbid outbound calls.",
    ),
    "destination forbidden": (
        lambda ours, agent: limits(ours, outbound_prefixes="852"),
        {},
        17,
        "NOT_ALLOW_CALLOUT: the project's limits forbid this destination.",
    ),
    "no outbound calls at all": (
        lambda ours, agent: limits(ours, outbound_concurrency=0),
        {},
        12,
        "MAX_CONCURRENT_CALL: the project's limits on outbound calls are reached.",
    ),
    "no engine": (
        lambda ours, agent: EngineNode.objects.update(reaches=["web"]),
        {},
        6,
        "SIP_TRUNK_NOT_FOUND: no voice engine is up that reaches the parties.",
    ),
    "customer no number": (lambda ours, agent: None, {"customerNumber": "hello"}, 1, None),
}


@pytest.mark.parametrize("case", list(REFUSED_CALLOUTS))
def test_a_refused_callout_leaves_nothing_behind(case, api, ours, center):
    prepare, more, code, message = REFUSED_CALLOUTS[case]
    prepare(ours, center)
    before = everything()
    answer = api.post("/v1/call/callout", callout_body(**more))
    assert answer["r"] == code
    assert answer["message"] == answer["msg"] == (message or answer["message"])
    assert everything() == before


def test_an_agent_who_has_a_call_is_not_called_out(api, talk):
    before = everything()
    answer = api.post("/v1/call/callout", callout_body())
    assert (answer["r"], answer["msg"]) == (20, "AGENT_NOT_FOUND_OR_IN_ANOTHER_CALL")
    assert everything() == before


def test_when_closed_only_agents_who_may_are_called_out(api, ours, center):
    factories.BusinessHoursFactory(project=ours, is_default=True, enabled=True)  # without any range: never open
    before = everything()
    assert api.post("/v1/call/callout", callout_body())["r"] == 17
    assert everything() == before
    type(center).objects.filter(pk=center.pk).update(allow_out_of_business_hour_callout=True)
    assert api.post("/v1/call/callout", callout_body())["r"] == 0


def test_the_customers_server_is_asked_before_anybody_rings(api, ours, center):
    limits(ours, callout_answer_url="https://crm.example.net/callout")
    call_id = api.post("/v1/call/callout", callout_body())["callId"]
    assert (call_of(call_id).state, told()) == ("authorising", [])


def test_their_agents_and_numbers_look_like_unknown_ones(api, ours, theirs, center):
    other = online(factories.AgentFactory(project=theirs, stringee_user_id="theirs"))
    factories.NumberFactory(project=theirs, number=ELSEWHERE)
    before = everything()
    assert api.post("/v1/call/callout", callout_body(other.stringee_user_id))["r"] == 20
    assert api.post("/v1/call/callout", callout_body(toCustomerFromNumber=ELSEWHERE))["r"] == 4
    assert everything() == before


@pytest.mark.django_db(transaction=True)
def test_of_two_callouts_for_one_agent_one_is_refused(api, center, monkeypatch):
    monkeypatch.setattr(doorbell, "ring", lambda project_id: None)
    answers = at_once(*[lambda: api.post("/v1/call/callout", callout_body())] * 3)
    assert sorted(answer["r"] for answer in answers) == [0, 20, 20]
    assert [command.call for command in told()] == [Call.objects.get().call_id]


# ── POST /v1/call2/callout ───────────────────────────────────────────────────────────────────────────────────────────
def program_call(**more):
    party = {"type": "external", "alias": ""}
    return {"from": {**party, "number": HOTLINE}, "to": [{**party, "number": CUSTOMER}], "actions": TALK, **more}


def test_a_program_calls_somebody(api, center):
    body = program_call(event_url="https://crm.example.net/this-call", customData="ticket 7")
    call_id = api.post("/v1/call2/callout", body)["call_id"]
    call = call_of(call_id)
    assert (call.state, call.from_number, call.to_number) == ("dialing_customer", HOTLINE, CUSTOMER)
    assert (call.event_url, call.client_custom_data) == ("https://crm.example.net/this-call", "ticket 7")
    dial = last_dial(call_id)
    assert (dial.endpoints, dial.from_number) == ((f"tel:{CUSTOMER}",), HOTLINE)
    services.conduct(port.Answered(dial.leg))
    assert [type(command) for command in told(call_id)] == [port.Dial, port.Play]
    assert told(call_id)[1].media == (port.Speech("Your code is 1 2 3.", "female"),)


def test_bodies_are_taken_as_clients_send_them(api, center):
    sample = (
        '{"from": {"type": "internal", "number": 842473082686, "alias": "x",}, "to": {"number": "84900000012"}, '
        '"actions": [{"action": "talk", "text": "a, ]",},],}'
    )
    answer = api.ask("POST", "/v1/call2/callout", sample.encode(), content_type="text/plain")
    assert answer["r"] == 0
    services.conduct(port.Answered(last_dial(answer["callId"]).leg))
    assert told()[1].media == (port.Speech("a, ]", "female"),)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"from": {"type": "external", "number": f"+{HOTLINE}"}}, 10),
        ({"to": [{"type": "external", "number": f"+{CUSTOMER}"}]}, 10),
        ({"from": {"type": "external", "number": ELSEWHERE}}, 4),
        ({"to": []}, 1),
        ({"to": [{"number": CUSTOMER}, {"number": ELSEWHERE}]}, 1),
        ({"actions": None}, 1),
        ({"actions": None, "answer_url": "ftp://crm.example.net"}, 1),
    ],
)
def test_a_refused_program_call_leaves_nothing_behind(more, code, api, center):
    before = everything()
    assert api.post("/v1/call2/callout", program_call(**more))["r"] == code
    assert everything() == before


def test_limits_refuse_a_program_call_at_once(api, ours, center):
    before = everything()
    for values, code in (
        ({"outbound_concurrency": 0}, 12),
        ({"outbound_concurrency": 50, "outbound_prefixes": "852"}, 17),
    ):
        limits(ours, **values)
        assert api.post("/v1/call2/callout", program_call())["r"] == code
    limits(ours, outbound_prefixes="")
    assert everything() == before


def test_an_answer_url_is_asked_when_the_party_has_answered(api, center):
    body = {**program_call(), "actions": None, "answer_url": "https://crm.example.net/answer"}
    call_id = api.post("/v1/call2/callout", body)["callId"]
    services.conduct(port.Answered(last_dial(call_id).leg))
    call = call_of(call_id)
    assert list(call.questions.values_list("purpose", "url")) == [("answer_url", "https://crm.example.net/answer")]


# ── Ending and changing ──────────────────────────────────────────────────────────────────────────────────────────────
def test_stopping_ends_a_call_once(api, talk, center):
    assert api.post("/v1/call2/stop", {"call_id": talk})["r"] == 0
    call = call_of(talk)
    assert (call.state, call.outcome, call.cause) == ("ended", "completed", "stopped")
    assert sum(isinstance(command, port.Hangup) for command in told(talk)) == 2
    center.refresh_from_db()
    assert center.activity == "idle"
    before = everything()
    assert (api.post("/v1/call2/stop", {"callId": talk})["r"], everything()) == (1, before)
    assert api.post("/v1/call2/stop", {"callId": "call-vn-1-UNKNOWN"})["r"] == 2


def test_new_actions_replace_what_is_left(api, center):
    call_id = api.post("/v1/call2/callout", program_call())["callId"]
    services.conduct(port.Answered(last_dial(call_id).leg))
    actions = [{"action": "talk", "text": "Goodbye."}]
    assert api.post("/v1/call2/putactions", {"callId": call_id, "actions": actions})["r"] == 0
    assert told(call_id)[-1].media == (port.Speech("Goodbye.", "female"),)


def test_a_call_that_waits_for_permission_is_not_led_elsewhere(api, ours, center):
    limits(ours, callout_answer_url="https://crm.example.net/callout")
    call_id = api.post("/v1/call/callout", callout_body())["callId"]
    before = everything()
    assert api.post("/v1/call2/putactions", {"callId": call_id, "actions": TALK})["r"] == 22
    assert everything() == before


# ── Transfer ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def transfer(api, call_id, to, kind="blind"):
    return api.post("/v1/call/transfer", {"callId": call_id, "to": to, "transferType": kind})


def test_a_blind_transfer_rings_a_free_agent_and_lets_the_first_go(api, ours, talk, center, agent_2):
    online(agent_2)
    answer = transfer(api, talk, {"type": "internal", "number": "agent_2", "alias": "agent_2"})
    assert (answer["r"], answer["msg"], answer["data"]) == (0, "", {})
    center.refresh_from_db()
    agent_2.refresh_from_db()
    assert (center.activity, agent_2.activity, agent_2.call_ref) == ("idle", "offered", talk)
    dial = last_dial(talk)
    assert dial.endpoints == (f"web:{ours.pk}_agent_2",)
    services.conduct(port.Answered(dial.leg))
    agent_2.refresh_from_db()
    assert (agent_2.activity, call_of(talk).agent_user_id) == ("on_call", "agent_2")


def test_an_attended_transfer_keeps_both_agents_until_it_is_completed(api, ours, talk, center, agent_2):
    online(agent_2)
    assert transfer(api, talk, {"type": "internal", "number": "agent_2"}, "attended")["r"] == 0
    services.conduct(port.Answered(last_dial(talk).leg))
    center.refresh_from_db()
    assert center.activity == "on_call"
    requests.complete_transfer(ours.pk, talk)
    center.refresh_from_db()
    assert (center.activity, call_of(talk).agent_user_id) == ("idle", "agent_2")


def test_a_transfer_to_a_telephone_shows_our_number(api, talk):
    assert transfer(api, talk, {"type": "external", "number": ELSEWHERE})["r"] == 0
    dial = last_dial(talk)
    assert (dial.endpoints, dial.from_number) == ((f"tel:{ELSEWHERE}",), HOTLINE)


def test_a_transfer_to_a_queue_lets_the_customer_wait(api, ours, talk, center):
    queue = factories.QueueFactory(project=ours)
    group = factories.GroupFactory(project=ours)
    factories.GroupRoutingFactory(project=ours, queue=queue, group=group)
    factories.GroupMembershipFactory(project=ours, group=group, agent=center)
    answer = api.post("/v1/call2/transfer", {"callId": talk, "to": {"type": "queue", "number": queue.public_id}})
    assert answer["r"] == 0
    call = call_of(talk)
    assert (call.state, call.entries.get().queue) == ("waiting", queue)


def test_only_a_user_in_the_call_can_hand_it_on(api, talk):
    to = {"type": "external", "number": ELSEWHERE}
    before = everything()
    assert api.post("/v1/call2/transfer", {"callId": talk, "fromUserId": "agent_2", "to": to})["r"] == 3
    assert everything() == before
    assert api.post("/v1/call2/transfer", {"callId": talk, "fromUserId": "agent_1", "to": to})["r"] == 0


@pytest.mark.parametrize(
    ("to", "code"),
    [
        ({"type": "internal", "number": "agent_2"}, 21),
        ({"type": "internal", "number": "agent_1"}, 20),
        ({"type": "internal", "number": "nobody"}, 20),
        ({"type": "external", "number": "12"}, 14),
        ({"type": "queue", "number": "QUNOBODY"}, 3),
        ({"type": "robot", "number": "1"}, 1),
    ],
)
def test_a_refused_transfer_changes_nothing(to, code, api, talk, agent_2):
    before = everything()
    assert transfer(api, talk, to)["r"] == code
    assert everything() == before


def test_a_call_in_which_nobody_talks_is_not_transferred_and_the_agent_stays_free(api, center, agent_2):
    online(agent_2)
    call_id = api.post("/v1/call/callout", callout_body())["callId"]
    before = everything()
    assert transfer(api, call_id, {"type": "internal", "number": "agent_2"})["r"] == 22
    assert everything() == before


def test_their_queue_and_their_user_are_no_targets(api, theirs, talk):
    queue = factories.QueueFactory(project=theirs)
    online(factories.AgentFactory(project=theirs, stringee_user_id="theirs"))
    before = everything()
    assert transfer(api, talk, {"type": "queue", "number": queue.public_id})["r"] == 3
    assert transfer(api, talk, {"type": "internal", "number": "theirs"})["r"] == 20
    assert everything() == before


# ── What the console and softphones ask ──────────────────────────────────────────────────────────────────────────────
def test_the_customer_goes_on_hold_and_comes_back(ours, talk):
    for held in (True, True, False):
        requests.hold(ours.pk, talk, held=held)
        assert Leg.objects.get(call__call_id=talk, role="destination").held is held
    assert [type(command) for command in told(talk)][-2:] == [port.Hold, port.Unhold]


def test_an_agent_is_muted_and_sends_keys(ours, talk):
    requests.mute(ours.pk, talk, "agent_1", muted=True)
    requests.send_digits(ours.pk, talk, "agent_1", "12#")
    muted, keys = told(talk)[-2:]
    customer = Leg.objects.get(call__call_id=talk, role="destination")
    assert muted == port.Mute(Leg.objects.get(call__call_id=talk, role="agent").leg_id, True)
    assert (keys.leg, keys.digits) == (customer.leg_id, "12#")
    with pytest.raises(InvalidInput):
        requests.send_digits(ours.pk, talk, "agent_1", "12;")


def test_a_user_without_a_device_is_no_target(ours, talk):
    with pytest.raises(requests.refusals.AgentNotFoundOrInAnotherCall):
        requests.transfer(ours.pk, talk, Party("guest", internal=True), requests.TransferKind.BLIND)


def test_bells_ring_after_the_commit(api, talk):
    assert connection.in_atomic_block
    connection.run_on_commit.clear()
    api.post("/v1/call2/stop", {"callId": talk})
    assert len(connection.run_on_commit) >= 2  # the engine's, and dispatch's: an agent is free
