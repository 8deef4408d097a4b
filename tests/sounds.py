"""Sound made for tests: tones in every container that people upload."""

from __future__ import annotations

import io
import wave
from typing import Any

import av
import numpy as np


def tone(seconds: float, *, rate: int = 8_000, hertz: float = 440.0, loudness: int = 9_000) -> np.ndarray:
    """A sine wave. Shape: (samples,) int16."""
    moments = np.arange(round(seconds * rate)) / rate
    return (np.sin(2 * np.pi * hertz * moments) * loudness).astype(np.int16)


def wav(samples: np.ndarray, rate: int = 8_000) -> bytes:
    """A mono 16-bit WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as target:
        target.setnchannels(1)
        target.setsampwidth(2)
        target.setframerate(rate)
        target.writeframes(samples.tobytes())
    return file.getvalue()


def encoded(
    samples: np.ndarray, *, container: str, codec: str, rate: int = 48_000, tracks: int = 1, cover: bool = False
) -> bytes:
    """A compressed file, with `tracks` equal tracks, and a cover picture if asked for."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as target:
        streams: list[Any] = [target.add_stream(codec, rate=rate, layout="mono") for _ in range(tracks)]
        picture = _cover_stream(target) if cover else None
        if picture is not None:
            target.mux(_picture(picture))
        for start in range(0, len(samples), rate):
            for stream in streams:
                frame = av.AudioFrame.from_ndarray(samples[np.newaxis, start : start + rate], "s16", "mono")
                frame.sample_rate, frame.pts = rate, start
                target.mux(stream.encode(frame))
        for stream in streams:
            target.mux(stream.encode(None))
    return file.getvalue()


def mp3(samples: np.ndarray, rate: int = 48_000, *, cover: bool = False) -> bytes:
    return encoded(samples, container="mp3", codec="libmp3lame", rate=rate, cover=cover)


def ogg_opus(samples: np.ndarray) -> bytes:
    return encoded(samples, container="ogg", codec="libopus")


def m4a(samples: np.ndarray, rate: int = 48_000, tracks: int = 1) -> bytes:
    return encoded(samples, container="ipod", codec="aac", rate=rate, tracks=tracks)


def flac(samples: np.ndarray, rate: int = 48_000) -> bytes:
    return encoded(samples, container="flac", codec="flac", rate=rate)


def video_with_sound(seconds: float = 1.0) -> bytes:
    """An MP4 with moving pictures and a tone."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as target:
        pictures = target.add_stream("mpeg4", rate=10, width=64, height=64, pix_fmt="yuv420p")
        sound = target.add_stream("aac", rate=48_000, layout="mono")
        for number in range(round(seconds * 10)):
            picture = av.VideoFrame.from_ndarray(np.full((64, 64, 3), number * 20 % 255, np.uint8), "rgb24")
            target.mux(pictures.encode(picture))
        samples = tone(seconds, rate=48_000)
        frame = av.AudioFrame.from_ndarray(samples[np.newaxis, :], "s16", "mono")
        frame.sample_rate = 48_000
        target.mux(sound.encode(frame))
        target.mux(pictures.encode(None))
        target.mux(sound.encode(None))
    return file.getvalue()


def _cover_stream(target):
    stream = target.add_stream("mjpeg", rate=1, width=64, height=64, pix_fmt="yuvj420p")
    stream.disposition = av.stream.Disposition.attached_pic
    return stream


def _picture(stream):
    frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 200, np.uint8), "rgb24")
    return [*stream.encode(frame), *stream.encode(None)]
