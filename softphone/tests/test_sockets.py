"""Two doors as two processes have them, on real servers: presence, calls and losses across them."""

from __future__ import annotations

from typing import Any

import pytest

from agents.models import Agent, Device
from softphone.bus import CLIENT_NAME
from softphone.packets import Service
from softphone.tests.servers import NODE, Server, signed_in, until
from softphone.wires import DoorSettings
from telephony import signals
from telephony.port import HangupCause
from telephony.signals import SdpKind
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
HOTLINE, CUSTOMER = "842473082686", "84909982888"


@pytest.fixture
def lan(ours):
    factories.NumberFactory(project=ours, number=HOTLINE)
    return factories.AgentFactory(project=ours, stringee_user_id="lan")


def ring(project: Any, leg: str = "leg-1", user: str = "lan") -> signals.Ring:
    return signals.Ring(NODE, leg, "call-1", f"web:{project.pk}_{user}", CUSTOMER, to_number=HOTLINE, timeout_s=20.0)


# ── Presence ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_agent_is_reached_by_his_page_while_its_socket_is_open(doors, ours, lan):
    page = signed_in(doors[0], ours)
    device = until(lambda: Device.objects.filter(project=ours, user_id="lan", kind="web").first())
    assert device.engine_node.startswith("door-")
    assert until(lambda: Agent.objects.get(pk=lan.pk).reach)
    page.socket.close()
    until(lambda: not Device.objects.exists())
    assert Agent.objects.get(pk=lan.pk).reach == 0


def test_agent_whose_page_moves_to_another_process_stays_reached(doors, ours, lan):
    first = signed_in(doors[0], ours)
    until(Device.objects.exists)
    signed_in(doors[1], ours)
    assert first.closes_with() == 1000
    until(lambda: Device.objects.get().engine_node)
    assert Agent.objects.get(pk=lan.pk).reach


def test_dead_socket_is_noticed(ours, lan, monkeypatch):
    monkeypatch.setattr(DoorSettings, "silence_s", property(lambda self: 1.5))
    server = Server()
    server.start()
    page = signed_in(server, ours)
    until(Device.objects.exists)
    page.hears(Service.PING)  # and does not answer
    until(lambda: not Device.objects.exists())
    server.stop()


# ── Calls ────────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("", Service.INCOMING_CALL),
        ("?calls=2", Service.INCOMING_CALL2),
        ("?x=1&calls=2", Service.INCOMING_CALL2),
        ("?calls=1", Service.INCOMING_CALL),
        ("?calls=2&calls=1", Service.INCOMING_CALL),
        ("?calls=%ff", Service.INCOMING_CALL),
    ],
)
def test_address_of_a_socket_says_which_kind_of_call_its_page_takes(doors, engine, ours, lan, query, kind):
    page = signed_in(doors[0], ours, query=query)
    engine.hears(signals.SocketBack)
    assert engine.says(ring(ours), signals.endpoint_channel(f"web:{ours.pk}_lan")) == 1
    assert page.hears(kind)["callId"] == "call-1"


def test_call_in_a_room_survives_a_change_of_process(doors, engine, ours, lan):
    page = signed_in(doors[0], ours, query="?calls=2")
    engine.hears(signals.SocketBack)
    engine.says(ring(ours), signals.endpoint_channel(f"web:{ours.pk}_lan"))
    token = page.hears(Service.INCOMING_CALL2)["roomToken"]
    number = page.send(Service.SET_STATE2, callId="call-1", code=200)
    session = engine.hears(signals.Accept).session
    engine.says(signals.Accepted(session, "leg-1", won=True))
    assert page.hears(Service.SET_STATE2, requestId=number)["r"] == 0
    back = signed_in(doors[1], ours, query="?calls=2")
    room = back.asks(Service.ENTER_ROOM, roomToken=token)["roomId"]
    assert back.asks(Service.PUBLISH, roomId=room, localPcId="pc-1")["r"] == 0
    engine.says(signals.Gone(session, "leg-1", HangupCause.NORMAL))
    assert back.hears(Service.CALL2_ENDED) == {"callId": "call-1", "code": 200, "reason": "Bye"}


