"""Calls of the SDK's second kind: a page speaks by one track and hears by another, in a room of its own."""

from __future__ import annotations

import re

import pytest

from callflow import refusals
from callflow.domain.call import Party, TransferKind
from softphone.packets import MAX_SDP, Service
from softphone.page_calls import CallState, PageCall, from_json, to_json
from softphone.rooms import Room
from softphone.tests.rig import ANSWER, CALL, CUSTOMER, DONE, HERE, HOTLINE, LEG, NODE, OFFER, UNKNOWN
from softphone.wires import EnginesLost
from telephony import signals
from telephony.port import HangupCause
from telephony.signals import SdpKind, Way, endpoint_channel

NO_ROOM = {"r": 1, "message": "there is no such room", "msg": "there is no such room"}
NO_TRACK = {"r": 1, "message": "there is no such track", "msg": "there is no such track"}
SAYS, HEARS = "pc-1700000000001", "pc-1700000000002"  # as the SDK names its connections


@pytest.fixture
def lan2(rig):
    """An agent's page that takes calls in rooms."""
    client = rig.page(rooms=True)
    rig.engine_heard()
    client.heard.clear()
    return client


@pytest.fixture
def room(rig, lan2):
    """The room of a call that has come in to `lan2` and was answered there."""
    token = rings(rig, lan2)
    lan2.says(Service.SET_STATE2, callId=CALL, code=200)
    rig.engine_says(signals.Accepted(lan2.name, LEG, won=True))
    rig.engine_heard()
    return enter(lan2, token)


def rings(rig, client):
    """Returns the token of its room."""
    rig.rings()
    (shown,) = client.told(Service.INCOMING_CALL2)
    return shown["roomToken"]


def enter(client, token):
    answer = client.says(Service.ENTER_ROOM, roomToken=token)
    return Room(answer["roomId"], token)


def offer(sdp=OFFER, kind="offer"):
    return {"type": kind, "sdp": sdp}


# ── Calls that come in ───────────────────────────────────────────────────────────────────────────────────────────────
def test_page_that_asks_for_it_is_shown_calls_in_rooms(rig, lan2):
    rig.rings(from_alias="Mai", to_alias="Sales", custom_data="hello", info={"queue": "Sales"})
    (shown,) = lan2.told(Service.INCOMING_CALL2)
    assert re.fullmatch("[A-Za-z0-9]{32}", shown.pop("roomToken"))
    assert shown == {
        "callId": CALL,
        "fromNumber": CUSTOMER,
        "fromAlias": "Mai",
        "toNumber": HOTLINE,
        "toAlias": "Sales",
        "fromShown": "Mai",
        "toShown": "Sales",
        "video": False,
        "customDataFromYourServer": '"hello"',
        "info": {"queue": "Sales"},
        "timeout_ms": 20000,
    }
    assert lan2.told(Service.INCOMING_CALL) == []
    assert rig.engine_heard() == [signals.Rung(lan2.name, LEG, HERE)]


def test_answered_call_is_described_by_the_page_for_each_way(rig, lan2):
    token = rings(rig, lan2)
    rig.engine_heard()
    assert lan2.says(Service.SET_STATE2, callId=CALL, code=200) == {}
    assert rig.engine_heard() == [signals.Accept(lan2.name, LEG, HERE, apart=True)]
    rig.engine_says(signals.Accepted(lan2.name, LEG, won=True))
    assert lan2.answer(Service.SET_STATE2) == DONE

    entered = lan2.says(Service.ENTER_ROOM, roomToken=token)
    room, (track,) = entered["roomId"], entered["tracks"]
    assert (entered["r"], entered["users"], track["audio"], track["video"]) == (0, [], True, False)
    said = lan2.says(Service.PUBLISH, roomId=room, localPcId=SAYS, audio=True, video=False, screen=False)
    heard = lan2.says(Service.SUBSCRIBE, roomId=room, localPcId=HEARS, subscribeTrackId=track["serverId"])
    assert (said["r"], heard["r"], heard["trackAudioEnable"], heard["trackVideoEnable"]) == (0, 0, True, False)
    assert said["serverTrackId"] != track["serverId"]

    for connection, sdp in ((said["serverPcId"], "v=0 1"), (heard["serverPcId"], "v=0 2")):
        described = {"roomId": room, "serverPcId": connection, "data": offer(sdp)}
        assert lan2.says(Service.DESCRIBE_TRACK, **described, isLocal=True, serverTrackId="") == DONE
        candidate = {"candidate": "candidate:1 1 udp 1 10.0.0.1 4000 typ host", "sdpMid": "0"}
        assert lan2.says(Service.TRACK_CANDIDATE, roomId=room, serverPcId=connection, data=candidate) == DONE
    assert rig.engine_heard() == [
        signals.Describe(lan2.name, LEG, SdpKind.OFFER, "v=0 1", Way.SPEAKS, SAYS),
        signals.Describe(lan2.name, LEG, SdpKind.OFFER, "v=0 2", Way.HEARS, HEARS),
    ]
    rig.engine_says(signals.Describe(lan2.name, LEG, SdpKind.ANSWER, ANSWER, Way.SPEAKS, SAYS))
    rig.engine_says(signals.Describe(lan2.name, LEG, SdpKind.ANSWER, ANSWER, Way.HEARS, HEARS))
    assert lan2.told(Service.TRACK_DESCRIBED) == [
        {"roomId": room, "localTrackId": SAYS, "serverTrackId": said["serverTrackId"], "data": offer(ANSWER, "answer")},
        {"roomId": room, "localTrackId": HEARS, "serverTrackId": track["serverId"], "data": offer(ANSWER, "answer")},
    ]


