"""Doors of the workers: texts are spoken before a call needs them. Any of them may be lost or run twice."""

from __future__ import annotations

import logging

from celery import shared_task

from common.refusals import Refusal
from sounds import spoken

SPEAK_EXPIRES_S = 3600  # by then a caller has had it spoken, or nobody has called

log = logging.getLogger(__name__)


@shared_task(expires=SPEAK_EXPIRES_S)
def speak(text: str, voice: str = "", speed: int = 0) -> None:
    """Speak a text. What cannot be spoken is told where it was written, and left out in calls."""
    try:
        spoken.render(text, voice=voice, speed=speed)
    except Refusal as refusal:
        log.warning("text is not spoken", extra={"event": "speech_failed", "why": refusal.message})
