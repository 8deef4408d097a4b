"""Texts turned into speech."""

from __future__ import annotations

import logging
import subprocess
import sys
from typing import Final

from django.utils.translation import gettext as _

from common.confined_program import CODE_FOLDER
from common.refusals import InvalidInput, Refusal
from ivr.models import TEXT_MAX_LENGTH
from ivr.speech_program import NO_PROVIDER

TIME_LIMIT_S = 30  # the longest text takes 2 s (measured 2026-11)
NORMAL_WORDS_PER_MINUTE = 165
FASTER_PER_STEP = 1.15
SLOWEST, FASTEST = -3, 3
VOICES: Final = {"vi": "vi", "en": "en-us", "es": "es-419"}  # espeak-ng's names, by language

log = logging.getLogger(__name__)


class SpeechUnavailable(Refusal):
    """No program that speaks is installed, or it failed."""


def synthesise(text: str, *, language: str, speed: int = 0) -> bytes:
    """Speak a text.

    `language`: `vi`, `en` or `es`, with or without a region (`en-GB`). `speed`: -3 (slow) to 3 (fast).
    Returns a WAV file, mono, 16 bit, 22050 Hz. Cost: a process for 0.2 s, 2 s for the longest text.
    Raises InvalidInput for a text, language or speed that cannot be spoken, SpeechUnavailable otherwise.
    """
    command = [sys.executable, "-P", "-B", "-m", "ivr.speech_program", _voice(language), str(_words_per_minute(speed))]
    try:
        done = subprocess.run(
            command,
            input=_checked(text).encode(),
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


def _checked(text: str) -> str:
    spoken = text.replace("\0", " ").strip()
    if not spoken:
        raise InvalidInput(_("There is no text to speak."))
    if len(spoken) > TEXT_MAX_LENGTH:
        raise InvalidInput(
            _("The text is too long to be spoken: at most %(most)s characters.") % {"most": TEXT_MAX_LENGTH}
        )
    return spoken.encode(errors="replace").decode()


def _voice(language: str) -> str:
    try:
        return VOICES[language.lower().replace("_", "-").split("-")[0]]
    except KeyError as error:
        raise InvalidInput(_("No voice speaks “%(language)s”.") % {"language": language}) from error


def _words_per_minute(speed: int) -> int:
    if not SLOWEST <= speed <= FASTEST:
        raise InvalidInput(_("The speed is a number from -3 to 3."))
    return round(NORMAL_WORDS_PER_MINUTE * FASTER_PER_STEP**speed)
