"""A raw recording becomes a file in which the caller is on the left and the agent on the right."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callflow.recording import finish, mixing, report
from callflow.recording.encoding import in_one_channel
from callflow.recording.report import Finished, Trouble, from_json, to_json
from callflow.tests import raw_recordings
from callflow.tests.raw_recordings import GUEST, GUEST_HZ, LEFT_HZ, RIGHT, RIGHT_HZ, conversation, loudness, raw, spoken
from common import confined_program
from telephony.recording_format import LEFT, VOICES, Packet, Side

ANY_VOICE = st.integers(0, VOICES - 1)
ANY_PACKET = st.tuples(ANY_VOICE, st.integers(0, 20_000), st.integers(0, 2**32 - 1), st.binary(max_size=80))
FORMATS = {"mp3": "mp3", "wav": "pcm_s16le", "mp4": "aac", "webm": "opus"}


def finished(packets: list[Packet], **changes: object) -> tuple[Finished | Trouble, bytes]:
    file = io.BytesIO()
    outcome = finish.write(raw_recordings.head(**changes), sorted(packets, key=lambda each: each.at_ms), file)
    return outcome, file.getvalue()


def heard(file: bytes) -> tuple[np.ndarray, int, str]:
    """Samples, rate and codec. Shape: (channels, samples) float, 1 is full scale."""
    with av.open(io.BytesIO(file)) as container:
        stream = container.streams.audio[0]
        to_float = av.AudioResampler(format="fltp", layout=stream.layout, rate=stream.rate)
        frames = [each for frame in container.decode(stream) for each in to_float.resample(frame)]
        samples = np.concatenate([frame.to_ndarray() for frame in frames], axis=1)
        return samples, stream.rate, stream.codec_context.name


def tones(side: np.ndarray, rate: int) -> tuple[bool, bool]:
    """Whether the caller's tone and the agent's are heard."""
    return loudness(side, LEFT_HZ, rate) > 0.1, loudness(side, RIGHT_HZ, rate) > 0.1


@pytest.mark.parametrize(("form", "codec"), FORMATS.items())
def test_the_caller_is_left_and_the_agent_right_in_every_format(form, codec):
    outcome, file = finished(conversation(3.0), format=form)
    samples, rate, found = heard(file)
    assert found.startswith(codec)
    assert samples.shape[0] == 2
    middle = samples[:, rate // 2 : 2 * rate]
    assert [tones(side, rate) for side in middle] == [(True, False), (False, True)]
    assert outcome == Finished(outcome.duration_ms, outcome.left, outcome.right)
    assert outcome.duration_ms == 3007
    assert samples.shape[1] / rate == pytest.approx(3.0, abs=0.15)


def test_a_wav_can_be_read_by_anything():
    _, file = finished(conversation(), format="wav")
    with wave.open(io.BytesIO(file)) as read:
        assert read.getparams()[:3] == (2, 2, 16_000)
        assert read.getnframes() == pytest.approx(2 * 16_000, abs=200)


@pytest.mark.parametrize(("kind", "stereo"), [("conversation", False), ("voicemail", True)])
def test_what_is_not_stereo_has_both_in_one(kind, stereo):
    outcome, file = finished(conversation(), kind=kind, stereo=stereo)
    samples, rate, _ = heard(file)
    assert samples.shape[0] == 1
    assert tones(samples[0, rate // 2 : rate], rate) == (True, True)
    assert outcome.left == outcome.right


def test_sides_are_heard_when_they_spoke():
    """The caller for a second, both silent for two, the agent for a second."""
    packets = [*spoken(LEFT, LEFT_HZ, 1.0), *spoken(RIGHT, RIGHT_HZ, 1.0, at_ms=3000, timestamp=12345)]
    outcome, file = finished(packets, format="wav")
    (left, right), rate, _ = heard(file)
    seconds = [slice(second * rate, (second + 1) * rate) for second in range(4)]
    assert [(np.abs(left[each]).max() > 0.1, np.abs(right[each]).max() > 0.1) for each in seconds] == [
        (True, False),
        (False, False),
        (False, False),
        (False, True),
    ]
    assert outcome.duration_ms == 4000
    assert (len(outcome.left), len(outcome.right)) == (40, 40)
    assert [peak > 10 for peak in outcome.left] == [True] * 10 + [False] * 30
    assert [peak > 10 for peak in outcome.right] == [False] * 30 + [True] * 10


def test_a_third_person_is_on_the_right_with_the_agent_each_by_his_own_clock():
    """He comes after a second, and speaks while the agent does; his packets are lost for half a second."""
    third = spoken(GUEST, GUEST_HZ, 2.0, at_ms=1000, timestamp=3_000_000_000)
    outcome, file = finished([*conversation(3.0), *third[:50], *third[75:]], format="wav")
    (left, right), rate, _ = heard(file)

    def are_heard(side: np.ndarray, begin_s: float, end_s: float) -> list[bool]:
        piece = side[round(begin_s * rate) : round(end_s * rate)]
        return [loudness(piece, hertz, rate) > 0.1 for hertz in (LEFT_HZ, RIGHT_HZ, GUEST_HZ)]

    assert outcome.duration_ms == 3007
    assert are_heard(left, 1.2, 2.8) == [True, False, False]
    assert are_heard(right, 0.2, 0.9) == [False, True, False]
    assert are_heard(right, 1.2, 1.9) == [False, True, True]
    assert are_heard(right, 2.1, 2.4) == [False, True, False]
    assert are_heard(right, 2.6, 2.9) == [False, True, True]


def test_somebody_whose_clock_goes_back_is_not_heard_twice_at_once():
    packets = spoken(LEFT, LEFT_HZ, 1.0)
    again = [Packet(LEFT, each.at_ms + 10, each.timestamp + 480, each.payload) for each in packets]
    _, once = finished(packets, format="wav")
    _, twice = finished([*packets, *again], format="wav")
    (left, _), _, _ = heard(once)
    (doubled, _), _, _ = heard(twice)
    assert np.abs(doubled).max() == pytest.approx(np.abs(left).max(), abs=0.1)


def test_packets_that_got_lost_are_made_up_for_and_move_nothing():
    packets = spoken(LEFT, LEFT_HZ, 2.0)
    outcome, file = finished([each for i, each in enumerate(packets) if i % 10 not in (4, 5)], format="wav")
    (left, _), rate, _ = heard(file)
    assert outcome.duration_ms == 2000
    assert min(loudness(piece, LEFT_HZ, rate) for piece in np.split(left[rate // 2 :], 75)) > 0.05


def test_what_is_missing_for_longer_is_silence_and_moves_nothing():
    packets = spoken(LEFT, LEFT_HZ, 3.0)
    outcome, file = finished([*packets[:50], *packets[100:]], format="wav")
    (left, _), rate, _ = heard(file)
    assert outcome.duration_ms == 3000
    assert np.abs(left[round(1.05 * rate) : round(1.95 * rate)]).max() == 0
    assert loudness(left[round(2.2 * rate) :], LEFT_HZ, rate) > 0.1


def test_packets_that_are_no_sound_are_silence():
    good = spoken(LEFT, LEFT_HZ, 1.0)
    payloads = [b"\xff\xff", b"", b"\x00" * 300] * 17
    bad = [Packet(RIGHT, each.at_ms, each.timestamp, payloads[i]) for i, each in enumerate(good)]
    outcome, file = finished([*good, *bad], format="wav")
    (left, _), rate, _ = heard(file)
    assert isinstance(outcome, Finished)
    assert loudness(left[rate // 4 :], LEFT_HZ, rate) > 0.1


@given(st.lists(ANY_PACKET, max_size=25))
def test_nothing_that_a_stranger_sends_stops_it(drawn):
    packets = [Packet(*each) for each in sorted(drawn, key=lambda each: each[1])]
    outcome, _ = finished(packets)
    assert isinstance(outcome, Finished | Trouble)


def test_nobody_was_heard():
    assert finished([])[0] is Trouble.EMPTY


def test_a_call_of_an_hour_takes_little_memory_and_its_picture_stays_small(monkeypatch):
    """Somebody speaks at the beginning and at the end only."""
    packets = [*spoken(LEFT, LEFT_HZ, 0.2), *spoken(RIGHT, RIGHT_HZ, 0.2, at_ms=3_600_000)]
    biggest = 0
    blocks = mixing.blocks

    def watched(placed: object) -> object:
        nonlocal biggest
        for block in blocks(placed):
            biggest = max(biggest, block.shape[1])
            yield block

    monkeypatch.setattr(finish, "blocks", watched)
    outcome, _ = finished(packets, format="wav")
    assert biggest == mixing.BLOCK
    assert outcome.duration_ms == 3_600_200
    assert len(outcome.left) == report.MOST_PEAKS


def test_a_moment_that_no_call_reaches_is_damage():
    with pytest.raises(finish.TooLong):
        finished([Packet(LEFT, 0xFFFFFFFF, 0, b"")])


def test_loud_voices_on_one_side_do_not_turn_over():
    canvas = mixing._Canvas()
    for _ in range(2):
        canvas.add(Side.RIGHT, 0, np.full(4, 30_000, np.int16))

    (block,) = canvas.rest()

    assert block.tolist() == [[0] * 4, [32_767] * 4]


def test_loud_sides_together_do_not_turn_over():
    both = np.full((2, 4), 30_000, np.int16)
    assert in_one_channel(both).tolist() == [[32_767] * 4]


# ── The program ──────────────────────────────────────────────────────────────────────────────────────────────────────
def run(tmp_path: Path, content: bytes) -> tuple[str, Path]:
    source, target = tmp_path / "rec.raw", tmp_path / "rec.part"
    source.write_bytes(content)
    answer = confined_program.run(
        "callflow.recording.program", str(source), str(target), time_limit_s=60, output_max_bytes=65_536
    )
    return answer.output.decode(), target


def test_the_program_writes_the_file_and_says_what_is_in_it(tmp_path):
    text, target = run(tmp_path, raw(conversation()))
    outcome = from_json(text)
    assert isinstance(outcome, Finished)
    assert outcome.duration_ms == 2007
    samples, rate, _ = heard(target.read_bytes())
    assert tones(samples[0, rate // 2 : rate], rate) == (True, False)


def test_the_program_finishes_what_a_killed_engine_has_left(tmp_path):
    whole = raw(conversation())
    text, _ = run(tmp_path, whole[:-10])
    assert from_json(text).duration_ms == pytest.approx(2000, abs=30)


@pytest.mark.parametrize("content", [b"", b"x", b"PCCREC1\n", b"PCCREC1\n\0\0\0\2{}", raw([]) + b"\x77" * 30])
def test_the_program_says_when_it_cannot_read_a_file(tmp_path, content):
    text, _ = run(tmp_path, content)
    assert from_json(text) is Trouble.UNREADABLE


def test_the_program_says_when_there_is_nothing_in_a_file(tmp_path):
    assert from_json(run(tmp_path, raw([]))[0]) is Trouble.EMPTY


# ── What it answers ──────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("outcome", [Trouble.EMPTY, Trouble.UNREADABLE, Finished(1500, (0, 100), (7,))])
def test_the_answer_is_read_as_it_was_meant(outcome):
    assert from_json(to_json(outcome)) == outcome


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"trouble": "other"}',
        '{"duration_ms": 0, "left": [], "right": []}',
        '{"duration_ms": true, "left": [], "right": []}',
        '{"duration_ms": 1e9, "left": [], "right": []}',
        '{"duration_ms": 5, "left": [101], "right": []}',
        '{"duration_ms": 5, "left": [-1], "right": []}',
        '{"duration_ms": 5, "left": ["<script>"], "right": []}',
        '{"duration_ms": 5, "left": %s, "right": []}' % ([1] * 401),
        '{"duration_ms": 5, "left": []}',
    ],
)
def test_an_answer_that_the_program_would_not_give_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011  whatever the text is
        from_json(text)
