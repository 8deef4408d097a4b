"""Recordings of the simulated engine are files that players take."""

from __future__ import annotations

import av
import pytest

from telephony import port
from telephony.adapters.simulated.files import RecordingWriter


@pytest.mark.parametrize(("format_", "seconds"), [("mp3", 0.6), ("mp3", 62.0), ("wav", 0.2), ("wav", 62.0)])
def test_a_recording_is_as_long_as_it_says(tmp_path, format_, seconds):
    command = port.StartRecording("leg-1", "rec-1", "voicemail", 7, format=format_)

    name, size = RecordingWriter(tmp_path)(command, seconds)

    assert name == f"recordings/7/rec-1.{format_}"
    assert (tmp_path / name).stat().st_size == size
    assert [path.name for path in (tmp_path / "recordings/7").iterdir()] == [f"rec-1.{format_}"]
    with av.open(str(tmp_path / name)) as file:
        heard = sum(frame.samples / frame.sample_rate for frame in file.decode(audio=0))
    assert heard == pytest.approx(seconds, abs=0.05)
