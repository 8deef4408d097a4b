"""Texts are spoken in the languages that we have, or refused in words."""

from __future__ import annotations

import io
import json
import wave

import numpy as np
import pytest

from common.refusals import InvalidInput
from ivr import greetings
from sounds import speech, speech_espeak, speech_http, speech_piper, speech_program
from webhooks.client import Answer, Outgoing
from webhooks.failures import FailureReason, FetchFailed

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


@pytest.mark.parametrize(
    ("language", "voice", "expected"),
    [
        ("vi", "", "vi"),
        ("vi", "male", "vi"),
        ("vi", "female", "vi+f2"),
        ("vi", "hn_female_thutrang_phrase_48k-hsmm", "vi+f2"),
        ("vi", "hn_male_xuantin_vdts_48k-hsmm", "vi"),
        ("vi", "sg_male_xuankien_vdts_48k-hsmm", "vi-vn-x-south"),
        ("vi", "lannhi", "vi-vn-x-south+f2"),
        ("vi", "myan", "vi-vn-x-central+f2"),
        ("en", "sg_female_xuanhong_vdts_48k-hsmm", "en-us+f2"),
        ("es", "nobody", "es-419"),
    ],
)
def test_a_voice_is_the_nearest_that_there_is(language, voice, expected):
    assert speech_espeak.voice_for(language, voice) == expected
    assert spoken(speech.synthesise("1 2 3", language=language, voice=voice))[0] > 0.5


def test_a_womans_voice_is_higher():
    def pitch(voice: str) -> float:
        _, samples = spoken(speech.synthesise(WELCOME_VI, language="vi", voice=voice))
        power = np.abs(np.fft.rfft(samples.astype(float))) ** 2
        hertz = np.fft.rfftfreq(len(samples), 1 / 22_050)
        voiced = (hertz > 60) & (hertz < 500)
        return float((hertz[voiced] * power[voiced]).sum() / power[voiced].sum())

    assert pitch("female") > pitch("male") * 1.1


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
        package = tmp_path / "sounds"
        package.mkdir()
        (package / "__init__.py").touch()
        (package / "speech_program.py").write_text(code)
        monkeypatch.setattr(speech_espeak, "CODE_FOLDER", tmp_path)

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
        monkeypatch.setattr(speech_espeak, "TIME_LIMIT_S", 1)
        self.program(monkeypatch, tmp_path, "import time; time.sleep(60)")
        assert self.refusal() == "Speaking the text took too long."

    def test_the_program_notices_that_the_package_is_missing(self, monkeypatch):
        monkeypatch.setitem(__import__("sys").modules, "espeakng_loader", None)
        with pytest.raises(SystemExit) as caught:
            speech_program.speak("hello", "en-us", 165)
        assert caught.value.code == speech_program.NO_PROVIDER


