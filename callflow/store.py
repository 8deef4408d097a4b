"""Between the rows of calls and the frozen call that the conductor decides about.

Whoever changes calls works in one transaction: `locked` takes the rows, `Batch.keep` notes what a decision changed,
`Batch.write` stores it all, with the transition rows, in as few statements as there are kinds of rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from callflow import reading
from callflow.domain.call import Call, Entry, Leg, Offer
from callflow.domain.conductor import Decision
from callflow.domain.turn import Moved
from calls import models as rows
from calls.models import Subject, Transition
from calls.services import note_transition
from queues.models import QueueEntry
from routing.domain.offers import OfferState
from routing.models import Offer as OfferRow

LEG_COLUMNS = (
    "state",
    "endpoint",
    "held",
    "muted",
    "cause",
    "ringing_at",
    "answered_at",
    "ended_at",
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A locked row, and the call that it and its companions make."""

    row: rows.Call
    call: Call


# ── Reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def locked(call_pks: Iterable[int], *, skip_locked: bool = False) -> list[Loaded]:
    """Lock calls in the order of their keys, and read them. Call it in a transaction.

    Locks: the call rows; who holds one is its only writer. Cost: two queries, however many calls.
    """
    return _read(reading.lock(call_pks, skip_locked=skip_locked))


def locked_by_leg(leg_id: str) -> Loaded | None:
    """Lock and read the call of a leg; None when there is no such leg. Cost: two queries."""
    return next(iter(_read(reading.lock_by_leg(leg_id))), None)


def _read(found: Sequence[rows.Call]) -> list[Loaded]:
    return [Loaded(row, call) for row, call in zip(found, reading.calls_of(found), strict=True)] if found else []


# ── Writing ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def call_columns(call: Call) -> dict[str, Any]:
    """What of a call is in its own row and may change."""
    return {
        "direction": call.direction,
        "state": call.state,
        "outcome": call.outcome or "",
        "cause": call.cause,
        "ended_by": call.ended_by,
        "agent_id": call.agent.id if call.agent is not None else None,
        "agent_user_id": call.agent.user_id if call.agent is not None else "",
        "priority": call.priority,
        "custom_data": call.custom_data,
        "flow": call.flow.to_json(),
        "timers": {timer: at.isoformat() for timer, at in call.timers.items()},
        "next_deadline_at": call.next_deadline_at,
        "serial": call.serial,
        "record": call.record,
        "answered_at": call.answered_at,
        "connected_at": call.connected_at,
        "ended_at": call.ended_at,
    }


