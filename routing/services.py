"""Writes on group routing, and on groups as far as queues need them."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from agents.models import Group
from common.deletion import delete_or_refuse, in_use
from queues.models import Queue
from routing.models import GroupRouting


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
