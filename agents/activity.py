"""Writes on what agents do: offers, calls, wrap-up, pauses, and the statuses that people and programs set.

One agent at a time is changed under his row's lock: read, decided by `agents.domain`, stored with a condition on the
activity that was read, told in a transition row, copied to the seat index. Whoever changes a call too has locked the
call before (lock order: call, then agents in the order of their keys).
Nobody is called from here: functions say where dispatch should look (`rings`), the caller rings after commit.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from agents import domain
from agents.domain import COUNTS_AS_MISSED, Activity, AgentEvent, AgentState, Unanswered
from agents.models import Agent, copy_to_seats
from calls.models import Subject, Transition
from calls.services import note_transition
from common.statements import Whole
from projects.models import CallSettings

Change = Callable[[AgentState], AgentState | None]


@dataclass(frozen=True, slots=True)
class Moved:
    """What came of a change. `rings`: projects where an agent has become free, so that dispatch should look."""

    won: bool
    rings: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        return self.won


LOST = Moved(won=False)


# ── By the conductor, about one call ─────────────────────────────────────────────────────────────────────────────────


def reserve(agent_ids: Iterable[int], call_ref: str, now: dt.datetime) -> set[int]:
    """Reserve those of some agents who are still free for one call. Returns the ids won."""
    return reserve_each(dict.fromkeys(agent_ids, call_ref), now)


def reserve_each(calls: Mapping[int, str], now: dt.datetime, rung_elsewhere: Collection[int] = ()) -> set[int]:
    """Reserve free agents, each for the call whose id stands beside his. Returns the ids won.

    The same rule as `domain.offered`, in one statement; `rung_elsewhere`: those who need nothing to be rung on.
    Cost: three queries for any number of agents; nobody is waited for.
    Locks: the agents won; one whom somebody else is changing counts as taken.
    """
    with _whole():
        with connection.cursor() as cursor:
            ids, refs = list(calls), list(calls.values())
            cursor.execute(_RESERVE, {"ids": ids, "calls": refs, "elsewhere": list(rung_elsewhere), "now": now})
            won: dict[int, int] = dict(cursor.fetchall())
        if won:
            copy_to_seats(won)
            Transition.objects.bulk_create(
                _told(agent_id, project_id, AgentEvent.OFFERED, Activity.IDLE, Activity.OFFERED, now, calls[agent_id])
                for agent_id, project_id in sorted(won.items())
            )
    return set(won)


# `free_since`, but for the reach (a constraint of the table keeps the two the same).
_NOT_KEPT_AWAY = """
    manual_status = 'AVAILABLE' AND activity = 'idle' AND system_status = 1 AND set_aside_at IS NULL
    AND paused_until IS NULL
