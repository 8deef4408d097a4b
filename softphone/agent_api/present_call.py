"""The call that an agent has, or that rings for him: what his page shows beside it."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch

from agents.models import Agent
from callflow.pages.words import party_text
from calls.domain import LegState
from calls.models import Call, Leg
from common.clock import epoch_ms
from queues.models import QueueEntry
from routing.domain.offers import OfferState
from routing.models import Offer

MOST_INFO = 8192  # letters of what a customer's server says about its customer


def call_of(agent: Agent, call_id: str) -> dict[str, Any] | None:
    """The call, when it is there. Units: moments in milliseconds since 1970. Cost: four queries."""
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
        "transfer": _transfer(call, legs),
    }


def _transfer(call: Call, legs: list[Leg]) -> dict[str, Any] | None:
    """A transfer that is under way: to whom, and whether they talk already."""
    transfer = call.flow.get("transfer")
    if not transfer:
        return None
    target = next((leg for leg in legs if leg.leg_id == transfer["leg"]), None)
    name = "" if target is None else target.agent.name if target.agent is not None else party_text(target.number)
    return {"kind": transfer["kind"], "consulting": transfer["consulting"], "to": name}
