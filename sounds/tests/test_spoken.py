"""Texts are spoken once, and sound as the engine sends them."""

from __future__ import annotations

import datetime as dt
import io
import threading

import av
import numpy as np
import pytest

from common import clock
from sounds import speech, spoken, tasks
from sounds.audio import ogg
from sounds.audio.convert import convert
from sounds.audio.engine_form import as_engine_form
from sounds.audio.report import Reason, Refused
from sounds.spoken_cache import SoundCache
from tests import sounds
from tests.speech import EN, VI, texts_spoken


def heard(packets: tuple[bytes, ...]) -> np.ndarray:
    """What a decoder makes of packets. Shape: (samples,) float, 48 kHz."""
    decoder = av.CodecContext.create("libopus", "r")
    decoder.sample_rate, decoder.layout = 48_000, "mono"
    frames = [frame for packet in packets for frame in decoder.decode(av.Packet(packet))]
    return np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames]).astype(float)


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def said(monkeypatch):
    """What the provider was asked to speak."""
    return texts_spoken(monkeypatch)


# ── Sound ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_text_becomes_packets_of_20_ms():
    packets = spoken.spoken_packets(EN)
    samples = heard(packets)
    assert len(samples) == len(packets) * 960
    assert 1 < len(samples) / 48_000 < 4
    assert np.abs(samples).max() > 0.1


def test_each_language_is_spoken_by_itself_with_a_pause_between():
    both = spoken.spoken_packets(f"{VI} {EN}")
    pause = (spoken.SILENT_PACKET,) * spoken.PAUSE_PACKETS
    assert both == (*spoken.spoken_packets(VI), *pause, *spoken.spoken_packets(EN))
    assert len(heard(pause)) == 0.3 * 48_000
    assert np.abs(heard(pause)).max() == 0


@pytest.mark.parametrize("text", ["", "  \n", "...!"])
def test_nothing_is_heard_of_nothing(text):
    assert spoken.spoken_packets(text) == ()


def test_a_text_is_spoken_once(said):
    first = spoken.spoken_packets(EN, voice="female", speed=1)
    assert spoken.spoken_packets(EN, voice="female", speed=1) == first
    assert said == [EN]


@pytest.mark.parametrize("other", [{"voice": "female"}, {"speed": 2}])
def test_another_voice_or_speed_is_another_sound(said, other):
    assert spoken.spoken_packets(EN, **other) != spoken.spoken_packets(EN)
    assert said == [EN, EN]


def test_names_of_voices_that_sound_the_same_share_a_sound(said):
    assert spoken.spoken_packets(EN, voice="ngoclam") == spoken.spoken_packets(EN, voice="lannhi")
    assert said == [EN]


def test_another_provider_speaks_anew(said, settings, monkeypatch):
    spoken.render(EN)
    settings.PCC_SPEECH_PROVIDER, settings.PCC_SPEECH_HTTP_URL = "http", "http://speech.example/"
    monkeypatch.setattr("sounds.speech_http.fetch", lambda request: pytest.fail("was asked"), raising=True)
    with pytest.raises(pytest.fail.Exception):
        spoken.render(EN)


def test_a_failure_is_known_until_it_succeeds(monkeypatch, said):
    assert not spoken.has_failed(EN)

    def fail(*_: object, **__: object) -> bytes:
        raise speech.SpeechUnavailable("no")

    with monkeypatch.context() as broken:
        broken.setattr(speech, "synthesise", fail)
        with pytest.raises(speech.SpeechUnavailable):
            spoken.spoken_packets(EN)
    assert spoken.has_failed(f"{VI} {EN}")
    assert not spoken.has_failed(VI)
    assert spoken.spoken_packets(EN)
    assert said == [EN]
    assert not spoken.has_failed(EN)


def test_what_nobody_can_try_to_speak_has_not_failed():
    assert not spoken.has_failed("x" * 100_000)
    assert not spoken.has_failed(EN, speed=9)


@pytest.mark.parametrize(
    "audio", [b"", b"RIFF", b"<html>", sounds.wav(sounds.tone(0.1)), sounds.wav(sounds.tone(1, loudness=0))]
)
def test_what_a_service_answers_is_checked(monkeypatch, audio):
    monkeypatch.setattr(speech, "synthesise", lambda *_, **__: audio)
    with pytest.raises(speech.SpeechUnavailable):
        spoken.spoken_packets(EN)


