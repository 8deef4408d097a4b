"""Calls that a page places, and why it may not."""

from __future__ import annotations

import re

import pytest

from callflow import refusals
from softphone.call_packets import MOST_CALLS
from softphone.packets import MAX_FREE_TEXT, Service
from softphone.tests.rig import (
    ANSWER,
    CUSTOMER,
    DONE,
    HERE,
    HOTLINE,
    ICE,
    OFFER,
    UNKNOWN,
    calls_out,
    placed,
)
from telephony import signals
from telephony.port import HangupCause
from telephony.signals import SdpKind


def test_call_out_is_answered_at_once_and_placed_at_a_live_engine(rig, lan):
    answer = calls_out(lan, custom="order 5")
    assert re.fullmatch(r"call-vn-1-[A-Z0-9]{10}-\d{13}", answer["callId"])
    assert answer == {
        **DONE,
        "callId": answer["callId"],
        "fromNumber": HOTLINE,
        "toNumber": CUSTOMER,
        "toType": "external",
        "video": False,
        "peerToPeerCall": False,
        "iceServers": list(ICE),
        "customDataFromYourServer": "{}",
    }
    (place,) = rig.engine_heard()
    assert place == signals.PlaceCall(
        lan.name, place.leg, answer["callId"], 7, HERE, HOTLINE, CUSTOMER, user="lan", custom="order 5"
    )


def test_call_out_gets_on(rig, lan):
    place = placed(rig, lan)
    offer = {"type": "offer", "sdp": OFFER}
    assert lan.says(Service.DESCRIBE, callId=place.call, type="sdp", data=offer) == DONE
    assert rig.engine_heard() == [signals.Describe(lan.name, place.leg, SdpKind.OFFER, OFFER)]
    for code in (100, 183):
        rig.engine_says(signals.Progress(lan.name, place.leg, code))
    rig.engine_says(signals.Describe(lan.name, place.leg, SdpKind.ANSWER, ANSWER))
    rig.engine_says(signals.Progress(lan.name, place.leg, 200))
    states = [(each["code"], each["reason"]) for each in lan.told(Service.CALL_STATE)]
    assert states == [(100, "Trying"), (183, "Session Progress"), (200, "OK")]
    assert lan.told(Service.DESCRIBED)[0]["data"] == {"type": "answer", "sdp": ANSWER}


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        (HangupCause.BUSY, 486),
        (HangupCause.REJECTED, 603),
        (HangupCause.NO_ANSWER, 408),
        (HangupCause.UNREACHABLE, 480),
        (HangupCause.INVALID_NUMBER, 404),
    ],
)
def test_call_out_in_vain_ends_with_its_code(rig, lan, cause, code):
    place = placed(rig, lan)
    rig.engine_says(signals.Gone(lan.name, place.leg, cause))
    assert [each["code"] for each in lan.told(Service.CALL_STATE)] == [code]
    assert lan.told(Service.CALL_ENDED) == []


def test_call_that_was_answered_ends(rig, lan):
    place = placed(rig, lan)
    rig.engine_says(signals.Progress(lan.name, place.leg, 200))
    rig.engine_says(signals.Gone(lan.name, place.leg, HangupCause.BUSY))
    assert lan.told(Service.CALL_ENDED) == [{"callId": place.call}]


@pytest.mark.parametrize(
    ("refusal", "code"),
    [
        (refusals.FromNumberNotFound(), 4),
        (refusals.TooManyCalls(), 12),
        (refusals.ToNumberInvalid(), 14),
        (refusals.CalloutNotAllowed("after hours"), 17),
    ],
)
def test_call_out_that_may_not_be_placed_has_its_code_and_custom_data_that_can_be_read(rig, lan, refusal, code):
    rig.office.refusal = refusal
    answer = calls_out(lan)
    assert (answer["r"], answer["message"], answer["customDataFromYourServer"]) == (code, refusal.message, "{}")
    assert rig.engine_heard() == []
    assert rig.memory.kept[lan.name] == {}


@pytest.mark.parametrize("fields", [{"toNumber": None}, {"toNumber": 5}, {"fromNumber": []}, {"toNumber": "1" * 257}])
def test_numbers_that_are_none_are_refused(rig, lan, fields):
    assert calls_out(lan, **fields)["r"] == 10


def test_custom_data_has_a_longest_length(rig, lan):
    assert calls_out(lan, custom="x" * MAX_FREE_TEXT)["r"] == 0
    assert calls_out(lan, custom="x" * (MAX_FREE_TEXT + 1))["r"] == 10


def test_without_an_engine_nobody_calls(rig, lan):
    rig.bus.nodes.clear()
    assert calls_out(lan)["r"] == 6
    rig.office.nodes.clear()
    assert calls_out(lan)["r"] == 6


def test_engine_that_does_not_listen_is_passed_by(rig, lan):
    rig.office.nodes.insert(0, "deaf")
    assert calls_out(lan)["r"] == 0
    assert len(rig.engine_heard()) == 1


def test_page_places_only_so_many_calls(rig, lan):
    assert [calls_out(lan)["r"] for _ in range(MOST_CALLS + 1)] == [0] * MOST_CALLS + [12]


def test_hanging_up_frees_the_microphone_also_when_the_call_has_just_ended(rig, lan):
    place = placed(rig, lan)
    assert lan.says(Service.HANG_UP, callId=place.call, reasonEndcall="") == DONE
    assert rig.engine_heard() == [signals.Leave(lan.name, place.leg)]
    assert lan.says(Service.HANG_UP, callId=place.call) == DONE
    assert lan.says(Service.HANG_UP, callId="call-of-others") == UNKNOWN
    assert rig.engine_heard() == []
