"""How long one decision takes, while lines and agents grow. Everything in a scratch database, without doorbells."""

from __future__ import annotations

import random
import resource
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

from django.db import connection

from agents import activity
from callflow import doorbell
from callflow.dispatch import dispatch
from callflow.services import conduct
from calls.models import Call, Leg
from common import clock
from pcc_console.bench.crowd import NODE, Crowd
from pcc_console.bench.figures import growth_exponent
from pcc_console.bench.meter import Meter
from queues.models import QueueEntry
from routing.models import Offer
from telephony import outbox, port
from telephony.models import EngineNode

SEED = 7  # which agent becomes free next is random, and the same each time
FREED = "bench"


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    waiting: Sequence[int] = (100, 1_000, 10_000, 100_000)
    agents: Sequence[int] = (10, 100, 1_000, 10_000)
    agents_while_waiting: int = 50
    waiting_while_agents: int = 1_000
    decisions: int = 100
    warm_up: int = 15


FULL = Plan()
QUICK = Plan((20, 40), (10, 20), agents_while_waiting=10, waiting_while_agents=20, decisions=5, warm_up=1)

Progress = Callable[[str], object]


class NoOffer(Exception):
    """A decision made no offer where it should have made one: the measurement would mean nothing."""


def measure(plan: Plan, say: Progress) -> dict[str, Any]:
    """Measure all series. Shape: {"series": {name: {"growth", "points": […]}}, "memory": {…}}.

    Call it in a database of its own. Raises NoOffer.
    """
    with _silence():
        EngineNode.objects.create(
            name=NODE, kind="simulated", reaches=["web", "sip", "tel"], started_at=clock.now(), seen_at=clock.now()
        )
        by_waiting = list(_while_lines_grow(plan, say))
        memory = _memory()
        busy = list(_while_agents_grow(plan, say, free=False))
        free = list(_while_agents_grow(plan, say, free=True))
    return {
        "series": {
            "waiting calls": _series(by_waiting, "waiting"),
            "agents, all but one busy": _series(busy, "agents"),
            "agents, all free": _series(free, "agents"),
        },
        "memory": memory,
    }


def _while_lines_grow(plan: Plan, say: Progress) -> Iterator[dict[str, Any]]:
    crowd = Crowd("lines")
    crowd.have_agents(plan.agents_while_waiting, free=False)
    for waiting in plan.waiting:
        say(f"{waiting} calls wait")
        crowd.have_waiting(waiting)
        yield _point(crowd, plan, _agent_becomes_free)


def _while_agents_grow(plan: Plan, say: Progress, *, free: bool) -> Iterator[dict[str, Any]]:
    crowd = Crowd("free" if free else "busy")
    for agents in plan.agents:
        say(f"{agents} agents, {'all free' if free else 'all but one busy'}")
        crowd.have_agents(agents, free=free)
        if not free:
            crowd.have_waiting(plan.waiting_while_agents)
        yield _point(crowd, plan, _call_arrives if free else _agent_becomes_free)


Turn = Callable[[Crowd, Meter, random.Random], None]


def _point(crowd: Crowd, plan: Plan, turn: Turn) -> dict[str, Any]:
    _tidy_tables()
    chance = random.Random(SEED)  # noqa: S311  not for secrets
    for _ in range(plan.warm_up):
        turn(crowd, Meter(), chance)
    meter = Meter()
    for _ in range(plan.decisions):
        turn(crowd, meter, chance)
    return {"waiting": crowd.waiting, "agents": crowd.agents, **meter.facts()}


def _agent_becomes_free(crowd: Crowd, meter: Meter, chance: random.Random) -> None:
    """One of many busy agents is free, and gets one of many calls; then everything is as it was."""
    agent = chance.choice(crowd.agent_ids())
    activity.force_idle(agent, clock.now(), FREED)
    offer = _decide(crowd, meter)
    crowd.add_waiting(
        crowd.numbers.index(next(each for each in crowd.numbers if each.queue_id == offer.entry.queue_id))
    )
    _caller_hangs_up(offer.call)
    crowd.waiting -= 1
    crowd.occupy(agent)


def _call_arrives(crowd: Crowd, meter: Meter, chance: random.Random) -> None:
    """One call comes while many agents are free."""
    crowd.call_in(chance.randrange(crowd.queues))
    _caller_hangs_up(_decide(crowd, meter).call)


def _decide(crowd: Crowd, meter: Meter) -> Offer:
    with meter.measured():
        made = dispatch(crowd.project.pk)
    if made != 1:
        raise NoOffer(f"{made} offers were made instead of one.")
    return Offer.objects.select_related("entry", "call").latest("pk")


def _caller_hangs_up(call: Call) -> None:
    conduct(port.Ended(call.flow["main_leg"], port.HangupCause.NORMAL))


def _series(points: list[dict[str, Any]], size: str) -> dict[str, Any]:
    """Shape of `growth`: the exponents of the median by the clock and in processor time."""
    growth = {
        name: round(growth_exponent({point[size]: point[f"{name}_ms"]["p50"] for point in points}), 3)
        for name in ("clock", "cpu")
    }
    return {"growth": growth, "points": points}


def _memory() -> dict[str, Any]:
    """Shape: {"process_mib", "bytes_per_waiting_call": {table: bytes}}, the latter with indexes."""
    with connection.cursor() as cursor:
        sizes = {}
        for model in (Call, Leg, QueueEntry):
            cursor.execute("SELECT pg_total_relation_size(%s)", [model._meta.db_table])
            sizes[model._meta.db_table] = round(cursor.fetchone()[0] / model._default_manager.count())
    used_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"process_mib": round(used_kib / 1024), "bytes_per_waiting_call": {**sizes, "total": sum(sizes.values())}}


def _tidy_tables() -> None:
    """What autovacuum does within a minute or so."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


@contextmanager
def _silence() -> Iterator[None]:
    """Ring nobody: the workers of this server know nothing of our database."""
    with ExitStack() as stack:
        for name, answer in {"ring": None, "answered": None, "look_again": None, "was_asked_again": False}.items():
            stack.enter_context(mock.patch.object(doorbell, name, return_value=answer))
        stack.enter_context(mock.patch.object(outbox, "ring"))
        yield
