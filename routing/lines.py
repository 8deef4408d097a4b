"""The reading side of dispatch: queues that matter now, the heads of their lines, and who may take these calls.

Every statement here reads an amount that depends on neither how many calls wait nor how many agents there are: lines
and seats are read from indexes that hold them in order, and no further than the rules can look. Where a join would do,
a subquery stands that can only be a look-up: the planner, who cannot know these limits, else reads whole tables.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agents.domain import QueueNeeds, reach_mask
from agents.models import Agent
from common.statements import Whole, fetched
from routing.domain.question import Candidate, Listed, Missed, Policy, Waiting

SPARE = 8  # more seats than calls: some do not fit each other
MOST_SEATS = 32  # of a group that are counted; more calls than that are given out in the next run
MOST_TRIED = 200  # agents who have missed one call; after so many, the longest idle one is as good as any
SHOWN_BUSY = 20  # agents of a queue who are not free, read to explain why they did not get a call
LOOKED_AT_FOR_BUSY = 60  # members of a group among whom these are looked for


@dataclass(frozen=True, slots=True)
class QueueInQuestion:
    """A queue with waiting calls, and how many of its agents are free (counted up to a limit, some twice).

    `open_throughout`: they may be given to calls anywhere in the line. When only backup agents are free and no call
    has waited long enough for them, they may not, and it does not matter that the line goes on.
    """

    policy: Policy
    country: str
    seats: int
    open_throughout: bool

    @property
    def groups(self) -> tuple[int, ...]:
        return self.policy.primary + self.policy.backup


# ── Queues ───────────────────────────────────────────────────────────────────────────────────────────────────────────
# Reach bits as in `agents.domain.reach_mask` (a test compares them): 3 online, 4 SIP, 8 own phone.
_QUEUES = """
    SELECT q.id, q.wait_agent_answer_timeout, q.cond_routing, q.from_number_callout_to_agent <> '',
           served.primary_groups, served.backup_groups, q.route_to_backup_groups_after, q.last_agent_first,
           q.get_list_agents_url <> '', q.fall_back_to_groups, flight.failed_at IS NOT NULL,
           project.country, served.seats,
           CASE
               WHEN served.primary_seats > 0 OR q.get_list_agents_url <> '' THEN true
               WHEN served.seats > 0 THEN (
                   WITH RECURSIVE first_of_priority AS (
                       (SELECT e.priority, e.enqueued_at FROM queues_queueentry AS e
                        WHERE e.queue_id = q.id AND e.state = 'waiting'
                        ORDER BY e.priority DESC, e.enqueued_at LIMIT 1)
                       UNION ALL
                       SELECT further.priority, further.enqueued_at FROM first_of_priority AS f CROSS JOIN LATERAL (
                           SELECT e.priority, e.enqueued_at FROM queues_queueentry AS e
                           WHERE e.queue_id = q.id AND e.state = 'waiting' AND e.priority < f.priority
                           ORDER BY e.priority DESC, e.enqueued_at LIMIT 1
                       ) AS further
                   )
                   SELECT min(enqueued_at) + q.route_to_backup_groups_after * interval '1 second'
                          <= %(now)s::timestamptz
                   FROM first_of_priority
               )
               ELSE false
           END
    FROM (
        SELECT *, 3 | CASE cond_routing WHEN 2 THEN 4 ELSE 0 END
                    | CASE from_number_callout_to_agent WHEN '' THEN 0 ELSE 8 END AS mask
        FROM queues_queue
        WHERE project_id = %(project)s AND CASE
            WHEN %(queues)s::bigint[] IS NOT NULL THEN id = ANY(%(queues)s::bigint[])
            ELSE (
                SELECT e.id FROM queues_queueentry AS e WHERE e.queue_id = queues_queue.id AND e.state = 'waiting'
                ORDER BY e.priority DESC, e.enqueued_at, e.id LIMIT 1
            ) IS NOT NULL
        END
    ) AS q
    JOIN projects_project AS project ON project.id = q.project_id
    LEFT JOIN routing_agentlistflight AS flight ON flight.queue_id = q.id
    CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(r.group_id ORDER BY r.group_id) FILTER (WHERE r.primary_group = 1), '{}')
                   AS primary_groups,
               coalesce(array_agg(r.group_id ORDER BY r.group_id) FILTER (WHERE r.primary_group = 0), '{}')
                   AS backup_groups,
               coalesce(sum(free.seats), 0)::int AS seats,
               coalesce(sum(free.seats) FILTER (WHERE r.primary_group = 1), 0)::int AS primary_seats
        FROM routing_grouprouting AS r
        CROSS JOIN LATERAL (
            SELECT count(*) AS seats FROM (
                SELECT FROM agents_groupmembership AS seat
                WHERE seat.group_id = r.group_id AND seat.free_since IS NOT NULL AND seat.reach & q.mask <> 0
                LIMIT %(seats)s
            ) AS counted
        ) AS free
        WHERE r.queue_id = q.id
    ) AS served
    WHERE %(queues)s::bigint[] IS NOT NULL OR served.seats > 0 OR q.get_list_agents_url <> ''
    ORDER BY q.id