def test_caller_who_gives_up_cancels_the_invitation(rig, lan2):
    rings(rig, lan2)
    rig.engine_says(signals.RingEnds(LEG, HangupCause.CANCELLED), endpoint_channel(HERE))
    cancelled = {"callId": CALL, "code": 487, "reason": "Request Terminated"}
    assert lan2.told(Service.CALL2_CANCELLED) == [cancelled]
    assert lan2.says(Service.SET_STATE2, callId=CALL, code=200) == UNKNOWN


def test_call_in_a_room_is_rejected_and_shown_to_ring(rig, lan2):
    rings(rig, lan2)
    rig.engine_heard()
    assert lan2.says(Service.SET_STATE2, callId=CALL, code=180) == DONE
    assert lan2.says(Service.SET_STATE2, callId=CALL, code=486, reasonEndcall="") == DONE
    assert rig.engine_heard() == [
        signals.Rung(lan2.name, LEG, HERE),
        signals.Refuse(lan2.name, LEG, HangupCause.REJECTED, HERE),
    ]


@pytest.mark.parametrize("taker", ["room", "plain"])
def test_one_page_rings_in_a_room_and_another_without(rig, taker):
    in_room, plain = rig.page(rooms=True), rig.page(device="web-2", page="session-2")
    rig.rings()
    assert [each["callId"] for each in in_room.told(Service.INCOMING_CALL2)] == [CALL]
    assert [each["callId"] for each in plain.told(Service.INCOMING_CALL)] == [CALL]
    winner, loser = (in_room, plain) if taker == "room" else (plain, in_room)
    rig.accepts(winner)
    rig.engine_says(signals.RingEnds(LEG, HangupCause.NORMAL, winner.name), endpoint_channel(HERE))
    kind = "CALL_STATE" if taker == "room" else "CALL2_STATE"
    assert loser.told(Service.OTHER_DEVICE) == [{"type": kind, "data": {"callId": CALL, "code": 200}}]
    assert loser.says(Service.SET_STATE2, callId=CALL, code=200)["r"] == 2


def test_room_of_a_call_that_only_rings_is_closed(rig, lan2):
    token = rings(rig, lan2)
    assert lan2.says(Service.ENTER_ROOM, roomToken=token) == NO_ROOM


# ── Calls that go out ────────────────────────────────────────────────────────────────────────────────────────────────
def test_call_out_in_a_room_gets_on(rig, lan):
    answer = lan.says(Service.START_CALL2, fromNumber=HOTLINE, toNumber=CUSTOMER, video=False, custom="order 5")
    (place,) = rig.engine_heard()
    assert place == signals.PlaceCall(
        lan.name, place.leg, answer["callId"], 7, HERE, HOTLINE, CUSTOMER, user="lan", custom="order 5", apart=True
    )
    assert answer == {
        **DONE,
        "callId": place.call,
        "roomId": answer["roomId"],
        "roomToken": answer["roomToken"],
        "fromNumber": HOTLINE,
        "toNumber": CUSTOMER,
        "toType": "external",
        "video": False,
        "customDataFromYourServer": "{}",
    }
    assert enter(lan, answer["roomToken"]).id == answer["roomId"]
    lan.heard.clear()
    for code in (100, 183, 200):
        rig.engine_says(signals.Progress(lan.name, place.leg, code))
    states = [(each["callId"], each["code"], each["reason"]) for each in lan.told(Service.CALL2_STATE)]
    assert states == [
        (place.call, 100, "Trying"),
        (place.call, 183, "Session Progress"),
        (place.call, 200, "OK"),
    ]
    rig.engine_says(signals.Gone(lan.name, place.leg, HangupCause.NORMAL))
    assert lan.told(Service.CALL2_ENDED) == [{"callId": place.call, "code": 200, "reason": "Bye"}]


