"""Recordings begin, end for one reason, and are told once."""

from __future__ import annotations

import pytest

from telephony import port
from telephony.recording_format import SUFFIX
from tests.contract.conftest import recording
from tests.contract.harness import OURS, SOON_S


def ready(told, leg, within_s=5):
    return told.wait_for(port.RecordingReady, leg=leg, within_s=within_s)


def assert_lasts(event, seconds):
    """Engines may take a moment to begin and to end."""
    assert seconds * 1000 - 300 <= event.duration_ms <= seconds * 1000 + 300
    assert event.size_bytes > 0
    assert event.file.startswith(f"recordings/{OURS}/")


def test_a_conversation_is_recorded_until_it_is_stopped(engine, told, talk):
    caller, _ = talk
    engine.execute(recording(caller))
    engine.advance(2)

    engine.execute(port.StopRecording(caller, f"recording-of-{caller}"))

    event = ready(told, caller)
    assert event.recording == f"recording-of-{caller}"
    assert_lasts(event, 2)


@pytest.mark.parametrize("who", ["caller", "we"])
def test_a_conversation_is_recorded_until_the_leg_ends(engine, told, talk, who):
    caller, _ = talk
    engine.execute(recording(caller, format="wav"))
    engine.advance(2)

    if who == "caller":
        engine.hang_up(caller)
    else:
        engine.execute(port.Hangup(caller))

    event = ready(told, caller)
    assert_lasts(event, 2)
    assert event.file.endswith((".wav", SUFFIX))
    told.wait_for(port.Ended, leg=caller)


def test_a_recording_is_told_once(engine, told, talk):
    caller, _ = talk
    engine.execute(recording(caller))
    engine.advance(SOON_S)
    engine.execute(port.StopRecording(caller, f"recording-of-{caller}"))
    ready(told, caller)

    engine.execute(recording(caller), port.StopRecording(caller, f"recording-of-{caller}"))
    engine.hang_up(caller)
    told.wait_for(port.Ended, leg=caller)
    engine.advance(SOON_S)

    assert len([each for each in engine.events if isinstance(each, port.RecordingReady)]) == 1


def test_a_recording_that_never_began_is_not_told(engine, caller):
    engine.execute(port.StopRecording(caller, "nothing"))
    engine.advance(SOON_S)

    assert not any(isinstance(each, port.RecordingReady) for each in engine.events)


def test_a_message_ends_at_its_key(engine, told, caller):
    engine.execute(recording(caller, "voicemail", max_s=20, silence_s=10, end_keys="*#"))
    engine.speak(caller, 3)
    engine.advance(2)
    engine.press(caller, "5")
    engine.press(caller, "#")

    assert_lasts(ready(told, caller), 2)
    assert not any(isinstance(each, port.Ended) for each in engine.events)


def test_a_message_ends_after_silence(engine, told, caller):
    engine.execute(recording(caller, "voicemail", max_s=20, silence_s=2))
    engine.speak(caller, 2)

    assert_lasts(ready(told, caller), 4)


def test_silence_begins_when_the_party_has_spoken_again(engine, told, caller):
    engine.execute(recording(caller, "voicemail", max_s=20, silence_s=2))
    engine.speak(caller, 1)
    engine.advance(2)
    engine.speak(caller, 1)

    assert_lasts(ready(told, caller), 5)


def test_a_message_without_a_limit_of_silence_ignores_silence(engine, told, caller):
    engine.execute(recording(caller, "voicemail", max_s=4))

    assert_lasts(ready(told, caller), 4)


def test_a_message_ends_at_its_longest(engine, told, caller):
    engine.execute(recording(caller, "voicemail", max_s=2, silence_s=10))
    engine.speak(caller, 10)

    assert_lasts(ready(told, caller), 2)


def test_a_message_ends_when_the_party_hangs_up(engine, told, caller):
    engine.execute(recording(caller, "voicemail", max_s=20, silence_s=10))
    engine.speak(caller, 10)
    engine.advance(2)

    engine.hang_up(caller)

    assert_lasts(ready(told, caller), 2)


def test_the_beep_is_not_part_of_the_message(engine, told, caller):
    engine.execute(recording(caller, "voicemail", beep=True, max_s=1))
    engine.speak(caller, 5)

    assert_lasts(ready(told, caller), 1)


def test_a_party_that_hangs_up_before_the_beep_has_left_no_message(engine, told, caller):
    engine.execute(recording(caller, "voicemail", beep=True, max_s=5))
    engine.hang_up(caller)

    event = ready(told, caller)
    assert (event.file, event.size_bytes, event.duration_ms) == ("", 0, 0)


def test_a_conversation_does_not_end_at_keys_nor_in_silence(engine, told, talk):
    caller, _ = talk
    engine.execute(recording(caller, max_s=1, silence_s=1, end_keys="#"))
    engine.press(caller, "#")
    engine.advance(3)

    assert told.wait_for(port.Digit).digit == "#"
    assert not any(isinstance(each, port.RecordingReady) for each in engine.events)
