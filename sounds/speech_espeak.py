"""Speech by espeak-ng, which comes as a package with all its voices: always there, clear, and like a machine."""

from __future__ import annotations

import importlib.util
import logging
import subprocess
import sys
from collections.abc import Set as AbstractSet
from typing import Final

from django.utils.translation import gettext as _

from common.confined_program import CODE_FOLDER
from sounds.speech_program import NO_PROVIDER
from sounds.speech_provider import TIME_LIMIT_S, SpeechUnavailable, Utterance

NORMAL_WORDS_PER_MINUTE = 165
VOICES: Final = {"vi": "vi", "en": "en-us", "es": "es-419"}  # espeak-ng's names, by language
# The names of other platforms (Source: docs/compatibility.md, "Voices"): which accent, and whether a woman or a man.
SOUTH, CENTRE = "vi-vn-x-south", "vi-vn-x-central"
ACCENTS: Final = {"hatieumai": SOUTH, "lannhi": SOUTH, "sg": SOUTH, "ngoclam": CENTRE, "myan": CENTRE}
WOMEN: Final = frozenset({"female", "hatieumai", "ngoclam", "banmai", "myan", "lannhi"})
AS_A_WOMAN = "+f2"  # the variant that stays clear on a telephone

log = logging.getLogger(__name__)


class Espeak:
    """See `Provider`. Cost: a process for 0.1 s, 2 s for the longest text."""

    def languages(self) -> AbstractSet[str]:
        return VOICES.keys() if _is_installed() else frozenset()

    def remedy(self) -> str:
        return "" if _is_installed() else "Install it beside us: pip install espeakng-loader"

    def identity(self, utterance: Utterance) -> str:
        return f"espeak {voice_for(utterance.language, utterance.voice)}"

    def speak(self, utterance: Utterance) -> bytes:
        """A WAV file, mono, 16 bit, 22050 Hz."""
        voice = voice_for(utterance.language, utterance.voice)
        pace = str(round(NORMAL_WORDS_PER_MINUTE * utterance.pace))
        try:
            done = subprocess.run(
                [sys.executable, "-P", "-B", "-m", "sounds.speech_program", voice, pace],
                input=utterance.text.encode(),
                capture_output=True,
                env={"PYTHONPATH": str(CODE_FOLDER), "LANG": "C.UTF-8"},
                timeout=TIME_LIMIT_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise SpeechUnavailable(_("Speaking the text took too long.")) from error
        if done.returncode == NO_PROVIDER:
            raise SpeechUnavailable(
                _("No program that speaks is installed. Install the package espeakng-loader, or upload a recording.")
            )
        if done.returncode:
            log.error("speech program failed", extra={"event": "speech_failed", "code": done.returncode})
            raise SpeechUnavailable(_("The text could not be spoken."))
        return done.stdout


def voice_for(language: str, name: str) -> str:
    """espeak-ng's name of the voice that is nearest to a name: in the language of the text, whatever the name says."""
    parts = name.lower().split("_")
    accent = next((ACCENTS[part] for part in parts if part in ACCENTS), "") if language == "vi" else ""
    return (accent or VOICES[language]) + (AS_A_WOMAN if WOMEN.intersection(parts) else "")


def _is_installed() -> bool:
    return importlib.util.find_spec("espeakng_loader") is not None
