"""Reads of group routing, and of what decides who gets which call."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from agents.models import Group, GroupMembership
from queues.entries import EntryState
from queues.models import Queue, QueueEntry
from routing import lines
from routing.domain.matching import match
from routing.domain.question import Candidate, Question
from routing.domain.waits import Waits, why_each_waits, why_waiting
from routing.models import GroupRouting, Tier

SPARE_HEADS = (8, 64, 512)  # more calls than free agents: some may not have them, and more of these are looked past
MOST_MEMBERS = 1000  # of a queue's agents are counted to say what a call waits for


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


# ── Who gets which call ──────────────────────────────────────────────────────────────────────────────────────────────
def question_for(project_id: int, now: dt.datetime) -> Question | None:
    """What `routing.domain.matching.match` is to be asked now; None when nobody is free or nobody waits.

    Only the heads of lines and the agents who are idle longest are read, hardly more of the ones than of the others.
    What could be given out beyond that comes in the next run: ask again until an answer has no matches. When none of
    the heads may have any of the agents (all have just been missed, say), more of the line is looked at, in steps. Past
    the last step calls of other queues no longer wait for the end of that line.

    Cost: one query when there is nothing to do, else three; two more for each step, of which there are two. The work
    depends on neither how many calls wait nor how many agents there are.
    """
    queues = lines.queues_to_look_at(project_id, now)
    asked = None
    for spare in SPARE_HEADS if queues else ():
        asked = _question(project_id, now, queues, spare)
        if asked is None or not any(each.cut for each in asked.policies) or match(asked).matches:
            return asked
    return asked and replace(asked, policies=tuple(replace(each, cut=False) for each in asked.policies))


def _question(
    project_id: int, now: dt.datetime, queues: Sequence[lines.QueueInQuestion], spare: int
) -> Question | None:
    heads = lines.heads_of(queues, spare)
    if not heads.waiting:
        return None
    return Question(
        project=project_id,
        now=now,
        waiting=heads.waiting,
        candidates=tuple(lines.candidates_for(project_id, queues, heads.waiting)),
        policies=tuple(replace(each.policy, cut=each.policy.queue in heads.cut) for each in queues),
        country=queues[0].country,
    )


def waits_of(entry: QueueEntry, now: dt.datetime) -> Waits | None:
    """What a call waits for, now; None when it does not wait. Cost: five queries; counts up to 1,000 agents."""
    queue = lines.queue_in_question(entry.project_id, entry.queue_id)
    waiting = lines.waiting_call(entry.pk)
    if queue is None or waiting is None:
        return None
    first = [each for each in lines.heads_of([queue], SPARE_HEADS[0]).waiting if each.place < waiting.place]
    listed = {line.agent for each in (*first, waiting) for line in each.listed or ()}
    asked = Question(
        project=entry.project_id,
        now=now,
        waiting=(*first, waiting),
        candidates=tuple(_all_candidates(entry.project_id, queue, listed)),
        policies=(queue.policy,),
        country=queue.country,
    )
    return why_waiting(asked, entry.pk, calls_ahead_of(entry))


def waits_of_lines(project_id: int, entries: Sequence[QueueEntry], now: dt.datetime) -> dict[int, Waits]:
    """What the first calls of some queues wait for, by the row number of their entry.

    `entries` are the heads of their lines: nobody stands before them who is not among them. Those that do not wait are
    left out. Cost: at most four queries, however many entries and queues; counts up to 1,000 agents in all.
    """
    waiting = lines.waiting_calls([entry.pk for entry in entries])
    queues = lines.queues_in_question(project_id, {each.queue for each in waiting})
    if not queues:
        return {}
    groups = {group for each in queues for group in each.groups}
    members = lines.members_of(project_id, groups, MOST_MEMBERS)
    named = {line.agent for each in waiting for line in each.listed or ()}
    others = lines.agents_named(project_id, named - {each.state.agent_id for each in members})
    asked = Question(
        project=project_id,
        now=now,
        waiting=tuple(waiting),
        candidates=tuple(members + others),
        policies=tuple(each.policy for each in queues),
        country=queues[0].country,
    )
    return why_each_waits(asked)


def _all_candidates(project_id: int, queue: lines.QueueInQuestion, listed: set[int]) -> list[Candidate]:
    if queue.policy.by_list:
        return lines.agents_named(project_id, listed)
    return lines.members_of(project_id, queue.groups, MOST_MEMBERS)


def calls_ahead_of(entry: QueueEntry) -> int:
    """How many calls wait before this one in its queue. Cost: one query along the line, up to its place."""
    same = Q(priority=entry.priority)
    before = Q(priority__gt=entry.priority) | same & Q(enqueued_at__lt=entry.enqueued_at)
    before |= same & Q(enqueued_at=entry.enqueued_at, pk__lt=entry.pk)
    return QueueEntry.objects.filter(before, queue=entry.queue_id, state=EntryState.WAITING).count()
