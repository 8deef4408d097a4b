"""What agents note about their calls."""

from __future__ import annotations

import datetime as dt

from agents.models import Agent, CallNote
from calls.models import Call, Leg
from common.refusals import NotFound

MOST_DISPOSITIONS = 20
RECENT_NOTES = 300  # among which the labels in use are looked for


def write_note(agent: Agent, call_id: str, disposition: str, text: str, now: dt.datetime) -> CallNote | None:
    """Store an agent's note about a call that he was in; both empty: there is none. Raises NotFound.

    Idempotent by (call, user): he has one note a call, the last one he wrote.
    """
    call = Call.objects.filter(project=agent.project_id, call_id=call_id).first()
    if call is None or not Leg.objects.filter(call=call, agent=agent, answered_at__isnull=False).exists():
        raise NotFound(f"You were not in a call {call_id[:64]}.")
    mine = {"call": call, "user_id": agent.stringee_user_id}
    if not disposition and not text:
        CallNote.objects.filter(**mine).delete()
        return None
    written = {"agent": agent, "disposition": disposition, "text": text, "written_at": now}
    note, _created = CallNote.objects.update_or_create(
        **mine, defaults=written, create_defaults={**written, "project_id": agent.project_id}
    )
    return note


def dispositions_in_use(project_id: int) -> list[str]:
    """The labels that the project's agents gave lately, the most frequent first."""
    recent = CallNote.objects.filter(project=project_id).order_by("-written_at")
    counts: dict[str, int] = {}
    for label in recent.values_list("disposition", flat=True)[:RECENT_NOTES]:
        if label:
            counts[label] = counts.get(label, 0) + 1
    return sorted(counts, key=lambda label: (-counts[label], label))[:MOST_DISPOSITIONS]
