"""The reconciler: engine, legs, calls and agents are compared, and what does not fit is repaired. Nobody stays stuck.

It runs when an engine tells its legs (at its start, after a reconnect, every 30 s) and in a sweep of its own.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections import defaultdict
from dataclasses import dataclass

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
from telephony import nodes, port
from telephony.models import EngineCommand, EngineNode

log = logging.getLogger(__name__)

# A leg that we have ordered, and a call that the engine has told us of, need a moment to be known to both sides.
SETTLING = dt.timedelta(seconds=5)
# A recording may have to be encoded after the call; one that is even later is taken all the same.
HANDED_OVER_WITHIN = dt.timedelta(seconds=45)
AGENT_GRACE = dt.timedelta(seconds=3)
LIMIT = 200


# ── Engines ──────────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class _Told:
    """The legs that an engine has, as it told. `complete_until`: of those that began before, it has told every one."""

    node: str
    legs: frozenset[str]
    complete_until: dt.datetime


def compare_with_engine(snapshot: port.Snapshot) -> tuple[port.Command, ...]:
    """End the legs that an engine has not, and forget the devices of its earlier life.

    What began before the engine was started is gone at once, when the engine does not say otherwise.
    Returns hang-ups of the legs that it has and that are no call of ours, or none any more.
    """
    now = clock.now()
    told_at = dt.datetime.fromtimestamp(snapshot.at, dt.UTC) if snapshot.at else now
    born_at = EngineNode.objects.filter(name=snapshot.node).values_list("started_at", flat=True).first()
    told = _Told(snapshot.node, frozenset(snapshot.legs), max(told_at - SETTLING, born_at or told_at - SETTLING))
    for call_pk, legs in sorted(_missing_legs(told).items()):
        _legs_are_gone(call_pk, legs, now)
    if born_at is not None:
        ring_all(devices.devices_of_node_down(told.node, now, seen_before=born_at))
    return _strangers(told)


def _missing_legs(told: _Told) -> dict[int, set[str]]:
    """What is alive by our rows and not for the engine, by call."""
    alive = rows.Leg.objects.filter(call__node=told.node, started_at__lt=told.complete_until)
    missing: dict[int, set[str]] = defaultdict(set)
    for leg in alive.exclude(state=LegState.ENDED).exclude(leg_id__in=told.legs):
        if not _still_owed(leg.leg_id, told.node):
            missing[leg.call_id].add(leg.leg_id)
    return missing


def _still_owed(leg_id: str, node: str) -> bool:
    """Whether the engine has not even taken the command that begins the leg."""
    dials = EngineCommand.objects.filter(node=node, taken_at=None, payload__kind_=port.Dial.__name__)
    return dials.filter(payload__leg=leg_id).exists()


def _legs_are_gone(call_pk: int, legs: set[str], now: dt.datetime) -> None:
    with transaction.atomic():
        for loaded in locked([call_pk]):
            gone = [leg.id for leg in loaded.call.live_legs if leg.id in legs]
            _log_repair("leg_gone", call=loaded.call.id, legs=gone)
            after = take(loaded, [port.Ended(leg, port.HangupCause.ENGINE_LOST) for leg in gone], now)
            if after.call.state is CallState.ENDED:
                recordings.give_up([call_pk], now)


def _strangers(told: _Told) -> tuple[port.Command, ...]:
    legs = rows.Leg.objects.filter(leg_id__in=told.legs).values_list("leg_id", "state", "ended_at")
    # The hang-up of a leg that has just been ended is on its way.
    ours = {leg for leg, state, at in legs if state != LegState.ENDED or at is None or at >= told.complete_until}
    strangers = sorted(told.legs - ours)
    for leg in strangers:
        _log_repair("leg_left_over", leg=leg, node=told.node)
    return tuple(port.Hangup(leg) for leg in strangers)


def end_calls_of_lost_nodes() -> int:
    """End the calls of engines that are gone, and forget their devices. Returns how many calls."""
    now = clock.now()
    lost = nodes.lost(now)
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
            recordings.give_up([call_pk], now)


def give_up_recordings() -> int:
    """Give up what no engine has handed over in time. Returns how many recordings."""
    now = clock.now()
    return recordings.give_up(recordings.left_over(now - HANDED_OVER_WITHIN, LIMIT), now)


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