"""


def queues_to_look_at(project_id: int, now: dt.datetime) -> list[QueueInQuestion]:
    """Queues where calls wait and agents are free, or the customer's list may name some.

    Cost: one query; an index look-up for each queue of the project, up to `MOST_SEATS` for each of its groups, and
    where only backup agents are free one for each priority in the line.
    """
    return _queues(project_id, None, now)


def queue_in_question(project_id: int, queue_id: int) -> QueueInQuestion | None:
    """One queue, whether anybody is free or not. Cost: one query."""
    return next(iter(queues_in_question(project_id, [queue_id])), None)


def queues_in_question(project_id: int, queue_ids: Collection[int]) -> list[QueueInQuestion]:
    """Some queues, whether anybody is free or not. Cost: one query."""
    return _queues(project_id, sorted(queue_ids), None)


def _queues(project_id: int, queue_ids: list[int] | None, now: dt.datetime | None) -> list[QueueInQuestion]:
    rows = fetched(_QUEUES, {"project": project_id, "queues": queue_ids, "seats": MOST_SEATS, "now": now})
    return [
        QueueInQuestion(
            Policy(
                queue=queue,
                ring_timeout_s=ring_timeout,
                needs=QueueNeeds(cond_routing, has_caller_id),
                primary=tuple(primary),
                backup=tuple(backup),
                backup_after_s=backup_after,
                last_agent_first=last_agent_first,
                uses_list=uses_list,
                fall_back_to_groups=fall_back,
                list_failed=list_failed,
            ),
            country,
            seats,
            bool(open_throughout),
        )
        for (
            queue,
            ring_timeout,
            cond_routing,
            has_caller_id,
            primary,
            backup,
            backup_after,
            last_agent_first,
            uses_list,
            fall_back,
            list_failed,
            country,
            seats,
            open_throughout,
        ) in rows
    ]


# ── Heads of lines ───────────────────────────────────────────────────────────────────────────────────────────────────
# A call on a customer's list can be taken by those on it only: others of its queue are left where they stand, so that
# thousands who wait for somebody else are not carried along. Whom the list wants to have rung on a telephone need not
# have anything else to be rung on (`agents.domain.kept_away`).
_HEADS = """
    SELECT e.id, e.call_id, (SELECT c.call_id FROM calls_call AS c WHERE c.id = e.call_id), e.queue_id,
           e.enqueued_at, e.ready_at, e.priority, e.attempts, e.last_agent_id, e.tried, e.listed
    FROM unnest(%(queues)s::bigint[], %(limits)s::int[], %(by_list)s::bool[]) AS q (id, heads, by_list)
    CROSS JOIN LATERAL (
        SELECT * FROM queues_queueentry AS e
        WHERE e.queue_id = q.id AND e.state = 'waiting' AND (
            NOT q.by_list OR EXISTS (
                SELECT FROM jsonb_array_elements(e.listed) AS line WHERE (
                    SELECT agent.project_id = e.project_id AND (agent.free_since IS NOT NULL OR (
                        (line ->> 'routing_type')::int = 2 AND (line ->> 'phone' <> '' OR agent.phone_number <> '')
                        AND agent.manual_status = 'AVAILABLE' AND agent.activity = 'idle' AND agent.system_status = 1
                        AND agent.set_aside_at IS NULL AND agent.paused_until IS NULL
                    ))
                    FROM agents_agent AS agent WHERE agent.id = (line ->> 'agent')::bigint
                )
            )
        )
        ORDER BY e.priority DESC, e.enqueued_at, e.id LIMIT q.heads
    ) AS e
