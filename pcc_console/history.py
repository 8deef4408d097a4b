"""Configuration history: which models are watched, and what stays out of it."""

from __future__ import annotations

import ipaddress
from typing import Any

from auditlog.middleware import AuditlogMiddleware
from auditlog.registry import auditlog
from django.apps import apps
from django.http import HttpRequest

NOISE = ["created_at", "updated_at"]
WATCHED: dict[str, list[str]] = {
    "projects.Project": [],
    "projects.ApiKey": ["secret"],
    "projects.Member": [],
    "projects.CallSettings": [],
    "ivr.GreetingFile": ["peaks"],
    "ivr.IvrTree": [],
    "ivr.IvrNode": [],
    "ivr.IvrKeyPress": [],
    "queues.BusinessHours": [],
    "queues.OpeningRange": [],
    "queues.HoursException": [],
    "queues.Queue": [],
    "agents.Agent": [
        "system_status",
        "webhook_status",
        "device_status",
        "online_status",
        "last_time_pickup",
        "last_time_support_call_ended",
    ],
    "agents.Group": [],
    "agents.GroupMembership": [],
    "agents.SipAccount": ["password"],
    "numbers_app.Number": [],
    "numbers_app.BlockedNumber": [],
    "routing.GroupRouting": [],
}


def keep_history() -> None:
    """Watch the configuration models; secrets and what changes with every call are left out."""
    for label, left_out in WATCHED.items():
        auditlog.register(apps.get_model(label), exclude_fields=[*NOISE, *left_out])


class HistoryMiddleware(AuditlogMiddleware):
    """Notes who asked for a change. What proxies' headers say is kept only if the database can hold it."""

    def get_extra_data(self, request: HttpRequest) -> dict[str, Any]:
        noted: dict[str, Any] = super().get_extra_data(request)
        noted["remote_addr"] = _address(noted["remote_addr"])
        if not 0 <= (noted["remote_port"] or 0) < 65_536:
            noted["remote_port"] = None
        return noted


def _address(text: str | None) -> str | None:
    try:
        address = ipaddress.ip_address((text or "").strip().strip("[]"))
    except ValueError:
        return None
    return None if getattr(address, "scope_id", None) else str(address)