@dataclass(slots=True)
class Batch:
    """What the decisions of one transaction change. Nothing is written before `write`."""

    now: dt.datetime
    transitions: list[Transition] = field(default_factory=list)

    def keep(self, loaded: Loaded, decision: Decision) -> Loaded:
        """Store what a decision changed of a call, and note its transitions. Returns the call as it is now.

        A new stay in a queue gets its number here, so the next event of the same transaction can speak of it.
        Cost: one statement for each kind of row that changed.
        """
        before, after = loaded.call, decision.call
        entry = self._keep_entry(loaded.row, before.entry, after.entry, decision.moved)
        if entry is not after.entry:
            after = replace(after, entry=entry)
        self._keep_legs(loaded.row, before.legs, after.legs)
        self._keep_offer(before.offer, after.offer)
        self._keep_call(loaded.row, before, after)
        for moved in decision.moved:
            self._note(loaded.row, moved, after)
        return Loaded(loaded.row, after)

    def keep_new(self, row: rows.Call, call: Call) -> None:
        """Store the legs that a new call begins with, and note how it began."""
        rows.Leg.objects.bulk_create([self._leg_row(row, leg) for leg in call.legs])
        self._note(row, Moved(Subject.CALL, call.id, "begin", "", call.state, {"direction": call.direction}), call)
        for leg in call.legs:
            details = {"role": leg.role, "endpoint": leg.endpoint}
            self._note(row, Moved(Subject.LEG, leg.id, "start", "", leg.state, details), call)

    def write(self) -> None:
        """Store the transition rows. Cost: one statement."""
        if self.transitions:
            Transition.objects.bulk_create(self.transitions)
            self.transitions = []

    def _keep_call(self, row: rows.Call, before: Call, after: Call) -> None:
        new, old = call_columns(after), call_columns(before)
        changed = {name: value for name, value in new.items() if value != old[name]}
        if changed:
            rows.Call.objects.filter(pk=row.pk).update(**changed)
            for name, value in changed.items():
                setattr(row, name, value)

    def _keep_legs(self, row: rows.Call, before: Sequence[Leg], after: Sequence[Leg]) -> None:
        known = {leg.id: leg for leg in before}
        new = [self._leg_row(row, leg) for leg in after if leg.id not in known]
        if new:
            rows.Leg.objects.bulk_create(new)
        for leg in after:
            if leg.id in known and known[leg.id] != leg:
                columns = {name: getattr(leg, name) for name in LEG_COLUMNS}
                rows.Leg.objects.filter(leg_id=leg.id).update(**columns)

    def _leg_row(self, row: rows.Call, leg: Leg) -> rows.Leg:
        columns = {name: getattr(leg, name) for name in LEG_COLUMNS}
        return rows.Leg(
            project_id=row.project_id,
            call_id=row.pk,
            leg_id=leg.id,
            role=leg.role,
            number=leg.number,
            agent_id=leg.agent.id if leg.agent is not None else None,
            started_at=leg.started_at,
            **columns,
        )

    def _keep_entry(
        self, row: rows.Call, before: Entry | None, after: Entry | None, moved: Iterable[Moved]
    ) -> Entry | None:
        if after is None or after == before:
            return after
        if after.id == 0:
            if before is not None and before.id:
                self._end_former(before, moved)
            stored = QueueEntry.objects.create(project_id=row.project_id, call_id=row.pk, **_entry_columns(after))
            return replace(after, id=stored.pk)
        QueueEntry.objects.filter(pk=after.id).update(**_entry_columns(after))
        return after

    def _end_former(self, before: Entry, moved: Iterable[Moved]) -> None:
        """The earlier stay of a call that went from one queue into another in one decision."""
        for each in moved:
            if each.subject == Subject.ENTRY and each.subject_id == str(before.id) and "outcome" in each.details:
                QueueEntry.objects.filter(pk=before.id).update(
                    state=each.after, outcome=each.details["outcome"], ended_at=self.now
                )

    def _keep_offer(self, before: Offer | None, after: Offer | None) -> None:
        if after is not None and after != before and after.state is not OfferState.OPEN:
            OfferRow.objects.filter(pk=after.id).update(state=after.state, cause=after.cause, ended_at=after.ended_at)

    def _note(self, row: rows.Call, moved: Moved, after: Call) -> None:
        subject_id = moved.subject_id
        if moved.subject == Subject.ENTRY and subject_id == "0" and after.entry is not None:
            subject_id = str(after.entry.id)
        self.transitions.append(
            note_transition(
                row.project_id,
                Subject(moved.subject),
                subject_id,
                moved.event,
                moved.before,
                moved.after,
                self.now,
                call_pk=row.pk,
                details=moved.details,
            )
        )


def _entry_columns(entry: Entry) -> Mapping[str, Any]:
    return {
        "queue_id": entry.queue,
        "state": entry.state,
        "outcome": entry.outcome or "",
        "priority": entry.priority,
        "enqueued_at": entry.enqueued_at,
        "entered_at": entry.entered_at,
        "ready_at": entry.ready_at,
        "backup_opens_at": entry.backup_opens_at,
        "last_agent_id": entry.last_agent,
        "attempts": entry.attempts,
        "tried": {
            str(agent): {"times": tried.times, "until": tried.until.isoformat()} for agent, tried in entry.tried.items()
        },
        "ended_at": entry.ended_at,
    }