"""
_THESE = """
    SELECT e.id, e.call_id, (SELECT c.call_id FROM calls_call AS c WHERE c.id = e.call_id), e.queue_id,
           e.enqueued_at, e.ready_at, e.priority, e.attempts, e.last_agent_id, e.tried, e.listed
    FROM queues_queueentry AS e
    WHERE e.id = ANY(%(entries)s) AND e.state = 'waiting'
"""


@dataclass(frozen=True, slots=True)
class Heads:
    """The first calls of some lines, in the project's order.

    `cut`: queues whose line goes on behind them with calls that may have one of the free agents.
    """

    waiting: tuple[Waiting, ...]
    cut: frozenset[int]


def heads_of(queues: Sequence[QueueInQuestion], spare: int) -> Heads:
    """The first calls of each line: as many as agents are free for it, and some to spare.

    Of a queue that goes by the customer's lists, only calls that name a free agent count.
    Cost: one query. For lists: an index look-up for each agent on the lists of calls that are passed by.
    """
    limits = {each.policy.queue: (MOST_SEATS if each.policy.by_list else each.seats) + spare for each in queues}
    rows = fetched(
        _HEADS,
        {
            "queues": list(limits),
            "limits": [limit + 1 for limit in limits.values()],  # one more tells whether the line goes on
            "by_list": [each.policy.by_list for each in queues],
        },
    )
    lines: dict[int, list[Waiting]] = {queue: [] for queue in limits}
    for waiting in sorted(map(_waiting, rows), key=lambda each: each.place):
        lines[waiting.queue].append(waiting)
    given = [waiting for queue, line in lines.items() for waiting in line[: limits[queue]]]
    open_throughout = {each.policy.queue for each in queues if each.open_throughout}
    cut = frozenset(queue for queue in open_throughout if len(lines[queue]) > limits[queue])
    return Heads(tuple(sorted(given, key=lambda each: each.place)), cut)


def waiting_call(entry_id: int) -> Waiting | None:
    """One waiting call. Cost: one query."""
    return next(iter(waiting_calls([entry_id])), None)


def waiting_calls(entry_ids: Collection[int]) -> list[Waiting]:
    """Some waiting calls, in the project's order. Cost: one query."""
    found = map(_waiting, fetched(_THESE, {"entries": list(entry_ids)}))
    return sorted(found, key=lambda each: each.place)


def _waiting(row: tuple[Any, ...]) -> Waiting:
    entry, call, call_id, queue, enqueued_at, ready_at, priority, attempts, last_agent, tried, listed = row
    return Waiting(
        entry=entry,
        call=call,
        call_id=call_id,
        queue=queue,
        enqueued_at=enqueued_at,
        ready_at=ready_at,
        priority=priority,
        attempts=attempts,
        last_agent=last_agent,
        tried=tuple(
            Missed(int(agent), each["times"], dt.datetime.fromisoformat(each["until"]))
            for agent, each in sorted(json.loads(tried).items())
        ),
        listed=_listed(listed),
    )


def _listed(text: str | None) -> tuple[Listed, ...] | None:
    """The lines of a customer's list that name agents we know."""
    if text is None:
        return None
    return tuple(
        Listed(line["agent"], line["timeout_s"], line["routing_type"], line["phone"])
        for line in json.loads(text)
        if line["agent"] is not None
    )


