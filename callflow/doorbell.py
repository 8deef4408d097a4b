"""Doorbells: hints after a commit that somebody should look. All of them may be lost; the one-second sweep looks too.

Shape in Redis: `pcc:bell:PROJECT` while a dispatch is on its way (rings meanwhile are one ring), `pcc:again:PROJECT`
when somebody rang while it ran.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache
from uuid import UUID

import redis
from django.conf import settings
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)

BELL_TTL_MS = 1000  # a bell that nobody answered rings again after this
AGAIN_TTL_MS = 10_000
TIMEOUT_S = 0.5


_here: Callable[[int], None] | None = None


def answer_here(ring: Callable[[int], None] | None) -> None:
    """Let this process answer its own dispatch bells (`callflow.nearby`); None: let the workers do it again."""
    global _here
    _here = ring


def ring(project_id: int) -> None:
    """Let dispatch look at a project: here, when this process does that, else in a worker."""
    if _here is not None:
        _here(project_id)
    else:
        ring_workers(project_id)


def ring_workers(project_id: int) -> None:
    """Let a worker look at a project. Rings coalesce until the task has begun."""
    from callflow.tasks import dispatch

    try:
        if _server().set(f"pcc:bell:{project_id}", "1", nx=True, px=BELL_TTL_MS):
            dispatch.delay(project_id)
    except (redis.RedisError, OperationalError) as error:
        _lost("dispatch", error)


def answered(project_id: int) -> None:
    """The dispatch has begun: from now on a ring means a new one."""
    try:
        _server().delete(f"pcc:bell:{project_id}")
    except redis.RedisError as error:
        _lost("answered", error)


def look_again(project_id: int) -> None:
    """Leave a mark for the dispatch that is at work on the project."""
    try:
        _server().set(f"pcc:again:{project_id}", "1", px=AGAIN_TTL_MS)
    except redis.RedisError as error:
        _lost("look_again", error)


def was_asked_again(project_id: int) -> bool:
    """Take the mark, if there is one."""
    try:
        return bool(_server().getdel(f"pcc:again:{project_id}"))
    except redis.RedisError as error:
        _lost("was_asked_again", error)
        return False


def ask(question_id: UUID) -> None:
    """Let a worker ask the customer's server."""
    from callflow.tasks import ask_question

    _hint(ask_question, str(question_id))


def ask_agents(queue_id: int) -> None:
    """Let a worker ask the customer's server for agents."""
    from callflow.tasks import ask_agent_lists

    _hint(ask_agent_lists, queue_id)


def deliver(delivery_id: int) -> None:
    from webhooks.tasks import deliver_event

    _hint(deliver_event, delivery_id)


def send_sms(sms_id: UUID) -> None:
    from webhooks import tasks

    _hint(tasks.send_sms, str(sms_id))


def finish_recordings() -> None:
    """Let a worker finish what engines have recorded."""
    from callflow.tasks import finish_recordings

    _hint(finish_recordings)


def _hint(task: object, *key: object) -> None:
    try:
        task.delay(*key)  # type: ignore[attr-defined]  # a Celery task, which this module may not name
    except (redis.RedisError, OperationalError) as error:
        _lost(str(task), error)


def _lost(what: str, error: Exception) -> None:
    log.warning(
        "doorbell does not ring", extra={"event": "doorbell_lost", "bell": what, "reason": type(error).__name__}
    )


@cache
def _server() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S)
