"""Configuration history: which models are watched, and what stays out of it."""

from __future__ import annotations

import ipaddress
from typing import Any

from auditlog.middleware import AuditlogMiddleware
from auditlog.registry import auditlog
from django.apps import apps
from django.http import HttpRequest

NOISE = ["created_at", "updated_at", "last_login"]
SECRETS = ["secret", "password"]  # that they changed is kept, their values are not
HIDDEN = "•••"
WATCHED: dict[str, list[str]] = {
    "projects.User": [],
    "projects.Account": [],
    "projects.Project": [],
    "projects.ApiKey": [],
    "projects.Member": [],
    "projects.CallSettings": [],
    "webhooks.SigningSecret": [],
    "calls.Recording": [
        "event_url",
        "file",
        "size_bytes",
        "duration_ms",
        "peaks",
        "failure",
        "attempts",
        "finish_after",
        "listened_at",
    ],
    "ivr.GreetingFile": ["peaks"],
    "ivr.IvrTree": [],
    "ivr.IvrNode": [],
    "ivr.IvrKeyPress": [],
    "queues.BusinessHours": [],
    "queues.OpeningRange": [],
    "queues.HoursException": [],
    "queues.Queue": [],
    "queues.QueueOutcome": [],
    "agents.Agent": [
        "system_status",
        "webhook_status",
        "device_status",
        "online_status",
        "last_time_pickup",
        "last_time_support_call_ended",
        "activity",
        "activity_since",
        "call_ref",
        "wrap_up_until",
        "wrap_up_extended",
        "missed_in_a_row",
        "set_aside_at",
        "paused_until",
        "reach",
        "free_since",
        "free_before_offer",
    ],
    "agents.Group": [],
    "agents.GroupMembership": ["reach", "free_since"],
    "agents.SipAccount": [],
    "numbers_app.Number": [],
    "numbers_app.BlockedNumber": [],
    "numbers_app.PriorityCaller": [],
    "routing.GroupRouting": [],
}


def keep_history() -> None:
    """Watch the configuration models; what changes with every call is left out, secrets are hidden."""
    for label, left_out in WATCHED.items():
        auditlog.register(
            apps.get_model(label),
            exclude_fields=[*NOISE, *left_out],
            mask_fields=list(SECRETS),
            mask_callable=f"{__name__}.{hide.__name__}",
        )


def hide(value: str) -> str:
    """What the history keeps of a secret."""
    return HIDDEN


class HistoryMiddleware(AuditlogMiddleware):
    """Notes who asked for a change, and from which address: the one that the web server trusts, not a header's."""

    def get_extra_data(self, request: HttpRequest) -> dict[str, Any]:
        noted: dict[str, Any] = super().get_extra_data(request)
        noted["remote_addr"] = _address(request.META.get("REMOTE_ADDR"))
        noted["remote_port"] = None
        return noted


def _address(text: str | None) -> str | None:
    try:
        address = ipaddress.ip_address((text or "").strip().strip("[]"))
    except ValueError:
        return None
    return None if getattr(address, "scope_id", None) else str(address)
