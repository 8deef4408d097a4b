"""The file that people listen to, in the format that was asked for."""

from __future__ import annotations

import wave
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol

import av
import numpy as np
from av.audio.resampler import AudioResampler

from callflow.recording.mixing import FULL_SCALE, RATE

FILE_RATE = 16_000  # Hz; all that speech needs, and less work than more (7 s for ten minutes; at 24 kHz 9.5 s)
LAYOUTS = {1: "mono", 2: "stereo"}


class Target(Protocol):
    """A file that is being written. Shape of blocks: (channels, samples) int16, 48 kHz."""

    def write(self, block: np.ndarray) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Form:
    """A compressed format. Units: rate in Hz."""

    container: str
    codec: str
    rate: int = FILE_RATE
    options: Mapping[str, str] = field(default_factory=dict)


# MP3: the two sides have nothing in common, and joint stereo would let one be heard behind the other.
MP3 = Form("mp3", "libmp3lame", options={"compression_level": "7", "joint_stereo": "0"})
FORMS: Mapping[str, Form] = {
    "mp3": MP3,
    "mp4": Form("mp4", "aac"),
    "webm": Form("webm", "libopus", rate=RATE),
}
BITS_PER_S_AND_CHANNEL = 24_000  # 22 MB for an hour in stereo


def target_for(form: str, file: BinaryIO, channels: int) -> Target:
    """A file of a format, `wav` or one of FORMS; MP3 for any other."""
    return _Wav(file, channels) if form == "wav" else _Compressed(file, channels, FORMS.get(form, MP3))


def in_one_channel(block: np.ndarray) -> np.ndarray:
    """Both sides together. Shape: (1, samples)."""
    mixed: np.ndarray = block.astype(np.int32).sum(axis=0, keepdims=True).clip(-FULL_SCALE, FULL_SCALE - 1)
    return mixed.astype(np.int16)


class _Frames:
    """Blocks as frames for the library."""

    def __init__(self, channels: int) -> None:
        self._layout = LAYOUTS[channels]
        self._position = 0

    def of(self, block: np.ndarray) -> av.AudioFrame:
        interleaved = np.ascontiguousarray(block.T).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(interleaved, format="s16", layout=self._layout)
        frame.sample_rate, frame.pts = RATE, self._position
        self._position += block.shape[1]
        return frame


class _Compressed:
    def __init__(self, file: BinaryIO, channels: int, form: Form) -> None:
        self._frames = _Frames(channels)
        self._container = av.open(file, "w", format=form.container)
        self._stream: Any = self._container.add_stream(
            form.codec,
            rate=form.rate,
            layout=LAYOUTS[channels],
            options={"b": str(BITS_PER_S_AND_CHANNEL * channels), **form.options},
        )

    def write(self, block: np.ndarray) -> None:
        self._container.mux(self._stream.encode(self._frames.of(block)))

    def close(self) -> None:
        self._container.mux(self._stream.encode(None))
        self._container.close()


class _Wav:
    """16 bit."""

    def __init__(self, file: BinaryIO, channels: int) -> None:
        self._frames = _Frames(channels)
        self._wav = wave.Wave_write(file)
        self._wav.setnchannels(channels)
        self._wav.setsampwidth(2)
        self._wav.setframerate(FILE_RATE)
        self._resampler = AudioResampler(format="s16", layout=LAYOUTS[channels], rate=FILE_RATE)

    def write(self, block: np.ndarray) -> None:
        self._write(self._resampler.resample(self._frames.of(block)))

    def close(self) -> None:
        self._write(self._resampler.resample(None))
        self._wav.close()

    def _write(self, frames: list[av.AudioFrame]) -> None:
        for frame in frames:
            self._wav.writeframes(frame.to_ndarray().tobytes())
