"""Shapes that existing receivers read."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from webhooks import payloads, services
from webhooks.payloads import (
    ActorType,
    CallEvent,
    CallStatus,
    CallType,
    Ending,
    FailedConnection,
    InputEvent,
    Party,
    PartyType,
    RecordingNotice,
    UserCall,
)

CALL_ID = "call-vn-1-Q7ZK02M4XD-1718000000123"
CUSTOMER = Party("84900000012", "84900000012", PartyType.EXTERNAL)
LAN = Party("lan", "842400000001", PartyType.INTERNAL, is_online=True)
ENDED = CallEvent(
    status=CallStatus.ENDED,
    call_id=CALL_ID,
    project_id=81234,
    account_sid="AC0examplesid",
    at_ms=1718000093456,
    from_party=CUSTOMER,
    to_party=LAN,
    created_reason="EXTERNAL_CALL_IN",
    actor="84900000012",
    actor_type=ActorType.EXTERNAL,
    ending=Ending("USER_END_CALL", ActorType.EXTERNAL, CallType.CALL, 93, 61),
)
# webhooks.md §7.6
SAMPLE = {
    "type": "stringee_call",
    "call_status": "ended",
    "call_id": CALL_ID,
    "project_id": 81234,
    "account_sid": "AC0examplesid",
    "request_from_user_id": "",
    "timestamp_ms": 1718000093456,
    "event_id": "K2M9QX7T0B-1718000093456",
    "serial": 7,
    "original": True,
    "peerToPeer": False,
    "from": {"number": "84900000012", "alias": "84900000012", "is_online": False, "type": "external"},
    "to": {"number": "lan", "alias": "842400000001", "is_online": True, "type": "internal"},
    "clientCustomData": "",
    "callCreatedReason": "EXTERNAL_CALL_IN",
    "endCallCause": "USER_END_CALL",
    "endedBy": "EXTERNAL",
    "callType": "CALL",
    "duration": 93,
    "answerDuration": 61,
    "actor": "84900000012",
    "actorType": "EXTERNAL",
}


def test_the_end_of_a_call_has_every_field_of_the_sample_but_those_of_the_delivery():
    assert payloads.call_event(ENDED) == {k: v for k, v in SAMPLE.items() if k not in ("event_id", "serial")}


@pytest.mark.django_db
def test_what_is_owed_is_the_whole_sample(ours, monkeypatch):
    monkeypatch.setattr("common.ids.event_id", lambda at_ms: f"K2M9QX7T0B-{at_ms}")
    now = dt.datetime.fromtimestamp(1718000093.456, dt.UTC)

    delivery = services.owe_event(ours.pk, "https://crm.example/", payloads.call_event(ENDED), now=now, serial=7)

    assert json.loads(delivery.body) == SAMPLE


def test_fields_without_a_value_are_left_out_of_other_events():
    event = CallEvent(CallStatus.RINGING, CALL_ID, 1, "AC1", 5, CUSTOMER, LAN, "EXTERNAL_CALL_IN")

    assert set(SAMPLE) - set(payloads.call_event(event)) == {
        "event_id", "serial", "endCallCause", "endedBy", "callType", "duration", "answerDuration", "actor", "actorType",
    }  # fmt: skip


def test_an_agent_who_did_not_answer_gives_a_cause_and_a_queue():
    event = CallEvent(
        CallStatus.AGENT_ENDED, CALL_ID, 1, "AC1", 5, CUSTOMER, LAN, "EXTERNAL_CALL_IN",
        end_cause="486 Busy Here", queue_id="QUH3T8WZ", custom_data="x", client_custom_data="y",
    )  # fmt: skip
    body = payloads.call_event(event)

    assert body["call_status"] == "agentEnded"
    assert (body["endCallCause"], body["queueId"]) == ("486 Busy Here", "QUH3T8WZ")
    assert (body["customData"], body["clientCustomData"]) == ("x", "y")


def test_a_recording_is_known_by_its_url_and_has_no_status():
    notice = RecordingNotice("http://x/v1/call/recording/1", CALL_ID, 81234, 1, 2, "84900000012", "842400000001")

    assert payloads.recording_notice(notice) == {
        "recording_url": "http://x/v1/call/recording/1",
        "call_id": CALL_ID,
        "project_id": 81234,
        "start_time": 1,
        "end_time": 2,
        "fromNumber": "84900000012",
        "toNumber": "842400000001",
    }


def test_the_time_of_pressed_keys_is_text():
    assert payloads.input_event(InputEvent(1718000000123, "12", CALL_ID, "order", timed_out=False)) == {
        "time": "1718000000123",
        "dtmf": "12",
        "call_id": CALL_ID,
        "customField": "order",
        "timeout": False,
    }


def test_a_failed_connection_names_who_did_not_answer():
    body = payloads.on_fail_event(FailedConnection(CALL_ID, 81234, CUSTOMER, LAN, 9, "480 Temporarily Unavailable"))

    assert body == {
        "call_status": "connect_failed",
        "agent_status": "ended",
        "project_id": 81234,
        "call_id": CALL_ID,
        "from": SAMPLE["from"],
        "to": SAMPLE["to"],
        "start_time": 9,
        "endCallCause": "480 Temporarily Unavailable",
    }


def test_queries_of_the_answer_urls_and_of_customer_info():
    call = UserCall(CALL_ID, 81234, "lan", "842400000001", "+84900000012", "order-55")
    expected = {
        "from": "842400000001",
        "to": "84900000012",
        "fromInternal": "true",
        "userId": "lan",
        "projectId": "81234",
        "custom": "order-55",
        "callId": CALL_ID,
        "videocall": "false",
    }

    assert payloads.user_call_query(call) == expected
    assert payloads.callout_query(call) == {**expected, "customerNumber": "84900000012"}
    assert payloads.phone_call_query(CALL_ID, "+84900000012", "842400000001") == {
        "from": "84900000012",
        "to": "842400000001",
        "fromInternal": "false",
        "uuid": CALL_ID,
    }
    assert payloads.customer_info_query(81234, "84900000012", "842400000001") == {
        "from": "84900000012",
        "to": "842400000001",
        "project": "81234",
    }
