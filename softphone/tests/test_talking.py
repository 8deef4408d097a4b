"""What a page asks while it talks: keys, hold, transfer, info; and calls of somebody else."""

from __future__ import annotations

import pytest

from callflow import refusals
from callflow.domain.call import Party, TransferKind
from softphone.packets import Service
from softphone.tests.rig import (
    CALL,
    CUSTOMER,
    DONE,
    LEG,
    OFFER,
    UNKNOWN,
    placed,
)
from telephony import signals
from telephony.port import HangupCause
from telephony.signals import SdpKind


def test_keys_are_passed_on(rig, talking):
    assert talking.says(Service.PRESS, callId=CALL, digits="5#a") == DONE
    assert rig.engine_heard() == [signals.Press(talking.name, LEG, "5#A")]


@pytest.mark.parametrize("digits", ["", "x", "1" * 65, "1\n", 5, None])
def test_what_is_no_key_is_refused(rig, talking, digits):
    assert talking.says(Service.PRESS, callId=CALL, digits=digits)["r"] == 3
    assert rig.engine_heard() == []


def test_hold_and_transfer_are_the_conductors_business(rig, talking):
    assert talking.says(Service.HOLD, callId=CALL, hold=True, musicOnHold=None) == DONE
    assert talking.says(Service.HOLD, callId=CALL, hold=False) == DONE
    to = {"number": "minh", "type": "internal", "alias": "minh"}
    assert talking.says(Service.TRANSFER, callId=CALL, to=to) == DONE
    assert rig.office.done == [
        ("hold", "lan", CALL, True),
        ("hold", "lan", CALL, False),
        ("transfer", "lan", CALL, Party("minh", "minh", internal=True), TransferKind.BLIND),
    ]
    assert rig.engine_heard() == []


def test_hold_that_is_refused_says_so(rig, talking):
    rig.office.refusal = refusals.NotPossibleNow("Nobody talks with the customer now.")
    assert talking.says(Service.HOLD, callId=CALL, hold=True)["r"] == 22
    assert talking.says(Service.HOLD, callId=CALL, hold="yes")["r"] == 3


def test_page_that_only_sends_holds_the_customer_until_it_hears_again(rig, talking):
    def offer(direction):
        sdp = f"v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na={direction}\r\na=rtcp-mux\r\n"
        assert talking.says(Service.DESCRIBE, callId=CALL, type="sdp", data={"type": "offer", "sdp": sdp}) == DONE
        assert rig.engine_heard() == [signals.Describe(talking.name, LEG, SdpKind.OFFER, sdp)]

    for direction in ("sendonly", "sendonly", "sendrecv", "inactive", "recvonly"):
        offer(direction)
    assert rig.office.done == [("hold", "lan", CALL, held) for held in (True, False, True, False)]


def test_customer_stays_on_hold_when_the_page_offers_a_connection_from_another_net(rig, talking):
    assert talking.says(Service.HOLD, callId=CALL, hold=True) == DONE
    offer = {"type": "offer", "sdp": "m=audio 9\r\na=sendrecv\r\n"}
    assert talking.says(Service.DESCRIBE, callId=CALL, type="sdp", data=offer) == DONE
    assert rig.office.done == [("hold", "lan", CALL, True)]


def test_hold_of_a_page_that_has_nobody_to_hold_changes_nothing_else(rig, talking):
    rig.office.refusal = refusals.NotPossibleNow("Nobody talks with the customer now.")
    offer = {"type": "offer", "sdp": "m=audio 9\r\na=sendonly\r\n"}
    assert talking.says(Service.DESCRIBE, callId=CALL, type="sdp", data=offer) == DONE


def test_info_reaches_the_other_page_in_the_call(rig, talking):
    phone = rig.telephone()
    place = placed(rig, phone)
    rig.rings("leg-2", place.call)
    rig.accepts(talking, "leg-2", place.call)
    phone.heard.clear()
    assert talking.says(Service.SEND_INFO, callId=place.call, info={"x": [1]}) == DONE
    assert phone.told(Service.INFO) == [{"callId": place.call, "info": {"x": [1]}}]
    assert talking.told(Service.INFO) == []


def test_call_exists_while_it_does(rig, talking):
    assert talking.says(Service.DOES_CALL_EXIST, callId=CALL) == {**DONE, "callId": CALL, "exist": True}
    rig.engine_says(signals.Gone(talking.name, LEG, HangupCause.NORMAL))
    assert talking.says(Service.DOES_CALL_EXIST, callId=CALL) == {**DONE, "callId": CALL, "exist": False}


@pytest.mark.parametrize(
    ("service", "fields"),
    [
        (Service.DESCRIBE, {"type": "sdp", "data": {"type": "offer", "sdp": OFFER}}),
        (Service.SET_STATE, {"code": 200}),
        (Service.SET_STATE, {"code": 486}),
        (Service.HANG_UP, {}),
        (Service.PRESS, {"digits": "1"}),
        (Service.SEND_INFO, {"info": {}}),
        (Service.HOLD, {"hold": True}),
        (Service.TRANSFER, {"to": {"number": "minh"}}),
    ],
)
def test_somebody_elses_call_is_nobodys(rig, talking, service, fields):
    stranger, outsider = rig.page("minh"), rig.page("lan", project=8)
    rig.engine_heard()
    for client in (stranger, outsider):
        assert client.says(service, callId=CALL, **fields) == UNKNOWN
    assert rig.engine_heard() == []
    assert rig.office.done == []


@pytest.mark.parametrize("service", [26, 27, 28, 31, 34, 36, 100, 101, 205])
@pytest.mark.parametrize("junk", [{}, {"callId": 5}, {"callId": CALL, "data": 5, "type": 5, "code": "x", "to": []}])
def test_packets_of_wrong_kinds_are_answered(rig, talking, service, junk):
    assert talking.says(service, **junk)["r"] in (0, 3, 10)


def test_page_that_plays_a_telephone_calls_as_one(rig):
    phone = rig.telephone()
    rig.engine_heard()
    place = placed(rig, phone)
    assert (place.endpoint, place.user) == (f"tel:{CUSTOMER}", "")


def test_telephone_rings_for_calls_of_its_own_project_only(rig):
    phone = rig.telephone()
    rig.engine_heard()
    rig.office.calls.add("call-of-ours")
    rig.rings("leg-1", "call-of-theirs", f"tel:{CUSTOMER}")
    rig.rings("leg-2", "call-of-ours", f"tel:{CUSTOMER}")
    assert [each["callId"] for each in phone.told(Service.INCOMING_CALL)] == ["call-of-ours"]
    assert rig.engine_heard() == [signals.Rung(phone.name, "leg-2", f"tel:{CUSTOMER}")]


def test_telephone_has_no_keys_for_hold_and_transfer(rig):
    phone = rig.telephone()
    place = placed(rig, phone)
    assert phone.says(Service.HOLD, callId=place.call, hold=True)["r"] == 22
    assert phone.says(Service.TRANSFER, callId=place.call, to={"number": "lan"})["r"] == 22
    assert rig.office.done == []
