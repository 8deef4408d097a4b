"""Built-in waiting music: composed, not recorded, so that nobody has rights in it."""

from __future__ import annotations

import io
import wave
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RATE = 16_000  # Hz; telephones carry half of it
LOUDEST = 0.35  # of full scale: background, and room for a voice above it
CONCERT_A = 440.0  # Hz
CONCERT_A_NOTE = 69  # its number in MIDI
RINGS_FOR_S = 4.0
ATTACK_S = 0.012  # a softer beginning than a click
# How loud the overtones are and how fast they fade, which makes a struck bar out of sine waves.
OVERTONES = ((1, 1.0, 1.2), (2, 0.28, 2.2), (3, 0.10, 3.5), (4, 0.04, 5.0))

Samples = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Tune:
    """A loop. `bars` are chords of MIDI notes, the bass first; each is played note by note, up and down."""

    beats_per_minute: int
    bars: tuple[tuple[int, ...], ...]
    figure: tuple[int, ...]  # which note of the chord on each eighth of a bar

    @property
    def eighth_s(self) -> float:
        return 30 / self.beats_per_minute


TUNES = {
    "calm": Tune(
        beats_per_minute=72,
        bars=(
            (48, 60, 64, 67, 71),  # C major 7
            (45, 60, 64, 67, 69),  # A minor 7
            (41, 57, 60, 64, 69),  # F major 7
            (43, 59, 62, 65, 69),  # G 9
            (48, 60, 64, 67, 74),
            (40, 59, 62, 67, 71),  # E minor 7
            (41, 57, 60, 65, 72),
            (43, 59, 62, 65, 67),
        ),
        figure=(0, 2, 3, 4, 3, 2, 1, 2),
    )
}


def compose(name: str) -> bytes:
    """A built-in tune as a 16-bit mono WAV that can be repeated without a seam."""
    tune = TUNES[name]
    samples = np.zeros(round(len(tune.bars) * len(tune.figure) * tune.eighth_s * RATE))
    for start_s, note, loudness in _notes(tune):
        sound = _struck(note) * loudness
        # What still rings at the end goes on at the beginning.
        places = (round(start_s * RATE) + np.arange(len(sound))) % len(samples)
        samples[places] += sound
    return _wav(samples * (LOUDEST / np.abs(samples).max()))


def _notes(tune: Tune) -> Iterator[tuple[float, int, float]]:
    """(start in s, MIDI note, loudness), the first of each bar the loudest."""
    for bar, chord in enumerate(tune.bars):
        for eighth, which in enumerate(tune.figure):
            yield (bar * len(tune.figure) + eighth) * tune.eighth_s, chord[which], 1.0 if eighth == 0 else 0.6


def _struck(note: int) -> Samples:
    at = np.arange(round(RINGS_FOR_S * RATE)) / RATE
    pitch = CONCERT_A * 2 ** ((note - CONCERT_A_NOTE) / 12)
    ring = sum(
        (level * np.exp(-fade * at) * np.sin(2 * np.pi * pitch * overtone * at) for overtone, level, fade in OVERTONES),
        start=np.zeros_like(at),
    )
    fade_out = np.minimum(1.0, (RINGS_FOR_S - at) / ATTACK_S)
    return np.asarray(ring * np.minimum(1.0, at / ATTACK_S) * fade_out)


def _wav(samples: Samples) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(RATE)
        wav.writeframes((samples * 32_767).astype("<i2").tobytes())
    return file.getvalue()
