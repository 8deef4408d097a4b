"""Writes on group routing, and on groups as far as queues need them."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from agents.models import Group
from common.deletion import delete_or_refuse, in_use
from common.saving import Twin, save_row
from queues.models import Queue
from routing.models import GroupRouting, Tier


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
        .exclude(numbers=None, keys=None)
        .distinct()
    )


@transaction.atomic
def delete_group(group: Group) -> None:
    """Delete a group with its memberships and routings. Raises InUse when it alone serves a queue that calls reach."""
    if stranded := list(queues_served_only_by(group)):
        raise in_use(group, stranded)
    delete_or_refuse(group)
