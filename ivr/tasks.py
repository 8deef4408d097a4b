"""Doors of the workers: texts are spoken before a call needs them. Any of them may be lost or run twice."""

from __future__ import annotations

import logging

from celery import shared_task

from common.refusals import Refusal
from ivr.models import IvrNode, PlayMode
from sounds import spoken

SPEAK_EXPIRES_S = 3600  # by then a caller has had it spoken, or nobody has called

log = logging.getLogger(__name__)


@shared_task(expires=SPEAK_EXPIRES_S)
def speak_node(node_pk: int) -> None:
    """Speak the text of a node as it is now. What cannot be spoken is found by the linter, and told in calls."""
    node = IvrNode.objects.filter(pk=node_pk, node_play_mode=PlayMode.TALK).first()
    if node is None:
        return
    try:
        spoken.render(node.node_play_content, voice=node.voice, speed=node.speed)
    except Refusal as refusal:
        log.warning("text is not spoken", extra={"event": "speech_failed", "node_id": node_pk, "why": refusal.message})
