"""The program that decodes uploads: what it accepts, what it measures, what it writes."""

from __future__ import annotations

import io
import wave

import av
import numpy as np
import pytest

from sounds.audio import report
from sounds.audio.convert import convert
from sounds.audio.decode import RATE, blocks
from sounds.audio.report import Kind, Reason, Refused
from tests import sounds


class Written:
    """The three files that a conversion writes."""

    def __init__(self) -> None:
        self.engine, self.telephone, self.listen = io.BytesIO(), io.BytesIO(), io.BytesIO()


def converted(upload: bytes) -> tuple[report.Report, Written]:
    files = Written()
    return convert(io.BytesIO(upload), files.engine, files.telephone, files.listen), files


def refused(upload: bytes) -> Reason:
    with pytest.raises(Refused) as caught:
        converted(upload)
    return caught.value.reason


def loudest_tone(samples: np.ndarray, rate: int) -> float:
    """The frequency of the strongest tone, in Hz."""
    spectrum = np.abs(np.fft.rfft(samples))
    return float(np.fft.rfftfreq(len(samples), 1 / rate)[spectrum.argmax()])


def decoded(file: io.BytesIO) -> tuple[np.ndarray, int, str]:
    """Samples, rate and codec of a written file."""
    file.seek(0)
    with av.open(file, "r") as container:
        stream = container.streams.audio[0]
        samples = np.concatenate([frame.to_ndarray().reshape(-1) for frame in container.decode(stream)])
        return samples, stream.rate, stream.codec_context.name


@pytest.mark.parametrize(
    ("upload", "kind"),
    [
        (sounds.wav(sounds.tone(1.0)), Kind.WAV),
        (sounds.mp3(sounds.tone(1.0, rate=44_100), rate=44_100), Kind.MP3),
        (sounds.ogg_opus(sounds.tone(1.0, rate=48_000)), Kind.OGG),
        (sounds.m4a(sounds.tone(1.0, rate=44_100), rate=44_100), Kind.M4A),
        (sounds.flac(sounds.tone(1.0, rate=22_050), rate=22_050), Kind.FLAC),
    ],
    ids=["wav", "mp3", "ogg", "m4a", "flac"],
)
def test_every_accepted_container_is_measured_and_written_for_both_engines_and_browsers(upload, kind):
    found, files = converted(upload)

    assert found.kind is kind
    assert found.duration_ms == pytest.approx(1000, abs=25)  # AAC fills its last frame
    for file, rate, codec in ((files.engine, 48_000, "opus"), (files.listen, 24_000, "mp3float")):
        samples, found_rate, found_codec = decoded(file)
        assert (found_rate, found_codec.removeprefix("lib")) == (rate, codec)
        assert len(samples) / rate == pytest.approx(1.0, abs=0.08)
        assert loudest_tone(samples, rate) == pytest.approx(440, abs=3)
    with wave.open(io.BytesIO(files.telephone.getvalue())) as telephone:
        assert telephone.getparams()[:3] == (1, 2, 8_000)
        samples = np.frombuffer(telephone.readframes(telephone.getnframes()), np.int16)
    assert loudest_tone(samples, 8_000) == pytest.approx(440, abs=3)
    assert len(samples) == pytest.approx(8_000, abs=200)


def test_length_is_exact_for_uncompressed_audio():
    found, _ = converted(sounds.wav(sounds.tone(1.234)))
    assert found.duration_ms == 1234


def test_the_waveform_follows_the_loudness():
    quiet, loud = sounds.tone(1.0, loudness=3_277), sounds.tone(1.0, loudness=29_491)

    found, _ = converted(sounds.wav(np.concatenate([quiet, loud])))

    assert len(found.peaks) == 400
    assert set(found.peaks[5:195]) <= {9, 10}
    assert set(found.peaks[205:395]) <= {89, 90}


def test_a_very_short_sound_has_as_many_peaks_as_milliseconds():
    found, _ = converted(sounds.wav(sounds.tone(0.25)))
    assert len(found.peaks) == 250


