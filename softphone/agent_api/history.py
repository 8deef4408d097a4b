"""An agent's own calls: those he talked in, and those that rang in vain, with the reason."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest, HttpResponseBase

from agents.models import Agent, CallNote
from callflow.pages.words import party_text
from calls.domain import Direction, LegRole
from calls.models import Call, Leg
from common.clock import epoch_ms
from routing.domain.offers import OfferState
from routing.models import Offer
from softphone.agent_api.access import for_agents
from softphone.answers import answer

MOST = 40


@for_agents("GET")
def history(request: HttpRequest, agent: Agent) -> HttpResponseBase:
    """The last calls, the newest first."""
    offers = Offer.objects.filter(agent=agent).exclude(state=OfferState.OPEN)
    offered = list(offers.select_related("call", "entry__queue").order_by("-pk")[:MOST])
    legs = Leg.objects.filter(agent=agent).exclude(ended_at=None).select_related("call").order_by("-pk")
    of_offers = {offer.leg_id: offer for offer in offered}
    shown = [_of_leg(leg, of_offers.get(leg.leg_id)) for leg in legs[:MOST]]
    told = {each["leg"] for each in shown}
    shown += [_of_offer(offer) for offer in offered if offer.leg_id not in told]
    newest = sorted(shown, key=lambda each: -each["at"])[:MOST]
    notes = CallNote.objects.filter(
        user_id=agent.stringee_user_id, call__call_id__in=[each["callId"] for each in newest]
    )
    by_call = {note.call.call_id: note for note in notes.select_related("call")}
    return answer({"calls": [_with_note(each, by_call.get(each["callId"])) for each in newest]})


def _of_leg(leg: Leg, offer: Offer | None) -> dict[str, Any]:
    talked = leg.answered_at is not None
    result = "talked" if talked else offer.state if offer is not None else "no_answer"
    return {
        **_about(leg.call, offer),
        "leg": leg.leg_id,
        "placed": leg.role == LegRole.CALLER,
        "at": epoch_ms(leg.started_at),
        "result": result,
        "talkedMs": _length(leg.answered_at, leg.ended_at),
        "rangMs": _length(leg.started_at, leg.answered_at or leg.ended_at),
    }


def _of_offer(offer: Offer) -> dict[str, Any]:
    """An offer without a leg: it ended before anything rang."""
    return {
        **_about(offer.call, offer),
        "leg": offer.leg_id,
        "placed": False,
        "at": epoch_ms(offer.opened_at),
        "result": offer.state,
        "talkedMs": 0,
        "rangMs": _length(offer.opened_at, offer.ended_at),
    }


def _about(call: Call, offer: Offer | None) -> dict[str, Any]:
    incoming = call.direction == Direction.INBOUND
    number = call.customer_number or (call.from_number if incoming else call.to_number)
    return {
        "callId": call.call_id,
        "direction": call.direction,
        "number": number,
        "shown": party_text(number),
        "queue": offer.entry.queue.name if offer is not None else "",
    }


def _length(begin: dt.datetime | None, end: dt.datetime | None) -> int:
    return round((end - begin).total_seconds() * 1000) if begin is not None and end is not None else 0


def _with_note(call: dict[str, Any], note: CallNote | None) -> dict[str, Any]:
    shown = {key: value for key, value in call.items() if key != "leg"}
    return {**shown, "disposition": note.disposition if note else "", "note": note.text if note else ""}
