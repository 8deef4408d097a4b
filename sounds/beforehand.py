"""Texts that somebody has just written: spoken before a call needs them, and what of them will not be heard."""

from __future__ import annotations

import logging
from functools import partial

import redis
from django.db import transaction
from kombu.exceptions import OperationalError

from sounds import spoken, words
from sounds.speech import languages_spoken
from sounds.spoken_language import passages

log = logging.getLogger(__name__)


def speak_after_commit(text: str, *, voice: str = "", speed: int = 0) -> None:
    """Let a worker speak a text once it is stored, so that its first caller does not wait. Lost, the engine does it."""
    if text.strip():
        transaction.on_commit(partial(_speak, text, voice, speed))


def _speak(text: str, voice: str, speed: int) -> None:
    from sounds.tasks import speak

    try:
        speak.delay(text, voice, speed)
    except (redis.RedisError, OperationalError) as error:
        log.warning("text is not spoken beforehand", extra={"reason": type(error).__name__})


def unheard(text: str, *, voice: str = "") -> list[str]:
    """What of a text callers would not hear, because nothing here speaks it: sentences that say what to do."""
    languages = dict.fromkeys(passage.language for passage in passages(text, voice))
    here = languages_spoken()
    if languages and not here:
        return [str(words.NO_SPEECH)]
    missing = [words.not_spoken(language) for language in languages if language not in here]
    return missing or [str(words.FAILED)] * spoken.has_failed(text, voice=voice)
