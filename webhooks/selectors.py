"""Reads: which URLs and endpoints get nothing at present, and what a project has for signing and for text messages."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q

from projects.models import CallSettings
from webhooks.breaker import BreakerState
from webhooks.models import Delivery, DisabledUrl, EndpointHealth, SigningSecret
from webhooks.texts import storable

SHOWN_AT_MOST = 20  # of what is disabled or left alone; who has more has the same trouble everywhere
RECENT_DELIVERIES = 2000  # among which the endpoints of a filter are looked for


@dataclass(frozen=True, slots=True)
class Trouble:
    """What of a project gets nothing at present: URLs that are disabled, endpoints that are left alone for a while."""

    disabled: Sequence[DisabledUrl]
    resting: Sequence[EndpointHealth]


def trouble_of(project_id: int, now: dt.datetime) -> Trouble:
    """The newest of a project's disabled URLs, and its endpoints that rest. Cost: two queries."""
    disabled = DisabledUrl.objects.filter(project=project_id).order_by("-disabled_at", "-pk")
    resting = EndpointHealth.objects.filter(project=project_id, until__gt=now).exclude(state=BreakerState.CLOSED)
    return Trouble(list(disabled[:SHOWN_AT_MOST]), list(resting.order_by("endpoint")[:SHOWN_AT_MOST]))


def trouble_of_url(project_id: int, url: str, endpoint: str, now: dt.datetime) -> Trouble:
    """The same as far as it concerns one URL. Cost: two queries."""
    disabled = DisabledUrl.objects.filter(project=project_id, url_key=url_key(url))
    resting = EndpointHealth.objects.filter(project=project_id, endpoint=endpoint, until__gt=now)
    return Trouble(list(disabled), list(resting.exclude(state=BreakerState.CLOSED)))


def is_disabled(project_id: int, url: str) -> bool:
    """Whether a URL has answered that it wants no more events. Cost: one query."""
    return DisabledUrl.objects.filter(project_id=project_id, url_key=url_key(url)).exists()


def url_key(url: str) -> str:
    """By which a URL of any length is found again."""
    return hashlib.sha256(storable(url).encode()).hexdigest()


def recent_endpoints(project_id: int) -> list[str]:
    """The endpoints that a project's newest deliveries went to, by name. Cost: one query on some thousand rows."""
    newest = Delivery.objects.filter(project=project_id).order_by("-pk").values("pk")[:RECENT_DELIVERIES]
    found = Delivery.objects.filter(pk__in=newest).exclude(endpoint="").order_by("endpoint")
    return list(found.values_list("endpoint", flat=True).distinct())


def has_sms_gateway(project_id: int) -> bool:
    """Whether a project's text messages have a way out. Cost: one query."""
    return CallSettings.objects.filter(project=project_id).exclude(sms_gateway_url="").exists()


def present_secrets(project_id: int, now: dt.datetime) -> list[SigningSecret]:
    """The secrets that sign now, the present one first, then those that retire soon. None before the first signature.

    Cost: one query.
    """
    valid = SigningSecret.objects.filter(Q(retires_at=None) | Q(retires_at__gt=now), project=project_id)
    return sorted(valid, key=lambda each: (each.retires_at is not None, -each.pk))
