"""Calls that come to a page: rung, answered, rejected, taken elsewhere, given up."""

from __future__ import annotations

from common.phone import display
from softphone.call_packets import ACCEPT_WITHIN_S
from softphone.packets import Service
from softphone.tests.rig import (
    ANSWER,
    CALL,
    CUSTOMER,
    DONE,
    HERE,
    HOTLINE,
    ICE,
    LEG,
    OFFER,
    UNKNOWN,
)
from telephony import signals
from telephony.port import HangupCause
from telephony.signals import SdpKind, endpoint_channel


def test_call_that_comes_in_is_shown_with_all_that_clients_read(rig, lan):
    rig.rings(from_alias="Mai", to_alias="Sales", custom_data='{"name":"Mai"}', info={"queue": "Sales"})
    assert lan.told(Service.INCOMING_CALL) == [
        {
            "callId": CALL,
            "fromNumber": CUSTOMER,
            "fromAlias": "Mai",
            "toNumber": HOTLINE,
            "toAlias": "Sales",
            "fromShown": "Mai",
            "toShown": "Sales",
            "fromInternal": False,
            "video": False,
            "iceServers": list(ICE),
            "customDataFromYourServer": '{"name":"Mai"}',
            "info": {"queue": "Sales"},
            "timeout_ms": 20000,
        }
    ]
    assert rig.engine_heard() == [signals.Rung(lan.name, LEG, HERE)]


def test_numbers_are_told_as_people_read_them_too(rig, lan):
    rig.rings()
    (shown,) = lan.told(Service.INCOMING_CALL)
    assert (shown["fromAlias"], shown["fromShown"]) == (CUSTOMER, display(CUSTOMER))
    assert (shown["toAlias"], shown["toShown"]) == (HOTLINE, display(HOTLINE))


def test_custom_data_is_json_whatever_the_customers_server_sent(rig, lan):
    rig.rings(custom_data="hello")
    rig.rings("leg-2", "call-2")
    assert [each["customDataFromYourServer"] for each in lan.told(Service.INCOMING_CALL)] == ['"hello"', "{}"]


def test_answered_call_is_described_by_the_engine_and_then_by_the_page(rig, lan):
    rig.rings()
    rig.engine_heard()
    assert lan.says(Service.SET_STATE, callId=CALL, code=200) == {}
    assert rig.engine_heard() == [signals.Accept(lan.name, LEG, HERE)]
    rig.engine_says(signals.Accepted(lan.name, LEG, won=True))
    assert lan.answer(Service.SET_STATE) == DONE
    rig.engine_says(signals.Describe(lan.name, LEG, SdpKind.OFFER, OFFER))
    described = {"callId": CALL, "type": "sdp", "data": {"type": "offer", "sdp": OFFER}}
    assert lan.told(Service.DESCRIBED) == [described]
    answer = {"type": "answer", "sdp": ANSWER}
    assert lan.says(Service.DESCRIBE, callId=CALL, type="sdp", data=answer) == DONE
    assert rig.engine_heard() == [signals.Describe(lan.name, LEG, SdpKind.ANSWER, ANSWER)]


def test_addresses_of_browsers_are_taken_and_go_nowhere(rig, talking):
    candidate = {"candidate": "candidate:1 1 udp 1 10.0.0.1 4000 typ host", "sdpMid": "0", "sdpMLineIndex": 0}
    assert talking.says(Service.DESCRIBE, callId=CALL, type="candidate", data=candidate) == DONE
    assert rig.engine_heard() == []


def test_call_that_another_page_of_the_user_has_answered(rig, lan):
    other = rig.page(device="web-2", page="session-2")
    rig.rings()
    rig.accepts(other)
    taken = signals.RingEnds(LEG, HangupCause.NORMAL, other.name)
    rig.engine_says(taken, endpoint_channel(HERE))
    elsewhere = {"type": "CALL_STATE", "data": {"callId": CALL, "code": 200}}
    assert lan.told(Service.OTHER_DEVICE) == [elsewhere]
    assert other.told(Service.OTHER_DEVICE) == []
    assert lan.says(Service.SET_STATE, callId=CALL, code=200)["r"] == 2
    assert lan.says(Service.SET_STATE, callId=CALL, code=486)["r"] == 2
    assert lan.says(Service.PRESS, callId=CALL, digits="1")["r"] == 2
    rig.engine_says(signals.Gone(other.name, LEG, HangupCause.NORMAL))
    assert lan.told(Service.OTHER_DEVICE) == [{"type": "CALL_END", "data": {"callId": CALL}}]
    assert lan.says(Service.DOES_CALL_EXIST, callId=CALL)["exist"] is False


def test_second_of_two_pages_that_answer_at_once_is_told_so(rig, lan):
    rig.rings()
    lan.says(Service.SET_STATE, callId=CALL, code=200)
    rig.engine_says(signals.RingEnds(LEG, HangupCause.NORMAL, "s-other"), endpoint_channel(HERE))
    rig.engine_says(signals.Accepted(lan.name, LEG, won=False))
    assert lan.answer(Service.SET_STATE)["r"] == 2
    assert lan.told(Service.OTHER_DEVICE) == [{"type": "CALL_STATE", "data": {"callId": CALL, "code": 200}}]


