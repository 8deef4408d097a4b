"""Decode an uploaded file, whatever it claims to be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import av
import numpy as np
from av.audio.resampler import AudioResampler
from av.stream import Disposition

from sounds.audio.report import ENCODER_PADDING_S, LONGEST_S, Kind, Reason, Refused

RATE = 48_000  # Hz; everything is decoded to this, mono, 16 bit
SAMPLE_RATES = range(4_000, 192_001)  # what is outside is no recording, only work
MOST_CHANNELS = 8
MOST_DAMAGED_PACKETS = 20  # a download with a few bad spots is still welcome
DEMUXERS = {Kind.WAV: "wav", Kind.MP3: "mp3", Kind.OGG: "ogg", Kind.FLAC: "flac", Kind.M4A: "mov"}
DECODERS = (
    "pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_alaw", "pcm_mulaw",
    "mp3", "mp3float", "vorbis", "opus", "libopus", "flac", "aac", "alac",
)  # fmt: skip


def kind_of(start: bytes) -> Kind:
    """Tell by its first bytes what a file is. Raises Refused(NOT_AUDIO).

    The demuxer is chosen from this and never guessed: a guessing one also plays a text file that names *other* files of
    this server (ffconcat, HLS).
    """
    if start[:4] == b"RIFF" and start[8:12] == b"WAVE":
        return Kind.WAV
    if start[:4] == b"OggS":
        return Kind.OGG
    if start[:4] == b"fLaC":
        return Kind.FLAC
    if start[4:8] == b"ftyp":
        return Kind.M4A
    is_mpeg_frame = len(start) > 1 and start[0] == 0xFF and start[1] & 0xE6 == 0xE2  # sync, layer 3
    if start[:3] == b"ID3" or is_mpeg_frame:
        return Kind.MP3
    raise Refused(Reason.NOT_AUDIO)


def blocks(upload: BinaryIO, kind: Kind) -> Iterator[np.ndarray]:
    """Decode second by second, so that memory does not grow with the length.

    Shape: (samples,) int16, 48 kHz mono; about a second each.
    Raises Refused.
    """
    options = {
        "format_whitelist": DEMUXERS[kind],
        "protocol_whitelist": "",
        "codec_whitelist": ",".join(DECODERS),
    }
    try:
        with av.open(
            upload, "r", format=DEMUXERS[kind], options=options, metadata_errors="ignore", io_open=_refuse_to_open
        ) as container:
            yield from _by_the_second(_at_one_rate(_frames(container)))
    except av.FFmpegError as error:
        raise Refused(Reason.DAMAGED) from error


def _refuse_to_open(url: str, flags: int, options: object) -> BinaryIO:
    raise PermissionError(url)


def _the_audio_stream(container: av.container.InputContainer) -> av.AudioStream:
    if any(not stream.disposition & Disposition.attached_pic for stream in container.streams.video):
        raise Refused(Reason.VIDEO)  # a cover picture is fine, and is not looked at
    if len(container.streams.audio) != 1:
        raise Refused(Reason.STREAMS if container.streams.audio else Reason.NOT_AUDIO)
    stream = container.streams.audio[0]
    context: av.AudioCodecContext | None = stream.codec_context  # None for a codec that nobody knows
    if context is None or context.name not in DECODERS:
        raise Refused(Reason.CODEC)
    context.thread_count = 1
    return stream


def _frames(container: av.container.InputContainer) -> Iterator[av.AudioFrame]:
    """Every frame of the one stream, until it is longer than allowed."""
    stream = _the_audio_stream(container)
    seconds, damaged = 0.0, 0
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.FFmpegError as error:
            damaged += 1
            if damaged > MOST_DAMAGED_PACKETS:
                raise Refused(Reason.DAMAGED) from error
            continue
        for frame in frames:
            if frame.sample_rate not in SAMPLE_RATES or len(frame.layout.channels) > MOST_CHANNELS:
                raise Refused(Reason.CODEC)
            seconds += frame.samples / frame.sample_rate
            if seconds > LONGEST_S + ENCODER_PADDING_S:
                raise Refused(Reason.TOO_LONG)
            yield frame


def _at_one_rate(frames: Iterator[av.AudioFrame]) -> Iterator[av.AudioFrame]:
    """Resample to 48 kHz mono; joined files change their rate or channels in the middle."""
    resampler, source = _to_48k(), None
    for frame in frames:
        form = (frame.format.name, frame.layout.name, frame.sample_rate)
        if source not in (None, form):
            yield from resampler.resample(None)
            resampler = _to_48k()
        source = form
        yield from resampler.resample(frame)
    yield from resampler.resample(None)


def _by_the_second(frames: Iterator[av.AudioFrame]) -> Iterator[np.ndarray]:
    gathered: list[np.ndarray] = []
    for frame in frames:
        gathered.append(frame.to_ndarray()[0])
        if sum(map(len, gathered)) >= RATE:
            yield np.concatenate(gathered)
            gathered = []
    if gathered:
        yield np.concatenate(gathered)


def _to_48k() -> AudioResampler:
    return AudioResampler(format="s16", layout="mono", rate=RATE)
