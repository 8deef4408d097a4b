"""The rows of calls, and the frozen calls that they make."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from callflow.domain.call import AgentRef, Call, Entry, Flow, Leg, Offer, Party, Timer, Tried
from calls import models as rows
from calls.domain import CallState, Direction, LegRole, LegState, Outcome
from common.statements import Whole, fetched
from queues.entries import EntryOutcome, EntryState
from queues.models import QueueEntry
from routing.domain.offers import OfferState
from routing.models import Offer as OfferRow

_CALL, _LEG = Whole(rows.Call, "c"), Whole(rows.Leg, "leg")
_ENTRY, _OFFER = Whole(QueueEntry, "entry"), Whole(OfferRow, "offer")

_LOCKED = f"SELECT {_CALL} FROM calls_call AS c WHERE c.id = ANY(%s) ORDER BY c.id FOR NO KEY UPDATE"  # noqa: S608
_LOCKED_BY_LEG = f"""
    SELECT {_CALL} FROM calls_call AS c WHERE c.id = (SELECT call_id FROM calls_leg WHERE leg_id = %s) FOR NO KEY UPDATE
"""  # noqa: S608  columns of our own
# A statement of its own: one that waits for a lock sees other tables as they were before it waited.
# Of stays in queues and of offers, the last one. OFFSET 0: look up those of the call, whatever the planner thinks.
_COMPANIONS = f"""
    SELECT c.id, {_LEG}, in_leg.stringee_user_id, {_ENTRY}, {_OFFER}, in_offer.stringee_user_id
    FROM unnest(%s::bigint[]) AS c (id)
    LEFT JOIN calls_leg AS leg ON leg.call_id = c.id
    LEFT JOIN agents_agent AS in_leg ON in_leg.id = leg.agent_id
    LEFT JOIN LATERAL (
        SELECT * FROM (SELECT * FROM queues_queueentry WHERE call_id = c.id OFFSET 0) AS stay
        ORDER BY stay.id DESC LIMIT 1
    ) AS entry ON true
    LEFT JOIN LATERAL (
        SELECT * FROM (SELECT * FROM routing_offer WHERE call_id = c.id AND agent_id IS NOT NULL OFFSET 0) AS made
        ORDER BY made.id DESC LIMIT 1
    ) AS offer ON true
    LEFT JOIN agents_agent AS in_offer ON in_offer.id = offer.agent_id
    ORDER BY c.id, leg.id
"""  # noqa: S608  columns of our own


def lock(call_pks: Iterable[int], *, skip_locked: bool) -> list[rows.Call]:
    """Lock calls in the order of their keys. Cost: one query."""
    return _CALL.rows(_LOCKED + " SKIP LOCKED" * skip_locked, [list(call_pks)])


def lock_by_leg(leg_id: str) -> list[rows.Call]:
    """Lock the call of a leg, if there is one. Cost: one query."""
    return _CALL.rows(_LOCKED_BY_LEG, [leg_id])


def calls_of(found: Sequence[rows.Call]) -> list[Call]:
    """The calls of some locked rows, in their order. Cost: one query, however many calls."""
    legs: dict[int, list[Leg]] = {row.pk: [] for row in found}
    last: dict[int, tuple[Entry | None, Offer | None]] = {}
    for columns in fetched(_COMPANIONS, [list(legs)]):
        values = iter(columns)
        call, leg, in_leg = next(values), _LEG.take_if_any(values), next(values)
        if leg is not None:
            legs[call].append(_leg(leg, in_leg))
        if call not in last:
            entry, offer, in_offer = _ENTRY.take_if_any(values), _OFFER.take_if_any(values), next(values)
            last[call] = (_entry(entry) if entry else None, _offer(offer, in_offer) if offer else None)
    return [_call(row, tuple(legs[row.pk]), *last[row.pk]) for row in found]


def _call(row: rows.Call, legs: tuple[Leg, ...], entry: Entry | None, offer: Offer | None) -> Call:
    return Call(
        id=row.call_id,
        project_id=row.project_id,
        direction=Direction(row.direction),
        state=CallState(row.state),
        from_=Party(row.from_number, row.from_alias, row.from_internal),
        to=Party(row.to_number, row.to_alias, row.to_internal),
        customer=row.customer_number,
        created_at=row.created_at,
        created_reason=row.created_reason,
        number=row.number_id,
        request_user_id=row.request_user_id,
        node=row.node,
        priority=row.priority,
        client_custom_data=row.client_custom_data,
        custom_data=row.custom_data,
        agent=AgentRef(row.agent_id, row.agent_user_id) if row.agent_id is not None else None,
        record=row.record,
        serial=row.serial,
        outcome=Outcome(row.outcome) if row.outcome else None,
        cause=row.cause,
        ended_by=row.ended_by,
        answered_at=row.answered_at,
        connected_at=row.connected_at,
        ended_at=row.ended_at,
        legs=legs,
        entry=entry,
        offer=offer,
        flow=Flow.from_json(row.flow),
        timers={Timer(timer): dt.datetime.fromisoformat(at) for timer, at in row.timers.items()},
    )


def _leg(row: rows.Leg, user_id: str | None) -> Leg:
    return Leg(
        id=row.leg_id,
        role=LegRole(row.role),
        state=LegState(row.state),
        endpoint=row.endpoint,
        number=row.number,
        started_at=row.started_at,
        agent=AgentRef(row.agent_id, user_id or "") if row.agent_id is not None else None,
        ringing_at=row.ringing_at,
        answered_at=row.answered_at,
        ended_at=row.ended_at,
        cause=row.cause,
        held=row.held,
        muted=row.muted,
    )


def _entry(row: QueueEntry) -> Entry:
    return Entry(
        id=row.pk,
        queue=row.queue_id,
        state=EntryState(row.state),
        priority=row.priority,
        enqueued_at=row.enqueued_at,
        entered_at=row.entered_at,
        ready_at=row.ready_at,
        backup_opens_at=row.backup_opens_at,
        last_agent=row.last_agent_id,
        attempts=row.attempts,
        tried={
            int(agent): Tried(each["times"], dt.datetime.fromisoformat(each["until"]))
            for agent, each in row.tried.items()
        },
        outcome=EntryOutcome(row.outcome) if row.outcome else None,
        ended_at=row.ended_at,
    )


def _offer(row: OfferRow, user_id: str) -> Offer:
    assert row.agent_id is not None  # noqa: S101  those without are left out
    return Offer(
        id=row.pk,
        agent=AgentRef(row.agent_id, user_id),
        leg=row.leg_id,
        state=OfferState(row.state),
        deadline_at=row.deadline_at,
        cause=row.cause,
        ended_at=row.ended_at,
    )
