"""Raw recordings are read as they were written, however they end."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.recording_format import (
    VOICES,
    Head,
    Packet,
    RecordingUnreadable,
    Side,
    head_bytes,
    packet_bytes,
    read_head,
    read_packets,
    voice_number,
)

HEAD = Head(7, "rec-1", "leg-1", "conversation", "mp3", True, 1_772_000_000.5)
NUMBERS = st.integers(0, 0xFFFFFFFF)
PACKETS = st.lists(st.builds(Packet, st.integers(0, VOICES - 1), NUMBERS, NUMBERS, st.binary(max_size=300)), max_size=8)


@given(PACKETS, st.integers(0, 40))
def test_a_recording_that_was_cut_off_has_every_packet_before_the_cut(packets, cut):
    parts = [packet_bytes(packet) for packet in packets]
    whole = head_bytes(HEAD) + b"".join(parts)
    length = max(len(head_bytes(HEAD)), len(whole) - cut)
    file = io.BytesIO(whole[:length])

    assert read_head(file) == HEAD
    read = list(read_packets(file))

    ends = [len(head_bytes(HEAD)) + sum(map(len, parts[: i + 1])) for i in range(len(parts))]
    assert read == packets[: sum(end <= length for end in ends)]


@given(st.binary(max_size=200))
def test_anything_else_is_refused(data):
    for file in (io.BytesIO(data), io.BytesIO(b"PCCREC1\n" + data)):
        with pytest.raises(RecordingUnreadable):
            read_head(file)


def test_a_packet_of_no_voice_is_refused():
    for voice in (VOICES, 255):
        with pytest.raises(RecordingUnreadable, match="no voice"):
            list(read_packets(io.BytesIO(packet_bytes(Packet(voice, 0, 0, b"")))))


def test_whoever_is_not_the_leg_that_is_recorded_is_on_the_right():
    assert [Packet(voice, 0, 0, b"").side for voice in range(4)] == [Side.LEFT, Side.RIGHT, Side.RIGHT, Side.RIGHT]


def test_numbers_of_voices_are_used_again_when_there_are_none_left_but_never_the_left_one():
    numbers = [voice_number(voices) for voices in range(1, 2 * VOICES)]

    assert numbers[: VOICES - 1] == list(range(1, VOICES))
    assert numbers[VOICES - 1 :] == [*range(1, VOICES), 1]


def test_a_payload_that_is_too_long_becomes_silence_and_numbers_stay_in_their_range():
    packet = Packet(1, 1 << 40, (1 << 32) + 5, b"x" * 70_000)

    assert list(read_packets(io.BytesIO(packet_bytes(packet)))) == [Packet(1, 0xFFFFFFFF, 5, b"")]
