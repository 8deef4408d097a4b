"""Reads of group routing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from agents.models import Group, GroupMembership
from queues.models import Queue
from routing.models import GroupRouting, Tier


def counted_groups(groups: QuerySet[Group]) -> QuerySet[Group]:
    """Groups with `agent_count` and `queue_count`. Cost: two subqueries on indexed columns, no further query."""

    def count(rows: QuerySet[GroupMembership] | QuerySet[GroupRouting]) -> Coalesce:
        counts = rows.filter(group=OuterRef("pk")).order_by().values("group").annotate(found=Count("pk"))
        return Coalesce(Subquery(counts.values("found")), 0)

    return groups.annotate(
        agent_count=count(GroupMembership.objects.all()), queue_count=count(GroupRouting.objects.all())
    )


@dataclass(frozen=True)
class QueueRouting:
    """Who serves a queue. Shape: groups have `agent_count`; `others` are the groups that do not serve it."""

    primary: Sequence[Group]
    backup: Sequence[Group]
    others: Sequence[Group]

    @property
    def agent_count(self) -> int:
        """Agents in the serving groups; one who is in two of them counts twice."""
        return sum(group.agent_count for group in (*self.primary, *self.backup))  # type: ignore[attr-defined]


def routing_of(queue: Queue) -> QueueRouting:
    """The tiers of a queue, and the groups that could be added, by name. Cost: two queries."""
    tiers = dict(GroupRouting.objects.filter(queue=queue).values_list("group_id", "primary_group"))
    groups = list(counted_groups(Group.objects.filter(project=queue.project_id)).order_by("name", "pk"))
    return QueueRouting(
        primary=[group for group in groups if tiers.get(group.pk) == Tier.PRIMARY],
        backup=[group for group in groups if tiers.get(group.pk) == Tier.BACKUP],
        others=[group for group in groups if group.pk not in tiers],
    )
