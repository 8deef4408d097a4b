"""Writes on group routing, on groups as far as queues need them, and on offers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from agents.models import Group
from calls.models import Subject, Transition
from calls.services import note_transition
from common.deletion import delete_or_refuse, in_use
from common.saving import Twin, save_row
from queues.models import Queue
from routing.domain.offers import OfferState
from routing.domain.question import Answer, Match, Question
from routing.domain.stored import to_json
from routing.models import Decision, GroupRouting, Offer, Tier

FORGET_AT_ONCE = 5000  # rows per transaction
OPENED = "open"  # the event of the transition row with which an offer begins


def save_routing(routing: GroupRouting) -> None:
    """Store a new or changed routing. Raises AlreadyExists when the group serves the queue already."""
    same_pair = GroupRouting.objects.filter(queue=routing.queue, group=routing.group)
    save_row(routing, Twin("group_once_in_queue", same_pair, _("This group serves this queue already.")))


@transaction.atomic
def put_into_tier(queue: Queue, group: Group, tier: Tier) -> bool:
    """Let a group serve a queue in this tier, or move it there. Idempotent: returns False when it was there."""
    routing, created = GroupRouting.objects.select_for_update().get_or_create(
        project_id=queue.project_id, queue=queue, group=group, defaults={"primary_group": tier}
    )
    if not created and routing.primary_group == tier:
        return False
    if not created:
        routing.primary_group = tier
        routing.save()
    return True


def take_out(queue: Queue, group: Group) -> bool:
    """Let a group no longer serve a queue. Idempotent: returns False when it did not."""
    deleted, _by_model = GroupRouting.objects.filter(queue=queue, group=group).delete()
    return deleted > 0


def queues_served_only_by(group: Group) -> QuerySet[Queue]:
    """Queues that calls can reach and that would have nobody left if this group went."""
    others = GroupRouting.objects.filter(queue=OuterRef("pk")).exclude(group=group)
    return (
        Queue.objects.filter(routings__group=group, get_list_agents_url="")
        .filter(~Exists(others))
        .exclude(numbers=None, keys=None, reached_by_outcomes=None)
        .distinct()
    )


@transaction.atomic
def delete_group(group: Group) -> None:
    """Delete a group with its memberships and routings. Raises InUse when it alone serves a queue that calls reach."""
    if stranded := list(queues_served_only_by(group)):
        raise in_use(group, stranded)
    delete_or_refuse(group)


# ── Offers ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def store_decision(question: Question, answer: Answer, won: Sequence[Match], now: dt.datetime) -> list[Offer]:
    """Open the offers of those matches that won, in their order, and keep the decision behind them.

    A match has won when its call and its agent were still free once locked; the caller holds both in this transaction.
    Without any, nothing is stored. Deadlines count from `now`.
    Cost: three statements for any number of offers.
    Raises IntegrityError, from the database, when a call or an agent has an open offer already.
    """
    if not won:
        return []
    project_id = question.project
    decision = Decision.objects.create(
        project_id=project_id, at=question.now, question=to_json(question), answer=to_json(answer)
    )
    offers = Offer.objects.bulk_create(_offer(decision, each, now) for each in won)
    Transition.objects.bulk_create(
        note_transition(
            project_id, Subject.OFFER, str(offer.pk), OPENED, "", OfferState.OPEN, now, call_pk=offer.call_id
        )
        for offer in offers
    )
    return offers


def _offer(decision: Decision, won: Match, now: dt.datetime) -> Offer:
    return Offer(
        project_id=decision.project_id,
        call_id=won.call,
        entry_id=won.entry,
        agent_id=won.agent,
        decision=decision,
        tier=won.tier,
        attempt=won.attempt,
        opened_at=now,
        deadline_at=now + dt.timedelta(seconds=won.timeout_s),
        endpoints=list(won.endpoints),
    )


def forget_old_decisions(before: dt.datetime) -> int:
    """Delete decisions that are older; their offers stay, unexplained. Returns how many."""
    forgotten = 0
    while keys := list(Decision.objects.filter(at__lt=before).values_list("pk", flat=True)[:FORGET_AT_ONCE]):
        Decision.objects.filter(pk__in=keys).delete()
        forgotten += len(keys)
    return forgotten
