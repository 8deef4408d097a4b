"""Texts turned into speech, by the provider that the operator has chosen (PCC_SPEECH_PROVIDER)."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from common.refusals import InvalidInput
from sounds.speech_espeak import Espeak
from sounds.speech_http import HttpService
from sounds.speech_piper import Piper
from sounds.speech_provider import FASTEST, SLOWEST, TEXT_MAX_LENGTH, Provider, SpeechUnavailable, Utterance
from sounds.spoken_language import LANGUAGES

__all__ = ["LANGUAGES", "SpeechUnavailable", "checked", "languages_spoken", "provider", "synthesise"]


def provider() -> Provider:
    """Who speaks here."""
    match settings.PCC_SPEECH_PROVIDER:
        case "piper":
            return Piper(Path(settings.PCC_SPEECH_PIPER_VOICES))
        case "http":
            return HttpService(settings.PCC_SPEECH_HTTP_URL)
    return Espeak()


def languages_spoken() -> AbstractSet[str]:
    """The languages in which texts can be spoken here; none when nothing that speaks is installed."""
    return provider().languages()


def synthesise(text: str, *, language: str, speed: int = 0, voice: str = "") -> bytes:
    """Speak a text.

    `language`: `vi`, `en` or `es`, with or without a region (`en-GB`). `speed`: -3 (slow) to 3 (fast). `voice`: any
    name; one that the provider does not have is spoken by another.
    Returns an audio file; espeak and Piper make WAV, mono, 16 bit. Cost: by the provider, 0.1 s to some seconds.
    Raises InvalidInput for a text, language or speed that cannot be spoken, SpeechUnavailable otherwise.
    """
    return provider().speak(checked(text, language=language, speed=speed, voice=voice))


def checked(text: str, *, language: str, speed: int = 0, voice: str = "") -> Utterance:
    """What is to be spoken, tidied up. Raises InvalidInput."""
    if not SLOWEST <= speed <= FASTEST:
        raise InvalidInput(_("The speed is a number from -3 to 3."))
    return Utterance(_checked_text(text), _checked_language(language), voice, speed)


def _checked_text(text: str) -> str:
    spoken = text.replace("\0", " ").strip()
    if not spoken:
        raise InvalidInput(_("There is no text to speak."))
    if len(spoken) > TEXT_MAX_LENGTH:
        raise InvalidInput(
            _("The text is too long to be spoken: at most %(most)s characters.") % {"most": TEXT_MAX_LENGTH}
        )
    return spoken.encode(errors="replace").decode()


def _checked_language(language: str) -> str:
    short = language.lower().replace("_", "-").split("-")[0]
    if short not in LANGUAGES:
        raise InvalidInput(_("No voice speaks “%(language)s”.") % {"language": language})
    return short
