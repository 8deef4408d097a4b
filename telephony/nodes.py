"""Engines say that they are there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import connection

from telephony.models import EngineNode
from telephony.outbox import ALIVE_FOR

# Longer than between two signs of life: it could have given one since somebody missed it.
SURELY_LOST_AFTER = dt.timedelta(seconds=6)


def register(name: str, kind: str, reaches: Sequence[str], now: dt.datetime) -> int:
    """An engine has started. Returns its generation: whoever registers the same name later has a higher one."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO telephony_enginenode AS node (name, kind, reaches, generation, started_at, seen_at)
            VALUES (%s, %s, %s, 1, %s, %s)
            ON CONFLICT (name) DO UPDATE SET
                kind = EXCLUDED.kind, reaches = EXCLUDED.reaches, generation = node.generation + 1,
                started_at = EXCLUDED.started_at, seen_at = EXCLUDED.seen_at, missed_at = NULL
            RETURNING generation
            """,
            [name, kind, list(reaches), now, now],
        )
        return int(cursor.fetchone()[0])


def see(name: str, generation: int, now: dt.datetime) -> bool:
    """An engine lives. Returns False when another process has taken its name: then it must stop."""
    return EngineNode.objects.filter(name=name, generation=generation).update(seen_at=now, missed_at=None) == 1


def leave(name: str, generation: int, now: dt.datetime) -> None:
    """An engine stops in order: nobody is to give it calls any more."""
    EngineNode.objects.filter(name=name, generation=generation).update(seen_at=now - ALIVE_FOR)


def lost(now: dt.datetime) -> list[str]:
    """Engines that are gone: silent for long, and still silent some time after that was first noticed.

    Silence alone proves nothing: while the database is away, no engine can say that it lives. Ask every few seconds.
    Cost: two queries.
    """
    silent = EngineNode.objects.filter(seen_at__lt=now - ALIVE_FOR)
    silent.filter(missed_at=None).update(missed_at=now)
    return list(silent.filter(missed_at__lte=now - SURELY_LOST_AFTER).order_by("name").values_list("name", flat=True))
