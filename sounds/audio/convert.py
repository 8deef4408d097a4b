"""One pass over a file: decode, measure, write."""

from __future__ import annotations

import io
import wave
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import BinaryIO

import numpy as np

from sounds.audio.decode import RATE, blocks, kind_of
from sounds.audio.encode import Meter, Sink, TelephoneWav, mp3_file, opus_file
from sounds.audio.report import SHORTEST_S, Reason, Refused, Report

LONGEST_MAGIC = 12  # bytes
SILENCE = 60  # of 32768, about -55 dB: below the noise of any microphone


def convert(upload: BinaryIO, engine: BinaryIO, telephone: BinaryIO, listen: BinaryIO) -> Report:
    """Write an uploaded file to `engine` (Opus), `telephone` (8 kHz WAV) and `listen` (MP3). Raises Refused."""
    kind = kind_of(upload.read(LONGEST_MAGIC))
    upload.seek(0)
    meter = Meter()
    _write(blocks(upload, kind), [meter, opus_file(engine), TelephoneWav(telephone), mp3_file(listen)])
    if not meter.samples:
        raise Refused(Reason.DAMAGED)
    if meter.duration_ms < SHORTEST_S * 1000:
        raise Refused(Reason.TOO_SHORT)
    if meter.loudest < SILENCE:
        raise Refused(Reason.SILENT)
    return Report(kind, meter.duration_ms, meter.peaks())


def _write(blocks: Iterator[np.ndarray], sinks: Sequence[Sink]) -> None:
    with ExitStack() as stack:
        for sink in sinks:
            stack.callback(sink.close)
        for block in blocks:
            for sink in sinks:
                sink.write(block)


def load_everything() -> None:
    """Convert a moment of sound in memory, so that what the libraries load on first use is loaded."""
    sound = io.BytesIO()
    with wave.open(sound, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(RATE // 2)
        wav.writeframes(bytes(range(256)) * 64)
    sound.seek(0)
    convert(sound, io.BytesIO(), io.BytesIO(), io.BytesIO())
