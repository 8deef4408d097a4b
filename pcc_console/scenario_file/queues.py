"""Queues of a scenario file, and customers' servers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from callflow.simulation.scenario import USUAL_LATENCY, ListOrder, ListPlan, QueuePlan, ServerPlan, WayOutPlan
from pcc_console.portable.places import Place
from pcc_console.scenario_file.fields import get, need, spread, windows
from pcc_console.scenario_file.names import Names
from pcc_console.scenario_file.values import Read, a_share, any_text, one_of, phone_digits, whole_number, yes_or_no
from queues.models import (
    MAX_ANNOUNCE_EVERY_S,
    MAX_RING_TIMEOUT_S,
    MIN_ANNOUNCE_EVERY_S,
    MIN_RING_TIMEOUT_S,
    ONE_DAY_S,
    OutcomeAction,
    OutcomeCause,
)

_SERVER_FIELDS = {"latency", "fails", "down"}
_QUEUE_NUMBERS: Mapping[str, Read[int]] = {
    "wait_agent_answer_timeout": whole_number(MIN_RING_TIMEOUT_S, MAX_RING_TIMEOUT_S),
    "wrap_up_time_limit": whole_number(0, ONE_DAY_S),
    "maximum_queue_size": whole_number(0, 100_000),
    "maximum_queue_wait_time": whole_number(0, ONE_DAY_S),
    "route_to_backup_groups_after": whole_number(0, ONE_DAY_S),
    "announce_every_s": whole_number(MIN_ANNOUNCE_EVERY_S, MAX_ANNOUNCE_EVERY_S),
    "sla_answered_within": whole_number(0, ONE_DAY_S),
    "sla_target_percent": whole_number(0, 100),
}
_QUEUE_FLAGS = (
    "agent_wrap_up_after_calls",
    "last_agent_first",
    "enable_voicemail",
    "announce_position",
    "announce_estimated_wait",
    "fall_back_to_groups",
)
_QUEUE_PARTS = ("primary_groups", "backup_groups", "open", "outcomes", "agent_list")


def queue_plan(names: Names, place: Place) -> QueuePlan:
    plan = QueuePlan(need(place, "name", any_text, ""))
    place.table({"name", *_QUEUE_NUMBERS, *_QUEUE_FLAGS, *_QUEUE_PARTS})
    stated = place.something_at("outcomes")
    listed = place.something_at("agent_list")
    plan = replace(
        plan,
        **{name: get(place, name, read, getattr(plan, name)) for name, read in _QUEUE_NUMBERS.items()},
        **{name: get(place, name, yes_or_no, getattr(plan, name)) for name in _QUEUE_FLAGS},
        primary_groups=names.groups_at(place, "primary_groups"),
        backup_groups=names.groups_at(place, "backup_groups"),
        open=windows(place, "open"),
        outcomes={cause: _way_out(names, inner, cause, plan.name) for cause, inner in stated.entries()}
        if stated is not None
        else {},
        agent_list=_list(names, listed) if listed is not None else None,
    )
    if both := set(plan.primary_groups) & set(plan.backup_groups):
        place.refuse(f"the group {min(both)[:60]!r} is both primary and backup")
    if not (place.items_at("primary_groups") or place.items_at("backup_groups") or listed):
        place.refuse("needs `primary_groups` or `agent_list`: nobody would serve it")
    return plan


def _way_out(names: Names, place: Place, cause: str, queue: str) -> WayOutPlan:
    if cause not in OutcomeCause.values:
        place.refuse(f"is no cause; the causes are {', '.join(OutcomeCause.values)}")
    place.table({"action", "to_queue", "to_number", "message"})
    known = [action for action in OutcomeAction.values if action != OutcomeAction.NODE]
    action = need(place, "action", one_of(known), "hang_up")
    target = {OutcomeAction.QUEUE: "to_queue", OutcomeAction.NUMBER: "to_number"}.get(OutcomeAction(action))
    if target is not None and place.something_at(target) is None:
        place.refuse(f"needs `{target}`")
    to_queue = names.target(place, "to_queue", names.queues, "queue")
    if to_queue and to_queue == queue:
        place.refuse("leads to its own queue")
    return WayOutPlan(action, to_queue, get(place, "to_number", phone_digits, ""), get(place, "message", any_text, ""))


def _list(names: Names, place: Place) -> ListPlan:
    place.table({"groups", "order", "only_free", "at_most", "answer_timeout", *_SERVER_FIELDS})
    usual = ListPlan(())
    if not place.items_at("groups"):
        place.refuse("needs `groups`")
    return ListPlan(
        groups=names.groups_at(place, "groups"),
        server=_behaviour(place),
        order=ListOrder(get(place, "order", one_of([order.value for order in ListOrder]), usual.order.value)),
        only_free=get(place, "only_free", yes_or_no, usual.only_free),
        at_most=get(place, "at_most", whole_number(0, 100), usual.at_most),
        answer_timeout=get(
            place, "answer_timeout", whole_number(MIN_RING_TIMEOUT_S, MAX_RING_TIMEOUT_S), usual.answer_timeout
        ),
    )


def server_plan(place: Place) -> ServerPlan:
    return _behaviour(place.table(_SERVER_FIELDS))


def _behaviour(place: Place) -> ServerPlan:
    latency = spread(place, "latency", USUAL_LATENCY, may_be_never=True)
    return ServerPlan(latency, get(place, "fails", a_share, 0.0), windows(place, "down"))
