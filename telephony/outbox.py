"""What engines are to do: written with the decision, taken by the engine, with Redis as a mere doorbell.

Shape: channel `pcc:engine:NODE`; a message is a request (`commands`: look at the table, `snapshot`: tell your legs).
"""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections.abc import Collection, Iterable, Sequence
from functools import cache

import redis
from django.conf import settings
from django.db import connection
from django.db.models import Case, When

from common import clock
from telephony import port
from telephony.models import EngineCommand, EngineNode

ALIVE_FOR = dt.timedelta(seconds=15)  # three missed heartbeats
RING_TIMEOUT_S = 0.5  # the engine looks by itself that often; waiting longer for Redis gains nothing
RING = "commands"
SNAPSHOT = "snapshot"
SIMULATED = "simulated"  # the kind of engine that nobody hears

log = logging.getLogger(__name__)


def put(node: str, project_id: int, call_id: str, commands: Sequence[port.Command]) -> None:
    """Owe an engine commands, inside the caller's transaction. After the commit: `ring`.

    Order: a node does them in this order, and after those of transactions that held the same call before. Cost: one
    statement.
    """
    now = clock.now()
    EngineCommand.objects.bulk_create(
        EngineCommand(node=node, project_id=project_id, call_id=call_id, payload=port.to_json(command), created_at=now)
        for command in commands
    )


def ring(nodes: Iterable[str]) -> None:
    """Let engines look at the table now. A lost ring costs at most the engine's own rhythm (0.5 s)."""
    _publish(nodes, RING)


def ask_snapshot(nodes: Iterable[str]) -> None:
    """Let engines tell all their legs now; they do it by themselves every 30 s."""
    _publish(nodes, SNAPSHOT)


def take(node: str, limit: int = 200, *, now: dt.datetime | None = None) -> list[port.Command]:
    """Take an engine's oldest commands; nobody else gets them.

    Taken is not done: when the engine dies with them, its legs are gone too, and its first Snapshot says so. A taker
    who was not answered passes its `now` to `give_back`: the database may have heard it.
    Locks: the rows; what another taker holds is left to it. Cost: one statement.
    """
    return _take("", [], node, limit, now or clock.now())


def take_of_earlier_life(node: str, before: dt.datetime, limit: int = 200) -> list[port.Command]:
    """Take commands that were written before this engine started: they are about legs that it never had."""
    return _take("AND created_at < %s", [before], node, limit, clock.now())


def give_back(node: str, taken_at: dt.datetime) -> int:
    """Let the commands that one `take` took be taken again. Returns how many there were."""
    return EngineCommand.objects.filter(node=node, taken_at=taken_at).update(taken_at=None)


def _take(condition: str, parameters: list[dt.datetime], node: str, limit: int, now: dt.datetime) -> list[port.Command]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE telephony_enginecommand SET taken_at = %s
            WHERE id = ANY(ARRAY(
                SELECT id FROM telephony_enginecommand WHERE node = %s AND taken_at IS NULL {condition}
                ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
            ))
            RETURNING id, payload::text
            """,  # noqa: S608  both conditions are written above
            [now, node, *parameters, limit],
        )
        rows = sorted(cursor.fetchall())
    return [port.from_json(json.loads(payload)) for _, payload in rows]


def node_for(kinds: Collection[str]) -> str | None:
    """A live engine that reaches all these kinds of endpoints (`web`, `sip`, `tel`). Returns None when there is none.

    Order: a simulated one only when no other is left; the widest reach, since more parties may come into the call;
    any of those that are left.
    """
    alive = EngineNode.objects.filter(seen_at__gt=clock.now() - ALIVE_FOR, reaches__contains=sorted(kinds))
    simulated = Case(When(kind=SIMULATED, then=1), default=0)
    return alive.order_by(simulated, "-reaches__len", "?").values_list("name", flat=True).first()


def forget_taken(before: dt.datetime) -> int:
    """Delete commands that were taken before this instant. Returns how many."""
    deleted, _ = EngineCommand.objects.filter(taken_at__lt=before).delete()
    return deleted


def channel_of(node: str) -> str:
    """The Redis channel at which an engine listens."""
    return f"pcc:engine:{node}"


def _publish(nodes: Iterable[str], request: str) -> None:
    for node in sorted(set(nodes)):
        try:
            _server(settings.REDIS_URL).publish(channel_of(node), request)
        except redis.RedisError as error:
            log.warning("engine doorbell does not ring", extra={"node": node, "reason": type(error).__name__})


@cache
def _server(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=RING_TIMEOUT_S, socket_connect_timeout=RING_TIMEOUT_S)
