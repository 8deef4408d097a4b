"""The writing of clients of the first generation."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softphone import engine_io, packets
from softphone.engine_io import MOST_PACKETS, BadPayload

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def test_first_packet_says_who_the_client_is_and_how_it_stays():
    opening = engine_io.opening("abc", 15.0, 10.0, ["websocket"])
    assert opening == '0{"sid":"abc","upgrades":["websocket"],"pingInterval":15000,"pingTimeout":10000}'


def test_event_carries_its_body_as_a_text():
    event = engine_io.event(packets.write(30, {"callId": "call-1"}))
    assert event == '42["EventPacket",{"service":30,"body":"{\\"callId\\":\\"call-1\\"}"}]'
    inner = engine_io.packet_in(event)
    assert inner is not None
    assert packets.parse(inner).body == {"callId": "call-1"}


@pytest.mark.parametrize(
    "text", ["", "42", "42[]", '42["Other",{}]', '421["EventPacket",{}]', "40", '42["EventPacket"]']
)
def test_other_events_are_none(text):
    assert engine_io.packet_in(text) is None


@given(st.lists(TEXTS.filter(bool), max_size=MOST_PACKETS))
def test_packets_come_out_of_a_text_as_they_went_in(several):
    assert engine_io.split(engine_io.join(several)) == several


def test_lengths_count_as_javascript_does():
    assert engine_io.join(["4😀"]) == "3:4😀"
    assert engine_io.split("3:4😀1:2") == ["4😀", "2"]


@pytest.mark.parametrize(
    "payload", ["x", ":", "1:", "2:4", "-1:4", "1.0:4", "9999999:4", "²:44", "2:4😀", "1:2" * (MOST_PACKETS + 1), "3"]
)
def test_what_no_client_writes_is_refused(payload):
    with pytest.raises(BadPayload):
        engine_io.split(payload)


@given(st.text())
def test_any_text_is_a_payload_or_refused(text):
    try:
        several = engine_io.split(text)
    except BadPayload:
        return
    assert all(isinstance(each, str) for each in several)


@given(st.integers(1, 300), st.dictionaries(TEXTS, TEXTS))
def test_any_packet_is_an_event_that_can_be_read(service, body):
    inner = engine_io.packet_in(engine_io.event(packets.write(service, body)))
    assert inner is not None
    read = json.loads(inner)
    assert (read["service"], json.loads(read["body"])) == (service, body)
