"""The WAV files of speech programs, read without a decoder and encoded for the browser engine."""

from __future__ import annotations

import io
import wave
from collections.abc import Iterator

import av
import numpy as np
from av.audio.resampler import AudioResampler

from sounds.audio.convert import SILENCE
from sounds.audio.decode import RATE
from sounds.audio.encode import opus_file
from sounds.audio.report import LONGEST_S, SHORTEST_S, Reason, Refused

BYTES_PER_SAMPLE = 2
RATES = range(8_000, RATE + 1)


def read(audio: bytes) -> tuple[np.ndarray, int] | None:
    """Samples and rate of a mono 16-bit PCM WAV file; None for anything else. Shape: (samples,) int16."""
    try:
        with wave.open(io.BytesIO(audio)) as file:
            if (file.getnchannels(), file.getsampwidth()) != (1, BYTES_PER_SAMPLE) or file.getframerate() not in RATES:
                return None
            data = file.readframes(file.getnframes())
            rate = file.getframerate()
    except (wave.Error, EOFError):
        return None
    return np.frombuffer(data[: len(data) - len(data) % BYTES_PER_SAMPLE], np.int16), rate


def encoded(samples: np.ndarray, rate: int) -> bytes:
    """Samples as Opus in Ogg. Raises Refused."""
    if len(samples) < SHORTEST_S * rate:
        raise Refused(Reason.TOO_SHORT)
    if len(samples) > LONGEST_S * rate:
        raise Refused(Reason.TOO_LONG)
    if np.abs(samples.astype(np.int32)).max() < SILENCE:
        raise Refused(Reason.SILENT)
    target = io.BytesIO()
    sink = opus_file(target)
    for block in _at_48k(samples, rate):
        sink.write(block)
    sink.close()
    return target.getvalue()


def _at_48k(samples: np.ndarray, rate: int) -> Iterator[np.ndarray]:
    resampler = AudioResampler(format="s16", layout="mono", rate=RATE)
    frame = av.AudioFrame.from_ndarray(samples[np.newaxis, :], format="s16", layout="mono")
    frame.sample_rate = rate
    for resampled in (*resampler.resample(frame), *resampler.resample(None)):
        yield resampled.to_ndarray()[0]