# ── Agents ───────────────────────────────────────────────────────────────────────────────────────────────────────────
_AGENT = Whole(Agent, "agent")
# OFFSET 0: look each one up, whatever the planner thinks of how many there are.
_FOUND_AGENT = "LATERAL (SELECT * FROM agents_agent WHERE id = found.agent_id OFFSET 0) AS agent"
_AGENTS = f"""
    WITH served AS (
        SELECT r.group_id, q.mask, q.shown
        FROM unnest(%(queues)s::bigint[], %(masks)s::int[], %(shown)s::int[]) AS q (id, mask, shown)
        JOIN routing_grouprouting AS r ON r.queue_id = q.id
    ),
    found AS (
        SELECT free.agent_id FROM served CROSS JOIN LATERAL (
            SELECT seat.agent_id FROM agents_groupmembership AS seat
            WHERE seat.group_id = served.group_id AND seat.free_since IS NOT NULL AND seat.reach & served.mask <> 0
            ORDER BY seat.free_since, seat.agent_id LIMIT %(seats)s
        ) AS free
        UNION
        SELECT shown.agent_id FROM served CROSS JOIN LATERAL (
            SELECT member.agent_id FROM (
                SELECT seat.agent_id, seat.free_since FROM agents_groupmembership AS seat
                WHERE seat.group_id = served.group_id ORDER BY seat.agent_id LIMIT %(looked_at)s
            ) AS member WHERE member.free_since IS NULL ORDER BY member.agent_id LIMIT served.shown
        ) AS shown
        UNION
        SELECT agent.id FROM agents_agent AS agent
        WHERE agent.id = ANY(%(named)s) AND agent.project_id = %(project)s
    )
    SELECT {_AGENT}, ARRAY(
        SELECT seat.group_id FROM agents_groupmembership AS seat
        WHERE seat.agent_id = found.agent_id AND seat.group_id IN (SELECT group_id FROM served) ORDER BY seat.group_id
    )
    FROM found CROSS JOIN {_FOUND_AGENT} WHERE agent.project_id = %(project)s ORDER BY agent.id
"""  # noqa: S608  columns of our own
_MEMBERS = f"""
    SELECT {_AGENT}, found.groups FROM (
        SELECT member.agent_id, array_agg(member.group_id ORDER BY member.group_id) AS groups FROM (
            SELECT seat.agent_id, seat.group_id FROM agents_groupmembership AS seat
            WHERE seat.group_id = ANY(%(groups)s) ORDER BY seat.agent_id LIMIT %(most)s
        ) AS member GROUP BY member.agent_id
    ) AS found
    CROSS JOIN {_FOUND_AGENT} WHERE agent.project_id = %(project)s ORDER BY agent.id
"""  # noqa: S608  columns of our own
_NAMED = f"""
    SELECT {_AGENT}, '{{}}'::bigint[] FROM agents_agent AS agent
    WHERE agent.id = ANY(%(named)s) AND agent.project_id = %(project)s ORDER BY agent.id
"""  # noqa: S608  columns of our own


def candidates_for(project_id: int, queues: Sequence[QueueInQuestion], waiting: Sequence[Waiting]) -> list[Candidate]:
    """Agents who can be the best one for some of these calls, and some who are not free, to explain.

    Of each group the longest idle: as many as there are calls here, and as one of them has been missed by, and some
    to spare. So nobody who would come first for a call is left out, whoever is taken by the calls before it.
    Also those whom a call names: its caller's last agent, and the customer's list.
    Cost: one query.
    """
    by_groups = [each for each in queues if not each.policy.by_list]
    values = {
        "project": project_id,
        "queues": [each.policy.queue for each in by_groups],
        "masks": [int(reach_mask(each.policy.needs)) for each in by_groups],
        "shown": [max(SHOWN_BUSY // max(len(each.groups), 1), 1) for each in by_groups],
        "seats": _seat_limit(waiting),
        "looked_at": LOOKED_AT_FOR_BUSY,
        "named": sorted(_named(queues, waiting)),
    }
    return _candidates(_AGENTS, values)


def members_of(project_id: int, groups: Collection[int], most: int) -> list[Candidate]:
    """The agents of some groups, up to `most` seats. Cost: one query."""
    return _candidates(_MEMBERS, {"project": project_id, "groups": list(groups), "most": most})


def agents_named(project_id: int, agents: Collection[int]) -> list[Candidate]:
    """Agents by their row numbers, as far as they are the project's. Cost: one query, without any none."""
    return _candidates(_NAMED, {"project": project_id, "named": list(agents)}) if agents else []


def _seat_limit(waiting: Sequence[Waiting]) -> int:
    return len(waiting) + min(max((len(each.tried) for each in waiting), default=0), MOST_TRIED) + SPARE


def _named(queues: Iterable[QueueInQuestion], waiting: Iterable[Waiting]) -> set[int]:
    last_first = {each.policy.queue for each in queues if each.policy.last_agent_first}
    last = {each.last_agent for each in waiting if each.last_agent is not None and each.queue in last_first}
    return last | {listed.agent for each in waiting for listed in each.listed or ()}


def _candidates(statement: str, values: Mapping[str, Any]) -> list[Candidate]:
    return [_candidate(iter(columns)) for columns in fetched(statement, values)]


def _candidate(columns: Iterator[Any]) -> Candidate:
    return Candidate(_AGENT.take(columns).state(), tuple(next(columns)))