"""
# The second look at whether he is free is at the row as it is once locked.
_RESERVE = f"""
    WITH wanted AS (SELECT * FROM unnest(%(ids)s::bigint[], %(calls)s::text[]) AS wanted (agent_id, call_ref)),
    mine AS MATERIALIZED (
        SELECT id FROM agents_agent
        WHERE id = ANY(%(ids)s) AND {_NOT_KEPT_AWAY} AND (reach > 0 OR id = ANY(%(elsewhere)s::bigint[]))
        ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE agents_agent AS agent
    SET activity = 'offered', activity_since = %(now)s, call_ref = wanted.call_ref,
        free_before_offer = agent.free_since, free_since = NULL
    FROM wanted, mine
    WHERE agent.id = mine.id AND agent.id = wanted.agent_id AND agent.activity = 'idle'
    RETURNING agent.id, agent.project_id
"""  # noqa: S608  the condition is written above


def offer_missed(agent_id: int, call_ref: str, how: Unanswered, now: dt.datetime) -> Moved:
    """End the offer of a call that he did not answer: he pauses, or is set aside after too many in a row."""

    def change(agent: AgentState) -> AgentState | None:
        limit = _missed_limit(agent_id) if how in COUNTS_AS_MISSED else 0
        return domain.unanswered(agent, call_ref, how, limit, now)

    return _change(agent_id, AgentEvent.OFFER_ENDED, change, now, outcome=how)


def answered(agent_id: int, call_ref: str, now: dt.datetime) -> Moved:
    """Give the agent the call that was offered to him. Of two who answer, or of answer and time-out, one wins."""
    return _change(agent_id, AgentEvent.ANSWERED, lambda agent: domain.answered(agent, call_ref, now), now)


def called_out(agent_id: int, call_ref: str, now: dt.datetime) -> Moved:
    """Occupy an agent who is idle or in wrap-up with a call that he started."""
    return _change(agent_id, AgentEvent.CALLED_OUT, lambda agent: domain.called_out(agent, call_ref, now), now)


def released(
    agent_id: int, call_ref: str, now: dt.datetime, *, wrap_up_s: int | None = None, of_queue: bool = True
) -> Moved:
    """Free an agent of a call that is over for him, at first for `wrap_up_s` seconds of wrap-up."""
    event = AgentEvent.WRAP_UP_STARTED if wrap_up_s else AgentEvent.RELEASED

    def change(agent: AgentState) -> AgentState | None:
        return domain.released(agent, call_ref, now, wrap_up_s=wrap_up_s, of_queue=of_queue)

    return _change(agent_id, event, change, now)


# ── By people, programs and the reconciler ───────────────────────────────────────────────────────────────────────────


def end_wrap_up(agent_id: int, now: dt.datetime, by: str) -> Moved:
    """End an agent's wrap-up early. `by`: who wanted it, for the transition row."""
    return _change(agent_id, AgentEvent.WRAP_UP_ENDED, lambda agent: domain.wrap_up_ended(agent, now), now, by=by)


def extend_wrap_up(agent_id: int, now: dt.datetime) -> Moved:
    """Let wrap-up go on for as long again as the queue gave at first. Lost when it was extended before."""
    return _change(agent_id, AgentEvent.WRAP_UP_EXTENDED, lambda agent: domain.wrap_up_extended(agent, now), now)


def return_agent(agent_id: int, now: dt.datetime, by: str) -> Moved:
    """Let calls come again to an agent who was set aside or pauses. Lost when neither is so."""

    def change(agent: AgentState) -> AgentState | None:
        kept_away = agent.set_aside_at is not None or agent.paused_until is not None
        return domain.returned(agent, now) if kept_away else None

    return _change(agent_id, AgentEvent.RETURNED, change, now, by=by)


def force_idle(agent_id: int, now: dt.datetime, reason: str) -> Moved:
    """Free an agent of whatever holds him: for the reconciler, and for supervisors. Lost when he is idle."""
    return _change(agent_id, AgentEvent.FORCED_IDLE, lambda agent: domain.forced_idle(agent, now), now, reason=reason)


def set_manual_status(agent_id: int, status: str | None, now: dt.datetime) -> Moved:
    """Store what an agent chose. AVAILABLE also ends a pause and being set aside. Lost when nothing changes."""
    with _whole():
        agent = _locked(agent_id)
        if agent is None:
            return LOST
        before = agent.state()
        after = domain.status_chosen(before, status, now)
        if after == before:
            return LOST
        agent.take(after)
        agent.manual_status = status
        agent.save(update_fields=["manual_status", "updated_at", *agent.STATE])  # so that the history sees it
        _told_of(agent, before, AgentEvent.MANUAL_STATUS, now, {"status": status}).save()
        return Moved(True, _rings(agent, before))


def tell_manual_status(agent: Agent, now: dt.datetime) -> None:
    """Note that a form or a program has stored another manual status, in the transaction that did."""
    _told_of(agent, agent.state(), AgentEvent.MANUAL_STATUS, now, {"status": agent.manual_status}).save()


def take_program_status(agent_id: int, status: int, now: dt.datetime) -> Moved:
    """Store the `system_status` that a program wrote: see `domain.status_of_program`. Lost when nothing changes."""
    return _change(
        agent_id,
        AgentEvent.PROGRAM_STATUS,
        lambda agent: domain.status_of_program(agent, status, now),
        now,
        system_status=status,
    )


# ── By the sweep ─────────────────────────────────────────────────────────────────────────────────────────────────────


def end_due_wrap_ups(now: dt.datetime, limit: int) -> frozenset[int]:
    """End wrap-ups whose time is up, `limit` at most. Returns the projects where dispatch should look."""
    due = Agent.objects.filter(wrap_up_until__lte=now).order_by("wrap_up_until")
    return _change_due(due[:limit], AgentEvent.WRAP_UP_ENDED, lambda agent: domain.wrap_up_ended(agent, now), now)


def end_due_pauses(now: dt.datetime, limit: int) -> frozenset[int]:
    """End pauses whose time is up, `limit` at most. Returns the projects where dispatch should look."""
    due = Agent.objects.filter(paused_until__lte=now).order_by("paused_until")
    return _change_due(due[:limit], AgentEvent.PAUSE_ENDED, lambda agent: domain.settled(agent, now), now)


# ── One way to store a change ────────────────────────────────────────────────────────────────────────────────────────


def change_reach(agents: Iterable[Agent], bits: Mapping[str, int], now: dt.datetime) -> frozenset[int]:
    """Store on which devices agents of one project are reached. Returns the projects where dispatch should look.

    Shape: `bits` by user id, of `domain.Reach`; who is missing has no device.
    Locks: the caller holds the agents' rows.
    """
    rings: set[int] = set()
    for agent in agents:
        before = agent.state()
        reached = replace(before, device_status=bits.get(agent.stringee_user_id, 0))
        if _stored(agent, before, domain.settled(reached, now)):
            rings |= _rings(agent, before)
    return frozenset(rings)


def _whole() -> transaction.Atomic:
    """Everything or nothing, without a savepoint when a transaction is open: a failure here fails the caller too."""
    return transaction.atomic(savepoint=False)


_AGENT = Whole(Agent, "agent")
_LOCKED = f"SELECT {_AGENT} FROM agents_agent AS agent WHERE agent.id = %s FOR NO KEY UPDATE"  # noqa: S608  ours


def _locked(agent_id: int) -> Agent | None:
    return next(iter(_AGENT.rows(_LOCKED, [agent_id])), None)


def _change(agent_id: int, event: AgentEvent, change: Change, now: dt.datetime, **details: Any) -> Moved:
    with _whole():
        agent = _locked(agent_id)
        return LOST if agent is None else _changed(agent, event, change, now, details)


def _change_due(due: QuerySet[Agent], event: AgentEvent, change: Change, now: dt.datetime) -> frozenset[int]:
    with _whole():
        agents = due.select_for_update(no_key=True, skip_locked=True)
        moves = [_changed(agent, event, change, now, {}) for agent in agents]
    return frozenset().union(*(moved.rings for moved in moves))


def _changed(agent: Agent, event: AgentEvent, change: Change, now: dt.datetime, details: dict[str, Any]) -> Moved:
    before = agent.state()
    after = change(before)
    if after is None or not _stored(agent, before, after):
        return LOST
    _told_of(agent, before, event, now, details).save()
    return Moved(True, _rings(agent, before))


def _stored(agent: Agent, before: AgentState, after: AgentState) -> bool:
    """Whether there was anything to store, and the row was still as it had been read."""
    columns = agent.take(after)
    if not columns or not Agent.objects.filter(pk=agent.pk, activity=before.activity).update(**columns):
        return False
    if (before.reach, before.free_since) != (after.reach, after.free_since):
        copy_to_seats([agent.pk])
    return True


def _rings(agent: Agent, before: AgentState) -> frozenset[int]:
    """His project, when a call may come to him now that could not before."""
    became_free = agent.free_since is not None and before.free_since is None
    more_ways = agent.free_since is not None and bool(agent.reach & ~before.reach)
    return frozenset([agent.project_id] if became_free or more_ways else [])


def _told_of(
    agent: Agent, before: AgentState, event: AgentEvent, now: dt.datetime, details: Mapping[str, Any]
) -> Transition:
    aside = agent.set_aside_at is not None and before.set_aside_at is None
    more = {**details, "set_aside": True} if aside else details
    if agent.wrap_up_until is not None:
        more = {**more, "until": agent.wrap_up_until.isoformat()}
    call_ref = agent.call_ref or before.call_ref
    return _told(agent.pk, agent.project_id, event, before.activity, Activity(agent.activity), now, call_ref, more)


def _told(
    agent_id: int,
    project_id: int,
    event: AgentEvent,
    before: Activity,
    after: Activity,
    now: dt.datetime,
    call_ref: str,
    details: Mapping[str, Any] | None = None,
) -> Transition:
    """Shape of the details: {"call": call id, if any; "outcome", "set_aside", "by", "reason", "status", "until", as it
    fits}; `until` is the end of a wrap-up."""
    call = {"call": call_ref} if call_ref else {}
    told = {**call, **(details or {})}
    return note_transition(project_id, Subject.AGENT, str(agent_id), event, before, after, now, details=told)


def _missed_limit(agent_id: int) -> int:
    return CallSettings.objects.values_list("missed_calls_limit", flat=True).get(project__agent=agent_id)