def test_call_that_is_gone_when_it_is_answered(rig, lan):
    rig.rings()
    lan.says(Service.SET_STATE, callId=CALL, code=200)
    rig.engine_says(signals.Accepted(lan.name, LEG, won=False, known=False))
    assert lan.answer(Service.SET_STATE) == UNKNOWN
    assert lan.told(Service.CALL_ENDED) == [{"callId": CALL}]


def test_page_that_hangs_up_before_anybody_knows_whether_it_was_first(rig, lan):
    rig.rings()
    lan.says(Service.SET_STATE, callId=CALL, code=200)
    rig.engine_heard()
    assert lan.says(Service.HANG_UP, callId=CALL) == DONE
    assert lan.answer(Service.SET_STATE) == UNKNOWN
    assert rig.engine_heard() == [signals.Leave(lan.name, LEG)]


def test_answer_to_an_engine_that_does_not_listen(rig, lan):
    rig.rings()
    rig.bus.nodes.clear()
    assert lan.says(Service.SET_STATE, callId=CALL, code=200) == UNKNOWN
    assert lan.told(Service.CALL_ENDED) == [{"callId": CALL}]


def test_engine_that_never_says_who_was_first(rig, lan, clock):
    rig.rings()
    lan.says(Service.SET_STATE, callId=CALL, code=200)
    rig.engine_heard()
    clock.shift(ACCEPT_WITHIN_S + 1)
    lan.ticks()
    assert lan.answer(Service.SET_STATE) == UNKNOWN
    assert lan.told(Service.CALL_ENDED) == [{"callId": CALL}]
    assert rig.engine_heard() == [signals.Leave(lan.name, LEG)]


def test_rejected_call_is_over_on_all_pages_of_the_user(rig, lan):
    other = rig.page(device="web-2", page="session-2")
    rig.rings()
    rig.engine_heard()
    assert lan.says(Service.SET_STATE, callId=CALL, code=486) == DONE
    assert rig.engine_heard() == [signals.Refuse(lan.name, LEG, HangupCause.REJECTED, HERE)]
    rig.engine_says(signals.RingEnds(LEG, HangupCause.REJECTED, lan.name), endpoint_channel(HERE))
    assert other.told(Service.OTHER_DEVICE) == [{"type": "CALL_STATE", "data": {"callId": CALL, "code": 486}}]
    assert lan.heard[-1][0] == Service.SET_STATE  # nothing more is told to who has rejected it
    assert lan.says(Service.SET_STATE, callId=CALL, code=200) == UNKNOWN


def test_second_call_that_is_rejected_by_who_talks_meets_a_busy_line(rig, lan):
    rig.rings()
    rig.accepts(lan)
    rig.rings("leg-2", "call-2")
    rig.engine_heard()
    lan.says(Service.SET_STATE, callId="call-2", code=486)
    assert rig.engine_heard() == [signals.Refuse(lan.name, "leg-2", HangupCause.BUSY, HERE)]


def test_hanging_up_a_call_that_rings_rejects_it(rig, lan):
    rig.rings()
    rig.engine_heard()
    assert lan.says(Service.HANG_UP, callId=CALL) == DONE
    assert rig.engine_heard() == [signals.Refuse(lan.name, LEG, HangupCause.REJECTED, HERE)]


def test_caller_who_gives_up_ends_the_ringing(rig, lan):
    rig.rings()
    rig.engine_says(signals.RingEnds(LEG, HangupCause.CANCELLED), endpoint_channel(HERE))
    assert lan.told(Service.CALL_ENDED) == [{"callId": CALL}]
    assert rig.memory.kept[lan.name] == {}


def test_ring_whose_end_got_lost_ends_by_itself(rig, lan, clock):
    rig.rings(timeout_s=20.0)
    clock.shift(24)
    lan.ticks()
    assert lan.told(Service.CALL_ENDED) == []
    clock.shift(2)
    lan.ticks()
    assert lan.told(Service.CALL_ENDED) == [{"callId": CALL}]


def test_ring_that_is_told_twice_is_shown_once(rig, lan):
    rig.rings()
    rig.rings()
    assert len(lan.told(Service.INCOMING_CALL)) == 1
    assert rig.engine_heard() == [signals.Rung(lan.name, LEG, HERE)] * 2


def test_second_leg_of_a_call_that_the_page_has_is_busy(rig, lan):
    rig.rings()
    rig.accepts(lan)
    rig.rings("leg-2")
    assert rig.engine_heard() == [signals.Refuse(lan.name, "leg-2", HangupCause.BUSY, HERE)]


def test_page_may_say_that_it_rings(rig, lan):
    rig.rings()
    rig.engine_heard()
    assert lan.says(Service.SET_STATE, callId=CALL, code=180) == DONE
    assert rig.engine_heard() == [signals.Rung(lan.name, LEG, HERE)]
