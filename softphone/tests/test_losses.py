"""Sockets that break, engines that are gone, signals that are old."""

from __future__ import annotations

from softphone.packets import Service
from softphone.tests.rig import (
    CALL,
    DONE,
    HERE,
    LEG,
    NODE,
    OFFER,
)
from softphone.wires import BusIsBack, EnginesLost
from telephony import signals
from telephony.port import HangupCause
from telephony.signals import SdpKind, endpoint_channel


def test_call_goes_on_when_its_page_comes_back_by_another_socket(rig, talking):
    talking.loses_socket()
    assert rig.engine_heard() == [signals.SocketLost(talking.name)]
    back = rig.page()
    assert rig.engine_heard() == [signals.SocketBack(back.name, HERE, (LEG,))]
    assert back.told(Service.INCOMING_CALL) == []
    assert back.says(Service.PRESS, callId=CALL, digits="1") == DONE
    rig.engine_says(signals.Gone(back.name, LEG, HangupCause.NORMAL))
    assert back.told(Service.CALL_ENDED) == [{"callId": CALL}]


def test_call_that_still_rings_is_not_shown_again_to_a_page_that_comes_back(rig, lan):
    rig.rings()
    lan.loses_socket()
    back = rig.page()
    rig.rings()
    assert back.told(Service.INCOMING_CALL) == []
    rig.accepts(back)
    assert back.answer(Service.SET_STATE) == DONE


def test_answer_that_was_under_way_when_the_socket_broke_holds(rig, lan):
    rig.rings()
    lan.says(Service.SET_STATE, callId=CALL, code=200)
    lan.loses_socket()
    back = rig.page()
    rig.engine_says(signals.Describe(back.name, LEG, SdpKind.OFFER, OFFER))
    assert len(back.told(Service.DESCRIBED)) == 1
    assert back.says(Service.PRESS, callId=CALL, digits="1") == DONE


def test_page_that_was_loaded_anew_says_which_calls_it_has(rig, talking):
    rig.rings("leg-2", "call-2")
    talking.loses_socket()
    rig.engine_heard()
    back = rig.socket()
    token = next(iter(rig.office.tokens))
    back.says(Service.LOGIN, accesstoken=token, deviceId="web-1", sessionId="session-1", calls=[])
    assert rig.engine_heard() == [
        signals.Leave(talking.name, LEG),
        signals.SocketBack(talking.name, HERE),
    ]
    rig.rings("leg-2", "call-2")
    assert [each["callId"] for each in back.told(Service.INCOMING_CALL)] == ["call-2"]


def test_calls_end_with_the_engine_that_carried_them(rig, talking):
    talking.heard.clear()
    talking.happens(EnginesLost(frozenset({"another"})))
    assert talking.told(Service.CALL_ENDED) == []
    talking.happens(EnginesLost(frozenset({NODE})))
    assert talking.told(Service.CALL_ENDED) == [{"callId": CALL, "code": 500}]


def test_page_that_comes_back_learns_that_its_engine_is_gone(rig, talking):
    talking.loses_socket()
    rig.memory.living = {}
    back = rig.page()
    assert back.told(Service.CALL_ENDED) == [{"callId": CALL, "code": 500}]
    assert rig.memory.kept[back.name] == {}


def test_sound_that_breaks_off_is_told_as_a_failure_and_an_ordinary_end_is_not(rig, talking):
    talking.heard.clear()
    rig.engine_says(signals.Gone(talking.name, LEG, HangupCause.FAILED))
    assert talking.told(Service.CALL_ENDED) == [{"callId": CALL, "code": 500}]


def test_what_redis_has_forgotten_is_kept_again(rig, talking):
    rig.memory.kept.clear()
    rig.memory.there.clear()
    talking.happens(BusIsBack())
    talking.loses_socket()
    back = rig.page()
    assert back.says(Service.PRESS, callId=CALL, digits="1") == DONE


def test_nobody_is_cut_off_because_engines_cannot_be_seen(rig, talking):
    talking.loses_socket()
    rig.memory.living = None
    assert rig.page().told(Service.CALL_ENDED) == []


def test_signals_about_legs_that_a_page_has_not_are_old(rig, lan):
    for signal in (
        signals.Accepted(lan.name, "leg-9", won=True),
        signals.Describe(lan.name, "leg-9", SdpKind.OFFER, OFFER),
        signals.Progress(lan.name, "leg-9", 200),
        signals.Gone(lan.name, "leg-9", HangupCause.NORMAL),
    ):
        rig.engine_says(signal)
    rig.engine_says(signals.RingEnds("leg-9", HangupCause.NORMAL), endpoint_channel(HERE))
    assert lan.heard == []


def test_what_is_no_signal_is_passed_by(rig, lan):
    for junk in ({}, {"kind_": "Dance"}, {"kind_": "Gone"}, {"kind_": "Ring", "leg": 5, "more": 1}):
        rig.run(rig.bus.publish, endpoint_channel(HERE), junk)
    rig.settle()
    assert lan.heard == []
