"""The call that an agent has, or that rings for him: what his page shows beside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Prefetch

from agents.models import Agent
from callflow.pages.call_rows import leg_text
from callflow.pages.words import party_text
from calls.domain import LegRole, LegState
from calls.models import Call, Leg
from common.clock import epoch_ms
from queues.models import QueueEntry
from routing.domain.offers import OfferState
from routing.models import Offer
from telephony.port import Part

GUESTS = (LegRole.PARTICIPANT, LegRole.SUPERVISOR)  # as which one comes; with the customer alone, the call is his own
MOST_INFO = 8192  # letters of what a customer's server says about its customer


def call_of(agent: Agent, call_id: str) -> dict[str, Any] | None:
    """The call, when it is there. Units: moments in milliseconds since 1970.

    Cost: four queries, and one more while the call is being handed to him.
    """
    open_offers = Offer.objects.filter(agent=agent, state=OfferState.OPEN)
    calls = Call.objects.filter(project=agent.project_id, call_id=call_id).prefetch_related(
        Prefetch("legs", Leg.objects.select_related("agent").exclude(state=LegState.ENDED).order_by("pk")),
        Prefetch("entries", QueueEntry.objects.select_related("queue").order_by("pk")),
        Prefetch("offers", open_offers),
    )
    call = calls.first()
    if call is None:
        return None
    entries, offers, legs = list(call.entries.all()), list(call.offers.all()), list(call.legs.all())
    guests = {each["leg"]: each for each in call.flow.get("guests", ())}
    mine = next((leg for leg in legs if leg.agent_id == agent.pk), None)
    is_guest = mine is not None and mine.leg_id in guests
    return {
        "callId": call.call_id,
        "direction": call.direction,
        "state": call.state,
        "customer": call.customer_number,
        "customerShown": party_text(call.customer_number),
        "queue": entries[-1].queue.name if entries else "",
        "path": (call.flow.get("menu") or {}).get("path", []),
        "info": call.custom_data[:MOST_INFO],
        "ringsUntil": epoch_ms(offers[0].deadline_at) if offers else 0,
        "connectedAt": epoch_ms(call.connected_at),
        "held": any(leg.held for leg in legs if leg.agent_id != agent.pk),
        "recorded": bool(call.flow.get("recording")),
        "transfer": _transfer(call, legs, mine),
        "isGuest": is_guest,
        "tookOver": mine is not None and mine.role in GUESTS and not is_guest,
        "people": list(_people(legs, guests, agent, is_guest=is_guest)),
        "whispered": any(_whispers_to(mine, leg, guests) for leg in legs),
    }


def _people(
    legs: list[Leg], guests: dict[str, dict[str, Any]], agent: Agent, *, is_guest: bool
) -> Iterator[dict[str, Any]]:
    """Who else is in the conversation beside the customer. Who only listens, or whispers, is told to nobody.

    Shape: `kind` is third (somebody was added), supervisor (one who has joined) or agent (whose guest one is).
    """
    for leg in legs:
        guest = guests.get(leg.leg_id)
        if leg.agent_id == agent.pk:
            continue
        if guest is not None and leg.role != LegRole.SUPERVISOR:
            yield {**_person(leg, "third"), "canRemove": not is_guest}
        elif leg.role == LegRole.SUPERVISOR and leg.state == LegState.ANSWERED and _is_heard(guest):
            yield _person(leg, "supervisor")
        elif guest is None and is_guest and leg.agent is not None:
            yield _person(leg, "agent")


def _is_heard(guest: dict[str, Any] | None) -> bool:
    """Whether everybody hears a supervisor: one who is no guest any more has the conversation himself."""
    return guest is None or guest["part"] == Part.TALK


def _person(leg: Leg, kind: str) -> dict[str, Any]:
    state = "talks" if leg.state == LegState.ANSWERED else "rings"
    return {"leg": leg.leg_id, "name": leg_text(leg), "kind": kind, "state": state, "canRemove": False}


def _whispers_to(mine: Leg | None, leg: Leg, guests: dict[str, dict[str, Any]]) -> bool:
    """Whether a supervisor is on that leg whom this agent alone hears."""
    guest = guests.get(leg.leg_id)
    return guest is not None and mine is not None and (guest["part"], guest["host"]) == (Part.WHISPER, mine.leg_id)


def _transfer(call: Call, legs: list[Leg], mine: Leg | None) -> dict[str, Any] | None:
    """A transfer that is under way: to whom, and whether they talk already.

    Shape: `by` is whoever hands the call on, named to the one who gets it, and empty for everybody else.
    """
    transfer = call.flow.get("transfer")
    if not transfer:
        return None
    target = next((leg for leg in legs if leg.leg_id == transfer["leg"]), None)
    is_mine = mine is not None and mine.leg_id == transfer["leg"]
    by = Leg.objects.filter(call=call, leg_id=transfer["by"]).select_related("agent").first() if is_mine else None
    return {
        "kind": transfer["kind"],
        "consulting": transfer["consulting"],
        "to": leg_text(target) if target is not None else "",
        "by": leg_text(by) if by is not None else "",
    }
