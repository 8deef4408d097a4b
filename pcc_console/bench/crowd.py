"""A crowd of waiting calls and of agents, made in bulk from a few that production code has made."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction

from agents.domain import AVAILABLE, Activity, Reach
from agents.models import Agent, Group, GroupMembership, copy_to_seats
from callflow.services import conduct
from calls.models import Call, Leg
from common import clock, ids
from numbers_app.models import Number
from projects.models import Account, Project
from projects.services import create_project
from queues.models import Queue, QueueEntry
from routing.models import GroupRouting, Tier
from telephony import port

NODE = "bench"
OCCUPIED = "bench"  # the call of agents who talk all the time
LONGEST_LINE = 100_000
LONG_WAIT_S = 24 * 3600
BACKUP_AFTER_S = 3600  # backup groups stay closed, as they are when primary agents are there


@dataclass(slots=True)
class Crowd:
    """One project: so many queues, each served by one group first and by the next one as backup."""

    name: str
    queues: int = 10
    agents: int = 0
    waiting: int = 0
    project: Project = field(init=False)
    groups: list[Group] = field(init=False)
    numbers: list[Number] = field(init=False)
    _templates: list[int] = field(default_factory=list)
    _copies: int = 0

    def __post_init__(self) -> None:
        self.project = create_project(Account.objects.create(name=self.name), self.name)
        self.groups = [Group.objects.create(project=self.project, name=f"{self.name} {n}") for n in range(self.queues)]
        queues = [self._queue(n) for n in range(self.queues)]
        self.numbers = [
            Number.objects.create(
                project=self.project, number=f"8424{self.project.pk % 10_000:04d}{n:04d}", enable_ivr=False, queue=queue
            )
            for n, queue in enumerate(queues)
        ]
        for n, queue in enumerate(queues):
            backup = self.groups[(n + 1) % self.queues]
            for group, tier in ((self.groups[n], Tier.PRIMARY), (backup, Tier.BACKUP)):
                GroupRouting.objects.create(project=self.project, queue=queue, group=group, primary_group=tier)

    def _queue(self, number: int) -> Queue:
        return Queue.objects.create(
            project=self.project,
            name=f"{self.name} {number}",
            maximum_queue_size=LONGEST_LINE,
            maximum_queue_wait_time=LONG_WAIT_S,
            route_to_backup_groups_after=BACKUP_AFTER_S,
        )

    # ── Agents ───────────────────────────────────────────────────────────────────────────────────────────────────
    def have_agents(self, count: int, *, free: bool) -> None:
        """Add agents, spread over the groups, until there are so many."""
        now = clock.now()
        added = [self._agent(n, free, now) for n in range(self.agents, count)]
        Agent.objects.bulk_create(added, batch_size=1000)
        GroupMembership.objects.bulk_create(
            [self._seat(agent, self.groups[n % self.queues]) for n, agent in enumerate(added, self.agents)],
            batch_size=1000,
        )
        self.agents = count

    def _agent(self, number: int, free: bool, now: dt.datetime) -> Agent:
        since = now - dt.timedelta(seconds=count_back(number))
        return Agent(
            project=self.project,
            public_id=ids.short_id(Agent.ID_PREFIX),
            name=f"Agent {number}",
            stringee_user_id=f"agent_{number}",
            manual_status=AVAILABLE,
            device_status=Reach.CONNECTION,
            online_status=1,
            reach=Reach.CONNECTION,
            activity=(Activity.IDLE if free else Activity.ON_CALL).value,
            activity_since=since,
            system_status=int(free),
            call_ref="" if free else OCCUPIED,
            free_since=since if free else None,
        )

    def _seat(self, agent: Agent, group: Group) -> GroupMembership:
        return GroupMembership(
            project=self.project, agent=agent, group=group, reach=agent.reach, free_since=agent.free_since
        )

    def agent_ids(self) -> list[int]:
        return list(Agent.objects.filter(project=self.project).order_by("pk").values_list("pk", flat=True))

    def occupy(self, agent_id: int) -> None:
        """Let an agent talk again, in a call that is no row."""
        with transaction.atomic():
            Agent.objects.filter(pk=agent_id).update(
                activity=Activity.ON_CALL, system_status=0, call_ref=OCCUPIED, free_since=None, free_before_offer=None
            )
            copy_to_seats([agent_id])

    # ── Calls ────────────────────────────────────────────────────────────────────────────────────────────────────
    def call_in(self, queue: int) -> str:
        """Somebody calls a queue's number and waits, through production code. Returns the leg."""
        leg = ids.leg_id()
        caller = f"8490{queue:07d}"
        conduct(port.Incoming(leg, NODE, caller, self.numbers[queue].number, f"tel:{caller}"))
        return leg

    def have_waiting(self, count: int) -> None:
        """Add waiting calls, spread over the queues, until there are so many. Needs reachable agents."""
        if not self._templates:
            legs = [self.call_in(queue) for queue in range(self.queues)]
            calls = Call.objects.filter(legs__leg_id__in=legs, state="waiting").order_by("pk")
            self._templates = list(calls.values_list("pk", flat=True))
            # Behind everybody else for ever: they are copied again and again, so they must stay as they are.
            last = clock.now() + dt.timedelta(days=3650)
            QueueEntry.objects.filter(call__in=self._templates).update(enqueued_at=last)
            self.waiting = len(self._templates)
        missing = max(0, count - self.waiting)
        rounds, rest = divmod(missing, self.queues)
        self._copy(self._templates, rounds)
        self._copy(self._templates[:rest], 1)
        self.waiting += missing

    def add_waiting(self, queue: int) -> None:
        """One more waits, at the end of a queue's line."""
        self._copy([self._templates[queue]], 1)
        self.waiting += 1

    def _copy(self, templates: Sequence[int], times: int) -> None:
        if not templates or not times:
            return
        values: dict[str, Any] = {"templates": list(templates), "first": self._copies + 1, "last": self._copies + times}
        with connection.cursor() as cursor:
            for statement in _COPIES:
                cursor.execute(statement, values)
        self._copies += times


