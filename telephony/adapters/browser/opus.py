"""Opus, packet by packet: what browsers and the engine send each other."""

from __future__ import annotations

import fractions
import logging

import av
import numpy as np
from numpy.typing import NDArray

from telephony.adapters.browser.sounds import SAMPLE_RATE, SAMPLES_PER_PACKET, Prompt

Samples = NDArray[np.int16]  # 48 kHz mono
SILENCE = b"\xf8\xff\xfe"  # 20 ms (Source: RFC 6716 §2.1.9 and §3.1: CELT, fullband, one empty frame)
BIT_RATE = 32_000  # of speech and prompts: what browsers send by themselves
TIME_BASE = fractions.Fraction(1, SAMPLE_RATE)

log = logging.getLogger(__name__)


def encode(samples: Samples) -> Prompt:
    """A sound as packets; its end is filled up with silence. Cost: about 4 ms a second of sound."""
    encoder = Encoder()
    whole = np.pad(samples, (0, -len(samples) % SAMPLES_PER_PACKET))
    return Prompt(tuple(encoder.encode(part) for part in whole.reshape(-1, SAMPLES_PER_PACKET)))


class Encoder:
    """Encodes one stream. Shape: (960,) int16, 48 kHz mono, in; one packet out."""

    def __init__(self) -> None:
        self._codec = av.CodecContext.create("libopus", "w")
        self._codec.bit_rate, self._codec.sample_rate = BIT_RATE, SAMPLE_RATE
        self._codec.layout, self._codec.format = "mono", "s16"
        self._codec.time_base = TIME_BASE
        self._codec.options = {"application": "voip"}
        self._next = 0

    def encode(self, samples: Samples) -> bytes:
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, self._next, TIME_BASE
        self._next += SAMPLES_PER_PACKET
        packets = self._codec.encode(frame)
        return bytes(packets[0]) if packets else SILENCE


class Decoder:
    """Decodes one stream."""

    def __init__(self) -> None:
        self._codec = av.CodecContext.create("libopus", "r")
        self._codec.sample_rate, self._codec.layout, self._codec.format = SAMPLE_RATE, "mono", "s16"

    def decode(self, payload: bytes) -> Samples:
        """The samples of one packet; none for what is no Opus."""
        try:
            frames = self._codec.decode(av.Packet(payload))
        except av.FFmpegError:
            log.debug("packet is not decoded", extra={"size": len(payload)})
            return np.zeros(0, np.int16)
        return np.concatenate([_mono(frame) for frame in frames]) if frames else np.zeros(0, np.int16)


def loudness(samples: Samples) -> float:
    """Root mean square, of 32767."""
    if not len(samples):
        return 0.0
    wide = samples.astype(np.float32)
    return float(np.sqrt(np.dot(wide, wide) / len(wide)))


def _mono(frame: av.AudioFrame) -> Samples:
    samples = frame.to_ndarray()
    channels = len(frame.layout.channels)
    return samples.reshape(-1, channels)[:, 0].astype(np.int16)
