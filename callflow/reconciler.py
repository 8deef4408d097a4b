"""The reconciler: engine, legs, calls and agents are compared, and what does not fit is repaired. Nobody stays stuck.

It runs when an engine tells its legs (at its start, after a reconnect, every 30 s) and in a sweep of its own.
"""

from __future__ import annotations

import datetime as dt
import logging

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from agents import activity, devices
from agents.domain import Activity
from agents.models import Agent
from callflow.domain import events as on
from callflow.services import ring_all, take
from callflow.store import locked
from calls import models as rows
from calls import recordings
from calls.domain import CallState, LegState
from common import clock
from telephony import outbox, port
from telephony.models import EngineCommand, EngineNode

log = logging.getLogger(__name__)

# A leg that we have ordered, and a call that the engine has told us of, need a moment to be known to both sides.
SETTLING = dt.timedelta(seconds=5)
NODE_LOST_AFTER = dt.timedelta(seconds=15)
AGENT_GRACE = dt.timedelta(seconds=3)
LIMIT = 200


# ── Engines ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def compare_with_engine(snapshot: port.Snapshot) -> None:
    """End the legs that an engine does not know any more, and let it hang up those that are no call of ours."""
    now = clock.now()
    theirs = set(snapshot.legs)
    alive = rows.Leg.objects.filter(call__node=snapshot.node).exclude(state=LegState.ENDED)
    settled = alive.filter(started_at__lt=now - SETTLING).exclude(leg_id__in=theirs)
    for call_pk in sorted({leg.call_id for leg in settled if not _still_owed(leg.leg_id, snapshot.node)}):
        _legs_are_gone(call_pk, theirs, now)
    _hang_up_strangers(snapshot, now)


def _still_owed(leg_id: str, node: str) -> bool:
    """Whether the engine has not even taken the command that begins the leg."""
    return EngineCommand.objects.filter(node=node, taken_at=None, payload__leg=leg_id).exists()


def _legs_are_gone(call_pk: int, theirs: set[str], now: dt.datetime) -> None:
    with transaction.atomic():
        for loaded in locked([call_pk]):
            gone = [leg for leg in loaded.call.live_legs if leg.id not in theirs and leg.started_at < now - SETTLING]
            _log_repair("leg_gone", call=loaded.call.id, legs=[leg.id for leg in gone])
            take(loaded, [port.Ended(leg.id, port.HangupCause.ENGINE_LOST) for leg in gone], now)


def _hang_up_strangers(snapshot: port.Snapshot, now: dt.datetime) -> None:
    legs = rows.Leg.objects.filter(leg_id__in=snapshot.legs).select_related("call")
    known = {leg.leg_id: leg for leg in legs}
    with transaction.atomic():
        for leg in known.values():
            if leg.state == LegState.ENDED and leg.ended_at is not None and leg.ended_at < now - SETTLING:
                _log_repair("leg_left_over", leg=leg.leg_id)
                outbox.put(snapshot.node, leg.project_id, leg.call.call_id, [port.Hangup(leg.leg_id)])
    outbox.ring([snapshot.node])


def end_calls_of_lost_nodes() -> int:
    """End the calls of engines from which nothing was heard, and forget their devices. Returns how many calls."""
    now = clock.now()
    lost = list(EngineNode.objects.filter(seen_at__lt=now - NODE_LOST_AFTER).values_list("name", flat=True))
    alive = rows.Call.objects.exclude(state=CallState.ENDED)
    pks = list(alive.filter(node__in=lost).order_by("pk").values_list("pk", flat=True)[:LIMIT])
    for pk in pks:
        engine_lost(pk)
    for node in lost:
        ring_all(devices.devices_of_node_down(node, now))
    return len(pks)


def engine_lost(call_pk: int) -> None:
    """End a call whose engine is gone, and what was being recorded with it."""
    now = clock.now()
    with transaction.atomic():
        for loaded in locked([call_pk], skip_locked=True):
            take(loaded, [on.EngineLost()], now)
            recordings.fail_running([call_pk], now)


# ── Agents ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def free_stuck_agents() -> int:
    """Free agents whom no call holds any more, and end calls that nothing holds. Returns how many agents.

    An agent is held by a live leg of his, or by a call that he is about to be rung for. Cost: one query when all is
    well.
    """
    now = clock.now()
    legs = rows.Leg.objects.filter(agent=OuterRef("pk")).exclude(state=LegState.ENDED)
    begun = rows.Call.objects.filter(call_id=OuterRef("call_ref"), agent=OuterRef("pk")).filter(
        state__in=[CallState.AUTHORISING, CallState.DIALING_AGENT]
    )
    stuck = Agent.objects.filter(activity__in=[Activity.OFFERED, Activity.ON_CALL])
    stuck = stuck.filter(Q(activity_since__lt=now - AGENT_GRACE)).exclude(Exists(legs)).exclude(Exists(begun))
    freed = 0
    for agent_id in stuck.order_by("pk").values_list("pk", flat=True)[:LIMIT]:
        moved = activity.force_idle(agent_id, now, "no_call")
        freed += bool(moved)
        _log_repair("agent_freed", agent_id=agent_id)
        ring_all(moved.rings)
    return freed


def _log_repair(message: str, **fields: object) -> None:
    log.warning("reconciler repaired", extra={"event": "reconciled", "repair": message, **fields})