def test_call_out_in_a_room_that_fails_says_how(rig, lan):
    lan.says(Service.START_CALL2, fromNumber=HOTLINE, toNumber=CUSTOMER)
    (place,) = rig.engine_heard()
    rig.engine_says(signals.Gone(lan.name, place.leg, HangupCause.BUSY))
    assert lan.told(Service.CALL2_STATE) == [{"callId": place.call, "code": 486, "reason": "Busy Here"}]
    assert lan.says(Service.HANG_UP2, callId=place.call) == DONE  # it crosses the end


@pytest.mark.parametrize(
    ("refusal", "code"), [(refusals.FromNumberNotFound(), 4), (refusals.TooManyCalls(), 12), (refusals.NoEngine(), 6)]
)
def test_call_out_in_a_room_is_checked_as_any_other(rig, lan, refusal, code):
    rig.office.refusal = refusal
    answer = lan.says(Service.START_CALL2, fromNumber=HOTLINE, toNumber=CUSTOMER)
    assert (answer["r"], answer["customDataFromYourServer"]) == (code, "{}")
    assert lan.says(Service.START_CALL2, fromNumber=5, toNumber=CUSTOMER)["r"] == 10
    assert rig.engine_heard() == []


# ── In the call ──────────────────────────────────────────────────────────────────────────────────────────────────────
def test_keys_and_hold_are_done_as_in_any_call(rig, lan2, room):
    assert lan2.says(Service.PRESS2, callId=CALL, digits="5#") == DONE
    assert lan2.says(Service.HOLD2, callId=CALL, hold=True) == DONE
    assert lan2.says(Service.HOLD2, callId=CALL, hold=False) == DONE
    assert rig.engine_heard() == [signals.Press(lan2.name, LEG, "5#")]
    assert rig.office.done == [("hold", "lan", CALL, True), ("hold", "lan", CALL, False)]


def test_what_a_page_notices_of_its_sound_is_answered(lan2, room):
    track = room.near_track(SAYS)
    muted = {"roomId": room.id, "serverTrackId": track, "mediaType": 1, "enable": False}
    assert lan2.says(Service.SWITCH_TRACK, **muted) == DONE
    assert lan2.says(Service.SWITCH_TRACK, **{**muted, "serverTrackId": room.far_track})["r"] == 3
    assert lan2.says(Service.TRACK_STATE, roomId=room.id, serverTrackId=track, isConnected=True) == DONE
    assert lan2.says(Service.UNSUBSCRIBE, roomId=room.id, serverTrackId=room.far_track, serverPcId="x") == DONE


def test_page_that_unpublishes_is_heard_no_more(rig, lan2, room):
    track = room.near_track(SAYS)
    assert lan2.says(Service.UNPUBLISH, roomId=room.id, serverTrackId=track) == DONE
    assert rig.engine_heard() == [signals.Withdraw(lan2.name, LEG, SAYS)]
    assert lan2.says(Service.UNPUBLISH, roomId=room.id, serverTrackId=room.far_track)["r"] == 3
    assert rig.engine_heard() == []


def test_page_that_leaves_its_room_has_hung_up(rig, lan2, room):
    assert lan2.says(Service.LEAVE_ROOM, roomId=room.id, allStringeeClient=True) == DONE
    assert rig.engine_heard() == [signals.Leave(lan2.name, LEG)]
    assert [each["callId"] for each in lan2.told(Service.CALL2_ENDED)] == [CALL]


@pytest.mark.parametrize("end", ["theirs", "ours"])
def test_page_whose_call_has_ended_may_close_everything(rig, lan2, room, end):
    if end == "ours":
        assert lan2.says(Service.HANG_UP2, callId=CALL, reason="NotFoundError") == DONE
    else:
        rig.engine_says(signals.Gone(lan2.name, LEG, HangupCause.NORMAL))
        assert lan2.told(Service.CALL2_ENDED) == [{"callId": CALL, "code": 200, "reason": "Bye"}]
    for service in (Service.UNSUBSCRIBE, Service.UNPUBLISH, Service.TRACK_STATE, Service.LEAVE_ROOM):
        assert lan2.says(service, roomId=room.id, serverTrackId=room.far_track) == DONE
    assert lan2.says(Service.PUBLISH, roomId=room.id, localPcId=SAYS) == NO_ROOM


