"""Text messages, sent through the gateway that a project names in its call settings."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from common.refusals import Refusal
from projects.models import CallSettings
from webhooks.client import Outgoing, readable
from webhooks.domain import SMS_PAUSES_S, SMS_TABLE, SmsEvent, SmsState, excerpt, pause_s, sms_after_failure
from webhooks.failures import FailureReason, FetchFailed
from webhooks.models import SMS_MAX_LENGTH, Sms
from webhooks.selectors import has_sms_gateway
from webhooks.services import claims
from webhooks.services.fetching import fetch_signed
from webhooks.texts import json_text, storable

GATEWAY_TIMEOUT_S = 10.0  # it may ask an operator before it answers
ANSWER_MAX_BYTES = 4096  # of which an excerpt is kept
POSTPONE_S = 5.0  # while the gateway is left alone
SMS_LIFE_S = 1.2 * sum(SMS_PAUSES_S)  # then it is given up, also when the gateway was left alone meanwhile
NUMBER = re.compile(r"\+?[0-9]{3,15}")  # Source: E.164, and short codes
NUMBER_MAX_LENGTH = 64
OPEN_STATES = (SmsState.PENDING, SmsState.SENDING)


class NoGateway(Refusal):
    """The project has no way to send text messages."""

    def __init__(self) -> None:
        super().__init__(_("There is no SMS gateway. Enter its URL in the call settings first."))


class NotDialled(Refusal):
    """The receiver is no telephone number, so no attempt can help."""

    def __init__(self) -> None:
        super().__init__(_("The receiver is not a phone number that can be dialled."))


def put_sms(
    project_id: int, to_number: str, text: str, *, now: dt.datetime, from_number: str = "", call_id: int | None = None
) -> Sms:
    """Note a text message in the caller's transaction; after commit, ring `send_sms`.

    Without a gateway, or to something that is no phone number (an anonymous caller), it ends here and can be seen.
    Longer texts are cut at ten parts. Cost: two statements.
    """
    state, failure = _beginning(project_id, to_number)
    waits = state is SmsState.PENDING
    return Sms.objects.create(
        project_id=project_id,
        call_id=call_id,
        from_number=storable(from_number)[:NUMBER_MAX_LENGTH],
        to_number=storable(to_number)[:NUMBER_MAX_LENGTH],
        text=storable(text)[:SMS_MAX_LENGTH],
        created_at=now,
        state=state,
        failure=failure,
        next_attempt_at=now if waits else None,
        finished_at=None if waits else now,
    )


def due_messages(now: dt.datetime, limit: int) -> list[UUID]:
    """Text messages to hand to workers now, as `claims.due`."""
    return claims.due(Sms.objects.all(), now, limit)


def send_sms(sms_id: UUID, now: dt.datetime, *, jitter: float | None = None) -> Sms | None:
    """Make one attempt, if it is due and nobody else is at it.

    Shape of the POST: {"id": str, "to": str, "from": str, "text": str}; any 2xx means that it is sent. The id is the
    same at every attempt. Call it outside of transactions. Idempotent by the claim.
    Returns the message in its new state, or None when there was nothing to do.
    """
    sms = claims.claim(Sms.objects.all(), sms_id, now)
    if sms is None:
        return None
    event, pause, values = _attempt(sms, now, claims.random_jitter() if jitter is None else jitter)
    state = SMS_TABLE.rows[SmsState.SENDING, event]
    is_open = state is SmsState.PENDING
    values["next_attempt_at"] = now + dt.timedelta(seconds=pause) if is_open else None
    values["finished_at"] = None if is_open else now
    if not claims.settle(sms, state, **values):
        return None
    sms.refresh_from_db()
    return sms


@transaction.atomic
def send_sms_again(sms: Sms, now: dt.datetime) -> None:
    """Begin the attempts anew. One that was sent, or still is to be, stays as it is.

    A message of long ago gets one attempt: what is late already is not worth more.
    Raises NoGateway, NotDialled.
    """
    refusal = why_not_again(sms)
    if refusal is not None:
        raise refusal
    state = SMS_TABLE.after(SmsState(sms.state), SmsEvent.SEND_AGAIN)
    if state is None:
        return
    values = {"state": state, "attempts": 0, "next_attempt_at": now, "finished_at": None, "hinted_at": None}
    Sms.objects.filter(pk=sms.pk, state=sms.state).update(**values)
    sms.refresh_from_db()


def why_not_again(sms: Sms) -> NotDialled | NoGateway | None:
    """Why sending a message again would be in vain; None when it may help."""
    if sms.failure == FailureReason.BAD_NUMBER:
        return NotDialled()
    return None if has_sms_gateway(sms.project_id) else NoGateway()


def forget_old_messages(before: dt.datetime) -> int:
    """Delete finished messages that are older. Returns how many. Cost: a transaction for every few thousand rows."""
    return claims.forget(Sms.objects.filter(created_at__lt=before).exclude(state__in=OPEN_STATES))


def _beginning(project_id: int, to_number: str) -> tuple[SmsState, str]:
    if not NUMBER.fullmatch(to_number):
        return SmsState.FAILED, FailureReason.BAD_NUMBER
    return (SmsState.PENDING, "") if _gateway(project_id) else (SmsState.NO_GATEWAY, "")


def _gateway(project_id: int) -> str:
    return CallSettings.objects.filter(project_id=project_id).values_list("sms_gateway_url", flat=True).first() or ""


def _attempt(sms: Sms, now: dt.datetime, jitter: float) -> tuple[SmsEvent, float, dict[str, Any]]:
    """Send it. Returns what happened, the pause in seconds until the next attempt, and columns to store."""
    gateway = _gateway(sms.project_id)
    if not gateway:
        return SmsEvent.LOSE_GATEWAY, 0, {}
    body = json_text({"id": str(sms.pk), "to": sms.to_number, "from": sms.from_number, "text": sms.text}).encode()
    request = Outgoing("POST", gateway, GATEWAY_TIMEOUT_S, body=body, max_bytes=ANSWER_MAX_BYTES, body_matters=False)
    values: dict[str, Any] = {"attempts": sms.attempts + 1, "status": None, "failure": "", "answer": ""}
    try:
        answer = fetch_signed(sms.project_id, request, message_id=str(sms.pk), now=now)
    except FetchFailed as failure:
        pause = pause_s(SMS_PAUSES_S, sms.attempts + 1, jitter)
        event = sms_after_failure(failure, another_attempt=pause is not None and not _is_too_old(sms, now))
        if event is SmsEvent.POSTPONE:
            return event, POSTPONE_S * (1 + jitter), {}
        values |= {"status": failure.status, "failure": failure.reason, "answer": excerpt(readable(failure.body))}
        return event, pause or 0, values
    return SmsEvent.ACCEPT, 0, values | {"status": answer.status, "answer": excerpt(answer.text)}


def _is_too_old(sms: Sms, now: dt.datetime) -> bool:
    return now >= sms.created_at + dt.timedelta(seconds=SMS_LIFE_S)
