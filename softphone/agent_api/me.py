"""The agent himself: what he does, why calls do not come, what he can choose; and his choices."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponseBase

from agents import activity, notes, services
from agents.domain import AVAILABLE, QueueNeeds, availability
from agents.models import Agent, CallNote, RoutingType
from callflow import requests
from callflow.services import ring_all
from calls.models import Leg
from common import clock, phone
from common.clock import epoch_ms
from common.refusals import InvalidInput
from numbers_app.models import Number
from queues.models import Queue
from softphone.agent_api.access import for_agents
from softphone.agent_api.present_call import call_of
from softphone.answers import answer, body_of, text_of

# What the page offers; any other text that a program or the console has set is kept and shown (concepts.md §3).
STATUSES = (AVAILABLE, "NOT AVAILABLE", "LUNCH BREAK", "MEETING", "INVISIBLE")
STATUS_MAX_LENGTH = 64
MOST_CALLER_IDS = 200
ANY_QUEUE = QueueNeeds(cond_routing=2, has_caller_id_for_phones=True)


@for_agents("GET")
def me(request: HttpRequest, agent: Agent) -> HttpResponseBase:
    """Everything about the agent that his page shows."""
    return answer(_about(agent))


def _about(agent: Agent) -> dict[str, Any]:
    """Units: moments in milliseconds since 1970."""
    unavailable = availability(agent.state(), ANY_QUEUE)
    return {
        "userId": agent.stringee_user_id,
        "name": agent.name,
        "project": {"id": agent.project_id, "name": agent.project.name},
        "now": epoch_ms(clock.now()),
        "status": agent.manual_status or "",
        "statuses": list(STATUSES),
        "activity": agent.activity,
        "since": epoch_ms(agent.activity_since),
        "why": None
        if unavailable is None
        else {"rule": unavailable.rule, "until": epoch_ms(unavailable.until), "missed": agent.missed_in_a_row},
        "wrapUp": None
        if agent.wrap_up_until is None
        else {"until": epoch_ms(agent.wrap_up_until), "extended": agent.wrap_up_extended},
        "takesCallsOn": agent.routing_type,
        "phoneNumber": agent.phone_number,
        "queues": _queues(agent),
        "callerIds": _caller_ids(agent),
        "dispositions": notes.dispositions_in_use(agent.project_id),
        "call": call_of(agent, agent.call_ref) if agent.call_ref else None,
        "lastCall": _last_call(agent),
    }


def _queues(agent: Agent) -> list[str]:
    """The queues whose calls come to him."""
    served = Queue.objects.filter(routings__group__memberships__agent=agent).distinct()
    return list(served.order_by("name").values_list("name", flat=True))


def _caller_ids(agent: Agent) -> list[dict[str, str]]:
    rows = Number.objects.filter(project=agent.project_id, allow_outbound_calls=True).order_by("digits")
    pairs = rows.values_list("digits", "nickname")[:MOST_CALLER_IDS]
    return [{"number": digits, "shown": phone.display(digits), "alias": alias} for digits, alias in pairs]


def _last_call(agent: Agent) -> dict[str, Any] | None:
    """The call that he talked in last, for his note."""
    legs = Leg.objects.filter(agent=agent, answered_at__isnull=False).select_related("call").order_by("-pk")
    leg = legs.first()
    if leg is None:
        return None
    note = CallNote.objects.filter(call=leg.call, user_id=agent.stringee_user_id).first()
    return {
        "callId": leg.call.call_id,
        "endedAt": epoch_ms(leg.ended_at),
        "disposition": note.disposition if note is not None else "",
        "note": note.text if note is not None else "",
    }


@for_agents("PUT")
def status(request: HttpRequest, agent: Agent) -> HttpResponseBase:
    """Choose the manual status; AVAILABLE also ends a pause, and being set aside."""
    chosen = text_of(body_of(request), "status", STATUS_MAX_LENGTH)
    if not chosen:
        raise InvalidInput("status must not be empty.")
    with transaction.atomic():
        moved = activity.set_manual_status(agent.pk, chosen, clock.now())
        transaction.on_commit(lambda: ring_all(moved.rings))
    agent.refresh_from_db()
    return answer(_about(agent))


@for_agents("PUT")
def device(request: HttpRequest, agent: Agent) -> HttpResponseBase:
    """Choose what to take calls on: 1 for pages, apps and SIP phones, 2 for the own phone number."""
    chosen = body_of(request).get("routing_type")
    if isinstance(chosen, bool) or chosen not in RoutingType.values:
        raise InvalidInput("routing_type must be 1 or 2.")
    if chosen == RoutingType.PHONE and not agent.phone_number:
        raise InvalidInput("There is no phone number of yours; a supervisor can enter it.")
    with transaction.atomic():
        row = Agent.objects.select_for_update(no_key=True).get(pk=agent.pk)
        was_free = row.free_since is not None
        row.routing_type = chosen
        services.save_agent(row)
        if row.free_since is not None and not was_free:
            transaction.on_commit(lambda: ring_all({row.project_id}))
    agent.refresh_from_db()
    return answer(_about(agent))


@for_agents("POST")
def wrap_up(request: HttpRequest, agent: Agent) -> HttpResponseBase:
    """End the after-call work (`action` end), or let it last twice as long, once (`extend`)."""
    match body_of(request).get("action"):
        case "end":
            requests.end_wrap_up(agent.project_id, agent.stringee_user_id, by=f"agent {agent.stringee_user_id}")
        case "extend":
            requests.extend_wrap_up(agent.project_id, agent.stringee_user_id)
        case _:
            raise InvalidInput("action must be end or extend.")
    agent.refresh_from_db()
    return answer(_about(agent))
