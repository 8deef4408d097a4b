"""Events owed to customers' URLs: at least once each, or listed as given up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from common import ids
from common.clock import epoch_ms
from common.refusals import Refusal
from projects.models import HANDLED_HERE_URLS
from webhooks.client import Outgoing, readable
from webhooks.domain import (
    DELIVERY_TABLE,
    EVENT_LIFE_S,
    EVENT_PAUSES_S,
    DeliveryEvent,
    DeliveryState,
    event_after_failure,
    excerpt,
    pause_s,
)
from webhooks.failures import FailureReason, FetchFailed
from webhooks.models import Attempt, Delivery, DisabledUrl, EndpointHealth, EventKind
from webhooks.selectors import is_disabled, url_key
from webhooks.services import claims
from webhooks.services.fetching import fetch_signed
from webhooks.texts import json_text, storable
from webhooks.urls import endpoint_of

EVENT_TIMEOUT_S = 5.0  # Source: webhooks.md §2
ANSWER_MAX_BYTES = 4096  # of which an excerpt is kept
RUNG_FOR_IN_VAIN = dt.timedelta(seconds=1)  # what is due for longer was turned away, or its bell was lost
POSTPONE_S = 5.0  # while an endpoint is left alone; the sweep waits for the end of that anyway
OPEN_STATES = (DeliveryState.PENDING, DeliveryState.SENDING)


class UrlDisabled(Refusal):
    """The receiver answered 410 Gone: enable the URL first."""

    def __init__(self) -> None:
        super().__init__(_("This URL has said that it wants no more events. Enable it first."))


def owe_event(
    project_id: int,
    url: str,
    body: Mapping[str, Any],
    *,
    now: dt.datetime,
    call_id: int | None = None,
    serial: int = 0,
    kind: EventKind = EventKind.CALL_EVENT,
) -> Delivery | None:
    """Note that a URL is to get an event, in the caller's transaction; nothing is sent yet.

    `event_id`, and for call events `serial`, are written into the body. After commit, ring `deliver_event`.
    Returns None when there is no URL, or one that means "handled here". A URL that cannot be asked is owed all the
    same and given up at its first attempt, so that it can be seen.
    Cost: two statements.
    """
    if not url or url in HANDLED_HERE_URLS:
        return None
    url = storable(url)
    event_id = ids.event_id(epoch_ms(now))
    own = {"event_id": event_id, "serial": serial} if kind == EventKind.CALL_EVENT else {"event_id": event_id}
    delivery = Delivery(
        project_id=project_id,
        call_id=call_id,
        event_id=event_id,
        serial=serial,
        kind=kind,
        url=url,
        endpoint=endpoint_of(url),
        body=json_text({**body, **own}),
        state=DeliveryState.PENDING,
        created_at=now,
        next_attempt_at=now,
        give_up_at=now + dt.timedelta(seconds=EVENT_LIFE_S),
    )
    if is_disabled(project_id, url):
        delivery.state, delivery.next_attempt_at, delivery.finished_at = DeliveryState.DISABLED, None, now
    delivery.save(force_insert=True)
    return delivery


def due_deliveries(now: dt.datetime, limit: int) -> list[int]:
    """Deliveries to hand to workers now, as `claims.due`; not those to endpoints that are left alone."""
    return claims.due(_in_order(Delivery.objects.all()).filter(~_rests(now)), now, limit)


def deliver(delivery_id: int, now: dt.datetime, *, jitter: float | None = None) -> Delivery | None:
    """Make one attempt, if it is due and nobody else is at it.

    Order: an event waits until every earlier one of the same call to the same URL has had its first attempt.
    Call it outside of transactions. Idempotent by the claim, which ends after a minute for a worker that died.
    Returns the delivery in its new state, or None when there was nothing to do.
    """
    delivery = claims.claim(_in_order(Delivery.objects.all()), delivery_id, now)
    if delivery is None:
        return None
    outcome = _attempt(delivery, now)
    return delivery if _store(delivery, outcome, now, claims.random_jitter() if jitter is None else jitter) else None


def next_in_line(delivery: Delivery, now: dt.datetime) -> int | None:
    """What may take the place of a delivery that is done: the call's next event, or what its project has waiting."""
    return _next_of_the_call(delivery, now) or _longest_due(delivery.project_id, now)


@transaction.atomic
def send_again(delivery: Delivery, now: dt.datetime) -> None:
    """Begin the schedule anew, from now. While a worker is at it, or it is due anyway, nothing changes.

    Raises UrlDisabled. After commit, ring `deliver_event`.
    """
    if is_disabled(delivery.project_id, delivery.url):
        raise UrlDisabled
    delivery.refresh_from_db(fields=["state"])
    state = DELIVERY_TABLE.after(DeliveryState(delivery.state), DeliveryEvent.SEND_AGAIN)
    if state is None:
        return
    values = {
        "state": state,
        "attempts": 0,
        "next_attempt_at": now,
        "give_up_at": now + dt.timedelta(seconds=EVENT_LIFE_S),
        "finished_at": None,
        "hinted_at": None,
    }
    Delivery.objects.filter(pk=delivery.pk, state=delivery.state).update(**values)
    delivery.refresh_from_db()


def enable_url(project_id: int, url: str) -> bool:
    """Send events to a URL again that had answered 410. False when it was not disabled.

    What was not wanted meanwhile stays so; `send_again` sends it.
    """
    deleted, _by_model = DisabledUrl.objects.filter(project_id=project_id, url_key=url_key(url)).delete()
    return deleted > 0


