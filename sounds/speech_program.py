"""`python -m sounds.speech_program VOICE WORDS_PER_MINUTE < TEXT > WAV`: speak a text with espeak-ng.

A program of its own: espeak-ng is licensed under the GPL, keeps its state in global variables, and is written in C.
Source: speak_lib.h of espeak-ng 1.52.
"""

from __future__ import annotations

import ctypes
import io
import sys
import wave

from common import confinement
from sounds.audio.limits import LIMITS

NO_PROVIDER = 3  # exit codes
NO_VOICE = 4
AUDIO_OUTPUT_SYNCHRONOUS = 2
INITIALIZE_DONT_EXIT = 0x8000
PARAMETER_RATE = 1
POSITION_CHARACTER = 1
CHARS_UTF8 = 1
Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


def speak(text: str, voice: str, words_per_minute: int) -> bytes:
    """A 16-bit mono WAV file of a spoken text. Exits with NO_PROVIDER or NO_VOICE."""
    try:
        import espeakng_loader
    except ImportError:
        raise SystemExit(NO_PROVIDER) from None
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    pieces: list[bytes] = []

    @Callback
    def take(samples: ctypes._Pointer[ctypes.c_short], count: int, events: int) -> int:
        if samples and count:
            pieces.append(ctypes.string_at(samples, count * 2))
        return 0

    data_folder = espeakng_loader.get_data_path().encode()
    rate = library.espeak_Initialize(AUDIO_OUTPUT_SYNCHRONOUS, 0, data_folder, INITIALIZE_DONT_EXIT)
    if rate <= 0:
        raise SystemExit(NO_PROVIDER)
    library.espeak_SetSynthCallback(take)
    if library.espeak_SetVoiceByName(voice.encode()):
        raise SystemExit(NO_VOICE)
    library.espeak_SetParameter(PARAMETER_RATE, words_per_minute, 0)
    spoken = text.encode() + b"\0"
    library.espeak_Synth(spoken, ctypes.c_size_t(len(spoken)), 0, POSITION_CHARACTER, 0, CHARS_UTF8, None, None)
    library.espeak_Synchronize()
    return _wav(b"".join(pieces), rate)


def _wav(samples: bytes, rate: int) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as target:
        target.setnchannels(1)
        target.setsampwidth(2)
        target.setframerate(rate)
        target.writeframes(samples)
    return file.getvalue()


if __name__ == "__main__":
    confinement.limit_resources(LIMITS)
    sys.stdout.buffer.write(speak(sys.stdin.buffer.read().decode(), sys.argv[1], int(sys.argv[2])))
