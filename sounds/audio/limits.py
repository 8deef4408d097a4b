"""What the audio programs may use."""

from __future__ import annotations

from typing import Final

from common.confinement import Limits

LIMITS: Final = Limits(
    memory_bytes=1024**3,  # the libraries alone map 254 MB, a ten-minute file 22 MB more (measured 2026-11)
    cpu_s=60,  # ten minutes of audio take 7 to 9 s on a busy core (measured 2026-11)
    largest_file_bytes=16 * 1024**2,  # ten minutes are 9.6 MB as 8 kHz WAV, the largest form
)
