"""Reads: which URLs and endpoints get nothing at present, and what a project has for signing and for text messages."""

from __future__ import annotations

import datetime as dt
import hashlib

from django.db.models import Q

from projects.models import CallSettings
from webhooks.breaker import BreakerState
from webhooks.models import Delivery, DisabledUrl, EndpointHealth, SigningSecret
from webhooks.texts import storable
from webhooks.urls import endpoint_of

SHOWN_AT_MOST = 20  # of what is disabled or left alone; who has more has the same trouble everywhere
RECENT_DELIVERIES = 2000  # among which the endpoints of a filter are looked for
CHOICES_AT_MOST = 100  # of that filter; who has more writes a new address for every call


def disabled_urls(project_id: int, url: str = "") -> list[DisabledUrl]:
    """URLs that want no more events, the newest first; with `url`, that one at most. Cost: one query."""
    rows = DisabledUrl.objects.filter(project=project_id)
    rows = rows.filter(url_key=url_key(url)) if url else rows
    return list(rows.order_by("-disabled_at", "-pk")[:SHOWN_AT_MOST])


def resting_endpoints(project_id: int, now: dt.datetime, url: str = "") -> list[EndpointHealth]:
    """Endpoints that are left alone for a while; with `url`, that URL's at most. Cost: one query."""
    rows = EndpointHealth.objects.filter(project=project_id, until__gt=now).exclude(state=BreakerState.CLOSED)
    rows = rows.filter(endpoint=endpoint_of(url)) if url else rows
    return list(rows.order_by("endpoint")[:SHOWN_AT_MOST])


def is_disabled(project_id: int, url: str) -> bool:
    """Whether a URL has answered that it wants no more events. Cost: one query."""
    return DisabledUrl.objects.filter(project_id=project_id, url_key=url_key(url)).exists()


def url_key(url: str) -> str:
    """By which a URL of any length is found again."""
    return hashlib.sha256(storable(url).encode()).hexdigest()


def recent_endpoints(project_id: int) -> list[str]:
    """Some endpoints that a project's newest deliveries went to, by name. Cost: one query on some thousand rows."""
    newest = Delivery.objects.filter(project=project_id).order_by("-pk").values("pk")[:RECENT_DELIVERIES]
    found = Delivery.objects.filter(pk__in=newest).exclude(endpoint="").order_by("endpoint")
    return list(found.values_list("endpoint", flat=True).distinct()[:CHOICES_AT_MOST])


def has_sms_gateway(project_id: int) -> bool:
    """Whether a project's text messages have a way out. Cost: one query."""
    return CallSettings.objects.filter(project=project_id).exclude(sms_gateway_url="").exists()


def present_secrets(project_id: int, now: dt.datetime) -> list[SigningSecret]:
    """The secrets that sign now, the present one first, then those that retire soon. None before the first signature.

    Cost: one query.
    """
    valid = SigningSecret.objects.filter(Q(retires_at=None) | Q(retires_at__gt=now), project=project_id)
    return sorted(valid, key=lambda each: (each.retires_at is not None, -each.pk))