def forget_old_deliveries(before: dt.datetime) -> int:
    """Delete finished deliveries that are older, with their attempts. Returns how many.

    Cost: one transaction for every few thousand rows.
    """
    return claims.forget(Delivery.objects.filter(created_at__lt=before).exclude(state__in=OPEN_STATES))


# ── One attempt ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What came of an attempt; `failure` is None when it was accepted."""

    attempt: Attempt
    failure: FetchFailed | None


def _attempt(delivery: Delivery, now: dt.datetime) -> _Outcome:
    request = Outgoing(
        "POST",
        delivery.url,
        EVENT_TIMEOUT_S,
        body=delivery.body.encode(),
        max_bytes=ANSWER_MAX_BYTES,
        body_matters=False,  # any 2xx is a success, whatever comes after it
    )
    attempt = Attempt(project_id=delivery.project_id, delivery_id=delivery.pk, at=now)
    began = claims.monotonic_ms()
    try:
        answer = fetch_signed(delivery.project_id, request, message_id=delivery.event_id, now=now)
    except FetchFailed as failure:
        attempt.duration_ms = claims.monotonic_ms() - began
        attempt.status, attempt.failure, attempt.detail = failure.status, failure.reason, failure.detail
        attempt.answer = excerpt(readable(failure.body))
        return _Outcome(attempt, failure)
    attempt.duration_ms, attempt.status, attempt.answer = answer.duration_ms, answer.status, excerpt(answer.text)
    return _Outcome(attempt, None)


@transaction.atomic
def _store(delivery: Delivery, outcome: _Outcome, now: dt.datetime, jitter: float) -> bool:
    event, pause = _verdict(delivery, outcome.failure, now, jitter)
    state = DELIVERY_TABLE.rows[DeliveryState.SENDING, event]
    sent = outcome.failure is None or outcome.failure.reason is not FailureReason.BREAKER_OPEN
    is_open = state is DeliveryState.PENDING
    values = {
        "attempts": delivery.attempts + sent,
        "next_attempt_at": now + dt.timedelta(seconds=pause) if is_open else None,
        "finished_at": None if is_open else now,
        "first_attempt_at": delivery.first_attempt_at or (now if sent else None),
    }
    if not claims.settle(delivery, state, **values):
        return False
    if sent:
        outcome.attempt.save(force_insert=True)
    if event is DeliveryEvent.DISABLE:
        _disable(delivery.project_id, delivery.url, now)
    delivery.refresh_from_db()
    return True


def _verdict(
    delivery: Delivery, failure: FetchFailed | None, now: dt.datetime, jitter: float
) -> tuple[DeliveryEvent, float]:
    """What happens to the delivery, and the pause in seconds when it stays open."""
    if failure is None:
        return DeliveryEvent.ACCEPT, 0
    pause = pause_s(EVENT_PAUSES_S, delivery.attempts + 1, jitter)
    event = event_after_failure(failure, another_attempt=pause is not None)
    if event in (DeliveryEvent.FAIL, DeliveryEvent.POSTPONE) and now >= delivery.give_up_at:
        event = DeliveryEvent.GIVE_UP
    if event is DeliveryEvent.POSTPONE:
        return event, POSTPONE_S * (1 + jitter)
    return event, pause or 0


# ── Which may be sent ────────────────────────────────────────────────────────────────────────────────────────────────


def _next_of_the_call(delivery: Delivery, now: dt.datetime) -> int | None:
    """The next event of the same call to the same URL that waits for its first attempt and may have it now."""
    if delivery.call_id is None:
        return None
    same = Delivery.objects.filter(
        call_id=delivery.call_id,
        url=delivery.url,
        first_attempt_at__isnull=True,
        state=DeliveryState.PENDING,
        next_attempt_at__lte=now,
    )
    return _in_order(same).order_by("pk").values_list("pk", flat=True).first()


def _longest_due(project_id: int, now: dt.datetime) -> int | None:
    """What a project has had no room for (`claims`)."""
    due = Delivery.objects.filter(project_id=project_id, state=DeliveryState.PENDING)
    late = due.filter(~_rests(now), next_attempt_at__lte=now - RUNG_FOR_IN_VAIN)
    return _in_order(late).order_by("next_attempt_at", "pk").values_list("pk", flat=True).first()


def _in_order(rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
    earlier = Delivery.objects.filter(
        call_id=OuterRef("call_id"),
        url=OuterRef("url"),
        pk__lt=OuterRef("pk"),
        first_attempt_at__isnull=True,
        state__in=OPEN_STATES,
    )
    return rows.filter(~Exists(earlier))


def _rests(now: dt.datetime) -> Exists:
    return Exists(
        EndpointHealth.objects.filter(project_id=OuterRef("project_id"), endpoint=OuterRef("endpoint"), until__gt=now)
    )


def _disable(project_id: int, url: str, now: dt.datetime) -> None:
    DisabledUrl.objects.get_or_create(
        project_id=project_id, url_key=url_key(url), defaults={"url": url, "disabled_at": now}
    )
    waiting = Delivery.objects.filter(project_id=project_id, url=url, state=DeliveryState.PENDING)
    waiting.update(state=DeliveryState.DISABLED, next_attempt_at=None, finished_at=now)
