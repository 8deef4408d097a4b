"""Whatever a client sends and an engine says, in any order: nothing breaks, and every request is answered once."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any
from unittest import mock

import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from softphone.packets import Packet, Service
from softphone.rooms import Room
from softphone.tests.rig import CALL, CUSTOMER, HOTLINE, LEG, NODE, OFFER, START, Rig
from softphone.wires import BusIsBack, EnginesLost, Tick
from telephony import signals
from telephony.port import HangupCause
from telephony.signals import SdpKind, Way

ROOM, TOKEN = "room-1", "token-1"  # of every call: pages have no others
HOLDS = "m=audio\r\na=sendonly\r\n"
JUNK: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just([]) | st.just({})
)
SDP = st.fixed_dictionaries({"type": st.sampled_from(["offer", "answer", "x"]), "sdp": st.just(OFFER) | JUNK})
CANDIDATE = st.fixed_dictionaries({"candidate": st.just("candidate:1") | JUNK, "sdpMid": JUNK, "sdpMLineIndex": JUNK})
BODIES = st.fixed_dictionaries(
    {},
    optional={
        "callId": st.just(CALL) | st.sampled_from([CALL, "call-2", "call-of-others"]) | JUNK,
        "code": st.just(200) | st.sampled_from([180, 200, 486]) | JUNK,
        "type": st.sampled_from(["sdp", "candidate"]) | JUNK,
        "data": SDP | CANDIDATE | JUNK,
        "digits": st.sampled_from(["5", "#"]) | JUNK,
        "hold": JUNK,
        "to": st.fixed_dictionaries({"number": st.just("minh") | JUNK, "type": JUNK}) | JUNK,
        "toNumber": st.just(CUSTOMER) | JUNK,
        "fromNumber": st.just(HOTLINE) | JUNK,
        "toUser": st.just("lan") | JUNK,
        "message": JUNK,
        "info": JUNK,
        "attribute": JUNK,
        "value": JUNK,
        "deviceToken": JUNK,
        "roomId": st.just(ROOM) | JUNK,
        "roomToken": st.just(TOKEN) | JUNK,
        "localPcId": st.just("pc-1") | JUNK,
        "serverPcId": st.sampled_from(["speaks:pc-1", "hears:pc-2", "x"]) | JUNK,
        "subscribeTrackId": st.just(f"{ROOM}-far") | JUNK,
        "serverTrackId": st.sampled_from([f"{ROOM}-far", f"{ROOM}-near-pc-1"]) | JUNK,
        "toType": st.sampled_from(["agent", "queue"]) | JUNK,
        "callid": st.just(CALL) | JUNK,
        "msg": JUNK,
    },
)
SERVICES = st.sampled_from([each for each in Service if each not in (Service.LOGIN, Service.PING)])
SENSIBLE = st.sampled_from(
    [
        (Service.SET_STATE, {"callId": CALL, "code": 200}),
        (Service.SET_STATE, {"callId": CALL, "code": 486}),
        (Service.HANG_UP, {"callId": CALL}),
        (
            Service.DESCRIBE,
            {"callId": CALL, "type": "sdp", "data": {"type": "offer", "sdp": HOLDS}},
        ),
        (Service.START_CALL, {"fromNumber": HOTLINE, "toNumber": CUSTOMER}),
        (Service.PRESS, {"callId": CALL, "digits": "5"}),
        (Service.SET_STATE2, {"callId": CALL, "code": 200}),
        (Service.START_CALL2, {"fromNumber": HOTLINE, "toNumber": CUSTOMER}),
        (Service.ENTER_ROOM, {"roomToken": TOKEN}),
        (Service.PUBLISH, {"roomId": ROOM, "localPcId": "pc-1"}),
        (
            Service.DESCRIBE_TRACK,
            {"roomId": ROOM, "serverPcId": "speaks:pc-1", "data": {"type": "offer", "sdp": OFFER}},
        ),
        (Service.LEAVE_ROOM, {"roomId": ROOM}),
    ]
)
PACKETS = SENSIBLE | st.tuples(SERVICES | st.integers(3, 300), BODIES)
LEGS = st.sampled_from([LEG, "leg-2", "leg-9"])
CAUSES = st.sampled_from(list(HangupCause))
SESSIONS = st.sampled_from(["", "mine", "s-other"])
SIGNALS = st.one_of(
    st.builds(
        signals.Ring,
        st.just(NODE),
        LEGS,
        st.sampled_from([CALL, "call-2"]),
        st.sampled_from(["web:7_lan", "web:7_minh"]),
        st.just(CUSTOMER),
        timeout_s=st.sampled_from([0.0, 20.0]),
    ),
    st.just(signals.Ring(NODE, LEG, CALL, "web:7_lan", CUSTOMER)),
    st.builds(signals.RingEnds, LEGS, CAUSES, SESSIONS),
    st.builds(signals.Accepted, SESSIONS, LEGS, st.booleans(), st.booleans()),
    st.builds(signals.Progress, SESSIONS, LEGS, st.sampled_from([100, 183, 200])),
    st.builds(signals.Gone, SESSIONS, LEGS, CAUSES),
    st.builds(signals.Describe, SESSIONS, LEGS, st.sampled_from(SdpKind), st.just(OFFER), st.sampled_from(Way)),
)
OTHERS = st.sampled_from([Tick(), BusIsBack(), EnginesLost(frozenset({NODE})), "the socket breaks", "time passes"])


@settings(max_examples=300)
@given(st.lists(PACKETS | SIGNALS | OTHERS, max_size=25), st.booleans())
def test_nothing_breaks_and_everything_is_answered_once(happenings, in_rooms):
    rig = Rig()
    with (
        time_machine.travel(START, tick=False) as clock,
        mock.patch("softphone.rooms.new", return_value=Room(ROOM, TOKEN)),
    ):
        client = rig.page(rooms=in_rooms)
        asked: list[int] = []
        for number, happening in enumerate(happenings, 100):
            match happening:
                case "the socket breaks":
                    client.loses_socket()
                    answered = Counter(_answers(client))
                    assert all(count == 1 for count in answered.values())
                    client, asked = rig.page(rooms=in_rooms), []
                case "time passes":
                    clock.shift(7)
                case (int() as service, dict() as body):
                    asked.append(number)
                    client.happens(Packet(service, {**body, "requestId": number}, number))
                case _:
                    client.happens(_with_session(happening, client.name))
        clock.shift(7)
        client.happens(Tick())  # what an engine never answered is given up
        assert Counter(_answers(client)) == Counter(asked)
        client.loses_socket()
        assert rig.bus.listeners == {}
    rig.close()


def _answers(client: Any) -> list[int]:
    return [body["requestId"] for service, body in client.heard if body.get("requestId", 0) >= 100]


def _with_session(happening: Any, session: str) -> Any:
    mine = getattr(happening, "session", None) == "mine"
    return dataclasses.replace(happening, session=session) if mine else happening
