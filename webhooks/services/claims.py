"""Who is at it: claims on what is owed, so that two workers never send the same thing at once."""

from __future__ import annotations

import datetime as dt
import secrets
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Count, Model, Q, QuerySet

from webhooks.models import Owed

PENDING, SENDING = "pending", "sending"  # the same in every table of states
CLAIM_LEASE = dt.timedelta(seconds=60)  # much longer than a request may take; then its worker is taken for dead
HINT_AGAIN_AFTER = dt.timedelta(seconds=10)  # so that the sweep does not fill the queue of busy workers
# So that the receivers of one project hold up no other project: of the 16 threads of one worker.
AT_ONCE = 12
SLOW_AT_ONCE, SLOW_AFTER = 4, dt.timedelta(seconds=1)

JITTER_STEPS = 1000
FORGET_AT_ONCE = 5000  # rows per transaction

Row = TypeVar("Row", bound=Owed)


def claim(rows: QuerySet[Row], pk: Any, now: dt.datetime) -> Row | None:
    """Take one due row and return it, or None when it is not due, somebody else has it, or its project is busy.

    Two that come at the same moment may both see the last free place; the limit is for many.
    """
    free = _of_idle_projects(rows, now).filter(_pending(now) | _abandoned(now), pk=pk)
    won = free.update(state=SENDING, claimed_at=now)
    return rows.model._default_manager.filter(pk=pk).first() if won else None


def settle(row: Owed, state: str, **values: Any) -> bool:
    """Store what came of a claimed row. False when the claim has gone to somebody else meanwhile."""
    held = type(row)._default_manager.filter(pk=row.pk, state=SENDING, claimed_at=row.claimed_at)
    return held.update(state=state, claimed_at=None, hinted_at=None, **values) == 1


@transaction.atomic
def due(rows: QuerySet[Row], now: dt.datetime, limit: int) -> list[Any]:
    """Keys of rows that a worker should claim now, earliest first; each is named again only after a while.

    Of each project no more than may be sent at once, and of a busy one none: when something of it is done, the next
    is rung for. Cost: three statements. Locks: the rows, skipping those that others hold.
    """
    free = rows.filter(Q(hinted_at__isnull=True) | Q(hinted_at__lte=now - HINT_AGAIN_AFTER))
    free = _of_idle_projects(free, now).select_for_update(skip_locked=True, no_key=True, of=("self",))
    abandoned = free.filter(_abandoned(now)).order_by("claimed_at").values_list("pk", "project_id")[:limit]
    pending = free.filter(_pending(now)).order_by("next_attempt_at").values_list("pk", "project_id")[:limit]
    keys = _some_of_each_project([*abandoned, *pending])[:limit]
    rows.model._default_manager.filter(pk__in=keys).update(hinted_at=now)
    return keys


def _of_idle_projects(rows: QuerySet[Row], now: dt.datetime) -> QuerySet[Row]:
    """Rows of projects whose receivers hold fewer than AT_ONCE workers that live, and fewer than SLOW_AT_ONCE long."""
    sending = rows.model._default_manager.filter(state=SENDING, claimed_at__gt=now - CLAIM_LEASE)
    slow = Count("pk", filter=Q(claimed_at__lte=now - SLOW_AFTER))
    counted = sending.values("project_id").annotate(sent=Count("pk"), slow=slow)
    busy = counted.filter(Q(sent__gte=AT_ONCE) | Q(slow__gte=SLOW_AT_ONCE))
    return rows.exclude(project_id__in=busy.values("project_id"))


def _some_of_each_project(found: Iterable[tuple[Any, int]]) -> list[Any]:
    named = Counter[int]()
    keys = []
    for pk, project_id in found:
        named[project_id] += 1
        if named[project_id] <= AT_ONCE:
            keys.append(pk)
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
