"""Configuration history: which models are watched, and what stays out of it."""

from __future__ import annotations

from auditlog.registry import auditlog
from django.apps import apps

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
