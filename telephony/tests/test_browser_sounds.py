"""Sounds that the engine makes, and what it makes of voices."""

from __future__ import annotations

import numpy as np
import pytest

from telephony.adapters.browser import tones
from telephony.adapters.browser.listening import SpeechListener
from telephony.adapters.browser.opus import SILENCE, Decoder, encode, loudness
from tests.contract.pages import keys_in, loudest_hz, tone


def decoded(packets):
    decoder = Decoder()
    return np.concatenate([decoder.decode(packet) for packet in packets])


@pytest.mark.parametrize(("name", "seconds"), [("beep", 0.4), ("ringback", 5.0), ("busy", 3.0), ("music", 16.0)])
def test_tones_last_as_long_as_they_should(name, seconds):
    prompt = tones.tone(name)

    assert prompt.seconds == seconds
    assert len(decoded(prompt.packets)) == seconds * 48_000
    assert tones.tone(name) is prompt


def test_there_are_no_other_tones():
    assert tones.tone("whale") is None


def test_callers_hear_that_it_rings():
    ringback = decoded(tones.tone("ringback").packets)

    assert loudest_hz(ringback[:40_000]) == pytest.approx(425, abs=6)
    assert loudness(ringback[60_000:]) < 10


def test_keys_sound_as_on_telephones():
    digits = "".join(sorted(tones.KEYS)) + "22"

    assert keys_in(decoded(tones.keys(digits).packets)) == digits
    assert tones.keys("xy").packets == ()


def test_a_sound_is_filled_up_to_whole_packets():
    assert len(encode(np.zeros(961, np.int16)).packets) == 2
    assert encode(np.zeros(0, np.int16)).packets == ()


def test_silence_is_silent_and_rubbish_is_nothing():
    decoder = Decoder()

    assert loudness(decoder.decode(SILENCE)) == 0.0
    assert len(decoder.decode(b"\xff" * 7)) == 0
    assert len(decoder.decode(tone(440, 0.02).packets[0])) == 960


def test_speech_is_told_every_tenth_of_a_second_and_silence_is_not():
    told: list[float] = []
    listener = SpeechListener(told.append)

    for packet in (*tone(440, 0.38).packets, *[SILENCE] * 20):
        listener.hear(packet)

    assert told == [0.1] * 4
