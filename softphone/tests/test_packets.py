"""Packets of strangers: read strictly, or refused with a reason that repeats nothing of them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softphone import packets
from softphone.packets import BadField, BadPacket, Packet, Service

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def test_packet_is_read_with_its_request_id():
    packet = packets.parse('{"service":34,"body":{"requestId":7,"callId":"call-1","digits":"5"}}')
    assert packet == Packet(Service.PRESS, {"requestId": 7, "callId": "call-1", "digits": "5"}, 7)


def test_body_may_be_a_text_of_json_as_the_oldest_clients_send_it():
    assert packets.parse('{"service":1,"body":"{\\"requestId\\":2}"}') == Packet(1, {"requestId": 2}, 2)


@pytest.mark.parametrize("request_id", [None, True, "1", 1.5, [1]])
def test_request_id_of_another_kind_is_none(request_id):
    assert packets.parse(json.dumps({"service": 1, "body": {"requestId": request_id}})).request_id is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "null",
        "[]",
        "1",
        "{}",
        '{"service":0,"body":{}}',
        '{"service":-1,"body":{}}',
        '{"service":true,"body":{}}',
        '{"service":"1","body":{}}',
        '{"service":1.0,"body":{}}',
        '{"service":1,"body":null}',
        '{"service":1,"body":[]}',
        '{"service":1,"body":"[]"}',
        '{"service":1,"body":"{"}',
        '{"service":1,"service":2,"body":{}}',
        '{"service":1,"body":{"a":NaN}}',
        '{"service":1,"body":{"a":"\\u0000"}}',
        '{"service":1,"body":{"a":"\\ud800"}}',
        '{"service":1,"body":{"a":' + "9" * 5000 + "}}",
        '{"service":1,"body":{"a":' + "[" * 5000 + "]" * 5000 + "}}",
        '{"service":1,"body":' + '{"a":' * 30 + "1" + "}" * 30 + "}",
        '{"service":1,"body":{"a":"\udc00"}}',
    ],
)
def test_what_nobody_sends_by_intention_is_refused(text):
    with pytest.raises(BadPacket):
        packets.parse(text)


@given(JSON)
def test_any_json_is_a_packet_or_refused(value):
    try:
        packet = packets.parse(json.dumps(value))
    except BadPacket:
        return
    assert isinstance(packet.service, int)


@given(st.text())
def test_any_text_is_a_packet_or_refused(text):
    try:
        packets.parse(text)
    except BadPacket:
        return


@given(st.dictionaries(st.text(), JSON), st.sampled_from(["text", "whole", "flag", "inner", "any"]), st.text())
def test_any_field_is_of_its_kind_or_refused(body, kind, key):
    kinds = {"text": str, "whole": int, "flag": bool, "inner": Packet, "any": object}
    try:
        value = getattr(Packet(1, body), kind)(key)
    except BadField:
        return
    assert isinstance(value, kinds[kind])


def test_text_has_a_longest_length_and_may_have_a_default():
    packet = Packet(1, {"a": "x" * 10})
    assert packet.text("a", limit=10) == "x" * 10
    assert packet.text("b", "") == ""
    with pytest.raises(BadField):
        packet.text("a", limit=9)
    with pytest.raises(BadField):
        packet.text("b")


@given(st.text())
def test_custom_data_is_always_json_for_a_strict_reader(text):
    assert json.loads(packets.as_json_text(text)) is not ...


@pytest.mark.parametrize(
    ("text", "becomes"),
    [("", "{}"), (" ", "{}"), ('{"a":1}', '{"a":1}'), ("hello", '"hello"'), ("NaN", '"NaN"'), ("[1]", "[1]")],
)
def test_custom_data_that_is_json_stays(text, becomes):
    assert packets.as_json_text(text) == becomes


def test_packets_are_written_as_clients_read_them():
    assert packets.write(Service.PING, {}) == '{"service":1,"body":{}}'
