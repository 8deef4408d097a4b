"""Several voices in one stream: each decoded once, none waited for in vain, none turned over."""

from __future__ import annotations

import numpy as np
import pytest

from telephony.adapters.browser import mixer
from telephony.adapters.browser.mixer import CATCHES_UP_EVERY, GATHERS, MOST_WAITING, Inlet, Mix, Speaker, together
from telephony.adapters.browser.opus import SILENCE, Decoder, loudness
from tests.contract.pages import contains, tone

STEP, WRAP = 960, 1 << 32
LOW_HZ, HIGH_HZ = 500.0, 1200.0
LOUD = 1000.0  # the tones have 5600; what is made up, and what follows it, has less


def frame(value):
    return np.full(STEP, value, np.int16)


def said(speaker, packets, *, timestamp=0):
    for number, packet in enumerate(packets):
        speaker.said(packet, (timestamp + number * STEP) % WRAP)


def heard(mix, packets):
    """What a listener hears of a mix. Shape: (samples,) int16."""
    decoder = Decoder()
    return np.concatenate([decoder.decode(next(mix)) for _ in range(packets)])


@pytest.fixture
def hurried():
    return []


@pytest.fixture
def mix(hurried):
    return Mix(lambda: hurried.append(True))


@pytest.fixture
def inlet():
    return Inlet(lambda: None)


@pytest.fixture
def decoded(monkeypatch):
    """The payloads that are decoded; each is 20 ms of its first byte."""
    payloads = []

    class Decodes:
        def decode(self, payload):
            payloads.append(payload)
            return np.zeros(0, np.int16) if payload == b"no sound" else frame(payload[0])

    monkeypatch.setattr(mixer, "Decoder", Decodes)
    return payloads


# ── Together ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_two_voices_are_heard_in_one_stream(mix):
    low, high = Speaker(), Speaker()
    mix.hear((low, high))
    said(low, tone(LOW_HZ, 0.3).packets, timestamp=7)
    said(high, tone(HIGH_HZ, 0.3).packets, timestamp=3_000_000_000)

    sound = heard(mix, 15)

    assert [contains(sound, hz) for hz in (LOW_HZ, 850.0, HIGH_HZ)] == [True, False, True]


def test_voices_that_are_too_loud_together_are_cut_off():
    assert together([frame(30_000), frame(20_000), frame(-5)]).tolist() == [32_767] * STEP
    assert together([frame(-30_000), frame(-20_000)]).tolist() == [-32_767] * STEP
    assert together([frame(1000), frame(-300)]).tolist() == [700] * STEP


def test_a_mix_of_nobody_who_speaks_is_silence(mix):
    mix.hear((Speaker(), Speaker()))

    assert mix.is_ready()
    assert [next(mix), next(mix)] == [SILENCE, SILENCE]


def test_who_stays_in_a_mix_is_heard_without_a_gap(mix):
    low, high = Speaker(), Speaker()
    mix.hear((low, Speaker()))
    said(low, tone(LOW_HZ, 1.0).packets[:8])
    assert next(mix) != SILENCE

    mix.hear((high, low))

    assert [next(mix) == SILENCE for _ in range(8)] == [False] * 7 + [True]


# ── Decoding ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_voice_is_decoded_once_for_all_who_hear_it_and_not_for_nobody(decoded, mix):
    speaker, other = Speaker(), Mix(lambda: None)
    speaker.said(b"0", 0)
    mix.hear((speaker,))
    other.hear((speaker,))
    said(speaker, [b"1", b"2"], timestamp=STEP)
    assert decoded == [b"1", b"2"]

    mix.hear(())
    speaker.said(b"3", 3 * STEP)
    other.hear(())
    speaker.said(b"4", 4 * STEP)

    assert decoded == [b"1", b"2", b"3"]
    assert speaker.inlets == {}


def frames_of(speaker, mix):
    """The first samples of what waits to be heard."""
    return [int(each[0]) for each in speaker.inlets[mix]._waiting]


