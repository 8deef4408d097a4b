"""Listening in: on a running call's page, supervisors and owners listen, whisper to the agent, or join."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse

from callflow.pages.call_rows import leg_text
from callflow.refusals import CallEnded, CallNotFound
from calls.domain import CallState, LegRole, LegState
from calls.models import Call, Leg
from common.refusals import InvalidInput, Refusal
from projects.console import SUPERVISORS_AND_OWNERS, project_of, role_of, user_of
from projects.verification import TokenMalformed
from softphone import listener_access, listening
from softphone.answers import answer, body_of, speaks_json, text_of, token_of
from softphone.listener_access import ListenerAccess
from telephony.port import Part

ANCHOR = "listen"  # where the panel is on the call's page
PART_MAX_LENGTH = 16


class MayNotListen(Refusal):
    """Only owners and supervisors hear calls."""

    code = 17

    def __init__(self) -> None:
        super().__init__("Your role does not allow to listen to calls.")


def to_call(request: HttpRequest, call_id: str) -> HttpResponse:
    """Lead to the page of a call, by the id that agents and programs know."""
    call = get_object_or_404(Call, project=project_of(request), call_id=call_id)
    return HttpResponseRedirect(f"{reverse('admin:calls_call_change', args=[call.pk])}#{ANCHOR}")


@speaks_json("POST")
def session(request: HttpRequest, call_id: str) -> HttpResponseBase:
    """Access for this page: a token with which it signs in at the door, to be rung for this call alone."""
    call = _call(request, call_id)
    if call.state == CallState.ENDED:
        raise CallEnded
    access = listener_access.new(call.project_id, call.call_id, user_of(request).pk)
    return answer({"token": listener_access.issue(access)}, HTTPStatus.CREATED)


@speaks_json("GET", "PUT", "DELETE")
def part(request: HttpRequest, call_id: str) -> HttpResponseBase:
    """GET: how it stands. PUT `{"part": listen, whisper or talk}`, with the page's token: take it. DELETE: leave."""
    call = _call(request, call_id)
    match request.method:
        case "PUT":
            listening.take_part(call, user_of(request), _access(request, call), _part_of(request))
        case "DELETE":
            listening.leave(call, user_of(request))
    return answer(_state(request, call))


def _call(request: HttpRequest, call_id: str) -> Call:
    """Raises MayNotListen, CallNotFound."""
    if role_of(request) not in SUPERVISORS_AND_OWNERS:
        raise MayNotListen
    call = Call.objects.filter(project=project_of(request), call_id=call_id).first()
    if call is None:
        raise CallNotFound(call_id)
    return call


def _access(request: HttpRequest, call: Call) -> ListenerAccess:
    """Raises TokenRefused: another's, or another call's, is none."""
    access = listener_access.read(token_of(request))
    if (access.project_id, access.call, access.issued_by) != (call.project_id, call.call_id, user_of(request).pk):
        raise TokenMalformed("the token is not one of this page")
    return access


def _part_of(request: HttpRequest) -> Part:
    try:
        return Part(text_of(body_of(request), "part", PART_MAX_LENGTH))
    except ValueError as error:
        raise InvalidInput("part must be listen, whisper or talk.") from error


def _state(request: HttpRequest, call: Call) -> dict[str, Any]:
    """How a member stands to a call. Cost: two queries.

    Shape: `part` is his own, empty when he has none; `alone`: he has the conversation, the agent has left; `agent` is
    who has it otherwise.
    """
    call.refresh_from_db(fields=["state", "flow"])
    legs = list(Leg.objects.filter(call=call).exclude(state=LegState.ENDED).select_related("agent").order_by("pk"))
    parts = {each["leg"]: each["part"] for each in call.flow.get("guests", ())}
    name = listening.name_of(user_of(request))
    mine = next((leg for leg in legs if leg.number == name and leg.role == LegRole.SUPERVISOR), None)
    agents = (leg for leg in legs if leg.agent is not None and leg.leg_id not in parts)
    agent = next((leg for leg in agents if leg.state == LegState.ANSWERED), None)
    return {
        "over": call.state == CallState.ENDED,
        "talks": call.state == CallState.CONNECTED,
        "agent": leg_text(agent) if agent is not None else "",
        "part": parts.get(mine.leg_id, Part.TALK) if mine is not None else "",
        "alone": mine is not None and mine.leg_id not in parts,
    }
