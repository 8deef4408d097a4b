"""What the browser engine gets to play, and what it costs to ask again."""

from __future__ import annotations

import io
import threading

import pytest
from django.db import OperationalError

from ivr import greetings, remote_files
from ivr.remote_files import RemoteFileFailed
from pcc_console import voice_sounds
from pcc_console.voice_sounds import InstalledSounds
from sounds import speech
from telephony import port
from tests import sounds
from webhooks.client import Answer, Outgoing
from webhooks.failures import FailureReason, FetchFailed

HELLO = port.Speech("Thank you for calling.")
REMOTE = port.RemoteFile("https://example.com/hello.mp3")


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def clock():
    """A monotonic clock that tests move by hand. Shape: one number."""
    return [100.0]


@pytest.fixture
def source(clock):
    return InstalledSounds(now=lambda: clock[0])


@pytest.fixture
def made(monkeypatch):
    """How often each sound was made, not remembered."""
    asked: list[port.Media] = []
    packets = voice_sounds._packets

    def count(wanted: port.Media) -> tuple[bytes, ...]:
        asked.append(wanted)
        return packets(wanted)

    monkeypatch.setattr(voice_sounds, "_packets", count)
    return asked


@pytest.fixture
def stranger(monkeypatch):
    """A customer's server. Shape: what it answers, and the requests that it got."""
    answers: dict[str, bytes | FetchFailed] = {"is": sounds.mp3(sounds.tone(1.0, rate=48_000))}
    requests: list[Outgoing] = []

    def fetch(request: Outgoing) -> Answer:
        requests.append(request)
        answer = answers["is"]
        if isinstance(answer, FetchFailed):
            raise answer
        return Answer(200, answer, "audio/mpeg", 5)

    monkeypatch.setattr(remote_files, "fetch", fetch)
    return answers, requests


def test_a_text_is_spoken(source, made):
    prompt = source.load(HELLO)
    assert prompt is not None
    assert 0.8 < prompt.seconds < 3
    assert source.load(HELLO) is prompt
    assert made == [HELLO]


@pytest.mark.django_db(transaction=True)
def test_a_greeting_is_played_as_it_was_encoded(source, made, ours, theirs):
    upload = io.BytesIO(sounds.wav(sounds.tone(2.0)))
    greeting = greetings.store_greeting(ours, upload, original_name="hello.wav", description="")
    prompt = source.load(port.AudioFile(ours.pk, greeting.filename))
    assert prompt is not None
    assert prompt.seconds == pytest.approx(2.0, abs=0.05)
    assert source.load(port.AudioFile(theirs.pk, greeting.filename)) is None
    assert source.load(port.AudioFile(ours.pk, "missing.mp3")) is None
    assert source.load(port.AudioFile(ours.pk, greeting.filename)) is prompt
    assert len(made) == 3


@pytest.mark.django_db(transaction=True)
def test_a_greeting_whose_audio_is_gone_or_broken_is_no_sound(source, clock, ours):
    upload = io.BytesIO(sounds.wav(sounds.tone(2.0)))
    greeting = greetings.store_greeting(ours, upload, original_name="hello.wav", description="")
    path = greetings.audio_path(greeting, 48_000)
    path.write_bytes(path.read_bytes()[:100])
    assert source.load(port.AudioFile(ours.pk, greeting.filename)) is None
    path.unlink()
    clock[0] += 6
    assert source.load(port.AudioFile(ours.pk, greeting.filename)) is None


def test_a_strangers_file_is_fetched_with_limits_and_asked_again_after_a_while(source, clock, stranger):
    answers, requests = stranger
    prompt = source.load(REMOTE)
    assert prompt is not None
    assert prompt.seconds == pytest.approx(1.0, abs=0.1)
    clock[0] += 599
    assert source.load(REMOTE) is prompt
    assert [(each.method, each.url, each.timeout_s) for each in requests] == [("GET", REMOTE.url, 10.0)]
    assert requests[0].max_bytes == 20 * 1024**2
    clock[0] += 2
    answers["is"] = sounds.mp3(sounds.tone(3.0, rate=48_000))
    changed = source.load(REMOTE)
    assert changed is not None
    assert changed.seconds == pytest.approx(3.0, abs=0.1)


