"""Questions to agent list URLs, as rows: which are due, what they ask, and what came of them.

A question is begun in one short transaction and ended in another; the customer's server is asked between the two
(`callflow.agent_lists`), with nothing locked, since it may ask our REST API meanwhile.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from agents.models import Agent
from calls.domain import Direction
from calls.models import Call
from queues.entries import EntryState
from queues.models import Queue, QueueEntry
from routing.domain.agent_list import Asked, Code, Finding, KnownAgent, ListedAgent, Reading
from routing.domain.asking import (
    FAILURE_COUNTS_FOR_S,
    FLIGHT_LEASE_S,
    LIST_TABLE,
    MAX_CALLS,
    Asking,
    ListEvent,
    ListState,
    may_ask,
)
from routing.models import AgentListFlight, AgentListQuestion
from webhooks.breaker import BreakerState
from webhooks.failures import FailureReason, FetchFailed
from webhooks.models import EndpointHealth
from webhooks.services import claims
from webhooks.texts import json_text
from webhooks.urls import endpoint_of

MAX_QUEUES = 500  # looked at at once, those first that were not asked about for the longest time
MAX_ANSWER_LENGTH = 4096  # letters of an answer that are kept
WANT_AN_AGENT = (EntryState.WAITING, EntryState.OFFERED)  # an offer may end without an answer


# ── Which are due ────────────────────────────────────────────────────────────────────────────────────────────────────
def queues_to_ask(now: dt.datetime, project_id: int | None = None) -> list[int]:
    """Queues about whose waiting calls the customer's server should be asked now.

    Cost: one query for those without lists, else three, however many calls wait.
    """
    queues = _with_list()
    if project_id is not None:
        queues = queues.filter(project=project_id)
    if not queues.exists():  # most projects have none, and their offers wait for this answer
        return []
    longest_ago = F("agent_list_flight__asked_at").asc(nulls_first=True)
    found = list(_with_waiting(queues).order_by(longest_ago, "pk")[:MAX_QUEUES])
    left_alone = _left_alone(found)
    return [queue.pk for queue in found if may_ask(_asking(queue, left_alone), now)]


def _with_list() -> QuerySet[Queue]:
    return Queue.objects.exclude(get_list_agents_url="")


def _with_waiting(queues: QuerySet[Queue]) -> QuerySet[Queue]:
    """Those of some queues in which calls wait, with what decides whether to ask.

    Shape: `head`: row numbers of the entries that come next, one more than a question takes; `freed_at`.
    """
    waiting = QueueEntry.objects.filter(queue=OuterRef("pk"), state=EntryState.WAITING)
    head = waiting.order_by("-priority", "enqueued_at", "pk").values("pk")[: MAX_CALLS + 1]
    free = Agent.objects.filter(project=OuterRef("project"), free_since__isnull=False).order_by("-free_since")
    return (
        queues.filter(Exists(waiting))
        .select_related("project", "agent_list_flight")
        .annotate(head=ArraySubquery(head), freed_at=Subquery(free.values("free_since")[:1]))
    )


def _left_alone(queues: Collection[Queue]) -> Mapping[tuple[int, str], dt.datetime]:
    """Until when breakers keep us from endpoints. Shape: by project and endpoint."""
    if not queues:
        return {}
    unwell = EndpointHealth.objects.exclude(state=BreakerState.CLOSED)
    found = unwell.filter(project__in={queue.project_id for queue in queues})
    return {(row.project_id, row.endpoint): row.until for row in found if row.until is not None}


def _asking(queue: Queue, left_alone: Mapping[tuple[int, str], dt.datetime]) -> Asking:
    flight = getattr(queue, "agent_list_flight", None) or AgentListFlight()
    return Asking(
        waiting=frozenset(_head(queue)[:MAX_CALLS]),
        asked=frozenset(flight.asked),
        asked_at=flight.asked_at,
        under_way_since=flight.under_way_since,
        freed_at=queue.freed_at,  # type: ignore[attr-defined]  # annotated
        failed=flight.failed_at is not None,
        left_alone_until=left_alone.get((queue.project_id, endpoint_of(queue.get_list_agents_url))),
    )


def _head(queue: Queue) -> list[int]:
    head: list[int] = queue.head  # type: ignore[attr-defined]  # annotated
    return head


# ── The question ─────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class Flight:
    """A question that is under way. `entries`: queue entries by call id; `body`: exactly as it is signed."""

    question_id: int
    queue_id: int
    project_id: int
    url: str
    body: str
    began_at: dt.datetime
    entries: Mapping[str, int]
    asked: Asked
    more_wait: bool
    falls_back: bool


def begin_question(queue_id: int, now: dt.datetime) -> Flight | None:
    """Begin a question about all waiting calls of a queue; None when it should not be asked now, or somebody does.

    Afterwards the caller asks, and ends the question in any case.
    Cost: seven statements. Locks: the queue's flight, for a moment.
    """
    queue = _with_waiting(_with_list().filter(pk=queue_id)).first()
    if queue is None or not may_ask(_asking(queue, _left_alone([queue])), now):
        return None
    head = _head(queue)[:MAX_CALLS]
    with transaction.atomic():
        if not _take_off(queue, head, now):
            return None
        return _flight(queue, head, now)


def _take_off(queue: Queue, head: Collection[int], now: dt.datetime) -> bool:
    """Claim the queue's flight; only one of several who come at once gets it."""
    AgentListFlight.objects.get_or_create(queue=queue, defaults={"project_id": queue.project_id})
    free = Q(under_way_since=None) | Q(under_way_since__lte=now - dt.timedelta(seconds=FLIGHT_LEASE_S))
    won = AgentListFlight.objects.filter(free, queue=queue).update(under_way_since=now, asked_at=now, asked=list(head))
    if won:
        lost = AgentListQuestion.objects.filter(queue=queue, state=ListState.ASKED)
        lost.update(state=ListState.FAILED, failure=FailureReason.TIMEOUT, detail="Its worker did not come back.")
    return won == 1


