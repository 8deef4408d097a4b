"""Recordings of the simulated engine as real files: a quiet tone, as long as the recording."""

from __future__ import annotations

import io
import os
import tempfile
import wave
from functools import cache
from pathlib import Path

import av
import numpy as np

from telephony import port
from telephony.adapters.simulated.recorder import path_of

SAMPLE_RATE = 8000  # Hz
SAMPLES_PER_FRAME = 576  # of MP3 at this rate (MPEG 2.5)
FRAMES_PER_TURN = 14  # about a second
TURN_S = FRAMES_PER_TURN * SAMPLES_PER_FRAME / SAMPLE_RATE
WAVES_PER_TURN = 440  # a whole number, so that turns join without a click
FEWEST_FRAMES = 7  # half a second; readers do not take fewer for MP3
LOUDNESS = 1000  # of 32767: to be heard, not to be startled by
BIT_RATE = 16_000


class RecordingWriter:
    """Writes recordings below a folder. Cost: a few milliseconds, whatever the length."""

    def __init__(self, media_root: Path) -> None:
        self._media_root = media_root

    def __call__(self, command: port.StartRecording, seconds: float) -> tuple[str, int]:
        """Write the file of a recording, whole or not at all. Returns its path below the folder, and its size."""
        name = path_of(command)
        path = self._media_root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = _wav(seconds) if command.format == "wav" else _mp3(seconds)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(data)
        os.replace(file.name, path)
        return name, len(data)


def _mp3(seconds: float) -> bytes:
    """MP3 frames that stand alone: any number of them is a file."""
    frames = _mp3_frames()
    count = max(FEWEST_FRAMES, round(seconds * SAMPLE_RATE / SAMPLES_PER_FRAME))
    turns, rest = divmod(count, len(frames))
    return b"".join(frames) * turns + b"".join(frames[:rest])


def _wav(seconds: float) -> bytes:
    output = io.BytesIO()
    with wave.open(output, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(np.resize(_turn(), max(1, round(seconds * SAMPLE_RATE))).tobytes())
    return output.getvalue()


@cache
def _mp3_frames() -> tuple[bytes, ...]:
    """One turn of the tone, from the middle of three: the encoder has settled there."""
    encoder = av.CodecContext.create("libmp3lame", "w")
    encoder.sample_rate, encoder.bit_rate = SAMPLE_RATE, BIT_RATE
    encoder.layout, encoder.format = "mono", "s16p"
    encoder.options = {"reservoir": "0"}  # no frame borrows bits of another
    sound = av.AudioFrame.from_ndarray(np.tile(_turn(), 3).reshape(1, -1), format="s16p", layout="mono")
    sound.sample_rate = SAMPLE_RATE
    packets = [bytes(packet) for part in _in_frames(sound) for packet in encoder.encode(part)]
    return tuple(packets[FRAMES_PER_TURN : 2 * FRAMES_PER_TURN])


def _in_frames(sound: av.AudioFrame) -> list[av.AudioFrame]:
    fifo = av.AudioFifo()
    fifo.write(sound)
    return fifo.read_many(SAMPLES_PER_FRAME)


def _turn() -> np.ndarray:
    """Shape: (samples,) int16, 8 kHz mono."""
    samples = FRAMES_PER_TURN * SAMPLES_PER_FRAME
    return (LOUDNESS * np.sin(2 * np.pi * WAVES_PER_TURN * np.arange(samples) / samples)).astype(np.int16)
