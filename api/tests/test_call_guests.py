"""Third persons and supervisors whom programs bring into calls; every refusal leaves nothing behind."""

from __future__ import annotations

import pytest

from agents import activity as agents_activity
from agents import devices
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
from callflow import services
from calls.models import Call, Leg, Transition
from common import clock
from projects.models import CallSettings
from telephony import port
from telephony.port import Part
from tests import factories

pytestmark = pytest.mark.django_db
MINH = {"type": "internal", "number": "agent_2", "alias": "Minh"}
PHONE = {"type": "external", "number": ELSEWHERE}


@pytest.fixture
def talk(api, ours, agent_1, agent_2) -> str:
    """The id of a call in which agent_1 talks with the customer; agent_2 is free."""
    engine()
    hotline(ours)
    online(agent_1)
    online(agent_2)
    call_id: str = api.post("/v1/call/callout", callout_body())["callId"]
    connect(call_id)
    return call_id


def adds(api, call_id, to, **more):
    return api.post("/v1/call2/adduser", {"callId": call_id, "to": to, **more})


def answers(call_id) -> str:
    """Who was rung last answers. Returns the leg's id."""
    leg = last_dial(call_id).leg
    services.conduct(port.Answered(leg))
    return leg


def activity(user: str) -> str:
    return Agent.objects.get(stringee_user_id=user).activity


def host(call_id) -> str:
    return Leg.objects.get(call__call_id=call_id, agent__stringee_user_id="agent_1").leg_id


# ── POST /v1/call2/adduser ───────────────────────────────────────────────────────────────────────────────────────────
def test_a_user_is_added_and_talks_along(api, ours, talk):
    answer = adds(api, talk, MINH, spyCall=False, **{"from": {"type": "internal", "number": "agent_1"}})
    assert answer == {
        "r": 0,
        "project": ours.pk,
        "message": "Success",
        "msg": "Success",
        "callId": talk,
        "call_id": talk,
    }
    assert (last_dial(talk).to_number, last_dial(talk).from_number) == ("agent_2", "agent_1")
    assert activity("agent_2") == "offered"
    leg = answers(talk)
    assert activity("agent_2") == "on_call"
    assert told(talk)[-1] == port.Join(leg, host(talk), Part.TALK)
    begun = Transition.objects.get(subject="leg", subject_id=leg, event="start")
    assert (begun.details["role"], begun.details["by"]) == ("participant", "agent_1")


def test_a_telephone_is_added_and_sees_our_number(api, talk):
    assert adds(api, talk, PHONE)["r"] == 0
    assert (last_dial(talk).endpoints, last_dial(talk).from_number) == ((f"tel:{ELSEWHERE}",), HOTLINE)


def test_a_telephone_sees_the_number_that_is_asked_for(api, ours, talk):
    factories.NumberFactory(project=ours, number="842473082687")
    shown = {"type": "external", "number": "842473082687", "alias": "Ours"}
    assert adds(api, talk, PHONE, **{"from": shown})["r"] == 0
    assert (last_dial(talk).from_number, last_dial(talk).from_alias) == ("842473082687", "Ours")


def test_a_telephone_does_not_see_a_user_or_a_number_of_others(api, talk):
    before = everything()
    assert adds(api, talk, PHONE, **{"from": {"type": "external", "number": ELSEWHERE}})["r"] == 4
    assert everything() == before
    assert adds(api, talk, PHONE, **{"from": {"type": "internal", "number": "agent_1"}})["r"] == 0
    assert last_dial(talk).from_number == HOTLINE


@pytest.mark.parametrize(
    ("to", "code"),
    [
        ({"type": "internal", "number": "agent_1"}, 20),  # he is in the call
        ({"type": "internal", "number": "nobody"}, 20),
        ({"type": "internal", "number": "theirs"}, 20),
        ({"type": "external", "number": CUSTOMER}, 22),  # so is the customer
        ({"type": "external", "number": "12"}, 14),
        ({"type": "queue", "number": "QU1"}, 1),
        ({"type": "internal", "number": ""}, 1),
        ({"type": "internal", "number": "x" * 65}, 1),
        ({"type": ["internal"], "number": "agent_2"}, 1),
        ({"number": {"$ne": ""}}, 1),
        ("agent_2", 1),
        ([], 1),
        (None, 1),
    ],
)
@pytest.mark.parametrize("spy", [False, True])
def test_who_cannot_be_added_is_not(to, code, spy, api, talk, theirs):
    online(factories.AgentFactory(project=theirs, stringee_user_id="theirs"))
    before = everything()
    assert adds(api, talk, to, spyCall=spy)["r"] == code
    assert everything() == before


@pytest.mark.parametrize("spy", ["maybe", 2, [], {"a": 1}, 1.5])
def test_spying_is_true_or_false(spy, api, talk):
    before = everything()
    assert adds(api, talk, MINH, spyCall=spy)["r"] == 1
    assert everything() == before