def _flight(queue: Queue, head: list[int], now: dt.datetime) -> Flight:
    calls = {entry.pk: entry.call for entry in QueueEntry.objects.filter(pk__in=head).select_related("call")}
    body = json_text(
        {
            "queueId": queue.public_id,
            "calls": [_told(calls[entry]) for entry in head if entry in calls],
            "projectId": queue.project_id,
        }
    )
    question = AgentListQuestion.objects.create(
        project_id=queue.project_id,
        queue=queue,
        url=queue.get_list_agents_url,
        asked_at=now,
        calls=len(calls),
        request=body,
    )
    entries = {call.call_id: entry for entry, call in calls.items()}
    return Flight(
        question_id=question.pk,
        queue_id=queue.pk,
        project_id=queue.project_id,
        url=queue.get_list_agents_url,
        body=body,
        began_at=now,
        entries=entries,
        asked=Asked(frozenset(entries), queue.wait_agent_answer_timeout, queue.project.country),
        more_wait=len(_head(queue)) > MAX_CALLS,
        falls_back=queue.fall_back_to_groups,
    )


def _told(call: Call) -> dict[str, str]:
    """A call as the question names it: from the customer to our number, whoever dialled (Source: webhooks.md §6.1)."""
    by_us = call.direction == Direction.OUTBOUND
    return {
        "callId": call.call_id,
        "from": call.customer_number or call.from_number,
        "to": call.from_number if by_us else call.to_number,
    }


def known_agents(project_id: int, user_ids: Collection[str]) -> dict[str, KnownAgent]:
    """The project's agents with these user ids. Cost: one query."""
    rows = Agent.objects.filter(project=project_id, stringee_user_id__in=list(user_ids))
    found = rows.values_list("stringee_user_id", "pk", "phone_number")
    return {user_id: KnownAgent(pk, bool(phone)) for user_id, pk, phone in found}


# ── What came of it ──────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class Landed:
    """What an answer was, besides its reading. `answer`: its text. Units: milliseconds."""

    status: int | None
    answer: str
    duration_ms: int


def end_with_answer(flight: Flight, reading: Reading, landed: Landed, now: dt.datetime) -> bool:
    """Store an answer that came. Returns whether routing may decide otherwise now.

    A list is used until another one replaces it; calls that the answer does not name keep theirs. An answer that
    cannot be used counts as a failure.
    Cost: one statement for all lists, two or three more.
    """
    if reading.is_usable:
        _store_lists({flight.entries[call_id]: agents for call_id, agents in reading.lists.items()}, now)
    event = ListEvent.ANSWER if reading.is_usable else ListEvent.FAIL
    _settle(
        flight,
        event,
        now,
        status=landed.status,
        answer=landed.answer[:MAX_ANSWER_LENGTH],
        duration_ms=landed.duration_ms,
        findings=[finding.to_json() for finding in _with_cut(flight, reading.findings)],
        lists={call_id: _as_json(agents) for call_id, agents in reading.lists.items()},
    )
    return reading.is_usable or flight.falls_back