def test_info_goes_from_room_to_room_and_to_pages_without(rig, lan2):
    token = rings(rig, lan2)
    rig.accepts(lan2)
    room = enter(lan2, token)
    phone = rig.telephone()
    rig.office.calls.add(CALL)
    rig.rings("leg-2", CALL, f"tel:{CUSTOMER}")
    rig.accepts(phone, "leg-2")
    assert lan2.says(Service.SEND_ROOM_INFO, roomId=room.id, msg={"info": "hello"}) == DONE
    assert phone.told(Service.INFO) == [{"callId": CALL, "info": {"info": "hello"}}]
    assert lan2.told(Service.ROOM_INFO) == []
    phone.says(Service.SEND_INFO, callId=CALL, info=[1])
    assert lan2.told(Service.ROOM_INFO) == [{"roomId": room.id, "callId": CALL, "msg": [1]}]


@pytest.mark.parametrize(
    ("fields", "done"),
    [
        (
            {"toNumber": "minh", "toType": "agent", "transferType": "blind"},
            ("transfer", "lan", CALL, Party("minh", internal=True), TransferKind.BLIND),
        ),
        (
            {"toNumber": "minh", "toType": "agent", "transferType": "attended"},
            ("transfer", "lan", CALL, Party("minh", internal=True), TransferKind.ATTENDED),
        ),
        (
            {"toNumber": CUSTOMER, "toType": "external"},
            ("transfer", "lan", CALL, Party(CUSTOMER), TransferKind.BLIND),
        ),
        (
            {"toNumber": "QUMHMRTT", "toType": "queue", "transferType": "blind"},
            ("transfer to queue", "lan", CALL, "QUMHMRTT"),
        ),
        (
            {"toNumber": "minh", "toType": "agent", "transferType": "conference"},
            ("add person", "lan", CALL, Party("minh", internal=True)),
        ),
    ],
)
def test_transfers_are_the_conductors_business(rig, lan2, room, fields, done):
    assert lan2.says(Service.TRANSFER2, callId=CALL, fromNumber=HOTLINE, **fields) == DONE
    assert rig.office.done == [done]


@pytest.mark.parametrize(
    ("service", "fields"),
    [
        (Service.TRANSFER2, {"toNumber": "minh", "toType": "agent", "transferType": "coach"}),
        (Service.TRANSFER2, {"toNumber": "QUMHMRTT", "toType": "queue", "transferType": "attended"}),
        (Service.TRANSFER2, {"toNumber": "minh", "toType": "moon", "transferType": "blind"}),
        (Service.JOIN_CALL2, {"callid": CALL}),
        (Service.UPDATE_CALL, {"type": 2, "msg": {"isVideo": True}}),
        (Service.PUBLISH, {"localPcId": SAYS, "screen": True, "video": True}),
    ],
)
def test_what_is_not_done_here_is_refused_in_words(rig, lan2, room, service, fields):
    answer = lan2.says(service, callId=CALL, roomId=room.id, **fields)
    assert answer["r"] == 22
    assert len(answer["message"]) > 20
    assert rig.office.done == []
    assert rig.engine_heard() == []


# ── Coming back ──────────────────────────────────────────────────────────────────────────────────────────────────────
def test_page_that_comes_back_has_its_room(rig, lan2, room):
    lan2.loses_socket()
    assert rig.engine_heard() == [signals.SocketLost(lan2.name)]
    back = rig.page(rooms=True)
    assert rig.engine_heard() == [signals.SocketBack(back.name, HERE, (LEG,))]
    rig.engine_says(signals.Describe(back.name, LEG, SdpKind.ANSWER, ANSWER, Way.HEARS, HEARS))
    assert [each["localTrackId"] for each in back.told(Service.TRACK_DESCRIBED)] == [HEARS]
    assert back.says(Service.PRESS2, callId=CALL, digits="1") == DONE
    assert back.says(Service.PUBLISH, roomId=room.id, localPcId="pc-3")["r"] == 0
    back.heard.clear()
    rig.engine_says(signals.Gone(back.name, LEG, HangupCause.NORMAL))
    assert [each["callId"] for each in back.told(Service.CALL2_ENDED)] == [CALL]


def test_calls_in_rooms_end_with_the_engine_that_carried_them(lan2, room):
    lan2.heard.clear()
    lan2.happens(EnginesLost(frozenset({NODE})))
    assert lan2.told(Service.CALL2_ENDED) == [{"callId": CALL, "code": 500, "reason": "Server Error"}]


@pytest.mark.parametrize("room", [None, Room("room-1", "token-1")])
def test_calls_are_remembered_with_their_rooms(room):
    call = PageCall(LEG, CALL, NODE, CallState.TALKING, incoming=True, room=room)
    assert from_json(to_json(call)) == call


