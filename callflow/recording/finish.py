"""One pass over a recording: place, decode, mix, measure, write."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import BinaryIO

import av
import numpy as np

from callflow.recording.encoding import FORMS, in_one_channel, target_for
from callflow.recording.mixing import RATE, TooLong, blocks
from callflow.recording.picture import Picture
from callflow.recording.report import Finished, Trouble
from callflow.recording.timeline import PER_MS, placed
from telephony.recording_format import LEFT, Head, Packet

__all__ = ["TooLong", "load_everything", "write"]

VOICEMAIL = "voicemail"  # only the caller speaks: he is heard in both ears


def write(head: Head, packets: Iterable[Packet], file: BinaryIO) -> Finished | Trouble:
    """Write the finished file of a recording. Raises TooLong; and RecordingUnreadable where the packets do."""
    stereo = head.stereo and head.kind != VOICEMAIL
    picture = Picture()
    target = target_for(head.format, file, 2 if stereo else 1)
    for block in blocks(placed(packets)):
        picture.write(block)
        target.write(block if stereo else in_one_channel(block))
    if not picture.samples:
        return Trouble.EMPTY
    target.close()
    left, right = picture.peaks()
    if not stereo:
        left = right = [max(pair) for pair in zip(left, right, strict=True)]
    return Finished(picture.duration_ms, tuple(left), tuple(right))


def load_everything() -> None:
    """Finish a moment of sound in memory, so that what the libraries load on first use is loaded."""
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = RATE, "mono", "s16"
    frame = av.AudioFrame.from_ndarray(np.zeros((1, 20 * PER_MS), np.int16), format="s16", layout="mono")
    frame.sample_rate = RATE
    payloads = [bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)]]
    packets = [Packet(LEFT, 20 * i, 960 * i, payload) for i, payload in enumerate(payloads)]
    for form in ("wav", *FORMS):
        write(Head(0, "", "", "", form, True, 0.0), packets, io.BytesIO())