class TestPiper:
    @pytest.fixture
    def voices(self, settings, tmp_path):
        settings.PCC_SPEECH_PROVIDER, settings.PCC_SPEECH_PIPER_VOICES = "piper", str(tmp_path / "voices")
        folder = tmp_path / "voices"
        folder.mkdir()
        for name in ("vi_VN-vais1000-medium", "vi_VN-vivos-x_low", "en_US-joe-medium"):
            (folder / f"{name}.onnx").touch()
            (folder / f"{name}.onnx.json").touch()
        (folder / "es_ES-half-medium.onnx").touch()  # without its other file
        return folder

    @pytest.fixture
    def piper(self, monkeypatch, tmp_path):
        """A program in the place of Piper that says what it was told."""

        def install(script: str = 'echo "$@" && cat') -> None:
            program = tmp_path / "bin" / "piper"
            program.parent.mkdir(exist_ok=True)
            program.write_text(f"#!/bin/sh\n{script}\n")
            program.chmod(0o755)
            monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")

        install()
        return install

    @pytest.mark.parametrize(
        ("language", "voice", "speed", "expected"),
        [
            ("vi", "", 0, ("vi_VN-vais1000-medium", "1.00")),
            ("vi", "vi_VN-vivos-x_low", -3, ("vi_VN-vivos-x_low", "1.52")),
            ("en", "vi_VN-vivos-x_low", 3, ("en_US-joe-medium", "0.66")),
        ],
    )
    def test_it_is_told_the_voice_the_pace_and_one_line(self, voices, piper, language, voice, speed, expected):
        told = speech.synthesise("One.\nTwo.", language=language, voice=voice, speed=speed).decode()
        model, pace = expected
        assert told == f"--model {voices / model}.onnx --length_scale {pace} --output_file -\nOne. Two."

    def test_it_speaks_the_languages_of_its_voices(self, voices, piper):
        assert speech.languages_spoken() == {"vi", "en"}
        with pytest.raises(speech.SpeechUnavailable, match=r"No voice of Piper speaks this language"):
            speech.synthesise("hola", language="es")

    def test_it_speaks_nothing_without_its_program_or_its_folder(self, voices, piper, settings, monkeypatch):
        settings.PCC_SPEECH_PIPER_VOICES = str(voices / "elsewhere")
        assert speech.languages_spoken() == frozenset()
        settings.PCC_SPEECH_PIPER_VOICES = str(voices)
        monkeypatch.setenv("PATH", str(voices))
        assert speech.languages_spoken() == frozenset()
        with pytest.raises(speech.SpeechUnavailable):
            speech.synthesise("hello", language="en")

    @pytest.mark.parametrize("script", ["exit 1", "kill -9 $$", "true"])
    def test_a_failure_is_not_silence(self, voices, piper, script):
        piper(script)
        with pytest.raises(speech.SpeechUnavailable, match=r"The text could not be spoken"):
            speech.synthesise("hello", language="en")

    def test_it_does_not_wait_for_ever(self, voices, piper, monkeypatch):
        monkeypatch.setattr(speech_piper, "TIME_LIMIT_S", 0.2)
        piper("exec sleep 60")
        with pytest.raises(speech.SpeechUnavailable, match=r"took too long"):
            speech.synthesise("hello", language="en")


class TestHttpService:
    @pytest.fixture
    def service(self, settings, monkeypatch):
        """Answers with b"sound", or fails; keeps what it was asked."""
        settings.PCC_SPEECH_PROVIDER, settings.PCC_SPEECH_HTTP_URL = "http", "http://speech.example/say"
        asked: list[Outgoing] = []
        outcome: dict[str, Answer | FetchFailed] = {"is": Answer(200, b"sound", "audio/wav", 5)}

        def fetch(request: Outgoing) -> Answer:
            asked.append(request)
            if isinstance(outcome["is"], FetchFailed):
                raise outcome["is"]
            return outcome["is"]

        monkeypatch.setattr(speech_http, "fetch", fetch)
        return asked, outcome

    def test_it_is_asked_with_the_text_and_how_to_speak_it(self, service):
        asked, _ = service
        assert speech.synthesise("Xin chào", language="vi", voice="banmai", speed=1) == b"sound"
        (request,) = asked
        assert (request.method, request.url) == ("POST", "http://speech.example/say")
        assert json.loads(request.body) == {"text": "Xin chào", "language": "vi", "voice": "banmai", "speed": 1}
        assert request.headers == {"Content-Type": "application/json"}

    def test_no_answer_is_not_silence(self, service):
        _, outcome = service
        outcome["is"] = FetchFailed(FailureReason.STATUS, status=500)
        with pytest.raises(speech.SpeechUnavailable, match=r"did not answer"):
            speech.synthesise("hello", language="en")

    def test_it_is_taken_to_speak_every_language(self, service, settings):
        assert speech.languages_spoken() == {"vi", "en", "es"}
        settings.PCC_SPEECH_HTTP_URL = ""
        assert speech.languages_spoken() == frozenset()


def test_espeak_is_known_to_be_missing(monkeypatch):
    assert speech.languages_spoken() == {"vi", "en", "es"}
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert speech.languages_spoken() == frozenset()
