"""When packets were heard, whatever the net did to them on the way."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from callflow.recording.timeline import GAP, HOLD, PER_MS, placed
from telephony.recording_format import VOICES, Packet

WRAP = 1 << 32


def sent(count: int, *, voice: int = 0, timestamp: int = 0, first_ms: int = 0) -> list[Packet]:
    return [Packet(voice, first_ms + 20 * i, (timestamp + 960 * i) % WRAP, str(i).encode()) for i in range(count)]


def positions(packets: list[Packet], voice: int = 0) -> list[tuple[int, bytes]]:
    """Where the packets of a voice are, in milliseconds."""
    return [(each.position // PER_MS, each.payload) for each in placed(packets) if each.voice == voice]


def test_packets_that_arrive_as_they_were_sent_lie_as_they_arrive():
    assert positions(sent(3, first_ms=100)) == [(100, b"0"), (120, b"1"), (140, b"2")]


def test_a_trembling_net_moves_nothing():
    delays = [0, 15, 3, 90, 70, 50, 30, 10]
    packets = [Packet(0, 100 + 20 * i + delay, 960 * i, b"") for i, delay in enumerate(delays)]
    assert [at for at, _ in positions(packets)] == [100 + 20 * i for i in range(8)]


def test_packets_that_overtook_each_other_are_put_in_order_and_doubles_are_left_out():
    zero, one, two, three = sent(4)
    arrived = [zero, two, one, one, three]
    arrived = [Packet(each.voice, 20 * i, each.timestamp, each.payload) for i, each in enumerate(arrived)]
    assert positions(arrived) == [(0, b"0"), (20, b"1"), (40, b"2"), (60, b"3")]


def test_silence_of_a_sender_is_kept():
    first, *_, last = sent(500)
    assert [at for at, _ in positions([first, last])] == [0, 9980]


def test_a_clock_that_wraps_around_goes_on():
    assert [at for at, _ in positions(sent(4, timestamp=WRAP - 1920))] == [0, 20, 40, 60]


def test_somebody_else_with_another_clock_begins_when_he_arrives():
    packets = [*sent(2), *sent(2, timestamp=3_000_000_000, first_ms=5_000)]
    assert [at for at, _ in positions(packets)] == [0, 20, 5_000, 5_020]


def test_a_sender_that_stood_still_goes_on_at_its_arrival():
    """A page that was asleep: its clock did not go on meanwhile."""
    zero, one, two = sent(3)
    late = Packet(0, 30_000, two.timestamp, two.payload)
    assert [at for at, _ in positions([zero, one, late])] == [0, 20, 30_000]


def test_voices_do_not_disturb_each_other():
    others = [*sent(50, voice=1, timestamp=77, first_ms=3), *sent(50, voice=2, timestamp=3_000_000_000, first_ms=7)]
    packets = sorted([*sent(50), *others], key=lambda each: each.at_ms)
    for voice, first_ms in enumerate((0, 3, 7)):
        assert [at for at, _ in positions(packets, voice)] == [first_ms + 20 * i for i in range(50)]


@given(st.lists(st.tuples(st.integers(0, VOICES - 1), st.integers(0, 60_000), st.integers(0, WRAP - 1)), max_size=60))
def test_any_packets_lie_near_their_arrival_in_order_and_once(drawn):
    arrivals = sorted(drawn, key=lambda each: each[1])
    packets = [Packet(voice, at_ms, timestamp, b"%d" % i) for i, (voice, at_ms, timestamp) in enumerate(arrivals)]
    found = list(placed(packets))
    arrived = {packet.payload: packet.at_ms * PER_MS for packet in packets}
    assert all(abs(each.position - arrived[each.payload]) <= GAP and each.position >= 0 for each in found)
    for voice in range(VOICES):
        of_voice = [each.position for each in found if each.voice == voice]
        assert of_voice == sorted(set(of_voice))
    assert len({each.payload for each in found}) == len(found)


def test_a_voice_is_told_soon_after_it_arrived():
    """Memory stays small in a call of a day."""
    told = placed(iter(sent(1000)))
    assert next(told).position == 0
    waiting = 0
    for _ in told:
        waiting += 1
    assert waiting == 999
    assert HOLD // PER_MS // 20 == 6


def test_a_net_that_shuffles_within_its_buffer_loses_nothing():
    rng = random.Random(1)
    packets = sorted(sent(500), key=lambda each: each.at_ms + rng.uniform(0, 80))
    arrived = [Packet(each.voice, 20 * i + 60, each.timestamp, each.payload) for i, each in enumerate(packets)]
    payloads = [payload for _, payload in positions(arrived)]
    assert payloads == [str(i).encode() for i in range(500)]
