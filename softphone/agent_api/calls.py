"""What an agent does with the call that he is in, and what he notes about calls he was in."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponseBase

from agents import notes
from agents.models import DISPOSITION_MAX_LENGTH, Agent
from callflow import requests
from callflow.domain.call import Party, TransferKind
from common import clock
from common.refusals import InvalidInput
from softphone.agent_api.access import for_agents
from softphone.answers import answer, body_of, flag_of, text_of

NOTE_MAX_LENGTH = 2000
TARGET_MAX_LENGTH = 64


@for_agents("POST")
def hold(request: HttpRequest, agent: Agent, call_id: str) -> HttpResponseBase:
    """`held`: the customer hears music, or the agent again."""
    held = flag_of(body_of(request), "held")
    requests.hold(agent.project_id, call_id, held=held, by_user=agent.stringee_user_id)
    return answer({"r": 0})


@for_agents("POST")
def transfer(request: HttpRequest, agent: Agent, call_id: str) -> HttpResponseBase:
    """Hand the customer on. Body: `type` agent, phone or queue; `to` its user id, number or id; `kind`."""
    body = body_of(request)
    to = text_of(body, "to", TARGET_MAX_LENGTH)
    kind = _kind_of(body)
    match body.get("type"):
        case "agent":
            _to_party(agent, call_id, Party(to, internal=True), kind)
        case "phone":
            _to_party(agent, call_id, Party(to), kind)
        case "queue":
            requests.transfer_to_queue(agent.project_id, call_id, to, by_user=agent.stringee_user_id)
        case _:
            raise InvalidInput("type must be agent, phone or queue.")
    return answer({"r": 0})


def _to_party(agent: Agent, call_id: str, to: Party, kind: TransferKind) -> None:
    requests.transfer(agent.project_id, call_id, to, kind, by_user=agent.stringee_user_id)


def _kind_of(body: dict[str, Any]) -> TransferKind:
    try:
        return TransferKind(body.get("kind", TransferKind.BLIND))
    except ValueError as error:
        raise InvalidInput("kind must be blind or attended.") from error


@for_agents("POST")
def complete(request: HttpRequest, agent: Agent, call_id: str) -> HttpResponseBase:
    """End the consultation: the customer talks with the new party."""
    requests.complete_transfer(agent.project_id, call_id, by_user=agent.stringee_user_id)
    return answer({"r": 0})


@for_agents("POST")
def cancel(request: HttpRequest, agent: Agent, call_id: str) -> HttpResponseBase:
    """Take the customer back from a transfer that is under way."""
    requests.cancel_transfer(agent.project_id, call_id, by_user=agent.stringee_user_id)
    return answer({"r": 0})


@for_agents("POST")
def merge(request: HttpRequest, agent: Agent, call_id: str) -> HttpResponseBase:
    """Let all three of a consultation talk together."""
    requests.merge_transfer(agent.project_id, call_id, by_user=agent.stringee_user_id)
    return answer({"r": 0})


@for_agents("POST")
def people(request: HttpRequest, agent: Agent, call_id: str) -> HttpResponseBase:
    """Add somebody to the conversation. Body: `type` agent or phone; `to` its user id or number."""
    body = body_of(request)
    to = text_of(body, "to", TARGET_MAX_LENGTH)
    if body.get("type") not in ("agent", "phone"):
        raise InvalidInput("type must be agent or phone.")
    party = Party(to, internal=body["type"] == "agent")
    leg = requests.add_person(agent.project_id, call_id, party, by_user=agent.stringee_user_id)
    return answer({"r": 0, "leg": leg})


@for_agents("DELETE")
def person(request: HttpRequest, agent: Agent, call_id: str, leg_id: str) -> HttpResponseBase:
    """Let somebody go who was added, or is being rung for it."""
    requests.remove_person(agent.project_id, call_id, leg_id, by_user=agent.stringee_user_id)
    return answer({"r": 0})


@for_agents("PUT")
def note(request: HttpRequest, agent: Agent, call_id: str) -> HttpResponseBase:
    """Write down how a call went; both texts empty: nothing."""
    body = body_of(request)
    disposition = text_of(body, "disposition", DISPOSITION_MAX_LENGTH, default="")
    text = text_of(body, "note", NOTE_MAX_LENGTH, default="")
    written = notes.write_note(agent, call_id, disposition, text, clock.now())
    return answer({"disposition": written.disposition if written else "", "note": written.text if written else ""})
