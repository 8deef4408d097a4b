"""The rows that are looked at, some hundreds of calls or agents at a time."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.db.models import Model, Q, QuerySet

from agents.models import Agent
from calls.models import Call, Leg, Recording, Subject, Transition
from projects.models import CallSettings
from queues.models import QueueEntry
from routing.models import Offer
from telephony.models import EngineCommand
from webhooks.models import Delivery

AT_ONCE = 500

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Scope:
    """What is looked at. `projects` None: all; `since` None: everything that is stored."""

    now: dt.datetime
    projects: frozenset[int] | None = None
    since: dt.datetime | None = None
    live: bool = True

    def of_projects(self, rows: QuerySet[Row]) -> QuerySet[Row]:
        return rows if self.projects is None else rows.filter(project__in=self.projects)

    def recent(self, rows: QuerySet[Row], column: str) -> QuerySet[Row]:
        return rows if self.since is None else rows.filter(**{f"{column}__gte": self.since})


@dataclass(frozen=True, slots=True)
class CallRecord:
    """A call with everything that belongs to it, each kind in the order in which it was written."""

    row: Call
    legs: Sequence[Leg]
    entries: Sequence[QueueEntry]
    offers: Sequence[Offer]
    transitions: Sequence[Transition]
    recordings: Sequence[Recording]
    deliveries: Sequence[Delivery]
    commands: Sequence[EngineCommand]
    settings: CallSettings

    @property
    def id(self) -> str:
        return self.row.call_id


@dataclass(frozen=True, slots=True)
class AgentRecord:
    """An agent with his part in calls."""

    row: Agent
    legs: Sequence[Leg]
    offers: Sequence[Offer]
    transitions: Sequence[Transition]
    calls: Mapping[str, Call]  # by call id: those that are known as his, also before he has a leg

    @property
    def name(self) -> str:
        return f"agent {self.row.stringee_user_id}"


def read_calls(scope: Scope) -> Iterator[CallRecord]:
    """Calls of the scope, as they came. Cost: eight queries for each five hundred."""
    for rows in _slices(_calls(scope)):
        pks, ids = [row.pk for row in rows], [row.call_id for row in rows]
        legs = _grouped(Leg.objects.filter(call__in=pks), lambda leg: leg.call_id)
        entries = _grouped(QueueEntry.objects.filter(call__in=pks), lambda entry: entry.call_id)
        offers = _grouped(Offer.objects.filter(call__in=pks), lambda offer: offer.call_id)
        transitions = _grouped(Transition.objects.filter(call__in=pks), lambda each: each.call_id)
        recordings = _grouped(Recording.objects.filter(call__in=pks), lambda each: each.call_id)
        deliveries = _grouped(Delivery.objects.filter(call__in=pks), lambda each: each.call_id)
        commands = _grouped(EngineCommand.objects.filter(call_id__in=ids), lambda each: each.call_id)
        settings = {each.pk: each for each in CallSettings.objects.filter(project__in={row.project_id for row in rows})}
        for row in rows:
            yield CallRecord(
                row,
                legs[row.pk],
                entries[row.pk],
                offers[row.pk],
                transitions[row.pk],
                recordings[row.pk],
                deliveries[row.pk],
                commands[row.call_id],
                settings[row.project_id],
            )


def read_agents(scope: Scope) -> Iterator[AgentRecord]:
    """Agents of the scope, with what they did in it. Cost: five queries for each five hundred."""
    log = scope.recent(scope.of_projects(Transition.objects.filter(subject=Subject.AGENT)), "at")
    for rows in _slices(scope.of_projects(Agent.objects.all())):
        pks = [row.pk for row in rows]
        legs = _grouped(_legs(scope).filter(agent__in=pks), lambda leg: leg.agent_id)
        offers = _grouped(_offers(scope).filter(agent__in=pks), lambda offer: offer.agent_id)
        moves = _grouped(log.filter(subject_id__in=[str(pk) for pk in pks]), lambda each: int(each.subject_id))
        calls = _grouped(_calls(scope).filter(agent__in=pks), lambda call: call.agent_id)
        for row in rows:
            known = {call.call_id: call for call in calls[row.pk]}
            yield AgentRecord(row, legs[row.pk], offers[row.pk], moves[row.pk], known)


def _calls(scope: Scope) -> QuerySet[Call]:
    calls = scope.of_projects(Call.objects.all())
    return calls if scope.since is None else calls.filter(Q(created_at__gte=scope.since) | Q(ended_at=None))


def _legs(scope: Scope) -> QuerySet[Leg]:
    legs = Leg.objects.select_related("call")
    return legs if scope.since is None else legs.filter(Q(started_at__gte=scope.since) | Q(ended_at=None))


def _offers(scope: Scope) -> QuerySet[Offer]:
    offers = Offer.objects.select_related("call")
    return offers if scope.since is None else offers.filter(Q(opened_at__gte=scope.since) | Q(ended_at=None))


def read_projects(scope: Scope) -> Iterator[CallSettings]:
    """The call settings of each project of the scope: its row number, and its limits. Cost: one query."""
    yield from scope.of_projects(CallSettings.objects.order_by("project"))


def _slices(rows: QuerySet[Row]) -> Iterator[list[Row]]:
    """In the order of the keys, so that nothing is read twice while rows are added."""
    last = 0
    while found := list(rows.filter(pk__gt=last).order_by("pk")[:AT_ONCE]):
        yield found
        last = found[-1].pk


Key = TypeVar("Key")


def _grouped(rows: QuerySet[Row], key: Callable[[Row], Key | None]) -> defaultdict[Key, list[Row]]:
    groups: defaultdict[Key, list[Row]] = defaultdict(list)
    for row in rows.order_by("pk"):
        if (found := key(row)) is not None:
            groups[found].append(row)
    return groups


def seconds_between(earlier: dt.datetime, later: dt.datetime) -> float:
    return (later - earlier).total_seconds()


def latest(instants: Iterable[dt.datetime | None]) -> dt.datetime | None:
    return max((at for at in instants if at is not None), default=None)