def count_back(number: int) -> int:
    """For how many seconds the agent of this number has been idle: no two of a group alike, in no order of numbers."""
    return 60 + number * 7919 % 86_400


def _statement(model: type[Call] | type[Leg] | type[QueueEntry], source: str, changed: dict[str, str]) -> str:
    columns = [str(field.column) for field in model._meta.concrete_fields if not field.primary_key]
    taken = ", ".join(changed.get(column, f"t.{column}") for column in columns)
    return f"""
        INSERT INTO {model._meta.db_table} ({", ".join(columns)})
        SELECT {taken} FROM {model._meta.db_table} AS t
        {source} CROSS JOIN generate_series(%(first)s::int, %(last)s::int) AS n
    """  # noqa: S608  names of our own columns


_NEW_CALL = "(SELECT c.id FROM calls_call AS c WHERE c.call_id = format('bench-%%s-%%s', t.call_id, n))"
_COPIES = (
    _statement(
        Call,
        "JOIN unnest(%(templates)s::bigint[]) AS template (id) ON template.id = t.id",
        {
            "call_id": "format('bench-%%s-%%s', t.id, n)",
            "flow": "jsonb_set(t.flow, '{main_leg}', to_jsonb(format('bench-leg-%%s-%%s', t.id, n)))",
        },
    ),
    _statement(
        Leg,
        "JOIN unnest(%(templates)s::bigint[]) AS template (id) ON template.id = t.call_id",
        {"call_id": _NEW_CALL, "leg_id": "format('bench-leg-%%s-%%s', t.call_id, n)"},
    ),
    _statement(
        QueueEntry,
        "JOIN unnest(%(templates)s::bigint[]) AS template (id) ON template.id = t.call_id",
        {"call_id": _NEW_CALL, "enqueued_at": "t.entered_at + n * interval '1 microsecond'"},
    ),
)