def end_with_failure(flight: Flight, failure: FetchFailed, answer: str, duration_ms: int, now: dt.datetime) -> bool:
    """Store that no answer came. Returns whether routing may decide otherwise now. The calls keep their lists."""
    _settle(
        flight,
        ListEvent.FAIL,
        now,
        status=failure.status,
        failure=failure.reason,
        detail=failure.detail,
        answer=answer[:MAX_ANSWER_LENGTH],
        duration_ms=duration_ms,
        findings=[finding.to_json() for finding in _with_cut(flight, ())],
    )
    return flight.falls_back


def _with_cut(flight: Flight, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    if not flight.more_wait:
        return findings
    return (Finding(Code.LINE_CUT, said=str(MAX_CALLS)), *findings)


def _as_json(agents: Iterable[ListedAgent]) -> list[dict[str, object]]:
    return [agent.to_json() for agent in agents]


@transaction.atomic
def _settle(flight: Flight, event: ListEvent, now: dt.datetime, **values: object) -> None:
    """Let the flight land, and store what came of its question, unless both are another worker's by now."""
    failed_at = now if event is ListEvent.FAIL else None
    ours = AgentListFlight.objects.filter(queue=flight.queue_id, under_way_since=flight.began_at)
    ours.update(under_way_since=None, failed_at=failed_at)
    question = AgentListQuestion.objects.filter(pk=flight.question_id, state=ListState.ASKED)
    question.update(state=LIST_TABLE.rows[ListState.ASKED, event], **values)


def _store_lists(lists: Mapping[int, tuple[ListedAgent, ...]], now: dt.datetime) -> None:
    """Write lists to the entries that still want an agent: all in one statement.

    Locks: rows that nobody holds. Those that somebody is changing are waited for one by one, holding nothing, so that
    no deadlock can come of their order.
    """
    as_json = {entry: _as_json(agents) for entry, agents in lists.items()}
    stored = _store_free(as_json, now)
    for entry in as_json.keys() - stored:
        wanting = QueueEntry.objects.filter(pk=entry, state__in=WANT_AN_AGENT)
        wanting.update(listed=as_json[entry], listed_at=now)


def _store_free(lists: Mapping[int, list[dict[str, object]]], now: dt.datetime) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE queues_queueentry AS entry SET listed = given.value, listed_at = %s
            FROM jsonb_each(%s::jsonb) AS given
            WHERE entry.id = given.key::bigint AND entry.id = ANY(ARRAY(
                SELECT id FROM queues_queueentry WHERE id = ANY(%s) AND state = ANY(%s)
                FOR NO KEY UPDATE SKIP LOCKED
            ))
            RETURNING entry.id
            """,
            [now, json.dumps(lists), list(lists), list(WANT_AN_AGENT)],
        )
        return {entry for (entry,) in cursor.fetchall()}


# ── Afterwards ───────────────────────────────────────────────────────────────────────────────────────────────────────
def forget_old_failures(now: dt.datetime) -> int:
    """Let queues whose last question failed long ago begin anew: their next caller is asked about first.

    Returns how many. Cost: one statement on as many rows as queues have a list URL.
    """
    old = AgentListFlight.objects.filter(failed_at__lte=now - dt.timedelta(seconds=FAILURE_COUNTS_FOR_S))
    return old.filter(under_way_since=None).update(failed_at=None)


def questions_of(queue: Queue) -> QuerySet[AgentListQuestion]:
    """The questions about a queue's calls, newest first."""
    return AgentListQuestion.objects.filter(queue=queue).order_by("-asked_at", "-pk")


def forget_old_questions(before: dt.datetime) -> int:
    """Delete questions that were asked before. Returns how many. Cost: a transaction for every few thousand rows."""
    return claims.forget(AgentListQuestion.objects.filter(asked_at__lt=before))
