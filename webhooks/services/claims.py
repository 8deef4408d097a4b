"""Who is at it: claims on what is owed, so that two workers never send the same thing at once."""

from __future__ import annotations

import datetime as dt
import secrets
import time
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Model, Q, QuerySet

from webhooks.models import Owed

PENDING, SENDING = "pending", "sending"  # the same in every table of states
CLAIM_LEASE = dt.timedelta(seconds=60)  # much longer than a request may take; then its worker is taken for dead
HINT_AGAIN_AFTER = dt.timedelta(seconds=10)  # so that the sweep does not fill the queue of busy workers

JITTER_STEPS = 1000
FORGET_AT_ONCE = 5000  # rows per transaction

Row = TypeVar("Row", bound=Owed)


def claim(rows: QuerySet[Row], pk: Any, now: dt.datetime) -> Row | None:
    """Take one due row and return it, or None when it is not due or somebody else has it."""
    won = rows.filter(_pending(now) | _abandoned(now), pk=pk).update(state=SENDING, claimed_at=now)
    return rows.model._default_manager.filter(pk=pk).first() if won else None


def settle(row: Owed, state: str, **values: Any) -> bool:
    """Store what came of a claimed row. False when the claim has gone to somebody else meanwhile."""
    held = type(row)._default_manager.filter(pk=row.pk, state=SENDING, claimed_at=row.claimed_at)
    return held.update(state=state, claimed_at=None, hinted_at=None, **values) == 1


@transaction.atomic
def due(rows: QuerySet[Row], now: dt.datetime, limit: int) -> list[Any]:
    """Keys of rows that a worker should claim now, earliest first; each is named again only after a while.

    Cost: three statements. Locks: the rows, skipping those that others hold.
    """
    free = rows.filter(Q(hinted_at__isnull=True) | Q(hinted_at__lte=now - HINT_AGAIN_AFTER))
    free = free.select_for_update(skip_locked=True, no_key=True, of=("self",))
    abandoned = free.filter(_abandoned(now)).order_by("claimed_at").values_list("pk", flat=True)[:limit]
    pending = free.filter(_pending(now)).order_by("next_attempt_at").values_list("pk", flat=True)[:limit]
    keys = [*abandoned, *pending][:limit]
    rows.model._default_manager.filter(pk__in=keys).update(hinted_at=now)
    return keys


def _pending(now: dt.datetime) -> Q:
    return Q(state=PENDING, next_attempt_at__lte=now)


def _abandoned(now: dt.datetime) -> Q:
    return Q(state=SENDING, claimed_at__lte=now - CLAIM_LEASE)


def monotonic_ms() -> int:
    """Milliseconds of a clock that nobody sets, for durations."""
    return time.monotonic_ns() // 1_000_000


def random_jitter() -> float:
    """A number in [0, 1) for `webhooks.domain.pause_s`."""
    return secrets.randbelow(JITTER_STEPS) / JITTER_STEPS


def forget(old: QuerySet[Any]) -> int:
    """Delete rows, some thousands per transaction, and return how many."""
    model: type[Model] = old.model
    forgotten = 0
    while keys := list(old.values_list("pk", flat=True)[:FORGET_AT_ONCE]):
        model._default_manager.filter(pk__in=keys).delete()
        forgotten += len(keys)
    return forgotten