def test_a_strangers_file_that_fails_later_is_played_as_it_was(source, clock, stranger):
    answers, requests = stranger
    prompt = source.load(REMOTE)
    answers["is"] = FetchFailed(FailureReason.TIMEOUT)
    clock[0] += 601
    assert source.load(REMOTE) is prompt
    assert source.load(REMOTE) is prompt
    assert len(requests) == 2
    clock[0] += 6
    assert source.load(REMOTE) is prompt
    assert len(requests) == 3


@pytest.mark.parametrize(
    "answer", [b"", b"<html>no</html>", b"#!ffconcat\nfile /etc/passwd", FetchFailed(FailureReason.REFUSED_ADDRESS)]
)
def test_what_is_no_audio_is_no_sound(source, stranger, answer, caplog):
    stranger[0]["is"] = answer
    assert source.load(REMOTE) is None
    assert [(each.message, each.exc_info) for each in caplog.records if each.message == "sound cannot be played"] == [
        ("sound cannot be played", False)
    ]
    assert REMOTE.url not in caplog.text


def test_the_same_content_is_converted_once(stranger, monkeypatch):
    converted: list[bytes] = []
    convert = remote_files._converted

    def count(content: bytes) -> bytes:
        converted.append(content)
        return convert(content)

    monkeypatch.setattr(remote_files, "_converted", count)
    first, second = (remote_files.remote_packets(url) for url in ("https://a.example/1", "https://b.example/2"))
    assert first == second
    assert converted == [stranger[0]["is"]]


def test_a_failure_is_asked_again_after_some_seconds(source, clock, made, monkeypatch):
    def fail(*_: object, **__: object) -> bytes:
        raise speech.SpeechUnavailable("no")

    with monkeypatch.context() as broken:
        broken.setattr(speech, "synthesise", fail)
        assert source.load(HELLO) is None
        clock[0] += 4
        assert source.load(HELLO) is None
    assert len(made) == 1
    clock[0] += 2
    assert source.load(HELLO) is not None


@pytest.mark.parametrize("error", [OperationalError("away"), RemoteFileFailed("x"), ZeroDivisionError(), MemoryError()])
def test_nothing_that_goes_wrong_gets_out(source, monkeypatch, error):
    def fail(wanted: port.Media) -> tuple[bytes, ...]:
        raise error

    monkeypatch.setattr(voice_sounds, "_packets", fail)
    assert source.load(HELLO) is None


@pytest.mark.parametrize("nothing", [port.Speech(""), port.Speech("..."), port.Tone("beep")])
def test_what_has_no_sound_is_none(source, nothing):
    assert source.load(nothing) is None


def test_who_asks_for_what_is_being_loaded_waits_for_it(source, monkeypatch):
    begun, go_on, calls = threading.Event(), threading.Event(), []

    def slowly(wanted: port.Media) -> tuple[bytes, ...]:
        calls.append(wanted)
        begun.set()
        assert go_on.wait(60)
        return (b"packet",)

    monkeypatch.setattr(voice_sounds, "_packets", slowly)
    results: list[object] = []
    threads = [threading.Thread(target=lambda: results.append(source.load(HELLO))) for _ in range(5)]
    for thread in threads:
        thread.start()
    assert begun.wait(60)
    go_on.set()
    for thread in threads:
        thread.join(60)
    assert len(calls) == 1
    assert len(results) == 5
    assert len({id(each) for each in results}) == 1


def test_memory_is_bounded_and_the_least_used_goes(monkeypatch, made):
    monkeypatch.setattr(voice_sounds, "spoken_packets", lambda text, **_: (b"x" * 1000,))
    source = InstalledSounds(most_bytes=3 * (1000 + 2 * voice_sounds.PACKET_OVERHEAD))
    first, second, third, fourth = (port.Speech(str(number)) for number in range(4))
    for each in (first, second, third, first, fourth):
        source.load(each)
    assert source.kept_bytes == 3 * 1120
    made.clear()
    for each in (first, third, fourth):
        source.load(each)
    assert made == []
    source.load(second)
    assert made == [second]