def test_a_user_who_is_not_available_is_not_added_but_may_listen(api, talk, agent_2):
    agents_activity.set_manual_status(agent_2.pk, "LUNCH", clock.now())
    assert adds(api, talk, MINH)["r"] == 20
    assert adds(api, talk, MINH, spyCall=True)["r"] == 0


def test_a_user_without_a_device_is_not_added(api, ours, talk):
    factories.AgentFactory(project=ours, stringee_user_id="hoa", manual_status="AVAILABLE")
    assert adds(api, talk, {"type": "internal", "number": "hoa"})["r"] == 21


def test_nobody_is_added_beyond_the_limits_of_the_project(api, ours, talk):
    CallSettings.objects.filter(project=ours).update(outbound_concurrency=1)  # the customer is rung already
    before = everything()
    assert adds(api, talk, PHONE)["r"] == 12
    assert adds(api, talk, PHONE, spyCall=True)["r"] == 12
    assert everything() == before


def test_nobody_is_added_while_somebody_is_rung_or_nobody_talks(api, talk, ours, agent_2):
    assert adds(api, talk, PHONE)["r"] == 0
    assert adds(api, talk, MINH)["r"] == 22
    assert activity("agent_2") == "idle"
    api.post("/v1/call2/stop", {"callId": talk})
    assert adds(api, talk, MINH)["r"] == 22
    assert adds(api, "call-vn-1-UNKNOWN", MINH)["r"] == 3


def test_a_call_with_a_third_person_is_not_transferred(api, talk):
    adds(api, talk, PHONE)
    answers(talk)
    before = everything()
    answer = api.post("/v1/call/transfer", {"callId": talk, "to": MINH})
    assert (answer["r"], answer["message"]) == (22, "Remove the third person first.")
    assert everything() == before


# ── Listening and POST /v1/call2/whisper ─────────────────────────────────────────────────────────────────────────────
def whispers(api, call_id, user="agent_1"):
    return api.post("/v1/call2/whisper", {"callId": call_id, "userId": user})


def test_a_supervisor_listens_whispers_and_listens_again(api, talk):
    assert adds(api, talk, MINH, spyCall="true")["r"] == 0
    assert activity("agent_2") == "on_call"
    leg = answers(talk)
    answer = whispers(api, talk)
    assert (answer["r"], answer["message"], answer["callId"]) == (0, "OK", talk)
    assert whispers(api, talk)["r"] == 0
    assert adds(api, talk, MINH, spyCall=True)["r"] == 0
    joined = [command for command in told(talk) if isinstance(command, port.Join)]
    assert joined == [port.Join(leg, host(talk), part) for part in (Part.LISTEN, Part.WHISPER, Part.LISTEN)]


def test_all_who_listen_whisper(api, talk):
    for to in (MINH, PHONE):
        adds(api, talk, to, spyCall=True)
        answers(talk)
    assert whispers(api, talk)["r"] == 0
    parts = [guest["part"] for guest in Call.objects.get(call_id=talk).flow["guests"]]
    assert parts == ["whisper", "whisper"]


@pytest.mark.parametrize(
    ("user", "code"), [("nobody", 3), (CUSTOMER, 22), ("agent_2", 22), ("", 1), (None, 1), ({"a": 1}, 1), ("x" * 65, 1)]
)
def test_who_does_not_talk_with_the_customer_is_not_whispered_to(user, code, api, talk):
    adds(api, talk, MINH, spyCall=True)
    answers(talk)
    before = everything()
    assert whispers(api, talk, user)["r"] == code
    assert everything() == before


def test_nobody_whispers_who_does_not_listen(api, talk):
    assert whispers(api, talk)["r"] == 22
    adds(api, talk, PHONE)
    answers(talk)
    assert whispers(api, talk)["r"] == 22
    assert whispers(api, "call-vn-1-UNKNOWN")["r"] == 3


def test_supervisors_are_in_no_event_and_in_no_call_log(api, ours, talk):
    CallSettings.objects.filter(project=ours).update(event_url="https://crm.example.net/events")
    serial = Call.objects.get(call_id=talk).serial
    adds(api, talk, MINH, spyCall=True)
    services.conduct(port.Ringing(last_dial(talk).leg))
    services.conduct(port.Ended(answers(talk)))
    assert Call.objects.get(call_id=talk).serial == serial
    adds(api, talk, PHONE)
    answers(talk)
    assert Call.objects.get(call_id=talk).serial == serial + 1
    log = api.get("/v1/call/log")["data"]["calls"]
    assert log[0]["participants"] == ["agent_1", CUSTOMER, ELSEWHERE]


def test_an_app_that_is_no_agents_listens_too(api, ours, talk):
    devices.device_up(ours.pk, "chief", DeviceKind.WEB, "browser", clock.now())
    assert adds(api, talk, {"type": "internal", "number": "chief"}, spyCall=True)["r"] == 0
    assert last_dial(talk).endpoints == (f"web:{ours.pk}_chief",)
