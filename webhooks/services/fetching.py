"""Requests to customers' URLs: signed, and not to endpoints that are left alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

from django.db import transaction
from django.db.models import Q

from common.clock import epoch_ms
from webhooks import breaker, signatures
from webhooks.breaker import Admission, BreakerState, Health
from webhooks.client import Answer, Outgoing, fetch
from webhooks.failures import FailureReason, FetchFailed
from webhooks.models import EndpointHealth
from webhooks.services.signing import signing_secrets
from webhooks.urls import BadUrl, endpoint_of, parse


def fetch_signed(project_id: int, request: Outgoing, *, message_id: str, now: dt.datetime) -> Answer:
    """Sign a request, send it and return its 2xx answer. Raises FetchFailed.

    Call it outside of transactions: it takes as long as the customer's server. Nothing is locked meanwhile.
    `message_id` names what is sent, and is the same when it is sent again.
    """
    endpoint = endpoint_of(request.url)
    admission = _admit(project_id, endpoint, now) if endpoint else Admission.FREE
    if admission is Admission.REFUSED:
        raise FetchFailed(FailureReason.BREAKER_OPEN)
    try:
        answer = fetch(_signed(project_id, request, message_id, now))
    except FetchFailed as failure:
        _note(project_id, endpoint, failure, admission, now)
        raise
    _note(project_id, endpoint, None, admission, now)
    return answer


def forget_old_health(before: dt.datetime) -> int:
    """Delete what is known of endpoints that are not left alone, or were so until then. Returns how many.

    What it forgets of an endpoint that is still asked costs a few more attempts.
    """
    deleted, _by_model = EndpointHealth.objects.filter(Q(until__isnull=True) | Q(until__lt=before)).delete()
    return deleted


def _signed(project_id: int, request: Outgoing, message_id: str, now: dt.datetime) -> Outgoing:
    secrets = signing_secrets(project_id, now)
    if request.body is not None:
        seconds = epoch_ms(now) // 1000
        ours = signatures.post_headers(secrets, message_id, seconds, request.body)
        return replace(request, headers={"Content-Type": "application/json", **request.headers, **ours})
    try:
        target = parse(request.url, request.query).target
    except BadUrl:
        return request  # will be refused by the client, which says why
    return replace(request, headers={**request.headers, **signatures.get_headers(secrets, target)})


def _admit(project_id: int, endpoint: str, now: dt.datetime) -> Admission:
    """Ask the breaker. A healthy endpoint costs one read."""
    row = EndpointHealth.objects.filter(project_id=project_id, endpoint=endpoint).first()
    if row is None or row.health.state is BreakerState.CLOSED:
        return Admission.FREE
    admissions: list[Admission] = []

    def decide(health: Health) -> Health:
        health, admission = breaker.admit(health, now)
        admissions.append(admission)
        return health

    _change(project_id, endpoint, decide)
    return admissions[0]


def _note(project_id: int, endpoint: str, failure: FetchFailed | None, admission: Admission, now: dt.datetime) -> None:
    """Tell the breaker what came of a request. A success of a healthy endpoint writes nothing."""
    if not endpoint:
        return
    if failure is not None and failure.is_endpoint_down:
        probe = admission is Admission.PROBE
        _change(project_id, endpoint, lambda health: breaker.failed(health, now, probe=probe))
    elif not _is_healthy(project_id, endpoint):
        _change(project_id, endpoint, breaker.succeeded)


def _is_healthy(project_id: int, endpoint: str) -> bool:
    row = EndpointHealth.objects.filter(project_id=project_id, endpoint=endpoint).first()
    return row is None or row.health == breaker.HEALTHY


@transaction.atomic
def _change(project_id: int, endpoint: str, change: Callable[[Health], Health]) -> None:
    """Apply a rule to an endpoint's row, one after the other. Locks: that row, for a moment."""
    row, _made = EndpointHealth.objects.select_for_update().get_or_create(
        project_id=project_id, endpoint=endpoint, defaults={"state": BreakerState.CLOSED}
    )
    health = change(row.health)
    if health != row.health:
        row.state, row.failures, row.openings, row.until = health.state, health.failures, health.openings, health.until
        row.save(update_fields=["state", "failures", "openings", "until"])