# ── Strangers ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_somebody_elses_room_is_nobodys(rig, lan2, room):
    strangers = [rig.page("minh"), rig.page("lan", project=8), rig.page("lan", "web-2", "session-2")]
    rig.engine_heard()
    near, pc = room.near_track(SAYS), f"{Way.SPEAKS}:{SAYS}"
    for client in strangers:
        assert client.says(Service.ENTER_ROOM, roomToken=room.token) == NO_ROOM
        for service in (
            Service.DESCRIBE_TRACK,
            Service.TRACK_CANDIDATE,
            Service.LEAVE_ROOM,
            Service.PUBLISH,
            Service.UNPUBLISH,
            Service.SUBSCRIBE,
            Service.UNSUBSCRIBE,
            Service.SEND_ROOM_INFO,
            Service.SWITCH_TRACK,
            Service.TRACK_STATE,
            Service.UPDATE_CALL,
        ):
            fields = {"subscribeTrackId": room.far_track, "serverTrackId": near, "serverPcId": pc, "localPcId": SAYS}
            assert client.says(service, roomId=room.id, msg={}, data=offer(), **fields) == NO_ROOM
        assert client.says(Service.TRANSFER2, callId=CALL, toNumber="minh", toType="agent") == UNKNOWN
        assert client.says(Service.JOIN_CALL2, callid=CALL) == UNKNOWN
    assert rig.engine_heard() == []
    assert rig.office.done == []


def test_tracks_of_other_rooms_are_not_heard(lan2, room):
    for track in ("", "room-9-far", room.near_track(SAYS)):
        answer = lan2.says(Service.SUBSCRIBE, roomId=room.id, localPcId=HEARS, subscribeTrackId=track)
        assert answer == NO_TRACK


@pytest.mark.parametrize(
    "connection", ["", "both:pc-1", "speaks:", "speaks:a b", "listens:pc-1", "speaks:" + "x" * 65, 5]
)
def test_connections_that_nobody_was_given_are_not_described(rig, lan2, room, connection):
    answer = lan2.says(Service.DESCRIBE_TRACK, roomId=room.id, serverPcId=connection, data=offer())
    assert answer["r"] == 3
    assert rig.engine_heard() == []


@pytest.mark.parametrize("data", [None, offer(kind="answer"), offer("x" * (MAX_SDP + 1)), {"type": "offer"}])
def test_descriptions_that_are_none_go_nowhere(rig, lan2, room, data):
    answer = lan2.says(Service.DESCRIBE_TRACK, roomId=room.id, serverPcId=f"speaks:{SAYS}", data=data)
    assert answer["r"] == 3
    assert rig.engine_heard() == []


@pytest.mark.parametrize("name", ["", "x" * 65, "a b", "é", 5, None])
def test_connections_have_plain_names(lan2, room, name):
    far = room.far_track
    assert lan2.says(Service.PUBLISH, roomId=room.id, localPcId=name)["r"] == 3
    assert lan2.says(Service.SUBSCRIBE, roomId=room.id, localPcId=name, subscribeTrackId=far)["r"] == 3


def test_call_in_a_room_is_not_described_as_one_without(rig, lan2, room):
    assert lan2.says(Service.DESCRIBE, callId=CALL, type="sdp", data=offer()) == UNKNOWN
    assert rig.engine_heard() == []


def test_call_without_a_room_has_none(rig, talking):
    assert talking.says(Service.ENTER_ROOM, roomToken="") == NO_ROOM
    assert talking.says(Service.PUBLISH, roomId="", localPcId=SAYS) == NO_ROOM
    assert rig.engine_heard() == []


def test_telephone_has_no_keys_for_transfers_in_rooms(rig):
    phone = rig.telephone()
    call = phone.says(Service.START_CALL2, fromNumber=CUSTOMER, toNumber=HOTLINE)["callId"]
    assert phone.says(Service.HOLD2, callId=call, hold=True)["r"] == 22
    assert phone.says(Service.TRANSFER2, callId=call, toNumber="lan", toType="agent")["r"] == 22
    assert rig.office.done == []


@pytest.mark.parametrize("service", [108, 109, 115, 116, 117, 118, 119, 120, 126, 128, 131, 132, 135, 136, 138, 142])
@pytest.mark.parametrize("junk", [{}, {"roomId": 5, "callId": 5}, {"roomId": [], "roomToken": {}, "callid": 5}])
def test_packets_about_rooms_of_wrong_kinds_are_answered(lan2, room, service, junk):
    assert lan2.says(service, **junk)["r"] in (3, 10)