def test_call_is_answered_at_one_of_two_processes_and_ends(doors, engine, ours, lan):
    here, there = (signed_in(server, ours, device=f"web-{each}") for each, server in enumerate(doors))
    engine.hears(signals.SocketBack)
    engine.hears(signals.SocketBack)
    channel = signals.endpoint_channel(f"web:{ours.pk}_lan")
    assert engine.says(ring(ours), channel) == 2
    assert {page.hears(Service.INCOMING_CALL)["callId"] for page in (here, there)} == {"call-1"}
    engine.hears(signals.Rung)
    engine.hears(signals.Rung)
    request = there.send(Service.SET_STATE, callId="call-1", code=200)
    session = engine.hears(signals.Accept).session
    engine.says(signals.RingEnds("leg-1", HangupCause.NORMAL, session), channel)
    engine.says(signals.Accepted(session, "leg-1", won=True))
    engine.says(signals.Describe(session, "leg-1", SdpKind.OFFER, "v=0"))
    assert there.hears(Service.SET_STATE, requestId=request)["r"] == 0
    assert there.hears(Service.DESCRIBED)["data"] == {"type": "offer", "sdp": "v=0"}
    assert here.hears(Service.OTHER_DEVICE)["data"] == {"callId": "call-1", "code": 200}
    engine.says(signals.Gone(session, "leg-1", HangupCause.NORMAL))
    assert there.hears(Service.CALL_ENDED) == {"callId": "call-1"}
    assert here.hears(Service.OTHER_DEVICE)["type"] == "CALL_END"


def test_call_goes_out_and_gets_on(doors, engine, ours, lan):
    page = signed_in(doors[0], ours)
    answer = page.asks(Service.START_CALL, fromNumber=HOTLINE, toNumber=CUSTOMER)
    assert (answer["r"], answer["toType"]) == (0, "external")
    place = engine.hears(signals.PlaceCall)
    assert (place.call, place.project_id, place.user, place.to_number) == (answer["callId"], ours.pk, "lan", CUSTOMER)
    engine.says(signals.Progress(place.session, place.leg, 200))
    assert page.hears(Service.CALL_STATE)["code"] == 200


@pytest.mark.parametrize(
    ("options", "from_number", "dialled", "code"),
    [
        ({"pcc": False}, HOTLINE, CUSTOMER, 11),
        ({}, "842473000000", CUSTOMER, 4),
        ({}, HOTLINE, "", 14),
        ({}, HOTLINE, 5, 10),
        ({"user": "nobody"}, HOTLINE, CUSTOMER, 20),
    ],
)
def test_call_that_may_not_be_placed_says_why(doors, engine, ours, lan, options, from_number, dialled, code):
    page = signed_in(doors[0], ours, **options)
    answer = page.asks(Service.START_CALL, fromNumber=from_number, toNumber=dialled)
    assert (answer["r"], answer["customDataFromYourServer"]) == (code, "{}")


def test_page_comes_back_at_another_process_in_the_middle_of_a_call(doors, engine, ours, lan):
    page = signed_in(doors[0], ours)
    call = page.asks(Service.START_CALL, fromNumber=HOTLINE, toNumber=CUSTOMER)["callId"]
    place = engine.hears(signals.PlaceCall)
    page.socket.close()
    engine.hears(signals.SocketLost)
    back = signed_in(doors[1], ours)
    assert engine.hears(signals.SocketBack).legs == (place.leg,)
    assert back.asks(Service.PRESS, callId=call, digits="5")["r"] == 0
    assert engine.hears(signals.Press).digits == "5"


def test_hang_up_with_the_last_breath_is_heard(doors, engine, ours, lan):
    page = signed_in(doors[0], ours)
    call = page.asks(Service.START_CALL, fromNumber=HOTLINE, toNumber=CUSTOMER)["callId"]
    place = engine.hears(signals.PlaceCall)
    page.send(Service.HANG_UP, callId=call)
    page.socket.close()
    assert engine.hears(signals.Leave).leg == place.leg


def test_engine_that_is_killed_ends_its_calls_on_the_pages(doors, engine, ours, lan):
    page = signed_in(doors[0], ours)
    call = page.asks(Service.START_CALL, fromNumber=HOTLINE, toNumber=CUSTOMER)["callId"]
    engine.dies()
    assert page.hears(Service.CALL_ENDED) == {"callId": call, "code": 500}


def test_what_got_lost_with_redis_is_asked_for_again(doors, engine, ours, lan):
    page = signed_in(doors[0], ours)
    call = page.asks(Service.START_CALL, fromNumber=HOTLINE, toNumber=CUSTOMER)["callId"]
    place = engine.hears(signals.PlaceCall)
    for client in engine.redis.client_list(_type="pubsub"):
        if client["name"] == CLIENT_NAME:
            engine.redis.client_kill_filter(_id=client["id"])
    assert engine.hears(signals.SocketBack).legs == (place.leg,)
    engine.says(signals.Progress(place.session, place.leg, 200))
    assert page.hears(Service.CALL_STATE)["callId"] == call
