"""The picture of a recording: how loud each side is in the course of it."""

from __future__ import annotations

import numpy as np

from callflow.recording.mixing import FULL_SCALE, RATE
from callflow.recording.report import MOST_PEAKS

PEAK_SAMPLES = RATE // 10


class Picture:
    """Measures loudness and length. Shape of blocks: (2, samples) int16, 48 kHz.

    Memory: 16 bytes for each tenth of a second.
    """

    def __init__(self) -> None:
        self.samples = 0
        self._loudest: tuple[list[int], list[int]] = ([], [])

    def write(self, block: np.ndarray) -> None:
        self.samples += block.shape[1]
        for side, loudest in zip(block, self._loudest, strict=True):
            starts = np.arange(0, len(side), PEAK_SAMPLES)
            loudest.extend(np.maximum.reduceat(np.abs(side.astype(np.int32)), starts).tolist())

    @property
    def duration_ms(self) -> int:
        return self.samples * 1000 // RATE

    def peaks(self) -> tuple[list[int], list[int]]:
        """Of each side at most 400 values from 0 to 100, evenly spread over the length; 100 is full scale."""
        left, right = (_fewer(loudest) for loudest in self._loudest)
        return left, right


def _fewer(loudest: list[int]) -> list[int]:
    if not loudest:
        return []
    starts = np.linspace(0, len(loudest), min(MOST_PEAKS, len(loudest)), endpoint=False).astype(int)
    return [int(value) * 100 // FULL_SCALE for value in np.maximum.reduceat(np.array(loudest), starts)]
