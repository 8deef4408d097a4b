"""Sounds that the engine makes itself. Encoded when first needed, then shared."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from telephony.adapters.browser.opus import Samples, encode
from telephony.adapters.browser.sounds import SAMPLE_RATE, Prompt

LOUDNESS = 0.2  # of full scale: as loud as speech
FADE_S = 0.008  # no clicks
CALL_TONE_HZ = 425.0  # ringback and busy in Viet Nam (Source: ITU-T E.180, various tones used in national networks)

KEYS = "123A456B789C*0#D"
ROWS_HZ, COLUMNS_HZ = (697, 770, 852, 941), (1209, 1336, 1477, 1633)  # Source: ITU-T Q.23
KEY_S, BETWEEN_KEYS_S = 0.1, 0.08

# A quiet arpeggio, until a company brings its own music. Hz and notes in half seconds; C major, A minor, F, G.
NOTE_S = 0.5
_C, _D, _E, _F, _G, _A, _B = 261.63, 293.66, 329.63, 349.23, 392.00, 440.00, 493.88
MELODY = (
    *(_C, _E, _G, 2 * _C, _G, _E, _C, _G),
    *(_A, 2 * _C, 2 * _E, 2 * _C, _A, 2 * _C, _A, _E),
    *(_F, _A, 2 * _C, _A, _F, _A, _F, _C),
    *(_G, _B, 2 * _D, _B, _G, _B, _G, _D),
)

_Wave = NDArray[np.float64]


@cache
def tone(name: str) -> Prompt | None:
    """A tone of the port by its name; None when there is none of this name."""
    make = _TONES.get(name)
    return encode(_samples(make())) if make is not None else None


@cache
def keys(digits: str) -> Prompt:
    """The sounds of telephone keys, one after the other. What is no key is left out."""
    silence = np.zeros(int(BETWEEN_KEYS_S * SAMPLE_RATE))
    waves = [part for digit in digits if digit in KEYS for part in (_key(digit), silence)]
    return encode(_samples(np.concatenate(waves) if waves else np.zeros(0)))


def sine(hz: float, seconds: float) -> _Wave:
    """A tone that fades in and out. Shape: (samples,) between -1 and 1."""
    count = int(seconds * SAMPLE_RATE)
    wave = np.sin(2 * np.pi * hz * np.arange(count) / SAMPLE_RATE)
    fade = min(int(FADE_S * SAMPLE_RATE), count // 2)
    ramp = np.linspace(0, 1, fade)
    wave[:fade] *= ramp
    wave[count - fade :] *= ramp[::-1]
    return wave


def _samples(wave: _Wave) -> Samples:
    return (wave * LOUDNESS * 32767).astype(np.int16)


def _key(digit: str) -> _Wave:
    row, column = divmod(KEYS.index(digit), 4)
    return (sine(ROWS_HZ[row], KEY_S) + sine(COLUMNS_HZ[column], KEY_S)) / 2


def _silence(seconds: float) -> _Wave:
    return np.zeros(int(seconds * SAMPLE_RATE))


def _ringback() -> _Wave:
    return np.concatenate([sine(CALL_TONE_HZ, 1.0), _silence(4.0)])


def _busy() -> _Wave:
    return np.tile(np.concatenate([sine(CALL_TONE_HZ, 0.5), _silence(0.5)]), 3)


def _music() -> _Wave:
    decay = np.exp(-3 * np.arange(int(NOTE_S * SAMPLE_RATE)) / SAMPLE_RATE)
    return np.concatenate([(sine(hz, NOTE_S) + 0.3 * sine(2 * hz, NOTE_S)) * decay for hz in MELODY])


_TONES = {
    "beep": lambda: sine(1000.0, 0.4),
    "ringback": _ringback,
    "busy": _busy,
    "music": _music,
}
