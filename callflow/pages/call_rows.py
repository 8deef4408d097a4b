"""Everything that is stored about one call, read once for its page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from django.db.models import Count

from agents.models import Agent, CallNote
from callflow.pages.words import party_text
from calls.domain import CallState, LegRole
from calls.models import Call, Leg, Recording, RecordingState, Transition
from ivr.domain.step import Pressed, pressed_of
from ivr.models import IvrTree
from queues.models import QueueEntry
from routing.models import Offer
from webhooks.domain import DeliveryState
from webhooks.models import Delivery, Question, Sms

MOST_TRANSITIONS = 500  # far more than a person reads


@dataclass(frozen=True)
class CallRows:
    """A call with its companions, in the order in which they began. Shape: `deliveries` is {state: how many}."""

    call: Call
    legs: Sequence[Leg]
    entries: Sequence[QueueEntry]
    offers: Sequence[Offer]
    transitions: Sequence[Transition]
    recordings: Sequence[Recording]
    questions: Sequence[Question]
    messages: Sequence[Sms]
    notes: Sequence[CallNote]
    deliveries: Mapping[str, int]
    trees: Mapping[str, str]  # names by public id

    @property
    def has_ended(self) -> bool:
        return self.call.state == CallState.ENDED

    @property
    def is_live(self) -> bool:
        """Whether more is going to be stored: it goes on, or its recordings are still to come."""
        return not self.has_ended or any(each.state == RecordingState.RUNNING for each in self.recordings)

    @cached_property
    def leg_by_id(self) -> Mapping[str, Leg]:
        return {leg.leg_id: leg for leg in self.legs}

    @cached_property
    def offer_by_pk(self) -> Mapping[str, Offer]:
        return {str(offer.pk): offer for offer in self.offers}

    @cached_property
    def offer_by_leg(self) -> Mapping[str, Offer]:
        return {offer.leg_id: offer for offer in self.offers}

    @cached_property
    def first_leg(self) -> Leg | None:
        """The leg of who called, or for whom the call was begun."""
        return next((leg for leg in self.legs if leg.role == LegRole.CALLER), None)

    @property
    def menu_path(self) -> Sequence[Pressed]:
        """What the caller pressed, the oldest first."""
        return list(pressed_of(self.call.flow.get("menu") or {}))

    @property
    def waiting_entry(self) -> QueueEntry | None:
        """The stay in a queue that goes on without an agent."""
        return next((entry for entry in self.entries if entry.state == "waiting"), None)

    @property
    def undelivered(self) -> int:
        return sum(count for state, count in self.deliveries.items() if state != DeliveryState.DELIVERED)


def rows_of(call: Call) -> CallRows:
    """Read what belongs to a call. Cost: eleven queries, at most."""
    transitions = list(Transition.objects.filter(call=call).order_by("pk")[:MOST_TRANSITIONS])
    trees = {each.details["tree"] for each in transitions if "tree" in each.details}
    states = Delivery.objects.filter(call=call).order_by().values_list("state").annotate(Count("pk"))
    return CallRows(
        call=call,
        legs=list(Leg.objects.filter(call=call).select_related("agent").order_by("pk")),
        entries=list(QueueEntry.objects.filter(call=call).select_related("queue", "project").order_by("pk")),
        offers=list(Offer.objects.filter(call=call).select_related("agent").order_by("pk")),
        transitions=transitions,
        recordings=list(Recording.objects.filter(call=call).order_by("started_at", "pk")),
        questions=list(Question.objects.filter(call=call).order_by("created_at")),
        notes=list(CallNote.objects.filter(call=call).select_related("agent").order_by("written_at")),
        messages=list(Sms.objects.filter(call=call).order_by("created_at")),
        deliveries=dict(states),
        trees=_names_of_trees(call.project_id, trees) if trees else {},
    )


def _names_of_trees(project_id: int, public_ids: set[str]) -> dict[str, str]:
    found = IvrTree.objects.filter(project=project_id, public_id__in=public_ids)
    return dict(found.values_list("public_id", "tree_name"))


def agent_text(agent: Agent | None) -> str:
    """An agent's name; a dash when the row is gone."""
    return agent.name if agent is not None else "–"


def leg_text(leg: Leg) -> str:
    """Who is at the other end of a leg."""
    return leg.agent.name if leg.agent is not None else party_text(leg.number)
