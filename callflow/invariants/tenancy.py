"""S6: what the database's references cannot know: texts that name a project, an agent or a place in it."""

from __future__ import annotations

import json
from collections.abc import Iterator

from callflow.invariants.finding import Code, Finding
from callflow.invariants.records import CallRecord, Scope
from telephony.models import EngineCommand

_OF_PROJECTS = ("web:", "sip:")  # then `<project>_<user>`


def nothing_crosses(call: CallRecord, scope: Scope) -> Iterator[Finding]:
    """Endpoints, files, commands and events of a call name its own project."""
    ours = call.row.project_id
    for text in _texts_of_others(call, ours):
        yield Finding(Code.S6, ours, call.id, text)


def _texts_of_others(call: CallRecord, ours: int) -> Iterator[str]:
    for leg in call.legs:
        if not _is_ours(leg.endpoint, ours):
            yield f"leg {leg.leg_id} rings {leg.endpoint}"
    for offer in call.offers:
        if foreign := [each for each in offer.endpoints if not _is_ours(each, ours)]:
            yield f"offer {offer.offer_id} rings {', '.join(foreign)}"
    for recording in call.recordings:
        if recording.file and not recording.file.startswith(f"recordings/{ours}/"):
            yield f"recording {recording.recording_id} lies at {recording.file}"
    for delivery in call.deliveries:
        if json.loads(delivery.body).get("project_id", ours) != ours:
            yield f"event {delivery.event_id} tells of another project"
    for command in call.commands:
        if command.project_id != ours or not _stays_in(command, ours):
            yield f"command {command.pk} ({command.payload.get('kind_')}) is for another project"


def _is_ours(endpoint: str, project: int) -> bool:
    return not endpoint.startswith(_OF_PROJECTS) or endpoint.partition(":")[2].startswith(f"{project}_")


def _stays_in(command: EngineCommand, project: int) -> bool:
    endpoints = command.payload.get("endpoints") or []
    named = command.payload.get("project_id", project)
    return named == project and all(_is_ours(each, project) for each in endpoints)
