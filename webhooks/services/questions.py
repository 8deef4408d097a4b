"""Questions of a call to a customer's URL: asked once; what the answer means is decided by who asked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from django.utils.translation import gettext as _

from common.refusals import NotFound
from webhooks.client import MAX_TIMEOUT_S, Answer, Outgoing, readable
from webhooks.domain import QUESTION_TABLE, QuestionEvent, QuestionState
from webhooks.failures import FailureReason, FetchFailed
from webhooks.models import Purpose, Question
from webhooks.services import claims
from webhooks.services.fetching import fetch_signed
from webhooks.texts import json_text, storable

ANSWER_MAX_BYTES = 64 * 1024
FAILED_ANSWER_MAX_LENGTH = 2000  # of an error page, for a developer who looks for the reason
RUNG_FOR_AGAIN_AFTER = dt.timedelta(seconds=0.5)  # a caller waits; a worker who is there comes within milliseconds
OPEN_STATES = (QuestionState.PENDING, QuestionState.ASKED)


def put_question(
    project_id: int,
    purpose: Purpose,
    url: str,
    *,
    now: dt.datetime,
    deadline_at: dt.datetime,
    query: Mapping[str, str] | None = None,
    body: Mapping[str, Any] | None = None,
    call_id: int | None = None,
    question_id: UUID | None = None,
) -> Question:
    """Note a question in the caller's transaction: with a body it is a POST, else a GET. Nothing is sent yet.

    `question_id` is the asker's own name for it, if he has one.

    After commit, let a worker `ask` it. Cost: one statement.
    """
    return Question.objects.create(
        id=question_id or uuid4(),
        project_id=project_id,
        call_id=call_id,
        purpose=purpose,
        method="GET" if body is None else "POST",
        url=storable(url),
        query={storable(name): storable(text) for name, text in (query or {}).items()},
        body="" if body is None else json_text(body),
        created_at=now,
        deadline_at=deadline_at,
        state=QuestionState.PENDING,
    )


def ask(question_id: UUID, now: dt.datetime) -> Question:
    """Send a question, unless somebody has, and return it as it is then: settled, or asked by another worker.

    Call it outside of transactions: it takes until the answer or the deadline. A worker that comes again after the
    answer was stored gets the settled question, so that a lost step after it can be repeated. Raises NotFound.
    """
    if _move(question_id, QuestionState.PENDING, QuestionEvent.ASK, asked_at=now):
        _settle(_question(question_id), now)
    return _question(question_id)


def give_up_question(question_id: UUID) -> Question:
    """Its deadline has come: it fails, unless it is settled; an answer that comes later is dropped. Raises NotFound."""
    for state in OPEN_STATES:
        _move(question_id, state, QuestionEvent.FAIL, failure=FailureReason.TIMEOUT)
    return _question(question_id)


def unasked_questions(now: dt.datetime, limit: int) -> list[UUID]:
    """What no worker has come to although somebody rang: to be rung for again, while an answer can still help."""
    waiting = Question.objects.filter(state=QuestionState.PENDING, deadline_at__gt=now)
    late = waiting.filter(created_at__lte=now - RUNG_FOR_AGAIN_AFTER).order_by("deadline_at")
    return list(late.values_list("pk", flat=True)[:limit])


def fail_overdue_questions(now: dt.datetime, limit: int) -> list[Question]:
    """Fail what is open after its deadline, because a worker died or never came. Returns what failed here."""
    overdue = Question.objects.filter(state__in=OPEN_STATES, deadline_at__lte=now).order_by("deadline_at")
    failed = []
    for question in overdue[:limit]:
        state = QuestionState(question.state)
        if _move(question.pk, state, QuestionEvent.FAIL, failure=FailureReason.TIMEOUT):
            failed.append(_question(question.pk))
    return failed


def forget_old_questions(before: dt.datetime) -> int:
    """Delete settled questions that are older. Returns how many. Cost: a transaction for every few thousand rows."""
    return claims.forget(Question.objects.filter(created_at__lt=before).exclude(state__in=OPEN_STATES))


def _question(question_id: UUID) -> Question:
    question = Question.objects.filter(pk=question_id).first()
    if question is None:
        raise NotFound(_("There is no such question."))
    return question


def _move(question_id: UUID, state: QuestionState, event: QuestionEvent, **values: Any) -> bool:
    """Change the state as the table says, if it still is the one we saw."""
    after = QUESTION_TABLE.rows[state, event]
    return Question.objects.filter(pk=question_id, state=state).update(state=after, **values) == 1


def _settle(question: Question, now: dt.datetime) -> None:
    began = claims.monotonic_ms()
    try:
        answer = _fetch(question, now)
    except FetchFailed as failure:
        values = {
            "status": failure.status,
            "failure": failure.reason,
            "detail": failure.detail,
            "answer": readable(failure.body)[:FAILED_ANSWER_MAX_LENGTH],
            "duration_ms": claims.monotonic_ms() - began,
        }
        _move(question.pk, QuestionState.ASKED, QuestionEvent.FAIL, **values)
        return
    values = {"status": answer.status, "answer": answer.text, "duration_ms": answer.duration_ms}
    _move(question.pk, QuestionState.ASKED, QuestionEvent.ANSWER, **values)


def _fetch(question: Question, now: dt.datetime) -> Answer:
    left_s = (question.deadline_at - now).total_seconds()
    if left_s <= 0:
        raise FetchFailed(FailureReason.TIMEOUT, "The deadline had passed before a worker came.")
    request = Outgoing(
        question.method,
        question.url,
        min(left_s, MAX_TIMEOUT_S),
        query=question.query,
        body=question.body.encode() if question.method == "POST" else None,
        max_bytes=ANSWER_MAX_BYTES,
    )
    return fetch_signed(question.project_id, request, message_id=str(question.pk), now=now)