def test_a_truncated_mp3_is_as_long_as_what_is_left_of_it():
    whole = sounds.mp3(sounds.tone(8.0, rate=48_000))

    found, _ = converted(whole[: len(whole) // 2])

    assert found.duration_ms == pytest.approx(4000, abs=60)


def test_an_mp3_that_changes_its_rate_in_the_middle_is_taken_whole():
    first, second = sounds.mp3(sounds.tone(1.0, rate=48_000)), sounds.mp3(sounds.tone(1.0, rate=24_000), rate=24_000)

    found, _ = converted(first + second)

    assert found.duration_ms == pytest.approx(2000, abs=120)


def test_a_cover_picture_is_no_video():
    found, _ = converted(sounds.mp3(sounds.tone(1.0, rate=48_000), cover=True))
    assert found.kind is Kind.MP3


def test_the_shortest_sound_is_accepted():
    found, _ = converted(sounds.wav(sounds.tone(0.2)))
    assert found.duration_ms == 200


def test_the_longest_sound_is_accepted():
    upload = io.BytesIO(sounds.wav(sounds.tone(600.0)))
    assert sum(len(block) for block in blocks(upload, Kind.WAV)) == 600 * RATE


def test_a_longer_sound_is_refused_while_it_is_decoded():
    upload = io.BytesIO(sounds.wav(sounds.tone(600.3)))
    with pytest.raises(Refused) as caught:
        list(blocks(upload, Kind.WAV))
    assert caught.value.reason is Reason.TOO_LONG


@pytest.mark.parametrize(
    ("upload", "reason"),
    [
        (lambda: sounds.wav(sounds.tone(0.199)), Reason.TOO_SHORT),
        (lambda: sounds.wav(np.zeros(8_000, np.int16)), Reason.SILENT),
        (lambda: sounds.wav(sounds.tone(1.0, loudness=50)), Reason.SILENT),
        (lambda: sounds.wav(sounds.tone(0.0)), Reason.DAMAGED),
        (lambda: sounds.wav(sounds.tone(1.0), rate=1_000), Reason.CODEC),
        (lambda: sounds.m4a(sounds.tone(1.0, rate=48_000), tracks=2), Reason.STREAMS),
        (sounds.video_with_sound, Reason.VIDEO),
        (
            lambda: sounds.encoded(sounds.tone(1.0, rate=48_000), container="wav", codec="adpcm_ms"),
            Reason.CODEC,
        ),
        (lambda: sounds.encoded(sounds.tone(1.0, rate=48_000), container="matroska", codec="aac"), Reason.NOT_AUDIO),
    ],
    ids=[
        "too short", "silent", "nearly silent", "no samples", "absurd rate", "two tracks", "video",
        "rare codec", "other container",
    ],
)  # fmt: skip
def test_what_is_not_accepted_is_refused_with_its_reason(upload, reason):
    assert refused(upload()) is reason


def test_the_answer_of_the_program_is_read_back_as_it_was():
    found = report.Report(Kind.OGG, 1500, (0, 50, 100))
    assert report.from_json(report.to_json(found)) == found
    with pytest.raises(Refused) as caught:
        report.from_json(report.to_json(Refused(Reason.SILENT)))
    assert caught.value.reason is Reason.SILENT


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "[]",
        "{}",
        '{"refused": "because"}',
        '{"kind": "../x", "duration_ms": 1000, "peaks": [1]}',
        '{"kind": "wav", "duration_ms": 600201, "peaks": [1]}',
        '{"kind": "wav", "duration_ms": 199, "peaks": [1]}',
        '{"kind": "wav", "duration_ms": "1000", "peaks": [1]}',
        '{"kind": "wav", "duration_ms": 1000, "peaks": []}',
        '{"kind": "wav", "duration_ms": 1000, "peaks": [101]}',
        '{"kind": "wav", "duration_ms": 1000, "peaks": ["<svg>"]}',
        '{"kind": "wav", "duration_ms": 1000, "peaks": [' + "1," * 400 + "1]}",
    ],
)
def test_an_answer_that_the_program_would_not_give_is_not_believed(answer):
    with pytest.raises(ValueError):  # noqa: PT011 - JSON errors are among them
        report.from_json(answer)
