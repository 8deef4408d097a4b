"""Texts are spoken in the languages that we have, or refused in words."""

from __future__ import annotations

import io
import wave

import numpy as np
import pytest

from common.refusals import InvalidInput
from ivr import greetings, speech, speech_program

WELCOME_VI = "Xin chào quý khách. Để gặp bộ phận kinh doanh, vui lòng bấm phím 1."
WELCOME_EN = "Thank you for calling. For sales, press 1."


def spoken(audio: bytes) -> tuple[float, np.ndarray]:
    """Length in seconds, and samples."""
    with wave.open(io.BytesIO(audio)) as file:
        assert file.getparams()[:3] == (1, 2, 22_050)
        return file.getnframes() / file.getframerate(), np.frombuffer(file.readframes(file.getnframes()), np.int16)


@pytest.mark.parametrize(
    ("text", "language", "seconds"),
    [
        (WELCOME_VI, "vi", (3, 8)),
        (WELCOME_EN, "en", (2, 6)),
        (WELCOME_EN, "en_GB", (2, 6)),
        ("Gracias por llamar. Pulse dos.", "es", (1, 5)),
    ],
)
def test_a_text_is_spoken_in_its_language(text, language, seconds):
    length, samples = spoken(speech.synthesise(text, language=language))
    assert seconds[0] < length < seconds[1]
    assert np.abs(samples.astype(int)).max() > 5_000


def test_the_language_changes_the_sound():
    assert speech.synthesise(WELCOME_VI, language="vi") != speech.synthesise(WELCOME_VI, language="en")


def test_speed_goes_from_slow_to_fast():
    lengths = [spoken(speech.synthesise(WELCOME_EN, language="en", speed=speed))[0] for speed in (-3, 0, 3)]
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[0] / lengths[2] == pytest.approx(1.15**6, rel=0.2)


def test_speech_is_accepted_as_a_greeting_file(ours):
    audio = speech.synthesise(WELCOME_VI, language="vi")
    greeting = greetings.store_greeting(ours, io.BytesIO(audio), original_name="chào.wav", description=WELCOME_VI)
    assert greeting.duration_ms == pytest.approx(spoken(audio)[0] * 1000, abs=1)


def test_the_longest_text_is_spoken():
    length, _ = spoken(speech.synthesise("một hai ba " * 181, language="vi"))
    assert length > 100


@pytest.mark.parametrize(
    "text", ["<speak><audio src='file:///etc/passwd'/>hello</speak>", "[[h@'loU]] 1", "a\0b", "\ud800 a"]
)
def test_a_text_is_only_text(text):
    assert spoken(speech.synthesise(text, language="en"))[0] > 0.1


@pytest.mark.parametrize(
    ("text", "language", "speed"),
    [
        ("", "en", 0),
        (" \n\0 ", "en", 0),
        ("x" * 2001, "en", 0),
        ("hello", "tlh", 0),
        ("hello", "", 0),
        ("hello", "en", 4),
    ],
)
def test_what_cannot_be_spoken_is_refused(text, language, speed):
    with pytest.raises(InvalidInput):
        speech.synthesise(text, language=language, speed=speed)


class TestWithoutProvider:
    def program(self, monkeypatch, tmp_path, code: str) -> None:
        package = tmp_path / "ivr"
        package.mkdir()
        (package / "__init__.py").touch()
        (package / "speech_program.py").write_text(code)
        monkeypatch.setattr(speech, "CODE_FOLDER", tmp_path)

    def refusal(self) -> str:
        with pytest.raises(speech.SpeechUnavailable) as caught:
            speech.synthesise(WELCOME_EN, language="en")
        return caught.value.message

    def test_a_missing_provider_says_what_to_do(self, monkeypatch, tmp_path):
        self.program(monkeypatch, tmp_path, f"raise SystemExit({speech_program.NO_PROVIDER})")
        assert self.refusal() == (
            "No program that speaks is installed. Install the package espeakng-loader, or upload a recording."
        )

    def test_a_crash_is_not_silence(self, monkeypatch, tmp_path):
        self.program(monkeypatch, tmp_path, "import os; os.abort()")
        assert self.refusal() == "The text could not be spoken."

    def test_it_does_not_wait_for_ever(self, monkeypatch, tmp_path):
        monkeypatch.setattr(speech, "TIME_LIMIT_S", 1)
        self.program(monkeypatch, tmp_path, "import time; time.sleep(60)")
        assert self.refusal() == "Speaking the text took too long."

    def test_the_program_notices_that_the_package_is_missing(self, monkeypatch):
        monkeypatch.setitem(__import__("sys").modules, "espeakng_loader", None)
        with pytest.raises(SystemExit) as caught:
            speech_program.speak("hello", "en-us", 165)
        assert caught.value.code == speech_program.NO_PROVIDER
