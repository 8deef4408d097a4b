"""Write decoded audio in the forms that engines and browsers play, and measure it on the way."""

from __future__ import annotations

import wave
from typing import BinaryIO, Literal, Protocol

import av
import numpy as np
from av.audio.resampler import AudioResampler

from sounds.audio.decode import RATE
from sounds.audio.report import MOST_PEAKS

TELEPHONE_RATE = 8_000  # Hz
OPUS_BITS_PER_S = 48_000  # transparent for speech, decent for music in mono
LISTEN_RATE = 24_000  # Hz; twice what a call carries, and half the work of 48 kHz (3.4 s instead of 8 for ten minutes)
MP3_BITS_PER_S = 48_000
PER_MS = RATE // 1000  # samples
FULL_SCALE = 32_768


class Sink(Protocol):
    """Something that takes the audio block by block. Shape: (samples,) int16, 48 kHz mono."""

    def write(self, block: np.ndarray) -> None: ...

    def close(self) -> None: ...


class Encoder:
    """A compressed file."""

    def __init__(
        self, target: BinaryIO, *, container: str, codec: Literal["libopus", "mp3"], rate: int, options: dict[str, str]
    ) -> None:
        self._container = av.open(target, "w", format=container)
        self._stream = self._container.add_stream(codec, rate=rate, layout="mono", options=options)
        self._position = 0

    def write(self, block: np.ndarray) -> None:
        frame = frame_of(block, self._position)
        self._position += len(block)
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        self._container.mux(self._stream.encode(None))
        self._container.close()


def opus_file(target: BinaryIO) -> Encoder:
    options = {"b": str(OPUS_BITS_PER_S), "frame_duration": "20", "application": "audio", "compression_level": "6"}
    return Encoder(target, container="ogg", codec="libopus", rate=RATE, options=options)


def mp3_file(target: BinaryIO) -> Encoder:
    options = {"b": str(MP3_BITS_PER_S), "compression_level": "7"}
    return Encoder(target, container="mp3", codec="mp3", rate=LISTEN_RATE, options=options)


class TelephoneWav:
    """8 kHz mono 16-bit WAV."""

    def __init__(self, target: BinaryIO) -> None:
        self._wav = wave.Wave_write(target)
        self._wav.setnchannels(1)
        self._wav.setsampwidth(2)
        self._wav.setframerate(TELEPHONE_RATE)
        self._resampler = AudioResampler(format="s16", layout="mono", rate=TELEPHONE_RATE)
        self._position = 0

    def write(self, block: np.ndarray) -> None:
        self._write(self._resampler.resample(frame_of(block, self._position)))
        self._position += len(block)

    def close(self) -> None:
        self._write(self._resampler.resample(None))
        self._wav.close()

    def _write(self, frames: list[av.AudioFrame]) -> None:
        for frame in frames:
            self._wav.writeframes(frame.to_ndarray()[0].tobytes())


class Meter:
    """Measures length and loudness. Memory: 2 bytes for each millisecond."""

    def __init__(self) -> None:
        self._rest = np.empty(0, dtype=np.int16)
        self._loudest: list[np.ndarray] = []  # of each millisecond
        self.samples = 0

    def write(self, block: np.ndarray) -> None:
        self.samples += len(block)
        joined = np.concatenate([self._rest, block])
        whole = len(joined) - len(joined) % PER_MS
        self._rest = joined[whole:]
        self._loudest.append(_loudness(joined[:whole].reshape(-1, PER_MS)))

    def close(self) -> None:
        if len(self._rest):
            self._loudest.append(_loudness(self._rest.reshape(1, -1)))

    @property
    def duration_ms(self) -> int:
        return round(self.samples / PER_MS)

    @property
    def loudest(self) -> int:
        """The largest sample, 0 to 32768."""
        return max((int(values.max()) for values in self._loudest if len(values)), default=0)

    def peaks(self) -> tuple[int, ...]:
        """At most 400 values from 0 to 100, evenly spread over the length; 100 is full scale."""
        loudest = np.concatenate(self._loudest)
        starts = np.linspace(0, len(loudest), min(MOST_PEAKS, len(loudest)), endpoint=False).astype(int)
        return tuple(int(value * 100 // FULL_SCALE) for value in np.maximum.reduceat(loudest, starts).astype(int))


def _loudness(rows: np.ndarray) -> np.ndarray:
    if not rows.size:
        return np.empty(0, dtype=np.uint16)
    loudest: np.ndarray = np.abs(rows.astype(np.int32)).max(axis=1).astype(np.uint16)
    return loudest


def frame_of(block: np.ndarray, position: int) -> av.AudioFrame:
    """A frame of its own for each consumer: one that has gone through a resampler cannot be used again."""
    frame = av.AudioFrame.from_ndarray(block[np.newaxis, :], format="s16", layout="mono")
    frame.sample_rate = RATE
    frame.pts = position
    return frame