def test_what_was_lost_is_made_up_and_what_comes_late_or_twice_is_left_out(decoded, mix):
    speaker = Speaker()
    mix.hear((speaker,))
    for payload, number in ((b"g-", 0), (b"d", 3), (b"b", 1), (b"d", 3), (b"e", 4)):
        speaker.said(payload, number * STEP)

    assert decoded == [b"g-", b"d", b"d", b"d", b"e"]  # like the first, of one frame without content: twice
    assert frames_of(speaker, mix) == [103, 100, 100, 100, 101]


def test_a_voice_has_no_holes_where_packets_got_lost(mix):
    speaker = Speaker()
    mix.hear((speaker,))
    for number, packet in enumerate(tone(LOW_HZ, 1.0).packets[:MOST_WAITING]):
        if number % 5 != 3:
            speaker.said(packet, number * STEP)

    frames = list(speaker.inlets[mix]._waiting)[1:]  # the tone begins softly
    assert [loudness(each) > LOUD for each in frames] == [True] * (MOST_WAITING - 1)


def test_a_pause_is_not_filled_up(decoded, mix):
    speaker = Speaker()
    mix.hear((speaker,))
    speaker.said(b"a", 0)
    speaker.said(b"b", 500 * STEP)

    assert frames_of(speaker, mix) == [97, 98]


@pytest.mark.parametrize("timestamp", [5, 3_000_000_000])
def test_another_clock_goes_on_at_once(decoded, mix, timestamp):
    speaker = Speaker()
    mix.hear((speaker,))
    speaker.said(b"a", 1_000_000)
    said(speaker, [b"b", b"c"], timestamp=timestamp)

    assert frames_of(speaker, mix) == [97, 98, 99]


def test_a_clock_that_wraps_around_goes_on(decoded, mix):
    speaker = Speaker()
    mix.hear((speaker,))
    said(speaker, [b"a", b"b", b"c"], timestamp=WRAP - STEP)

    assert frames_of(speaker, mix) == [97, 98, 99]


def test_packets_that_are_no_sound_are_made_up_for_as_if_they_were_lost(decoded, mix):
    speaker = Speaker()
    mix.hear((speaker,))
    said(speaker, [b"d", b"no sound", b"c"])

    assert frames_of(speaker, mix) == [100, 100, 99]


def test_packets_of_any_length_become_frames(monkeypatch, mix):
    class Decodes:
        def decode(self, payload):
            return np.full(int(payload), 7, np.int16)

    monkeypatch.setattr(mixer, "Decoder", Decodes)
    speaker = Speaker()
    mix.hear((speaker,))
    timestamp = 0
    for length in (480, 480, 2880, 1000):
        speaker.said(str(length).encode(), timestamp)
        timestamp += length

    assert frames_of(speaker, mix) == [7] * 5


# ── Waiting ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_mix_is_ready_when_everybody_who_speaks_has_said_something(decoded, mix, hurried):
    one, two = Speaker(), Speaker()
    mix.hear((one, two))
    said(one, [b"a"] * 2)
    said(two, [b"b"] * 3)
    next(mix), next(mix)

    assert not mix.is_ready()
    one.said(b"a", 2 * STEP)
    assert mix.is_ready()
    assert len(hurried) == 6


def test_who_is_not_waited_for_any_more_is_silent_until_he_has_said_a_little(inlet):
    for value in (1, 2):
        inlet.put(frame(value))
    assert [inlet.take()[0], inlet.take()[0]] == [1, 2]
    assert inlet.is_late()
    assert inlet.take() is None
    assert not inlet.is_late()

    inlet.put(frame(3))
    assert inlet.take() is None
    inlet.put(frame(4))
    assert inlet.take()[0] == 3


def test_who_is_far_behind_goes_on_from_where_he_should_be(inlet):
    for value in range(MOST_WAITING + 1):
        inlet.put(frame(value))

    assert inlet.take()[0] == MOST_WAITING + 1 - GATHERS


def test_what_waits_all_the_time_is_made_up_for_bit_by_bit(inlet):
    waiting = 6
    for value in range(waiting):
        inlet.put(frame(value))
    for _ in range(10 * CATCHES_UP_EVERY):
        inlet.put(frame(0))
        inlet.take()

    assert len(inlet._waiting) == GATHERS - 1
