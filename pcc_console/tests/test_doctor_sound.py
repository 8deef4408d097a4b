"""The doctor tries speech and recordings, and says what to install."""

from __future__ import annotations

import sys

import pytest

from callflow.recording import encoding
from pcc_console import doctor, doctor_sound
from pcc_console.diagnosis import Diagnosis, Status
from sounds import speech_espeak, speech_piper


def test_espeak_speaks_both_languages():
    found = doctor_sound.check_speech()

    assert (found.name, found.status, found.advice) == ("speech", Status.OK, "")
    assert found.detail.startswith("espeak speaks vi, en, ")


def test_missing_espeak_is_said_with_its_package(monkeypatch):
    monkeypatch.setattr(speech_espeak, "_is_installed", lambda: False)
    monkeypatch.setattr(speech_espeak, "NO_PROVIDER", 1)
    monkeypatch.setattr(sys, "executable", "/bin/false")

    found = doctor_sound.check_speech()

    assert found.status is Status.FAIL
    assert found.advice.startswith("Install it beside us: pip install espeakng-loader Or choose")


@pytest.mark.parametrize(
    ("program", "advice"),
    [([], "Install Piper beside us: pip install piper-tts"), (["piper"], "Put a voice into ")],
)
def test_piper_without_program_or_voices_says_which(monkeypatch, settings, tmp_path, program, advice):
    settings.PCC_SPEECH_PROVIDER, settings.PCC_SPEECH_PIPER_VOICES = "piper", str(tmp_path)
    monkeypatch.setattr(speech_piper, "_program", lambda: program)

    found = doctor_sound.check_speech()

    assert found.status is Status.FAIL
    assert found.detail.startswith("piper: No voice of Piper speaks this language")
    assert found.advice.startswith(advice)


def test_service_that_does_not_answer_is_named(settings):
    settings.PCC_SPEECH_PROVIDER, settings.PCC_SPEECH_HTTP_URL = "http", "http://127.0.0.1:1/speak"

    found = doctor_sound.check_speech()

    assert (found.status, found.detail) == (
        Status.FAIL,
        "http: The service that speaks did not answer. Texts are skipped in calls.",
    )
    assert found.advice.startswith("Let http://127.0.0.1:1/speak answer ")


def test_language_without_a_voice_is_named(monkeypatch):
    monkeypatch.setitem(speech_espeak.VOICES, "vi", "no-such-voice")

    found = doctor_sound.check_speech()

    assert found.status is Status.WARN
    assert found.detail.startswith("espeak does not speak vi: ")


def test_every_format_of_recordings_is_tried(monkeypatch):
    assert doctor_sound.check_recording() == Diagnosis("recordings", Status.OK, "can be written as mp3, mp4, webm, wav")

    monkeypatch.setitem(encoding.FORMS, "mp3", encoding.Form("mp3", "no-such-encoder"))

    found = doctor_sound.check_recording()
    assert (found.status, found.detail) == (Status.FAIL, "cannot be written as mp3")
    assert "av" in found.advice


@pytest.mark.django_db
def test_speech_and_recordings_are_looked_at():
    assert {"speech", "recordings"} <= {each.name for each in doctor.examine()}
