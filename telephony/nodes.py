"""Engines say that they are there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import connection

from telephony.models import EngineNode
from telephony.outbox import ALIVE_FOR


def register(name: str, kind: str, reaches: Sequence[str], now: dt.datetime) -> int:
    """An engine has started. Returns its generation: whoever registers the same name later has a higher one."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO telephony_enginenode AS node (name, kind, reaches, generation, started_at, seen_at)
            VALUES (%s, %s, %s, 1, %s, %s)
            ON CONFLICT (name) DO UPDATE SET
                kind = EXCLUDED.kind, reaches = EXCLUDED.reaches, generation = node.generation + 1,
                started_at = EXCLUDED.started_at, seen_at = EXCLUDED.seen_at
            RETURNING generation
            """,
            [name, kind, list(reaches), now, now],
        )
        return int(cursor.fetchone()[0])


def see(name: str, generation: int, now: dt.datetime) -> bool:
    """An engine lives. Returns False when another process has taken its name: then it must stop."""
    return EngineNode.objects.filter(name=name, generation=generation).update(seen_at=now) == 1


def leave(name: str, generation: int, now: dt.datetime) -> None:
    """An engine stops in order: nobody is to give it calls any more."""
    EngineNode.objects.filter(name=name, generation=generation).update(seen_at=now - ALIVE_FOR)