def test_what_cannot_be_spoken_disturbs_no_worker(settings, tmp_path):
    settings.PCC_SPEECH_PROVIDER, settings.PCC_SPEECH_PIPER_VOICES = "piper", str(tmp_path / "nowhere")
    tasks.speak(EN)
    assert not list(tmp_path.glob("speech/*/*.opus"))


# ── The form of engines ──────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    "audio",
    [
        pytest.param(sounds.wav(sounds.tone(1.0, rate=22_050), 22_050), id="plain WAV, encoded here"),
        pytest.param(sounds.mp3(sounds.tone(1.0, rate=48_000)), id="anything else, by the program"),
    ],
)
def test_any_audio_takes_the_form_of_engines(audio):
    samples = heard(ogg.opus_packets(as_engine_form(audio)))
    assert len(samples) == pytest.approx(48_000, abs=4_000)
    spectrum = np.abs(np.fft.rfft(samples[:48_000]))
    assert spectrum.argmax() == pytest.approx(440, abs=2)


def test_a_wav_of_hours_is_refused():
    with pytest.raises(Refused) as caught:
        as_engine_form(sounds.wav(np.full(8_000 * 601, 900, np.int16)))
    assert caught.value.reason is Reason.TOO_LONG


# ── Ogg ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_packets_are_those_that_a_demuxer_finds():
    file = io.BytesIO()
    convert(io.BytesIO(sounds.wav(sounds.tone(3.0))), file, io.BytesIO(), io.BytesIO())
    with av.open(io.BytesIO(file.getvalue())) as container:
        expected = tuple(bytes(packet) for packet in container.demux() if packet.size)
    assert ogg.opus_packets(file.getvalue()) == expected


@pytest.mark.parametrize("cut", [0, 1, 26, 27, 40, 100, -1])
def test_a_broken_file_is_no_sound(cut):
    whole = as_engine_form(sounds.wav(sounds.tone(1.0)))
    with pytest.raises(ogg.NotOpus):
        ogg.opus_packets(whole[:cut])


def test_another_file_is_no_sound():
    with pytest.raises(ogg.NotOpus):
        ogg.opus_packets(sounds.mp3(sounds.tone(1.0)))


# ── What is kept ─────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_sound_is_made_by_one_of_many(tmp_path):
    cache, made, results = SoundCache(tmp_path / "kept"), [], []
    together = threading.Barrier(8)

    def make() -> bytes:
        made.append(1)
        return b"sound"

    def ask() -> None:
        together.wait()
        results.append(cache.get("key", make))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (results, made) == ([b"sound"] * 8, [1])


def test_what_nobody_used_for_long_is_forgotten(tmp_path, monkeypatch):
    cache, now = SoundCache(tmp_path / "kept"), clock.now()
    cache.get("used", lambda: b"1")
    cache.get("unused", lambda: b"2")
    monkeypatch.setattr(clock, "now", lambda: now + dt.timedelta(days=20))
    cache.get("used", lambda: b"never")
    assert cache.forget_unused(now + dt.timedelta(days=10)) == 1
    assert (cache.has("used"), cache.has("unused")) == (True, False)


def test_half_written_files_are_forgotten_too(tmp_path):
    cache = SoundCache(tmp_path)
    cache.get("key", lambda: b"1")
    (left,) = [path.parent / "tmpabc" for path in tmp_path.glob("*/*.opus")]
    left.touch()
    assert cache.forget_unused(clock.now() + dt.timedelta(minutes=1)) == 2
    assert cache.forget_unused(clock.now() + dt.timedelta(minutes=1)) == 0


def test_sounds_that_no_call_heard_for_long_are_forgotten(monkeypatch):
    now = clock.now()
    spoken.render(EN)
    monkeypatch.setattr(clock, "now", lambda: now + dt.timedelta(days=29))
    assert spoken.forget_unused(clock.now()) == 0
    assert spoken.forget_unused(now + dt.timedelta(days=31)) == 1
